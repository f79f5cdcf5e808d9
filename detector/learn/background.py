"""Background: articles in, document frequencies out.

Fits :class:`detector.background.Background`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detector.background import Background
from detector.learn.articles import Article
from detector.paragraphs import batch_of
from detector.terms import terms_of

__all__ = ["chunks", "fit_background", "others", "spellings"]

T = TypeVar("T")
_CHUNK = 512  # articles counted at a time
_SEEN = 8  # articles of another language that a term must stand in to get a row: fewer teach nothing


def chunks(items: Sequence[T], size: int = _CHUNK) -> Iterator[Sequence[T]]:
    """Yield `items` in runs of `size`."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


def fit_background(
    articles: Sequence[Article],
    *,
    projected: int,
    projected_elsewhere: int = 0,
    language: str | None = None,
    vocabulary: int = 1 << 17,
    vocabulary_elsewhere: int = 40_000,
    min_articles: int = 3,
) -> Background:
    """Count in how many articles each term stands, and keep the frequent ones.

    Parameters
    ----------
    articles : sequence of Article
        A term's idf is taken from the language in which it is most frequent: what is common anywhere says little.
    projected : int
        How many of the most frequent terms of `language` get a row of the projection: the first rows, the most frequent first.
    projected_elsewhere : int
        How many of those of other languages get one behind them, in the same order, if they stand in _SEEN articles.
    language : str, optional
        The language of the model; all by default.
    vocabulary, vocabulary_elsewhere : int
        Most terms to keep a language, of that one and of any other: 16 bytes a term in the model file.
    min_articles : int
        Terms in fewer articles are left unknown: two articles are no statistics, and they are the bulk of all terms.
    """
    by_language: dict[str, list[Article]] = defaultdict(list)
    for article in articles:
        by_language[article.language].append(article)
    idf: dict[int, float] = {}
    home: list[tuple[float, int]] = []
    elsewhere: list[tuple[float, int]] = []
    for tongue in sorted(by_language):
        group = by_language[tongue]
        hashes, frequencies = _document_frequencies(group)
        kept = frequencies >= min_articles
        hashes, frequencies = hashes[kept], frequencies[kept]
        at_home = language is None or tongue == language
        order = np.lexsort((hashes, -frequencies))[: vocabulary if at_home else vocabulary_elsewhere]
        hashes, frequencies = hashes[order], frequencies[order]
        for key, value in zip(hashes.tolist(), np.log((len(group) + 1) / (frequencies + 0.5)).tolist(), strict=True):
            idf[key] = min(value, idf.get(key, np.inf))
        shares = list(zip((-frequencies / len(group)).tolist(), hashes.tolist(), strict=True))
        if at_home:
            home += shares
        else:
            elsewhere += [pair for pair, count in zip(shares, frequencies.tolist(), strict=True) if count >= _SEEN]
    vocabulary_hashes = np.sort(np.fromiter(idf, np.uint64, len(idf)))
    rows = np.full(len(vocabulary_hashes), -1, np.int32)
    taken = 0
    for candidates, most in ((home, projected), (elsewhere, projected_elsewhere)):
        ranked = dict.fromkeys(key for _, key in sorted(candidates))
        where = np.searchsorted(vocabulary_hashes, np.fromiter(ranked, np.uint64, len(ranked)))
        where = where[rows[where] < 0][:most]
        rows[where] = np.arange(taken, taken + len(where), dtype=np.int32)
        taken += len(where)
    largest = max(map(len, by_language.values()), default=0)
    return Background(
        hashes=vocabulary_hashes,
        # float16 is what the model file keeps: learning sees the very numbers that will be used.
        idf=np.array([idf[key] for key in vocabulary_hashes.tolist()], np.float16).astype(np.float32),
        rows=rows,
        unknown_idf=float(np.float16(np.log((largest + 1) / 0.5))),
    )


def spellings(articles: Sequence[Article], background: Background) -> list[str]:
    """Return how each projected term is spelt, lower-cased, by its row; empty where it stands in none of `articles`."""
    found = [""] * (int(background.rows.max(initial=-1)) + 1)
    for _, rows, spelt in _met(articles, background):
        for at in np.flatnonzero(rows >= 0).tolist():
            found[rows[at]] = found[rows[at]] or spelt(at)
    return found


def others(articles: Sequence[Article], background: Background) -> list[str]:
    """Return the different terms of `articles` that are not projected, as they are spelt, lower-cased and sorted."""
    found: dict[int, str] = {}
    for hashes, rows, spelt in _met(articles, background):
        for at in np.flatnonzero(rows < 0).tolist():
            found[int(hashes[at])] = found.get(int(hashes[at])) or spelt(at)
    return sorted(found.values())


def _met(
    articles: Sequence[Article], background: Background
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int32], Callable[[int], str]]]:
    """Yield, for each run of `articles`, its different terms, the row of each, and what spells one of them by its place."""
    for chunk in chunks(articles):
        batch = batch_of([a.paragraphs for a in chunk], [a.title for a in chunk])
        terms = terms_of(batch.codes)
        hashes, first = np.unique(terms.hashes, return_index=True)
        spans = terms.starts[first], terms.ends[first]

        def spelt(at: int, codes: NDArray[np.uint32] = batch.codes, spans: tuple[NDArray[np.int64], ...] = spans) -> str:
            # In lower case, one character at a time as terms are compared.
            return "".join(chr(code).lower()[0] for code in codes[spans[0][at] : spans[1][at]].tolist())

        yield hashes, background.rows_of(background.lookup(hashes)), spelt


def _document_frequencies(articles: Sequence[Article]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the term hashes of `articles`, sorted, and in how many of them each stands."""
    hashes, counts = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    for chunk in chunks(articles):
        batch = batch_of([a.paragraphs for a in chunk], [a.title for a in chunk])
        found = terms_of(batch.codes)
        # Between one article's last code point and the next one's title lies a separator: the title's start is the edge.
        edges = np.append(batch.starts, len(batch.codes))[batch.bounds[:-1]]
        owner = np.searchsorted(edges, found.starts, side="right").astype(np.uint64)
        order = np.lexsort((owner, found.hashes))
        h, o = found.hashes[order], owner[order]
        fresh = np.concatenate((np.ones(min(1, len(h)), np.bool_), (h[1:] != h[:-1]) | (o[1:] != o[:-1])))
        h, c = np.unique(h[fresh], return_counts=True)
        hashes, inverse = np.unique(np.concatenate((hashes, h)), return_inverse=True)
        merged = np.zeros(len(hashes), np.int64)
        np.add.at(merged, inverse, np.concatenate((counts, c)))
        counts = merged
    return hashes, counts
