"""Speed: ``python -m benchmarks.speed --corpora DIR`` prints what the detector costs beside what others do with the same text.

Every figure is a ratio within one run: contenders take turns, round by round, and the median round counts. A machine that is
busy with something else slows both.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import chain, cycle, islice
from pathlib import Path

import numpy as np

from benchmarks.contenders import PARTS, SLOW, Articles, checked, megabytes, news
from detector import OffTopicDetector
from training.benchmark import write_between
from training.corpora import add_corpora_argument

_LIBRARIES = "import numpy, scipy.sparse"
_FIRST = "from detector import OffTopicDetector; OffTopicDetector().check('One.\\n\\nTwo.\\n\\nThree.')"
_SLOW_MB = {"PyOD's ECOD over 50 dimensions of TF-IDF": 4.0, "MiniLM centroid": 0.1}


def main() -> None:
    """Measure everything, print it as a table and, if asked, write it into the README."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    add_corpora_argument(parser)
    parser.add_argument("--megabytes", type=float, default=16.0, metavar="MB", help="text to read (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of which the median counts (%(default)s)")
    parser.add_argument("--stream", type=float, default=0.0, metavar="MB", help="stream as much through the command line too")
    parser.add_argument("--readme", type=Path, metavar="FILE", help="write the table between the speed markers of FILE")
    arguments = parser.parse_args()
    articles = news(arguments.corpora, arguments.megabytes)
    rounds = arguments.rounds
    checked(articles[:200])
    measured = chain(
        _throughput(articles, rounds),
        _slow(articles),
        ["", "| what | measured |", "|---|---|"],
        _processes(list(islice(cycle(articles), int(len(articles) * max(1.0, 64 / megabytes(articles))))), rounds),
        _latency(next(article for article in articles if len(article) == 20)),
        _growth(list(chain.from_iterable(articles)), rounds),
        _start(rounds),
        _memory(articles, arguments.stream) if arguments.stream else [],
    )
    lines = []
    for line in measured:
        print(line, flush=True)
        lines.append(line)
    if arguments.readme:
        write_between(arguments.readme, "speed", "\n".join(lines))


def _throughput(articles: Articles, rounds: int) -> Iterator[str]:
    size = megabytes(articles)
    contenders = [checked, *PARTS.values()]
    _turns(contenders, [articles[:10]] * len(contenders), 1)  # imports are not what is asked
    ours, *others = _turns(contenders, [articles] * len(contenders), rounds)
    yield f"| {size:.0f} MB of news, {sum(map(len, articles)):,} paragraphs | MB/s | the detector is as fast, times |"
    yield "|---|---|---|"
    yield f"| `check_many`, one process: everything | {size / np.median(ours):.1f} | |"
    for name, seconds in zip(PARTS, others, strict=True):
        yield f"| {name} | {size / np.median(seconds):.1f} | {np.median(np.divide(seconds, ours)):.2f} |"


def _slow(articles: Articles) -> Iterator[str]:
    sizes = np.cumsum([megabytes([article]) for article in articles])
    for name, contender in SLOW.items():
        some = articles[: int(np.searchsorted(sizes, _SLOW_MB[name])) + 1]
        contender(some[:1])
        theirs, ours = _seconds(contender, some), np.median(_turns([checked], [some], 5))
        yield f"| {name} | {megabytes(some) / theirs:.3f} | {theirs / ours:,.0f} |"


def _seconds(contender: Callable[[Articles], object], articles: Articles) -> float:
    began = time.perf_counter()
    contender(articles)
    return time.perf_counter() - began


def _turns(contenders: list[Callable[[Articles], object]], texts: list[Articles], rounds: int) -> list[list[float]]:
    """Time `contenders`, each with its text, one after the other, as many `rounds`; returns the seconds of each."""
    taken = [[_seconds(one, text) for one, text in zip(contenders, texts, strict=True)] for _ in range(rounds)]
    return [list(each) for each in zip(*taken, strict=True)]


def _processes(articles: Articles, rounds: int) -> Iterator[str]:
    def in_two(some: Articles) -> int:
        return checked(some, n_jobs=2)

    in_two(articles[:400])  # starts them
    one, two = _turns([checked, in_two], [articles, articles], min(rounds, 3))
    yield f"| `n_jobs=2` as fast as `n_jobs=1`, {megabytes(articles):.0f} MB | {np.median(np.divide(one, two)):.2f} times |"


def _latency(article: list[str]) -> Iterator[str]:
    detector = OffTopicDetector()
    ours, tfidf = _turns([lambda some: detector.check(some[0]), next(iter(PARTS.values()))], [[article], [article]], rounds=200)
    yield f"| one article of 20 paragraphs, warm | {1e3 * np.median(ours):.1f} ms |"
    yield f"| … as often as `TfidfVectorizer` on it | {np.median(np.divide(ours, tfidf)):.1f} times |"


def _growth(paragraphs: list[str], rounds: int) -> Iterator[str]:
    short, long = ([list(islice(cycle(paragraphs), count))] for count in (10_000, 100_000))
    few, many = _turns([checked, checked], [short, long], min(rounds, 3))
    yield f"| 100,000 paragraphs in one article as long as 10,000 | {np.median(np.divide(many, few)):.1f} times |"


def _start(rounds: int) -> Iterator[str]:
    def run(code: Articles) -> None:
        subprocess.run([sys.executable, "-c", code[0][0]], check=True)

    libraries, first = _turns([run, run], [[[_LIBRARIES]], [[_FIRST]]], 2 * rounds + 1)
    yield f"| import, load and first answer as long as `{_LIBRARIES}` | {np.median(np.divide(first, libraries)):.2f} times |"
    yield f"| … in seconds | {np.median(first):.2f} |"


def _memory(articles: Articles, size: float) -> Iterator[str]:
    """Stream about `size` MB of JSON lines through ``offtopic clean``; the highest memory over that of the libraries."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        with source.open("w", encoding="utf-8") as file:
            for article in cycle(articles):
                file.write(json.dumps({"text": "\n\n".join(article)}) + "\n")
                if file.tell() > 1e6 * size:
                    break
        bare = _highest_memory(_LIBRARIES)
        began = time.perf_counter()
        command = ["clean", str(source), "-o", str(target)]
        streaming = _highest_memory(f"from detector.cli import main; assert main({command!r}) == 0")
        rate = source.stat().st_size / 1e6 / (time.perf_counter() - began)
    yield f"| highest memory over the libraries', {size:.0f} MB through `offtopic clean` | {streaming - bare:.0f} MB |"
    yield f"| … at | {rate:.1f} MB/s |"


def _highest_memory(code: str) -> float:
    """Run `code` in a process of its own; returns its highest resident memory in MB, as Linux tells it."""
    told = "import pathlib; print(pathlib.Path('/proc/self/status').read_text())"
    run = subprocess.run([sys.executable, "-c", f"{code}\n{told}"], check=True, capture_output=True, text=True)
    return int(re.findall(r"VmHWM:\s+(\d+) kB", run.stdout)[-1]) / 1024


if __name__ == "__main__":
    main()
