"""Lexical evidence: the words that a paragraph shares with the rest of its article, and those that it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.evidence.rows import NOTHING, REACH, Rows
from detector.postings import Postings

__all__ = ["LEXICAL", "Words"]

_RARE, _VERY_RARE = 4.5, 7.0  # idf; one article in 90, one in 1,100
LEXICAL = (
    "tfidf",  # cosine of TF-IDF vectors with the rest of the article
    "local",  # the same with document frequencies counted in this article alone: works in any language
    "tfidf_far",  # share of the paragraph's idf that stands more than three paragraphs away
    "tfidf_beside",  # share of it that stands in the paragraph before or after
    "shared",  # share of the paragraph's idf that stands elsewhere in the article
    "shared_z",  # the same against the article's mean
    "surprise",  # how unlikely the shared words are by chance: mean of -ln P(word in so much text), nats
    "rare_shared",  # ln(1 + number) of rare words that stand elsewhere
    "rare_alone",  # ... that stand nowhere else
    "very_rare_shared",
    "very_rare_alone",
    "names_shared",  # rare words with a capital that stand elsewhere
    "names_alone",
    "rarest_shared",  # highest idf of a word that stands elsewhere
    "idf",  # mean idf of the paragraph's words: how special its language is
    "unknown",  # share of words outside the vocabulary
)


@dataclass(frozen=True)
class Words:
    """The words of a batch: what holds of them whoever is doubted.

    Only what two paragraphs of an article hold can be shared, some two entries in five of the postings: the k of them. Of all
    others it is enough to know what they come to in each paragraph.

    Attributes
    ----------
    rows : Rows
    lengths : ndarray (n,) float64
        Terms of each paragraph.
    present, mass, unknown : ndarray (n,) float64
        Different terms of each, their idf summed up, and how many of them the vocabulary does not hold.
    rare, very_rare, names : ndarray (n,) float64
        How many are rare, very rare, and rare with a capital.
    holders : ndarray (k,) int64
        The paragraph of each entry.
    groups : ndarray (k,) int64
        Its term in its article; entries of one are consecutive.
    owners : ndarray (g,) int64
        The article of each group.
    idf, rates : ndarray (k,) float64
        How rare the term is, and how often it comes up in running text.
    is_rare, is_very_rare, is_name : ndarray (k,) float64
        1 where it is.
    together : tuple of ndarrays bool
        Which entries, less the first 1, 2 and 3, have one of the same group so many entries before, at most REACH rows away.
    beside : ndarray (k - 1,) bool
        Of the first of those, which are one row away.
    tfidf, local : _Weighted
        Entries weighted by how rare they are in the language, and in their article.
    """

    rows: Rows
    lengths: NDArray[np.float64]
    present: NDArray[np.float64]
    mass: NDArray[np.float64]
    unknown: NDArray[np.float64]
    rare: NDArray[np.float64]
    very_rare: NDArray[np.float64]
    names: NDArray[np.float64]
    holders: NDArray[np.int64]
    groups: NDArray[np.int64]
    owners: NDArray[np.int64]
    idf: NDArray[np.float64]
    rates: NDArray[np.float64]
    is_rare: NDArray[np.float64]
    is_very_rare: NDArray[np.float64]
    is_name: NDArray[np.float64]
    together: tuple[NDArray[np.bool_], ...]
    beside: NDArray[np.bool_]
    tfidf: _Weighted
    local: _Weighted

    @classmethod
    def of(cls, rows: Rows, postings: Postings) -> Words:
        """Return the words of the `postings` of `rows`."""
        n = len(postings.lengths)

        def by_row(values: NDArray[Any]) -> NDArray[np.float64]:
            return np.bincount(postings.rows, values, minlength=n).astype(float)

        idf = postings.group_idf[postings.groups].astype(float)
        sizes = np.diff(np.append(postings.group_starts, len(postings.groups)))
        rare = idf > _RARE
        name = rare & postings.capital
        logged = 1 + np.log(postings.counts)
        local_idf = np.log((1 + np.diff(rows.bounds)[rows.articles[postings.rows]]) / sizes[postings.groups])
        kept = np.flatnonzero((sizes > 1)[postings.groups])
        holders = postings.rows[kept]
        groups = np.repeat(np.arange((sizes > 1).sum()), sizes[sizes > 1])
        close = []
        for step in range(1, REACH + 1):
            count = max(len(groups) - step, 0)
            close.append((groups[step:] == groups[:count]) & (holders[step:] - holders[:count] <= REACH))
        return cls(
            rows=rows,
            lengths=postings.lengths.astype(float),
            present=by_row(np.ones(len(idf))) + NOTHING,
            mass=by_row(idf) + NOTHING,
            unknown=by_row((postings.group_index < 0)[postings.groups]),
            rare=by_row(rare),
            very_rare=by_row(idf > _VERY_RARE),
            names=by_row(name),
            holders=holders,
            groups=groups,
            owners=rows.articles[postings.rows[postings.group_starts[sizes > 1]]],
            idf=idf[kept],
            rates=np.exp(-idf[kept]) / 300.0,  # an article of the background has about 300 different words
            is_rare=rare[kept].astype(float),
            is_very_rare=(idf[kept] > _VERY_RARE).astype(float),
            is_name=name[kept].astype(float),
            together=tuple(close),
            beside=close[0] & (holders[1:] - holders[:-1] == 1),
            tfidf=_Weighted.of(logged * idf, kept, postings.rows, n),
            local=_Weighted.of(logged * local_idf, kept, postings.rows, n),
        )

    def columns(self, trust: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return the columns LEXICAL, each ndarray (n,) float64; `trust` (n,) is 1 less the doubt."""
        rows, idf = self.rows, self.idf
        trusted = trust[self.holders]
        # Elsewhere: how many other trusted paragraphs of the article hold the term; far: those more than three away.
        elsewhere = np.bincount(self.groups, trusted, minlength=len(self.owners))[self.groups] - trusted
        close, beside = np.zeros((2, len(trusted)))
        for step, together in enumerate(self.together, start=1):
            close[step:] += together * trusted[: len(together)]
            close[: len(together)] += together * trusted[step:]
        beside[1:] += self.beside * trusted[:-1]
        beside[:-1] += self.beside * trusted[1:]
        shared = np.minimum(elsewhere, 1.0)
        shared_mass = self._by_row(idf * shared) / self.mass
        # Surprise: the chance that the rest's words, so many drawn from the language, hold this one.
        words = rows.sums(self.lengths * trust)[rows.articles] - self.lengths * trust
        chance = -np.expm1(-self.rates * np.maximum(words[self.holders], 1.0))
        rare, very_rare, names = (self._by_row(shared * which) for which in (self.is_rare, self.is_very_rare, self.is_name))
        return {
            "tfidf": self._leave_one_out(self.tfidf, trust),
            "local": self._leave_one_out(self.local, trust),
            "tfidf_far": self._by_row(idf * np.minimum(np.maximum(elsewhere - close, 0.0), 1.0)) / self.mass,
            "tfidf_beside": self._by_row(idf * np.minimum(beside, 1.0)) / self.mass,
            "shared": shared_mass,
            "shared_z": shared_mass - rows.means(shared_mass, trust * np.sqrt(self.lengths)),
            "surprise": self._by_row(-np.log(chance + 1e-9) * shared) / self.present,
            "rare_shared": np.log1p(rare),
            "rare_alone": np.log1p(np.maximum(self.rare - rare, 0)),
            "very_rare_shared": np.log1p(very_rare),
            "very_rare_alone": np.log1p(np.maximum(self.very_rare - very_rare, 0)),
            "names_shared": np.log1p(names),
            "names_alone": np.log1p(np.maximum(self.names - names, 0)),
            "rarest_shared": self._row_maximum(idf * shared),
            "idf": (self.mass - NOTHING) / self.present,
            "unknown": self.unknown / self.present,
        }

    def _by_row(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum `values` (k,) by paragraph, ndarray (n,)."""
        return np.bincount(self.holders, values, minlength=len(self.lengths)).astype(float)

    def _row_maximum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the largest of the non-negative `values` (k,) in each paragraph, 0 where there is none, ndarray (n,)."""
        result = np.zeros(len(self.lengths))
        np.maximum.at(result, self.holders, values)
        return result

    def _leave_one_out(self, weighted: _Weighted, trust: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the cosine ``x . (S - x) / |x| |S - x|`` of each row x, S the trusted sum over its article."""
        weights, rows = weighted.weights, self.rows
        mixed = np.bincount(self.groups, weights * trust[self.holders], minlength=len(self.owners))
        # What nobody else holds stands in the sum once, as itself.
        cross = weighted.alone * trust + self._by_row(weights * mixed[self.groups])
        square = rows.sums(weighted.alone * trust**2) + np.bincount(self.owners, mixed**2, minlength=len(rows.bounds) - 1)
        square = square[rows.articles]
        rest = np.maximum(square - 2 * cross * trust + weighted.own * trust**2, 0)
        # Where nothing is left of the rest but rounding dust, nothing is shared.
        cosine = (cross - weighted.own * trust) / np.sqrt(np.maximum(weighted.own * rest, NOTHING))
        return np.where(rest > NOTHING * (1 + square), cosine, 0.0).astype(float)


@dataclass(frozen=True)
class _Weighted:
    """Weights of the entries that can be shared, (k,), and by paragraph the summed squares of all and of the others, (n,)."""

    weights: NDArray[np.float64]
    own: NDArray[np.float64]
    alone: NDArray[np.float64]

    @classmethod
    def of(cls, weights: NDArray[np.float64], kept: NDArray[np.int64], rows: NDArray[np.int64], n: int) -> _Weighted:
        """Return those of the entries `kept` out of all, which stand in `rows`, n of them."""
        own = np.bincount(rows, weights**2, minlength=n).astype(float)
        return cls(weights[kept], own, own - np.bincount(rows[kept], weights[kept] ** 2, minlength=n))
