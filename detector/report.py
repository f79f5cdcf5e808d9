"""Report: the answer about one article.

In: an article's text, the spans of its paragraphs and their scores. Out: :class:`Report`, from which everything a user asks
is derived: flags at any tolerance, reasons, the cleaned text, records, a page. Nothing is computed before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from detector.console import Drawing
from detector.errors import InputError
from detector.paragraphs import batch_of
from detector.reasons import REASONS, STATUSES, Reason, Words

if TYPE_CHECKING:
    from detector.model import Model

__all__ = ["KINDS", "REASONS", "STATUSES", "Paragraph", "Report", "checked_kinds", "checked_rate"]

KINDS = ("foreign", "furniture")


def checked_rate(false_alarms: float) -> float:
    """Return `false_alarms` if it is a number with ``0 < false_alarms < 1``; raise InputError otherwise."""
    if isinstance(false_alarms, bool) or not isinstance(false_alarms, (int, float, np.number)) or not 0 < false_alarms < 1:
        raise InputError(
            f"false_alarms is the tolerated share of clean paragraphs flagged, got {false_alarms!r}; "
            "give a number between 0 and 1, such as 0.002"
        )
    return float(false_alarms)


def checked_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """Return `kinds` as a tuple if each is one of KINDS; raise InputError otherwise."""
    given = () if isinstance(kinds, str) or not isinstance(kinds, Iterable) else tuple(kinds)
    if not given or any(kind not in KINDS for kind in given):
        raise InputError(f"kinds is a tuple out of {KINDS}, got {kinds!r}; one kind alone is written ('foreign',)")
    return tuple(kind for kind in KINDS if kind in given)


class Paragraph:
    """One paragraph of a :class:`Report`: a view, cheap to make."""

    __slots__ = ("_index", "_report")

    def __init__(self, report: Report, index: int) -> None:
        self._report = report
        self._index = index

    @property
    def start(self) -> int:
        """Where it starts in the text, in code points."""
        return int(self._report.starts[self._index])

    @property
    def end(self) -> int:
        """Where it ends in the text, exclusive: ``report.text[start:end]`` is the paragraph."""
        return int(self._report.ends[self._index])

    @property
    def text(self) -> str:
        """The paragraph itself."""
        return self._report.text[self.start : self.end]

    @property
    def score(self) -> float:
        """Calibrated probability, 0..1, that it does not belong."""
        return float(self._report.scores[self._index])

    @property
    def is_off_topic(self) -> bool:
        """Whether it is flagged."""
        return bool(self._report.flags[self._index])

    @property
    def kind(self) -> str | None:
        """``"foreign"`` or ``"furniture"`` when flagged, else None."""
        return self._report.likely_kind(self._index) if self.is_off_topic else None

    @property
    def reason(self) -> str:
        """One sentence that tells why it is flagged or not, in words of the text."""
        return self._report.reason(self._index)

    @property
    def reason_code(self) -> str | None:
        """Which of REASONS that is when flagged, else None."""
        grounds = self._report.against(self._index)
        return grounds.code if grounds else None

    def to_dict(self) -> dict[str, Any]:
        """Return its fields as plain Python values, for JSON."""
        return {name: getattr(self, name) for name in ("start", "end", "text", "score", "kind", "is_off_topic", "reason")}

    def __repr__(self) -> str:
        """Show what matters in one line."""
        mark = f"{self.kind}, " if self.is_off_topic else ""
        shown = self.text if len(self.text) <= 50 else self.text[:47] + "..."
        return f"Paragraph({shown!r}, {mark}score={self.score:.4f})"


@dataclass(frozen=True, eq=False)
class Report:
    """What was found in one article.

    Attributes
    ----------
    text : str
        The article; of a list of paragraphs, their join by a blank line.
    starts, ends : ndarray (n,) int64
        Spans of the paragraphs in `text`, in code points.
    scores : ndarray (n,) float64
        Calibrated probability, 0..1, that each paragraph does not belong; in input order.
    furniture : ndarray (n,) bool
        Whether a paragraph, if it does not belong, is furniture rather than foreign.
    status : str
        ``"ok"``, ``"empty"``, ``"too_short"`` or ``"no_common_topic"``; all but the first keep foreign flags down.
    strange : float
        How strange its language is to the model, 0..1, by the share of its words that are unknown; the threshold goes with it.
    title : str or None
        The title, if one was given.
    false_alarms : float
        Tolerated share of clean paragraphs flagged.
    kinds : tuple of str
        The kinds that are flagged.
    """

    text: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    scores: NDArray[np.float64]
    furniture: NDArray[np.bool_]
    status: str
    strange: float
    title: str | None
    false_alarms: float
    kinds: tuple[str, ...]
    model: Model

    @cached_property
    def threshold(self) -> float:
        """The score above which a paragraph is flagged, in an article of so many paragraphs and so strange a language."""
        return self.model.scorer.calibration.threshold(self.false_alarms, len(self.scores), self.strange)

    @cached_property
    def flags(self) -> NDArray[np.bool_]:
        """Which paragraphs are flagged, ndarray (n,) bool, in input order."""
        asked = np.where(self.furniture, "furniture" in self.kinds, "foreign" in self.kinds and self.status == "ok")
        return (self.scores > self.threshold) & asked.astype(np.bool_)

    @property
    def paragraphs(self) -> list[Paragraph]:
        """Every paragraph, in input order."""
        return [Paragraph(self, i) for i in range(len(self.scores))]

    @property
    def flagged(self) -> list[Paragraph]:
        """The flagged paragraphs, in input order."""
        return [Paragraph(self, i) for i in np.flatnonzero(self.flags).tolist()]

    @property
    def cleaned(self) -> str:
        """The text without the flagged paragraphs, each taken out with the white space before it; untouched otherwise."""
        kept = np.flatnonzero(~self.flags).tolist()
        if len(kept) == len(self.flags):
            return self.text
        if not kept:
            return ""
        # Every kept paragraph brings the gap before it, but the first brings what stands before all paragraphs.
        gaps = [self.text[: int(self.starts[0])]]
        gaps += [self.text[int(self.ends[i - 1]) : int(self.starts[i])] for i in kept[1:]]
        bodies = [self.text[int(self.starts[i]) : int(self.ends[i])] for i in kept]
        return "".join(gap + body for gap, body in zip(gaps, bodies, strict=True)) + self.text[int(self.ends[-1]) :]

    def at(self, false_alarms: float) -> Report:
        """Return the same report at another tolerance of false alarms, without scoring again.

        Raises
        ------
        InputError
            If `false_alarms` is not a number within the rates the model is calibrated for.
        """
        report = replace(self, false_alarms=checked_rate(false_alarms))
        report.threshold  # noqa: B018 - refuses here what the model was not calibrated for, not when a flag is asked for
        return report

    def likely_kind(self, index: int) -> str:
        """Return what paragraph `index` is if it does not belong: ``"foreign"`` or ``"furniture"``."""
        return "furniture" if self.furniture[index] else "foreign"

    def against(self, index: int) -> Reason | None:
        """Return why paragraph `index` is flagged, None if it is not."""
        return self.grounds(index) if self.flags[index] else None

    def grounds(self, index: int) -> Reason:
        """Return why paragraph `index` would be flagged, be it flagged or not."""
        return self._words.against(index, self.likely_kind(index))

    def reason(self, index: int) -> str:
        """Return one sentence on paragraph `index`: why it is flagged or not, in words of the text."""
        if grounds := self.against(index):
            return grounds.sentence
        if self.scores[index] > self.threshold:
            kind = self.likely_kind(index)
            return f"Looks {kind}, but {'that kind was not asked for' if kind not in self.kinds else self._why_silent}."
        return self._words.for_(index)

    def similarities(self, most: int = 400) -> NDArray[np.float32]:
        """Return how alike the paragraphs are in what they are about: an intruder is like few of the others.

        The mean, over the model's spaces of meaning, of the cosines of their vectors. It is one of many things that a score
        is made from, and the one that can be drawn.

        Parameters
        ----------
        most : int
            Of more paragraphs than this, stretches of neighbours take their place, so that time and memory stay in proportion.

        Returns
        -------
        ndarray (m, m) float32
            From -1 to 1, and 0 for one that says nothing. With n paragraphs, m is the lesser of n and `most`, and row ``k``
            stands for the paragraphs ``k * n // m`` to ``(k + 1) * n // m``, exclusive.

        Raises
        ------
        InputError
            If `most` is not a whole number of at least 1.
        """
        if isinstance(most, bool) or not isinstance(most, (int, np.integer)) or most < 1:
            raise InputError(f"most is how many rows there may be, got {most!r}; give a whole number such as 400")
        n = len(self.scores)
        m = min(n, int(most))
        texts = [self.text[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]
        directions = self.model.directions(batch_of([texts], [None]))
        if m < n:
            directions = np.add.reduceat(directions, np.arange(m) * n // m, axis=0)
            directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), np.float32(1e-6))
        similarities: NDArray[np.float32] = np.clip(directions @ directions.T, -1, 1)
        return similarities

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain Python values, for JSON: status, threshold and a record a paragraph."""
        return {
            "status": self.status,
            "title": self.title,
            "false_alarms": self.false_alarms,
            "threshold": self.threshold,
            "paragraphs": [paragraph.to_dict() for paragraph in self.paragraphs],
        }

    def to_html(self) -> str:
        """Return a self-contained HTML page: the article with what is flagged marked, and a slider for `false_alarms`."""
        from detector.page import page

        return page(self)

    def __rich__(self) -> Drawing:
        """Return what rich is to draw: ``rich.print(report)``."""
        return Drawing(self)

    def _repr_html_(self) -> str:
        from detector.page import fragment

        return fragment(self)

    def __repr__(self) -> str:
        """Show the outcome in one line."""
        return f"Report({len(self.scores)} paragraphs, {int(self.flags.sum())} flagged, status={self.status!r})"

    @property
    def _why_silent(self) -> str:
        return "the article is too short to tell" if self.status == "too_short" else "the article has no common topic"

    @cached_property
    def _words(self) -> Words:
        spans = list(zip(self.starts.tolist(), self.ends.tolist(), strict=True))
        return Words([self.text[start:end] for start, end in spans], self.title, self.model.reader)
