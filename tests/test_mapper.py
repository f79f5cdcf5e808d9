"""Mapper: columns in, the same columns out, with the text cleaned or the tag added and all else as it was."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import pytest
from conftest import NEWSLETTER, PHONE, RIVER, hand_made
from hypothesis import given
from hypothesis import strategies as st
from strategies import articles, titles

from detector import BatchMapper, InputError, OffTopicDetector
from detector.cleaning import cleaned, tag
from detector.mapper import ACTIONS

DETECTOR = OffTopicDetector(hand_made())
MIXED = [*RIVER[:2], PHONE, *RIVER[2:], NEWSLETTER]
TEXT = "\n\n".join(MIXED)
CLEAN = "\n\n".join(RIVER)


def mapper_of(detector: OffTopicDetector, *arguments: Any, **parameters: Any) -> BatchMapper:
    return BatchMapper(*arguments, **parameters, detector=detector)


def test_texts_are_cleaned_and_tagged_and_all_other_columns_are_passed_on(detector: OffTopicDetector) -> None:
    batch = {"id": (1, 2), "text": [TEXT, CLEAN], "x": object()}
    out = mapper_of(detector)(batch)
    assert list(out) == ["id", "text", "x", "off_topic"]
    assert out["id"] is batch["id"]
    assert out["x"] is batch["x"]
    assert out["text"] == [CLEAN, CLEAN]
    assert out["off_topic"] == [tag(detector.check(TEXT)), {"status": "ok", "share": 0.0, "spans": []}]
    assert batch["text"] == [TEXT, CLEAN]  # what was given is not written to


def test_spans_are_those_of_the_text_before_cleaning(detector: OffTopicDetector) -> None:
    (found,) = mapper_of(detector)({"text": [TEXT]})["off_topic"]
    assert [TEXT[span["start"] : span["end"]] for span in found["spans"]] == [PHONE, NEWSLETTER]


def test_tagging_leaves_the_text_as_it_is(detector: OffTopicDetector) -> None:
    texts = [TEXT, None]
    out = mapper_of(detector, "tag", tag_column="noise")({"text": texts})
    assert out == {"text": texts, "noise": [tag(detector.check(TEXT)), None]}
    assert out["text"] is texts


def test_without_a_column_for_tags_the_text_alone_is_written(detector: OffTopicDetector) -> None:
    assert mapper_of(detector, tag_column=None)({"text": [TEXT]}) == {"text": [CLEAN]}


def test_lists_of_paragraphs_stay_lists_and_none_stays_none(detector: OffTopicDetector) -> None:
    out = mapper_of(detector)({"text": [MIXED, None, [], "", (PHONE,)]})
    assert out["text"] == [list(RIVER), None, [], "", (PHONE,)]
    assert [found and found["status"] for found in out["off_topic"]] == ["ok", None, "empty", "empty", "too_short"]


def test_the_nan_that_pandas_has_for_none_is_none(detector: OffTopicDetector) -> None:
    nan = float("nan")
    mapper = BatchMapper("tag", detector=detector)
    found, expected = mapper({"text": ["a", nan], "title": [nan, nan]}), mapper({"text": ["a", None], "title": [None, None]})
    assert found["off_topic"] == expected["off_topic"]
    assert expected["off_topic"][1] is None


def test_text_and_title_may_be_in_other_columns_and_the_title_is_read(detector: OffTopicDetector) -> None:
    batch = {"body": [[*RIVER, PHONE]] * 3, "head": ["The phone", None, ""], "title": [1, 2, 3]}
    tags = mapper_of(detector, text_column="body", title_column="head")(batch)["off_topic"]
    assert tags == [tag(detector.check([*RIVER, PHONE], title)) for title in ("The phone", None, "")]
    assert ["“phone”" in found["spans"][0]["reason"] for found in tags] == [False, True, True]  # stands it elsewhere?


def test_there_need_not_be_titles(detector: OffTopicDetector) -> None:
    for mapper in (mapper_of(detector), mapper_of(detector, title_column=None)):
        assert mapper({"text": [TEXT]})["text"] == [CLEAN]
    # A column that is not asked for may hold anything.
    assert mapper_of(detector, title_column=None)({"text": [TEXT], "title": [3]})["text"] == [CLEAN]


def test_an_article_of_which_too_much_would_go_is_kept_whole_and_its_tag_tells_so(detector: OffTopicDetector) -> None:
    mostly = [*RIVER[:3], *[NEWSLETTER] * 10]
    out = mapper_of(detector, max_removed=0.5)({"text": [mostly, MIXED]})
    assert out["text"] == [mostly, list(RIVER)]
    assert out["off_topic"][0]["share"] == round(10 * len(NEWSLETTER) / len("".join(mostly)), 6) > 0.5
    assert len(out["off_topic"][0]["spans"]) == 10


def test_no_rows_are_no_rows(detector: OffTopicDetector) -> None:
    assert mapper_of(detector)({"text": [], "id": []}) == {"text": [], "id": [], "off_topic": []}


@given(st.lists(st.tuples(st.one_of(st.none(), articles), titles), max_size=4), st.sampled_from(ACTIONS))
def test_a_batch_is_what_its_articles_are_one_by_one(
    rows: list[tuple[str | Sequence[str] | None, str | None]], action: str
) -> None:
    out = mapper_of(DETECTOR, action)({"text": [row[0] for row in rows], "title": [row[1] for row in rows]})
    for (article, title), text, found in zip(rows, out["text"], out["off_topic"], strict=True):
        if article is None:
            assert (text, found) == (None, None)
            continue
        report = DETECTOR.check(article, title)
        assert found == tag(report)
        assert text == (cleaned(report, article).article if action == "clean" else article)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"action": "remove"}, "action is one of ('clean', 'tag'), got 'remove'"),
        ({"action": "tag", "tag_column": None}, 'action "tag" needs a column to write to; name it in tag_column'),
        ({"tag_column": "text"}, "tag_column 'text' would overwrite what is there; name a column of its own"),
        ({"tag_column": "title"}, "tag_column 'title' would overwrite what is there"),
        ({"tag_column": "head", "title_column": "head"}, "tag_column 'head' would overwrite"),
        ({"max_removed": 1.5}, "max_removed is the largest share of a text that may go, got 1.5"),
    ],
)
def test_a_parameter_out_of_range_is_told_when_it_is_given(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as error:
        BatchMapper(**arguments)
    assert told in str(error.value)


def test_neither_a_title_nor_a_tag_is_no_clash() -> None:
    assert BatchMapper(title_column=None, tag_column=None).tag_column is None


def test_a_column_that_is_not_there_is_told_with_those_that_are(detector: OffTopicDetector) -> None:
    with pytest.raises(InputError, match="no column 'text', there is 'id', 'body'; set text_column"):
        mapper_of(detector)({"id": [1], "body": [TEXT]})
    with pytest.raises(InputError, match="no column 'text', there is none"):
        mapper_of(detector)({})


@pytest.mark.parametrize(
    ("batch", "told"),
    [
        ({"text": [None, TEXT, 3]}, "articles[2] is a str or a list of paragraphs, got int"),
        ({"text": [["a", None]]}, "articles[0]: paragraph 1 is a str, got NoneType"),
        ({"text": ["a", "b"], "title": [None, 7]}, "the title of articles[1] is a str or None, got int"),
        ({"text": ["a", "b"], "title": [None]}, "give as many titles as articles; the titles end after 1"),
    ],
)
def test_what_is_no_article_is_told_with_its_row(detector: OffTopicDetector, batch: dict[str, list[Any]], told: str) -> None:
    with pytest.raises(InputError) as error:
        mapper_of(detector)(batch)
    assert told in str(error.value)


def test_it_is_small_to_pickle_and_works_where_it_comes_out(model_path: str) -> None:
    mapper = BatchMapper("tag", max_removed=0.5, detector=OffTopicDetector(model_path, kinds=("furniture",)))
    before = mapper({"text": [TEXT]})
    sent = pickle.dumps(mapper)
    assert len(sent) < 1000  # the path of the model, not the model
    again = pickle.loads(sent)
    assert again({"text": [TEXT]}) == before
    assert [span["kind"] for span in before["off_topic"][0]["spans"]] == ["furniture"]
    assert len(pickle.dumps(BatchMapper())) < 1000


def test_without_a_detector_it_is_the_default_one() -> None:
    assert BatchMapper().detector.get_params() == OffTopicDetector().get_params()
