"""Mapper: columns of a batch of records in, the same columns cleaned or tagged out.

The one callable that every engine's adapter hands out: it is small to pickle, and opens the model in the process that calls
it, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan
from typing import Any

from detector.cleaning import checked_share, cleaned, tag
from detector.errors import InputError
from detector.estimator import OffTopicDetector
from detector.report import Report

__all__ = ["ACTIONS", "BatchMapper"]

ACTIONS = ("clean", "tag")


class BatchMapper:
    """Cleans or tags batches of records given by the column.

    Parameters
    ----------
    action : str
        ``"clean"`` takes what does not belong out of the text; ``"tag"`` leaves the text as it is.
    text_column : str
        Holds the articles: each a text, a list of paragraphs, or None, which is left alone.
    title_column : str or None
        Holds their titles, each a str or None; there need not be such a column.
    tag_column : str or None
        Where to write what was found, as :func:`~detector.cleaning.tag` tells it, None for an article that is None. Spans
        are those of the text before cleaning. With None nothing is written, which leaves ``"clean"`` alone to be asked.
    max_removed : float
        An article of which more than this share of its characters would go is kept whole; its tag's ``share`` tells so.
    detector : OffTopicDetector, optional
        With the model, tolerance and kinds to be used; one with the default settings if there is none.

    Raises
    ------
    InputError
        If a parameter is out of range.

    Examples
    --------
    >>> from detector import BatchMapper
    >>> BatchMapper(tag_column=None)({"text": ["One paragraph alone is never flagged.", None]})
    {'text': ['One paragraph alone is never flagged.', None]}
    """

    def __init__(
        self,
        action: str = "clean",
        *,
        text_column: str = "text",
        title_column: str | None = "title",
        tag_column: str | None = "off_topic",
        max_removed: float = 1.0,
        detector: OffTopicDetector | None = None,
    ) -> None:
        if action not in ACTIONS:
            raise InputError(f"action is one of {ACTIONS}, got {action!r}")
        if action == "tag" and tag_column is None:
            raise InputError('action "tag" needs a column to write to; name it in tag_column')
        if tag_column in (text_column, title_column) and tag_column is not None:
            raise InputError(f"tag_column {tag_column!r} would overwrite what is there; name a column of its own")
        self.action = action
        self.text_column = text_column
        self.title_column = title_column
        self.tag_column = tag_column
        self.max_removed = checked_share(max_removed)
        self.detector = detector or OffTopicDetector()

    def __call__(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """Return the columns of `batch`, those of them replaced or added that are written.

        Raises
        ------
        InputError
            If there is no column of texts, or an item of it is neither an article nor None.
        """
        articles, titles = self.read(batch)
        return {**batch, **self.written(articles, self.checked(articles, titles))}

    def read(self, batch: Mapping[str, Sequence[Any]]) -> tuple[list[Any], list[Any]]:
        """Return the articles and the titles of `batch`, as lists of equal length; what pandas has for None is None."""
        if self.text_column not in batch:
            raise InputError(
                f"no column {self.text_column!r}, there is {', '.join(map(repr, batch)) or 'none'}; set text_column"
            )
        articles = [_none_for_nan(article) for article in batch[self.text_column]]
        if self.title_column is None or self.title_column not in batch:
            return articles, [None] * len(articles)
        return articles, [_none_for_nan(title) for title in batch[self.title_column]]

    def checked(self, articles: Sequence[Any], titles: Sequence[str | None]) -> Iterator[Report]:
        """Yield a report an article, an empty one for None."""
        # None goes through as an empty text: so an error names the row of the batch.
        return self.detector.check_many(("" if article is None else article for article in articles), titles)

    def written(self, articles: Sequence[Any], reports: Iterable[Report]) -> dict[str, list[Any]]:
        """Return the columns that are replaced or added, from the `articles` and the reports on them."""
        texts: list[Any] = []
        tags: list[Any] = []
        for article, report in zip(articles, reports, strict=True):
            if self.action == "clean":
                texts.append(None if article is None else cleaned(report, article, self.max_removed).article)
            if self.tag_column is not None:
                tags.append(None if article is None else tag(report))
        columns = {self.text_column: texts} if self.action == "clean" else {}
        return columns if self.tag_column is None else {**columns, self.tag_column: tags}


def _none_for_nan(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value
