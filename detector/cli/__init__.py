"""The command ``offtopic``: arguments in, an exit status out.

Each module here brings one group of sub-commands, with an ``add`` that tells its arguments and a function that runs it.
Whatever only one of them needs (scikit-learn, joblib, tqdm, :mod:`detector.learn`) is imported when that one runs: checking
an article should not wait for it.

Exit status: 0 done; 1 (``check`` alone) something was flagged; 2 an error, told on standard error in one line; 130 interrupted
from the keyboard; 141 whoever read the output has gone.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import detector
from detector.cli import check, evaluate, report, stream, train
from detector.cli.terminal import tell
from detector.errors import OffTopicError

__all__ = ["main", "parser"]

_SHELLS = ("bash", "zsh", "tcsh")
_ABOUT = "Tells which paragraphs of an article do not belong in it: another story's, a teaser, a sign-up box, an author bio."
_EXAMPLES = """\
examples:
  offtopic check article.txt                           show what does not belong, and why
  offtopic clean news.jsonl.gz -o cleaned.jsonl.gz     take it out of every record
  offtopic tag news.jsonl -o tagged.jsonl              or only mark where it stands
  offtopic report article.txt -o article.html          a page to look at
  offtopic report news.jsonl.gz -o news.html           the same of many articles
  offtopic train corpus/ -o mine.safetensors           a model for your own domain or language
  offtopic evaluate labelled.jsonl                     how good is it on your text?
  eval "$(offtopic --completion bash)"                 complete options with the tab key

`offtopic COMMAND --help` tells more.
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command, with all sub-commands."""
    top = argparse.ArgumentParser(
        prog="offtopic", description=_ABOUT, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument(
        "--completion",
        action=_Completion,
        choices=_SHELLS,
        metavar="SHELL",
        help="print a completion script for bash, zsh or tcsh, and end",
    )
    top.add_argument("--version", action="version", version=f"offtopic {detector.__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in (check, report, stream, train, evaluate):
        module.add(commands)
    return top


class _Completion(argparse.Action):
    """Prints the completion script of a shell and ends."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: Any, option_string: str | None = None
    ) -> None:
        try:
            import shtab
        except ImportError:
            parser.error("--completion needs a package; pip install 'offtopic-detector[completion]'")
        print(shtab.complete(parser, values))
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.
    """
    arguments = parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except OffTopicError as error:
        tell(f"offtopic: {error}")
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # What is still buffered would raise once more at exit: let it go to nowhere.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:  # a full disk, a folder that may not be written to
        tell(f"offtopic: {error}")
        return 2
    return status
