"""Evidence: what each paragraph shares with the rest of its article, and what it does not, as one row of numbers.

In: a :class:`~detector.paragraphs.Batch`, its :class:`~detector.vectors.Postings` and dense vectors, and how much each
paragraph is doubted so far. Out: an array with one row a paragraph and one column for each name in :data:`COLUMNS`. The
counterpart is :mod:`detector.scorer`, which turns the row into a probability.

A doubted paragraph counts for less as company of the others: evidence is gathered twice, without doubt first and then
with the first score as doubt, so that an intruder no longer drags down its neighbours and the paragraphs of an intruding
block no longer vouch for one another.

Every step costs time linear in the number of paragraphs and terms: nearest neighbours are sought among the at most
:data:`WINDOW` paragraphs around, everything else against sums over the article.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.paragraphs import Batch
from detector.vectors import Postings

__all__ = ["COLUMNS", "WINDOW", "evidence_of"]

WINDOW = 64  # paragraphs among which nearest neighbours are sought; noise allowance: 97 % of articles are shorter
_REACH = 3  # paragraphs on either side that may belong to the same intruding block: blocks are 2 to 4 long
_NEAR = 4  # paragraphs on either side whose wording tells a stretch of furniture
_RARE, _VERY_RARE = 4.5, 7.0  # idf; one article in 90, one in 1,100
_TINY = 1e-6

_TOPICAL = (
    # cosines of dense vectors
    "centroid",  # with the rest of the article, each paragraph weighted by its length
    "trimmed",  # with the rest less the worst quarter
    "far",  # with the rest less three paragraphs on either side
    "nearest",  # with the most similar other paragraph
    "nearest3",  # mean of the three most similar
    "previous",  # with the paragraph before
    "next",  # with the paragraph after
    "context",  # with the three paragraphs on either side
    "bridge",  # of the three before with the three after: how well they join without this one
    "previous_centroid",  # how well the paragraph before fits
    "next_centroid",  # how well the paragraph after fits
    "centroid_mean",  # over the article: how coherent it is
    "centroid_spread",  # standard deviation over the article
    "centroid_z",  # how many of those below the article's mean
    "strength",  # length of the dense vector: how topical the words are, ln
)
COLUMNS = (
    # topical, in the learned space, and once more in the teacher's: where the one has no idea, the other may
    *_TOPICAL,
    *(f"taught_{name}" for name in _TOPICAL),
    # lexical: words shared and not shared
    "tfidf",  # cosine of TF-IDF vectors with the rest of the article
    "local",  # the same with document frequencies counted in this article alone: works in any language
    "tfidf_far",  # share of the paragraph's idf that stands more than three paragraphs away
    "shared",  # share of the paragraph's idf that stands elsewhere in the article
    "shared_z",  # the same against the article's mean
    "surprise",  # how unlikely the shared words are by chance: mean of -ln P(word in so much text), nats
    "rare_shared",  # ln(1 + number) of rare words that stand elsewhere
    "rare_alone",  # ... that stand nowhere else
    "very_rare_shared",
    "very_rare_alone",
    "rarest_shared",  # highest idf of a word that stands elsewhere
    "idf",  # mean idf of the paragraph's words: how special its language is
    "unknown",  # share of words outside the vocabulary
    # furniture: what it reads like
    "furniture",  # logit of the linear model over the paragraph's words
    "furniture_previous",
    "furniture_next",
    "furniture_near",  # mean of up to four paragraphs on either side and itself
    "furniture_before",  # mean from the first paragraph to this one: furniture comes in stretches, mostly at an end
    "furniture_after",  # mean from this paragraph to the last
    "furniture_mean",  # over the article
    "capitals",  # share of words that begin with a capital
    "capitals_mean",  # over the article
    "digits",  # share of words that are numbers
    "sentence",  # 1 when it ends as sentences do
    "previous_sentence",
    "next_sentence",
    # form
    "cut",  # 1 when it ends in dots of omission
    "exclaims",  # 1 when it ends in an exclamation or question mark
    "exclaims_mean",  # over the article
    "quoted",  # 1 when it begins with a quotation mark
    "opening",  # share of the other paragraphs that begin with the same word, or with a number too
    "repeated",  # 1 when another paragraph is of the same words
    # size and place
    "length",  # ln(1 + words)
    "relative_length",  # the same less the article's mean
    "previous_length",
    "next_length",
    "paragraphs",  # ln(number of paragraphs)
    "place",  # 0 at the article's start, 1 at its end
    "from_start",  # 1 / (1 + paragraphs before)
    "from_end",  # 1 / (1 + paragraphs after)
    "doubt",  # of the paragraph itself
    "doubt_most",  # highest of the others in the article
    "doubt_near",  # doubt of the two paragraphs around, mean
    "doubt_mean",  # over the article
    "doubt_before",  # over the paragraphs before: what does not belong comes in stretches too
    "doubt_after",  # over the paragraphs after
)


@dataclass(frozen=True)
class _Rows:
    """Where each row stands in its article, and sums over articles."""

    bounds: NDArray[np.int64]
    articles: NDArray[np.int64]
    previous: NDArray[np.int64]  # row before in the article; the row after where there is none; itself when alone
    next: NDArray[np.int64]

    @classmethod
    def of(cls, batch: Batch) -> _Rows:
        articles, bounds = batch.articles, batch.bounds
        rows = np.arange(len(articles))
        first, last = bounds[articles], bounds[articles + 1] - 1
        previous = np.where(rows > first, rows - 1, np.minimum(rows + 1, last))
        following = np.where(rows < last, rows + 1, np.maximum(rows - 1, first))
        return cls(bounds, articles, previous, following)

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum `values` (n,) by article, ndarray (a,)."""
        return np.bincount(self.articles, values, minlength=len(self.bounds) - 1).astype(float)

    def means(self, values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted mean of `values` over the article of each row, ndarray (n,)."""
        means: NDArray[np.float64] = self.sums(values * weights) / (self.sums(weights) + _TINY)
        return means[self.articles]

    def run_means(self, values: NDArray[np.float64], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
        """Mean of `values` (n,) over the rows from each of `starts` to each of `ends`, 0 where there is none."""
        sums = np.concatenate(([0.0], np.cumsum(values)))
        means: NDArray[np.float64] = (sums[ends] - sums[starts]) / np.maximum(ends - starts, 1)
        return means


def evidence_of(
    batch: Batch,
    postings: Postings,
    dense: NDArray[np.float32],
    furniture: NDArray[np.float64],
    doubt: NDArray[np.float64] | None = None,
    taught: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Gather the evidence.

    Parameters
    ----------
    batch : Batch
        n rows.
    postings : Postings
    dense : ndarray (n, d) float32
        Projected paragraphs, not normalised.
    furniture : ndarray (n,) float64
        Logit of each paragraph's words being furniture.
    doubt : ndarray (n,) float64, optional
        Probability so far, 0..1, that the paragraph does not belong; 0 by default.
    taught : ndarray (n, e) float32, optional
        The paragraphs in the teacher's space; without it its columns are 0.

    Returns
    -------
    ndarray (n, len(COLUMNS)) float32
    """
    n = len(batch.starts)
    trust = np.ones(n) if doubt is None else 1.0 - doubt
    rows = _Rows.of(batch)
    columns: dict[str, NDArray[np.float64]] = {}
    columns.update(_topical(rows, dense, postings.lengths, trust))
    second = None if taught is None else _topical(rows, taught, postings.lengths, trust)
    columns.update({f"taught_{name}": np.zeros(n) if second is None else second[name] for name in _TOPICAL})
    columns.update(_lexical(rows, postings, trust))
    columns.update(_furniture(rows, postings, furniture))
    columns.update(_form(rows, postings))
    columns.update(_place(rows, postings, trust))
    return np.column_stack([columns[name] for name in COLUMNS]).astype(np.float32).reshape(n, len(COLUMNS))


def _topical(
    rows: _Rows, dense: NDArray[np.float32], lengths: NDArray[np.float32], trust: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    norms = np.sqrt(np.einsum("ij,ij->i", dense, dense))
    unit = dense / (norms + _TINY)[:, None]
    weights = (trust * np.log1p(lengths)).astype(np.float32)
    weighted = unit * weights[:, None]
    total = _article_sums(rows, weighted)[rows.articles]
    centroid = _cosine(unit, total - weighted)
    spread_weights = trust * (lengths > 0)
    mean = rows.means(centroid, spread_weights)
    spread = np.sqrt(rows.means((centroid - mean) ** 2, spread_weights))
    # The worst quarter: below the mean by 0.67 standard deviations, as it is for a normal spread.
    kept = weighted * (centroid >= mean - 0.67 * spread)[:, None]
    trimmed = _cosine(unit, _article_sums(rows, kept)[rows.articles] - kept)
    before, after = _close(rows, weighted, -1), _close(rows, weighted, 1)
    near = before + after
    far = _cosine(unit, total - weighted - near)
    nearest, nearest3 = _neighbours(rows, unit, trust)
    previous = np.einsum("ij,ij->i", unit, unit[rows.previous]).astype(float)
    following = np.einsum("ij,ij->i", unit, unit[rows.next]).astype(float)
    return {
        "centroid": centroid,
        "trimmed": trimmed,
        "far": far,
        "nearest": nearest,
        "nearest3": nearest3,
        "previous": previous,
        "next": following,
        "context": _cosine(unit, near),
        "bridge": _cosine(before / (np.linalg.norm(before, axis=1) + _TINY)[:, None], after),
        "previous_centroid": centroid[rows.previous],
        "next_centroid": centroid[rows.next],
        "centroid_mean": mean,
        "centroid_spread": spread,
        "centroid_z": (centroid - mean) / (spread + 0.05),
        "strength": np.log(norms + 0.01).astype(float),
    }


def _article_sums(rows: _Rows, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum the rows of `values` (n, d) by article, ndarray (a, d)."""
    sums = np.zeros((len(rows.bounds) - 1, values.shape[1]), np.float32)
    filled = np.flatnonzero(np.diff(rows.bounds))
    if len(filled):
        sums[filled] = np.add.reduceat(values, rows.bounds[filled], axis=0)
    return sums


def _close(rows: _Rows, values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return for each row the sum of the _REACH rows before it (`side` -1) or after it (1) in its article."""
    total = np.zeros_like(values)
    for step in range(1, min(_REACH, len(values) - 1) + 1):
        early, late = slice(None, -step), slice(step, None)
        same = (rows.articles[early] == rows.articles[late])[:, None]
        here, there = (late, early) if side < 0 else (early, late)
        total[here] += values[there] * same
    return total


def _cosine(unit: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the cosine of unit rows with other rows, 0 with a zero row."""
    dot = np.einsum("ij,ij->i", unit, other)
    norm = np.sqrt(np.einsum("ij,ij->i", other, other))
    # Sums less a row leave rounding dust where nothing is left: no direction, no similarity.
    return np.where(norm > 1e-4, dot / np.maximum(norm, 1e-4), 0.0).astype(float)


def _neighbours(
    rows: _Rows, unit: NDArray[np.float32], trust: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the similarity with the nearest and the mean of the three nearest paragraphs, each times its trust."""
    nearest, nearest3 = np.zeros(len(unit)), np.zeros(len(unit))
    for table in _windows(rows.bounds):
        present = table >= 0
        index = np.maximum(table, 0)
        vectors = unit[index]
        similar = vectors @ vectors.transpose(0, 2, 1)
        similar *= trust[index][:, None, :]
        similar[~np.broadcast_to(present[:, None, :], similar.shape)] = -9
        diagonal = np.arange(table.shape[1])
        similar[:, diagonal, diagonal] = -9
        best = -np.sort(-similar, axis=2)[:, :, :3]
        valid = best > -5
        nearest[table[present]] = np.where(valid[..., 0], best[..., 0], 0)[present]
        count = np.maximum(valid.sum(axis=2), 1)
        nearest3[table[present]] = (np.where(valid, best, 0).sum(axis=2) / count)[present]
    return nearest, nearest3


def _windows(bounds: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Cut articles into runs of at most WINDOW rows; yield tables (k, m) of row numbers, -1 where a run is shorter."""
    sizes = np.diff(bounds)
    pieces = -(-sizes // WINDOW)
    article = np.repeat(np.arange(len(sizes)), pieces)
    piece = np.arange(len(article)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    starts = bounds[article] + piece * sizes[article] // pieces[article]
    ends = bounds[article] + (piece + 1) * sizes[article] // pieces[article]
    widths = ends - starts
    width = 4
    while width <= 2 * WINDOW:
        chosen = (widths <= width) & (widths > (width // 2 if width > 4 else 0))
        # At most 4,096 rows a table, so that memory stays bounded whatever the batch.
        step = max(1, 4096 // width)
        where = np.flatnonzero(chosen)
        for first in range(0, len(where), step):
            some = where[first : first + step]
            table = starts[some][:, None] + np.arange(width)
            yield np.where(table < ends[some][:, None], table, -1)
        width *= 2


def _lexical(rows: _Rows, postings: Postings, trust: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    n = len(trust)

    def by_row(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(postings.rows, values, minlength=n).astype(float)

    idf = postings.group_idf[postings.groups].astype(float)
    logged = 1 + np.log(postings.counts)
    holders = np.diff(np.append(postings.group_starts, len(postings.groups)))
    local_idf = np.log((1 + np.diff(rows.bounds)[rows.articles[postings.rows]]) / holders[postings.groups])
    entry_trust = trust[postings.rows]
    # Elsewhere: how many other trusted paragraphs of the article hold the term; far: those more than three away.
    held = np.bincount(postings.groups, entry_trust, minlength=len(postings.group_starts))
    elsewhere = held[postings.groups] - entry_trust
    close = np.zeros(len(elsewhere))
    for step in range(1, _REACH + 1):
        together = (postings.groups[step:] == postings.groups[:-step]) & (
            postings.rows[step:] - postings.rows[:-step] <= _REACH
        )
        close[step:] += together * entry_trust[:-step]
        close[:-step] += together * entry_trust[step:]
    shared = np.minimum(elsewhere, 1.0)
    mass = by_row(idf) + _TINY
    shared_mass = by_row(idf * shared) / mass
    # Surprise: the chance that the rest's words, so many drawn from the language, hold this one.
    words = rows.sums(postings.lengths * trust)[rows.articles] - postings.lengths * trust
    rate = np.exp(-idf) / 300.0  # an article of the background has about 300 different words
    chance = -np.expm1(-rate * np.maximum(words[postings.rows], 1.0))
    present = by_row(np.ones(len(idf))) + _TINY
    return {
        "tfidf": _leave_one_out(rows, postings, logged * idf, trust),
        "local": _leave_one_out(rows, postings, logged * local_idf, trust),
        "tfidf_far": by_row(idf * np.minimum(np.maximum(elsewhere - close, 0.0), 1.0)) / mass,
        "shared": shared_mass,
        "shared_z": shared_mass - rows.means(shared_mass, trust * np.sqrt(postings.lengths)),
        "surprise": by_row(-np.log(chance + 1e-9) * shared) / present,
        "rare_shared": np.log1p(by_row(shared * (idf > _RARE))),
        "rare_alone": np.log1p(by_row((1 - shared) * (idf > _RARE))),
        "very_rare_shared": np.log1p(by_row(shared * (idf > _VERY_RARE))),
        "very_rare_alone": np.log1p(by_row((1 - shared) * (idf > _VERY_RARE))),
        "rarest_shared": _row_maximum(postings.rows, idf * shared, n),
        "idf": (mass - _TINY) / present,
        "unknown": by_row((postings.group_index < 0)[postings.groups].astype(float)) / present,
    }


def _leave_one_out(
    rows: _Rows, postings: Postings, weights: NDArray[np.float64], trust: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the cosine ``x . (S - x) / |x| |S - x|`` of each row x of `weights` (k,), S the trusted sum over its article."""
    n = len(trust)
    trusted = weights * trust[postings.rows]
    mixed = np.bincount(postings.groups, trusted, minlength=len(postings.group_starts))
    own = np.bincount(postings.rows, weights**2, minlength=n)
    cross = np.bincount(postings.rows, weights * mixed[postings.groups], minlength=n)
    group_article = rows.articles[postings.rows[postings.group_starts]]
    article_norm = np.bincount(group_article, mixed**2, minlength=len(rows.bounds) - 1)[rows.articles]
    rest = np.maximum(article_norm - 2 * cross * trust + own * trust**2, 0)
    # Where nothing is left of the rest but rounding dust, nothing is shared.
    cosine = (cross - own * trust) / np.sqrt(np.maximum(own * rest, _TINY))
    return np.where(rest > _TINY * (1 + article_norm), cosine, 0.0)


def _row_maximum(rows: NDArray[np.int64], values: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Return the largest of the non-negative `values` in each of `n` rows, 0 for an empty one."""
    result = np.zeros(n)
    np.maximum.at(result, rows, values)
    return result


def _furniture(rows: _Rows, postings: Postings, furniture: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    ones = np.ones(len(furniture))
    index = np.arange(len(furniture))
    first, last = rows.bounds[rows.articles], rows.bounds[rows.articles + 1]
    return {
        "furniture": furniture,
        "furniture_near": rows.run_means(furniture, np.maximum(index - _NEAR, first), np.minimum(index + _NEAR + 1, last)),
        "furniture_before": rows.run_means(furniture, first, index + 1),
        "furniture_after": rows.run_means(furniture, index, last),
        "furniture_previous": furniture[rows.previous],
        "furniture_next": furniture[rows.next],
        "furniture_mean": rows.means(furniture, ones),
        "capitals": postings.capitals,
        "capitals_mean": rows.means(postings.capitals, ones),
        "digits": postings.digits,
        "sentence": postings.closed,
        "previous_sentence": postings.closed[rows.previous],
        "next_sentence": postings.closed[rows.next],
    }


def _form(rows: _Rows, postings: Postings) -> dict[str, NDArray[np.float64]]:
    alike = _others_alike(rows, postings.openings) * (postings.openings > 0)
    size = np.maximum(np.diff(rows.bounds)[rows.articles] - 1, 1)
    return {
        "cut": postings.cut,
        "exclaims": postings.exclaims,
        "exclaims_mean": rows.means(postings.exclaims, np.ones(len(size))),
        "quoted": postings.quoted,
        "opening": alike / size,
        "repeated": (_others_alike(rows, postings.wholes) > 0) * (postings.lengths > 0).astype(float),
    }


def _others_alike(rows: _Rows, values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return how many other rows of the article have the same of `values`, ndarray (n,) int64."""
    order = np.lexsort((values, rows.articles))
    new = np.ones(len(order), np.bool_)
    new[1:] = (values[order][1:] != values[order][:-1]) | (rows.articles[order][1:] != rows.articles[order][:-1])
    group = np.cumsum(new) - 1
    others = np.zeros(len(order), np.int64)
    others[order] = np.bincount(group, minlength=1)[group] - 1
    return others


def _most_of_others(rows: _Rows, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the highest of the non-negative `values` among the other rows of the article, 0 where there is none."""
    order = np.lexsort((values, rows.articles))
    last = rows.bounds[rows.articles + 1] - 1  # of the article's rows in order of value, the highest
    ordered = values[order]
    highest = order[last] == np.arange(len(values))
    second = np.where(last > rows.bounds[rows.articles], ordered[np.maximum(last - 1, 0)], 0.0)
    return np.where(highest, second, ordered[last]) if len(values) else values


def _place(rows: _Rows, postings: Postings, trust: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    length = np.log1p(postings.lengths).astype(float)
    index = np.arange(len(length))
    doubt = 1 - trust
    first, last = rows.bounds[rows.articles], rows.bounds[rows.articles + 1]
    return {
        "length": length,
        "relative_length": length - rows.means(length, np.ones(len(length))),
        "previous_length": length[rows.previous],
        "next_length": length[rows.next],
        "paragraphs": np.log(np.diff(rows.bounds)[rows.articles]),
        "place": (index - first + 0.5) / (last - first),
        "from_start": 1 / (1 + index - first),
        "from_end": 1 / (last - index),
        "doubt": doubt,
        "doubt_most": _most_of_others(rows, doubt),
        "doubt_near": (doubt[rows.previous] + doubt[rows.next]) / 2,
        "doubt_mean": rows.means(doubt, np.ones(len(length))),
        "doubt_before": rows.run_means(doubt, first, index),
        "doubt_after": rows.run_means(doubt, index + 1, last),
    }
