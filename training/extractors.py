"""Extractors: does cleaning help the tools that people use? ``python -m training.extractors --corpora DIR``.

Held-out web pages are read by five extractors with their own defaults, and what they give is cleaned with the detector's. Both
are held against the article as somebody wrote it out: F1 and recall of words, and of runs of four words.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from detector import OffTopicDetector
from training.corpora import Page, add_corpora_argument, held_out_pages
from training.pages import runs_of, words_of

__all__ = ["EXTRACTORS", "Overlap", "main", "overlap"]

_GRAMS = (1, 4)  # words in a run


class Overlap(NamedTuple):
    """How much of an article a text has: F1 and recall, 0..1, of words and of runs of four."""

    word_f1: float
    word_recall: float
    run_f1: float
    run_recall: float


def trafilatura(html: str) -> str:
    """Plain text by trafilatura."""
    from trafilatura import extract

    return extract(html) or ""


def readability(html: str) -> str:
    """Summary by readability-lxml, a paragraph a block."""
    from lxml.html import fromstring
    from readability import Document

    summary = fromstring(Document(html).summary())
    blocks = summary.xpath("//*[self::p or self::li or self::h1 or self::h2 or self::h3 or self::h4 or self::pre or self::td]")
    return "\n\n".join(" ".join(block.text_content().split()) for block in blocks)


def newspaper(html: str) -> str:
    """Text by newspaper4k."""
    from newspaper import Article

    article = Article("http://example.org/", fetch_images=False)  # from the network
    article.download(input_html=html)
    article.parse()
    return str(article.text)


def resiliparse(html: str) -> str:
    """Main content by resiliparse."""
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(html, main_content=True))


def justext(html: str) -> str:
    """Paragraphs that are no boilerplate to jusText."""
    import justext as library

    paragraphs = library.justext(html.encode("utf-8", "replace"), library.get_stoplist("English"), encoding="utf-8")
    return "\n\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate)


EXTRACTORS: dict[str, Callable[[str], str]] = {
    "trafilatura": trafilatura,
    "readability-lxml": readability,
    "newspaper4k": newspaper,
    "resiliparse": resiliparse,
    "jusText": justext,
}


def overlap(text: str, article: str) -> Overlap:
    """Hold `text` against `article`, words folded to lower case, repeats counted."""
    figures: list[float] = []
    for size in _GRAMS:
        found, wanted = (Counter(runs_of(words_of(each), size)) for each in (text, article))
        common = sum((found & wanted).values())
        recall = common / max(sum(wanted.values()), 1)
        figures += [2 * common / max(sum(found.values()) + sum(wanted.values()), 1), recall]
    return Overlap(*figures)


def main() -> None:
    """Extract, clean, measure before and after, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m training.extractors", description=__doc__)
    add_corpora_argument(parser)
    parser.add_argument("--false-alarms", type=float, default=0.002, metavar="SHARE", help="tolerance (%(default)s)")
    arguments = parser.parse_args()
    detector = OffTopicDetector(false_alarms=arguments.false_alarms)
    pages = held_out_pages(arguments.corpora)
    print("| extractor | pages | word F1 | word recall | F1 of runs of four | their recall | pages changed | better | worse |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, extract in EXTRACTORS.items():
        try:
            texts = [_tried(extract, page) for page in pages]
        except ImportError as error:
            print(f"{name} left out: {error}; pip install 'offtopic-detector[extractors]'", file=sys.stderr)
            continue
        some = [(page, text) for page, text in zip(pages, texts, strict=True) if text.strip()]
        cleaned = [report.cleaned for report in detector.check_many(text for _, text in some)]
        before = np.array([overlap(text, page.text) for page, text in some])
        after = np.array([overlap(text, page.text) for (page, _), text in zip(some, cleaned, strict=True)])
        shown = [f"{100 * b:.2f} → {100 * a:.2f}" for b, a in zip(before.mean(axis=0), after.mean(axis=0), strict=True)]
        change = after[:, 0] - before[:, 0]
        counts = [len(some), *shown, *(int(which.sum()) for which in (change != 0, change > 0, change < 0))]
        print(f"| {name} | {' | '.join(map(str, counts))} |", flush=True)


def _tried(extract: Callable[[str], str], page: Page) -> str:
    """Return what `extract` makes of a page, nothing where it fails: extractors raise errors of every kind on odd pages."""
    try:
        return extract(page.html)
    except ImportError:  # it is not installed
        raise
    except Exception as error:
        print(f"{page.identifier}: {type(error).__name__}: {error}", file=sys.stderr)
        return ""


if __name__ == "__main__":
    main()
