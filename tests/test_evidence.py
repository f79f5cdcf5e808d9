"""Evidence: three rows by hand, a slow reference for every column, and what must not matter."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from conftest import PHONE, RIVER, background_of
from numpy.typing import NDArray
from reference import Row, form_of, slow_evidence

from detector.background import Background
from detector.evidence import COLUMNS, Gatherer
from detector.model import Model
from detector.paragraphs import batch_of
from detector.postings import postings_of

IDF = {"aa": 0.5, "bb": 1.5, "cc": 3.0, "dd": 4.0, "ee": 4.75, "ff": 5.5, "gg": 6.5, "hh": 7.25, "12": 2.5, "ii": 8.0}
UNKNOWN_IDF = 9.0
BACKGROUND = background_of(IDF, unknown_idf=UNKNOWN_IDF)
# Words that no vocabulary holds stand among the others; "Kk" and "kk" are one.
WORDS = [*IDF, *IDF, "Aa", "Ee", "kk", "Kk", "ll", "mm", "nn"]


def gather(
    articles: Sequence[list[str]],
    dense: NDArray[np.floating],
    *,
    titles: Sequence[str | None] | None = None,
    furniture: NDArray[np.float64] | None = None,
    doubt: NDArray[np.float64] | None = None,
    taught: NDArray[np.float32] | None = None,
    background: Background = BACKGROUND,
) -> dict[str, NDArray[np.float32]]:
    """The evidence of `articles` by column."""
    batch = batch_of(articles, titles or [None] * len(articles))
    likes = np.zeros(len(batch.starts)) if furniture is None else furniture
    rows = Gatherer(batch, postings_of(batch, background), dense.astype(np.float32), likes, taught).evidence(doubt)
    assert rows.shape == (len(batch.starts), len(COLUMNS))
    assert rows.dtype == np.float32
    return dict(zip(COLUMNS, rows.T, strict=True))


def random_article(rng: np.random.Generator, size: int) -> list[str]:
    def paragraph() -> str:
        if rng.random() < 0.08:
            return ""
        words = " ".join(rng.choice(WORDS, rng.integers(1, 14)))
        return str(rng.choice(["", "", "", "“"])) + words + str(rng.choice([".", ".", ".", "", "!", "?", "..", "…"]))

    paragraphs = [paragraph() for _ in range(size)]
    for i in range(1, size):
        if rng.random() < 0.1:  # the words of another one, in another order
            paragraphs[i] = " ".join(reversed(form_of(paragraphs[rng.integers(i)]).words)) + "."
    return paragraphs


def random_dense(rng: np.random.Generator, size: int, dimensions: int = 6) -> NDArray[np.float32]:
    dense = rng.standard_normal((size, dimensions)) + rng.standard_normal(dimensions)
    dense[rng.random(size) < 0.1] = 0  # no projected term
    return dense.astype(np.float32)


# --- by hand ----------------------------------------------------------------------------------------------------------------

# Two paragraphs point one way and the third another; one word is shared: "cc", idf 3.
THREE = [["Cc ee 12.", "cc gg hh", "ff"]]
VECTORS = np.array([[2, 0], [3, 0], [0, 1]], np.float32)


def test_the_centroid_of_three_rows_is_the_cosine_with_the_other_two_weighted_by_length() -> None:
    columns = gather(THREE, VECTORS)
    # Lengths 3, 3 and 1 weigh ln 4, ln 4 and ln 2 = half of it.
    expected = [2 / math.sqrt(5), 2 / math.sqrt(5), 0]
    assert columns["centroid"] == pytest.approx(expected, abs=1e-5)
    mean = 4 / math.sqrt(5) / 3
    spread = math.sqrt((2 * (2 / math.sqrt(5) - mean) ** 2 + mean**2) / 3)
    assert columns["centroid_mean"] == pytest.approx([mean] * 3, abs=1e-5)
    assert columns["centroid_spread"] == pytest.approx([spread] * 3, abs=1e-5)
    assert columns["centroid_z"] == pytest.approx([(e - mean) / (spread + 0.05) for e in expected], abs=1e-4)
    # The third is more than 0.67 standard deviations below the mean: without it the first two are alike.
    assert columns["trimmed"] == pytest.approx([1, 1, 0], abs=1e-5)
    assert columns["nearest"] == pytest.approx([1, 1, 0], abs=1e-5)
    assert columns["nearest3"] == pytest.approx([0.5, 0.5, 0], abs=1e-5)
    assert columns["previous"] == pytest.approx([1, 1, 0], abs=1e-5)
    assert columns["next"] == pytest.approx([1, 0, 0], abs=1e-5)
    assert columns["far"].tolist() == [0, 0, 0]
    assert columns["strength"] == pytest.approx([math.log(2.01), math.log(3.01), math.log(1.01)], abs=1e-5)


def test_shared_is_the_share_of_a_rows_idf_that_stands_elsewhere() -> None:
    columns = gather(THREE, VECTORS)
    first, second = 3 / (3 + 4.75 + 2.5), 3 / (3 + 6.5 + 7.25)
    assert columns["shared"] == pytest.approx([first, second, 0], abs=1e-5)
    # The article's mean weighs rows by the root of their length: 3, 3 and 1 words.
    mean = (math.sqrt(3) * first + math.sqrt(3) * second) / (2 * math.sqrt(3) + 1)
    assert columns["shared_z"] == pytest.approx([first - mean, second - mean, -mean], abs=1e-5)
    assert columns["tfidf_far"].tolist() == [0, 0, 0]
    assert columns["rarest_shared"] == pytest.approx([3, 3, 0])


def test_rare_words_are_counted_apart_where_shared_and_where_alone() -> None:
    # "ee" (4.75) and "ff" (5.5) are rare, "hh" (7.25) very rare, "cc" (3) and "dd" (4) neither.
    columns = gather([["ee hh cc kk", "ee dd hh", "ff ff cc"]], np.ones((3, 2)))
    assert np.expm1(columns["rare_shared"]) == pytest.approx([2, 2, 0], abs=1e-5)
    assert np.expm1(columns["rare_alone"]) == pytest.approx([1, 0, 1], abs=1e-5)  # "kk" is unknown, hence rare
    assert np.expm1(columns["very_rare_shared"]) == pytest.approx([1, 1, 0], abs=1e-5)
    assert np.expm1(columns["very_rare_alone"]) == pytest.approx([1, 0, 0], abs=1e-5)
    assert columns["rarest_shared"] == pytest.approx([7.25, 7.25, 3])
    assert columns["idf"] == pytest.approx([(4.75 + 7.25 + 3 + 9) / 4, (4.75 + 4 + 7.25) / 3, (5.5 + 3) / 2], abs=1e-4)
    assert columns["unknown"] == pytest.approx([0.25, 0, 0], abs=1e-5)


def test_the_tfidf_cosine_of_three_rows_leaves_the_row_itself_out() -> None:
    columns = gather([["cc dd", "cc cc", "bb"]], np.ones((3, 2)))
    # Vectors over (bb, cc, dd); a count of two weighs 1 + ln 2.
    twice = 3 * (1 + math.log(2))
    expected = [
        3 * twice / (5 * math.hypot(1.5, twice)),  # (0, 3, 4) with (1.5, twice, 0)
        3 / math.sqrt(1.5**2 + 3**2 + 4**2),  # (0, twice, 0) with (1.5, 3, 4)
        0,
    ]
    assert columns["tfidf"] == pytest.approx(expected, abs=1e-5)


def test_place_and_size_are_counted_in_the_article_not_the_batch() -> None:
    columns = gather([["aa"], ["aa bb cc", "", "dd"]], np.ones((4, 2)))
    assert columns["paragraphs"] == pytest.approx([0, math.log(3), math.log(3), math.log(3)])
    assert columns["from_start"] == pytest.approx([1, 1, 1 / 2, 1 / 3])
    assert columns["from_end"] == pytest.approx([1, 1 / 3, 1 / 2, 1])
    lengths = [math.log(2), math.log(4), 0, math.log(2)]
    assert columns["length"] == pytest.approx(lengths)
    assert columns["relative_length"][1] == pytest.approx(lengths[1] - math.log(8) / 3, abs=1e-5)
    # At the edge the one neighbour stands in for the missing one; alone, the row itself does.
    assert columns["previous_length"] == pytest.approx([lengths[0], 0, lengths[1], 0])
    assert columns["next_length"] == pytest.approx([lengths[0], 0, lengths[3], 0])


def test_far_leaves_three_rows_on_either_side_out() -> None:
    # Row 0 and row 4 alone are more than three apart.
    article = [["cc", "aa", "aa", "aa", "cc dd"]]
    columns = gather(article, np.array([[1, 0], [0, 1], [0, 1], [0, 1], [1, 1]]))
    assert columns["far"] == pytest.approx([math.sqrt(0.5), 0, 0, 0, math.sqrt(0.5)], abs=1e-5)
    assert columns["tfidf_far"] == pytest.approx([1, 0, 0, 0, 3 / 7], abs=1e-5)


# Beside the article that is worked out stand one of a single paragraph and an empty one, of which nothing may be seen in it.
ALONE: list[str] = ["ee kk!"]


def test_the_context_is_the_three_rows_on_either_side_and_the_bridge_is_how_well_they_join() -> None:
    articles = [ALONE, [], ["aa", "bb", "cc", "dd", "ee", "ff"], ["ff", "gg"]]
    vectors = np.array([[1, 0], [2, 0], [1, 0], [0, 3], [0, 1], [0, 1], [1, 0], [1, 1], [-1, 1]], np.float32)
    columns = gather(articles, np.ones((9, 2)), taught=vectors)
    columns |= {name: values for name, values in gather(articles, vectors).items() if not name.startswith("taught_")}
    # One word each, so all weigh the same. Around the six: (1, 2), (1, 3), (3, 2), (3, 2), (2, 2), (0, 3).
    context = [1 / math.sqrt(5), 1 / math.sqrt(10), 2 / math.sqrt(13), 2 / math.sqrt(13), 1 / math.sqrt(2), 0]
    # Before and after: none; (1, 0) and (0, 3); (2, 0) and (1, 2); (2, 1) and (1, 1); (1, 2) and (1, 0); none.
    bridge = [0, 0, 1 / math.sqrt(5), 3 / math.sqrt(10), 1 / math.sqrt(5), 0]
    for space in ("", "taught_"):
        assert columns[f"{space}context"] == pytest.approx([0, *context, 0, 0], abs=1e-5)
        assert columns[f"{space}bridge"] == pytest.approx([0, *bridge, 0, 0], abs=1e-5)


def test_context_and_bridge_weigh_rows_by_their_length_and_by_trust() -> None:
    # Three words and one weigh ln 4 and ln 2 = half of it.
    article, vectors = [["aa", "bb cc dd", "ee", "ff"]], np.array([[0, 1], [1, 0], [0, 1], [1, 1]])
    columns = gather(article, vectors)
    up = 1 + math.sqrt(0.5)  # the first and the last, of which the latter points half to the right
    assert columns["context"][2] == pytest.approx(up / math.hypot(2 + math.sqrt(0.5), up), abs=1e-5)
    assert columns["bridge"][2] == pytest.approx((2 + 1) / (math.sqrt(5) * math.sqrt(2)), abs=1e-5)
    # Half trusted, the long row weighs no more than a short one; not at all, there is nothing before the second but the first.
    columns = gather(article, vectors, doubt=np.array([0, 0.5, 0, 0]))
    assert columns["bridge"][2] == pytest.approx((1 + 1) / (math.sqrt(2) * math.sqrt(2)), abs=1e-5)
    columns = gather(article, vectors, doubt=np.array([0, 1.0, 0, 0]))
    assert columns["context"][2] == pytest.approx(up / math.hypot(math.sqrt(0.5), up), abs=1e-5)
    assert columns["bridge"][2] == pytest.approx(1 / math.sqrt(2), abs=1e-5)


def test_where_no_words_are_left_outside_there_is_no_block_whatever_single_precision_leaves_of_them() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        vectors = np.vstack((rng.normal(0, 9, (2, 64)), np.zeros((3, 64))))
        columns = gather([["aa bb cc dd ee", "ff gg hh", "***", "***", "***"]], vectors)
        assert columns["block"][0] == 1  # any block of the first row holds the second too


def test_the_form_of_a_row_is_told_by_its_first_and_last_characters() -> None:
    articles = [ALONE, [], ["“Aa bb!”", "“aa, bb.", "Aa bb...", "Aa bb…", "Aa bb.", "Really, aa bb?", "Aa bb！", ""], ["aa"]]
    columns = gather(articles, np.ones((10, 2)))
    assert columns["cut"].tolist() == [0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    assert columns["exclaims"].tolist() == [1, 0, 0, 0, 0, 0, 1, 1, 0, 0]  # what ends in a quotation mark exclaims in it
    assert columns["exclaims_mean"] == pytest.approx([1, *[2 / 8] * 8, 0], abs=1e-5)
    assert columns["quoted"].tolist() == [0, 1, 1, 0, 0, 0, 0, 0, 0, 0]


def test_the_opening_is_the_share_of_the_others_that_begin_with_the_same_word_or_with_a_number_too() -> None:
    articles = [ALONE, [], ["Ee cc", "ee dd", "“EE!”", "12 dd", "7. Ff", "2019 gg", "ff ee", "", "…"], ["ff"], ["Ff ff"]]
    columns = gather(articles, np.ones((12, 2)))
    # "7" is one character and no word: the fifth row begins with "ff". Neither of the last two begins with anything.
    assert columns["opening"] == pytest.approx([0, *[2 / 8] * 3, 1 / 8, 1 / 8, 1 / 8, 1 / 8, 0, 0, 0, 0])


def test_a_row_is_repeated_when_another_one_of_its_article_is_of_the_same_words_in_any_order() -> None:
    articles = [ALONE, [], ["Ee kk", "kk, ee!", "ee kk kk", "ee", "", "", "…", "…"], ["ee kk", "ee", "Ee."], ["ff"], ["ff"]]
    columns = gather(articles, np.ones((14, 2)))
    assert columns["repeated"].tolist() == [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0]


def test_the_doubt_is_a_rows_own_and_the_highest_of_the_others_of_its_article() -> None:
    articles = [ALONE, [], ["aa", "bb", "cc"], ["dd", "ee"], [], ["ff", "gg"], ["hh"]]
    doubt = np.array([0.75, 0.25, 0.5, 0.125, 0.5, 0.5, 0, 0.25, 1])
    columns = gather(articles, np.ones((9, 2)), doubt=doubt)
    assert columns["doubt"].tolist() == doubt.tolist()
    assert columns["doubt_most"].tolist() == [0, 0.5, 0.25, 0.5, 0.5, 0.5, 0.25, 0, 0]
    plain = gather(articles, np.ones((9, 2)))
    assert not plain["doubt"].any()
    assert not plain["doubt_most"].any()


# --- a slow reference -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "sizes"),
    [(0, [1, 2, 3]), (1, [4, 5, 0, 9]), (2, [12]), (3, [7, 1, 1, 30]), (4, [64, 65]), (5, [150, 3]), (6, [3] * 12)],
)
@pytest.mark.parametrize("doubted", [False, True], ids=["plain", "doubted"])
def test_every_column_agrees_with_a_slow_reference_on_random_batches(seed: int, sizes: list[int], doubted: bool) -> None:
    rng = np.random.default_rng(seed)
    articles = [random_article(rng, size) for size in sizes]
    titles = ["Aa kk ee" if size % 3 == 0 and size else None for size in sizes]
    rows = [[title, *article] if title else article for title, article in zip(titles, articles, strict=True)]
    total = sum(map(len, rows))
    dense, furniture = random_dense(rng, total), rng.normal(0, 3, total)
    doubt = rng.random(total) ** 2 * (rng.random(total) < 0.8) if doubted else np.zeros(total)
    columns = gather(articles, dense, titles=titles, furniture=furniture, doubt=doubt if doubted else None)
    idf = defaultdict(lambda: UNKNOWN_IDF, IDF)
    expected: list[Row] = []
    start = 0
    for article in rows:
        here = slice(start, start + len(article))
        if article:
            expected += slow_evidence(article, dense[here], furniture[here].tolist(), doubt[here].tolist(), idf, IDF)
        start += len(article)
    for name in (name for name in COLUMNS if not name.startswith("taught_")):
        reference = np.array([row[name] for row in expected])
        assert np.abs(columns[name] - reference).max() < 1e-4 * max(1, np.abs(reference).max()), name


def test_the_teachers_space_is_measured_just_like_the_learned_one_and_its_columns_are_0_without_it() -> None:
    rng = np.random.default_rng(3)
    batch = batch_of([random_article(rng, 9), random_article(rng, 4)], ["Aa", None])
    postings, furniture = postings_of(batch, BACKGROUND), np.zeros(14)
    dense, taught = (random_dense(rng, 14) for _ in range(2))
    both = Gatherer(batch, postings, dense, furniture, taught).evidence()
    turned = Gatherer(batch, postings, taught, furniture, dense).evidence()
    alone = Gatherer(batch, postings, dense, furniture).evidence()
    names = [name for name in COLUMNS if name.startswith("taught_")]
    assert len(names) == 16
    for name in names:
        learned, second = COLUMNS.index(name.removeprefix("taught_")), COLUMNS.index(name)
        assert both[:, second].tolist() == turned[:, learned].tolist(), name
        assert both[:, second].any(), name
        assert not alone[:, second].any(), name


# --- what must not matter ---------------------------------------------------------------------------------------------------


def test_the_evidence_of_an_article_is_the_same_alone_and_in_a_batch() -> None:
    rng = np.random.default_rng(7)
    sizes = [5, 1, 0, 80, 3, 17, 2, 64]
    articles = [random_article(rng, size) for size in sizes]
    dense = random_dense(rng, sum(sizes))
    furniture, doubt = rng.normal(0, 3, sum(sizes)), rng.random(sum(sizes))
    together = gather(articles, dense, furniture=furniture, doubt=doubt)
    start = 0
    for article in articles:
        here = slice(start, start + len(article))
        alone = gather([article], dense[here], furniture=furniture[here], doubt=doubt[here])
        for name in COLUMNS:
            assert alone[name] == pytest.approx(together[name][here], abs=1e-5, rel=1e-5), name
        start += len(article)


def test_no_doubt_and_a_doubt_of_nought_are_the_same() -> None:
    rng = np.random.default_rng(8)
    articles, dense = [random_article(rng, 9), random_article(rng, 4)], random_dense(rng, 13)
    one, other = gather(articles, dense), gather(articles, dense, doubt=np.zeros(13))
    for name in COLUMNS:
        assert np.array_equal(one[name], other[name]), name


@pytest.mark.parametrize("at", [0, 3, 8])
def test_a_fully_doubted_paragraph_counts_for_nothing_for_the_others(at: int) -> None:
    rng = np.random.default_rng(9)
    article, dense = random_article(rng, 9), random_dense(rng, 9)
    article[at], dense[at] = "aa ee gg hh ii kk ll Mm 12 xx yy zz.", 5.0
    article[4] += " xx yy zz"  # which no other paragraph holds
    doubt = np.zeros(9)
    doubt[at] = 1
    columns = gather([article], dense, doubt=doubt)
    emptied = [*article[:at], "", *article[at + 1 :]]
    dense = dense.copy()
    dense[at] = 0
    without = gather([emptied], dense, doubt=doubt)
    # What a paragraph shares with its neighbours as such, its size and its wording, doubt does not touch; "local" counts in
    # how many paragraphs a word stands, whoever holds it.
    untouched = {
        "previous",
        "next",
        "block",
        "previous_centroid",
        "next_centroid",
        "local",
        "capitals_mean",
        "sentence_mean",
        "previous_sentence",
    }
    untouched |= {"next_sentence", "relative_length", "previous_length", "next_length", "exclaims_mean", "opening", "repeated"}
    others = np.arange(9) != at
    for name in set(COLUMNS) - untouched:
        assert columns[name][others] == pytest.approx(without[name][others], abs=1e-5), name
    # And it is the doubt that does it.
    trusted, believed = gather([article], dense), gather([emptied], dense)
    assert np.abs(trusted["shared"][others] - believed["shared"][others]).max() > 0.1


def test_a_doubted_paragraph_is_itself_measured_against_the_others_as_before() -> None:
    rng = np.random.default_rng(10)
    article, dense = random_article(rng, 9), random_dense(rng, 9)
    doubt = np.zeros(9)
    doubt[4] = 1
    one, other = gather([article], dense), gather([article], dense, doubt=doubt)
    for name in ("centroid", "far", "nearest", "nearest3", "tfidf", "tfidf_far", "shared", "surprise", "rare_alone"):
        assert one[name][4] == pytest.approx(other[name][4], abs=1e-5), name


# --- edge cases -------------------------------------------------------------------------------------------------------------

EDGES: dict[str, list[str]] = {
    "no paragraph": [],
    "one paragraph": ["aa bb cc."],
    "one empty paragraph": [""],
    "only empty paragraphs": [""] * 5,
    "empty among others": ["", "aa bb", "", "", "cc dd ee.", ""],
    "two paragraphs": ["aa bb", "bb cc"],
    "identical paragraphs": ["aa bb ee gg."] * 6,
    "one word again and again": ["kk " * 5000] * 3,
    "no known word": ["qqx wwx eex", "rrx ttx", "yyx uux iix"],
    "no word at all": ["😀", "!!! ???", "- - -", "\ud800"],
    "300 paragraphs": ["aa bb " + "cdefghij"[i % 8] * 2 + f" name{i}" for i in range(300)],
    "one very long paragraph": ["aa bb", "cc dd ee " * 50_000, "aa"],
}


@pytest.mark.parametrize("doubt", [None, 0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", EDGES)
def test_evidence_is_finite_for_every_edge_case(name: str, doubt: float | None) -> None:
    articles = [EDGES[name], ["aa"], EDGES[name]]
    batch = batch_of(articles, ["Aa bb", None, None])
    dense = np.where(np.arange(len(batch.starts))[:, None] % 4 == 1, 0, 1e4)
    dense = np.broadcast_to(dense, (len(batch.starts), 3)).astype(np.float32)
    for background in (BACKGROUND, background_of({}, unknown_idf=UNKNOWN_IDF)):
        gatherer = Gatherer(batch, postings_of(batch, background), dense, np.full(len(batch.starts), -50.0))
        rows = gatherer.evidence(None if doubt is None else np.full(len(batch.starts), doubt))
        assert np.isfinite(rows).all()
        for column in ("centroid", "trimmed", "far", "nearest", "tfidf", "shared", "tfidf_far"):
            assert np.abs(rows[:, COLUMNS.index(column)]).max(initial=0) <= 1 + 1e-5, column


@pytest.mark.parametrize("size", [2, 3, 4, 7, 20, 100])
def test_identical_paragraphs_share_everything(size: int) -> None:
    rng = np.random.default_rng(size)
    dense = np.repeat(rng.standard_normal((1, 64)).astype(np.float32), size, axis=0)
    columns = gather([["aa bb ee gg kk ll."] * size], dense)
    for name in ("centroid", "trimmed", "nearest", "nearest3", "tfidf", "local", "shared"):
        assert columns[name] == pytest.approx(np.ones(size), abs=1e-4), name
    assert columns["rare_alone"].tolist() == [0] * size
    assert columns["shared_z"] == pytest.approx(np.zeros(size), abs=1e-5)


def test_a_reader_gathers_evidence_twice_only_with_a_first_network(hand_model: Model) -> None:
    batch = batch_of([[*RIVER, PHONE]], [None])
    plain = hand_model.reader.read(batch, None)
    assert not plain.doubt.any()
    assert np.array_equal(plain.plain, plain.doubted)
    twice = hand_model.reader.read(batch, hand_model.scorer.first)
    assert (twice.doubt > 0.5).tolist() == [False] * 5 + [True]
    centroid = COLUMNS.index("centroid")
    assert np.array_equal(twice.plain, plain.plain)
    assert (twice.doubted[:5, centroid] > plain.plain[:5, centroid] + 0.01).all()
