"""Estimator: what the front door takes, what it refuses, and scikit-learn's signs."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from conftest import DIGEST, NEWSLETTER, PHONE, RIVER, hand_made, made_up_articles
from hypothesis import given, settings
from strategies import articles, batches, titles

from detector import InputError, Model, OffTopicDetector, Report, chunks
from detector.model import BUNDLED
from detector.paragraphs import SEPARATOR, split

MIXED = [*RIVER[:3], PHONE, *RIVER[3:]]
HAND_MADE = OffTopicDetector(model=hand_made())


def same(one: Report, other: Report) -> None:
    """Assert that two reports say the same."""
    assert one.text == other.text
    assert one.starts.tolist() == other.starts.tolist()
    assert one.ends.tolist() == other.ends.tolist()
    assert one.scores == pytest.approx(other.scores, abs=1e-6)
    assert one.furniture.tolist() == other.furniture.tolist()
    assert (one.status, one.title, one.false_alarms, one.kinds) == (other.status, other.title, other.false_alarms, other.kinds)


# --- check ------------------------------------------------------------------------------------------------------------------


def test_a_foreign_paragraph_is_flagged_and_the_others_are_not(detector: OffTopicDetector) -> None:
    report = detector.check(MIXED)
    assert report.flags.tolist() == [False, False, False, True, False, False]
    assert report.flagged[0].text == PHONE
    assert report.flagged[0].kind == "foreign"
    assert report.cleaned == SEPARATOR.join(RIVER)
    assert report.status == "ok"


def test_a_sign_up_line_is_flagged_as_furniture(detector: OffTopicDetector) -> None:
    report = detector.check([*RIVER, NEWSLETTER])
    assert [paragraph.kind for paragraph in report.paragraphs] == [None] * 5 + ["furniture"]


def test_a_digest_has_no_common_topic_and_nothing_foreign_is_flagged(detector: OffTopicDetector) -> None:
    report = detector.check([*DIGEST, NEWSLETTER])
    assert report.status == "no_common_topic"
    assert report.scores[0] > report.threshold
    assert report.flags.tolist() == [False] * 4 + [True]  # what is about the page is so in a digest too


def test_a_text_is_split_and_a_list_is_taken_as_it_is(detector: OffTopicDetector) -> None:
    text = "  " + "\n\n \n".join(MIXED) + "\n"
    of_text, of_list = detector.check(text), detector.check(MIXED)
    assert of_text.text is text
    assert of_list.text == SEPARATOR.join(MIXED)
    assert of_text.scores == pytest.approx(of_list.scores)
    assert [paragraph.text for paragraph in of_text.paragraphs] == MIXED
    assert [(paragraph.start, paragraph.end) for paragraph in of_text.paragraphs] == split(text)
    assert len(detector.check(["a\n\nb", "c"]).paragraphs) == 2


def test_a_title_is_read_and_not_judged(detector: OffTopicDetector) -> None:
    plain, titled = detector.check(DIGEST), detector.check(DIGEST, title="The river")
    assert len(titled.scores) == len(plain.scores) == 4
    assert titled.starts.tolist() == plain.starts.tolist()
    assert titled.title == "The river"
    assert titled.text == plain.text
    # What the title names belongs; the others are no closer than before.
    assert titled.scores[0] < 0.5 < plain.scores[0]
    assert titled.scores[1:] == pytest.approx(plain.scores[1:], abs=0.005)
    assert (titled.scores[1:] >= plain.scores[1:] - 1e-6).all()


def test_an_empty_article_gives_an_empty_report(detector: OffTopicDetector) -> None:
    empty: tuple[Any, ...] = ("", [], (), " \n\t\u2028", np.array([], dtype=str))
    for article in empty:
        report = detector.check(article, title="A title")
        assert report.status == "empty"
        assert report.paragraphs == report.flagged == []
        assert report.scores.shape == report.flags.shape == (0,)
        assert report.scores.dtype == np.float64
        assert report.flags.dtype == np.bool_
        assert report.cleaned == report.text


def test_one_and_two_paragraphs_are_too_short_for_anything_foreign(detector: OffTopicDetector) -> None:
    for article in ([PHONE], [RIVER[0], PHONE], [RIVER[0], ""]):
        report = detector.check(article)
        assert report.status == "too_short"
        assert not report.flags.any()
    assert detector.check([RIVER[0], NEWSLETTER]).flags.tolist() == [False, True]
    assert detector.check([RIVER[0], RIVER[1], RIVER[2]], title=None).status == "ok"
    assert detector.check([RIVER[0], RIVER[1]], title="A title is no paragraph").status == "too_short"


@pytest.fixture(params=["by hand", "learned", "bundled"])
def any_detector(request: pytest.FixtureRequest, hand_model: Model) -> OffTopicDetector:
    if request.param == "bundled":
        return OffTopicDetector()
    return OffTopicDetector(model=hand_model if request.param == "by hand" else request.getfixturevalue("trained"))


LETTERS = np.random.default_rng(3).choice(list(string.ascii_letters), (10, 40))
EDGES: dict[str, str | list[str]] = {
    "one paragraph": "One paragraph, and that is all.",
    "two paragraphs": "One.\n\nTwo.",
    "empty strings": ["", "", "", ""],
    "empty among others": [RIVER[0], "", RIVER[1], " \n ", RIVER[2], ""],
    "identical paragraphs": [RIVER[0]] * 8,
    "random letters": ["".join(row) for row in LETTERS],
    "emoji only": ["😀😀", "🎉", "👩‍👩‍👧", "☂️"],
    "punctuation only": "...\n\n---\n\n***\n\n!!!",
    "digits only": ["1 2 3", "2018 2019", "3.14", "0"],
    "lone surrogates": ["\ud800 broken", "\udfff\ud800", "fine here", "a\udc80b"],
    "control characters": ["\x00\x01 a word", "\x7f\x80", "\ufffe\uffff\U0010ffff", "plain words"],
    "a megabyte in one paragraph": [RIVER[0], "river phone violin bread zork " * 33_334, RIVER[1]],
    "a megabyte in one word": [RIVER[0], "x" * 1_000_000, RIVER[1]],
    "300 paragraphs": [f"{RIVER[i % 5]} Number {i}." for i in range(300)],
    "other scripts": ["東京都は今日、雨だった。", "สวัสดีครับ", "العربية والنهر", "हिन्दी में समाचार", "Россия и река"],
}


@pytest.mark.parametrize("name", EDGES)
def test_every_edge_case_gives_a_score_between_nought_and_one_and_a_reason(any_detector: OffTopicDetector, name: str) -> None:
    article = EDGES[name]
    report = any_detector.check(article)
    held = article if isinstance(article, list) else [article[start:end] for start, end in split(article)]
    assert [paragraph.text for paragraph in report.paragraphs] == held
    assert ((report.scores >= 0) & (report.scores <= 1)).all()  # nan is neither
    assert all(paragraph.reason.endswith(".") for paragraph in report.paragraphs)
    assert report.to_html().count("<p lang") == len(held)
    assert report.status in ("ok", "too_short", "no_common_topic")


def test_identical_paragraphs_are_not_foreign_to_one_another(detector: OffTopicDetector) -> None:
    assert not detector.check([RIVER[0]] * 8).flags.any()
    assert detector.check([RIVER[0]] * 8).scores.max() < 0.5


def test_a_paragraph_without_a_word_is_never_flagged(detector: OffTopicDetector) -> None:
    report = detector.check([*RIVER, "", "😀", "...", "\ud800"])
    assert not report.flags.any()


def test_a_learned_model_finds_the_paragraph_of_another_article(trained: Model) -> None:
    detector = OffTopicDetector(model=trained)
    held = made_up_articles(120, seed=0)
    ranks = []
    for host, donor in zip(held[:40], held[80:], strict=True):
        clean = [paragraph for paragraph in host if "newsletter" not in paragraph]
        report = detector.check([*clean[:2], donor[0], *clean[2:]])
        ranks.append(int((report.scores > report.scores[2]).sum()))
    assert sum(rank == 0 for rank in ranks) > 30  # of 40, where chance would give 6


@given(articles, titles)
def test_whatever_is_checked_the_report_fits_the_article(article: str | list[str], title: str | None) -> None:
    report = HAND_MADE.check(article, title)
    text = article if isinstance(article, str) else SEPARATOR.join(article)
    assert report.text == text
    spans = [(paragraph.start, paragraph.end) for paragraph in report.paragraphs]
    if isinstance(article, str):
        assert spans == split(article)
    else:
        assert [text[start:end] for start, end in spans] == article
    assert [paragraph.text for paragraph in report.paragraphs] == [text[start:end] for start, end in spans]
    assert len(report.scores) == len(report.flags) == len(spans)
    assert ((report.scores >= 0) & (report.scores <= 1)).all()
    assert (report.status == "empty") == (not spans)


# --- what is taken and what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        tuple,
        iter,
        lambda held: (text for text in held),
        np.array,
        lambda held: np.array(held, object),
        lambda held: dict.fromkeys(held).keys(),
    ],
    ids=["tuple", "iterator", "generator", "ndarray", "object ndarray", "keys"],
)
def test_paragraphs_may_come_as_any_iterable_of_str(detector: OffTopicDetector, made: Callable[[list[str]], Any]) -> None:
    same(detector.check(made(MIXED)), detector.check(MIXED))


@pytest.mark.parametrize(
    ("article", "message"),
    [
        (None, "article is a str or a list of paragraphs, got NoneType"),
        (b"bytes", "article is a str or a list of paragraphs, got bytes"),
        ({"text": "a"}, "article is a str or a list of paragraphs, got dict"),
        (7, "article is a str or a list of paragraphs, got int"),
        (np.array("text"), "article is a str or a list of paragraphs, got ndarray"),
        (["a", None, "b"], "article: paragraph 1 is a str, got NoneType"),
        (["a", "b", b"c"], "article: paragraph 2 is a str, got bytes"),
        ([["a", "b"], ["c"]], "article: paragraph 0 is a str, got list"),
        (["a", float("nan")], "article: paragraph 1 is a str, got float"),
        (bytearray(b"ab"), "article is a str or a list of paragraphs, got bytearray"),
        ({"b", "a"}, "article is a str or a list of paragraphs, got set"),
        (np.array([1.5, 2.5]), "article: paragraph 0 is a str, got float64"),
    ],
)
def test_what_is_no_article_is_refused_by_its_type(detector: OffTopicDetector, article: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        detector.check(article)


@pytest.mark.parametrize("title", [b"bytes", 7, ["a"]])
def test_a_title_that_is_no_text_is_refused_by_its_type(detector: OffTopicDetector, title: Any) -> None:
    with pytest.raises(InputError, match=f"title of article is a str or None, got {type(title).__name__}"):
        detector.check("a", title=title)


@pytest.mark.parametrize("rate", [0, 1, 1.5, -0.1, "0.01", None, float("nan"), True])
def test_a_rate_of_false_alarms_out_of_range_is_refused_when_it_is_used(hand_model: Model, rate: Any) -> None:
    detector = OffTopicDetector(model=hand_model, false_alarms=rate)  # stored as it is, as scikit-learn wants it
    for used in (lambda: detector.check("a"), lambda: detector.fit(["a"]), lambda: list(detector.check_many(["a"]))):
        with pytest.raises(InputError, match=r"false_alarms .* give a number between 0 and 1"):
            used()


@pytest.mark.parametrize("kinds", ["foreign", ("forein",), (), ("foreign", "other"), None, ["Furniture"], 5])
def test_a_kind_that_is_none_is_refused_when_it_is_used(hand_model: Model, kinds: Any) -> None:
    detector = OffTopicDetector(model=hand_model, kinds=kinds)
    for used in (lambda: detector.check("a"), lambda: detector.fit(["a"]), lambda: list(detector.check_many(["a"]))):
        with pytest.raises(InputError, match=re.escape(f"('foreign', 'furniture'), got {kinds!r}")):
            used()


@pytest.mark.parametrize("model", [None, 7, {"a": 1}, ["default"], b"default"])
def test_a_model_that_is_neither_path_nor_model_is_refused_by_its_type(model: Any) -> None:
    with pytest.raises(InputError, match=f'model is "default", a path or a Model, got {type(model).__name__}'):
        OffTopicDetector(model=model).check("a")


def test_kinds_may_be_a_list_in_any_order(hand_model: Model) -> None:
    detector = OffTopicDetector(model=hand_model, kinds=["furniture", "foreign", "foreign"])
    assert detector.check(MIXED).kinds == ("foreign", "furniture")
    assert detector.kinds == ["furniture", "foreign", "foreign"]
    only = OffTopicDetector(model=hand_model, kinds=["furniture"])
    assert not only.check(MIXED).flags.any()


# --- check_many -------------------------------------------------------------------------------------------------------------


def test_many_articles_give_a_report_each_in_order_and_as_if_checked_alone(detector: OffTopicDetector) -> None:
    held: list[Any] = [MIXED, "", list(DIGEST), tuple(RIVER), [], "One.\n\nTwo.", [*RIVER, NEWSLETTER], (p for p in MIXED)]
    found = list(detector.check_many(held))
    held[-1] = MIXED
    assert len(found) == len(held)
    for report, article in zip(found, held, strict=True):
        same(report, detector.check(article))


@settings(max_examples=25)
@given(batches)
def test_a_batch_of_articles_is_judged_as_one_by_one(pairs: list[tuple[str | list[str], str | None]]) -> None:
    found = list(HAND_MADE.check_many([article for article, _ in pairs], [title for _, title in pairs]))
    assert len(found) == len(pairs)
    for report, (article, title) in zip(found, pairs, strict=True):
        same(report, HAND_MADE.check(article, title))


def test_no_articles_give_no_reports(detector: OffTopicDetector) -> None:
    assert list(detector.check_many([])) == []


def test_articles_are_read_when_their_reports_are_asked_for(detector: OffTopicDetector) -> None:
    taken: list[int] = []
    reports = detector.check_many(taken.append(i) or MIXED for i in itertools.count())  # type: ignore[func-returns-value]
    assert taken == []
    same(next(reports), detector.check(MIXED))
    assert 0 < len(taken) <= 4096


def test_a_single_text_is_refused_by_name_at_once(detector: OffTopicDetector) -> None:
    texts: tuple[Any, ...] = ("One text.", b"bytes")
    for text in texts:
        with pytest.raises(InputError, match=f"got a single {type(text).__name__}; use check"):
            detector.check_many(text)  # not even iterated


@pytest.mark.parametrize("held", [None, 7, OffTopicDetector()])
def test_what_is_no_iterable_of_articles_is_refused_at_once(detector: OffTopicDetector, held: Any) -> None:
    with pytest.raises(InputError, match=f"articles is an iterable of articles, got {type(held).__name__}"):
        detector.check_many(held)


@pytest.mark.parametrize(
    ("held", "message"),
    [
        (["a", "b", None], "articles[2] is a str or a list of paragraphs, got NoneType"),
        (["a", ["b", 5]], "articles[1]: paragraph 1 is a str, got int"),
        ([b"a"], "articles[0] is a str or a list of paragraphs, got bytes"),
        ([*["a"] * 5000, {}], "articles[5000] is a str or a list of paragraphs, got dict"),
    ],
)
def test_a_bad_item_is_refused_by_its_position(detector: OffTopicDetector, held: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        list(detector.check_many(held))


def test_the_reports_of_all_before_a_bad_item_have_been_given(detector: OffTopicDetector) -> None:
    reports = detector.check_many([MIXED, RIVER, None, MIXED])  # type: ignore[list-item]
    assert [len(report.scores) for report in itertools.islice(reports, 2)] == [len(MIXED), len(RIVER)]
    with pytest.raises(InputError, match=re.escape("articles[2]")):
        next(reports)


def test_titles_go_with_their_articles(detector: OffTopicDetector) -> None:
    held = [MIXED, RIVER, [RIVER[0], PHONE, RIVER[1]]]
    heads = ["The river", None, "The boat on the river: a flood"]
    for report, article, title in zip(detector.check_many(held, heads), held, heads, strict=True):
        assert report.title == title
        same(report, detector.check(article, title))
    assert [report.title for report in detector.check_many(iter(held), iter(heads))] == heads


@pytest.mark.parametrize("heads", [["one"], ["one", "two", "three"], []])
def test_more_or_fewer_titles_than_articles_are_refused(detector: OffTopicDetector, heads: list[str]) -> None:
    with pytest.raises(InputError, match="as many titles as articles"):
        list(detector.check_many(["a", "b"], heads))


def test_a_bad_title_is_refused_by_its_position(detector: OffTopicDetector) -> None:
    with pytest.raises(InputError, match=re.escape("title of articles[1] is a str or None, got int")):
        list(detector.check_many(["a", "b"], ["one", 2]))  # type: ignore[list-item]
    for titles_ in ("ab", 5):
        with pytest.raises(InputError, match=f"titles is an iterable of titles, got .*{type(titles_).__name__}"):
            detector.check_many(["a", "b"], titles_)  # type: ignore[arg-type]


def test_two_processes_report_what_one_reports(detector: OffTopicDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_CHARS", 1000)
    held = [[MIXED, list(DIGEST), "One.\n\nTwo.", ""][i % 4] for i in range(40)]
    heads = [None if i % 3 else f"Title {i}" for i in range(40)]
    one, two = (list(detector.check_many(iter(held), heads, n_jobs=n_jobs)) for n_jobs in (1, 2))
    assert len(one) == 40
    for here, there in zip(one, two, strict=True):
        same(here, there)


# --- scikit-learn -----------------------------------------------------------------------------------------------------------


def test_fit_predict_gives_minus_one_for_off_topic_and_one_otherwise(detector: OffTopicDetector) -> None:
    expected = [1, 1, 1, -1, 1, 1]
    assert detector.fit_predict(MIXED).tolist() == expected
    assert detector.fit(MIXED).predict(MIXED).tolist() == expected
    assert detector.fit_predict(MIXED, None).tolist() == expected
    assert detector.fit_predict(np.array(MIXED)).tolist() == expected  # type: ignore[arg-type]
    assert detector.fit_predict(text for text in MIXED).tolist() == expected  # type: ignore[arg-type]
    assert detector.predict(MIXED).dtype == np.int64
    assert detector.fit_predict([]).shape == (0,)


def test_scores_are_low_for_what_is_off_topic_and_offset_parts_them(detector: OffTopicDetector) -> None:
    report = detector.check(MIXED)
    samples, decision = detector.fit(MIXED).score_samples(MIXED), detector.decision_function(MIXED)
    assert samples == pytest.approx(-report.scores)
    assert detector.offset_ == pytest.approx(-report.threshold)
    assert decision == pytest.approx(samples - detector.offset_)
    assert ((decision < 0) == report.flags).all()
    assert report.flags.any()


@pytest.mark.parametrize("article", [MIXED, list(DIGEST), [RIVER[0], PHONE], [*DIGEST, NEWSLETTER]])
@pytest.mark.parametrize("kinds", [("foreign", "furniture"), ("foreign",), ("furniture",)])
@pytest.mark.parametrize("rate", [0.001, 0.1])
def test_the_decision_is_below_nought_exactly_for_what_is_flagged(
    hand_model: Model, article: list[str], kinds: tuple[str, ...], rate: float
) -> None:
    detector = OffTopicDetector(model=hand_model, kinds=kinds, false_alarms=rate)
    predicted = detector.fit_predict(article)
    assert ((detector.decision_function(article) < 0) == (predicted == -1)).all()
    assert ((predicted == -1) == detector.check(article).flags).all()


@pytest.mark.parametrize("method", ["fit", "predict", "fit_predict", "score_samples", "decision_function"])
def test_the_methods_of_scikit_learn_refuse_a_single_text_by_name(detector: OffTopicDetector, method: str) -> None:
    with pytest.raises(InputError, match=r"paragraphs is a list of str, got a single str; use check\(text\)"):
        getattr(detector, method)("One.\n\nTwo.")
    with pytest.raises(InputError, match="paragraph 1 is a str, got NoneType"):
        getattr(detector, method)(["a", None])


def test_parameters_are_only_stored() -> None:
    kinds, model, encoder = ["foreign"], object(), object()
    detector = OffTopicDetector(model, -5, kinds, encoder)  # type: ignore[arg-type]
    assert detector.model is model
    assert detector.false_alarms == -5
    assert detector.kinds is kinds
    assert detector.encoder is encoder
    assert sorted(vars(detector)) == ["encoder", "false_alarms", "kinds", "model"]


def test_parameters_can_be_read_and_set_by_name(hand_model: Model) -> None:
    detector = OffTopicDetector()
    expected = {"model": "default", "false_alarms": 0.002, "kinds": ("foreign", "furniture"), "encoder": None}
    assert detector.get_params() == expected
    assert detector.get_params(deep=False) == detector.get_params()
    assert detector.set_params(model=hand_model, false_alarms=0.1) is detector
    assert (detector.model, detector.false_alarms) == (hand_model, 0.1)
    assert detector.check("").threshold == pytest.approx(0.5)
    with pytest.raises(InputError, match="no parameter 'threshold'; there are model, false_alarms, kinds, encoder"):
        detector.set_params(threshold=0.5)
    assert repr(OffTopicDetector(false_alarms=0.01, kinds=("foreign",))) == (
        "OffTopicDetector(model='default', false_alarms=0.01, kinds=('foreign',), encoder=None)"
    )


def test_scikit_learn_clones_it_and_knows_it_for_an_outlier_detector(hand_model: Model) -> None:
    from sklearn.base import clone, is_outlier_detector
    from sklearn.utils import get_tags

    for model in ("default", str(BUNDLED), hand_model):
        detector = OffTopicDetector(model=model, false_alarms=0.01, kinds=("furniture",))
        other = clone(detector)
        assert other is not detector
        assert isinstance(other, OffTopicDetector)
        assert (other.false_alarms, other.kinds) == (0.01, ("furniture",))
        assert isinstance(other.model, type(model))
    assert clone(OffTopicDetector(model=hand_model)).fit_predict(MIXED).tolist() == [1, 1, 1, -1, 1, 1]
    assert is_outlier_detector(OffTopicDetector())
    tags = get_tags(OffTopicDetector())
    assert tags.input_tags.string
    assert not tags.target_tags.required


def test_changing_the_tolerance_after_fitting_changes_the_flags(detector: OffTopicDetector) -> None:
    # In PyOD it changes nothing.
    article: Sequence[str] = [*MIXED, "The boat and the phone were in the river."]
    loose = OffTopicDetector(model=detector.model, false_alarms=0.1).fit(article)
    strict = detector.fit(article)
    assert strict.offset_ < loose.offset_
    strict.set_params(false_alarms=0.1)
    assert strict.fit(article).offset_ == loose.offset_
    assert strict.predict(article).tolist() == loose.predict(article).tolist()


def test_a_headline_that_does_not_belong_is_a_teaser_whatever_it_is_about(detector: OffTopicDetector) -> None:
    headline = " ".join(PHONE.rstrip(".").split()[:16])
    for intruder, kind in ((headline, "furniture"), (f"{headline}.", "foreign")):
        (flagged,) = detector.check([*RIVER[:3], intruder, *RIVER[3:]]).flagged
        assert (flagged.text, flagged.kind) == (intruder, kind)
