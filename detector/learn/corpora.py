"""Corpora: files, folders and Hugging Face datasets in, :class:`~detector.learn.articles.Article` records out, lazily.

The fields of a record: ``paragraphs`` (a list of str) or ``text`` (a str, split as the detector splits it); and, where there
are any, ``title``, ``source``, ``topic``, ``language`` (each a str) and ``labels`` (one a paragraph: 0 or ``"belongs"``,
1, ``"foreign"`` or ``"furniture"``). A paragraph may also be an object with its ``text`` and its ``label``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from detector.errors import InputError
from detector.files import read_text
from detector.learn.articles import Article
from detector.paragraphs import split
from detector.records import LINES, Record, read_record, read_records

__all__ = ["LABELS", "read_articles"]

LABELS = {"belongs": 0, "foreign": 1, "furniture": 1}
_HF = "hf:"


def read_articles(
    where: str | Path,
    *,
    text_field: str | None = None,
    labelled: bool = False,
    on_error: Callable[[InputError], None] | None = None,
) -> Iterator[Article]:
    """Yield the articles of a corpus, one at a time, in order.

    Parameters
    ----------
    where : str or Path
        A file of JSON lines (plain or packed with gzip or xz; ``-`` is the standard input), a ``.json`` file with one article,
        a ``.txt`` file with one; a folder, of which all ``.jsonl``, ``.jsonl.gz``, ``.jsonl.xz`` and ``.txt`` files are read,
        sub-folders included, sorted by path; or ``hf:NAME`` or ``hf:NAME:SPLIT``, a Hugging Face dataset and its split
        (``train`` if none is told; ``train[:1000]`` for a part).
    text_field : str, optional
        The field with the text or the list of paragraphs, where it is neither ``text`` nor ``paragraphs``.
    labelled : bool
        Whether every article must have labels.
    on_error : callable, optional
        Called with the InputError of every record or file that cannot be used, which is then passed over.

    Raises
    ------
    InputError
        If `where` is not there; or, without `on_error`, at the first record that cannot be used.
    """
    for item in _items(str(where)):
        try:
            if isinstance(item, InputError):
                raise item
            article = _article(item, text_field)
            if labelled and article.labels is None:
                raise item.error("no field 'labels'; give one label a paragraph: 0 where it belongs, 1 where it does not")
        except InputError as error:
            if on_error is None:
                raise
            on_error(error)
        else:
            yield article


def _items(where: str) -> Iterator[Record | InputError]:
    if where.startswith(_HF):
        return _dataset(where)
    if where == "-" or not Path(where).is_dir():
        return _file(where)
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(where) for name in names]
    paths = sorted(path for path in paths if path.endswith((*LINES, ".txt")))
    if not paths:
        raise InputError(
            "a folder without any .jsonl, .jsonl.gz, .jsonl.xz or .txt file; name the one with the corpus", path=where
        )
    return (item for path in paths for item in _file(path))


def _file(path: str) -> Iterator[Record | InputError]:
    if not path.endswith((".txt", ".json")):
        yield from read_records(path)
        return
    try:
        if path.endswith(".json"):
            yield read_record(path)
        else:
            yield Record(path, None, "", {"text": read_text(path)})
    except InputError as error:
        yield error


def _dataset(where: str) -> Iterator[Record | InputError]:
    """Yield the records of the Hugging Face dataset ``hf:NAME[:SPLIT]``; they are streamed unless a part is asked for."""
    name, _, split_name = where.removeprefix(_HF).partition(":")
    try:
        import datasets
    except ImportError as error:
        raise InputError(f"{where} needs the package datasets; pip install 'offtopic-detector[datasets]'") from error
    try:
        found = datasets.load_dataset(name, split=split_name or "train", streaming="[" not in split_name)
        rows = iter(found)
    except Exception as error:  # its own, the hub's, the file system's and the network's: whatever it is, it names the cause
        raise InputError(f"the dataset cannot be loaded ({error}); write hf:NAME or hf:NAME:SPLIT", path=where) from error
    number = 0
    while True:
        try:
            row: dict[str, Any] | None = next(rows, None)
        except Exception as error:
            yield InputError(f"the dataset cannot be read past row {number} ({error})", path=where)
            return
        if row is None:
            return
        number += 1
        yield Record(where, number, "", row)


def _article(record: Record, text_field: str | None) -> Article:
    """Return the article of `record`; InputError if a field is not what it should be."""
    found = record.article(text_field)
    paragraphs = [found[start:end] for start, end in split(found)] if isinstance(found, str) else found
    title, source, topic, language = (record.text(field) or "" for field in ("title", "source", "topic", "language"))
    return Article(tuple(paragraphs), title, source, topic, language, labels=_labels(record, text_field, len(paragraphs)))


def _labels(record: Record, text_field: str | None, count: int) -> tuple[int, ...] | None:
    labels = record.fields.get("labels")
    if labels is None:
        items = record.fields.get(text_field or "paragraphs")
        if not isinstance(items, list) or not any(isinstance(item, dict) and "label" in item for item in items):
            return None
        labels = [item.get("label") if isinstance(item, dict) else None for item in items]
    if not isinstance(labels, list) or len(labels) != count:
        got = f"{len(labels)} labels" if isinstance(labels, list) else type(labels).__name__
        raise record.error(f"field 'labels' is a list with one label for each of the {count} paragraphs, got {got}")
    for i, label in enumerate(labels):
        if not (label in LABELS if isinstance(label, str) else label in (0, 1)):
            raise record.error(f"label {i} is 0, 1 or one of {', '.join(map(repr, LABELS))}, got {label!r}")
    return tuple(LABELS[label] if isinstance(label, str) else int(label) for label in labels)
