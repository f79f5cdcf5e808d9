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
_LABELLED_SCORING = 0.9  # the same for sources with labels; natural noise is what there is least of
_LARGEST_SOURCE = 0.4  # a source with a larger share of the articles would leave parts empty
_SMALLEST_PART = 0.05  # of the unlabelled articles; a few sources of one size can all fall into the same part


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
    """Split `articles` by source; by article if one source makes up most of them, or sources too few leave a part empty.

    Sources with labelled articles are kept for scoring and calibration, nine to one: labels are scarce, and the projection
    must not have seen their text. What is not to be judged teaches the projection alone, or nothing if its source has labels.
    """
    largest = max(Counter(article.source for article in articles if article.source).values(), default=0)
    parts = _parted(articles, by_source=True)
    plain = [sum(article.judged and article.labels is None for article in part) for part in parts]
    if largest > _LARGEST_SOURCE * len(articles) or min(plain) < _SMALLEST_PART * sum(plain):
        return _parted(articles, by_source=False)
    return parts


def _parted(articles: Sequence[Article], *, by_source: bool) -> Parts:
    labelled = {article.source for article in articles if article.labels is not None and article.source}
    parts = Parts([], [], [])
    for article in articles:
        share = share_of(article if by_source else replace(article, source=""))
        if article.labels is not None or (by_source and article.source in labelled):
            if article.judged:
                parts[1 if share < _LABELLED_SCORING else 2].append(article)
        else:
            parts[0 if share < _PROJECTION or not article.judged else 1 if share < _SCORING else 2].append(article)
    return parts
