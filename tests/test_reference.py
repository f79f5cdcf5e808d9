"""Reference: the whole way from text to score, once the slow and readable way, held against the fast one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from conftest import FIXTURES, FURNITURE, PLAIN, SUBJECTS
from numpy.typing import NDArray
from reference import Row, Slow, known_of, lowered, slow_judgement, vocabulary_of
from test_terms import slow_affixes

from detector import Model, load_model
from detector.evidence import COLUMNS
from detector.paragraphs import Batch, batch_of
from detector.postings import PAIRS
from detector.scorer import SUMMARY, Network, article_summary
from detector.vectors import Affixes, Lexicon, Projection


@dataclass(frozen=True)
class Case:
    """A batch, and what the slow way makes of each of its articles with the same model."""

    model: Model
    batch: Batch
    slow: list[Slow]

    @classmethod
    def of(cls, model: Model, articles: Sequence[list[str]], titles: Sequence[str | None]) -> Case:
        vocabulary = vocabulary_of(model.reader.background)
        slow = [
            slow_judgement(model, [title, *article] if title else article, int(bool(title)), vocabulary)
            for article, title in zip(articles, titles, strict=True)
        ]
        return cls(model, batch_of(articles, titles), slow)

    def check_evidence(self) -> None:
        """Hold every column of both evidences, the doubt between them and the summary of articles against the slow way."""
        fast = self.model.reader.read(self.batch, self.model.scorer.first)
        assert fast.doubt == pytest.approx([doubt for each in self.slow for doubt in each.doubt], abs=1e-5, rel=0)
        check_columns(COLUMNS, fast.plain, [row for each in self.slow for row in each.plain])
        check_columns(COLUMNS, fast.doubted, [row for each in self.slow for row in each.doubted])
        summary = article_summary(self.batch, fast.plain, fast.doubt)
        check_columns(SUMMARY, summary, [dict(zip(SUMMARY, each.summary, strict=True)) for each in self.slow])

    def check_judgement(self) -> None:
        """Hold scores, kinds and whether there is a topic against the slow way."""
        judgement = self.model.judge(self.batch)
        assert judgement.scores == pytest.approx([score for each in self.slow for score in each.scores], abs=1e-5, rel=0)
        rows = [(each, i) for each in self.slow for i in range(len(each.scores))]
        for (each, i), furniture in zip(rows, judgement.furniture.tolist(), strict=True):
            # Where both logits are the same, rounding decides.
            if each.headlines[i] or abs(each.furniture[i] - each.foreign[i]) > 1e-3:
                assert furniture == each.looks_like_furniture(i), each.known.rows[i]
        threshold = float(self.model.scorer.calibration.topicless[0])
        assert judgement.topicless.tolist() == [each.topic > threshold for each in self.slow]


def check_columns(names: Sequence[str], columns: NDArray[np.float32], rows: Sequence[Row]) -> None:
    for name, values in zip(names, columns.T, strict=True):
        reference = np.array([row[name] for row in rows])
        assert np.abs(values - reference).max() < 1e-4 * max(1, np.abs(reference).max()), name


# --- real articles, and the model that comes with the package ---------------------------------------------------------------


def fixture(name: str) -> tuple[list[str], str]:
    """The paragraphs and the title of a fixture article."""
    article = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    return [paragraph["text"] for paragraph in article["paragraphs"]], article["title"]


@pytest.fixture(scope="module")
def real() -> Case:
    """An article in English, one in German and one with a run of teasers; two paragraphs in French; no paragraph at all."""
    (english, _), (german, title), (teasers, other), (french, _) = map(
        fixture, ("syria-airpod", "de-intruder", "teaser-run", "fr-intruder")
    )
    return Case.of(load_model(), [english, german, teasers, french[:2], []], [None, title, other, None, None])


def test_the_evidence_of_real_articles_is_that_of_the_slow_way(real: Case) -> None:
    real.check_evidence()


def test_the_bundled_model_judges_real_articles_as_the_slow_way_does(real: Case) -> None:
    real.check_judgement()
    assert sum(map(sum, (each.headlines for each in real.slow))) >= 5  # the teasers, whatever the model makes of them


# --- random articles --------------------------------------------------------------------------------------------------------

# Of no vocabulary: numbers, names, single letters, scripts without spaces, letters beyond the Basic Multilingual Plane.
OTHERS = "12 2018 ٣٤ Zork Élan straße İs x don't well-known 東京都 สวัสดี हिन्दी \U0001d49c\U0001d4b7 \U00020000\U00020001"


LETTERS = list("bdfklmnrstaeiou")  # of made-up words


def random_articles(rng: np.random.Generator, sizes: Sequence[int]) -> list[list[str]]:
    """Articles of so many paragraphs, most of one subject, whose language is known, hardly known or made up by turns."""

    def article(number: int, size: int) -> list[str]:
        made_up = ["".join(rng.choice(LETTERS, rng.integers(2, 20))) for _ in range(40)]
        strange = (0.02, 0.15, 0.75)[number % 3]
        subject = rng.integers(len(SUBJECTS))

        def word(about: str) -> str:
            draws = (PLAIN, about, FURNITURE, OTHERS)
            chosen = str(rng.choice(draws[rng.choice(4, p=(0.4, 0.5, 0.05, 0.05))].split()))
            chosen = str(rng.choice(made_up)) if rng.random() < strange else chosen
            return chosen.title() if rng.random() < 0.2 else chosen

        def paragraph() -> str:
            about = SUBJECTS[subject if rng.random() < 0.85 else rng.integers(len(SUBJECTS))]
            words = " ".join(word(about) for _ in range(rng.choice((0, 1, rng.integers(2, 40)), p=(0.05, 0.05, 0.9))))
            return str(rng.choice(["", "", "“", "«"])) + words + str(rng.choice([".", ".", "", "!", "...", "…", "。", "”"]))

        paragraphs = [paragraph() for _ in range(size)]
        for i in range(1, size):
            if rng.random() < 0.08:  # the same words again
                paragraphs[i] = paragraphs[rng.integers(i)].upper()
        return paragraphs

    return [article(number, size) for number, size in enumerate(sizes)]


def random_case(model: Model, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    sizes = [9, 14, 20, 1, 0, 3, 2, *rng.integers(0, 12, 5).tolist()]
    titles = ["The river Zork" if rng.random() < 0.4 else None for _ in sizes]
    return Case.of(model, random_articles(rng, sizes), titles)


def random_network(rng: np.random.Generator, *widths: int, members: int) -> Network:
    """A network of so many `members` and layers, none of whose inputs weighs nothing."""
    shapes = list(pairwise(widths))
    return Network(
        rng.normal(0, 0.5, widths[0]).astype(np.float32),
        rng.uniform(0.5, 2, widths[0]).astype(np.float32),
        tuple((rng.normal(0, 1, (members, *shape)) / np.sqrt(shape[0])).astype(np.float32) for shape in shapes),
        tuple(rng.normal(0, 0.5, (members, after)).astype(np.float32) for _, after in shapes),
    )


def random_affixes(rng: np.random.Generator, dimensions: int) -> Affixes:
    """Of half of the ways in which words of any kind, and made-up ones, begin and end, a vector drawn at random."""
    words = [lowered(word) for word in " ".join((PLAIN, *SUBJECTS, FURNITURE, OTHERS)).split()]
    words += ["".join(rng.choice(LETTERS, 6)) for _ in range(400)]
    keys = sorted({key for word in words for key in slow_affixes(word)} - {0})
    kept = np.array([key for key in keys if rng.random() < 0.5], np.uint64)
    return Affixes(kept, Projection.packed(rng.normal(0, 0.3, (len(kept), dimensions)).astype(np.float32)))


def curious(model: Model, seed: int) -> Model:
    """`model` with spaces, affixes, a lexicon and networks drawn at random, so that nothing can be left out unnoticed."""
    rng = np.random.default_rng(seed)
    rows = model.reader.background.rows.max() + 1
    words = len(model.reader.background.hashes)
    f = len(COLUMNS)
    return replace(
        model,
        reader=replace(
            model.reader,
            # More dimensions than one number has bits; fewer words in the second space than in the first.
            projection=Projection.packed(rng.normal(0, 1, (rows, 70)).astype(np.float32)),
            lexicon=Lexicon(rng.normal(0, 1, words).astype(np.float32), rng.normal(0, 1, PAIRS).astype(np.float32), 0.5),
            taught=Projection.packed(rng.normal(0, 1, (rows - 5, 12)).astype(np.float32)),
            affixes=random_affixes(rng, 12),
        ),
        scorer=replace(
            model.scorer,
            first=random_network(rng, f, 8, 1, members=2),
            foreign=random_network(rng, 2 * f, 10, 6, 1, members=3),
            furniture=random_network(rng, 2 * f, 8, 1, members=2),
            topic=random_network(rng, len(SUMMARY), 4, 1, members=2),
        ),
    )


def says_more_by_affixes(model: Model, slow: Slow) -> bool:
    """Whether the paragraphs of an article mean something else in the taught space than without affixes."""
    alone = known_of(replace(model.reader, affixes=None), slow.known.rows, vocabulary_of(model.reader.background))
    return not np.array_equal(alone.taught, slow.known.taught)


# Seeds of articles of which enough is trusted: this model doubts by up to .9999, and where that leaves a row company of a few
# thousandths of its own weight, single precision tells two or three digits of what they share.
@pytest.mark.parametrize("seed", [3, 8, 22])
def test_the_model_made_by_hand_judges_random_articles_as_the_slow_way_does(hand_model: Model, seed: int) -> None:
    case = random_case(hand_model, seed)
    case.check_evidence()
    case.check_judgement()


@pytest.mark.parametrize("seed", range(4))
def test_a_model_that_looks_at_everything_judges_random_articles_as_the_slow_way_does(hand_model: Model, seed: int) -> None:
    case = random_case(curious(hand_model, seed), seed)
    topics = sorted({each.topic for each in case.slow})
    middle = sum(topics[len(topics) // 2 - 1 :][:2]) / 2
    scorer = case.model.scorer
    scorer = replace(scorer, calibration=replace(scorer.calibration, topicless=np.array([middle])))
    case = replace(case, model=replace(case.model, scorer=scorer))
    case.check_evidence()
    case.check_judgement()
    # There was something to tell: languages more and less strange, and either kind.
    strange = [each.known.strange for each in case.slow]
    assert 0 in strange
    assert any(0 < value < 1 for value in strange)
    # And words without a row say something, whether the language is known or hardly known.
    said = [each.known.strange for each in case.slow if says_more_by_affixes(case.model, each)]
    assert 0 in said
    assert any(0 < value < 1 for value in said)
