"""Entries: reports in, as much of each article as an overview holds; and many of those, packed for a page, out.

Articles lie in a page as JSON, deflated in blocks of many and written in base64, in which nothing can be taken for markup. A
browser unpacks them by itself (`DecompressionStream`, since 2023 in all of them).
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from detector.cleaning import flagged_share
from detector.page import MEANT
from detector.records import encoded
from detector.report import KINDS, STATUSES, Paragraph, Report

__all__ = ["LONGEST", "Entry", "Marked", "Place", "Rank", "blocks_of", "cut", "index_of"]

LONGEST = 200_000  # characters of a text that is kept whole
_PARTS, _PART = 20, 1_000  # of another: how many flagged paragraphs are kept, and how many characters of each
_HEADING, _BEGINNING = 300, 100  # characters of a title or a name, and of the text that stands in for a title
_BLOCK = 128_000  # bytes of JSON packed together: half as many take 2 % more room, twice as many 1 % less
_PACKED = 400  # bytes in the page of what is flagged in an article, about

Rank: TypeAlias = tuple[float, float, str, int]


class Marked(NamedTuple):
    """A paragraph that is flagged.

    Attributes
    ----------
    place : int
        Among the paragraphs of the article, from 0.
    text : str
    score : float
    kind : str
    reason : str
    """

    place: int
    text: str
    score: float
    kind: str
    reason: str


class Entry:
    """An article of an overview: what the table tells of it, and of its text as much as is kept.

    Parameters
    ----------
    report : Report
    name : str
    rank : tuple
        By which articles are kept rather than others; the last of it is the article's number.
    only : collection of int or None
        None to keep the article whole; else some of the flagged paragraphs that are kept, before all others.

    Attributes
    ----------
    number : int
        Its place in the order in which articles came, from 1.
    name, heading : str
        What it is called, and its title or the beginning of its text.
    titled : bool
        Which of the two.
    paragraphs : int
    flagged : dict
        How many of them, by kind.
    share : float
        How much of the text that is, 0..1.
    highest : float
        The highest score.
    status : str
    threshold : float
    """

    def __init__(self, report: Report, name: str, rank: Rank, only: Collection[int] | None) -> None:
        self.rank, self.number = rank, rank[-1]
        self.name = cut(name, _HEADING) or f"Article {self.number:,}"
        self.titled = bool(report.title)
        self.heading = cut(report.title, _HEADING) if report.title else _beginning(report)
        self.paragraphs = len(report.scores)
        self.flagged = dict(zip(KINDS, np.bincount(report.furniture[report.flags], minlength=2).tolist(), strict=True))
        self.share, self.highest = flagged_share(report), float(report.scores.max(initial=0))
        self.status, self.threshold = report.status, report.threshold
        self._report: Report | None = None
        self._packed = b""
        self._parts: dict[int, Marked] = {}
        if only is None:
            # Copies: the arrays of a report are pieces of those of many.
            arrays = {field: getattr(report, field).copy() for field in ("starts", "ends", "scores", "furniture")}
            self._report = replace(report, text="", **arrays)
            self._packed = zlib.compress(report.text.encode("utf-8", "surrogatepass"), 1)  # for a while: the page packs closer
        else:
            self._parts = _parts(report, only)

    @property
    def size(self) -> int:
        """Bytes of the packed text; 0 if no more is kept than what is flagged."""
        return len(self._packed)

    @property
    def report(self) -> Report | None:
        """The report, text and all; None if no more is kept than what is flagged."""
        if self._report is None:
            return None
        return replace(self._report, text=zlib.decompress(self._packed).decode("utf-8", "surrogatepass"))

    def marked(self, only: Collection[int] = ()) -> dict[int, Marked]:
        """Return flagged paragraphs by their place: those of `only`, and others up to twenty; of long ones the beginning."""
        report = self.report if any(self.flagged.values()) else None
        return self._parts if report is None else _parts(report, only)

    def drop(self) -> None:
        """Keep no more than what is flagged."""
        self._report, self._packed, self._parts = None, b"", self.marked()


class Place(NamedTuple):
    """Where an article lies in the page.

    Attributes
    ----------
    block, place : int
        Which block, and where in it, from 0.
    whole : int
        1 if all of the article lies there, 0 for what is flagged.
    """

    block: int
    place: int
    whole: int


def index_of(entries: Sequence[Entry], places: dict[int, Place]) -> str:
    """Return what the table shows, and where the articles lie, packed."""
    nowhere = Place(-1, 0, 0)
    rows = [
        [
            entry.number,
            entry.name,
            entry.heading,
            int(entry.titled),
            entry.paragraphs,
            *entry.flagged.values(),
            round(entry.share, 4),
            round(entry.highest, 4),
            entry.status,
            round(entry.threshold, 3),
            *places.get(entry.number, nowhere),
        ]
        for entry in entries
    ]
    return _packed(encoded({"rows": rows, "statuses": STATUSES, "meant": MEANT}).encode("utf-8"))


def blocks_of(entries: Sequence[Entry], room: int) -> tuple[list[str], dict[int, Place]]:
    """Return as many of the articles as there is `room` for, the first of them whole, and where each lies."""
    blocks: list[str] = []
    places: dict[int, Place] = {}
    due = {entry.number for entry in entries if any(entry.flagged.values())}  # of these there is to be something at least
    reserve = room // 4  # for them
    for whole in (1, 0):
        some = [entry for entry in entries if (entry.size if whole else entry.number in due)]
        for held, block in _filled(some, whole):
            still = due - {entry.number for entry in held}
            if len(block) + whole * min(_PACKED * len(still), reserve) > room:
                break
            room, due = room - len(block), still
            places |= {entry.number: Place(len(blocks), i, whole) for i, entry in enumerate(held)}
            blocks.append(block)
    return blocks, places


def _filled(entries: Iterable[Entry], whole: int) -> Iterator[tuple[list[Entry], str]]:
    """Yield blocks with what is held of `entries`, in order."""
    held: list[Entry] = []
    contents: list[bytes] = []
    size = 0
    for entry in entries:
        held.append(entry)
        contents.append(encoded(_content(entry, whole)).encode("utf-8"))
        size += len(contents[-1])
        if size >= _BLOCK:
            yield held, _packed(b"[%s]" % b",".join(contents))
            held, contents, size = [], [], 0
    if held:
        yield held, _packed(b"[%s]" % b",".join(contents))


def _content(entry: Entry, whole: int) -> list[list[Any]]:
    """Return the paragraphs of an article that are held: place, text and score; of one that is flagged kind and reason too."""
    report = entry.report if whole else None
    if report is None:
        return [[m.place, m.text, round(m.score, 3), m.kind, m.reason] for m in entry.marked().values()]
    return [
        [i, p.text, round(p.score, 3), *((p.kind, p.reason) if p.is_off_topic else ())] for i, p in enumerate(report.paragraphs)
    ]


def _packed(content: bytes) -> str:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b64encode(packer.compress(content) + packer.flush()).decode("ascii")


def _beginning(report: Report) -> str:
    """Return what stands in for a title: a headline that is a paragraph of its own is told from what follows it."""
    spans = zip(report.starts[:_BEGINNING].tolist(), report.ends[:_BEGINNING].tolist(), strict=True)
    return cut(" · ".join(report.text[start : min(end, start + _BEGINNING)] for start, end in spans), _BEGINNING)


def _parts(report: Report, only: Collection[int]) -> dict[int, Marked]:
    """Return the flagged paragraphs `only`, and the first others up to _PARTS, in order, each cut."""
    flagged = np.flatnonzero(report.flags).tolist()
    chosen = sorted({*only, *flagged[: max(_PARTS - len(only), 0)]})
    paragraphs = {i: Paragraph(report, i) for i in chosen}
    return {
        i: Marked(i, cut(p.text, _PART), p.score, report.likely_kind(i), cut(p.reason, _PART)) for i, p in paragraphs.items()
    }


def cut(text: str, most: int) -> str:
    """Return `text`, at most `most` characters of it."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
