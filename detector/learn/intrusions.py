"""Intrusions: clean articles in, articles with known intruders out.

What the scorer learns from, what calibration measures and what the benchmark asks about. Every way of going wrong that the
wild shows has its tier here; hosts and donors are drawn from the same articles, so that nothing but the topic gives an
intruder away.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np

from detector.learn.articles import Article
from detector.learn.coincidence import Coincidences

__all__ = ["BELONGS", "FOREIGN", "FURNITURE", "TIERS", "Case", "Intruder", "cases_of", "digests_of", "reshaped"]

BELONGS, FOREIGN, FURNITURE = 0, 1, 2

# How often each tier is made; those that look most alike to what belongs are made most.
# Runs of headlines are few on purpose: three times as many cost .10 of the AP in web pages with all their short lines.
_MIX = {
    "any": 6,
    "topic": 9,
    "source": 6,
    "word": 5,
    "teaser": 4,
    "teasers": 1,
    "lead": 3,
    "block": 9,
    "lines": 6,
    "clean": 19,
}
TIERS = tuple(_MIX)
_TIMES = (0.75, 0.18, 0.07)  # shares of articles with one, two and three intrusions
_ENDS = (0.1, 0.35, 0.55)  # shares of furniture put first, last and anywhere: it gathers at the ends of a page
_ALIKE = (0.2, 0.2)  # shares of the digests whose pieces are of one topic, of one source
_KIND = 50  # articles of a topic or source at least, or a digest would be made of few
_HEADLINES = 0.15  # share of the digests that are lists of headlines
_MIN_DONOR_CHARS = 60  # shorter paragraphs ("Yes.", a name) belong nowhere in particular
_SMALLEST = 3  # paragraphs of a host
# Share of the articles that are cut to a stretch. With .35 of them, natural noise was found at an AP of .658, with .6 at .683,
# and articles of few paragraphs were few.
_CUT = 0.6
_ITEM = 60  # characters of what may be an item of a list
# A closing quote or bracket (two at most) stays with its sentence.
_SENTENCE = re.compile(r"(?:(?<=[.!?…])|(?<=[.!?…][\"'”’)])|(?<=[.!?…][\"'”’)]{2}))\s+(?=[\"'“‘(]?[A-Z0-9])")


@dataclass(frozen=True)
class Case:
    """An article with the truth about it.

    Attributes
    ----------
    paragraphs : tuple of str
    labels : tuple of int
        BELONGS, FOREIGN or FURNITURE, a paragraph each.
    title : str
    tier : str
        How it was made: one of TIERS, ``"digest"``, or ``"natural"`` for labelled text.
    """

    paragraphs: tuple[str, ...]
    labels: tuple[int, ...]
    title: str
    tier: str

    @classmethod
    def natural(cls, article: Article) -> Case:
        """Return `article` as it is: its labels are the truth, and without any all of it belongs."""
        labels = article.labels or (0,) * len(article.paragraphs)
        tier = "clean" if article.labels is None else "natural"
        return cls(article.paragraphs, tuple(FURNITURE if label else BELONGS for label in labels), article.title, tier)


class Intruder:
    """Makes cases out of articles, each article host and donor in turn.

    Parameters
    ----------
    articles : sequence of Article
        Clean: without recurring lines.
    seed : int
    lines : sequence of str
        Furniture, to be put in by tier ``"lines"``.
    """

    def __init__(self, articles: Sequence[Article], seed: int, lines: Sequence[str] = ()) -> None:
        self.articles = [a for a in articles if a.paragraphs]
        self.lines = list(lines)
        self._rng = np.random.default_rng(seed)
        self._by_topic = self._groups(lambda a: a.topic)
        self._by_source = self._groups(lambda a: a.source)

    def case(self, host: Article, tier: str, *more: str, version: Article | None = None) -> Case | None:
        """Return `host` with an intrusion of `tier`, and one of each of `more` tiers; None where no donor is to be had.

        Where `host` is no donor itself but another `version` of it, that one gives it nothing.
        """
        paragraphs, labels = list(host.paragraphs), [BELONGS] * len(host.paragraphs)
        for each in (tier, *more):
            if each == "clean":
                continue
            intruders, label = self._put_in(host, each, version)
            if not intruders:
                return None
            at = self._place(label, len(paragraphs))
            paragraphs[at:at] = intruders
            labels[at:at] = [label] * len(intruders)
        return Case(tuple(paragraphs), tuple(labels), host.title, tier)

    def _place(self, label: int, size: int) -> int:
        """Return before which of `size` paragraphs an intrusion is put: never first, unless it is furniture, as bylines are."""
        if label != FURNITURE:
            return int(self._rng.integers(1, size + 1))
        return (0, size, int(self._rng.integers(size + 1)))[int(self._rng.choice(3, p=_ENDS))]

    def one_kind(self) -> Sequence[Article]:
        """Return articles of one topic or source, as a country's news day is made of, or, mostly, all of them."""
        way = self._rng.random()
        groups = self._by_topic if way < _ALIKE[0] else self._by_source if way < sum(_ALIKE) else {}
        large = [group for group in groups.values() if len(group) >= _KIND]
        return large[int(self._rng.integers(len(large)))] if large else self.articles

    @cached_property
    def _coincidences(self) -> Coincidences:
        return Coincidences(self.articles, _MIN_DONOR_CHARS)

    def _groups(self, key: Callable[[Article], str]) -> dict[str, list[Article]]:
        groups: dict[str, list[Article]] = defaultdict(list)
        for article in self.articles:
            if key(article):
                groups[key(article)].append(article)
        return groups

    def _donor(self, host: Article, tier: str, version: Article | None) -> Article | None:
        pool = self.articles
        if tier == "topic":
            pool = self._by_topic.get(host.topic, [])
        elif tier == "source":
            pool = self._by_source.get(host.source, [])
        for _ in range(20):
            if not pool:
                return None
            donor = pool[int(self._rng.integers(len(pool)))]
            if not _one_story(donor, host, version):
                return donor
        return None

    def _put_in(self, host: Article, tier: str, version: Article | None) -> tuple[tuple[str, ...], int]:
        """Return what an intrusion of `tier` puts into `host`, and what it is there."""
        if tier == "lines":
            return self._lines(), FURNITURE
        if tier == "word":
            found = self._coincidences.draws(host, self._rng)
            return next(((text,) for donor, text in found if not _one_story(donor, host, version)), ()), FOREIGN
        if tier == "teasers":
            donors = [self._donor(host, tier, version) for _ in range(int(self._rng.integers(2, 7)))]
            return tuple(donor.title for donor in donors if donor is not None and donor.title), FURNITURE
        return self._taken(self._donor(host, tier, version), tier)

    def _lines(self) -> tuple[str, ...]:
        """Return a run of one to three lines of furniture."""
        if not self.lines:
            return ()
        first, size = int(self._rng.integers(len(self.lines))), int(self._rng.integers(1, 4))
        return tuple(self.lines[first : first + size])

    def _taken(self, donor: Article | None, tier: str) -> tuple[tuple[str, ...], int]:
        """Return what of `donor` is put into the host, and what it is there."""
        if donor is None:
            return (), FOREIGN
        if tier == "teaser":
            return ((donor.title,) if donor.title else ()), FOREIGN
        if tier == "lead":
            lead = donor.paragraphs[0]
            if not donor.title:
                return (), FOREIGN
            return ((f"{donor.title}\n{lead}",) if self._rng.random() < 0.5 else (donor.title, lead)), FOREIGN
        long = [i for i, p in enumerate(donor.paragraphs) if len(p) >= _MIN_DONOR_CHARS]
        if not long:
            return (), FOREIGN
        first = long[int(self._rng.integers(len(long)))]
        size = int(self._rng.integers(2, 5)) if tier == "block" else 1
        taken = donor.paragraphs[first : first + size]
        return (taken if tier != "block" or len(taken) > 1 else ()), FOREIGN

    def digest(self, fewest: int = 4, most: int = 30, among: Sequence[Article] | None = None) -> Case:
        """Return pieces of `fewest` to `most` articles, none of them the host: a round-up, a live blog or a list of headlines.

        Runs of up to one, two or three paragraphs each, now and then below a headline; single paragraphs, now and then behind
        the time of day; or headlines alone. Of any articles, or those `among` which to choose.
        """
        count = int(np.exp(self._rng.uniform(np.log(fewest), np.log(most + 1))))
        headlines = self._rng.random() < _HEADLINES
        longest = int(self._rng.integers(1, 4))
        timed = longest == 1 and self._rng.random() < 0.5
        minutes = np.sort(self._rng.integers(24 * 60, size=count)).tolist()
        pieces: list[str] = []
        pool = among or self.articles
        for index, minute in zip(self._rng.integers(len(pool), size=count).tolist(), minutes, strict=True):
            donor = pool[index]
            first = int(self._rng.integers(len(donor.paragraphs)))
            run = donor.paragraphs[first : first + int(self._rng.integers(1, longest + 1))]
            if headlines:
                run = (donor.title or run[0],)
            elif timed:
                run = (f"{minute // 60:02d}:{minute % 60:02d} {run[0]}",)
            elif donor.title and self._rng.random() < 0.3:
                run = (donor.title, *run)
            pieces += run
        return Case(tuple(pieces), (BELONGS,) * len(pieces), "", "digest")


def _one_story(donor: Article, host: Article, version: Article | None) -> bool:
    """Return whether a paragraph of `donor` would be none of another story; that neither has a title says nothing."""
    same_title = bool(host.title and donor.title == host.title)
    return donor is version or same_title or donor.paragraphs[0] == host.paragraphs[0]


def reshaped(article: Article, rng: np.random.Generator) -> Article:
    """Return `article` cut to a random stretch, or with paragraphs merged or split: text comes in every size.

    One article in four stays as it is. Titles are dropped from a third: most users have none at hand.
    """
    paragraphs = list(article.paragraphs)
    if rng.random() < _CUT and len(paragraphs) > 4:
        size = int(np.exp(rng.uniform(np.log(4), np.log(len(paragraphs)))))
        first = int(rng.integers(len(paragraphs) - size + 1))
        paragraphs = paragraphs[first : first + size]
    way = rng.random()
    if way < 0.12:
        paragraphs = _merged(paragraphs, rng)
    elif way < 0.24:
        paragraphs = [part for p in paragraphs for part in _halves(p, rng)]
    elif way < 0.36:
        paragraphs = _lists_merged(paragraphs)
    title = "" if rng.random() < 0.33 else article.title
    return replace(article, paragraphs=tuple(paragraphs), title=title)


def _merged(paragraphs: list[str], rng: np.random.Generator) -> list[str]:
    merged: list[str] = []
    i = 0
    while i < len(paragraphs):
        size = int(rng.integers(1, 4))
        merged.append(" ".join(paragraphs[i : i + size]))
        i += size
    return merged


def _lists_merged(paragraphs: list[str]) -> list[str]:
    """Return `paragraphs` with every run of three or more short ones made one: lists and tables as extractors give them."""
    merged: list[str] = []
    for short, run in groupby(paragraphs, key=lambda p: len(p) < _ITEM):
        some = list(run)
        merged += ["\n".join(some)] if short and len(some) > 2 else some
    return merged


def _halves(paragraph: str, rng: np.random.Generator) -> list[str]:
    sentences = _SENTENCE.split(paragraph)
    if len(sentences) < 2 or rng.random() < 0.3:
        return [paragraph]
    cut = int(rng.integers(1, len(sentences)))
    return [" ".join(sentences[:cut]), " ".join(sentences[cut:])]


def cases_of(articles: Sequence[Article], lines: Sequence[str], count: int, seed: int) -> list[Case]:
    """Make at most `count` cases of all tiers, hosts drawn by weight and reshaped anew each time, donors of their language."""
    rng = np.random.default_rng(seed)
    tiers = [tier for tier, times in _MIX.items() for _ in range(times)]
    articles = [article for article in articles if article.paragraphs]
    versions = [reshaped(article, rng) for article in articles]
    intruders = _by_language(versions, seed, lines)
    weights = np.array([article.weight * (len(article.paragraphs) >= _SMALLEST) for article in articles])
    cases: list[Case] = []
    for index in rng.choice(len(articles), count, p=weights / weights.sum()):
        # One intrusion mostly, now and then two or three: "there is always one" must not be learned.
        drawn = [tiers[int(i)] for i in rng.integers(len(tiers), size=int(rng.choice(3, p=_TIMES)) + 1)]
        # A page of the web is host to some fifty cases, for there are few.
        host = reshaped(articles[int(index)], rng)
        if len(host.paragraphs) < _SMALLEST:
            continue
        case = intruders[host.language].case(host, *drawn, version=versions[int(index)])
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


def digests_of(articles: Sequence[Article], count: int, seed: int) -> list[Case]:
    """Make `count` digests, each of articles of one language; a language as often as its articles weigh."""
    intruders = list(_by_language(articles, seed).values())
    shares = np.array([sum(article.weight for article in intruder.articles) for intruder in intruders])
    chosen = np.random.default_rng(seed).choice(len(intruders), count, p=shares / shares.sum())
    made = [intruders[int(index)] for index in chosen]
    return [intruder.digest(among=intruder.one_kind()) for intruder in made]
