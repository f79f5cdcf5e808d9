"""``offtopic check``: articles for the eye, on the terminal."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.util import find_spec

from detector.cli.options import ARTICLE, Commands, add_command, add_detector_options, detector_of
from detector.cli.sources import read_article
from detector.cli.terminal import colours, tell
from detector.console import Drawing, printable, summary
from detector.errors import InputError
from detector.files import name_of
from detector.report import Paragraph, Report

__all__ = ["add", "check"]

_CHECK = f"""\
{ARTICLE}

Flagged paragraphs are marked with a minus and followed by their kind, their score (the
probability that they do not belong) and the reason. On a terminal, where rich is installed,
a line runs along them, and every paragraph has its score in front.

Exit status: 0 nothing flagged, 1 something flagged, 2 a file could not be read; the others
are checked all the same."""
_CHECK_EXAMPLES = """\
  offtopic check article.txt
  offtopic check page.html
  offtopic check --title "Syria: six weeks on" article.txt
  trafilatura -u https://example.org/story | offtopic check -
  offtopic check --false-alarms 0.01 --kinds foreign *.txt
  offtopic check --json article.txt | jq '.paragraphs[] | select(.is_off_topic) | .text'"""
_PAINT = {"foreign": "\x1b[31m", "furniture": "\x1b[33m", "note": "\x1b[2m", "title": "\x1b[1m"}
_PLAIN = "\x1b[0m"


def add(commands: Commands) -> None:
    """Add the sub-command."""
    parser = add_command(commands, "check", check, "show which paragraphs do not belong, and why", _CHECK, _CHECK_EXAMPLES)
    parser.add_argument("files", nargs="+", metavar="FILE", help="an article; - is the standard input")
    parser.add_argument("--title", help="what the article is headed: read as context, not judged")
    parser.add_argument("--exit-zero", action="store_true", help="end with status 0 even if something is flagged")
    parser.add_argument("--json", action="store_true", help="one JSON object a file: every paragraph with its span and score")
    add_detector_options(parser)


def check(arguments: argparse.Namespace) -> int:
    """Run ``offtopic check``."""
    if arguments.title is not None and len(arguments.files) > 1:
        raise InputError(f"--title is the title of one article, got {len(arguments.files)} files; check them one at a time")
    detector = detector_of(arguments)
    flagged = failed = False
    for number, path in enumerate(arguments.files):
        try:
            document = read_article(path)
        except InputError as error:
            tell(f"offtopic: {error}")
            failed = True
            continue
        found = detector.check(document.article, arguments.title if arguments.title is not None else document.title)
        flagged |= bool(found.flags.any())
        if arguments.json:
            # ASCII: neither a terminal nor its encoding can go wrong over it.
            print(json.dumps({"file": path, **found.to_dict()}))
        else:
            print("\n" * (number > 0), end="")
            _show(name_of(path), found)
    return 2 if failed else int(flagged and not arguments.exit_zero)


def _show(name: str, found: Report) -> None:
    """Print `found`: on a terminal by rich, where that is installed."""
    coloured = colours(sys.stdout)
    if coloured and find_spec("rich"):
        from rich.console import Console

        Console().print(Drawing(found, name))
    else:
        print(shown(name, found, coloured, sys.stdout.encoding))


def shown(name: str, found: Report, coloured: bool, encoding: str | None = "utf-8") -> str:
    """Return `found` for the terminal: the article with the flagged paragraphs marked, and one line that sums it up."""

    def paint(text: str, colour: str, mark: str) -> str:
        lines = printable(text, encoding).split("\n")
        if coloured:
            lines = [f"{_PAINT[colour]}{line}{_PLAIN}" if colour else line for line in lines]
        return "\n".join(f"{mark}{line}" for line in lines)

    def block(paragraph: Paragraph) -> str:
        if not paragraph.is_off_topic:
            return paint(paragraph.text, "", "  ")
        note = f"{paragraph.kind}, {paragraph.score:.3f}: {paragraph.reason}"
        return f"{paint(paragraph.text, str(paragraph.kind), '- ')}\n{paint(note, 'note', '  ^ ')}"

    title = [paint(found.title, "title", "  ")] if found.title else []
    return "\n\n".join([*title, *map(block, found.paragraphs), printable(f"{name}: {summary(found)}", encoding)])
