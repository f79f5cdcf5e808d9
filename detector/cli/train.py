"""``offtopic train``: a corpus in, a model file out."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from detector.cli.options import CORPUS, Commands, add_command, count
from detector.cli.terminal import tell
from detector.errors import InputError

if TYPE_CHECKING:
    from detector.learn import TrainSettings
    from detector.learn.articles import Article

__all__ = ["add", "train"]

_DETAILS = f"""\
{CORPUS}

At least 50 articles of four paragraphs or more, as clean as they can be had; some ten
thousand make a good model. What recurs across articles is found and set aside. Progress is
told on standard error."""
_EXAMPLES = """\
  offtopic train corpus.jsonl.gz -o mine.safetensors
  offtopic train news/ more.jsonl hf:my-team/articles:train -o mine.safetensors --steps 8000
  offtopic check --model mine.safetensors article.txt"""


def add(commands: Commands) -> None:
    """Add the sub-command."""
    parser = add_command(commands, "train", train, "learn a model of your own domain or language", _DETAILS, _EXAMPLES)
    parser.add_argument("corpora", nargs="+", metavar="CORPUS", help="a file, a folder or hf:NAME[:SPLIT]")
    parser.add_argument("-o", "--output", required=True, metavar="MODEL", help="the model file to write, *.safetensors")
    parser.add_argument("--projected", type=count, metavar="N", help="most frequent terms that get a vector (default: 40000)")
    parser.add_argument("--steps", type=count, metavar="N", help="gradient steps for the vectors (default: 4000)")
    parser.add_argument("--cases", type=count, metavar="N", help="articles the scorer learns from (default: 60000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same model (default: 0)")
    parser.add_argument("--text-field", metavar="NAME", help="the field with the text (default: paragraphs, else text)")
    parser.add_argument("--on-error", choices=("skip", "fail"), default="fail", help="at a bad record (default: fail)")


def train(arguments: argparse.Namespace) -> int:
    """Run ``offtopic train``."""
    target = Path(arguments.output)
    if target.is_dir() or not target.parent.is_dir():  # told before the hours of work, not after
        raise InputError("cannot be written; name a file in a folder that exists", path=str(target))
    from detector.learn import train as learn

    skipped: list[InputError] = []
    with _progress():
        model = learn(_articles(arguments, skipped), _settings(arguments))
    model.save(target)
    tell(f"offtopic: wrote {target}" + (f"; {len(skipped)} skipped in all" if skipped else ""))
    return 0


def _articles(arguments: argparse.Namespace, skipped: list[InputError]) -> Iterator[Article]:
    from detector.learn.corpora import read_articles

    def skip(error: InputError) -> None:
        tell(f"offtopic: skipped {error}")
        skipped.append(error)

    for corpus in arguments.corpora:
        on_error = skip if arguments.on_error == "skip" else None
        yield from read_articles(corpus, text_field=arguments.text_field, on_error=on_error)


def _settings(arguments: argparse.Namespace) -> TrainSettings:
    """Return the library's own settings but for what was asked for."""
    from detector.learn import TrainSettings

    ours = TrainSettings()
    return replace(
        ours,
        projected=arguments.projected or ours.projected,
        projection=replace(ours.projection, steps=arguments.steps or ours.projection.steps, seed=arguments.seed),
        cases=arguments.cases or ours.cases,
        seed=arguments.seed,
    )


@contextmanager
def _progress() -> Iterator[None]:
    """Show what the library logs, on standard error."""
    logger, handler = logging.getLogger("detector"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
