"""The contenders on the fixture articles, with pytest-benchmark: ``pytest benchmarks``. For changes; the README's figures are
those of :mod:`benchmarks.speed`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.contenders import PARTS, Articles, checked, megabytes
from detector import OffTopicDetector

FIXTURES = [
    json.loads(path.read_text("utf-8")) for path in sorted((Path(__file__).parents[1] / "fixtures/articles").glob("*.json"))
]
ARTICLES = [[paragraph["text"] for paragraph in article["paragraphs"]] for article in FIXTURES] * 8


@pytest.mark.parametrize("contender", [checked, *PARTS.values()], ids=["check_many", *PARTS])
def test_a_megabyte_of_articles(benchmark: Any, contender: Callable[[Articles], object]) -> None:
    assert 1 < megabytes(ARTICLES) < 2
    assert benchmark(contender, ARTICLES) is not None


def test_one_article(benchmark: Any) -> None:
    detector = OffTopicDetector()
    assert len(benchmark(detector.check, ARTICLES[0]).scores) == len(ARTICLES[0])
