"""``offtopic evaluate``: labelled articles in, a table of how good the model is on them out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import tee
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.cli.options import CORPUS, Commands, add_command, add_detector_options, detector_of, jobs
from detector.console import printable
from detector.errors import InputError
from detector.estimator import OffTopicDetector
from detector.files import name_of

__all__ = ["Judged", "add", "evaluate", "table"]

_DETAILS = f"""\
{CORPUS}

Every record must have labels, or a label in each of its paragraphs ({{"text": "…", "label":
"foreign"}}). What is measured, a line a corpus:

  paragraphs, off-topic             how many there are
  AP                                average precision of the scores, all paragraphs together
  hit@1                             articles in which the highest score is off-topic, of
                                    those with anything off-topic
  R@1%, R@0.1%                      recall at the threshold that flags 1 %, 0.1 % of what
                                    belongs
  precision, recall, false alarms   of the flags, at --false-alarms and --kinds"""
_EXAMPLES = """\
  offtopic evaluate labelled.jsonl
  offtopic evaluate --model mine.safetensors --false-alarms 0.01 news.jsonl blogs.jsonl"""
_HEADINGS = ("paragraphs", "off-topic", "AP", "hit@1", "R@1%", "R@0.1%", "precision", "recall", "false alarms")


@dataclass(frozen=True)
class Judged:
    """Scores and the truth, a row a paragraph.

    Attributes
    ----------
    scores : ndarray (n,) float64
    flags : ndarray (n,) bool
    labels : ndarray (n,) int64
        0 where the paragraph belongs.
    bounds : ndarray (a + 1,) int64
        The rows of article ``i`` are ``bounds[i]:bounds[i + 1]``.
    """

    scores: NDArray[np.float64]
    flags: NDArray[np.bool_]
    labels: NDArray[np.int64]
    bounds: NDArray[np.int64]


def add(commands: Commands) -> None:
    """Add the sub-command."""
    parser = add_command(commands, "evaluate", evaluate, "measure a model on labelled articles", _DETAILS, _EXAMPLES)
    parser.add_argument("corpora", nargs="+", metavar="LABELLED", help="labelled JSON lines, a folder or hf:NAME[:SPLIT]")
    parser.add_argument("--text-field", metavar="NAME", help="the field with the text (default: paragraphs, else text)")
    parser.add_argument("--n-jobs", type=jobs, default=1, metavar="N", help="processes; -1 for all cores (default: 1)")
    add_detector_options(parser)


def evaluate(arguments: argparse.Namespace) -> int:
    """Run ``offtopic evaluate``."""
    detector = detector_of(arguments)
    judged = {
        name_of(corpus): _judged(detector, corpus, arguments.text_field, arguments.n_jobs) for corpus in arguments.corpora
    }
    if len(judged) > 1:
        judged["all"] = _joined(list(judged.values()))
    print(printable(table(judged), sys.stdout.encoding))
    return 0


def table(judged: dict[str, Judged]) -> str:
    """Return the measures of each of `judged` as a table, a line each under a line of headings."""
    lines = [("", *_HEADINGS), *((name, *_cells(rows)) for name, rows in judged.items())]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))])
        for name, *cells in lines
    )


def _cells(rows: Judged) -> list[str]:
    from detector.learn import metrics

    measures = [
        metrics.average_precision(rows.scores, rows.labels),
        metrics.hit_at_1(rows.scores, rows.labels, rows.bounds),
        metrics.recall_at(rows.scores, rows.labels, 0.01),
        metrics.recall_at(rows.scores, rows.labels, 0.001),
        *metrics.rates(rows.flags, rows.labels),
    ]
    shown = ["-" if isnan(value) else f"{value:.3f}" for value in measures[:-1]]
    shown.append("-" if isnan(measures[-1]) else f"{measures[-1]:.4f}")  # a thousandth is what matters there
    return [str(len(rows.labels)), str(int((rows.labels != 0).sum())), *shown]


def _judged(detector: OffTopicDetector, corpus: str, text_field: str | None, n_jobs: int) -> Judged:
    from detector.learn.corpora import read_articles

    articles, texts, titles = tee(read_articles(corpus, text_field=text_field, labelled=True), 3)
    reports = detector.check_many((text.paragraphs for text in texts), (text.title for text in titles), n_jobs=n_jobs)
    parts = [
        Judged(report.scores, report.flags, np.array(article.labels, np.int64), np.array([0, len(report.scores)]))
        for article, report in zip(articles, reports, strict=True)
    ]
    if not parts:
        raise InputError("there is no article in it; name a corpus of labelled ones", path=name_of(corpus))
    return _joined(parts)


def _joined(parts: Sequence[Judged]) -> Judged:
    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    sizes = np.concatenate([np.diff(part.bounds) for part in parts])
    return Judged(column("scores"), column("flags"), column("labels"), np.concatenate(([0], np.cumsum(sizes))))
