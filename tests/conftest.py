"""Models small enough to follow by hand, and one learned from made-up articles."""

from __future__ import annotations

import gc
import io
import re
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from detector import Model, OffTopicDetector, Overview
from detector.background import Background
from detector.cli import main
from detector.evidence import COLUMNS
from detector.postings import PAIRS
from detector.reader import Reader
from detector.scorer import SUMMARY, Calibration, Network, Scorer, sigmoid
from detector.terms import hash_of
from detector.vectors import Lexicon, Projection
from tests.crowd import Crowd, crowd, records

# A busy machine is no failure: what must be fast has a test of its own.
settings.register_profile("offtopic", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("offtopic")

FIXTURES = Path(__file__).parents[1] / "fixtures" / "articles"

# Four subjects, each a direction of its own; words of no subject; words of the page.
SUBJECTS = (
    "river bridge water flood bank boat",
    "phone battery charger screen app cable",
    "violin concert orchestra singer opera stage",
    "bread butter oven recipe sugar flour",
)
PLAIN = "the and was of in on for that with it"
FURNITURE = "subscribe newsletter inbox advertisement"

RIVER = (
    "The river rose in the night and the bridge was closed.",
    "Water stood on the bank and the flood took a boat.",
    "The boat was found on the bank with the river still high.",
    "It was the bridge that held the flood and the water.",
    "With the flood gone the boat was on the river again.",
)
PHONE = "The phone and the charger: the battery of that screen exploded."
NEWSLETTER = "Subscribe for the newsletter."
DIGEST = (
    "The river and the bridge.",
    "The phone and the battery.",
    "The violin and the concert.",
    "The bread and the butter.",
)


def spelt(number: int) -> str:
    """The number in letters: lines that differ in digits alone are taken for the same."""
    return str(number).translate(str.maketrans("0123456789", "abcdefghij"))


def background_of(idf: Mapping[str, float], rows: Mapping[str, int] | None = None, unknown_idf: float = 8.0) -> Background:
    """A background that knows the words of `idf`; `rows` tells the projection row of some."""
    words = sorted(idf, key=hash_of)
    return Background(
        hashes=np.array([hash_of(word) for word in words], np.uint64),
        idf=np.array([idf[word] for word in words], np.float32),
        rows=np.array([(rows or {}).get(word, -1) for word in words], np.int32),
        unknown_idf=unknown_idf,
    )


def unpacked(projection: Projection) -> NDArray[np.float32]:
    """The map of a projection, a row a term."""
    pairs = np.stack((projection.weights & 15, projection.weights >> 4), axis=-1).astype(np.float32) - 8
    return pairs.reshape(len(pairs), -1) * projection.scales[:, None]


def lexicon_of(background: Background, weights: Mapping[str, float], bias: float) -> Lexicon:
    """A lexicon over the words of `background`."""
    by_hash = {hash_of(word): weight for word, weight in weights.items()}
    weights = np.array([by_hash.get(key, 0.0) for key in background.hashes.tolist()], np.float32)
    return Lexicon(weights, np.zeros(PAIRS, np.float32), bias)


def linear(names: tuple[str, ...], *outputs: tuple[float, Mapping[str, float]]) -> Network:
    """A network without hidden layers over the inputs `names`: an output is its bias and the weights of its inputs."""
    weights = np.array([[weight.get(name, 0.0) for _, weight in outputs] for name in names], np.float32)
    biases = np.array([bias for bias, _ in outputs], np.float32)
    return Network(np.zeros(len(names), np.float32), np.ones(len(names), np.float32), (weights[None],), (biases[None],))


def hand_made() -> Model:
    """A model whose every decision can be followed.

    Foreign: ``4 - 14 centroid + 3 strength``: -5 for a paragraph about its article's subject, 9 for one about another, -8
    for one about none. Furniture: 6 with two words of the page, -6 with none. Topicless: when 45 % are doubted.
    """
    idf = dict.fromkeys(PLAIN.split(), 0.5) | dict.fromkeys(FURNITURE.split(), 4.0)
    idf |= {word: 5.0 for subject in SUBJECTS for word in subject.split()}
    projected = [word for subject in SUBJECTS for word in subject.split()]
    background = background_of(idf, {word: row for row, word in enumerate(projected)})
    directions = np.repeat(np.eye(4), 6, axis=0)
    grid = np.linspace(-40, 40, 801)
    foreign = {"centroid": -14.0, "strength": 3.0}
    return Model(
        Reader(
            background,
            Projection.packed(2 * directions.astype(np.float32)),
            # A paragraph has as many pairs as words, and twelve edges, none of which weighs anything.
            lexicon_of(background, dict.fromkeys(FURNITURE.split(), 8.75), -2.0),
        ),
        Scorer(
            first=linear(COLUMNS, (4.0, foreign)),
            foreign=linear((*(f"plain {name}" for name in COLUMNS), *COLUMNS), (4.0, foreign)),
            furniture=linear((*(f"plain {name}" for name in COLUMNS), *COLUMNS), (0.0, {"furniture": 3.0})),
            topic=linear(SUMMARY, (-9.0, {"doubted": 20.0})),
            calibration=Calibration(
                logits=grid,
                probabilities=sigmoid(grid),
                rates=np.array([0.001, 0.01, 0.1]),
                lengths=np.array([10.0]),
                thresholds=np.array([[0.99, 0.9, 0.5]]),
                strange=np.array([0.9, 0.6, 0.3]),
                topicless=np.zeros(1),
            ),
        ),
        {"made": "by hand"},
    )


def made_up_articles(count: int, seed: int = 0) -> list[list[str]]:
    """Articles over a made-up vocabulary: eight subjects, the language's common words, names of the article's own."""
    rng = np.random.default_rng(seed)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]

    def words(size: int) -> list[str]:
        return ["".join(rng.choice(syllables, rng.integers(2, 4))) for _ in range(size)]

    common = words(40)
    subjects = [words(60) for _ in range(8)]

    def article() -> list[str]:
        subject = subjects[rng.integers(8)]
        names = [name.title() for name in words(6)]

        def sentence() -> str:
            chosen = [*rng.choice(common, 6), *rng.choice(subject, 5), *rng.choice(names, 2)]
            return " ".join(rng.permutation(chosen)).capitalize() + "."

        paragraphs = [" ".join(sentence() for _ in range(rng.integers(1, 4))) for _ in range(rng.integers(4, 10))]
        if rng.random() < 0.3:
            paragraphs.insert(int(rng.integers(1, len(paragraphs))), f"Zuzuba wowiza the newsletter {rng.integers(3)}.")
        return paragraphs

    return [article() for _ in range(count)]


def pytest_sessionstart() -> None:
    """Let no garbage be looked for while tests are collected."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on, look for none among the hundred thousands of objects that imports have left: they stay."""
    gc.freeze()
    gc.enable()


class Hashed:
    """An encoder: a word has a direction that its spelling decides, or its first `letters` alone; a text, that of its words."""

    def __init__(self, dimensions: int = 16, seed: int = 0, letters: int | None = None) -> None:
        self.dimensions, self.seed, self.letters = dimensions, seed, letters

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        assert sentences, "asked for nothing"
        return np.array([self._vector(text) for text in sentences], np.float32)

    def _vector(self, text: str) -> np.ndarray:
        keys = [zlib.crc32(word[: self.letters].encode("utf-8", "surrogatepass"), self.seed) for word in text.lower().split()]
        return sum((_direction(key, self.dimensions) for key in keys), np.zeros(self.dimensions))


@cache
def _direction(key: int, dimensions: int) -> np.ndarray:
    return np.random.default_rng(key).standard_normal(dimensions)


@pytest.fixture(scope="session")
def hand_model() -> Model:
    """The model made by hand."""
    return hand_made()


class Command:
    """Runs a command in an empty folder: its exit status, what it wrote and what it told, but for the summary at its end.

    That is in `summary`, without the name in front.
    """

    def __init__(self, model: str, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes]) -> None:
        self._model, self._patch, self._capture = model, patch, capture
        self.summary: list[str] = []

    def __call__(self, command: str, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        model = [] if command == "train" or "--model" in arguments else ["--model", self._model]
        with self._patch.context() as patch:
            patch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin))))
            status = main([command, *model, *arguments])
        captured = self._capture.readouterr()
        told = captured.err.decode()
        start = re.search(r"^offtopic: [\d,]+ articles?, .*\n( +[\d,]+  .*\n)*\Z", told, re.MULTILINE)
        self.summary = [] if start is None else start[0].removeprefix("offtopic: ").splitlines()
        return status, captured.out.decode(), told if start is None else told[: start.start()]


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory, hand_model: Model) -> str:
    """The model made by hand, as a file: PHONE is foreign among RIVER, NEWSLETTER is furniture anywhere."""
    path = tmp_path_factory.mktemp("model") / "hand.safetensors"
    hand_model.save(path)
    return str(path)


@pytest.fixture
def run(model_path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Run a command in an empty folder, with the model made by hand."""
    monkeypatch.chdir(tmp_path)
    return Command(model_path, monkeypatch, capfdbinary)


@pytest.fixture(scope="session")
def trained() -> Model:
    """A model learned from made-up articles in a few seconds."""
    from detector import TrainSettings, train
    from detector.learn.projection import ProjectionSettings

    settings = TrainSettings(projected=2000, projection=ProjectionSettings(dimensions=32, steps=30, batch=64), cases=400)
    return train(made_up_articles(300), settings)


@pytest.fixture(scope="session")
def thousand() -> Crowd:
    """A thousand articles and what `check_many` says of them, for the adapters."""
    made = crowd(1000)
    assert sum(bool(tag["spans"]) for tag in made.tags) > 100
    return made


@pytest.fixture(scope="session")
def two_thousand() -> Overview:
    """The overview of two thousand articles, to which nothing may be added."""
    held = records(2000)
    overview = Overview()
    reports = OffTopicDetector().check_many((r["text"] for r in held), [r["title"] for r in held])
    for record, report in zip(held, reports, strict=True):
        overview.add(report, record["id"])
    return overview


@pytest.fixture
def detector(hand_model: Model) -> OffTopicDetector:
    """A detector with the model made by hand."""
    return OffTopicDetector(model=hand_model)
