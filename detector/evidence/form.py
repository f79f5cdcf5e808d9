"""Evidence of form: what a paragraph reads like and looks like, whatever it is about, and where it stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.evidence.rows import Rows
from detector.postings import Postings

__all__ = ["DOUBT", "FORM", "FURNITURE", "PLACE", "doubted", "form", "furniture_like", "place"]

_NEAR = 4  # paragraphs on either side whose wording tells a stretch of furniture
FURNITURE = (
    "furniture",  # logit of the linear model over the paragraph's words
    "furniture_previous",
    "furniture_next",
    "furniture_near",  # mean of up to four paragraphs on either side and itself
    "furniture_before",  # mean from the first paragraph to this one: furniture comes in stretches, mostly at an end
    "furniture_after",  # mean from this paragraph to the last
    "furniture_mean",  # over the article
    "capitals",  # share of words that begin with a capital
    "capitals_mean",  # over the article
    "digits",  # share of words that are numbers
    "sentence",  # 1 when it ends as sentences do
    "sentence_mean",  # over the article: where every paragraph is a sentence, a headline is strange
    "previous_sentence",
    "next_sentence",
)
FORM = (
    "cut",  # 1 when it ends in dots of omission
    "exclaims",  # 1 when it ends in an exclamation or question mark
    "exclaims_mean",  # over the article
    "quoted",  # 1 when it begins with a quotation mark
    "opening",  # share of the other paragraphs that begin with the same word, or with a number too
    "repeated",  # 1 when another paragraph is of the same words
)
PLACE = (
    "length",  # ln(1 + words)
    "relative_length",  # the same less the article's mean
    "previous_length",
    "next_length",
    "paragraphs",  # ln(number of paragraphs)
    "place",  # 0 at the article's start, 1 at its end
    "from_start",  # 1 / (1 + paragraphs before)
    "from_end",  # 1 / (1 + paragraphs after)
)
DOUBT = (
    "doubt",  # of the paragraph itself
    "doubt_most",  # highest of the others in the article
    "doubt_near",  # doubt of the two paragraphs around, mean
    "doubt_mean",  # over the article
    "doubt_before",  # over the paragraphs before: what does not belong comes in stretches too
    "doubt_after",  # over the paragraphs after
)


def furniture_like(rows: Rows, postings: Postings, furniture: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the columns FURNITURE, each ndarray (n,) float64; `furniture` is the logit of the words being some."""
    ones = np.ones(len(furniture))
    index = np.arange(len(furniture))
    first, last = rows.bounds[rows.articles], rows.bounds[rows.articles + 1]
    return {
        "furniture": furniture,
        "furniture_near": rows.run_means(furniture, np.maximum(index - _NEAR, first), np.minimum(index + _NEAR + 1, last)),
        "furniture_before": rows.run_means(furniture, first, index + 1),
        "furniture_after": rows.run_means(furniture, index, last),
        "furniture_previous": furniture[rows.previous],
        "furniture_next": furniture[rows.next],
        "furniture_mean": rows.means(furniture, ones),
        "capitals": postings.capitals,
        "capitals_mean": rows.means(postings.capitals, ones),
        "digits": postings.digits,
        "sentence": postings.closed,
        "sentence_mean": rows.means(postings.closed, ones),
        "previous_sentence": postings.closed[rows.previous],
        "next_sentence": postings.closed[rows.next],
    }


def form(rows: Rows, postings: Postings) -> dict[str, NDArray[np.float64]]:
    """Return the columns FORM, each ndarray (n,) float64."""
    alike = _others_alike(rows, postings.openings) * (postings.openings > 0)
    size = np.maximum(np.diff(rows.bounds)[rows.articles] - 1, 1)
    return {
        "cut": postings.cut,
        "exclaims": postings.exclaims,
        "exclaims_mean": rows.means(postings.exclaims, np.ones(len(size))),
        "quoted": postings.quoted,
        "opening": alike / size,
        "repeated": (_others_alike(rows, postings.wholes) > 0) * (postings.lengths > 0).astype(float),
    }


def _others_alike(rows: Rows, values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return how many other rows of the article have the same of `values`, ndarray (n,) int64."""
    order = np.lexsort((values, rows.articles))
    new = np.ones(len(order), np.bool_)
    new[1:] = (values[order][1:] != values[order][:-1]) | (rows.articles[order][1:] != rows.articles[order][:-1])
    group = np.cumsum(new) - 1
    others = np.zeros(len(order), np.int64)
    others[order] = np.bincount(group, minlength=1)[group] - 1
    return others


def _most_of_others(rows: Rows, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the highest of the non-negative `values` among the other rows of the article, 0 where there is none."""
    order = np.lexsort((values, rows.articles))
    last = rows.bounds[rows.articles + 1] - 1  # of the article's rows in order of value, the highest
    ordered = values[order]
    highest = order[last] == np.arange(len(values))
    second = np.where(last > rows.bounds[rows.articles], ordered[np.maximum(last - 1, 0)], 0.0)
    return np.where(highest, second, ordered[last]) if len(values) else values


def place(rows: Rows, postings: Postings) -> dict[str, NDArray[np.float64]]:
    """Return the columns PLACE, each ndarray (n,) float64."""
    length = np.log1p(postings.lengths).astype(float)
    index = np.arange(len(length))
    first, last = rows.bounds[rows.articles], rows.bounds[rows.articles + 1]
    return {
        "length": length,
        "relative_length": length - rows.means(length, np.ones(len(length))),
        "previous_length": length[rows.previous],
        "next_length": length[rows.next],
        "paragraphs": np.log(np.diff(rows.bounds)[rows.articles]),
        "place": (index - first + 0.5) / (last - first),
        "from_start": 1 / (1 + index - first),
        "from_end": 1 / (last - index),
    }


def doubted(rows: Rows, doubt: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the columns DOUBT, each ndarray (n,) float64."""
    index = np.arange(len(doubt))
    first, last = rows.bounds[rows.articles], rows.bounds[rows.articles + 1]
    return {
        "doubt": doubt,
        "doubt_most": _most_of_others(rows, doubt),
        "doubt_near": (doubt[rows.previous] + doubt[rows.next]) / 2,
        "doubt_mean": rows.means(doubt, np.ones(len(doubt))),
        "doubt_before": rows.run_means(doubt, first, index),
        "doubt_after": rows.run_means(doubt, index + 1, last),
    }
