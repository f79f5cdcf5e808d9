"""Articles: what learning reads, and what is taken out of them before anything is learned.

In: articles as the user has them. Out: :class:`Article` records without the lines that recur across articles (bylines,
"story continues below", sign-up lines): those are furniture, wherever they stand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from detector.paragraphs import split

__all__ = ["Article", "Tells", "articles_of", "fold", "recurring_lines", "spelt_out", "told_lines", "without_lines"]

Tells = Callable[[str], object]
"""A paragraph to whether it is furniture wherever it stands: the ``search`` of a regular expression, say."""
_ALIKE = 30  # lines of one beginning that are learned from: of "JUST WATCHED" and a headline there are thousands


@dataclass(frozen=True)
class Article:
    """One article to learn from.

    Attributes
    ----------
    paragraphs : tuple of str
    title : str
        Empty when unknown.
    source : str
        Who published it; articles of one source never stand on both sides of a split.
    topic : str
        Articles of one topic make the hard negatives: intruders about nearly the same.
    language : str
        Document frequencies are counted a language; any label will do.
    weight : float
        How often it is drawn, relative to others: raise it for subjects that the corpus is short of.
    judged : bool
        Whether it is the kind of text that will be judged. What is not, such as a textbook's section with its exercises and
        references, teaches which words go together and nothing else.
    labels : tuple of int, or None
        1 where the paragraph is not part of the article (furniture), 0 where it is; None: not labelled, taken as all 0.
    """

    paragraphs: tuple[str, ...]
    title: str = ""
    source: str = ""
    topic: str = ""
    language: str = ""
    weight: float = 1.0
    judged: bool = True
    labels: tuple[int, ...] | None = None


def articles_of(items: Iterable[str | Sequence[str] | Article]) -> list[Article]:
    """Return `items` as articles: a ``str`` is split, a sequence of ``str`` taken as paragraphs, an Article as it is."""
    articles = []
    for item in items:
        if isinstance(item, Article):
            articles.append(item)
        elif isinstance(item, str):
            articles.append(Article(tuple(item[start:end] for start, end in split(item))))
        else:
            articles.append(Article(tuple(item)))
    return articles


def recurring_lines(articles: Iterable[Article], at_least: int = 3) -> set[str]:
    """Return the paragraphs, folded, that stand in `at_least` or more articles.

    Articles of one source and title are one article in several versions, such as with and without what surrounds it.
    """
    versions: dict[object, set[str]] = {}
    for number, article in enumerate(articles):
        key = (article.source, article.title) if article.source and article.title else number
        versions.setdefault(key, set()).update(fold(paragraph) for paragraph in article.paragraphs)
    seen = Counter(line for lines in versions.values() for line in lines)
    return {line for line, count in seen.items() if count >= at_least}


def spelt_out(recurring: set[str], articles: Iterable[Article]) -> list[str]:
    """Return each recurring line once, as it is written where it first stands."""
    found: dict[str, str] = {}
    for article in articles:
        for paragraph in article.paragraphs:
            key = fold(paragraph)
            if key in recurring and key not in found:
                found[key] = paragraph
    return list(found.values())


def told_lines(articles: Iterable[Article], tells: Tells) -> tuple[set[str], list[str]]:
    """Return the paragraphs of which `tells` says that they are furniture: all of them, folded; and those to learn from.

    Of lines that begin with the same two words a few are learned from, each as it is written where it first stands.
    """
    found: dict[str, str] = {}
    for article in articles:
        for paragraph in article.paragraphs:
            key = fold(paragraph)
            if key not in found and tells(paragraph):
                found[key] = paragraph
    alike: Counter[tuple[str, ...]] = Counter()
    chosen = []
    for key, paragraph in found.items():
        beginning = tuple(re.findall(r"\w+", key)[:2])
        alike[beginning] += 1
        if alike[beginning] <= _ALIKE:
            chosen.append(paragraph)
    return set(found), chosen


def without_lines(article: Article, lines: set[str]) -> Article:
    """Return `article` without the paragraphs whose folded text is in `lines`, and without empty ones."""
    keep = [i for i, p in enumerate(article.paragraphs) if p.strip() and fold(p) not in lines]
    if len(keep) == len(article.paragraphs):
        return article
    labels = None if article.labels is None else tuple(article.labels[i] for i in keep)
    return replace(article, paragraphs=tuple(article.paragraphs[i] for i in keep), labels=labels)


def fold(paragraph: str) -> str:
    """Return `paragraph` lower-cased, with digits as 0 and white space as single blanks: how repeats are told."""
    return re.sub(r"\d", "0", " ".join(paragraph.lower().split()))
