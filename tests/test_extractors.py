"""Extractors: overlap worked out by hand, and a table before and after cleaning over pages that were never learned from."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import PHONE, RIVER

from detector import Model, OffTopicDetector
from training import extractors
from training.corpora import Page
from training.extractors import overlap


def test_overlap_counts_words_and_runs_of_four_as_often_as_both_have_them() -> None:
    found = overlap("One two, two three four FIVE", "one two three four five six")
    # Words in common: one, two (once), three, four, five of six and six. Runs of four in common: two three four five of three.
    assert found == pytest.approx((2 * 5 / 12, 5 / 6, 2 * 1 / 6, 1 / 3))


def test_the_same_text_overlaps_wholly_and_nothing_not_at_all() -> None:
    assert overlap("a b c d e", "A b, c d e.") == (1, 1, 1, 1)
    assert overlap("", "a b c d e") == (0, 0, 0, 0)
    assert overlap("", "") == (0, 0, 0, 0)


def test_the_table_tells_what_cleaning_gives_and_an_extractor_that_is_not_installed_is_left_out(
    hand_model: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "\n\n".join(RIVER)
    pages = [Page("1", "\n\n".join((*RIVER, PHONE)), text), Page("2", text, text), Page("3", "broken", text)]

    def given(html: str) -> str:
        if html == "broken":
            raise ValueError("odd page")
        return html

    def missing(html: str) -> str:
        raise ImportError("no module named other")

    monkeypatch.setattr(extractors, "EXTRACTORS", {"given": given, "missing": missing})
    monkeypatch.setattr(extractors, "held_out_pages", lambda _: pages)
    monkeypatch.setattr(extractors, "OffTopicDetector", lambda **named: OffTopicDetector(model=hand_model, **named))
    monkeypatch.setattr("sys.argv", ["extractors", "--corpora", str(tmp_path), "--false-alarms", "0.05"])
    extractors.main()
    out, err = capsys.readouterr()
    with_phone = overlap(pages[0].html, text)
    row = out.splitlines()[-1]
    assert row.startswith(f"| given | 2 | {50 * (1 + with_phone.word_f1):.2f} → 100.00 | 100.00 → 100.00 |")
    assert row.endswith("| 1 | 1 | 0 |")
    assert "3: ValueError: odd page" in err
    assert "missing left out: no module named other; pip install 'offtopic-detector[extractors]'" in err
