"""Rows: where each paragraph stands in its article, and sums over articles. What the other modules of evidence share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.paragraphs import Batch

__all__ = ["NOTHING", "REACH", "Rows"]

REACH = 3  # paragraphs on either side that may belong to the same intruding block: blocks are 2 to 4 long
NOTHING = 1e-6  # added to what divides


@dataclass(frozen=True)
class Rows:
    """The rows of a batch, and the places they are spread over: before, between and behind articles are REACH empty ones.

    What is spread can be moved by up to REACH places without running into another article.

    Attributes
    ----------
    bounds : ndarray (a + 1,) int64
        Article ``i`` has the rows from ``bounds[i]`` to ``bounds[i + 1]``.
    articles : ndarray (n,) int64
        The article of each row.
    previous, next : ndarray (n,) int64
        The row before and after in its article; where there is none the one on the other side, or itself when alone.
    places : ndarray (n,) int64
        The place of each row, one of :attr:`room`.
    firsts : ndarray (a,) int64
        The first place of each article.
    owners : ndarray (room,) int64
        The article of each place, an empty one behind its rows that of those.
    """

    bounds: NDArray[np.int64]
    articles: NDArray[np.int64]
    previous: NDArray[np.int64]
    next: NDArray[np.int64]
    places: NDArray[np.int64]
    firsts: NDArray[np.int64]
    owners: NDArray[np.int64]

    @classmethod
    def of(cls, batch: Batch) -> Rows:
        """Return the rows of `batch`."""
        articles, bounds = batch.articles, batch.bounds
        rows = np.arange(len(articles))
        first, last = bounds[articles], bounds[articles + 1] - 1
        previous = np.where(rows > first, rows - 1, np.minimum(rows + 1, last))
        following = np.where(rows < last, rows + 1, np.maximum(rows - 1, first))
        count = np.arange(len(bounds) - 1)
        firsts = bounds[:-1] + REACH * (count + 1)
        owners = np.repeat(count, np.diff(bounds) + REACH)
        owners = np.concatenate((np.zeros(REACH, np.int64), owners))
        return cls(bounds, articles, previous, following, rows + REACH * (articles + 1), firsts, owners)

    @property
    def room(self) -> int:
        """How many places there are."""
        return len(self.owners)

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return `values` (..., n) at their places (..., room), 0 at empty ones."""
        places = np.zeros((*values.shape[:-1], self.room), values.dtype)
        places[..., self.places] = values
        return places

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum `values` (n,) by article, ndarray (a,)."""
        return np.bincount(self.articles, values, minlength=len(self.bounds) - 1).astype(float)

    def means(self, values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted mean of `values` over the article of each row, ndarray (n,)."""
        means: NDArray[np.float64] = self.sums(values * weights) / (self.sums(weights) + NOTHING)
        return means[self.articles]

    def run_means(self, values: NDArray[np.float64], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
        """Mean of `values` (n,) over the rows from each of `starts` to each of `ends`, 0 where there is none."""
        sums = np.concatenate(([0.0], np.cumsum(values)))
        means: NDArray[np.float64] = (sums[ends] - sums[starts]) / np.maximum(ends - starts, 1)
        return means
