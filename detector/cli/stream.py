"""``offtopic clean`` and ``offtopic tag``: files of many articles in, the same files out, cleaned or annotated.

Records flow: no more of them are held than the detector judges at a time. What was interrupted goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from itertools import islice, tee
from textwrap import fill
from typing import Any

from detector.cleaning import checked_share, flagged_share
from detector.cli.journal import identity
from detector.cli.options import Commands, add_command, add_detector_options, add_reading_options, detector_of
from detector.cli.progress import Progress, summary
from detector.cli.results import Results
from detector.cli.sources import FORMATS, Readable, Task, Unit, found_files, source_of
from detector.cli.terminal import tell
from detector.errors import InputError
from detector.estimator import OffTopicDetector
from detector.files import Gauge, output
from detector.mapper import BatchMapper
from detector.report import STATUSES, Report

__all__ = ["add", "clean", "judged", "sizes_of", "tag", "units_of"]

_FORMAT = """\
A file is JSON lines, one object a line, the article in one field, a string or a list of
paragraphs; or Parquet (.parquet), the article in one column; or one article as plain text
(.txt). JSON and text may be packed with gzip, xz or zstd. A folder stands for all such files
in it, a pattern in quotes for those that match.

Records keep their order, and all other fields come out as they were written. With a folder
as --output each file comes out as one of its own name; else JSON lines come out as one.

A line that cannot be used stops the command with status 2 (--on-error fail); what came
before it has been written. With --on-error skip it is named on standard error and left out,
and the status is 0.

Results go to FILE.part, which becomes FILE at the end; when the command stops early, FILE is
as it was. The same command, given again, goes on from there, if the files are the same."""
_CLEAN = f"""\
{_FORMAT}

A record without off-topic paragraphs comes out byte for byte. In a list of paragraphs those
that do not belong are left out."""
_STATUSES = "\n".join(
    fill(told, 90, initial_indent=f"  {name:17}", subsequent_indent=" " * 19) for name, told in STATUSES.items()
)
_TAG = f"""\
{_FORMAT}

The field that is added: {{"status": "ok", "share": 0.04, "spans": [{{"start": 512, "end": 640,
"score": 0.98, "kind": "foreign", "reason": "…", "reason_code": "own_words"}}]}}. Spans count
Unicode code points in the text; in a list of paragraphs, in their join by a blank line (two
line feeds). "share" is how much of the text they are. What "status" says:

{_STATUSES}

With --format dolma, attributes alone come out, a line a document, for Dolma's mixer:
{{"id": "…", "attributes": {{"offtopic__detector__foreign": [[512, 640, 0.98]],
"offtopic__detector__furniture": []}}}}."""
_CLEAN_EXAMPLES = """\
  offtopic clean news.jsonl -o cleaned.jsonl
  offtopic clean crawl/ -o cleaned/ --processes -1 --max-removed 0.5
  offtopic clean 'crawl/*.jsonl.zst' --text-field body -o cleaned.jsonl.gz --summary sum.json
  offtopic clean part-0.parquet -o cleaned/ --text-field content
  zcat dump.jsonl.gz | offtopic clean --on-error skip | gzip > cleaned.jsonl.gz"""
_TAG_EXAMPLES = """\
  offtopic tag news.jsonl -o tagged.jsonl
  offtopic tag documents/ -o attributes/offtopic/ --format dolma
  offtopic tag news.jsonl --tag-field quality | jq -c 'select(.quality.spans != []) | .id'"""


def add(commands: Commands) -> None:
    """Add both sub-commands."""
    parser = add_command(commands, "clean", clean, "take what does not belong out of many articles", _CLEAN, _CLEAN_EXAMPLES)
    _add_options(parser)
    parser.add_argument(
        "--max-removed",
        type=_share,
        default=1.0,
        metavar="SHARE",
        help="keep an article whole, and name it, of which more than this would go (default: 1, no limit)",
    )
    parser = add_command(commands, "tag", tag, "mark in many articles what does not belong", _TAG, _TAG_EXAMPLES)
    _add_options(parser)
    parser.add_argument("--tag-field", default="off_topic", metavar="NAME", help="the field to add (default: off_topic)")
    parser.add_argument("--format", choices=FORMATS, default="jsonl", help="records, or Dolma's attributes (default: jsonl)")


def clean(arguments: argparse.Namespace) -> int:
    """Run ``offtopic clean``."""
    detector = detector_of(arguments)
    mapper = BatchMapper(
        text_column=arguments.text_field,
        title_column=arguments.title_field,
        tag_column=None,
        max_removed=arguments.max_removed,
        detector=detector,
    )
    return _run(arguments, Task(mapper, arguments.id_field, "jsonl"))


def tag(arguments: argparse.Namespace) -> int:
    """Run ``offtopic tag``."""
    if arguments.tag_field in (arguments.text_field, arguments.title_field, arguments.id_field):
        raise InputError(f"--tag-field {arguments.tag_field} would overwrite what is there; name a field of its own")
    if arguments.format == "dolma" and arguments.on_error == "skip":
        raise InputError("--format dolma needs a line for each of the documents', so none can be skipped; mend the line")
    mapper = BatchMapper(
        "tag",
        text_column=arguments.text_field,
        title_column=arguments.title_field,
        tag_column=arguments.tag_field,
        detector=detector_of(arguments),
    )
    return _run(arguments, Task(mapper, arguments.id_field, arguments.format))


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="*", default=["-"], metavar="FILE", help="a file, folder or pattern; - or none is the standard input"
    )
    parser.add_argument(
        "-o", "--output", default="-", metavar="FILE", help="a file, packed if it ends in .gz, .xz or .zst, or a folder/"
    )
    add_reading_options(parser)
    parser.add_argument("--summary", metavar="FILE", help="write the counts of the summary to a JSON file")
    add_detector_options(parser)


def _share(text: str) -> float:
    try:
        return checked_share(float(text))
    except (ValueError, InputError):
        raise argparse.ArgumentTypeError(f"a number from 0 to 1 is meant, such as 0.5, got {text!r}") from None


def _run(arguments: argparse.Namespace, task: Task) -> int:
    """Go through the files, write the results and return the exit status."""
    started = time.monotonic()
    found = found_files(arguments.files, None if arguments.output == "-" else arguments.output)
    paths = [file.path for file in found]
    sources = [source_of(file, task) for file in found]
    sizes, total = sizes_of(paths)
    gauge = Gauge()
    # One that cannot be written is told before the work.
    with output(arguments.summary) if arguments.summary is not None else nullcontext() as counts:
        results = Results(sources, arguments.output, None if "-" in paths else identity(*_decides(arguments, task), paths))
        gauge.leave(sum(sizes[: results.file]))
        with (
            results,
            closing(units_of(sources[results.file :], results.line, sizes[results.file :], gauge)) as units,
            Progress(total, gauge, results.tally) as progress,
        ):
            for unit, found_in in judged(units, task.mapper.detector, arguments.processes):
                if unit.error is not None:
                    if arguments.on_error == "fail" or not isinstance(unit.error, InputError):
                        raise unit.error
                    results.skip(unit.error, unit.line)
                elif unit.ends_file:
                    results.end_file()
                else:
                    kept_whole = _kept_whole(unit, found_in, task.mapper)
                    results.write(unit.written(found_in), unit.line, zip(found_in, kept_whole, strict=True))
                    progress.advance(unit.articles)
        tell(f"offtopic: {summary(results.tally, results.skipped)}")
        if counts is not None:
            seconds = round(time.monotonic() - started, 3)
            held = {**results.tally.to_dict(), "skipped": results.skipped, "seconds": seconds}
            counts.write(json.dumps(held, indent=1).encode("utf-8") + b"\n")
    return 0


def _decides(arguments: argparse.Namespace, task: Task) -> tuple[dict[str, Any], str]:
    """Return the options that decide what is written, and the model."""
    names = ("command", "output", "text_field", "title_field", "id_field", "false_alarms", "kinds")
    options = {name: getattr(arguments, name) for name in names}
    options |= {"written": task.written, "tag_field": task.mapper.tag_column, "max_removed": task.mapper.max_removed}
    return options, arguments.model


def judged(units: Iterable[Unit], detector: OffTopicDetector, n_jobs: int) -> Iterator[tuple[Unit, list[Report]]]:
    """Yield each unit with the reports on its articles."""
    # Judging runs ahead of what is yielded by a chunk of articles; tee holds just those.
    units, read, titled = tee(units, 3)
    reports = detector.check_many(
        ("" if article is None else article for unit in read for article in unit.articles),
        (title for unit in titled for title in unit.titles),
        n_jobs=n_jobs,
    )
    for unit in units:
        yield unit, list(islice(reports, len(unit.articles)))


def units_of(sources: Sequence[Readable], after: int, sizes: Sequence[int], gauge: Gauge) -> Generator[Unit]:
    """Yield the units of all `sources`, the first of them from line `after` on, and after each one that ends its file."""
    try:
        for source, size in zip(sources, sizes, strict=True):
            yield from source.units(after, gauge)
            yield Unit(0, ends_file=True)
            gauge.leave(size)
            after = 0
    except Exception as error:  # reading runs ahead: raised here, it would be lost on what is written
        yield Unit(0, error=error)


def _kept_whole(unit: Unit, reports: Sequence[Report], mapper: BatchMapper) -> list[bool]:
    """Return of which of `reports` the article is kept whole for all that is flagged, and name it."""
    if mapper.action != "clean" or mapper.max_removed == 1:
        return [False] * len(reports)
    shares = [flagged_share(report) for report in reports]
    for index, share in enumerate(shares):
        if share > mapper.max_removed:
            tell(f"offtopic: kept whole {unit.where(index)}: {share:.0%} of it would go")
    return [share > mapper.max_removed for share in shares]


def sizes_of(paths: Sequence[str]) -> tuple[list[int], int | None]:
    """Return how many bytes each file has, 0 for the standard input; and all together, None where that is not known."""
    sizes = [0 if path == "-" else os.stat(path).st_size for path in paths]
    return sizes, sum(sizes) if all(map(os.path.isfile, paths)) else None
