"""Progress: how a long run is doing, told while it goes on and summed up at its end; on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from detector.cleaning import Tally
from detector.cli.terminal import tell
from detector.files import Gauge
from detector.report import REASONS

__all__ = ["Progress", "summary"]

_EVERY = 60  # seconds between two lines, where nobody watches a bar


class Progress:
    """Tells how far a run is: as a bar on a terminal, elsewhere as a line a minute.

    Parameters
    ----------
    total : int or None
        Bytes to read, if that is known.
    gauge : Gauge
        How many have been read.
    tally : Tally
        What has been found, kept up to date by whoever counts.
    """

    def __init__(self, total: int | None, gauge: Gauge, tally: Tally) -> None:
        self._total, self._gauge, self._tally = total, gauge, tally
        self._started = self._told = time.monotonic()
        self._before = tally.articles  # of an earlier run
        self._begun: tuple[float, int] | None = None  # when judging began, and what was read by then
        self._size = 0
        self._bar: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                total=self._total, initial=self._gauge.read(), unit="B", unit_scale=True, dynamic_ncols=True, mininterval=0.5
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.update(self._gauge.read() - self._bar.n)
            self._bar.close()

    def advance(self, articles: Iterable[Any]) -> None:
        """Tell, if it is time, that `articles` are done too."""
        self._size += sum(_size(article) for article in articles)
        now = time.monotonic()
        if self._begun is None:  # till then, what an earlier run has done was passed over
            self._begun = now, self._gauge.read()
        elif now - self._told >= (0.5 if self._bar is not None else _EVERY):
            self._told = now
            self._tell(now, *self._begun)

    def _tell(self, now: float, begun: float, first: int) -> None:
        """Tell how it is `now`; judging had `begun` when `first` bytes were read."""
        passed, done = max(now - begun, 1e-9), self._gauge.read() - first
        count, share = self._tally.articles, self._tally.flagged / max(self._tally.paragraphs, 1)
        speed = f"{(count - self._before) / passed:,.0f}/s, {self._size / passed / 1e6:.1f} MB/s"
        told = f"{count:,} articles, {speed}, {share:.2%} flagged"
        if self._bar is not None:
            self._bar.set_postfix_str(told, refresh=False)
            self._bar.update(self._gauge.read() - self._bar.n)
            return
        left = ""
        if self._total and done:
            left = f", {clock(max(self._total - first - done, 0) / done * passed)} left"
        tell(f"offtopic: {clock(now - self._started)}: {told}{left}")


def summary(tally: Tally, skipped: int) -> str:
    """Return what was found in all, as a table of a line a reason."""
    share = tally.flagged_characters / max(tally.characters, 1)
    seen = f"{_number(tally.articles, 'article')}, {_number(tally.paragraphs, 'paragraph')}"
    flagged = f"{_number(tally.flagged, 'paragraph')} ({share:.2%} of the text) in {_number(tally.touched, 'article')}"
    lines = [f"{seen}; flagged {flagged}"]
    lines += [f"{count:9,}  {kind}: {REASONS[code]}" for (kind, code), count in sorted(tally.reasons.items())]
    for status, count in sorted(tally.statuses.items()):
        if status != "ok":
            lines.append(f"{count:9,}  {_plural(count, 'article')} with status {status}")
    if tally.kept_whole:
        articles = _plural(tally.kept_whole, "article")
        lines.append(f"{tally.kept_whole:9,}  {articles} kept whole, for more was flagged than may be removed")
    if skipped:
        lines.append(f"{skipped:9,}  skipped")
    return "\n".join(lines)


def clock(seconds: float) -> str:
    """Return `seconds` as hours, minutes and seconds.

    >>> clock(75), clock(3675)
    ('1:15', '1:01:15')
    """
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _number(count: int, thing: str) -> str:
    return f"{count:,} {_plural(count, thing)}"


def _plural(count: int, thing: str) -> str:
    return thing if count == 1 else f"{thing}s"


def _size(article: Any) -> int:
    """Return the bytes of an article's text in UTF-8."""
    paragraphs = [article] if isinstance(article, str) else article or ()
    return sum(len(paragraph.encode("utf-8", "surrogatepass")) for paragraph in paragraphs)
