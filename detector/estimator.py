"""Estimator: the front door. Articles in, reports out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.chunks import Pair, Verdicts, judged, judged_chunks
from detector.encoder import Encoder
from detector.errors import InputError
from detector.model import BUNDLED, Model, load_model
from detector.paragraphs import SEPARATOR
from detector.report import Report, checked_kinds, checked_rate

__all__ = ["Article", "OffTopicDetector"]

Article = str | Sequence[str]

_MIN_PARAGRAPHS = 3


class OffTopicDetector:
    """Finds the paragraphs of an article that do not belong in it.

    Parameters
    ----------
    model : str, path or Model
        ``"default"`` is the bundled model; else a model file, or a model from :func:`detector.train`.
    false_alarms : float
        Tolerated share of clean paragraphs flagged; 0.002 is about one clean article of 20 paragraphs in 25.
    kinds : tuple of str
        What to flag: ``"foreign"`` (about something else), ``"furniture"`` (about the page), or both.
    encoder : Encoder, optional
        With a model file that was trained with a sentence encoder: that encoder, anything with ``encode(list of str)``.

    Notes
    -----
    Follows scikit-learn's conventions for outlier detectors, over the paragraphs of one article: parameters are only stored
    and are checked when used, :meth:`fit_predict` gives -1 for off-topic and +1 otherwise, :meth:`score_samples` and
    :meth:`decision_function` are low for what is off-topic. Nothing is learned in :meth:`fit`: each article is its own
    measure, and what is known of the language comes with the model.

    Examples
    --------
    >>> from detector import OffTopicDetector
    >>> report = OffTopicDetector().check("")
    >>> report.status
    'empty'
    """

    def __init__(
        self,
        model: str | Path | Model = "default",
        false_alarms: float = 0.002,
        kinds: Sequence[str] = ("foreign", "furniture"),
        encoder: Encoder | None = None,
    ) -> None:
        self.model = model
        self.false_alarms = false_alarms
        self.kinds = kinds
        self.encoder = encoder

    def check(self, article: Article, title: str | None = None) -> Report:
        """Judge one article.

        Parameters
        ----------
        article : str or sequence of str
            A text is split into paragraphs; a sequence is taken as the paragraphs, and offsets refer to its join by a blank
            line.
        title : str, optional
            What the article is headed; read as context, not judged.

        Raises
        ------
        InputError
            If `article` or `title` is of another type, or a parameter of the detector is out of range.
        ModelError
            If the model cannot be used.
        """
        model = self._ready()
        pair = _checked(article, title, "article")
        return self._report(model, pair, judged(model, [pair]))

    def check_html(self, html: str | bytes) -> Report:
        """Judge the article of a page, as trafilatura finds it; the page's title is read as context.

        Parameters
        ----------
        html : str or bytes
            The whole page; nothing is fetched. Bytes that are not UTF-8 are decoded as it declares.

        Raises
        ------
        InputError
            If `html` is something else, no article is found in it, trafilatura is not installed, or a parameter of the
            detector is out of range.
        ModelError
            If the model cannot be used.
        """
        try:
            from detector.html import read_html
        except ImportError as error:
            raise InputError(f"HTML needs a package; pip install 'offtopic-detector[html]' ({error})") from error
        return self.check(*read_html(html))

    def check_many(
        self, articles: Iterable[Article], titles: Iterable[str | None] | None = None, *, n_jobs: int = 1
    ) -> Iterator[Report]:
        """Judge many articles; yields a report an article, in input order, while it reads: memory stays bounded.

        Parameters
        ----------
        articles : iterable of what :meth:`check` takes
        titles : iterable of str or None, optional
            As many as there are articles.
        n_jobs : int
            Processes, as in joblib: -1 for all cores; 1 starts none. They live on for some seconds, for a next call.

        Raises
        ------
        InputError
            If `articles` is a single text, or an item is not an article; its position is named, and the reports of all before
            it have been yielded.
        """
        if isinstance(articles, (str, bytes)):
            raise InputError(
                f"articles is an iterable of articles, got a single {type(articles).__name__}; use check(article) for one"
            )
        if not isinstance(articles, Iterable):
            raise InputError(f"articles is an iterable of articles, got {type(articles).__name__}; use check(article) for one")
        if titles is not None and (isinstance(titles, (str, bytes)) or not isinstance(titles, Iterable)):
            raise InputError(f"titles is an iterable of titles, got a single {type(titles).__name__}; give one an article")
        return self._check_many(articles, titles, n_jobs)

    def fit(self, paragraphs: Sequence[str], y: object = None) -> OffTopicDetector:
        """Check the parameters and `paragraphs` (one article's), and set `offset_`; nothing is learned.

        Returns
        -------
        OffTopicDetector
            Itself.
        """
        del y
        self._fitted(paragraphs)
        return self

    def predict(self, paragraphs: Sequence[str]) -> NDArray[np.int64]:
        """Return -1 for off-topic paragraphs of one article and +1 for the others, ndarray (n,) int64."""
        return np.where(self.check(_paragraph_list(paragraphs)).flags, -1, 1)

    def fit_predict(self, paragraphs: Sequence[str], y: object = None) -> NDArray[np.int64]:
        """Return -1 for off-topic paragraphs of one article and +1 for the others, ndarray (n,) int64."""
        del y
        return np.where(self._fitted(paragraphs).flags, -1, 1)

    def score_samples(self, paragraphs: Sequence[str]) -> NDArray[np.float64]:
        """Return ``-score`` of each paragraph of one article, ndarray (n,) float64: lower is more off-topic."""
        return -self.check(_paragraph_list(paragraphs)).scores

    def decision_function(self, paragraphs: Sequence[str]) -> NDArray[np.float64]:
        """Return ``score_samples - offset_``, ndarray (n,) float64: below 0 exactly for what :meth:`predict` calls -1.

        For another article than the one that was fitted `offset_` is that of its own number of paragraphs and language.
        Where the article's status or `kinds` keeps a paragraph from being flagged, the value is raised to 0.
        """
        report = self.check(_paragraph_list(paragraphs))
        decision = report.threshold - report.scores
        return np.where(report.flags, decision, np.maximum(decision, 0.0))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name, as scikit-learn asks for them."""
        del deep
        return {"model": self.model, "false_alarms": self.false_alarms, "kinds": self.kinds, "encoder": self.encoder}

    def set_params(self, **params: Any) -> OffTopicDetector:
        """Set parameters by name and return the detector itself.

        Raises
        ------
        InputError
            If a name is not one of the parameters.
        """
        for name, value in params.items():
            if name not in self.get_params():
                raise InputError(f"no parameter {name!r}; there are {', '.join(self.get_params())}")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what this is: an outlier detector over strings."""
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type="outlier_detector",
            target_tags=TargetTags(required=False),
            input_tags=InputTags(one_d_array=True, two_d_array=False, string=True),
        )

    def __repr__(self) -> str:
        """Show the parameters."""
        return f"OffTopicDetector({', '.join(f'{name}={value!r}' for name, value in self.get_params().items())})"

    def _fitted(self, paragraphs: Sequence[str]) -> Report:
        """Judge `paragraphs` and set `offset_`."""
        report = self.check(_paragraph_list(paragraphs))
        self.offset_ = -report.threshold
        return report

    def _ready(self) -> Model:
        """Check all parameters and return the model."""
        checked_kinds(self.kinds)
        if isinstance(self.model, Model):
            if self.encoder is not None:
                raise InputError("an encoder goes with the path of a model; a Model at hand has its own, leave it out")
            model = self.model
        elif isinstance(self.model, (str, os.PathLike)):
            model = load_model(BUNDLED if self.model == "default" else self.model, self.encoder)
        else:
            raise InputError(f'model is "default", a path or a Model, got {type(self.model).__name__}')
        model.scorer.calibration.threshold(checked_rate(self.false_alarms), 0)
        return model

    def _report(self, model: Model, pair: Pair, verdicts: Verdicts, index: int = 0) -> Report:
        rows = slice(int(verdicts.bounds[index]), int(verdicts.bounds[index + 1]))
        count = rows.stop - rows.start
        if count == 0:
            status = "empty"
        elif count < _MIN_PARAGRAPHS:
            status = "too_short"
        else:
            status = "no_common_topic" if verdicts.topicless[index] else "ok"
        return Report(
            text=pair.article if isinstance(pair.article, str) else SEPARATOR.join(pair.article),
            starts=verdicts.starts[rows],
            ends=verdicts.ends[rows],
            scores=verdicts.scores[rows],
            furniture=verdicts.furniture[rows],
            status=status,
            strange=float(verdicts.strange[index]),
            title=pair.title,
            false_alarms=checked_rate(self.false_alarms),
            kinds=checked_kinds(self.kinds),
            model=model,
        )

    def _check_many(self, articles: Iterable[Article], titles: Iterable[str | None] | None, n_jobs: int) -> Iterator[Report]:
        model = self._ready()
        for chunk, verdicts in judged_chunks(model, _paired(articles, titles), n_jobs):
            for i, pair in enumerate(chunk):
                yield self._report(model, pair, verdicts, i)


def _checked(article: object, title: object, name: str) -> Pair:
    """Return the pair if it is an article and a title; InputError, naming what it was, otherwise."""
    if title is not None and not isinstance(title, str):
        raise InputError(f"the title of {name} is a str or None, got {type(title).__name__}")
    if isinstance(article, str):
        return Pair(article, title)
    # A set has no order; an array without dimensions is iterable by its type alone.
    refused = isinstance(article, (bytes, bytearray, dict, set, frozenset))
    refused |= isinstance(article, np.ndarray) and article.ndim == 0
    if refused or not isinstance(article, Iterable):
        raise InputError(f"{name} is a str or a list of paragraphs, got {type(article).__name__}; decode or select the text")
    paragraphs = list(article)
    # Mostly all are plain str, which is seen at once.
    for i, paragraph in enumerate(paragraphs if set(map(type, paragraphs)) - {str} else ()):
        if not isinstance(paragraph, str):
            raise InputError(f"{name}: paragraph {i} is a str, got {type(paragraph).__name__}; drop it or make it text")
    return Pair(paragraphs, title)


def _paired(articles: Iterable[Article], titles: Iterable[str | None] | None) -> Iterator[Pair]:
    """Yield each article with its title, checked; InputError where there are not as many of both."""
    missing = object()
    both = zip(articles, repeat(None), strict=False) if titles is None else zip_longest(articles, titles, fillvalue=missing)
    for i, (article, title) in enumerate(both):
        if article is missing or title is missing:
            short = "articles" if article is missing else "titles"
            raise InputError(f"give as many titles as articles; the {short} end after {i}")
        yield _checked(article, title, f"articles[{i}]")


def _paragraph_list(paragraphs: object) -> Sequence[str]:
    """Return the checked `paragraphs`; the scikit-learn methods refuse a single text: they return a row a paragraph."""
    if isinstance(paragraphs, str):
        raise InputError("paragraphs is a list of str, got a single str; use check(text), which splits it")
    return _checked(paragraphs, None, "paragraphs").article
