"""Crossed fixtures: every stray in every article, but where nobody could tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector import Model, OffTopicDetector
from detector.learn.intrusions import BELONGS, FOREIGN, FURNITURE
from training.crossed import STRAYS, crossed, measured_crossed

LINES = ["Follow us.", "Advertisement"]
OTHER = "Whoever has a phone of that kind should not charge it at night, says the company, which has sold nine million of them."
STRANGER = "A frog that nobody had seen for a hundred years has been found in a stream again, to the surprise of all who look."


def article(name: str, size: int = 10, **differing: Any) -> dict[str, Any]:
    belongs = [
        f"The {name} is long and runs through hills and plains and towns of which it has a few, and this is line {i}."
        for i in range(size)
    ]
    paragraphs = [{"text": text, "label": "belongs"} for text in belongs]
    return {"id": name, "language": "en", "status": "ok", "paragraphs": paragraphs, **differing}


def fixtures(folder: Path, *articles: dict[str, Any], foreign: tuple[str, ...] = (STRANGER,)) -> Path:
    (folder / "articles").mkdir()
    for each in articles:
        (folder / "articles" / f"{each['id']}.json").write_text(json.dumps(each), encoding="utf-8")
    (folder / STRAYS).write_text(json.dumps({"foreign": foreign, "furniture": LINES}), encoding="utf-8")
    return folder


def test_every_stranger_and_every_line_is_put_into_every_article_once(tmp_path: Path) -> None:
    river, road = article("river"), article("road", 20)
    river["paragraphs"].append({"text": OTHER, "label": "foreign"})
    cases = crossed(fixtures(tmp_path, river, road))
    found = [tuple(text for text, label in zip(c.paragraphs, c.labels, strict=True) if label != BELONGS) for c in cases]
    strangers = [put for put in found if STRANGER in put or OTHER in put]
    assert len(strangers) == 4
    assert sorted(put for put in found if put not in strangers) == sorted((line,) for line in LINES * 2)
    for case in cases:
        where = np.flatnonzero(np.array(case.labels) == FOREIGN)
        assert len(where) <= 1
        assert 0 not in where
        for text, label in zip(case.paragraphs, case.labels, strict=True):
            assert (label == FURNITURE) == (text in LINES)
        kept = [text for text, label in zip(case.paragraphs, case.labels, strict=True) if label == BELONGS]
        texts = [p["text"] for p in (river if "river" in kept[0] else road)["paragraphs"] if p["label"] == "belongs"]
        first = texts.index(kept[0])
        assert kept == texts[first : first + len(kept)]
        assert len(kept) in {5, 6, 7, 8, len(texts)}
    assert crossed(tmp_path) == cases


@pytest.mark.parametrize(
    "differing",
    [
        {"language": "de"},
        {"status": "no_common_topic"},
        {"id": "clean-about-rivers"},
        {"paragraphs": article("river", 4)["paragraphs"]},
        {"paragraphs": [{"text": "A line.", "label": "belongs"}] * 6 + article("river", 5)["paragraphs"]},
    ],
    ids=["another language", "no article", "about the page", "too short", "no prose"],
)
def test_what_is_no_article_in_prose_is_no_host(tmp_path: Path, differing: dict[str, Any]) -> None:
    assert crossed(fixtures(tmp_path, article("river", **differing))) == []


def test_a_stranger_that_shares_a_name_with_an_article_may_be_of_its_story(tmp_path: Path) -> None:
    host = article("river")
    host["paragraphs"][0]["text"] += " Its name is Gondelach."
    cases = crossed(fixtures(tmp_path, host, foreign=(STRANGER + " Ask in Gondelach.",)))
    assert {label for case in cases for label in case.labels} == {BELONGS, FURNITURE}


def test_the_figures_of_crossed_articles_are_those_of_their_reports(hand_model: Model, tmp_path: Path) -> None:
    detector = OffTopicDetector(model=hand_model)
    cases = crossed(fixtures(tmp_path, article("river"), article("road")))
    figures = measured_crossed(cases, detector)
    reports = [detector.check(case.paragraphs) for case in cases]
    right = [case.labels[int(np.argmax(report.scores))] != BELONGS for case, report in zip(cases, reports, strict=True)]
    assert figures["hit@1"] == pytest.approx(np.mean(right))
    told = [
        flag
        for case, report in zip(cases, reports, strict=True)
        for label, flag in zip(case.labels, report.flags, strict=True)
        if label == FOREIGN
    ]
    assert figures["flagged of what is foreign"] == pytest.approx(np.mean(told))
    assert set(figures) == {
        "hit@1",
        "average precision",
        "flagged of what is foreign",
        "flagged of what is furniture",
        "unflagged of what belongs",
    }
