"""Projection: articles in, the map that pulls an article's paragraphs together out.

Fits :class:`detector.vectors.Projection` for the very question the detector asks: given a paragraph, which of many articles
was it taken from? Every step takes one paragraph (now and then a title, or two paragraphs) out of each of a batch of
articles and pulls it towards the rest of its own article and away from the rest of every other one, in both directions
(InfoNCE, van den Oord et al. 2018, symmetric as in CLIP). Half of a batch shares a topic, so that the subject's own words
are not enough.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from detector.learn.articles import Article
from detector.learn.background import chunks
from detector.paragraphs import batch_of
from detector.vectors import Background, Projection, postings_of

__all__ = ["ProjectionSettings", "fit_projection", "taught_projection"]

_log = logging.getLogger(__name__)
_EPSILON = 1e-6
_TOP = 5  # principal axes of a teacher's words that tell no subjects apart
_LEAST = 8  # articles; with fewer there is next to nothing to tell apart, and learning stays where it starts


@dataclass(frozen=True)
class ProjectionSettings:
    """How the projection is learned.

    Attributes
    ----------
    dimensions : int
        Width of the dense vectors.
    taught : int
        Width of the teacher's own space, if there is a teacher.
    steps, batch : int
        Gradient steps, and articles a step.
    learning_rate : float
        Of row-wise Adagrad (one accumulator a term); falls linearly to a twentieth.
    temperature : float
        Of the softmax over the batch's articles.
    rest : int
        At most so many paragraphs, drawn anew each time, stand for the rest of the article.
    seed : int
    """

    dimensions: int = 192
    taught: int = 96
    steps: int = 4000
    batch: int = 768
    learning_rate: float = 0.2
    temperature: float = 0.05
    rest: int = 12
    seed: int = 0


@dataclass(frozen=True)
class _Corpus:
    """Articles as bags of projected terms: one csr row a paragraph (or title), the rows of an article consecutive."""

    bags: csr_array
    bounds: NDArray[np.int64]
    has_title: NDArray[np.bool_]
    topics: list[NDArray[np.int64]]
    weights: NDArray[np.float64]


def fit_projection(
    articles: Sequence[Article],
    background: Background,
    settings: ProjectionSettings | None = None,
    word_vectors: NDArray[np.float32] | None = None,
) -> Projection:
    """Learn the projection of `background`'s projected terms from `articles`.

    Parameters
    ----------
    articles : sequence of Article
        Those with fewer than three rows (paragraphs and title) take no part.
    background : Background
    settings : ProjectionSettings, optional
    word_vectors : ndarray (p, k) float32, optional
        A vector for each projected term, from a teacher: half of the dimensions start from their principal components
        instead of at random. Rare words, which learning seldom meets, keep what the teacher knows of them.
    """
    settings = settings or ProjectionSettings()
    rng = np.random.default_rng(settings.seed)
    width = int(background.rows.max(initial=-1)) + 1
    table = _initial(background, width, settings.dimensions, rng, word_vectors)
    if len(articles) < _LEAST:
        return _quantised(table)
    corpus = _corpus(articles, background, np.array([article.weight for article in articles]))
    if np.count_nonzero(corpus.weights) < _LEAST:
        return _quantised(table)
    accumulator = np.full(width, _EPSILON, np.float32)
    began, smoothed = time.monotonic(), 0.0
    # The gradient of one half of the columns is scattered while the other half's is: scipy releases the GIL.
    with ThreadPoolExecutor(2) as pool:
        for step in range(settings.steps):
            query, rest = _draw(corpus, settings, rng)
            loss, used, gradient = _gradient(table, query, rest, settings.temperature, pool)
            accumulator[used] += np.einsum("ij,ij->i", gradient, gradient) / settings.dimensions
            rate = settings.learning_rate * (1 - 0.95 * step / settings.steps)
            table[used] -= gradient * (rate / np.sqrt(accumulator[used]))[:, None]
            smoothed = loss if step == 0 else 0.98 * smoothed + 0.02 * loss
            if step % 100 == 99:
                _log.info("projection: step %d, loss %.3f, %.0f s", step + 1, smoothed, time.monotonic() - began)
    return _quantised(table)


def taught_projection(word_vectors: NDArray[np.float32], background: Background, dimensions: int) -> Projection:
    """Return a teacher's word vectors as a projection: their principal axes but for the first five, scaled by idf.

    The first axes tell frequent from rare and names from words rather than one subject from another ("all but the top", Mu
    and Viswanath 2018).
    """
    idf = _idf(background, len(word_vectors))
    axes = _principal(word_vectors, np.exp(-idf), _TOP + dimensions)[:, _TOP:]
    return _quantised((axes * idf[:, None]).astype(np.float32))


def _corpus(articles: Sequence[Article], background: Background, weights: NDArray[np.float64]) -> _Corpus:
    bags, sizes, titled = [], [], []
    for chunk in chunks(articles):
        batch = batch_of([a.paragraphs for a in chunk], [a.title for a in chunk])
        bags.append(postings_of(batch, background).bags(background))
        sizes.append(np.diff(batch.bounds))
        titled.append(np.append(batch.is_title, False)[batch.bounds[:-1]] & (np.diff(batch.bounds) > 0))
    size = np.concatenate(sizes)
    bounds = np.concatenate(([0], np.cumsum(size)))
    usable = size >= 3
    by_topic: dict[str, list[int]] = defaultdict(list)
    for i, article in enumerate(articles):
        if article.topic and usable[i]:
            by_topic[article.topic].append(i)
    topics = [np.array(group) for _, group in sorted(by_topic.items()) if len(group) >= 32]
    weights = np.where(usable, weights, 0.0)
    return _Corpus(vstack(bags, format="csr"), bounds, np.concatenate(titled), topics, weights / max(weights.sum(), _EPSILON))


def _initial(
    background: Background, width: int, dimensions: int, rng: np.random.Generator, word_vectors: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Return where learning starts: random directions, and a teacher's if there is one, scaled by idf.

    Random directions keep words apart, as TF-IDF does; a teacher's bring words of one meaning together.
    """
    idf = _idf(background, width)
    table = rng.standard_normal((width, dimensions), np.float32)
    if word_vectors is not None:
        taught = _principal(word_vectors, np.exp(-idf), dimensions // 2)
        table[:, dimensions - taught.shape[1] :] = taught
    table *= (idf / np.sqrt(dimensions))[:, None]
    return table


def _idf(background: Background, width: int) -> NDArray[np.float32]:
    """Return the idf of each projected term, by its row, ndarray (width,) float32."""
    idf = np.zeros(width, np.float32)
    known = background.rows >= 0
    idf[background.rows[known]] = background.idf[known]
    return idf


def _principal(vectors: NDArray[np.float32], weights: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return `vectors`, less their mean by `weights`, on their `count` principal axes, at unit variance overall."""
    centred = vectors - weights @ vectors / weights.sum()
    _, axes = np.linalg.eigh(centred.T @ centred)
    turned = centred @ axes[:, ::-1][:, :count]
    scaled: NDArray[np.float32] = turned / np.sqrt((turned**2).mean())
    return scaled


def _draw(corpus: _Corpus, settings: ProjectionSettings, rng: np.random.Generator) -> tuple[csr_array, csr_array]:
    """Draw a batch: one query bag an article and, row by row, the bag of the rest of that article."""
    count = len(corpus.weights)
    chosen = np.zeros(0, np.int64)
    if corpus.topics:
        topic = corpus.topics[rng.choice(len(corpus.topics), p=_shares(corpus.topics))]
        chosen = rng.choice(topic, min(settings.batch // 2, len(topic)), replace=False)
    anywhere = rng.choice(count, settings.batch - len(chosen), p=corpus.weights)
    chosen = np.unique(np.concatenate((chosen, anywhere)))
    query_rows: list[int] = []
    query_owner: list[int] = []
    rest_rows: list[NDArray[np.int64]] = []
    rest_owner: list[NDArray[np.int64]] = []
    for i, article in enumerate(chosen):
        start, end = corpus.bounds[article], corpus.bounds[article + 1]
        position = int(rng.integers(start, end))
        if corpus.has_title[article] and rng.random() < 0.15:
            position = int(start)
        last = min(position + (2 if rng.random() < 0.15 and end - start > 3 else 1), int(end))
        others = np.concatenate((np.arange(start, position), np.arange(last, end)))
        if len(others) > settings.rest:
            others = rng.choice(others, settings.rest, replace=False)
        query_rows += range(position, last)
        query_owner += [i] * (last - position)
        rest_rows.append(others)
        rest_owner.append(np.full(len(others), i))
    return (
        _summed(corpus.bags, np.array(query_rows), np.array(query_owner), len(chosen)),
        _summed(corpus.bags, np.concatenate(rest_rows), np.concatenate(rest_owner), len(chosen)),
    )


def _shares(groups: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Return how often to draw each group: by the square root of its size, so that large ones do not crowd out the rest."""
    sizes = np.sqrt(np.array([len(group) for group in groups], float))
    shares: NDArray[np.float64] = sizes / sizes.sum()
    return shares


def _summed(bags: csr_array, rows: NDArray[np.int64], owner: NDArray[np.int64], count: int) -> csr_array:
    """Return the `count` sums of the bags `rows` by `owner`, which is sorted; a term may stand twice in a row."""
    picked = bags[rows]
    indptr = picked.indptr[np.searchsorted(owner, np.arange(count + 1))]
    return csr_array((picked.data, picked.indices, indptr), shape=(count, bags.shape[1]))


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
    norms = np.linalg.norm(outputs, axis=1, keepdims=True) + _EPSILON
    unit = outputs / norms
    u, v = unit[:middle], unit[middle:]
    logits = (u @ v.T) / temperature
    forward, backward = _softmax(logits), _softmax(logits.T).T
    n = len(logits)
    diagonal = np.arange(n)
    loss = -float(np.log(forward[diagonal, diagonal] * backward[diagonal, diagonal] + 1e-30).mean()) / 2
    slope = (forward + backward) / (2 * n * temperature)
    slope[diagonal, diagonal] -= 1 / (n * temperature)
    d_unit = np.vstack((slope @ v, slope.T @ u))
    d_outputs = (d_unit - unit * np.einsum("ij,ij->i", unit, d_unit)[:, None]) / norms
    half = d_outputs.shape[1] // 2
    transposed = both.T
    halves = [np.ascontiguousarray(d_outputs[:, :half]), np.ascontiguousarray(d_outputs[:, half:])]
    gradient = np.hstack(list(pool.map(lambda columns_: transposed @ columns_, halves)))
    return loss, used, gradient


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def _quantised(table: NDArray[np.float32]) -> Projection:
    """Return `table` as int8 rows with a scale each."""
    scales = np.abs(table).max(axis=1, initial=0.0) / np.float32(127)
    scales[scales == 0] = 1
    return Projection(np.rint(table / scales[:, None]).astype(np.int8), scales.astype(np.float32))
