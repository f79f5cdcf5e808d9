"""Encoder: paragraphs in, the vectors that an encoder of the user's own makes of them out.

A sentence encoder can stand in the projection's place. The model file does not hold it, only what it made of one sentence:
by that the same encoder is told again, and another one refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.paragraphs import Batch

__all__ = ["Encoded", "Encoder"]

_PROBE = "The harbour was closed on Monday after a storm had torn two boats from their moorings."
_ALIKE = 0.99  # cosine: the same encoder on another machine or in half precision gives .999 and more, another one below .3


class Encoder(Protocol):
    """What gives texts a vector each, such as a model of sentence-transformers or model2vec."""

    def encode(self, sentences: list[str], /) -> Any:
        """Return the vectors of n texts, ndarray (n, d) or what NumPy makes one of."""


@dataclass(frozen=True)
class Encoded:
    """An encoder in the projection's place.

    Attributes
    ----------
    encoder : Encoder
    probe : ndarray (d,) float32
        What it makes of a fixed sentence.
    """

    encoder: Encoder
    probe: NDArray[np.float32]

    @classmethod
    def by(cls, encoder: Encoder) -> Encoded:
        """Ask `encoder` about the fixed sentence.

        Raises
        ------
        InputError
            If it has no method `encode`, or that does not give a vector of finite numbers for each text.
        """
        # A name of an encoder has an `encode` too.
        if isinstance(encoder, str) or not callable(getattr(encoder, "encode", None)):
            raise InputError(f"an encoder has a method encode(list of str), got {type(encoder).__name__}; wrap it in an object")
        return cls(encoder, _asked(encoder, [_PROBE], None)[0])

    def is_like(self, probe: NDArray[np.float32]) -> bool:
        """Return whether the encoder is the one that made `probe` of the fixed sentence."""
        if self.probe.shape != probe.shape:
            return False
        norms = float(np.linalg.norm(self.probe) * np.linalg.norm(probe))
        return norms > 0 and bool(self.probe @ probe >= _ALIKE * norms)

    def vectors(self, batch: Batch) -> NDArray[np.float32]:
        """Return the vector of each row of `batch`, ndarray (n, d) float32; zero for an empty one."""
        texts = [
            batch.codes[start:end].astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
            for start, end in zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
        ]
        vectors = np.zeros((len(texts), len(self.probe)), np.float32)
        filled = [i for i, text in enumerate(texts) if text.strip()]
        if filled:
            vectors[filled] = _asked(self.encoder, [texts[i] for i in filled], len(self.probe))
        return vectors


def _asked(encoder: Encoder, texts: list[str], width: int | None) -> NDArray[np.float32]:
    """Return what `encoder` makes of `texts`, checked; `width` numbers each, if that is known."""
    answer = encoder.encode(texts)
    try:
        vectors = np.asarray(answer, np.float32)
    except (TypeError, ValueError):
        raise _refusal(encoder, texts, type(answer).__name__) from None
    shape = (len(texts), width or (vectors.shape[1] if vectors.ndim == 2 else 0))
    if vectors.shape != shape or not shape[1]:
        raise _refusal(encoder, texts, f"the shape {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise _refusal(encoder, texts, f"numbers that are not finite in the shape {vectors.shape}")
    return vectors


def _refusal(encoder: Encoder, texts: list[str], got: str) -> InputError:
    return InputError(
        f"encode gives an array of finite numbers, a row a text; for {len(texts)} texts {type(encoder).__name__} gave {got}"
    )
