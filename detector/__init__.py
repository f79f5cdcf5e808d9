"""offtopic-detector: reads an article and says which paragraphs do not belong in it.

>>> from detector import OffTopicDetector
>>> detector = OffTopicDetector()
>>> detector.check("")
Report(0 paragraphs, 0 flagged, status='empty')
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from detector.errors import InputError, ModelError, OffTopicError
from detector.estimator import OffTopicDetector
from detector.mapper import BatchMapper
from detector.model import Model, load_model
from detector.paragraphs import split
from detector.report import Paragraph, Report

if TYPE_CHECKING:
    from detector.learn import TrainSettings, train
    from detector.learn.articles import Article
    from detector.overview import Overview

__all__ = [
    "Article",
    "BatchMapper",
    "InputError",
    "Model",
    "ModelError",
    "OffTopicDetector",
    "OffTopicError",
    "Overview",
    "Paragraph",
    "Report",
    "TrainSettings",
    "load_model",
    "split",
    "train",
]

try:
    __version__ = version("offtopic-detector")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"

# Imported when it is asked for: checking an article should not wait for it.
_LATER = {"Article": "learn", "Overview": "overview", "TrainSettings": "learn", "train": "learn"}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"detector.{_LATER[name]}"), name)
    raise AttributeError(f"module 'detector' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
