"""Scorer: networks, calibration and the summary of an article, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import linear
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import InputError
from detector.evidence import COLUMNS
from detector.paragraphs import batch_of
from detector.scorer import SUMMARY, Calibration, Network, article_summary, sigmoid


def f32(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_networks_standardise_clip_pass_through_tanh_to_a_linear_output_and_are_added_up() -> None:
    network = Network(
        mean=f32(1, -2),
        scale=f32(2, 0.5),
        weights=(
            np.array([[[1, 0.5], [-1, 0.25]], [[0, 1], [0, 1]]], np.float32),
            np.array([[[2], [-3]], [[0], [5]]], np.float32),
        ),
        biases=(np.array([[0.1, -0.2], [7, 0]], np.float32), np.array([[0.5], [0.25]], np.float32)),
    )
    # Standardised (1, 2); hidden tanh(1 - 2 + 0.1) and tanh(0.5 + 0.5 - 0.2), and of the second network tanh(1 + 2).
    expected = 2 * math.tanh(-0.9) - 3 * math.tanh(0.8) + 0.75 + 5 * math.tanh(3)
    # (9, -100) is 4 and -196 standard units: the second is clipped to -4.
    clipped = 2 * math.tanh(4 + 4 + 0.1) - 3 * math.tanh(2 - 1 - 0.2) + 0.75 + 5 * math.tanh(4 - 4)
    outputs = network(np.array([[3, -1], [9, -100]], np.float32))
    assert outputs == pytest.approx(np.array([[expected], [clipped]]), abs=1e-5)
    assert outputs.dtype == np.float64


def test_a_network_of_one_layer_is_linear_in_the_clipped_inputs() -> None:
    network = linear(("one", "two"), (0.5, {"one": 2.0}), (-1.0, {"two": -3.0, "one": 1.0}))
    assert network(np.array([[1, 2], [-7, 0.5]], np.float32)).tolist() == [[2.5, -6.0], [-7.5, -6.5]]
    assert network(np.zeros((0, 2), np.float32)).shape == (0, 2)


CALIBRATION = Calibration(
    logits=np.array([-2.0, 0.0, 4.0]),
    probabilities=np.array([0.1, 0.3, 0.9]),
    rates=np.array([0.001, 0.01, 0.1]),
    lengths=np.array([5.0, 45.0]),
    thresholds=np.array([[0.95, 0.75, 0.25], [0.85, 0.55, 0.15]]),
    strange=np.array([0.55, 0.35, 0.05]),
    topicless=np.zeros(1),
)


def test_the_probability_is_interpolated_in_the_logit_and_level_beyond_the_ends() -> None:
    probability = CALIBRATION.probability(np.array([-9, -2, -1, 0, 1, 4, 99.0]))
    assert probability == pytest.approx([0.1, 0.1, 0.2, 0.3, 0.45, 0.9, 0.9])


def test_the_threshold_is_interpolated_in_the_logarithm_of_the_rate() -> None:
    assert CALIBRATION.threshold(0.01, 5) == pytest.approx(0.75)
    # Half way between 0.01 and 0.1 on a logarithmic scale.
    assert CALIBRATION.threshold(0.1**1.5, 5) == pytest.approx(0.5)
    assert CALIBRATION.threshold(0.002, 5) == pytest.approx(0.95 - 0.2 * math.log10(2))


def test_the_threshold_is_interpolated_in_the_logarithm_of_the_paragraphs_and_level_beyond_the_ends() -> None:
    assert [CALIBRATION.threshold(0.01, paragraphs) for paragraphs in (0, 1, 4, 5)] == pytest.approx([0.75] * 4)
    # 15 is three times 5 and a third of 45.
    assert CALIBRATION.threshold(0.01, 15) == pytest.approx(0.65)
    assert [CALIBRATION.threshold(0.01, paragraphs) for paragraphs in (45, 46, 100_000)] == pytest.approx([0.55] * 3)
    assert CALIBRATION.threshold(0.1**1.5, 15) == pytest.approx((0.5 + 0.35) / 2)


def test_in_a_strange_language_the_threshold_is_another_whatever_the_length_and_between_both_where_half_is_known() -> None:
    assert [CALIBRATION.threshold(0.01, paragraphs, 1.0) for paragraphs in (1, 5, 45, 1000)] == pytest.approx([0.35] * 4)
    assert CALIBRATION.threshold(0.1**1.5, 5, 1.0) == pytest.approx(0.2)
    assert CALIBRATION.threshold(0.01, 5, 0.0) == CALIBRATION.threshold(0.01, 5)
    assert CALIBRATION.threshold(0.01, 5, 0.25) == pytest.approx(0.75 * 0.75 + 0.25 * 0.35)


@pytest.mark.parametrize("rate", [1e-9, 0.001 * 0.99, 0.1 * 1.01, 0.9])
def test_a_rate_that_was_not_calibrated_is_refused_with_those_that_were(rate: float) -> None:
    with pytest.raises(InputError, match=f"from 0.001 to 0.1 in this model, got {rate}"):
        CALIBRATION.threshold(rate, 5)


@given(st.floats(0.001, 0.1), st.floats(0.001, 0.1), st.integers(0, 200))
def test_a_stricter_rate_never_lowers_the_threshold(one: float, other: float, paragraphs: int) -> None:
    strict, loose = sorted((one, other))
    assert CALIBRATION.threshold(strict, paragraphs) >= CALIBRATION.threshold(loose, paragraphs)


def test_the_sigmoid_neither_overflows_nor_leaves_nought_and_one() -> None:
    with np.errstate(all="raise"):
        values = sigmoid(np.array([-1e6, -700, -math.log(3), 0, math.log(3), 700, 1e6]))
    assert values == pytest.approx([0, 0, 0.25, 0.5, 0.75, 1, 1])


def test_an_article_is_summed_up_over_its_paragraphs_and_not_its_title() -> None:
    batch = batch_of([["aa"] * 5, [], ["bb"], ["cc", "dd"]], ["Head", "Alone", None, None])
    rows = len(batch.starts)
    assert rows == 10  # two titles among them
    evidence = np.zeros((rows, len(COLUMNS)), np.float32)

    def fill(name: str, values: list[float]) -> None:
        evidence[:, COLUMNS.index(name)] = values

    # Row 0 is the first title, rows 1-5 the first article, row 6 a title without an article.
    fill("centroid", [99, 0.5, 0.1, 0.4, 0.3, 0.2, 99, -0.5, 0.6, 0.8])
    fill("far", [99, 0.9, 0.5, 0.7, 0.1, 0.3, 99, 0.25, -1, 1])
    fill("taught_far", [99, 0.2, 0.4, 1, 0.8, 0.6, 99, 0.1, 0.3, -0.2])
    fill("nearest", [99, 1, 2, 3, 4, 5, 99, 7, 8, 9])
    fill("next", [99, 0, 0, 0, 0, 1, 99, 1, 1, 0])
    fill("tfidf_far", [99, 0, 0, 1, 0, 0, 99, 0.5, 0.25, 0.75])
    fill("shared", [99, 0.1, 0.1, 0.1, 0.1, 0.6, 99, 0, 1, 0])
    fill("surprise", [99, 5, 5, 5, 5, 5, 99, 1, 2, 4])
    fill("length", [99, 1, 1, 1, 1, 6, 99, 3, 2, 1])
    fill("unknown", [99, 0, 0, 0.5, 0, 0, 99, 1, 0.5, 0])
    fill("local", [99, 0.1, 0.2, 0.3, 0.4, 0.5, 99, 0.5, 0, 1])
    fill("opening", [99, 0.5, 0.5, 0, 0, 0, 99, 0, 1, 1])
    doubt = np.array([1, 0.9, 0.5, 0.6, 0, 0, 1, 0.2, 0.7, 0.8])
    summary = article_summary(batch, evidence, doubt)
    assert summary.dtype == np.float32
    columns = dict(zip(SUMMARY, summary.T.tolist(), strict=True))
    expected = {
        "paragraphs": [math.log(5), 0, 0, math.log(2)],
        "doubt": [0.4, 0, 0.2, 0.75],
        "doubted": [0.4, 0, 0, 1],  # a half is not above a half
        "centroid": [0.3, 0, -0.5, 0.7],
        # Of five the second, third and fourth smallest are the quartiles and the median; of two the smaller is all of them.
        "centroid_low": [0.2, 0, -0.5, 0.6],
        "centroid_high": [0.4, 0, -0.5, 0.6],
        "far_low": [0.3, 0, 0.25, -1],
        "far": [0.5, 0, 0.25, -1],
        "far_high": [0.7, 0, 0.25, -1],
        "taught_far": [0.6, 0, 0.1, -0.2],
        "taught_far_high": [0.8, 0, 0.1, -0.2],
        "nearest": [3, 0, 7, 8.5],
        "steps": [0.2, 0, 1, 0.5],
        "far_shared": [0.2, 0, 0.5, 0.5],
        "far_shared_high": [0, 0, 0.5, 0.25],
        "shared": [0.2, 0, 0, 0.5],
        "surprise": [5, 0, 1, 3],
        "length": [2, 0, 3, 1.5],
        "unknown": [0.1, 0, 1, 0.25],
        "local": [0.3, 0, 0.5, 0.5],
        "local_high": [0.4, 0, 0.5, 0],
        "opening": [0.2, 0, 0, 1],
    }
    assert set(expected) == set(SUMMARY)
    for name, values in expected.items():
        assert columns[name] == pytest.approx(values, abs=1e-6), name


def test_the_summary_of_no_paragraph_at_all_is_nought() -> None:
    for articles, titles in (([], []), ([""], [None]), ([[], ""], ["Head", None])):
        batch = batch_of(articles, titles)
        rows = len(batch.starts)
        summary = article_summary(batch, np.ones((rows, len(COLUMNS)), np.float32), np.ones(rows))
        assert summary.shape == (len(articles), len(SUMMARY))
        assert not summary.any()
