"""Records: JSON lines in, one :class:`Record` or one error a line out; and back into a line with one field changed.

A bad line is handed over as the :class:`~detector.errors.InputError` that tells about it, not raised: whoever reads decides
whether to stop there or to go on, and the good lines around it are never lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from detector.errors import InputError
from detector.files import PACKED, Gauge, name_of, read_lines, read_text

__all__ = ["LINES", "Document", "Record", "encoded", "read_document", "read_record", "read_records"]

# One object a line. Dolma's documents are .json.gz; a plain .json is one article.
LINES = (*(ending + packed for ending in (".jsonl", ".ndjson") for packed in PACKED), *(f".json{p}" for p in PACKED if p))
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Record:
    """A JSON object and where it stands.

    Attributes
    ----------
    path : str
        The file, as messages call it.
    line : int or None
        The line in it, from 1; None if the object is the whole file.
    source : str
        The object as it is written there.
    fields : dict
        What it holds.
    id_field : str
        The field that names it in messages, if there is one.
    """

    path: str
    line: int | None
    source: str
    fields: dict[str, Any]
    id_field: str = "id"

    def article(self, field: str | None = None) -> str | list[str]:
        """Return the article in `field`, or if that is None in ``paragraphs`` or ``text``, as OffTopicDetector.check takes it.

        A list holds paragraphs: each a str, or an object with the paragraph as ``text``.

        Raises
        ------
        InputError
            If there is no such field, or it holds something else.
        """
        name = field or ("text" if self.fields.get("paragraphs") is None else "paragraphs")
        if name not in self.fields:
            wanted = repr(name) if field else "'text' or 'paragraphs'"
            raise self.error(f"no field {wanted}, there is {_listed(self.fields)}; name the one that holds the text")
        value = self.fields[name]
        if isinstance(value, str):
            return value
        if not isinstance(value, list):
            raise self.error(f"field {name!r} is a str or a list of paragraphs, got {_type(value)}")
        paragraphs: list[str] = []
        for i, item in enumerate(value):
            paragraph = item.get("text") if isinstance(item, dict) else item
            if not isinstance(paragraph, str):
                raise self.error(f"field {name!r}: paragraph {i} is a str, got {_type(item)}")
            paragraphs.append(paragraph)
        return paragraphs

    def text(self, field: str) -> str | None:
        """Return the str in `field`, or None where there is none.

        Raises
        ------
        InputError
            If it holds something else.
        """
        value = self.fields.get(field)
        if value is None or isinstance(value, str):
            return value
        raise self.error(f"field {field!r} is a str, got {_type(value)}; make it one, or name another field")

    def with_field(self, field: str, value: Any) -> str:
        """Return the record as one line of JSON with `field` set to `value`, the rest letter by letter as it was written.

        Reading and writing JSON again would not do: ``1.10``, ``1E5``, escapes and names that stand twice would change.
        """
        written = encoded(value)
        pieces, last = [], 0
        for name, start, end in _spans(self.source):
            if name == field:
                pieces += [self.source[last:start], written]
                last = end
        if pieces:
            return "".join(pieces) + self.source[last:]
        body = self.source[: self.source.rindex("}")].rstrip()
        return f"{body}{', ' if self.fields else ''}{encoded(field)}: {written}}}"

    def error(self, message: str) -> InputError:
        """Return an InputError that names where the record stands."""
        named = self._named()
        return InputError(f"{named}: {message}" if named else message, path=self.path, line=self.line)

    def where(self, index: int = 0) -> str:
        """Return what messages call the record; of its articles, of which there is one, number `index`."""
        del index
        return ": ".join(filter(None, (self.path if self.line is None else f"{self.path}:{self.line}", self._named())))

    def name(self, index: int = 0) -> str:
        """Return what the article is called, number `index` as in :meth:`where`: its id, or else the file and the line."""
        del index
        known = self.fields.get(self.id_field)
        return str(known) if isinstance(known, (str, int)) else f"{self.path}:{self.line}"

    def _named(self) -> str:
        known = self.fields.get(self.id_field)
        return f"record {known!r}" if isinstance(known, (str, int)) else ""


class Document(NamedTuple):
    """An article as OffTopicDetector.check takes it, and its title."""

    article: str | list[str]
    title: str | None


def read_records(
    path: str | Path, id_field: str = "id", after: int = 0, gauge: Gauge | None = None
) -> Iterator[Record | InputError]:
    """Yield every record of a file of JSON lines, plain or packed, lazily and in order.

    In place of a line that cannot be used comes the InputError that tells why, with its path and line; where the file itself
    cannot be read, or not to its end, comes as the last item an InputError without a line. Blank lines are passed over.

    Parameters
    ----------
    path : str or Path
        ``-`` is the standard input.
    id_field : str
        The field that names a record in messages.
    after : int
        Lines to pass over unread.
    gauge : Gauge, optional
        Follows the reading.
    """
    try:
        for number, line in enumerate(read_lines(path, gauge), 1):
            if number > after and line and not line.isspace():
                yield _record(name_of(path), number, line, id_field)
    except InputError as error:
        yield error


def read_record(path: str | Path) -> Record:
    """Return the JSON object that fills the file `path`.

    Raises
    ------
    InputError
        If the file cannot be read, or holds something else.
    """
    record = _parsed(name_of(path), None, read_text(path))
    if isinstance(record, InputError):
        raise record
    return record


def read_document(path: str | Path) -> Document:
    """Return the article of a text file, or of a ``.json`` file: an object with ``paragraphs`` or ``text``, and ``title``.

    Raises
    ------
    InputError
        If the file cannot be read, or holds something else.
    """
    if str(path).endswith(LINES):
        raise InputError("holds many articles, one a line; use `offtopic clean` or `offtopic tag`", path=str(path))
    if not str(path).endswith(".json"):
        return Document(read_text(path), None)
    record = read_record(path)
    return Document(record.article(), record.text("title"))


def encoded(value: Any) -> str:
    """Return `value` as JSON that can be written as UTF-8: half a surrogate pair is kept, as an escape."""
    written = json.dumps(value, ensure_ascii=False)
    try:
        written.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value)
    return written


def _record(path: str, number: int, line: bytes, id_field: str) -> Record | InputError:
    if b"\0" in line:
        return InputError("holds a NUL byte: damaged, or text in UTF-16; give JSON in UTF-8", path=path, line=number)
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start
        return InputError(f"byte {at} of the line (0x{line[at]:02x}) is not UTF-8; convert the file", path=path, line=number)
    return _parsed(path, number, text, id_field)


def _parsed(path: str, line: int | None, text: str, id_field: str = "id") -> Record | InputError:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        told = f"not JSON ({error.msg} at column {error.colno}); one JSON object is meant"
        return InputError(told, path=path, line=line or error.lineno)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, a thousand brackets
        return InputError(f"JSON that cannot be read ({error})", path=path, line=line)
    if not isinstance(value, dict):
        return InputError(f'a JSON object is meant, got {_type(value)}; write {{"text": …}}', path=path, line=line)
    return Record(path, line, text, value, id_field)


def _spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each field of the JSON object `text`, known to be valid: its name, and where its value starts and ends."""
    at = _skip(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)  # over the colon
        _, end = _DECODER.raw_decode(text, at)
        yield name, at, end
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _listed(fields: dict[str, Any]) -> str:
    names = [repr(name) for name in fields]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "") if names else "none at all"


def _type(value: object) -> str:
    return "null" if value is None else type(value).__name__
