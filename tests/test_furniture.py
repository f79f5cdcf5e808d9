"""Furniture: folds that share no source and no line, and what each holds."""

from __future__ import annotations

import pytest
from conftest import spelt

from detector.learn.articles import Article
from detector.learn.furniture import Fold, folds_of
from detector.learn.intrusions import BELONGS, FURNITURE
from detector.learn.split import Parts, share_of


def test_furniture_falls_into_three_folds_by_source_and_line() -> None:
    labelled = [Article((f"a{spelt(i)}", "b", "c"), source=f"source {i}", labels=(0, 1, i % 2)) for i in range(200)]
    lines = [f"line {spelt(i)}" for i in range(200)]
    clean = [Article(("d", "e"))]
    folds = folds_of(Parts(clean, [*clean, *labelled[:180]], [*labelled[180:], *clean]), lines)
    for article in labelled[:180]:
        assert [article in fold.labelled for fold in folds] == [share_of(article) < 0.45, share_of(article) >= 0.45, False]
    assert folds[2].labelled == labelled[180:]
    assert [len(fold.labelled) for fold in folds] == pytest.approx([81, 99, 20], abs=20)
    found = [[line for line in fold.lines if line.startswith("line")] for fold in folds]
    assert sorted(line for own in found for line in own) == sorted(lines)
    assert [len(each) for each in found] == pytest.approx([90, 90, 20], abs=20)
    for fold, own in zip(folds, found, strict=True):
        noise = [paragraph for a in fold.labelled for paragraph in (["b", "c"] if a.labels == (0, 1, 1) else ["b"])]
        assert fold.lines == own
        assert fold.wording == [*own, *noise]
        assert fold.content == [
            p for a in fold.labelled for p in (a.paragraphs[:1] if a.labels == (0, 1, 1) else a.paragraphs[::2])
        ]


def test_versions_of_a_page_fall_into_one_fold_whatever_their_text() -> None:
    pages = [Article((f"version {i} of {n}",), source=f"site {n}", labels=(1,)) for n in range(40) for i in range(3)]
    folds = folds_of(Parts([], pages, []), [])
    sources = [{page.source for page in fold.labelled} for fold in folds]
    assert not sources[0] & sources[1]
    assert [len(fold.labelled) for fold in folds] == [3 * len(each) for each in sources]
    assert min(map(len, sources[:2])) > 5


def test_a_labelled_article_is_a_case_with_its_title_and_without() -> None:
    page = Article(("The bridge is shut.", "Subscribe"), title="Bridge", labels=(0, 1))
    cases = Fold([page], ["Share this"]).cases
    assert [case.title for case in cases] == ["Bridge", ""]
    assert {(case.paragraphs, case.labels, case.tier) for case in cases} == {(page.paragraphs, (BELONGS, FURNITURE), "natural")}


def test_lines_are_put_in_and_without_any_what_does_not_belong_in_labelled_articles() -> None:
    page = Article(("The bridge is shut.", "Subscribe"), labels=(0, 1))
    assert Fold([page], ["Share this"]).put_in == ["Share this"]
    assert Fold([page], []).put_in == ["Subscribe"]
