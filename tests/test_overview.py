"""Overview: sums, lists of flags and a page of bounded weight, whatever the number of the articles and their order."""

from __future__ import annotations

import base64
import json
import pickle
import random
import re
import tracemalloc
import zlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from conftest import NEWSLETTER, PHONE, RIVER, hand_made, spelt
from hypothesis import given
from hypothesis import strategies as st
from strategies import paragraphs, titles
from test_page import NASTY, Page
from test_report import FOREIGN, FURNITURE, KEPT, report_of

from detector import InputError, Model, OffTopicDetector, Overview, Report
from detector.overview_page import WEIGHT

SHOWN = ("style", "article", "p", "strong", "svg", "line", "text", "g", "title", "rect", "ol", "li", "span", "br", "small")
HAND_MADE = hand_made()  # flags what scores above 0.9, at false_alarms=0.01


def report(scores: Sequence[float], words: str = "zork", kind: str = FOREIGN, **options: Any) -> Report:
    """A report of as many paragraphs with these scores, each with words of its own."""
    held = [f"{words} {spelt(i)}" for i in range(len(scores))]
    made = report_of(held, [kind] * len(held), model=HAND_MADE, **options)
    return replace(made, scores=np.array(scores, float))


def mixed(count: int, seed: int = 0) -> dict[str, Report]:
    """Reports by name: a third with flags, which are furniture in a few; no two paragraphs and no two scores are the same."""
    rng = np.random.default_rng(seed)
    made = {}
    for number in range(count):
        scores = rng.random(4) * 0.8
        if number % 3 == 0:
            scores[: rng.integers(1, 4)] = 0.9 + 0.1 * rng.random()
            scores += np.arange(4) * 1e-6
        kind = FURNITURE if number % 12 == 0 else FOREIGN
        made[f"article {number}"] = report(scores, f"{spelt(number)} is said of", kind, title=f"Title {number}")
    return made


def overview_of(reports: dict[str, Report]) -> Overview:
    overview = Overview()
    for name, each in reports.items():
        overview.add(each, name)
    return overview


class Sheet(Page):
    """An overview's page, with what lies packed in it."""

    def __init__(self, html: str) -> None:
        super().__init__(html)
        (index,) = (text for held, text in self.all("script") if held.get("id") == "index")
        names = "number name heading titled paragraphs foreign furniture share highest status threshold block place whole"
        self.rows = [dict(zip(names.split(), row, strict=True)) for row in _unpacked(index)["rows"]]
        self._blocks = [_unpacked(text) for _, text in self.all("script", "block")]

    def article(self, name: str) -> list[list[Any]] | None:
        """The paragraphs of an article that are in the page; None if it is not there."""
        (row,) = (row for row in self.rows if row["name"] == name)
        return None if row["block"] < 0 else self._blocks[row["block"]][row["place"]]

    @property
    def whole(self) -> list[str]:
        """The names of the articles that are there whole, in the order of the table."""
        return [row["name"] for row in self.rows if row["whole"]]

    def listed(self, name: str) -> list[tuple[str, str]]:
        """The addresses and the beginnings of the flags of a list, "most" or "least"."""
        links = [
            (str(held["href"]), text) for held, text in self.all("a") if re.fullmatch(r"#a\d+p\d+", held.get("href") or "")
        ]
        half = len(links) // 2  # both lists are as long
        return links[:half] if name == "most" else links[half:]


def _unpacked(text: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(text), -15))


# --- sums -------------------------------------------------------------------------------------------------------------------


def test_sums_are_those_of_the_reports_together(hand_model: Model) -> None:
    overview = Overview()
    overview.add(report_of([*RIVER, PHONE, NEWSLETTER], [*[KEPT] * 5, FOREIGN, FURNITURE], model=hand_model), "one")
    overview.add(report_of(list(RIVER), model=hand_model), "two")
    overview.add(report_of([PHONE, NEWSLETTER], [FOREIGN, FURNITURE], model=hand_model, status="too_short"), "three")
    tally = overview.tally
    assert (tally.articles, tally.paragraphs, tally.flagged, tally.touched) == (3, 14, 3, 2)
    assert tally.statuses == {"ok": 2, "too_short": 1}
    assert repr(overview) == "Overview(3 articles, 14 paragraphs, 3 flagged in 2 articles)"
    page = Page(overview.to_html())
    assert page.all("h1")[0][1] == "3 articles"
    share = (len(PHONE) + 2 * len(NEWSLETTER)) / (2 * sum(map(len, RIVER)) + 2 * len(PHONE) + 2 * len(NEWSLETTER))
    assert page.one("p", "sums")[1] == (
        f"3 of 14 paragraphs flagged: 1 foreign, 2 furniture. That is {100 * share:.2f}\u00a0% of the text, in 2 articles."
    )
    html = overview.to_html()
    assert "False alarms allowed: 1 %, about 1 in 100. Flagged is what scores above 0.900." in html
    assert "<li>1 article: Fewer than three paragraphs" in html
    assert re.search(r"<b>1</b> <span>foreign</span> Rare words of it stand nowhere else in the article\.", html)
    assert re.search(r"<b>2</b> <span>furniture</span> It is worded like a part of the page\.", html)


def test_scores_are_counted_in_steps_of_two_hundredths_by_kind() -> None:
    overview = Overview()
    overview.add(report([0.0, 0.0199, 0.02, 0.5, 0.91, 0.919, 1.0]))
    overview.add(report([0.95, 0.1], kind=FURNITURE))
    counted = {(i, j): int(count) for (i, j), count in np.ndenumerate(overview.scores) if count}
    assert counted == {(0, 0): 2, (1, 0): 1, (5, 0): 1, (25, 0): 1, (45, 1): 2, (47, 2): 1, (49, 1): 1}
    page = Page(overview.to_html())
    bars = page.all("svg", "histogram")
    assert bars[0][0]["aria-label"] == "Distribution of the scores: 2 paragraphs below 0.02, 4 paragraphs flagged."
    assert [text for _, text in page.all("title")][1:] == [
        "0.00 to 0.02: 2 paragraphs",
        "0.02 to 0.04: 1 paragraph",
        "0.10 to 0.12: 1 paragraph",
        "0.50 to 0.52: 1 paragraph",
        "0.90 to 0.92: 2 paragraphs",
        "0.94 to 0.96: 1 paragraph",
        "0.98 to 1.00: 1 paragraph",
    ]
    # The same in words: ten rows.
    cells = [text for held, text in page.all("td")]
    assert cells[:3] == ["3", "0", "0"]
    assert cells[-3:] == ["4", "3", "1"]
    assert "0.9 to 1.0" in [text for held, text in page.all("th")]


def test_what_is_listed_as_flagged_scores_above_the_threshold_that_is_told() -> None:
    near = report([0.9004, 0.1])
    html = overview_of({"near": near}).to_html()
    listed = re.findall(r'<span class="score">([\d.]+)</span>', html)
    (told,) = re.findall(r"Flagged is what scores above ([\d.]+)\.<", html)
    assert listed == ["0.900"] * 2
    assert all(float(score) >= float(told) for score in listed)  # 0.8383 and 0.8382 once were 0.838 above 0.84


def test_a_headline_that_is_the_first_paragraph_is_told_from_the_text_where_there_is_no_title() -> None:
    overview = overview_of({"a.txt": report_of(["The river", "It rose.", "It fell."], model=HAND_MADE)})
    (entry,) = overview.entries()
    assert (entry.heading, entry.titled) == ("The river · It rose. · It fell.", False)


def test_of_reports_at_several_tolerances_the_span_is_told() -> None:
    overview = Overview()
    for rate in (0.01, 0.1, 0.001):
        overview.add(report([0.3]).at(rate))
    assert (overview.rates, overview.thresholds) == ((0.001, 0.1), (0.5, 0.99))
    html = overview.to_html()
    assert (
        "False alarms allowed: 0.1 %, about 1 in 1,000 to 10 %, about 1 in 10. Flagged is what scores above 0.500 to 0.990."
        in html
    )
    assert 'class="level" x1="50%"' in html
    assert 'class="level" x1="99%"' in html


def test_an_overview_of_nothing_has_a_page_too() -> None:
    overview = Overview()
    page = Sheet(overview.to_html())
    assert page.one("p", "sums")[1] == "None of 0 paragraphs flagged."
    assert not page.rows
    assert "0 articles" in overview._repr_html_()
    overview.add(report([], status="empty"), "blank")
    page = Sheet(overview.to_html())
    assert not page.all("svg", "histogram")
    assert [row["name"] for row in page.rows] == ["blank"]
    assert page.article("blank") == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("text",), "add takes the Report on an article, got str"),
        ((None, "a"), "add takes the Report on an article, got NoneType"),
        ((report([0.1]), 7), "the name of an article is a str, got int"),
    ],
)
def test_what_is_no_report_or_no_name_is_refused(arguments: tuple[Any, ...], told: str) -> None:
    overview = Overview()
    with pytest.raises(InputError, match=told):
        overview.add(*arguments)
    assert overview.tally.articles == 0


# --- the most and the least certain -----------------------------------------------------------------------------------------


def test_most_certain_are_the_highest_scores_and_least_certain_those_nearest_above_their_threshold() -> None:
    overview = Overview()
    overview.add(report([0.95, 0.2, 0.91], "first"), "a")
    overview.add(report([0.93, 0.999], "second", FURNITURE), "b")
    overview.add(report([0.52, 0.3], "third").at(0.1), "c")  # its threshold is 0.5
    assert [(flag.entry.name, flag.place) for flag in overview.most_certain()] == [
        ("b", 1),
        ("a", 0),
        ("b", 0),
        ("a", 2),
        ("c", 0),
    ]
    # By 0.01, 0.02, 0.03, 0.05 and 0.099.
    assert [(flag.entry.name, flag.place) for flag in overview.least_certain()] == [
        ("a", 2),
        ("c", 0),
        ("b", 0),
        ("a", 0),
        ("b", 1),
    ]
    page = Sheet(overview.to_html())
    assert page.listed("most") == [
        ("#a2p2", "second b"),
        ("#a1p1", "first a"),
        ("#a2p1", "second a"),
        ("#a1p3", "first c"),
        ("#a3p1", "third a"),
    ]
    assert [held["class"] for held, _ in page.all("li", "flag")][:2] == ["flag furniture", "flag foreign"]
    assert [text for _, text in page.all("span", "score")][:5] == ["0.999", "0.950", "0.930", "0.910", "0.520"]


def test_each_list_has_a_hundred_flags_at_most_and_each_with_its_reason_and_its_article() -> None:
    reports = mixed(400)
    overview = overview_of(reports)
    flags = sorted(
        ((float(each.scores[i]), name, i) for name, each in reports.items() for i in np.flatnonzero(each.flags).tolist()),
        reverse=True,
    )
    assert len(flags) > 250
    assert [(float(f.entry.report.scores[f.place]), f.entry.name, f.place) for f in overview.most_certain()] == flags[:100]
    assert [(f.entry.name, f.place) for f in overview.least_certain()] == [each[1:] for each in flags[:-101:-1]]
    page = Page(overview.to_html())
    why = [text for _, text in page.all("p", "why")]
    for (_, name, place), told in zip(flags[:100], why[:100], strict=True):
        paragraph = reports[name].paragraphs[place]
        assert told == f"{paragraph.kind} {paragraph.reason}"
    where = [text for _, text in page.all("p", "of")]
    assert where[:100] == [f"{reports[name].title} · {name}" for _, name, _ in flags[:100]]


def test_the_same_paragraph_is_listed_once_while_there_are_others() -> None:
    overview = Overview()
    for number in range(300):
        overview.add(report([0.99, 0.1], "the same of all"), f"same {number:03}")
    assert len(overview.most_certain()) == 100  # there is nothing else
    for number in range(150):
        overview.add(report([0.91 + number / 10_000], f"other {spelt(number)}"), f"other {number:03}")
    listed = [flag.entry.name for flag in overview.most_certain()]
    assert listed == ["same 000", *(f"other {number:03}" for number in range(149, 50, -1))]
    assert [flag.entry.name for flag in overview.least_certain()] == [f"other {number:03}" for number in range(100)]


# --- what is kept -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for little: lists of 5 flags, 20 rows, and the texts of some articles."""
    monkeypatch.setattr("detector.overview._LISTED", 5)
    monkeypatch.setattr("detector.overview._ROWS", 20)
    monkeypatch.setattr("detector.overview._HELD", 400)
    monkeypatch.setattr("detector.entries._BLOCK", 300)


def test_the_order_in_which_articles_come_decides_nothing(tight: None) -> None:
    reports = mixed(200)
    told = set()
    for seed in range(5):
        names = list(reports)
        random.Random(seed).shuffle(names)
        overview = overview_of({name: reports[name] for name in names})
        page = Sheet(overview.to_html())
        lists = tuple(
            tuple((flag.entry.name, flag.place) for flag in flags)
            for flags in (overview.most_certain(), overview.least_certain())
        )
        kept = tuple((row["name"], row["whole"], json.dumps(page.article(row["name"]))) for row in page.rows)
        # Numbers tell in which order articles came, and nothing else does.
        told.add((lists, kept, re.sub(r"#a\d+p", "#ap", overview.to_html().split('<script type="text/plain"')[0])))
    assert len(told) == 1


def test_rows_are_those_of_the_lists_then_the_flagged_then_the_others_by_score(tight: None) -> None:
    reports = mixed(45)  # of them 15 with flags
    overview = overview_of(reports)
    page = Sheet(overview.to_html())
    listed = {flag.entry.name for flag in (*overview.most_certain(), *overview.least_certain())}

    def rank(name: str) -> tuple[float, float]:
        each = reports[name]
        return -float(each.scores[each.flags].max(initial=-1)), -float(each.scores.max())

    ranked = sorted(reports, key=rank)
    assert [row["name"] for row in page.rows] == [
        *(name for name in ranked if name in listed),
        *(name for name in ranked[:20] if name not in listed),
    ]
    held = page.whole
    assert len(listed) < len(held) < 20
    assert [row["name"] for row in page.rows][: len(held)] == held
    assert (
        f"{len(page.rows)} of the 45 articles that were read: those of the flags above, then"
        in page.one("section", "articles")[1]
    )
    assert f"The page holds {len(held)} of them whole" in page.one("section", "articles")[1]


def test_of_an_article_there_is_all_or_what_is_flagged(tight: None) -> None:
    reports = mixed(60)
    page = Sheet(overview_of(reports).to_html())
    seen = set()
    for row in page.rows:
        each = reports[row["name"]]
        expected: list[list[Any]] = [
            [i, p.text, round(p.score, 3), *([p.kind, p.reason] if p.is_off_topic else [])]
            for i, p in enumerate(each.paragraphs)
        ]
        held = page.article(row["name"])
        assert held == (expected if row["whole"] else [each for each in expected if len(each) > 3] or None)
        seen.add((row["whole"], held is not None))
        assert (row["paragraphs"], row["foreign"] + row["furniture"]) == (4, int(each.flags.sum()))
        assert row["highest"] == pytest.approx(each.scores.max(), abs=1e-4)
        assert row["heading"] == each.title
    assert seen == {(1, True), (0, True)}


def test_memory_is_bounded_however_many_articles_come(tight: None) -> None:
    overview = Overview()
    sizes = []
    tracemalloc.start()
    try:
        for turn in range(4):
            for name, each in mixed(600, seed=turn).items():
                overview.add(each, f"{turn} {name}")
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert overview.tally.articles == 2400
    assert sizes[-1] < sizes[1] + 60_000  # 1,200 articles more take 4 MB where all are held
    overview.to_html()


@pytest.mark.parametrize("held", [400, 10**9], ids=["texts", "rows"])
def test_memory_is_bounded_where_each_article_is_duller_than_the_one_before(
    tight: None, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr("detector.overview._HELD", held)
    overview = Overview()
    sizes = np.zeros(3000, np.int64)
    tracemalloc.start()
    try:
        for number in range(3000):
            overview.add(report([0.8 - number / 10_000, 0.1], spelt(number)), f"article {number}")
            sizes[number] = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert sizes[1000:].max() < sizes[:1000].max() + 20_000  # 2,000 rows take a megabyte
    assert [entry.number for entry in overview.entries()] == list(range(1, 21))


def test_what_is_kept_of_a_report_keeps_no_arrays_of_others() -> None:
    reports = list(OffTopicDetector(model=HAND_MADE).check_many([[*RIVER, PHONE]] * 3))
    assert reports[0].scores.base is not None
    (kept, *_) = (flag.entry.report for flag in overview_of(dict(zip("abc", reports, strict=True))).most_certain())
    assert kept is not None
    for name in ("starts", "ends", "scores", "furniture"):
        assert getattr(kept, name).base is None
        np.testing.assert_array_equal(getattr(kept, name), getattr(reports[0], name))
    assert kept.text == reports[0].text


def test_an_article_that_cannot_come_into_the_page_is_not_packed(tight: None, monkeypatch: pytest.MonkeyPatch) -> None:
    overview = overview_of(mixed(200))
    made: list[str] = []
    monkeypatch.setattr("detector.overview.Entry", lambda report, name, *_: made.append(name))
    overview.add(report([0.5, 0.1]), "dull")
    assert made == []
    assert overview.tally.articles == 201


@pytest.mark.parametrize("weight", [120_000, 160_000, 400_000])
def test_the_page_weighs_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch, weight: int) -> None:
    monkeypatch.setattr("detector.overview_page.WEIGHT", weight)
    monkeypatch.setattr("detector.entries._BLOCK", 10_000)
    overview = Overview()
    rng = np.random.default_rng(0)
    for number in range(300):
        letters = "".join(map(chr, rng.integers(0x4E00, 0x9FFF, 900).tolist()))
        each = report_of(
            [letters[:300], letters[300:600], letters[600:]], [KEPT, FOREIGN if number < 5 else KEPT, KEPT], model=HAND_MADE
        )
        overview.add(each, f"{letters[:5]} {number}")
    html = overview.to_html()
    assert 0.8 * min(weight, 300_000) < len(html.encode("utf-8")) <= weight
    assert 0 < len(Sheet(html).whole) < 300


def test_names_and_titles_at_their_longest_do_not_make_the_page_heavier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.overview_page.WEIGHT", 200_000)
    overview = Overview()
    rng = np.random.default_rng(0)
    for number in range(300):
        letters = "".join(map(chr, rng.integers(0x4E00, 0x9FFF, 2000).tolist()))
        overview.add(report([0.1, 0.95 if number < 3 else 0.2], letters[:9], title=letters), f"{number} {letters}")
    html = overview.to_html()
    assert len(html.encode("utf-8")) <= 200_000
    page = Sheet(html)
    assert 3 < len(page.rows) < 300
    assert all(len(row["name"]) == len(row["heading"]) == 300 for row in page.rows)
    assert {flag.entry.number for flag in overview.most_certain()} <= {row["number"] for row in page.rows}


def test_a_very_long_article_is_not_held_whole_but_what_is_listed_of_it_is() -> None:
    held = [f"the and was {spelt(i)} {'of in ' * 300}" for i in range(140)]
    long = report_of(held, [KEPT] * 100 + [FOREIGN] * 40, model=HAND_MADE)
    long.scores[139] = 1.0
    assert len(long.text) > 200_000
    overview = overview_of({"long": long, "short": report([0.1, 0.2])})
    page = Sheet(overview.to_html())
    assert page.whole == ["short"]
    kept = page.article("long")
    assert kept is not None
    assert kept[-1][0] == 139
    assert all(text == held[place][:999].rstrip() + "…" for place, text, *_ in kept)
    assert overview.most_certain()[0].place == 139


def test_two_thousand_articles_weigh_at_most_five_megabytes(two_thousand: Overview) -> None:
    html = two_thousand.to_html()
    assert len(html.encode("utf-8")) <= WEIGHT == 5_000_000
    page = Sheet(html)
    assert len(page.rows) == len(page.whole) == 2000
    assert len(page.all("li", "flag")) == 200


# --- the page ---------------------------------------------------------------------------------------------------------------


def test_the_page_escapes_all_that_comes_from_articles() -> None:
    pages = []
    for held in (NASTY, ["a"] * len(NASTY)):
        overview = Overview()
        for text in held:
            overview.add(
                report_of([f"{text} {i}" for i in range(3)], [FOREIGN, FURNITURE, KEPT], model=HAND_MADE, title=text), text
            )
        pages.append(Sheet(overview.to_html()))
    nasty, plain = pages
    assert [element for element in nasty.elements if element[0] != "a"] == [
        element for element in plain.elements if element[0] != "a"
    ]
    assert {text for _, text in nasty.listed("most")} == {f"{text} {i}" for text in NASTY for i in range(2)}
    assert {row["heading"] for row in nasty.rows} == {row["name"] for row in nasty.rows} == set(NASTY)
    assert nasty.article(NASTY[0])[2][1] == f"{NASTY[0]} 2"  # type: ignore[index]
    fragment = Page(
        overview_of({text: report_of([text], [FOREIGN], model=HAND_MADE, title=text) for text in NASTY})._repr_html_()
    )
    assert {tag for tag, _ in fragment.elements} <= {*SHOWN}


@given(st.lists(st.tuples(st.lists(paragraphs, max_size=4), titles, st.text(max_size=8)), max_size=4))
def test_the_page_holds_every_text_title_and_name_as_it_is(held: list[tuple[list[str], str | None, str]]) -> None:
    overview = Overview()
    for texts, title, name in held:
        overview.add(report_of(texts, [FURNITURE] * len(texts), model=HAND_MADE, title=title), name)
    page = Sheet(overview.to_html())
    rows = sorted(page.rows, key=lambda row: row["number"])
    assert [row["name"] for row in rows] == [name or f"Article {number}" for number, (_, _, name) in enumerate(held, 1)]
    assert [row["heading"] for row in rows if row["titled"]] == [title for _, title, _ in held if title]
    for row, (texts, _, _) in zip(rows, held, strict=True):
        assert [each[1] for each in page._blocks[row["block"]][row["place"]]] == texts


def test_the_policy_lets_the_pages_own_style_and_script_run_and_nothing_else() -> None:
    html = overview_of(mixed(20)).to_html()
    page = Page(html)
    (policy,) = (held["content"] for held, _ in page.all("meta") if "http-equiv" in held)
    (script,) = (text for held, text in page.all("script") if "type" not in held)
    for name, text in (("style-src", page.one("style")[1]), ("script-src", script)):
        digest = b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii")
        assert f"{name} 'sha256-{digest}'" in str(policy)
    assert str(policy).startswith("default-src 'none'; ")
    assert {held["type"] for held, _ in page.all("script") if "type" in held} == {"text/plain"}
    names = {name for _, held in page.elements for name in held}
    assert not [name for name in names if name == "style" or name.startswith("on")]
    assert not re.search(r"https?:(?!//www\.w3\.org/2000/svg)|url\(|@import|src=|fetch\(|XMLHttp|innerHTML|eval\(", html)
    assert all(str(held["href"]).startswith("#") for tag in ("a", "use") for held, _ in page.all(tag) if "href" in held)


def test_without_a_script_sums_scores_and_both_lists_are_there_and_what_is_not_is_told() -> None:
    html = overview_of(mixed(60)).to_html()
    page = Page(html)
    assert page.one("noscript")[1] == "The table of articles, and the articles themselves, need JavaScript."
    assert all("hidden" in held for tag in ("section", "a") for held, _ in page.all(tag, "scripted"))
    assert len(page.all("section", "scripted")) == len(page.all("a", "scripted")) == 1
    assert [held["id"] for held, _ in page.all("div") if "hidden" in held and "id" in held] == ["article"]
    assert not [held for held, _ in page.all("section", "flags") if "hidden" in held]
    folded = page.all("details")
    assert all("hidden" not in held for held, _ in folded)
    ids = [held["id"] for _, held in page.elements if "id" in held]
    assert len(ids) == len(set(ids))


def test_the_same_reports_give_the_same_page() -> None:
    first, second = (overview_of(mixed(50)).to_html() for _ in range(2))
    assert first == second
    overview = overview_of(mixed(50))
    assert overview.to_html() == overview.to_html() == first
    overview.add(report([0.97]), "one more")
    assert "51 articles" in overview.to_html()


def test_an_overview_goes_on_in_another_process() -> None:
    reports = mixed(60)
    overview = overview_of(dict(list(reports.items())[:30]))
    taken_up = pickle.loads(pickle.dumps(overview))
    for name in list(reports)[30:]:
        taken_up.add(reports[name], name)
    assert taken_up.to_html() == overview_of(reports).to_html()


def test_half_a_surrogate_pair_is_no_error() -> None:
    overview = overview_of({"\ud83d": report_of(["a \ud83d b", "c"], [FOREIGN, KEPT], model=HAND_MADE, title="\ude00")})
    html = overview.to_html().encode("utf-8", "xmlcharrefreplace").decode("utf-8")
    assert Sheet(html).rows[0]["name"] == "\ud83d"
    assert Sheet(html).article("\ud83d")[0][1] == "a \ud83d b"  # type: ignore[index]


# --- elsewhere --------------------------------------------------------------------------------------------------------------


def test_a_notebook_shows_the_sums_the_scores_and_ten_flags_without_a_script() -> None:
    overview = overview_of(mixed(60))
    page = Page(overview._repr_html_())
    assert {tag for tag, _ in page.elements} == {*SHOWN}
    assert all(rule.startswith(".offtopic-overview") for rule in page.one("style")[1].strip().splitlines())
    assert not [held for _, held in page.elements if "id" in held or "style" in held]
    assert len(page.all("li")) == 10
    best = overview.most_certain()[0]
    paragraph = best.entry.report.paragraphs[best.place]
    assert page.all("li")[0][1] == (
        f"{paragraph.text}{paragraph.kind}, {paragraph.score:.3f}: {paragraph.reason}"
        f"{best.entry.heading} · {best.entry.name}, paragraph {best.place + 1}"
    )
