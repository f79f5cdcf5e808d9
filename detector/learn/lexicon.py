"""Lexicon: labelled paragraphs in, what furniture is worded like out.

Fits :class:`detector.vectors.Lexicon`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array, vstack

from detector.learn.background import chunks
from detector.paragraphs import batch_of
from detector.vectors import Background, Lexicon, postings_of

__all__ = ["fit_lexicon"]


def fit_lexicon(furniture: Sequence[str], content: Sequence[str], background: Background) -> Lexicon:
    """Fit a logistic regression on the words of paragraphs: `furniture` against `content`, both sides weighing the same.

    Without furniture to learn from, the lexicon weighs nothing.
    """
    size = len(background.hashes)
    if not furniture or not content:
        return Lexicon(np.zeros(size, np.float32), 0.0)
    from sklearn.linear_model import LogisticRegression

    texts = [*furniture, *content]
    labels = np.repeat([1, 0], [len(furniture), len(content)])
    bags = vstack([_bags(chunk, background) for chunk in chunks(texts, 8192)], format="csr")
    # C = 2: chosen on dev (0.5, 2 and 8 tried on held-out sites; AUROC differs by less than 0.005).
    model = LogisticRegression(C=2.0, class_weight="balanced", max_iter=300).fit(bags, labels)
    return Lexicon(model.coef_[0].astype(np.float16).astype(np.float32), float(np.float32(model.intercept_[0])))


def _bags(texts: Sequence[str], background: Background) -> csr_array:
    """Return the different known words of each text, csr (n, v), each ``1 / sqrt(number of different words)``."""
    batch = batch_of([texts], [None])
    postings = postings_of(batch, background)
    index = postings.group_index[postings.groups]
    known = index >= 0
    different = np.bincount(postings.rows, minlength=len(texts))
    values = 1 / np.sqrt(np.maximum(different, 1))[postings.rows[known]]
    return csr_array((values, (postings.rows[known], index[known])), shape=(len(texts), len(background.hashes)))
