"""Recipe: the order of the work, from articles to a model.

Every step learns from sources that the steps before have not seen, so that nothing is measured on what it was fitted to.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from detector.encoder import Encoded, Encoder
from detector.errors import InputError
from detector.learn.articles import Article, Tells, articles_of, recurring_lines, spelt_out, told_lines, without_lines
from detector.learn.background import fit_background
from detector.learn.calibration import calibrated, fit_calibration
from detector.learn.contrast import corpus_of
from detector.learn.distillation import DistillationSettings, Teacher, distilled, fit_taught
from detector.learn.furniture import Fold, folds_of, lexicon_of
from detector.learn.intrusions import BELONGS, FOREIGN, FURNITURE, Case, cases_of, digests_of, reshaped
from detector.learn.projection import ProjectionSettings, fit_projection
from detector.learn.scoring import (
    Gathered,
    estranged,
    fit_first,
    fit_foreign,
    fit_furniture,
    fit_topic,
    gathered,
    joined,
    off_topic_logits,
)
from detector.learn.split import Parts, parts_of
from detector.model import Model
from detector.reader import Reader
from detector.scorer import Network, Scorer
from detector.vectors import Lexicon

__all__ = ["TrainSettings", "train"]

_log = logging.getLogger(__name__)
_LEAST = 50  # articles of four or more paragraphs
_CONTENT = 20_000  # paragraphs of clean articles that the lexicon is contrasted with
_EVERY = 6  # of the cases one is read as if in a language of which little is known
_KNOWN = (0.0, 0.4)  # how little, a share of the terms in either half
_LONG = 80  # characters of a paragraph that is no short line


@dataclass(frozen=True)
class TrainSettings:
    """How a model is learned.

    Attributes
    ----------
    projected, projected_elsewhere : int
        How many of the most frequent terms get a projection row, half a byte for each of its dimensions: terms of `language`,
        and of other languages.
    projection : ProjectionSettings
    distillation : DistillationSettings
        Of no account without a teacher.
    cases : int
        Articles with and without intruders that the scorer learns from; a third as many calibrate it.
    language : str, optional
        The language that the model is made for, all by default: a teacher is asked about this one alone.
    seed : int
    """

    projected: int = 40_000
    projected_elsewhere: int = 0
    projection: ProjectionSettings = field(default_factory=ProjectionSettings)
    distillation: DistillationSettings = field(default_factory=DistillationSettings)
    cases: int = 60_000
    language: str | None = None
    seed: int = 0


def train(
    articles: Iterable[str | Sequence[str] | Article],
    settings: TrainSettings | None = None,
    teacher: Teacher | None = None,
    encoder: Encoder | None = None,
    furniture: Tells | None = None,
) -> Model:
    """Learn a model of your own domain or language.

    Parameters
    ----------
    articles : iterable
        Each a text, a list of paragraphs or an :class:`~detector.learn.articles.Article`, which can also tell source, topic
        and labels. Clean text as far as it can be had: what recurs across articles is found and set aside.
    settings : TrainSettings, optional
    teacher : callable, optional
        Texts, a list of p str, to their vectors, ndarray (p, k): the ``encode`` of a sentence encoder, say. It is asked twice,
        about words and about passages of `articles`, and the model that is learned needs it no more; it helps with words that
        `articles` seldom use.
    encoder : Encoder, optional
        A sentence encoder, anything with ``encode(list of str)``, in the projection's place: nothing is projected, and the
        networks and thresholds are fitted to its vectors. It reads every paragraph, in training and ever after, which
        takes more than a hundred times as long; the model is loaded with ``load_model(path, encoder)``.
    furniture : callable, optional
        A paragraph to whether it is furniture, whatever article it stands in: the ``search`` of a regular expression, say.
        What recurs is found without; "Follow Jane Doe on Twitter" does not recur. Such paragraphs of articles without
        labels are taken out of what counts as clean, and furniture is learned from them.

    Raises
    ------
    InputError
        With fewer than 50 articles of four paragraphs or more: too few to tell anything. Neither labelled articles nor
        lines that recur across articles count, nor other languages than that of `settings`. With both a teacher and an
        encoder, or one that is none.
    """
    if teacher is not None and encoder is not None:
        raise InputError("a teacher helps to learn a projection and an encoder takes its place: give one of them, got both")
    encoded = None if encoder is None else Encoded.by(encoder)
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
    lines = [line for line in spelt_out(recurring, _of(settings.language, raw)) if len(line.strip()) > 1]
    parts = parts_of(cleaned)
    # What words mean is learned of all text; what belongs, of text less the furniture that can be told.
    reader = _reader(parts, settings, teacher) if encoded is None else _encoding(parts, encoded, settings)
    if furniture is not None:
        told, some = told_lines(_plain(_of(settings.language, cleaned)), furniture)
        parts = Parts(*([a if a.labels is not None else without_lines(a, told) for a in part] for part in parts))
        lines += some
        _log.info("furniture: %d lines told, %d of them to learn from", len(told), len(some))
    return _judging(reader, parts, folds_of(parts, lines), settings)


def _reader(parts: Parts, settings: TrainSettings, teacher: Teacher | None) -> Reader:
    """Learn what words mean; the lexicon is blank as yet."""
    spoken = _of(settings.language, parts.projection)
    at_home = fit_background(parts.projection, projected=settings.projected, language=settings.language)
    background, read = at_home, spoken
    if settings.projected_elsewhere:
        # The same rows, and those of other languages behind them.
        background = fit_background(
            parts.projection,
            projected=settings.projected,
            projected_elsewhere=settings.projected_elsewhere,
            language=settings.language,
        )
        read = parts.projection
    _log.info("background: %d terms, %d projected", len(background.hashes), (background.rows >= 0).sum())
    found = taught = affixes = None
    if teacher is not None:
        # A teacher is asked about one language: of the others it may know nothing.
        found = distilled(spoken, at_home, teacher, settings.distillation)
        taught, affixes = fit_taught(found, corpus_of(spoken, at_home), settings.distillation)
    corpus = corpus_of(read, background)
    projection = fit_projection(corpus, background, settings.projection, None if found is None else found.terms)
    return Reader(background, projection, Lexicon.blank(background), taught, affixes)


def _encoding(parts: Parts, encoded: Encoded, settings: TrainSettings) -> Reader:
    """Learn how often words are met, and leave what they mean to an encoder."""
    background = fit_background(parts.projection, projected=0, language=settings.language)
    _log.info(
        "background: %d terms, none projected: vectors of %d come from an encoder", len(background.hashes), len(encoded.probe)
    )
    return Reader(background, encoded, Lexicon.blank(background))


def _judging(reader: Reader, parts: Parts, folds: tuple[Fold, Fold, Fold], settings: TrainSettings) -> Model:
    """Learn what furniture is worded like, how to weigh the evidence, and how sure one can be."""
    content = _content(parts, settings)
    halves, last = folds[:2], folds[2]
    for fold in folds:
        _log.info("furniture: %d lines, %d labelled articles", len(fold.lines), len(fold.labelled))
    final = replace(reader, lexicon=lexicon_of(halves, content, reader.background))
    # The evidence of one half is gathered with what the other teaches; with lines so few that one half has none, with its own.
    others = [other if other.wording else half for half, other in zip(halves, reversed(halves), strict=True)]
    readers = [replace(reader, lexicon=lexicon_of([other], content, reader.background)) for other in others]
    strange = [estranged(r, known, settings.seed + seed) for seed, (r, known) in enumerate(zip(readers, _KNOWN, strict=True))]
    made = [
        cases_of(_plain(parts.scoring), half.put_in, settings.cases // 2, settings.seed + seed)
        for seed, half in enumerate(halves, start=1)
    ]
    digests = digests_of(_plain(parts.scoring), settings.cases // 4, settings.seed + 3)

    def gather(first: Network | None) -> tuple[Gathered, list[Gathered]]:
        natural = [gathered(half.cases, r, first) for half, r in zip(halves, readers, strict=True) if half.labelled]
        return joined([_gathered(*each, first) for each in zip(made, readers, strange, strict=True)]), natural

    rows, natural = gather(None)
    first = fit_first(joined([rows, *natural]), settings.seed)
    rows, natural = gather(first)
    foreign = fit_foreign(joined([rows, *natural]), settings.seed)
    furnished = fit_furniture(rows, natural, settings.seed)
    # A page whose article stands among many teasers is no digest: labelled pages are articles too.
    # Digests are all read as what they are: with as many of them read as if in a strange language as of articles, 2 to 6 % of
    # strange articles were taken for digests, a report in French among them. As it is, none is told there, and of their
    # paragraphs .3 to 2.5 % are flagged.
    topic = fit_topic(joined([rows, *natural]), gathered(digests, final, first), settings.seed)

    mixed = cases_of(_plain(parts.calibration), last.put_in, settings.cases // 3, settings.seed + 4)
    mixed += last.cases
    clean, kinds = _clean(parts, settings)
    unknowing = estranged(final, _KNOWN[0], settings.seed)
    rows_mixed = _gathered(mixed, final, unknowing, first)
    # Thresholds are for text that can be read: a sixth of it strange would lower them, for little scores high there. That has
    # its own: with the others, of strangers in Spanish, Arabic, Portuguese and German, read so, .10, .07, .03 and .01 were
    # flagged at the default, with its own .44, .49, .27 and .08, and of clean text .1 to .4 %, where .2 % are tolerated.
    rows_clean = gathered([Case.natural(article) for article in clean], final, first)
    rows_strange = gathered([Case.natural(article) for article in clean[::_EVERY]], unknowing, first)
    foreign = calibrated(foreign, rows_mixed, FOREIGN)
    furnished = calibrated(furnished, rows_mixed, FURNITURE)
    calibration = fit_calibration(
        off_topic_logits(foreign, furnished, rows_mixed),
        rows_mixed.labels != BELONGS,
        rows_mixed.weights,
        off_topic_logits(foreign, furnished, rows_clean),
        np.array([article.weight for article in clean])[rows_clean.cases] * rows_clean.weights,
        np.array(kinds)[rows_clean.cases],
        np.bincount(rows_clean.cases)[rows_clean.cases],
        off_topic_logits(foreign, furnished, rows_strange),
        rows_strange.weights,
    )
    return Model(final, Scorer(first, foreign, furnished, topic, calibration))


def _gathered(cases: Sequence[Case], reader: Reader, strange: Reader, first: Network | None) -> Gathered:
    """Gather the evidence of `cases`, of every _EVERY-th as the `strange` reader does: most languages were never learned."""
    numbers = np.arange(len(cases))
    hidden = numbers % _EVERY == 0
    parts = []
    for some, each in ((numbers[~hidden], reader), (numbers[hidden], strange)):
        if len(some):
            found = gathered([cases[i] for i in some.tolist()], each, first)
            parts.append(replace(found, cases=some[found.cases]))
    return joined(parts)


def _clean(parts: Parts, settings: TrainSettings) -> tuple[list[Article], list[int]]:
    """Return the clean text that thresholds are taken from, and which kind of text each is.

    As it comes; cut, merged and split; and without its short lines, as many extractors leave it; each once for subjects whose
    weight is raised, of which there is little, and once for the rest. Never all with titles: with them it is easier to judge.
    """
    rng = np.random.default_rng(settings.seed + 5)
    plain = _plain(parts.calibration)
    whole = [replace(article, title="") for article in plain]
    long = [replace(a, paragraphs=tuple(p for p in a.paragraphs if len(p) >= _LONG)) for a in whole]
    found = [(article, kind) for kind, kept in enumerate((whole, [reshaped(a, rng) for a in plain], long)) for article in kept]
    found = [(article, kind) for article, kind in found if len(article.paragraphs) >= 3]
    return [article for article, _ in found], [2 * kind + (article.weight > 1) for article, kind in found]


def _content(parts: Parts, settings: TrainSettings) -> list[str]:
    """Return a sample of the paragraphs of clean articles, none of which scores: a lexicon knows the text it was taught."""
    articles = [article for article in _of(settings.language, parts.projection) if article.judged]
    paragraphs = [paragraph for article in articles for paragraph in article.paragraphs]
    chosen = np.random.default_rng(settings.seed).permutation(len(paragraphs))[:_CONTENT]
    return [paragraphs[i] for i in sorted(chosen.tolist())]


def _of(language: str | None, articles: Sequence[Article]) -> list[Article]:
    return [article for article in articles if language is None or article.language == language]


def _plain(articles: Sequence[Article]) -> list[Article]:
    return [article for article in articles if article.labels is None]
