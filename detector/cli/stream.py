"""``offtopic clean`` and ``offtopic tag``: JSON lines in, the same lines out, cleaned or annotated.

Lines flow: no more of them are held than the detector judges at a time. Each comes out as it was written, letter by letter, but
for the one field that is replaced or added.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import tee
from textwrap import fill
from typing import Any, NamedTuple

from detector.cli.options import Commands, add_command, add_detector_options, detector_of, jobs
from detector.cli.terminal import tell
from detector.errors import InputError
from detector.files import output, require_file
from detector.records import Record, read_records
from detector.report import STATUSES, Report

__all__ = ["add", "clean", "tag"]

_FORMAT = """\
JSON lines: one object a line, the article in one field, a string or a list of paragraphs.
Files packed with gzip or xz are read as they are; several files come out as one. Records
keep their order, and all other fields come out as they were written.

A line that cannot be used stops the command with status 2 (--on-error fail); what came
before it has been written. With --on-error skip it is named on standard error and left out,
the status is 0, and the last line on standard error tells how many there were.

With --output FILE, records go to FILE.part, which becomes FILE at the end; when the command
stops early, FILE is as it was and FILE.part stays behind."""
_CLEAN = f"""\
{_FORMAT}

A record without off-topic paragraphs comes out byte for byte. In a list of paragraphs those
that do not belong are left out."""
_STATUSES = "\n".join(
    fill(told, 90, initial_indent=f"  {name:17}", subsequent_indent=" " * 19) for name, told in STATUSES.items()
)
_TAG = f"""\
{_FORMAT}

The field that is added: {{"status": "ok", "spans": [{{"start": 512, "end": 640, "score": 0.98,
"kind": "foreign", "reason": "…"}}]}}. Spans count Unicode code points in the text; in a list of
paragraphs, in their join by a blank line (two line feeds). What "status" says:

{_STATUSES}"""
_CLEAN_EXAMPLES = """\
  offtopic clean news.jsonl -o cleaned.jsonl
  offtopic clean crawl/*.jsonl.gz --text-field body --n-jobs -1 -o cleaned.jsonl.gz
  zstdcat dump.jsonl.zst | offtopic clean --on-error skip | zstd > cleaned.jsonl.zst
  offtopic clean news.jsonl --kinds furniture --false-alarms 0.0005"""
_TAG_EXAMPLES = """\
  offtopic tag news.jsonl -o tagged.jsonl
  offtopic tag news.jsonl --tag-field quality | jq -c 'select(.quality.spans != []) | .id'"""


class _Row(NamedTuple):
    record: Record
    article: str | list[str]
    title: str | None


class _Rows:
    """The rows of files, as an iterable to go through once; remembers what could not be used.

    Nothing is raised on the way, for that would take with it the rows that are just being judged: the first failure ends the
    rows and is left in `failure`; where it is to be skipped, it is told and counted in `skipped`.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.failure: InputError | None = None
        self.skipped = 0
        self._arguments = arguments

    def __iter__(self) -> Iterator[_Row]:
        for path in self._arguments.files:
            for item in read_records(path, self._arguments.id_field):
                try:
                    if isinstance(item, InputError):
                        raise item
                    row = self._row(item)
                except InputError as error:
                    if self._arguments.on_error == "fail":
                        self.failure = error
                        return
                    tell(f"offtopic: skipped {error}")
                    self.skipped += 1
                else:
                    yield row

    def _row(self, record: Record) -> _Row:
        return _Row(record, record.article(self._arguments.text_field), record.text(self._arguments.title_field))


def add(commands: Commands) -> None:
    """Add both sub-commands."""
    parser = add_command(commands, "clean", clean, "take what does not belong out of JSON lines", _CLEAN, _CLEAN_EXAMPLES)
    _add_options(parser)
    parser = add_command(commands, "tag", tag, "mark in JSON lines what does not belong", _TAG, _TAG_EXAMPLES)
    _add_options(parser)
    parser.add_argument("--tag-field", default="off_topic", metavar="NAME", help="the field to add (default: off_topic)")


def clean(arguments: argparse.Namespace) -> int:
    """Run ``offtopic clean``."""
    return _stream(arguments, lambda row, report: _cleaned(row, report, arguments.text_field))


def tag(arguments: argparse.Namespace) -> int:
    """Run ``offtopic tag``."""
    if arguments.tag_field in (arguments.text_field, arguments.title_field, arguments.id_field):
        raise InputError(f"--tag-field {arguments.tag_field} would overwrite what is there; name a field of its own")
    return _stream(arguments, lambda row, report: row.record.with_field(arguments.tag_field, _tag(report)))


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", default=["-"], metavar="FILE", help="JSON lines; - or none is the standard input")
    parser.add_argument("-o", "--output", default="-", metavar="FILE", help="where to write, packed if it ends in .gz or .xz")
    parser.add_argument("--text-field", default="text", metavar="NAME", help="the field with the article (default: text)")
    parser.add_argument(
        "--title-field", default="title", metavar="NAME", help="the field with its title, if any (default: title)"
    )
    parser.add_argument(
        "--id-field", default="id", metavar="NAME", help="the field that names a record in messages (default: id)"
    )
    parser.add_argument(
        "--on-error", choices=("skip", "fail"), default="fail", help="at a line that cannot be used (default: fail)"
    )
    parser.add_argument("--n-jobs", type=jobs, default=1, metavar="N", help="processes; -1 for all cores (default: 1)")
    add_detector_options(parser)


def _stream(arguments: argparse.Namespace, line_of: Callable[[_Row, Report], str]) -> int:
    """Write the line of every row of the files and return the exit status."""
    for path in arguments.files:
        require_file(path)  # a slip of the pen is told before the work, whatever is to be skipped
    detector = detector_of(arguments)
    source = _Rows(arguments)
    with output(arguments.output) as file:
        # Judging runs ahead of writing by a chunk of rows; tee holds just those.
        rows, articles, titles = tee(source, 3)
        reports = detector.check_many((row.article for row in articles), (row.title for row in titles), n_jobs=arguments.n_jobs)
        written = False
        for row, report in _with_bar(zip(rows, reports, strict=True)):
            file.write(line_of(row, report).encode("utf-8") + b"\n")
            written = True
        if source.failure:
            if written and arguments.output != "-":
                tell(f"offtopic: stopped early; the records before are in {arguments.output}.part")
            raise source.failure
    if source.skipped:
        tell(f"offtopic: {source.skipped} skipped in all")
    return 0


def _with_bar(pairs: Iterable[tuple[_Row, Report]]) -> Iterable[tuple[_Row, Report]]:
    if not sys.stderr.isatty():
        return pairs
    from tqdm import tqdm

    return tqdm(pairs, unit=" records", dynamic_ncols=True)  # type: ignore[no-any-return]


def _cleaned(row: _Row, report: Report, field: str) -> str:
    if not report.flags.any():
        return row.record.source
    if isinstance(row.article, str):
        return row.record.with_field(field, report.cleaned)
    items: Sequence[Any] = row.record.fields[field]
    kept = [item for item, flag in zip(items, report.flags.tolist(), strict=True) if not flag]
    return row.record.with_field(field, kept)


def _tag(report: Report) -> dict[str, Any]:
    names = ("start", "end", "score", "kind", "reason")
    return {"status": report.status, "spans": [{name: getattr(p, name) for name in names} for p in report.flagged]}
