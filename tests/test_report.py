"""Report: flags at any tolerance, reasons in words of the text, the cleaned text, records and the page."""

from __future__ import annotations

import json
import pickle
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import DIGEST, FIXTURES, NEWSLETTER, PHONE, RIVER, SUBJECTS, Hashed, hand_made
from hypothesis import given
from hypothesis import strategies as st
from reference import form_of, identity_of, lowered, vocabulary_of
from strategies import paragraphs, texts, titles

from detector import InputError, Model, OffTopicDetector, Report
from detector.encoder import Encoded
from detector.paragraphs import SEPARATOR, split
from detector.postings import PAIRS
from detector.reader import Reader
from detector.reasons import reason_codes
from detector.report import KINDS, STATUSES
from detector.terms import hash_of
from detector.vectors import Lexicon, Projection

FOREIGN, FURNITURE, KEPT = "foreign", "furniture", ""
HAND_MADE = hand_made()  # for properties, which take no fixtures


def report_of(
    article: str | Sequence[str],
    verdicts: Sequence[str] | None = None,
    *,
    model: Model,
    title: str | None = None,
    status: str = "ok",
    kinds: tuple[str, ...] = KINDS,
) -> Report:
    """A report whose paragraphs are judged as `verdicts` say, whatever they hold; all kept by default."""
    if isinstance(article, str):
        text, spans = article, split(article)
    else:
        text = SEPARATOR.join(article)
        ends = np.cumsum([len(paragraph) + 2 for paragraph in article], dtype=int) - 2
        spans = [(end - len(paragraph), end) for end, paragraph in zip(ends.tolist(), article, strict=True)]
    verdicts = [KEPT] * len(spans) if verdicts is None else verdicts
    assert len(verdicts) == len(spans)
    return Report(
        text=text,
        starts=np.array([start for start, _ in spans], np.int64),
        ends=np.array([end for _, end in spans], np.int64),
        scores=np.array([0.01 if verdict == KEPT else 0.999 for verdict in verdicts]),
        furniture=np.array([verdict == FURNITURE for verdict in verdicts], np.bool_),
        status=status,
        strange=0.0,
        title=title,
        false_alarms=0.01,
        kinds=kinds,
        model=model,
    )


# --- flags ------------------------------------------------------------------------------------------------------------------


def test_flags_are_the_scores_above_the_threshold(hand_model: Model) -> None:
    report = replace(report_of(list("abcd"), model=hand_model), scores=np.array([0.89, 0.91, 0.5, 1.0]))
    assert report.threshold == pytest.approx(0.9)
    assert report.flags.tolist() == [False, True, False, True]
    assert report.flags.dtype == np.bool_
    assert [paragraph.text for paragraph in report.flagged] == ["b", "d"]
    assert [paragraph.kind for paragraph in report.paragraphs] == [None, "foreign", None, "foreign"]
    assert [paragraph.is_off_topic for paragraph in report.paragraphs] == [False, True, False, True]
    assert [paragraph.score for paragraph in report.paragraphs] == [0.89, 0.91, 0.5, 1.0]


def test_another_tolerance_is_another_threshold_and_nothing_is_computed_again(hand_model: Model) -> None:
    report = replace(report_of(list("abcd"), model=hand_model), scores=np.array([0.3, 0.6, 0.95, 0.995]))
    assert report.flags.tolist() == [False, False, True, True]
    loose, strict = report.at(0.1), report.at(false_alarms=0.001)
    assert loose.flags.tolist() == [False, True, True, True]
    assert strict.flags.tolist() == [False, False, False, True]
    assert (loose.false_alarms, strict.false_alarms) == (0.1, 0.001)
    assert loose.scores is strict.scores is report.scores
    assert report.flags.tolist() == [False, False, True, True]  # the report itself stays what it is
    assert strict.at(0.01).flags.tolist() == report.flags.tolist()
    assert [bool(loose.at(rate).flags[1]) for rate in (0.001, 0.05, 0.1)] == [False, False, True]


@pytest.mark.parametrize("rate", [0, 1, -0.1, 2, float("nan"), float("inf"), True, "0.01", None, [0.01]])
def test_a_tolerance_out_of_range_is_refused_with_the_value(hand_model: Model, rate: Any) -> None:
    with pytest.raises(InputError, match=re.escape(repr(rate))) as caught:
        report_of(["a"], model=hand_model).at(rate)
    assert "between 0 and 1" in str(caught.value)


@pytest.mark.parametrize("status", ["too_short", "no_common_topic"])
def test_a_status_that_is_not_ok_keeps_foreign_flags_down_and_furniture_up(hand_model: Model, status: str) -> None:
    report = report_of(list("abc"), [FOREIGN, FURNITURE, KEPT], model=hand_model, status=status)
    assert report.flags.tolist() == [False, True, False]
    told = {"too_short": "too short to tell", "no_common_topic": "no common topic"}[status]
    assert report.paragraphs[0].reason.startswith("Looks foreign, but ")
    assert told in report.paragraphs[0].reason
    assert report.paragraphs[0].kind is None


@pytest.mark.parametrize(
    ("kinds", "flags"), [(("foreign",), [True, False]), (("furniture",), [False, True]), (KINDS, [True, True])]
)
def test_only_the_kinds_asked_for_are_flagged(hand_model: Model, kinds: tuple[str, ...], flags: list[bool]) -> None:
    report = report_of(list("ab"), [FOREIGN, FURNITURE], model=hand_model, kinds=kinds)
    assert report.flags.tolist() == flags
    for paragraph, flagged, kind in zip(report.paragraphs, flags, KINDS, strict=True):
        assert paragraph.kind == (kind if flagged else None)
        assert ("that kind was not asked for" in paragraph.reason) == (not flagged)
        assert flagged or paragraph.reason.startswith(f"Looks {kind}")


def test_every_status_is_explained(detector: OffTopicDetector) -> None:
    found = {
        detector.check("").status: "",
        detector.check(RIVER[:2]).status: "",
        detector.check(RIVER).status: "",
        detector.check(DIGEST).status: "",
    }
    assert found.keys() == STATUSES.keys()
    assert all(told.endswith(".") for told in STATUSES.values())


def test_a_report_shows_its_outcome_in_one_line(hand_model: Model) -> None:
    report = report_of(["short", "x" * 60], [KEPT, FURNITURE], model=hand_model)
    assert repr(report) == "Report(2 paragraphs, 1 flagged, status='ok')"
    assert repr(report.paragraphs[0]) == "Paragraph('short', score=0.0100)"
    assert repr(report.paragraphs[1]) == f"Paragraph('{'x' * 47}...', furniture, score=0.9990)"


# --- cleaned ----------------------------------------------------------------------------------------------------------------

SPACED = "  \nA one.\n\nB two.\n \n\nC three.\n"


@pytest.mark.parametrize(
    ("flagged", "expected"),
    [
        ("", SPACED),
        ("A", "  \nB two.\n \n\nC three.\n"),
        ("B", "  \nA one.\n \n\nC three.\n"),
        ("C", "  \nA one.\n\nB two.\n"),
        ("AB", "  \nC three.\n"),
        ("AC", "  \nB two.\n"),
        ("BC", "  \nA one.\n"),
        ("ABC", ""),
    ],
)
def test_cleaned_takes_flagged_paragraphs_out_with_the_gap_before_them(hand_model: Model, flagged: str, expected: str) -> None:
    report = report_of(SPACED, [FOREIGN if name in flagged else KEPT for name in "ABC"], model=hand_model)
    assert report.cleaned == expected


def test_cleaned_keeps_every_gap_between_paragraphs_kept_as_it_is(hand_model: Model) -> None:
    text = "A\n\nB\n \nC\n\n\n\tD\n\n  E"
    assert report_of(text, [KEPT, KEPT, FOREIGN, KEPT, KEPT], model=hand_model).cleaned == "A\n\nB\n\n\n\tD\n\n  E"
    assert report_of(text, [FOREIGN, *[KEPT] * 4], model=hand_model).cleaned == "B\n \nC\n\n\n\tD\n\n  E"


def test_cleaned_is_the_very_text_when_nothing_is_flagged(hand_model: Model) -> None:
    for text in ("", " \n ", SPACED, "one", "\ud800"):
        report = report_of(text, model=hand_model)
        assert report.cleaned is report.text


def test_cleaned_follows_the_tolerance(hand_model: Model) -> None:
    report = replace(report_of(["a", "b", "c"], model=hand_model), scores=np.array([0.1, 0.95, 0.6]))
    assert report.cleaned == "a\n\nc"
    assert report.at(0.1).cleaned == "a"
    assert report.at(0.001).cleaned == "a\n\nb\n\nc"


verdict = st.sampled_from([KEPT, KEPT, FOREIGN, FURNITURE])


@given(st.lists(st.tuples(paragraphs, verdict), max_size=8))
def test_cleaned_of_a_list_is_the_join_of_the_paragraphs_kept(pairs: list[tuple[str, str]]) -> None:
    report = report_of([text for text, _ in pairs], [told for _, told in pairs], model=HAND_MADE)
    assert report.cleaned == SEPARATOR.join(text for text, told in pairs if told == KEPT)


@given(texts, st.data())
def test_cleaned_of_a_text_is_what_is_left_when_flagged_paragraphs_are_cut_out(text: str, data: st.DataObject) -> None:
    spans = split(text)
    told = data.draw(st.lists(verdict, min_size=len(spans), max_size=len(spans)))
    report = report_of(text, told, model=HAND_MADE)
    kept = [i for i, each in enumerate(told) if each == KEPT]
    if not kept and spans:
        assert report.cleaned == ""
        return
    cut: set[int] = set()
    for i, each in enumerate(told):
        if each != KEPT:
            # From the end of the paragraph before; of the first, up to the next one kept.
            cut |= set(range(spans[i - 1][1], spans[i][1]) if i > kept[0] else range(spans[0][0], spans[kept[0]][0]))
    assert report.cleaned == "".join(char for at, char in enumerate(text) if at not in cut)


# --- records ----------------------------------------------------------------------------------------------------------------


def test_a_record_says_all_and_goes_through_json(hand_model: Model) -> None:
    report = report_of(["a one", "b two \ud800"], [KEPT, FURNITURE], model=hand_model, title="T")
    record = report.to_dict()
    assert json.loads(json.dumps(record)) == record
    assert list(record) == ["status", "title", "false_alarms", "threshold", "paragraphs"]
    assert (record["status"], record["title"], record["false_alarms"]) == ("ok", "T", 0.01)
    assert record["threshold"] == pytest.approx(0.9)
    assert [list(each) for each in record["paragraphs"]] == [
        ["start", "end", "text", "score", "kind", "is_off_topic", "reason"]
    ] * 2
    first, second = record["paragraphs"]
    assert (first["start"], first["end"], first["text"], first["kind"], first["is_off_topic"]) == (0, 5, "a one", None, False)
    assert (second["start"], second["end"], second["kind"], second["is_off_topic"]) == (7, 14, "furniture", True)


def test_the_record_of_a_checked_article_goes_through_json(detector: OffTopicDetector) -> None:
    articles: tuple[Any, ...] = ("", [], RIVER, [*RIVER, PHONE, NEWSLETTER], np.array(RIVER), np.str_("one\n\ntwo"))
    for article in articles:
        record = detector.check(article, title="The river").to_dict()
        assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_a_report_can_be_sent_between_processes(hand_model: Model) -> None:
    report = report_of([*RIVER, PHONE], [*[KEPT] * 5, FOREIGN], model=hand_model, title="T")
    again = pickle.loads(pickle.dumps(report))
    assert again.to_dict() == report.to_dict()
    assert again.cleaned == report.cleaned


# --- how alike the paragraphs are -------------------------------------------------------------------------------------------

RIVER_WORDS, PHONE_WORDS = (subject.split() for subject in SUBJECTS[:2])  # a subject has a direction of its own in the model


def about(*words: str) -> str:
    return " ".join(("the and was", *words))


def test_similarities_are_the_cosines_of_what_the_paragraphs_are_about(hand_model: Model) -> None:
    river, other, phone = about(*RIVER_WORDS[:2]), about(*RIVER_WORDS[2:4]), about(*PHONE_WORDS[:2])
    both = about(RIVER_WORDS[0], PHONE_WORDS[0])
    similarities = report_of([river, other, phone, both, ""], model=hand_model).similarities()
    half = np.sqrt(0.5)
    assert similarities.dtype == np.float32
    assert similarities == pytest.approx(
        np.array([[1, 1, 0, half, 0], [1, 1, 0, half, 0], [0, 0, 1, half, 0], [half, half, half, 1, 0], [0, 0, 0, 0, 0]]),
        abs=1e-5,
    )


def test_a_second_space_of_meaning_has_half_a_say(hand_model: Model) -> None:
    # In the taught space all subjects lie in one direction.
    words = [word for subject in SUBJECTS for word in subject.split()]
    taught = Projection.packed(np.tile(np.array([[3, 0, 0, 0]], np.float32), (len(words), 1)))
    model = replace(hand_model, reader=replace(hand_model.reader, taught=taught))
    similarities = report_of([about(*RIVER_WORDS), about(*PHONE_WORDS)], model=model).similarities()
    assert similarities == pytest.approx(np.array([[1, 0.5], [0.5, 1]]), abs=1e-5)


def test_with_an_encoder_similarities_are_the_cosines_of_its_vectors(hand_model: Model) -> None:
    encoder = Hashed()
    model = replace(hand_model, reader=replace(hand_model.reader, projection=Encoded.by(encoder)))
    held = ["one two", "two three", "four"]
    vectors = encoder.encode(held)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert report_of(held, model=model).similarities() == pytest.approx(vectors @ vectors.T, abs=1e-5)


def test_of_more_paragraphs_than_asked_for_stretches_of_neighbours_take_their_place(hand_model: Model) -> None:
    river, phone = about(*RIVER_WORDS), about(*PHONE_WORDS)
    report = report_of([river, river, river, phone, phone], model=hand_model)
    # Rows for the paragraphs 0 and 1, and 2 to 4: of these one is about the river and two are about the phone.
    assert report.similarities(2)[0, 1] == pytest.approx(1 / np.sqrt(5), abs=1e-5)
    assert report.similarities(5) == pytest.approx(report.similarities())
    assert report.similarities(1) == pytest.approx(np.ones((1, 1)), abs=1e-5)


@given(st.lists(paragraphs, max_size=12), st.integers(1, 15))
def test_similarities_are_symmetric_and_of_paragraphs_with_themselves_one_or_nothing(held: list[str], most: int) -> None:
    similarities = report_of(held, model=HAND_MADE).similarities(most)
    assert similarities.shape == (min(len(held), most),) * 2
    assert (np.abs(similarities) <= 1).all()
    assert similarities == pytest.approx(similarities.T, abs=1e-5)
    itself = np.diag(similarities)
    assert (np.isclose(itself, 1, atol=1e-4) | np.isclose(itself, 0, atol=1e-4)).all()


def test_a_stranger_is_least_like_the_others() -> None:
    record = json.loads(FIXTURES.joinpath("syria-airpod.json").read_text("utf-8"))
    labels = np.array([paragraph["label"] != "belongs" for paragraph in record["paragraphs"]])
    similarities = OffTopicDetector().check([paragraph["text"] for paragraph in record["paragraphs"]]).similarities()
    assert similarities.mean(axis=1).argmin() == np.flatnonzero(labels).item()


@pytest.mark.parametrize("most", [0, -3, 2.0, True, "many"])
def test_similarities_of_no_whole_number_of_rows_are_refused(hand_model: Model, most: Any) -> None:
    with pytest.raises(InputError, match=re.escape(f"got {most!r}; give a whole number")):
        report_of(["a"], model=hand_model).similarities(most)


# --- reasons ----------------------------------------------------------------------------------------------------------------


def test_reasons_quote_the_words_that_tell(hand_model: Model) -> None:
    article = [*RIVER, PHONE, NEWSLETTER]
    report = report_of(article, [*[KEPT] * 5, FOREIGN, FURNITURE], model=hand_model)
    # "exploded" is unknown, hence the rarest (idf 8); the others have 5, in the order of the text.
    assert report.paragraphs[5].reason == (
        "“exploded”, “phone”, “charger” and “battery” stand nowhere else in the article, "
        "which is about “river”, “flood”, “boat”."
    )
    assert report.paragraphs[6].reason == (
        "Reads like part of the page rather than of the article: “Subscribe” and “newsletter”."
    )
    # Each stands in three paragraphs, as the rarest of what this one shares; "on", "was" and "with" say nothing.
    assert report.paragraphs[4].reason == "Shares “flood”, “boat” and “river” with the rest of the article."


def test_one_word_alone_stands_and_two_stand(hand_model: Model) -> None:
    report = report_of(["Zork of the", "Zork blip", "in of the"], [FOREIGN] * 3, model=hand_model)
    assert report.paragraphs[1].reason == "“blip” stands nowhere else in the article."
    assert report.paragraphs[2].reason == "Its words are not those of the rest of the article, which is about “Zork”."


def test_a_paragraph_without_a_telling_word_still_has_a_reason(hand_model: Model) -> None:
    for told in (KEPT, FOREIGN, FURNITURE):
        report = report_of(["", "the", "😀", "..."], [told] * 4, model=hand_model)
        assert all(re.fullmatch(r"[A-Z][^“”]*\.", paragraph.reason) for paragraph in report.paragraphs)


def test_the_words_of_the_title_count_as_the_articles(hand_model: Model) -> None:
    article = ["A boat was in the news.", "Zork and blip.", "The violin."]
    report = report_of(article, [KEPT, FOREIGN, KEPT], model=hand_model, title="The boat and the VIOLIN")
    assert report.paragraphs[0].reason == "Shares “boat” with the rest of the article."
    # A topic is spelt as where it first stands, the title before all.
    assert report.paragraphs[1].reason.endswith("which is about “boat”, “VIOLIN”.")


def test_a_topic_is_spelt_as_the_rest_of_the_article_spells_it(hand_model: Model) -> None:
    article = ["The BOAT: zork.", *RIVER]
    report = report_of(article, [FOREIGN, *[KEPT] * 5], model=hand_model)
    assert report.paragraphs[0].reason.endswith("which is about “river”, “flood”, “boat”.")


def test_numbers_are_not_named_and_where_there_is_nothing_else_none_is(hand_model: Model) -> None:
    article = ["The zork of 1998 with nineteen blips, 26m and G20.", "In 1999 and 3 was seventeen.", "It was on."]
    report = report_of(article, [FOREIGN] * 3, model=hand_model)
    assert report.paragraphs[0].reason == "“G20”, “zork” and “blips” stand nowhere else in the article."
    assert report.paragraphs[1].reason == "Rare words of it stand nowhere else in the article."
    # "2024" recurs, and is neither what the article is about nor what the others share.
    report = report_of(["In 2024 the", "With 2024 of", "For 2024 was nineteen"], [KEPT, KEPT, FOREIGN], model=hand_model)
    assert report.paragraphs[0].reason == "Says nothing that speaks against it."
    assert report.paragraphs[2].reason == "Rare words of it stand nowhere else in the article."


@pytest.mark.parametrize(
    "article", [["二十三人", "捷克网球"], ["تسعة عشر", "لاعبة"], ["veinte", "tobillo"], ["Sechzehn", "Knöchel"]]
)
def test_numbers_of_other_languages_are_not_named_either(hand_model: Model, article: list[str]) -> None:
    first, second = report_of(article, [FOREIGN] * 2, model=hand_model).paragraphs
    assert "“" not in first.reason
    assert "“" in second.reason


def test_words_that_could_stand_anywhere_are_not_named_and_the_longest_vectors_come_first(hand_model: Model) -> None:
    # Every word has a vector of a unit's length but four: one says little, the others little more, more and most.
    reader = hand_model.reader
    table = np.repeat(np.eye(2, dtype=np.float32), 12, axis=0)
    for word, length in (("violin", 0.5), ("opera", 0.66), ("concert", 1.2), ("orchestra", 1.4)):
        table[reader.background.rows[reader.background.lookup(np.array([hash_of(word)], np.uint64))]] *= length
    taught = replace(hand_model, reader=replace(reader, taught=Projection.packed(table)))
    article = ["River boat flood water bridge.", "Violin, opera, concert, orchestra.", "Phone screen battery charger."]
    reasons = [report_of(article, [FOREIGN] * 3, model=model).paragraphs[1].reason for model in (hand_model, taught)]
    assert reasons == [
        "“Violin”, “opera”, “concert” and “orchestra” stand nowhere else in the article.",
        "“orchestra”, “concert” and “opera” stand nowhere else in the article.",
    ]
    # Where the teacher knows half of the words or fewer, it does not know the language.
    article = ["River boat.", article[1], "Zork blip frob quux splot fnord."]
    strange = report_of(article, [FOREIGN] * 3, model=taught)
    assert strange.paragraphs[1].reason.startswith("“Violin”, “opera”, “concert” and “orchestra” stand")


def test_names_come_first_and_a_capital_that_opens_a_sentence_makes_none(hand_model: Model) -> None:
    article = ["Zork was. “Blip of the frob”, was on the Quux. Fnord, splot and Grok", "It was on.", "In for that."]
    assert report_of(article, [FOREIGN, KEPT, KEPT], model=hand_model).paragraphs[0].reason == (
        "“Quux”, “Grok”, “Zork” and “Blip” stand nowhere else in the article."
    )


def test_what_hyphens_tie_together_is_named_whole_and_once(hand_model: Model) -> None:
    article = ["A zork-blip of the well-frobbed boat-zork, was the-the-quux - grok", "The boat was on.", "In for that."]
    assert report_of(article, [FOREIGN, KEPT, KEPT], model=hand_model).paragraphs[0].reason == (
        "“zork-blip”, “well-frobbed”, “the-the-quux” and “grok” stand nowhere else in the article."
    )
    # What is tied to half a page is named alone.
    report = report_of([f"zork-{'blip' * 10}", "on", "in"], [FOREIGN, KEPT, KEPT], model=hand_model)
    assert report.paragraphs[0].reason.startswith("“zork” and “blipblip")


def test_of_a_script_without_spaces_pairs_are_named_whose_characters_are_as_new_as_they(hand_model: Model) -> None:
    # 的 stands everywhere: 的网 and 球的 are no words. 菜市 recurs, and what stands in all paragraphs is the subject.
    article = ["菜市的商", "菜市的鱼", "菜市的花", "的网球的"]
    report = report_of(article, [KEPT, KEPT, KEPT, FOREIGN], model=hand_model)
    assert report.paragraphs[3].reason == "“网球” stands nowhere else in the article, which is about “菜市”, “市的”."
    assert report.paragraphs[0].reason == "Shares “菜市” and “市的” with the rest of the article."


def test_a_page_is_told_by_words_of_some_weight_and_otherwise_by_its_form(hand_model: Model) -> None:
    background = hand_model.reader.background
    weights = np.zeros(len(background.hashes), np.float32)
    for word, weight in (("newsletter", 1.25), ("violin", 1.2), ("the", 5.0)):
        weights[background.lookup(np.array([hash_of(word)], np.uint64))] = weight
    model = replace(hand_model, reader=replace(hand_model.reader, lexicon=Lexicon(weights, np.zeros(PAIRS, np.float32), 0.0)))
    article = ["The newsletter", "The violin", " ".join(f"w{i}x" for i in range(31))]
    report = report_of(article, [FURNITURE] * 3, model=model)
    assert [(p.reason_code, p.reason) for p in report.paragraphs] == [
        ("page_words", "Reads like part of the page rather than of the article: “newsletter”."),
        (
            "page_form",
            "Looks like a headline or a notice of the page: short, and not about what stands around it.",
        ),
        ("page_form", "Looks like a notice of the page, by its form and by where it stands."),
    ]


def test_reasons_come_in_linear_time(hand_model: Model) -> None:
    article = [" ".join(f"w{i}x{j}" for j in range(20)) for i in range(8000)]
    report = report_of(article, model=hand_model)
    began = time.perf_counter()
    report.to_dict()
    assert time.perf_counter() - began < 8  # in square time it took half a minute


@pytest.fixture(scope="module")
def read_model(hand_model: Model) -> Model:
    """The model made by hand with the background of the fixtures, and a lexicon that likes half of all words.

    As many articles know no rare word: their idf is raised, as if there were seven times as many.
    """
    from detector.learn.articles import Article
    from detector.learn.background import fit_background

    held = [Article(tuple(p["text"] for p in record["paragraphs"])) for record in records()]
    background = fit_background(held, projected=0, min_articles=2)
    background = replace(background, idf=background.idf + 2, unknown_idf=background.unknown_idf + 2)
    weights = 10 * np.random.default_rng(0).standard_normal(len(background.hashes)).astype(np.float32)
    lexicon = Lexicon(weights, np.zeros(PAIRS, np.float32), 0.0)
    return replace(hand_model, reader=Reader(background, hand_model.reader.projection, lexicon))


def records() -> list[dict[str, Any]]:
    return [json.loads(path.read_text("utf-8")) for path in sorted(FIXTURES.glob("*.json"))]


def numbers(text: str, vocabulary: Mapping[int, int]) -> set[int]:
    """What tells the words of `text`: of those that are not in the `vocabulary` the stem."""
    return {identity_of(lowered(word), vocabulary) for word in form_of(text).words}


QUOTED = re.compile("“([^”]*)”")


def test_there_are_fixtures_to_read() -> None:
    assert len(records()) >= 20


@pytest.mark.parametrize("told", [KEPT, FOREIGN, FURNITURE])
@pytest.mark.parametrize("record", records(), ids=lambda record: record["id"])
def test_reasons_name_only_words_of_the_text_and_only_where_they_stand(
    read_model: Model, record: dict[str, Any], told: str
) -> None:
    article, title = [paragraph["text"] for paragraph in record["paragraphs"]], record.get("title")
    report = report_of(article, [told] * len(article), model=read_model, title=title)
    vocabulary = vocabulary_of(read_model.reader.background)
    held = [numbers(paragraph, vocabulary) for paragraph in article]
    quotes = 0
    for i, paragraph in enumerate(report.paragraphs):
        reason = paragraph.reason
        own, _, topic = reason.partition(", which is about ")
        others = [*held[:i], *held[i + 1 :], *([numbers(title, vocabulary)] if title else [])]
        for word in QUOTED.findall(own):
            assert word in article[i]
            assert numbers(word, vocabulary) <= held[i]
            # Of “gym-goer” it is “goer”.
            elsewhere = min(sum(number in other for other in others) for number in numbers(word, vocabulary))
            assert elsewhere == 0 if told == FOREIGN else elsewhere > 0 or told == FURNITURE
        for word in QUOTED.findall(topic):
            (key,) = numbers(word, vocabulary)
            assert word in report.text or word in (title or "")
            assert sum(key in other for other in others) > 1
        quotes += len(QUOTED.findall(reason))
        assert reason.startswith("Shares ") or reason[0] == "“" or not QUOTED.search(own) or told == FURNITURE
        assert reason.endswith(".")
    # Of a language that the lexicon does not know, no word is one of a page.
    assert quotes > len(article) / 4 or (told == FURNITURE and record["language"] != "en")


@given(st.lists(paragraphs, max_size=6), titles, st.sampled_from([KEPT, FOREIGN, FURNITURE]))
def test_reasons_can_be_given_for_any_text(held: list[str], title: str | None, told: str) -> None:
    report = report_of(held, [told] * len(held), model=HAND_MADE, title=title)
    for i, paragraph in enumerate(report.paragraphs):
        own, _, topic = paragraph.reason.partition(", which is about ")
        assert all(word in held[i] for word in QUOTED.findall(own))
        assert all(word in report.text or word in (title or "") for word in QUOTED.findall(topic))


def test_the_reader_of_a_report_is_only_asked_for_reasons(hand_model: Model) -> None:
    class Unread:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"the reader was asked for its {name}")

    report = report_of(list("abc"), [KEPT, FOREIGN, KEPT], model=replace(hand_model, reader=Unread()))  # type: ignore[arg-type]
    assert report.at(0.1).flags.tolist() == [False, True, False]
    assert report.cleaned == "a\n\nc"
    with pytest.raises(AssertionError, match="background"):
        _ = report.paragraphs[0].reason


@pytest.mark.parametrize("told", [FOREIGN, FURNITURE])
def test_the_codes_of_many_articles_at_once_are_those_of_their_reasons(read_model: Model, told: str) -> None:
    held = [[paragraph["text"] for paragraph in record["paragraphs"]] for record in records()]
    held = [paragraphs for paragraphs in held if paragraphs]
    titles = [record.get("title") for record in records() if record["paragraphs"]]
    reports = [report_of(h, [told] * len(h), model=read_model, title=t) for h, t in zip(held, titles, strict=True)]
    single = [paragraph.reason_code for report in reports for paragraph in report.paragraphs]
    furniture = np.full(len(single), told == FURNITURE)
    assert reason_codes(held, titles, furniture, read_model.reader) == single
    assert len(set(single)) == 2
