"""Errors: what a caller can act on.

::

    OffTopicError
    ├── InputError    an article, a file or a line of one is not what it should be; also a ValueError
    └── ModelError    a model file is missing, foreign, damaged or made for another version
"""

from __future__ import annotations

__all__ = ["InputError", "ModelError", "OffTopicError"]


class OffTopicError(Exception):
    """Base of the library's own errors."""


class InputError(OffTopicError, ValueError):
    """Input cannot be used.

    Attributes
    ----------
    path : str or None
        The file it was read from.
    line : int or None
        The line in it, from 1.
    """

    def __init__(self, message: str, *, path: str | None = None, line: int | None = None) -> None:
        where = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(where + message)
        self.path = path
        self.line = line


class ModelError(OffTopicError):
    """A model file cannot be used.

    Attributes
    ----------
    path : str
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)  # both, so that it can be sent between processes
        self.path = path

    def __str__(self) -> str:
        """Return the path and what is wrong with it."""
        return f"{self.path}: {self.args[1]}"
