"""Contrast: what is drawn out of the articles, and a loss whose gradient is what it changes by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from detector.learn.articles import Article
from detector.learn.background import fit_background
from detector.learn.contrast import Corpus, _shares, _softmax, _summed, corpus_of, draw, info_nce


def separate(sizes: list[int]) -> list[Article]:
    """Articles no two paragraphs of which share a word: row ``i`` holds term ``i`` alone."""
    numbers = iter(range(10_000))
    return [Article(tuple(f"w{next(numbers)}" for _ in range(size))) for size in sizes]


def corpus_with(articles: list[Article]) -> Corpus:
    """The corpus of `articles`, every word of which is projected."""
    return corpus_of(articles, fit_background(articles, projected=10_000, min_articles=1))


# --- articles as bags


def test_a_corpus_holds_a_row_a_title_and_paragraph_with_the_bounds_of_each_article() -> None:
    articles = [Article(("a b",), "Title"), Article(()), Article(("a b",)), Article((), "Alone"), Article(())]
    corpus = corpus_with(articles)
    assert corpus.bounds.tolist() == [0, 2, 2, 3, 4, 4]
    assert corpus.has_title.tolist() == [True, False, False, True, False]
    assert corpus.bags.shape == (4, 2)  # of one letter there are no terms
    assert np.diff(corpus.bags.indptr).tolist() == [1, 0, 0, 1]


def test_articles_weigh_by_their_share_and_nothing_with_fewer_than_three_rows() -> None:
    sizes, weights = [3, 2, 2, 5], [1.0, 7.0, 2.0, 5.0]
    articles = [replace(a, weight=weight) for a, weight in zip(separate(sizes), weights, strict=True)]
    articles[2] = replace(articles[2], title="a title is a row too")
    assert corpus_with(articles).weights.tolist() == [0.125, 0, 0.25, 0.625]
    assert corpus_with(separate([2, 1])).weights.tolist() == [0, 0]


def test_a_topic_counts_with_32_articles_of_three_rows() -> None:
    topics = ["large"] * 32 + ["small"] * 31 + [""] * 40 + ["large", "small"]
    articles = [replace(a, topic=topic) for a, topic in zip(separate([3] * 103 + [2, 2]), topics, strict=True)]
    ((groups, drawn),) = corpus_with(articles).languages
    assert [group.tolist() for group in groups] == [list(range(32))]
    assert drawn.tolist() == list(range(103))


def test_a_batch_is_of_one_language_and_a_small_one_is_drawn_more_often_than_its_share() -> None:
    articles = [replace(a, language="b" if i % 17 == 0 else "a") for i, a in enumerate(separate([3] * 170))]
    corpus, rng = corpus_with(articles), np.random.default_rng(0)
    languages = []
    for _ in range(400):
        (language,) = {articles[rows[0] // 3].language for rows in rows_drawn(corpus, draw(corpus, 8, rng)[0])}
        languages.append(language)
    # One article in 17 is of language b: 1 / (1 + 16 ** .75) of the batches are.
    assert languages.count("b") / 400 == pytest.approx(1 / 9, abs=0.04)


def test_a_run_of_articles_without_any_text_is_passed_over() -> None:
    corpus = corpus_with([*separate([3] * 512), Article(())])  # runs of 512
    assert (len(corpus.bounds), corpus.bounds[-1], corpus.has_title.any()) == (514, 1536, False)


# --- what is drawn


def rows_drawn(corpus: Corpus, drawn: csr_array) -> list[list[int]]:
    """The rows of the corpus in each row drawn, by their only term."""
    row_of = np.argsort(corpus.bags.indices)
    assert corpus.bags.indices[row_of].tolist() == list(range(corpus.bags.shape[0]))
    return [np.sort(row_of[terms]).tolist() for terms in np.split(drawn.indices, drawn.indptr[1:-1])]


def test_a_query_is_one_or_two_paragraphs_and_its_rest_the_others_of_the_same_article() -> None:
    sizes = [3, 4, 5, 20, 2, 1, 0]
    corpus = corpus_with(separate(sizes))
    rng = np.random.default_rng(0)
    spans = [range(sum(sizes[:i]), sum(sizes[: i + 1])) for i in range(len(sizes))]
    lengths = set()
    for _ in range(60):
        query, rest = (rows_drawn(corpus, drawn) for drawn in draw(corpus, 12, rng))
        assert len({row for rows in query for row in rows}) == sum(map(len, query))  # an article is drawn once
        for asked, others in zip(query, rest, strict=True):
            (article,) = [i for i, span in enumerate(spans) if asked[0] in span]
            assert article < 4  # fewer than three rows take no part
            assert set(asked) | set(others) <= set(spans[article])
            assert not set(asked) & set(others)
            assert len(others) == min(12, sizes[article] - len(asked))
            assert asked == list(range(asked[0], asked[0] + len(asked)))
            assert len(asked) == 1 or sizes[article] > 3
            lengths.add(len(asked))
    assert lengths == {1, 2}


def test_the_rest_of_a_long_article_is_drawn_anew_each_time() -> None:
    corpus = corpus_with(separate([40]))
    rng = np.random.default_rng(0)
    rests = [set(rows_drawn(corpus, draw(corpus, 1, rng)[1])[0]) for _ in range(40)]
    assert {len(rest) for rest in rests} == {12}
    assert set().union(*rests) == set(range(40))


def test_an_article_of_no_weight_is_never_drawn_and_a_heavy_one_more_often() -> None:
    articles = [replace(a, weight=w) for a, w in zip(separate([4] * 4), (0.0, 1.0, 1.0, 8.0), strict=True)]
    corpus = corpus_with(articles)
    assert corpus.weights.tolist() == [0, 0.1, 0.1, 0.8]
    rng = np.random.default_rng(0)
    drawn = [rows_drawn(corpus, draw(corpus, 1, rng)[0])[0][0] // 4 for _ in range(200)]
    counts = np.bincount(drawn, minlength=4)
    assert counts[0] == 0
    assert 140 < counts[3] < 180


def test_half_of_a_batch_shares_a_topic() -> None:
    topics = ["large"] * 32 + [""] * 300
    corpus = corpus_with([replace(a, topic=topic) for a, topic in zip(separate([3] * 332), topics, strict=True)])
    rng = np.random.default_rng(0)
    for _ in range(5):
        query = rows_drawn(corpus, draw(corpus, 40, rng)[0])
        assert len(query) <= 40
        assert sum(rows[0] < 96 for rows in query) >= 20


def test_a_topic_is_drawn_by_the_root_of_its_size() -> None:
    assert _shares([np.arange(4), np.arange(9)]) == pytest.approx([0.4, 0.6])


def test_a_title_is_asked_about_now_and_then_even_in_a_long_article() -> None:
    corpus = corpus_with([replace(a, title=f"title{i}") for i, a in enumerate(separate([99, 99]))])
    rng = np.random.default_rng(0)
    asked = [rows for _ in range(300) for rows in rows_drawn(corpus, draw(corpus, 4, rng)[0])]
    assert 0.1 < np.mean([rows[0] in (0, 100) for rows in asked]) < 0.22  # 15 % and one in a hundred


def test_the_same_seed_draws_the_same() -> None:
    corpus = corpus_with(separate([5] * 30))
    one, same, other = (draw(corpus, 10, np.random.default_rng(seed))[0].toarray() for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert one.shape != other.shape or not np.array_equal(one, other)


def test_bags_are_summed_by_their_owner() -> None:
    given = csr_array(np.array([[1.0, 0, 2], [0, 3, 0], [4, 0, 0], [0, 0, 5]]))
    summed = _summed(given, np.array([0, 2, 3]), np.array([0, 0, 2]), 3)
    assert summed.toarray().tolist() == [[5, 0, 2], [0, 0, 0], [0, 0, 5]]


# --- the loss


def test_the_loss_is_that_of_telling_each_article_from_the_others_both_ways() -> None:
    outputs = np.array([[2.0, 0], [5, 0], [0.3, 0], [0, 7]], np.float32)
    loss, _ = info_nce(outputs, 0.5)
    # Cosines over the temperature: both queries point at the first rest (2) and not at the second (0).
    miss, hit, toss = np.log(1 + np.exp(2)), np.log(1 + np.exp(-2)), np.log(2)
    # The first query finds its rest, the second does not; asked the other way, either rest is torn between two queries.
    assert loss == pytest.approx((hit + miss + 2 * toss) / 4, abs=1e-5)


def test_the_loss_does_not_know_how_long_a_vector_is() -> None:
    outputs = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
    loss, gradient = info_nce(outputs, 0.3)
    longer, flatter = info_nce(outputs * 4, 0.3)
    assert longer == pytest.approx(loss, abs=1e-5)
    assert flatter * 4 == pytest.approx(gradient, abs=1e-5)
    assert np.einsum("ij,ij->i", outputs, gradient) == pytest.approx(np.zeros(8), abs=1e-5)  # no step changes the length
    assert np.abs(gradient).max() > 0.01


@pytest.mark.parametrize("temperature", [0.05, 0.3, 2.0])
def test_the_gradient_is_what_the_loss_changes_by(temperature: float) -> None:
    outputs = np.random.default_rng(1).standard_normal((10, 4))
    _, gradient = info_nce(outputs, temperature)
    numeric = np.zeros_like(outputs)
    for place in np.ndindex(*outputs.shape):
        for sign in (1, -1):
            moved = outputs.copy()
            moved[place] += sign * 1e-5
            numeric[place] += sign * info_nce(moved, temperature)[0] / 2e-5
    assert np.abs(numeric).max() > 0.01
    assert gradient == pytest.approx(numeric, abs=1e-4)


def test_vectors_that_are_nought_are_a_toss_and_move_nothing() -> None:
    loss, gradient = info_nce(np.zeros((4, 3), np.float32), 0.05)
    assert loss == pytest.approx(np.log(2), abs=1e-6)
    assert gradient.tolist() == np.zeros((4, 3)).tolist()


def test_the_softmax_does_not_overflow() -> None:
    shares = _softmax(np.array([[1000.0, 1000.0], [-1000.0, 0.0]]))
    assert shares.tolist() == [[0.5, 0.5], [0, 1]]
