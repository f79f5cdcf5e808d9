"""Encoder: what is taken for one, how it reads a batch, and models that are learned, saved and loaded with it."""

from __future__ import annotations

import copy
import math
import pickle
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import RIVER, Hashed, made_up_articles, spelt
from hypothesis import given
from safetensors.numpy import load_file
from strategies import batches

from detector import InputError, Model, ModelError, OffTopicDetector, TrainSettings, load_model, train
from detector.encoder import Encoded
from detector.paragraphs import batch_of

SMALL = TrainSettings(cases=300)
MADE = made_up_articles(100, seed=3)
ARTICLES = [*made_up_articles(4, seed=9), list(RIVER), [], ["", "qqx"], "One text.\n\nOf two paragraphs, \U0001f600."]


class Remembering(Hashed):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        self.asked.append(list(sentences))
        return super().encode(sentences)


class Giving:
    """Gives for texts whatever `given` makes of their number."""

    def __init__(self, given: Callable[[int], Any]) -> None:
        self.given = given

    def encode(self, sentences: Sequence[str]) -> Any:
        return self.given(len(sentences))


# --- what is taken for an encoder -------------------------------------------------------------------------------------------


def test_an_encoder_is_asked_about_one_sentence_and_what_it_gives_is_kept() -> None:
    encoder = Remembering()
    encoded = Encoded.by(encoder)
    ((sentence,),) = encoder.asked
    assert len(sentence.split()) > 10  # of a few words encoders know too little
    assert encoded.encoder is encoder
    assert encoded.probe.tolist() == encoder.encode([sentence])[0].tolist()
    assert encoded.probe.dtype == np.float32
    assert Encoded.by(Remembering()).probe.tolist() == encoded.probe.tolist()  # a fixed sentence


@pytest.mark.parametrize(
    "given",
    [
        lambda n: np.full((n, 3), 0.5, np.float16),
        lambda n: np.full((n, 3), 0.5),
        lambda n: [[0.5] * 3] * n,
        lambda n: [np.full(3, 0.5)] * n,
        lambda n: tuple((0.5, 0.5, 0.5) for _ in range(n)),
    ],
    ids=["half precision", "double precision", "lists", "a list of arrays", "tuples"],
)
def test_vectors_may_come_as_whatever_numpy_makes_an_array_of(given: Callable[[int], Any]) -> None:
    encoded = Encoded.by(Giving(given))
    vectors = encoded.vectors(batch_of([["one", "", "two"]], [None]))
    assert encoded.probe.tolist() == [0.5] * 3
    assert vectors.tolist() == [[0.5] * 3, [0] * 3, [0.5] * 3]
    assert encoded.probe.dtype == vectors.dtype == np.float32


@pytest.mark.parametrize("encoder", [None, len, np.zeros(3), "all-MiniLM-L6-v2"], ids=["None", "function", "array", "name"])
def test_what_has_no_method_encode_is_refused_by_its_type_and_with_the_cure(encoder: Any) -> None:
    # That of a str is another one.
    with pytest.raises(InputError, match=f"has a method encode.*, got {type(encoder).__name__}; wrap it in an object"):
        Encoded.by(encoder)


@pytest.mark.parametrize(
    ("given", "got"),
    [
        (lambda n: np.ones(n), "the shape (1,)"),
        (lambda n: np.ones((n, 3, 2)), "the shape (1, 3, 2)"),
        (lambda n: 7, "the shape ()"),
        (lambda n: [[]] * n, "the shape (1, 0)"),
        (lambda n: np.ones((n + 1, 3)), "the shape (2, 3)"),
        (lambda n: [], "the shape (0,)"),
        (lambda n: np.full((n, 3), np.nan), "numbers that are not finite in the shape (1, 3)"),
        (lambda n: [[1.0, -np.inf]] * n, "numbers that are not finite in the shape (1, 2)"),
    ],
    ids=["flat", "deep", "a number", "no dimensions", "a row too many", "no row", "nan", "infinite"],
)
def test_what_is_not_a_vector_of_finite_numbers_a_text_is_refused_by_what_it_is(given: Callable[[int], Any], got: str) -> None:
    with pytest.raises(InputError, match=f"an array of finite numbers, a row a text; .*Giving gave {re.escape(got)}"):
        Encoded.by(Giving(given))


@pytest.mark.parametrize(
    "given",
    [lambda n: None, lambda n: [[1.0], [1.0, 2.0]], lambda n: ["a vector"] * n, lambda n: {"vectors": [[1.0]] * n}],
    ids=["None", "ragged", "text", "a dictionary"],
)
def test_what_is_no_array_of_numbers_at_all_is_refused_too(given: Callable[[int], Any]) -> None:
    with pytest.raises(InputError, match="encode gives an array of finite numbers, a row a text"):
        Encoded.by(Giving(given))


def test_an_encoder_that_fails_later_is_refused_by_how_many_texts_it_was_given() -> None:
    encoded = Encoded.by(Giving(lambda n: np.ones((1, 3))))
    assert encoded.vectors(batch_of([["one", ""]], [None])).tolist() == [[1] * 3, [0] * 3]
    with pytest.raises(InputError, match=re.escape("for 2 texts Giving gave the shape (1, 3)")):
        encoded.vectors(batch_of([["one", "two"]], [None]))


@pytest.mark.parametrize("width", [1, 2, 4])
def test_an_encoder_whose_vectors_change_their_width_is_refused(width: int) -> None:
    encoded = Encoded.by(Giving(lambda n: np.ones((n, 3 if n == 1 else width))))
    with pytest.raises(InputError, match=re.escape(f"the shape (2, {width})")):
        encoded.vectors(batch_of([["one", "two"]], [None]))


# --- the same encoder or another one ----------------------------------------------------------------------------------------


def test_an_encoder_is_like_itself_rounded_scaled_or_a_little_off() -> None:
    encoded = Encoded.by(Hashed())
    probe = encoded.probe
    off = np.random.default_rng(0).standard_normal(16).astype(np.float32)
    off *= 0.05 * np.linalg.norm(probe) / np.linalg.norm(off)
    for other in (probe, probe.astype(np.float16).astype(np.float32), 3 * probe, probe / 3, probe + off):
        assert encoded.is_like(other)


@pytest.mark.parametrize(
    ("degrees", "alike"), [(0, True), (8, True), (9, False), (-8, True), (-9, False), (90, False), (180, False)]
)
def test_an_encoder_is_like_another_up_to_a_cosine_of_99_hundredths(degrees: float, alike: bool) -> None:
    # The cosine of 8.11 degrees is .99.
    turned = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))], np.float32)
    assert Encoded(Hashed(2), np.array([2, 0], np.float32)).is_like(turned) is alike


def test_an_encoder_is_not_like_one_of_other_dimensions_or_other_directions() -> None:
    encoded = Encoded.by(Hashed())
    for other in (Hashed(8), Hashed(32), Hashed(seed=1), Hashed(letters=2)):
        assert not encoded.is_like(Encoded.by(other).probe)
    assert not encoded.is_like(encoded.probe[:1])
    assert not encoded.is_like(-encoded.probe)


def test_an_encoder_to_which_the_sentence_says_nothing_is_not_like_one_that_knows_it() -> None:
    silent, knowing = np.zeros(16, np.float32), Encoded.by(Hashed())
    assert not knowing.is_like(silent)
    assert not Encoded(Hashed(), silent).is_like(knowing.probe)


# --- vectors of a batch -----------------------------------------------------------------------------------------------------


def test_each_row_is_the_vector_of_the_paragraphs_exact_text_titles_included() -> None:
    encoder = Remembering()
    encoded = Encoded.by(encoder)
    articles = [
        ["The river rose.", "  \u2003\n", "Plain  spaces stay ", ""],
        "A text is split.\n\n\U0001f600 \U00020000 beyond the BMP\n\n\ud800 broken \udfff\ud83d\ude00",
        [],
        [" ", "\x85"],
    ]
    batch = batch_of(articles, ["Straße ✓ ", None, "\U0001d49c alone", None])
    vectors = encoded.vectors(batch)
    texts = ["Straße ✓ ", "The river rose.", "", "Plain  spaces stay ", "", "A text is split."]
    texts += ["\U0001f600 \U00020000 beyond the BMP", "\ud800 broken \udfff\ud83d\ude00", "\U0001d49c alone", "", ""]
    filled = [text for text in texts if text]
    assert encoder.asked[1:] == [filled]  # at once
    assert vectors.shape == (11, 16)
    assert vectors.dtype == np.float32
    for row, text in zip(vectors, texts, strict=True):
        assert row.tolist() == (encoder.encode([text])[0].tolist() if text else [0] * 16)
        assert row.any() == bool(text)


@given(batches)
def test_the_texts_handed_over_are_those_of_the_rows_that_are_not_blank(
    pairs: list[tuple[str | list[str], str | None]],
) -> None:
    encoder = Remembering()
    encoded = Encoded.by(encoder)
    batch = batch_of([article for article, _ in pairs], [title for _, title in pairs])
    spans = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
    texts = ["".join(map(chr, batch.codes[start:end].tolist())) for start, end in spans]
    vectors = encoded.vectors(batch)
    filled = [text for text in texts if text.strip()]
    assert encoder.asked[1:] == ([filled] if filled else [])
    expected = [Hashed().encode([text])[0] if text.strip() else np.zeros(16) for text in texts]
    assert vectors.tolist() == [vector.tolist() for vector in expected]


@pytest.mark.parametrize(
    "articles", [[], [[]], [""], [["", " ", "\n\u3000"], [], [""]]], ids=["none", "empty", "text", "blank"]
)
def test_an_encoder_is_never_asked_for_nothing(articles: list[Any]) -> None:
    encoder = Remembering()
    batch = batch_of(articles, [None] * len(articles))
    vectors = Encoded.by(encoder).vectors(batch)
    assert vectors.shape == (len(batch.starts), 16)
    assert not vectors.any()
    assert len(encoder.asked) == 1  # about the fixed sentence


# --- learned, saved and loaded ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked() -> Remembering:
    return Remembering()


@pytest.fixture(scope="module")
def learned(asked: Remembering) -> Model:
    """A model learned with an encoder that remembers."""
    return train(MADE, SMALL, encoder=asked)


@pytest.fixture(scope="module")
def saved(learned: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encoded") / "model.safetensors"
    learned.save(path)
    return path


def scores_of(model: Model, articles: Sequence[Any] = tuple(ARTICLES)) -> list[list[float]]:
    return [report.scores.tolist() for report in OffTopicDetector(model=model).check_many(articles)]


def test_learning_reads_whole_paragraphs_of_the_articles_by_the_encoder_and_learns_no_projection(
    learned: Model, asked: Remembering
) -> None:
    encoded = learned.reader.projection
    assert isinstance(encoded, Encoded)
    assert encoded.encoder is asked
    assert learned.reader.taught is None
    assert learned.reader.affixes is None
    assert (learned.reader.background.rows == -1).all()
    assert len(learned.reader.background.hashes) > 100
    read = {text for texts in asked.asked for text in texts}
    assert len(read & {paragraph for article in MADE for paragraph in article}) > 100
    assert all(text.strip() for text in read)


def test_a_model_with_an_encoder_gives_the_very_scores_after_saving_and_the_same_bytes_when_saved_again(
    learned: Model, saved: Path, tmp_path: Path
) -> None:
    loaded = load_model(saved, encoder=Hashed())
    here = scores_of(learned)
    assert scores_of(loaded) == here
    assert len({score for scores in here for score in scores}) > 10
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()
    assert [r.scores.tolist() for r in OffTopicDetector(model=saved, encoder=Hashed()).check_many(ARTICLES)] == here
    titled = OffTopicDetector(model=str(saved), encoder=Hashed()).check(ARTICLES[0], title=ARTICLES[1][0])
    assert titled.scores.tolist() != here[0]  # the title is read by it too


def test_the_file_holds_what_the_encoder_made_of_the_sentence_and_nothing_else_of_it(learned: Model, saved: Path) -> None:
    held = load_file(saved)
    assert held["encoder.probe"].tolist() == Encoded.by(Hashed()).probe.tolist()
    assert [name for name in held if name.startswith("encoder.")] == ["encoder.probe"]
    assert not [name for name in held if name.startswith(("projection.", "taught.", "affixes."))]
    assert b"Hashed" not in saved.read_bytes()


def test_a_model_learned_with_an_encoder_is_not_loaded_without_it(saved: Path) -> None:
    for used in (
        lambda: load_model(saved),
        lambda: OffTopicDetector(model=saved).check("a"),
        lambda: OffTopicDetector(model=saved).fit(["a"]),
        lambda: list(OffTopicDetector(model=saved).check_many(["a"])),
    ):
        with pytest.raises(ModelError, match=r"does not hold; give it: OffTopicDetector\(model, encoder=…\)") as caught:
            used()
        assert caught.value.path == str(saved)


@pytest.mark.parametrize("other", [Hashed(8), Hashed(seed=1), Hashed(letters=3)], ids=["narrower", "other vectors", "coarser"])
def test_a_model_learned_with_an_encoder_is_not_loaded_with_another(saved: Path, other: Hashed) -> None:
    for used in (lambda: load_model(saved, other), lambda: OffTopicDetector(model=saved, encoder=other).check("a")):
        with pytest.raises(ModelError, match=r"with another encoder than the one given; give that one, or train"):
            used()


def test_what_is_no_encoder_is_refused_where_one_is_needed(saved: Path) -> None:
    with pytest.raises(InputError, match=r"has a method encode.*, got int"):
        OffTopicDetector(model=saved, encoder=5).check("a")  # type: ignore[arg-type]


class Rounded(Hashed):
    """The same encoder in half precision, as on another machine."""

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        return super().encode(sentences).astype(np.float16)


def test_the_same_encoder_in_half_precision_is_taken_and_leaves_the_file_as_it_was(saved: Path, tmp_path: Path) -> None:
    rounded = load_model(saved, Rounded())
    for here, there in zip(scores_of(rounded), scores_of(load_model(saved, Hashed())), strict=True):
        assert here == pytest.approx(there, abs=0.02)
    rounded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()


def test_an_encoder_is_refused_with_a_model_that_has_a_projection(hand_model: Model, tmp_path: Path) -> None:
    hand_model.save(tmp_path / "model")
    for used in (
        lambda: load_model(tmp_path / "model", Hashed()),
        lambda: OffTopicDetector(model=tmp_path / "model", encoder=Hashed()).check("a"),
    ):
        with pytest.raises(InputError, match="has a projection of its own; leave out the encoder, or train a model with it"):
            used()


def test_an_encoder_is_refused_with_a_model_at_hand(hand_model: Model, learned: Model) -> None:
    for detector in (OffTopicDetector(model=model, encoder=Hashed()) for model in (hand_model, learned)):
        for used in (detector.check, detector.fit, lambda held, detector=detector: list(detector.check_many(held))):
            with pytest.raises(InputError, match="a Model at hand has its own, leave it out"):
                used(["a"])


def test_a_teacher_and_an_encoder_at_once_and_an_encoder_that_is_none_are_refused_before_anything_is_read() -> None:
    def articles() -> Iterator[list[str]]:
        raise AssertionError("read")
        yield []

    with pytest.raises(InputError, match="give one of them, got both"):
        train(articles(), SMALL, teacher=Hashed().encode, encoder=Hashed())
    with pytest.raises(InputError, match=r"has a method encode.*, got object"):
        train(articles(), SMALL, encoder=object())  # type: ignore[arg-type]


# --- copied, pickled and in other processes ---------------------------------------------------------------------------------


def test_pickling_a_loaded_model_takes_its_path_and_its_encoder(saved: Path) -> None:
    loaded = load_model(saved, Hashed())
    content = pickle.dumps(loaded)
    assert len(content) < 500
    for again in (pickle.loads(content), copy.deepcopy(loaded)):
        assert isinstance(again.reader.projection, Encoded)
        assert isinstance(again.reader.projection.encoder, Hashed)
        assert again.path == loaded.path
        assert scores_of(again) == scores_of(loaded)


def test_pickling_a_model_with_an_encoder_that_was_never_saved_takes_all_of_it(learned: Model) -> None:
    again = pickle.loads(pickle.dumps(learned))
    assert again.path is None
    assert scores_of(again) == scores_of(learned)


def test_a_report_by_an_encoder_gives_reasons_and_can_be_pickled(saved: Path) -> None:
    report = OffTopicDetector(model=saved, encoder=Hashed()).check(ARTICLES[0])
    again = pickle.loads(pickle.dumps(report))
    assert [p.reason for p in again.paragraphs] == [p.reason for p in report.paragraphs]
    assert all(p.reason.endswith(".") for p in report.paragraphs)


def test_a_clone_of_scikit_learn_has_the_encoder_too(saved: Path) -> None:
    from sklearn.base import clone

    encoder = Hashed()
    detector = OffTopicDetector(model=saved, encoder=encoder)
    assert detector.get_params()["encoder"] is encoder
    other = clone(detector)
    assert other.check(ARTICLES[0]).scores.tolist() == detector.check(ARTICLES[0]).scores.tolist()
    with pytest.raises(ModelError, match="trained with a sentence encoder"):
        other.set_params(encoder=None).check("a")


def test_two_processes_say_with_an_encoder_what_one_says(learned: Model, saved: Path) -> None:
    for detector in (OffTopicDetector(model=saved, encoder=Hashed()), OffTopicDetector(model=learned)):
        one, two = ([r.scores.tolist() for r in detector.check_many(ARTICLES, n_jobs=n_jobs)] for n_jobs in (1, 2))
        assert len(one) == len(two) == len(ARTICLES)
        for here, there in zip(one, two, strict=True):
            assert there == pytest.approx(here, abs=1e-6)


# --- it is the encoder that knows -------------------------------------------------------------------------------------------


def unrepeated(count: int, first: int) -> list[list[str]]:
    """Articles in which no word ever stands twice; those of an article begin with the same letter, and that is its subject."""
    rng = np.random.default_rng(first)
    numbers = iter(range(first, first + 10**6))

    def paragraph(subject: str) -> str:
        # Backwards, for numbers in a row begin alike, and words of one stem are one.
        return " ".join(subject + spelt(next(numbers))[::-1] for _ in range(rng.integers(12, 30))) + "."

    return [[paragraph("klmnopqrstuvwxyz"[i % 16]) for _ in range(rng.integers(5, 10))] for i in range(count)]


def test_an_intruder_of_unheard_words_is_told_by_an_encoder_that_knows_its_subject_and_by_no_other() -> None:
    taught, fresh = unrepeated(112, 10**7), unrepeated(16, 2 * 10**7)
    words = [word for article in (*taught, *fresh) for paragraph in article for word in paragraph.rstrip(".").split()]
    assert len(set(words)) == len(words) > 10_000
    scores, first = {}, {}
    for name, encoder in (("knowing", Hashed(letters=1)), ("ignorant", Hashed())):
        detector = OffTopicDetector(model=train(taught, SMALL, encoder=encoder))
        reports = [detector.check([*host[:2], fresh[i - 5][0], *host[2:]]) for i, host in enumerate(fresh)]
        scores[name] = np.array([report.scores[2] for report in reports])
        first[name] = sum(int(report.scores.argmax() == 2) for report in reports)
    assert first["knowing"] > 13  # of 16, where chance would give 2
    assert first["ignorant"] < 8
    assert (scores["knowing"] > scores["ignorant"] + 0.2).all()
