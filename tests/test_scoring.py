"""Scoring: evidence with the truth beside it, and networks that run without scikit-learn as they ran with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network
from conftest import NEWSLETTER, PHONE, RIVER

from detector.evidence import COLUMNS
from detector.learn import scoring
from detector.learn.intrusions import BELONGS, FOREIGN, FURNITURE, Case
from detector.learn.scoring import (
    Gathered,
    fit_first,
    fit_foreign,
    fit_furniture,
    fit_topic,
    gathered,
    joined,
    off_topic_logits,
)
from detector.model import Model, load_model
from detector.paragraphs import batch_of
from detector.scorer import SUMMARY, Network, article_summary

MIXED = Case((*RIVER[:3], PHONE, NEWSLETTER, RIVER[3]), (0, 0, 0, FOREIGN, FURNITURE, 0), "The river", "any")
CLEAN = Case(RIVER, (0,) * 5, "", "clean")
TITLED = Case((RIVER[0], PHONE), (BELONGS, FOREIGN), "Bridge", "any")


# --- gathering


def test_every_judged_paragraph_is_a_row_with_its_label_and_titles_are_none(hand_model: Model) -> None:
    rows = gathered([MIXED, CLEAN, TITLED], hand_model.reader)
    assert rows.labels.tolist() == [0, 0, 0, FOREIGN, FURNITURE, 0, *[0] * 5, BELONGS, FOREIGN]
    assert rows.cases.tolist() == [0] * 6 + [1] * 5 + [2] * 2
    assert rows.plain.shape == rows.doubted.shape == (13, len(COLUMNS))
    assert rows.summary.shape == (3, len(SUMMARY))
    furniture = rows.plain[:, COLUMNS.index("furniture")]
    assert np.flatnonzero(furniture > 0).tolist() == [4]  # "Subscribe for the newsletter."


def test_the_evidence_is_that_of_the_detector_with_the_title_as_context(hand_model: Model) -> None:
    first = hand_model.scorer.first
    rows = gathered([CLEAN, TITLED], hand_model.reader, first)
    batch = batch_of([TITLED.paragraphs], [TITLED.title])
    found = hand_model.reader.read(batch, first)
    assert batch.is_title.tolist() == [True, False, False]
    assert rows.plain[5:] == pytest.approx(found.plain[1:], abs=1e-6)
    assert rows.doubted[5:] == pytest.approx(found.doubted[1:], abs=1e-6)
    assert rows.summary[1] == pytest.approx(article_summary(batch, found.plain, found.doubt)[0], abs=1e-6)


def test_without_a_first_network_nothing_is_doubted_and_with_one_the_intruder_is(hand_model: Model) -> None:
    rows = gathered([MIXED], hand_model.reader)
    assert rows.doubted.tolist() == rows.plain.tolist()
    doubted = gathered([MIXED], hand_model.reader, hand_model.scorer.first)
    assert doubted.plain.tolist() == rows.plain.tolist()
    near = doubted.doubted[:, COLUMNS.index("doubt_near")]
    assert near[[2, 4]] == pytest.approx([0.5, 0.5], abs=0.1)  # the neighbours of the phone


def test_cases_are_numbered_on_from_one_run_to_the_next(hand_model: Model) -> None:
    rows = gathered([TITLED, CLEAN] * 150, hand_model.reader)  # runs of 256
    assert rows.cases.tolist() == np.repeat(np.arange(300), [2, 5] * 150).tolist()
    assert rows.labels.tolist() == [*TITLED.labels, *CLEAN.labels] * 150
    assert len(rows.summary) == 300
    assert rows.plain[-7:] == pytest.approx(rows.plain[:7], abs=1e-6)


def test_a_case_without_a_paragraph_has_no_row_but_keeps_its_number(hand_model: Model) -> None:
    rows = gathered([CLEAN, Case((), (), "T", "clean"), TITLED], hand_model.reader)
    assert rows.cases.tolist() == [0] * 5 + [2] * 2
    assert len(rows.summary) == 3


def test_lines_of_one_case_that_differ_in_numbers_alone_count_for_one_together(hand_model: Model) -> None:
    table = Case(("Prices rose.", "1/6/2019 5.6 %", "1/7/2019 6.1 %", "1/8/2020 7.7 %", "PRICES  rose."), (0,) * 5, "", "clean")
    rows = gathered([table, Case(("1/6/2019 5.6 %",), (0,), "", "clean")], hand_model.reader)
    assert rows.weights == pytest.approx([1 / 2, 1 / 3, 1 / 3, 1 / 3, 1 / 2, 1])


def rows_of(inputs: np.ndarray, labels: np.ndarray) -> Gathered:
    """Rows whose evidence is `inputs`, each a case of its own."""
    return Gathered(inputs, inputs[:, ::-1].copy(), labels, np.arange(len(labels)), np.ones(len(labels)), inputs[:, :2].copy())


def test_what_is_joined_stands_one_after_the_other() -> None:
    one = rows_of(np.ones((2, 3), np.float32), np.array([0, 1]))
    other = rows_of(np.zeros((3, 3), np.float32), np.array([2, 0, 0]))
    both = joined([one, other, one])
    assert both.labels.tolist() == [0, 1, 2, 0, 0, 0, 1]
    assert both.cases.tolist() == [0, 1, 0, 1, 2, 0, 1]
    assert both.plain[:, 0].tolist() == [1, 1, 0, 0, 0, 1, 1]
    assert both.summary.shape == (7, 2)


# --- fitting


def separable(count: int, seed: int = 0) -> Gathered:
    """Three classes: the first column is high where foreign, the second where furniture; the third says nothing."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=count)
    inputs = rng.normal(0, 0.3, (count, 3)) + 3 * np.column_stack((labels == FOREIGN, labels == FURNITURE, np.zeros(count)))
    return rows_of(inputs.astype(np.float32), labels)


@pytest.fixture(scope="module")
def rows() -> Gathered:
    return separable(8000)


FRESH = separable(500, seed=9)


def both(rows: Gathered) -> np.ndarray:
    return np.hstack((rows.plain, rows.doubted))


def content(network: Network) -> bytes:
    return b"".join(array.tobytes() for array in (network.mean, network.scale, *network.weights, *network.biases))


@pytest.fixture(autouse=True)
def nothing_is_reassuring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows here have three columns that are none of the evidence's."""
    monkeypatch.setattr(scoring, "_REASSURING", ())


def test_the_first_network_tells_what_belongs(rows: Gathered) -> None:
    logits = fit_first(rows, 0)(FRESH.plain)
    assert logits.shape == (500, 1)
    assert ((logits[:, 0] > 0) == (FRESH.labels != BELONGS)).mean() > 0.99


def test_the_foreign_network_tells_intruders_and_is_not_taught_what_furniture_is(rows: Gathered) -> None:
    network = fit_foreign(rows, 0)
    assert [weight.shape for weight in network.weights] == [(3, 6, 96), (3, 96, 48), (3, 48, 1)]
    asked = FRESH.labels != FURNITURE
    told = network(both(FRESH))[asked, 0] > 0
    assert (told == (FRESH.labels[asked] == FOREIGN)).mean() > 0.99
    # Whatever furniture looks like, the network is the same.
    other = np.where((rows.labels == FURNITURE)[:, None], np.float32(99), rows.plain)
    assert content(fit_foreign(replace(rows, plain=other), 0)) == content(network)


def test_the_foreign_network_learns_from_all_rows_of_short_cases_and_from_a_sample_of_long_ones() -> None:
    sizes = [30, 3, 1500, 1, 6000, 30]
    # Cases of the next part are numbered from nought again.
    cases = np.repeat([0, 1, 2, 0, 1, 2], sizes)
    kept = np.array([part.sum() for part in np.split(scoring._thinned(cases, 0), np.cumsum(sizes)[:-1])])
    assert kept[[0, 1, 3, 5]].tolist() == [30, 3, 1, 30]
    assert kept[[2, 4]] == pytest.approx([30, 30], abs=17)
    assert scoring._thinned(cases, 0).tolist() == scoring._thinned(cases, 0).tolist()
    assert scoring._thinned(cases, 0).tolist() != scoring._thinned(cases, 1).tolist()


def test_the_furniture_network_tells_furniture_from_all_else(rows: Gathered) -> None:
    told = fit_furniture(rows, [], 0)(both(FRESH))[:, 0] > 0
    assert (told == (FRESH.labels == FURNITURE)).mean() > 0.99


def test_labelled_articles_weigh_as_much_as_made_ones_in_telling_furniture(rows: Gathered) -> None:
    # A hundred natural rows, against 8,000 made ones, say that furniture shows in the third column too.
    few = separable(100, seed=3)
    few = replace(few, plain=few.plain[:, [0, 2, 1]], doubted=few.doubted[:, [1, 0, 2]])
    shown = np.zeros((2, 3), np.float32)
    shown[0, 2] = 3
    asked = np.hstack((shown, shown[:, ::-1]))
    taught = fit_furniture(rows, [few], 0)(asked)[:, 0]
    assert taught[0] > 0 > taught[1]
    assert fit_furniture(rows, [], 0)(asked)[0, 0] < 0


def test_a_label_that_a_network_of_the_other_parts_is_sure_is_wrong_is_not_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    # In one part a tenth of what belongs is labelled as furniture and of furniture as what belongs.
    made, first, second = separable(30_000), separable(2000, seed=1), separable(2000, seed=2)
    wrong = np.random.default_rng(0).random(2000) < 0.1
    swapped = np.where(first.labels == BELONGS, FURNITURE, np.where(first.labels == FURNITURE, BELONGS, first.labels))
    noisy = replace(first, labels=np.where(wrong, swapped, first.labels))
    plain = both(FRESH)[FRESH.labels == FURNITURE]
    monkeypatch.setattr(scoring, "_FURNITURE", replace(scoring._FURNITURE, members=1))  # three learn the same three times
    misled = fit_furniture(made, [joined([noisy, second])], 0)(plain)[:, 0]
    told = fit_furniture(made, [noisy, second], 0)(plain)[:, 0]
    right = fit_furniture(made, [joined([first, second])], 0)(plain)[:, 0]
    assert abs(told.mean() - right.mean()) < 0.3 * abs(misled.mean() - right.mean())  # .04 of it


def test_not_belonging_is_being_foreign_or_furniture(rows: Gathered) -> None:
    foreign, furniture = fit_foreign(rows, 0), fit_furniture(rows, [], 0)
    found = off_topic_logits(foreign, furniture, FRESH)
    # The odds of the two add up.
    odds = np.exp(foreign(both(FRESH))[:, 0]) + np.exp(furniture(both(FRESH))[:, 0])
    assert np.exp(found) == pytest.approx(odds)
    assert ((found > 0) == (FRESH.labels != BELONGS)).mean() > 0.99


def test_the_topic_network_tells_digests_by_the_summaries() -> None:
    rng = np.random.default_rng(0)

    def articles(mean: float) -> Gathered:
        return rows_of(rng.normal(mean, 1, (15_000, 2)).astype(np.float32), np.zeros(15_000, np.int64))

    logits = fit_topic(articles(0), articles(6), 0)(np.array([[0, 0], [6, 6]], np.float32))[:, 0]
    assert logits[0] < -1
    assert logits[1] > 1


def test_the_same_seed_fits_the_same_network_and_another_one_another() -> None:
    few = separable(300)
    for fit in (fit_first, fit_foreign, lambda rows, seed: fit_furniture(rows, [rows], seed)):
        assert content(fit(few, 0)) == content(fit(few, 0))
        assert content(fit(few, 0)) != content(fit(few, 1))


def test_networks_are_float32_throughout(rows: Gathered) -> None:
    network = fit_furniture(rows, [separable(50)], 0)
    arrays = (network.mean, network.scale, *network.weights, *network.biases)
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_a_column_that_never_changes_counts_for_nothing_and_divides_by_no_nought() -> None:
    few = separable(300)
    few = replace(few, plain=np.column_stack((few.plain, np.full(300, 7, np.float32))))
    network = fit_first(few, 0)
    assert network.scale[3] == 1
    assert network.mean[3] == 7
    assert np.isfinite(network(few.plain)).all()


def test_a_network_that_has_seen_one_answer_only_always_gives_it() -> None:
    few = separable(300)
    without = replace(few, labels=np.where(few.labels == FURNITURE, BELONGS, few.labels))
    never = fit_furniture(without, [], 0)
    assert never(both(FRESH)).tolist() == [[-20]] * 500
    always = fit_first(replace(few, labels=np.full(300, FOREIGN)), 0)
    assert always(FRESH.plain).tolist() == [[20]] * 500
    assert {array.dtype for array in (*never.weights, *never.biases)} == {np.dtype(np.float32)}


def test_what_runs_says_what_the_networks_of_scikit_learn_say_on_average(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    make = sklearn.neural_network.MLPClassifier

    class Kept(make):  # type: ignore[misc, valid-type]
        """Remembers the weights it passes through; they are scored as a member whose weights are their mean would be."""

        def partial_fit(self, *arguments: Any, **named: Any) -> Any:
            if not hasattr(self, "passed"):
                made.append(self)
                self.passed: list[Any] = []
            super().partial_fit(*arguments, **named)
            self.passed.append([array.copy() for array in (*self.coefs_, *self.intercepts_)])
            return self

        def settle(self) -> None:
            late = self.passed[len(self.passed) // 2 :]
            mean = [np.mean(each, axis=0) for each in zip(*late, strict=True)]
            self.coefs_, self.intercepts_ = mean[: len(self.coefs_)], mean[len(self.coefs_) :]

    monkeypatch.setattr(sklearn.neural_network, "MLPClassifier", Kept)
    few = separable(400)
    foreign = replace(few, labels=np.where(few.labels == FURNITURE, BELONGS, few.labels))
    for inputs, fit, count in ((few.plain, lambda: fit_first(few, 0), 1), (both(few), lambda: fit_foreign(foreign, 0), 3)):
        made.clear()
        network = fit()
        assert len(made) == count
        standard = np.clip((inputs - inputs.mean(axis=0)) / inputs.std(axis=0), -4, 4)
        for model in made:
            model.settle()
        told = [model.predict_proba(standard)[:, 1] for model in made]
        assert network(inputs)[:, 0] == pytest.approx(np.mean([np.log(p / (1 - p)) for p in told], axis=0), abs=1e-4)
        assert count == 1 or np.ptp(told, axis=0).max() > 0.01  # they are not the same network three times


# --- what is shared never makes a paragraph more suspicious


def test_a_network_never_rises_with_what_it_is_to_fall_with_though_that_is_what_the_rows_say() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(6000, 4)).astype(np.float32)
    # It does not belong where the first two agree, the more so with the third, and less with the fourth.
    labels = inputs[:, 0] * inputs[:, 1] + inputs[:, 2] - inputs[:, 3] > 0
    way = scoring._Way((24, 12), epochs=12)
    held, free = (scoring._fit(inputs, labels, way, 0, falling) for falling in (np.array([2, 3]), scoring._NONE))

    def rises(network: Network, column: int) -> float:
        more = inputs + np.where(np.arange(4) == column, rng.uniform(0, 3, (6000, 1)), 0).astype(np.float32)
        return float((network(more)[:, 0] > network(inputs)[:, 0] + 1e-6).mean())

    assert rises(free, 2) > 0.9
    assert [rises(held, 2), rises(held, 3)] == [0, 0]
    # It still learns all else: what the first two say together, and how the fourth speaks for belonging.
    told = held(inputs)[:, 0]
    assert np.corrcoef(told, inputs[:, 0] * inputs[:, 1])[0, 1] > 0.4
    assert np.corrcoef(told, inputs[:, 3])[0, 1] < -0.3


@pytest.mark.parametrize("name", ["first", "foreign"])
def test_in_the_bundled_model_sharing_more_never_raises_a_logit(name: str) -> None:
    reassuring = ("rare_shared", "very_rare_shared", "names_shared", "rarest_shared", "shared", "tfidf", "surprise")
    network: Network = getattr(load_model().scorer, name)
    rng = np.random.default_rng(0)
    width = len(network.mean)
    rows = (network.mean + network.scale * rng.normal(size=(4000, width))).astype(np.float32)
    logits = network(rows)[:, 0]
    weighed = 0
    for column in reassuring:
        where = np.arange(width) % len(COLUMNS) == COLUMNS.index(column)
        more = rows + np.where(where, network.scale * rng.uniform(0, 2, (4000, 1)), 0).astype(np.float32)
        found = network(more)[:, 0]
        assert (found <= logits + 1e-4).all(), column
        weighed += (found < logits - 0.01).any()
    assert weighed >= 2  # it makes use of them
