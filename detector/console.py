"""Console: a report in, what a terminal shows of it out.

Text of an article is shown and never obeyed, neither by the terminal nor as markup of rich, which alone draws scores and wraps
lines; it is imported when it asks for the drawing.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detector.reasons import STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions
    from rich.text import Text

    from detector.report import Paragraph, Report

__all__ = ["Drawing", "printable", "summary"]

# What a terminal obeys instead of showing: C0 and C1 controls but for tab and line feed, the marks that turn the direction of
# writing around, and halves of surrogate pairs, which cannot be written at all.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_CELLS = 6  # of a bar
_LEAST, _ROOMY = 20, 60  # columns from which there is room for scores, and for bars
_MEASURE = 100  # columns of text at most: longer lines are hard to read
# A mark along what is flagged, by kind, and the same where there is but ASCII. Only marks are coloured: of no colour of the
# terminal's is it known that text in it can be read.
_MARKS = {"foreign": ("┃", "|", "red"), "furniture": ("║", ":", "yellow")}


def printable(text: str, encoding: str | None = "utf-8") -> str:
    r"""Return `text` with what a terminal would obey written out, and ``?`` for what `encoding` lacks.

    >>> printable("\x1b[31mred\r\n")
    '\\x1b[31mred\n'
    """
    shown = _CONTROLS.sub(lambda match: ascii(match[0])[1:-1], text.replace("\r\n", "\n"))
    encoding = encoding or "utf-8"
    return shown.encode(encoding, "replace").decode(encoding)


def summary(report: Report) -> str:
    """Return in one line how many paragraphs are flagged, of which kinds, and what `report.status` says if it is not ok."""
    if report.status == "empty":
        return STATUSES["empty"]
    kinds = Counter(paragraph.kind for paragraph in report.flagged)
    told = f" ({', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items(), key=str))})" if kinds else ""
    status = "" if report.status == "ok" else f" {STATUSES[report.status]}"
    return f"{len(report.flagged)} of {len(report.scores)} paragraphs flagged{told}.{status}"


@dataclass(frozen=True)
class Drawing:
    """What rich draws of a report, as wide as it is asked to.

    Attributes
    ----------
    report : Report
    name : str
        Of the file that it is about, if it is to be told.
    """

    report: Report
    name: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the lines: the title, each paragraph with its score in front and its reason below, and the sum of it all."""
        from rich.text import Text

        scores, bars = (options.max_width >= least for least in (_LEAST, _ROOMY))
        indent = 5 * scores + (_CELLS + 1) * bars
        width = max(min(options.max_width - indent - 2, _MEASURE), 1)

        def wrapped(text: str, style: str = "", columns: int = width) -> list[Text]:
            lines = Text(printable(text, options.encoding), style).wrap(console, columns, overflow="fold")
            for line in lines:
                line.rstrip()
            return list(lines)

        def behind(gutter: Text, lines: list[Text], mark: str = " ", colour: str = "") -> Iterator[Text]:
            """Yield `lines` with the mark before each and the gutter before the first."""
            for line in lines:
                gutter.align("left", indent)
                joined = Text.assemble(gutter, (mark, colour), " ", line, no_wrap=True, overflow="ignore")
                joined.rstrip()
                yield joined
                gutter = Text()

        def drawn(paragraph: Paragraph) -> Iterator[Text]:
            kind, lines = paragraph.kind, wrapped(paragraph.text)
            fair, plain, colour = _MARKS[kind] if kind else (" ", " ", "dim")
            gutter = Text(f"{paragraph.score:.2f} ", "bold" if kind else "dim")
            if bars:
                gutter.append(_bar(paragraph.score, options.ascii_only), colour)
            if kind:
                reason = wrapped(f"{kind}: {paragraph.reason}", "italic")
                reason[0].stylize("bold", 0, len(kind))
                lines += reason
            return behind(gutter, lines, plain if options.ascii_only else fair, colour)

        if self.report.title:
            yield from behind(Text(), wrapped(self.report.title, "bold"))
            yield Text()
        for paragraph in self.report.paragraphs:
            yield from drawn(paragraph)
            yield Text()
        told = f"{self.name}: {summary(self.report)}" if self.name else summary(self.report)
        yield from wrapped(told, "bold", options.max_width)


def _bar(score: float, ascii_only: bool) -> str:
    """Return a bar as long as the score, 0..1.

    >>> _bar(0.4, False), _bar(0.4, True)
    ('██▍   ', '##    ')
    """
    if ascii_only:
        return f"{'#' * round(score * _CELLS):{_CELLS}}"
    full, eighths = divmod(round(score * _CELLS * 8), 8)
    return f"{'█' * full + _EIGHTHS[eighths].strip():{_CELLS}}"
