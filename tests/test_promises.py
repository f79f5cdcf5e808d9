"""Promises: what share of clean text is flagged is counted by the length of the article, paragraph by paragraph."""

from __future__ import annotations

import pytest
from conftest import PHONE, RIVER

from detector import Model, OffTopicDetector
from detector.learn.articles import Article
from training.promises import flagged_shares


def test_flagged_paragraphs_are_counted_by_the_length_of_their_article(hand_model: Model) -> None:
    short, long = (*RIVER, PHONE), tuple(RIVER) * 9
    assert 4 <= len(short) <= 8
    assert len(long) > 40
    detector = OffTopicDetector(model=hand_model)
    rows = list(flagged_shares([Article(short), Article(short), Article(long), Article(("One.",))], detector))
    assert [(name, count) for name, count, _ in rows] == [("4-8", 2 * len(short)), ("9-40", 0), ("over 40", len(long))]
    # Where 5 % are tolerated, the intruder is flagged, and in an article of one river nothing.
    assert rows[0][2][0] == pytest.approx(1 / len(short))
    assert rows[2][2] == [0] * 5
