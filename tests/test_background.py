"""Background: document frequencies counted by hand, and who gets a row of the projection."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from conftest import spelt

from detector.background import Background
from detector.learn.articles import Article
from detector.learn.background import chunks, fit_background, others, spellings
from detector.terms import hash_of

FISH = [
    Article(("red fish", "blue fish, red fish"), title="Red"),
    Article(("a Red bird",)),
    Article(("fish", "bird; RED"), title="fish"),
]


def index_of(background: Background, *words: str) -> list[int]:
    return background.lookup(np.array([hash_of(word) for word in words], np.uint64)).tolist()


def idf_of(background: Background, word: str) -> float:
    (index,) = index_of(background, word)
    assert index >= 0, word
    return float(background.idf[index])


def idf(articles: int, frequency: int) -> float:
    """The formula, to the precision of the model file."""
    return float(np.float16(math.log((articles + 1) / (frequency + 0.5))))


def projected(background: Background, *words: str) -> list[str]:
    return [word for word, i in zip(words, index_of(background, *words), strict=True) if i >= 0 and background.rows[i] >= 0]


def test_a_term_counts_once_an_article_its_title_included() -> None:
    background = fit_background(FISH, projected=9, min_articles=1)
    assert len(background.hashes) == 4
    assert idf_of(background, "red") == idf(3, 3)
    assert idf_of(background, "fish") == idf(3, 2)
    assert idf_of(background, "bird") == idf(3, 2)
    assert idf_of(background, "blue") == idf(3, 1)
    assert background.unknown_idf == idf(3, 0)
    assert background.hashes.tolist() == sorted(map(hash_of, ("red", "fish", "bird", "blue")))


def test_a_term_in_too_few_articles_is_left_unknown() -> None:
    background = fit_background(FISH, projected=9, min_articles=2)
    assert index_of(background, "blue") == [-1]
    assert min(index_of(background, "red", "fish", "bird")) >= 0
    assert len(fit_background(FISH, projected=9).hashes) == 1  # three articles by default


def test_a_term_of_several_languages_has_the_idf_of_the_one_in_which_it_is_most_frequent() -> None:
    articles = [Article(("taxi",), language="a")] * 4 + [Article(("taxi bus",), language="b")] * 3
    articles += [Article(("other",), language="b")] * 6
    background = fit_background(articles, projected=9)
    assert idf_of(background, "taxi") == idf(4, 4)  # in b: ln(10 / 3.5)
    assert idf_of(background, "bus") == idf(9, 3)
    assert background.unknown_idf == idf(9, 0)  # of the largest language


def test_the_most_frequent_terms_get_a_row_each_the_most_frequent_first() -> None:
    background = fit_background(FISH, projected=3, min_articles=1)
    assert projected(background, "red", "fish", "bird", "blue") == ["red", "fish", "bird"]
    # As frequent are fish and bird, red is more so.
    ranked = ["red", *sorted(("fish", "bird"), key=hash_of)]
    assert background.rows[index_of(background, *ranked)].tolist() == [0, 1, 2]
    assert fit_background(FISH, projected=0, min_articles=1).rows.tolist() == [-1] * 4


def test_of_terms_as_frequent_the_smaller_hash_gets_the_last_row() -> None:
    background = fit_background(FISH, projected=2, min_articles=1)
    assert projected(background, "red", "fish", "bird") == ["red", min("fish", "bird", key=hash_of)]


def test_rows_go_by_the_share_of_the_language_s_articles_not_by_their_number() -> None:
    articles = [Article(("some",), language="a")] * 5 + [Article(("rest",), language="a")] * 6
    articles += [Article(("all",), language="b")] * 4
    assert projected(fit_background(articles, projected=2), "some", "rest", "all") == ["rest", "all"]


def test_without_rows_for_them_other_languages_are_counted_all_the_same() -> None:
    articles = [Article(("here both",), language="a")] * 3 + [Article(("there both",), language="b")] * 3
    background = fit_background(articles, projected=9, language="b")
    assert projected(background, "here", "there", "both") == ["there", "both"]
    assert min(index_of(background, "here", "there", "both")) >= 0
    assert projected(fit_background(articles, projected=9), "here", "there", "both") == ["here", "there", "both"]


def test_terms_of_other_languages_that_stand_in_eight_articles_have_the_rows_behind() -> None:
    articles = [Article(("here both",), language="a")] * 3 + [Article(("there often both",), language="b")] * 8
    articles += [Article(("seldom there",), language="c")] * 7
    words = ("here", "both", "there", "often", "seldom")

    def rows(**settings: int) -> list[int]:
        background = fit_background(articles, projected=2, language="a", **settings)
        return background.rows[index_of(background, *words)].tolist()

    first = rows()
    assert sorted(first[:2]) == [0, 1]
    assert first[2:] == [-1, -1, -1]
    assert rows(projected_elsewhere=9)[:2] == first[:2]
    assert sorted(rows(projected_elsewhere=9)[2:]) == [-1, 2, 3]
    assert rows(projected_elsewhere=9)[4] == -1  # in seven articles alone
    assert sorted(rows(projected_elsewhere=1)[2:]) == [-1, -1, 2]


def test_the_vocabulary_is_capped_a_language() -> None:
    def some(language: str, *words: str) -> list[Article]:
        # The first word stands in all of three articles, the next in two, the last in one.
        return [Article((" ".join(words[: i + 1]),), language=language) for i in range(3)]

    articles = [*some("a", "aa", "ab", "ac"), *some("b", "ba", "bb", "bc")]
    words = ("aa", "ab", "ac", "ba", "bb", "bc")

    def known(**caps: int) -> list[str]:
        background = fit_background(articles, projected=9, language="a", min_articles=1, **caps)
        return [word for word, i in zip(words, index_of(background, *words), strict=True) if i >= 0]

    assert known() == list(words)
    assert known(vocabulary=2, vocabulary_elsewhere=1) == ["aa", "ab", "ba"]
    assert known(vocabulary=1, vocabulary_elsewhere=2) == ["aa", "ba", "bb"]


def test_counting_goes_on_from_one_run_of_articles_to_the_next() -> None:
    articles = [Article((f"{'even' if i % 2 == 0 else 'odd'} all",)) for i in range(1100)]  # three runs
    background = fit_background(articles, projected=9)
    assert [idf_of(background, word) for word in ("all", "even", "odd")] == [idf(1100, n) for n in (1100, 550, 550)]


@pytest.mark.parametrize("places", [(0,), (1,), (2,), (0, 1), (1, 2, 2), (0, 0, 2, 2)])
def test_an_article_without_any_text_counts_as_an_article_and_shifts_no_other_one(places: Sequence[int]) -> None:
    articles = [Article(("twin one", "twin")), Article(("one", "two", "one"), title="one two")]
    for place in sorted(places, reverse=True):
        articles.insert(place, Article(()))
    background = fit_background(articles, projected=9, min_articles=1)
    count = len(articles)
    assert [idf_of(background, word) for word in ("twin", "one", "two")] == [idf(count, n) for n in (1, 2, 1)]


@pytest.mark.parametrize("articles", [[], [Article(())], [Article(("", "!"))]])
def test_of_no_text_nothing_is_known(articles: list[Article]) -> None:
    background = fit_background(articles, projected=9, min_articles=1)
    assert (len(background.hashes), len(background.idf), len(background.rows)) == (0, 0, 0)
    assert background.unknown_idf == idf(len(articles), 0)
    assert spellings(articles, background) == []
    assert others(articles, background) == []


def test_a_term_without_a_row_and_one_that_is_unknown_have_none() -> None:
    background = fit_background(FISH, projected=1, min_articles=1)
    words = index_of(background, "zork", "red", "bird", "red")
    assert words[0] == -1
    assert words[2] >= 0
    assert background.rows_of(np.array(words)).tolist() == [-1, 0, -1, 0]
    assert fit_background([], projected=9).rows_of(np.array([-1, -1])).tolist() == [-1, -1]


def test_terms_are_spelt_lower_cased_by_their_row() -> None:
    background = fit_background(FISH, projected=3, min_articles=1)
    found = spellings(FISH, background)
    assert sorted(found) == ["bird", "fish", "red"]
    for row, word in enumerate(found):
        (index,) = index_of(background, word)
        assert background.rows[index] == row


def test_a_term_that_the_articles_at_hand_do_not_hold_is_spelt_empty() -> None:
    background = fit_background(FISH, projected=3, min_articles=1)
    full = spellings(FISH, background)
    assert spellings(FISH[1:2], background) == [word if word != "fish" else "" for word in full]
    assert spellings([], background) == ["", "", ""]


def test_spellings_are_found_beyond_the_first_run_of_articles() -> None:
    articles = [Article(("filler",))] * 600 + [Article(("Zebra",))] * 3
    assert sorted(spellings(articles, fit_background(articles, projected=9))) == ["filler", "zebra"]


def test_the_other_terms_are_those_without_a_row_known_or_not_lower_cased_and_in_order() -> None:
    articles = [*FISH, Article(("Zebra, zebra! ZEBRA", "don't"), title="Aardvark 2018")]
    unknown = ["aardvark", "blue", "don", "zebra", "2018"]
    background = fit_background(articles, projected=1, min_articles=2)
    assert spellings(articles, background) == ["red"]
    assert index_of(background, *unknown) == [-1] * 5
    assert min(index_of(background, "bird", "fish")) >= 0  # in the vocabulary, without a row
    assert others(articles, background) == sorted([*unknown, "bird", "fish"])
    assert others(articles, fit_background(articles, projected=9, min_articles=2)) == sorted(unknown)
    assert others(articles, fit_background(articles, projected=9, min_articles=1)) == []
    assert others(articles, fit_background([], projected=9)) == sorted([*unknown, "bird", "fish", "red"])


def test_of_the_other_terms_those_alone_are_told_that_the_articles_at_hand_hold() -> None:
    background = fit_background(FISH, projected=1, min_articles=1)
    assert others(FISH, background) == ["bird", "blue", "fish"]
    assert others(FISH[1:2], background) == ["bird"]
    assert others([], background) == []


def test_terms_are_lower_cased_one_character_at_a_time_as_they_are_compared() -> None:
    # As a whole, the last letter of "ΟΔΟΣ" becomes another one, and the first of "İstanbul" two.
    articles = [Article(("ΟΔΟΣ οδοσ İstanbul",))] * 3
    none, all_of_them = fit_background([], projected=9), fit_background(articles, projected=9)
    assert others(articles, none) == sorted(spellings(articles, all_of_them)) == ["istanbul", "οδοσ"]


def test_the_other_terms_of_every_run_of_articles_are_told_once() -> None:
    articles = [Article((f"filler Twice{spelt(i % 600)}",)) for i in range(1200)]  # three runs
    articles[600] = Article(("Zebra filler",))
    found = others(articles, fit_background(articles, projected=1, min_articles=1))
    assert found == sorted({*(f"twice{spelt(i)}" for i in range(600)), "zebra"})


def test_chunks_are_runs_of_one_size_and_what_is_left() -> None:
    assert list(chunks([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(chunks("abcd", 2)) == ["ab", "cd"]
    assert list(chunks([], 2)) == []
