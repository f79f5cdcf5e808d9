"""Model: everything learned, in one file; and the whole way from a batch of articles to their scores.

What the arrays of a model file are stands here, writer and reader side by side; how they lie in it, in :mod:`detector.store`. A
file of another format version, or made for other term rules, is refused with a :class:`~detector.errors.ModelError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.background import Background
from detector.encoder import Encoded, Encoder
from detector.errors import InputError, ModelError
from detector.evidence import COLUMNS
from detector.paragraphs import Batch
from detector.postings import PAIRS
from detector.reader import Reader
from detector.scorer import SUMMARY, Calibration, Network, Scorer, article_summary
from detector.store import read_arrays, read_header, write_arrays
from detector.terms import fingerprint
from detector.vectors import Affixes, Lexicon, Projection

__all__ = ["BUNDLED", "FORMAT", "Judgement", "Model", "load_model"]

FORMAT = 9
_STRETCH = 4096  # paragraphs; 100,000 in one piece took 18 times as long as 10,000, for no cache holds them
_F32 = np.dtype("<f4")
BUNDLED = Path(__file__).with_name("default.safetensors")
# Type and shape of every array but the networks': a letter is the same number wherever it stands.
_LAYOUT = {
    "background.hashes": ("<u8", "v"),
    "background.idf": ("<f2", "v"),
    "background.projected": ("<i4", "p"),
    "background.unknown_idf": ("<f4", "1"),
    "lexicon.weights": ("<f2", "v"),
    "lexicon.pairs": ("<f2", "w"),
    "lexicon.bias": ("<f4", "1"),
    "calibration.logits": ("<f8", "k"),
    "calibration.probabilities": ("<f8", "k"),
    "calibration.rates": ("<f8", "m"),
    "calibration.lengths": ("<f8", "b"),
    "calibration.thresholds": ("<f8", "bm"),
    "calibration.strange": ("<f8", "m"),
    "calibration.topicless": ("<f8", "1"),
}
# Either a projection or what an encoder made of the probe; a taught space or none.
_OPTIONAL = {
    "projection": {"projection.weights": ("|u1", "pd"), "projection.scales": ("<f4", "p")},
    "encoder": {"encoder.probe": ("<f4", "d")},
    "taught": {"taught.weights": ("|u1", "te"), "taught.scales": ("<f4", "t")},
    "affixes": {"affixes.hashes": ("<u8", "a"), "affixes.weights": ("|u1", "ae"), "affixes.scales": ("<f4", "a")},
}
# The networks and how many numbers each takes; each gives one.
_NETWORKS = {"first": len(COLUMNS), "foreign": 2 * len(COLUMNS), "furniture": 2 * len(COLUMNS), "topic": len(SUMMARY)}


@dataclass(frozen=True)
class Judgement:
    """The scores of a batch, rows as in the batch (titles included).

    Attributes
    ----------
    scores : ndarray (n,) float64
        Calibrated probability that the paragraph does not belong.
    furniture : ndarray (n,) bool
        Whether it looks like furniture rather than foreign, if it does not belong.
    topicless : ndarray (a,) bool
        Whether the article has no common topic.
    strange : ndarray (a,) float64
        How strange the language of the article is, 0..1: :class:`~detector.postings.Postings`.
    """

    scores: NDArray[np.float64]
    furniture: NDArray[np.bool_]
    topicless: NDArray[np.bool_]
    strange: NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """Everything learned.

    Attributes
    ----------
    reader : Reader
    scorer : Scorer
    metadata : mapping of str to str
        What it was trained on and how; free text for people.
    path : str or None
        The file it was read from. Pickled, such a model is only its path, and its encoder if it has one.
    """

    reader: Reader
    scorer: Scorer
    metadata: Mapping[str, str] = field(default_factory=dict)
    path: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by path where there is one: a report sent between processes must not carry 19 MB."""
        if self.path is not None:
            return load_model, (self.path, self.encoder)
        return Model, (self.reader, self.scorer, self.metadata)

    @property
    def encoder(self) -> Encoder | None:
        """The sentence encoder in the projection's place, if there is one."""
        return self.reader.projection.encoder if isinstance(self.reader.projection, Encoded) else None

    def judge(self, batch: Batch) -> Judgement:
        """Score every row of `batch`: the whole algorithm, from terms to calibrated scores.

        An article of more than 4,096 paragraphs is read in stretches of at most as many, each held against itself: that is
        company enough, and keeps time and memory in proportion. Its title is read with the first one. It has no common topic
        if most of its stretches have none.
        """
        stretches, articles = batch.stretches(_STRETCH)
        parts = [self._judged(each) for each in stretches]
        scores, furniture, *of_stretches = (np.concatenate(each) for each in zip(*parts, strict=True))
        count = len(batch.bounds) - 1
        sizes = np.maximum(np.bincount(articles, minlength=count), 1)
        topicless, strange = (np.bincount(articles, values, count) / sizes for values in of_stretches)
        return Judgement(scores, furniture, topicless > 0.5, strange)

    def _judged(self, batch: Batch) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
        """Return the fields of a Judgement of a batch without long articles."""
        found = self.reader.read(batch, self.scorer.first)
        both = np.hstack((found.plain, found.doubted))
        foreign, furniture = self.scorer.foreign(both)[:, 0], self.scorer.furniture(both)[:, 0]
        topicless = self.scorer.topic(article_summary(batch, found.plain, found.doubt))[:, 0]
        return (
            self.scorer.calibration.probability(np.logaddexp(foreign, furniture)),
            # A headline that does not belong is a teaser, whatever it is about.
            (furniture > foreign) | _is_headline(found.plain),
            topicless > self.scorer.calibration.topicless[0],
            found.strange,
        )

    def directions(self, batch: Batch) -> NDArray[np.float32]:
        """Return what each row of `batch` is about (:meth:`Reader.directions`), long articles in stretches too."""
        return np.concatenate([self.reader.directions(each) for each in batch.stretches(_STRETCH)[0]])

    def save(self, path: str | Path) -> None:
        """Write the model to `path`, the same bytes for the same model.

        It is written beside the target first and then moved: a reader never sees half a file.
        """
        header = {
            "version": FORMAT,
            "terms": fingerprint(),
            "columns": COLUMNS,
            "summary": SUMMARY,
            "metadata": dict(self.metadata),
        }
        write_arrays(path, _arrays(self), header)


def load_model(path: str | Path = BUNDLED, encoder: Encoder | None = None) -> Model:
    """Read the model at `path`; the arrays stay on disk, memory-mapped, until they are used.

    Parameters
    ----------
    path : str or Path
    encoder : Encoder, optional
        The one that the model was trained with, if it was; the file does not hold it.

    Raises
    ------
    ModelError
        If there is no such file, it is not a model of this version, complete and unchanged, or `encoder` is not the one that
        it was trained with.
    InputError
        If the model takes no encoder, or `encoder` is none.
    """
    if not Path(path).is_file():
        raise ModelError(str(path), "there is no such file; give the path of a model written by `offtopic train` or Model.save")
    # Absolute: a pickled model is its path, wherever it is opened. The stamp: a file written anew is read anew.
    stat = Path(path).stat()
    model, probe = _read(str(Path(path).absolute()), (stat.st_ino, stat.st_size, stat.st_mtime_ns))
    if probe is None and encoder is not None:
        raise InputError(f"the model {path} has a projection of its own; leave out the encoder, or train a model with it")
    if probe is None:
        return model
    if encoder is None:
        raise ModelError(
            str(path),
            "trained with a sentence encoder, which the file does not hold; give it: OffTopicDetector(model, encoder=…)",
        )
    given = Encoded.by(encoder)
    if not given.is_like(probe):
        raise ModelError(
            str(path), "trained with another encoder than the one given; give that one, or train a model with this"
        )
    return replace(model, reader=replace(model.reader, projection=replace(given, probe=probe)))


@lru_cache(maxsize=4)
def _read(name: str, stamp: tuple[int, ...]) -> tuple[Model, NDArray[np.float32] | None]:
    """Read the model file `name` as it is at `stamp`; an encoder is still to be put in, if it has the probe of one."""
    del stamp
    header = read_header(name)
    for key, ours in (("version", FORMAT), ("terms", fingerprint()), ("columns", list(COLUMNS)), ("summary", list(SUMMARY))):
        if header.get(key) != ours:
            raise ModelError(
                name,
                f"made for other {key} ({_short(header.get(key))}) than this version of offtopic-detector uses "
                f"({_short(ours)}); train it anew with this version",
            )
    try:
        arrays = read_arrays(name, header)
        return replace(_model(arrays, dict(header["metadata"])), path=name), arrays.get("encoder.probe")
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(name, f"arrays are missing or do not fit one another ({error}); train it anew") from error


def _is_headline(evidence: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which rows are as short as headlines, at most 16 words, and do not end as sentences do, ndarray (n,) bool."""
    length, sentence = (evidence[:, COLUMNS.index(name)] for name in ("length", "sentence"))
    short: NDArray[np.bool_] = (length <= np.log1p(16)) & (sentence == 0)
    return short


def _arrays(model: Model) -> dict[str, NDArray[Any]]:
    """Return the model's arrays by their names in the file."""
    scorer, calibration = model.scorer, model.scorer.calibration
    arrays: dict[str, NDArray[Any]] = {
        "background.hashes": model.reader.background.hashes,
        "background.idf": model.reader.background.idf.astype(np.float16),
        "background.projected": _projected(model.reader.background.rows),
        "background.unknown_idf": np.array([model.reader.background.unknown_idf], np.float32),
        "lexicon.weights": model.reader.lexicon.weights.astype(np.float16),
        "lexicon.pairs": model.reader.lexicon.pairs.astype(np.float16),
        "lexicon.bias": np.array([model.reader.lexicon.bias], np.float32),
        "calibration.logits": calibration.logits,
        "calibration.probabilities": calibration.probabilities,
        "calibration.rates": calibration.rates,
        "calibration.lengths": calibration.lengths,
        "calibration.thresholds": calibration.thresholds,
        "calibration.strange": calibration.strange,
        "calibration.topicless": calibration.topicless,
    }
    if isinstance(model.reader.projection, Encoded):
        arrays["encoder.probe"] = model.reader.projection.probe
    else:
        arrays |= _projection_arrays("projection", model.reader.projection)
    if model.reader.taught is not None:
        arrays |= _projection_arrays("taught", model.reader.taught)
    if model.reader.affixes is not None:
        arrays["affixes.hashes"] = model.reader.affixes.hashes
        arrays |= _projection_arrays("affixes", model.reader.affixes.vectors)
    for name in _NETWORKS:
        network = getattr(scorer, name)
        arrays[f"{name}.mean"], arrays[f"{name}.scale"] = network.mean, network.scale
        for i, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
            arrays[f"{name}.weights.{i}"], arrays[f"{name}.biases.{i}"] = weight, bias
    return arrays


def _projection_arrays(name: str, projection: Projection) -> dict[str, NDArray[Any]]:
    return {f"{name}.weights": projection.weights, f"{name}.scales": projection.scales}


def _projected(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the term of each row of the projection, given the row of each term of the vocabulary, -1 for none."""
    projected = np.flatnonzero(rows >= 0)
    terms: NDArray[np.int32] = projected[np.argsort(rows[projected])].astype(np.int32)
    return terms


def _rows(projected: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Return the row of each of `count` terms; ValueError where `projected` are not as many different ones of them."""
    rows = np.full(count, -1, np.int32)
    if projected.min(initial=0) < 0 or projected.max(initial=-1) >= count:
        raise ValueError(f"there are {count} terms, and others are projected")
    rows[projected] = np.arange(len(projected), dtype=np.int32)
    if np.count_nonzero(rows >= 0) != len(projected):
        raise ValueError("a term is projected twice")
    return rows


def _model(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> Model:
    """Return the model of a file's arrays, an encoder left out; ValueError or KeyError where they do not fit one another."""
    sizes = {"1": 1, "w": PAIRS}
    parts = {key.split(".")[0] for key in arrays}
    if ("projection" in parts) == ("encoder" in parts):
        raise ValueError("there is either a projection or the probe of an encoder")
    if "encoder" in parts:
        sizes["p"] = 0
    layout = _LAYOUT | {key: kind for name in _OPTIONAL if name in parts for key, kind in _OPTIONAL[name].items()}
    for key, (dtype, letters) in layout.items():
        shape = arrays[key].shape
        fits = len(shape) == len(letters) and all(
            sizes.setdefault(letter, size) == size for letter, size in zip(letters, shape, strict=True)
        )
        if not fits or arrays[key].dtype != dtype:
            raise ValueError(f"{key} is {arrays[key].dtype} of shape {shape}")

    def network(name: str, inputs: int) -> Network:
        count = sum(key.startswith(f"{name}.weights.") for key in arrays)
        weights = tuple(arrays[f"{name}.weights.{i}"] for i in range(count))
        biases = tuple(arrays[f"{name}.biases.{i}"] for i in range(count))
        mean, scale = arrays[f"{name}.mean"], arrays[f"{name}.scale"]
        widths = [inputs, *(bias.shape[-1] if bias.ndim else 0 for bias in biases)]
        members = {array.shape[:1] for array in (*weights, *biases)}
        each = [*pairwise(widths), *((width,) for width in widths[1:])]
        fits = [array.shape for array in (mean, scale)] == [(inputs,), (inputs,)] and len(members) == 1
        fits = fits and [array.shape[1:] for array in (*weights, *biases)] == each
        if not (count and fits and widths[-1] == 1 and {a.dtype for a in (mean, scale, *weights, *biases)} == {_F32}):
            raise ValueError(f"network {name!r} has the shape {[weight.shape for weight in weights]}")
        return Network(mean, scale, weights, biases)

    background = Background(
        hashes=arrays["background.hashes"],
        idf=arrays["background.idf"].astype(np.float32),
        rows=_rows(arrays["background.projected"], len(arrays["background.hashes"])),
        unknown_idf=float(arrays["background.unknown_idf"][0]),
    )
    lexicon = Lexicon(
        weights=arrays["lexicon.weights"].astype(np.float32),
        pairs=arrays["lexicon.pairs"].astype(np.float32),
        bias=float(arrays["lexicon.bias"][0]),
    )
    spaces = {
        name: Projection(arrays[f"{name}.weights"], arrays[f"{name}.scales"])
        for name in ("projection", "taught", "affixes")
        if name in parts
    }
    # Where an encoder takes the projection's place, it has no rows.
    projection = spaces.get("projection", Projection.packed(np.zeros((0, 2), np.float32)))
    if not (background.hashes[1:] > background.hashes[:-1]).all():
        raise ValueError("the vocabulary is not sorted")
    if "taught" in spaces and len(spaces["taught"].weights) > len(projection.weights):
        raise ValueError(f"{len(projection.weights)} terms are projected and {len(spaces['taught'].weights)} are taught")
    affixes = None
    if "affixes" in spaces:
        affixes = Affixes(arrays["affixes.hashes"], spaces["affixes"])
        if "taught" not in spaces:
            raise ValueError("there are affixes without a taught space")
        if not (affixes.hashes[1:] > affixes.hashes[:-1]).all():
            raise ValueError("the affixes are not sorted")
    names = ("logits", "probabilities", "rates", "lengths", "thresholds", "strange", "topicless")
    calibration = Calibration(**{name: arrays[f"calibration.{name}"] for name in names})
    scorer = Scorer(**{name: network(name, inputs) for name, inputs in _NETWORKS.items()}, calibration=calibration)
    return Model(Reader(background, projection, lexicon, spaces.get("taught"), affixes), scorer, metadata)


def _short(value: object) -> str:
    text = f"{len(value)} of them" if isinstance(value, list) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
