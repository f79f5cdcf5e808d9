"""Calibration: scored cases of sources that nothing else was learned from in, probabilities and thresholds out.

Fits :class:`detector.scorer.Calibration`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detector.learn.intrusions import BELONGS, FOREIGN, FURNITURE
from detector.learn.scoring import Gathered
from detector.scorer import Calibration, Network, sigmoid

__all__ = ["PRIOR", "RATES", "calibrated", "fit_calibration"]

PRIOR = 0.05  # share of off-topic paragraphs at which a score is a probability: one in an article of 20
# Of what does not belong, what is foreign and what is furniture. With .15, .25, .4 and .55 of it furniture, of sign-up lines
# and the like in held-out news 6, 8, 15 and 27 % are flagged at a tolerance of .2 %, of foreign paragraphs 70, 67, 67 and
# 66 %. The AP over 24 tiers is .830, .830, .827 and .823: readers' comments, which count as content there, are furniture too.
_SHARES = {FOREIGN: 0.6, FURNITURE: 0.4}
RATES = np.geomspace(1e-4, 0.2, 34)
# Logit of the topic network: even odds. On dev, 0-1.25 % of held-out articles in English are taken for digests, and 83-94 % of
# digests; at .25, 0-1 and 79-94 %; at -.25, 0-1.25 and 85-95 %, and of German articles 5.75 % where it is 4.5.
_TOPICLESS = 0.0
_GRID = np.linspace(-40, 40, 801)
# How many lengths of articles are told apart at most, and how many clean paragraphs there are of one at least. With one
# threshold for all, .74 % of clean news in articles of 4 to 8 paragraphs were flagged where .2 % are tolerated, with six .47 %.
_LENGTHS = 6
_LEAST = 20_000


def fit_calibration(
    logits: NDArray[np.float64],
    off_topic: NDArray[np.bool_],
    counts: NDArray[np.float64],
    clean: NDArray[np.float64],
    weights: NDArray[np.float64],
    kinds: NDArray[np.int64],
    lengths: NDArray[np.int64],
    strange: NDArray[np.float64],
    strange_weights: NDArray[np.float64],
) -> Calibration:
    """Fit probabilities and thresholds.

    Parameters
    ----------
    logits : ndarray (n,) float64
        Raw logits of paragraphs that do and do not belong.
    off_topic : ndarray (n,) bool
        Which of them do not.
    counts : ndarray (n,) float64
        What each of them counts for.
    clean : ndarray (m,) float64
        Raw logits of the paragraphs of clean articles.
    weights : ndarray (m,) float64
        What each of those counts for: subjects of which there is little are not to be drowned.
    kinds : ndarray (m,) int64
        The kind of text each stands in; a threshold holds for every kind.
    lengths : ndarray (m,) int64
        How many paragraphs its article has.
    strange, strange_weights : ndarray (o,) float64
        Raw logits of the paragraphs of clean articles that are read as if in a strange language, and what each counts for.

    Notes
    -----
    Probabilities: Platt scaling (Platt 1999) with the two classes weighted to :data:`PRIOR`. Thresholds: the split
    conformal quantile with weights (Vovk et al. 2005; Tibshirani et al. 2019), the highest of those of the kinds and of that of
    the article's length, of which as many are told apart as there is text for (group-conditional, as in Vovk's Mondrian
    prediction): the smallest clean score with at most the share `rate` of the weight above it, one more paragraph of mean
    weight counted as above every score. Where the clean paragraphs are too few for that, nothing is flagged. Strange languages
    are a group of their own.
    """
    slope, offset = _platt(logits, off_topic, counts, PRIOR)
    probabilities = sigmoid(slope * _GRID + offset)
    scores = np.interp(clean, _GRID, probabilities)  # as they will be told, see Calibration.probability
    of_kinds = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    highest = np.max([_thresholds(scores[some], weights[some]) for some in of_kinds], axis=0)
    of_lengths = _of_one_length(lengths)
    thresholds = [np.maximum(highest, _thresholds(scores[some], weights[some])) for some in of_lengths]
    return Calibration(
        logits=_GRID,
        probabilities=probabilities,
        rates=RATES,
        lengths=np.array([np.exp(np.log(lengths[some]).mean()) for some in of_lengths]),
        thresholds=np.array(thresholds),
        strange=_thresholds(np.interp(strange, _GRID, probabilities), strange_weights),
        topicless=np.array([_TOPICLESS]),
    )


def _of_one_length(lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the paragraphs in groups of much the same number, by the length of their article, shortest first."""
    count = int(np.clip(len(lengths) // _LEAST, 1, _LENGTHS))
    bounds = np.unique(np.quantile(lengths, np.arange(1, count) / count))
    number = np.searchsorted(bounds, lengths, side="right")
    return [np.flatnonzero(number == each) for each in np.unique(number)]


def _thresholds(scores: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the score that at most each of RATES of the weight lies above."""
    order = np.argsort(scores)
    scores, weights = scores[order], weights[order]
    above = (np.cumsum(weights[::-1])[::-1] - weights + weights.mean()) / (weights.sum() + weights.mean())
    # `above` falls along the scores; the first one at most the rate is the threshold.
    first = np.searchsorted(-above, -RATES)
    return np.where(first < len(scores), scores[np.minimum(first, len(scores) - 1)], 1.0)


def calibrated(network: Network, rows: Gathered, label: int) -> Network:
    """Return `network`, one that answers "is it `label`?", with its last layer rescaled so that its output is calibrated.

    Foreign and furniture are answered by two networks, learned from different mixtures; Platt scaling against what belongs,
    at its share of :data:`PRIOR`, makes their logits comparable.
    """
    asked = (rows.labels == label) | (rows.labels == BELONGS)
    logits = network(rows.both[asked])[:, 0]
    slope, offset = _platt(logits, rows.labels[asked] == label, rows.weights[asked], PRIOR * _SHARES[label])
    weights = (*network.weights[:-1], (network.weights[-1] * slope).astype(np.float32))
    # The networks are added up: each brings its part of the offset.
    biases = (*network.biases[:-1], (network.biases[-1] * slope + offset / len(network.biases[-1])).astype(np.float32))
    return replace(network, weights=weights, biases=biases)


def _platt(
    logits: NDArray[np.float64], off_topic: NDArray[np.bool_], counts: NDArray[np.float64], prior: float
) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression

    if off_topic.all() or not off_topic.any():
        return 1.0, 0.0
    shares = np.where(off_topic, prior / counts[off_topic].sum(), (1 - prior) / counts[~off_topic].sum())
    weights = counts * shares * len(logits)
    model = LogisticRegression(C=np.inf).fit(logits[:, None], off_topic, sample_weight=weights)
    return float(model.coef_[0, 0]), float(model.intercept_[0])
