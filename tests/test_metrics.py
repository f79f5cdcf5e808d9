"""Metrics: worked by hand on a few rows."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.learn.metrics import average_precision, hit_at_1, rates, recall_at, reliability


def floats(*values: float) -> NDArray[np.float64]:
    return np.array(values, np.float64)


def ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def test_average_precision_is_the_mean_precision_at_the_off_topic_ranks() -> None:
    # Ranks: off-topic (precision 1/1), belongs, off-topic (2/3).
    assert average_precision(floats(0.2, 0.9, 0.5), ints(1, 1, 0)) == pytest.approx((1 + 2 / 3) / 2)


def test_average_precision_counts_every_label_but_0_as_off_topic() -> None:
    assert average_precision(floats(0.2, 0.9, 0.5), ints(2, 1, 0)) == pytest.approx(5 / 6)


def test_average_precision_takes_equal_scores_together() -> None:
    # One threshold: recall 1 at precision 1/2.
    assert average_precision(floats(0.5, 0.5), ints(1, 0)) == pytest.approx(0.5)


def test_hit_at_1_is_over_the_articles_with_something_to_find() -> None:
    scores = floats(0.1, 0.9, 0.3, 0.8, 0.7, 0.6, 0.9)
    labels = ints(0, 1, 0, 0, 2, 0, 0)
    # 0-3 a hit, 3-5 a miss, 5-7 nothing to find.
    assert hit_at_1(scores, labels, ints(0, 3, 5, 7)) == 0.5


def test_of_a_tie_for_the_first_place_hit_at_1_takes_the_share() -> None:
    assert hit_at_1(floats(0.9, 0.9, 0.9, 0.1), ints(1, 0, 0, 1), ints(0, 4)) == pytest.approx(1 / 3)


def test_an_article_without_paragraphs_takes_no_part() -> None:
    assert hit_at_1(floats(0.9, 0.1), ints(1, 0), ints(0, 0, 2, 2)) == 1.0


def test_recall_at_flags_no_more_of_what_belongs_than_allowed() -> None:
    scores = floats(0.9, 0.7, 0.5, 0.3, 0.8, 0.6, 0.4)
    labels = ints(0, 0, 0, 0, 1, 1, 1)
    assert recall_at(scores, labels, 0.0) == 0.0  # above 0.9
    assert recall_at(scores, labels, 0.24) == 0.0
    assert recall_at(scores, labels, 0.25) == pytest.approx(1 / 3)  # above 0.7
    assert recall_at(scores, labels, 0.5) == pytest.approx(2 / 3)  # above 0.5
    assert recall_at(scores, labels, 1.0) == 1.0


def test_what_scores_equal_to_a_paragraph_that_must_not_be_flagged_is_not_found() -> None:
    assert recall_at(floats(0.5, 0.5), ints(1, 0), 0.0) == 0.0


def test_a_share_that_floats_cannot_hold_allows_what_it_says() -> None:
    assert 0.29 * 100 < 29
    belonging = np.arange(100) / 100  # 0.00 to 0.99; the 30th from above is 0.70
    scores = np.append(belonging, 0.705)
    assert recall_at(scores, np.append(np.zeros(100, np.int64), 1), 0.29) == 1.0


def test_rates_of_flags() -> None:
    flags = np.array([True, True, False, False, True])
    found = rates(flags, ints(1, 0, 2, 0, 0))
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == pytest.approx(1 / 2)
    assert found.false_alarms == pytest.approx(2 / 3)


def test_what_cannot_be_measured_is_nan() -> None:
    clean = (floats(0.5, 0.4), ints(0, 0))
    assert isnan(average_precision(*clean))
    assert isnan(hit_at_1(*clean, ints(0, 2)))
    assert isnan(recall_at(*clean, 0.01))
    silent = rates(np.array([False, False]), clean[1])
    assert isnan(silent.precision)
    assert isnan(silent.recall)
    assert silent.false_alarms == 0.0
    assert isnan(average_precision(floats(), ints()))


def test_with_nothing_that_belongs_everything_is_found() -> None:
    assert recall_at(floats(0.1, 0.2), ints(1, 2), 0.001) == 1.0


def test_reliability_holds_what_is_told_against_what_is_so_at_the_prior() -> None:
    # Of two off-topic ones each weighs .05, of three that belong .3; bins [0, .5) and [.5, 1].
    found = reliability(floats(0.9, 0.1, 0.2, 0.3, 1.0), ints(1, 2, 0, 0, 0), prior=0.1, bins=2)
    assert found.weight == pytest.approx([0.65, 0.35])
    assert found.told == pytest.approx([(0.05 * 0.1 + 0.3 * 0.2 + 0.3 * 0.3) / 0.65, (0.05 * 0.9 + 0.3 * 1.0) / 0.35])
    assert found.true == pytest.approx([0.05 / 0.65, 0.05 / 0.35])
    assert found.error == pytest.approx(abs(0.155 - 0.05) + abs(0.345 - 0.05))


def test_scores_that_are_probabilities_have_no_calibration_error_and_empty_bins_say_nothing() -> None:
    found = reliability(floats(0.25, 0.25, 0.25, 0.25), ints(1, 0, 0, 0), prior=0.25, bins=4)
    assert found.error == pytest.approx(0)
    assert np.isnan(found.told).tolist() == [True, False, True, True]
