"""Projection: the gradient is that of the loss, learning brings a subject's words together, and int8 keeps what was learned."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from conftest import background_of
from scipy.sparse import csr_array

from detector.learn.articles import Article
from detector.learn.background import fit_background
from detector.learn.projection import (
    ProjectionSettings,
    _Corpus,
    _corpus,
    _draw,
    _gradient,
    _initial,
    _principal,
    _quantised,
    _softmax,
    _summed,
    fit_projection,
    taught_projection,
)
from detector.terms import hash_of
from detector.vectors import Background, Projection

SUBJECTS = [[f"{letter}{vowel}word" for vowel in "aeiouy"] for letter in "bdf"]
SETTINGS = ProjectionSettings(dimensions=8, steps=40, batch=24)


def made(count: int, seed: int = 0) -> list[Article]:
    """Articles of four paragraphs of two words each, all of one subject's six."""
    rng = np.random.default_rng(seed)
    articles = []
    for i in range(count):
        words = SUBJECTS[i % 3]
        articles.append(Article(tuple(" ".join(rng.choice(words, 2, replace=False)) for _ in range(4))))
    return articles


ARTICLES = made(60)
BACKGROUND = fit_background(ARTICLES, projected=100)


@pytest.fixture(scope="module")
def learned() -> Projection:
    return fit_projection(ARTICLES, BACKGROUND, SETTINGS)


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def table_of(projection: Projection) -> np.ndarray:
    return projection.weights * projection.scales[:, None]


def rows_of(words: list[str], background: Background = BACKGROUND) -> np.ndarray:
    return background.rows[background.lookup(np.array([hash_of(word) for word in words], np.uint64))]


def cosines(table: np.ndarray) -> np.ndarray:
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    return unit @ unit.T


# --- the gradient


def bags(rng: np.random.Generator, count: int, width: int, terms: int) -> csr_array:
    """Rows of `terms` random terms; one may stand twice in a row."""
    indices = rng.integers(width, size=count * terms).astype(np.int32)
    return csr_array((rng.uniform(1, 2, count * terms), indices, np.arange(count + 1) * terms), shape=(count, width))


def test_the_loss_is_that_of_telling_each_article_from_the_others_both_ways(pool: ThreadPoolExecutor) -> None:
    table = np.eye(3)
    query = csr_array(np.array([[2.0, 0, 0], [0, 1, 0]]))
    rest = csr_array(np.array([[1.0, 0, 0], [0, 3, 4]]))
    loss, used, _ = _gradient(table, query, rest, 0.5, pool)
    # Cosines over the temperature: 2 and 0 for the first article; 0 and 1.2 for the second.
    first, second = np.log(1 + np.exp(-2)), np.log(1 + np.exp(-1.2))
    assert loss == pytest.approx((first + second) / 2, abs=1e-5)  # symmetric here: both ways the same
    assert used.tolist() == [0, 1, 2]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_gradient_is_what_the_loss_changes_by(pool: ThreadPoolExecutor, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.standard_normal((9, 5))
    query, rest = bags(rng, 4, 9, 3), bags(rng, 4, 9, 6)
    _, used, gradient = _gradient(table, query, rest, 0.3, pool)
    assert used.tolist() == sorted(set(query.indices.tolist()) | set(rest.indices.tolist()))
    numeric = np.zeros_like(table)
    step = 1e-5
    for place in np.ndindex(*table.shape):
        for sign in (1, -1):
            moved = table.copy()
            moved[place] += sign * step
            numeric[place] += sign * _gradient(moved, query, rest, 0.3, pool)[0] / (2 * step)
    full = np.zeros_like(table)
    full[used] = gradient
    assert np.abs(numeric).max() > 0.01
    assert full == pytest.approx(numeric, abs=1e-5)


def test_a_batch_without_a_known_term_moves_nothing(pool: ThreadPoolExecutor) -> None:
    nothing = csr_array((2, 4), dtype=np.float32)
    loss, used, gradient = _gradient(np.ones((4, 6), np.float32), nothing, nothing, 0.05, pool)
    assert loss == pytest.approx(np.log(2), abs=1e-6)  # a coin toss
    assert (len(used), gradient.shape) == (0, (0, 6))


def test_the_softmax_does_not_overflow() -> None:
    shares = _softmax(np.array([[1000.0, 1000.0], [-1000.0, 0.0]]))
    assert shares.tolist() == [[0.5, 0.5], [0, 1]]


# --- what is drawn


def separate(sizes: list[int]) -> list[Article]:
    """Articles no two paragraphs of which share a word: row ``i`` holds term ``i`` alone."""
    numbers = iter(range(10_000))
    return [Article(tuple(f"w{next(numbers)}" for _ in range(size))) for size in sizes]


def corpus_of(articles: list[Article]) -> _Corpus:
    background = fit_background(articles, projected=10_000, min_articles=1)
    return _corpus(articles, background, np.array([article.weight for article in articles]))


def rows_drawn(corpus: _Corpus, drawn: csr_array) -> list[list[int]]:
    """The rows of the corpus in each row drawn, by their only term."""
    row_of = np.argsort(corpus.bags.indices)
    assert corpus.bags.indices[row_of].tolist() == list(range(corpus.bags.shape[0]))
    return [np.sort(row_of[terms]).tolist() for terms in np.split(drawn.indices, drawn.indptr[1:-1])]


def test_a_query_is_one_or_two_paragraphs_and_its_rest_the_others_of_the_same_article() -> None:
    sizes = [3, 4, 5, 20, 2, 1, 0]
    corpus = corpus_of(separate(sizes))
    settings = ProjectionSettings(batch=12, rest=6)
    rng = np.random.default_rng(0)
    spans = [range(sum(sizes[:i]), sum(sizes[: i + 1])) for i in range(len(sizes))]
    lengths = set()
    for _ in range(60):
        query, rest = (rows_drawn(corpus, drawn) for drawn in _draw(corpus, settings, rng))
        assert len({row for rows in query for row in rows}) == sum(map(len, query))  # an article is drawn once
        for asked, others in zip(query, rest, strict=True):
            (article,) = [i for i, span in enumerate(spans) if asked[0] in span]
            assert article < 4  # fewer than three rows take no part
            assert set(asked) | set(others) <= set(spans[article])
            assert not set(asked) & set(others)
            assert len(others) == min(6, sizes[article] - len(asked))
            assert asked == list(range(asked[0], asked[0] + len(asked)))
            assert len(asked) == 1 or sizes[article] > 3
            lengths.add(len(asked))
    assert lengths == {1, 2}


def test_an_article_of_no_weight_is_never_drawn_and_a_heavy_one_more_often() -> None:
    articles = [replace(a, weight=w) for a, w in zip(separate([4] * 4), (0.0, 1.0, 1.0, 8.0), strict=True)]
    corpus = corpus_of(articles)
    assert corpus.weights.tolist() == [0, 0.1, 0.1, 0.8]
    rng = np.random.default_rng(0)
    drawn = [rows_drawn(corpus, _draw(corpus, ProjectionSettings(batch=1), rng)[0])[0][0] // 4 for _ in range(200)]
    counts = np.bincount(drawn, minlength=4)
    assert counts[0] == 0
    assert 140 < counts[3] < 180


def test_half_of_a_batch_shares_a_topic_that_has_articles_enough() -> None:
    topics = ["large"] * 32 + ["small"] * 31 + [""] * 300 + ["large"]
    articles = separate([3] * 363 + [2])
    corpus = corpus_of([replace(article, topic=topic) for article, topic in zip(articles, topics, strict=True)])
    assert [group.tolist() for group in corpus.topics] == [list(range(32))]  # two rows are too few, 31 articles as well
    rng = np.random.default_rng(0)
    for _ in range(5):
        query = rows_drawn(corpus, _draw(corpus, ProjectionSettings(batch=40), rng)[0])
        assert sum(rows[0] < 96 for rows in query) >= 20


def test_a_title_is_asked_about_now_and_then_even_in_a_long_article() -> None:
    articles = [replace(a, title=f"title{i}") for i, a in enumerate(separate([99, 99]))]
    corpus = corpus_of(articles)
    rng = np.random.default_rng(0)
    asked = [rows for _ in range(300) for rows in rows_drawn(corpus, _draw(corpus, ProjectionSettings(batch=4), rng)[0])]
    assert 0.1 < np.mean([rows[0] in (0, 100) for rows in asked]) < 0.22  # 15 % and one in a hundred


def test_titles_are_told_from_first_paragraphs_and_an_empty_article_has_neither() -> None:
    articles = [Article(("a b",), "Title"), Article(()), Article(("a b",)), Article((), "Alone"), Article(())]
    corpus = corpus_of(articles)
    assert corpus.has_title.tolist() == [True, False, False, True, False]
    assert np.diff(corpus.bounds).tolist() == [2, 0, 1, 1, 0]


def test_a_run_of_articles_without_any_text_is_passed_over() -> None:
    corpus = corpus_of([*separate([3] * 512), Article(())])  # runs of 512
    assert (len(corpus.bounds), corpus.bounds[-1], corpus.has_title.any()) == (514, 1536, False)


def test_bags_are_summed_by_their_owner() -> None:
    given = csr_array(np.array([[1.0, 0, 2], [0, 3, 0], [4, 0, 0], [0, 0, 5]]))
    summed = _summed(given, np.array([0, 2, 3]), np.array([0, 0, 2]), 3)
    assert summed.toarray().tolist() == [[5, 0, 2], [0, 0, 0], [0, 0, 5]]


# --- learning


def test_words_of_one_subject_end_near_one_another_and_far_from_those_of_others(learned: Projection) -> None:
    rows = rows_of([word for subject in SUBJECTS for word in subject])
    assert sorted(rows.tolist()) == list(range(18))
    same = np.kron(np.eye(3, dtype=bool), np.ones((6, 6), bool))
    before = cosines(table_of(fit_projection(ARTICLES, BACKGROUND, replace(SETTINGS, steps=0)))[rows])
    after = cosines(table_of(learned)[rows])
    assert before[same].min() < 0  # at random
    assert after[same].min() > after[~same].max()


def test_fresh_paragraphs_of_a_subject_end_near_one_another(learned: Projection) -> None:
    corpus = _corpus(made(12, seed=7), BACKGROUND, np.ones(12))
    similar = cosines(learned.project(corpus.bags))
    subject = np.repeat(np.arange(12) % 3, 4)
    same = subject[:, None] == subject
    assert similar[same].min() > similar[~same].max()


def test_learning_lowers_the_loss_on_articles_it_has_not_seen(learned: Projection, pool: ThreadPoolExecutor) -> None:
    corpus = _corpus(made(30, seed=8), BACKGROUND, np.ones(30))
    query, rest = _draw(corpus, SETTINGS, np.random.default_rng(0))
    start = table_of(fit_projection(ARTICLES, BACKGROUND, replace(SETTINGS, steps=0)))
    before, after = (_gradient(table, query, rest, SETTINGS.temperature, pool)[0] for table in (start, table_of(learned)))
    assert after < 0.7 * before


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(learned: Projection) -> None:
    again = fit_projection(ARTICLES, BACKGROUND, SETTINGS)
    assert again.weights.tobytes() == learned.weights.tobytes()
    assert again.scales.tobytes() == learned.scales.tobytes()
    assert fit_projection(ARTICLES, BACKGROUND, replace(SETTINGS, seed=1)).weights.tobytes() != learned.weights.tobytes()


FEW = made(7)


@pytest.mark.parametrize(
    "articles",
    [[], FEW, [*FEW, *[Article(("baword dyword", "baword"))] * 20], [*FEW, *[replace(a, weight=0.0) for a in FEW]]],
    ids=["none", "seven", "seven long enough", "seven that weigh"],
)
def test_with_too_few_articles_it_stays_where_it_starts(articles: list[Article]) -> None:
    start = fit_projection(ARTICLES, BACKGROUND, replace(SETTINGS, steps=0))
    found = fit_projection(articles, BACKGROUND, SETTINGS)
    assert found.weights.tolist() == start.weights.tolist()
    assert found.scales.tolist() == start.scales.tolist()
    assert fit_projection(made(8), BACKGROUND, SETTINGS).weights.tolist() != start.weights.tolist()


# --- where it starts


def test_it_starts_at_random_directions_as_long_as_the_term_is_rare() -> None:
    table = _initial(BACKGROUND, 18, 400, np.random.default_rng(0), None)
    known = BACKGROUND.rows >= 0
    idf = np.zeros(18)
    idf[BACKGROUND.rows[known]] = BACKGROUND.idf[known]
    assert np.linalg.norm(table, axis=1) == pytest.approx(idf, rel=0.12)
    assert np.abs(cosines(table) - np.eye(18)).max() < 0.25


def test_word_vectors_take_the_second_half_of_the_dimensions() -> None:
    # A teacher that knows the subjects: the words of one are one direction, give or take.
    rng = np.random.default_rng(0)
    vectors = np.zeros((18, 30), np.float32)
    for number, subject in enumerate(SUBJECTS):
        vectors[rows_of(subject), number] = 1
    vectors += 0.01 * rng.standard_normal((18, 30), np.float32)
    alone = _initial(BACKGROUND, 18, 8, np.random.default_rng(3), None)
    taught = _initial(BACKGROUND, 18, 8, np.random.default_rng(3), vectors)
    assert taught[:, :4].tolist() == alone[:, :4].tolist()
    rows = rows_of([word for subject in SUBJECTS for word in subject])
    similar = cosines(taught[:, 4:])[np.ix_(rows, rows)]
    same = np.kron(np.eye(3, dtype=bool), np.ones((6, 6), bool))
    assert similar[same].min() > 0.95
    assert similar[~same].max() < 0.1
    # Both halves are of one size: neither outshouts the other.
    assert (taught[:, 4:] ** 2).mean() == pytest.approx((alone[:, 4:] ** 2).mean(), rel=0.5)


def test_a_teacher_of_few_dimensions_takes_only_as_many() -> None:
    vectors = np.random.default_rng(1).standard_normal((18, 2)).astype(np.float32)
    alone = _initial(BACKGROUND, 18, 8, np.random.default_rng(3), None)
    taught = _initial(BACKGROUND, 18, 8, np.random.default_rng(3), vectors)
    assert (taught == alone).all(axis=0).tolist() == [True] * 6 + [False] * 2


def test_learning_from_a_teacher_starts_there() -> None:
    vectors = np.random.default_rng(1).standard_normal((18, 5)).astype(np.float32)
    start = _initial(BACKGROUND, 18, 8, np.random.default_rng(SETTINGS.seed), vectors)
    found = fit_projection(ARTICLES, BACKGROUND, replace(SETTINGS, steps=0), vectors)
    assert np.abs(table_of(found) - start).max() <= found.scales.max() * 0.5001


def test_principal_components_come_by_size_centred_and_at_unit_variance() -> None:
    vectors = np.array([[1, 3], [1, -3], [-1, 3], [-1, -3]], np.float32) + np.float32(7)
    both = _principal(vectors, np.ones(4, np.float32), 2)
    # Half the variance is 9, half of it 1, overall 5: the second axis comes first.
    assert np.abs(both) == pytest.approx(np.array([[3, 1]] * 4) / np.sqrt(5), abs=1e-5)
    assert both.mean(axis=0) == pytest.approx([0, 0], abs=1e-5)
    one = _principal(vectors, np.ones(4, np.float32), 1)
    assert one[:, 0] * np.sign(one[0, 0]) == pytest.approx([1, -1, 1, -1], abs=1e-5)


def test_the_centre_is_that_of_the_common_words() -> None:
    vectors = np.array([[5, 5], [6, 5], [9, 1]], np.float32)
    assert _principal(vectors, np.array([1, 0, 0], np.float32), 2)[0] == pytest.approx([0, 0], abs=1e-6)


# --- int8


def test_a_number_is_kept_to_half_a_step_of_its_row_s_scale() -> None:
    table = (
        np.random.default_rng(0).standard_normal((50, 16)).astype(np.float32)
        * np.geomspace(1e-3, 1e3, 50, dtype=np.float32)[:, None]
    )
    kept = _quantised(table)
    assert (kept.weights.dtype, kept.scales.dtype) == (np.int8, np.float32)
    assert (np.abs(table_of(kept) - table) <= 0.501 * kept.scales[:, None]).all()
    assert np.abs(kept.weights.astype(int)).max(axis=1).tolist() == [127] * 50  # the whole range, and -128 never


def test_a_row_of_noughts_stays_one() -> None:
    kept = _quantised(np.zeros((2, 3), np.float32))
    assert table_of(kept).tolist() == [[0, 0, 0]] * 2
    assert kept.scales.tolist() == [1, 1]
    assert _quantised(np.zeros((0, 3), np.float32)).weights.shape == (0, 3)


def test_a_teachers_projection_leaves_the_top_axes_out_and_scales_by_idf() -> None:
    # Seven axes of falling variance: five are left out, the other two remain, each word by its idf.
    rng = np.random.default_rng(0)
    background = background_of({f"word{i}": 2.0 if i % 2 else 4.0 for i in range(60)}, {f"word{i}": i for i in range(60)})
    vectors = (rng.standard_normal((60, 7)) * [64, 32, 16, 8, 4, 2, 1]).astype(np.float32)
    taught = taught_projection(vectors, background, 2)
    table = taught.weights * taught.scales[:, None]
    assert table.shape == (60, 2)
    idf = np.zeros(60)
    idf[background.rows] = background.idf
    weights = np.exp(-idf)
    centred = vectors - weights @ vectors / weights.sum()
    _, axes = np.linalg.eigh(centred.T @ centred)
    expected = (centred @ axes[:, ::-1])[:, 5:] * idf[:, None]
    # Up to one factor for all, the sign of an axis, and rounding to 8 bits.
    factor = np.abs(table).max() / np.abs(expected).max()
    assert np.abs(np.abs(table) - factor * np.abs(expected)).max() < 0.02 * np.abs(table).max()
