"""Overview: the reports on many articles in, one at a time; what they come to in all, and a page to look at, out.

However many articles come, no more is held than the page can show: counts, and of a bounded number of articles what the table
tells of them and, packed, their texts. Which those are does not depend on the order in which articles come, unless two have
one name. How it is shown is the matter of :mod:`detector.overview_page`.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from heapq import nsmallest
from itertools import islice
from math import inf
from typing import NamedTuple, TypeAlias

import numpy as np

from detector.cleaning import Tally
from detector.entries import LONGEST, Entry, Rank
from detector.errors import InputError
from detector.report import KINDS, Report

__all__ = ["Flag", "Overview"]

_LISTED = 100  # flags in each of the two lists
_BINS = 50  # of the distribution of scores, all as wide
_ROWS = 5_000  # articles in the table: some 300 kB of the page
_HELD = 6_000_000  # bytes of packed texts held: more than the page takes, which packs them closer

_Key: TypeAlias = tuple[float, str, int, int]
_LAST: Rank = (inf, inf, "", 0)


class Overview:
    """What the reports on many articles come to in all, and a page to look at.

    Articles are added one at a time, in any number: memory stays bounded.

    The page shows sums, the distribution of the scores, the hundred most certain and the hundred least certain flags, and a
    table of articles, which it opens; it needs nothing from anywhere. The most certain flags are those with the highest scores,
    the least certain those nearest above the threshold of their report. No paragraph is listed twice while there are a hundred
    different ones: a sign-up box that stands in every article takes one place.

    The page weighs at most 5 MB. As far as that goes it holds articles whole: first those of the two lists, then those with
    anything flagged, then the others, the highest scores first. Of 2,000 news articles these are about 1,400. Of the rest it
    holds what is flagged. The table has 5,000 articles, in the same order, and those of the lists. No text of more than 200,000
    characters is held whole.

    Attributes
    ----------
    tally : Tally
        Counts of articles, paragraphs, characters, statuses and reasons.
    scores : ndarray (50, 3) int64
        Paragraphs by score, in steps of 0.02: those that are not flagged, those flagged as foreign, those as furniture.
    rates, thresholds : tuple of float
        The least and the greatest ``false_alarms`` and ``threshold`` of the reports; empty before the first.

    Examples
    --------
    >>> from detector import OffTopicDetector, Overview
    >>> articles = {"a.txt": "One paragraph alone is never flagged.", "b.txt": ""}
    >>> overview = Overview()
    >>> for name, report in zip(articles, OffTopicDetector().check_many(articles.values())):
    ...     overview.add(report, name)
    >>> overview
    Overview(2 articles, 1 paragraphs, 0 flagged in 0 articles)
    >>> overview.to_html()[:15]
    '<!DOCTYPE html>'
    """

    def __init__(self) -> None:
        self.tally = Tally()
        self.scores = np.zeros((_BINS, 1 + len(KINDS)), np.int64)
        self.rates: tuple[float, ...] = ()
        self.thresholds: tuple[float, ...] = ()
        self._most, self._least = _Shortlist(_descent), _Shortlist(_margin)
        self._entries: list[Entry] = []
        self._size = 0  # bytes of their packed texts
        self._last_row = self._last_text = _LAST  # ranks from which on articles are not wanted, and texts not held

    def add(self, report: Report, name: str = "") -> None:
        """Add the report on one more article.

        Parameters
        ----------
        report : Report
        name : str
            What the article is called, such as its id or its file; without one it is called by its number.

        Raises
        ------
        InputError
            If `report` is no Report, or `name` no str.
        """
        if not isinstance(report, Report):
            raise InputError(f"add takes the Report on an article, got {type(report).__name__}; check the article first")
        if not isinstance(name, str):
            raise InputError(f"the name of an article is a str, got {type(name).__name__}; give str(name)")
        self.tally.add(report)
        self.rates = _widened(self.rates, report.false_alarms)
        self.thresholds = _widened(self.thresholds, report.threshold)
        steps = np.minimum((report.scores * _BINS).astype(np.int64), _BINS - 1)
        columns = np.where(report.flags, 1 + report.furniture, 0)
        width = self.scores.shape[1]
        self.scores += np.bincount(width * steps + columns, minlength=self.scores.size).reshape(self.scores.shape)
        self._keep(report, name)

    def most_certain(self) -> list[Flag]:
        """Return the flags with the highest scores, a hundred at most, the highest first."""
        return self._most.flags()

    def least_certain(self) -> list[Flag]:
        """Return the flags nearest above the threshold of their report, a hundred at most, the nearest first."""
        return self._least.flags()

    def entries(self) -> list[Entry]:
        """Return the articles of the table, those first that the page would rather hold whole."""
        self._settle()
        listed = self._listed()
        return sorted(listed.values(), key=_rank) + [entry for entry in self._entries if entry.number not in listed]

    def to_html(self) -> str:
        """Return a self-contained HTML page of at most 5 MB: sums, scores, lists of flags, and a table that opens articles."""
        from detector.overview_page import page

        return page(self)

    def _repr_html_(self) -> str:
        from detector.overview_page import fragment

        return fragment(self)

    def __repr__(self) -> str:
        """Show the sums in one line."""
        sums = self.tally
        flagged = f"{sums.flagged} flagged in {sums.touched} articles"
        return f"Overview({sums.articles} articles, {sums.paragraphs} paragraphs, {flagged})"

    def _keep(self, report: Report, name: str) -> None:
        """Keep of the last article that was counted what may be wanted of it."""
        number = self.tally.articles
        flagged, scores = (float(some.max(initial=-1)) for some in (report.scores[report.flags], report.scores))
        rank = (-flagged, -scores, name, number)
        keys = {shortlist: shortlist.wanted(report, name, number) for shortlist in (self._most, self._least)}
        listed = {key[-1] for some in keys.values() for key in some}
        in_table = rank < self._last_row
        if not (in_table or listed):
            return
        whole = len(report.text) <= LONGEST and (bool(listed) or rank < self._last_text)
        entry = Entry(report, name, rank, None if whole else listed)
        for shortlist, some in keys.items():
            shortlist.add(entry, report, some)
        if in_table:
            self._entries.append(entry)
            self._size += entry.size
        if len(self._entries) > 2 * _ROWS or self._size > 2 * _HELD:
            self._settle()

    def _settle(self) -> None:
        """Let go of articles and texts that the page will not show."""
        listed = self._listed()
        self._entries.sort(key=_rank)
        if len(self._entries) > _ROWS:
            del self._entries[_ROWS:]
            self._last_row = self._entries[-1].rank
        self._size = 0
        for entry in self._entries:
            if entry.number in listed:
                continue
            if self._size + entry.size > _HELD:
                self._last_text = min(self._last_text, entry.rank)  # from here on
            if entry.rank >= self._last_text:
                entry.drop()
            self._size += entry.size

    def _listed(self) -> dict[int, Entry]:
        """Return the articles of the two lists by number."""
        return {flag.entry.number: flag.entry for flag in (*self._most.flags(), *self._least.flags())}


class Flag(NamedTuple):
    """A flag of one of the two lists.

    Attributes
    ----------
    key : tuple
        The list is sorted by it.
    wording : bytes
        The same for paragraphs that are word for word the same.
    entry : Entry
        The article.
    """

    key: _Key
    wording: bytes
    entry: Entry

    @property
    def place(self) -> int:
        """Which paragraph of the article it is, from 0."""
        return self.key[-1]


class _Shortlist:
    """The flags that come first by a measure, of different paragraphs as far as there are enough."""

    def __init__(self, measure: Callable[[Report, int], float]) -> None:
        self._measure = measure
        self._flags: list[Flag] = []
        self._last: _Key = (inf, "", 0, 0)

    def wanted(self, report: Report, name: str, number: int) -> list[_Key]:
        """Return the keys of those flags of `report` that may come to be in the list; never more than are listed."""
        keys = ((self._measure(report, index), name, number, index) for index in np.flatnonzero(report.flags).tolist())
        return nsmallest(_LISTED, (key for key in keys if key < self._last))

    def add(self, entry: Entry, report: Report, keys: list[_Key]) -> None:
        """Take in the flags with these `keys`."""
        for key in keys:
            text = report.text[int(report.starts[key[-1]]) : int(report.ends[key[-1]])]
            wording = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            self._flags.append(Flag(key, wording, entry))
        if len(self._flags) > 3 * _LISTED:
            self._settle()

    def flags(self) -> list[Flag]:
        """Return the list."""
        self._settle()
        return self._flags

    def _settle(self) -> None:
        """Let go of all that cannot come to be in the list, whatever comes."""
        self._flags.sort()
        first: dict[bytes, Flag] = {}
        again = [flag for flag in self._flags if first.setdefault(flag.wording, flag) is not flag]
        best = list(islice(first.values(), _LISTED))
        if len(best) == _LISTED:
            self._last = best[-1].key
        self._flags = sorted([*best, *again[: _LISTED - len(best)]])


def _descent(report: Report, index: int) -> float:
    return -float(report.scores[index])


def _margin(report: Report, index: int) -> float:
    return float(report.scores[index]) - report.threshold


def _rank(entry: Entry) -> Rank:
    return entry.rank


def _widened(span: tuple[float, ...], value: float) -> tuple[float, ...]:
    """Return the least and the greatest of `span` and `value`."""
    return min((*span, value)), max((*span, value))
