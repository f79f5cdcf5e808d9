"""Pages: HTML and the text of its article in, the page's blocks with what is not of the article labelled out.

Where labels are scarce, a page whose article somebody wrote out by hand labels its own furniture: what stands on the page and
not in the article. Menus far from the article are left out, as every extractor leaves them out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser

__all__ = ["labelled_blocks", "runs_of", "words_of"]

# fmt: off
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "br", "button", "caption", "dd", "details", "dialog", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hr", "html", "iframe", "label", "legend", "li", "main", "nav", "ol", "option", "p", "section", "summary",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))
_SILENT = frozenset((
    "code", "head", "math", "noscript", "pre", "script", "select", "style", "svg", "template", "textarea",
))
# fmt: on
_BEFORE, _AFTER = 6, 12  # blocks kept on either side of the article: share lines and bylines, then teasers and bios
_GRAM = 3  # words in a row by which text is told to be of the article
_LEAST = 4  # blocks of the article: with fewer the page was not understood


def labelled_blocks(html: str, article: Sequence[str], title: str = "") -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the blocks of a page from a little before its article to a little after, and a label for each.

    Parameters
    ----------
    html : str
    article : sequence of str
        The paragraphs of the page's article, written out by hand.
    title : str

    Returns
    -------
    blocks : tuple of str
    labels : tuple of int
        0 where at least half of a block's runs of three words stand in the article, 1 where none does. Left out, for there is
        no telling: blocks in between, one or two words that are in the article but not a line of it, the title, and table
        cells that are not in the article. Both are empty if fewer than four blocks of more than three words are of the article.
    """
    parser = _Parser()
    parser.feed(html)
    parser.close()
    parser.end_block()
    words = words_of(" ".join(article))
    known = {size: set(runs_of(words, size)) for size in range(1, _GRAM + 1)}
    lines = {tuple(words_of(paragraph)) for paragraph in article}
    heading = words_of(title)
    blocks: list[str] = []
    labels: list[int] = []
    for block, in_table in parser.blocks:
        own = words_of(block)
        size = min(_GRAM, len(own))
        if not size or own == heading:
            continue
        grams = runs_of(own, size)
        share = sum(gram in known[size] for gram in grams) / len(grams)
        if size < _GRAM and share > 0 and tuple(own) not in lines:
            continue
        if share >= 0.5 or (share == 0 and not in_table):
            blocks.append(block)
            labels.append(int(share == 0))
    of_article = [i for i, label in enumerate(labels) if not label and len(words_of(blocks[i])) > _GRAM]
    if len(of_article) < _LEAST:
        return (), ()
    kept = slice(max(of_article[0] - _BEFORE, 0), of_article[-1] + 1 + _AFTER)
    return tuple(blocks[kept]), tuple(labels[kept])


def words_of(text: str) -> list[str]:
    """Return the words of `text`, lower-cased, without what stands between them."""
    return re.findall(r"\w+", text.lower())


def runs_of(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """Return every run of `size` words in a row, in order; none where there are fewer."""
    return [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]


class _Parser(HTMLParser):
    """Collects the text of a page by block, and whether it stands in a table."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[tuple[str, bool]] = []
        self._text: list[str] = []
        self._silent = self._tables = 0

    def end_block(self) -> None:
        """Take what was read since the last block's end as a block."""
        text = " ".join("".join(self._text).split())
        self._text = []
        if text:
            self.blocks.append((text, self._tables > 0))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.end_block()
        # A page need not close its head.
        self._silent = 0 if tag == "body" else self._silent + (tag in _SILENT)
        self._tables += tag == "table"

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.end_block()
        # Pages close what they never opened.
        self._silent = max(self._silent - (tag in _SILENT), 0)
        self._tables = max(self._tables - (tag == "table"), 0)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(data)
