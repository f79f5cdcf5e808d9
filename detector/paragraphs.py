"""Paragraphs: articles in, one flat batch of code points and paragraph spans out.

In: articles as the user has them, each a ``str`` to be split or a list of paragraphs. Out: :class:`Batch`. The counterpart
is :mod:`detector.report`, which cuts the paragraphs out of the text again by the same offsets. By which rules a text is split,
:func:`split` tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detector.terms import codes_of, one_of

__all__ = ["SENTENCE_ENDS", "SEPARATOR", "Batch", "batch_of", "evenly_cut", "split"]

SEPARATOR = "\n\n"  # what a list of paragraphs is joined by to give the text that offsets refer to

SENTENCE_ENDS = ".!?…。！？؟۔।\"'”’»)"
_LINE_ENDS = "\n\x0b\x0c\r\x1c\x1d\x1e\x85\u2028\u2029"  # those of str.splitlines
_TABLE_SIZE = 0x3100


@dataclass(frozen=True)
class Batch:
    """Articles side by side as flat arrays; one row a paragraph, in reading order.

    Attributes
    ----------
    codes : ndarray (c,) uint32
        Code points of all titles and texts.
    starts, ends : ndarray (n,) int64
        Spans ``[start, end)`` of the rows in `codes`.
    bounds : ndarray (a + 1,) int64
        The rows of article ``i`` are ``bounds[i]:bounds[i + 1]``.
    origins : ndarray (a,) int64
        Where the text of each article begins in `codes`; a span minus it is an offset in the article.
    is_title : ndarray (n,) bool
        Rows that hold an article's title: context for the others, never judged.
    """

    codes: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    bounds: NDArray[np.int64]
    origins: NDArray[np.int64]
    is_title: NDArray[np.bool_]

    @property
    def articles(self) -> NDArray[np.int64]:
        """The article of each row, ndarray (n,) int64."""
        return np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))

    def stripped(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return `starts` and `ends`, (n,) each, without the white space that given paragraphs may have around them."""
        starts, ends = self.starts, self.ends
        filled = ends > starts
        edges = np.concatenate((self.codes[starts[filled]], self.codes[ends[filled] - 1]))
        if not _space_table().take(edges, mode="clip").any():
            return starts, ends
        runs = _runs(np.flatnonzero(_space_table().take(self.codes, mode="clip")))
        starts = np.minimum(_leave(starts, *runs, forward=True), ends)
        return starts, np.maximum(_leave(ends, *runs, forward=False), starts)

    def stretches(self, most: int) -> tuple[list[Batch], NDArray[np.int64]]:
        """Cut articles of more than `most` rows evenly into stretches, as if each were an article of its own.

        A title stands with the first one.

        Returns
        -------
        batches : list of Batch
            The rows in order, in batches of less than twice `most`; this one where no article is that long.
        articles : ndarray (b,) int64
            The article that each of their articles is a stretch of.
        """
        articles, starts, _ = evenly_cut(np.diff(self.bounds), most)
        if len(articles) == len(self.bounds) - 1:
            return [self], articles
        bounds = np.append(self.bounds[articles] + starts, self.bounds[-1])
        firsts = np.flatnonzero(np.diff(bounds[:-1] // most, prepend=-1))
        batches = []
        for first, last in zip(firsts.tolist(), [*firsts[1:].tolist(), len(articles)], strict=True):
            rows = slice(int(bounds[first]), int(bounds[last]))
            begin, end = (int(self.starts[rows][0]), int(self.ends[rows][-1])) if rows.stop > rows.start else (0, 0)
            batches.append(
                Batch(
                    codes=self.codes[begin : max(end, begin + 1)],  # of an empty row what parts it from the next
                    starts=self.starts[rows] - begin,
                    ends=self.ends[rows] - begin,
                    bounds=bounds[first : last + 1] - bounds[first],
                    origins=self.origins[articles[first:last]] - begin,
                    is_title=self.is_title[rows],
                )
            )
        return batches, articles


def evenly_cut(sizes: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Cut articles of so many rows each into as few pieces of at most `most` as will do, an empty one into one.

    Returns
    -------
    articles, starts, ends : ndarray (p,) int64
        The article of each piece, and the span of its rows in it.
    """
    cuts = np.maximum(-(-sizes // most), 1)
    articles = np.repeat(np.arange(len(sizes)), cuts)
    number = np.arange(len(articles)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    starts, ends = ((number + end) * sizes[articles] // cuts[articles] for end in (0, 1))
    return articles, starts, ends


def split(text: str) -> list[tuple[int, int]]:
    """Return the spans of the paragraphs of a text.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of (int, int)
        Where each starts and ends, in code points and in order: ``text[start:end]`` is the paragraph.

    Notes
    -----
    Every step takes time linear in the length of the text:

    1. Every line boundary that :meth:`str.splitlines` knows ends a line; a line of white space only is blank.
    2. If the text has blank lines, they separate its paragraphs and a single line break does not: a headline above its
       story, verse and hard-wrapped mail stay whole.
    3. If it has none, or if single breaks are the rule and mostly come after a sentence's end (scraped text with a blank line
       here and there), every line is a paragraph.
    4. White space around a paragraph is not part of it.

    Examples
    --------
    >>> from detector import split
    >>> text = "A headline\\nand its story.\\n\\n  Another paragraph. "
    >>> [text[start:end] for start, end in split(text)]
    ['A headline\\nand its story.', 'Another paragraph.']
    """
    codes = codes_of(text)
    starts, ends = _split(codes, np.array([0]), np.array([len(codes)]))
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def batch_of(articles: Sequence[str | Sequence[str]], titles: Sequence[str | None]) -> Batch:
    """Lay articles side by side.

    Parameters
    ----------
    articles : sequence of length a
        A ``str`` is split (:func:`split`); a sequence of ``str`` is taken as the paragraphs, empty ones included, and
        offsets refer to its join by :data:`SEPARATOR`.
    titles : sequence of length a
        The article's title or None.
    """
    pieces: list[str] = []
    position = 0
    title_spans: list[tuple[int, int]] = []
    given_starts: list[NDArray[np.int64]] = []
    given_ends: list[NDArray[np.int64]] = []
    to_split: list[tuple[int, int]] = []
    origins = np.zeros(len(articles), np.int64)
    for i, (article, title) in enumerate(zip(articles, titles, strict=True)):
        if title and title.strip():
            title_spans.append((position, position + len(title)))
            pieces += (title, SEPARATOR)
            position += len(title) + len(SEPARATOR)
        origins[i] = position
        if isinstance(article, str):
            text = article
            to_split.append((position, position + len(text)))
        else:
            text = SEPARATOR.join(article)
            sizes = np.fromiter(map(len, article), np.int64, len(article))
            starts = position + np.cumsum(sizes + len(SEPARATOR)) - sizes - len(SEPARATOR)
            given_starts.append(starts)
            given_ends.append(starts + sizes)
        pieces += (text, SEPARATOR)
        position += len(text) + len(SEPARATOR)
    codes = codes_of("".join(pieces))
    froms, tos = np.array(to_split, np.int64).reshape(-1, 2).T
    split_starts, split_ends = _split(codes, froms, tos)
    title_starts, title_ends = np.array(title_spans, np.int64).reshape(-1, 2).T
    starts = np.concatenate([title_starts, split_starts, *given_starts])
    ends = np.concatenate([title_ends, split_ends, *given_ends])
    order = np.argsort(starts, kind="stable")
    is_title = np.zeros(len(starts), np.bool_)
    is_title[: len(title_starts)] = True
    is_title = is_title[order]
    starts, ends = starts[order], ends[order]
    # A title's row stands before its article's origin and belongs to it.
    owner = np.searchsorted(origins, starts, side="right") - 1 + is_title
    bounds = np.searchsorted(owner, np.arange(len(articles) + 1))
    return Batch(codes, starts, ends, bounds, origins, is_title)


def _split(
    codes: NDArray[np.uint32], froms: NDArray[np.int64], tos: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return starts and ends of the paragraphs of the texts ``codes[froms[i]:tos[i]]``, in order."""
    if not len(froms):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    spaces = np.flatnonzero(_space_table().take(codes, mode="clip"))
    breaks = spaces[one_of(codes[spaces], _LINE_ENDS)]
    # Lines: a text begins one, and so does whatever follows a break inside it.
    inside = (np.searchsorted(froms, breaks, side="right") - 1).clip(0)
    breaks = breaks[(breaks >= froms[inside]) & (breaks < tos[inside])]
    starts = np.sort(np.concatenate((froms, breaks + 1)))
    ends = np.sort(np.concatenate((tos, breaks)))
    owners = np.searchsorted(froms, starts, side="right") - 1
    # Strip each line: a run of white space is left at its far end. A line without anything else is blank.
    run_starts, run_ends = _runs(spaces)
    starts = np.minimum(_leave(starts, run_starts, run_ends, forward=True), ends)
    ends = np.maximum(_leave(ends, run_starts, run_ends, forward=False), starts)
    filled = starts < ends
    if not filled.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts, ends, owners = starts[filled], ends[filled], owners[filled]
    # Every pair of neighbouring filled lines is joined by a single break or parted by blank lines. "\r\n" is one break.
    breaks = breaks[(codes[breaks] != 10) | (codes[np.maximum(breaks - 1, 0)] != 13)]
    same_text = owners[1:] == owners[:-1]
    gaps = np.searchsorted(breaks, starts[1:]) - np.searchsorted(breaks, ends[:-1])
    single = same_text & (gaps == 1)
    blank = same_text & (gaps > 1)
    singles = np.bincount(owners[1:][single], minlength=len(froms))
    blanks = np.bincount(owners[1:][blank], minlength=len(froms))
    closes = single & one_of(codes[ends[:-1] - 1], SENTENCE_ENDS)
    closing = np.bincount(owners[1:][closes], minlength=len(froms))
    # 0.6 and not more: headings and list items among the lines end without a stop.
    by_line = (blanks == 0) | ((singles > blanks) & (closing >= 0.6 * singles))
    joined = single & ~by_line[owners[1:]]
    opens = np.concatenate(([True], ~joined))
    shuts = np.concatenate((~joined, [True]))
    return starts[opens], ends[shuts]


def _runs(positions: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return starts and ends of the runs of consecutive numbers in sorted `positions`."""
    if not len(positions):
        return positions, positions
    cuts = np.flatnonzero(np.diff(positions) > 1)
    first = np.concatenate((positions[:1], positions[cuts + 1]))
    last = np.concatenate((positions[cuts], positions[-1:]))
    return first, last + 1


def _leave(
    points: NDArray[np.int64], run_starts: NDArray[np.int64], run_ends: NDArray[np.int64], *, forward: bool
) -> NDArray[np.int64]:
    """Move the points that lie in a run to its end (`forward`) or, as exclusive ends, back to its start."""
    if not len(run_starts):
        return points
    run = (np.searchsorted(run_starts, points, side="right" if forward else "left") - 1).clip(0)
    if forward:
        return np.where((points >= run_starts[run]) & (points < run_ends[run]), run_ends[run], points)
    return np.where((points > run_starts[run]) & (points <= run_ends[run]), run_starts[run], points)


@lru_cache(maxsize=1)
def _space_table() -> NDArray[np.bool_]:
    """Return which code points below the table's size are white space; all that are lie below."""
    table = np.array([chr(code).isspace() for code in range(_TABLE_SIZE)], np.bool_)
    table[[0x200B, 0x2060]] = True  # zero-width space and word joiner: invisible, though not white space to Python
    return table
