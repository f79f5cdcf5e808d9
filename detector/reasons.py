"""Reasons: an article's words in, a sentence a person can check out.

In: the paragraphs of one article and what is known of the language. Out: for a paragraph, the words that speak against it or
for it, quoted as the text spells them; no reason names a word that the text does not hold, nor one that says nothing by itself,
such as "nine" or "herself". This is for the eye, on request, an article at a time: readable rather than fast.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.background import spelt_idf
from detector.paragraphs import SENTENCE_ENDS, Batch, batch_of
from detector.postings import Postings, groups_of, postings_of
from detector.terms import Terms, codes_of, is_capital, is_digit, is_unspaced, one_of, terms_of

if TYPE_CHECKING:
    from detector.reader import Reader

__all__ = ["REASONS", "STATUSES", "Reason", "Words", "reason_codes"]

STATUSES = {
    "ok": "The article has a common topic, and every paragraph was judged against it.",
    "empty": "There is no paragraph.",
    "too_short": "Fewer than three paragraphs: there is no rest to hold one against, so nothing foreign is flagged.",
    "no_common_topic": "A digest, a list or a live blog: there is no common topic, so nothing foreign is flagged.",
}
REASONS = {
    "own_words": "Rare words of it stand nowhere else in the article.",
    "other_words": "Its words are not those of the rest of the article.",
    "page_words": "It is worded like a part of the page.",
    "page_form": "It has the form of a headline or a notice of the page.",
}
_TELLING = 3.0  # idf from which on a word says something: it stands in fewer than one article in twenty
_TOPICAL = 2.2  # the same of a word that recurs through the article
# What a word says, by how long its vector is, 1 for one as long as they are on average; those have an idf of 7.
_TELLS = 0.63  # "somebody", "beneath" and "sort" say less, "cookie" and "tomatoes" more
_MIDDLING = 7.0
_NAME = 1.5  # how much more a name says
_PAGE, _PAGE_IDF = 1.25, 1.875  # weight in the lexicon, and idf, from which on a word is taken for one of a page: "share"
_BRIEF = 30  # different words of a headline at most
_WHOLE = 40  # characters of a word with hyphens at most
_OPENS = f"{SENTENCE_ENDS}:;\"'“”‘’«»„()[]–—-•*|/ \n\t"  # after one of these and a space a capital is no sign of a name
_HYPHENS = frozenset("-\u2010\u2011")
_HYPHENED = re.compile(r"[^\W_]+(?:[-\u2010\u2011][^\W_]+)+")
# No vector tells that "seventeen" says less than "puzzle". In English, German, Spanish and Arabic; below, of Chinese.
_NUMBERS = """
    seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty
    sixty seventy eighty ninety hundred hundreds thousand thousands million millions billion billions dozen dozens twice thrice
    fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth
    eighteenth nineteenth twentieth thirtieth fortieth fiftieth hundredth
    vier fünf sechs sieben acht neun zehn zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig dreißig
    vierzig fünfzig sechzig siebzig achtzig neunzig hundert hunderte tausend tausende millionen milliarde milliarden dutzend
    cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte
    treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento cientos mil miles millón millones docena
    ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة عشر عشرون عشرين ثلاثون ثلاثين أربعون أربعين خمسون خمسين ستون ستين سبعون سبعين
    ثمانون ثمانين تسعون تسعين مئة مائة ألف آلاف مليون ملايين مليار
"""
_NUMERALS = "〇零一二两三四五六七八九十百千万亿兩萬億"


class Reason(NamedTuple):
    """Why a paragraph is flagged: one of REASONS, to be counted, and a sentence, to be read."""

    code: str
    sentence: str


def reason_codes(
    articles: Sequence[Sequence[str]], titles: Sequence[str | None], furniture: NDArray[np.bool_], reader: Reader
) -> list[str]:
    """Return the codes of the reasons that :meth:`Words.against` would give, for many articles at once.

    Parameters
    ----------
    articles : sequence of sequences of str
        Their paragraphs, n in all.
    titles : sequence of str or None
    furniture : ndarray (n,) bool
        Which paragraphs are taken for furniture, the others for foreign.
    reader : Reader
    """
    batch = batch_of([list(paragraphs) for paragraphs in articles], titles)
    postings = postings_of(batch, reader.background)
    idf = postings.group_idf.astype(float)
    if postings.strange.any():  # else the words need not be looked at again
        found = terms_of(batch.codes)
        idf = _spelt_idf(postings, found, groups_of(postings, found, batch, reader.background))
    alone = (np.diff(postings.group_starts, append=len(postings.groups)) == 1) & (idf >= _TELLING)
    known = postings.group_index >= 0
    worded = np.zeros(len(known), np.bool_)
    worded[known] = reader.lexicon.weights[postings.group_index[known]] >= _PAGE
    worded &= idf >= _PAGE_IDF
    asked = ~batch.is_title
    own_words, page_words = (
        np.bincount(postings.rows, told[postings.groups], minlength=len(asked))[asked] > 0 for told in (alone, worded)
    )
    page = np.where(page_words, "page_words", "page_form")
    codes: list[str] = np.where(furniture, page, np.where(own_words, "own_words", "other_words")).tolist()
    return codes


class Words:
    """The words of one article, by paragraph.

    Parameters
    ----------
    paragraphs : sequence of str
    title : str or None
        Its words count as the article's.
    reader : Reader
        Whose background, taught space and lexicon weigh the words.
    """

    def __init__(self, paragraphs: Sequence[str], title: str | None, reader: Reader) -> None:
        batch = batch_of([list(paragraphs)], [title])
        found = terms_of(batch.codes)
        postings = postings_of(batch, reader.background)
        known = postings.group_index >= 0
        worded = np.zeros(len(known))
        worded[known] = reader.lexicon.weights[postings.group_index[known]]
        group = groups_of(postings, found, batch, reader.background)
        rows = np.searchsorted(batch.starts, found.starts, side="right") - 1 - int(batch.is_title.any())
        self._text = batch.codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
        terms = group.tolist()
        self._idf: dict[int, float] = dict(enumerate(_spelt_idf(postings, found, group).tolist()))
        self._says: dict[int, float] = dict(
            zip(terms, _said(found, rows, group, batch, postings, reader).tolist(), strict=True)
        )
        self._furniture: dict[int, float] = dict(enumerate(worded.tolist()))
        self._names: set[int] = set(group[_is_name(found, batch)].tolist())
        self._at: dict[tuple[int, int], tuple[int, int]] = {}  # where a row first holds a term
        spans = zip(found.starts.tolist(), found.ends.tolist(), strict=True)
        for held, span in zip(zip(rows.tolist(), terms, strict=True), spans, strict=True):
            self._at.setdefault(held, span)
        self._held: list[dict[int, None]] = [{} for _ in paragraphs]  # sets that keep the order of the text
        for row, term in self._at:
            if row >= 0:
                self._held[row][term] = None
        self._paragraphs = Counter(term for _, term in self._at)  # in how many rows, the title's included
        # How often tells the subject better than how rare: “Syria”, not the second half of a town's name.
        self._worth = {term: self._idf[term] ** 0.5 for term in self._paragraphs if self._tells(term, _TOPICAL)}
        self._topics = [term for term in self._worth if self._paragraphs[term] > 1]
        self._topics.sort(key=lambda term: -self._worth[term] * self._paragraphs[term])
        self._first: dict[int, list[int]] = {}  # the first two rows that hold a term, the title before all
        for row, term in self._at:
            rows_of = self._first.setdefault(term, [])
            if len(rows_of) < 2:
                rows_of.append(row)
        self._order = {term: place for place, term in enumerate(self._paragraphs)}

    def against(self, index: int, kind: str) -> Reason:
        """Return why paragraph `index` is taken for `kind`."""
        return self._as_furniture(index) if kind == "furniture" else self._as_foreign(index)

    def for_(self, index: int) -> str:
        """Return why paragraph `index` is taken to belong."""
        shared = [term for term in self._held[index] if self._paragraphs[term] > 1 and self._tells(term, _TELLING)]
        shared.sort(key=lambda term: -self._idf[term] * np.log(self._paragraphs[term]))
        if shared:
            return f"Shares {_listed(self._spelt(index, term) for term in shared[:3])} with the rest of the article."
        return "Says nothing that speaks against it."

    def _as_foreign(self, index: int) -> Reason:
        alone = [term for term in self._held[index] if self._paragraphs[term] == 1 and self._idf[term] >= _TELLING]
        topic = self._topic(index)
        about = f", which is about {topic}" if topic else ""
        if not alone:
            return Reason("other_words", f"Its words are not those of the rest of the article{about}.")
        named = [term for term in alone if self._tells(term, _TELLING)]
        named.sort(key=lambda term: -self._says[term] * (_NAME if term in self._names else 1))
        words = list(islice(dict.fromkeys(self._whole(index, term) for term in named), 4))
        if not words:
            return Reason("own_words", f"{REASONS['own_words'].rstrip('.')}{about}.")
        stand = "stands" if len(words) == 1 else "stand"
        return Reason("own_words", f"{_listed(words)} {stand} nowhere else in the article{about}.")

    def _as_furniture(self, index: int) -> Reason:
        telling = [term for term in self._held[index] if self._furniture[term] >= _PAGE and self._idf[term] >= _PAGE_IDF]
        if telling:
            named = [term for term in telling if self._says[term] > 0]
            named.sort(key=lambda term: -self._furniture[term] * self._says[term])
            words = f": {_listed(self._spelt(index, term) for term in named[:4])}" if named else ""
            return Reason("page_words", f"Reads like part of the page rather than of the article{words}.")
        if len(self._held[index]) > _BRIEF:
            return Reason("page_form", "Looks like a notice of the page, by its form and by where it stands.")
        sentence = "Looks like a headline or a notice of the page: short, and not about what stands around it."
        return Reason("page_form", sentence)

    def _topic(self, index: int) -> str:
        """Return the three words that the other paragraphs are most about, quoted; empty if none recurs."""
        held = self._held[index]
        # What this one does not hold keeps its order: three of them are enough, and nothing is counted anew a paragraph.
        others = islice((term for term in self._topics if term not in held), 3)
        totals = {term: self._paragraphs[term] - (term in held) for term in chain(others, held) if term in self._worth}
        recurring = [term for term, count in totals.items() if count > 1]
        recurring.sort(key=lambda term: (-self._worth[term] * totals[term], self._order[term]))
        return ", ".join(f"“{self._anywhere(term, index)}”" for term in recurring[:3])

    def _tells(self, term: int, idf: float) -> bool:
        """Return whether `term` is as rare as that, and says something by itself."""
        return self._idf[term] >= idf and self._says[term] >= _TELLS

    def _anywhere(self, term: int, but: int) -> str:
        """Return how `term` is spelt where it first stands outside paragraph `but`."""
        return next(self._spelt(row, term) for row in self._first[term] if row != but)

    def _spelt(self, row: int, term: int) -> str:
        """Return how `term` is spelt where it first stands in a row."""
        start, end = self._at[row, term]
        return self._text[start:end]

    def _whole(self, row: int, term: int) -> str:
        """Return the same with what hyphens tie to it: “gym-goer”, for “goer” is no word of the text."""
        start, end = self._at[row, term]
        if not _HYPHENS.isdisjoint((self._text[start - 1 : start], self._text[end : end + 1])):
            for found in _HYPHENED.finditer(self._text, max(start - _WHOLE, 0), end + _WHOLE):
                if found.start() <= start and end <= found.end() and len(found[0]) <= _WHOLE:
                    return found[0]
        return self._text[start:end]


def _listed(words: Iterable[str]) -> str:
    """Return `words` quoted and in a row.

    >>> _listed(["river", "boat", "flood"])
    '“river”, “boat” and “flood”'
    """
    *others, last = (f"“{word}”" for word in words)
    return f"{', '.join(others)} and {last}" if others else last


def _spelt_idf(postings: Postings, found: Terms, group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how rare the groups of `postings` are as they are spelt, (g,) float64; `group` tells that of each term `found`."""
    longest = np.zeros(len(postings.group_index), np.int64)
    np.maximum.at(longest, group, found.ends - found.starts)
    return spelt_idf(postings.group_idf, postings.strange, np.where(postings.group_index < 0, longest, 0))


def _is_name(found: Terms, batch: Batch) -> NDArray[np.bool_]:
    """Return which of the terms `found` begin with a capital within a sentence, ndarray (t,) bool."""
    space, before = (batch.codes[np.maximum(found.starts - back, 0)] for back in (1, 2))
    within = (found.starts > 1) & (space == ord(" ")) & ~one_of(before, _OPENS)
    named: NDArray[np.bool_] = within & is_capital(batch.codes[found.starts])
    return named


def _said(
    found: Terms, rows: NDArray[np.int64], group: NDArray[np.int64], batch: Batch, postings: Postings, reader: Reader
) -> NDArray[np.float64]:
    """Return what each term `found` says by itself, ndarray (t,) float64: 0 if nothing, 1 as much as words do on average.

    A word that could stand anywhere has a short vector in the taught space. Where there is none, or where the teacher does not
    know the language, its idf tells.
    """
    said = np.maximum(postings.group_idf.astype(float) / _MIDDLING, _TELLS)
    if reader.taught is not None:
        rows = reader.background.rows_of(postings.group_index).astype(np.int64)
        taught = (rows >= 0) & (rows < len(reader.taught.weights))
        if 2 * taught.sum() > len(postings.group_index):
            said[taught] = reader.taught.lengths(rows[taught]) / reader.taught.length
    says = said[group]
    heads, tails = batch.codes[found.starts], batch.codes[found.ends - 1]
    says[is_digit(heads) | one_of(heads, _NUMERALS) | one_of(tails, _NUMERALS) | np.isin(found.hashes, _number_words())] = 0
    pairs = np.flatnonzero(is_unspaced(heads))
    if len(pairs):
        # Without spaces most pairs of characters are no word: one ends there, or the next begins. The characters of a word are
        # in about as many paragraphs as the word itself.
        held = np.unique(np.concatenate((heads[pairs], tails[pairs])).astype(np.int64) << 32 | np.tile(rows[pairs] + 1, 2))
        characters, spread = np.unique(held >> 32, return_counts=True)
        widest = np.maximum(*(spread[np.searchsorted(characters, ends[pairs])] for ends in (heads, tails)))
        together = np.diff(postings.group_starts, append=len(postings.rows))[group[pairs]]
        says[pairs[2 * together < widest]] = 0
    return says


@lru_cache(maxsize=1)
def _number_words() -> NDArray[np.uint64]:
    return terms_of(codes_of(_NUMBERS)).hashes
