"""Recipe: the order of the work, from articles to a model.

Every step learns from sources that the steps before have not seen, so that nothing is measured on what it was fitted to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.learn.articles import Article, articles_of, recurring_lines, spelt_out, without_lines
from detector.learn.background import fit_background, spellings
from detector.learn.calibration import calibrated, fit_calibration
from detector.learn.intrusions import BELONGS, FOREIGN, FURNITURE, Case, cases_of, digests_of, reshaped
from detector.learn.lexicon import fit_lexicon
from detector.learn.projection import ProjectionSettings, fit_projection, taught_projection
from detector.learn.scoring import (
    Gathered,
    fit_first,
    fit_foreign,
    fit_furniture,
    fit_topic,
    gathered,
    joined,
    off_topic_logits,
)
from detector.learn.split import Parts, parts_of, share_of
from detector.model import Model, Reader
from detector.scorer import Network, Scorer

__all__ = ["TrainSettings", "train"]

_log = logging.getLogger(__name__)
_LEAST = 50  # articles of four or more paragraphs
_CONTENT = 20_000  # paragraphs of clean articles that the lexicon is contrasted with
_FOLD = 0.45  # of share_of: halves the labelled sources that score, which are those below 0.9
_NATURAL = 3  # labelled articles are scarce and are what the wild looks like: they count three times


@dataclass(frozen=True)
class TrainSettings:
    """How a model is learned.

    Attributes
    ----------
    projected : int
        How many of the most frequent terms get a projection row, a byte for each of its dimensions.
    projection : ProjectionSettings
    cases : int
        Articles with and without intruders that the scorer learns from; a third as many calibrate it.
    language : str, optional
        Only terms of this language are projected; all by default. Others are counted, scored by their words, and calibrated.
    seed : int
    """

    projected: int = 56_000
    projection: ProjectionSettings = field(default_factory=ProjectionSettings)
    cases: int = 24_000
    language: str | None = None
    seed: int = 0


Teacher = Callable[[Sequence[str]], NDArray[np.float32]]


def train(
    articles: Iterable[str | Sequence[str] | Article],
    settings: TrainSettings | None = None,
    teacher: Teacher | None = None,
) -> Model:
    """Learn a model of your own domain or language.

    Parameters
    ----------
    articles : iterable
        Each a text, a list of paragraphs or an :class:`~detector.learn.articles.Article`, which can also tell source, topic
        and labels. Clean text as far as it can be had: what recurs across articles is found and set aside.
    settings : TrainSettings, optional
    teacher : callable, optional
        Words, a list of p str, to their vectors, ndarray (p, k): the ``encode`` of a sentence encoder, say. It is asked once,
        and the model that is learned needs it no more; it helps with words that `articles` seldom use.

    Raises
    ------
    InputError
        With fewer than 50 articles of four paragraphs or more: too few to tell anything. Neither labelled articles nor
        lines that recur across articles count, nor other languages than that of `settings`.
    """
    settings = settings or TrainSettings()
    raw = articles_of(articles)
    # Lines that recur across articles are furniture wherever they stand: they are taken out, and shown as such.
    recurring = recurring_lines(raw)
    cleaned = [without_lines(article, recurring) for article in raw]
    usable = sum(a.judged and len(a.paragraphs) >= 4 for a in _plain(_of(settings.language, cleaned)))
    if usable < _LEAST:
        raise InputError(
            f"training needs at least {_LEAST} articles of four or more paragraphs, got {usable}; give more text. Labelled "
            "articles, lines that recur in three articles and other languages than the one asked for do not count"
        )
    furniture = [line for line in spelt_out(recurring, _of(settings.language, raw)) if len(line.strip()) > 1]
    parts = parts_of(cleaned)
    content = _content(parts, settings)
    reader = _reader(parts, furniture, content, settings, teacher)
    return Model(reader, _scorer(parts, furniture, content, reader, settings))


def _reader(
    parts: Parts, furniture: Sequence[str], content: Sequence[str], settings: TrainSettings, teacher: Teacher | None
) -> Reader:
    """Learn what is known before an article is seen."""
    languages = None if settings.language is None else {settings.language}
    background = fit_background(parts.projection, projected=settings.projected, projected_languages=languages)
    _log.info("background: %d terms, %d projected", len(background.hashes), (background.rows >= 0).sum())
    spoken = _of(settings.language, parts.projection)
    word_vectors = taught = None
    if teacher is not None:
        word_vectors = np.asarray(teacher(spellings(spoken, background)), np.float32)
        taught = taught_projection(word_vectors, background, settings.projection.taught)
        _log.info("teacher: %d words, %d dimensions", *word_vectors.shape)
    projection = fit_projection(spoken, background, settings.projection, word_vectors)
    blank = Reader(background, projection, fit_lexicon([], [], background), taught)
    _log.info("furniture: %d recurring lines, %d labelled articles", len(furniture), len(_labelled(parts.scoring)))
    return _with_lexicon(blank, _labelled(parts.scoring), furniture, content)


def _scorer(parts: Parts, furniture: Sequence[str], content: Sequence[str], reader: Reader, settings: TrainSettings) -> Scorer:
    """Learn how to weigh the evidence that `reader` gathers, and how sure one can be."""
    made = cases_of(_plain(parts.scoring), furniture, settings.cases, settings.seed + 1)
    digests = digests_of(_plain(parts.scoring), settings.cases // 4, settings.seed + 2)
    # Labelled articles: the evidence of one half is gathered with the lexicon that the other half teaches.
    labelled = _labelled(parts.scoring)
    folds = [[a for a in labelled if share_of(a) < _FOLD], [a for a in labelled if share_of(a) >= _FOLD]]
    readers = [_with_lexicon(reader, other, furniture, content) for other in reversed(folds)]

    def gather(first: Network | None) -> tuple[Gathered, list[Gathered]]:
        natural = [gathered(_natural(fold), r, first) for fold, r in zip(folds, readers, strict=True) if fold]
        return gathered(made, reader, first), natural

    rows, natural = gather(None)
    first = fit_first(joined([rows, *natural * _NATURAL]), settings.seed)
    rows, natural = gather(first)
    foreign = fit_foreign(joined([rows, *natural]), settings.seed)
    furnished = fit_furniture(rows, joined(natural) if natural else None, settings.seed)
    topic = fit_topic(rows, gathered(digests, reader, first), settings.seed)

    mixed = cases_of(_plain(parts.calibration), furniture, settings.cases // 3, settings.seed + 3)
    mixed += _natural(_labelled(parts.calibration))
    # Clean text as it comes: without titles, and once more cut, merged and split; with titles and whole it is easier to judge.
    rng = np.random.default_rng(settings.seed + 4)
    whole = [replace(article, title="") for article in _plain(parts.calibration)]
    clean = [a for a in (*whole, *(reshaped(a, rng) for a in _plain(parts.calibration))) if len(a.paragraphs) >= 3]
    rows_mixed = gathered(mixed, reader, first)
    rows_clean = gathered([Case.natural(article) for article in clean], reader, first)
    foreign = calibrated(foreign, rows_mixed, FOREIGN)
    furnished = calibrated(furnished, rows_mixed, FURNITURE)
    calibration = fit_calibration(
        off_topic_logits(foreign, furnished, rows_mixed),
        rows_mixed.labels != BELONGS,
        off_topic_logits(foreign, furnished, rows_clean),
        np.array([article.weight for article in clean])[rows_clean.cases],
    )
    return Scorer(first, foreign, furnished, topic, calibration)


def _natural(labelled: Sequence[Article]) -> list[Case]:
    """Return labelled articles as cases, with and without their title: most users have none at hand."""
    return [Case.natural(each) for article in labelled for each in (article, replace(article, title=""))]


def _with_lexicon(reader: Reader, labelled: Sequence[Article], furniture: Sequence[str], content: Sequence[str]) -> Reader:
    """Return `reader` with the lexicon that labelled articles, lines of furniture and paragraphs of content teach."""
    pairs = [pair for article in labelled for pair in zip(article.paragraphs, article.labels or (), strict=True)]
    noise = [paragraph for paragraph, label in pairs if label]
    belonging = [paragraph for paragraph, label in pairs if not label]
    return replace(reader, lexicon=fit_lexicon([*furniture, *noise], [*content, *belonging], reader.background))


def _content(parts: Parts, settings: TrainSettings) -> list[str]:
    """Return a sample of the paragraphs of clean articles."""
    articles = _of(settings.language, _plain(parts.scoring))
    paragraphs = [paragraph for article in articles for paragraph in article.paragraphs]
    chosen = np.random.default_rng(settings.seed).permutation(len(paragraphs))[:_CONTENT]
    return [paragraphs[i] for i in sorted(chosen.tolist())]


def _of(language: str | None, articles: Sequence[Article]) -> list[Article]:
    return [article for article in articles if language is None or article.language == language]


def _plain(articles: Sequence[Article]) -> list[Article]:
    return [article for article in articles if article.labels is None]


def _labelled(articles: Sequence[Article]) -> list[Article]:
    return [article for article in articles if article.labels is not None]
