"""Coincidence: articles in, which of them hold a rare word, and where, out.

A rare word that stands in two places is the best evidence there is that both tell one story, but for chance: a car with a
"2.0-litre" engine is in no recipe with "a litre of stock". Donors drawn at random seldom share such a word; here they are
looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from detector.learn.articles import Article
from detector.terms import codes_of, terms_of

__all__ = ["Coincidences"]

_RARE = 400  # a word is rare that one article in so many holds, or two in all
_TRIES = 8


class Coincidences:
    """The rare words of articles, each with the paragraphs that hold it.

    Parameters
    ----------
    articles : sequence of Article
    characters : int
        Paragraphs with fewer take no part.
    """

    def __init__(self, articles: Sequence[Article], characters: int) -> None:
        self._articles = articles
        found = [_words_of(article.paragraphs, characters) for article in articles]
        sizes = [len(words) for words, _ in found]
        words = np.concatenate([np.zeros(0, np.uint64), *(words for words, _ in found)])
        places = np.column_stack(
            (np.repeat(np.arange(len(found)), sizes), np.concatenate([np.zeros(0, np.int64), *(at for _, at in found)]))
        )
        order = np.argsort(words, kind="stable")
        different, starts, counts = np.unique(words[order], return_index=True, return_counts=True)
        rare = (counts >= 2) & (counts <= max(2, len(articles) // _RARE))
        self._words, self._starts, self._counts = different[rare], starts[rare], counts[rare]
        self._places = places[order]

    def draws(self, host: Article, rng: np.random.Generator) -> Iterator[tuple[Article, str]]:
        """Yield some paragraphs that share one rare word with `host`, each with its article, which may be `host`.

        Every rare word of `host` is as likely as any other, and every article that holds it. What shares two of them is left
        out: in all likelihood it tells the same story, as another source has it.
        """
        of_host = self._rare(host.paragraphs)
        for _ in range(_TRIES if len(of_host) else 0):
            word = of_host[rng.integers(len(of_host))]
            number, at = self._places[self._starts[word] + rng.integers(self._counts[word])].tolist()
            article = self._articles[number]
            paragraph = article.paragraphs[at]
            if len(np.intersect1d(self._rare((paragraph,)), of_host)) == 1:
                yield article, paragraph

    def _rare(self, paragraphs: Sequence[str]) -> NDArray[np.int64]:
        """Return the numbers of the rare words that stand in `paragraphs`, rising."""
        words, _ = _words_of(paragraphs, 0)
        at = np.searchsorted(self._words, words)
        known = at < len(self._words)
        numbers: NDArray[np.int64] = at[known][self._words[at[known]] == words[known]]
        return numbers


def _words_of(paragraphs: Sequence[str], characters: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the different terms of `paragraphs`, sorted, and the first paragraph that holds each, both (k,)."""
    kept = [i for i, paragraph in enumerate(paragraphs) if len(paragraph) >= characters]
    terms = [terms_of(codes_of(paragraphs[i])).hashes for i in kept]
    held = np.repeat(np.array(kept, np.int64), [len(each) for each in terms])
    words, first = np.unique(np.concatenate([np.zeros(0, np.uint64), *terms]), return_index=True)
    return words, held[first]
