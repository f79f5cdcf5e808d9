"""Split: articles in, the parts that are learned from one after the other out.

By source, never by article: house style and recurring lines would leak from one part into the next.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from detector.learn.articles import Article

__all__ = ["Parts", "parts_of", "share_of"]

_PROJECTION, _SCORING = 0.64, 0.82  # cumulative shares of the sources; the rest calibrates
_LARGEST_SOURCE = 0.4  # a source with a larger share of the articles would leave parts empty


class Parts(NamedTuple):
    """The articles that each step learns from."""

    projection: list[Article]
    scoring: list[Article]
    calibration: list[Article]


def share_of(article: Article) -> float:
    """Return a number in 0..1 that is the same for all articles of a source: where it falls in a split.

    An article without a source is a source of its own.
    """
    key = article.source or f"{article.title} {' '.join(article.paragraphs)}"
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2**64


def parts_of(articles: Sequence[Article]) -> Parts:
    """Split `articles` by source; by article if one source makes up most of them.

    Sources with labelled articles are kept for scoring and calibration: labels are scarce, and the projection must not have
    seen their text.
    """
    largest = max(Counter(article.source for article in articles if article.source).values(), default=0)
    by_source = largest <= _LARGEST_SOURCE * len(articles)
    labelled = {article.source for article in articles if article.labels is not None and article.source}
    parts = Parts([], [], [])
    for article in articles:
        share = share_of(article if by_source else replace(article, source=""))
        if article.labels is not None or article.source in labelled:
            share = _PROJECTION + share * (1 - _PROJECTION)
        parts[0 if share < _PROJECTION else 1 if share < _SCORING else 2].append(article)
    return parts
