"""Lexicon: words that tell furniture from content weigh, all others do not, and learning sees what runs later."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import background_of

from detector.background import Background
from detector.learn.lexicon import _bags, fit_lexicon
from detector.paragraphs import batch_of
from detector.postings import PAIRS, postings_of
from detector.terms import hash_of
from detector.vectors import Lexicon

WORDS = ("subscribe", "newsletter", "river", "bridge", "the", "unseen")
BACKGROUND = background_of(dict.fromkeys(WORDS, 3.0))
FURNITURE = ["Subscribe the newsletter", "subscribe", "the newsletter"] * 3
CONTENT = ["River the bridge", "river", "the bridge"] * 3


def weights_of(lexicon: Lexicon, background: Background = BACKGROUND) -> dict[str, float]:
    by_hash = dict(zip(background.hashes.tolist(), lexicon.weights.tolist(), strict=True))
    return {word: by_hash[hash_of(word)] for word in WORDS}


def logits_of(lexicon: Lexicon, *paragraphs: str) -> np.ndarray:
    return lexicon.logits(postings_of(batch_of([paragraphs], [None]), BACKGROUND))


def test_words_of_furniture_weigh_for_it_words_of_content_against_it_and_others_nothing() -> None:
    weights = weights_of(fit_lexicon(FURNITURE, CONTENT, BACKGROUND))
    assert min(weights["subscribe"], weights["newsletter"]) > 0.3
    assert max(weights["river"], weights["bridge"]) < -0.3
    assert abs(weights["the"]) < 0.1  # as often on either side
    assert weights["unseen"] == 0


def test_what_it_is_taught_it_tells_apart() -> None:
    lexicon = fit_lexicon(FURNITURE, CONTENT, BACKGROUND)
    assert (logits_of(lexicon, *FURNITURE) > 0).all()
    assert (logits_of(lexicon, *CONTENT) < 0).all()


def test_both_sides_weigh_the_same_however_many_there_are_of_each() -> None:
    few = fit_lexicon(["subscribe", "the"], ["river", "the"] * 200, BACKGROUND)
    assert logits_of(few, "the")[0] == pytest.approx(0, abs=0.05)
    assert logits_of(few, "subscribe")[0] > 0.2
    assert logits_of(few, "river")[0] < -0.2


@pytest.mark.parametrize(("furniture", "content"), [([], CONTENT), (FURNITURE, []), ([], [])])
def test_without_anything_to_learn_from_it_weighs_nothing(furniture: list[str], content: list[str]) -> None:
    lexicon = fit_lexicon(furniture, content, BACKGROUND)
    assert lexicon.weights.dtype == np.float32
    assert lexicon.weights.tolist() == [0.0] * len(WORDS)
    assert logits_of(lexicon, "subscribe", "river").tolist() == [0, 0]


def test_a_bag_holds_each_known_word_once_every_pair_and_both_ends_twice_over_the_root_of_their_number() -> None:
    texts = ["River RIVER bridge stranger", "", "stranger other"]
    bags = _bags(texts, BACKGROUND).toarray()
    assert bags.shape == (3, len(WORDS) + PAIRS)
    words = np.zeros((3, len(WORDS)))
    columns = BACKGROUND.lookup(np.array([hash_of("river"), hash_of("bridge")], np.uint64))
    # Three different words; four words, each of which ends a pair; the first one, two and three, and the last, twice.
    words[0, columns] = 1 / math.sqrt(3 + 4 + 12)
    assert bags[:, : len(WORDS)] == pytest.approx(words)
    assert bags[:, len(WORDS) :].sum(axis=1) == pytest.approx([16 / math.sqrt(19), 0, 14 / math.sqrt(16)])


def test_pairs_tell_apart_what_the_words_alone_do_not() -> None:
    furniture = ["subscribe the newsletter", "the river newsletter subscribe"] * 3
    content = ["newsletter the subscribe", "subscribe newsletter river the"] * 3
    lexicon = fit_lexicon(furniture, content, BACKGROUND)
    assert (logits_of(lexicon, *furniture) > 0.2).all()
    assert (logits_of(lexicon, *content) < -0.2).all()


def test_how_a_paragraph_begins_and_ends_tells_what_its_pairs_do_not() -> None:
    # The same words and pairs but for one, which stands in none of those asked about.
    furniture = ["subscribe the river subscribe the newsletter", "subscribe the newsletter subscribe the river"] * 3
    content = ["the river subscribe the newsletter subscribe", "the newsletter subscribe the river subscribe"] * 3
    lexicon = fit_lexicon(furniture, content, BACKGROUND)
    asked = ["subscribe the bridge", "the bridge subscribe"]
    assert logits_of(lexicon, *asked)[0] > 0.2
    assert logits_of(lexicon, *asked)[1] < -0.2


def test_what_is_learned_from_is_what_is_asked_later() -> None:
    lexicon = fit_lexicon(FURNITURE, CONTENT, BACKGROUND)
    texts = ["subscribe river river stranger", "", "The the newsletter!", "stranger", "the river the river"]
    weights = np.concatenate((lexicon.weights, lexicon.pairs))
    assert logits_of(lexicon, *texts) == pytest.approx(_bags(texts, BACKGROUND) @ weights + lexicon.bias, abs=1e-6)


def test_its_numbers_are_those_that_the_model_file_keeps() -> None:
    lexicon = fit_lexicon(FURNITURE, CONTENT, BACKGROUND)
    assert lexicon.weights.astype(np.float16).astype(np.float32).tolist() == lexicon.weights.tolist()
    assert lexicon.bias == np.float32(lexicon.bias)
    assert lexicon.bias != 0


def test_labels_stay_with_their_paragraphs_beyond_one_run_of_texts() -> None:
    lexicon = fit_lexicon(["subscribe"] * 8193, ["river"] * 8193, BACKGROUND)  # runs of 8,192: three
    weights = weights_of(lexicon)
    assert weights["subscribe"] == pytest.approx(-weights["river"], rel=1e-2)
    assert logits_of(lexicon, "subscribe", "river") == pytest.approx([9, -9], abs=3)
