"""Projection: articles in, the map that pulls an article's paragraphs together out.

Fits :class:`detector.vectors.Projection` to the question of :mod:`detector.learn.contrast`, by stochastic gradient descent.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from detector.background import Background
from detector.learn.contrast import Corpus, draw, info_nce
from detector.vectors import Projection

__all__ = ["ProjectionSettings", "fit_projection", "idf_of_rows"]

_log = logging.getLogger(__name__)
_EPSILON = 1e-6


@dataclass(frozen=True)
class ProjectionSettings:
    """How the projection is learned.

    Attributes
    ----------
    dimensions : int
        Width of the dense vectors; even.
    steps, batch : int
        Gradient steps, and articles a step.
    learning_rate : float
        Of row-wise Adagrad (one accumulator a term); falls linearly to a twentieth.
    temperature : float
        Of the softmax over the batch's articles.
    seed : int
    """

    dimensions: int = 192
    steps: int = 4000
    batch: int = 768
    learning_rate: float = 0.2
    temperature: float = 0.05
    seed: int = 0


def fit_projection(
    corpus: Corpus,
    background: Background,
    settings: ProjectionSettings | None = None,
    term_vectors: NDArray[np.float32] | None = None,
) -> Projection:
    """Learn the projection of `background`'s projected terms from `corpus`.

    Parameters
    ----------
    corpus : Corpus
    background : Background
    settings : ProjectionSettings, optional
    term_vectors : ndarray (p, k) float32, optional
        What a teacher knows of the first p projected terms: half of their dimensions start from its principal components
        instead of at random. Rare words, which learning seldom meets, keep what the teacher knows of them.
    """
    settings = settings or ProjectionSettings()
    rng = np.random.default_rng(settings.seed)
    width = corpus.bags.shape[1]
    table = _initial(background, width, settings.dimensions, rng, term_vectors)
    if not corpus.teaches:
        return Projection.packed(table)
    accumulator = np.full(width, _EPSILON, np.float32)
    began, smoothed = time.monotonic(), 0.0
    # The gradient of one half of the columns is scattered while the other half's is: scipy releases the GIL.
    with ThreadPoolExecutor(2) as pool:
        for step in range(settings.steps):
            query, rest = draw(corpus, settings.batch, rng)
            loss, used, gradient = _gradient(table, query, rest, settings.temperature, pool)
            accumulator[used] += np.einsum("ij,ij->i", gradient, gradient) / settings.dimensions
            rate = settings.learning_rate * (1 - 0.95 * step / settings.steps)
            table[used] -= gradient * (rate / np.sqrt(accumulator[used]))[:, None]
            smoothed = loss if step == 0 else 0.98 * smoothed + 0.02 * loss
            if step % 100 == 99:
                _log.info("projection: step %d, loss %.3f, %.0f s", step + 1, smoothed, time.monotonic() - began)
    return Projection.packed(table)


def idf_of_rows(background: Background) -> NDArray[np.float32]:
    """Return the idf of each projected term, by its row, ndarray (p,) float32."""
    known = background.rows >= 0
    idf = np.zeros(int(known.sum()), np.float32)
    idf[background.rows[known]] = background.idf[known]
    return idf


def _initial(
    background: Background, width: int, dimensions: int, rng: np.random.Generator, term_vectors: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Return where learning starts: random directions, and a teacher's if there is one, scaled by idf.

    Random directions keep words apart, as TF-IDF does; a teacher's bring words of one meaning together.
    """
    idf = idf_of_rows(background)
    table = rng.standard_normal((width, dimensions), np.float32)
    if term_vectors is not None:
        taught = _principal(term_vectors, np.exp(-idf[: len(term_vectors)]), dimensions // 2)
        table[: len(taught), dimensions - taught.shape[1] :] = taught
    table *= (idf / np.sqrt(dimensions))[:, None]
    return table


def _principal(vectors: NDArray[np.float32], weights: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return `vectors`, less their mean by `weights`, on their `count` principal axes, at unit variance overall."""
    centred = vectors - weights @ vectors / weights.sum()
    _, axes = np.linalg.eigh(centred.T @ centred)
    turned = centred @ axes[:, ::-1][:, :count]
    scaled: NDArray[np.float32] = turned / np.sqrt((turned**2).mean())
    return scaled


def _gradient(
    table: NDArray[np.float32], query: csr_array, rest: csr_array, temperature: float, pool: ThreadPoolExecutor
) -> tuple[float, NDArray[np.int64], NDArray[np.float32]]:
    """Return the loss of a batch, the rows of `table` it uses and the gradient by them."""
    both = vstack((query, rest), format="csr")
    used, columns = np.unique(both.indices, return_inverse=True)
    both = csr_array((both.data, columns.astype(np.int32), both.indptr), shape=(both.shape[0], len(used)))
    local = table[used]
    middle = both.shape[0] // 2
    parts = [both[:middle], both[middle:]]
    outputs = np.vstack(list(pool.map(lambda part: part @ local, parts)))
    loss, d_outputs = info_nce(outputs, temperature)
    half = d_outputs.shape[1] // 2
    transposed = both.T
    halves = [np.ascontiguousarray(d_outputs[:, :half]), np.ascontiguousarray(d_outputs[:, half:])]
    gradient = np.hstack(list(pool.map(lambda columns_: transposed @ columns_, halves)))
    return loss, used, gradient
