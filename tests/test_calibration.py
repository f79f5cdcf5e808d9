"""Calibration: thresholds worked out by hand, and the promise kept on fresh draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detector.learn.calibration import PRIOR, RATES, calibrated, fit_calibration
from detector.learn.intrusions import BELONGS, FOREIGN, FURNITURE
from detector.learn.scoring import Gathered
from detector.scorer import Calibration, Network, sigmoid


def fitted(
    logits: np.ndarray,
    off_topic: np.ndarray,
    clean: np.ndarray,
    counts: list[float] | None = None,
    weights: list[float] | None = None,
    kinds: list[int] | None = None,
    lengths: np.ndarray | None = None,
    strange: tuple[list[float], list[float]] = ([0.0], [1.0]),
) -> Calibration:
    """Paragraphs that count for one each, of one kind of text, in articles of ten; one more in a strange language."""
    return fit_calibration(
        logits,
        off_topic,
        np.ones(len(logits)) if counts is None else np.array(counts, float),
        clean,
        np.ones(len(clean)) if weights is None else np.array(weights, float),
        np.zeros(len(clean), int) if kinds is None else np.array(kinds),
        np.full(len(clean), 10) if lengths is None else lengths,
        *map(np.array, strange),
    )


def calibration_of(
    clean: list[float] | np.ndarray,
    weights: list[float] | None = None,
    kinds: list[int] | None = None,
    lengths: np.ndarray | None = None,
) -> Calibration:
    """With nothing off-topic to learn from, the probability is the sigmoid of the raw logit."""
    return fitted(np.zeros(3), np.zeros(3, bool), np.array(clean, float), None, weights, kinds, lengths)


NINE = [0.5, -1.0, 2.0, -0.5, 1.0, -2.0, 0.0, 1.5, -1.5]  # on the grid, where interpolation is exact


def test_the_rates_rise_from_one_in_ten_thousand_to_a_fifth() -> None:
    assert RATES[0] == pytest.approx(1e-4)
    assert RATES[-1] == 0.2
    assert (np.diff(RATES) > 0).all()


def test_the_threshold_leaves_at_most_the_rate_above_it_with_one_more_paragraph_counted_above_all() -> None:
    found = calibration_of(NINE)
    # Above the largest of nine: one in ten, the uncounted one. Above the next: two in ten.
    assert found.thresholds[0][-1] == pytest.approx(sigmoid(np.array(1.5)))  # rate 0.2
    assert RATES[-2] == pytest.approx(0.159, abs=1e-3)
    assert found.thresholds[0][(RATES >= 0.1) & (RATES < 0.2)] == pytest.approx(sigmoid(np.array(2.0)))


def test_where_clean_paragraphs_are_too_few_for_a_rate_nothing_is_flagged() -> None:
    found = calibration_of(NINE)
    assert (found.thresholds[0][RATES < 0.1] == 1).all()
    assert (calibration_of([3.0]).thresholds[0] == 1).all()
    # Of four one in five is above the largest.
    assert calibration_of([0.0, 1.0, 2.0, 3.0]).thresholds[0][-2:].tolist() == [1, pytest.approx(sigmoid(np.array(3.0)))]


def test_a_threshold_holds_for_every_kind_of_text() -> None:
    easy, hard = [-2.0, -1.5, -1.0, -0.5], [0.0, 0.5, 1.0, 1.5]
    both = calibration_of(easy + hard, kinds=[0] * 4 + [1] * 4)
    # Of four one in five is above the largest: that of the hard ones decides, however many easy ones there are.
    assert both.thresholds[0][-1] == pytest.approx(sigmoid(np.array(1.5)))
    assert calibration_of(easy * 5 + hard, kinds=[0] * 20 + [1] * 4).thresholds[0].tolist() == both.thresholds[0].tolist()
    assert calibration_of(easy * 5 + hard).thresholds[0][-1] < sigmoid(np.array(1.0))


def test_strange_languages_have_thresholds_of_their_own_and_change_no_others() -> None:
    clean = np.array(NINE)
    found = fitted(np.zeros(3), np.zeros(3, bool), clean, strange=([-3.0, -2.0, -1.0, -2.5], [1.0] * 4))
    # Of four one in five is above the largest.
    assert found.strange[-2:].tolist() == [1, pytest.approx(sigmoid(np.array(-1.0)))]
    assert found.thresholds.tolist() == calibration_of(NINE).thresholds.tolist()
    # Weights 1, 2, 2 and 5, mean 2.5: above the last of 5 a fifth of 12.5, the uncounted one.
    heavy = fitted(np.zeros(3), np.zeros(3, bool), clean, strange=([-3.0, -2.0, -1.0, 0.5], [1.0, 2.0, 2.0, 5.0]))
    assert heavy.strange[-2:].tolist() == [1, pytest.approx(sigmoid(np.array(0.5)))]


def test_a_heavy_paragraph_counts_for_as_many_as_it_weighs() -> None:
    ordered = sorted(NINE)
    heavy_top = calibration_of(ordered, [1] * 8 + [10])
    # Total 18, mean 2: above the largest 2 in 20, above the next already 12.
    assert heavy_top.thresholds[0][RATES >= 0.1] == pytest.approx(sigmoid(np.array(2.0)))
    heavy_bottom = calibration_of(ordered, [10] + [1] * 8)
    # Above the largest 2 in 20, then 3 and 4.
    assert heavy_bottom.thresholds[0][-1] == pytest.approx(sigmoid(np.array(1.0)))
    assert heavy_bottom.thresholds[0][-2] == pytest.approx(sigmoid(np.array(1.5)))
    assert (heavy_bottom.thresholds[0][RATES < 0.1] == 1).all()


def test_the_scale_of_the_weights_does_not_matter() -> None:
    one = calibration_of(NINE, list(range(1, 10)))
    assert calibration_of(NINE, [5.0 * i for i in range(1, 10)]).thresholds[0] == pytest.approx(one.thresholds[0])


def test_thresholds_fall_as_the_rate_rises() -> None:
    rng = np.random.default_rng(0)
    found = calibration_of(rng.normal(size=5000), list(rng.uniform(0.1, 8, 5000)))
    assert (np.diff(found.thresholds[0]) <= 0).all()
    assert found.thresholds[0][0] == 1  # 5,000 are too few for one in ten thousand at one in 5,001
    assert found.thresholds[0][-1] < found.thresholds[0][10] < 1


def test_paragraphs_that_all_look_the_same_are_not_flagged_by_their_own_threshold() -> None:
    # Between two points of the grid the probability that is told differs from the sigmoid by a little.
    for logit in (0.537, -1.234, -7.77, 3.141):
        found = calibration_of(np.full(1000, logit))
        told = found.probability(np.array([logit]))
        assert not (told > found.thresholds[0]).any()


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_the_promise_holds_on_fresh_draws(rate: float) -> None:
    rng = np.random.default_rng(0)
    at = int(np.searchsorted(RATES, rate * 0.999))
    shares = []
    for _ in range(300):
        found = calibration_of(rng.standard_t(3, 400))
        shares.append((found.probability(rng.standard_t(3, 2000)) > found.thresholds[0][at]).mean())
    # Exchangeable: the expected share is the largest k / 401 at most the rate. Standard error of the mean: 3 % of it.
    expected = int(RATES[at] * 401) / 401
    assert np.mean(shares) == pytest.approx(expected, rel=0.1)
    assert expected <= RATES[at]


def test_short_articles_have_higher_thresholds_of_their_own_where_there_is_text_enough_for_them() -> None:
    rng = np.random.default_rng(0)
    # In an article of 5 paragraphs what belongs scores two logits higher than in one of 50.
    lengths = np.repeat([5, 50], 30_000)
    clean = rng.normal(np.where(lengths == 5, 0.0, -2.0))

    found = calibration_of(clean, lengths=lengths)
    assert found.lengths == pytest.approx([5, 50])
    at = int(np.searchsorted(RATES, 0.05 * 0.999))
    # The 95 % point of a normal distribution lies 1.645 above its mean; of the whole, it is very nearly the 90 % point of the
    # short articles. Long ones keep to that of the whole, though by themselves theirs would be -0.355.
    assert found.thresholds[:, at] == pytest.approx(sigmoid(np.array([1.645, 1.286])), abs=0.02)
    # With too little for two there is one, for all.
    few = calibration_of(clean[::2], lengths=lengths[::2])
    assert few.lengths == pytest.approx([np.sqrt(250)])
    assert few.thresholds.shape == (1, len(RATES))
    assert few.thresholds[0, at] == pytest.approx(sigmoid(np.array(1.286)), abs=0.02)


def test_the_promise_is_kept_where_little_text_of_a_hard_kind_weighs_much() -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        easy, hard = rng.normal(0, 1, 900), rng.normal(1, 1, 100)
        # Each kind is to count for half: 900 at 1, 100 at 9.
        found = calibration_of(np.concatenate((easy, hard)), [1.0] * 900 + [9.0] * 100)
        fresh = np.concatenate((rng.normal(0, 1, 1000), rng.normal(1, 1, 1000)))
        shares.append((found.probability(fresh) > found.thresholds[0][-1]).mean())
    assert np.mean(shares) == pytest.approx(0.2, abs=0.01)


def platt(count: int, share: float) -> Calibration:
    """Scores of two normal classes at -1 and 1: the log odds are twice the score, plus those of the prior."""
    rng = np.random.default_rng(1)
    off_topic = rng.random(count) < share
    logits = rng.normal(np.where(off_topic, 1.0, -1.0), 1.0)
    return fitted(logits, off_topic, logits[~off_topic])


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_a_probability_is_that_at_the_prior_whatever_the_share_it_was_learned_at(share: float) -> None:
    found = platt(40_000, share)
    points = np.array([-1.0, 0.0, 1.0, 2.0])
    expected = sigmoid(2 * points + np.log(PRIOR / (1 - PRIOR)))
    assert found.probability(points) == pytest.approx(expected, rel=0.12)
    assert expected[1] == pytest.approx(PRIOR)


def test_what_counts_for_nothing_takes_no_part_and_what_counts_for_two_stands_for_two() -> None:
    logits, off_topic = np.array([-2.0, -1, 1, 0, 1, 2]), np.array([0, 0, 0, 1, 1, 1], bool)

    def told(logits: np.ndarray, off_topic: np.ndarray, counts: list[float]) -> np.ndarray:
        return fitted(logits, off_topic, np.zeros(9), counts).probabilities

    twice = told(np.append(logits, 1), np.append(off_topic, False), [1.0] * 7)
    assert told(logits, off_topic, [1, 1, 2, 1, 1, 1]) == pytest.approx(twice, abs=1e-4)
    table = np.append(logits, [5.0] * 50)
    assert told(table, np.append(off_topic, [False] * 50), [1] * 6 + [0.0] * 50) == pytest.approx(
        told(logits, off_topic, [1.0] * 6), abs=1e-4
    )


def test_the_probabilities_rise_between_nought_and_one() -> None:
    found = platt(500, 0.3)
    assert (np.diff(found.probabilities) >= 0).all()
    assert (np.diff(found.logits) > 0).all()
    assert 0 <= found.probabilities[0] < 1e-6
    assert 1 - 1e-6 < found.probabilities[-1] <= 1


def test_with_only_one_sort_of_paragraph_the_logit_is_taken_at_its_word() -> None:
    for off_topic in (np.zeros(4, bool), np.ones(4, bool)):
        found = fitted(np.arange(4.0), off_topic, np.zeros(9))
        assert found.probability(np.array([-3.0, 0.0, 1.0])) == pytest.approx(sigmoid(np.array([-3.0, 0.0, 1.0])))


def test_scores_that_part_the_two_sorts_completely_stay_finite() -> None:
    logits = np.concatenate((np.linspace(-9, -5, 200), np.linspace(5, 9, 20)))
    found = fitted(logits, logits > 0, logits[:200])
    assert np.isfinite(found.probabilities).all()
    assert found.probability(np.array([-5.0]))[0] < 0.05 < found.probability(np.array([5.0]))[0]


# --- networks made comparable


def network(weight: float, bias: float) -> Network:
    """A network that says ``weight * tanh(x) + bias`` of the first of its two inputs."""
    one = np.ones(2, np.float32)
    first, last = np.array([[[1], [0]]], np.float32), np.array([[[weight]]], np.float32)
    return Network(0 * one, one, (first, last), (np.zeros((1, 1), np.float32), np.array([[bias]], np.float32)))


def scored(count: int = 60_000) -> Gathered:
    """Rows whose input is normal around 0 where they belong, around 1 where foreign and around -1 where furniture."""
    rng = np.random.default_rng(2)
    labels = rng.integers(3, size=count)
    inputs = rng.normal(np.array([0.0, 1.0, -1.0])[labels], 1.0)[:, None].astype(np.float32)
    # A hundredth of it is what the network sees: there tanh is as good as linear.
    return Gathered(inputs / 100, inputs, labels, np.arange(count), np.ones(count), inputs)


@pytest.mark.parametrize(("label", "mean", "share"), [(FOREIGN, 1.0, 0.6), (FURNITURE, -1.0, 0.4)])
@pytest.mark.parametrize(("weight", "bias"), [(100.0, 0.0), (250.0, 3.0), (-20.0, -9.0)])
def test_a_network_s_logit_is_calibrated_against_what_belongs_at_its_share_of_the_prior(
    label: int, mean: float, share: float, weight: float, bias: float
) -> None:
    found = calibrated(network(weight, bias), scored(), label)
    points = np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    # Normal classes at 0 and `mean`, of unit variance: the log odds are mean * x - 1/2, plus those of the prior.
    expected = mean * points - 0.5 + np.log(PRIOR * share / (1 - PRIOR * share))
    asked = np.column_stack((points / 100, points)).astype(np.float32)
    assert found(asked)[:, 0] == pytest.approx(expected, abs=0.1)
    # Two networks of half the output each, which are added up, are calibrated as the one.
    given = network(weight, bias)
    halved = replace(
        given,
        weights=(np.repeat(given.weights[0], 2, axis=0), np.repeat(given.weights[1] / 2, 2, axis=0)),
        biases=(np.repeat(given.biases[0], 2, axis=0), np.repeat(given.biases[1] / 2, 2, axis=0)),
    )
    assert calibrated(halved, scored(), label)(asked) == pytest.approx(found(asked), abs=1e-3)


def test_only_the_last_layer_is_rescaled_and_stays_float32() -> None:
    given = network(3.0, 1.0)
    found = calibrated(given, scored(500), FOREIGN)
    assert found.weights[0] is given.weights[0]
    assert found.biases[0] is given.biases[0]
    assert {array.dtype for array in (*found.weights, *found.biases)} == {np.dtype(np.float32)}


def test_without_an_answer_to_learn_from_a_network_stays_as_it_is() -> None:
    rows = scored(500)
    for labels in (np.full(500, BELONGS), np.full(500, FURNITURE), np.where(rows.labels == FOREIGN, BELONGS, rows.labels)):
        found = calibrated(network(3.0, 1.0), replace(rows, labels=labels), FOREIGN)
        assert found.weights[-1].tolist() == [[[3]]]
        assert found.biases[-1].tolist() == [[1]]
