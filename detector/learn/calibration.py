"""Calibration: scored cases of sources that nothing else was learned from in, probabilities and thresholds out.

Fits :class:`detector.scorer.Calibration`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.scorer import Calibration, sigmoid

__all__ = ["PRIOR", "RATES", "fit_calibration"]

PRIOR = 0.05  # share of off-topic paragraphs at which a score is a probability: one in an article of 20
RATES = np.geomspace(1e-4, 0.2, 34)
_TOPICLESS = 0.01  # share of proper articles that may be taken for a digest
_GRID = np.linspace(-40, 40, 801)


def fit_calibration(
    logits: NDArray[np.float64],
    off_topic: NDArray[np.bool_],
    clean: NDArray[np.float64],
    topicless: NDArray[np.float64],
) -> Calibration:
    """Fit probabilities and thresholds.

    Parameters
    ----------
    logits : ndarray (n,) float64
        Raw logits of paragraphs that do and do not belong.
    off_topic : ndarray (n,) bool
        Which of them do not.
    clean : ndarray (m,) float64
        Raw logits of the paragraphs of clean articles.
    topicless : ndarray (a,) float64
        Topic-network logits of proper articles.

    Notes
    -----
    Probabilities: Platt scaling (Platt 1999) with the two classes weighted to :data:`PRIOR`. Thresholds: the split
    conformal quantile (Vovk et al. 2005), the ``ceil((m + 1)(1 - rate))``-th smallest clean score; where there are fewer
    clean paragraphs than that, nothing is flagged.
    """
    slope, offset = _platt(logits, off_topic)
    ordered = np.sort(sigmoid(slope * clean + offset))
    ranks = np.ceil((len(ordered) + 1) * (1 - RATES)).astype(int)
    # Just above the quantile: a paragraph is flagged when its score reaches the threshold.
    quantiles = np.where(ranks <= len(ordered), ordered[np.minimum(ranks, len(ordered)) - 1], 1.0)
    return Calibration(
        logits=_GRID,
        probabilities=sigmoid(slope * _GRID + offset),
        rates=RATES,
        thresholds=np.nextafter(quantiles, 2.0),
        topicless=np.quantile(topicless, 1 - _TOPICLESS, keepdims=True) if len(topicless) else np.array([np.inf]),
    )


def _platt(logits: NDArray[np.float64], off_topic: NDArray[np.bool_]) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression

    if off_topic.all() or not off_topic.any():
        return 1.0, 0.0
    weights = np.where(off_topic, PRIOR / off_topic.sum(), (1 - PRIOR) / (~off_topic).sum()) * len(logits)
    model = LogisticRegression(C=np.inf).fit(logits[:, None], off_topic, sample_weight=weights)
    return float(model.coef_[0, 0]), float(model.intercept_[0])
