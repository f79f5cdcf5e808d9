"""Topical evidence: how near a paragraph lies to the rest of its article in a space of meaning, as cosines.

Every column is made of dot products: of paragraphs up to six apart, of each with the weighted sum of its article, and of
those in one window. The first and the last do not change with doubt and are taken once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from detector.evidence.rows import NOTHING, REACH, Rows
from detector.paragraphs import evenly_cut

__all__ = ["TOPICAL", "WINDOW", "Spaces"]

# Of the square of an article's sum: what single precision leaves of nothing. No direction, no similarity.
_DUST = 1e-5
_BLOCK = REACH + 1  # paragraphs of a block at most
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


@dataclass(frozen=True)
class Spaces:
    """The paragraphs of a batch in s spaces of meaning: what holds of them whoever is doubted.

    Attributes
    ----------
    rows : Rows
    units : tuple of s ndarrays (room, d) float32
        Vectors of length 1, or 0 where there is none, at their places.
    sized : ndarray (room,) float64
        What a paragraph weighs: ln(1 + terms).
    strengths : ndarray (s, room) float64
        ln of the vectors' lengths.
    bands : ndarray (7, s, room) float64
        The dot product of each with the one 0 to 6 places further.
    windows : list of (ndarray (k, m) int64, ndarray (s, k, m, m) float32, ndarray (k, m, m) float32)
        Runs of neighbouring places, 0 for none; the dot product of each with every other; and what leaves out the place
        itself and empty ones, there minus infinity, else 0.
    long : ndarray (l,) int64
        The places of articles too long for one window.
    """

    rows: Rows
    units: tuple[NDArray[np.float32], ...]
    sized: NDArray[np.float64]
    strengths: NDArray[np.float64]
    bands: NDArray[np.float64]
    windows: list[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]]
    long: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Rows, dense: Sequence[NDArray[np.float32]], lengths: NDArray[np.float32]) -> Spaces:
        """Return the spaces of `dense` vectors, an ndarray (n, d) each, of paragraphs of so many terms."""
        units, strengths = [], []
        for vectors in dense:
            norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
            unit = np.zeros((rows.room, vectors.shape[1]), np.float32)
            unit[rows.places] = vectors / (norms + NOTHING)[:, None]
            units.append(unit)
            strengths.append(np.log(norms + 0.01).astype(float))
        bands = np.zeros((2 * REACH + 1, len(units), rows.room))
        for step in range(min(2 * REACH + 1, rows.room)):
            for space, unit in enumerate(units):
                bands[step, space, : rows.room - step] = np.einsum("ij,ij->i", unit[: rows.room - step], unit[step:])
        return cls(
            rows=rows,
            units=tuple(units),
            sized=rows.spread(np.log1p(lengths).astype(float)),
            strengths=np.array(strengths).reshape(len(units), len(rows.articles)),
            bands=bands,
            windows=[(table, _products(table, units), _apart(table)) for table in _windows(rows)],
            long=rows.places[np.diff(rows.bounds)[rows.articles] > WINDOW],
        )

    def columns(self, trust: NDArray[np.float64]) -> list[dict[str, NDArray[np.float64]]]:
        """Return the columns TOPICAL, each ndarray (n,) float64, a dict for each space; `trust` (n,) is 1 less the doubt."""
        rows, own = self.rows, self.bands[0]
        trusted = rows.spread(trust)
        weights = trusted * self.sized
        toward, whole = self._with_sum(np.broadcast_to(weights, own.shape))
        centroid = _with_rest(own, weights, toward, whole)
        counted = trusted * (self.sized > 0)
        mean = self._mean(centroid, counted)
        spread = np.sqrt(self._mean((centroid - mean) ** 2, counted))
        # The worst quarter: below the mean by 0.67 standard deviations, as it is for a normal spread.
        kept = weights * (centroid >= mean - 0.67 * spread - NOTHING)
        toward_kept, whole_kept = self._with_sum(kept)
        nearest, nearest3 = self._nearest(trusted)
        previous, following = rows.places[rows.previous], rows.places[rows.next]
        here = rows.places
        columns = {
            "centroid": centroid[:, here],
            "trimmed": _with_rest(own, kept, toward_kept, whole_kept)[:, here],
            "nearest": nearest[:, here],
            "nearest3": nearest3[:, here],
            "previous": self.bands[np.abs(previous - here), :, np.minimum(previous, here)].T,
            "next": self.bands[np.abs(following - here), :, np.minimum(following, here)].T,
            "block": self._blocks(weights, toward, whole)[:, here],
            "previous_centroid": centroid[:, previous],
            "next_centroid": centroid[:, following],
            "centroid_mean": mean[:, here],
            "centroid_spread": spread[:, here],
            "centroid_z": ((centroid - mean) / (spread + 0.05))[:, here],
            "strength": self.strengths,
        }
        columns |= {name: values[:, here - REACH] for name, values in self._around(weights, toward, whole).items()}
        return [{name: columns[name][space] for name in TOPICAL} for space in range(len(self.units))]

    def _with_sum(self, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the dot product of each with its article's sum, `weights` (s, room), and that sum's square, both (s, room)."""
        toward = np.zeros(weights.shape)
        for table, products, _ in self.windows:
            toward[:, table] = (products @ weights[:, table, None].astype(np.float32))[..., 0]
        if len(self.long):
            owners = self.rows.owners[self.long]
            firsts = np.flatnonzero(np.diff(owners, prepend=-1))
            number = np.repeat(np.arange(len(firsts)), np.diff(firsts, append=len(owners)))
            for space, unit in enumerate(self.units):
                vectors = unit[self.long]
                sums = np.add.reduceat(vectors * weights[space, self.long, None].astype(np.float32), firsts, axis=0)
                toward[space, self.long] = np.einsum("ij,ij->i", vectors, sums[number])
        return toward, self._sums(weights * toward)[:, self.rows.owners]

    def _sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum `values` (..., room) by article, ndarray (..., a)."""
        return np.add.reduceat(values, self.rows.firsts, axis=-1)

    def _mean(self, values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted mean of `values` (s, room) over the article of each place."""
        means = self._sums(values * weights) / (self._sums(weights) + NOTHING)
        return means[:, self.rows.owners]

    def _around(
        self, weights: NDArray[np.float64], toward: NDArray[np.float64], whole: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the columns far, context and bridge at all places but REACH at either end, (s, room - 2 REACH).

        No sum of neighbours is ever taken: its dot products are sums of those of its members.
        """
        last = self.rows.room - REACH

        def moved(values: NDArray[np.float64], by: int) -> NDArray[np.float64]:
            return values[..., REACH + by : last + by]

        # Of each with the one so many places further, both weighted.
        pairs = [weights * self.bands[0] * weights]
        pairs += [weights[:-step] * weights[step:] * self.bands[step, :, :-step] for step in range(1, 2 * REACH + 1)]
        sides = range(1, REACH + 1)
        dot = _total(moved(weights, -i) * moved(self.bands[i], -i) + moved(weights, i) * moved(self.bands[i], 0) for i in sides)
        before = _total(moved(pairs[0], -i) for i in sides) + 2 * _total(
            moved(pairs[i - j], -i) for i in sides for j in range(1, i)
        )
        after = _total(moved(pairs[0], i) for i in sides) + 2 * _total(
            moved(pairs[i - j], j) for i in sides for j in range(1, i)
        )
        joined = _total(moved(pairs[i + j], -i) for i in sides for j in sides)
        near = before + after + 2 * joined
        near_toward = _total(moved(weights * toward, i) + moved(weights * toward, -i) for i in sides)
        weight, cross, square, own = (moved(values, 0) for values in (weights, toward, whole, self.bands[0]))
        rest = square + weight**2 * own + near - 2 * weight * cross - 2 * near_toward + 2 * weight * dot
        return {
            "far": _cosine(cross - weight * own - dot, rest, square),
            "context": _cosine(dot, near, near),
            "bridge": _cosine(joined / np.sqrt(np.maximum(before, NOTHING**2)), after, after),
        }

    def _blocks(
        self, weights: NDArray[np.float64], toward: NDArray[np.float64], whole: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the column block at all places; 1 where there is no block that leaves two other rows outside.

        Members weigh their `sized`, the rest that times trust: `weights`.
        """
        room, sized = self.rows.room, self.sized
        sizes = np.diff(self.rows.bounds)[self.rows.owners]
        filled = self.rows.spread(np.ones(len(self.rows.places), np.bool_))
        # Of the blocks of one row: the square of their sum, that with weights of trust, and of the one with the other; and the
        # dot products of either with the article's sum.
        square, trusted, crossed = sized * sized, weights * weights, sized * weights
        singles = np.stack([a * self.bands[0] for a in (square, trusted, crossed)] + [sized * toward, weights * toward])
        sums = singles
        pairs: list[NDArray[np.float64]] = []  # what two rows so many apart add to the first three
        block = np.ones(toward.shape)
        for size in range(2, _BLOCK + 1):
            count, step = room - size + 1, size - 1
            early, late = slice(None, count), slice(step, None)
            both = np.stack(
                (
                    2 * sized[early] * sized[late],
                    2 * weights[early] * weights[late],
                    sized[early] * weights[late] + weights[early] * sized[late],
                )
            )
            pairs.append(both[:, None] * self.bands[step, :, early])
            # A block is one row longer than the one before: the new row, and its pair with every other.
            sums = sums[..., :count] + singles[..., step:]
            for apart, pair in enumerate(pairs, start=1):
                sums[:3] += pair[..., step - apart : step - apart + count]
            own, known, mixed, cross, gone = sums
            rest = whole[:, :count] - 2 * gone + known
            # Where nothing is left of the rest but rounding dust, there is nothing to fit.
            some = filled[:count] & filled[step:] & (sizes[:count] >= size + 2)
            some = some & (own > NOTHING) & (rest > _DUST * whole[:, :count])
            cosine = np.where(some, (cross - mixed) / np.sqrt(np.where(some, own * rest, 1.0)), 1.0)
            for i in range(size):
                block[:, i : i + count] = np.minimum(block[:, i : i + count], cosine)
        return block

    def _nearest(self, trust: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the similarity with the nearest, and the mean of the three nearest, each times its trust, (s, room)."""
        nearest, nearest3 = np.zeros((2, len(self.units), self.rows.room))
        for table, products, apart in self.windows:
            similar = products * trust[table].astype(np.float32)[:, None, :] + apart
            best = np.sort(similar, axis=-1)[..., -3:]
            valid = np.isfinite(best)
            best[~valid] = 0
            nearest[:, table] = best[..., -1]
            nearest3[:, table] = best.sum(axis=-1) / np.maximum(valid.sum(axis=-1), 1)
        return nearest, nearest3


def _total(parts: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    return reduce(add, parts)


def _with_rest(
    own: NDArray[np.float64], weights: NDArray[np.float64], toward: NDArray[np.float64], whole: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the cosine of each with the weighted sum of its article less itself, whose square is `whole`."""
    return _cosine(toward - weights * own, whole - 2 * weights * toward + weights**2 * own, whole)


def _cosine(dot: NDArray[np.float64], square: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``dot / sqrt(square)``, 0 where nothing but dust is left of the `whole`."""
    some = square > np.maximum(_DUST * whole, 1e-8)
    cosine: NDArray[np.float64] = np.where(some, dot / np.sqrt(np.where(some, square, 1.0)), 0.0)
    return cosine


def _products(table: NDArray[np.int64], units: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the dot product of each with every other in the windows of `table`, ndarray (s, k, m, m)."""
    count, width = table.shape
    products = np.empty((len(units), count, width, width), np.float32)
    for space, unit in enumerate(units):
        vectors = unit[table]
        np.matmul(vectors, vectors.transpose(0, 2, 1), out=products[space])
    return products


def _apart(table: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return minus infinity where a window of `table` has no place or the same one twice, else 0, ndarray (k, m, m)."""
    missing = (table == 0)[:, None, :] | np.eye(table.shape[1], dtype=np.bool_)
    apart: NDArray[np.float32] = np.where(missing, np.float32(-np.inf), np.float32(0))
    return apart


def _windows(rows: Rows) -> Iterator[NDArray[np.int64]]:
    """Cut articles into runs of at most WINDOW rows; yield tables (k, m) of places, 0 where a run is shorter."""
    article, starts, ends = evenly_cut(np.diff(rows.bounds), WINDOW)
    starts, ends = rows.firsts[article] + starts, rows.firsts[article] + ends
    widths = ends - starts
    width = 4
    while width <= WINDOW:
        chosen = (widths <= width) & (widths > (width // 2 if width > 4 else 0))
        # At most 4,096 rows a table: what is made of one is thrown away before the next.
        step = max(1, 4096 // width)
        where = np.flatnonzero(chosen)
        for first in range(0, len(where), step):
            some = where[first : first + step]
            table = starts[some][:, None] + np.arange(width)
            yield np.where(table < ends[some][:, None], table, 0)
        width *= 2
