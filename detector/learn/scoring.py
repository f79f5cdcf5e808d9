"""Scoring: cases in, the networks that weigh evidence out.

Fits the three networks of :class:`detector.scorer.Scorer` with scikit-learn and takes their arrays: what runs needs NumPy
alone.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from detector.learn.background import chunks
from detector.learn.intrusions import BELONGS, FOREIGN, FURNITURE, Case
from detector.model import Reader
from detector.paragraphs import batch_of
from detector.scorer import Network, article_summary

__all__ = ["Gathered", "fit_first", "fit_second", "fit_topic", "gathered", "joined", "off_topic_logits"]

_log = logging.getLogger(__name__)
_CHUNK = 256  # cases gathered at a time


@dataclass(frozen=True)
class Gathered:
    """Evidence of cases, and the truth, a row a judged paragraph.

    Attributes
    ----------
    plain, doubted : ndarray (n, f) float32
        Evidence without doubt and with the first score as doubt.
    labels : ndarray (n,) int64
        BELONGS, FOREIGN or FURNITURE.
    cases : ndarray (n,) int64
        The case of each row.
    summary : ndarray (a, s) float32
        Summary of each case.
    """

    plain: NDArray[np.float32]
    doubted: NDArray[np.float32]
    labels: NDArray[np.int64]
    cases: NDArray[np.int64]
    summary: NDArray[np.float32]


def gathered(cases: Sequence[Case], reader: Reader, first: Network | None = None) -> Gathered:
    """Gather the evidence of `cases` as the detector would; without a `first` network nothing is doubted."""
    parts = []
    for number, chunk in enumerate(chunks(cases, _CHUNK)):
        batch = batch_of([case.paragraphs for case in chunk], [case.title for case in chunk])
        found = reader.read(batch, first)
        judged = ~batch.is_title
        parts.append(
            Gathered(
                plain=found.plain[judged],
                doubted=found.doubted[judged],
                labels=np.array([label for case in chunk for label in case.labels], np.int64),
                cases=batch.articles[judged] + number * _CHUNK,
                summary=article_summary(batch, found.plain, found.doubt),
            )
        )
    return joined(parts)


def joined(parts: Sequence[Gathered]) -> Gathered:
    """Return `parts` one after the other; their case numbers are kept."""
    return Gathered(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Gathered)))


def off_topic_logits(second: Network, rows: Gathered) -> NDArray[np.float64]:
    """Return the logit of not belonging, foreign or furniture, of each row, ndarray (n,) float64."""
    logits = second(np.hstack((rows.plain, rows.doubted)))
    return np.logaddexp(logits[:, 0], logits[:, 1])


def fit_first(rows: Gathered, seed: int) -> Network:
    """Fit the first network: evidence without doubt to "does not belong"."""
    return _fit(rows.plain, (rows.labels != BELONGS).astype(int), (16,), seed)


def fit_second(rows: Gathered, seed: int) -> Network:
    """Fit the second network: evidence without and with doubt to the logits of foreign and furniture against belonging."""
    return _fit(np.hstack((rows.plain, rows.doubted)), rows.labels, (48, 24), seed, classes=(BELONGS, FOREIGN, FURNITURE))


def fit_topic(articles: Gathered, digests: Gathered, seed: int) -> Network:
    """Fit the topic network: the summaries of articles against those of digests."""
    summaries = np.vstack((articles.summary, digests.summary))
    return _fit(summaries, np.repeat([0, 1], [len(articles.summary), len(digests.summary)]), (8,), seed)


def _fit(
    inputs: NDArray[np.float32],
    labels: NDArray[np.int64],
    hidden: tuple[int, ...],
    seed: int,
    classes: tuple[int, ...] = (0, 1),
) -> Network:
    """Fit a network whose outputs are the logits of `classes` against the first of them."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    mean, scale = inputs.mean(axis=0), inputs.std(axis=0)
    scale[scale < 1e-4] = 1
    standard = np.clip((inputs - mean) / scale, -4, 4)
    model = MLPClassifier(
        hidden,
        activation="tanh",
        alpha=1e-4,
        batch_size=min(1024, len(inputs)),
        learning_rate_init=2e-3,
        max_iter=24,  # chosen on dev: later epochs fit the training sources
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped by count, on purpose
        model.fit(standard, labels)
    _log.info("network %s: loss %.4f after %d epochs on %d rows", hidden, model.loss_, model.n_iter_, len(inputs))
    weights = [weight.astype(np.float32) for weight in model.coefs_]
    biases = [bias.astype(np.float32) for bias in model.intercepts_]
    if len(classes) > 2:
        weights[-1], biases[-1] = _against_first(weights[-1], biases[-1], model.classes_, classes)
    return Network(mean, scale, tuple(weights), tuple(biases))


def _against_first(
    weight: NDArray[np.float32], bias: NDArray[np.float32], seen: NDArray[np.int64], classes: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return softmax outputs as logits against the first class; a class never seen gets a logit of -20."""
    if len(seen) == 2:  # scikit-learn gives two classes a single logistic output: the second against the first
        weight, bias = np.hstack((np.zeros_like(weight), weight)), np.concatenate((np.zeros_like(bias), bias))
    column = {int(label): i for i, label in enumerate(seen)}
    base = column[classes[0]]
    weights = np.zeros((len(weight), len(classes) - 1), np.float32)
    biases = np.full(len(classes) - 1, -20, np.float32)
    for i, label in enumerate(classes[1:]):
        if label in column:
            weights[:, i] = weight[:, column[label]] - weight[:, base]
            biases[i] = bias[column[label]] - bias[base]
    return weights, biases
