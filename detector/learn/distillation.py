"""Distillation: articles and a teacher in, what the teacher knows of each term out.

A teacher, such as a sentence encoder, has read far more than the articles, but is slow. It reads the projected terms one by
one, and passages of the articles chosen so that every term stands in some; then each term gets the vector that, added up over
a passage, comes nearest to the teacher's vector of it. Last, those axes are kept on which articles differ.

The sum of term vectors explains 65 % of the variance of what MiniLM says of passages it was not fitted to; the vectors of
single words explain 39 %.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from detector.background import Background
from detector.learn.articles import Article
from detector.learn.background import chunks, spellings
from detector.learn.contrast import Corpus, draw, info_nce
from detector.learn.projection import idf_of_rows
from detector.paragraphs import batch_of
from detector.postings import postings_of
from detector.vectors import Projection

__all__ = ["DistillationSettings", "Teacher", "distilled", "fit_taught"]

Teacher = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts, p str, to their vectors, ndarray (p, k): the ``encode`` of a sentence encoder, say."""

_log = logging.getLogger(__name__)
_PASSAGE = 320  # characters: a few sentences; a teacher's time goes with the length, what it tells of a word does not
_SHORTEST = 40
_SEEN = 3  # passages in which a term is read, as long as there are as many
_PENALTY = 1.0  # pull towards the vector of the word alone; 0.3 and 3 explain passages not fitted to 2 % and 0 % less
_ITERATIONS = 15  # of conjugate gradients; no other number was tried
_WHITENING = 0.4  # power of the standard deviations by which axes are evened out before they are turned
_BATCH, _TEMPERATURE = 768, 0.05  # of the contrast; the same as for the projection
_EPSILON = 1e-6


@dataclass(frozen=True)
class DistillationSettings:
    """How a teacher is listened to.

    Attributes
    ----------
    dimensions : int
        Width of the taught space; even.
    terms : int
        How many of the most frequent projected terms it holds. Of 56,000, the rarest 13,000 gave nothing: AP over 19 tiers .865
        with and without them.
    characters : int
        How much text the teacher reads: 28 million take MiniLM a quarter of an hour on two cores.
    steps : int
        Gradient steps in choosing the axes; more than 600 gave nothing.
    seed : int
    """

    dimensions: int = 192
    terms: int = 43_000
    characters: int = 28_000_000
    steps: int = 600
    seed: int = 0


def distilled(
    articles: Sequence[Article], background: Background, teacher: Teacher, settings: DistillationSettings
) -> NDArray[np.float32]:
    """Return a vector for each projected term, ndarray (p, k) float32, whose sum over a text comes near the teacher's of it.

    With the passages as rows of ``Z``, TF-IDF of unit length, and the teacher's vectors less their mean as rows of ``T``, the
    rows of ``E`` minimise ``|Z E - T|² + penalty |E - a W|²``: ridge regression towards the teacher's vectors ``W`` of the
    words alone, ``a`` being the factor by which those explain the passages best.
    """
    idf = idf_of_rows(background)
    words = _unit(teacher(spellings(articles, background)))
    words -= np.exp(-idf) @ words / np.exp(-idf).sum()
    passages = _passages(articles, background, settings)
    _log.info("teacher: %d words, %d passages, %d dimensions", len(words), len(passages), words.shape[1])
    vectors = _fitted(words, passages, background, teacher) if passages else words
    vectors *= idf[:, None]
    table: NDArray[np.float32] = (vectors / np.sqrt((vectors**2).sum(axis=1).mean() + _EPSILON)).astype(np.float32)
    return table


def _fitted(
    words: NDArray[np.float32], passages: Sequence[str], background: Background, teacher: Teacher
) -> NDArray[np.float32]:
    """Return `words` moved to where their sums explain what the teacher says of `passages`."""
    target = _unit(teacher(passages))
    target -= target.mean(axis=0)
    bags = _weighted(_bags(passages, background), idf_of_rows(background))
    explained = bags @ words
    words *= float((explained * target).sum() / max((explained**2).sum(), _EPSILON))
    vectors = words + _ridge(bags, target - bags @ words)
    left = ((target - bags @ vectors) ** 2).sum() / max((target**2).sum(), _EPSILON)
    _log.info("teacher: %.0f %% of what it says of passages explained", 100 * (1 - left))
    return vectors


def fit_taught(term_vectors: NDArray[np.float32], corpus: Corpus, settings: DistillationSettings) -> Projection:
    """Return `term_vectors` on the axes, mixed and stretched, on which the paragraphs of `corpus` tell articles apart best.

    Only the map from k to `settings.dimensions` axes is learned, by the question of :mod:`detector.learn.contrast`: too few
    numbers to forget what the teacher knows of rare words.
    """
    rng = np.random.default_rng(settings.seed)
    axes = _whitened(term_vectors, corpus, min(settings.dimensions, term_vectors.shape[1] // 2 * 2), rng)
    if corpus.teaches:
        axes = _turned(term_vectors, axes, corpus, settings.steps, rng)
    return Projection.packed(term_vectors[: settings.terms] @ axes)


def _whitened(table: NDArray[np.float32], corpus: Corpus, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the `count` principal axes of the paragraphs of `corpus`, evened out, ndarray (k, count) float32."""
    some = np.sort(rng.permutation(corpus.bags.shape[0])[:20_000])
    outputs = corpus.bags[some] @ table
    outputs -= outputs.mean(axis=0)
    variances, axes = np.linalg.eigh(outputs.T @ outputs / len(outputs))
    largest = np.argsort(variances, kind="stable")[::-1][:count]
    scaled: NDArray[np.float32] = axes[:, largest] * np.maximum(variances[largest], _EPSILON) ** -_WHITENING
    return scaled


def _turned(
    table: NDArray[np.float32], axes: NDArray[np.float32], corpus: Corpus, steps: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return `axes` after `steps` of Adam (Kingma and Ba 2015) on the contrast, every axis free to turn and stretch."""
    rate = 0.03 * float(np.abs(axes).mean())
    mean, square = np.zeros_like(axes), np.zeros_like(axes)
    smoothed = 0.0
    for step in range(1, steps + 1):
        query, rest = draw(corpus, _BATCH, rng)
        inputs = np.vstack((query @ table, rest @ table))
        loss, slope = info_nce(inputs @ axes, _TEMPERATURE)
        gradient = inputs.T @ slope
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.99 * square + 0.01 * gradient**2
        size = (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)
        axes = (axes - rate * (1 - 0.9 * step / steps) * size).astype(np.float32)
        smoothed = loss if step == 1 else 0.98 * smoothed + 0.02 * loss
        if step % 200 == 0:
            _log.info("taught space: step %d, loss %.3f", step, smoothed)
    return axes


def _passages(articles: Sequence[Article], background: Background, settings: DistillationSettings) -> list[str]:
    """Return passages of `articles`, as many as are to be read: first those that show a term for one of the first times.

    In an order drawn by the weight of their articles, so that subjects of which there is little are read too.
    """
    passages, weights = [], []
    for article in articles:
        for paragraph in article.paragraphs:
            for passage in _cut(paragraph):
                passages.append(passage)
                weights.append(article.weight)
    if not passages:
        return []
    rng = np.random.default_rng(settings.seed)
    order = np.argsort(-np.log1p(-rng.random(len(passages))) / np.maximum(weights, _EPSILON), kind="stable")
    by_term = _bags([passages[i] for i in order.tolist()], background).tocsc()
    by_term.sort_indices()
    rank = np.arange(by_term.nnz) - np.repeat(by_term.indptr[:-1], np.diff(by_term.indptr))
    shows = np.zeros(len(passages), np.bool_)
    shows[by_term.indices[rank < _SEEN]] = True
    order = np.concatenate((order[shows], order[~shows]))
    read = np.cumsum([len(passages[i]) for i in order.tolist()])
    return [passages[i] for i in order[: max(1, int(np.searchsorted(read, settings.characters)))].tolist()]


def _cut(paragraph: str) -> Iterator[str]:
    """Yield the passages of a paragraph, cut between words where there are some; the last one may be a third longer."""
    text = " ".join(paragraph.split())
    while len(text) > _PASSAGE * 1.3:
        at = text.rfind(" ", _SHORTEST, _PASSAGE)
        at = _PASSAGE if at < 0 else at
        yield text[:at]
        text = text[at:].lstrip()
    if len(text) >= _SHORTEST:
        yield text


def _bags(texts: Sequence[str], background: Background) -> csr_array:
    """Return `texts` as bags of projected terms, csr (n, p)."""
    return vstack(
        [postings_of(batch_of([run], [None]), background).bags(background) for run in chunks(texts, 8192)], format="csr"
    )


def _weighted(bags: csr_array, idf: NDArray[np.float32]) -> csr_array:
    """Return `bags` times `idf`, each row of unit length."""
    values = bags.data * idf[bags.indices]
    rows = np.repeat(np.arange(bags.shape[0]), np.diff(bags.indptr))
    norms = np.sqrt(np.bincount(rows, values**2, minlength=bags.shape[0])) + _EPSILON
    return csr_array(((values / norms[rows]).astype(np.float32), bags.indices, bags.indptr), shape=bags.shape)


def _ridge(bags: csr_array, target: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the X that minimises ``|bags X - target|² + penalty |X|²``, by conjugate gradients on all columns at once."""
    transposed = bags.T.tocsr()
    residual: NDArray[np.float32] = transposed @ target
    solution = np.zeros_like(residual)
    direction = residual.copy()
    size = (residual**2).sum(axis=0)
    for _ in range(_ITERATIONS):
        image = transposed @ (bags @ direction) + _PENALTY * direction
        step = size / np.maximum((direction * image).sum(axis=0), 1e-20)
        solution += step * direction
        residual -= step * image
        before, size = size, (residual**2).sum(axis=0)
        direction = residual + (size / np.maximum(before, 1e-20)) * direction
    return solution


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `vectors` at unit length, float32."""
    vectors = np.asarray(vectors, np.float32)
    unit: NDArray[np.float32] = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + _EPSILON)
    return unit
