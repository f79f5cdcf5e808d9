"""Metrics: scores and the truth in, numbers out. Training, the benchmark and ``offtopic evaluate`` all measure by these.

Everywhere `scores` is ndarray (n,) float64, higher is more off-topic, and `labels` is ndarray (n,), 0 where the paragraph
belongs and anything else where it does not. What cannot be measured, for want of paragraphs of one sort, is nan.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rates", "Reliability", "average_precision", "hit_at_1", "rates", "recall_at", "reliability"]


class Rates(NamedTuple):
    """What becomes of paragraphs when some are flagged: shares, 0..1, or nan.

    Attributes
    ----------
    precision : float
        Of the flagged ones, how many do not belong.
    recall : float
        Of those that do not belong, how many are flagged.
    false_alarms : float
        Of those that belong, how many are flagged.
    """

    precision: float
    recall: float
    false_alarms: float


class Reliability(NamedTuple):
    """Whether scores are probabilities: by bins of the score, what was told and what was so; nan where a bin is empty.

    Attributes
    ----------
    told : ndarray (b,) float64
        Mean score.
    true : ndarray (b,) float64
        Share that is off-topic.
    weight : ndarray (b,) float64
        Share of all paragraphs in the bin.
    error : float
        Expected calibration error (Naeini et al. 2015): ``sum(weight |told - true|)``.
    """

    told: NDArray[np.float64]
    true: NDArray[np.float64]
    weight: NDArray[np.float64]
    error: float


def average_precision(scores: NDArray[np.float64], labels: NDArray[Any]) -> float:
    """Return the mean precision over the ranks of the off-topic paragraphs, all articles together; nan if there is none.

    ``sum_k (R_k - R_{k-1}) P_k`` over the distinct scores, falling, with recall R and precision P of what scores so high:
    that of :func:`sklearn.metrics.average_precision_score`, without interpolation.
    """
    from sklearn.metrics import average_precision_score

    off_topic = labels != 0
    return float(average_precision_score(off_topic, scores)) if off_topic.any() else np.nan


def hit_at_1(scores: NDArray[np.float64], labels: NDArray[Any], bounds: NDArray[np.int64]) -> float:
    """Return the share of articles whose highest-scored paragraph is off-topic; nan if there is none to find.

    Articles in which everything belongs take no part. Where several share the highest score, the article counts as the share
    of off-topic ones among them: what a pick at random would give.

    Parameters
    ----------
    scores, labels : ndarray (n,)
    bounds : ndarray (a + 1,) int64
        The paragraphs of article ``i`` are ``bounds[i]:bounds[i + 1]``.
    """
    hits = []
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        off_topic = labels[start:end] != 0
        if off_topic.any():
            highest = scores[start:end] == scores[start:end].max()
            hits.append(float(off_topic[highest].mean()))
    return float(np.mean(hits)) if hits else np.nan


def recall_at(scores: NDArray[np.float64], labels: NDArray[Any], false_alarms: float) -> float:
    """Return the highest recall of a threshold that flags at most a share `false_alarms` of what belongs.

    The threshold is chosen on these very paragraphs. With nothing that belongs, everything may be flagged: 1. With nothing
    off-topic: nan.
    """
    off_topic = labels != 0
    if not off_topic.any():
        return np.nan
    belonging = np.sort(scores[~off_topic])[::-1]
    allowed = int(false_alarms * len(belonging) + 1e-9)  # 0.29 * 100 is 28.999999999999996
    if allowed >= len(belonging):
        return 1.0
    # Flag above the first that must not be: of equal scores all are flagged or none.
    return float((scores[off_topic] > belonging[allowed]).mean())


def rates(flags: NDArray[np.bool_], labels: NDArray[Any]) -> Rates:
    """Return precision, recall and false alarms of `flags`, ndarray (n,) bool."""
    off_topic = labels != 0

    def share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
        return float(part[whole].mean()) if whole.any() else np.nan

    return Rates(share(off_topic, flags), share(flags, off_topic), share(flags, ~off_topic))


def reliability(scores: NDArray[np.float64], labels: NDArray[Any], prior: float, bins: int = 10) -> Reliability:
    """Return how far `scores` are probabilities where a share `prior` is off-topic.

    Paragraphs are weighed so that those that do not belong make up `prior` of all; `bins` of equal width go from 0 to 1.
    """
    off_topic = labels != 0
    counts = max(int(off_topic.sum()), 1), max(int((~off_topic).sum()), 1)
    weights = np.where(off_topic, prior / counts[0], (1 - prior) / counts[1])
    which = np.minimum((scores * bins).astype(np.int64), bins - 1)
    weight, told, true = (np.bincount(which, values, bins) for values in (weights, weights * scores, weights * off_topic))
    with np.errstate(invalid="ignore"):
        return Reliability(told / weight, true / weight, weight / weight.sum(), float(np.abs(told - true).sum() / weight.sum()))
