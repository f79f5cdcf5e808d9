"""Vectors: terms in, what each paragraph holds of them out.

In: a :class:`~detector.paragraphs.Batch`. Out: :class:`Postings` (which term stands in which paragraph, sorted by article
and term, weighted by what the :class:`Background` knows) and, through the :class:`Projection`, one dense topical vector a
paragraph. The counterpart is :mod:`detector.learn.background` and :mod:`detector.learn.projection`, which fit the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from detector.paragraphs import SENTENCE_ENDS, Batch
from detector.terms import Terms, codes_of, is_capital, is_digit, terms_of

__all__ = ["PAIRS", "Background", "Lexicon", "Postings", "Projection", "postings_of"]

_BUCKET_BITS = 20
_PAIR_BITS = 17  # of their hash, by which pairs of words are told apart
PAIRS = 1 << _PAIR_BITS
_QUOTES = "\"'“‘„«»‚「『"
_UNKNOWN_BITS = 28  # identity kept of a term outside the vocabulary; 500 of them in an article collide once in 2,000 articles


@dataclass(frozen=True)
class Background:
    """What is known of a language before an article is seen.

    Attributes
    ----------
    hashes : ndarray (v,) uint64
        The vocabulary, sorted by term hash.
    idf : ndarray (v,) float32
        ``ln((N + 1) / (df + 0.5))`` over the N articles of the language in which the term is most frequent.
    rows : ndarray (v,) int32
        The term's row in the projection, -1 for none.
    unknown_idf : float
        The idf of every term outside the vocabulary.
    """

    hashes: NDArray[np.uint64]
    idf: NDArray[np.float32]
    rows: NDArray[np.int32]
    unknown_idf: float

    @cached_property
    def _buckets(self) -> tuple[NDArray[np.int32], int]:
        """First vocabulary index of each bucket of leading hash bits, and the size of the fullest bucket."""
        sizes = np.bincount((self.hashes >> np.uint64(64 - _BUCKET_BITS)).astype(np.int64), minlength=1 << _BUCKET_BITS)
        firsts = np.zeros(len(sizes), np.int32)
        np.cumsum(sizes[:-1], out=firsts[1:])
        return firsts, int(sizes.max())

    def lookup(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the vocabulary index of each hash, -1 where unknown; ndarray like `hashes`, int32."""
        found = np.full(len(hashes), -1, np.int32)
        if not len(self.hashes):
            return found
        firsts, fullest = self._buckets
        index = firsts[(hashes >> np.uint64(64 - _BUCKET_BITS)).astype(np.int64)]
        pending = np.arange(len(hashes))
        for _ in range(fullest):
            candidate = self.hashes[np.minimum(index, len(self.hashes) - 1)]
            wanted = hashes[pending]
            hit = candidate == wanted
            found[pending[hit]] = index[hit]
            # The vocabulary is sorted: past the wanted hash there is nothing to find.
            more = candidate < wanted
            pending, index = pending[more], index[more] + 1
            if not len(pending):
                break
        return found


@dataclass(frozen=True)
class Projection:
    """The learned map from term counts to a dense topical vector, in four bits a number.

    Four bits lose nothing that eight keep: the loss of picking the right one of 300 held-out articles rises from 2.106 to 2.108
    on web pages. In their place stand twice as many dimensions.

    Attributes
    ----------
    weights : ndarray (p, d / 2) uint8
        The numbers -7 .. 7, as 1 .. 15: dimension ``j`` of the first half in the low four bits of column ``j``, the second half
        in the high ones.
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
        levels = (np.rint(table / scales[:, None]) + 8).astype(np.uint8)
        middle = levels.shape[1] // 2
        return cls(levels[:, :middle] | (levels[:, middle:] << 4), scales.astype(np.float32))

    def rows(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return rows of the map, ndarray (k, d) float32."""
        packed = self.weights[index]
        levels = np.hstack((packed & 15, packed >> 4)).astype(np.float32)
        levels -= 8
        levels *= self.scales[index, None]
        return levels

    def project(self, bags: csr_array) -> NDArray[np.float32]:
        """Return ``bags @ map``, ndarray (n, d) float32; only the rows in use are ever unpacked."""
        used = np.zeros(len(self.weights), np.bool_)
        used[bags.indices] = True
        rows = np.flatnonzero(used)
        compact = np.cumsum(used, dtype=np.int32) - 1
        local = csr_array((bags.data, compact[bags.indices], bags.indptr), shape=(bags.shape[0], len(rows)))
        dense: NDArray[np.float32] = local @ self.rows(rows)
        return dense


@dataclass(frozen=True)
class Lexicon:
    """What furniture is worded like: a linear model over the words of a paragraph and the pairs they make.

    Attributes
    ----------
    weights : ndarray (v,) float32
        By vocabulary index; positive speaks for furniture. Unknown words weigh nothing.
    pairs : ndarray (2**17,) float32
        By :attr:`Postings.pairs`. "The newsletter was launched" is no "Sign up for the newsletter".
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
        """Return ``bias + (weights of the different words and of all pairs) / sqrt(their number)``, ndarray (n,) float64."""
        n = len(postings.lengths)
        known = postings.group_index >= 0
        weight = np.zeros(len(postings.group_index))
        weight[known] = self.weights[postings.group_index[known]]
        total = np.bincount(postings.rows, weight[postings.groups], minlength=n)
        total += np.bincount(postings.pair_rows, self.pairs[postings.pairs], minlength=n)
        logits: NDArray[np.float64] = self.bias + total / np.sqrt(np.maximum(postings.wordings, 1))
        return logits


@dataclass(frozen=True)
class Postings:
    """Which term stands in which paragraph; one entry a (paragraph, term) pair, sorted by article, term, paragraph.

    Attributes
    ----------
    rows : ndarray (k,) int64
        The paragraph, a row of the batch.
    counts : ndarray (k,) float32
        How often the term stands in the paragraph.
    groups : ndarray (k,) int64
        The (article, term) pair the entry belongs to; entries of one group are consecutive.
    group_starts : ndarray (g,) int64
        First entry of each group.
    group_index : ndarray (g,) int32
        Vocabulary index of the group's term, -1 for an unknown one.
    group_idf : ndarray (g,) float32
    pairs : ndarray (t,) int64
        For each term of the text, a number below PAIRS that stands for it and the term before it in its paragraph.
    pair_rows : ndarray (t,) int64
        The paragraph of each.
    lengths : ndarray (n,) float32
        Terms of each paragraph, repeats counted.
    capitals, digits : ndarray (n,) float64
        Share of the terms that begin with a capital letter, with a digit.
    closed, cut, exclaims, quoted : ndarray (n,) float64
        1 where the paragraph ends as a sentence does, in dots of omission, in an exclamation or question mark, and where it
        begins with a quotation mark; else 0.
    openings, wholes : ndarray (n,) uint64
        The same number for paragraphs that begin with the same word, or any number, and for those of the same words.
    """

    rows: NDArray[np.int64]
    counts: NDArray[np.float32]
    groups: NDArray[np.int64]
    group_starts: NDArray[np.int64]
    group_index: NDArray[np.int32]
    group_idf: NDArray[np.float32]
    pairs: NDArray[np.int64]
    pair_rows: NDArray[np.int64]
    lengths: NDArray[np.float32]
    capitals: NDArray[np.float64]
    digits: NDArray[np.float64]
    closed: NDArray[np.float64]
    cut: NDArray[np.float64]
    exclaims: NDArray[np.float64]
    quoted: NDArray[np.float64]
    openings: NDArray[np.uint64]
    wholes: NDArray[np.uint64]

    @property
    def wordings(self) -> NDArray[np.float64]:
        """How many different words and how many pairs each paragraph holds, (n,): of pairs there are as many as words."""
        number: NDArray[np.float64] = np.bincount(self.rows, minlength=len(self.lengths)) + self.lengths.astype(float)
        return number

    def bags(self, background: Background) -> csr_array:
        """Return the paragraphs as bags of projected terms, csr (n, p): ``1 + ln(count)`` in the term's projection row."""
        known = self.group_index >= 0
        group_rows = np.full(len(known), -1, np.int32)
        group_rows[known] = background.rows[self.group_index[known]]
        columns = group_rows[self.groups]
        kept = columns >= 0
        n, width = len(self.lengths), int(background.rows.max(initial=-1)) + 1
        values = 1 + np.log(self.counts[kept])
        return csr_array((values, (self.rows[kept], columns[kept])), shape=(n, width), dtype=np.float32)


def postings_of(batch: Batch, background: Background) -> Postings:
    """Count the terms of every paragraph of `batch` and look them up in `background`."""
    terms = terms_of(batch.codes)
    first, sizes = _extents(terms, batch)
    # Between paragraphs there is only white space, so the rows' terms follow one another without a gap.
    term_rows = np.repeat(np.arange(len(sizes)), sizes)
    index = background.lookup(terms.hashes).astype(np.int64)
    unknown = (1 << _UNKNOWN_BITS) | (terms.hashes >> np.uint64(64 - _UNKNOWN_BITS)).astype(np.int64)
    identity = np.where(index >= 0, index, unknown)
    # One sort puts everything in order: article, then term, then paragraph, packed into 63 bits.
    row_bits = max(1, len(batch.starts).bit_length())
    article_bits = max(1, len(batch.bounds).bit_length())
    if article_bits + row_bits + _UNKNOWN_BITS + 1 > 63:
        raise ValueError(
            f"a batch of {len(batch.bounds) - 1} articles with {len(batch.starts)} paragraphs is too large to index; "
            "split it into smaller ones"
        )
    keys = ((batch.articles[term_rows] << (_UNKNOWN_BITS + 1)) | identity) << row_bits | term_rows
    keys.sort()
    entry = np.flatnonzero(np.concatenate((keys[:1] >= 0, keys[1:] != keys[:-1])))
    counts = np.diff(np.append(entry, len(keys))).astype(np.float32)
    keys = keys[entry]
    rows = keys & ((1 << row_bits) - 1)
    keys >>= row_bits
    opens = np.concatenate((keys[:1] >= 0, keys[1:] != keys[:-1]))
    group_starts = np.flatnonzero(opens)
    group_identity = keys[group_starts] & ((1 << (_UNKNOWN_BITS + 1)) - 1)
    group_index = np.where(group_identity >> _UNKNOWN_BITS, -1, group_identity).astype(np.int32)
    group_idf = np.full(len(group_index), background.unknown_idf, np.float32)
    known = group_index >= 0
    group_idf[known] = background.idf[group_index[known]]
    initials = batch.codes[terms.starts]
    shared = np.maximum(sizes, 1)
    filled = (batch.ends > batch.starts).astype(float)
    heads, tails = (batch.codes[np.minimum(at, len(batch.codes) - 1)] for at in (batch.starts, np.maximum(batch.ends - 1, 0)))
    return Postings(
        rows,
        counts,
        np.cumsum(opens) - 1,
        group_starts,
        group_index,
        group_idf,
        _pairs(terms.hashes, term_rows),
        term_rows,
        sizes.astype(np.float32),
        capitals=np.bincount(term_rows, is_capital(initials), len(sizes)) / shared,
        digits=np.bincount(term_rows, is_digit(initials), len(sizes)) / shared,
        closed=np.isin(tails, codes_of(SENTENCE_ENDS)) * filled,
        cut=_is_cut(batch, tails) * filled,
        exclaims=np.isin(tails, codes_of("!?！？؟")) * filled,
        quoted=np.isin(heads, codes_of(_QUOTES)) * filled,
        openings=_openings(terms, batch, first, sizes),
        wholes=_wholes(terms, first, sizes),
    )


def _is_cut(batch: Batch, tails: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which rows, whose last characters are `tails`, end in an ellipsis or two full stops, ndarray (n,) bool."""
    dot = ord(".")
    before = batch.codes[np.maximum(batch.ends - 2, 0)]
    cut: NDArray[np.bool_] = (tails == ord("…")) | ((tails == dot) & (before == dot) & (batch.ends - batch.starts > 1))
    return cut


def _extents(terms: Terms, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each row's first term and how many terms it has, ndarrays (n,) int64."""
    first = np.searchsorted(terms.starts, batch.starts)
    return first, np.searchsorted(terms.starts, batch.ends) - first


def _openings(terms: Terms, batch: Batch, first: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the hash of each row's first term, 1 for a number, 0 for a row without terms, ndarray (n,) uint64."""
    some = sizes > 0
    opening = first[some]
    openings = np.zeros(len(sizes), np.uint64)
    openings[some] = np.where(is_digit(batch.codes[terms.starts[opening]]), np.uint64(1), terms.hashes[opening])
    return openings


def _wholes(terms: Terms, first: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the sum of the hashes of each row's terms, modulo 2**64, ndarray (n,) uint64."""
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(terms.hashes)))
    wholes: NDArray[np.uint64] = sums[first + sizes] - sums[first]
    return wholes


def _pairs(hashes: NDArray[np.uint64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number below PAIRS for each term and the one before it, the first of a row with none before it."""
    before = np.zeros_like(hashes)
    before[1:] = np.where(rows[1:] == rows[:-1], hashes[:-1], 0)
    # An odd factor keeps "a b" from being "b a"; the product's high bits depend on all of both.
    mixed = (hashes ^ (before * np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xD6E8FEB86659FD93)
    numbers: NDArray[np.int64] = (mixed >> np.uint64(64 - _PAIR_BITS)).astype(np.int64)
    return numbers
