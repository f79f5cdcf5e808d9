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
from detector.postings import Postings, postings_of
from detector.scorer import Network, sigmoid
from detector.vectors import Affixes, Lexicon, Projection, grounded, projected, scattered

__all__ = ["Evidence", "Reader"]

_DUST = np.float32(1e-3)  # a word with a middling idf has a length of some units


class Evidence(NamedTuple):
    """What :meth:`Reader.read` finds of a articles: n rows of f columns."""

    plain: NDArray[np.float32]  # gathered without doubt, (n, f)
    doubt: NDArray[np.float64]  # the first score, (n,)
    doubted: NDArray[np.float32]  # gathered with it, (n, f)
    strange: NDArray[np.float64]  # how strange the language of each article is, 0..1, (a,)


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
    affixes : Affixes, optional
        What words without a row are taken to mean in that space.
    """

    background: Background
    projection: Projection | Encoded
    lexicon: Lexicon
    taught: Projection | None = None
    affixes: Affixes | None = None

    def read(self, batch: Batch, first: Network | None) -> Evidence:
        """Gather the evidence of `batch` twice; without a `first` network nothing is doubted."""
        postings = postings_of(batch, self.background)
        dense, *taught = self._grounded(self._spaces(batch, postings), postings)
        gatherer = Gatherer(batch, postings, dense, self.lexicon.logits(postings), *taught)
        plain = gatherer.evidence()
        strange = np.zeros(len(batch.bounds) - 1)
        strange[postings.group_article] = postings.strange
        if first is None:
            return Evidence(plain, np.zeros(len(plain)), plain, strange)
        doubt = sigmoid(first(plain)[:, 0])
        return Evidence(plain, doubt, gatherer.evidence(doubt), strange)

    def _grounded(self, spaces: list[NDArray[np.float32]], postings: Postings) -> list[NDArray[np.float32]]:
        """Return `spaces` with the ground that all paragraphs share; an encoder's vectors share a mean as they are."""
        maps = (self.projection, self.taught)
        return [
            grounded(space, each.length, postings.lengths) if isinstance(each, Projection) else space
            for each, space in zip(maps, spaces, strict=False)
        ]

    def directions(self, batch: Batch) -> NDArray[np.float32]:
        """Return what each row of `batch` is about, ndarray (n, d) float32, 0 where it says nothing.

        The dot product of two is their cosine, the mean over the spaces of meaning.
        """
        spaces = self._spaces(batch, postings_of(batch, self.background))
        # Dust, such as single precision leaves of nothing, is no direction.
        units = [space / np.maximum(np.linalg.norm(space, axis=1, keepdims=True), _DUST) for space in spaces]
        directions: NDArray[np.float32] = np.hstack(units) / np.float32(np.sqrt(len(units)))
        return directions

    def _spaces(self, batch: Batch, postings: Postings) -> list[NDArray[np.float32]]:
        """Return the vectors of the rows in each space of meaning, the taught one last if there is one."""
        maps = [each for each in (self.projection, self.taught) if isinstance(each, Projection)]
        spaces = projected(postings.bags(self.background), maps)
        if self.affixes is not None:
            spaces[-1] += self.affixes.project(postings)
        if isinstance(self.projection, Encoded):
            return [self.projection.vectors(batch), *spaces]
        spaces[0] += scattered(postings, spaces[0].shape[1])
        return spaces
