"""Opponent: a transformer with everything else that is ours: ``python -m training.opponent --corpora DIR -o FILE``.

MiniLM takes the projection's place (``detector.train(articles, encoder=…)``); evidence, networks and calibration are fitted to
it. It reads every paragraph, so it learns from fewer articles than the bundled model: all of the smaller corpora, and a share
of the larger ones. The file is for ``python -m training.benchmark --opponent FILE``.
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from pathlib import Path

from detector.learn import TrainSettings, train
from detector.learn.articles import Article
from detector.learn.split import share_of
from training.corpora import add_corpora_argument, learned_from
from training.teacher import MiniLM

_MOST = 2_000  # articles of one corpus: half an hour for MiniLM on two cores
_CASES = 8_000  # what the networks learn from; the bundled model's had 150,000


def main() -> None:
    """Read the corpora, let MiniLM read them, fit the rest and write the model."""
    parser = argparse.ArgumentParser(prog="python -m training.opponent", description=__doc__)
    add_corpora_argument(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="where to write the model")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    articles = _sample(learned_from(arguments.corpora))
    train(articles, TrainSettings(language="en", cases=_CASES), encoder=MiniLM()).save(arguments.output)


def _sample(articles: list[Article]) -> list[Article]:
    """Return the English ones among `articles`, at most about _MOST of one corpus, whole sources of it."""
    english = [article for article in articles if article.language == "en"]
    counts = Counter(article.source.split("/")[0] for article in english)
    return [a for a in english if _place(a) * counts[a.source.split("/")[0]] < _MOST]


def _place(article: Article) -> float:
    # A draw of its own: the source's share splits what is learned from, and must not decide what is.
    return share_of(Article(("",), source=f"sampled?/{article.source}"))


if __name__ == "__main__":
    main()
