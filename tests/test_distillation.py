"""Distillation: passages that show every term, sums of term vectors near what the teacher says, and axes that tell apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from conftest import background_of, unpacked
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from detector.background import Background
from detector.learn.articles import Article
from detector.learn.background import fit_background, spellings
from detector.learn.contrast import Corpus, corpus_of, draw, info_nce
from detector.learn.distillation import (
    DistillationSettings,
    _bags,
    _cut,
    _passages,
    _ridge,
    _turned,
    _unit,
    _weighted,
    _whitened,
    distilled,
    fit_taught,
)
from detector.learn.projection import idf_of_rows
from detector.vectors import Projection, projected

SYLLABLES = [a + b for a in "bdfgklmnpr" for b in "aeiou"]
WORDS = [first + second for first in SYLLABLES[:6] for second in SYLLABLES[:20]]
SETTINGS = DistillationSettings(dimensions=8, steps=0)


def texts(count: int, seed: int, size: int = 12) -> list[str]:
    """Texts of `size` of the words."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, size)) for _ in range(count)]


ARTICLES = [Article(tuple(texts(4, seed)), title=texts(1, 1000 + seed, 3)[0]) for seed in range(200)]
BACKGROUND = fit_background(ARTICLES, projected=1000)
CORPUS = corpus_of(ARTICLES, BACKGROUND)


class Teacher:
    """Says of a text the mean of what it holds of its words; of some of them it holds much more than of others."""

    def __init__(self, dimensions: int = 12) -> None:
        rng = np.random.default_rng(5)
        hidden = rng.standard_normal((len(WORDS), dimensions)) * rng.lognormal(sigma=0.8, size=(len(WORDS), 1))
        self.dimensions = dimensions
        self.hidden = dict(zip(WORDS, hidden.astype(np.float32), strict=True))
        self.asked: list[list[str]] = []

    def __call__(self, asked: Sequence[str]) -> np.ndarray:
        self.asked.append(list(asked))
        said = [np.mean([self.hidden[word] for word in text.split()], axis=0) for text in asked]
        return np.array(said, np.float32).reshape(len(asked), self.dimensions)


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    return distilled(ARTICLES, BACKGROUND, Teacher(), SETTINGS)


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", one, other) / (np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1))


def alone(teacher: Teacher, words: Sequence[str], background: Background) -> np.ndarray:
    """What the teacher says of each word alone, at unit length, less what it says of common words."""
    vectors, weights = _unit(teacher(words)), np.exp(-idf_of_rows(background))
    return vectors - weights @ vectors / weights.sum()


def table_of(projection: Projection) -> np.ndarray:
    return unpacked(projection)


# --- what the teacher knows of each term


def test_the_sum_over_a_fresh_passage_comes_near_the_teacher_and_nearer_than_the_words_alone(table: np.ndarray) -> None:
    fresh = texts(300, seed=7000)
    teacher = Teacher()
    said = _unit(teacher(fresh))
    said -= said.mean(axis=0)
    bags = _bags(fresh, BACKGROUND)
    words = alone(teacher, spellings(ARTICLES, BACKGROUND), BACKGROUND) * idf_of_rows(BACKGROUND)[:, None]
    near, nearer = cosines(bags @ words, said), cosines(bags @ table, said)
    assert near.mean() < 0.8
    assert nearer.mean() > 0.95
    assert np.quantile(nearer, 0.05) > 0.9
    assert (nearer > near).mean() > 0.95


def test_the_teacher_is_asked_for_the_words_in_the_order_of_their_rows_and_then_for_passages() -> None:
    teacher = Teacher()
    found = distilled(ARTICLES, BACKGROUND, teacher, SETTINGS)
    words, passages = teacher.asked
    assert words == spellings(ARTICLES, BACKGROUND)
    assert sorted(words) == sorted(WORDS)
    assert passages == _passages(ARTICLES, BACKGROUND, SETTINGS)
    assert (found.shape, found.dtype) == ((120, 12), np.float32)
    assert (found**2).sum(axis=1).mean() == pytest.approx(1, abs=1e-3)


def test_how_long_the_vectors_of_a_teacher_are_says_nothing(table: np.ndarray) -> None:
    def teacher(asked: Sequence[str]) -> np.ndarray:
        lengths = np.random.default_rng(len(asked)).uniform(0.5, 50, (len(asked), 1))
        return (said(asked) * lengths).astype(np.float64)

    said = Teacher()
    found = distilled(ARTICLES, BACKGROUND, teacher, SETTINGS)
    assert found == pytest.approx(table, abs=1e-3)
    assert found.dtype == np.float32


def test_a_term_in_no_passage_keeps_what_the_teacher_says_of_the_word_alone() -> None:
    # Those words stand in lines too short to be read.
    rare = WORDS[:5]
    common = [" ".join(word for word in text.split() if word not in rare) for text in texts(300, seed=3, size=16)]
    articles = [Article((text, " ".join(rare)) if i < 20 else (text,)) for i, text in enumerate(common)]
    background = fit_background(articles, projected=1000)
    teacher = Teacher()
    found = distilled(articles, background, teacher, SETTINGS)
    words = teacher.asked[0]
    assert not {word for passage in teacher.asked[1] for word in passage.split()} & set(rare)
    near = dict(zip(words, cosines(found, alone(teacher, words, background)).tolist(), strict=True))
    assert min(near[word] for word in rare) > 0.9999
    assert min(near.values()) < 0.99  # passages told more of others


def test_the_same_seed_reads_the_same_and_another_one_other_passages(table: np.ndarray) -> None:
    assert distilled(ARTICLES, BACKGROUND, Teacher(), SETTINGS).tobytes() == table.tobytes()
    few = replace(SETTINGS, characters=5000)
    assert _passages(ARTICLES, BACKGROUND, few) == _passages(ARTICLES, BACKGROUND, few)
    one, other = (distilled(ARTICLES, BACKGROUND, Teacher(), replace(few, seed=seed)) for seed in (0, 1))
    assert one.tobytes() != other.tobytes()


@pytest.mark.parametrize(("dimensions", "kept"), [(2, 2), (3, 2), (5, 4)])
def test_a_teacher_of_few_dimensions_gives_a_space_of_as_many(dimensions: int, kept: int) -> None:
    found = distilled(ARTICLES, BACKGROUND, Teacher(dimensions), SETTINGS)
    assert found.shape == (120, dimensions)
    taught = table_of(fit_taught(found, CORPUS, replace(SETTINGS, steps=2)))
    assert taught.shape == (120, kept)
    assert np.linalg.matrix_rank(taught) == kept


def test_articles_without_a_passage_long_enough_leave_the_words_alone() -> None:
    articles = [Article(tuple(texts(4, seed, size=3))) for seed in range(100)]
    background = fit_background(articles, projected=1000)
    teacher = Teacher()
    found = distilled(articles, background, teacher, SETTINGS)
    assert cosines(found, alone(teacher, spellings(articles, background), background)).min() > 0.9999


# --- which passages


def test_passages_show_each_term_three_times_before_they_show_none_for_a_first_time() -> None:
    read = _passages(ARTICLES, BACKGROUND, SETTINGS)
    assert sorted(read) == sorted(paragraph for article in ARTICLES for paragraph in article.paragraphs)  # and no titles
    seen: Counter[str] = Counter()
    shows = []
    for passage in read:
        terms = set(passage.split())
        shows.append(any(seen[term] < 3 for term in terms))
        seen.update(terms)
    assert shows == sorted(shows, reverse=True)
    assert 30 < sum(shows) < len(shows) - 300
    first = Counter(term for passage in read[: sum(shows)] for term in set(passage.split()))
    assert min(first[word] for word in WORDS) >= 3


def test_passages_stay_within_the_characters_but_one_is_always_read() -> None:
    everything = _passages(ARTICLES, BACKGROUND, SETTINGS)
    for characters in (1, 100, 3000, 20_000):
        read = _passages(ARTICLES, BACKGROUND, replace(SETTINGS, characters=characters))
        assert read == everything[: len(read)]
        assert len(read) == 1 or sum(map(len, read)) <= characters
        assert sum(map(len, everything[: len(read) + 1])) > characters
    assert len(read) > 200


def test_passages_of_heavy_articles_come_first() -> None:
    # All show the same terms, so that after three of them only the weight counts.
    weights = [0.0, 1.0, 8.0] * 100
    line = "bada bade badi bado badu baba babe babi babo babu"
    articles = [Article((f"{line} {i}",), weight=weight) for i, weight in enumerate(weights)]
    background = background_of(dict.fromkeys(line.split(), 1.0), {word: row for row, word in enumerate(line.split())})
    read = [weights[int(passage.split()[-1])] for passage in _passages(articles, background, SETTINGS)]
    assert 0.8 < np.mean([weight == 8 for weight in read[:50]]) < 1  # eight of nine
    assert read[200:] == [0.0] * 100


def test_short_paragraphs_are_no_passages() -> None:
    long = " ".join(WORDS[:8])
    assert len(long) == 39
    assert _passages([Article((long,)), Article(())], BACKGROUND, SETTINGS) == []
    assert _passages([Article((f"\n{long}s \t",)), Article(("bada",))], BACKGROUND, SETTINGS) == [f"{long}s"]


def test_a_long_paragraph_is_cut_at_the_last_blank_before_the_limit() -> None:
    # Blanks at 5, 11, ..., 317: the first piece holds 53 words. Up to 416 characters are one piece.
    assert [len(piece.split()) for piece in _cut("river " * 70)] == [53, 17]
    assert [len(piece.split()) for piece in _cut("river " * 69)] == [69]
    assert [len(piece) for piece in _cut("x" * 1000)] == [320, 320, 360]  # nowhere to cut
    assert list(_cut("two \n words\u2003and  thirty-one characters more")) == ["two words and thirty-one characters more"]
    assert list(_cut("")) == []


@given(st.lists(st.integers(1, 60), max_size=150), st.sampled_from([" ", "\n", " \t ", "\u3000"]))
def test_cutting_loses_no_word_and_keeps_to_the_length(sizes: list[int], blank: str) -> None:
    words = ["abcdefghij"[i % 10] * size for i, size in enumerate(sizes)]
    pieces = list(_cut(blank.join(words)))
    if len(" ".join(words)) < 40:
        assert pieces == []
    else:
        assert " ".join(pieces).split(" ") == words
        assert all(40 <= len(piece) <= 416 for piece in pieces)
        assert all(len(piece) <= 320 for piece in pieces[:-1])


@given(st.lists(st.integers(1, 900), min_size=1, max_size=6))
def test_cutting_loses_no_character_of_the_longest_words(sizes: list[int]) -> None:
    text = " ".join("abcdef"[i] * size for i, size in enumerate(sizes))
    pieces = list(_cut(text))
    assert "".join(pieces).replace(" ", "") == (re.sub(" ", "", text) if len(text) >= 40 else "")
    assert all(40 <= len(piece) <= 416 for piece in pieces)


# --- the sums


def test_texts_are_bags_of_projected_terms_however_many_they_are() -> None:
    background = background_of({"river": 2.0, "bridge": 3.0, "the": 0.5}, {"river": 1, "bridge": 0})
    bags = _bags(["river the river bridge", "zork", *["bridge"] * 8192], background)  # runs of 8,192
    assert bags.shape == (8194, 2)
    assert bags[:3].toarray() == pytest.approx(np.array([[1, 1 + np.log(2)], [0, 0], [1, 0]]))
    assert bags.sum(axis=0).tolist() == pytest.approx([8193, 1 + np.log(2)])


def test_bags_are_weighted_by_idf_at_unit_length() -> None:
    bags = csr_array(np.array([[1, 2, 0], [0, 0, 0], [0, 0, 5]], np.float32))
    weighted = _weighted(bags, np.array([3, 2, 0.5], np.float32))
    assert weighted.toarray() == pytest.approx(np.array([[0.6, 0.8, 0], [0, 0, 0], [0, 0, 1]]), abs=1e-5)
    assert bags.toarray()[0].tolist() == [1, 2, 0]  # left as they were


@pytest.mark.parametrize(("count", "terms"), [(200, 12), (8, 12)], ids=["more passages", "more terms"])
def test_the_ridge_is_that_of_the_closed_form(count: int, terms: int) -> None:
    rng = np.random.default_rng(2)
    dense = rng.random((count, terms)) * (rng.random((count, terms)) < 0.4)
    dense[:, 5] = 0  # a term that no passage holds
    target = rng.standard_normal((count, 4))
    target[:, 3] = 0
    expected = np.linalg.solve(dense.T @ dense + np.eye(terms), dense.T @ target)
    found = _ridge(csr_array(dense.astype(np.float32)), target.astype(np.float32))
    assert found == pytest.approx(expected, abs=1e-4)
    assert np.abs(expected).max() > 0.2
    assert not found[5].any()
    assert not found[:, 3].any()


# --- the axes


def four_paragraphs() -> Corpus:
    """Paragraphs at 4 and -4 on the first of three axes, at 1 and -1 on the second, about a centre."""
    outputs = np.array([[4, 0, 0], [-4, 0, 0], [0, 1, 0], [0, -1, 0]], np.float32) + np.float32(7)
    none = np.zeros(0, np.int64)
    return Corpus(csr_array(outputs), none, none.astype(bool), [], none.astype(float))


def test_whitened_axes_come_by_size_and_are_evened_out_in_part() -> None:
    rng = np.random.default_rng(0)
    axes = _whitened(np.eye(3, dtype=np.float32), four_paragraphs(), 2, rng)
    # The variances are 8 and 1/2; at power 0.4 the standard deviations 8 ** 0.5 and 0.5 ** 0.5 become 8 ** 0.1 and 0.5 ** 0.1.
    assert np.abs(axes) == pytest.approx(np.array([[8**-0.4, 0], [0, 0.5**-0.4], [0, 0]]), abs=1e-4)
    deviations = ((four_paragraphs().bags @ axes).std(axis=0)).tolist()
    assert deviations == pytest.approx([8**0.1, 0.5**0.1], rel=1e-4)


SUBJECTS = [WORDS[first : first + 12] for first in range(0, 48, 12)]


def about(count: int, seed: int) -> list[Article]:
    """Articles of four paragraphs of four words each, all of one of four subjects."""
    rng = np.random.default_rng(seed)
    return [Article(tuple(" ".join(rng.choice(SUBJECTS[i % 4], 4)) for _ in range(4))) for i in range(count)]


TOLD = about(60, 0)
KNOWN = fit_background(TOLD, projected=100)


@pytest.fixture(scope="module")
def noisy() -> np.ndarray:
    """Term vectors whose subject is whispered on four axes, and drowned on eight."""
    rng = np.random.default_rng(1)
    subject_of = {word: number for number, subject in enumerate(SUBJECTS) for word in subject}
    words = spellings(TOLD, KNOWN)
    vectors = rng.standard_normal((len(words), 12)).astype(np.float32)
    for row, word in enumerate(words):
        vectors[row, :4] = 0.3 * (np.arange(4) == subject_of[word])
    return vectors


def test_of_the_terms_the_most_frequent_alone_are_taught(noisy: np.ndarray) -> None:
    told = corpus_of(TOLD, KNOWN)
    every, few = (fit_taught(noisy, told, replace(SETTINGS, steps=3, terms=terms)) for terms in (1000, 5))
    assert len(every.weights) == len(noisy) > 5
    assert few.weights.tolist() == every.weights[:5].tolist()


def test_turning_the_axes_lowers_the_loss_on_articles_not_turned_to(noisy: np.ndarray) -> None:
    told, fresh = corpus_of(TOLD, KNOWN), corpus_of(about(40, 9), KNOWN)
    query, rest = draw(fresh, 768, np.random.default_rng(0))

    def loss(projection: Projection) -> float:
        return info_nce(np.vstack((projected(query, [projection])[0], projected(rest, [projection])[0])), 0.05)[0]

    whitened, turned = (fit_taught(noisy, told, replace(SETTINGS, steps=steps)) for steps in (0, 250))
    assert loss(turned) < 0.6 * loss(whitened)
    assert loss(turned) > np.log(10) - 0.1  # of forty articles of four subjects one cannot know more


def test_only_the_axes_are_learned(noisy: np.ndarray) -> None:
    # Words of one vector stay at one place, whatever the articles say.
    noisy = noisy.copy()
    noisy[1] = noisy[0]
    taught = fit_taught(noisy, corpus_of(TOLD, KNOWN), replace(SETTINGS, steps=20))
    assert taught.weights[1].tolist() == taught.weights[0].tolist()
    rows = table_of(taught)
    assert rows.shape == (48, 8)
    fitted = noisy @ np.linalg.lstsq(noisy, rows, rcond=None)[0]
    assert np.linalg.norm(fitted - rows) < 0.15 * np.linalg.norm(rows)  # the rest is rounding


def test_the_same_seed_turns_the_same_way_and_another_one_another(noisy: np.ndarray) -> None:
    told = corpus_of(TOLD, KNOWN)
    settings = replace(SETTINGS, steps=20)
    one, same, other = (fit_taught(noisy, told, replace(settings, seed=seed)) for seed in (0, 0, 1))
    assert one.weights.tobytes() == same.weights.tobytes()
    assert one.scales.tobytes() == same.scales.tobytes()
    assert one.weights.tobytes() != other.weights.tobytes()


def test_with_fewer_than_eight_articles_the_axes_stay_as_they_are(noisy: np.ndarray) -> None:
    settings = replace(SETTINGS, steps=20)
    for count in (7, 8):
        few = corpus_of(about(count, 0), KNOWN)
        still = fit_taught(noisy, few, replace(settings, steps=0)).weights.tolist()
        assert (fit_taught(noisy, few, settings).weights.tolist() == still) == (count == 7)


def test_no_step_leaves_the_axes_as_they_are(noisy: np.ndarray) -> None:
    axes = np.eye(12, dtype=np.float32)
    assert _turned(noisy, axes, corpus_of(TOLD, KNOWN), 0, np.random.default_rng(0)).tolist() == axes.tolist()
