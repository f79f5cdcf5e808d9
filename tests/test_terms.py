"""Terms: which characters make a term, that equal words have equal identities, and how they begin and end."""

from __future__ import annotations

import subprocess
import sys
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from strategies import texts

from detector.terms import _BEHIND, affixes_of, codes_of, fingerprint, hash_of, is_capital, is_digit, stems_of, terms_of

UNSPACED = (
    ("\u0e00", "\u0eff"),  # Thai, Lao
    ("\u1000", "\u109f"),  # Burmese
    ("\u1780", "\u17ff"),  # Khmer
    ("\u3040", "\u30ff"),  # Kana
    ("\u3400", "\u4dbf"),  # Han
    ("\u4e00", "\u9fff"),
    ("\uf900", "\ufaff"),
)


def words(text: str) -> list[str]:
    """The terms of `text` as it spells them."""
    found = terms_of(codes_of(text))
    return [text[start:end] for start, end in zip(found.starts, found.ends, strict=True)]


def hashes(text: str) -> list[int]:
    found: list[int] = terms_of(codes_of(text)).hashes.tolist()
    return found


def sort_of(char: str) -> str:
    """What a character is to the rules: "" separates, "unspaced" is written without spaces, "spaced" the rest."""
    if unicodedata.category(char)[0] not in "LNM":
        return ""
    if ord(char) >> 16 in (2, 3) or any(first <= char <= last for first, last in UNSPACED):
        return "unspaced"
    return "spaced"


def slow_terms(text: str) -> list[tuple[int, int]]:
    """The rules of the module's docstring, character by character."""
    spans = []
    start = 0
    while start < len(text):
        sort = sort_of(text[start])
        end = start + 1
        while end < len(text) and sort_of(text[end]) == sort:
            end += 1
        if sort == "unspaced" and end - start > 1:
            spans += [(i, i + 2) for i in range(start, end - 1)]
        elif sort == "unspaced" or (sort == "spaced" and end - start > 1):
            spans.append((start, end))
        start = end
    return spans


def slow_affixes(word: str) -> list[int]:
    """What stands for the first 3, 4, 5 and 6 letters of a `word` and for its last 2, 3 and 4; 0 where it has fewer."""
    begins = [hash_of(word[:size]) if len(word) >= size else 0 for size in (3, 4, 5, 6)]
    ends = [hash_of(word[-size:]) ^ int(_BEHIND) if len(word) >= size else 0 for size in (2, 3, 4)]
    return begins + ends


# --- rule 1: letters, numbers and marks make words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don't", ["don"]),  # "t" is a single character
        ("well-known", ["well", "known"]),
        ("Russia's", ["Russia"]),
        ("U.S.-backed", ["backed"]),
        ("snake_case", ["snake", "case"]),  # the underscore is punctuation to Unicode
        ("3.5 and 1,280", ["and", "280"]),
        ("covid19 2018", ["covid19", "2018"]),
        ("½½ ²³ ⅧⅨ ٣٤", ["½½", "²³", "ⅧⅨ", "٣٤"]),
        ("naïve nai\u0308ve", ["naïve", "nai\u0308ve"]),  # a combining mark stays in its word
        ("हिन्दी में", ["हिन्दी", "में"]),  # vowel signs and virama are marks: one word
        ("العربية، كتاب", ["العربية", "كتاب"]),
        ("Россия Ωmega", ["Россия", "Ωmega"]),
        ("한국어 뉴스", ["한국어", "뉴스"]),  # Hangul has spaces
        ("zero\u200bwidth soft\u00adhyphen", ["zero", "width", "soft", "hyphen"]),
        ("😀 ☂ € + 😀😀", []),
        ("", []),
        (" \n.", []),
    ],
)
def test_letters_numbers_and_marks_make_words_and_all_else_separates(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_letters_beyond_the_basic_plane_make_words() -> None:
    assert words("𝒜𝒷 x 𐐨𐐩𐐪") == ["𝒜𝒷", "𐐨𐐩𐐪"]
    assert words("ab\U000e0100c") == ["ab\U000e0100c"]  # a variation selector is a mark


@pytest.mark.parametrize("char", ["\U0002ffff", "\U0003ffff", "\U0002fffe", "\ufffe", "\uffff", "\U0010ffff"])
def test_a_code_point_that_is_no_character_separates_on_every_plane(char: str) -> None:
    assert words(f"{char}ab{char}cd{char}{char}東{char}") == ["ab", "cd", "東"]


def test_lone_surrogates_separate() -> None:
    assert words("ab\ud800cd \udfff") == ["ab", "cd"]
    assert codes_of("\ud800a").tolist() == [0xD800, ord("a")]


# --- rule 2: lower case -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"), [("RIVER", "river"), ("Éa", "éa"), ("РОССИЯ", "россия"), ("ΣΑ", "σα"), ("𐐀𐐁", "𐐨𐐩"), ("ẞa", "ßa")]
)
def test_case_does_not_tell_words_apart(one: str, other: str) -> None:
    assert hashes(one) == hashes(other)


def test_characters_are_lower_cased_one_by_one() -> None:
    # "İ".lower() is two characters; the first of them counts, so that spans stay what they are.
    assert hashes("İs") == hashes("is")
    assert hashes("Straße") != hashes("STRASSE")


# --- rule 3: scripts without spaces -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("東京都", ["東京", "京都"]),
        ("東 京", ["東", "京"]),
        ("東", ["東"]),
        ("カーブ", ["カー", "ーブ"]),
        ("ひと", ["ひと"]),
        ("ア・イ", ["ア", "イ"]),  # the middle dot is punctuation
        ("สวัส", ["สว", "วั", "ัส"]),  # marks are characters of their own here
        ("ลาว", ["ลา", "าว"]),
        ("ကခဂ", ["ကခ", "ခဂ"]),
        ("កខ", ["កខ"]),
        ("㐀㐁 豈更", ["㐀㐁", "豈更"]),
        ("\U00020000\U00020001\U00030000", ["\U00020000\U00020001", "\U00020001\U00030000"]),
        ("\U00020000", ["\U00020000"]),
        ("iPhone東京へ12年", ["iPhone", "東京", "京へ", "12", "年"]),
        ("x東y", ["東"]),
        ("東京。大阪", ["東京", "大阪"]),
    ],
)
def test_scripts_without_spaces_give_bigrams_and_lone_characters(text: str, expected: list[str]) -> None:
    assert words(text) == expected


# --- rule 4: single characters ----------------------------------------------------------------------------------------------


def test_spaced_words_of_one_character_are_dropped() -> None:
    assert words("a I 7 б é ab 12") == ["ab", "12"]


# --- identity ---------------------------------------------------------------------------------------------------------------


def test_a_word_has_the_same_identity_wherever_it_stands() -> None:
    alone = hashes("river")
    assert [hashes(f"{before}river.")[-1] for before in ("", "the ", "東京都 ", "x" * 5000 + " ")] == alone * 4


def test_different_words_have_different_identities() -> None:
    spelt = [f"{a}{b}{c}" for a in "abcdefghij" for b in "abcdefghij" for c in ("", *"klmnopqrst")]
    assert len(set(hashes(" ".join(spelt)))) == len(spelt) == 1100
    assert hashes("abc") != hashes("cba")


def _finished(state: int) -> int:
    for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53)):
        state = ((state ^ (state >> shift)) * factor) % 2**64
    return state ^ (state >> 33)


def test_the_hash_of_one_word_can_be_worked_out_by_hand() -> None:
    # Four characters make one number of 16 bits each; their number and these stand before powers of an odd constant.
    golden = 0x9E3779B97F4A7C15
    quad = ord("a") + (ord("b") << 16)
    assert hashes("AB") == [_finished((2 * golden + quad * golden**2) % 2**64)]
    first = sum(ord(char) << (16 * i) for i, char in enumerate("abcd"))
    assert hashes("abcde") == [_finished((5 * golden + first * golden**2 + ord("e") * golden**3) % 2**64)]
    assert hash_of("ab") == hashes("AB")[0]


@pytest.mark.parametrize("size", [*range(2, 40), 64, 1000])
def test_words_of_every_size_have_the_hash_of_the_readable_way(size: int) -> None:
    word = "".join(chr(ord("a") + 7 * i % 26) for i in range(size))
    assert hashes(f"and {word} so")[1:2] == [hash_of(word)]


def test_of_very_long_words_both_ends_and_the_size_tell() -> None:
    head, tail = "abcdefghijklmnop", "ponmlkjihgfedcba"
    assert hashes(f"{head}xx{tail} {head}yy{tail}")[0] == hashes(f"{head}yy{tail}")[0]
    apart = hashes(f"{head}xx{tail} {head}xxx{tail} {head}xx{tail[:-1]}b b{head[1:]}xx{tail} {head}{tail}")
    assert len(set(apart)) == 5


def test_the_fingerprint_of_the_rules_is_pinned_and_the_same_in_every_process() -> None:
    # Changing it makes every model file unreadable: change the rules on purpose, or not at all.
    assert fingerprint() == "ce0c6019388fceb5"
    code = "from detector.terms import fingerprint; print(fingerprint())"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_other_hash_seed())
    assert shown.stdout.strip() == fingerprint()


def _other_hash_seed() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


# --- how words begin and end ------------------------------------------------------------------------------------------------


def affixes(text: str) -> list[list[int]]:
    """How each term of `text` begins and ends."""
    codes = codes_of(text)
    found = terms_of(codes)
    held: list[list[int]] = affixes_of(codes, found.starts, found.ends).tolist()
    return held


def beginnings(*parts: str) -> list[int]:
    return [hash_of(part) for part in parts]


def endings(*parts: str) -> list[int]:
    return [hash_of(part) ^ int(_BEHIND) for part in parts]


def test_a_word_begins_with_three_to_six_letters_and_ends_in_two_to_four() -> None:
    codes = codes_of("The riverbank, flooded")
    found = affixes_of(codes, np.array([4, 15]), np.array([13, 22]))
    assert (found.shape, found.dtype) == ((2, 7), np.uint64)
    assert found.tolist() == [
        beginnings("riv", "rive", "river", "riverb") + endings("nk", "ank", "bank"),
        beginnings("flo", "floo", "flood", "floode") + endings("ed", "ded", "oded"),
    ]


@pytest.mark.parametrize(
    ("word", "begins", "ends"),
    [
        ("a", [], []),
        ("ab", [], ["ab"]),
        ("abc", ["abc"], ["bc", "abc"]),
        ("abcd", ["abc", "abcd"], ["cd", "bcd", "abcd"]),
        ("abcde", ["abc", "abcd", "abcde"], ["de", "cde", "bcde"]),
        ("abcdef", ["abc", "abcd", "abcde", "abcdef"], ["ef", "def", "cdef"]),
    ],
)
def test_what_a_word_is_too_short_for_is_nought(word: str, begins: list[str], ends: list[str]) -> None:
    expected = [*beginnings(*begins), *[0] * (4 - len(begins)), *endings(*ends), *[0] * (3 - len(ends))]
    # Whatever stands around it, and at either end of the text.
    for before in ("", "x", "nothing but "):
        for after in ("", "y", " so on"):
            found = affixes_of(codes_of(before + word + after), np.array([len(before)]), np.array([len(before + word)]))
            assert found.tolist() == [expected], (before, after)


def test_what_stands_for_an_ending_can_be_worked_out_by_hand() -> None:
    # It is written in model files: to change it, or the sizes, makes all of them say something else.
    golden = 0x9E3779B97F4A7C15
    quad = ord("e") + (ord("d") << 16)
    assert affixes("bed")[0][4] == _finished((2 * golden + quad * golden**2) % 2**64) ^ 0xA0761D6478BD642F
    assert affixes("bed")[0][0] == hashes("bed")[0]


def test_what_a_word_begins_with_is_not_what_another_ends_in() -> None:
    begins, ends = affixes("andand")[0][0], affixes("andand")[0][5]
    assert affixes("anders")[0][0] == begins != ends
    assert affixes("wand")[0][5] == ends


def test_capitals_begin_and_end_words_as_small_letters_do() -> None:
    assert affixes("RiverBANK ÉLANVITAL РОССИЯ") == affixes("riverbank élanvital россия")
    # "İ".lower() is two characters; the first of them counts.
    assert affixes("İstanbul") == affixes("istanbul")


def test_a_character_beyond_the_basic_plane_is_one_letter_of_a_word() -> None:
    word = "𐐨𐐩𐐪x𝒷\U00020000y"
    codes = codes_of(word)
    assert len(codes) == 7
    found = affixes_of(codes, np.array([0, 1]), np.array([7, 3])).tolist()
    assert found[0] == beginnings("𐐨𐐩𐐪", "𐐨𐐩𐐪x", "𐐨𐐩𐐪x𝒷", "𐐨𐐩𐐪x𝒷\U00020000") + endings(
        "\U00020000y", "𝒷\U00020000y", "x𝒷\U00020000y"
    )
    assert found[1] == [0, 0, 0, 0, *endings("𐐩𐐪"), 0, 0]
    assert affixes("𐐀𐐁𐐂") == affixes("𐐨𐐩𐐪")


def test_no_words_begin_and_end_nowhere() -> None:
    none = np.zeros(0, np.int64)
    for text in ("", "river"):
        found = affixes_of(codes_of(text), none, none)
        assert (found.shape, found.dtype) == ((0, 7), np.uint64)


@given(texts)
def test_affixes_equal_their_slow_reference(text: str) -> None:
    assert affixes(text) == [slow_affixes(text[start:end]) for start, end in slow_terms(text)]


@given(texts)
def test_terms_equal_their_slow_reference(text: str) -> None:
    found = terms_of(codes_of(text))
    spans = slow_terms(text)
    assert list(zip(found.starts.tolist(), found.ends.tolist(), strict=True)) == spans
    assert found.hashes.tolist() == [hash_of(text[start:end]) for start, end in spans]
    assert found.hashes.dtype == np.uint64


@given(texts, texts)
def test_white_space_between_two_texts_keeps_their_terms_apart(one: str, other: str) -> None:
    assert words(f"{one}\n\n{other}") == words(one) + words(other)


@given(texts)
def test_capitals_and_digits_are_what_unicode_says_in_the_basic_plane(text: str) -> None:
    codes = codes_of(text)
    basic = [ord(char) < 0xFFFF for char in text]
    assert is_capital(codes).tolist() == [b and unicodedata.category(c) == "Lu" for b, c in zip(basic, text, strict=True)]
    assert is_digit(codes).tolist() == [b and unicodedata.category(c)[0] == "N" for b, c in zip(basic, text, strict=True)]


@pytest.mark.parametrize("text", ["word " * 400_000, "x" * 2_000_000, "東" * 2_000_000, "\U00020000" * 2_000_000])
def test_two_million_characters_take_linear_time(text: str) -> None:
    began = time.perf_counter()
    found = terms_of(codes_of(text))
    assert time.perf_counter() - began < 5
    assert len(found.hashes) == {"w": 400_000, "x": 1}.get(text[0], 1_999_999)


# --- stems ------------------------------------------------------------------------------------------------------------------


def test_the_stem_of_a_word_is_the_word_of_its_first_six_letters_lower_cased() -> None:
    codes = codes_of("Paludosissima, ПРИВЕТСТВИЕ; naïfes")
    found = stems_of(codes, terms_of(codes).starts)
    assert found.dtype == np.uint64
    assert found.tolist() == [hash_of("paludo"), hash_of("привет"), hash_of("naïfes")]
    assert stems_of(codes, np.zeros(0, np.int64)).shape == (0,)
