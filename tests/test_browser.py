"""The page in a browser: Debian's Chromium opens it from disk, by the keyboard and the pointer, and asks nothing from anywhere.

Needs chromium, chromedriver and selenium; for the accessibility rules npm too, which brings axe-core.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import FIXTURES
from test_page import Page, lines_of, scored, syria
from test_report import FOREIGN, FURNITURE, KEPT, report_of

from detector import Model, OffTopicDetector, Report
from detector.page import tolerances

pytest.importorskip("selenium", reason="selenium is not installed")

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser import BROWSER, PAYLOADS, SEEN, Shown, axe_core, chromium, faults, page_in_chromium  # noqa: F401

pytestmark = BROWSER


@pytest.fixture(scope="module")
def article() -> Report:
    """The retold Syria article with an AirPod in it."""
    return syria()


def told_of(article: Report) -> str:
    """What the label of the AirPod says."""
    return f"foreign, {round(100 * article.scores.max())} % likely: about something else"


def crowded(flagged: int = 20) -> Report:
    """A report where as many paragraphs are flagged, every third as furniture."""
    report = long_article() if flagged > 15 else syria()
    count = len(report.scores)
    at = np.linspace(1, count - 1, flagged).astype(int)
    scores, furniture = np.zeros(count), np.zeros(count, np.bool_)
    scores[at] = np.linspace(0.85, 0.99, flagged)[np.argsort(at * 7 % flagged, kind="stable")]
    furniture[at[::3]] = True
    return replace(report, scores=scores, furniture=furniture)


def long_article() -> Report:
    """An article long enough for a map, put together of several."""
    names = ("syria-airpod", "near-topic-war", "syria-airpod-block", "syria-earbud-feature")
    held = [json.loads(FIXTURES.joinpath(f"{name}.json").read_text("utf-8")) for name in names]
    return OffTopicDetector().check(
        [paragraph["text"] for each in held for paragraph in each["paragraphs"]], "Syria, six weeks on"
    )


# --- at first sight ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_airpod_paragraph_is_marked_at_first_sight(shown: Shown, article: Report, scheme: str, width: int) -> None:
    shown.open(article.to_html(), scheme, width)
    assert shown.flags == article.flags.tolist()
    row = shown.find(".row.flagged")
    assert "AirPods" in row.text
    assert row.find_element(By.CSS_SELECTOR, ".label").text.lower() == told_of(syria())
    plain, marked = (
        self.value_of_css_property("background-color")
        for self in (shown.find(".row:not(.flagged) .body"), shown.find(".flagged .body"))
    )
    assert plain == "rgba(0, 0, 0, 0)"
    assert marked not in (plain, shown.find("body").value_of_css_property("background-color"))
    assert shown.find("#sum").text == "1 of 15 paragraphs flagged: 1 foreign."
    # Nothing sticks out: a phone need not scroll sideways.
    assert shown.run("return document.documentElement.scrollWidth <= innerWidth")
    assert not shown.complaints
    assert not shown.requests


def test_light_and_dark_are_what_the_reader_asks_for(shown: Shown, article: Report) -> None:
    lightness = {}
    for scheme in ("light", "dark"):
        shown.open(article.to_html(), scheme)
        lightness[scheme] = [
            sum(map(int, shown.run(f"return getComputedStyle(document.body).{what}.match(/\\d+/g).slice(0, 3)")))
            for what in ("backgroundColor", "color")
        ]
    assert lightness["light"][0] > 700 > 150 > lightness["light"][1]
    assert lightness["dark"][0] < 150 < 600 < lightness["dark"][1]


BOX = "return document.querySelector(arguments[0]).getBoundingClientRect()"
LISTED = """
return Array.from(document.querySelectorAll('.list a'), (link) =>
  [link.getAttribute('href'), link.className, link.textContent]);
"""


def listed(report: Report) -> list[list[str]]:
    """The list of what is flagged as it is without a script, which the script is to make too."""
    return [list(map(str, line)) for line in lines_of(Page(report.to_html()))]


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
@pytest.mark.parametrize("flagged", [1, 3, 20])
def test_what_is_flagged_is_told_on_the_first_screen(shown: Shown, width: int, height: int, flagged: int) -> None:
    report = syria() if flagged == 1 else crowded(flagged)
    shown.open(report.to_html(), width=width, height=height)
    assert shown.run("return scrollY") == 0
    links = [each for each in shown.driver.find_elements(By.CSS_SELECTOR, ".list a") if each.is_displayed()]
    assert len(links) == min(flagged, 5)
    for link in links:
        box = link.rect
        assert 0 < box["y"] < box["y"] + box["height"] < 0.75 * height
        assert 24 <= box["height"] < 40  # one line, and a finger hits it
        # Something of what it says can be read, and nothing lies over it.
        words = link.find_elements(By.CSS_SELECTOR, "span")[-1].rect
        assert words["width"] > 200
        assert shown.run(
            "return document.elementFromPoint(arguments[0], arguments[1]).closest('a') === arguments[2]",
            words["x"] + 20,
            words["y"] + words["height"] / 2,
            link,
        )
    assert shown.run("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_line_leads_to_its_paragraph_and_the_reason_shows(shown: Shown, article: Report, by: str, width: int) -> None:
    shown.open(article.to_html(), width=width)
    link = shown.find(".list a")
    for _ in range(2):  # the second time the address is the same
        if by == "pointer":
            link.click()
        else:
            link.send_keys(Keys.ENTER)
        shown.until("return document.activeElement.id === 'p8'")
        assert shown.seen
        # The panel that stays in sight covers neither the paragraph nor what it is labelled with.
        panel, label, text = (shown.run(BOX, each) for each in (".panel", ".row.flagged .label", ".row.flagged p"))
        assert panel["bottom"] <= label["top"] < 600
        assert panel["bottom"] <= text["top"]
        shown.run("scrollTo(0, 0)")


def test_the_list_is_the_same_with_the_script_and_without(shown: Shown, hand_model: Model) -> None:
    texts = [*PAYLOADS, "\x1b[31mred\x07 \u202eevil\u2069\x00 end\x85", "  a\r\n\tb\u2028c\xa0\u3000", "\ufeff", "نهر " * 60]
    texts += ["a" * 120, "a" * 121, "a" * 118 + " bc", *("\U0001f600" * count for count in (119, 120, 121, 240, 241, 300))]
    texts += ["a" + "\U0001f600" * 300]
    report = report_of(texts, [(FOREIGN, FURNITURE)[i % 2] for i in range(len(texts))], model=hand_model)
    for scores in (np.linspace(0.901, 0.999, len(texts)), np.full(len(texts), 0.995)):
        report = replace(report, scores=scores)
        shown.open(report.to_html())
        assert shown.run(LISTED) == listed(report)
        assert not shown.complaints


def test_what_is_folded_up_is_opened_by_the_keyboard_and_stays_open(shown: Shown) -> None:
    report = crowded()
    shown.open(report.to_html())
    more = shown.find(".list summary")
    assert more.text == "and 15 more"
    last = shown.driver.find_elements(By.CSS_SELECTOR, ".list a")[-1]
    assert not last.is_displayed()
    more.send_keys(Keys.ENTER)
    assert last.is_displayed()
    shown.find("#tolerance").send_keys(Keys.HOME, Keys.END)
    links = shown.driver.find_elements(By.CSS_SELECTOR, ".list a")
    assert len(links) == 20
    assert links[-1].is_displayed()
    links[-1].send_keys(Keys.ENTER)
    lowest = int(np.where(report.flags, report.scores, 1).argmin())
    assert shown.run("return document.activeElement.id") == f"p{lowest + 1}"


@pytest.mark.parametrize("rate", [0.002, 0.0001])
def test_the_slider_stays_under_the_pointer_while_the_list_grows_and_shrinks(shown: Shown, rate: float) -> None:
    shown.open(crowded().at(rate).to_html())
    shown.run(
        "const slider = document.getElementById('tolerance'), top = () => slider.getBoundingClientRect().top;"
        "window.seen = [[top(), document.querySelectorAll('.list a').length]];"
        "slider.addEventListener('input', () => seen.push([top(), document.querySelectorAll('.list a').length]))"
    )
    slider = shown.find("#tolerance")
    actions = ActionBuilder(shown.driver)
    pointer = actions.pointer_action.move_to(slider).pointer_down()
    for x in (-260, -100, -60, -40, 0, -260, 0):
        pointer.move_to(slider, x, 0)
    pointer.pointer_up()
    actions.perform()
    shown.until("return document.activeElement.id !== 'tolerance'")
    seen = shown.run("return seen")
    assert {0, 20} < {count for _, count in seen}
    assert max(top for top, _ in seen) - min(top for top, _ in seen) < 1
    # Let go where nothing is flagged, it goes up to where there is nothing above it.
    shown.find("#tolerance").send_keys(Keys.HOME)
    assert shown.run(BOX, ".panel")["top"] - shown.run(BOX, ".sum")["bottom"] < 30


# --- how sure ---------------------------------------------------------------------------------------------------------------

# Of each marked paragraph, as far as one sees it: how far its ground is from the page's, and how its mark is drawn.
LOOK = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const painted = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return Array.from(canvas.getImageData(0, 0, 1, 1).data);
};
const ground = (element) => {
  const colour = painted(getComputedStyle(element).backgroundColor);
  return colour[3] || !element.parentElement ? colour : ground(element.parentElement);
};
const light = (colour) => {
  const [red, green, blue] = colour.slice(0, 3).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (one, other) => {
  const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
};
return Array.from(document.querySelectorAll('.row'), (row) => {
  const [body, label] = ['.body', '.label'].map((name) => row.querySelector(name));
  const style = getComputedStyle(body);
  const line = document.querySelector(`.list [href="#${row.id}"]`);
  const texts = Array.from(row.querySelectorAll('p, .label, .note, .score')).filter((text) => !text.hidden);
  if (line) texts.push(...line.children);
  return {
    tint: Math.hypot(...painted(getComputedStyle(document.body).backgroundColor).map((part, i) => part - ground(body)[i])),
    contrasts: texts.map((text) => contrast(painted(getComputedStyle(text).color), ground(text))),
    listed: line ? [...line.children].slice(1).map((each) => painted(getComputedStyle(each).backgroundColor).join()) : [],
    ground: ground(body).join(),
    border: painted(style.borderLeftColor)[3] ? style.borderLeftStyle : '',
    line: contrast(painted(style.borderLeftColor), painted(getComputedStyle(document.body).backgroundColor)),
    label: label && !label.hidden ? `${getComputedStyle(label).borderTopStyle} ${label.textContent}` : '',
  };
});
"""


def graded(kind: str) -> Report:
    """The report of the article from Syria, where eight paragraphs of one kind are flagged, from hardly likely to certain."""
    report = syria().at(0.2)
    scores = np.array([0.0, 0.03, 0.15, 0.25, 0.45, 0.55, 0.75, 0.85, 0.97, *[0.0] * 6])
    return replace(report, scores=scores, furniture=np.full(15, kind == FURNITURE))


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", [FOREIGN, FURNITURE])
def test_marks_are_as_strong_as_scores_are_high_and_what_is_written_can_be_read(
    shown: Shown, kind: str, scheme: str, width: int
) -> None:
    shown.open(graded(kind).to_html(), scheme, width)
    for struck in (False, True):
        if struck:
            shown.find("#cleaned").click()
        looks = shown.run(LOOK)
        plain, marked = looks[0], looks[1:9]
        assert shown.flags == [False, *[True] * 8, *[False] * 6]
        tints = [look["tint"] for look in marked]
        assert tints[::2] == tints[1::2]
        assert plain["tint"] == tints[0] == 0 < tints[2] < tints[4] < tints[6]
        # A line of the list looks as what it leads to.
        assert [set(look["listed"]) for look in looks[:9]] == [set(), *({look["ground"]} for look in marked)]
        # Without colour too: by the line, by the label's, and in words.
        solid = "double" if kind == FURNITURE else "solid"
        assert plain["border"] == plain["label"] == ""
        assert [look["border"] for look in marked] == [*["dotted"] * 2, *["dashed"] * 2, *[solid] * 4]
        assert [look["label"].split(":")[0] for look in marked] == [
            f"{line} {kind}, {share} % likely"
            for line, share in zip(
                ["dotted"] * 2 + ["dashed"] * 2 + ["solid"] * 4, (3, 15, 25, 45, 55, 75, 85, 97), strict=True
            )
        ]
        assert min(look["line"] for look in marked) >= 3
        assert min(ratio for look in looks for ratio in look["contrasts"]) >= 4.5


def test_where_colours_are_the_readers_own_lines_tell_what_is_marked(shown: Shown) -> None:
    shown.open(graded(FOREIGN).to_html())
    features = [{"name": "forced-colors", "value": "active"}]
    shown.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        looks = shown.run(LOOK)
        assert {look["tint"] for look in looks} == {0}
        assert [look["line"] > 3 for look in looks] == shown.flags
        assert [look["border"] for look in looks[1:9]] == [*["dotted"] * 2, *["dashed"] * 2, *["solid"] * 4]
    finally:
        shown.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_label_covers_nothing_of_its_paragraph(shown: Shown) -> None:
    for width in (1280, 640, 390, 320):
        shown.open(graded(FOREIGN).to_html(), width=width)
        overlaps = shown.run(
            "return Array.from(document.querySelectorAll('.row.flagged'), row => {"
            "const [label, text] = ['.label', 'p'].map(name => row.querySelector(name).getBoundingClientRect());"
            "return label.bottom - text.top})"
        )
        assert max(overlaps) < 4, width  # the line that a line of text is set in is higher than its letters


# --- why --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1400, 900])
def test_what_is_not_flagged_tells_why_it_might_be_under_the_pointer_and_to_the_keyboard(
    shown: Shown, article: Report, width: int
) -> None:
    report = replace(article, scores=np.where(article.flags, 0.6, 0.001))
    reason = report.grounds(int(article.flags.argmax())).sentence
    shown.open(report.to_html(), width=width)
    row = shown.find(".row[data-score]")
    assert not shown.find(".label").is_displayed()
    assert not shown.find("#list").is_displayed()
    shown.run("document.querySelector('.row[data-score]').scrollIntoView({block: 'center'})")
    assert not shown.seen
    ActionChains(shown.driver).move_to_element(row.find_element(By.CSS_SELECTOR, "p")).perform()
    shown.until(SEEN)
    assert row.find_element(By.CSS_SELECTOR, ".note").text == reason
    told = "return getComputedStyle(document.querySelector('.note'), '::before').content"
    assert shown.run(told) == '"Not flagged: 60 % likely foreign. "'
    ActionChains(shown.driver).send_keys(Keys.ESCAPE).perform()
    assert not shown.seen
    ActionChains(shown.driver).move_to_element(shown.find("h1")).perform()
    shown.find("#tolerance").send_keys(Keys.TAB)
    at = shown.driver.switch_to.active_element
    assert at.get_attribute("id") == row.get_attribute("id")
    assert at.accessible_name == "Not flagged"
    assert shown.seen
    # Once it is flagged, it is told as all that is.
    shown.find("#tolerance").send_keys(Keys.END)
    assert row.accessible_name.lower() == "foreign, 60 % likely: about something else"
    assert shown.run(told) == "none"


@pytest.mark.parametrize("width", [1280, 900])
def test_the_reason_is_shown_under_the_pointer_and_escape_sends_it_away(shown: Shown, article: Report, width: int) -> None:
    shown.open(article.to_html(), width=width)
    shown.run("document.querySelector('.row.flagged').scrollIntoView({block: 'center'})")
    assert not shown.seen
    ActionChains(shown.driver).move_to_element(shown.find(".flagged p")).perform()
    assert shown.seen
    assert shown.find(".flagged .note").text == article.flagged[0].reason
    ActionChains(shown.driver).move_to_element(shown.find(".flagged .note")).perform()  # it stays to be read
    assert shown.seen
    ActionChains(shown.driver).send_keys(Keys.ESCAPE).perform()
    assert not shown.seen


def test_the_keyboard_comes_to_flagged_paragraphs_and_is_told_their_reasons(shown: Shown, article: Report) -> None:
    shown.open(article.to_html())
    stops = []
    for _ in range(7):
        ActionChains(shown.driver).send_keys(Keys.TAB).perform()
        stops.append(
            shown.run(
                "const at = document.activeElement; return at.id || at.value || at.getAttribute('href')"
            )  # a line of the list, a mark of the map
        )
    assert stops == ["#p8", "foreign", "furniture", "cleaned", "tolerance", "#p8", "p8"]
    assert shown.seen
    row = shown.driver.switch_to.active_element
    assert row.accessible_name.lower() == told_of(syria())
    assert row.aria_role == "group"
    described = shown.run("return document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent")
    assert described == article.flagged[0].reason


def test_what_is_flagged_is_struck_out_when_cleaned(shown: Shown, article: Report) -> None:
    shown.open(article.to_html())
    shown.find("#cleaned").click()
    struck = shown.run(
        "return Array.from(document.querySelectorAll('.row p'), p => getComputedStyle(p).textDecorationLine === 'line-through')"
    )
    assert struck == article.flags.tolist()


# --- what if I am stricter? -------------------------------------------------------------------------------------------------


ACCESS = """
return Array.from(document.querySelectorAll('.row'), (row) =>
  Object.fromEntries(Array.from(row.attributes, ({ name, value }) => [name, value])));
"""


def checked_at_every_step(shown: Shown, report: Report) -> int:
    """Go from the strictest tolerance to the loosest by the keyboard; return how often the flags changed."""
    slider = shown.find("#tolerance")
    slider.send_keys(Keys.HOME)
    changes, before = 0, None
    for step, rate in enumerate(tolerances(report)):
        if step:
            slider.send_keys(Keys.ARROW_RIGHT)
        at = report.at(rate)
        flags = at.flags.tolist()
        assert shown.flags == flags, rate
        assert shown.reasons == [paragraph.reason for paragraph in at.flagged]
        assert shown.find("#sum").text.startswith(f"{sum(flags)} of {len(flags)} paragraph")
        assert shown.run(LISTED) == listed(at)
        assert shown.find("#list").is_displayed() == any(flags)
        assert shown.run(ACCESS) == [held for held, _ in Page(at.to_html()).all("div", "row")]
        changes += before not in (None, flags)
        before = flags
    return changes


def test_moving_the_slider_flags_as_the_report_does_at_that_tolerance(shown: Shown, article: Report) -> None:
    shown.open(article.to_html())
    assert checked_at_every_step(shown, article) == 1
    shown.find("#tolerance").send_keys(Keys.HOME)
    assert shown.find("#sum").text == "0 of 15 paragraphs flagged."
    assert shown.find("#told").text == "0.01 %, about 1 in 10,000"
    assert shown.find("#tolerance").get_attribute("aria-valuetext") == shown.find("#told").text
    assert not shown.complaints


def test_after_the_pointer_the_keys_are_the_pages_again(shown: Shown, article: Report) -> None:
    focused = "return document.activeElement.id"
    for kind in ("mouse", "touch"):
        shown.open(article.to_html())
        slider = shown.find("#tolerance")
        actions = ActionBuilder(shown.driver, mouse=PointerInput(kind, kind))
        actions.pointer_action.move_to(slider).pointer_down().move_to(slider, 60, 0).pointer_up()
        actions.perform()
        shown.until(f"{focused} !== 'tolerance'")
        moved = slider.get_property("value")
        assert moved != slider.get_dom_attribute("value")  # it has moved from where it began
        for key in (Keys.PAGE_DOWN, Keys.SPACE):
            scrolled = shown.run("return scrollY")
            ActionChains(shown.driver).send_keys(key).perform()
            shown.until(f"return scrollY > {scrolled}")
        assert slider.get_property("value") == moved


def test_who_comes_to_the_slider_by_the_keyboard_keeps_its_keys(shown: Shown, article: Report) -> None:
    shown.open(article.to_html())
    shown.find("#cleaned").click()  # whatever was clicked before
    ActionChains(shown.driver).send_keys(Keys.TAB).perform()
    slider = shown.driver.switch_to.active_element
    assert slider.get_attribute("id") == "tolerance"
    before = int(slider.get_property("value"))
    ActionChains(shown.driver).send_keys(Keys.PAGE_DOWN).perform()
    assert int(slider.get_property("value")) < before
    assert shown.run("return document.activeElement.id") == "tolerance"
    assert shown.run("return scrollY") == 0


def test_the_page_tells_the_threshold_and_where_the_next_flag_would_come_or_go(shown: Shown, article: Report) -> None:
    report = replace(article, scores=np.where(article.flags, article.scores, 0) + 0.65 * (np.arange(15) == 2))
    counts = {rate: int(report.at(rate).flags.sum()) for rate in tolerances(report)}
    now = counts[report.false_alarms]
    more, fewer = (
        next((f" At {100 * rate:.3g} %: 1 {word}." for rate in rates if counts[rate] != now), "")
        for word, rates in (
            ("more", [rate for rate in counts if rate > report.false_alarms]),
            ("fewer", [rate for rate in reversed(counts) if rate < report.false_alarms]),
        )
    )
    assert now == 1
    assert more
    assert fewer
    shown.open(report.to_html())
    assert shown.find("#next").text == f"1 flagged above {report.threshold:.2f}.{fewer}{more}"
    assert float(shown.find("#bound").get_attribute("y")) == pytest.approx(100 - 100 * report.threshold)


def test_where_nothing_is_flagged_no_hint_is_given_until_something_is(shown: Shown, article: Report) -> None:
    shown.open(replace(article, scores=np.where(article.flags, 0.65, 0)).to_html())
    assert not shown.find("#hint").is_displayed()
    shown.find("#tolerance").send_keys(Keys.END)
    assert shown.find("#hint").is_displayed()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_long_article_follows_the_slider_and_so_does_its_map(shown: Shown, width: int) -> None:
    report = long_article()
    shown.open(report.to_html(), width=width)
    assert checked_at_every_step(shown, report) > 3
    marks = shown.run("return Array.from(document.querySelectorAll('.map a'), mark => mark.classList.contains('flagged'))")
    assert marks == shown.flags == report.at(0.2).flags.tolist()
    edges = shown.run("return Array.from(document.querySelectorAll('.alike path.flagged'), edge => edge.dataset.row)")
    assert edges == [f"p{i + 1}" for i in np.flatnonzero(report.at(0.2).flags).tolist()]
    assert shown.find(".map a.flagged").accessible_name.startswith("Paragraph ")
    # As high as the score says, if not so low that it could not be seen, and all of it there to be hit.
    hit, drawn, map_ = (shown.run(BOX, each) for each in (".map a.flagged rect", ".map a.flagged rect + rect", ".map svg"))
    score = float(shown.find(".map a.flagged").accessible_name.split()[-1])
    assert (drawn["top"] - map_["top"]) / map_["height"] == pytest.approx(1 - max(score, 0.04), abs=0.01)
    assert hit["height"] == pytest.approx(map_["height"], abs=0.5)
    # A mark leads to its paragraph, which the panel that stays in sight does not cover.
    shown.find(".map a.flagged").send_keys(Keys.ENTER)
    target, panel = (shown.find(selector).rect for selector in (".row:target", ".panel"))
    scrolled = shown.run("return scrollY")
    assert scrolled > 0
    assert target["y"] >= panel["y"] + panel["height"]
    assert not shown.complaints
    assert not shown.requests


def test_scores_at_the_very_threshold_are_not_flagged_in_the_page_either(shown: Shown) -> None:
    thresholds = list(tolerances(scored([0.5])).values())
    scores = sorted({*thresholds, *np.nextafter(thresholds, 1).tolist(), *np.nextafter(thresholds, 0).tolist()})
    held = [f"zork {i}" for i in range(len(scores))]
    template = scored([0.5])
    report = report_of(held, [FOREIGN] * len(held), model=template.model)
    report = type(report)(**{**report.__dict__, "scores": np.minimum(scores, 1.0)})
    shown.open(report.to_html())
    assert checked_at_every_step(shown, report) == len(thresholds) - 1


def test_kinds_can_be_chosen_in_the_page(shown: Shown) -> None:
    report = scored([0.95, 0.95, 0.1], [FOREIGN, FURNITURE, KEPT])
    shown.open(report.to_html())
    assert shown.flags == [True, True, False]
    shown.find("[value=furniture]").click()
    assert shown.flags == [True, False, False]
    assert shown.find("#sum").text == "1 of 3 paragraphs flagged: 1 foreign."
    shown.find("[value=foreign]").send_keys(Keys.SPACE)
    assert shown.flags == [False] * 3
    shown.find("[value=furniture]").click()
    assert shown.flags == [False, True, False]


def test_nothing_foreign_can_be_flagged_in_an_article_without_a_topic(shown: Shown) -> None:
    report = scored([0.95, 0.95, 0.1], [FOREIGN, FURNITURE, KEPT], status="no_common_topic")
    shown.open(report.to_html())
    assert checked_at_every_step(shown, report) == 1
    assert not shown.find("[value=foreign]").is_enabled()


# --- what must not happen ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [KEPT, FOREIGN, FURNITURE])
def test_nothing_of_the_article_runs_or_is_loaded(shown: Shown, hand_model: Model, told: str) -> None:
    report = report_of(PAYLOADS, [told] * len(PAYLOADS), model=hand_model, title="".join(PAYLOADS))
    count = "return document.querySelectorAll('*').length"
    shown.open(report_of(["a"] * len(PAYLOADS), [told] * len(PAYLOADS), model=hand_model, title="a").to_html())
    plain = shown.run(count)
    shown.open(report.to_html())
    assert shown.run(count) == plain
    texts = shown.run("return Array.from(document.querySelectorAll('.row p'), p => p.textContent)")
    assert texts == PAYLOADS
    assert shown.find("h1").get_property("textContent") == shown.driver.title == "".join(PAYLOADS)
    shown.find("#tolerance").send_keys(Keys.END)
    ActionChains(shown.driver).send_keys(Keys.TAB * 3).perform()
    assert shown.run(count) == plain
    assert not shown.complaints  # an alert would have failed all of the above
    assert not shown.requests


def test_were_something_let_through_the_policy_would_not_let_it_run(shown: Shown, article: Report) -> None:
    inserted = "<script>document.title = 'owned'</script><img src='http://127.0.0.1:9/x'><b onclick='' style='color: red'>x</b>"
    shown.open(article.to_html().replace("<main>", f"<main>{inserted}"))
    assert shown.driver.title == article.title
    assert shown.find("b").value_of_css_property("color") != "rgba(255, 0, 0, 1)"
    # Newer browsers tell of the handler too.
    assert set(re.findall(r"directive:? ['\"]([\w-]+)", " ".join(shown.complaints))) == {"script-src", "img-src", "style-src"}


def test_without_scripts_the_reports_own_flags_and_reasons_are_there(shown: Shown, article: Report) -> None:
    shown.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        shown.open(article.to_html())
        assert [bool(row.get_attribute("tabindex")) for row in shown.driver.find_elements(By.CSS_SELECTOR, ".row")] == (
            article.flags.tolist()
        )
        assert article.flagged[0].reason in shown.find(".row.flagged").text
        assert not shown.find("#tolerance").is_displayed()
        shown.find(".list a").click()
        assert shown.driver.switch_to.active_element.get_attribute("id") == "p8"
        assert shown.find("#cleaned").is_displayed()
    finally:
        shown.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_on_paper_the_reason_stands_and_the_controls_do_not(shown: Shown, article: Report) -> None:
    shown.open(article.to_html(), "dark")
    shown.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        shown.run("document.querySelector('.row.flagged').scrollIntoView({block: 'center'})")
        assert shown.seen
        assert not [each for each in ("#tolerance", "#cleaned", ".hint") if shown.find(each).is_displayed()]
        assert shown.find("#sum").is_displayed()
        assert shown.find(".list a").is_displayed()
        assert shown.find("#told").is_displayed()  # without it flags mean nothing
        assert shown.run("return getComputedStyle(document.querySelector('.panel')).backgroundColor") == "rgba(0, 0, 0, 0)"
        assert shown.run("return getComputedStyle(document.body).color") == "rgb(31, 29, 26)"  # dark on white
    finally:
        shown.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


# --- for everyone -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(shown: Shown, article: Report, axe: str, scheme: str) -> None:
    digest = scored([0.95, 0.95, 0.1], [FOREIGN, FURNITURE, KEPT], status="no_common_topic")
    both = scored([0.95, 0.95, 0.1], [FOREIGN, FURNITURE, KEPT], title="T")
    empty = report_of([], model=both.model, status="empty")
    near = replace(article, scores=np.where(article.flags, 0.6, 0))
    for report in (article, digest, both, long_article(), graded(FOREIGN), graded(FURNITURE), crowded(), near, empty):
        for width, cleaned in ((1280, False), (390, True)):
            shown.open(report.to_html(), scheme, width)
            if cleaned and len(report.scores):
                shown.find("#cleaned").click()
                shown.run("document.querySelectorAll('details').forEach(each => (each.open = true))")
            assert not faults(shown, axe)
