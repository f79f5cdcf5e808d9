"""Promises: are scores probabilities, and is no more flagged than was tolerated? ``python -m training.promises --corpora DIR``.

On text that nothing was learned from or calibrated on. Prints the tables of the model card: the share of clean paragraphs that
is flagged, by what is tolerated and by the length of the article; and of what is told with some probability, how much is so.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector import OffTopicDetector
from detector.learn.articles import Article
from detector.learn.calibration import PRIOR
from detector.learn.metrics import Reliability, reliability
from training.benchmark import CASES, tiers
from training.corpora import add_corpora_argument, held_out

__all__ = ["flagged_shares", "main"]

_GROUPS = ("news", "web", "bbc")
_RATES = (0.05, 0.01, 0.005, 0.002, 0.001)
_LENGTHS = {"4-8": (4, 8), "9-40": (9, 40), "over 40": (41, 10_000)}  # paragraphs


def main() -> None:
    """Measure both promises and print them as tables."""
    parser = argparse.ArgumentParser(prog="python -m training.promises", description=__doc__)
    add_corpora_argument(parser)
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw the reliability curve into FILE, an SVG")
    arguments = parser.parse_args()
    detector = OffTopicDetector()
    print("| clean text | paragraphs in an article | paragraphs | " + " | ".join(f"{100 * r:g} %" for r in _RATES) + " |")
    print("|---|---|---|" + "---|" * len(_RATES))
    for group in _GROUPS:
        for name, count, shares in flagged_shares(held_out(arguments.corpora, group), detector):
            print(f"| {group} | {name} | {count} | " + " | ".join(f"{100 * share:.2f} %" for share in shares) + " |")
    found = _reliability(arguments.corpora, detector)
    print(f"\nExpected calibration error at a prior of {PRIOR:g}: {found.error:.4f}\n")
    print("| told | so | share of all paragraphs |\n|---|---|---|")
    for told, true, weight in zip(found.told, found.true, found.weight, strict=True):
        print(f"| {told:.2f} | {true:.2f} | {100 * weight:.2f} % |")
    if arguments.figure:
        _draw(found, arguments.figure)


def flagged_shares(articles: list[Article], detector: OffTopicDetector) -> Iterator[tuple[str, int, list[float]]]:
    """Yield, for each length of article, how many paragraphs of `articles` there are and what share each tolerance flags."""
    for name, (fewest, most) in _LENGTHS.items():
        some = [list(article.paragraphs) for article in articles if fewest <= len(article.paragraphs) <= most]
        reports = list(detector.check_many(some))
        flags = [np.concatenate([report.at(rate).flags for report in reports] or [np.zeros(1, bool)]) for rate in _RATES]
        yield name, sum(map(len, some)), [float(each.mean()) for each in flags]


def _reliability(corpora: Path, detector: OffTopicDetector) -> Reliability:
    """Return the reliability over every tier of intruders and of clean articles."""
    scores: list[NDArray[np.float64]] = []
    labels: list[int] = []
    for tier in tiers(corpora, CASES):
        if tier.name not in ("natural", "digest"):  # labels that contradict one another; nothing is foreign to anything
            scores += [report.scores for report in detector.check_many(case.paragraphs for case in tier.cases)]
            labels += [label for case in tier.cases for label in case.labels]
    return reliability(np.concatenate(scores), np.array(labels), PRIOR)


def _draw(found: Reliability, path: Path) -> None:
    """Draw what scores turned out to be over what they said into `path`, each point by its share of the paragraphs."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.plot(found.told, found.true, color="#1f5f8b", linewidth=1)
    axes.scatter(found.told, found.true, s=12 + 40 * np.sqrt(found.weight), color="#1f5f8b")
    axes.set(xlabel="score", ylabel="share that does not belong", xlim=(0, 1), ylim=(0, 1), aspect="equal")
    with mpl.rc_context({"svg.hashsalt": "reliability", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
