"""Learning a model: articles in, :class:`~detector.model.Model` out. The bundled model is made by this very code.

The order of the work, every step on sources that the steps before have not seen, so that nothing is measured on what it was
fitted to:

1. **articles**: lines that recur across articles are furniture; they are taken out and kept.
2. **background**: in how many articles does each word stand?
3. **projection**: which words go together? (64 % of the sources)
4. **lexicon**: what is furniture worded like?
5. **intrusions → scoring**: how is the evidence weighed? (18 %)
6. **calibration**: how sure can one be? (18 %)
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from detector.errors import InputError
from detector.learn.articles import Article, articles_of, fold, recurring_lines, without_lines
from detector.learn.background import fit_background
from detector.learn.calibration import fit_calibration
from detector.learn.intrusions import BELONGS, FURNITURE, Case, Intruder, reshaped
from detector.learn.lexicon import fit_lexicon
from detector.learn.projection import ProjectionSettings, fit_projection
from detector.learn.scoring import Gathered, fit_first, fit_second, fit_topic, gathered, joined, off_topic_logits
from detector.model import Model, Reader
from detector.scorer import Network, Scorer
from detector.vectors import Background, Lexicon

__all__ = ["Article", "TrainSettings", "share_of", "train"]

_log = logging.getLogger(__name__)
_LEAST = 50  # articles of four or more paragraphs
_PROJECTION, _SCORING = 0.64, 0.82  # cumulative shares of the sources: for the projection, for scoring, the rest to calibrate
_LARGEST_SOURCE = 0.4  # a source with a larger share of the articles would leave parts empty
_CONTENT = 20_000  # paragraphs of clean articles that the lexicon is contrasted with
_TIMES = (0.75, 0.18, 0.07)  # shares of articles with one, two and three intrusions
_NATURAL = 3  # labelled articles are scarce and are what the wild looks like: they count three times
# How often each tier is made; those that look most alike to what belongs are made most.
_MIX = {"any": 2, "topic": 3, "source": 2, "teaser": 1, "lead": 1, "block": 3, "lines": 1, "clean": 3}


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

    projected: int = 60_000
    projection: ProjectionSettings = field(default_factory=ProjectionSettings)
    cases: int = 24_000
    language: str | None = None
    seed: int = 0


def train(articles: Iterable[str | Sequence[str] | Article], settings: TrainSettings | None = None) -> Model:
    """Learn a model of your own domain or language.

    Parameters
    ----------
    articles : iterable
        Each a text, a list of paragraphs or an :class:`~detector.learn.articles.Article`, which can also tell source, topic
        and labels. Clean text as far as it can be had: what recurs across articles is found and set aside.
    settings : TrainSettings, optional

    Raises
    ------
    InputError
        With fewer than 50 articles of four paragraphs or more: too few to tell anything.
    """
    settings = settings or TrainSettings()
    raw = articles_of(articles)
    recurring = recurring_lines(raw)
    cleaned = [without_lines(article, recurring) for article in raw]
    plain = [a for a in cleaned if a.labels is None]
    labelled = [a for a in cleaned if a.labels is not None]
    usable = sum(len(a.paragraphs) >= 4 for a in plain)
    if usable < _LEAST:
        raise InputError(f"training needs at least {_LEAST} articles of four or more paragraphs, got {usable}; give more text")
    for_projection, for_scoring, for_calibration = _parts(plain)

    languages = None if settings.language is None else {settings.language}
    background = fit_background(for_projection, projected=settings.projected, projected_languages=languages)
    _log.info("background: %d terms, %d projected", len(background.hashes), (background.rows >= 0).sum())
    projected = [a for a in for_projection if languages is None or a.language in languages]
    projection = fit_projection(projected, background, settings.projection)

    spoken = [a for a in raw if languages is None or a.language in languages]
    lines = [line for line in _texts_of(recurring, spoken) if len(line) > 1]
    content = _sample(
        [p for a in for_scoring for p in a.paragraphs if languages is None or a.language in languages], _CONTENT, settings.seed
    )
    _log.info("furniture: %d recurring lines, %d labelled articles", len(lines), len(labelled))
    lexicon = _lexicon(labelled, lines, content, background)
    reader = Reader(background, projection, lexicon)

    # Labelled articles: the evidence of one half is gathered with the lexicon that the other half teaches.
    folds = [[a for a in labelled if share_of(a) < 0.5], [a for a in labelled if share_of(a) >= 0.5]]
    readers = [replace(reader, lexicon=_lexicon(other, lines, content, background)) for other in reversed(folds)]
    made = _cases(for_scoring, lines, settings.cases, settings.seed + 1)
    digests = _digests(for_scoring, settings.cases // 4, settings.seed + 2)

    def gather(first: Network | None) -> Gathered:
        natural = [gathered(_natural(fold), r, first) for fold, r in zip(folds, readers, strict=True) if fold]
        return joined([gathered(made, reader, first), *natural * _NATURAL])

    first = fit_first(gather(None), settings.seed)
    rows = gather(first)
    second = fit_second(rows, settings.seed)
    topic = fit_topic(rows, gathered(digests, reader, first), settings.seed)

    mixed = gathered(_cases(for_calibration, lines, settings.cases // 3, settings.seed + 3), reader, first)
    clean = gathered([_clean(a) for a in for_calibration if len(a.paragraphs) >= 3], reader, first)
    calibration = fit_calibration(
        off_topic_logits(second, mixed),
        mixed.labels != BELONGS,
        off_topic_logits(second, clean),
        topic(np.vstack((mixed.summary, clean.summary)))[:, 0],
    )
    return Model(reader, Scorer(first, second, topic, calibration))


def share_of(article: Article) -> float:
    """Return a number in 0..1 that is the same for all articles of a source: where it falls in a split.

    An article without a source is a source of its own.
    """
    key = article.source or f"{article.title} {' '.join(article.paragraphs)}"
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2**64


def _parts(articles: Sequence[Article]) -> tuple[list[Article], list[Article], list[Article]]:
    """Split `articles` by source for projection, scoring and calibration; by article if one source makes up most of them."""
    largest = max(Counter(article.source for article in articles if article.source).values(), default=0)
    by_source = largest <= _LARGEST_SOURCE * len(articles)
    parts: tuple[list[Article], list[Article], list[Article]] = ([], [], [])
    for article in articles:
        share = share_of(article if by_source else replace(article, source=""))
        parts[0 if share < _PROJECTION else 1 if share < _SCORING else 2].append(article)
    return parts


def _texts_of(recurring: set[str], articles: Sequence[Article]) -> list[str]:
    """Return each recurring line once, as it is written where it first stands."""
    found: dict[str, str] = {}
    for article in articles:
        for paragraph in article.paragraphs:
            key = fold(paragraph)
            if key in recurring and key not in found:
                found[key] = paragraph
    return list(found.values())


def _sample(texts: Sequence[str], size: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [texts[i] for i in sorted(rng.permutation(len(texts))[:size])]


def _lexicon(labelled: Sequence[Article], lines: Sequence[str], content: Sequence[str], background: Background) -> Lexicon:
    pairs = [pair for a in labelled for pair in zip(a.paragraphs, a.labels or (), strict=True)]
    furniture = [paragraph for paragraph, label in pairs if label]
    belonging = [paragraph for paragraph, label in pairs if not label]
    return fit_lexicon([*lines, *furniture], [*content, *belonging], background)


def _natural(articles: Sequence[Article]) -> list[Case]:
    return [
        Case(a.paragraphs, tuple(FURNITURE if label else BELONGS for label in a.labels or ()), a.title, "natural")
        for a in articles
    ]


def _clean(article: Article) -> Case:
    return Case(article.paragraphs, (BELONGS,) * len(article.paragraphs), article.title, "clean")


def _cases(articles: Sequence[Article], lines: Sequence[str], count: int, seed: int) -> list[Case]:
    """Make `count` cases of all tiers, hosts drawn by their weight and reshaped anew each time, donors of their language."""
    rng = np.random.default_rng(seed)
    tiers = [tier for tier, times in _MIX.items() for _ in range(times)]
    intruders = _by_language([reshaped(article, rng) for article in articles], seed, lines)
    hosts = [article for intruder in intruders.values() for article in intruder.articles if len(article.paragraphs) >= 3]
    weights = np.array([article.weight for article in hosts])
    cases: list[Case] = []
    for index in rng.choice(len(hosts), count, p=weights / weights.sum()):
        # One intrusion mostly, now and then two or three: "there is always one" must not be learned.
        drawn = [tiers[int(i)] for i in rng.integers(len(tiers), size=int(rng.choice(3, p=_TIMES)) + 1)]
        host = hosts[int(index)]
        case = intruders[host.language].case(host, *drawn)
        if case is not None:
            cases.append(case)
    return cases


def _by_language(articles: Sequence[Article], seed: int, lines: Sequence[str] = ()) -> dict[str, Intruder]:
    """Return an intruder a language, so that no donor is given away by its language; `lines` serve the commonest one."""
    groups: dict[str, list[Article]] = defaultdict(list)
    for article in articles:
        groups[article.language].append(article)
    commonest = max(groups, key=lambda language: len(groups[language]), default="")
    return {name: Intruder(group, seed, lines if name == commonest else ()) for name, group in sorted(groups.items())}


def _digests(articles: Sequence[Article], count: int, seed: int) -> list[Case]:
    intruders = list(_by_language(articles, seed).values())
    shares = np.array([sum(article.weight for article in intruder.articles) for intruder in intruders])
    chosen = np.random.default_rng(seed).choice(len(intruders), count, p=shares / shares.sum())
    return [intruders[int(index)].digest() for index in chosen]
