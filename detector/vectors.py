"""Vectors: postings in, one dense topical vector a paragraph and what it is worded like out.

Through a :class:`Projection`, learned or taught, a paragraph's terms become its vector; through a :class:`Lexicon`, the logit
of its being worded like furniture. The counterparts are :mod:`detector.learn.projection`, :mod:`detector.learn.distillation`
and :mod:`detector.learn.lexicon`, which fit them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from detector.background import Background
from detector.postings import EDGED, PAIRS, Postings
from detector.terms import RADIX, mixed

__all__ = ["Affixes", "Lexicon", "Projection", "affix_bags", "grounded", "projected", "scattered"]

_MIDDLE = np.float32(8)  # what stands for nothing among the 16 numbers of four bits
# Both numbers of each byte, less what stands for nothing, as one of eight bytes: looked up, not worked out.
_PAIRED = np.stack([np.arange(256) & 15, np.arange(256) >> 4], axis=1).astype(np.float32) - _MIDDLE
_FEW = 1 << 12  # terms that are sorted faster than a table of all is gone through: an article's
_GROUND = 0.5  # of a term's length; a quarter less or a third more finds as much
_SLICE = 1 << 14  # terms at a time, so that memory stays bounded whatever the article


@dataclass(frozen=True)
class Projection:
    """The learned map from term counts to a dense topical vector, in four bits a number.

    Four bits lose nothing that eight keep: the loss of picking the right one of 300 held-out articles rises from 2.106 to 2.108
    on web pages. In their place stand twice as many dimensions.

    Attributes
    ----------
    weights : ndarray (p, d / 2) uint8
        The numbers -7 .. 7, as 1 .. 15: dimension ``2 j`` in the low four bits of column ``j``, ``2 j + 1`` in the high ones.
    scales : ndarray (p,) float32
        Row ``i`` of the map is the numbers of row ``i`` times ``scales[i]``.
    """

    weights: NDArray[np.uint8]
    scales: NDArray[np.float32]

    @classmethod
    def packed(cls, table: NDArray[np.float32]) -> Projection:
        """Return `table`, ndarray (p, d) float32 with an even d, at four bits a number."""
        scales = np.abs(table).max(axis=1, initial=0.0) / np.float32(7)
        scales[scales == 0] = 1
        levels = (np.rint(table / scales[:, None]) + _MIDDLE).astype(np.uint8)
        return cls(levels[:, ::2] | (levels[:, 1::2] << 4), scales.astype(np.float32))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it was made of: a model that was used has the fingerprint of one that was not."""
        return Projection, (self.weights, self.scales)

    @cached_property
    def length(self) -> float:
        """How long its rows are on average, by a thousand of them."""
        some = np.arange(0, len(self.weights), max(len(self.weights) // 1000, 1))
        return float(self.lengths(some).mean()) if len(some) else 0.0

    def levels(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the numbers of rows of the map, -7 .. 7, 0 for rows beyond it; `index` rises; ndarray (k, d) float32."""
        packed = self.weights[index[: np.searchsorted(index, len(self.weights))]]
        pairs = np.zeros((len(index), packed.shape[1]), np.uint64)
        # Any other mode than "clip" makes a copy first.
        _PAIRED.view(np.uint64)[:, 0].take(packed, out=pairs[: len(packed)], mode="clip")
        return pairs.view(np.float32)

    def lengths(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return how long rows of the map are, ndarray (k,) float32: a word that could stand anywhere is short."""
        packed = self.weights[index]
        squares = np.square(np.arange(16, dtype=np.int64) - int(_MIDDLE)).astype(np.float32)
        lengths: NDArray[np.float32] = np.sqrt((squares[packed & 15] + squares[packed >> 4]).sum(axis=1)) * self.scales[index]
        return lengths


@dataclass(frozen=True)
class Affixes:
    """What a term without a row of a projection is taken to mean: the sum of what words mean that begin and end as it does.

    A bag of subwords (Bojanowski et al. 2017; Zhao et al. 2018), of which only the ends are kept. An eighth of what web pages
    say, by idf, is said in words that have no row: the loss of picking the right one of 300 of them falls from 2.252 to 2.152.

    Attributes
    ----------
    hashes : ndarray (a,) uint64
        The affixes that are known, sorted by their hashes: :func:`~detector.terms.affixes_of`.
    vectors : Projection
        A row for each.
    """

    hashes: NDArray[np.uint64]
    vectors: Projection

    def project(self, postings: Postings) -> NDArray[np.float32]:
        """Return what the terms without a row add to the paragraphs, ndarray (n, d) float32."""
        (spelt,) = projected(affix_bags(postings.spellings, self.hashes), [self.vectors])
        added: NDArray[np.float32] = postings.spelt_bags() @ spelt
        return added


def affix_bags(spellings: NDArray[np.uint64], hashes: NDArray[np.uint64]) -> csr_array:
    """Return words as bags of the affixes they are known by, csr (s, a): ``1 / sqrt(k)`` in each of its k.

    Parameters
    ----------
    spellings : ndarray (s, 7) uint64
        Affixes of each word: :func:`~detector.terms.affixes_of`.
    hashes : ndarray (a,) uint64
        Those that are known, sorted.
    """
    numbers = np.searchsorted(hashes, spellings)
    known = np.append(hashes, np.uint64(0))[numbers] == spellings
    known &= spellings > 0
    count = known.sum(axis=1)
    values = np.repeat((1 / np.sqrt(np.maximum(count, 1))).astype(np.float32), count)
    starts = np.concatenate(([0], np.cumsum(count))).astype(np.int32)
    return csr_array((values, numbers[known].astype(np.int32), starts), shape=(len(spellings), len(hashes)))


def projected(bags: csr_array, maps: Sequence[Projection]) -> list[NDArray[np.float32]]:
    """Return ``bags @ map`` of each of `maps`, ndarrays (n, d) float32, terms beyond a map's rows left out.

    Only rows in use are ever unpacked.
    """
    width = bags.shape[1]
    if bags.nnz < _FEW:
        rows, local = np.unique(bags.indices, return_inverse=True)
    else:
        used = np.zeros(width, np.bool_)
        used[bags.indices] = True
        rows = np.flatnonzero(used)
        local = (np.cumsum(used, dtype=np.int32) - 1)[bags.indices]
    spaces = []
    for each in maps:
        scales = np.zeros(len(rows), np.float32)
        known = rows[: np.searchsorted(rows, len(each.weights))]
        scales[: len(known)] = each.scales[known]
        # Scaled here, one number a term, the numbers themselves are left as they are.
        scaled = csr_array((bags.data * scales[local], local, bags.indptr), shape=(bags.shape[0], len(rows)))
        spaces.append(scaled @ each.levels(rows))
    return spaces


def grounded(vectors: NDArray[np.float32], length: float, terms: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `vectors` with one component more, the same for all that hold so many terms, ndarray (n, d + 1) float32.

    It is ``length / 2 * (1 + terms)^(1/4)``, and 0 where a vector is. What a paragraph says in words that could stand anywhere
    has a direction, too, but a random one: with the ground that all share, such paragraphs are like any, and not like none
    (shrinkage towards the mean). In the taught space, whose cosine with the rest of the article alone then finds an intruder
    (200 articles each), average precision rises from .86 to .88 in news, from .80 to .85 on web pages and from .67 to .77 in
    BBC text. A root is what the noise of a sum grows by; with it headlines are found better and all else worse.

    Parameters
    ----------
    vectors : ndarray (n, d) float32
    length : float
        How long the vector of a term is: :attr:`Projection.length`.
    terms : ndarray (n,) float32
        How many terms each paragraph holds.
    """
    ground = _GROUND * length * (1 + terms) ** 0.25 * vectors.any(axis=1)
    return np.column_stack((vectors, ground.astype(np.float32)))


def scattered(postings: Postings, dimensions: int) -> NDArray[np.float32]:
    """Return what the terms of strange languages add to the dense vectors, ndarray (n, dimensions) float32.

    Every term has a direction of its own, drawn by its identity, and the length of its idf: what paragraphs share in this
    space they share in terms, as in the one that projections start from (random indexing, Sahlgren 2005).
    """
    dense = np.zeros((len(postings.lengths), dimensions), np.float32)
    strange = np.flatnonzero(postings.strange)
    for first in range(0, len(strange), _SLICE):
        dense += _scattered(postings, strange[first : first + _SLICE], dimensions)
    return dense


def _scattered(postings: Postings, groups: NDArray[np.int64], dimensions: int) -> NDArray[np.float32]:
    """Return what the terms of some `groups`, in rising order, add."""
    words = np.arange(-(-dimensions // 64), dtype=np.uint64)
    seeds = postings.group_identity[groups].astype(np.uint64)[:, None] * np.uint64(RADIX) + words
    signs = np.unpackbits(mixed(seeds).view(np.uint8), axis=1)[:, :dimensions].astype(np.float32)
    lengths = postings.strange[groups] * postings.group_idf[groups] / np.float32(np.sqrt(dimensions))
    directions = (2 * signs - 1) * lengths[:, None]
    column = np.full(len(postings.strange), -1, np.int64)
    column[groups] = np.arange(len(groups))
    columns = column[postings.groups]
    kept = columns >= 0
    values = 1 + np.log(postings.counts[kept])
    shape = (len(postings.lengths), len(groups))
    dense: NDArray[np.float32] = csr_array((values, (postings.rows[kept], columns[kept])), shape=shape) @ directions
    return dense


@dataclass(frozen=True)
class Lexicon:
    """What furniture is worded like: a linear model over the words of a paragraph and the pairs they make.

    Attributes
    ----------
    weights : ndarray (v,) float32
        By vocabulary index; positive speaks for furniture. Unknown words weigh nothing.
    pairs : ndarray (2**17,) float32
        By :attr:`Postings.pairs` and :attr:`Postings.edges`. "The newsletter was launched" is no "Sign up for the newsletter".
    bias : float
    """

    weights: NDArray[np.float32]
    pairs: NDArray[np.float32]
    bias: float

    @classmethod
    def blank(cls, background: Background) -> Lexicon:
        """Return a lexicon by which nothing weighs anything."""
        return cls(np.zeros(len(background.hashes), np.float32), np.zeros(PAIRS, np.float32), 0.0)

    def logits(self, postings: Postings) -> NDArray[np.float64]:
        """Return ``bias + (weights of the words, of all pairs and twice of the edges) / sqrt(their number)``, (n,) float64."""
        n = len(postings.lengths)
        known = postings.group_index >= 0
        weight = np.zeros(len(postings.group_index))
        weight[known] = self.weights[postings.group_index[known]]
        words = np.bincount(postings.rows, weight[postings.groups], minlength=n)
        pairs = np.bincount(postings.pair_rows, self.pairs[postings.pairs], minlength=n)
        edges = self.pairs[postings.edges].sum(axis=1, dtype=float) * (postings.lengths > 0)
        total = words + pairs + EDGED * edges
        logits: NDArray[np.float64] = self.bias + total / np.sqrt(np.maximum(postings.wordings, 1))
        return logits
