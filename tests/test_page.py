"""The page: every paragraph as it is, the report's own flags and reasons without a script, and all that the script needs."""

from __future__ import annotations

import json
import re
import struct
import time
import zlib
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from conftest import FIXTURES, NEWSLETTER, PHONE, RIVER, hand_made
from hypothesis import given
from hypothesis import strategies as st
from strategies import paragraphs, titles
from test_report import FOREIGN, FURNITURE, KEPT, report_of

import detector
from detector import Model, OffTopicDetector, Report
from detector.page import LONG, fragment, tolerances
from detector.report import KINDS, STATUSES

HAND_MADE = hand_made()  # for properties, which take no fixtures
VOID = {"br", "meta", "input"}
NASTY = [
    "<script>alert('x')</script>",
    "</p></div></main><img src=x onerror=alert(1)>",
    "&amp; &lt;b&gt; <b>bold</b> \"quotes\" 'too'",
    "<!-- comment --> <style>*{}</style> {braces} {0} %s",
    "]]><svg onload=alert(1)>",
    "\" onfocus=alert(1) autofocus x='",
    "</script><script>alert(1)</script></style><a href=javascript:alert(1)>",
]


class Page(HTMLParser):
    """Collects the elements with their attributes and text; those of a paragraph, of a reason and of a label apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[int] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(len(self.elements))
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        self.texts.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for at in self._open:
            self.texts[at] += data

    def all(self, tag: str, name: str = "") -> list[tuple[dict[str, str | None], str]]:
        """The attributes and the texts of the elements `tag`, of a class if one is named."""
        found = zip(self.elements, self.texts, strict=True)
        return [
            (held, text) for (kind, held), text in found if kind == tag and name in ["", *(held.get("class") or "").split()]
        ]

    def one(self, tag: str, name: str = "") -> tuple[dict[str, str | None], str]:
        (found,) = self.all(tag, name)
        return found

    @property
    def paragraphs(self) -> list[str]:
        return [text for _, text in self.all("p")]


def scored(scores: list[float], verdicts: list[str] | None = None, *, model: Model = HAND_MADE, **options: object) -> Report:
    """A report of paragraphs with these scores."""
    held = [f"zork {chr(97 + i)}" for i in range(len(scores))]
    return replace(report_of(held, verdicts, model=model, **options), scores=np.array(scores))  # type: ignore[arg-type]


def syria() -> Report:
    record = json.loads(FIXTURES.joinpath("syria-airpod.json").read_text("utf-8"))
    return OffTopicDetector().check([paragraph["text"] for paragraph in record["paragraphs"]], record["title"])


# --- the text ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [KEPT, FOREIGN, FURNITURE])
def test_the_page_escapes_all_that_comes_from_the_article(hand_model: Model, told: str) -> None:
    plain = Page(report_of(["a"] * len(NASTY), [told] * len(NASTY), model=hand_model, title="T").to_html())
    for title in NASTY:
        page = Page(report_of(NASTY, [told] * len(NASTY), model=hand_model, title=title).to_html())
        assert page.paragraphs == NASTY
        assert page.all("title")[0][1] == page.one("h1")[1] == title  # the others name marks of the map
        # Not an element, not an attribute more than of a plain article.
        assert page.elements == plain.elements
    assert len(page.all("div", "note")) == (0 if told == KEPT else len(NASTY))


@given(st.lists(paragraphs, max_size=5), titles)
def test_the_page_shows_every_paragraph_as_it_is(held: list[str], title: str | None) -> None:
    report = report_of(held, [FURNITURE] * len(held), model=HAND_MADE, title=title)
    for html in (report.to_html(), fragment(replace(report, scores=np.zeros(len(held))))):
        assert Page(html).paragraphs == held
    page = Page(report.to_html())
    assert [text for _, text in page.all("div", "note")] == [paragraph.reason for paragraph in report.paragraphs]
    assert page.one("h1")[1] == (title or "Article without a title")


def test_text_of_any_direction_and_language_keeps_its_own(hand_model: Model) -> None:
    page = Page(report_of(["نهر", "river"], model=hand_model, title="نهر").to_html())
    assert all((held["dir"], held["lang"]) == ("auto", "") for tag in ("h1", "p") for held, _ in page.all(tag))


# --- what may run -----------------------------------------------------------------------------------------------------------


def test_the_policy_lets_the_pages_own_style_and_script_run_and_nothing_else(hand_model: Model) -> None:
    page = Page(report_of(["a", "b"], [FOREIGN, KEPT], model=hand_model).to_html())
    (policy,) = (held["content"] for held, _ in page.all("meta") if "http-equiv" in held)
    style, script = (
        b64encode(sha256(page.one(tag)[1].encode("utf-8")).digest()).decode("ascii") for tag in ("style", "script")
    )
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
        "base-uri 'none'; form-action 'none'"
    )
    names = {name for _, held in page.elements for name in held}
    assert not [name for name in names if name == "style" or name.startswith("on")]


def test_style_and_script_are_the_same_whatever_the_article(hand_model: Model) -> None:
    first, second = (Page(report_of(held, model=hand_model, title=held[0]).to_html()) for held in (["a"], NASTY))
    assert first.one("script") == second.one("script")
    assert first.one("style") == second.one("style")


def test_the_page_asks_nothing_from_anywhere(hand_model: Model) -> None:
    html = report_of(["a", "b"] * LONG, [FOREIGN, KEPT] * LONG, model=hand_model).to_html()
    assert html.startswith("<!DOCTYPE html>")
    assert not re.search(r"https?:|url\((?!#)|@import|src=|fetch|XMLHttp|innerHTML|eval\(", html)
    targets = re.findall(r'href="([^"]*)"', re.sub(r"<script>.*?</script>", "", html, flags=re.S))
    assert all(target.startswith(("#", "data:image/png;base64,")) for target in targets)


def test_style_and_script_lie_beside_the_module_and_hold_no_end_of_theirs() -> None:
    folder = Path(detector.__file__).parent
    assert "</" not in folder.joinpath("page.css").read_text("utf-8")
    assert "</" not in folder.joinpath("page.js").read_text("utf-8")


# --- what is marked ---------------------------------------------------------------------------------------------------------


def test_a_flagged_paragraph_is_labelled_in_words_and_brings_its_reason(hand_model: Model) -> None:
    report = report_of([*RIVER, PHONE, NEWSLETTER], [*[KEPT] * 5, FOREIGN, FURNITURE], model=hand_model)
    page = Page(report.to_html())
    rows = page.all("div", "row")
    assert [held["class"] for held, _ in rows] == [*["row"] * 5, "row foreign strong flagged", "row furniture strong flagged"]
    assert [held["id"] for held, _ in rows] == [f"p{i}" for i in range(1, 8)]
    assert [held.get("tabindex") for held, _ in rows] == [*[None] * 5, "0", "0"]
    assert [text for _, text in page.all("div", "label")] == [
        "foreign, over 99 % likely: about something else",
        "furniture, over 99 % likely: part of the page",
    ]
    assert [text for _, text in page.all("div", "note")] == [report.paragraphs[5].reason, report.paragraphs[6].reason]
    ids = {held["id"] for _, held in page.elements if "id" in held}
    for held, _ in rows[5:]:
        assert {held["aria-labelledby"], held["aria-describedby"]} <= ids
    assert not [held for held, _ in (*page.all("div", "label"), *page.all("div", "note")) if "hidden" in held]
    assert page.one("div", "sum")[1] == "2 of 7 paragraphs flagged: 1 foreign, 1 furniture."


def test_every_paragraph_has_a_bar_as_long_as_its_score(hand_model: Model) -> None:
    page = Page(scored([0.0, 0.25, 0.973]).to_html())
    assert [held["width"] for held, _ in page.all("rect") if held.get("height") == "6"] == ["0", "25", "97.3"]
    assert [text for _, text in page.all("div", "score")] == ["0.00", "0.25", "0.97"]


def test_what_a_looser_tolerance_would_flag_brings_its_reason(hand_model: Model) -> None:
    # At 0.1, the loosest that this model knows, what scores above 0.5 is flagged.
    report = scored([0.3, 0.6, 0.95], [KEPT, FURNITURE, FOREIGN])
    page = Page(report.to_html())
    assert [held["class"] for held, _ in page.all("div", "row")] == ["row", "row furniture fair", "row foreign strong flagged"]
    assert [held.get("data-score") for held, _ in page.all("div", "row")] == [None, "0.6", "0.95"]
    assert ["hidden" in held for held, _ in page.all("div", "label")] == [True, False]
    loose = report.at(0.1)
    assert [text for _, text in page.all("div", "note")] == [paragraph.reason for paragraph in loose.flagged]


def suspicious(model: Model) -> Model:
    """The same model, whose loosest tolerance flags what scores above 0.001."""
    calibration = replace(model.scorer.calibration, thresholds=np.array([[0.99, 0.9, 0.001]]))
    return replace(model, scorer=replace(model.scorer, calibration=calibration))


def test_what_is_not_flagged_tells_why_it_might_be_unless_its_score_is_negligible(hand_model: Model) -> None:
    report = scored([0.0499, 0.05, 0.6, 0.95], [KEPT, FOREIGN, FURNITURE, FOREIGN], model=suspicious(hand_model))
    page = Page(report.to_html())
    rows, notes = page.all("div", "row"), page.all("div", "note")
    assert ["hidden" in held for held, _ in notes] == [True, False, False, False]
    # As the style puts it before the reason, for the eye and for what reads aloud.
    assert [held.get("data-unsure") for held, _ in notes[:3]] == [
        None,
        "Not flagged: 5 % likely foreign.",
        "Not flagged: 60 % likely furniture.",
    ]
    assert [held.get("tabindex") for held, _ in rows] == [None, "0", "0", "0"]
    assert [held.get("role") for held, _ in rows] == [None, "group", "group", "group"]
    assert [held.get("aria-label") for held, _ in rows] == [None, "Not flagged", "Not flagged", None]
    assert [held.get("aria-labelledby") for held, _ in rows] == [None, None, None, "p4-kind"]
    assert [held.get("aria-describedby") for held, _ in rows] == [None, "p2-why", "p3-why", "p4-why"]
    assert [text for _, text in notes] == [report.grounds(i).sentence for i in range(4)]


@pytest.mark.parametrize(
    ("score", "strong", "told"),
    [
        (1.0, "strong", "over 99 %"),
        (0.995, "strong", "over 99 %"),
        (0.9949, "strong", "99 %"),
        (0.8, "strong", "80 %"),
        (0.7999, "fair", "80 %"),
        (0.5, "fair", "50 %"),
        (0.4999, "weak", "50 %"),
        (0.2, "weak", "20 %"),
        (0.1999, "faint", "20 %"),
        (0.0312, "faint", "3 %"),
        (0.005, "faint", "1 %"),
        (0.0049, "faint", "under 1 %"),
    ],
)
def test_the_lower_the_score_the_fainter_the_mark_and_the_label_tells_how_likely_it_is(
    hand_model: Model, score: float, strong: str, told: str
) -> None:
    report = scored([score, score], [FOREIGN, FURNITURE], model=suspicious(hand_model)).at(0.1)
    page = Page(report.to_html())
    assert [held["class"] for held, _ in page.all("div", "row")] == [
        f"row {kind} {strong} flagged" for kind in ("foreign", "furniture")
    ]
    assert [text for _, text in page.all("div", "label")] == [
        f"foreign, {told} likely: about something else",
        f"furniture, {told} likely: part of the page",
    ]
    assert [held["class"] for held, _ in Page(fragment(report)).all("p")] == [
        f"flagged {kind} {strong}" for kind in ("foreign", "furniture")
    ]


@pytest.mark.parametrize("kinds", [KINDS, ("foreign",), ("furniture",)])
@pytest.mark.parametrize("status", ["ok", "no_common_topic"])
def test_the_marks_are_the_flags_and_the_kinds_those_asked_for(kinds: tuple[str, ...], status: str) -> None:
    report = scored([0.95, 0.95, 0.1], [FOREIGN, FURNITURE, KEPT], kinds=kinds, status=status)
    page = Page(report.to_html())
    assert [str(held["class"]).endswith("flagged") for held, _ in page.all("div", "row")] == report.flags.tolist()
    boxes = {held["value"]: held for held, _ in page.all("input") if held.get("name") == "kind"}
    assert {kind for kind, held in boxes.items() if "checked" in held} == set(kinds)
    # In an article without a topic nothing foreign can be flagged, whatever is asked for.
    assert {kind for kind, held in boxes.items() if "disabled" in held} == (set() if status == "ok" else {"foreign"})
    assert len(page.all("div", "note")) == (2 if status == "ok" else 1)
    assert (STATUSES[status] in page.one("section", "outcome")[1]) == (status != "ok")


# --- what is flagged, above the text ----------------------------------------------------------------------------------------


def lines_of(page: Page) -> list[tuple[str | None, str | None, str]]:
    """Of each line of the list, where it leads to, how it is drawn, and what it says."""
    return [(held["href"], held["class"], text) for held, text in page.all("a") if "tabindex" not in held]


def test_what_is_flagged_is_listed_with_kind_score_and_first_words_the_strongest_first(hand_model: Model) -> None:
    report = report_of([*RIVER, PHONE, NEWSLETTER, "b"], [*[KEPT] * 5, FOREIGN, FURNITURE, FOREIGN], model=hand_model)
    report = replace(report, scores=np.array([*[0.0] * 5, 0.91, 0.977, 0.91]))
    page = Page(report.to_html())
    assert lines_of(page) == [
        ("#p7", "furniture strong", f"0.98 furniture {NEWSLETTER}"),
        ("#p6", "foreign strong", f"0.91 foreign {PHONE}"),  # of equals, the first first
        ("#p8", "foreign strong", "0.91 foreign b"),
    ]
    assert "hidden" not in page.one("nav", "list")[0]
    # Right under the outcome, and before all that can be set.
    order = [held.get("id") or tag for tag, held in page.elements]
    assert order.index("sum") + 1 == order.index("list") < order.index("tolerance")


def test_the_lines_are_as_strong_as_the_marks_they_lead_to(hand_model: Model) -> None:
    report = scored([0.06, 0.3, 0.6, 0.9], [FOREIGN] * 4, model=suspicious(hand_model)).at(0.1)
    drawn = [drawn for _, drawn, _ in lines_of(Page(report.to_html()))]
    assert drawn == ["foreign strong", "foreign fair", "foreign weak", "foreign faint"]


@pytest.mark.parametrize("flagged", [0, 1, 5, 6, 7, 20])
def test_of_many_flags_all_but_the_strongest_five_are_folded_up(hand_model: Model, flagged: int) -> None:
    scores = [0.01, *np.linspace(0.91, 0.99, flagged)]
    page = Page(scored(scores, [KEPT, *[FOREIGN] * flagged], model=hand_model).to_html())
    assert [where for where, _, _ in lines_of(page)] == [f"#p{i}" for i in range(flagged + 1, 1, -1)]
    assert ("hidden" in page.one("nav", "list")[0]) == (flagged == 0)
    folded, said = page.one("details")
    # A sixth takes no more room than the line that would stand for it.
    assert ("hidden" in folded) == (flagged <= 6)
    if flagged > 6:
        assert page.one("summary")[1] == f"and {flagged - 5} more"
        assert said.count(" foreign ") == flagged - 5


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  A headline\r\n\tand\u2028more\xa0\u3000 ", "A headline and more"),
        ("\x1b[31mred\x07 \u202eevil\u2069\x00 end\x85", "[31mred evil end"),
        ("a" * 120, "a" * 120),
        ("a" * 121, "a" * 119 + "…"),
        ("a" * 118 + " bc", "a" * 118 + "…"),
        ("\U0001f600" * 121, "\U0001f600" * 119 + "…"),
        ("\ufeff \n", ""),
        ("نهر", "نهر"),
    ],
)
def test_a_line_is_one_line_and_holds_nothing_that_is_obeyed(hand_model: Model, text: str, line: str) -> None:
    page = Page(report_of(["a", text], [KEPT, FOREIGN], model=hand_model).to_html())
    ((_, _, said),) = lines_of(page)
    assert said == f"1.00 foreign {line}"
    assert page.all("span")[1][0] == {"lang": "", "dir": "auto"}


@given(paragraphs)
def test_a_line_begins_as_its_paragraph_does(text: str) -> None:
    ((_, _, said),) = lines_of(Page(report_of([text], [FURNITURE], model=HAND_MADE).to_html()))
    line = said.removeprefix("1.00 furniture ")
    assert len(line) <= 120
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line)
    letters, begun = ([character for character in each if character.isalnum()] for each in (text, line))
    assert letters[: len(begun)] == begun
    assert begun or not letters


# --- the slider -------------------------------------------------------------------------------------------------------------


def steps(page: Page) -> dict[float, float]:
    return {float(str(held["data-rate"])): float(str(held["data-threshold"])) for held, _ in page.all("option")}


@pytest.mark.parametrize("rate", [0.002, 0.0001, 0.2, 0.0123])
def test_the_slider_goes_over_the_calibrated_tolerances_and_starts_at_the_reports_own(rate: float) -> None:
    report = syria().at(rate)
    page = Page(report.to_html())
    held = steps(page)
    rates = list(held)
    assert (rates[0], rates[-1]) == (0.0001, 0.2)
    assert rates == sorted(rates)
    assert {0.0001, 0.001, 0.002, 0.01, 0.1, 0.2} <= set(rates)
    # Evenly on a logarithmic scale, but for where the report's own comes between.
    assert max(np.diff(np.log(rates))) < 0.3
    assert len(rates) < 40
    assert all(threshold == report.at(each).threshold for each, threshold in held.items())
    (slider,) = (held for held, _ in page.all("input") if held["type"] == "range")
    assert (slider["min"], slider["max"], slider["step"]) == ("0", str(len(rates) - 1), "1")
    assert rates[int(str(slider["value"]))] == rate


@pytest.mark.parametrize("rates", [(0.001, 0.01, 0.1), (1e-6, 0.01, 0.9), (0.01, 0.0105, 0.011), (0.3, 0.4, 0.5)])
def test_the_slider_stays_within_what_the_model_is_calibrated_for(hand_model: Model, rates: tuple[float, ...]) -> None:
    calibration = replace(hand_model.scorer.calibration, rates=np.array(rates))
    model = replace(hand_model, scorer=replace(hand_model.scorer, calibration=calibration))
    report = replace(report_of(["a"], model=model), false_alarms=rates[1])
    held = tolerances(report)
    assert rates[1] in held
    assert all(max(rates[0], 0.0001) <= rate <= min(rates[-1], 0.2) for rate in held if rate != rates[1])
    assert steps(Page(report.to_html())) == held


def test_a_tolerance_is_told_in_words() -> None:
    page = Page(syria().to_html())
    told = [str(held["label"]) for held, _ in page.all("option")]
    assert (told[0], told[-1]) == ("0.01 %, about 1 in 10,000", "20 %, about 1 in 5")
    assert "0.2 %, about 1 in 500" in told
    (slider,) = (held for held, _ in page.all("input") if held["type"] == "range")
    assert slider["aria-valuetext"] == "0.2 %, about 1 in 500"


def test_without_a_script_nothing_is_shown_that_needs_one(hand_model: Model) -> None:
    page = Page(report_of(["a", "b"], model=hand_model).to_html())
    assert all("hidden" in held for tag in ("div", "label") for held, _ in page.all(tag, "scripted"))
    assert len(page.all("label", "scripted")) == 2


# --- the map ----------------------------------------------------------------------------------------------------------------


def test_the_map_of_the_scores_has_a_link_a_paragraph() -> None:
    assert not Page(scored([0.95]).to_html()).all("nav", "map")
    scores = [0.01] * LONG + [0.95]
    page = Page(scored(scores, [*[KEPT] * LONG, FOREIGN]).to_html())
    links = page.all("a")[1 : LONG + 2]  # the first is that of the list
    assert [held["href"] for held, _ in links] == [f"#{held['id']}" for held, _ in page.all("div", "row")]
    assert (links[-1][0]["class"], links[-1][1]) == ("foreign flagged", "Paragraph 41, score 0.95")
    # From mark to mark with the Tab key, not through every paragraph.
    assert [held["tabindex"] for held, _ in links] == [*["-1"] * LONG, "0"]


def test_the_hint_where_reasons_are_is_given_where_there_is_one(hand_model: Model) -> None:
    for verdict in (KEPT, FOREIGN):
        held, _ = Page(report_of(["a", "b"], [KEPT, verdict], model=hand_model).to_html()).one("div", "hint")
        assert ("hidden" in held) == (verdict == KEPT)


def test_a_long_article_has_a_map_of_how_alike_its_paragraphs_are(hand_model: Model) -> None:
    river, phone = "the river boat", "the phone screen"
    article = [river] * LONG + [phone]
    assert not Page(report_of(article[1:], model=hand_model).to_html()).all("details", "alike")
    page = Page(report_of(article, [*[KEPT] * LONG, FOREIGN], model=hand_model).to_html())
    assert page.one("image")[0]["height"] == "41"
    greys = picture(str(page.one("image")[0]["href"]))
    # White for what is about the same, black for what is not.
    assert greys.shape == (41, 41)
    assert (greys[:LONG, :LONG] == 15).all()
    assert (greys[LONG, :LONG] == 0).all()
    assert greys[LONG, LONG] == 15
    assert (page.one("path")[0]["class"], page.one("path")[0]["data-row"]) == ("foreign flagged", "p41")
    assert [held["href"] for held, _ in page.all("a")[LONG + 2 :]] == [f"#p{i + 1}" for i in range(LONG + 1)]


def test_the_map_of_a_very_long_article_shows_stretches_and_stays_small(hand_model: Model) -> None:
    html = report_of(["the river boat", "the phone screen"] * 500, model=hand_model).to_html()
    page = Page(html)
    greys = picture(str(page.one("image")[0]["href"]))
    assert greys.shape == (200, 200)
    assert len(str(page.one("image")[0]["href"])) < 30_000
    # A click leads to the first of five paragraphs.
    assert [held["href"] for held, _ in page.all("a")[1000:1003]] == ["#p1", "#p6", "#p11"]


def picture(address: str) -> np.ndarray:
    """The greys of a PNG without filters, 4 bits each, ndarray (h, w)."""
    png = b64decode(address.removeprefix("data:image/png;base64,"), validate=True)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, *rest = struct.unpack(">IIBBBBB", png[16:29])
    assert rest == [4, 0, 0, 0, 0]
    chunks, at = {}, 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size]) == (zlib.crc32(name + data),)
        chunks[name], at = data, at + 12 + size
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert (lines[:, 0] == 0).all()
    return np.stack((lines[:, 1:] >> 4, lines[:, 1:] & 15), axis=-1).reshape(height, -1)[:, :width]


# --- its size, and what it takes --------------------------------------------------------------------------------------------


def test_the_page_of_the_syria_article_marks_the_intruder_and_is_small() -> None:
    html = syria().to_html()
    page = Page(html)
    (row,) = page.all("div", "flagged")
    assert "AirPods" in row[1]
    assert "“AirPods”" in page.one("div", "note")[1]
    assert len(html.encode("utf-8")) < 150_000


def test_the_page_of_a_long_article_that_is_suspect_throughout_comes_in_linear_time(hand_model: Model) -> None:
    plain = "the and was of in on for that with it"
    article = [f"{plain} w{i}x w{i}y {plain}{' river boat' * (i >= 9_990)}" for i in range(10_000)]
    report = report_of(article, [FOREIGN] * len(article), model=hand_model)
    began = time.perf_counter()
    html = report.to_html()
    assert time.perf_counter() - began < 8  # in square time it took a quarter of a minute
    assert html.count("which is about “river”") == len(article)


# --- elsewhere --------------------------------------------------------------------------------------------------------------


def test_a_notebook_shows_a_fragment_without_script_that_clashes_with_no_other(hand_model: Model) -> None:
    report = report_of(["a one", "b two"], [FOREIGN, KEPT], model=hand_model, title="T")
    shown = report._repr_html_()
    assert shown == fragment(report)
    page = Page(shown)
    assert {tag for tag, _ in page.elements} == {"style", "article", "h1", "small", "strong", "br", "p", "mark"}
    assert not [held for _, held in page.elements if held.keys() - {"class", "dir"}]
    assert all(rule.startswith(".offtopic ") for rule in page.one("style")[1].strip().splitlines())
    assert "1 of 2 paragraphs flagged: 1 foreign. False alarms allowed: 1 %, about 1 in 100." in shown
    assert shown.count('class="flagged foreign strong"') == 1
    assert [text for _, text in page.all("p", "flagged")] == [f"foreign, 0.999: {report.paragraphs[0].reason}a one"]
    assert page.one("mark")[1] == "a one"  # a reader who sees no style sees this one marked


@pytest.mark.parametrize("told", [KEPT, FOREIGN])
def test_the_fragment_escapes_all_that_comes_from_the_article(hand_model: Model, told: str) -> None:
    page = Page(fragment(report_of(NASTY, [told] * len(NASTY), model=hand_model, title=NASTY[0])))
    assert {tag for tag, _ in page.elements} <= {"style", "article", "h1", "small", "strong", "br", "p", "mark"}
    assert all(shown.endswith(text) for shown, text in zip(page.paragraphs, NASTY, strict=True))
    assert page.one("h1")[1] == NASTY[0]


def test_the_page_of_an_empty_report_says_so(hand_model: Model) -> None:
    page = Page(report_of([], model=hand_model, status="empty").to_html())
    assert STATUSES["empty"] in page.one("section", "outcome")[1]
    assert page.one("div", "sum")[1] == "0 of 0 paragraphs flagged."
    assert not [tag for tag in ("input", "nav", "a") if page.all(tag)]
