"""Gate: figures below their floors are named, and nothing lowers a floor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import PHONE, RIVER

from detector import Model, OffTopicDetector
from detector.learn.intrusions import BELONGS, FOREIGN, Case
from training import gate
from training.benchmark import Tier


def write(folder: Path, name: str, paragraphs: dict[str, str], status: str = "ok") -> None:
    record = {"status": status, "paragraphs": [{"text": text, "label": label} for text, label in paragraphs.items()]}
    folder.joinpath(f"{name}.json").write_text(json.dumps(record), encoding="utf-8")


def test_an_intruder_found_and_nothing_else_flagged_is_a_full_score(hand_model: Model, tmp_path: Path) -> None:
    write(tmp_path, "river", {**dict.fromkeys(RIVER, "belongs"), PHONE: "foreign"})
    write(tmp_path, "two", dict.fromkeys(RIVER[:2], "belongs"), status="too_short")
    assert set(gate.measured(tmp_path, OffTopicDetector(model=hand_model)).values()) == {1.0}


def test_a_wrong_status_and_a_missed_intruder_lower_their_figures(hand_model: Model, tmp_path: Path) -> None:
    write(tmp_path, "river", {RIVER[0]: "foreign", **dict.fromkeys(RIVER[1:], "belongs")})
    write(tmp_path, "two", dict.fromkeys(RIVER[:2], "belongs"), status="no_common_topic")
    figures = gate.measured(tmp_path, OffTopicDetector(model=hand_model))
    assert figures["statuses right"] == 0.5
    assert figures["flagged of what does not belong"] == 0.0
    assert figures["unflagged of what belongs"] == 1.0


def test_without_articles_the_gate_stays_shut(hand_model: Model, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no articles"):
        gate.measured(tmp_path, OffTopicDetector(model=hand_model))


def test_only_figures_below_their_floor_by_more_than_rounding_are_named() -> None:
    assert gate.shortfalls({"a": 0.9, "b": 0.896, "c": 0.89}, {"a": 0.9, "b": 0.9, "c": 0.9}) == [
        "c: 0.8900, at least 0.9000 is asked"
    ]
    assert gate.shortfalls({}, {"gone": 0.5}) == ["gone: 0.0000, at least 0.5000 is asked"]


def test_a_changed_article_changes_the_digest(tmp_path: Path) -> None:
    write(tmp_path, "a", {"One.": "belongs"})
    before = gate.digest_of(tmp_path)
    write(tmp_path, "a", {"Two.": "belongs"})
    assert gate.digest_of(tmp_path) != before


def test_raising_pins_better_figures_and_refuses_to_lower_a_floor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    floors = tmp_path / "floors"
    monkeypatch.setattr(gate, "_FIXTURES", tmp_path)
    monkeypatch.setattr(gate, "crossed", lambda _: [])
    monkeypatch.setattr(gate, "_FLOORS", floors)
    monkeypatch.setattr("sys.argv", ["gate", "--raise"])
    # Of the fixtures and of the crossed ones; either keeps the gate shut.
    for value, other, status, pinned in (
        (0.5, 0.5, 0, (0.5, 0.5)),
        (0.7, 0.6, 0, (0.7, 0.6)),
        (0.6, 0.6, 1, (0.7, 0.6)),
        (0.8, 0.5, 1, (0.8, 0.6)),
    ):
        monkeypatch.setattr(gate, "measured", lambda *_, value=value: {"ap": value})
        monkeypatch.setattr(gate, "measured_crossed", lambda *_, other=other: {"hit": other})
        assert gate.main() == status
        found = json.loads(floors.read_text())
        assert (found["fixtures"]["floors"], found["crossed fixtures"]["floors"]) == ({"ap": pinned[0]}, {"hit": pinned[1]})
    told = capsys.readouterr().err
    assert "ap: 0.6000, at least 0.7000 is asked" in told
    assert "hit: 0.5000, at least 0.6000 is asked" in told


def test_every_tier_has_its_floors_and_those_of_the_fixtures_stay(
    hand_model: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Case((*RIVER, PHONE), (*[BELONGS] * len(RIVER), FOREIGN), "", "any")
    clean = Case(tuple(RIVER), (BELONGS,) * len(RIVER), "", "clean")
    floors = tmp_path / "floors"
    floors.write_text(json.dumps({"fixtures": {"digest": "d", "floors": {"ap": 0.5}}}))
    monkeypatch.setattr(gate, "_FLOORS", floors)
    monkeypatch.setattr(gate, "tiers", lambda *_: [Tier("news", "any", [found]), Tier("news", "clean", [clean])])
    monkeypatch.setattr(gate, "OffTopicDetector", lambda: OffTopicDetector(model=hand_model))
    monkeypatch.setattr("sys.argv", ["gate", "--corpora", str(tmp_path), "--raise"])
    assert gate.main() == 0
    pinned = json.loads(floors.read_text())
    assert pinned["fixtures"] == {"digest": "d", "floors": {"ap": 0.5}}
    names = ("any: hit@1", "any: average precision", "any: recall at 1 %", "clean: unflagged", "clean: status right")
    means = [f"mean of all tiers: {figure}" for figure in ("hit@1", "average precision", "recall at 1 %")]
    assert pinned["corpora"]["floors"] == dict.fromkeys([*(f"news, {name}" for name in names), *means], 1.0)
    # Other cases than those that were pinned are told, and no gate opens for them unseen.
    monkeypatch.setattr(gate, "tiers", lambda *_: [Tier("news", "any", [found, found]), Tier("news", "clean", [clean])])
    monkeypatch.setattr("sys.argv", ["gate", "--corpora", str(tmp_path)])
    assert gate.main() == 1
    assert "the corpora are not those that the floors were measured on" in capsys.readouterr().out


def test_the_mean_is_over_the_tiers_in_which_something_ranks(hand_model: Model) -> None:
    found = Case((*RIVER, PHONE), (*[BELONGS] * len(RIVER), FOREIGN), "", "any")
    missed = Case((*RIVER, PHONE), (FOREIGN, *[BELONGS] * len(RIVER)), "", "any")
    clean = Case(tuple(RIVER), (BELONGS,) * len(RIVER), "", "clean")
    detector = OffTopicDetector(model=hand_model)
    tiers = [Tier("news", "any", [found]), Tier("web", "any", [missed]), Tier("web", "clean", [clean])]
    assert gate.measured_on_tiers(tiers, detector)["mean of all tiers: hit@1"] == 0.5


def test_a_changed_label_changes_the_digest_of_the_tiers() -> None:
    one, other = (Tier("web", "any", [Case(("a", "b"), labels, "", "any")]) for labels in ((0, 1), (1, 0)))
    assert gate.digest_of_tiers([one]) != gate.digest_of_tiers([other])
    assert gate.digest_of_tiers([one]) == gate.digest_of_tiers([one])
