"""Model: one file, the same bytes each time, mapped and not copied, and refused for every way of being wrong."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import pickle
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from itertools import chain, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import DIGEST, NEWSLETTER, PHONE, RIVER, Hashed, background_of, hand_made, made_up_articles
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save
from strategies import batches
from test_terms import slow_affixes

from detector import Model, ModelError, OffTopicDetector, load_model
from detector import model as model_module
from detector.encoder import Encoded, Encoder
from detector.evidence import COLUMNS
from detector.model import BUNDLED, Judgement
from detector.paragraphs import batch_of
from detector.reader import Reader
from detector.vectors import Affixes, Lexicon, Projection

KEY = "offtopic-detector"
HAND_MADE = hand_made()
ARTICLES = [[*RIVER[:3], PHONE, *RIVER[3:]], list(DIGEST), [*RIVER, NEWSLETTER], [], ["", "qqx"]]


def leaves(value: object, name: str = "") -> dict[str, Any]:
    """The arrays, numbers and texts of nested dataclasses, by their path."""
    if is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
    elif isinstance(value, tuple):
        parts = {str(i): part for i, part in enumerate(value)}
    else:
        return {name: value}
    return {key: leaf for part, inner in parts.items() for key, leaf in leaves(inner, f"{name}.{part}").items()}


def assert_equal(one: Model, other: Model) -> None:
    mine, theirs = leaves(one), leaves(other)
    assert mine.keys() == theirs.keys()
    for name in mine.keys() - {".path"}:
        if isinstance(mine[name], np.ndarray):
            assert mine[name].dtype == theirs[name].dtype, name
            assert np.array_equal(mine[name], theirs[name]), name
        else:
            assert mine[name] == theirs[name], name


@pytest.fixture(params=["hand_model", "trained"])
def model(request: pytest.FixtureRequest) -> Model:
    found: Model = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def saved(hand_model: Model, tmp_path: Path) -> Path:
    path = tmp_path / "hand.safetensors"
    hand_model.save(path)
    return path


# --- round trip -------------------------------------------------------------------------------------------------------------


def test_a_model_comes_back_as_it_was_saved(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model.save(path)
    loaded = load_model(path)
    assert_equal(model, loaded)
    assert loaded.path is not None
    assert Path(loaded.path) == path


def test_a_loaded_model_gives_the_very_scores_of_the_saved_one(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model.save(path)
    articles = [*ARTICLES, *made_up_articles(5, seed=9)]
    batch = batch_of(articles, ["Head", *[None] * (len(articles) - 1)])
    one, other = model.judge(batch), load_model(path).judge(batch)
    assert np.array_equal(one.scores, other.scores)
    assert np.array_equal(one.furniture, other.furniture)
    assert np.array_equal(one.topicless, other.topicless)
    assert len(one.scores) == len(batch.starts) > len(articles)


def test_the_same_model_is_the_same_bytes_whoever_saves_it(model: Model, tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    model.save(first)
    model.save(str(second))
    load_model(first).save(third)
    assert first.read_bytes() == second.read_bytes() == third.read_bytes()


def test_metadata_comes_back_and_changes_nothing_else(hand_model: Model, tmp_path: Path) -> None:
    told = replace(hand_model, metadata={"z": "last", "a": "Straße ✓", "b": ""})
    told.save(tmp_path / "told")
    assert load_model(tmp_path / "told").metadata == {"z": "last", "a": "Straße ✓", "b": ""}
    replace(hand_model, metadata={"b": "", "a": "Straße ✓", "z": "last"}).save(tmp_path / "otherwise")
    assert (tmp_path / "told").read_bytes() == (tmp_path / "otherwise").read_bytes()


def test_saving_replaces_a_file_whole_and_leaves_nothing_beside_it(hand_model: Model, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"something else entirely")
    hand_model.save(path)
    assert_equal(load_model(path), hand_model)
    assert [found.name for found in tmp_path.iterdir()] == ["model"]


def test_a_model_without_a_vocabulary_is_saved_loaded_and_used(hand_model: Model, tmp_path: Path) -> None:
    background = background_of({})
    reader = Reader(background, Projection.packed(np.zeros((0, 4), np.float32)), Lexicon.blank(background))
    empty = replace(hand_model, reader=reader)
    empty.save(tmp_path / "empty")
    loaded = load_model(tmp_path / "empty")
    assert_equal(empty, loaded)
    report = OffTopicDetector(model=loaded).check([*RIVER, PHONE], title="Head")
    assert np.isfinite(report.scores).all()
    assert all(paragraph.reason for paragraph in report.paragraphs)


def with_taught(model: Model) -> Model:
    """`model` with a second space of two dimensions, in which half of the terms lie on either axis."""
    taught = Projection.packed(np.repeat(np.eye(2, dtype=np.float32), 12, axis=0))
    return replace(model, reader=replace(model.reader, taught=taught))


def test_a_taught_space_comes_back_with_its_model(hand_model: Model, tmp_path: Path) -> None:
    with_taught(hand_model).save(tmp_path / "taught")
    loaded = load_model(tmp_path / "taught")
    assert_equal(loaded, with_taught(hand_model))
    batch = batch_of(ARTICLES, [None] * len(ARTICLES))
    plain, taught = (model.reader.read(batch, None).plain for model in (hand_model, loaded))
    assert (plain != taught).any()  # it is read by


@pytest.mark.parametrize(
    "alter",
    [
        lambda held: held.pop("taught.weights"),
        lambda held: held.pop("taught.scales"),
        lambda held: held.update({"taught.weights": held["taught.weights"].astype(np.int8)}),
        lambda held: held.update({"taught.weights": held["taught.weights"][1:].copy()}),
        lambda held: held.update({name: np.tile(held[name].T, 2).T.copy() for name in ("taught.weights", "taught.scales")}),
    ],
    ids=["no weights", "no scales", "signed", "a row short", "more terms"],
)
def test_a_taught_space_that_does_not_fit_is_refused(
    hand_model: Model, tmp_path: Path, alter: Callable[[Arrays], object]
) -> None:
    with_taught(hand_model).save(tmp_path / "taught")
    rewritten(tmp_path / "taught", arrays=alter)
    refused(tmp_path / "taught", "missing or do not fit")


def with_affixes(model: Model) -> Model:
    """`model` with a taught space in which words without a row that begin with "nig-" and end in "-ed" say something too."""
    hashes = np.array(sorted([slow_affixes("night")[0], slow_affixes("closed")[4]]), np.uint64)
    affixes = Affixes(hashes, Projection.packed(np.array([[0, 2], [1, -1]], np.float32)))
    told = with_taught(model)
    return replace(told, reader=replace(told.reader, affixes=affixes))


def test_affixes_come_back_with_their_model(hand_model: Model, tmp_path: Path) -> None:
    with_affixes(hand_model).save(tmp_path / "affixes")
    loaded = load_model(tmp_path / "affixes")
    assert_equal(loaded, with_affixes(hand_model))
    assert "night" in RIVER[0]
    assert "closed" in RIVER[0]
    batch = batch_of(ARTICLES, [None] * len(ARTICLES))
    without, read = (model.reader.read(batch, None).plain for model in (with_taught(hand_model), loaded))
    # They are read by, in the taught space and in no other.
    changed = {name for name, differs in zip(COLUMNS, (without != read).any(axis=0).tolist(), strict=True) if differs}
    assert "taught_centroid" in changed
    assert all(name.startswith("taught_") for name in changed)
    one, other = (model.directions(batch) for model in (with_taught(hand_model), loaded))
    assert one.shape == other.shape
    assert (one != other).any(axis=1)[0]
    assert one[1:].tolist() != other[1:].tolist()
    load_model(tmp_path / "affixes").save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "affixes").read_bytes()


def test_a_model_may_know_of_no_affix(hand_model: Model, tmp_path: Path) -> None:
    told = with_taught(hand_model)
    none = Affixes(np.zeros(0, np.uint64), Projection.packed(np.zeros((0, 2), np.float32)))
    replace(told, reader=replace(told.reader, affixes=none)).save(tmp_path / "none")
    loaded = load_model(tmp_path / "none")
    assert loaded.reader.affixes is not None
    batch = batch_of(ARTICLES, [None] * len(ARTICLES))
    assert loaded.judge(batch).scores.tolist() == told.judge(batch).scores.tolist()


@pytest.mark.parametrize(
    "alter",
    [
        lambda held: held.pop("affixes.hashes"),
        lambda held: held.pop("affixes.weights"),
        lambda held: held.pop("affixes.scales"),
        lambda held: [held.pop(f"affixes.{part}") for part in ("hashes", "weights")],
        lambda held: held.update({"affixes.hashes": held["affixes.hashes"].astype(np.int64)}),
        lambda held: held.update({"affixes.weights": held["affixes.weights"].astype(np.int8)}),
        lambda held: held.update({"affixes.hashes": held["affixes.hashes"][1:].copy()}),
        lambda held: held.update({"affixes.weights": held["affixes.weights"][1:].copy()}),
        lambda held: held.update({"affixes.scales": held["affixes.scales"][1:].copy()}),
        lambda held: held.update({"affixes.weights": np.tile(held["affixes.weights"], 2)}),
        lambda held: held.update({"taught.weights": np.tile(held["taught.weights"], 2)}),
        lambda held: [held.pop(f"taught.{part}") for part in ("weights", "scales")],
        lambda held: held.update({"affixes.hashes": held["affixes.hashes"][::-1].copy()}),
    ],
    ids=[
        "no hashes",
        "no weights",
        "no scales",
        "scales alone",
        "signed hashes",
        "signed weights",
        "a hash short",
        "a row short",
        "a scale short",
        "wider than taught",
        "narrower than taught",
        "no taught space",
        "not sorted",
    ],
)
def test_affixes_that_do_not_fit_are_refused(hand_model: Model, tmp_path: Path, alter: Callable[[Arrays], object]) -> None:
    with_affixes(hand_model).save(tmp_path / "affixes")
    rewritten(tmp_path / "affixes")
    assert load_model(tmp_path / "affixes").reader.affixes is not None
    rewritten(tmp_path / "affixes", arrays=alter)
    refused(tmp_path / "affixes", "missing or do not fit")


def test_affixes_without_a_taught_space_are_refused_by_name(hand_model: Model, tmp_path: Path) -> None:
    told = with_affixes(hand_model)
    replace(told, reader=replace(told.reader, taught=None)).save(tmp_path / "affixes")
    refused(tmp_path / "affixes", "there are affixes without a taught space")


def with_encoder(model: Model) -> Model:
    """`model` with an encoder in its projection's place."""
    background = replace(model.reader.background, rows=np.full_like(model.reader.background.rows, -1))
    return replace(model, reader=replace(model.reader, background=background, projection=Encoded.by(Hashed())))


def test_what_an_encoder_made_of_a_sentence_comes_back_with_its_model(hand_model: Model, tmp_path: Path) -> None:
    encoder = Hashed()
    with_encoder(hand_model).save(tmp_path / "encoded")
    loaded = load_model(tmp_path / "encoded", encoder)
    assert isinstance(loaded.reader.projection, Encoded)
    assert loaded.reader.projection.encoder is encoder
    expected = with_encoder(hand_model)
    assert_equal(loaded, replace(expected, reader=replace(expected.reader, projection=loaded.reader.projection)))
    assert loaded.reader.projection.probe.tolist() == Encoded.by(encoder).probe.tolist()


@pytest.mark.parametrize(
    "alter",
    [
        lambda held: held.pop("encoder.probe"),
        lambda held: held.update({"encoder.probe": held["encoder.probe"].astype(np.float64)}),
        lambda held: held.update({"encoder.probe": held["encoder.probe"][None].copy()}),
        lambda held: held.update(
            {"projection.weights": np.zeros((0, 1), np.uint8), "projection.scales": np.zeros(0, np.float32)}
        ),
        lambda held: held.update({"background.projected": np.zeros(1, np.int32)}),
    ],
    ids=["neither", "another type", "deeper", "both", "projected terms"],
)
def test_what_stands_in_the_projections_place_and_does_not_fit_is_refused(
    hand_model: Model, tmp_path: Path, alter: Callable[[Arrays], object]
) -> None:
    with_encoder(hand_model).save(tmp_path / "encoded")
    rewritten(tmp_path / "encoded", arrays=alter)
    refused(tmp_path / "encoded", "missing or do not fit", Hashed())


def test_the_bundled_model_is_found_without_a_path() -> None:
    assert load_model().path == str(BUNDLED)
    assert load_model() is load_model()
    assert OffTopicDetector()._ready() is OffTopicDetector(model="default")._ready()


# --- long articles ----------------------------------------------------------------------------------------------------------


def judged(model: Model, *articles: list[str], title: str | None = None) -> Judgement:
    """The judgement of `articles` in one batch, of which the first may have a title."""
    return model.judge(batch_of(articles, [title, *[None] * (len(articles) - 1)]))


def test_a_long_article_gets_the_scores_of_its_stretches_as_articles_of_their_own(
    hand_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 20 rows, 8 at most: 6, 7 and 7. A phone and a sign-up line among rivers; a river among phones.
    phones = [f"The {a} and the {b} of the phone." for a, b in permutations(["battery", "charger", "screen"], 2)]
    parts = [[*RIVER[:3], PHONE, *RIVER[3:]], [*RIVER, NEWSLETTER, RIVER[0]], [*phones, RIVER[0]]]
    article = list(chain.from_iterable(parts))
    whole = judged(hand_model, article)
    monkeypatch.setattr(model_module, "_STRETCH", 8)
    cut, alone = judged(hand_model, article), [judged(hand_model, part) for part in parts]
    assert cut.scores == pytest.approx(np.concatenate([part.scores for part in alone]), abs=1e-6)
    assert cut.furniture.tolist() == np.concatenate([part.furniture for part in alone]).tolist()
    assert np.flatnonzero(cut.scores > 0.9).tolist() == [3, 11, 19]
    assert cut.scores != pytest.approx(whole.scores, abs=0.1)  # as one article it is about both


def test_the_title_of_a_long_article_is_context_for_its_first_stretch(
    hand_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_module, "_STRETCH", 6)
    cut = judged(hand_model, [*DIGEST, *DIGEST], title="The river")  # 9 rows: the title and three, five
    first, second = judged(hand_model, list(DIGEST[:3]), title="The river"), judged(hand_model, [DIGEST[3], *DIGEST])
    assert cut.scores == pytest.approx(np.concatenate((first.scores, second.scores)), abs=1e-6)
    assert cut.scores[1] < 0.5 < cut.scores[5]  # "The river and the bridge.", with the title and without


@pytest.mark.parametrize(
    ("stretches", "topicless"),
    [("dd", True), ("rr", False), ("rd", False), ("drd", True), ("rdr", False), ("rrdd", False), ("ddrdr", True)],
)
def test_a_long_article_has_no_common_topic_if_most_of_its_stretches_have_none(
    hand_model: Model, monkeypatch: pytest.MonkeyPatch, stretches: str, topicless: bool
) -> None:
    parts = {"d": list(DIGEST), "r": list(RIVER[:4])}
    assert judged(hand_model, *parts.values()).topicless.tolist() == [True, False]
    monkeypatch.setattr(model_module, "_STRETCH", 4)
    article = list(chain.from_iterable(parts[part] for part in stretches))
    assert judged(hand_model, article).topicless.tolist() == [topicless]


def test_short_articles_beside_a_long_one_are_judged_as_without_it(hand_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_module, "_STRETCH", 8)
    long = [*RIVER, *DIGEST, NEWSLETTER] * 3
    expected = judged(hand_model, *ARTICLES)
    cut = judged(hand_model, *ARTICLES, long, *ARTICLES)
    rows, count = len(expected.scores), len(ARTICLES)
    assert len(cut.scores) == 2 * rows + len(long)
    for scores in (cut.scores[:rows], cut.scores[-rows:]):
        assert scores == pytest.approx(expected.scores, abs=1e-6)
    assert cut.furniture[:rows].tolist() == cut.furniture[-rows:].tolist() == expected.furniture.tolist()
    assert cut.topicless[:count].tolist() == cut.topicless[count + 1 :].tolist() == expected.topicless.tolist()
    assert expected.topicless.tolist() == [False, True, False, False, False]


@given(batches, st.integers(1, 4))
def test_whatever_the_stretches_hold_every_row_gets_a_score(pairs: list[tuple[str | list[str], str | None]], most: int) -> None:
    batch = batch_of([article for article, _ in pairs], [title for _, title in pairs])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(model_module, "_STRETCH", most)
        found = HAND_MADE.judge(batch)
    assert len(found.scores) == len(found.furniture) == len(batch.starts)
    assert len(found.topicless) == len(pairs)
    assert ((found.scores >= 0) & (found.scores <= 1)).all()  # nan is neither


# --- memory -----------------------------------------------------------------------------------------------------------------


def mapped(array: np.ndarray) -> bool:
    """Whether the data of `array` lie in a memory-mapped file."""
    base: Any = array
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    return isinstance(base, np.memmap)


def test_the_large_arrays_of_a_loaded_model_are_mapped_and_read_only(saved: Path) -> None:
    loaded = load_model(saved)
    for array in (
        loaded.reader.projection.weights,
        loaded.reader.projection.scales,
        loaded.reader.background.hashes,
        loaded.scorer.foreign.weights[0],
    ):
        assert not array.flags.owndata
        assert mapped(array)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_pickling_a_loaded_model_takes_its_path_only(trained: Model, tmp_path: Path) -> None:
    trained.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    content = pickle.dumps(loaded)
    assert len(content) < 500
    assert pickle.loads(content) is loaded
    assert copy.deepcopy(loaded) is loaded


def test_pickling_a_model_that_was_never_saved_takes_all_of_it(hand_model: Model) -> None:
    assert_equal(pickle.loads(pickle.dumps(hand_model)), hand_model)


def test_a_model_loaded_by_a_relative_path_survives_a_change_of_directory(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load_model(saved.name)
    content = pickle.dumps(loaded)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert_equal(pickle.loads(content), loaded)


def test_a_model_saved_over_another_is_the_one_that_is_loaded_next(hand_model: Model, saved: Path) -> None:
    before = load_model(saved)
    replace(hand_model, metadata={"made": "anew"}).save(saved)
    assert load_model(saved).metadata == {"made": "anew"}
    assert before.metadata == {"made": "by hand"}
    assert OffTopicDetector(model=saved)._ready() is load_model(saved)


# --- what is refused --------------------------------------------------------------------------------------------------------


def refused(path: str | Path, message: str, encoder: Encoder | None = None) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        load_model(path, encoder)
    assert caught.value.path == str(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    refused(tmp_path / "nothing", "there is no such file")
    refused("", "there is no such file")
    refused("no\0thing", "there is no such file")
    with pytest.raises(ModelError, match="there is no such file"):
        OffTopicDetector(model=tmp_path / "nothing").check("")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "there is no such file")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"\0" * 8,
        b"\xff" * 4096,
        b"just some text, long enough to be read as a length and a header" * 10,
        np.random.default_rng(0).bytes(100_000),
        (2).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (7).to_bytes(8, "little") + b'{"a":1}',
        b"PK\x03\x04" + b"\0" * 100,
    ],
    ids=["empty", "one byte", "noughts", "ones", "text", "random", "empty header", "list", "no tensor", "zip"],
)
def test_a_file_of_another_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(content)
    refused(path, "not a model")


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(save({"weight": np.ones((2, 2), np.float32)}, metadata={"format": "pt"}))
    refused(path, "not a model of offtopic-detector")
    path.write_bytes(save({"weight": np.ones((2, 2), np.float32)}))
    refused(path, "not a model of offtopic-detector")


class _Trap:
    """Unpickled, it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_is_refused_and_nothing_of_it_is_executed(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(_Trap(trap)))
    refused(path, "not a model")
    assert not trap.exists()
    pickle.loads(path.read_bytes())
    assert trap.exists()  # it would have


def test_a_file_cut_short_anywhere_is_refused(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    path = tmp_path / "cut"
    for size in (1, 7, 8, 9, header // 2, header - 1, header, header + 1, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        refused(path, "not a model file, or cut short")


@pytest.mark.parametrize("garbage", [b"\0", b"\n", b"garbage" * 100])
def test_garbage_behind_the_end_is_refused(saved: Path, garbage: bytes) -> None:
    saved.write_bytes(saved.read_bytes() + garbage)
    refused(saved, "not a model file, or cut short")


def test_any_changed_byte_of_the_arrays_is_noticed(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    path = tmp_path / "changed"
    for at in (header, (header + len(content)) // 2, len(content) - 1):
        changed = bytearray(content)
        changed[at] ^= 1
        path.write_bytes(changed)
        refused(path, "do not match the digest")


Arrays = dict[str, Any]


def rewritten(
    path: Path, *, arrays: Callable[[Arrays], object] = lambda _: None, header: dict[str, object] | None = None
) -> None:
    """Change the arrays or the header of the model at `path` as somebody would who takes care of the digest."""
    held = load_file(path)
    with safe_open(path, framework="numpy") as file:
        told = json.loads(file.metadata()[KEY])
    arrays(held)
    digest = hashlib.sha256()
    for name in sorted(held):
        digest.update(f"{name} {held[name].dtype} {held[name].shape}".encode() + held[name].tobytes())
    told = {**told, "digest": digest.hexdigest(), **(header or {})}
    path.write_bytes(save(held, metadata={KEY: json.dumps({key: value for key, value in told.items() if value is not ...})}))


def test_a_file_rewritten_without_a_change_is_read(saved: Path, hand_model: Model) -> None:
    rewritten(saved)
    assert_equal(load_model(saved), hand_model)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", 0),
        ("version", 1),
        ("version", "2"),
        ("version", ...),
        ("terms", "0123456789abcdef"),
        ("columns", ["centroid"]),
        ("columns", ...),
        ("summary", []),
    ],
)
def test_a_model_made_for_another_version_or_other_rules_is_refused(saved: Path, key: str, value: object) -> None:
    rewritten(saved, header={key: value})
    refused(saved, f"made for other {key} .* train it anew")


@pytest.mark.parametrize("content", ["", "{", "[]", "1", "null", '"text"', "{}"])
def test_metadata_that_is_no_record_is_refused(saved: Path, content: str) -> None:
    saved.write_bytes(save(load_file(saved), metadata={KEY: content}))
    refused(saved, "made for other version|not a model")


@pytest.mark.parametrize("header", [{"metadata": ...}, {"metadata": None}, {"metadata": ["a"]}, {"metadata": "text"}])
def test_a_model_without_its_description_is_refused(saved: Path, header: dict[str, object]) -> None:
    rewritten(saved, header=header)
    refused(saved, "train it anew")


def names_of_arrays() -> list[str]:
    networks = [
        f"{name}.{part}"
        for name in ("first", "foreign", "furniture", "topic")
        for part in ("mean", "scale", "weights.0", "biases.0")
    ]
    background = [f"background.{part}" for part in ("hashes", "idf", "projected", "unknown_idf")]
    calibration = [
        f"calibration.{part}" for part in ("logits", "probabilities", "rates", "lengths", "thresholds", "strange", "topicless")
    ]
    lexicon = [f"lexicon.{part}" for part in ("weights", "pairs", "bias")]
    return [*networks, *background, *calibration, *lexicon, "projection.weights", "projection.scales"]


def test_the_names_below_are_those_in_a_file(saved: Path) -> None:
    assert sorted(names_of_arrays()) == sorted(load_file(saved))


@pytest.mark.parametrize("name", names_of_arrays())
def test_a_missing_array_is_refused(saved: Path, name: str) -> None:
    rewritten(saved, arrays=lambda held: held.pop(name))
    refused(saved, "missing or do not fit")


@pytest.mark.parametrize("name", names_of_arrays())
@pytest.mark.parametrize("change", ["longer", "empty", "flat", "deeper", "another type"])
def test_an_array_of_another_shape_or_type_is_refused(saved: Path, name: str, change: str) -> None:
    def alter(held: Arrays) -> None:
        array = held[name]
        if change == "longer":
            held[name] = np.concatenate((array, array[:1]))
        elif change == "empty":
            held[name] = array[:0].copy()
        elif change == "flat":
            held[name] = array.reshape(-1)[:1].reshape(()).copy()
        elif change == "deeper":
            held[name] = array[..., None].copy()
        else:
            held[name] = array.astype(np.int64)

    rewritten(saved, arrays=alter)
    refused(saved, "missing or do not fit")


@pytest.mark.parametrize(
    ("term", "says"), [(-1, "others are projected"), (None, "others are projected"), (0, "projected twice")]
)
def test_rows_of_terms_that_are_none_or_have_one_are_refused(saved: Path, term: int | None, says: str) -> None:
    def alter(held: Arrays) -> None:
        held["background.projected"][:2] = [0, len(held["background.hashes"]) if term is None else term]

    rewritten(saved, arrays=alter)
    refused(saved, says)


def test_every_term_has_its_row_again(hand_model: Model, tmp_path: Path) -> None:
    background = hand_model.reader.background
    rows = np.full_like(background.rows, -1)
    rows[background.rows >= 0] = background.rows[background.rows >= 0][::-1]  # in another order than the vocabulary
    assert rows.tolist() != sorted(rows.tolist())
    replace(hand_model, reader=replace(hand_model.reader, background=replace(background, rows=rows))).save(tmp_path / "turned")
    assert load_model(tmp_path / "turned").reader.background.rows.tolist() == rows.tolist()


def test_a_vocabulary_out_of_order_is_refused(saved: Path) -> None:
    rewritten(saved, arrays=lambda held: held.update({"background.hashes": held["background.hashes"][::-1].copy()}))
    refused(saved, "missing or do not fit")


def test_a_model_error_is_told_in_full_and_can_be_sent_between_processes(tmp_path: Path) -> None:
    error = ModelError(os.fspath(tmp_path), "no good")
    assert str(error) == f"{tmp_path}: no good"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.path) == (ModelError, str(error), error.path)
