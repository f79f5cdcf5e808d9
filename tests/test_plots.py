"""Plots: what is drawn is read back from the axes and held against what the report and the metrics say."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PHONE, RIVER
from test_report import FOREIGN, FURNITURE, KEPT, report_of

from detector import InputError, Model, OffTopicDetector, Report
from detector.learn.metrics import recall_at

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.colors import to_rgb  # noqa: E402

from detector.plots import false_alarm_curve, reliability_curve, score_strip, similarity_map  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
# Five that belong and three that do not.
SCORES = [0.05, 0.15, 0.95, 0.12, 0.02, 0.85, 0.91, 0.18]
LABELS = [0, 0, 1, 0, 0, 0, 2, 1]
Curve = Callable[..., Axes]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Leave no figure behind."""
    yield
    plt.close("all")


@pytest.fixture
def mixed(hand_model: Model) -> Report:
    """Five paragraphs: the second foreign, the fourth furniture."""
    return report_of(list("abcde"), [KEPT, FOREIGN, KEPT, FURNITURE, KEPT], model=hand_model)


def drawn(ax: Axes) -> dict[str, Any]:
    """The lines of `ax` by their labels."""
    return {line.get_label(): line for line in ax.lines}


def contrast(one: Any, other: Any) -> float:
    """The contrast of two colours, 1 to 21, as the Web Content Accessibility Guidelines have it."""

    def luminance(colour: Any) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


# --- of all -----------------------------------------------------------------------------------------------------------------


def test_axes_given_are_drawn_into_and_returned_and_no_figure_is_made(mixed: Report) -> None:
    figure = matplotlib.figure.Figure()
    one, two, three, four = figure.subplots(2, 2).ravel()
    assert similarity_map(mixed, ax=one) is one
    assert score_strip(mixed, ax=two) is two
    assert reliability_curve(SCORES, LABELS, ax=three) is three
    assert false_alarm_curve(SCORES, LABELS, ax=four) is four
    assert all(ax.has_data() for ax in (one, two, three, four))
    assert not plt.get_fignums()


def test_without_axes_each_makes_one_figure_and_shows_nothing(mixed: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("shown"))
    before = dict(matplotlib.rcParams)
    plt.subplots()  # the current axes are somebody's picture: not to be drawn into
    made = [similarity_map(mixed), score_strip(mixed), reliability_curve(SCORES, LABELS), false_alarm_curve(SCORES, LABELS)]
    assert [ax.figure.number for ax in made] == [2, 3, 4, 5]
    assert not plt.figure(1).axes[0].has_data()
    assert dict(matplotlib.rcParams) == before
    for ax in made:
        assert ax.get_xlabel()
        assert ax.get_ylabel()


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_every_colour_can_be_seen_on_light_and_on_dark(mixed: Report, style: str) -> None:
    with plt.style.context(style):
        strip = score_strip(mixed)
        curves = [reliability_curve(SCORES, LABELS), false_alarm_curve(SCORES, LABELS)]
    paper = strip.get_facecolor()
    inked = [patch.get_facecolor() for patch in strip.patches]
    inked += [line.get_color() for ax in (strip, *curves) for line in ax.lines]
    assert all(contrast(colour, paper) >= 3 for colour in inked)


def test_foreign_and_furniture_differ_in_colour_and_in_shape(mixed: Report) -> None:
    for ax in (similarity_map(mixed), score_strip(mixed)):
        foreign, furniture = (drawn(ax)[kind] for kind in ("foreign", "furniture"))
        assert foreign.get_color() != furniture.get_color()
        assert foreign.get_marker() != furniture.get_marker()


def test_nothing_else_of_the_package_imports_matplotlib_and_without_it_the_error_names_it() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import detector, detector.learn, detector.cli\n"
        "detector.OffTopicDetector().check('')\n"
        "try:\n    import detector.plots\n"
        "except ImportError as error:\n    print('matplotlib' in str(error))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "True\n"


# --- similarity -------------------------------------------------------------------------------------------------------------


def test_the_map_shows_the_similarities_but_for_those_with_itself(detector: OffTopicDetector) -> None:
    report = detector.check([*RIVER[:3], PHONE])
    (image,) = similarity_map(report).images
    shown, alike = np.ma.filled(image.get_array(), np.nan), report.similarities()
    assert np.isnan(np.diag(shown)).all()
    others = ~np.eye(4, dtype=bool)
    assert shown[others].tolist() == alike[others].tolist()
    # What is about the river is alike; the phone is like nothing here.
    assert shown[0, 1] > 0.9
    assert np.abs(shown[3, :3]).max() < 0.1
    assert image.get_clim() == (0, 0.6)


def test_each_square_lies_at_the_numbers_of_its_paragraphs_from_the_top(detector: OffTopicDetector) -> None:
    ax = similarity_map(detector.check([*RIVER[:3], PHONE]))
    assert tuple(ax.images[0].get_extent()) == (0.5, 4.5, 4.5, 0.5)
    assert ax.get_xlim() == (0.5, 4.5)
    assert ax.get_ylim() == (4.5, 0.5)
    assert ax.images[0].origin == "upper"


def test_what_is_flagged_is_marked_at_both_axes(mixed: Report) -> None:
    ax = similarity_map(mixed)
    across, down = (
        [line for line in ax.lines if (line.get_transform() == edge)]
        for edge in (ax.get_xaxis_transform(), ax.get_yaxis_transform())
    )
    assert [line.get_xdata().tolist() for line in across] == [[2], [4]]
    assert [line.get_ydata().tolist() for line in down] == [[2], [4]]
    assert [line.get_color() for line in across] == [line.get_color() for line in down]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["foreign", "furniture"]
    assert similarity_map(report_of(list("ab"), model=mixed.model)).get_legend() is None


def test_a_long_article_is_drawn_by_stretches_at_the_numbers_of_its_paragraphs(detector: OffTopicDetector) -> None:
    ax = similarity_map(detector.check([*RIVER * 100, PHONE]))
    (image,) = ax.images
    assert image.get_array().shape == (400, 400)
    assert tuple(image.get_extent()) == (0.5, 501.5, 501.5, 0.5)
    assert drawn(ax)["foreign"].get_xdata().tolist() == [501]


def test_the_map_has_a_scale_and_says_that_values_go_beyond_it(mixed: Report) -> None:
    ax = similarity_map(mixed)
    bar = ax.images[0].colorbar
    assert bar.extend == "both"
    assert "similarity" in bar.ax.get_ylabel()


# --- scores -----------------------------------------------------------------------------------------------------------------


def heights(ax: Axes) -> list[dict[int, float]]:
    """The bars of `ax`, of each colour: heights by the numbers of their paragraphs."""
    groups = []
    for patch in ax.patches:
        values, edges, _ = patch.get_data()
        # A bar is as wide as 0.8 of a paragraph; between two there is a gap.
        assert np.diff(edges)[::2].tolist() == pytest.approx([0.8] * (len(values) // 2 + 1))
        assert np.isnan(values[1::2]).all()
        groups.append(
            dict(zip(np.rint((edges[::2] + edges[1::2]) / 2).astype(int).tolist(), values[::2].tolist(), strict=True))
        )
    return groups


def test_the_strip_has_a_bar_a_paragraph_as_high_as_its_score(mixed: Report) -> None:
    ax = score_strip(replace(mixed, scores=np.array([0.1, 0.95, 0.3, 0.92, 0.0])))
    assert heights(ax) == [{1: 0.1, 3: 0.3, 5: 0.0}, {2: 0.95}, {4: 0.92}]
    colours = [patch.get_facecolor()[:3] for patch in ax.patches]
    assert colours == [to_rgb("0.55"), to_rgb("#d55e00"), to_rgb("#0072b2")]
    assert drawn(ax)["foreign"].get_xdata().tolist() == [2]
    assert drawn(ax)["furniture"].get_xdata().tolist() == [4]
    assert [to_rgb(drawn(ax)[kind].get_color()) for kind in ("foreign", "furniture")] == colours[1:]


def test_the_strip_shows_the_threshold_and_tells_it(mixed: Report) -> None:
    ax = score_strip(mixed)
    assert mixed.threshold == pytest.approx(0.9)
    assert list(drawn(ax)["threshold 0.900"].get_ydata()) == pytest.approx([0.9, 0.9])
    assert "threshold 0.990" in drawn(score_strip(mixed.at(0.001)))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["threshold 0.900", "foreign", "furniture"]


def test_what_is_not_flagged_for_want_of_a_topic_is_not_marked(hand_model: Model) -> None:
    report = report_of(list("ab"), [FOREIGN, KEPT], model=hand_model, status="too_short")
    ax = score_strip(report)
    assert heights(ax) == [{1: 0.999, 2: 0.01}]
    assert list(drawn(ax)) == ["threshold 0.900"]


@pytest.mark.parametrize("count", [0, 1, 5, 200, 5000])
def test_from_none_to_thousands_of_paragraphs_every_flag_covers_a_pixel(hand_model: Model, count: int) -> None:
    scores = np.full(count, 0.02)
    scores[count // 2 : count // 2 + 1] = 0.97
    report = replace(report_of(["word"] * count, model=hand_model), scores=scores)
    for draw in (score_strip, similarity_map):
        ax = draw(report)
        ax.figure.canvas.draw()
        assert ax.get_xlim() == (0.5, max(count, 1) + 0.5)
        numbers = [tick for tick in ax.get_xticks() if 0.5 <= tick <= count + 0.5]
        assert numbers or not count
        assert all(tick == int(tick) for tick in numbers)
        if count:
            (x, y), colour = ax.transData.transform((count // 2 + 1, 0.5)), np.array(to_rgb("#d55e00"))
            pixels = np.asarray(ax.figure.canvas.buffer_rgba())[::-1, :, :3] / 255
            near = pixels[int(y) if draw is score_strip else slice(None), int(x) - 2 : int(x) + 3]
            assert (np.abs(near - colour).max(axis=-1) < 0.05).any()


def test_letters_that_no_font_has_and_signs_of_formulas_do_no_harm(hand_model: Model) -> None:
    report = report_of(["\U0001f9ff $\\frac{$", "𒀀 ශ්‍රී"], [FOREIGN, KEPT], model=hand_model, title="$x_ \U000e0001")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for draw in (score_strip, similarity_map):
            draw(report).figure.canvas.draw()


# --- curves -----------------------------------------------------------------------------------------------------------------


def test_the_reliability_curve_has_a_point_for_each_tenth_that_holds_any() -> None:
    # [0, .1): .05 and .02 belong; [.1, .2): .15 and .12 belong, .18 does not; [.8, .9): .85 belongs; [.9, 1]: neither does.
    ax = reliability_curve(SCORES, LABELS, prior=None)
    diagonal, curve = ax.lines
    assert np.column_stack(diagonal.get_data()).tolist() == [[0, 0], [1, 1]]
    assert curve.get_xdata() == pytest.approx([0.07 / 2, 0.45 / 3, 0.85, 1.86 / 2])
    assert curve.get_ydata() == pytest.approx([0, 1 / 3, 0, 1])
    (bars,) = ax.containers
    assert [bar.get_height() * 8 for bar in bars] == pytest.approx([2, 3, 0, 0, 0, 0, 0, 0, 1, 2])
    assert [bar.get_x() * 10 for bar in bars] == pytest.approx(range(10))
    error = (0.07 + abs(0.45 - 1) + 0.85 + abs(1.86 - 2)) / 8
    assert curve.get_label() == f"expected calibration error {error:.4f}"


def test_by_default_the_two_sorts_are_weighted_to_what_scores_are_calibrated_for() -> None:
    ax = reliability_curve(SCORES, LABELS)
    # Each of five that belong weighs .95 / 5, each of three that do not .05 / 3.
    (bars,) = ax.containers
    assert [bars[at].get_height() for at in (0, 1, 8, 9)] == pytest.approx([0.38, 0.38 + 0.05 / 3, 0.19, 0.1 / 3])
    assert ax.lines[1].get_ydata()[1] == pytest.approx((0.05 / 3) / (0.38 + 0.05 / 3))
    other = reliability_curve(SCORES, LABELS, prior=0.5)
    assert [other.containers[0][at].get_height() for at in (0, 9)] == pytest.approx([0.2, 1 / 3])


def test_the_false_alarm_curve_is_the_recall_at_each_share() -> None:
    scores = np.linspace(0.0, 0.999, 1000)  # a thousand that belong: 1 % are the ten above .99
    found = [0.9985, 0.9955, 0.9885, 0.5]
    ax = false_alarm_curve(np.append(scores, found), [0] * 1000 + [1] * 4)
    line, marked = ax.lines
    shares, recalls = line.get_data()
    assert line.get_drawstyle() == "steps-post"
    assert (ax.get_xscale(), ax.get_xlim()) == ("log", (1e-4, 1))
    assert (shares.min(), shares.max()) == pytest.approx((1e-4, 1))
    at = dict(zip(shares.round(5).tolist(), recalls, strict=True))
    # With no false alarm nothing is found; with two, above .997, one; with ten, above .989, two.
    assert [at[share] for share in (0.0001, 0.002, 0.01, 0.1, 1.0)] == [0, 0.25, 0.5, 0.75, 1]
    assert list(recalls) == [recall_at(np.append(scores, found), np.array([0] * 1000 + [1] * 4), share) for share in shares]
    assert np.column_stack(marked.get_data()).tolist() == [[0.002, 0.25], [0.01, 0.5]]
    assert marked.get_label() == "0.25 at 0.2 %, 0.50 at 1 %"
    ax.figure.canvas.draw()
    named = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    told = [label.get_text() for share, label in named if 9e-5 < share < 1.1]
    assert told == ["0.01 %", "0.1 %", "1 %", "10 %", "100 %"]


def test_several_curves_in_the_same_axes_have_names_and_colours_of_their_own() -> None:
    for curve in (reliability_curve, false_alarm_curve):
        ax = curve(SCORES, LABELS, label="mine")
        curve(SCORES[::-1], LABELS, label="theirs", ax=ax)
        named = [line for line in ax.lines if str(line.get_label()).startswith(("mine: ", "theirs: "))]
        assert len({line.get_color() for line in named}) == len(named) == 2
        assert {"mine", "theirs"} <= {text.get_text().partition(":")[0] for text in ax.get_legend().get_texts()}


@pytest.mark.parametrize("curve", [reliability_curve, false_alarm_curve])
@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.1, 0.2], [0], "2 scores and 1 labels"),
        ([0.1, 0.2], [0, 0], "2 of the first sort and 0 of the second"),
        ([0.1, 0.2], [1, 2], "0 of the first sort and 2 of the second"),
        ([], [], "0 of the first sort and 0 of the second"),
        ([0.1, 1.2], [0, 1], "between 0 and 1, got 1.2 at 1"),
        ([-0.1, 0.2], [0, 1], "between 0 and 1, got -0.1 at 0; those of score_samples are negated"),
        ([0.1, float("nan")], [0, 1], "got nan at 1"),
        ([0.1, 0.2], ["belongs", "foreign"], "labels are numbers, one a paragraph, got str_"),
        ([[0.1, 0.2]], [[0, 1]], "in the shape (1, 2); put those of several articles together"),
        (["a"], [1], "scores are numbers"),
        (0.5, 1, "in the shape ()"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_any_figure(curve: Curve, scores: Any, labels: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        curve(scores, labels)
    assert message in str(caught.value)
    assert not plt.get_fignums()


@pytest.mark.parametrize("prior", [0, 1, -1, True, "0.1", float("nan")])
def test_a_prior_that_is_no_share_is_refused(prior: Any) -> None:
    with pytest.raises(InputError, match="prior is the share"):
        reliability_curve(SCORES, LABELS, prior=prior)


def test_scores_come_from_reports_and_labels_from_records(detector: OffTopicDetector) -> None:
    reports = list(detector.check_many([[*RIVER, PHONE], RIVER]))
    scores = np.concatenate([report.scores for report in reports])
    labels = np.array([0] * 5 + [1] + [0] * 5)
    assert false_alarm_curve(scores, labels).lines[1].get_label() == "1.00 at 0.2 %, 1.00 at 1 %"
    assert false_alarm_curve(scores.tolist(), (labels != 0).tolist()).lines[1].get_label() == "1.00 at 0.2 %, 1.00 at 1 %"
