"""Distillation: articles and a teacher in, what the teacher knows of each term out.

A teacher, such as a sentence encoder, has read far more than the articles, but is slow. It reads the projected terms one by
one, and passages of the articles chosen so that every term stands in some; then each term gets the vector that, added up over
a passage, comes nearest to the teacher's vector of it. Terms that are not projected are taken for the sum of how they begin and
end. Last, those axes are kept on which articles differ.

The sum of term vectors explains 65 % of the variance of what MiniLM says of passages it was not fitted to; the vectors of
single words explain 39 %.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from detector.background import Background
from detector.learn.articles import Article
from detector.learn.background import chunks, others, spellings
from detector.learn.contrast import Corpus, draw, info_nce
from detector.learn.projection import idf_of_rows
from detector.paragraphs import batch_of
from detector.postings import postings_of
from detector.terms import affixes_of, codes_of
from detector.vectors import Affixes, Projection, affix_bags

__all__ = ["DistillationSettings", "Distilled", "Teacher", "distilled", "fit_taught"]

Teacher = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts, p str, to their vectors, ndarray (p, k): the ``encode`` of a sentence encoder, say."""

_log = logging.getLogger(__name__)
_PASSAGE = 320  # characters: a few sentences; a teacher's time goes with the length, what it tells of a word does not
_SHORTEST = 40
_SEEN = 3  # passages in which a term is read, as long as there are as many
_PENALTY = 1.0  # pull towards the vector of the word alone; 0.3 and 3 explain passages not fitted to 2 % and 0 % less
# The same of affixes: 0.3, 1 and 3 explain words that they were not fitted to with a cosine of .709, .708 and .694.
_AFFIX_PENALTY = 0.3
_ALIKE = 4  # words that begin or end alike at least: of fewer an affix tells no more than their names
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
    affixes : int
        How many beginnings and endings of words it holds at most. With 8,192 the loss of picking the right one of 300 articles
        is higher by .001 (news), .014 (web pages) and .005 (BBC).
    characters : int
        How much text the teacher reads: 28 million take MiniLM a quarter of an hour on two cores.
    steps : int
        Gradient steps in choosing the axes; more than 600 gave nothing.
    seed : int
    """

    dimensions: int = 192
    affixes: int = 16_384
    characters: int = 28_000_000
    steps: int = 600
    seed: int = 0


@dataclass(frozen=True)
class Distilled:
    """What a teacher knows: added up over a text, these vectors come near its vector of it.

    Attributes
    ----------
    terms : ndarray (p, k) float32
        A vector for each projected term.
    hashes : ndarray (a,) uint64
        How other terms begin and end, sorted: :func:`~detector.terms.affixes_of`.
    affixes : ndarray (a, k) float32
        A vector for each, to be multiplied by the idf of the term.
    """

    terms: NDArray[np.float32]
    hashes: NDArray[np.uint64]
    affixes: NDArray[np.float32]


def distilled(
    articles: Sequence[Article], background: Background, teacher: Teacher, settings: DistillationSettings
) -> Distilled:
    """Return vectors of terms and affixes whose sum over a text comes near the teacher's of it.

    With the passages as rows of ``Z``, TF-IDF of unit length, and the teacher's vectors less their mean as rows of ``T``, the
    rows of ``E`` minimise ``|Z E - T|² + penalty |E - a W|²``: ridge regression towards the teacher's vectors ``W`` of the
    words alone, ``a`` being the factor by which those explain the passages best. Those of affixes are the ones that, added up
    over words, come near the teacher's vectors of those, by ridge regression too.
    """
    idf = idf_of_rows(background)
    projected = spellings(articles, background)
    every = projected + [word for word in others(articles, background) if word.isalpha()]
    words = _unit(teacher(every))
    words -= np.exp(-idf) @ words[: len(idf)] / max(np.exp(-idf).sum(), _EPSILON)
    spelt = _affixes(every)
    hashes = _common(spelt, settings.affixes)
    affixes = _ridge(affix_bags(spelt, hashes), words, _AFFIX_PENALTY)
    passages = _passages(articles, background, settings)
    _log.info("teacher: %d words, %d affixes, %d passages", len(every), len(hashes), len(passages))
    vectors = np.vstack((words[: len(idf)], affixes))
    if passages:
        vectors = _fitted(vectors, passages, background, hashes, teacher)
    vectors[: len(idf)] *= idf[:, None]
    vectors /= np.sqrt((vectors[: len(idf)] ** 2).sum() / max(len(idf), 1) + _EPSILON)
    vectors = vectors.astype(np.float32)
    return Distilled(vectors[: len(idf)], hashes, vectors[len(idf) :])


def _affixes(words: Sequence[str]) -> NDArray[np.uint64]:
    """Return how `words` begin and end, ndarray (w, 7) uint64."""
    sizes = np.array([len(word) for word in words], np.int64)
    ends = np.cumsum(sizes)
    return affixes_of(codes_of("".join(words)), ends - sizes, ends)


def _common(spelt: NDArray[np.uint64], most: int) -> NDArray[np.uint64]:
    """Return the `most` frequent of the affixes of words, of those that _ALIKE share, sorted."""
    hashes, counts = np.unique(spelt, return_counts=True)
    counts[hashes == 0] = 0
    order = np.lexsort((hashes, -counts))[:most]
    return np.sort(hashes[order[counts[order] >= _ALIKE]])


def _fitted(
    vectors: NDArray[np.float32],
    passages: Sequence[str],
    background: Background,
    hashes: NDArray[np.uint64],
    teacher: Teacher,
) -> NDArray[np.float32]:
    """Return `vectors`, of terms and affixes, moved to where their sums explain what the teacher says of `passages`."""
    target = _unit(teacher(passages))
    target -= target.mean(axis=0)
    bags = _weighted(passages, background, hashes)
    explained = bags @ vectors
    vectors = vectors * np.float32((explained * target).sum() / max((explained**2).sum(), _EPSILON))
    vectors += _ridge(bags, target - bags @ vectors, _PENALTY)
    left = ((target - bags @ vectors) ** 2).sum() / max((target**2).sum(), _EPSILON)
    _log.info("teacher: %.0f %% of what it says of passages explained", 100 * (1 - left))
    return vectors


def fit_taught(found: Distilled, corpus: Corpus, settings: DistillationSettings) -> tuple[Projection, Affixes]:
    """Return what a teacher knows on the axes, mixed and stretched, on which paragraphs of `corpus` tell articles apart best.

    Only the map from k to `settings.dimensions` axes is learned, by the question of :mod:`detector.learn.contrast`: too few
    numbers to forget what the teacher knows of rare words.
    """
    rng = np.random.default_rng(settings.seed)
    axes = _whitened(found.terms, corpus, min(settings.dimensions, found.terms.shape[1] // 2 * 2), rng)
    if corpus.teaches:
        axes = _turned(found.terms, axes, corpus, settings.steps, rng)
    return Projection.packed(found.terms @ axes), Affixes(found.hashes, Projection.packed(found.affixes @ axes))


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


def _weighted(texts: Sequence[str], background: Background, hashes: NDArray[np.uint64]) -> csr_array:
    """Return `texts` as bags of projected terms and of the affixes of others, by idf and of unit length, csr (n, p + a)."""
    idf = idf_of_rows(background)
    parts = []
    for run in chunks(texts, 8192):
        # An article each: together they would hold more different words than any, and seem to be in a strange language.
        postings = postings_of(batch_of([[text] for text in run], [None] * len(run)), background)
        terms = postings.bags(background)
        terms.data *= idf[terms.indices]
        parts.append(hstack([terms, postings.spelt_bags() @ affix_bags(postings.spellings, hashes)], format="csr"))
    bags = vstack(parts, format="csr", dtype=np.float32)
    norms = np.sqrt(np.bincount(np.repeat(np.arange(len(texts)), np.diff(bags.indptr)), bags.data**2, len(texts))) + _EPSILON
    bags.data /= np.repeat(norms, np.diff(bags.indptr)).astype(np.float32)
    return bags


def _ridge(bags: csr_array, target: NDArray[np.float32], penalty: float) -> NDArray[np.float32]:
    """Return the X that minimises ``|bags X - target|² + penalty |X|²``, by conjugate gradients on all columns at once."""
    transposed = bags.T.tocsr()
    residual: NDArray[np.float32] = transposed @ target
    solution = np.zeros_like(residual)
    direction = residual.copy()
    size = (residual**2).sum(axis=0)
    for _ in range(_ITERATIONS):
        image = transposed @ (bags @ direction) + penalty * direction
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
