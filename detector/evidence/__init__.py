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

from detector.evidence.form import DOUBT, FORM, FURNITURE, PLACE, doubted, form, furniture_like, place
from detector.evidence.lexical import LEXICAL, Words
from detector.evidence.rows import Rows
from detector.evidence.topical import TOPICAL, WINDOW, Spaces
from detector.paragraphs import Batch
from detector.postings import Postings

__all__ = ["COLUMNS", "WINDOW", "Gatherer"]

# Topical in the learned space, and once more in the teacher's: where the one has no idea, the other may.
COLUMNS = (*TOPICAL, *(f"taught_{name}" for name in TOPICAL), *LEXICAL, *FURNITURE, *FORM, *PLACE, *DOUBT)


class Gatherer:
    """Gathers evidence, as often as doubt is cast: what does not change with it is looked at once.

    Parameters
    ----------
    batch : Batch
        n rows.
    postings : Postings
    dense : ndarray (n, d) float32
        Projected paragraphs, not normalised.
    furniture : ndarray (n,) float64
        Logit of each paragraph's words being furniture.
    taught : ndarray (n, e) float32, optional
        The paragraphs in the teacher's space; without it its columns are 0.
    """

    def __init__(
        self,
        batch: Batch,
        postings: Postings,
        dense: NDArray[np.float32],
        furniture: NDArray[np.float64],
        taught: NDArray[np.float32] | None = None,
    ) -> None:
        self._rows = Rows.of(batch)
        self._spaces = Spaces.of(self._rows, [dense] if taught is None else [dense, taught], postings.lengths)
        self._words = Words.of(self._rows, postings)
        self._lasting = {
            **furniture_like(self._rows, postings, furniture),
            **form(self._rows, postings),
            **place(self._rows, postings),
        }

    def evidence(self, doubt: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
        """Return the evidence, ndarray (n, len(COLUMNS)) float32.

        Parameters
        ----------
        doubt : ndarray (n,) float64, optional
            Probability so far, 0..1, that the paragraph does not belong; 0 by default.
        """
        n = len(self._rows.articles)
        if not n:
            return np.zeros((0, len(COLUMNS)), np.float32)
        doubt = np.zeros(n) if doubt is None else doubt
        columns = dict(self._lasting)
        for prefix, space in zip(("", "taught_"), self._spaces.columns(1 - doubt), strict=False):
            columns.update({f"{prefix}{name}": values for name, values in space.items()})
        columns.update(self._words.columns(1 - doubt))
        columns.update(doubted(self._rows, doubt))
        gathered = np.zeros((n, len(COLUMNS)), np.float32)
        for number, name in enumerate(COLUMNS):
            if name in columns:
                gathered[:, number] = columns[name]
        return gathered
