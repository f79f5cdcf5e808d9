"""Topical evidence: how near a paragraph lies to the rest of its article in a space of meaning, as cosines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detector.evidence.rows import NOTHING, REACH, Rows

__all__ = ["TOPICAL", "WINDOW", "topical"]

_DUST = 1e-5  # of the square of an article's sum: what single precision leaves of nothing
_BLOCK = 4  # paragraphs of a block at most
WINDOW = 64  # paragraphs among which nearest neighbours are sought; noise allowance: 97 % of articles are shorter
TOPICAL = (
    "centroid",  # with the rest of the article, each paragraph weighted by its length
    "trimmed",  # with the rest less the worst quarter
    "far",  # with the rest less three paragraphs on either side
    "nearest",  # with the most similar other paragraph
    "nearest3",  # mean of the three most similar
    "previous",  # with the paragraph before
    "next",  # with the paragraph after
    "context",  # with the three paragraphs on either side
    "bridge",  # of the three before with the three after: how well they join without this one
    "block",  # of the two to four in a row, this one among them, that fit the rest least: their cosine with it
    "previous_centroid",  # how well the paragraph before fits
    "next_centroid",  # how well the paragraph after fits
    "centroid_mean",  # over the article: how coherent it is
    "centroid_spread",  # standard deviation over the article
    "centroid_z",  # how many of those below the article's mean
    "strength",  # length of the dense vector: how topical the words are, ln
)


def topical(
    rows: Rows, dense: NDArray[np.float32], lengths: NDArray[np.float32], trust: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return the columns TOPICAL, each (n,) float64, of paragraphs with `dense` vectors, `lengths` in terms and `trust`."""
    norms = np.sqrt(np.einsum("ij,ij->i", dense, dense))
    unit = dense / (norms + NOTHING)[:, None]
    products = [_dots(unit, step) for step in range(_BLOCK)]
    sized = np.log1p(lengths).astype(float)
    weighted = unit * (trust * sized).astype(np.float32)[:, None]
    sums = _article_sums(rows, weighted)
    total = sums[rows.articles]
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
    toward = np.einsum("ij,ij->i", unit, total).astype(float)
    whole = np.einsum("ij,ij->i", sums, sums).astype(float)[rows.articles]
    return {
        "centroid": centroid,
        "trimmed": trimmed,
        "far": far,
        "nearest": nearest,
        "nearest3": nearest3,
        "previous": _with_neighbour(rows.previous, products),
        "next": _with_neighbour(rows.next, products),
        "context": _cosine(unit, near),
        "bridge": _cosine(before / (np.linalg.norm(before, axis=1) + NOTHING)[:, None], after),
        "block": _blocks(rows, products, toward, whole, sized, trust),
        "previous_centroid": centroid[rows.previous],
        "next_centroid": centroid[rows.next],
        "centroid_mean": mean,
        "centroid_spread": spread,
        "centroid_z": (centroid - mean) / (spread + 0.05),
        "strength": np.log(norms + 0.01).astype(float),
    }


def _article_sums(rows: Rows, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum the rows of `values` (n, d) by article, ndarray (a, d)."""
    sums = np.zeros((len(rows.bounds) - 1, values.shape[1]), np.float32)
    filled = np.flatnonzero(np.diff(rows.bounds))
    if len(filled):
        sums[filled] = np.add.reduceat(values, rows.bounds[filled], axis=0)
    return sums


def _dots(unit: NDArray[np.float32], step: int) -> NDArray[np.float64]:
    """Return the dot product of each row with the one `step` further, ndarray (n - step,), empty where none is so far."""
    count = max(len(unit) - step, 0)
    dots: NDArray[np.float64] = np.einsum("ij,ij->i", unit[:count], unit[step:]).astype(float)
    return dots


def _with_neighbour(neighbours: NDArray[np.int64], products: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the dot product of each row with that of `neighbours`: the row before, the one after, or itself when alone."""
    rows = np.arange(len(neighbours))
    dots: NDArray[np.float64] = products[0].copy()
    beside = neighbours != rows
    dots[beside] = products[1][np.minimum(rows, neighbours)[beside]]
    return dots


def _close(rows: Rows, values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return for each row the sum of the REACH rows before it (`side` -1) or after it (1) in its article."""
    total = np.zeros_like(values)
    for step in range(1, min(REACH, len(values) - 1) + 1):
        early, late = slice(None, -step), slice(step, None)
        same = (rows.articles[early] == rows.articles[late])[:, None]
        here, there = (late, early) if side < 0 else (early, late)
        total[here] += values[there] * same
    return total


def _blocks(
    rows: Rows,
    products: list[NDArray[np.float64]],
    toward: NDArray[np.float64],
    whole: NDArray[np.float64],
    lengths: NDArray[np.float64],
    trust: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the column block; 1 where there is no block that leaves two other rows outside.

    Members weigh their `lengths`, the rest theirs times `trust`. No block is ever summed up: all comes from the `products` of
    rows 0, 1, 2 and 3 apart, from those of each row with its article's sum, `toward`, and from the square of that, `whole`.
    """
    n = len(toward)
    squares, *_ = products
    trusted = lengths * trust
    # Of the blocks of one row: the square of their sum, that with weights of trust, and of the one with the other; and the dot
    # products of either with the article's sum.
    singles = (lengths**2 * squares, trusted**2 * squares, lengths * trusted * squares, lengths * toward, trusted * toward)
    own, known, mixed, cross, gone = singles
    pairs: list[tuple[NDArray[np.float64], ...]] = []  # what two rows so many apart add to the first three
    sizes = np.diff(rows.bounds)[rows.articles]
    block = np.ones(n)
    for size in range(2, min(_BLOCK, n) + 1):
        count, step = n - size + 1, size - 1
        early, late = slice(None, -step), slice(step, None)
        crossed = lengths[early] * trusted[late] + trusted[early] * lengths[late]
        dots = products[step]
        pairs.append((2 * lengths[early] * lengths[late] * dots, 2 * trusted[early] * trusted[late] * dots, crossed * dots))
        # A block is one row longer than the one before: the new row, and its pair with every other.
        own, known, mixed, cross, gone = (
            sums[:count] + single[step:] for sums, single in zip((own, known, mixed, cross, gone), singles, strict=True)
        )
        for apart, (of_own, of_known, of_mixed) in enumerate(pairs, start=1):
            here = slice(step - apart, step - apart + count)
            own, known, mixed = own + of_own[here], known + of_known[here], mixed + of_mixed[here]
        rest = whole[:count] - 2 * gone + known
        # Where nothing is left of the rest but rounding dust, there is nothing to fit.
        some = (own > NOTHING) & (rest > _DUST * whole[:count]) & (sizes[:count] >= size + 2)
        some &= rows.articles[:count] == rows.articles[step:]
        cosine = np.where(some, (cross - mixed) / np.sqrt(np.where(some, own * rest, 1.0)), 1.0)
        for i in range(size):
            block[i : i + count] = np.minimum(block[i : i + count], cosine)
    return block


def _cosine(unit: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the cosine of unit rows with other rows, 0 with a zero row."""
    dot = np.einsum("ij,ij->i", unit, other)
    norm = np.sqrt(np.einsum("ij,ij->i", other, other))
    # Sums less a row leave rounding dust where nothing is left: no direction, no similarity.
    return np.where(norm > 1e-4, dot / np.maximum(norm, 1e-4), 0.0).astype(float)


def _neighbours(
    rows: Rows, unit: NDArray[np.float32], trust: NDArray[np.float64]
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
