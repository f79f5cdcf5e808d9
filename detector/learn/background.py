"""Background: articles in, document frequencies out.

Fits :class:`detector.vectors.Background`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detector.learn.articles import Article
from detector.paragraphs import batch_of
from detector.terms import terms_of
from detector.vectors import Background

__all__ = ["chunks", "fit_background", "spellings"]

T = TypeVar("T")
_CHUNK = 512  # articles counted at a time


def chunks(items: Sequence[T], size: int = _CHUNK) -> Iterator[Sequence[T]]:
    """Yield `items` in runs of `size`."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


def fit_background(
    articles: Sequence[Article],
    *,
    projected: int,
    projected_languages: set[str] | None = None,
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
        How many of the most frequent terms get a row of the projection.
    projected_languages : set of str, optional
        Languages whose terms are candidates for a row; all by default.
    vocabulary, vocabulary_elsewhere : int
        Most terms to keep a language, of a projected one and of any other: 14 bytes a term in the model file.
    min_articles : int
        Terms in fewer articles are left unknown: two articles are no statistics, and they are the bulk of all terms.
    """
    by_language: dict[str, list[Article]] = defaultdict(list)
    for article in articles:
        by_language[article.language].append(article)
    idf: dict[int, float] = {}
    candidates: list[tuple[float, int]] = []
    for language in sorted(by_language):
        group = by_language[language]
        hashes, frequencies = _document_frequencies(group)
        kept = frequencies >= min_articles
        hashes, frequencies = hashes[kept], frequencies[kept]
        is_projected = projected_languages is None or language in projected_languages
        order = np.lexsort((hashes, -frequencies))[: vocabulary if is_projected else vocabulary_elsewhere]
        hashes, frequencies = hashes[order], frequencies[order]
        for key, value in zip(hashes.tolist(), np.log((len(group) + 1) / (frequencies + 0.5)).tolist(), strict=True):
            idf[key] = min(value, idf.get(key, np.inf))
        if is_projected:
            candidates += zip((-frequencies / len(group)).tolist(), hashes.tolist(), strict=True)
    vocabulary_hashes = np.sort(np.fromiter(idf, np.uint64, len(idf)))
    chosen = list(dict.fromkeys(key for _, key in sorted(candidates)))[:projected]
    rows = np.full(len(vocabulary_hashes), -1, np.int32)
    where = np.searchsorted(vocabulary_hashes, np.sort(np.array(chosen, np.uint64)))
    rows[where] = np.arange(len(where), dtype=np.int32)
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
    missing = background.rows.copy()
    for chunk in chunks(articles):
        batch = batch_of([a.paragraphs for a in chunk], [a.title for a in chunk])
        terms = terms_of(batch.codes)
        hashes, first = np.unique(terms.hashes, return_index=True)
        index = background.lookup(hashes)
        fresh = (index >= 0) & (missing[index] >= 0)
        for row, at in zip(missing[index[fresh]].tolist(), first[fresh].tolist(), strict=True):
            codes = batch.codes[terms.starts[at] : terms.ends[at]]
            found[row] = "".join(map(chr, codes.tolist())).lower()
        missing[index[fresh]] = -1
    return found


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
