"""Contrast: articles in, the question that the spaces are learned by out.

The very question the detector asks: given a paragraph, which of many articles was it taken from? Every draw takes one
paragraph (now and then a title, or two paragraphs) out of each of a batch of articles; it is to be near the rest of its own
article and far from the rest of every other one, in both directions (InfoNCE, van den Oord et al. 2018, symmetric as in CLIP).
A batch is of one language, and half of it shares a topic, so that the subject's own words are not enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from detector.background import Background
from detector.learn.articles import Article
from detector.learn.background import chunks
from detector.paragraphs import batch_of
from detector.postings import postings_of

__all__ = ["Corpus", "corpus_of", "draw", "info_nce"]

_EPSILON = 1e-6
_SPREAD = 0.75  # power of a language's weight by which it is drawn: a small one more often than its share
_LEAST = 8  # articles; with fewer there is next to nothing to tell apart
_REST = 12  # at most so many paragraphs, drawn anew each time, stand for the rest of the article


@dataclass(frozen=True)
class Corpus:
    """Articles as bags of projected terms.

    Attributes
    ----------
    bags : csr_array (n, p)
        A row a paragraph or title, those of an article consecutive.
    bounds : ndarray (a + 1,) int64
        Article ``i`` has the rows from ``bounds[i]`` to ``bounds[i + 1]``.
    has_title : ndarray (a,) bool
        Whether its first row is its title.
    weights : ndarray (a,) float64
        How often each is drawn, adding up to 1; 0 for those with fewer than three rows.
    languages : list of (list of ndarray int64, ndarray int64)
        Of each language, the articles of each topic that has 32 or more, and all that are ever drawn.
    """

    bags: csr_array
    bounds: NDArray[np.int64]
    has_title: NDArray[np.bool_]
    weights: NDArray[np.float64]
    languages: list[tuple[list[NDArray[np.int64]], NDArray[np.int64]]]

    @property
    def teaches(self) -> bool:
        """Whether there are articles enough to learn from; with fewer, learning stays where it starts."""
        return bool(np.count_nonzero(self.weights) >= _LEAST)


def corpus_of(articles: Sequence[Article], background: Background) -> Corpus:
    """Return `articles` as bags of the terms that `background` projects."""
    bags = [csr_array((0, int(background.rows.max(initial=-1)) + 1), dtype=np.float32)]
    sizes, titled = [np.zeros(0, np.int64)], [np.zeros(0, np.bool_)]
    for chunk in chunks(articles):
        batch = batch_of([a.paragraphs for a in chunk], [a.title for a in chunk])
        bags.append(postings_of(batch, background).bags(background))
        sizes.append(np.diff(batch.bounds))
        titled.append(np.append(batch.is_title, False)[batch.bounds[:-1]] & (np.diff(batch.bounds) > 0))
    size = np.concatenate(sizes)
    bounds = np.concatenate(([0], np.cumsum(size)))
    usable = size >= 3
    weights = np.where(usable, [article.weight for article in articles], 0.0)
    by_topic: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for i in np.flatnonzero(weights > 0).tolist():
        by_topic[articles[i].language][articles[i].topic].append(i)
    languages = [
        (
            [np.array(group) for topic, group in sorted(topics.items()) if topic and len(group) >= 32],
            np.sort(np.concatenate([np.array(group) for group in topics.values()])),
        )
        for _, topics in sorted(by_topic.items())
    ]
    return Corpus(vstack(bags, format="csr"), bounds, np.concatenate(titled), weights / max(weights.sum(), _EPSILON), languages)


def draw(corpus: Corpus, size: int, rng: np.random.Generator) -> tuple[csr_array, csr_array]:
    """Draw a batch of at most `size` articles of one language: a query bag each, and the bag of its article's rest."""
    total = np.array([corpus.weights[articles].sum() for _, articles in corpus.languages]) ** _SPREAD
    topics, articles = corpus.languages[rng.choice(len(total), p=total / total.sum())]
    chosen = np.zeros(0, np.int64)
    if topics:
        topic = topics[rng.choice(len(topics), p=_shares(topics))]
        chosen = rng.choice(topic, min(size // 2, len(topic)), replace=False)
    weights = corpus.weights[articles]
    anywhere = rng.choice(articles, size - len(chosen), p=weights / weights.sum())
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
        if len(others) > _REST:
            others = rng.choice(others, _REST, replace=False)
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


def info_nce(outputs: NDArray[np.float32], temperature: float) -> tuple[float, NDArray[np.float32]]:
    """Return the loss of a batch and its gradient.

    Parameters
    ----------
    outputs : ndarray (2 n, d) float32
        The vectors of n queries, then those of the n rests, not normalised.
    temperature : float
        Cosines are divided by it.

    Returns
    -------
    loss : float
        Mean of ``-ln P(own rest | query)`` and ``-ln P(own query | rest)``.
    gradient : ndarray (2 n, d) float32
        By `outputs`.
    """
    middle = len(outputs) // 2
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
    return loss, d_outputs


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares
