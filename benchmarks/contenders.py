"""Contenders: what reads the same paragraphs, each a function of the articles.

The detector does the whole job: split, terms, vectors, evidence, scores, reports. Those it is held against do a part of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from detector import OffTopicDetector
from detector.terms import codes_of, terms_of
from training.corpora import held_out

__all__ = ["PARTS", "SLOW", "Articles", "checked", "megabytes", "news"]

Articles = Sequence[Sequence[str]]
_RUN = 400  # paragraphs whose words are found at a time


def news(corpora: Path, size: float) -> list[list[str]]:
    """Return held-out news articles of `size` MB of UTF-8 in all, the same ones again where there are not so many."""
    pool = [list(article.paragraphs) for article in held_out(corpora, "news")]
    chosen: list[list[str]] = []
    total = 0.0
    while total < size:
        article = pool[len(chosen) % len(pool)]
        chosen.append(article)
        total += megabytes([article])
    return chosen


def megabytes(articles: Articles) -> float:
    """Return how much UTF-8 the paragraphs of `articles` are."""
    return sum(len(paragraph.encode("utf-8", "surrogatepass")) for article in articles for paragraph in article) / 1e6


def checked(articles: Articles, n_jobs: int = 1) -> int:
    """Check `articles`; returns how many paragraphs are flagged."""
    return sum(int(report.flags.sum()) for report in OffTopicDetector().check_many(articles, n_jobs=n_jobs))


def _tfidf(articles: Articles) -> object:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer().fit_transform(list(_paragraphs(articles)))


def _hashing(articles: Articles) -> object:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer().transform(list(_paragraphs(articles)))


def _words(articles: Articles) -> int:
    return sum(len(re.findall(r"\w+", paragraph.lower())) for paragraph in _paragraphs(articles))


def _terms(articles: Articles) -> int:
    texts = list(_paragraphs(articles))
    return sum(len(terms_of(codes_of("\n".join(texts[i : i + _RUN]))).starts) for i in range(0, len(texts), _RUN))


def _pyod(articles: Articles) -> object:
    from pyod.models.ecod import ECOD
    from sklearn.decomposition import TruncatedSVD

    return ECOD().fit(TruncatedSVD(50, random_state=0).fit_transform(_tfidf(articles)))


def _minilm(articles: Articles) -> list[object]:
    from detector.learn.intrusions import Case
    from training.peers import minilm_centroid

    return list(minilm_centroid([Case(tuple(a), (0,) * len(a), "", "clean") for a in articles]))


def _paragraphs(articles: Articles) -> Iterator[str]:
    return (paragraph for article in articles for paragraph in article)


PARTS: dict[str, Callable[[Articles], object]] = {
    "`TfidfVectorizer().fit_transform` alone": _tfidf,
    "`HashingVectorizer().transform` alone": _hashing,
    "`re.findall` of the lower-cased words alone": _words,
    "our words alone: code points, lower case, bounds and hashes": _terms,
}
SLOW: dict[str, Callable[[Articles], object]] = {
    "PyOD's ECOD over 50 dimensions of TF-IDF": _pyod,
    "MiniLM centroid": _minilm,
}
