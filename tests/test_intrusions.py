"""Intrusions: who intrudes where, told by paragraphs that carry their article's name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.learn.articles import Article
from detector.learn.intrusions import BELONGS, FOREIGN, FURNITURE, TIERS, Case, Intruder, cases_of, digests_of, reshaped

LONG = " of an article that says a little more about it than that."
LINES = ("Subscribe now.", "Share this.", "Read more.", "Advertisement", "All rights reserved.")


def article(name: str, size: int = 6, *, topic: str = "", source: str = "", language: str = "", title: bool = True) -> Article:
    return Article(tuple(f"{name} {i}{LONG}" for i in range(size)), f"Title {name}" if title else "", source, topic, language)


def name_of(paragraph: str) -> str:
    return paragraph.removeprefix("Title ").split()[0]


def intruders_of(case: Case, host: Article) -> list[str]:
    """The paragraphs put in, after a look at all the others: the host's, in their order; nothing foreign before them."""
    assert len(case.labels) == len(case.paragraphs)
    pairs = list(zip(case.paragraphs, case.labels, strict=True))
    assert tuple(p for p, label in pairs if label == BELONGS) == host.paragraphs
    assert case.labels[0] != FOREIGN
    assert case.title == host.title
    return [p for p, label in pairs if label != BELONGS]


def cases(intruder: Intruder, host: Article, tier: str, *more: str, count: int = 60) -> list[Case]:
    found = [intruder.case(host, tier, *more) for _ in range(count)]
    kept = [case for case in found if case is not None]
    assert len(kept) == count
    assert {case.tier for case in kept} == {tier}
    return kept


POOL = [
    article(f"{topic}{source}{i}", topic=topic, source=source)
    for topic in ("war", "sport")
    for source in ("A", "B")
    for i in range(3)
]
HOST = POOL[0]


# --- tiers


def test_any_takes_one_long_paragraph_of_any_other_article() -> None:
    short = replace(article("short"), paragraphs=("short start", "short.", f"short long{LONG}", "No."))
    donors = set()
    places = set()
    for case in cases(Intruder([*POOL, short], 0), HOST, "any", count=300):
        (intruder,) = intruders_of(case, HOST)
        assert len(intruder) >= 60
        donors.add(name_of(intruder))
        places.add(case.labels.index(FOREIGN))
    assert donors == {name_of(a.title) for a in [*POOL[1:], short]}
    assert places == set(range(1, 7))  # anywhere but first


def test_a_topic_intruder_is_of_an_article_about_the_same() -> None:
    names = {name_of(*intruders_of(case, HOST)) for case in cases(Intruder(POOL, 0), HOST, "topic")}
    assert names == {"warA1", "warA2", "warB0", "warB1", "warB2"}


def test_a_source_intruder_is_of_an_article_of_the_same_source() -> None:
    names = {name_of(*intruders_of(case, HOST)) for case in cases(Intruder(POOL, 0), HOST, "source")}
    assert names == {"warA1", "warA2", "sportA0", "sportA1", "sportA2"}


def sharing(*words: str, name: str = "donor") -> Article:
    """An article whose second paragraph holds `words`."""
    plain = article(name)
    return replace(plain, paragraphs=(plain.paragraphs[0], f"{plain.paragraphs[1]} {' '.join(words)}", *plain.paragraphs[2:]))


def test_a_word_intruder_shares_one_rare_word_with_its_host() -> None:
    host, other = sharing("litre", "stock", name="host"), sharing("Litre", "engine", name="car")
    pool = [host, other, sharing("engine", name="plane"), *POOL]
    intruder = Intruder(pool, 0)
    found = [case for case in (intruder.case(host, "word") for _ in range(40)) if case is not None]
    assert len(found) > 30  # now and then only the host itself is drawn
    for case in found:
        assert intruders_of(case, host) == [other.paragraphs[1]]


def test_what_shares_two_rare_words_tells_the_same_story_in_all_likelihood_and_is_no_word_intruder() -> None:
    host = sharing("Yavlinsky", "Yabloko", name="host")
    assert Intruder([host, sharing("Yavlinsky", "Yabloko"), *POOL], 0).case(host, "word") is None
    assert Intruder([host, sharing("Yavlinsky"), *POOL], 0).case(host, "word") is not None


def test_a_word_that_many_hold_is_not_rare() -> None:
    host = sharing("litre", name="host")
    assert Intruder([host, sharing("litre"), sharing("litre", name="third"), *POOL], 0).case(host, "word") is None
    assert Intruder([host, sharing("litre"), *POOL], 0).case(host, "word") is not None


def test_a_teaser_is_another_article_s_title_and_about_something_else() -> None:
    titles = set()
    for case in cases(Intruder(POOL, 0), HOST, "teaser", count=200):
        titles.update(intruders_of(case, HOST))
        assert set(case.labels) == {BELONGS, FOREIGN}
    assert titles == {a.title for a in POOL[1:]}


def test_a_lead_is_a_title_and_its_first_paragraph_as_one_or_as_two() -> None:
    by_title = {a.title: a for a in POOL[1:]}
    sizes = set()
    for case in cases(Intruder(POOL, 0), HOST, "lead"):
        title, lead = "\n".join(intruders_of(case, HOST)).split("\n")
        assert lead == by_title[title].paragraphs[0]
        assert set(case.labels) == {BELONGS, FOREIGN}
        sizes.add(case.labels.count(FOREIGN))
    assert sizes == {1, 2}


def test_a_block_is_two_to_four_consecutive_paragraphs_of_one_article() -> None:
    sizes = set()
    for donor in (12, 2):
        intruder = Intruder([HOST, article("donor", donor)], 0)
        for case in filter(None, (intruder.case(HOST, "block") for _ in range(80))):
            block = intruders_of(case, HOST)
            first = int(block[0].split()[1])
            assert block == [f"donor {i}{LONG}" for i in range(first, first + len(block))]
            start = case.labels.index(FOREIGN)
            assert case.labels[start : start + len(block)] == (FOREIGN,) * len(block)
            sizes.add((donor, len(block)))
    assert sizes == {(12, 2), (12, 3), (12, 4), (2, 2)}


def test_lines_are_a_run_of_one_to_three_lines_of_furniture() -> None:
    runs = set()
    for case in cases(Intruder(POOL, 0, LINES), HOST, "lines", count=200):
        run = tuple(intruders_of(case, HOST))
        at = LINES.index(run[0])
        assert run == LINES[at : at + len(run)]
        assert set(case.labels) == {BELONGS, FURNITURE}
        runs.add((at, len(run)))
    assert {size for _, size in runs} == {1, 2, 3}
    assert {at for at, _ in runs} == set(range(5))


def test_furniture_gathers_at_the_ends_and_nothing_else_is_put_first() -> None:
    intruder = Intruder(POOL, 3, LINES)
    places = Counter(case.labels.index(FURNITURE) for case in cases(intruder, HOST, "lines", count=600))
    assert places[0] == pytest.approx(600 * (0.1 + 0.55 / 7), rel=0.25)
    assert places[6] == pytest.approx(600 * (0.35 + 0.55 / 7), rel=0.25)
    assert all(places[i] == pytest.approx(600 * 0.55 / 7, rel=0.5) for i in range(1, 6))
    assert all(case.labels[0] == BELONGS for case in cases(intruder, HOST, "any", count=100))


def test_teasers_are_two_to_six_headlines_of_other_articles() -> None:
    sizes = set()
    for case in cases(Intruder(POOL, 0), HOST, "teasers", count=100):
        run = intruders_of(case, HOST)
        assert set(run) <= {article.title for article in POOL} - {HOST.title}
        assert set(case.labels) == {BELONGS, FURNITURE}
        at = case.labels.index(FURNITURE)
        assert case.labels[at : at + len(run)] == (FURNITURE,) * len(run)
        sizes.add(len(run))
    assert sizes == {2, 3, 4, 5, 6}


def test_clean_is_the_article_as_it_is() -> None:
    assert Intruder(POOL, 0).case(HOST, "clean") == Case(HOST.paragraphs, (BELONGS,) * 6, HOST.title, "clean")


def test_more_tiers_add_their_intruders() -> None:
    both = 0
    for case in cases(Intruder(POOL, 0, LINES[:1]), HOST, "any", "lines", "clean", "source"):
        intruders = intruders_of(case, HOST)
        assert (case.labels.count(FOREIGN), case.labels.count(FURNITURE)) == (2, 1)
        assert LINES[0] in intruders
        both += len({name_of(p) for p in intruders}) == 3
    assert both > 30  # not always of the same donor


def test_untitled_articles_are_hosts_and_donors_like_any_other() -> None:
    pool = [replace(a, title="") for a in POOL]
    for tier in ("any", "topic", "source", "block"):
        for case in filter(None, (Intruder(pool, seed).case(pool[0], tier) for seed in range(20))):
            assert not {name_of(p) for p in intruders_of(case, pool[0])} & {"warA0"}
    assert cases(Intruder(pool, 0), pool[0], "any")


def test_the_same_story_elsewhere_is_no_intruder() -> None:
    retold = replace(article("retold"), title=HOST.title)
    reprint = replace(article("reprint"), paragraphs=(HOST.paragraphs[0], *article("reprint").paragraphs[1:]))
    assert Intruder([HOST, retold, reprint], 0).case(HOST, "any") is None


def test_another_version_of_the_host_gives_it_nothing() -> None:
    whole = replace(HOST, title="")
    cut = replace(whole, paragraphs=whole.paragraphs[2:])
    intruder = Intruder([whole, POOL[1]], 0)
    assert {name_of(p) for case in cases(intruder, cut, "any") for p in intruders_of(case, cut)} == {"warA0", "warA1"}
    found = filter(None, (intruder.case(cut, "any", version=whole) for _ in range(60)))
    assert {name_of(p) for case in found for p in intruders_of(case, cut)} == {"warA1"}


def test_a_host_is_cut_anew_for_every_case() -> None:
    long = replace(article("long", 40), weight=1.0)
    hosts = [case.paragraphs for case in cases_of([long, article("donor", 2)], (), 60, 0) if set(case.labels) == {BELONGS}]
    assert len(hosts) > 10
    assert len(set(hosts)) > len(hosts) / 2
    assert all(name_of(paragraph) == "long" for host in hosts for paragraph in host)


SINGLE = [article("host"), article("donor", 1)]
SHORT = [article("host"), replace(article("donor"), paragraphs=("So", "it goes."))]
UNTITLED = [replace(a, title="") for a in POOL]


@pytest.mark.parametrize(
    ("pool", "tiers"),
    [
        ([HOST], ("any",)),
        ([], ("any",)),
        ([article("host"), article("donor")], ("topic",)),  # none has a topic
        ([article("host"), article("donor")], ("source",)),
        ([article("host", topic="x"), article("donor", topic="y")], ("topic",)),
        ([article("host", source="x"), article("donor", source="y")], ("source",)),
        (SINGLE, ("block",)),
        (SHORT, ("any",)),
        (UNTITLED, ("teaser",)),
        (UNTITLED, ("lead",)),
        (POOL, ("lines",)),  # there are none
        (POOL, ("word",)),  # every word that two of them hold all of them hold
        (POOL, ("any", "lines")),
    ],
)
def test_without_a_donor_there_is_no_case(pool: Sequence[Article], tiers: tuple[str, ...]) -> None:
    host = pool[0] if pool else HOST
    assert all(Intruder(pool, seed).case(host, *tiers) is None for seed in range(5))


def test_empty_articles_are_no_donors() -> None:
    assert Intruder([Article(()), HOST, Article((), "Title")], 0).articles == [HOST]


def test_the_same_seed_makes_the_same_cases() -> None:
    def some(seed: int) -> list[Case | None]:
        intruder = Intruder(POOL, seed, LINES)
        return [intruder.case(host, tier) for host in POOL for tier in TIERS]

    assert some(1) == some(1)
    assert some(1) != some(2)


def test_labelled_text_is_taken_as_it_is_and_unlabelled_as_clean() -> None:
    given_article = Article(("a", "b", "c"), "T", labels=(0, 1, 1))
    assert Case.natural(given_article) == Case(("a", "b", "c"), (BELONGS, FURNITURE, FURNITURE), "T", "natural")
    assert Case.natural(replace(given_article, labels=None)) == Case(("a", "b", "c"), (BELONGS,) * 3, "T", "clean")
    assert Case.natural(replace(given_article, labels=(0, 0, 0))).tier == "natural"


# --- digests


def test_a_digest_holds_pieces_of_several_articles_in_one_of_its_forms() -> None:
    intruder = Intruder(POOL, 0)
    counts, forms = [], Counter[str]()
    for digest in (intruder.digest() for _ in range(300)):
        assert (digest.title, digest.tier, set(digest.labels)) == ("", "digest", {BELONGS})
        assert len(digest.labels) == len(digest.paragraphs) >= 4
        titles = [paragraph.startswith("Title") for paragraph in digest.paragraphs]
        times = [paragraph[:6] for paragraph in digest.paragraphs if re.match(r"[0-2]\d:[0-5]\d ", paragraph)]
        assert times == sorted(times)  # the day goes on
        assert len(times) in (0, len(titles))
        steps = pairwise(paragraph.split()[:2] for paragraph in digest.paragraphs if not paragraph.startswith("Title"))
        runs = any(one[0] == other[0] and int(other[1]) == int(one[1]) + 1 for one, other in steps if not times)
        forms["headlines" if all(titles) else "live blog" if times else "runs" if runs else "singles"] += 1
        if all(titles) or times:
            counts.append(len(titles))
    assert forms["headlines"] == pytest.approx(45, abs=15)  # 15 in a hundred
    assert forms["live blog"] == pytest.approx(42, abs=15)  # half of the third that is of single paragraphs
    assert forms["runs"] > 120
    assert min(counts) < 8 < 20 < max(counts) <= 30


def test_digests_are_of_one_language_each_and_a_language_as_often_as_it_weighs() -> None:
    pool = [article(f"a{i}", language="a") for i in range(4)]
    pool += [replace(article(f"b{i}", language="b"), weight=6.0) for i in range(2)]
    found = digests_of(pool, 200, 5)
    languages = [{name_of(re.sub(r"^[0-9:]+ ", "", p))[0] for p in digest.paragraphs} for digest in found]
    assert all(len(language) == 1 for language in languages)
    assert 130 < languages.count({"b"}) < 170  # 12 to 4
    assert found == digests_of(pool, 200, 5)


# --- cases for learning


def foreign_of(case: Case) -> list[str]:
    return [p for p, label in zip(case.paragraphs, case.labels, strict=True) if label == FOREIGN]


BILINGUAL = [
    *(article(f"a{i}", 8, language="a", topic="t", source="s") for i in range(12)),
    *(article(f"b{i}", 8, language="b", topic="t", source="s") for i in range(10)),
]


def test_donors_are_of_the_host_s_language_and_lines_of_the_commonest() -> None:
    found = cases_of(BILINGUAL, LINES, 400, 3)
    languages = Counter()
    for case in found:
        host = case.paragraphs[case.labels.index(BELONGS)][0]
        languages[host] += 1
        assert {name_of(p)[0] for p in foreign_of(case)} <= {host}
        if set(case.paragraphs) & set(LINES):
            assert host == "a"
    assert min(languages.values()) > 100
    assert any(set(case.paragraphs) & set(LINES) for case in found)


def test_all_tiers_are_made_and_two_or_three_intrusions_now_and_then() -> None:
    found = cases_of(BILINGUAL, LINES, 600, 3)
    assert {case.tier for case in found} == set(TIERS) - {"word"}  # no rare word stands in two of these articles
    assert 430 < len(found) < 600  # there are no lines for the other language, and blocks that end at once
    assert 0.05 < np.mean([set(case.labels) == {BELONGS} for case in found]) < 0.35
    assert all(len(case.labels) == len(case.paragraphs) for case in found)
    # One block has at most four.
    assert any(len(foreign_of(case)) > 4 for case in found)


def test_untitled_articles_make_as_many_cases_as_titled_ones_but_for_the_tiers_that_need_a_title() -> None:
    found = cases_of([replace(a, title="") for a in BILINGUAL], LINES, 600, 3)
    assert {case.tier for case in found} == set(TIERS) - {"word", "teaser", "teasers", "lead"}
    assert len(found) > 400


def test_hosts_are_drawn_by_weight_and_have_three_paragraphs_or_more() -> None:
    pool = [
        replace(article("never"), weight=0.0),
        replace(article("heavy", 4), weight=9.0),
        article("light", 4),
        replace(article("small", 2), weight=99.0),
    ]
    hosts = Counter(name_of(case.paragraphs[0]) for case in cases_of(pool, (), 300, 0))
    assert set(hosts) == {"heavy", "light"}
    assert 5 < hosts["heavy"] / hosts["light"] < 17


def test_the_same_seed_makes_the_same_cases_for_learning() -> None:
    assert cases_of(BILINGUAL, LINES, 50, 3) == cases_of(BILINGUAL, LINES, 50, 3)
    assert cases_of(BILINGUAL, LINES, 50, 3) != cases_of(BILINGUAL, LINES, 50, 4)


# --- text in every size

SENTENCES = st.sampled_from(
    ["He left.", 'She said "Go."', "(So it was.)", "“Why?”", "Is 5 enough?", "no capital", "Wait…", "It's (he said ‘no!’)", ""]
)
PARAGRAPHS = st.lists(st.lists(SENTENCES, min_size=1, max_size=4).map(" ".join), max_size=9)


@given(PARAGRAPHS, st.integers(0, 999))
def test_reshaping_keeps_every_character_of_the_stretch_that_it_keeps(paragraphs: list[str], seed: int) -> None:
    given_article = Article(tuple(paragraphs), "T", "S", "topic", "en", 2.0)
    found = reshaped(given_article, np.random.default_rng(seed))
    assert replace(found, paragraphs=(), title="") == replace(given_article, paragraphs=(), title="")
    assert found.title in ("T", "")
    # Blanks may come or go where paragraphs are merged and sentences parted, and nothing else.
    kept = "".join(" ".join(found.paragraphs).split())
    stretches = [paragraphs] if len(paragraphs) <= 4 else [paragraphs[i:j] for j in range(10) for i in range(j + 1)]
    assert kept in {"".join(" ".join(stretch).split()) for stretch in stretches}


def test_a_paragraph_is_parted_after_a_sentence_and_its_closing_quote() -> None:
    text = 'He said "Go." She (too) left. (Both did.) “Now?” 5 came. and stayed.'
    pieces = {'He said "Go."', "She (too) left.", "(Both did.)", "“Now?”", "5 came. and stayed."}
    ends = set()
    for seed in range(400):
        found = reshaped(Article((text,)), np.random.default_rng(seed)).paragraphs
        if len(found) == 2:
            assert " ".join(found) == text
            ends.add(found[0])
    assert len(ends) == 4
    assert all(any(end.endswith(piece) for piece in pieces) for end in ends)


def test_a_list_may_come_as_one_paragraph_and_prose_never_joins_it() -> None:
    prose = [f"{'A sentence that is much too long to be an item of any list. ' * 2}{i}." for i in range(3)]
    paragraphs = (prose[0], "One egg", "Two pears", "Three figs", prose[1], "One egg", "Two pears", prose[2])
    found = {reshaped(Article(paragraphs), np.random.default_rng(seed)).paragraphs for seed in range(200)}
    # Two in a row are no list yet.
    assert (prose[0], "One egg\nTwo pears\nThree figs", *paragraphs[4:]) in found


def test_one_article_in_four_stays_as_it_is_and_a_third_lose_their_title() -> None:
    rng = np.random.default_rng(0)
    given_article = replace(article("x", 12), paragraphs=tuple(f"Sentence {i}. Another one. And a third." for i in range(12)))
    found = [reshaped(given_article, rng) for _ in range(2000)]
    assert np.mean([a.paragraphs == given_article.paragraphs for a in found]) == pytest.approx(0.4 * 0.64, abs=0.04)
    assert np.mean([a.title == "" for a in found]) == pytest.approx(0.33, abs=0.04)
    words = [sum(len(p.split()) for p in a.paragraphs) for a in found]
    assert min(words) == 4 * 7  # never less than four paragraphs
    assert {len(a.paragraphs) for a in found} >= {4, 5, 6, 7, 8, 9, 10, 11, 12, 18}
