"""Recipe: a model learned from made-up articles finds intruders in fresh ones, and each step keeps to its part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import made_up_articles

from detector import InputError, Model, OffTopicDetector, TrainSettings, load_model, train
from detector.learn import recipe
from detector.learn.articles import Article
from detector.learn.intrusions import Case
from detector.learn.projection import ProjectionSettings
from detector.learn.split import parts_of
from detector.paragraphs import batch_of
from detector.terms import hash_of

SMALL = TrainSettings(projected=1500, projection=ProjectionSettings(dimensions=16, steps=30, batch=64), cases=300)
MADE = made_up_articles(160, seed=3)
PLAIN = [[paragraph for paragraph in article if "newsletter" not in paragraph] for article in MADE]
LEARNED, FRESH = MADE[:120], PLAIN[120:]
LINE = "Zuzuba wowiza the newsletter"  # in three articles of ten


class Stop(Exception):  # noqa: N818 - no error: what was to be seen was seen
    """Ends a training early."""


class Teacher:
    """Gives every word a vector, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, words: Sequence[str]) -> np.ndarray:
        self.asked.append(list(words))
        return np.random.default_rng(len(words)).standard_normal((len(words), 6)).astype(np.float32)


def spelt(number: int) -> str:
    """The number in letters: lines that differ in digits alone are taken for the same."""
    return str(number).translate(str.maketrans("0123456789", "abcdefghij"))


def rich() -> list[Article]:
    """The articles with sources, titles and topics, labels in one of ten, and some of another language."""
    articles = []
    for i, paragraphs in enumerate(LEARNED):
        labels = None
        if i % 10 == 0:
            labels = (*[0] * len(paragraphs), 1)
            paragraphs = [*paragraphs, f"Learnmore secretword{spelt(i)} clickhere"]
        title = f"Headline{i} {paragraphs[0][:20]}"
        articles.append(Article(tuple(paragraphs), title, f"source {i}", f"topic {i % 2}", "en", labels=labels))
    for i in range(12):
        paragraphs = [f"{number} wort{spelt(i)} {number}" for number in ("ein", "zwei", "drei", "vier")]
        articles.append(Article(tuple(paragraphs), f"Titel {i}", f"quelle {i}", "", "de"))
    return articles


def content_of(model: Model, path: Path) -> bytes:
    model.save(path)
    return path.read_bytes()


def told(model: Model, intruder: str) -> tuple[int, str]:
    """Which paragraph of a fresh article ranks first with `intruder` as its third, and what it looks like."""
    judgement = model.judge(batch_of([[*FRESH[0][:2], intruder, *FRESH[0][2:]]], [None]))
    first = int(judgement.scores.argmax())
    return first, "furniture" if judgement.furniture[first] else "foreign"


@pytest.fixture(scope="module")
def learned() -> Model:
    return train(LEARNED, SMALL)


def test_a_learned_model_ranks_the_intruder_of_a_fresh_article_first(learned: Model) -> None:
    detector = OffTopicDetector(model=learned)
    first = 0
    for number, host in enumerate(FRESH):
        intruder = FRESH[(number + 7) % len(FRESH)][0]
        report = detector.check([*host[:2], intruder, *host[2:]])
        first += int(report.scores.argmax() == 2)
    assert first > 32  # of 40, where chance would give 6


def test_text_without_titles_teaches_what_is_foreign_too(learned: Model) -> None:
    assert told(learned, FRESH[7][0]) == (2, "foreign")


def test_a_line_that_recurs_is_learned_as_furniture_and_not_as_content(learned: Model) -> None:
    assert told(learned, f"{LINE} 7.") == (2, "furniture")


def test_learning_twice_gives_the_same_bytes_and_another_seed_others(learned: Model, tmp_path: Path) -> None:
    once = content_of(learned, tmp_path / "a")
    assert content_of(train(iter(LEARNED), SMALL), tmp_path / "b") == once
    assert content_of(train(LEARNED, replace(SMALL, seed=1)), tmp_path / "c") != once


def test_a_learned_model_is_saved_and_read_again(learned: Model, tmp_path: Path) -> None:
    learned.save(tmp_path / "m")
    here, there = (OffTopicDetector(model=model).check(FRESH[1]) for model in (learned, load_model(tmp_path / "m")))
    assert there.scores.tolist() == here.scores.tolist()  # learning saw the very numbers that the file keeps


# --- with all that an article can tell


@pytest.fixture(scope="module")
def taught() -> tuple[Model, Teacher]:
    teacher = Teacher()
    return train(rich(), replace(SMALL, language="en"), teacher), teacher


def row_of(model: Model, word: str) -> int | None:
    """The row of `word`, -1 where it has none, None where it is unknown."""
    background = model.reader.background
    index = int(background.lookup(np.array([hash_of(word)], np.uint64))[0])
    return None if index < 0 else int(background.rows[index])


def test_the_teacher_is_asked_once_for_the_projected_words_in_the_order_of_their_rows(taught: tuple[Model, Teacher]) -> None:
    model, teacher = taught
    (words,) = teacher.asked
    assert len(words) == len(model.reader.projection.weights) > 100
    assert [row_of(model, word) for word in words] == list(range(len(words)))


def test_only_the_language_that_is_told_is_projected_but_others_are_known(taught: tuple[Model, Teacher]) -> None:
    model, teacher = taught
    assert row_of(model, "zwei") == -1
    assert "zwei" not in teacher.asked[0]


def test_the_text_of_labelled_articles_is_kept_from_background_and_projection(taught: tuple[Model, Teacher]) -> None:
    assert [row_of(taught[0], word) for word in ("learnmore", "clickhere", "secretwordba")] == [None] * 3


def test_learning_with_labels_and_a_teacher_gives_the_same_bytes_too(taught: tuple[Model, Teacher], tmp_path: Path) -> None:
    again = train(rich(), replace(SMALL, language="en"), Teacher())
    assert content_of(again, tmp_path / "a") == content_of(taught[0], tmp_path / "b")


# --- who reads what


def test_each_step_reads_its_own_part_only(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, set[str]] = {"projection": set(), "scoring": set(), "calibration": set()}
    step = "scoring"

    def background(articles: Sequence[Article], **settings: Any) -> Any:
        seen["projection"].update(article.source for article in articles)
        return fit_background(articles, **settings)

    def evidence(cases: Sequence[Case], *rest: Any) -> Any:
        seen[step].update(paragraph for case in cases for paragraph in case.paragraphs)
        return gathered(cases, *rest)

    def topic(*rows: Any) -> Any:
        nonlocal step
        step = "calibration"
        return fit_topic(*rows)

    fit_background, gathered, fit_topic = recipe.fit_background, recipe.gathered, recipe.fit_topic
    monkeypatch.setattr(recipe, "fit_background", background)
    monkeypatch.setattr(recipe, "gathered", evidence)
    monkeypatch.setattr(recipe, "fit_topic", topic)
    articles = rich()
    train(articles, SMALL)
    parts = parts_of(articles)
    assert seen["projection"] == {article.source for article in parts.projection}
    source_of = {paragraph: a.source for a in articles for paragraph in a.paragraphs if LINE not in paragraph}
    for name in ("scoring", "calibration"):
        read = {source_of[paragraph] for paragraph in seen[name] & set(source_of)}
        assert read <= {article.source for article in getattr(parts, name)}
        assert len(read) > 10


def test_labelled_articles_are_read_with_the_lexicon_of_the_other_half(monkeypatch: pytest.MonkeyPatch) -> None:
    taught: list[tuple[set[str], Any]] = []
    read: list[tuple[set[str], Any]] = []

    def lexicon(furniture: Sequence[str], content: Sequence[str], background: Any) -> Any:
        found = fit_lexicon(furniture, content, background)
        assert bool(content) == any(LINE in line for line in furniture)  # what recurs teaches every one but the blank one
        taught.append((set(content), found))
        return found

    def evidence(cases: Sequence[Case], reader: Any, first: Any) -> Any:
        if all(case.tier == "natural" for case in cases):
            read.append(({paragraph for case in cases for paragraph in case.paragraphs}, reader.lexicon))
        return gathered(cases, reader, first)

    fit_lexicon, gathered = recipe.fit_lexicon, recipe.gathered
    monkeypatch.setattr(recipe, "fit_lexicon", lexicon)
    monkeypatch.setattr(recipe, "gathered", evidence)
    articles = [replace(a, labels=(0,) * len(a.paragraphs)) if i % 4 == 0 else a for i, a in enumerate(rich())]
    train(articles, SMALL)
    assert len(read) == 4  # either half, without doubt and with it
    labelled = [paragraph for a in articles if a.labels for paragraph in a.paragraphs]
    for paragraphs, used in read:
        (content,) = [content for content, found in taught if found is used]
        assert np.abs(used.weights).max() > 0.1
        assert not content & paragraphs
        assert content & set(labelled)


def test_clean_paragraphs_count_by_the_weight_of_their_article(monkeypatch: pytest.MonkeyPatch) -> None:
    def calibration(logits: Any, off_topic: np.ndarray, clean: np.ndarray, weights: np.ndarray) -> Any:
        expected = [a.weight for a in parts.calibration if len(a.paragraphs) >= 3 for _ in a.paragraphs]
        # Whole articles first; what follows are the same ones reshaped.
        assert weights[: len(expected)].tolist() == expected
        assert len(clean) == len(weights) > 1.5 * len(expected)
        assert set(weights) == set(expected) == {0.5, 2.0}
        assert 0 < off_topic.mean() < 0.5
        raise Stop

    # Every ninth article is too short to be a clean one.
    articles = [Article(tuple(made[: 4 if i % 9 else 2]), weight=2.0 if i % 2 else 0.5) for i, made in enumerate(PLAIN)]
    parts = parts_of(articles)
    monkeypatch.setattr(recipe, "fit_calibration", calibration)
    with pytest.raises(Stop):
        train(articles, SMALL)


# --- what cannot be learned from


@pytest.mark.parametrize(
    ("articles", "got"),
    [
        ([], 0),
        (PLAIN[:49], 49),
        ([article[:3] for article in PLAIN], 0),
        ([["A.", "B.", "C.", "D."]] * 200, 0),  # all of it recurs
        ([Article(tuple(article), labels=(0,) * len(article)) for article in PLAIN], 0),
    ],
    ids=["none", "49", "short ones", "one article over and over", "labelled ones"],
)
def test_too_few_articles_are_refused_by_number(articles: list[Any], got: int) -> None:
    with pytest.raises(InputError, match=f"at least 50 articles of four or more paragraphs, got {got}; give more text"):
        train(articles, SMALL)


def test_a_language_that_no_article_is_in_is_refused() -> None:
    with pytest.raises(InputError, match=r"got 0; .* other languages than the one asked for do not count"):
        train(PLAIN, replace(SMALL, language="en"))


def test_fifty_articles_of_one_source_are_enough() -> None:
    model = train([Article(tuple(article), source="mine") for article in PLAIN[:50]], replace(SMALL, cases=60))
    assert OffTopicDetector(model=model).check(FRESH[0]).scores.shape == (len(FRESH[0]),)


def test_blank_paragraphs_in_many_articles_are_no_line_of_furniture(monkeypatch: pytest.MonkeyPatch) -> None:
    def reader(parts: Any, furniture: Sequence[str], *rest: Any) -> Any:
        assert furniture == ["Sign up!"]
        raise Stop

    monkeypatch.setattr(recipe, "_reader", reader)
    with pytest.raises(Stop):
        train([[*article[:4], "   ", "\u2003\n", "§", "Sign up!"] for article in PLAIN], SMALL)
