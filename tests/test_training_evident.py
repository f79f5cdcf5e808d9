"""Evident furniture: what is certainly about the page, and what only talks about such things."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.evident import is_evident

FIXTURES = sorted((Path(__file__).resolve().parents[1] / "fixtures" / "articles").glob("*.json"))


@pytest.mark.parametrize(
    "line",
    [
        "Sign up for our morning newsletter.",
        "Want more like this? Join our mailing list, or follow us on Twitter.",
        "Follow Jane Doe on Twitter: @janedoe",
        "( Also on THE GAZETTE: Ten photos of the harbour)",
        "SEE ALSO: Mayor denies everything",
        "Read more: How the bridge was built",
        "Story continues below",
        "Advertisement",
        "Photo: Jane Doe/Example Pictures",
        "Enlarge this image toggle caption Jane Doe",
        "A ferry in the harbour of Example Town. (Jane Doe/Getty Images)",
        "By JANE DOE and John Roe, Example News",
        "\u2022 Jane Doe and John Roe contributed to this report.",
        "Updated at 12:33 p.m. EST",
        "Posted by Jane on May 3, 2012 at 8:47 am",
        "This story was originally published on May 3.",
        "\u00a9 2019 Example Media. All rights reserved.",
        "The views expressed here are those of the author.",
        "Share this on Facebook",
        "12 comments",
    ],
)
def test_lines_about_the_page_are_evident(line: str) -> None:
    assert is_evident(line)
    assert is_evident(f"  {line}\n")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Follow the path on the left until the bridge.",
        "Sign up to the idea that all is well, and you will be disappointed, said the mayor.",
        "By then the river had risen.",
        "By way of example, take the harbour.",
        "Pictures from the airport showed damaged aircraft.",
        "Photographs of the harbour hung in every room of the house.",
        "Related costs rose by a tenth, the company said.",
        "More from the state budget would help, she said.",
        "Updated figures show that the river rose.",
        "Like us, the neighbours had no water.",
        "Twitter, Facebook and Google have taken on roles that do not suit them.",
        "She contributed to this success as much as anyone.",
        "Read the label before use.",
        "Comments poured in within the hour.",
    ],
)
def test_sentences_of_an_article_are_not(line: str) -> None:
    assert not is_evident(line)


def test_a_long_paragraph_holds_something_else_too() -> None:
    assert not is_evident("Sign up for our newsletter. " + "The river rose. " * 50)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_nothing_that_belongs_in_our_own_articles_is_evident(path: Path) -> None:
    article = json.loads(path.read_text("utf-8"))
    assert not [each["text"] for each in article["paragraphs"] if each["label"] == "belongs" and is_evident(each["text"])]


def test_evident_furniture_of_our_own_articles_is_labelled_as_such() -> None:
    paragraphs = [each for path in FIXTURES for each in json.loads(path.read_text("utf-8"))["paragraphs"]]
    found = [each["label"] for each in paragraphs if is_evident(each["text"])]
    assert len(found) >= 6
    assert set(found) == {"furniture"}
