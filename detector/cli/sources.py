"""Sources: files, folders and patterns in, units of work out, in order.

A unit is what is written at once: a line of JSON, a text file, some rows of a Parquet file. It brings the articles to be
judged, and knows what to write when their reports are there.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from detector.cleaning import cleaned, tag
from detector.errors import InputError
from detector.files import PACKED, Gauge, Output, part_of, read_text, require_file
from detector.mapper import BatchMapper
from detector.records import LINES, Document, Record, encoded, read_document, read_records
from detector.report import Report

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "ARTICLES",
    "FORMATS",
    "MANY",
    "Found",
    "Readable",
    "Source",
    "Task",
    "Unit",
    "found_files",
    "is_folder",
    "read_article",
    "source_of",
]

FORMATS = ("jsonl", "dolma")
_TEXT = tuple(f".txt{packed}" for packed in PACKED)
_PARQUET = ".parquet"
_PAGES = (".html", ".htm")
MANY = (*LINES, _PARQUET)  # files of many articles
ARTICLES = (*_TEXT, ".json", *_PAGES)  # files of one, for the eye
_KNOWN = (*MANY, *_TEXT)
_ROWS = 4096  # of a Parquet file in a unit: rows wait for one another


@dataclass(frozen=True)
class Task:
    """What is asked for.

    Attributes
    ----------
    mapper : BatchMapper
        What to do, and with which fields or columns.
    id_field : str
        Names a record in messages, and in attributes of Dolma.
    written : str
        One of FORMATS: records with a field more, or Dolma's attributes alone.
    """

    mapper: BatchMapper
    id_field: str
    written: str


class Unit(NamedTuple):
    """What is written at once.

    Attributes
    ----------
    line : int
        How many lines of the file are read when it is written; 0 where the file is begun anew after an interruption.
    articles, titles : sequence
        To be judged; an article that is None is passed on as it is.
    written : callable
        Takes a report an article and returns what is to be written.
    where, name : callable
        Each takes the number of an article in the unit; they return what messages call it, and its id or else where it stands.
    error : Exception or None
        In place of all that, what is wrong: an InputError with a line or a file, any other with the work.
    ends_file : bool
        In place of all that, that there is no more in the file.
    """

    line: int
    articles: Sequence[Any] = ()
    titles: Sequence[str | None] = ()
    written: Callable[[list[Report]], Any] = lambda reports: b""
    where: Callable[[int], str] = str
    name: Callable[[int], str] = str
    error: Exception | None = None
    ends_file: bool = False


class Found(NamedTuple):
    """A file to read, and what it is called in a folder of results."""

    path: str
    name: str


class Readable(Protocol):
    """A file to read."""

    def units(self, after: int, gauge: Gauge) -> Iterator[Unit]:
        """Yield what follows line `after`."""


class Source(Readable, Protocol):
    """A file to read, which comes out changed.

    Attributes
    ----------
    name : str
        What its result is called in a folder of results.
    joins : bool
        Whether its result can be written behind that of another.
    """

    name: str
    joins: bool

    def output(self, path: str, keep: int) -> Any:
        """Return an :class:`~detector.files.Output` or its like, which takes what the units write."""


def is_folder(output: str) -> bool:
    """Return whether `output` means a folder, one that is there or, ending in a slash, one to be made."""
    return output != "-" and (output.endswith(("/", os.sep)) or os.path.isdir(output))


def found_files(paths: Sequence[str], but: str | None, endings: tuple[str, ...] = _KNOWN) -> list[Found]:
    """Return the files that `paths` name, in order: files, ``-``, patterns, and folders with all in them that can be read.

    Parameters
    ----------
    paths : sequence of str
    but : str or None
        The folder or the file of the results: they are not read, where a folder or a pattern of `paths` holds more than that.
    endings : tuple of str
        What can be read, of the files in a folder.

    Raises
    ------
    InputError
        If one names nothing that is there, or is to have a name among results and has none.
    """
    found: list[Found] = []
    for path in paths:
        if path == "-" and but is not None and is_folder(but):
            raise InputError("the standard input has no name there; write it to a file", path=but)
        if path != "-" and os.path.isdir(path):
            found += _in_folder(path, but, endings)
        elif path != "-" and not Path(path).exists() and glob.has_magic(path):
            matches = sorted(name for name in glob.glob(path, recursive=True) if Path(name).is_file())
            if not matches:
                raise InputError("no file matches this pattern", path=path)
            found += [Found(name, os.path.basename(name)) for name in _others(matches, but)]
        else:
            require_file(path)  # a slip of the pen is told before the work, whatever is to be skipped
            found.append(Found(path, os.path.basename(path)))
    return found


def read_article(path: str) -> Document:
    """Return the article of a file that holds one: plain text, JSON or, with trafilatura, a page of HTML.

    Raises
    ------
    InputError
        If the file cannot be read, holds something else, or needs a package that is not installed.
    """
    if not path.endswith(_PAGES):
        return read_document(path)
    require_file(path)
    try:
        from detector.html import read_html
    except ImportError as error:
        raise InputError("HTML needs a package; pip install 'offtopic-detector[html]'", path=path) from error
    try:
        return read_html(Path(path).read_bytes())
    except InputError as error:
        raise InputError(str(error), path=path) from error


def source_of(found: Found, task: Task) -> Source:
    """Return the source that reads `found`, by the ending of its name.

    Raises
    ------
    InputError
        If such a file cannot be written as is asked for, or needs a package that is not installed.
    """
    if found.path.endswith(_PARQUET):
        return _Parquet(found, task)
    if found.path.endswith(_TEXT):
        return _Text(found, task)
    return _Lines(found, task)


class _Lines:
    """JSON lines, of which each comes out as it was written, letter by letter, but for the field that is replaced or added."""

    def __init__(self, found: Found, task: Task) -> None:
        self.name, self.joins = found.name, True
        self._path, self._task = found.path, task

    def units(self, after: int, gauge: Gauge) -> Iterator[Unit]:
        mapper = self._task.mapper
        last = after
        for item in read_records(self._path, self._task.id_field, after, gauge):
            last = item.line or last
            try:
                if isinstance(item, InputError):
                    raise item
                article = item.article(mapper.text_column)
                title = item.text(mapper.title_column) if mapper.title_column else None
                if self._task.written == "dolma" and not isinstance(item.fields.get(self._task.id_field), (str, int)):
                    raise item.error(f"no {self._task.id_field!r}, by which Dolma knows a document; name it with --id-field")
            except InputError as error:
                yield Unit(last, error=error)
            else:
                written = partial(_line_of, self._task, item, article)
                yield Unit(last, (article,), (title,), written, item.where, item.name)

    def output(self, path: str, keep: int) -> Output:
        if path.endswith(_PARQUET):
            raise InputError("JSON lines come out as JSON lines; give it another ending", path=path)
        return Output(path, keep)


def _line_of(task: Task, record: Record, article: str | list[str], reports: list[Report]) -> bytes:
    """Return the line that comes out for `record`."""
    (report,) = reports
    mapper = task.mapper
    if task.written == "dolma":
        line = _attributes(report, record.fields, task.id_field)
    elif mapper.tag_column is not None:
        line = record.with_field(mapper.tag_column, tag(report))
    else:
        # A list may hold objects: what stands for a paragraph is left out whole.
        items: Any = article if isinstance(article, str) else record.fields[mapper.text_column]
        left = cleaned(report, items, mapper.max_removed).article
        line = record.source if left is items else record.with_field(mapper.text_column, left)
    return line.encode("utf-8") + b"\n"


class _Text:
    """A file with one article: what is left of it, or a record of it with its tag."""

    def __init__(self, found: Found, task: Task) -> None:
        if task.written == "dolma":
            raise InputError("Dolma's documents are JSON lines; make it one", path=found.path)
        self._tags = task.mapper.action == "tag"
        stem, _, packed = found.name.rpartition(".txt")
        self.name, self.joins = f"{stem}.jsonl{packed}" if self._tags else found.name, self._tags
        self._found, self._task = found, task

    def units(self, after: int, gauge: Gauge) -> Iterator[Unit]:
        if after:
            return
        try:
            text = read_text(self._found.path, gauge)
        except InputError as error:
            yield Unit(1, error=InputError(str(error)))  # whatever line it names, all of the file is lost
            return

        def written(reports: list[Report]) -> bytes:
            if not self._tags:
                return str(cleaned(reports[0], text, self._task.mapper.max_removed).article).encode("utf-8")
            names = (self._task.id_field, self._task.mapper.text_column, self._task.mapper.tag_column)
            fields = dict(zip(names, (self._found.name, text, tag(reports[0])), strict=True))
            return encoded(fields).encode("utf-8") + b"\n"

        yield Unit(1, (text,), (None,), written, lambda _: self._found.path, lambda _: self._found.path)

    def output(self, path: str, keep: int) -> Output:
        return Output(path, keep)


class _Parquet:
    """A Parquet file: the same rows, row groups and columns, with the one column replaced or added."""

    def __init__(self, found: Found, task: Task) -> None:
        if task.written == "dolma":
            raise InputError("Dolma's documents are JSON lines; make it one", path=found.path)
        try:
            from detector.arrow import ArrowMapper
        except ImportError as error:
            raise InputError("Parquet needs a package; pip install 'offtopic-detector[parquet]'", path=found.path) from error
        self.name, self.joins = found.name, False
        self._path, self._id_field = found.path, task.id_field
        self._mapper = ArrowMapper(task.mapper)

    def units(self, after: int, gauge: Gauge) -> Iterator[Unit]:
        import pyarrow as pa

        try:
            with self._opened() as file:
                first = 0
                for group in range(file.num_row_groups):
                    rows = file.read_row_group(group)
                    yield from self._group(rows, first)
                    first += rows.num_rows
        except InputError as error:
            yield Unit(0, error=error)
        except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
            yield Unit(0, error=InputError(f"cannot be read ({error}); make the file again", path=self._path))

    def output(self, path: str, keep: int) -> _ParquetOutput:
        if path == "-":
            raise InputError("a Parquet file is written to a file or a folder; name it with --output", path=self._path)
        if not path.endswith(_PARQUET):
            raise InputError("a Parquet file comes out as one; let it end in .parquet", path=path)
        with self._opened() as file:
            # Files of one column and many: what packs the first packs all.
            codec = file.metadata.row_group(0).column(0).compression if file.num_row_groups else "SNAPPY"
            return _ParquetOutput(path, self._mapper.schema(file.schema_arrow), codec)

    def _group(self, rows: pa.Table, first: int) -> Iterator[Unit]:
        """Yield the units of a row group, the first row of which has the number `first` in the file."""
        for start in range(0, max(rows.num_rows, 1), _ROWS):
            some = rows.slice(start, _ROWS)
            articles, titles = self._mapper.read(some)
            for row, article in enumerate(articles, first + start):
                if isinstance(article, list) and None in article:
                    raise InputError(f"row {row}: paragraph {article.index(None)} is null; leave it out", path=self._path)

            def written(reports: list[Report], some: pa.Table = some, articles: Any = articles, start: int = start) -> Any:
                return self._mapper.written(some, articles, reports), start + some.num_rows == rows.num_rows

            def where(index: int, first: int = first + start) -> str:
                return f"{self._path}: row {first + index}"

            def name(index: int, some: pa.Table = some, where: Callable[[int], str] = where) -> str:
                known = some.column(self._id_field)[index].as_py() if self._id_field in some.column_names else None
                return str(known) if isinstance(known, (str, int)) else where(index)

            yield Unit(0, articles, titles, written, where, name)

    def _opened(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(self._path)
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"is not a Parquet file that can be read ({error})", path=self._path) from error
        try:
            self._mapper.schema(file.schema_arrow)
        except InputError as error:
            file.close()
            raise InputError(str(error), path=self._path) from error
        return file


class _ParquetOutput:
    """A Parquet file in the making; begun anew after an interruption, for half of one cannot be read."""

    def __init__(self, path: str, schema: pa.Schema, codec: str) -> None:
        import pyarrow.parquet as pq

        self._path, self._part = os.path.realpath(path), part_of(path)
        try:
            self._writer = pq.ParquetWriter(self._part, schema, compression="NONE" if codec == "UNCOMPRESSED" else codec)
        except OSError as error:
            raise InputError(f"cannot be written ({error}); name a file in a folder that exists", path=path) from error
        self._group: list[pa.Table] = []

    def write(self, content: tuple[pa.Table, bool]) -> None:
        import pyarrow as pa

        rows, ends_group = content
        self._group.append(rows)
        if ends_group:
            group, self._group = pa.concat_tables(self._group), []
            self._writer.write_table(group, row_group_size=max(len(group), 1))

    def secure(self) -> None:
        return None

    def close(self) -> None:
        self._writer.close()

    def finish(self) -> None:
        self.close()
        self._part.replace(self._path)

    def abandon(self) -> None:
        self._writer.close()
        self._part.unlink(missing_ok=True)


def _in_folder(folder: str, but: str | None, endings: tuple[str, ...]) -> list[Found]:
    """Return the files in `folder` with one of `endings`, sorted by path; hidden ones are none."""
    paths = []
    for above, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        paths += [os.path.join(above, name) for name in names if name.endswith(endings) and not name.startswith(".")]
    if not paths:
        raise InputError(f"a folder without any file that ends in {', '.join(endings)}", path=folder)
    return [Found(path, os.path.relpath(path, folder)) for path in _others(sorted(paths), but)]


def _others(paths: list[str], but: str | None) -> list[str]:
    """Return those of `paths` that are not, and do not lie in, the results `but`; all where that leaves none."""
    if but is None:
        return paths
    results = Path(os.path.realpath(but))
    making = results.name + ".part"  # and the journal beside it
    others = []
    for path in paths:
        real = Path(os.path.realpath(path))
        ours = real == results or results in real.parents or (real.parent == results.parent and real.name.startswith(making))
        others += [] if ours else [path]
    return others or paths  # or they are cleaned in their place


def _raise(error: OSError) -> None:
    raise error


def _attributes(report: Report, fields: dict[str, Any], id_field: str) -> str:
    """Return the attributes of a document as Dolma's mixer takes them: of each kind ``[[start, end, score], …]``."""
    spans: dict[str, list[Any]] = {f"offtopic__detector__{kind}": [] for kind in ("foreign", "furniture")}
    for paragraph in report.flagged:
        spans[f"offtopic__detector__{paragraph.kind}"].append([paragraph.start, paragraph.end, round(paragraph.score, 6)])
    known = {"source": fields["source"]} if "source" in fields else {}
    return encoded({"id": fields[id_field], **known, "attributes": spans})
