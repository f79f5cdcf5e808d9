"""Options that several sub-commands share, and the detector they ask for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from detector.errors import InputError
from detector.estimator import OffTopicDetector
from detector.report import KINDS, checked_kinds, checked_rate

__all__ = [
    "ARTICLE",
    "CORPUS",
    "Commands",
    "add_command",
    "add_detector_options",
    "add_reading_options",
    "count",
    "detector_of",
    "jobs",
]

ARTICLE = """\
A file holds one article: plain text, or, with the ending .json, an object with "text" (a
string) or "paragraphs" (a list of strings, or of objects with "text"), and maybe "title"; or,
with the ending .html or .htm, a page, of which trafilatura finds the article and its title.
`-` is plain text from the standard input."""
CORPUS = """\
A corpus is a file of JSON lines (.jsonl, .jsonl.gz, .jsonl.xz; - is the standard input), a
folder with such files and .txt files of one article each, or hf:NAME[:SPLIT], a Hugging Face
dataset. A record has "text" (a string) or "paragraphs" (a list), and may have "title",
"source", "topic", "language" (strings) and "labels" (one a paragraph: 0 or "belongs", 1,
"foreign" or "furniture")."""
Commands = Any  # argparse's class for it is private


def add_command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int], summary: str, details: str, examples: str
) -> argparse.ArgumentParser:
    """Add a sub-command and return its parser: `summary` for the list, `details` and `examples` for its own help."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.\n\n{details}",
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_detector_options(parser: argparse.ArgumentParser) -> None:
    """Add the parameters of the detector to `parser`."""
    parser.add_argument(
        "--false-alarms",
        type=_rate,
        default=0.002,
        metavar="SHARE",
        help="tolerated share of clean paragraphs flagged: lower flags less (default: 0.002, two in a thousand)",
    )
    parser.add_argument(
        "--kinds",
        type=_kinds,
        default=KINDS,
        metavar="KINDS",
        help="what to flag: foreign (about something else), furniture (about the page), or foreign,furniture (default)",
    )
    parser.add_argument(
        "--model", default="default", metavar="FILE", help="a model of `offtopic train` (default: the bundled one)"
    )


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Add to `parser` how files of many articles are read."""
    parser.add_argument(
        "--text-field", default="text", metavar="NAME", help="the field or column with the article (default: text)"
    )
    parser.add_argument("--title-field", default="title", metavar="NAME", help="that with its title, if any (default: title)")
    parser.add_argument("--id-field", default="id", metavar="NAME", help="that which names it (default: id)")
    parser.add_argument(
        "--on-error", choices=("skip", "fail"), default="fail", help="at a line that cannot be used (default: fail)"
    )
    parser.add_argument(
        "--processes", "--n-jobs", type=jobs, default=1, metavar="N", help="processes; -1 for all cores (default: 1)"
    )


def detector_of(arguments: argparse.Namespace) -> OffTopicDetector:
    """Return the detector that `arguments` ask for; a model that cannot be used is told now, not at the first article."""
    detector = OffTopicDetector(arguments.model, arguments.false_alarms, arguments.kinds)
    detector.check("")
    return detector


def count(text: str) -> int:
    """Return `text` as a number of things, 1 or more."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"a whole number from 1 on is meant, got {text!r}")
    return int(text)


def jobs(text: str) -> int:
    """Return `text` as a number of processes, as joblib takes it."""
    if text.startswith("-"):
        return -count(text[1:])
    return count(text)


def _rate(text: str) -> float:
    try:
        return checked_rate(float(text))
    except (ValueError, InputError):
        raise argparse.ArgumentTypeError(f"a number between 0 and 1 is meant, such as 0.002, got {text!r}") from None


def _kinds(text: str) -> tuple[str, ...]:
    try:
        return checked_kinds([part.strip() for part in text.split(",")])
    except InputError:
        raise argparse.ArgumentTypeError(f"one or more of {','.join(KINDS)} are meant, got {text!r}") from None
