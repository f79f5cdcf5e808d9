"""Scorer: rows of evidence in, calibrated probabilities out.

In: the evidence of :mod:`detector.evidence`. Out: for every paragraph the probability that it is foreign and that it is
furniture; for every article whether it has a common topic. The counterpart is :mod:`detector.learn.scoring`, which fits the
networks, and :mod:`detector.learn.calibration`, which fits the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.evidence import COLUMNS
from detector.paragraphs import Batch

__all__ = ["SUMMARY", "Calibration", "Network", "Scorer", "article_summary", "sigmoid"]

# What tells a digest from an article, all over the paragraphs of one article.
SUMMARY = (
    "paragraphs",  # ln of their number
    "doubt",  # mean of the first score
    "doubted",  # share with a first score above a half
    "centroid",  # mean cosine with the rest
    "centroid_low",  # its lower quartile
    "centroid_high",  # its upper quartile: in an article with a run of teasers most paragraphs still belong together
    "far_low",  # lower quartile of the cosine with what is more than three paragraphs away
    "far",  # its median
    "far_high",
    "taught_far",  # the same in the teacher's space
    "taught_far_high",
    "nearest",  # mean cosine with the nearest
    "steps",  # mean cosine of neighbouring paragraphs
    "far_shared",  # mean share of words that stand more than three paragraphs away
    "far_shared_high",  # its upper quartile
    "shared",
    "surprise",
    "length",  # mean ln(1 + words)
    "unknown",  # mean share of words outside the vocabulary: how much of it could be read
    "local",  # mean cosine of the words as they stand, which takes no reading
    "local_high",
    "opening",  # mean share of the others that begin alike, or with a number too: the times of a live blog
)


@dataclass(frozen=True)
class Network:
    """A few small feed-forward networks whose outputs are added up: standardise, tanh layers, linear output.

    Attributes
    ----------
    mean, scale : ndarray (f,) float32
        Inputs are ``clip((x - mean) / scale, -4, 4)``: no single outlying number decides.
    weights, biases : tuples of ndarrays (m, inputs, outputs) and (m, outputs) float32
        Layer ``i`` of each of the m networks maps its ``x`` to ``x @ weights[i] + biases[i]``; all but the last are followed
        by tanh.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    weights: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the outputs, ndarray (n, outputs) float64, of `inputs`, ndarray (n, f)."""
        state = np.clip((inputs - self.mean) / self.scale, -4, 4)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            state = np.tanh(state @ weight + bias[:, None])
        outputs: NDArray[np.float64] = (state @ self.weights[-1] + self.biases[-1][:, None]).astype(np.float64).sum(axis=0)
        return outputs


@dataclass(frozen=True)
class Calibration:
    """What turns raw scores into promises.

    Attributes
    ----------
    logits, probabilities : ndarray (k,) float64
        Both rising; the probability of a raw logit is interpolated between them, linearly in the logit.
    rates : ndarray (m,) float64
        Tolerated shares of false alarms, rising.
    lengths : ndarray (b,) float64
        How many paragraphs an article has for which each row of thresholds holds, rising.
    thresholds : ndarray (b, m) float64
        The score above which a paragraph is flagged at each rate, each row falling. In a short article there is less to hold a
        paragraph against: more of what belongs scores high.
    strange : ndarray (m,) float64
        The same in languages that are wholly strange, falling. Of them less is known, and less scores high: with the other
        thresholds, of their clean paragraphs next to none would be flagged, and next to nothing of what does not belong.
    topicless : ndarray (1,) float64
        The topic network's logit above which an article is said to have no common topic.
    """

    logits: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    rates: NDArray[np.float64]
    lengths: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    strange: NDArray[np.float64]
    topicless: NDArray[np.float64]

    def probability(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated probability of raw `logits`, 0..1, rising with the logit."""
        return np.interp(logits, self.logits, self.probabilities)

    def threshold(self, false_alarms: float, paragraphs: int, strange: float = 0.0) -> float:
        """Return the score above which a paragraph is flagged, if `false_alarms` of clean ones in such articles may be.

        Interpolated linearly in the logarithms of the rate and of the number of `paragraphs`, level beyond the ends of the
        latter, and in how `strange` the language is, 0..1: articles that differ by one paragraph are judged alike.

        Raises
        ------
        InputError
            If the rate lies outside the calibrated ones: no promise could be kept there.
        """
        if not self.rates[0] <= false_alarms <= self.rates[-1]:
            raise InputError(
                f"false_alarms is calibrated from {self.rates[0]:g} to {self.rates[-1]:g} in this model, got {false_alarms!r}; "
                "give a number between them, or use the scores themselves"
            )
        above = max(1, int(np.searchsorted(self.rates, false_alarms)))
        stricter, looser = self.rates[above - 1], self.rates[above]
        share = np.log(false_alarms / stricter) / np.log(looser / stricter)
        every = np.vstack((self.thresholds, self.strange))
        *at_lengths, unread = (1 - share) * every[:, above - 1] + share * every[:, above]
        read = np.interp(np.log(max(paragraphs, 1)), np.log(self.lengths), at_lengths)
        return float((1 - strange) * read + strange * unread)


@dataclass(frozen=True)
class Scorer:
    """The networks and the calibration.

    Attributes
    ----------
    first : Network
        Evidence without doubt to one logit, "does not belong": the doubt with which evidence is gathered again.
    foreign, furniture : Network
        Evidence without and with doubt, side by side, to the logit of being foreign and of being furniture. Two questions,
        two networks: intruders can be made, furniture has to be found, and there is far less of it to learn from.
    topic : Network
        An article's summary (:func:`article_summary`) to the logit of its having no common topic.
    calibration : Calibration
    """

    first: Network
    foreign: Network
    furniture: Network
    topic: Network
    calibration: Calibration


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``1 / (1 + exp(-logits))``, without overflow."""
    probabilities: NDArray[np.float64] = 0.5 * (1 + np.tanh(0.5 * logits))
    return probabilities


def article_summary(batch: Batch, evidence: NDArray[np.float32], doubt: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the columns SUMMARY of every article of `batch`, ndarray (a, len(SUMMARY)) float32; titles take no part.

    Parameters
    ----------
    batch : Batch
        n rows in a articles.
    evidence : ndarray (n, f) float32
        Gathered without doubt.
    doubt : ndarray (n,) float64
        The first score.
    """
    judged = ~batch.is_title
    articles = batch.articles[judged]
    count = np.bincount(articles, minlength=len(batch.bounds) - 1)
    bounds = np.concatenate(([0], np.cumsum(count)))

    def column(name: str) -> NDArray[np.float64]:
        values: NDArray[np.float64] = evidence[judged, COLUMNS.index(name)].astype(float)
        return values

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        means: NDArray[np.float64] = np.bincount(articles, values, minlength=len(count)) / np.maximum(count, 1)
        return means

    def quantiles(name: str, *shares: float) -> list[NDArray[np.float64]]:
        values = column(name)
        ordered = values[np.lexsort((values, articles))]
        if not len(ordered):
            return [np.zeros(len(count)) for _ in shares]
        places = [bounds[:-1] + np.floor(share * np.maximum(count - 1, 0)).astype(np.int64) for share in shares]
        return [np.where(count > 0, ordered[np.minimum(at, len(ordered) - 1)], 0.0).astype(float) for at in places]

    columns = (
        np.log(np.maximum(count, 1)),
        mean(doubt[judged]),
        mean((doubt[judged] > 0.5).astype(float)),
        mean(column("centroid")),
        *quantiles("centroid", 0.25, 0.75),
        *quantiles("far", 0.25, 0.5, 0.75),
        *quantiles("taught_far", 0.5, 0.75),
        mean(column("nearest")),
        mean(column("next")),
        mean(column("tfidf_far")),
        *quantiles("tfidf_far", 0.75),
        mean(column("shared")),
        mean(column("surprise")),
        mean(column("length")),
        mean(column("unknown")),
        mean(column("local")),
        *quantiles("local", 0.75),
        mean(column("opening")),
    )
    return np.column_stack(columns).astype(np.float32)
