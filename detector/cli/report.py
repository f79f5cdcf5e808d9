"""``offtopic report``: an article as a page, or what many articles come to as one."""

from __future__ import annotations

import argparse
import glob
import os
from collections.abc import Iterator
from contextlib import closing

from detector.cli.options import ARTICLE, Commands, add_command, add_detector_options, add_reading_options, detector_of
from detector.cli.progress import Progress, summary
from detector.cli.sources import ARTICLES, MANY, Readable, Task, Unit, found_files, read_article, source_of
from detector.cli.stream import judged, sizes_of, units_of
from detector.cli.terminal import tell
from detector.errors import InputError
from detector.files import Gauge, output
from detector.mapper import BatchMapper
from detector.overview import Overview
from detector.report import Report

__all__ = ["add", "report"]

_DETAILS = f"""\
One file with one article comes out as that article, with what is flagged marked. Several
files, a folder, a pattern in quotes, JSON lines (.jsonl) and Parquet come out as an overview:
sums, the distribution of the scores, the hundred most certain and the hundred least certain
flags, and a table of the articles, which it opens. It takes any number of articles in bounded
memory, weighs at most 5 MB, and says which articles it holds.

JSON lines and Parquet are read as by `offtopic clean`, with the same options; an article is
called by its id, or else by its file and line. Of all other files:

{ARTICLE}"""
_EXAMPLES = """\
  offtopic report article.txt -o article.html
  offtopic report article.json > article.html
  offtopic report news.jsonl.gz -o news.html --text-field body
  offtopic report crawl/ -o crawl.html --on-error skip --processes -1
  offtopic report 'articles/*.txt' -o articles.html --false-alarms 0.01"""


def add(commands: Commands) -> None:
    """Add the sub-command."""
    told = "write a page that shows what is flagged, in one article or in many"
    parser = add_command(commands, "report", report, told, _DETAILS, _EXAMPLES)
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file, folder or pattern; - is one article")
    parser.add_argument("-o", "--output", default="-", metavar="PAGE", help="the HTML file to write (default: standard output)")
    parser.add_argument("--title", help="what one article is headed: read as context, not judged")
    add_reading_options(parser)
    add_detector_options(parser)


def report(arguments: argparse.Namespace) -> int:
    """Run ``offtopic report``."""
    path, *others = arguments.files
    many = others or path.endswith(MANY) or os.path.isdir(path) or (glob.has_magic(path) and not os.path.exists(path))
    if many and arguments.title is not None:
        raise InputError("--title is the title of one article; name the field that holds theirs with --title-field")
    with output(arguments.output) as file:  # one that cannot be written is told before the work
        page = _overview(arguments).to_html() if many else _report(path, arguments).to_html()
        file.write(page.encode("utf-8", "xmlcharrefreplace"))
    return 0


def _report(path: str, arguments: argparse.Namespace) -> Report:
    """Return the report on the article in the file `path`."""
    document = read_article(path)
    title = arguments.title if arguments.title is not None else document.title
    return detector_of(arguments).check(document.article, title)


def _overview(arguments: argparse.Namespace) -> Overview:
    """Return the overview of all articles, and tell how far it is and what was found."""
    detector = detector_of(arguments)
    mapper = BatchMapper(
        text_column=arguments.text_field, title_column=arguments.title_field, tag_column=None, detector=detector
    )
    task = Task(mapper, arguments.id_field, "jsonl")
    found = found_files(arguments.files, None if arguments.output == "-" else arguments.output, (*MANY, *ARTICLES))
    sources: list[Readable] = [source_of(file, task) if file.path.endswith(MANY) else _Article(file.path) for file in found]
    sizes, total = sizes_of([file.path for file in found])
    overview, gauge, skipped = Overview(), Gauge(), 0
    with closing(units_of(sources, 0, sizes, gauge)) as units, Progress(total, gauge, overview.tally) as progress:
        for unit, reports in judged(units, detector, arguments.processes):
            if unit.error is not None:
                if arguments.on_error == "fail" or not isinstance(unit.error, InputError):
                    raise unit.error
                tell(f"offtopic: skipped {unit.error}")
                skipped += 1
                continue
            for index, report in enumerate(reports):
                overview.add(report, unit.name(index))
            progress.advance(unit.articles)
    tell(f"offtopic: {summary(overview.tally, skipped)}")
    return overview


class _Article:
    """A file with one article."""

    def __init__(self, path: str) -> None:
        self._path = path

    def units(self, after: int, gauge: Gauge) -> Iterator[Unit]:
        try:
            document = read_article(self._path)
        except InputError as error:
            yield Unit(1, error=error)
        else:
            yield Unit(1, (document.article,), (document.title,), name=lambda _: self._path)
