"""Hypothesis strategies: text as the wild has it, and articles made of it."""

from __future__ import annotations

from hypothesis import strategies as st

# What has ever broken a splitter or a tokeniser: breaks of every kind, blanks that str.strip does not know, marks, digits of
# other scripts, characters whose lower case is longer, surrogates, noncharacters, letters beyond the BMP.
TRICKY = (
    "\n\r\t\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029 \xa0\u2003\u3000\u200b\u2060\ufeff\xad\u200d\x00"
    ".!?…。\"'”»)(“«،؟۔।-_'’"
    "abzAZéßÆİıſΣς09²½٣Ⅷ"
    "\u0301\u0308\u093f\u094d\u0e31\u3099"
    "東京都カーひスวันລາວမြန်កខहिशالعЖж가"
    "\U0001d49c\U0001f600\U00020000\U0002a6d6\U00030000\U0002ffff\U0003ffff\U0010ffff\U000e0100"
    "\ud800\udbff\udc00\udfff\uffff\ufffe"
)
WORDS = ("river", "bridge", "phone", "Battery", "the", "of", "2018", "x", "don't", "Straße", "東京", "สวัสดี")

code_points = st.one_of(st.sampled_from(TRICKY), st.integers(0, 0x10FFFF).map(chr))

# Any text at all, lone surrogates included.
texts = st.one_of(
    st.text(code_points, max_size=60),
    st.text(st.sampled_from("ab. \n\r\t\u2028\u200b"), max_size=60),
    st.lists(st.one_of(st.sampled_from(WORDS), code_points), max_size=40).map(" ".join),
)

# A paragraph of a list: any text, the empty one often.
paragraphs = st.one_of(st.just(""), texts)
articles = st.one_of(texts, st.lists(paragraphs, max_size=8))
titles = st.one_of(st.none(), st.just(""), texts)
batches = st.lists(st.tuples(articles, titles), max_size=5)

# Articles over eight plain words, so that paragraphs share some of them.
plain_paragraphs = st.lists(st.sampled_from(["aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh"]), max_size=8).map(" ".join)
plain_articles = st.lists(plain_paragraphs, min_size=1, max_size=9)
