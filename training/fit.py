"""Fit the bundled model: ``python -m training.fit --corpora DIR``.

One command from text to model file, the same bytes each time on one machine.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import time
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import detector
from detector.learn import TrainSettings, train
from detector.learn.distillation import DistillationSettings
from detector.learn.projection import ProjectionSettings
from detector.model import BUNDLED
from training.corpora import add_corpora_argument, learned_from
from training.evident import is_evident
from training.teacher import encode

SETTINGS = TrainSettings(
    language="en",
    projected_elsewhere=40_000,
    projection=ProjectionSettings(steps=5500),
    distillation=DistillationSettings(dimensions=256, characters=100_000_000),
    cases=150_000,
)


def main() -> None:
    """Read the corpora, learn, write the model and say what was done."""
    parser = argparse.ArgumentParser(prog="python -m training.fit", description=__doc__)
    add_corpora_argument(parser)
    parser.add_argument(
        "-o", "--output", type=Path, default=BUNDLED, metavar="FILE", help="where to write the model (%(default)s)"
    )
    parser.add_argument(
        "--steps", type=int, default=SETTINGS.projection.steps, help="gradient steps of the projection (%(default)s)"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    began = time.monotonic()
    settings = replace(SETTINGS, projection=replace(SETTINGS.projection, steps=arguments.steps))
    articles = learned_from(arguments.corpora)
    model = train(articles, settings, teacher=encode, furniture=is_evident)
    counts = Counter(article.source.split("/")[0] for article in articles)
    model = replace(
        model,
        metadata={
            "articles": json.dumps(dict(sorted(counts.items()))),
            "settings": json.dumps(asdict(settings), sort_keys=True),
            "version": detector.__version__,
        },
    )
    model.save(arguments.output)
    size = arguments.output.stat().st_size / 1e6
    logging.info(
        "%s: %.1f MB after %.0f min on %s", arguments.output, size, (time.monotonic() - began) / 60, platform.machine()
    )


if __name__ == "__main__":
    main()
