"""Hooks of MkDocs: pages as they are written in, pages with what stands elsewhere, or is made anew each time, put in out.

A line of a page, in a block of code or out of it, that says ``{{ whole PATH }}``, ``{{ part PATH NAME }}`` or ``{{ help COMMAND
}}`` is replaced: by a file of the checkout; by what stands in it between ``<!-- NAME -->`` and ``<!-- /NAME -->``; by what
``offtopic COMMAND --help`` prints. Reports and pictures that pages show are made of the fixtures. So there is one source of
each, and no copy that could grow old.
"""

from __future__ import annotations

import argparse
import io
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from detector import OffTopicDetector, Overview, Report, plots
from detector.cli import parser
from detector.records import read_document

__all__ = ["DIRECTIVE", "on_files", "on_page_markdown", "put_in"]

ROOT = Path(__file__).resolve().parents[1]
DIRECTIVE = re.compile(r"^\{\{ (whole|part|help) ([^}]*?) ?\}\}$", re.MULTILINE)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:)([^)\s]+)\)")
_WIDTH = 96  # columns of a help text
# Where the documentation holds what links of the files that are put in lead to.
_HOMES = {
    "CHANGELOG.md": "changelog.md",
    "README.md": "how-it-works.md#how-well-it-does",
    "training/MODEL_CARD.md": "model-card.md",
}
_IMAGES = {"training/reliability.svg": "images/reliability.svg"}
_SHOWN = "syria-airpod"  # the article whose report and pictures are shown
_SCHEMES = {"light": "default", "dark": "dark_background"}
_PICTURES = {"score-strip": (plots.score_strip, (7.5, 2.6)), "similarity-map": (plots.similarity_map, (6.0, 5.0))}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the images that stand elsewhere, and what is made of the fixtures."""
    for path, home in _IMAGES.items():
        files.append(File.generated(config, home, abs_src_path=str(ROOT / path)))
    for home, content in _made():
        files.append(File.generated(config, home, content=content))
    return files


def _made() -> Iterator[tuple[str, str | bytes]]:
    """Yield what is made of the fixtures, by where it goes: a report, an overview, and pictures in both schemes."""
    detector, overview = OffTopicDetector(), Overview()
    for path in sorted(ROOT.glob("fixtures/articles/*.json")):
        report = detector.check(*read_document(path))
        overview.add(report, path.stem)
        if path.stem == _SHOWN:
            yield "examples/report.html", report.to_html()
            yield from _pictures(report)
    yield "examples/overview.html", overview.to_html()


def _pictures(report: Report) -> Iterator[tuple[str, bytes]]:
    for scheme, name in _SCHEMES.items():
        for picture, (draw, size) in _PICTURES.items():
            file = io.BytesIO()
            with style.context(name):
                figure = Figure(figsize=size, layout="constrained")
                draw(report, ax=figure.add_subplot())
                figure.savefig(file, format="svg", transparent=True)
            yield f"images/{picture}-{scheme}.svg", file.getvalue()


def on_page_markdown(markdown: str, page: Page, **kwargs: Any) -> str:
    """Return `markdown` with what its directives ask for."""
    del kwargs
    return put_in(markdown, page.file.src_uri)


def put_in(markdown: str, page: str) -> str:
    """Return `markdown`, that of `page`, with what its directives ask for.

    Raises
    ------
    LookupError
        If there is no such part or command.
    """

    def found(match: re.Match[str]) -> str:
        kind, *names = match[1], *match[2].split()
        if kind == "help":
            return _help(*names)
        text = ROOT.joinpath(names[0]).read_text(encoding="utf-8")
        if kind == "part":
            held = re.search(rf"<!-- {names[1]}\b[^>]*-->\n(.*?)<!-- /{names[1]} -->", text, re.DOTALL)
            if held is None:
                raise LookupError(f"{page}: there is no part {names[1]!r} in {names[0]}")
            text = held[1]
        if not names[0].endswith(".md"):
            return text.rstrip("\n")
        return _LINK.sub(lambda link: _led(link, posixpath.dirname(names[0]), page), text).rstrip("\n")

    return DIRECTIVE.sub(found, markdown)


def _led(link: re.Match[str], folder: str, page: str) -> str:
    """Return the link of a file in `folder` as `page` has it: where it leads to, or the name of what is not shown here."""
    image, text, target = link.groups()
    path = posixpath.normpath(posixpath.join(folder, target))
    home = (_IMAGES if image else _HOMES).get(path)
    if home is None:
        return f"`{path}`" if text.strip("`") == target else f"{text} (`{path}`)"
    return f"{image}[{text}]({posixpath.relpath(home, posixpath.dirname(page) or '.')})"


def _help(command: str = "") -> str:
    """Return what ``offtopic COMMAND --help`` prints."""
    top = parser()
    (commands,) = (action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    asked = commands.choices[command] if command else top
    asked.formatter_class = lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=_WIDTH)
    asked.color = False  # of Python 3.14
    return asked.format_help().rstrip("\n")
