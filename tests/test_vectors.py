"""Vectors: looking terms up, counting them by paragraph, and projecting the counts."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from conftest import background_of, lexicon_of, unpacked
from hypothesis import given
from hypothesis import strategies as st
from reference import form_of, identity_of, idf_of, lowered, strangeness_of, vocabulary_of
from scipy.sparse import csr_array
from strategies import batches, plain_articles
from test_terms import slow_affixes

from detector.background import Background
from detector.paragraphs import Batch, batch_of
from detector.postings import PAIRS, Postings, postings_of
from detector.terms import hash_of
from detector.vectors import Affixes, Lexicon, Projection, affix_bags, grounded, projected, scattered

# Hashes that crowd few of the table's 2**20 buckets, the first and the last among them.
crowded = st.builds(
    lambda bucket, low: (bucket << 44) | low,
    st.sampled_from([0, 1, 2, 7, (1 << 20) - 1]),
    st.sampled_from([*range(6), (1 << 44) - 1]),
)


def background_with(hashes: list[int]) -> Background:
    ordered = np.array(sorted(hashes), np.uint64)
    return Background(ordered, np.ones(len(hashes), np.float32), np.full(len(hashes), -1, np.int32), 9.0)


@given(st.sets(crowded), st.lists(crowded, max_size=40))
def test_lookup_equals_a_dictionary_however_buckets_collide(vocabulary: set[int], wanted: list[int]) -> None:
    index = {key: i for i, key in enumerate(sorted(vocabulary))}
    found = background_with(list(vocabulary)).lookup(np.array(wanted, np.uint64))
    assert found.tolist() == [index.get(key, -1) for key in wanted]
    assert found.dtype == np.int32


def test_lookup_equals_a_dictionary_over_a_large_vocabulary() -> None:
    rng = np.random.default_rng(0)
    keys = np.unique(rng.integers(0, 2**64, 50_000, np.uint64))
    known, unknown = keys[::2], keys[1::2]
    background = background_with(known.tolist())
    assert np.array_equal(background.lookup(known), np.arange(len(known)))
    assert (background.lookup(unknown) == -1).all()


def test_an_empty_vocabulary_knows_nothing() -> None:
    background = background_with([])
    assert background.lookup(np.array([0, 1, 2**64 - 1], np.uint64)).tolist() == [-1, -1, -1]
    assert background.lookup(np.zeros(0, np.uint64)).tolist() == []
    postings = postings_of(batch_of(["some words here"], [None]), background)
    assert postings.group_index.tolist() == [-1, -1, -1]
    assert postings.group_idf.tolist() == [9.0, 9.0, 9.0]
    bags = postings.bags(background)
    assert bags.shape == (1, 0)
    assert projected(bags, [Projection.packed(np.zeros((0, 4), np.float32))])[0].tolist() == [[0.0] * 4]


# --- postings ---------------------------------------------------------------------------------------------------------------


def test_the_postings_of_three_paragraphs_are_those_counted_by_hand() -> None:
    background = background_of({"river": 2.0, "bridge": 3.0}, unknown_idf=9.0)
    river, bridge = background.lookup(np.array([hash_of("river"), hash_of("bridge")], np.uint64)).tolist()
    postings = postings_of(batch_of([["River bridge, river 12.", "a", "Zork river"]], [None]), background)
    entries = list(
        zip(
            postings.rows.tolist(),
            postings.counts.tolist(),
            postings.group_index[postings.groups].tolist(),
            postings.group_idf[postings.groups].tolist(),
            strict=True,
        )
    )
    assert sorted(entries) == sorted(
        [(0, 2.0, river, 2.0), (2, 1.0, river, 2.0), (0, 1.0, bridge, 3.0), (0, 1.0, -1, 9.0), (2, 1.0, -1, 9.0)]
    )
    assert len(postings.group_starts) == 4  # river, bridge, "12", "zork"
    assert postings.lengths.tolist() == [4, 0, 2]
    assert postings.capitals.tolist() == [0.25, 0, 0.5]
    assert postings.digits.tolist() == [0.25, 0, 0]
    assert postings.closed.tolist() == [1, 0, 0]


def test_the_form_of_a_paragraph_is_read_from_its_first_and_last_characters() -> None:
    cut, exclaims = ["Sold..", "Sold...", "Sold…", "…"], ["Sold!", "Sold?", "باع؟", "売れた！", "売れた？"]
    neither = ["Sold.", "“Sold!”", "Sold", "S..o!ld", ""]
    postings = postings_of(batch_of([[*cut, *exclaims, *neither]], [None]), KNOWN)
    assert postings.cut.tolist() == [1] * 4 + [0] * 10
    assert postings.exclaims.tolist() == [0] * 4 + [1] * 5 + [0] * 5
    quoted = ['"Sold"', "'Sold'", "“Sold”", "‘Sold’", "„Sold“", "«Sold»", "»Sold«", "‚Sold‘", "「売」", "『売』"]
    postings = postings_of(batch_of([[*quoted, "”Sold", "So“ld”", ""]], [None]), KNOWN)
    assert postings.quoted.tolist() == [1] * 10 + [0] * 3


def test_an_empty_paragraph_has_no_form_whatever_stands_around_it() -> None:
    # At the very end of a batch, at its very beginning, and where nothing but separators stand.
    for articles in (["", ["“Sold...!", ""]], [["", "“Sold...!"]], [["", ""], [""]]):
        batch = batch_of(articles, [None] * len(articles))
        postings, empty = postings_of(batch, KNOWN), batch.starts == batch.ends
        assert empty.any()
        for held in (postings.closed, postings.cut, postings.exclaims, postings.quoted, postings.openings, postings.wholes):
            assert not held[empty].any()


def test_a_lone_full_stop_is_not_cut_wherever_it_stands() -> None:
    assert postings_of(batch_of([["Sold.", ".", ".."], ["."]], [None, None]), KNOWN).cut.tolist() == [0, 0, 1, 0]
    assert postings_of(batch_of([[".", "Sold."]], [None]), KNOWN).cut.tolist() == [0, 0]


def test_openings_are_the_hash_of_the_first_word_and_one_for_any_number() -> None:
    texts = ["River bridge", "“a river!", "12 rivers", "٣٤ rivers", "½ river", "²³ rivers", "x", "", "東京"]
    postings = postings_of(batch_of([texts[:4], [], texts[4:]], [None, None, "Bridge"]), KNOWN)
    # "½" and "x" are single characters, and no words.
    river = hash_of("river")
    assert postings.openings.tolist() == [river, river, 1, 1, hash_of("bridge"), river, 1, 0, 0, hash_of("東京")]
    assert postings.openings.dtype == np.uint64


def test_wholes_are_the_same_for_the_same_words_as_often_in_any_order_and_for_no_others() -> None:
    same, other = ["The river, the bridge.", "“The bridge: the RIVER”"], ["The river bridge", "river bridge", "the the river"]
    postings = postings_of(batch_of([[*same, ""], [*other, "..."], same[:1]], [None, None, other[0]]), KNOWN)
    one, two, *rest = postings.wholes.tolist()
    assert one == two == (2 * hash_of("the") + hash_of("river") + hash_of("bridge")) % 2**64
    assert rest == [0, *(sum(map(hash_of, text.lower().split())) % 2**64 for text in other), 0, rest[1], one]
    assert len({one, *rest}) == 5


def check_against_counters(batch: Batch, background: Background, postings: Postings) -> None:
    """Hold `postings` against plain loops over the paragraphs."""
    vocabulary = vocabulary_of(background)
    entries = []  # (article, identity, row, count)
    spelt: dict[tuple[int, int], str] = {}  # the first word of each group
    for row, (start, end) in enumerate(zip(batch.starts, batch.ends, strict=True)):
        form = form_of("".join(map(chr, batch.codes[start:end].tolist())))
        article = next(i for i in range(len(batch.bounds)) if batch.bounds[i + 1] > row)
        held = Counter(identity_of(word, vocabulary) for word in form.words)
        entries += [(article, identity, row, count) for identity, count in held.items()]
        for word in form.words:
            spelt.setdefault((article, identity_of(word, vocabulary)), word)
        assert postings.lengths[row] == len(form.words)
        assert postings.capitals[row] == pytest.approx(form.capitals)
        assert postings.digits[row] == pytest.approx(form.digits)
        assert postings.closed[row] == form.closed
        assert postings.cut[row] == form.cut
        assert postings.exclaims[row] == form.exclaims
        assert postings.quoted[row] == form.quoted
        opening = 1 if form.opening == "a number" else hash_of(form.opening) if form.opening else 0
        assert int(postings.openings[row]) == opening
        assert int(postings.wholes[row]) == sum(map(hash_of, form.words)) % 2**64
    entries.sort()
    groups = sorted({(article, identity) for article, identity, *_ in entries})
    assert postings.rows.tolist() == [row for *_, row, _ in entries]
    assert postings.counts.tolist() == [count for *_, count in entries]
    assert postings.groups.tolist() == [groups.index((article, identity)) for article, identity, *_ in entries]
    firsts = [[entry[:2] for entry in entries].index(group) for group in groups]
    assert postings.group_starts.tolist() == firsts
    assert postings.group_identity.tolist() == [identity for _, identity in groups]
    assert postings.group_index.tolist() == [-1 if identity >> 28 else identity >> 4 for _, identity in groups]
    expected = [expected_idf(batch, entries, background, groups, group) for group in groups]
    assert postings.group_idf.tolist() == pytest.approx(expected)
    beyond = [group for group in groups if group[1] >> 28 or background.rows[group[1] >> 4] < 0]
    assert postings.spellings.shape == (len(beyond), 7)
    numbers = postings.group_spelling.tolist()
    assert [number >= 0 for number in numbers] == [group in beyond for group in groups]
    for number, group in zip(numbers, groups, strict=True):
        assert number < 0 or postings.spellings[number].tolist() == slow_affixes(lowered(spelt[group]))
    bags = np.zeros((len(batch.starts), len(beyond)))
    for article, identity, row, count in entries:
        group = groups.index((article, identity))
        if numbers[group] >= 0:
            here = [other for of, other in groups if of == article]
            strange = strangeness_of(sum(other >> 28 for other in here), len(here))
            bags[row, numbers[group]] = (1 + math.log(count)) * (1 - strange) * expected[group]
    assert postings.spelt_bags().toarray() == pytest.approx(bags)


def expected_idf(
    batch: Batch,
    entries: list[tuple[int, int, int, int]],
    background: Background,
    groups: list[tuple[int, int]],
    group: tuple[int, int],
) -> float:
    """The idf of a `group`, a term of an article, by the share of the article's terms that the background does not know."""
    article, identity = group
    here = [other for of, other in groups if of == article]
    known = not identity >> 28
    return idf_of(
        float(background.idf[identity >> 4]) if known else background.unknown_idf,
        known=known,
        strange=strangeness_of(sum(other >> 28 for other in here), len(here)),
        letters=identity & 15,
        holders=sum(entry[:2] == group for entry in entries),
        paragraphs=int(batch.bounds[article + 1] - batch.bounds[article]),
    )


KNOWN = background_of(
    {"river": 2.0, "bridge": 3.0, "the": 0.5, "straße": 4.0, "東京": 5.0, "2018": 6.0, "aa": 1.0, "cc": 2.5},
    {"river": 0, "straße": 1, "東京": 2, "aa": 3},
)


@given(batches)
def test_postings_equal_counting_paragraph_by_paragraph(pairs: list[tuple[str | list[str], str | None]]) -> None:
    batch = batch_of([article for article, _ in pairs], [title for _, title in pairs])
    check_against_counters(batch, KNOWN, postings_of(batch, KNOWN))


@given(st.lists(plain_articles, max_size=4))
def test_postings_of_articles_that_share_words_equal_counting(articles: list[list[str]]) -> None:
    batch = batch_of(articles, [None] * len(articles))
    check_against_counters(batch, KNOWN, postings_of(batch, KNOWN))


def test_in_a_strange_language_an_unknown_word_is_as_rare_as_it_is_long_and_as_few_paragraphs_hold_it() -> None:
    strange = [f"le {'vwxz'[i % 4]}{'abcdefghijklmnop'[i]}or long{'abcdefghijklmnop'[i]}ssimus paludosus" for i in range(16)]
    postings = postings_of(batch_of([strange, ["the river zork", "the bridge"]], [None, None]), KNOWN)
    idf, holders = postings.group_idf, np.diff(np.append(postings.group_starts, len(postings.groups)))
    assert np.unique(idf[holders == 16]).tolist() == pytest.approx(
        [0.2, 0.2 + 0.34 * 6 - 0.65 * math.log(16) + 0.24 * math.log(16)]
    )
    rarest, rare = 0.2 + 0.34 * 6 + 0.24 * math.log(16), 0.2 + 0.34 * 4 + 0.24 * math.log(16)
    alone = holders[:34] == 1
    assert sorted(set(np.round(idf[:34][alone], 3).tolist())) == pytest.approx([rare, rarest], abs=1e-3)
    assert idf.tolist().count(8.0) == 1  # "zork", in a language that is known


def test_unknown_words_of_six_letters_and_more_are_one_where_the_first_six_are_the_same() -> None:
    texts = ["Paludosus paludo paludosa", "palud Palude paludosum", "rivers bridge"]
    postings = postings_of(batch_of([texts], [None]), KNOWN)
    (stem,) = {identity_of("paludosus", {}), identity_of("paludo", {}), identity_of("paludosissima", {})}
    held = {row: {postings.group_identity[g] for g in postings.groups[postings.rows == row]} for row in range(3)}
    assert held[0] == {stem}
    assert held[1] == {stem, identity_of("palud", {}), identity_of("palude", {})}
    assert postings.counts[postings.groups == np.flatnonzero(postings.group_identity == stem)[0]].tolist() == [3, 1]
    assert not postings.capital[(postings.rows == 0)].any()  # one of the three has a small initial


def test_known_words_are_told_by_all_of_their_letters() -> None:
    known = background_of({"paludosus": 2.0, "paludosa": 3.0}, {})
    postings = postings_of(batch_of([["paludosus", "paludosa", "paludosum"]], [None]), known)
    assert sorted(postings.group_index.tolist()) == [-1, 0, 1]


def test_how_a_word_is_spelt_elsewhere_does_not_change_what_an_article_makes_of_it() -> None:
    alone = postings_of(batch_of([["paludosissima", "paludosa"]], [None]), KNOWN)
    behind = postings_of(batch_of([["paludosus"], ["paludosissima", "paludosa"]], [None, None]), KNOWN)
    assert behind.spellings[behind.group_spelling[-1]].tolist() == alone.spellings[alone.group_spelling[0]].tolist()
    assert alone.spellings.tolist() == [slow_affixes("paludosissima")]


def test_a_character_of_a_script_without_spaces_says_as_much_as_three_letters() -> None:
    thai = ["".join(map(chr, range(0x0E01 + i, 0x0E1F + i))) for i in range(3)]
    postings = postings_of(batch_of([thai], [None]), KNOWN)
    assert set((postings.group_identity & 15).tolist()) == {6}


def test_a_term_is_a_name_where_it_begins_with_a_capital_wherever_it_stands_in_the_paragraph() -> None:
    postings = postings_of(batch_of([["River Zork river", "River ZORK, Zork", "zork the"]], [None]), KNOWN)
    (zork,) = set(postings.groups[postings.group_index[postings.groups] < 0].tolist())
    entries = zip(postings.rows.tolist(), (postings.groups == zork).tolist(), postings.capital.tolist(), strict=True)
    told = {(row, is_zork): capital for row, is_zork, capital in entries}
    assert told == {(0, True): True, (0, False): False, (1, True): True, (1, False): True, (2, True): False, (2, False): False}


def test_paragraphs_in_a_strange_language_lie_near_by_what_they_share() -> None:
    one, other, third = ("".join(f" {letter}{end}or" for end in "abcdefghijklmnopqrst") for letter in "xyz")
    batch = batch_of([[one, one + other, third], ["the river zork", "the bridge"]], [None, None])
    found = scattered(postings_of(batch, KNOWN), 4096)
    assert found.shape == (5, 4096)
    assert found.dtype == np.float32
    unit = found[:3] / np.linalg.norm(found[:3], axis=1, keepdims=True)
    # All words are rated alike but those that two paragraphs hold, by .65 ln 2 less.
    alone, held = 0.2 + 0.34 * 4 + 0.24 * math.log(3), 0.2 + 0.34 * 4 + 0.24 * math.log(3) - 0.65 * math.log(2)
    assert unit @ unit.T == pytest.approx(
        np.array([[1, held / math.hypot(held, alone), 0], [held / math.hypot(held, alone), 1, 0], [0, 0, 1]]), abs=0.06
    )
    assert not found[3:].any()  # "zork" is strange, the language is not


def test_the_same_unknown_word_of_two_articles_makes_two_groups() -> None:
    postings = postings_of(batch_of(["zork\n\nzork", "zork"], [None, None]), KNOWN)
    assert postings.groups.tolist() == [0, 0, 1]
    assert postings.rows.tolist() == [0, 1, 2]


def test_a_batch_too_large_to_index_is_refused_with_the_cure() -> None:
    batch = batch_of(["ab"] * 140_000, [None] * 140_000)
    with pytest.raises(ValueError, match=r"140000 articles with 140000 paragraphs is too large.*split it"):
        postings_of(batch, KNOWN)


# --- bags and projection ----------------------------------------------------------------------------------------------------


def test_bags_hold_one_plus_the_logarithm_of_the_count_of_projected_terms() -> None:
    background = background_of({"river": 2.0, "bridge": 3.0, "the": 0.5}, {"river": 1, "bridge": 0})
    batch = batch_of([["river the river bridge", "the zork", "bridge"], ["river"]], ["Bridge", None])
    bags = postings_of(batch, background).bags(background)
    assert bags.shape == (5, 2)
    assert bags.dtype == np.float32
    two = 1 + np.log(2)
    assert bags.toarray() == pytest.approx(np.array([[1, 0], [1, two], [0, 0], [1, 0], [0, 1]]))


def test_bags_without_a_projected_term_are_empty() -> None:
    background = background_of({"river": 2.0})
    assert postings_of(batch_of(["river zork"], [None]), background).bags(background).shape == (1, 0)


# Of three words one has a row; "zork" is unknown.
PART = background_of({"river": 2.0, "bridge": 3.0, "the": 0.5}, {"river": 0}, unknown_idf=8.0)


def test_words_without_a_row_are_bags_of_their_own_that_hold_one_plus_the_logarithm_of_the_count_times_idf() -> None:
    batch = batch_of([["River bridge zork, bridge Zork zork", "river", ""], ["the bridge river"]], [None, None])
    postings = postings_of(batch, PART)
    # Of each article, in the vocabulary by its order, then the unknown.
    known = sorted(("bridge", "the"), key=hash_of)
    words = ["bridge", "zork", *known]
    assert postings.spellings.tolist() == [slow_affixes(word) for word in words]
    bags = postings.spelt_bags()
    assert bags.shape == (4, 4)
    assert bags.dtype == np.float32
    expected = np.zeros((4, 4))
    expected[0, :2] = (1 + np.log(2)) * 3, (1 + np.log(3)) * 8
    expected[3, 2:] = [{"the": 0.5, "bridge": 3}[word] for word in known]
    assert bags.toarray() == pytest.approx(expected)


def test_where_every_word_has_a_row_or_there_is_none_nothing_is_spelt() -> None:
    for text in ("river River", "", "?"):
        postings = postings_of(batch_of([[text, text]], [None]), PART)
        assert postings.spellings.shape == (0, 7)
        assert (postings.group_spelling == -1).all()
        assert postings.spelt_bags().shape == (2, 0)


def test_without_a_vocabulary_every_word_is_spelt() -> None:
    postings = postings_of(batch_of(["zork blip zork", "blip"], [None, None]), background_with([]))
    words = sorted(("zork", "blip"), key=lambda word: identity_of(word, {}))
    assert postings.spellings.tolist() == [slow_affixes(word) for word in (*words, "blip")]
    assert postings.group_spelling.tolist() == [0, 1, 2]


def test_in_a_strange_language_words_without_a_row_say_less() -> None:
    # 30 words of which 20 are unknown: 20 of 50 are .4, three sevenths of the way from .25 to .6.
    known = {f"k{letter}k": 2.0 for letter in "abcdefghij"}
    unknown = [f"u{letter}u" for letter in "abcdefghijklmnopqrst"]
    text = " ".join([*known, *unknown])
    postings = postings_of(batch_of([text, " ".join(known)], [None, None]), background_of(known))
    strange = (0.4 - 0.25) / 0.35
    guess = 0.2 + 0.34 * 3  # in a paragraph of one
    rows = postings.spelt_bags().toarray()
    told = [(1 - strange) * (8 + strange * (guess - 8)), (1 - strange) * (2 + strange * (guess - 2)), 2.0]
    assert sorted(rows[0].tolist()) == pytest.approx([0] * 10 + [told[1]] * 10 + [told[0]] * 20, rel=1e-5)
    assert sorted(rows[1].tolist()) == pytest.approx([0] * 30 + [told[2]] * 10)


def spellings_of(*words: str) -> np.ndarray:
    return np.array([slow_affixes(word) for word in words], np.uint64).reshape(len(words), 7)


def known_affixes(*words: str) -> tuple[np.ndarray, list[int]]:
    """The hashes of beginnings, "riv-", and endings, "-ank", in their order, and where each of `words` has come to stand."""
    keys = [slow_affixes(word.strip("-"))[len(word) - 4 if word.endswith("-") else len(word) + 1] for word in words]
    return np.array(sorted(keys), np.uint64), [sorted(keys).index(key) for key in keys]


def test_words_are_bags_of_the_affixes_they_are_known_by_as_by_hand() -> None:
    hashes, (riv, river, ank, nk, ood) = known_affixes("riv-", "river-", "-ank", "-nk", "-ood")
    bags = affix_bags(spellings_of("riverbank", "rivulet", "flood", "bridge", "no", "bank"), hashes)
    assert bags.shape == (6, 5)
    assert bags.dtype == np.float32
    expected = np.zeros((6, 5))
    expected[0, [riv, river, ank, nk]] = 0.5
    expected[1, riv] = 1
    expected[2, ood] = 1
    expected[5, [ank, nk]] = 0.5**0.5
    assert bags.toarray() == pytest.approx(expected)


def test_what_is_nought_is_no_affix_even_if_it_is_said_to_be_known() -> None:
    bags = affix_bags(spellings_of("no", "non"), np.array([0, hash_of("non")], np.uint64))
    assert bags.toarray().tolist() == [[0, 0], [0, 1]]


def test_without_affixes_or_words_there_are_no_bags() -> None:
    assert affix_bags(spellings_of("river", "no"), np.zeros(0, np.uint64)).shape == (2, 0)
    assert affix_bags(spellings_of("river", "no"), np.zeros(0, np.uint64)).nnz == 0
    assert affix_bags(spellings_of(), known_affixes("riv-")[0]).shape == (0, 1)


def test_the_last_of_the_affixes_is_known_too_and_what_lies_beyond_it_is_not() -> None:
    ordered = sorted(slow_affixes("riverbank"))
    for known in ([ordered[0]], [ordered[-1]], ordered[1:-1], ordered):
        bags = affix_bags(spellings_of("riverbank"), np.array(known, np.uint64))
        assert bags.toarray() == pytest.approx(np.full((1, len(known)), len(known) ** -0.5))


@given(st.lists(st.text("abc", min_size=1, max_size=8), max_size=6), st.sets(st.text("abc", min_size=2, max_size=6)))
def test_bags_of_affixes_equal_a_dictionary(words: list[str], told: set[str]) -> None:
    known = sorted({key for word in told for key in slow_affixes(word)[1:6:2]} - {0})
    bags = affix_bags(spellings_of(*words), np.array(known, np.uint64))
    expected = np.zeros((len(words), len(known)))
    for row, word in enumerate(words):
        held = [known.index(key) for key in slow_affixes(word) if key in known]
        expected[row, held] = 1 / np.sqrt(max(len(held), 1))
    assert bags.toarray() == pytest.approx(expected)


def test_words_without_a_row_are_taken_for_the_sum_of_how_they_begin_and_end() -> None:
    hashes, (rid, ork, ge) = known_affixes("bri-", "-ork", "-ge")
    table = np.zeros((3, 4), np.float32)
    table[rid], table[ork], table[ge] = (7, 0, 0, 0), (0, 7, 0, 0), (0, 0, 14, 14)
    affixes = Affixes(hashes, Projection.packed(table))
    texts = ["River bridge zork, the bridge", "ridge", "river the", "zork zork Zork"]
    found = affixes.project(postings_of(batch_of([texts], [None]), PART))
    assert found.dtype == np.float32
    # Twice "bridge", of idf 3, known by two affixes; "zork" and "ridge", of idf 8, by one; "river" has a row; "the" by none.
    bridge = (1 + np.log(2)) * 3 / np.sqrt(2) * np.array([7, 0, 14, 14])
    zork = 8 * np.array([0, 7, 0, 0])
    expected = np.array([bridge + zork, [0, 0, 8 * 14, 8 * 14], [0, 0, 0, 0], (1 + np.log(3)) * zork])
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("text", ["river river", "the", "", "?"])
def test_paragraphs_without_a_known_affix_get_nothing(text: str) -> None:
    hashes, _ = known_affixes("bri-", "riv-")  # "river" begins so, but has a row
    for affixes in (
        Affixes(hashes, Projection.packed(np.ones((2, 4), np.float32))),
        Affixes(hashes[:0], Projection.packed(np.zeros((0, 4), np.float32))),
    ):
        found = affixes.project(postings_of(batch_of([[text, text], []], [None, None]), PART))
        assert found.tolist() == [[0.0] * 4] * 2
        assert affixes.project(postings_of(batch_of([[]], [None]), PART)).shape == (0, 4)


def test_two_numbers_are_packed_into_a_byte_as_by_hand() -> None:
    table = np.array([[14, -14, 2, -6], [0.7, 0, 0.14, -0.21]], np.float32)
    packed = Projection.packed(table)
    assert (packed.weights.dtype, packed.scales.dtype) == (np.uint8, np.float32)
    assert packed.scales.tolist() == pytest.approx([2, 0.1])
    # In steps of the scale 7, -7, 1, -3 and 7, 0, 1, -2; eight more each; the second of two in the high bits.
    assert packed.weights.tolist() == [[15 + 16 * 1, 9 + 16 * 5], [15 + 16 * 8, 9 + 16 * 6]]
    assert unpacked(packed)[[1, 0, 1]] == pytest.approx(
        np.array([[0.7, 0, 0.1, -0.2], [14, -14, 2, -6], [0.7, 0, 0.1, -0.2]]), abs=1e-6
    )


@given(
    st.integers(1, 8).flatmap(
        lambda half: st.lists(
            st.lists(st.floats(-1e6, 1e6, width=32), min_size=2 * half, max_size=2 * half), min_size=1, max_size=6
        )
    )
)
def test_a_number_is_kept_to_half_a_step_of_its_rows_scale(rows: list[list[float]]) -> None:
    table = np.array(rows, np.float32)
    table[np.abs(table) < 1e-30] = 0  # a seventh of less is no float
    packed = Projection.packed(table)
    kept = unpacked(packed)
    assert kept.dtype == np.float32
    assert (np.abs(kept - table) <= 0.5001 * packed.scales[:, None]).all()
    steps = np.abs(np.hstack((packed.weights & 15, packed.weights >> 4)).astype(int) - 8).max(axis=1)
    assert steps.tolist() == [7 if row.any() else 0 for row in table]  # the whole range, and -8 never


def test_a_row_of_noughts_stays_one() -> None:
    packed = Projection.packed(np.array([[0, 0], [0, 3]], np.float32))
    assert unpacked(packed).tolist() == [[0, 0], [0, 3]]
    assert packed.scales[0] == 1
    assert Projection.packed(np.zeros((0, 4), np.float32)).weights.shape == (0, 2)


def test_lengths_are_those_of_the_rows_unpacked() -> None:
    table = np.random.default_rng(0).standard_normal((2500, 6)).astype(np.float32)
    table[7] = 0
    projection = Projection.packed(table)
    index = np.array([7, 3, 3, 2499], np.int64)
    assert projection.lengths(index) == pytest.approx(np.linalg.norm(unpacked(projection)[index], axis=1), rel=1e-5)
    assert projection.length == pytest.approx(np.linalg.norm(unpacked(projection)[::2], axis=1).mean(), rel=1e-5)


def test_projecting_equals_the_dense_product() -> None:
    rng = np.random.default_rng(1)
    table = rng.standard_normal((50, 8)).astype(np.float32) * np.geomspace(1, 100, 50, dtype=np.float32)[:, None]
    projection = Projection.packed(table)
    counts = rng.poisson(0.2, (20, 50)) * rng.random((20, 50))
    counts[:, 40:] = 0  # rows that nothing uses
    counts[7] = 0  # a paragraph without a projected term
    dense = projected(csr_array(counts.astype(np.float32)), [projection])[0]
    assert dense.dtype == np.float32
    expected = counts @ unpacked(projection).astype(float)
    assert np.abs(expected).max() > 50
    assert dense == pytest.approx(expected, rel=1e-4, abs=1e-4)
    assert not dense[7].any()


def test_the_ground_that_all_paragraphs_share_is_half_a_terms_length_times_the_fourth_root_of_what_they_hold() -> None:
    vectors = np.array([[3, 4], [0, 1], [0, 0]], np.float32)
    found = grounded(vectors, 5.0, np.array([15, 0, 80], np.float32))
    assert found.dtype == np.float32
    # 1 + 15 is 2 to the fourth; where there is no vector there is no ground.
    assert found.tolist() == [[3, 4, 5], [0, 1, 2.5], [0, 0, 0]]


def test_on_a_common_ground_what_says_little_is_like_anything_and_what_says_much_keeps_its_direction() -> None:
    def cosines(strength: float) -> float:
        vectors = np.array([[9, 0], [0, strength]], np.float32)
        one, other = grounded(vectors, 1.0, np.array([15, 15], np.float32))
        return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))

    assert cosines(0.1) > 0.1
    assert cosines(0.1) > cosines(1) > cosines(9) > 0
    assert cosines(9) < 0.02


def test_the_length_of_an_empty_map_is_nought() -> None:
    assert Projection(np.zeros((0, 2), np.uint8), np.zeros(0, np.float32)).length == 0


def test_projecting_no_paragraph_gives_no_vector() -> None:
    projection = Projection.packed(np.ones((3, 2), np.float32))
    assert projected(csr_array((0, 3), dtype=np.float32), [projection])[0].shape == (0, 2)
    assert projected(csr_array((4, 3), dtype=np.float32), [projection])[0].tolist() == [[0, 0]] * 4


# --- lexicon ----------------------------------------------------------------------------------------------------------------


def test_the_lexicon_sums_the_weights_of_the_different_words_over_the_root_of_words_pairs_and_edges() -> None:
    background = background_of({"subscribe": 3.0, "newsletter": 3.0, "river": 2.0})
    lexicon = lexicon_of(background, {"subscribe": 3.0, "newsletter": 1.5, "river": -1.0}, 0.25)
    texts = ["subscribe newsletter river zork", "Subscribe, subscribe!", "zork", "", "river"]
    postings = postings_of(batch_of([texts], [None]), background)
    # Each term makes a pair with the one before it or with the start: 4 and 4, 1 and 2, 1 and 1, none, 1 and 1; and six edges.
    expected = [0.25 + 3.5 / np.sqrt(20), 0.25 + 3 / np.sqrt(15), 0.25, 0.25, 0.25 - 1 / np.sqrt(14)]
    assert lexicon.logits(postings) == pytest.approx(expected)


def test_a_pair_of_words_weighs_as_often_as_it_stands_and_only_in_its_order() -> None:
    background = background_of({"sign": 3.0, "up": 3.0})
    (_, sign_up) = postings_of(batch_of(["sign up"], [None]), background).pairs.tolist()
    pairs = np.zeros(PAIRS, np.float32)
    pairs[sign_up] = 2
    lexicon = Lexicon(np.zeros(2, np.float32), pairs, 0.5)
    texts = ["Sign up!", "sign up, sign up", "up sign", "sign", "up"]
    postings = postings_of(batch_of([texts], [None]), background)
    assert postings.pair_rows.tolist() == [0] * 2 + [1] * 4 + [2] * 2 + [3, 4]
    assert ((postings.pairs >= 0) & (postings.pairs < PAIRS)).all()
    assert lexicon.logits(postings) == pytest.approx([0.5 + 2 / np.sqrt(16), 0.5 + 4 / np.sqrt(18), 0.5, 0.5, 0.5])


def test_an_edge_weighs_twice_where_a_paragraph_begins_or_ends_so_and_nowhere_else() -> None:
    background = background_of({"sign": 3.0, "up": 3.0})
    texts = ["sign up here now", "Sign up!", "now sign up here", "up sign", "", "here sign up"]
    postings = postings_of(batch_of([texts], [None]), background)
    assert postings.edges.shape == (6, 6)
    begins, ends = postings.edges[0, 1], postings.edges[5, 4]  # "sign up", at the start and at the end
    for edge, lines in ((begins, [0, 1]), (ends, [1, 5])):
        weights = np.zeros(PAIRS, np.float32)
        weights[edge] = 3
        found = Lexicon(np.zeros(2, np.float32), weights, 0.0).logits(postings)
        assert np.flatnonzero(found).tolist() == lines
        assert found[1] == pytest.approx(2 * 3 / np.sqrt(2 + 2 + 12))


def test_a_lexicon_of_an_empty_vocabulary_gives_its_bias() -> None:
    background = background_with([])
    postings = postings_of(batch_of(["zork blip", "zork"], [None, None]), background)
    assert Lexicon(np.zeros(0, np.float32), np.zeros(PAIRS, np.float32), -1.5).logits(postings).tolist() == [-1.5, -1.5]


def test_evidence_of_a_term_does_not_depend_on_what_else_the_vocabulary_holds() -> None:
    small = background_of({"river": 2.0, "bridge": 3.0}, unknown_idf=9.0)
    large = background_of({"river": 2.0, "bridge": 3.0} | {f"word{i}": 9.0 for i in range(100)}, unknown_idf=9.0)
    batch = batch_of(["river bridge word7 word7 zork\n\nword7"], [None])
    one, other = postings_of(batch, small), postings_of(batch, large)

    def held(postings: Postings) -> list[tuple[int, float, float]]:
        columns = (postings.rows, postings.counts, postings.group_idf[postings.groups])
        return sorted(zip(*(column.tolist() for column in columns), strict=True))

    assert held(one) == held(other)
