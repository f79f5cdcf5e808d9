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

A term's identity is a 64-bit hash of its characters, so words that no vocabulary holds still match one another. Of words of
more than 32 characters it is one of the first and the last sixteen and of their number. Words that no vocabulary holds can also
be told by their stems alone, their first :data:`STEM` letters: most languages inflect at the end.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "RADIX",
    "STEM",
    "Terms",
    "affixes_of",
    "codes_of",
    "fingerprint",
    "hash_of",
    "is_capital",
    "is_digit",
    "is_unspaced",
    "mixed",
    "one_of",
    "stems_of",
    "terms_of",
]

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
RADIX = 0x9E3779B97F4A7C15  # odd: a factor modulo 2**64 that keeps different numbers different
STEM = 6  # letters of a word whose inflections are not known
_QUAD = 4  # characters hashed at a time
_END = 16  # characters at either end of a word that tell it
_PREFIXES, _SUFFIXES = (3, 4, 5, 6), (2, 3, 4)  # letters
_SIZES = np.array(_PREFIXES + _SUFFIXES)
_BEHIND = np.uint64(0xA0761D6478BD642F)  # whatever keeps what a word ends in from what others begin with
_MASKS = np.array([(1 << (16 * size)) - 1 for size in range(_QUAD + 1)], np.uint64)  # of the first so many of four
_KEYS = np.cumprod(np.full(1 + 2 * _END // _QUAD, RADIX, np.uint64))  # of a word's size, of its first quads, of its last
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
    The hash of a word is ``size * k_0 + sum(quad_i * k_i)`` modulo 2**64 over its characters, four at a time as one number
    (a polynomial hash, k_i = k**(i + 1)), and a final multiply-and-shift that spreads it (Murmur3's finaliser): no two words of
    up to four characters of the Basic Multilingual Plane share one.
    """
    n = len(codes)
    if n == 0:
        empty = np.zeros(0, np.int64)
        return Terms(empty, empty, np.zeros(0, np.uint64))
    symbols, unspaced = _classify(codes)
    # A sentinel on either side turns "a word begins or ends here" into a difference of neighbours.
    spaced = np.zeros(n + 2, np.bool_)
    np.not_equal(symbols[:n], 0, out=spaced[1:-1])
    if unspaced is not None:
        spaced[1:-1] &= ~unspaced
    edges = np.flatnonzero(spaced[1:] != spaced[:-1])
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts > 1
    starts, ends = starts[long], ends[long]
    if unspaced is not None:
        starts, ends = _with_bigrams(starts, ends, unspaced)
    return Terms(starts, ends, _hashes(symbols, starts, ends))


def _hashes(symbols: NDArray[np.uint16], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the hash of each span of `symbols`, which go on for _END characters behind the last."""
    # Every four symbols in a row, as one number; the spans begin anywhere, so these overlap.
    quads = np.ndarray((len(symbols) - _QUAD + 1,), "<u8", symbols, 0, (symbols.itemsize,))
    sizes = ends - starts
    state = sizes.astype(np.uint64) * _KEYS[0]
    for number in range(_END // _QUAD):
        some = np.flatnonzero(sizes > _QUAD * number)
        filled = np.minimum(sizes[some] - _QUAD * number, _QUAD)
        state[some] += (quads[starts[some] + _QUAD * number] & _MASKS[filled]) * _KEYS[1 + number]
    some = np.flatnonzero(sizes > _END)
    for number in range(_END // _QUAD):
        state[some] += quads[ends[some] - _END + _QUAD * number] * _KEYS[1 + _END // _QUAD + number]
    return mixed(state)


def affixes_of(codes: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return what stands for the first 3, 4, 5 and 6 letters of words, lower-cased, and their last 2, 3 and 4.

    Parameters
    ----------
    codes : ndarray (n,) uint32
    starts, ends : ndarray (w,) int64
        Spans of words in `codes`.

    Returns
    -------
    ndarray (w, 7) uint64
        Hashes, 0 where a word has fewer letters.
    """
    if not len(starts) or not len(codes):
        return np.zeros((len(starts), len(_SIZES)), np.uint64)
    most, last = max(_PREFIXES), max(_SUFFIXES)
    heads, tails = starts[:, None] + np.arange(most), ends[:, None] - last + np.arange(last)
    symbols, _ = _classify(codes.take(np.hstack((heads, tails)).ravel(), mode="clip"))
    # A word's letters at either end, side by side: what it begins with stands in front, what it ends in behind.
    width = most + last
    first = np.array([0] * len(_PREFIXES) + [width - size for size in _SUFFIXES])
    begin = np.arange(0, len(starts) * width, width)[:, None] + first
    hashes: NDArray[np.uint64] = _hashes(symbols, begin.ravel(), (begin + _SIZES).ravel()).reshape(begin.shape)
    hashes[:, len(_PREFIXES) :] ^= _BEHIND
    hashes[(ends - starts)[:, None] < _SIZES] = 0
    return hashes


def stems_of(codes: NDArray[np.uint32], starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the identity of the first STEM letters of words, lower-cased: that of the word which is so spelt.

    Truncation is the simplest stemmer, and needs to know nothing of a language (McNamee et al. 2009).

    Parameters
    ----------
    codes : ndarray (n,) uint32
    starts : ndarray (w,) int64
        Where words of STEM letters or more begin in `codes`.

    Returns
    -------
    ndarray (w,) uint64
    """
    if not len(starts):
        return np.zeros(0, np.uint64)
    symbols, _ = _classify(codes.take((starts[:, None] + np.arange(STEM)).ravel(), mode="clip"))
    begin = np.arange(0, len(starts) * STEM, STEM)
    return _hashes(symbols, begin, begin + STEM)


def is_capital(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which code points are upper-case letters, ndarray (n,) bool."""
    return _tables().capital.take(codes, mode="clip")


def is_unspaced(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which code points are of a script without spaces, in the Basic Multilingual Plane, ndarray (n,) bool."""
    return _tables().unspaced.take(codes, mode="clip")


def is_digit(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which code points are numbers (Unicode category N), ndarray (n,) bool."""
    return _tables().digit.take(codes, mode="clip")


def one_of(codes: NDArray[np.uint32], characters: str) -> NDArray[np.bool_]:
    """Return which code points are one of `characters` of the Basic Multilingual Plane; np.isin takes 150 µs for a few."""
    return _table_of(characters).take(codes, mode="clip")


@lru_cache
def _table_of(characters: str) -> NDArray[np.bool_]:
    # One more than the plane holds: what lies beyond it is cut down to that, and is none of them.
    table = np.zeros(_TABLE_SIZE + 1, np.bool_)
    table[codes_of(characters)] = True
    return table


def hash_of(word: str) -> int:
    """Return the identity of one `word`, the slow and readable way; the tests hold :func:`terms_of` against it."""
    values = [_symbol(char) for char in word]
    pieces = [values[:_END][i : i + _QUAD] for i in range(0, _END, _QUAD)]
    if len(values) > _END:
        pieces += [values[-_END:][i : i + _QUAD] for i in range(0, _END, _QUAD)]
    total = len(values) * int(_KEYS[0])
    for key, piece in zip(_KEYS[1:].tolist(), pieces, strict=False):
        total += key * sum(value << (16 * i) for i, value in enumerate(piece))
    return int(mixed(np.array([total % (1 << 64)], np.uint64))[0])


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Return 16 hex digits that change whenever these rules change: the hash of what a probe text's words are told by."""
    codes = codes_of(_PROBE)
    found = terms_of(codes)
    stems = stems_of(codes, found.starts[found.ends - found.starts >= STEM])
    hashes = np.concatenate((found.hashes, affixes_of(codes, found.starts, found.ends).ravel(), stems))
    return f"{int(np.bitwise_xor.reduce(hashes * np.arange(1, 2 * len(hashes), 2, dtype=np.uint64))):016x}"


def _classify(codes: NDArray[np.uint32]) -> tuple[NDArray[np.uint16], NDArray[np.bool_] | None]:
    """Return each character's symbol (0 separates words), _END zeros behind them, and, if any is unspaced, which are."""
    tables = _tables()
    n = len(codes)
    symbols = np.zeros(n + _END, "<u2")
    symbols[:n] = tables.symbol.take(codes, mode="clip")
    highest = int(codes.max())
    rare = np.flatnonzero(codes >= _TABLE_SIZE) if highest >= _TABLE_SIZE else np.zeros(0, np.int64)
    if len(rare):
        kinds, inverse = np.unique(codes[rare], return_inverse=True)
        symbols[rare] = np.array([_symbol(chr(code)) for code in kinds], np.uint16)[inverse]
    if highest < _UNSPACED[0][0]:
        return symbols, None
    unspaced = tables.unspaced.take(codes, mode="clip")
    # Han beyond the BMP (planes 2 and 3) is unspaced too.
    unspaced[rare] = (codes[rare] >> 16 == 2) | (codes[rare] >> 16 == 3)
    unspaced &= symbols[:n] != 0
    return symbols, unspaced if unspaced.any() else None


def _with_bigrams(
    starts: NDArray[np.int64], ends: NDArray[np.int64], unspaced: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Merge the bigrams and lone characters of unspaced scripts into the spans of words, in reading order."""
    padded = np.concatenate(([False], unspaced, [False]))
    pairs = np.flatnonzero(unspaced[:-1] & unspaced[1:])
    lone = np.flatnonzero(unspaced & ~padded[:-2] & ~padded[2:])
    all_starts = np.concatenate((starts, pairs, lone))
    all_ends = np.concatenate((ends, pairs + 2, lone + 1))
    order = np.argsort(all_starts, kind="stable")
    return all_starts[order], all_ends[order]


def _symbol(char: str) -> int:
    """Return what stands for a character in a hash: its lower case in 16 bits, 0 for one that separates words."""
    if unicodedata.category(char)[0] not in "LNM":
        return 0
    code = ord(char.lower()[0])
    return code if code < _TABLE_SIZE else 1 + code % (_TABLE_SIZE - 1)


class _Tables(NamedTuple):
    """What is known of every character of the Basic Multilingual Plane, ndarrays (_TABLE_SIZE,)."""

    symbol: NDArray[np.uint16]
    unspaced: NDArray[np.bool_]
    capital: NDArray[np.bool_]
    digit: NDArray[np.bool_]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    """Build the tables; 40 ms, once a process."""
    chars = [chr(code) for code in range(_TABLE_SIZE)]
    categories = [unicodedata.category(char) for char in chars]
    lower = np.array([ord(char.lower()[0]) for char in chars], np.uint16)
    unspaced = np.zeros(_TABLE_SIZE, np.bool_)
    for first, last in _UNSPACED:
        unspaced[first : last + 1] = True
    return _Tables(
        symbol=lower * np.array([category[0] in "LNM" for category in categories], np.uint16),
        unspaced=unspaced,
        capital=np.array([category == "Lu" for category in categories], np.bool_),
        digit=np.array([category[0] == "N" for category in categories], np.bool_),
    )


def mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the entropy of each of `state`, uint64, over all of its bits: Murmur3's 64-bit finaliser."""
    state = (state ^ (state >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    state = (state ^ (state >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    finished: NDArray[np.uint64] = state ^ (state >> np.uint64(33))
    return finished
