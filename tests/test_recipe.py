"""Recipe: a model learned from made-up articles finds intruders in fresh ones, and each step keeps to its part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import made_up_articles, spelt, unpacked
from test_terms import slow_affixes

from detector import InputError, Model, OffTopicDetector, TrainSettings, load_model, train
from detector.learn import furniture as furniture_module
from detector.learn import recipe
from detector.learn.articles import Article
from detector.learn.distillation import DistillationSettings
from detector.learn.intrusions import FURNITURE, Case
from detector.learn.projection import ProjectionSettings
from detector.learn.split import Parts, parts_of
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
    """Gives every text a vector, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.append(list(texts))
        return np.random.default_rng(len(texts)).standard_normal((len(texts), 6)).astype(np.float32)


def varied(articles: list[list[str]], count: int = 8) -> list[list[str]]:
    """`articles` with `count` different lines in the place of the one that recurs."""
    found, number = [], 0
    for paragraphs in articles:
        found.append(list(paragraphs))
        for i, paragraph in enumerate(paragraphs):
            if LINE in paragraph:
                found[-1][i] = f"{LINE} today{spelt(10 + number % count)}."
                number += 1
    return found


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
    found = Counter(told(learned, donor[0]) for donor in FRESH[1:21])
    assert found[2, "foreign"] > 12, found  # of 20


def test_lines_that_recur_are_learned_as_furniture_and_not_as_content() -> None:
    # In either half there are some: what one half teaches is tried on the other.
    model = train(varied(LEARNED), SMALL)
    assert told(model, f"{LINE} tomorrow.") == (2, "furniture")
    assert told(model, FRESH[7][0]) == (2, "foreign")


def test_a_line_that_recurs_ranks_first_where_it_is_the_only_one(learned: Model) -> None:
    assert told(learned, f"{LINE} 7.")[0] == 2


def test_learning_twice_gives_the_same_bytes_and_another_seed_others(learned: Model, tmp_path: Path) -> None:
    once = content_of(learned, tmp_path / "a")
    assert content_of(train(iter(LEARNED), SMALL), tmp_path / "b") == once
    assert content_of(train(LEARNED, replace(SMALL, seed=1)), tmp_path / "c") != once


def test_a_learned_model_is_saved_and_read_again(learned: Model, tmp_path: Path) -> None:
    learned.save(tmp_path / "m")
    here, there = (OffTopicDetector(model=model).check(FRESH[1]) for model in (learned, load_model(tmp_path / "m")))
    assert there.scores.tolist() == here.scores.tolist()  # learning saw the very numbers that the file keeps


def test_lines_that_are_told_to_be_furniture_are_learned_though_none_recurs() -> None:
    # Each "Boboba" line is another one, so none is found to recur.
    articles = [[*paragraphs, f"Boboba the{spelt(i)} here{spelt(i + 7)}"] for i, paragraphs in enumerate(PLAIN[:120])]
    line = "Boboba tomorrow elsewhere"
    without, told_of = (train(articles, SMALL, furniture=tells) for tells in (None, lambda line: line.startswith("Boboba")))
    assert score_at_the_end(told_of, line) > 0.5 > score_at_the_end(without, line)


def score_at_the_end(model: Model, line: str) -> float:
    return float(model.judge(batch_of([[*FRESH[0], line]], [None])).scores[-1])


def test_what_is_told_to_be_furniture_is_nowhere_in_what_counts_as_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    def judging(_: Any, parts: Parts, folds: Any, __: Any) -> Any:
        assert all(LINE not in paragraph for part in parts for article in part for paragraph in article.paragraphs)
        assert any(LINE in line for fold in folds for line in fold.lines)
        raise Stop

    monkeypatch.setattr(recipe, "_judging", judging)
    with pytest.raises(Stop):
        train(varied(LEARNED, 200), SMALL, furniture=lambda line: LINE in line)


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


def test_the_teacher_is_asked_for_the_projected_words_in_the_order_of_their_rows_then_for_others_and_then_for_passages(
    taught: tuple[Model, Teacher],
) -> None:
    model, teacher = taught
    words, passages = teacher.asked
    count = len(model.reader.projection.weights)
    assert count > 100
    assert [row_of(model, word) for word in words[:count]] == list(range(count))
    others = words[count:]
    assert len(others) > 20
    assert {row_of(model, word) for word in others} <= {-1, None}
    assert others == sorted(set(others))
    assert all(word.isalpha() for word in others)
    parts = parts_of(rich())
    spoken = {paragraph: article for article in parts.projection for paragraph in article.paragraphs if LINE not in paragraph}
    assert set(passages) <= set(spoken)
    assert {spoken[passage].language for passage in passages} == {"en"}
    assert len(passages) > 200


def test_a_teacher_leaves_a_space_of_its_own_as_wide_as_it_is(taught: tuple[Model, Teacher], learned: Model) -> None:
    reader = taught[0].reader
    count = len(reader.projection.weights)
    assert reader.projection.weights.shape == (count, 8)  # two dimensions a byte
    assert reader.taught is not None
    assert unpacked(reader.taught).shape == (count, 6)
    assert learned.reader.taught is None


def test_a_teacher_leaves_how_words_begin_and_end_in_that_space(taught: tuple[Model, Teacher], learned: Model) -> None:
    affixes = taught[0].reader.affixes
    assert affixes is not None
    words = taught[1].asked[0]
    alike = Counter(key for word in words for key in slow_affixes(word) if key)
    assert affixes.hashes.tolist() == sorted(key for key, number in alike.items() if number >= 4)
    assert unpacked(affixes.vectors).shape == (len(affixes.hashes), 6)
    assert len(affixes.hashes) > 100
    assert learned.reader.affixes is None


def test_the_taught_space_has_the_dimensions_affixes_and_steps_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(SMALL, distillation=DistillationSettings(dimensions=4, affixes=50, characters=2000, steps=3, seed=5))

    def judging(reader: Any, *rest: Any) -> Any:
        assert reader.taught.weights.shape[1] == 2
        assert reader.affixes.vectors.weights.shape == (50, 2)
        assert 0 < sum(map(len, teacher.asked[1])) <= 2000
        raise Stop

    teacher = Teacher()
    monkeypatch.setattr(recipe, "_judging", judging)
    with pytest.raises(Stop):
        train(rich(), settings, teacher)


def test_only_the_language_that_is_told_is_projected_but_others_are_known(taught: tuple[Model, Teacher]) -> None:
    model, teacher = taught
    assert row_of(model, "zwei") == -1
    assert not any("zwei" in text for asked in teacher.asked for text in asked)


def test_the_text_of_labelled_articles_is_kept_from_background_and_projection(taught: tuple[Model, Teacher]) -> None:
    assert [row_of(taught[0], word) for word in ("learnmore", "clickhere", "secretwordba")] == [None] * 3


def test_learning_with_labels_and_a_teacher_gives_the_same_bytes_too(taught: tuple[Model, Teacher], tmp_path: Path) -> None:
    again = train(rich(), replace(SMALL, language="en"), Teacher())
    assert content_of(again, tmp_path / "a") == content_of(taught[0], tmp_path / "b")


# --- who reads what


Readings = list[tuple[str, Sequence[Case], Any]]


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Readings:
    """Of what evidence is gathered, filled as a model is trained: the step, the cases and who reads them."""
    found: Readings = []
    step = "scoring"

    def evidence(cases: Sequence[Case], reader: Any, first: Any) -> Any:
        found.append((step, cases, reader))
        return gathered(cases, reader, first)

    def topic(*rows: Any) -> Any:
        nonlocal step
        step = "calibration"
        return fit_topic(*rows)

    gathered, fit_topic = recipe.gathered, recipe.fit_topic
    monkeypatch.setattr(recipe, "gathered", evidence)
    monkeypatch.setattr(recipe, "fit_topic", topic)
    return found


def test_each_step_reads_its_own_part_only(readings: Readings, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, set[str]] = {"projection": set(), "scoring": set(), "calibration": set()}

    def background(articles: Sequence[Article], **settings: Any) -> Any:
        seen["projection"].update(article.source for article in articles)
        return fit_background(articles, **settings)

    fit_background = recipe.fit_background
    monkeypatch.setattr(recipe, "fit_background", background)
    articles = rich()
    train(articles, SMALL)
    for step, cases, _ in readings:
        seen[step].update(paragraph for case in cases for paragraph in case.paragraphs)
    parts = parts_of(articles)
    assert seen["projection"] == {article.source for article in parts.projection}
    source_of = {paragraph: a.source for a in articles for paragraph in a.paragraphs if LINE not in paragraph}
    for name in ("scoring", "calibration"):
        read = {source_of[paragraph] for paragraph in seen[name] & set(source_of)}
        assert read <= {article.source for article in getattr(parts, name)}
        assert len(read) > 10


def furnished() -> list[Article]:
    """The articles with lines that recur, and labels in one of four."""
    articles = []
    for i, paragraphs in enumerate(varied(LEARNED, 12)):
        labels = None
        if i % 4 == 0:
            labels = (*[0] * len(paragraphs), 1)
            paragraphs = [*paragraphs, f"Learnmore secretword{spelt(i)} clickhere"]
        articles.append(Article(tuple(paragraphs), f"Headline{i}", f"source {i}", labels=labels))
    return articles


def test_what_a_lexicon_was_taught_is_never_judged_with_it(readings: Readings, monkeypatch: pytest.MonkeyPatch) -> None:
    taught: list[tuple[set[str], set[str], Any]] = []
    read: list[tuple[str, set[str], set[str], Any]] = []

    def lexicon(furniture: Sequence[str], content: Sequence[str], background: Any) -> Any:
        found = fit_lexicon(furniture, content, background)
        taught.append((set(furniture), set(content), found))
        return found

    def estranged(reader: Any, known: float, seed: int) -> Any:
        found = strange(reader, known, seed)
        taught.extend((furniture, content, found.lexicon) for furniture, content, each in [*taught] if each is reader.lexicon)
        return found

    strange = recipe.estranged
    monkeypatch.setattr(recipe, "estranged", estranged)
    fit_lexicon = furniture_module.fit_lexicon
    monkeypatch.setattr(furniture_module, "fit_lexicon", lexicon)
    articles = furnished()
    model = train(articles, SMALL)
    for step, cases, reader in readings:
        pairs = [pair for case in cases for pair in zip(case.paragraphs, case.labels, strict=True)]
        pairs = [pair for pair in pairs if not pair[0].startswith("Headline")]  # of other articles, made into runs of teasers
        tiers = {case.tier for case in cases}
        kind = "natural" if tiers == {"natural"} else "digests" if tiers == {"digest"} else "made"
        lines, rest = ({p for p, label in pairs if (label == FURNITURE) == wanted} for wanted in (True, False))
        read.append((f"{step} {kind}", lines, rest, reader.lexicon))
    # Either half, made up and natural, without doubt and with it; digests; what calibrates, mixed and clean. All that is
    # made but digests is read once by a reader that knows the language and once by one that does not, and a part of the clean.
    counts = Counter(name for name, *_ in read)
    assert counts == {"scoring made": 8, "scoring natural": 4, "scoring digests": 1, "calibration made": 4}
    for _, lines, rest, used in read:
        ((furniture, content),) = [(furniture, content) for furniture, content, found in taught if found is used]
        assert not used.weights.size or np.abs(used.weights).max() > 0.1  # of a strange language nothing may be known
        assert not lines & furniture
        assert not rest & content
    final = {id(used) for name, *_, used in read if name.startswith("calibration")}
    assert id(model.reader.lexicon) in final
    assert len(final) == 2
    # All furniture is either taught to the final lexicon or kept to calibrate it, and each half is taught to one of two others.
    (known,) = [furniture for furniture, _, found in taught if found is model.reader.lexicon]
    halves = [furniture for furniture, _, _ in taught if furniture != known]
    assert halves[0] | halves[1] == known
    assert not halves[0] & halves[1]
    assert all(half in halves[:2] for half in halves)
    kept = set().union(*(lines for name, lines, *_ in read if name.startswith("calibration")))
    everything = {p for a in articles for p in a.paragraphs if LINE in p or "secretword" in p}
    assert kept <= everything - known
    assert known < everything
    for group in (*halves, kept):
        assert {"secretword" in line for line in group} == {True, False}


def test_the_lexicon_is_contrasted_with_articles_of_the_first_part_that_are_to_be_judged() -> None:
    first = [Article(("Prose.", "More."), language="en"), Article(("Exercise 1",), language="en", judged=False)]
    parts = Parts([*first, Article(("Prosa.",), language="de")], [Article(("Scored.",), language="en")], [])
    assert recipe._content(parts, replace(SMALL, language="en")) == ["Prose.", "More."]
    assert recipe._content(parts, SMALL) == ["Prose.", "More.", "Prosa."]


def test_a_sample_of_the_content_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "_CONTENT", 10)
    paragraphs = [spelt(i) for i in range(50)]
    parts = Parts([Article(tuple(paragraphs))], [], [])
    sample = recipe._content(parts, SMALL)
    assert len(sample) == len(set(sample)) == 10
    assert sample == [paragraph for paragraph in paragraphs if paragraph in sample]  # in order
    assert recipe._content(parts, replace(SMALL, seed=1)) != sample


def test_clean_paragraphs_count_by_the_weight_of_their_article_and_stand_in_three_kinds_of_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def calibration(
        _: Any,
        off_topic: np.ndarray,
        counts: np.ndarray,
        clean: np.ndarray,
        weights: np.ndarray,
        kinds: np.ndarray,
        lengths: np.ndarray,
        strange: np.ndarray,
        strange_weights: np.ndarray,
    ) -> Any:
        assert counts.shape == off_topic.shape
        assert (kinds % 2 == (weights > 1)).all()  # subjects of which there is little apart from the rest
        kinds = kinds // 2
        whole = [a for a in parts.calibration if len(a.paragraphs) >= 3]
        # The line that recurs is gone, and of what is left no two of an article are alike.
        assert weights[kinds == 0].tolist() == [a.weight for a in whole for _ in a.paragraphs]
        assert (kinds == 1).sum() > 0.5 * (kinds == 0).sum()  # the same ones reshaped
        # Without what is shorter than 80 characters, where three paragraphs are left.
        long = [[p for p in a.paragraphs if len(p) >= 80] for a in whole]
        assert (kinds == 2).sum() == sum(len(kept) for kept in long if len(kept) >= 3) > 0
        assert len(clean) == len(weights) == len(kinds) == len(lengths)
        assert lengths[kinds == 0].tolist() == [len(a.paragraphs) for a in whole for _ in a.paragraphs]
        assert set(weights) == {0.5, 2.0}
        # Of every sixth article of all kinds, read as if in a strange language.
        assert strange.shape == strange_weights.shape
        assert len(clean) / 9 < len(strange) < len(clean) / 4
        assert (strange_weights == 1).all()
        assert 0 < off_topic.mean() < 0.5
        raise Stop

    # Every ninth article is too short to be a clean one; every other has paragraphs of 80 characters.
    texts = [[f"{p} {p}" * (i % 2 + 1) for p in made[: 4 if i % 9 else 2]] for i, made in enumerate(PLAIN)]
    articles = [Article(tuple(text), weight=2.0 if i % 2 else 0.5) for i, text in enumerate(texts)]
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
    def folds(parts: Any, recurring: Sequence[str]) -> Any:
        assert recurring == ["Sign up!"]
        raise Stop

    monkeypatch.setattr(recipe, "_reader", lambda *_: None)
    monkeypatch.setattr(recipe, "folds_of", folds)
    with pytest.raises(Stop):
        train([[*article[:4], "   ", "\u2003\n", "§", "Sign up!"] for article in PLAIN], SMALL)
