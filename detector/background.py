"""Background: what is known of a language before an article is seen.

Its vocabulary and how rare each term is; and what to take a term for that it does not hold, or that stands in a language of
which it holds little. The counterpart is :mod:`detector.learn.background`, which counts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.terms import STEM

__all__ = ["Background", "guessed_idf", "spelt_idf", "strangeness"]

_BUCKET_BITS = 20
# Shares of unknown terms from which a language is a little strange, and wholly. Of the different terms of an article 1 to 7 %
# are unknown in English, 14 % in Spanish, and 32 % in Polish, of which little was read.
_FAMILIAR, _STRANGE = 0.25, 0.6
_TRUSTED = 20  # terms taken for known beforehand: a few strange names are no strange language
# idf by least squares over articles in English (R² .33): a constant, each letter, ln of the paragraphs that hold it and of all.
_GUESS = (0.2, 0.34, 0.65, 0.24)
_LONG = 12  # letters: longer words are no rarer


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

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it was made of: the table put by for looking up, 4 MB, is made anew where it is needed."""
        return Background, (self.hashes, self.idf, self.rows, self.unknown_idf)

    @cached_property
    def _buckets(self) -> tuple[NDArray[np.int32], int]:
        """First vocabulary index of each bucket of leading hash bits, and the size of the fullest bucket."""
        sizes = np.bincount((self.hashes >> np.uint64(64 - _BUCKET_BITS)).astype(np.int64), minlength=1 << _BUCKET_BITS)
        firsts = np.zeros(len(sizes), np.int32)
        np.cumsum(sizes[:-1], out=firsts[1:])
        return firsts, int(sizes.max())

    def rows_of(self, index: NDArray[Any]) -> NDArray[np.int32]:
        """Return the row of terms by their vocabulary `index`, -1 where they have none and where that is -1; like it, int32."""
        rows = np.full(len(index), -1, np.int32)
        known = np.flatnonzero(index >= 0)
        rows[known] = self.rows[index[known]]
        return rows

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


def strangeness(known: NDArray[np.bool_], articles: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return how strange the language of each group's article is, 0..1, by the share of its terms that are not `known`."""
    unknown = np.bincount(articles, ~known, minlength=count) / (np.bincount(articles, minlength=count) + _TRUSTED)
    return np.clip((unknown - _FAMILIAR) / (_STRANGE - _FAMILIAR), 0, 1)[articles].astype(float)


def guessed_idf(letters: NDArray[np.int64], holders: NDArray[np.int64], paragraphs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the idf of terms of which nothing is known but how long they are and how many of the `paragraphs` hold them."""
    at, per_letter, per_holder, per_paragraph = _GUESS
    guess = at + per_letter * np.minimum(letters, _LONG) - per_holder * np.log(holders) + per_paragraph * np.log(paragraphs)
    return np.maximum(guess, 0.2)


def spelt_idf(idf: NDArray[np.float32], strange: NDArray[np.float32], letters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the `idf` of words as they are spelt, of so many `letters`, and not as their stems, in a language so `strange`."""
    spelt: NDArray[np.float64] = idf + strange * _GUESS[1] * (np.clip(letters, STEM, _LONG) - STEM)
    return spelt
