"""Distillation: passages that show every term, sums of vectors near what the teacher says, and axes that tell apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from conftest import background_of, spelt, unpacked
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from test_terms import slow_affixes

from detector.background import Background
from detector.learn.articles import Article
from detector.learn.background import fit_background, others, spellings
from detector.learn.contrast import Corpus, corpus_of, draw, info_nce
from detector.learn.distillation import (
    DistillationSettings,
    Distilled,
    _affixes,
    _bags,
    _common,
    _cut,
    _fitted,
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
from detector.paragraphs import batch_of
from detector.postings import postings_of
from detector.vectors import Projection, affix_bags, projected

SYLLABLES = [a + b for a in "bdfgklmnpr" for b in "aeiou"]
WORDS = [first + second for first in SYLLABLES[:6] for second in SYLLABLES[:20]]
SETTINGS = DistillationSettings(dimensions=8, steps=0)


def texts(count: int, seed: int, size: int = 12) -> list[str]:
    """Texts of `size` of the words."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, size)) for _ in range(count)]


ARTICLES = [Article(tuple(texts(4, seed)), title=texts(1, 1000 + seed, 3)[0]) for seed in range(200)]
BACKGROUND = fit_background(ARTICLES, projected=1000)
HALF = fit_background(ARTICLES, projected=60)  # knows all words and projects one in two
CORPUS = corpus_of(ARTICLES, BACKGROUND)


class Teacher:
    """Says of a text the mean of what it holds of its words or a part of each; of some it holds much more than of others."""

    def __init__(self, dimensions: int = 12, part: Callable[[str], str] = str) -> None:
        rng = np.random.default_rng(5)
        parts = list(dict.fromkeys(map(part, WORDS)))
        hidden = rng.standard_normal((len(parts), dimensions)) * rng.lognormal(sigma=0.8, size=(len(parts), 1))
        self.dimensions, self.part = dimensions, part
        self.hidden = dict(zip(parts, hidden.astype(np.float32), strict=True))
        self.asked: list[list[str]] = []

    def __call__(self, asked: Sequence[str]) -> np.ndarray:
        self.asked.append(list(asked))
        said = [np.mean([self.hidden[self.part(word)] for word in text.split()], axis=0) for text in asked]
        return np.array(said, np.float32).reshape(len(asked), self.dimensions)


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    return distilled(ARTICLES, BACKGROUND, Teacher(), SETTINGS).terms


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", one, other) / (np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1))


def alone(teacher: Teacher, words: Sequence[str], background: Background) -> np.ndarray:
    """What the teacher says of each word alone, at unit length, less what it says of common words."""
    vectors, weights = _unit(teacher(words)), np.exp(-idf_of_rows(background))
    return vectors - weights @ vectors / weights.sum()


def summed(found: Distilled, read: Sequence[str], background: Background) -> np.ndarray:
    """What the terms and affixes of texts add up to."""
    postings = postings_of(batch_of([read], [None]), background)
    beyond = affix_bags(postings.spellings, found.hashes) @ found.affixes
    return postings.bags(background) @ found.terms + postings.spelt_bags() @ beyond


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
    assert (found.terms.shape, found.terms.dtype) == ((120, 12), np.float32)
    assert (found.terms**2).sum(axis=1).mean() == pytest.approx(1, abs=1e-3)


def test_how_long_the_vectors_of_a_teacher_are_says_nothing(table: np.ndarray) -> None:
    def teacher(asked: Sequence[str]) -> np.ndarray:
        lengths = np.random.default_rng(len(asked)).uniform(0.5, 50, (len(asked), 1))
        return (said(asked) * lengths).astype(np.float64)

    said = Teacher()
    found = distilled(ARTICLES, BACKGROUND, teacher, SETTINGS).terms
    assert found == pytest.approx(table, abs=1e-3)
    assert found.dtype == np.float32


def test_a_term_in_no_passage_keeps_what_the_teacher_says_of_the_word_alone() -> None:
    # Those words stand in lines too short to be read.
    rare = WORDS[:5]
    common = [" ".join(word for word in text.split() if word not in rare) for text in texts(300, seed=3, size=16)]
    articles = [Article((text, " ".join(rare)) if i < 20 else (text,)) for i, text in enumerate(common)]
    background = fit_background(articles, projected=1000)
    teacher = Teacher()
    found = distilled(articles, background, teacher, SETTINGS).terms
    words = teacher.asked[0]
    assert not {word for passage in teacher.asked[1] for word in passage.split()} & set(rare)
    near = dict(zip(words, cosines(found, alone(teacher, words, background)).tolist(), strict=True))
    assert min(near[word] for word in rare) > 0.9999
    assert min(near.values()) < 0.99  # passages told more of others


def test_the_same_seed_reads_the_same_and_another_one_other_passages(table: np.ndarray) -> None:
    assert distilled(ARTICLES, BACKGROUND, Teacher(), SETTINGS).terms.tobytes() == table.tobytes()
    few = replace(SETTINGS, characters=5000)
    assert _passages(ARTICLES, BACKGROUND, few) == _passages(ARTICLES, BACKGROUND, few)
    one, other = (distilled(ARTICLES, BACKGROUND, Teacher(), replace(few, seed=seed)) for seed in (0, 1))
    assert one.hashes.tolist() == other.hashes.tolist()  # of words, not of passages
    assert one.terms.tobytes() != other.terms.tobytes()


@pytest.mark.parametrize(("dimensions", "kept"), [(2, 2), (3, 2), (5, 4)])
def test_a_teacher_of_few_dimensions_gives_a_space_of_as_many(dimensions: int, kept: int) -> None:
    found = distilled(ARTICLES, BACKGROUND, Teacher(dimensions), SETTINGS)
    assert found.terms.shape == (120, dimensions)
    taught, affixes = fit_taught(found, CORPUS, replace(SETTINGS, steps=2))
    assert table_of(taught).shape == (120, kept)
    assert np.linalg.matrix_rank(table_of(taught)) == kept
    assert table_of(affixes.vectors).shape == (len(found.hashes), kept)


def test_articles_without_a_passage_long_enough_leave_the_words_alone() -> None:
    articles = [Article(tuple(texts(4, seed, size=3))) for seed in range(100)]
    background = fit_background(articles, projected=1000)
    teacher = Teacher()
    found = distilled(articles, background, teacher, SETTINGS)
    assert cosines(found.terms, alone(teacher, spellings(articles, background), background)).min() > 0.9999


# --- words that are not projected


def test_the_teacher_is_asked_for_the_other_words_of_letters_behind_those_of_the_rows() -> None:
    articles = [*ARTICLES, Article(("Bababa covid19 2018 Éfé don't bababa",), title="Bibibibi हिन्दी")]
    teacher = Teacher(part=lambda word: word[:2] if word[:2] in SYLLABLES[:6] else "ba")
    found = distilled(articles, HALF, teacher, SETTINGS)
    words = teacher.asked[0]
    assert words[:60] == spellings(ARTICLES, HALF)
    assert words[60:] == [word for word in others(articles, HALF) if word not in ("covid19", "2018", "हिन्दी")]
    assert words[60:] == sorted({*WORDS, "bababa", "bibibibi", "don", "éfé"} - set(words[:60]))
    assert found.terms.shape == (60, 12)


def shared(words: Sequence[str]) -> list[tuple[int, int]]:
    """How many of `words` begin or end alike and in what, the most frequent first."""
    counts = Counter(key for word in set(words) for key in slow_affixes(word) if key)
    return sorted(((count, key) for key, count in counts.items()), key=lambda pair: (-pair[0], pair[1]))


def test_how_four_words_or_more_begin_or_end_is_kept_in_order() -> None:
    for background in (BACKGROUND, HALF):
        found = distilled(ARTICLES, background, Teacher(), SETTINGS)
        # Of 24 beginnings of three letters there are five words each, of 20 endings of two letters six, of all else two or one.
        assert found.hashes.tolist() == sorted(key for count, key in shared(WORDS) if count >= 4)
        assert Counter(count for count, _ in shared(WORDS) if count >= 4) == {5: 24, 6: 20}
        assert (found.hashes.dtype, found.affixes.dtype, found.affixes.shape) == (np.uint64, np.float32, (44, 12))


def test_of_more_than_are_asked_for_the_most_frequent_are_kept() -> None:
    for most in (0, 1, 20, 30):
        found = distilled(ARTICLES, HALF, Teacher(), replace(SETTINGS, affixes=most, characters=5000))
        assert found.hashes.tolist() == sorted(key for _, key in shared(WORDS)[:most])
        assert found.affixes.shape == (most, 12)


def test_affixes_are_counted_by_hand() -> None:
    # Four each of 5, 7, 9 and nought, which is none; three of 3.
    spelt = np.array([[9, 0, 5], [9, 7, 5], [7, 0, 9], [5, 0, 9], [7, 5, 3], [7, 0, 3], [2, 3, 2**63]], np.uint64)
    assert _common(spelt, 9).tolist() == [5, 7, 9]
    assert _common(spelt, 2).tolist() == [5, 7]  # the smaller of as many
    assert _common(np.vstack((spelt, spelt[3:4])), 1).tolist() == [5]  # five each of 5 and 9
    assert _common(np.vstack((spelt, spelt[2:3])), 2).tolist() == [7, 9]
    assert _common(spelt, 0).tolist() == []
    assert _common(spelt[:3], 9).tolist() == []
    assert _common(np.zeros((0, 3), np.uint64), 9).tolist() == []


def test_words_begin_and_end_each_for_itself() -> None:
    words = ["riverbank", "", "no", "éfé", "x", ""]
    assert _affixes(words).tolist() == [slow_affixes(word) for word in words]
    assert _affixes([]).shape == (0, 7)


def test_without_passages_affixes_add_up_to_what_the_teacher_says_of_all_words_as_near_as_the_ridge_allows() -> None:
    articles = [Article(tuple(texts(4, seed, size=3))) for seed in range(100)]
    background = fit_background(articles, projected=60)
    teacher = Teacher()
    found = distilled(articles, background, teacher, SETTINGS)
    (words,) = teacher.asked
    idf = idf_of_rows(background)
    said = _unit(teacher(words))
    said -= np.exp(-idf) @ said[:60] / np.exp(-idf).sum()  # less what it says of common words, of those with a row
    bags = affix_bags(_affixes(words), found.hashes).toarray()
    expected = np.linalg.solve(bags.T @ bags + 0.3 * np.eye(bags.shape[1]), bags.T @ said)
    # To be multiplied by the idf of the word, as those with a row are already.
    scale = np.sqrt(((said[:60] * idf[:, None]) ** 2).sum(axis=1).mean())
    assert found.terms == pytest.approx(said[:60] * idf[:, None] / scale, abs=1e-5)
    assert found.affixes == pytest.approx(expected / scale, abs=1e-3)
    assert np.abs(found.affixes).max() > 0.1


@pytest.mark.parametrize("size", [3, 12], ids=["words alone", "passages too"])
@pytest.mark.parametrize("projected", [60, 1000], ids=["half of the words have a row", "all words have a row"])
@pytest.mark.parametrize(
    ("part", "made_up"),
    [(lambda word: word[:3], lambda part: f"{part}xyxyxy"), (lambda word: word[-2:], lambda part: f"xyxyxyx{part}")],
    ids=["beginnings", "endings"],
)
def test_a_word_that_was_never_met_is_understood_by_how_it_begins_or_ends(
    part: Callable[[str], str], made_up: Callable[[str], str], projected: int, size: int
) -> None:
    articles = [Article(tuple(texts(4, seed, size))) for seed in range(200)]
    background = fit_background(articles, projected=projected)
    teacher = Teacher(part=part)
    found = distilled(articles, background, teacher, SETTINGS)
    assert (len(teacher.asked) == 2) == (size == 12)
    got = affix_bags(_affixes([made_up(each) for each in teacher.hidden]), found.hashes) @ found.affixes
    held = _unit(np.array(list(teacher.hidden.values())))
    held -= held.mean(axis=0)
    assert cosines(got, held).mean() > 0.95
    assert (_unit(got) @ _unit(held).T).argmax(axis=1).tolist() == list(range(len(held)))


class Misleading(Teacher):
    """Of single words it says anything, and of a passage what it holds of how its words begin."""

    def __call__(self, asked: Sequence[str]) -> np.ndarray:
        said = super().__call__(asked)
        return said if " " in asked[0] else np.random.default_rng(8).standard_normal(said.shape)


def test_passages_move_affixes_to_where_sums_come_near_the_teacher() -> None:
    fresh = texts(300, seed=7000)
    found = distilled(ARTICLES, HALF, Misleading(part=lambda word: word[:3]), SETTINGS)
    said = _unit(Teacher(part=lambda word: word[:3])(fresh))
    said -= said.mean(axis=0)
    silent = replace(found, affixes=np.zeros_like(found.affixes))
    near, nearer = (cosines(summed(each, fresh, HALF), said) for each in (silent, found))
    assert near.mean() < 0.8
    assert nearer.mean() > 0.95
    assert (nearer > near).mean() > 0.95


def test_terms_and_affixes_are_moved_together_to_where_the_closed_form_has_them() -> None:
    rng = np.random.default_rng(4)
    passages, hashes = texts(200, seed=5), _common(_affixes(WORDS), 12)
    vectors = rng.standard_normal((72, 12)).astype(np.float32)
    teacher = Teacher()
    found = _fitted(vectors.copy(), passages, HALF, hashes, teacher)
    target = _unit(teacher(passages)).astype(float)
    target -= target.mean(axis=0)
    bags = _weighted(passages, HALF, hashes).toarray().astype(float)
    explained = bags @ vectors
    start = vectors * (explained * target).sum() / (explained**2).sum()  # the factor that explains most
    expected = start + np.linalg.solve(bags.T @ bags + np.eye(72), bags.T @ (target - bags @ start))
    assert found == pytest.approx(expected, abs=1e-3)
    assert (np.abs(found - start).max(axis=1) > 0.01).all()  # each of them has moved


def test_where_no_words_begin_or_end_alike_there_are_no_affixes() -> None:
    words = ["baba", "bebe", "bibi", "bobo", "bubu"]
    articles = [Article((" ".join(words[:size] * 3),)) for size in (5, 5, 5, 4, 3)]
    background = fit_background(articles, projected=3)
    found = distilled(articles, background, Teacher(), SETTINGS)
    assert (found.terms.shape, found.hashes.shape, found.affixes.shape) == ((3, 12), (0,), (0, 12))
    _, affixes = fit_taught(found, corpus_of(articles, background), SETTINGS)
    assert affixes.vectors.weights.shape == (0, 4)
    assert not affixes.project(postings_of(batch_of([words], [None]), background)).any()


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


def test_passages_with_an_unknown_word_each_are_in_no_strange_language_all_together() -> None:
    background = background_of({"river": 4.0, "bridge": 3.0}, {"river": 1, "bridge": 0})
    weighted = _weighted([f"river bridge zork{spelt(i)}" for i in range(100)], background, np.zeros(0, np.uint64))
    assert weighted.toarray() == pytest.approx(np.tile([0.6, 0.8], (100, 1)), abs=1e-5)


def test_bags_of_terms_and_affixes_are_weighted_by_idf_at_unit_length() -> None:
    idf = {"river": 2.0, "bridge": 3.0, "riverside": 4.0, "the": 0.5}
    background = background_of(idf, {"river": 1, "bridge": 0}, unknown_idf=9.0)
    riv, ver, ide = (slow_affixes(word)[at] for word, at in (("riv", 0), ("ver", 5), ("ide", 5)))
    hashes = np.array(sorted([riv, ver, ide]), np.uint64)
    column = {key: 2 + at for at, key in enumerate(hashes.tolist())}
    read = ["River bridge", "riverside the riverside, river", "the zork", "rivulet zork", *["bridge bridge"] * 8192]
    weighted = _weighted(read, background, hashes)  # runs of 8,192
    assert (weighted.shape, weighted.dtype) == ((8196, 5), np.float32)
    expected = np.zeros((5, 5))
    expected[0, [1, 0]] = 2, 3  # the river has a row, and "riv" is not looked at
    expected[1, 1], expected[1, [column[riv], column[ide]]] = 2, (1 + np.log(2)) * 4 / np.sqrt(2)
    expected[3, column[riv]] = 1
    expected[4, 0] = 1
    expected[[0, 1]] /= np.linalg.norm(expected[[0, 1]], axis=1, keepdims=True)
    assert weighted[:5].toarray() == pytest.approx(expected, abs=1e-5)
    assert weighted[4:].toarray() == pytest.approx(np.tile(expected[4], (8192, 1)), abs=1e-5)


@pytest.mark.parametrize("penalty", [1.0, 0.3])
@pytest.mark.parametrize(("count", "terms"), [(200, 12), (8, 12)], ids=["more passages", "more terms"])
def test_the_ridge_is_that_of_the_closed_form(count: int, terms: int, penalty: float) -> None:
    rng = np.random.default_rng(2)
    dense = rng.random((count, terms)) * (rng.random((count, terms)) < 0.4)
    dense[:, 5] = 0  # a term that no passage holds
    target = rng.standard_normal((count, 4))
    target[:, 3] = 0
    expected = np.linalg.solve(dense.T @ dense + penalty * np.eye(terms), dense.T @ target)
    found = _ridge(csr_array(dense.astype(np.float32)), target.astype(np.float32), penalty)
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


def of_terms(vectors: np.ndarray) -> Distilled:
    """What is known of terms, and of no affix."""
    return Distilled(vectors, np.zeros(0, np.uint64), vectors[:0])


def test_affixes_are_taken_to_the_axes_of_the_terms(noisy: np.ndarray) -> None:
    hashes = np.array([3, 7, 2**63, 2**64 - 1], np.uint64)
    told = corpus_of(TOLD, KNOWN)
    for steps in (0, 3):
        settings = replace(SETTINGS, steps=steps)
        taught, affixes = fit_taught(Distilled(noisy, hashes, np.vstack((noisy[5:8], 2 * noisy[1:2]))), told, settings)
        assert affixes.hashes.tolist() == hashes.tolist()
        rows = table_of(taught)
        assert table_of(affixes.vectors) == pytest.approx(np.vstack((rows[5:8], 2 * rows[1:2])), rel=1e-5)
        # And they do not turn them.
        alone, none = fit_taught(of_terms(noisy), told, settings)
        assert alone.weights.tolist() == taught.weights.tolist()
        assert len(none.hashes) == len(none.vectors.weights) == 0


def test_turning_the_axes_lowers_the_loss_on_articles_not_turned_to(noisy: np.ndarray) -> None:
    told, fresh = corpus_of(TOLD, KNOWN), corpus_of(about(40, 9), KNOWN)
    query, rest = draw(fresh, 768, np.random.default_rng(0))

    def loss(projection: Projection) -> float:
        return info_nce(np.vstack((projected(query, [projection])[0], projected(rest, [projection])[0])), 0.05)[0]

    whitened, turned = (fit_taught(of_terms(noisy), told, replace(SETTINGS, steps=steps))[0] for steps in (0, 250))
    assert loss(turned) < 0.6 * loss(whitened)
    assert loss(turned) > np.log(10) - 0.1  # of forty articles of four subjects one cannot know more


def test_only_the_axes_are_learned(noisy: np.ndarray) -> None:
    # Words of one vector stay at one place, whatever the articles say.
    noisy = noisy.copy()
    noisy[1] = noisy[0]
    taught, _ = fit_taught(of_terms(noisy), corpus_of(TOLD, KNOWN), replace(SETTINGS, steps=20))
    assert taught.weights[1].tolist() == taught.weights[0].tolist()
    rows = table_of(taught)
    assert rows.shape == (48, 8)
    fitted = noisy @ np.linalg.lstsq(noisy, rows, rcond=None)[0]
    assert np.linalg.norm(fitted - rows) < 0.15 * np.linalg.norm(rows)  # the rest is rounding


def test_the_same_seed_turns_the_same_way_and_another_one_another(noisy: np.ndarray) -> None:
    told = corpus_of(TOLD, KNOWN)
    settings = replace(SETTINGS, steps=20)
    one, same, other = (fit_taught(of_terms(noisy), told, replace(settings, seed=seed))[0] for seed in (0, 0, 1))
    assert one.weights.tobytes() == same.weights.tobytes()
    assert one.scales.tobytes() == same.scales.tobytes()
    assert one.weights.tobytes() != other.weights.tobytes()


def test_with_fewer_than_eight_articles_the_axes_stay_as_they_are(noisy: np.ndarray) -> None:
    settings = replace(SETTINGS, steps=20)
    for count in (7, 8):
        few = corpus_of(about(count, 0), KNOWN)
        still, turned = (fit_taught(of_terms(noisy), few, each)[0] for each in (replace(settings, steps=0), settings))
        assert (turned.weights.tolist() == still.weights.tolist()) == (count == 7)


def test_no_step_leaves_the_axes_as_they_are(noisy: np.ndarray) -> None:
    axes = np.eye(12, dtype=np.float32)
    assert _turned(noisy, axes, corpus_of(TOLD, KNOWN), 0, np.random.default_rng(0)).tolist() == axes.tolist()
