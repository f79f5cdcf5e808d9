"""Learning a model: articles in, :class:`~detector.model.Model` out. The bundled model is made by this very code."""

from detector.learn.articles import Article
from detector.learn.recipe import TrainSettings, train

__all__ = ["Article", "TrainSettings", "train"]
