"""Terms: code points in, one 64-bit identity a term out.

In: the code points of a batch of text, one flat array. Out: :class:`Terms`, the spans and hashes of its terms in reading
order. The counterpart is :mod:`detector.postings`, which looks the hashes up.

The rules, in the order in which they apply:

1. A character belongs to a word when Unicode calls it a letter, a number or a mark (categories L, N, M). Everything else
   separates words: ``don't`` is ``don`` and ``t``, ``well-known`` is two words, ``Russia's`` starts with ``russia``.
2. Characters are lower-cased one by one.
3. Scripts written without spaces (Han, Kana, Thai, Lao, Burmese, Khmer) give overlapping character bigrams; a lone
   character gives itself.
4. Other words of a single character are dropped: in every language they are articles, initials and list letters.

A term's identity is a 64-bit hash of its characters, so words that no vocabulary holds still match one another.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["RADIX", "Terms", "codes_of", "fingerprint", "hash_of", "is_capital", "is_digit", "is_unspaced", "mixed", "terms_of"]

# Blocks of scripts written without spaces: [first, last] code points.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x4DBF),  # Han, extension A
    (0x4E00, 0x9FFF),  # Han
    (0xF900, 0xFAFF),  # Han, compatibility
)
_TABLE_SIZE = 0x10000  # the Basic Multilingual Plane; rarer characters are folded one by one
RADIX = 0x9E3779B97F4A7C15  # odd, hence invertible modulo 2**64
_UNRADIX = pow(RADIX, -1, 1 << 64)
_PROBE = "Straße naïve 2018 U.S.-backed don't Ωmega Россия 東京都 東 สวัสดี العربية हिन्दी 𝒜 x"


@dataclass(frozen=True)
class Terms:
    """The terms of a batch in reading order.

    Attributes
    ----------
    starts, ends : ndarray (t,) int64
        Spans ``[start, end)`` in the batch's code points.
    hashes : ndarray (t,) uint64
        Identities: equal for equal lower-cased spelling, whatever the text around.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    hashes: NDArray[np.uint64]


def codes_of(text: str) -> NDArray[np.uint32]:
    """Return the code points of `text`, ndarray (len(text),) uint32; lone surrogates pass through."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def terms_of(codes: NDArray[np.uint32]) -> Terms:
    """Find the terms of a text given as code points, in time linear in its length.

    Parameters
    ----------
    codes : ndarray (n,) uint32
        Unicode code points, see :func:`codes_of`.

    Notes
    -----
    The hash of a word is the polynomial ``sum(value(c_i) * radix**i)`` modulo 2**64 over its characters, taken as the
    difference of two running sums and shifted back to position 0 with the radix' inverse; a final multiply-and-shift
    spreads it (Murmur3's finaliser). One pass over the text serves all words.
    """
    n = len(codes)
    if n == 0:
        empty = np.zeros(0, np.int64)
        return Terms(empty, empty, np.zeros(0, np.uint64))
    values, unspaced = _classify(codes)
    # A sentinel on either side turns "a word begins or ends here" into a difference of neighbours.
    spaced = np.zeros(n + 2, np.int8)
    np.not_equal(values, 0, out=spaced[1:-1].view(np.bool_))
    if unspaced is not None:
        spaced[1:-1] -= unspaced
    edges = np.diff(spaced)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    long = ends - starts > 1
    starts, ends = starts[long], ends[long]
    if unspaced is not None:
        starts, ends = _with_bigrams(starts, ends, unspaced)
    powers, unpowers = _powers(n)
    sums = np.zeros(n + 1, np.uint64)
    np.cumsum(values * powers, out=sums[1:])
    return Terms(starts, ends, mixed((sums[ends] - sums[starts]) * unpowers[starts]))


def is_capital(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which code points are upper-case letters, ndarray (n,) bool."""
    return _tables().capital[np.minimum(codes, _TABLE_SIZE - 1)]


def is_unspaced(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which code points are of a script without spaces, in the Basic Multilingual Plane, ndarray (n,) bool."""
    return _tables().unspaced[np.minimum(codes, _TABLE_SIZE - 1)] > 0


def is_digit(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which code points are numbers (Unicode category N), ndarray (n,) bool."""
    return _tables().digit[np.minimum(codes, _TABLE_SIZE - 1)]


def hash_of(word: str) -> int:
    """Return the identity of one `word`, the slow and readable way; the tests hold :func:`terms_of` against it."""
    total = sum(_value(char) * pow(RADIX, i, 1 << 64) for i, char in enumerate(word))
    return int(mixed(np.array([total % (1 << 64)], np.uint64))[0])


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Return 16 hex digits that change whenever these rules change: the hash of the terms of a fixed probe text."""
    found = terms_of(codes_of(_PROBE))
    return f"{int(np.bitwise_xor.reduce(found.hashes * np.arange(1, 2 * len(found.hashes), 2, dtype=np.uint64))):016x}"


def _classify(codes: NDArray[np.uint32]) -> tuple[NDArray[np.uint64], NDArray[np.int8] | None]:
    """Return each character's value (0 separates words) and, if any is unspaced, the 0/1 mask of those."""
    tables = _tables()
    rare = np.flatnonzero(codes >= _TABLE_SIZE)
    if not len(rare):
        values = tables.value[codes]
    else:
        values = tables.value[np.minimum(codes, _TABLE_SIZE - 1)]
        kinds, inverse = np.unique(codes[rare], return_inverse=True)
        values[rare] = np.array([_value(chr(code)) for code in kinds], np.uint64)[inverse]
    if int(codes.max()) < _UNSPACED[0][0]:
        return values, None
    unspaced = tables.unspaced[np.minimum(codes, _TABLE_SIZE - 1)]
    # Han beyond the BMP (planes 2 and 3) is unspaced too.
    unspaced[rare] = (codes[rare] >> 16 == 2) | (codes[rare] >> 16 == 3)
    unspaced[values == 0] = 0
    return values, unspaced if unspaced.any() else None


def _with_bigrams(
    starts: NDArray[np.int64], ends: NDArray[np.int64], unspaced: NDArray[np.int8]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Merge the bigrams and lone characters of unspaced scripts into the spans of words, in reading order."""
    padded = np.concatenate(([0], unspaced, [0]))
    pairs = np.flatnonzero(unspaced[:-1] & unspaced[1:])
    lone = np.flatnonzero((padded[1:-1] == 1) & (padded[:-2] == 0) & (padded[2:] == 0))
    all_starts = np.concatenate((starts, pairs, lone))
    all_ends = np.concatenate((ends, pairs + 2, lone + 1))
    order = np.argsort(all_starts, kind="stable")
    return all_starts[order], all_ends[order]


def _value(char: str) -> int:
    """Return the 64-bit value of a character, 0 for one that separates words (SplitMix64 of its lower case)."""
    if unicodedata.category(char)[0] not in "LNM":
        return 0
    state = (ord(char.lower()[0]) * RADIX) % (1 << 64)
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % (1 << 64)
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) % (1 << 64)
    return state ^ (state >> 31)


class _Tables(NamedTuple):
    """What is known of every character of the Basic Multilingual Plane, ndarrays (_TABLE_SIZE,)."""

    value: NDArray[np.uint64]
    unspaced: NDArray[np.int8]
    capital: NDArray[np.bool_]
    digit: NDArray[np.bool_]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    """Build the tables; 40 ms, once a process."""
    chars = [chr(code) for code in range(_TABLE_SIZE)]
    categories = [unicodedata.category(char) for char in chars]
    lower = np.array([ord(char.lower()[0]) for char in chars], np.uint64)
    lower *= np.array([category[0] in "LNM" for category in categories], np.uint64)
    state = lower * np.uint64(RADIX)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    unspaced = np.zeros(_TABLE_SIZE, np.int8)
    for first, last in _UNSPACED:
        unspaced[first : last + 1] = 1
    return _Tables(
        value=state ^ (state >> np.uint64(31)),
        unspaced=unspaced,
        capital=np.array([category == "Lu" for category in categories], np.bool_),
        digit=np.array([category[0] == "N" for category in categories], np.bool_),
    )


@lru_cache(maxsize=2)
def _powers_up_to(size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return ``radix**i`` and its inverse for i below `size`."""
    tables = []
    for radix in (RADIX, _UNRADIX):
        table = np.full(size, np.uint64(radix))
        table[0] = 1
        tables.append(np.cumprod(table, out=table))
    return tables[0], tables[1]


def _powers(n: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    size = max(1 << 12, 1 << (n - 1).bit_length())
    # 16 bytes a code point: a table for a text of more than 4 million is not worth keeping.
    powers, unpowers = (_powers_up_to if size <= 1 << 22 else _powers_up_to.__wrapped__)(size)
    return powers[:n], unpowers


def mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the entropy of each of `state`, uint64, over all of its bits: Murmur3's 64-bit finaliser."""
    state = (state ^ (state >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    state = (state ^ (state >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    finished: NDArray[np.uint64] = state ^ (state >> np.uint64(33))
    return finished
