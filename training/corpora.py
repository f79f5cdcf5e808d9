"""Corpora of the bundled model: files of a corpora directory in, articles with their source, topic, weight and part out.

What each file is, where it comes from and under which terms stands in the model card. ``train`` files and one half of the web
pages are learned from; ``dev`` files and the held-out sources are only ever measured on. A split is by source (outlet, site,
book), never by article: house style and recurring lines would leak.
"""

from __future__ import annotations

import argparse
import json
import lzma
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from detector.errors import InputError
from detector.learn.articles import Article, recurring_lines, told_lines, without_lines
from detector.learn.split import share_of
from training.evident import is_evident
from training.pages import labelled_blocks

__all__ = [
    "CORPORA",
    "Corpus",
    "Page",
    "add_corpora_argument",
    "as_served",
    "held_out",
    "held_out_pages",
    "is_held_out",
    "labelled",
    "learned_from",
    "read",
]


@dataclass(frozen=True)
class Corpus:
    """One file.

    Attributes
    ----------
    path : str
        Within the corpora directory.
    language : str
    weight : float
        How often its articles are drawn in learning; raised for subjects of which there is little.
    held : float
        Share of its sources that is only measured on: 0 for all learned from, 1 for none.
    tier : str
        The benchmark's group in which its held-out articles stand.
    source : callable
        The source of a record, by which it is split.
    judged : bool
        Whether its texts are articles, as the detector will be given.
    """

    path: str
    language: str
    weight: float
    held: float
    tier: str
    source: Callable[[dict[str, Any]], str]
    judged: bool = True


def _site(record: dict[str, Any]) -> str:
    """Return the registrable part of a page's host name, near enough: its last two labels."""
    return ".".join(urlsplit(record.get("url") or "").netloc.lower().split(".")[-2:]) or record["id"]


def _field(name: str, record: dict[str, Any]) -> str:
    return str(record.get(name) or record["id"])


_outlet, _book, _record = (partial(_field, name) for name in ("source", "book", "id"))

CORPORA = {
    "allsides": Corpus("train/allsides.jsonl.xz", "en", 1.0, 0.12, "news", _outlet),
    "openstax": Corpus("train/openstax.jsonl.xz", "en", 2.0, 0.0, "", _book, judged=False),
    "reuters": Corpus("train/reuters_c50.jsonl.xz", "en", 0.7, 0.0, "", _record),
    "fnc1": Corpus("train/fnc1.jsonl.xz", "en", 2.5, 0.0, "", _record),
    "digitalgov": Corpus("train/digitalgov.jsonl.xz", "en", 1.0, 0.0, "", _record),
    "web": Corpus("dev/wcxb_dev_gold.jsonl.xz", "en", 8.0, 0.5, "web", _site),
    "dragnet": Corpus("dev/dragnet_gold.jsonl.xz", "en", 4.0, 0.5, "web", _record),
    "golbeck": Corpus("dev/golbeck.jsonl.xz", "en", 0.0, 1.0, "news", _record),
    "horne": Corpus("dev/horne2017.jsonl.xz", "en", 0.0, 1.0, "news", _record),
    "bbc": Corpus("dev/masakhanews_eng.jsonl.xz", "en", 0.0, 1.0, "bbc", _record),
    **{
        language: Corpus(f"langs/{language}.jsonl.xz", language, 0.5, 0.2, language, _outlet)
        for language in ("ar", "de", "es", "pl", "pt", "ur", "zh")
    },
}
_BLOCKS = "dev/wcxb_dev_blocks.jsonl.xz"
_HTML = "dev/wcxb_dev_html.jsonl.xz"


def add_corpora_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--corpora``, the directory that the functions below read, to `parser`."""
    parser.add_argument(
        "--corpora", type=Path, required=True, metavar="DIR", help="the directory that holds train/, dev/ and langs/"
    )


def read(directory: Path, name: str) -> list[Article]:
    """Return the articles of corpus `name`.

    Raises
    ------
    InputError
        If the file is not there.
    """
    corpus = CORPORA[name]
    return [
        Article(
            paragraphs=tuple(record["paragraphs"]),
            title=record.get("title") or "",
            source=f"{name}/{corpus.source(record)}",
            topic=record.get("topic") or record.get("book") or name,
            language=corpus.language,
            weight=corpus.weight,
            # Listings, forums and shops are no articles, but they hold words that news never uses.
            judged=corpus.judged and record.get("page_type", "article") == "article",
        )
        for record in _records(directory / corpus.path)
    ]


def learned_from(directory: Path) -> list[Article]:
    """Return everything that the bundled model learns from, labelled pages last."""
    articles = [
        article
        for name, corpus in CORPORA.items()
        if corpus.held < 1
        for article in read(directory, name)
        if not is_held_out(article, corpus.held)
    ]
    pages = [*labelled(directory), *as_served(directory)]
    return articles + [page for page in pages if not is_held_out(page, CORPORA["web"].held)]


def held_out(directory: Path, tier: str) -> list[Article]:
    """Return the articles of `tier`, those to be judged, that nothing was learned from.

    Without lines that recur or are evidently furniture, left in by the source: neither is to be found nor to be let pass.
    """
    articles = [
        article
        for name, corpus in CORPORA.items()
        if corpus.tier == tier
        for article in read(directory, name)
        if article.judged and is_held_out(article, corpus.held)
    ]
    told, _ = told_lines((article for article in articles if article.language == "en"), is_evident)
    left_in = recurring_lines(articles) | told
    return [without_lines(article, left_in) for article in articles]


def labelled(directory: Path) -> list[Article]:
    """Return the web pages whose paragraphs are labelled; of one site all are learned from or all held out, as in "web"."""
    pages = _pages(directory)
    return [
        Article(
            paragraphs=tuple(record["paragraphs"]),
            title=pages.get(record["id"], {}).get("title") or "",
            source=f"web/{_site(pages.get(record['id'], record))}",
            language="en",
            labels=tuple(record["labels"]),
        )
        for record in _records(directory / _BLOCKS)
    ]


def as_served(directory: Path) -> list[Article]:
    """Return the same web pages from their HTML, with more of what surrounds the article: menus, share lines, teasers."""
    served = []
    for html, page in _served(directory):
        title = page.get("title") or ""
        blocks, labels = labelled_blocks(html, page["paragraphs"], title)
        if blocks:
            served.append(Article(blocks, title=title, source=f"web/{_site(page)}", language="en", labels=labels))
    return served


@dataclass(frozen=True)
class Page:
    """A web page: its HTML, and its article as somebody wrote it out."""

    identifier: str
    html: str
    text: str


def held_out_pages(directory: Path) -> list[Page]:
    """Return the article pages of sites that nothing was learned from."""
    found = []
    for html, page in _served(directory):
        text = "\n\n".join(page["paragraphs"])
        if is_held_out(Article((text,), source=f"web/{_site(page)}"), CORPORA["web"].held):
            found.append(Page(page["id"], html, text))
    return found


def _served(directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the HTML of each web page whose article somebody wrote out, and that record."""
    pages = _pages(directory)
    for record in _records(directory / _HTML):
        if record["id"] in pages:
            yield record["html"], pages[record["id"]]


def _pages(directory: Path) -> dict[str, dict[str, Any]]:
    """Return the records of the web pages by their id."""
    return {record["id"]: record for record in _records(directory / CORPORA["web"].path)}


def is_held_out(article: Article, held: float) -> bool:
    """Return whether the article's source is among the share `held` that is only measured on."""
    # A draw of its own: the same number splits what is learned from once more.
    return share_of(replace(article, source=f"held out?/{article.source}")) < held


def _records(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise InputError(
            "there is no such corpus; --corpora takes the directory that holds train/, dev/ and langs/", path=str(path)
        )
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
