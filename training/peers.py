"""Peers: what a user would script today, asked the same questions.

Each takes cases and gives, for every case, one number a paragraph, higher for what belongs less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector import OffTopicDetector
from detector.learn.intrusions import Case
from training.teacher import MiniLM

__all__ = ["PEERS", "Approach", "minilm_evidence", "ours"]

Scores = Iterator[NDArray[np.float64]]
Approach = Callable[[Sequence[Case]], Scores]
_MINILM = MiniLM()


def ours(detector: OffTopicDetector) -> Approach:
    """Return `detector` as an approach; titles are withheld, for plain text seldom has one."""
    return lambda cases: (report.scores for report in detector.check_many(case.paragraphs for case in cases))


def tfidf_centroid(cases: Sequence[Case]) -> Scores:
    """TF-IDF fitted on the article alone; one minus the cosine with the mean of the other paragraphs."""
    for case in cases:
        yield _off_centroid(_tfidf(case).toarray())


def local_outlier_factor(cases: Sequence[Case]) -> Scores:
    """scikit-learn's LocalOutlierFactor, cosine, over the article's TF-IDF."""
    from sklearn.neighbors import LocalOutlierFactor

    for case in cases:
        model = LocalOutlierFactor(n_neighbors=max(1, min(20, len(case.paragraphs) - 1)), metric="cosine")
        model.fit(_tfidf(case).toarray() + 1e-12)
        yield -model.negative_outlier_factor_


def isolation_forest(cases: Sequence[Case]) -> Scores:
    """scikit-learn's IsolationForest over the article's TF-IDF."""
    from sklearn.ensemble import IsolationForest

    for case in cases:
        vectors = _tfidf(case).toarray()
        yield -IsolationForest(n_estimators=50, random_state=0).fit(vectors).score_samples(vectors)


def minilm_centroid(cases: Sequence[Case]) -> Scores:
    """Sentence embeddings of all-MiniLM-L6-v2; one minus the cosine with the mean of the other paragraphs.

    Raises
    ------
    ImportError
        Without the extra ``benchmark``.
    """
    for case in cases:
        yield _off_centroid(_MINILM.encode(case.paragraphs).astype(float))


def minilm_evidence(path: Path) -> Approach:
    """Return the detector with MiniLM in the projection's place, as ``python -m training.opponent`` wrote it to `path`.

    The honest opponent: the same evidence, networks and calibration, and a transformer to say what a paragraph is about.
    """
    detector = OffTopicDetector(model=path, encoder=_MINILM)
    return ours(detector)


PEERS: dict[str, Approach] = {
    "TF-IDF centroid": tfidf_centroid,
    "LOF on TF-IDF": local_outlier_factor,
    "IsolationForest on TF-IDF": isolation_forest,
    "MiniLM centroid": minilm_centroid,
}


def _tfidf(case: Case) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True).fit_transform([*case.paragraphs, "nothing"])[:-1]


def _off_centroid(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    rest = unit.sum(axis=0) - unit
    cosine: NDArray[np.float64] = np.einsum("ij,ij->i", unit, rest) / np.maximum(np.linalg.norm(rest, axis=1), 1e-9)
    return 1 - cosine
