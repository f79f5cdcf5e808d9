"""Scoring: cases in, the networks that weigh evidence out.

Fits the four networks of :class:`detector.scorer.Scorer` with scikit-learn and takes their arrays: what runs needs NumPy
alone.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from detector.background import Background
from detector.evidence import COLUMNS
from detector.learn.articles import fold
from detector.learn.background import chunks
from detector.learn.intrusions import BELONGS, FOREIGN, FURNITURE, Case
from detector.paragraphs import batch_of
from detector.reader import Reader
from detector.scorer import Network, article_summary
from detector.vectors import Lexicon

__all__ = [
    "Gathered",
    "estranged",
    "fit_first",
    "fit_foreign",
    "fit_furniture",
    "fit_topic",
    "gathered",
    "joined",
    "off_topic_logits",
]

_Layers = tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]  # weights and biases, one each a layer
_log = logging.getLogger(__name__)
_CHUNK = 256  # cases gathered at a time
_SAMPLE = 150_000  # rows of made cases that furniture is told from; 30,000 gave an AP of .59 on natural noise, these .60
# Logits beyond which a label is not believed. Of 100 misses read, 41 were content, and of 100 false alarms, 38 furniture;
# without those, AP of furniture in the fixtures, whose labels are right, .623 -> .659, of natural noise .631 -> .638.
_NEVER, _SURELY = -2.0, 3.0
_CERTAIN = 20.0  # logit of a network that has seen only one answer


@dataclass(frozen=True)
class _Way:
    """How a network is fitted: its hidden layers, for how long, how strongly held back, and how many are averaged."""

    hidden: tuple[int, ...]
    epochs: int = 8
    penalty: float = 0.1
    members: int = 3


# Chosen on dev, of 150,000 cases with at most 15 rows of each: mean hit@1 / AP / recall at 1 % over 18 tiers .888 / .882 / .809
# after 8 epochs with a penalty of .1, .891 / .885 / .814 after 16, .892 / .888 / .816 with .03, no more after 24 or with .01.
_FOREIGN = _Way((96, 48), epochs=12, penalty=0.03)
_FURNITURE = _Way((16,), penalty=1e-4)  # AP on natural noise .585 after 24 epochs, .614 after 8
_FIRST = _Way((16,), epochs=24, penalty=1e-4, members=1)
_TOPIC = _Way((8,), epochs=24, penalty=1e-4, members=1)
_BATCH = 1024
# Rows that a case gives the foreign network, more or less: of long ones a sample. One case in three has up to ten paragraphs,
# but only one row in twelve stands there. With 30, and 12 epochs, .894 / .891 / .814.
_ROWS = 30
_RUN = 50  # batches after which the weights are taken into the mean
# What a paragraph shares with the rest of its article never makes it more suspicious, all else being equal. Where one case in
# fourteen shares a rare word by chance, a network that is free to learns that a single one is a bad sign.
_REASSURING = (
    "tfidf",
    "local",
    "tfidf_far",
    "shared",
    "surprise",
    "rare_shared",
    "very_rare_shared",
    "names_shared",
    "rarest_shared",
)
_NONE = np.zeros(0, np.int64)
_FALLING = 0.25  # share of the units of each layer that see those columns, and fall with them


@dataclass(frozen=True)
class Gathered:
    """Evidence of cases, and the truth, a row a judged paragraph.

    Attributes
    ----------
    plain, doubted : ndarray (n, f) float32
        Evidence without doubt and with the first score as doubt.
    labels : ndarray (n,) int64
        BELONGS, FOREIGN or FURNITURE.
    cases : ndarray (n,) int64
        The case of each row.
    weights : ndarray (n,) float64
        What each counts for in calibration: lines of one case that differ in numbers alone, such as the 500 rows of one table,
        count for one together. That table set the thresholds of all web pages: above them were 1.5 % of the paragraphs.
    summary : ndarray (a, s) float32
        Summary of each case, in the order in which they were gathered.
    """

    plain: NDArray[np.float32]
    doubted: NDArray[np.float32]
    labels: NDArray[np.int64]
    cases: NDArray[np.int64]
    weights: NDArray[np.float64]
    summary: NDArray[np.float32]

    @property
    def both(self) -> NDArray[np.float32]:
        """What the foreign and the furniture network are asked: evidence without and with doubt, (n, 2 f)."""
        return np.hstack((self.plain, self.doubted))


def gathered(cases: Sequence[Case], reader: Reader, first: Network | None = None) -> Gathered:
    """Gather the evidence of `cases` as the detector would; without a `first` network nothing is doubted."""
    parts = []
    for number, chunk in enumerate(chunks(cases, _CHUNK)):
        batch = batch_of([case.paragraphs for case in chunk], [case.title for case in chunk])
        found = reader.read(batch, first)
        judged = ~batch.is_title
        parts.append(
            Gathered(
                plain=found.plain[judged],
                doubted=found.doubted[judged],
                labels=np.array([label for case in chunk for label in case.labels], np.int64),
                cases=batch.articles[judged] + number * _CHUNK,
                weights=np.concatenate([_shares(case.paragraphs) for case in chunk]),
                summary=article_summary(batch, found.plain, found.doubt),
            )
        )
    return joined(parts)


def _shares(paragraphs: Sequence[str]) -> NDArray[np.float64]:
    """Return 1 over how many of `paragraphs` are the same as each but for case, blanks and digits, ndarray (n,) float64."""
    _, which, counts = np.unique([fold(paragraph) for paragraph in paragraphs], return_inverse=True, return_counts=True)
    shares: NDArray[np.float64] = 1 / counts[which]
    return shares


def estranged(reader: Reader, share: float, seed: int) -> Reader:
    """Return `reader` as it reads a language of whose terms it knows but `share`: what it has forgotten, it has never met.

    With so few of its words left, an article of a language that is known stands for one of any that is not.
    """
    rng = np.random.default_rng(seed)
    background, lexicon = reader.background, reader.lexicon
    kept = rng.random(len(background.hashes)) < share
    return replace(
        reader,
        background=Background(background.hashes[kept], background.idf[kept], background.rows[kept], background.unknown_idf),
        # Pairs of words that were never met fall on those that were, by chance.
        lexicon=Lexicon(lexicon.weights[kept], rng.permutation(lexicon.pairs), lexicon.bias),
    )


def joined(parts: Sequence[Gathered]) -> Gathered:
    """Return `parts` one after the other; their case numbers are kept."""
    return Gathered(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Gathered)))


def fit_first(rows: Gathered, seed: int) -> Network:
    """Fit the first network: evidence without doubt to "does not belong"."""
    return _fit(rows.plain, rows.labels != BELONGS, _FIRST, seed, _columns(_REASSURING))


def fit_foreign(rows: Gathered, seed: int) -> Network:
    """Fit the foreign network, furniture left out: evidence without and with doubt to "about something else"."""
    asked = (rows.labels != FURNITURE) & _thinned(rows.cases, seed)
    reassuring = _columns(_REASSURING)
    return _fit(
        rows.both[asked],
        rows.labels[asked] == FOREIGN,
        _FOREIGN,
        seed,
        np.concatenate((reassuring, reassuring + len(COLUMNS))),
    )


def _thinned(cases: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """Return which rows are kept, ndarray (n,) bool, so that no case gives many more than _ROWS; those of a case adjoin."""
    starts = np.flatnonzero(np.diff(cases, prepend=-1))
    sizes = np.diff(starts, append=len(cases))
    return np.random.default_rng(seed).random(len(cases)) < np.repeat(_ROWS / sizes, sizes)


def fit_furniture(made: Gathered, natural: Sequence[Gathered], seed: int) -> Network:
    """Fit the furniture network: evidence without and with doubt to "about the page".

    Rows of labelled articles weigh as much as those of made ones, of which a sample is enough: learned in one network with
    intruders, twenty times as many, natural noise was found at an AP of .37, and with this at what its evidence allows.

    Parameters
    ----------
    made : Gathered
    natural : sequence of Gathered
        Rows of labelled articles, in parts. With two or more, labels that a network of the other parts is sure are wrong
        are left out (confident learning, Northcutt et al. 2021): whoever writes out a page's article by hand leaves out its
        tables and listings and keeps its licence and the author's address.
    seed : int
    """
    # All furniture that was made and a sample of the rest: in a plain sample there would be a few hundred lines of it.
    sampled = np.zeros(len(made.labels), np.bool_)
    sampled[np.random.default_rng(seed).permutation(len(made.labels))[:_SAMPLE]] = True
    some = np.flatnonzero(sampled | (made.labels == FURNITURE))
    inputs, labels = made.both[some], made.labels[some] == FURNITURE

    def fit(parts: Sequence[tuple[NDArray[np.float32], NDArray[np.bool_]]]) -> Network:
        if not parts:
            return _fit(inputs, labels, _FURNITURE, seed)
        rows, truth = (np.concatenate(part) for part in zip(*parts, strict=True))
        times = max(1, round(len(some) / len(truth)))
        together = np.vstack((inputs, np.tile(rows, (times, 1)))), np.concatenate((labels, np.tile(truth, times)))
        return _fit(*together, _FURNITURE, seed)

    parts = [(part.both, part.labels == FURNITURE) for part in natural]
    if len(parts) < 2:
        return fit(parts)
    credible = []
    for number, (rows, truth) in enumerate(parts):
        told = fit(parts[:number] + parts[number + 1 :])(rows)[:, 0]
        kept = np.where(truth, told > _NEVER, told < _SURELY)
        _log.info("labels: %.1f %% of %d left out", 100 * (1 - kept.mean()), len(kept))
        credible.append((rows[kept], truth[kept]))
    return fit(credible)


def fit_topic(articles: Gathered, digests: Gathered, seed: int) -> Network:
    """Fit the topic network: the summaries of articles against those of digests."""
    summaries = np.vstack((articles.summary, digests.summary))
    return _fit(summaries, np.repeat([False, True], [len(articles.summary), len(digests.summary)]), _TOPIC, seed)


def off_topic_logits(foreign: Network, furniture: Network, rows: Gathered) -> NDArray[np.float64]:
    """Return the logit of not belonging, foreign or furniture, of each row, ndarray (n,) float64."""
    both = rows.both
    return np.logaddexp(foreign(both)[:, 0], furniture(both)[:, 0])


def _columns(names: Sequence[str]) -> NDArray[np.int64]:
    """Return where columns of evidence stand."""
    return np.array([COLUMNS.index(name) for name in names], np.int64)


def _fit(
    inputs: NDArray[np.float32],
    labels: NDArray[np.bool_],
    way: _Way,
    seed: int,
    falling: NDArray[np.int64] = _NONE,
) -> Network:
    """Fit a network whose output is the logit of `labels`; where all are the same, one that always says so.

    It never rises with any of the inputs `falling`, the numbers of which are given.
    """
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0)
    scale[scale < 1e-4] = 1
    if labels.all() or not labels.any():
        constant = np.array([_CERTAIN if labels.all() else -_CERTAIN], np.float32)
        return Network(mean, scale, (np.zeros((1, inputs.shape[1], 1), np.float32),), (constant[None],))
    standard = inputs - mean  # in place from here on: of 150,000 cases these are 2 GB
    standard /= scale
    np.clip(standard, -4, 4, out=standard)
    members = [_member(standard, labels, way, seed + number, falling) for number in range(way.members)]
    _log.info("network %s: %d epochs on %d rows", way.hidden, way.epochs, len(inputs))
    return Network(mean, scale, *_averaged(members))


def _member(
    inputs: NDArray[np.float32], labels: NDArray[np.bool_], way: _Way, seed: int, falling: NDArray[np.int64]
) -> _Layers:
    """Fit one network by Adam; its weights are the mean of those it passed through in the second half of learning.

    At a constant rate, the last step is as noisy as any (stochastic weight averaging, Izmailov et al. 2018): over eleven tiers,
    the AP of the foreign network rises from .905 to .913, as with a rate that falls to zero.
    """
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        way.hidden,
        activation="tanh",
        alpha=way.penalty,
        batch_size=min(_BATCH, len(inputs)),
        learning_rate_init=2e-3,
        random_state=seed,
    )
    rng = np.random.default_rng(seed)
    runs = max(1, len(inputs) // (_RUN * _BATCH))
    passed: list[list[NDArray[np.float64]]] = []
    for epoch in range(way.epochs):
        for run in np.array_split(rng.permutation(len(inputs)), runs):
            model.partial_fit(inputs[run], labels[run], classes=[False, True])
            if len(falling):
                _hold(model.coefs_, falling)
            if 2 * epoch >= way.epochs:
                passed.append([array.copy() for array in (*model.coefs_, *model.intercepts_)])
    mean = [np.mean(arrays, axis=0) for arrays in zip(*passed, strict=True)]
    return mean[: len(model.coefs_)], mean[len(model.coefs_) :]


def _hold(weights: Sequence[NDArray[np.float64]], falling: NDArray[np.int64]) -> None:
    """Move the `weights` of a network, a matrix a layer, to the nearest of one that never rises with the inputs `falling`.

    Some units of each layer see these inputs, with weights that are not positive, and pass on what they say with weights that
    are not negative (Sill 1997); the others see all else alone. The mean of such networks' weights is those of one.
    """
    inner, first = falling, True
    for layer in weights:
        free = np.ones(layer.shape[1], np.bool_)
        free[: max(1, round(_FALLING * layer.shape[1]))] = False
        layer[np.ix_(inner, free)] = 0
        bound = np.ix_(inner, ~free)
        layer[bound] = np.minimum(layer[bound], 0) if first else np.maximum(layer[bound], 0)
        inner, first = np.flatnonzero(~free), False


def _averaged(members: Sequence[_Layers]) -> tuple[tuple[NDArray[np.float32], ...], tuple[NDArray[np.float32], ...]]:
    """Return the weights and biases of networks whose outputs add up to the mean of those of `members`."""
    weights, biases = ([np.stack(layer) for layer in zip(*each, strict=True)] for each in zip(*members, strict=True))
    for layers in (weights, biases):
        layers[-1] = layers[-1] / len(members)
    return tuple(layer.astype(np.float32) for layer in weights), tuple(layer.astype(np.float32) for layer in biases)
