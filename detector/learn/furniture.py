"""Furniture: recurring lines and labelled articles in, what each step may learn of furniture out.

A line that the lexicon was taught is too easily told from content. So furniture is dealt into folds by source: what one fold
is worded like is read with a lexicon of other folds, and what calibrates is in no lexicon at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detector.background import Background
from detector.learn.articles import Article
from detector.learn.intrusions import Case
from detector.learn.lexicon import fit_lexicon
from detector.learn.split import Parts, share_of
from detector.vectors import Lexicon

__all__ = ["Fold", "folds_of", "lexicon_of"]

_SCORING = 0.9  # share of the furniture that scores, as in the split of labelled sources; the rest calibrates


@dataclass(frozen=True)
class Fold:
    """Furniture that one step learns from and no other.

    Attributes
    ----------
    labelled : list of Article
    lines : list of str
        Lines that recur, or are told to be furniture.
    """

    labelled: list[Article]
    lines: list[str]

    @property
    def wording(self) -> list[str]:
        """What furniture is worded like: the lines, then what does not belong in the labelled articles, in their order."""
        return [*self.lines, *_paragraphs(self.labelled, belonging=False)]

    @property
    def put_in(self) -> list[str]:
        """What is put into clean articles: the lines; where there are none, what does not belong in the labelled articles.

        Of that, two paragraphs in five are content that whoever wrote the article out left out.
        """
        return self.lines or self.wording

    @property
    def content(self) -> list[str]:
        """What belongs in the labelled articles."""
        return _paragraphs(self.labelled, belonging=True)

    @property
    def cases(self) -> list[Case]:
        """The labelled articles as cases, with and without their title: most users have none at hand."""
        return [Case.natural(each) for article in self.labelled for each in (article, replace(article, title=""))]


def folds_of(parts: Parts, recurring: Sequence[str]) -> tuple[Fold, Fold, Fold]:
    """Return the furniture of two halves of what scores, and of what calibrates."""
    scoring = [article for article in parts.scoring if article.labels is not None]
    calibration = [article for article in parts.calibration if article.labels is not None]
    half = _SCORING / 2
    share_of_line = {line: share_of(Article((line,))) for line in recurring}
    return (
        Fold([a for a in scoring if share_of(a) < half], [x for x in recurring if share_of_line[x] < half]),
        Fold([a for a in scoring if share_of(a) >= half], [x for x in recurring if half <= share_of_line[x] < _SCORING]),
        Fold(calibration, [x for x in recurring if share_of_line[x] >= _SCORING]),
    )


def _paragraphs(labelled: Sequence[Article], *, belonging: bool) -> list[str]:
    """Return the paragraphs of `labelled` articles that belong, or those that do not."""
    pairs = [pair for article in labelled for pair in zip(article.paragraphs, article.labels or (), strict=True)]
    return [paragraph for paragraph, label in pairs if belonging != bool(label)]


def lexicon_of(folds: Sequence[Fold], content: Sequence[str], background: Background) -> Lexicon:
    """Return the lexicon that the furniture of `folds` teaches, against their content and `content`."""
    lines = [line for fold in folds for line in fold.wording]
    belonging = [paragraph for fold in folds for paragraph in fold.content]
    return fit_lexicon(lines, [*content, *belonging], background)
