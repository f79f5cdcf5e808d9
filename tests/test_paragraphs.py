"""Paragraphs: where a text is split, what the offsets say, and how articles stand side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import articles, batches, texts, titles

from detector.paragraphs import SENTENCE_ENDS, SEPARATOR, Batch, batch_of, split
from detector.terms import codes_of

INVISIBLE = "\u200b\u2060"  # counted as white space, though Python does not


def is_space(char: str) -> bool:
    return char.isspace() or char in INVISIBLE


def pieces(text: str) -> list[str]:
    return [text[start:end] for start, end in split(text)]


def slow_split(text: str) -> list[tuple[int, int]]:
    """The rules of the module's docstring, line by line."""
    lines = []  # (start, end, whether blank lines stand before it) of every line that is not blank
    position, breaks = 0, 0
    for line in text.splitlines(keepends=True):
        start, end = position, position + len(line)
        position = end
        while start < end and is_space(text[start]):
            start += 1
        while end > start and is_space(text[end - 1]):
            end -= 1
        if start < end:
            lines.append((start, end, breaks > 1))
            breaks = 0
        breaks += 1
    blanks = sum(after_blank for *_, after_blank in lines[1:])
    singles = len(lines[1:]) - blanks
    closing = sum(text[end - 1] in SENTENCE_ENDS for (_, end, _), (*_, after) in pairwise(lines) if not after)
    by_line = blanks == 0 or (singles > blanks and closing >= 0.6 * singles)
    spans: list[tuple[int, int]] = []
    for start, end, after_blank in lines:
        if spans and not after_blank and not by_line:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def test_blank_lines_separate_paragraphs_and_a_single_break_does_not() -> None:
    assert pieces("A headline\nand its story\n\nAnother\n\n\n\nA third") == ["A headline\nand its story", "Another", "A third"]


def test_a_line_of_white_space_only_is_blank() -> None:
    assert pieces("one\n \t\xa0\u3000\u200b\ntwo\nstill two") == ["one", "two\nstill two"]


def test_without_blank_lines_every_line_is_a_paragraph() -> None:
    assert pieces("one\ntwo,\nthree") == ["one", "two,", "three"]


def test_scraped_text_with_a_blank_line_here_and_there_is_split_at_every_line() -> None:
    scraped = "A heading\nOne.\nTwo!\nThree?\n\nFour.\nFive.\nSix"
    assert pieces(scraped) == ["A heading", "One.", "Two!", "Three?", "Four.", "Five.", "Six"]


def test_single_breaks_that_seldom_end_a_sentence_are_wraps_however_many_there_are() -> None:
    wrapped = "The river rose\nin the night and\nthe bridge\nwas closed.\n\nIt opened\nagain on\nMonday."
    assert pieces(wrapped) == ["The river rose\nin the night and\nthe bridge\nwas closed.", "It opened\nagain on\nMonday."]


def test_sixty_per_cent_of_closed_lines_is_where_single_breaks_begin_to_count() -> None:
    # Five single breaks, one blank line: three of the five lines closed are 60 %, two are not.
    assert len(pieces("a.\nb.\nc.\nd\ne\nf\n\ng")) == 7
    assert len(pieces("a.\nb.\nc\nd\ne\nf\n\ng")) == 2


def test_as_many_blank_lines_as_single_breaks_leave_the_single_ones_whole() -> None:
    assert pieces("a.\nb.\n\nc.\nd.\n\ne.") == ["a.\nb.", "c.\nd.", "e."]
    assert pieces("a.\nb.\n\nc.\nd.\ne.") == ["a.", "b.", "c.", "d.", "e."]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
def test_every_line_boundary_python_knows_ends_a_line(newline: str) -> None:
    text = newline.join(["One", "two", "", "three"])
    assert pieces(text) == [newline.join(["One", "two"]), "three"]
    assert pieces(newline.join(["One", "two"])) == ["One", "two"]


def test_a_carriage_return_and_its_line_feed_are_one_break_but_the_reverse_is_two() -> None:
    assert pieces("a\r\nb\r\n\r\nc") == ["a\r\nb", "c"]
    assert pieces("a\n\rb\nc") == ["a", "b\nc"]


def test_white_space_around_a_paragraph_is_not_part_of_it() -> None:
    text = "\u200b \n\xa0 one\xa0 \n\n\t\u2060two three \u3000\n \n"
    assert pieces(text) == ["one", "two three"]
    assert split(text) == [(5, 8), (14, 23)]


def test_invisible_characters_inside_a_paragraph_stay() -> None:
    assert pieces("a\u200bb\xa0c\u2060d") == ["a\u200bb\xa0c\u2060d"]


@pytest.mark.parametrize("text", ["", " ", "\n", "\r\n\r\n", " \t\xa0\u3000\u200b\u2060\u2029 \n"])
def test_text_of_white_space_only_has_no_paragraphs(text: str) -> None:
    assert split(text) == []


def test_a_text_without_a_break_is_one_paragraph() -> None:
    assert split("  one paragraph. ") == [(2, 16)]


@pytest.mark.parametrize("blank", [" ", "\n", "\r\n", "\t", "\u2028", " \n"])
def test_a_megabyte_of_blanks_takes_linear_time(blank: str) -> None:
    text = "a" + blank * (1_000_000 // len(blank)) + "b"
    # NLTK's regex takes 11 s for an eighth of this, and 64 times as long for all of it.
    assert seconds(lambda: split(text)) < 3
    assert split(text)[0][0] == 0
    assert split(text)[-1][1] == len(text)
    assert split(blank * (1_000_000 // len(blank))) == []


def test_a_hundred_thousand_paragraphs_are_split_and_found_again() -> None:
    text = "\n\n".join(f"Paragraph {i}." for i in range(100_000))
    began = time.perf_counter()
    spans = split(text)
    assert time.perf_counter() - began < 5
    assert len(spans) == 100_000
    assert text[slice(*spans[99_999])] == "Paragraph 99999."
    assert text[slice(*spans[12_345])] == "Paragraph 12345."


@given(texts)
def test_split_equals_its_slow_reference(text: str) -> None:
    assert split(text) == slow_split(text)


@given(texts)
def test_spans_are_in_order_and_disjoint_and_what_is_outside_is_white_space(text: str) -> None:
    spans = split(text)
    position = 0
    for start, end in spans:
        assert position <= start < end
        assert all(map(is_space, text[position:start]))
        assert not is_space(text[start])
        assert not is_space(text[end - 1])
        position = end
    assert all(map(is_space, text[position:]))


@given(texts)
def test_splitting_a_paragraph_never_finds_white_space_to_strip(text: str) -> None:
    for start, end in split(text):
        inner = split(text[start:end])
        assert inner[0][0] == 0
        assert inner[-1][1] == end - start


# --- batch_of --------------------------------------------------------------------------------------------------------------


def rows_of(batch: Batch, index: int) -> list[tuple[int, int, bool]]:
    """The rows of one article: offsets in the article and whether it is the title."""
    rows = range(int(batch.bounds[index]), int(batch.bounds[index + 1]))
    origin = int(batch.origins[index])
    return [(int(batch.starts[i]) - origin, int(batch.ends[i]) - origin, bool(batch.is_title[i])) for i in rows]


def text_of(batch: Batch, row: int) -> str:
    codes = batch.codes[batch.starts[row] : batch.ends[row]]
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def test_a_batch_holds_texts_and_lists_side_by_side() -> None:
    batch = batch_of(["One.\n\nTwo.", ["three", "", "four"], ""], [None, "Head", None])
    assert [text_of(batch, i) for i in range(6)] == ["One.", "Two.", "Head", "three", "", "four"]
    assert batch.bounds.tolist() == [0, 2, 6, 6]
    assert batch.articles.tolist() == [0, 0, 1, 1, 1, 1]
    assert batch.is_title.tolist() == [False, False, True, False, False, False]
    # "One.\n\nTwo." and a separator are 12 characters, the title and its separator 6, the second text 13, a separator 2.
    assert batch.origins.tolist() == [0, 18, 33]
    assert rows_of(batch, 1) == [(-6, -2, True), (0, 5, False), (7, 7, False), (9, 13, False)]


def test_a_list_is_taken_as_it_is_white_space_empty_strings_and_breaks_included() -> None:
    paragraphs = ["", " a ", "b\n\nc", "", "\n", ""]
    batch = batch_of([paragraphs], [None])
    assert [text_of(batch, i) for i in range(6)] == paragraphs
    joined = SEPARATOR.join(paragraphs)
    assert [joined[start:end] for start, end, _ in rows_of(batch, 0)] == paragraphs


def test_no_articles_give_an_empty_batch() -> None:
    batch = batch_of([], [])
    assert len(batch.codes) == len(batch.starts) == len(batch.origins) == 0
    assert batch.bounds.tolist() == [0]


def test_empty_articles_keep_their_place() -> None:
    batch = batch_of(["", [], "a", [], ""], [None] * 5)
    assert batch.bounds.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("title", [None, "", "  ", "\n\xa0"])
def test_a_title_without_a_word_is_no_row(title: str | None) -> None:
    assert not batch_of(["a\n\nb"], [title]).is_title.any()


def test_a_title_is_one_row_whatever_breaks_it_has() -> None:
    batch = batch_of([["a"]], ["Two\n\nlines"])
    assert text_of(batch, 0) == "Two\n\nlines"
    assert batch.is_title.tolist() == [True, False]


def test_as_many_titles_as_articles_are_needed() -> None:
    with pytest.raises(ValueError, match="zip"):
        batch_of(["a", "b"], [None])


@given(batches)
def test_a_batch_equals_its_articles_one_by_one(pairs: list[tuple[str | list[str], str | None]]) -> None:
    batch = batch_of([article for article, _ in pairs], [title for _, title in pairs])
    assert len(batch.bounds) == len(pairs) + 1
    assert batch.bounds[-1] == len(batch.starts)
    for i, (article, title) in enumerate(pairs):
        assert rows_of(batch, i) == rows_of(batch_of([article], [title]), 0)


@given(articles, titles)
def test_offsets_in_a_batch_cut_the_paragraphs_out_of_the_text(article: str | list[str], title: str | None) -> None:
    batch = batch_of(["before", article], ["x", title])
    text = article if isinstance(article, str) else SEPARATOR.join(article)
    spans = [(start, end) for start, end, is_title in rows_of(batch, 1) if not is_title]
    if isinstance(article, str):
        assert spans == split(text)
    else:
        assert [text[start:end] for start, end in spans] == article
    origin = int(batch.origins[1])
    assert np.array_equal(batch.codes[origin : origin + len(text)], codes_of(text))


# --- stretches -------------------------------------------------------------------------------------------------------------


def stretches_of(batches: list[Batch]) -> list[list[str]]:
    """The texts of the rows of every stretch, in order."""
    return [
        [text_of(batch, row) for row in range(begin, end)]
        for batch in batches
        for begin, end in pairwise(batch.bounds.tolist())
    ]


def test_a_batch_without_a_long_article_is_its_own_stretch() -> None:
    batch = batch_of([list("abcd"), "", list("efg")], [None, None, "Head"])  # four rows, none, four with the title
    cut, articles = batch.stretches(4)
    assert len(cut) == 1
    assert cut[0] is batch
    assert articles.tolist() == [0, 1, 2]
    nothing = batch_of([], [])
    assert nothing.stretches(1)[0][0] is nothing
    assert nothing.stretches(1)[1].tolist() == []


@pytest.mark.parametrize(
    ("rows", "most", "sizes"),
    [
        (10, 4, [3, 3, 4]),
        (9, 4, [3, 3, 3]),
        (8, 4, [4, 4]),
        (5, 4, [2, 3]),  # not four and a last one in no company
        (7, 3, [2, 2, 3]),
        (3, 1, [1, 1, 1]),
    ],
)
def test_a_long_article_is_cut_evenly_into_as_few_stretches_as_will_do(rows: int, most: int, sizes: list[int]) -> None:
    paragraphs = [f"paragraph {i}" for i in range(rows)]
    cut, articles = batch_of([paragraphs], [None]).stretches(most)
    found = stretches_of(cut)
    assert [len(stretch) for stretch in found] == sizes
    assert list(chain.from_iterable(found)) == paragraphs
    assert articles.tolist() == [0] * len(sizes)


def test_stretches_stand_side_by_side_in_batches_of_less_than_twice_as_many_rows() -> None:
    # Stretches that begin in the same four rows share a batch: at 0 and 3; at 6.
    cut, _ = batch_of([list("abcdefghij")], [None]).stretches(4)
    assert [batch.bounds.tolist() for batch in cut] == [[0, 3, 6], [0, 4]]
    assert [batch.articles.tolist() for batch in cut] == [[0, 0, 0, 1, 1, 1], [0, 0, 0, 0]]
    # Each holds the text from its first row to its last, separators between them.
    assert [batch.codes.tobytes().decode("utf-32-le") for batch in cut] == ["\n\n".join("abcdef"), "\n\n".join("ghij")]
    assert cut[1].starts.tolist() == [0, 3, 6, 9]


def test_a_title_stays_with_the_first_stretch_and_counts_as_a_row() -> None:
    cut, articles = batch_of([list("abcd"), list("ef")], ["Head", "Other"]).stretches(4)
    assert stretches_of(cut) == [["Head", "a"], ["b", "c", "d"], ["Other", "e", "f"]]
    assert articles.tolist() == [0, 0, 1]
    titles = [row for batch in cut for row in batch.is_title.tolist()]
    assert titles == [True, False, False, False, False, True, False, False]


def test_empty_articles_among_long_ones_keep_their_place() -> None:
    cut, articles = batch_of(["", list("abcde"), [], "", list("fg"), []], [None] * 6).stretches(4)
    assert stretches_of(cut) == [[], ["a", "b"], ["c", "d", "e"], [], [], ["f", "g"], []]
    assert articles.tolist() == [0, 1, 1, 2, 3, 4, 5]


def test_empty_articles_may_be_a_batch_of_their_own() -> None:
    cut, articles = batch_of([list("abcdefgh"), "", []], [None] * 3).stretches(4)
    assert [batch.bounds.tolist() for batch in cut] == [[0, 4], [0, 4], [0, 0, 0]]
    assert len(cut[2].starts) == len(cut[2].ends) == len(cut[2].is_title) == 0
    assert articles.tolist() == [0, 0, 1, 2]


@given(batches, st.integers(1, 5))
def test_stretches_hold_every_row_once_in_order_with_its_text_and_its_offsets(
    pairs: list[tuple[str | list[str], str | None]], most: int
) -> None:
    batch = batch_of([article for article, _ in pairs], [title for _, title in pairs])
    cut, articles = batch.stretches(most)
    stretches = [(each, index) for each in cut for index in range(len(each.bounds) - 1)]
    assert len(stretches) == len(articles)
    for i in range(len(pairs)):
        ours = [stretch for stretch, article in zip(stretches, articles.tolist(), strict=True) if article == i]
        rows = rows_of(batch, i)
        assert list(chain.from_iterable(rows_of(each, index) for each, index in ours)) == rows
        sizes = [int(np.diff(each.bounds)[index]) for each, index in ours]
        assert len(sizes) == max(1, -(-len(rows) // most))
        assert max(sizes) - min(sizes) <= 1
    assert list(chain.from_iterable(stretches_of(cut))) == list(chain.from_iterable(stretches_of([batch])))
    assert articles.tolist() == sorted(articles.tolist())
    if cut[0] is not batch:
        assert max(len(each.starts) for each in cut) < 2 * most


def test_white_space_around_given_paragraphs_is_left_out_of_their_stripped_spans() -> None:
    batch = batch_of([["  One. \n", "\t", "", "Two."], "Three.\n\nFour."], ["A title ", None])
    found = ["".join(map(chr, batch.codes[start:end])) for start, end in zip(*batch.stripped(), strict=True)]
    assert found == ["A title", "One.", "", "", "Two.", "Three.", "Four."]
    kept = batch_of([["One.", "Two."]], [None])
    assert [each.tolist() for each in kept.stripped()] == [kept.starts.tolist(), kept.ends.tolist()]
