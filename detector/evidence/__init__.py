"""Evidence: what each paragraph shares with the rest of its article, and what it does not, as one row of numbers.

In: a :class:`~detector.paragraphs.Batch`, its :class:`~detector.postings.Postings` and dense vectors, and how much each
paragraph is doubted so far. Out: an array with one row a paragraph and one column for each name in :data:`COLUMNS`. The
counterpart is :mod:`detector.scorer`, which turns the row into a probability.

A doubted paragraph counts for less as company of the others: evidence is gathered twice, without doubt first and then
with the first score as doubt, so that an intruder no longer drags down its neighbours and the paragraphs of an intruding
block no longer vouch for one another.

Every step costs time linear in the number of paragraphs and terms: nearest neighbours are sought among the at most
:data:`WINDOW` paragraphs around, everything else against sums over the article.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.evidence.form import FORM, FURNITURE, PLACE, form, furniture_like, place
from detector.evidence.lexical import LEXICAL, lexical
from detector.evidence.rows import Rows
from detector.evidence.topical import TOPICAL, WINDOW, topical
from detector.paragraphs import Batch
from detector.postings import Postings

__all__ = ["COLUMNS", "WINDOW", "evidence_of"]

# Topical in the learned space, and once more in the teacher's: where the one has no idea, the other may.
COLUMNS = (*TOPICAL, *(f"taught_{name}" for name in TOPICAL), *LEXICAL, *FURNITURE, *FORM, *PLACE)


def evidence_of(
    batch: Batch,
    postings: Postings,
    dense: NDArray[np.float32],
    furniture: NDArray[np.float64],
    doubt: NDArray[np.float64] | None = None,
    taught: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Gather the evidence.

    Parameters
    ----------
    batch : Batch
        n rows.
    postings : Postings
    dense : ndarray (n, d) float32
        Projected paragraphs, not normalised.
    furniture : ndarray (n,) float64
        Logit of each paragraph's words being furniture.
    doubt : ndarray (n,) float64, optional
        Probability so far, 0..1, that the paragraph does not belong; 0 by default.
    taught : ndarray (n, e) float32, optional
        The paragraphs in the teacher's space; without it its columns are 0.

    Returns
    -------
    ndarray (n, len(COLUMNS)) float32
    """
    n = len(batch.starts)
    trust = np.ones(n) if doubt is None else 1.0 - doubt
    rows = Rows.of(batch)
    columns: dict[str, NDArray[np.float64]] = {}
    columns.update(topical(rows, dense, postings.lengths, trust))
    second = None if taught is None else topical(rows, taught, postings.lengths, trust)
    columns.update({f"taught_{name}": np.zeros(n) if second is None else second[name] for name in TOPICAL})
    columns.update(lexical(rows, postings, trust))
    columns.update(furniture_like(rows, postings, furniture))
    columns.update(form(rows, postings))
    columns.update(place(rows, postings, trust))
    return np.column_stack([columns[name] for name in COLUMNS]).astype(np.float32).reshape(n, len(COLUMNS))
