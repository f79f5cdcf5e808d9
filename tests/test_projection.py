"""Projection: the gradient is that of the loss, and learning brings a subject's words together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from conftest import background_of, unpacked
from scipy.sparse import csr_array

from detector.background import Background
from detector.learn.articles import Article
from detector.learn.background import fit_background
from detector.learn.contrast import corpus_of, draw
from detector.learn.projection import ProjectionSettings, _gradient, _initial, _principal, fit_projection, idf_of_rows
from detector.terms import hash_of
from detector.vectors import Projection, projected

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
CORPUS = corpus_of(ARTICLES, BACKGROUND)


@pytest.fixture(scope="module")
def learned() -> Projection:
    return fit_projection(CORPUS, BACKGROUND, SETTINGS)


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def table_of(projection: Projection) -> np.ndarray:
    return unpacked(projection)


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


def test_the_loss_of_a_batch_is_that_of_the_sums_of_its_terms(pool: ThreadPoolExecutor) -> None:
    table = np.eye(4)
    query = csr_array(np.array([[2.0, 0, 0, 0], [0, 1, 0, 0]]))
    rest = csr_array(np.array([[1.0, 0, 0, 0], [0, 3, 4, 0]]))
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


# --- learning


def test_words_of_one_subject_end_near_one_another_and_far_from_those_of_others(learned: Projection) -> None:
    rows = rows_of([word for subject in SUBJECTS for word in subject])
    assert sorted(rows.tolist()) == list(range(18))
    same = np.kron(np.eye(3, dtype=bool), np.ones((6, 6), bool))
    before = cosines(table_of(fit_projection(CORPUS, BACKGROUND, replace(SETTINGS, steps=0)))[rows])
    after = cosines(table_of(learned)[rows])
    assert before[same].min() < 0  # at random
    # Every word is much nearer to those of its subject than to those of either other one.
    by_subject = after.reshape(18, 3, 6).mean(axis=2)
    own = np.repeat(np.eye(3, dtype=bool), 6, axis=0)
    assert by_subject[own].min() > by_subject[~own].max() + 0.2


def test_fresh_paragraphs_of_a_subject_end_near_one_another(learned: Projection) -> None:
    similar = cosines(projected(corpus_of(made(12, seed=7), BACKGROUND).bags, [learned])[0])
    subject = np.repeat(np.arange(12) % 3, 4)
    same = subject[:, None] == subject
    assert similar[same].min() > similar[~same].max()


def test_learning_lowers_the_loss_on_articles_it_has_not_seen(learned: Projection, pool: ThreadPoolExecutor) -> None:
    query, rest = draw(corpus_of(made(30, seed=8), BACKGROUND), SETTINGS.batch, np.random.default_rng(0))
    start = table_of(fit_projection(CORPUS, BACKGROUND, replace(SETTINGS, steps=0)))
    before, after = (_gradient(table, query, rest, SETTINGS.temperature, pool)[0] for table in (start, table_of(learned)))
    assert after < 0.7 * before


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(learned: Projection) -> None:
    again = fit_projection(CORPUS, BACKGROUND, SETTINGS)
    assert again.weights.tobytes() == learned.weights.tobytes()
    assert again.scales.tobytes() == learned.scales.tobytes()
    assert fit_projection(CORPUS, BACKGROUND, replace(SETTINGS, seed=1)).weights.tobytes() != learned.weights.tobytes()


FEW = made(7)


@pytest.mark.parametrize(
    "articles",
    [[], FEW, [*FEW, *[Article(("baword dyword", "baword"))] * 20], [*FEW, *[replace(a, weight=0.0) for a in FEW]]],
    ids=["none", "seven", "seven long enough", "seven that weigh"],
)
def test_with_too_few_articles_it_stays_where_it_starts(articles: list[Article]) -> None:
    start = fit_projection(CORPUS, BACKGROUND, replace(SETTINGS, steps=0))
    found = fit_projection(corpus_of(articles, BACKGROUND), BACKGROUND, SETTINGS)
    assert found.weights.tolist() == start.weights.tolist()
    assert found.scales.tolist() == start.scales.tolist()
    enough = fit_projection(corpus_of(made(8), BACKGROUND), BACKGROUND, SETTINGS)
    assert enough.weights.tolist() != start.weights.tolist()


# --- where it starts


def test_the_idf_of_a_row_is_that_of_its_term() -> None:
    background = background_of({"river": 2.0, "bridge": 3.0, "the": 0.5, "boat": 4.0}, {"boat": 0, "river": 2, "bridge": 1})
    assert idf_of_rows(background).tolist() == [4, 3, 2]
    assert idf_of_rows(background_of({"river": 2.0})).tolist() == []


def test_it_starts_at_random_directions_as_long_as_the_term_is_rare() -> None:
    table = _initial(BACKGROUND, 18, 400, np.random.default_rng(0), None)
    assert np.linalg.norm(table, axis=1) == pytest.approx(idf_of_rows(BACKGROUND), rel=0.12)
    assert np.abs(cosines(table) - np.eye(18)).max() < 0.25


def test_term_vectors_take_the_second_half_of_the_dimensions() -> None:
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
    found = fit_projection(CORPUS, BACKGROUND, replace(SETTINGS, steps=0), vectors)
    assert (np.abs(table_of(found) - start) <= 0.5001 * found.scales[:, None]).all()


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
