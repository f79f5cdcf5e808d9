"""The whole way from text to score, the slow and readable way: plain loops, article by article and word by word.

What each step means is told here a second time, in formulae, and nothing is shared with the fast way but the hash of a word
(:func:`~detector.terms.hash_of`), the finaliser in it, what keeps endings from beginnings and the characters that end a
sentence. A word is, lower-cased, itself, or the first of the words in its article that are told by the same stem.
"""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from conftest import unpacked
from numpy.typing import NDArray
from test_terms import slow_affixes, slow_terms, sort_of

from detector.background import Background
from detector.evidence import COLUMNS, WINDOW
from detector.model import Model
from detector.paragraphs import SENTENCE_ENDS
from detector.reader import Reader
from detector.scorer import SUMMARY, Calibration, Network
from detector.terms import hash_of, mixed
from detector.vectors import Lexicon, Projection

Row = dict[str, float]
_WORD = 1 << 64  # one more than the largest hash


# --- text and words ---------------------------------------------------------------------------------------------------------


class Form(NamedTuple):
    """What a paragraph reads and looks like."""

    words: list[str]  # as they are spelt
    capitals: float  # share that begin with a capital, in the Basic Multilingual Plane as all of these
    digits: float  # share that begin with a digit
    closed: bool  # ends as sentences do
    cut: bool  # ends in dots of omission
    exclaims: bool
    quoted: bool  # begins with a quotation mark
    opening: str  # its first word, "a number", or nothing


WHITE = "".join(filter(str.isspace, map(chr, range(0x3100)))) + "\u200b\u2060"  # invisible, though not white space to Python


def form_of(text: str) -> Form:
    """The form of a paragraph by its words and its first and last characters."""
    words = [text[start:end] for start, end in slow_terms(text)]
    size = max(len(words), 1)
    text = text.strip(WHITE)
    opening = ("a number" if is_number(words[0]) else lowered(words[0])) if words else ""
    return Form(
        words,
        capitals=sum(map(is_capital, words)) / size,
        digits=sum(map(is_number, words)) / size,
        closed=text.endswith(tuple(SENTENCE_ENDS)),
        cut=text.endswith(("..", "…")),
        exclaims=text.endswith(("!", "?", "！", "？", "؟")),
        quoted=text.startswith(tuple("\"'“‘„«»‚「『")),
        opening=opening,
    )


def lowered(word: str) -> str:
    """The `word` lower-cased character by character, each to one."""
    return "".join(char.lower()[0] for char in word)


def is_capital(word: str) -> bool:
    return unicodedata.category(word[0]) == "Lu" and ord(word[0]) <= 0xFFFF


def is_number(word: str) -> bool:
    return unicodedata.category(word[0])[0] == "N" and ord(word[0]) <= 0xFFFF


def letters_of(word: str) -> int:
    """How long a `word` is, at most 15: a character of a script without spaces says as much as three letters."""
    return min(len(word) * (3 if sort_of(word[0]) == "unspaced" and ord(word[0]) <= 0xFFFF else 1), 15)


def vocabulary_of(background: Background) -> dict[int, int]:
    """The index of every word of the vocabulary by its hash."""
    return {key: index for index, key in enumerate(background.hashes.tolist())}


def identity_of(word: str, vocabulary: Mapping[int, int]) -> int:
    """The number that stands for a `word`: whether it is unknown, its index or the head of its hash, how long it is.

    Of an unknown word of more than six letters the first six count.
    """
    if hash_of(word) in vocabulary:
        return vocabulary[hash_of(word)] << 4 | letters_of(word)
    stem = word[:6] if letters_of(word) > 6 else word
    return (1 << 24 | hash_of(stem) >> 40) << 4 | letters_of(stem)


def representatives(words: Iterable[str], vocabulary: Mapping[int, int]) -> dict[str, str]:
    """The word that each of `words` is taken for: the first of those with the same number."""
    first: dict[int, str] = {}
    return {word: first.setdefault(identity_of(word, vocabulary), word) for word in words}


def pair_of(before: int, key: int) -> int:
    """The number, of 17 bits, that stands for the words with these hashes in a row; before the first word stands 0."""
    return (key ^ before * 0x9E3779B97F4A7C15 % _WORD) * 0xD6E8FEB86659FD93 % _WORD >> 47


# --- how rare a word is -----------------------------------------------------------------------------------------------------


def strangeness_of(unknown: int, words: int) -> float:
    """How strange the language is of an article of so many different `words`: clip((u / (w + 20) - .25) / (.6 - .25), 0, 1)."""
    return min(max((unknown / (words + 20) - 0.25) / (0.6 - 0.25), 0), 1)


def idf_of(told: float, *, known: bool, strange: float, letters: int, holders: int, paragraphs: int) -> float:
    """The idf of a word: what is `told`, and the stranger the language, the more of what is guessed.

    The guess is 0.2 + 0.34 min(letters, 12) - 0.65 ln(holders) + 0.24 ln(paragraphs) and at least 0.2; a known word is taken
    for no rarer than it is told to be.
    """
    guess = max(0.2 + 0.34 * min(letters, 12) - 0.65 * math.log(holders) + 0.24 * math.log(paragraphs), 0.2)
    return (1 - strange) * told + strange * (min(guess, told) if known else guess)


# --- evidence ---------------------------------------------------------------------------------------------------------------


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(v * w for v, w in zip(values, weights, strict=True)) / (sum(weights) + 1e-6)


def cosine(unit: NDArray[np.float64], other: NDArray[np.float64], whole: float = 0.0) -> float:
    """``unit . other / |other|``; 0 if of the square `whole` of an article's sum only dust is left in `other`."""
    square = float(other @ other)
    return float(unit @ other) / math.sqrt(square) if square > max(1e-5 * whole, 1e-8) else 0.0


def around(i: int, n: int) -> tuple[int, int]:
    """The row before and after row `i` of `n`; where there is none the one on the other side, or itself when alone."""
    return (i - 1 if i > 0 else min(1, n - 1)), (i + 1 if i < n - 1 else max(n - 2, 0))


def topical(dense: NDArray[np.floating], lengths: Sequence[int], doubt: Sequence[float]) -> list[Row]:
    """The columns TOPICAL of one article in one space.

    Vectors are taken to length 1 and weigh ln(1 + words) times trust, 1 less the doubt. The cosine of row i with others J is
    ``u_i . s / |s|`` with ``s = sum of w_j u_j over J``.
    """
    n = len(lengths)
    everyone = range(n)
    vectors = dense.astype(float)
    norms = [math.sqrt(vector @ vector) for vector in vectors]
    unit = np.array([vector / (norm + 1e-6) for vector, norm in zip(vectors, norms, strict=True)])
    trust = [1 - d for d in doubt]
    sized = np.array([[math.log(1 + length)] for length in lengths]) * unit
    weighted = np.array([[t] for t in trust]) * sized

    def summed(some: Sequence[int]) -> NDArray[np.float64]:
        return weighted[list(some)].sum(axis=0)

    def square(some: Sequence[int]) -> float:
        return float(summed(some) @ summed(some))

    def others(i: int, some: Sequence[int], beyond: int = 0) -> list[int]:
        return [j for j in some if abs(i - j) > beyond]

    whole = square(everyone)
    centroid = [cosine(unit[i], summed(others(i, everyone)), whole) for i in everyone]
    counted = [t * (length > 0) for t, length in zip(trust, lengths, strict=True)]
    mean = weighted_mean(centroid, counted)
    spread = math.sqrt(weighted_mean([(c - mean) ** 2 for c in centroid], counted))
    kept = [i for i in everyone if centroid[i] >= mean - 0.67 * spread - 1e-6]
    pieces = math.ceil(n / WINDOW)
    cuts = [piece * n // pieces for piece in range(pieces + 1)]

    def nearest(i: int) -> list[float]:
        first, last = next((a, b) for a, b in pairwise(cuts) if a <= i < b)
        similar = [trust[j] * float(unit[i] @ unit[j]) for j in range(first, last) if j != i]
        return sorted(similar, reverse=True)[:3] or [0.0]

    def close(i: int, side: int) -> list[int]:
        return [j for j in everyone if 0 < side * (j - i) <= 3]

    def bridge(i: int) -> float:
        before, after = summed(close(i, -1)), summed(close(i, 1))
        return cosine(before / max(math.sqrt(before @ before), 1e-6), after)

    def block(i: int) -> float:
        best = 1.0
        for size in (2, 3, 4):
            for first in range(max(i - size + 1, 0), min(i, n - size) + 1):
                inside = range(first, first + size)
                together = sized[list(inside)].sum(axis=0)
                outside = [j for j in everyone if j not in inside]
                own, rest = float(together @ together), square(outside)
                if len(outside) >= 2 and own > 1e-6 and rest > 1e-5 * whole:
                    best = min(best, float(together @ summed(outside)) / math.sqrt(own * rest))
        return best

    def row(i: int) -> Row:
        before, after = around(i, n)
        return {
            "centroid": centroid[i],
            "trimmed": cosine(unit[i], summed(others(i, kept)), square(kept)),
            "far": cosine(unit[i], summed(others(i, everyone, beyond=3)), whole),
            "nearest": nearest(i)[0],
            "nearest3": sum(nearest(i)) / len(nearest(i)),
            "previous": float(unit[i] @ unit[before]),
            "next": float(unit[i] @ unit[after]),
            "context": cosine(unit[i], summed(close(i, -1) + close(i, 1))),
            "bridge": bridge(i),
            "block": block(i),
            "previous_centroid": centroid[before],
            "next_centroid": centroid[after],
            "centroid_mean": mean,
            "centroid_spread": spread,
            "centroid_z": (centroid[i] - mean) / (spread + 0.05),
            "strength": math.log(norms[i] + 0.01),
        }

    return [row(i) for i in everyone]


def lexical(
    spelt: Sequence[Sequence[str]],
    idf: Mapping[str, float],
    known: Container[str],
    doubt: Sequence[float],
    taken: Mapping[str, str],
) -> list[Row]:
    """The columns LEXICAL of one article, whose words are `spelt` so; all else goes by words in lower case, as `taken`."""
    n = len(spelt)
    everyone = range(n)
    held = [Counter(taken[lowered(word)] for word in words) for words in spelt]
    lengths = [len(words) for words in spelt]
    trust = [1 - d for d in doubt]
    mass = [sum(idf[word] for word in words) + 1e-6 for words in held]
    present = [len(words) + 1e-6 for words in held]
    names = [
        {word for word in held[i] if all(is_capital(spelling) for spelling in spelt[i] if taken[lowered(spelling)] == word)}
        for i in everyone
    ]

    def elsewhere(i: int, word: str, beyond: int = 0) -> float:
        return sum(trust[j] for j in everyone if word in held[j] and abs(i - j) > beyond)

    def share(i: int, beyond: int = 0) -> float:
        return sum(idf[word] * min(elsewhere(i, word, beyond), 1) for word in held[i]) / mass[i]

    def beside(i: int) -> float:
        near = [j for j in (i - 1, i + 1) if 0 <= j < n]
        return sum(idf[word] * min(sum(trust[j] for j in near if word in held[j]), 1) for word in held[i]) / mass[i]

    def leave_one_out(i: int, weight: Mapping[str, float]) -> float:
        """``x . r / |x| |r|`` over words of weight times 1 + ln(count): x the row's, r the trusted sum of all other rows'."""
        own = {word: (1 + math.log(count)) * weight[word] for word, count in held[i].items()}
        rest: dict[str, float] = defaultdict(float)
        whole: dict[str, float] = defaultdict(float)
        for j in everyone:
            for word, count in held[j].items():
                whole[word] += trust[j] * (1 + math.log(count)) * weight[word]
                rest[word] += (j != i) * trust[j] * (1 + math.log(count)) * weight[word]
        square = sum(x * x for x in rest.values())
        if square <= 1e-6 * (1 + sum(x * x for x in whole.values())):
            return 0.0
        norms = sum(x * x for x in own.values()) * square
        return sum(x * rest[word] for word, x in own.items()) / math.sqrt(max(norms, 1e-6))

    local = {word: math.log((1 + n) / sum(word in words for words in held)) for words in held for word in words}
    shared = [share(i) for i in everyone]
    mean_shared = weighted_mean(shared, [trust[i] * math.sqrt(lengths[i]) for i in everyone])
    size = sum(lengths[j] * trust[j] for j in everyone)

    def surprise(i: int) -> float:
        total = 0.0
        for word in held[i]:
            rest = max(size - lengths[i] * trust[i], 1)
            chance = 1 - math.exp(-math.exp(-idf[word]) / 300 * rest)
            total -= math.log(chance + 1e-9) * min(elsewhere(i, word), 1)
        return total / present[i]

    def counted(i: int, least: float, *, alone: bool, some: Container[str]) -> float:
        shares = [min(elsewhere(i, word), 1) for word in held[i] if idf[word] > least and word in some]
        return math.log(1 + sum(1 - s if alone else s for s in shares))

    def row(i: int) -> Row:
        return {
            "tfidf": leave_one_out(i, idf),
            "local": leave_one_out(i, local),
            "tfidf_far": share(i, beyond=3),
            "tfidf_beside": beside(i),
            "shared": shared[i],
            "shared_z": shared[i] - mean_shared,
            "surprise": surprise(i),
            "rare_shared": counted(i, 4.5, alone=False, some=held[i]),
            "rare_alone": counted(i, 4.5, alone=True, some=held[i]),
            "very_rare_shared": counted(i, 7.0, alone=False, some=held[i]),
            "very_rare_alone": counted(i, 7.0, alone=True, some=held[i]),
            "names_shared": counted(i, 4.5, alone=False, some=names[i]),
            "names_alone": counted(i, 4.5, alone=True, some=names[i]),
            "rarest_shared": max((idf[word] * min(elsewhere(i, word), 1) for word in held[i]), default=0.0),
            "idf": (mass[i] - 1e-6) / present[i],
            "unknown": sum(word not in known for word in held[i]) / present[i],
        }

    return [row(i) for i in everyone]


def formal(forms: Sequence[Form], furniture: Sequence[float], doubt: Sequence[float]) -> list[Row]:
    """The columns FURNITURE, FORM, PLACE and DOUBT of one article; `furniture` is the logit of its rows being worded so."""
    n = len(forms)
    ones = [1.0] * n
    held = [Counter(map(lowered, form.words)) for form in forms]
    length = [math.log(1 + len(form.words)) for form in forms]

    def mean(values: Sequence[float]) -> float:
        return weighted_mean(values, ones)

    def plain_mean(values: Sequence[float]) -> float:
        return sum(values) / max(len(values), 1)

    def row(i: int) -> Row:
        before, after = around(i, n)
        form, others = forms[i], [j for j in range(n) if j != i]
        return {
            "furniture": furniture[i],
            "furniture_previous": furniture[before],
            "furniture_next": furniture[after],
            "furniture_near": plain_mean(furniture[max(0, i - 4) : i + 5]),
            "furniture_before": plain_mean(furniture[: i + 1]),
            "furniture_after": plain_mean(furniture[i:]),
            "furniture_mean": mean(furniture),
            "capitals": form.capitals,
            "capitals_mean": mean([other.capitals for other in forms]),
            "digits": form.digits,
            "sentence": form.closed,
            "sentence_mean": mean([other.closed for other in forms]),
            "previous_sentence": forms[before].closed,
            "next_sentence": forms[after].closed,
            "cut": form.cut,
            "exclaims": form.exclaims,
            "exclaims_mean": mean([other.exclaims for other in forms]),
            "quoted": form.quoted,
            "opening": sum(forms[j].opening == form.opening != "" for j in others) / max(n - 1, 1),
            "repeated": any(held[j] == held[i] != Counter() for j in others),
            "length": length[i],
            "relative_length": length[i] - mean(length),
            "previous_length": length[before],
            "next_length": length[after],
            "paragraphs": math.log(n),
            "place": (i + 0.5) / n,
            "from_start": 1 / (1 + i),
            "from_end": 1 / (n - i),
            "doubt": doubt[i],
            "doubt_most": max((doubt[j] for j in others), default=0.0),
            "doubt_near": (doubt[before] + doubt[after]) / 2,
            "doubt_mean": mean(doubt),
            "doubt_before": plain_mean(doubt[:i]),
            "doubt_after": plain_mean(doubt[i + 1 :]),
        }

    return [row(i) for i in range(n)]


def slow_evidence(
    rows: Sequence[str],
    dense: NDArray[np.floating],
    furniture: Sequence[float],
    doubt: Sequence[float],
    idf: Mapping[str, float],
    known: Container[str],
    taught: NDArray[np.floating] | None = None,
    taken: Mapping[str, str] | None = None,
) -> list[Row]:
    """The evidence of one article, its title among the `rows`; without vectors in the `taught` space its columns are 0.

    `idf` holds and `known` tells apart words in lower case; `taken` tells what each is taken for, itself by default.
    """
    forms = [form_of(row) for row in rows]
    lengths = [len(form.words) for form in forms]
    taken = taken or {lowered(word): lowered(word) for form in forms for word in form.words}
    learned = topical(dense, lengths, doubt)
    second = [dict.fromkeys(row, 0.0) for row in learned] if taught is None else topical(taught, lengths, doubt)
    parts = zip(
        learned,
        [{f"taught_{name}": value for name, value in row.items()} for row in second],
        lexical([form.words for form in forms], idf, known, doubt, taken),
        formal(forms, furniture, doubt),
        strict=True,
    )
    return [{name: float(value) for part in each for name, value in part.items()} for each in parts]


# --- what is known of the words ---------------------------------------------------------------------------------------------


class Known(NamedTuple):
    """One article and what a reader knows of its words; words in lower case."""

    rows: list[str]
    taken: dict[str, str]  # what each word is taken for: itself or one of its stem
    held: list[Counter[str]]  # the words of each row, so taken
    strange: float
    idf: dict[str, float]
    known: set[str]
    dense: NDArray[np.float64]
    taught: NDArray[np.float64] | None
    furniture: list[float]


def known_of(reader: Reader, rows: Sequence[str], vocabulary: Mapping[int, int]) -> Known:
    """Look the words of one article up, its title among the `rows`."""
    spelt = [list(map(lowered, form_of(row).words)) for row in rows]
    taken = representatives((word for words in spelt for word in words), vocabulary)
    held = [Counter(taken[word] for word in words) for words in spelt]
    everything = sorted(set().union(*held))
    index = {word: vocabulary[hash_of(word)] for word in everything if hash_of(word) in vocabulary}
    strange = strangeness_of(len(everything) - len(index), len(everything))
    idf = {
        word: idf_of(
            float(reader.background.idf[index[word]]) if word in index else reader.background.unknown_idf,
            known=word in index,
            strange=strange,
            letters=letters_of(word) if word in index else min(letters_of(word), 6),
            holders=sum(word in words for words in held),
            paragraphs=len(rows),
        )
        for word in everything
    }
    projected = {word: int(reader.background.rows[at]) for word, at in index.items() if reader.background.rows[at] >= 0}
    assert isinstance(reader.projection, Projection)
    dense = summed_rows(reader.projection, held, projected, strange)
    if strange > 0:
        for word in everything:
            length = strange * idf[word]
            added = length * direction_of(identity_of(word, vocabulary), dense.shape[1])
            for vector, words in zip(dense, held, strict=True):
                if word in words:
                    vector += (1 + math.log(words[word])) * added
    taught = None if reader.taught is None else summed_rows(reader.taught, held, projected, strange)
    if taught is not None and reader.affixes is not None:
        numbers = {key: row for row, key in enumerate(reader.affixes.hashes.tolist())}
        for word in everything:
            if word not in projected:
                meant = (1 - strange) * idf[word] * meant_by(word, reader.affixes.vectors, numbers)
                for vector, words in zip(taught, held, strict=True):
                    if word in words:
                        vector += (1 + math.log(words[word])) * meant
    sizes = [len(words) for words in spelt]
    return Known(
        rows=list(rows),
        taken=taken,
        held=held,
        strange=strange,
        idf=idf,
        known=set(index),
        dense=with_ground(dense, reader.projection, sizes) if isinstance(reader.projection, Projection) else dense,
        taught=None if taught is None or reader.taught is None else with_ground(taught, reader.taught, sizes),
        furniture=[worded_like_furniture(words, vocabulary, reader.lexicon, taken) for words in spelt],
    )


def with_ground(vectors: NDArray[np.float64], projection: Projection, sizes: Sequence[int]) -> NDArray[np.float64]:
    """A component more: half of the mean length of a thousand rows of the map times ``(1 + words)^(1/4)``, 0 beside nothing."""
    table = unpacked(projection)
    every = max(len(table) // 1000, 1)
    length = float(np.mean([np.linalg.norm(row) for row in table[::every]])) if len(table) else 0.0
    ground = [0.5 * length * (1 + size) ** 0.25 * bool(vector.any()) for vector, size in zip(vectors, sizes, strict=True)]
    return np.column_stack((vectors, ground))


def summed_rows(
    projection: Projection, held: Sequence[Counter[str]], projected: Mapping[str, int], strange: float
) -> NDArray[np.float64]:
    """The vector of each paragraph: sum over its words of (1 + ln(count)) (1 - strange) times the word's row of the map."""
    dense = np.zeros((len(held), 2 * projection.weights.shape[1]))
    for vector, words in zip(dense, held, strict=True):
        for word, count in words.items():
            if word in projected and projected[word] < len(projection.weights):
                here = [projected[word]]
                (row,) = unpacked(Projection(projection.weights[here], projection.scales[here]))
                vector += (1 + math.log(count)) * (1 - strange) * row
    return dense


def meant_by(word: str, vectors: Projection, numbers: Mapping[int, int]) -> NDArray[np.float64]:
    """What a `word` without a row is taken to mean: the rows of its k known affixes, of which `numbers` tells, over sqrt(k)."""
    total = np.zeros(2 * vectors.weights.shape[1])
    known = [numbers[key] for key in slow_affixes(word) if key and key in numbers]
    for number in known:
        (row,) = unpacked(Projection(vectors.weights[[number]], vectors.scales[[number]]))
        total += row
    return total / math.sqrt(max(len(known), 1))


def direction_of(identity: int, dimensions: int) -> NDArray[np.float64]:
    """The direction, of length 1, of a word of a strange language: signs drawn by its `identity`, 64 at a time."""
    bits = ""
    for number in range(math.ceil(dimensions / 64)):
        seed = (identity * 0x9E3779B97F4A7C15 + number) % _WORD
        drawn = int(mixed(np.array([seed], np.uint64))[0])
        bits += "".join(f"{byte:08b}" for byte in drawn.to_bytes(8, "little"))
    return np.array([1 if bit == "1" else -1 for bit in bits[:dimensions]]) / math.sqrt(dimensions)


def worded_like_furniture(
    words: Sequence[str], vocabulary: Mapping[int, int], lexicon: Lexicon, taken: Mapping[str, str]
) -> float:
    """``bias + (weights of the different words, all pairs and twice the six edges) / sqrt(their number)``, `words` in order."""
    keys = [hash_of(word) for word in words]
    if not keys:
        return lexicon.bias
    total = sum(float(lexicon.weights[vocabulary[key]]) for key in set(keys) if key in vocabulary)
    for before, key in pairwise([0, *keys]):
        total += float(lexicon.pairs[pair_of(before, key)])
    for salt, side in ((0x8F1BBCDC, keys), (0xCA62C1D6, keys[::-1])):
        state = salt
        for number in range(3):
            state = (state ^ (side[number] if number < len(side) else 0)) * 0xD6E8FEB86659FD93 % 2**64
            total += 2 * float(lexicon.pairs[state >> (64 - 17)])
    return lexicon.bias + total / math.sqrt(len({taken[word] for word in words}) + len(keys) + 2 * 6)


# --- networks and calibration -----------------------------------------------------------------------------------------------


def output_of(network: Network, inputs: Sequence[float]) -> float:
    """The sum over members of: ``clip((x - mean) / scale, -4, 4)``, layers ``tanh(x @ w + b)``, the last one without tanh."""
    total = 0.0
    for member in range(len(network.biases[0])):
        state = [
            min(max((x - float(mean)) / float(scale), -4.0), 4.0)
            for x, mean, scale in zip(inputs, network.mean, network.scale, strict=True)
        ]
        for layer in range(len(network.weights)):
            weights, biases = (parts[layer][member].astype(float) for parts in (network.weights, network.biases))
            reached = [float(np.dot(state, column)) + bias for column, bias in zip(weights.T, biases.tolist(), strict=True)]
            state = reached if layer == len(network.weights) - 1 else [math.tanh(x) for x in reached]
        (output,) = state
        total += output
    return total


def probability_of(logit: float, calibration: Calibration) -> float:
    """The calibrated probability: between the two calibrated logits around in proportion, level beyond the ends."""
    logits, probabilities = calibration.logits.tolist(), calibration.probabilities.tolist()
    if logit >= logits[-1]:
        return float(probabilities[-1])
    after = bisect_right(logits, logit)
    if after == 0:
        return float(probabilities[0])
    share = (logit - logits[after - 1]) / (logits[after] - logits[after - 1])
    return float((1 - share) * probabilities[after - 1] + share * probabilities[after])


def summary_of(rows: Sequence[Row], doubt: Sequence[float]) -> list[float]:
    """The columns SUMMARY of one article by the evidence and the doubt of its paragraphs, its title left out."""
    if not rows:
        return [0.0] * len(SUMMARY)

    def mean(name: str) -> float:
        return sum(row[name] for row in rows) / len(rows)

    def quantile(name: str, share: float) -> float:
        return sorted(row[name] for row in rows)[math.floor(share * (len(rows) - 1))]

    summary = {
        "paragraphs": math.log(len(rows)),
        "doubt": sum(doubt) / len(rows),
        "doubted": sum(d > 0.5 for d in doubt) / len(rows),
        "centroid": mean("centroid"),
        "centroid_low": quantile("centroid", 0.25),
        "centroid_high": quantile("centroid", 0.75),
        "far_low": quantile("far", 0.25),
        "far": quantile("far", 0.5),
        "far_high": quantile("far", 0.75),
        "taught_far": quantile("taught_far", 0.5),
        "taught_far_high": quantile("taught_far", 0.75),
        "nearest": mean("nearest"),
        "steps": mean("next"),
        "far_shared": mean("tfidf_far"),
        "far_shared_high": quantile("tfidf_far", 0.75),
        "shared": mean("shared"),
        "surprise": mean("surprise"),
        "length": mean("length"),
        "unknown": mean("unknown"),
        "local": mean("local"),
        "local_high": quantile("local", 0.75),
        "opening": mean("opening"),
    }
    return [summary[name] for name in SUMMARY]


# --- the whole way ----------------------------------------------------------------------------------------------------------


class Slow(NamedTuple):
    """What is found of one article, a row a paragraph and its title."""

    known: Known
    plain: list[Row]  # evidence without doubt
    doubt: list[float]
    doubted: list[Row]  # evidence with doubt
    foreign: list[float]
    furniture: list[float]
    headlines: list[bool]
    scores: list[float]
    summary: list[float]
    topic: float

    def looks_like_furniture(self, i: int) -> bool:
        """Whether row `i` is more like furniture than foreign, or a headline."""
        return self.headlines[i] or self.furniture[i] > self.foreign[i]


def slow_judgement(model: Model, rows: Sequence[str], titles: int, vocabulary: Mapping[int, int]) -> Slow:
    """Judge one article, the first of whose `rows` are `titles`, 0 or 1, of them; an article without rows has no scores.

    The first network's logit x gives the doubt 1 / (1 + exp(-x)), with which evidence is gathered again. The logits f of being
    foreign and g of being furniture, of both evidences, give the score: the probability of ln(exp(f) + exp(g)).
    """
    scorer = model.scorer
    if not rows:
        empty = Known([], {}, [], 0.0, {}, set(), np.zeros((0, 0)), None, [])
        summary = summary_of([], [])
        return Slow(empty, [], [], [], [], [], [], [], summary, output_of(scorer.topic, summary))
    known = known_of(model.reader, rows, vocabulary)

    def evidence(doubt: Sequence[float]) -> list[Row]:
        return slow_evidence(known.rows, known.dense, known.furniture, doubt, known.idf, known.known, known.taught, known.taken)

    plain = evidence([0.0] * len(rows))
    doubt = [1 / (1 + math.exp(-output_of(scorer.first, [row[name] for name in COLUMNS]))) for row in plain]
    doubted = evidence(doubt)
    both = [[row[name] for row in pair for name in COLUMNS] for pair in zip(plain, doubted, strict=True)]
    foreign, furniture = ([output_of(network, row) for row in both] for network in (scorer.foreign, scorer.furniture))
    either = [
        max(f, g) + math.log(math.exp(f - max(f, g)) + math.exp(g - max(f, g))) for f, g in zip(foreign, furniture, strict=True)
    ]
    forms = [form_of(row) for row in rows]
    summary = summary_of(plain[titles:], doubt[titles:])
    return Slow(
        known=known,
        plain=plain,
        doubt=doubt,
        doubted=doubted,
        foreign=foreign,
        furniture=furniture,
        headlines=[len(form.words) <= 16 and not form.closed for form in forms],
        scores=[probability_of(logit, scorer.calibration) for logit in either],
        summary=summary,
        topic=output_of(scorer.topic, summary),
    )
