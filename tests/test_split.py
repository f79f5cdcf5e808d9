"""Split: a source stands in one part only, labelled ones where labels are needed, and no part is left empty."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace

import pytest

from detector.learn.articles import Article
from detector.learn.split import Parts, parts_of, share_of


def article(number: int, source: str = "", labels: tuple[int, ...] | None = None) -> Article:
    return Article((f"Paragraph {number} of {source}.",), source=source, labels=labels)


def sources_of(parts: Parts) -> list[set[str]]:
    return [{article.source for article in part} for part in parts]


def test_the_share_is_the_first_eight_bytes_of_the_sha256_of_the_source() -> None:
    assert hashlib.sha256(b"Reuters").hexdigest().startswith("57")  # 0x57 / 0x100 = 0.34
    assert share_of(article(1, "Reuters")) == 0.3415558992938824


def test_articles_of_one_source_have_one_share_whatever_they_say() -> None:
    assert share_of(article(1, "Reuters")) == share_of(Article(("Else.",), "T", "Reuters", "topic", "de", 3.0, (1,)))
    assert share_of(article(1, "Reuters")) != share_of(article(1, "reuters"))


def test_an_article_without_a_source_is_one_of_its_own_told_by_its_text() -> None:
    plain = Article(("One.", "Two."), "T")
    assert share_of(plain) == share_of(Article(("One.", "Two."), "T", topic="x", weight=2.0))
    assert len({share_of(a) for a in (plain, Article(("One.",), "T"), Article(("One.", "Two."), "U"))}) == 3


def test_a_lone_surrogate_has_a_share_too() -> None:
    assert 0 <= share_of(Article(("\ud800",))) < 1


def test_every_article_is_in_one_part_in_order_and_every_source_in_one_only() -> None:
    articles = [article(i, f"source {i % 40}") for i in range(400)]
    parts = parts_of(articles)
    assert sorted((a for part in parts for a in part), key=articles.index) == articles
    for part in parts:
        assert part == sorted(part, key=articles.index)
    projection, scoring, calibration = sources_of(parts)
    assert all((projection, scoring, calibration))
    assert len(projection | scoring | calibration) == len(projection) + len(scoring) + len(calibration)


def test_of_many_sources_some_two_thirds_teach_the_projection_and_the_rest_is_halved() -> None:
    parts = parts_of([article(i, f"source {i}") for i in range(4000)])
    # Standard deviations of the shares: 0.008 and 0.006.
    assert [len(part) / 4000 for part in parts] == pytest.approx([0.64, 0.18, 0.18], abs=0.03)


def test_a_source_with_a_labelled_article_never_teaches_the_projection() -> None:
    labelled = {f"source {i}" for i in range(0, 600, 3)}
    articles = [article(i, f"source {i % 600}", (1,) if i % 3 == 0 and i < 600 else None) for i in range(1800)]
    parts = parts_of(articles)
    projection, scoring, calibration = sources_of(parts)
    assert not projection & labelled
    assert labelled == (scoring | calibration) & labelled
    assert not scoring & calibration
    assert 165 < len(scoring & labelled) < 195  # nine tenths of 200
    assert {a.source for a in articles} - labelled - projection  # others score and calibrate as before


def test_labelled_articles_without_a_source_keep_no_other_one_from_the_projection() -> None:
    parts = parts_of([article(i, "", (1,) if i < 10 else None) for i in range(300)])
    assert all(a.labels is None for a in parts.projection)
    assert 0.5 < len(parts.projection) / 290 < 0.78


def test_what_is_not_to_be_judged_teaches_the_projection_alone() -> None:
    articles = [replace(article(i, f"source {i}"), judged=i % 2 == 0) for i in range(200)]
    parts = parts_of(articles)
    assert all(a.judged for a in (*parts.scoring, *parts.calibration))
    assert [a for a in parts.projection if not a.judged] == [a for a in articles if not a.judged]
    judged = [a for a in articles if a.judged]
    assert [[a for a in part if a.judged] for part in parts] == list(parts_of(judged))


def test_much_text_that_is_not_to_be_judged_changes_nothing_for_the_rest() -> None:
    judged = [article(i, f"source {i % 30}") for i in range(90)]
    textbooks = [replace(article(i, f"book {i % 50}"), judged=False) for i in range(2000)]
    parts = parts_of([*judged, *textbooks])
    assert (parts.scoring, parts.calibration) == parts_of(judged)[1:]


@pytest.mark.parametrize(("share", "apart"), [(40, False), (41, True)])
def test_a_source_with_more_than_two_fifths_of_the_articles_is_split_by_article(share: int, apart: bool) -> None:
    articles = [article(i, "big" if i < share else f"source {i}") for i in range(100)]
    assert sum("big" in sources for sources in sources_of(parts_of(articles))) == (3 if apart else 1)


def test_split_by_article_only_the_labelled_ones_are_kept_from_the_projection() -> None:
    parts = parts_of([article(i, "mine", (0,) if i % 10 == 0 else None) for i in range(300)])
    assert all(a.labels is None for a in parts.projection)
    assert all(len(part) > 20 for part in parts)


def test_a_few_sources_that_would_all_fall_into_one_part_are_split_by_article() -> None:
    low = [name for name in map("source {}".format, range(20)) if share_of(article(0, name)) < 0.64][:4]
    parts = parts_of([article(i, low[i % 4]) for i in range(200)])
    assert all(len(part) > 15 for part in parts)


def test_the_split_is_the_same_in_whatever_order_articles_come() -> None:
    articles = [article(i, f"source {i % 30}") for i in range(120)]
    found: dict[str, set[int]] = defaultdict(set)
    for given in (articles, articles[::-1]):
        for number, part in enumerate(parts_of(given)):
            for each in part:
                found[each.source].add(number)
    assert all(len(numbers) == 1 for numbers in found.values())


def test_no_articles_make_three_empty_parts() -> None:
    assert parts_of([]) == ([], [], [])
