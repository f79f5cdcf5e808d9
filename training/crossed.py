"""Crossed fixtures: short articles with an intruder that each of them might have met.

Every stray of :data:`STRAYS` and every intruder of the fixtures is put into every one of their articles in English: over a
thousand articles as somebody writes who tries the detector out, and as no corpus holds them. Half are cut to five to eight
paragraphs; half of those with a stranger hold a line of furniture too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from detector import OffTopicDetector
from detector.learn.intrusions import BELONGS, FOREIGN, FURNITURE, Case
from detector.learn.metrics import average_precision, hit_at_1

__all__ = ["STRAYS", "crossed", "measured_crossed"]

STRAYS = "strays.json"
_FEWEST, _MOST = 5, 8  # paragraphs of an article that is cut
_PROSE = 80  # characters of half of the paragraphs at least: no poem, table or list
_ABOUT = "about-"  # articles that speak of newsletters, cookies and copyright themselves
_NAME = re.compile(r"\b[A-Z]\w{5,}")


def crossed(fixtures: Path) -> list[Case]:
    """Return the articles below `fixtures` with every stray there is; the same each time.

    A stranger that shares a name with an article may be of its story and is left out.
    """
    rng = np.random.default_rng(0)
    articles = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((fixtures / "articles").glob("*.json"))]
    strays = json.loads((fixtures / STRAYS).read_text(encoding="utf-8"))
    strangers = list(dict.fromkeys([*strays["foreign"], *_strangers(articles)]))
    hosts = {tuple(_texts(article, "belongs")): None for article in articles if _is_host(article)}
    cases = []
    for host in hosts:
        names = set(_NAME.findall(" ".join(host)))
        for stranger in strangers:
            if names.isdisjoint(_NAME.findall(stranger)):
                furniture = strays["furniture"][int(rng.integers(len(strays["furniture"])))]
                cases.append(_case(host, stranger, furniture if rng.random() < 0.5 else "", rng))
        cases += [_case(host, "", line, rng) for line in strays["furniture"]]
    return cases


def measured_crossed(cases: Sequence[Case], detector: OffTopicDetector) -> dict[str, float]:
    """Return the figures of `detector` on the crossed articles `cases`; higher is better for each."""
    reports = list(detector.check_many(case.paragraphs for case in cases))
    labels = np.concatenate([case.labels for case in cases])
    scores = np.concatenate([report.scores for report in reports])
    flags = np.concatenate([report.flags for report in reports])
    bounds = np.concatenate(([0], np.cumsum([len(case.labels) for case in cases])))
    return {
        "hit@1": hit_at_1(scores, labels != BELONGS, bounds),
        "average precision": average_precision(scores, labels != BELONGS),
        "flagged of what is foreign": float(flags[labels == FOREIGN].mean()),
        "flagged of what is furniture": float(flags[labels == FURNITURE].mean()),
        "unflagged of what belongs": float(1 - flags[labels == BELONGS].mean()),
    }


def _is_host(article: dict[str, Any]) -> bool:
    texts = _texts(article, "belongs")
    asked = article["language"] == "en" and article["status"] == "ok" and _ABOUT not in article["id"]
    return asked and len(texts) >= _FEWEST and sorted(map(len, texts))[len(texts) // 2] >= _PROSE


def _strangers(articles: list[dict[str, Any]]) -> Iterator[str]:
    for article in articles:
        if article["language"] == "en":
            yield from (text for text in _texts(article, "foreign") if len(text) >= _PROSE)


def _texts(article: dict[str, Any], label: str) -> list[str]:
    return [paragraph["text"] for paragraph in article["paragraphs"] if paragraph["label"] == label]


def _case(host: tuple[str, ...], stranger: str, furniture: str, rng: np.random.Generator) -> Case:
    """Return `host`, or a stretch of it, with what there is of a `stranger`, never first, and `furniture`, anywhere."""
    size = min(int(rng.integers(_FEWEST, _MOST + 1)), len(host)) if rng.random() < 0.5 else len(host)
    first = int(rng.integers(len(host) - size + 1))
    rows = [(text, BELONGS) for text in host[first : first + size]]
    if stranger:
        rows.insert(int(rng.integers(1, len(rows) + 1)), (stranger, FOREIGN))
    if furniture:
        rows.insert(int(rng.integers(len(rows) + 1)), (furniture, FURNITURE))
    paragraphs, labels = zip(*rows, strict=True)
    return Case(paragraphs, labels, "", "crossed")
