"""Articles: what is taken as one, which lines recur across them, and what is left without those."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.learn.articles import Article, articles_of, fold, recurring_lines, spelt_out, told_lines, without_lines

SHOUT = "Sign up  NOW, 24 hours!"


def test_a_text_is_split_a_list_taken_as_paragraphs_and_an_article_kept() -> None:
    given_article = Article(("Third.", ""), title="T", labels=(0, 1))
    found = articles_of(["A headline\nand its story.\n\nMore. ", ["One.", " two "], given_article])
    assert found[0] == Article(("A headline\nand its story.", "More."))
    assert found[1] == Article(("One.", " two "))
    assert found[2] is given_article


def test_nothing_and_blanks_are_articles_without_a_paragraph() -> None:
    assert articles_of([]) == []
    assert articles_of(["", " \n ", []]) == [Article(()), Article(()), Article(())]


@pytest.mark.parametrize(
    ("paragraph", "folded"),
    [
        ("Sign Up\t NOW\u2003please ", "sign up now please"),
        ("Page 7 of 12", "page 0 of 00"),
        ("٣ Tage, Stand: 2024", "0 tage, stand: 0000"),
        ("ÄRGER", "ärger"),
        (" \n ", ""),
    ],
)
def test_folding_passes_over_case_digits_and_the_kind_of_blanks(paragraph: str, folded: str) -> None:
    assert fold(paragraph) == folded


def test_a_line_recurs_by_the_articles_it_stands_in_not_by_how_often_it_stands() -> None:
    chorus = Article(("La la la.", "La la la.", "La la la.", "la  LA la."))
    assert recurring_lines([chorus, Article(("La la la.",))]) == set()
    assert recurring_lines([chorus, Article(("La la la.",)), Article(("x", "LA la la."))]) == {"la la la."}


def test_as_many_articles_as_are_asked_for_make_a_line_recur() -> None:
    articles = [Article(("Story 1", "common")), Article(("story 2", "common")), Article(("common",))]
    assert recurring_lines(articles) == {"common"}
    assert recurring_lines(articles, at_least=2) == {"common", "story 0"}
    assert recurring_lines(iter(articles), at_least=4) == set()


def test_an_article_in_several_versions_counts_once() -> None:
    version = Article(("Story.", "Share this."), "Headline", "site")
    shorter = replace(version, paragraphs=("Story.", "story."))
    assert recurring_lines([version, version, shorter, shorter]) == set()
    # Two more articles with the line are three, and what only some versions hold counts as well.
    others = [replace(version, title="Other"), replace(version, source="elsewhere")]
    assert recurring_lines([shorter, version, *others]) == {"story.", "share this."}
    assert recurring_lines([shorter, shorter, *others]) == {"story."}


@pytest.mark.parametrize("unknown", ["title", "source"])
def test_articles_of_no_title_or_no_source_are_each_one_of_its_own(unknown: str) -> None:
    version = replace(Article(("Share this.",), "Headline", "site"), **{unknown: ""})
    assert recurring_lines([version] * 2) == set()
    assert recurring_lines([version] * 3) == {"share this."}


def test_a_recurring_line_is_spelt_once_as_it_first_stands() -> None:
    articles = [Article(("Own words.", SHOUT)), Article(("sign up now, 99 HOURS!", "Zuletzt")), Article(("zuletzt",))]
    assert spelt_out({fold(SHOUT), "zuletzt", "nowhere"}, articles) == [SHOUT, "Zuletzt"]


def test_lines_are_taken_out_with_their_labels_and_empty_paragraphs_go_too() -> None:
    article = Article(
        ("Keep 1", SHOUT, "", " \n", "Keep 2", "sign up now, 11 hours!", "Bad"), "T", "S", labels=(0, 1, 0, 0, 0, 1, 1)
    )
    left = without_lines(article, {fold(SHOUT)})
    assert left == replace(article, paragraphs=("Keep 1", "Keep 2", "Bad"), labels=(0, 0, 1))
    assert without_lines(replace(article, labels=None), {fold(SHOUT)}).labels is None


def test_an_article_without_such_lines_is_left_as_it_is() -> None:
    article = Article(("One.", "Two."), labels=(0, 1))
    assert without_lines(article, {"three."}) is article


@given(st.lists(st.tuples(st.sampled_from(["a", "A", "b 1", "b 2", "c", "", "  "]), st.integers(0, 1)), max_size=8))
def test_what_is_left_is_in_order_and_every_paragraph_keeps_its_own_label(pairs: list[tuple[str, int]]) -> None:
    article = Article(tuple(p for p, _ in pairs), labels=tuple(label for _, label in pairs))
    left = without_lines(article, {"a", "b 0"})
    assert left.labels is not None
    assert list(zip(left.paragraphs, left.labels, strict=True)) == [pair for pair in pairs if pair[0] == "c"]


def test_told_lines_are_all_that_are_told_and_those_of_one_beginning_a_few_times_to_learn_from() -> None:
    follow = [f"Follow Ann {chr(97 + i % 26)}{chr(97 + i // 26)} here" for i in range(40)]
    articles = [Article(("A story.", line, "Share this")) for line in follow]
    told, some = told_lines(articles, lambda line: line.startswith(("Follow", "Share")))
    assert told == {*map(fold, follow), "share this"}
    assert [line for line in some if line != "Share this"] == follow[:30]
    assert some.count("Share this") == 1


def test_what_is_told_of_one_spelling_is_told_of_all() -> None:
    told, some = told_lines([Article(("SHARE this", "Share  this", "No."))], lambda line: line == "SHARE this")
    assert (told, some) == ({"share this"}, ["SHARE this"])
