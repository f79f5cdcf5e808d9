"""Lexical evidence: the words that a paragraph shares with the rest of its article, and those that it does not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.evidence.rows import NOTHING, REACH, Rows
from detector.postings import Postings

__all__ = ["LEXICAL", "lexical"]

_RARE, _VERY_RARE = 4.5, 7.0  # idf; one article in 90, one in 1,100
LEXICAL = (
    "tfidf",  # cosine of TF-IDF vectors with the rest of the article
    "local",  # the same with document frequencies counted in this article alone: works in any language
    "tfidf_far",  # share of the paragraph's idf that stands more than three paragraphs away
    "tfidf_beside",  # share of it that stands in the paragraph before or after
    "shared",  # share of the paragraph's idf that stands elsewhere in the article
    "shared_z",  # the same against the article's mean
    "surprise",  # how unlikely the shared words are by chance: mean of -ln P(word in so much text), nats
    "rare_shared",  # ln(1 + number) of rare words that stand elsewhere
    "rare_alone",  # ... that stand nowhere else
    "very_rare_shared",
    "very_rare_alone",
    "names_shared",  # rare words with a capital that stand elsewhere
    "names_alone",
    "rarest_shared",  # highest idf of a word that stands elsewhere
    "idf",  # mean idf of the paragraph's words: how special its language is
    "unknown",  # share of words outside the vocabulary
)


def lexical(rows: Rows, postings: Postings, trust: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the columns LEXICAL, each ndarray (n,) float64, of paragraphs with `postings` and `trust`."""
    n = len(trust)

    def by_row(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(postings.rows, values, minlength=n).astype(float)

    idf = postings.group_idf[postings.groups].astype(float)
    logged = 1 + np.log(postings.counts)
    holders = np.diff(np.append(postings.group_starts, len(postings.groups)))
    local_idf = np.log((1 + np.diff(rows.bounds)[rows.articles[postings.rows]]) / holders[postings.groups])
    entry_trust = trust[postings.rows]
    # Elsewhere: how many other trusted paragraphs of the article hold the term; far: those more than three away.
    held = np.bincount(postings.groups, entry_trust, minlength=len(postings.group_starts))
    elsewhere = held[postings.groups] - entry_trust
    close, beside = np.zeros(len(elsewhere)), np.zeros(len(elsewhere))
    for step in range(1, REACH + 1):
        distance = postings.rows[step:] - postings.rows[:-step]
        together = (postings.groups[step:] == postings.groups[:-step]) & (distance <= REACH)
        close[step:] += together * entry_trust[:-step]
        close[:-step] += together * entry_trust[step:]
        if step == 1:
            together &= distance == 1
            beside[1:] += together * entry_trust[:-1]
            beside[:-1] += together * entry_trust[1:]
    shared = np.minimum(elsewhere, 1.0)
    mass = by_row(idf) + NOTHING
    shared_mass = by_row(idf * shared) / mass
    # Surprise: the chance that the rest's words, so many drawn from the language, hold this one.
    words = rows.sums(postings.lengths * trust)[rows.articles] - postings.lengths * trust
    rate = np.exp(-idf) / 300.0  # an article of the background has about 300 different words
    chance = -np.expm1(-rate * np.maximum(words[postings.rows], 1.0))
    present = by_row(np.ones(len(idf))) + NOTHING
    rare, very_rare = idf > _RARE, idf > _VERY_RARE
    name = rare & postings.capital
    return {
        "tfidf": _leave_one_out(rows, postings, logged * idf, trust),
        "local": _leave_one_out(rows, postings, logged * local_idf, trust),
        "tfidf_far": by_row(idf * np.minimum(np.maximum(elsewhere - close, 0.0), 1.0)) / mass,
        "tfidf_beside": by_row(idf * np.minimum(beside, 1.0)) / mass,
        "shared": shared_mass,
        "shared_z": shared_mass - rows.means(shared_mass, trust * np.sqrt(postings.lengths)),
        "surprise": by_row(-np.log(chance + 1e-9) * shared) / present,
        "rare_shared": np.log1p(by_row(shared * rare)),
        "rare_alone": np.log1p(by_row((1 - shared) * rare)),
        "very_rare_shared": np.log1p(by_row(shared * very_rare)),
        "very_rare_alone": np.log1p(by_row((1 - shared) * very_rare)),
        "names_shared": np.log1p(by_row(shared * name)),
        "names_alone": np.log1p(by_row((1 - shared) * name)),
        "rarest_shared": _row_maximum(postings.rows, idf * shared, n),
        "idf": (mass - NOTHING) / present,
        "unknown": by_row((postings.group_index < 0)[postings.groups].astype(float)) / present,
    }


def _leave_one_out(
    rows: Rows, postings: Postings, weights: NDArray[np.float64], trust: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the cosine ``x . (S - x) / |x| |S - x|`` of each row x of `weights` (k,), S the trusted sum over its article."""
    n = len(trust)
    trusted = weights * trust[postings.rows]
    mixed = np.bincount(postings.groups, trusted, minlength=len(postings.group_starts))
    own = np.bincount(postings.rows, weights**2, minlength=n)
    cross = np.bincount(postings.rows, weights * mixed[postings.groups], minlength=n)
    group_article = rows.articles[postings.rows[postings.group_starts]]
    article_norm = np.bincount(group_article, mixed**2, minlength=len(rows.bounds) - 1)[rows.articles]
    rest = np.maximum(article_norm - 2 * cross * trust + own * trust**2, 0)
    # Where nothing is left of the rest but rounding dust, nothing is shared.
    cosine = (cross - own * trust) / np.sqrt(np.maximum(own * rest, NOTHING))
    return np.where(rest > NOTHING * (1 + article_norm), cosine, 0.0)


def _row_maximum(rows: NDArray[np.int64], values: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Return the largest of the non-negative `values` in each of `n` rows, 0 for an empty one."""
    result = np.zeros(n)
    np.maximum.at(result, rows, values)
    return result
