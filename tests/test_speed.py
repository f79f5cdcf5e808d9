"""Speed: the contenders read what they are given, take turns, and are counted by hand here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import NEWSLETTER, PHONE, RIVER

from benchmarks import contenders, speed
from benchmarks.contenders import PARTS, SLOW, checked, megabytes, news
from detector import Model, OffTopicDetector
from training import corpora

ARTICLES = [["The river rose.", "A boat, a bridge."], ["The phone."]]
FLAGGED = [[*RIVER[:3], PHONE, *RIVER[3:]], list(RIVER), [], [*RIVER, NEWSLETTER]]  # one, none, none, one


# --- contenders -------------------------------------------------------------------------------------------------------------


def test_megabytes_are_those_of_the_paragraphs_as_utf_8() -> None:
    assert megabytes([["abc", "é"], [], ["東京", "😀", ""]]) == pytest.approx((3 + 2 + 6 + 4) / 1e6)
    assert megabytes([["\ud800"]]) == pytest.approx(3e-6)
    assert megabytes([["x" * 1000] * 500] * 4) == pytest.approx(2.0)
    assert megabytes([]) == 0


def test_each_part_reads_every_paragraph() -> None:
    tfidf, hashing, words, terms = (part(ARTICLES) for part in PARTS.values())
    assert tfidf.shape == (3, 6)  # type: ignore[attr-defined]  # the, river, rose, boat, bridge, phone
    assert hashing.shape[0] == 3  # type: ignore[attr-defined]
    assert hashing.nnz == 3 + 2 + 2  # type: ignore[attr-defined]
    assert words == 3 + 4 + 2
    assert terms == 3 + 2 + 2  # single letters are none


def test_terms_are_found_of_so_many_paragraphs_at_a_time_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    terms = list(PARTS.values())[3]
    for run in (1, 2, 3, 400):
        monkeypatch.setattr(contenders, "_RUN", run)
        assert terms(ARTICLES) == 7
    assert terms([]) == 0


def test_checking_counts_the_flags_in_as_many_processes_as_it_is_told(
    hand_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    check_many = OffTopicDetector.check_many

    def recorded(self: OffTopicDetector, articles: Any, *, n_jobs: int) -> Any:
        asked.append(n_jobs)
        return check_many(self, articles)

    monkeypatch.setattr(OffTopicDetector, "check_many", recorded)
    monkeypatch.setattr(contenders, "OffTopicDetector", partial(OffTopicDetector, model=hand_model))
    assert checked(FLAGGED) == 2
    assert checked(FLAGGED, n_jobs=2) == 2
    assert checked(FLAGGED[1:3]) == 0
    assert asked == [1, 2, 1]


def test_the_detector_that_is_measured_is_that_of_a_user() -> None:
    flags = [int(report.flags.sum()) for report in OffTopicDetector().check_many(FLAGGED, n_jobs=1)]
    assert checked(FLAGGED) == sum(flags)


def test_news_is_as_much_as_asked_for_and_begins_anew_where_there_is_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def held_out(folder: Path, corpus: str) -> list[SimpleNamespace]:
        asked.append((folder, corpus))
        return [SimpleNamespace(paragraphs=(letter * 300, letter * 200)) for letter in "ab"]

    monkeypatch.setattr(contenders, "held_out", held_out)
    a, b = (["a" * 300, "a" * 200], ["b" * 300, "b" * 200])
    assert news(Path("somewhere"), 0.002) == [a, b, a, b]
    assert news(Path("somewhere"), 0.0011) == [a, b, a]
    assert asked == [(Path("somewhere"), "news")] * 2


def test_news_are_read_from_a_corpus_that_there_is() -> None:
    assert "news" in {corpus.tier for corpus in corpora.CORPORA.values()}


# --- speed ------------------------------------------------------------------------------------------------------------------


def test_every_slow_contender_has_its_share_of_the_text() -> None:
    assert speed._SLOW_MB.keys() == SLOW.keys()
    assert min(speed._SLOW_MB.values()) > 0


def test_contenders_take_turns_and_each_gets_its_own_text_and_its_own_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    calls: list[tuple[str, object]] = []

    def contender(name: str, durations: list[float]) -> Callable[[object], None]:
        left = iter(durations)

        def read(articles: object) -> None:
            calls.append((name, articles))
            clock[0] += next(left)

        return read

    monkeypatch.setattr(speed, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    first, second = contender("first", [1.0, 2.0, 4.0]), contender("second", [8.0, 16.0, 32.0])
    one, two = [["one"]], [["two"]]
    assert speed._turns([first, second], [one, two], 3) == [[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]
    assert calls == [("first", one), ("second", two)] * 3


def test_contenders_and_texts_are_as_many() -> None:
    with pytest.raises(ValueError, match="zip"):
        speed._turns([len, len], [[["one"]]], 1)


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_the_highest_memory_is_that_of_the_code_and_of_nothing_that_ran_before() -> None:
    some = speed._highest_memory("x = b'x' * (100 << 20); del x")
    none = speed._highest_memory("print('VmHWM:  1 kB')")
    assert 95 < some - none < 110
    with pytest.raises(subprocess.CalledProcessError):
        speed._highest_memory("raise ValueError")
