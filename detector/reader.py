"""Reader: what is known before an article is seen, and the way from a batch of articles to their evidence.

In: a :class:`~detector.paragraphs.Batch`. Out: :class:`Evidence`, gathered without doubt and once more with the first network's
score as doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.background import Background
from detector.encoder import Encoded
from detector.evidence import Gatherer
from detector.paragraphs import Batch
from detector.postings import postings_of
from detector.scorer import Network, sigmoid
from detector.vectors import Lexicon, Projection, projected, scattered

__all__ = ["Evidence", "Reader"]


class Evidence(NamedTuple):
    """What :meth:`Reader.read` finds: n rows of f columns."""

    plain: NDArray[np.float32]  # gathered without doubt, (n, f)
    doubt: NDArray[np.float64]  # the first score, (n,)
    doubted: NDArray[np.float32]  # gathered with it, (n, f)


@dataclass(frozen=True)
class Reader:
    """What is known before an article is seen: the way from a batch to its evidence.

    Attributes
    ----------
    background : Background
    projection : Projection or Encoded
        The first space: learned, or by an encoder of the user's own.
    lexicon : Lexicon
    taught : Projection, optional
        A second space, from a teacher: what the words mean apart from what was learned of them.
    """

    background: Background
    projection: Projection | Encoded
    lexicon: Lexicon
    taught: Projection | None = None

    def read(self, batch: Batch, first: Network | None) -> Evidence:
        """Gather the evidence of `batch` twice; without a `first` network nothing is doubted."""
        postings = postings_of(batch, self.background)
        bags = postings.bags(self.background)
        maps = [each for each in (self.projection, self.taught) if isinstance(each, Projection)]
        spaces = projected(bags, maps)
        if isinstance(self.projection, Encoded):
            dense = self.projection.vectors(batch)
        else:
            dense = spaces.pop(0)
            dense += scattered(postings, dense.shape[1])
        taught = spaces[0] if spaces else None
        furniture = self.lexicon.logits(postings)
        gatherer = Gatherer(batch, postings, dense, furniture, taught)
        plain = gatherer.evidence()
        if first is None:
            return Evidence(plain, np.zeros(len(plain)), plain)
        doubt = sigmoid(first(plain)[:, 0])
        return Evidence(plain, doubt, gatherer.evidence(doubt))
