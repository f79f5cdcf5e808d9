"""Results: wherever a run is interrupted, the same command goes on, and what comes out is what one run would have made."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from conftest import NEWSLETTER, PHONE, RIVER, Command
from test_cli import CLEAN, GOOD, MIXED, ROOT, lines, write
from test_files import UNPACKERS
from test_sources import parquet, read_parquet, tree

from detector.cli import parser
from detector.cli.journal import Journal
from detector.cli.results import Results, is_folder
from detector.files import Output

GOING_ON = "offtopic: going on after the"
ANEW = "offtopic: beginning anew: files, options, model or version are not those of the run that was interrupted\n"


def records(start: int, stop: int) -> bytes:
    """Articles of all kinds, no two of them the same."""
    texts = (MIXED, CLEAN, [*RIVER, PHONE], "", PHONE, f"{CLEAN}\n\n{NEWSLETTER}")
    return lines(*({"id": n, "text": texts[n % 6]} for n in range(start, stop)))


def unpacked(path: Path) -> bytes:
    return UNPACKERS[next(ending for ending in (".gz", ".xz", ".zst", "") if path.name.endswith(ending))](path.read_bytes())


def state(*names: str) -> dict[str, bytes]:
    """What the files and folders of these names hold, unpacked."""
    paths = (path for name in names for path in (Path(name), *Path(name).rglob("*")) if path.is_file())
    return {path.as_posix(): unpacked(path) for path in paths}


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make sure of what was written after every record or two, but for the disk: the power stays on."""
    monkeypatch.setattr("detector.cli.results._SECURE", 600)
    monkeypatch.setattr("detector.cli.parser", lru_cache(parser))  # of hundreds of runs
    monkeypatch.setattr("os.fsync", lambda file: None)


# --- where a run may be interrupted


class Killed(BaseException):
    """Nobody catches it: the process is gone."""


class Killer:
    """Kills a run before a certain one of all its steps: what was not written out is lost, and nothing is tidied up."""

    steps = ((Output, "write"), (Output, "secure"), (Output, "close"), (Output, "finish"))
    more_steps = ((Journal, "write"), (Journal, "remove"), (Path, "replace"))

    def __init__(self, patch: pytest.MonkeyPatch, last: int) -> None:
        self._patch, self._left = patch, last
        self._open: list[Output] = []
        self.killed = False

    def __enter__(self) -> Killer:
        for owner, name in (*self.steps, *self.more_steps):
            self._patch.setattr(owner, name, self._counted(getattr(owner, name)))
        self._patch.setattr(Results, "_abandon", lambda results: None)
        opened = Output.__init__

        def kept(output: Output, *arguments: Any) -> None:
            opened(output, *arguments)
            self._open.append(output)

        self._patch.setattr(Output, "__init__", kept)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._patch.undo()
        for output in self._open:
            if not output._raw.closed:
                with open(os.devnull, "wb") as nowhere:  # of the buffers nothing reaches the file
                    os.dup2(nowhere.fileno(), output._raw.fileno())
                output._close_frame()
                output._raw.close()
        self.killed = kind is Killed
        return self.killed

    def kill(self, *_: object) -> None:
        """Kill it here."""
        raise Killed

    def _counted(self, step: Any) -> Any:
        def counted(*arguments: Any) -> Any:
            if self._left == 0:
                self.kill()
            self._left -= 1
            return step(*arguments)

        return counted


# Of each: the files, the arguments, and where the results are.
IN_ONE = ({"a.jsonl": records(0, 5), "b.jsonl": b"", "c.jsonl": records(5, 9)}, ("a.jsonl", "b.jsonl", "c.jsonl"))
IN_FOLDER = {"d/a.jsonl": records(0, 4), "d/b.jsonl.gz": gzip.compress(records(4, 8)), "d/c.txt": MIXED.encode()}
CASES: dict[str, tuple[dict[str, bytes], tuple[str, ...], str]] = {
    "one file": (IN_ONE[0], (*IN_ONE[1], "-o", "out.jsonl"), "out.jsonl"),
    "one file packed with gzip": (IN_ONE[0], (*IN_ONE[1], "-o", "out.jsonl.gz"), "out.jsonl.gz"),
    "one file packed with xz": (IN_ONE[0], (*IN_ONE[1], "-o", "out.jsonl.xz"), "out.jsonl.xz"),
    "one file packed with zstd": (IN_ONE[0], (*IN_ONE[1], "-o", "out.jsonl.zst"), "out.jsonl.zst"),
    "a file in its place": (IN_ONE[0], ("a.jsonl", "-o", "a.jsonl"), "a.jsonl"),
    "files into a folder": (IN_FOLDER, ("d", "-o", "out/"), "out"),
    "a folder in its place": (IN_FOLDER, ("d", "-o", "d"), "d"),
}


class Case:
    """Files, a command to clean them, and what comes of it if nothing happens."""

    def __init__(self, run: Command, name: str) -> None:
        if name.endswith("zstd"):
            pytest.importorskip("zstandard")
        self._files, self._arguments, self._results = CASES[name]
        self._run = run
        self.lay_out()
        assert self.go() == ""
        self.expected, self.summary = state(self._results), run.summary
        self.writes = int(self.summary[0].split()[0])

    def lay_out(self) -> None:
        """Have the files and nothing else."""
        for path in sorted(Path().rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        for name, content in self._files.items():
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_bytes(content)
            os.utime(name, ns=(0, 0))

    def go(self, status: int = 0) -> str:
        found, out, err = self._run("clean", *self._arguments)
        assert (found, out) == (status, "")
        return err

    def check(self) -> None:
        """Assert that it came out as if nothing had happened, and that nothing else is left."""
        assert state(self._results) == self.expected
        assert self._run.summary == self.summary
        assert tree() == sorted({*self._files, *self.expected})


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("name", CASES)
def test_a_run_that_is_killed_before_any_of_its_steps_goes_on_when_it_is_given_again(
    run: Command, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    case = Case(run, name)
    continued = []
    for last in count():
        case.lay_out()
        for steps in (last, last % 7, 1000):  # killed, killed again, and left alone
            with monkeypatch.context() as patch, Killer(patch, steps) as killer:
                continued.append(case.go().startswith(GOING_ON))
            if not killer.killed:
                break
        case.check()
        if steps == last:
            break  # it came to its end at once
    assert last > 10
    assert sum(continued) > last / 3


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full disk", "keyboard"])
@pytest.mark.parametrize("name", CASES)
def test_a_run_whose_writing_breaks_off_in_the_midst_of_any_record_goes_on(
    run: Command, monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException
) -> None:
    case = Case(run, name)
    whole = Output.write
    for last in count():
        case.lay_out()
        left = [last]

        def torn(output: Output, content: bytes, left: list[int] = left) -> None:
            whole(output, content if left[0] else content[: len(content) // 2])
            if not left[0]:
                raise error
            left[0] -= 1

        with monkeypatch.context() as patch:
            patch.setattr(Output, "write", torn)
            told = case.go(2 if isinstance(error, OSError) else 130) if last < case.writes else case.go()
        if last == case.writes:
            break
        assert run.summary == []
        assert last < 3 or "the same command goes on from there" in told
        case.go()
        case.check()
    case.check()


def test_a_run_that_is_stopped_by_the_user_loses_nothing_that_was_written(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Far less than is written between two entries of the journal.
    write("a.jsonl", records(0, 9))
    expected = run("clean", "a.jsonl")[1]
    summary = run.summary
    done = iter([False] * 6 + [True])

    def pressed(results: Results, *arguments: Any) -> None:
        if next(done):
            raise KeyboardInterrupt
        written(results, *arguments)

    written = Results.write
    with monkeypatch.context() as patch:
        patch.setattr(Results, "write", pressed)
        status, _, err = run("clean", "a.jsonl", "-o", "b.jsonl")
    assert status == 130
    assert err == "offtopic: stopped early; the records before are in b.jsonl.part, and the same command goes on from there\n"
    assert Path("b.jsonl.part").read_bytes() == "".join(expected.splitlines(keepends=True)[:6]).encode()
    assert run("clean", "a.jsonl", "-o", "b.jsonl")[2] == f"{GOING_ON} 6 articles that were done before an interruption\n"
    assert (Path("b.jsonl").read_bytes().decode(), run.summary) == (expected, summary)
    assert tree() == ["a.jsonl", "b.jsonl"]


@pytest.mark.usefixtures("often")
def test_a_whole_file_is_put_in_its_place_where_only_that_was_left_to_do(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("d").mkdir()
    write("d/a.jsonl", records(0, 4))
    write("d/b.jsonl", records(4, 8))
    with monkeypatch.context() as patch, Killer(patch, 1000) as killer:
        patch.setattr(Output, "finish", killer.kill)
        run("clean", "d", "-o", "d")
    assert tree("d") == [".offtopic.journal", "a.jsonl", "a.jsonl.part", "b.jsonl"]
    assert Path("d/a.jsonl").read_bytes() == records(0, 4)
    assert run("clean", "d", "-o", "d")[2] == f"{GOING_ON} 4 articles that were done before an interruption\n"
    assert tree("d") == ["a.jsonl", "b.jsonl"]
    assert run.summary[0].startswith("8 articles, ")


# --- what can be gone on with, and what cannot


@pytest.fixture
def stopped(run: Command) -> str:
    """A run of `clean a.jsonl b.jsonl -o out.jsonl` that stopped at a bad line, the fourth of b.jsonl."""
    write("a.jsonl", records(0, 3))
    write("b.jsonl", records(3, 6) + b"oops\n" + records(6, 9))
    status, _, err = run("clean", "a.jsonl", "b.jsonl", "-o", "out.jsonl")
    assert status == 2
    assert err.startswith("offtopic: stopped early; the records before are in out.jsonl.part, and the same command goes on")
    assert Path("out.jsonl.part").read_bytes().count(b"\n") == 6
    assert tree() == ["a.jsonl", "b.jsonl", "out.jsonl.part", "out.jsonl.part.journal"]
    return "out.jsonl"


def finished(run: Command) -> None:
    """Assert that all of a.jsonl and b.jsonl came out, and nothing twice."""
    expected = [json.loads(line)["id"] for line in records(0, 9).splitlines()]
    assert [json.loads(line)["id"] for line in Path("out.jsonl").read_bytes().splitlines()] == expected
    assert run.summary[0].startswith("9 articles, ")
    assert tree() == ["a.jsonl", "b.jsonl", "out.jsonl"]


def test_with_a_bad_line_passed_over_a_run_goes_on_behind_what_is_done(run: Command, stopped: str) -> None:
    status, _, err = run("clean", "a.jsonl", "b.jsonl", "-o", stopped, "--on-error", "skip", "--processes", "1")
    assert status == 0
    first, second = err.splitlines()
    assert first == f"{GOING_ON} 6 articles that were done before an interruption"
    assert second.startswith("offtopic: skipped b.jsonl:4: not JSON")
    assert run.summary[-1] == "        1  skipped"
    finished(run)


def test_what_stops_a_run_stops_it_again_and_it_still_goes_on_from_there(run: Command, stopped: str) -> None:
    for _ in range(3):
        status, _, err = run("clean", "a.jsonl", "b.jsonl", "-o", stopped)
        assert status == 2
        assert [line.split(";")[0] for line in err.splitlines()] == [
            f"{GOING_ON} 6 articles that were done before an interruption",
            "offtopic: stopped early",
            "offtopic: b.jsonl:4: not JSON (Expecting value at column 1)",
        ]
    run("clean", "a.jsonl", "b.jsonl", "-o", stopped, "--on-error", "skip")
    finished(run)


def test_lines_that_were_passed_over_are_counted_once(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.jsonl", b"oops\n" + records(0, 1) + b"oops\n" * 3 + records(1, 2) + b"oops\n" + records(2, 3))
    whole = Results.write
    for stop in range(3):
        left = [stop]

        def stopping(results: Results, *arguments: Any, left: list[int] = left) -> None:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            whole(results, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(Results, "write", stopping)
            assert run("clean", "a.jsonl", "-o", "b.jsonl", "--on-error", "skip")[0] == 130
        assert run("clean", "a.jsonl", "-o", "b.jsonl", "--on-error", "skip")[0] == 0
        assert run.summary[0].startswith("3 articles, ")
        assert run.summary[-1] == "        5  skipped"
        assert tree() == ["a.jsonl", "b.jsonl"]


def test_a_file_that_was_mended_is_cleaned_from_its_beginning(run: Command, stopped: str) -> None:
    write("b.jsonl", records(3, 9))
    assert run("clean", "a.jsonl", "b.jsonl", "-o", stopped) == (0, "", ANEW)
    finished(run)


def test_a_file_that_is_done_may_change_as_it_is_not_read_again(run: Command, stopped: str) -> None:
    write("a.jsonl", "gone")
    assert run("clean", "a.jsonl", "b.jsonl", "-o", stopped, "--on-error", "skip")[0] == 0
    finished(run)


@pytest.mark.parametrize(
    "options",
    [
        ["--false-alarms", "0.01"],
        ["--kinds", "foreign"],
        ["--max-removed", "0.5"],
        ["--text-field", "text", "--title-field", "head"],
        ["--id-field", "name"],
        ["--model", "default"],
    ],
    ids=lambda options: options[-2],
)
def test_with_other_options_it_begins_anew_and_says_so(run: Command, stopped: str, options: list[str]) -> None:
    status, _, err = run("clean", "a.jsonl", "b.jsonl", "-o", stopped, "--on-error", "skip", *options)
    assert status == 0
    assert err.startswith(ANEW)
    finished(run)


def test_another_command_or_other_files_begin_anew(run: Command, stopped: str) -> None:
    assert run("clean", "b.jsonl", "a.jsonl", "-o", stopped)[2].startswith(ANEW)
    assert run("tag", "a.jsonl", "b.jsonl", "-o", stopped, "--on-error", "skip")[2].startswith(ANEW)
    finished(run)


@pytest.mark.parametrize("damage", ["truncated", "gone", "empty"])
def test_without_what_was_written_it_begins_anew_and_says_so(run: Command, stopped: str, damage: str) -> None:
    part = Path("out.jsonl.part")
    if damage == "gone":
        part.unlink()
    else:
        os.truncate(part, 0 if damage == "empty" else part.stat().st_size - 1)
    status, _, err = run("clean", "a.jsonl", "b.jsonl", "-o", stopped, "--on-error", "skip")
    assert status == 0
    told = "out.jsonl.part, which holds what was done before an interruption, is not what it was"
    assert err.startswith(f"offtopic: beginning anew: {told}\n")
    finished(run)


def test_what_was_written_beyond_what_is_sure_is_written_once_more(run: Command, stopped: str) -> None:
    with Path("out.jsonl.part").open("ab") as part:
        part.write(b'{"half a rec')
    assert run("clean", "a.jsonl", "b.jsonl", "-o", stopped, "--on-error", "skip")[0] == 0
    finished(run)


def test_a_run_that_began_anew_and_was_killed_is_not_taken_for_the_one_before(
    run: Command, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    # It has written more than the first, but nothing that it has made sure of.
    with monkeypatch.context() as patch, Killer(patch, 7):
        write_all = Output.write
        patch.setattr(Output, "write", lambda output, content: (write_all(output, content), output._raw.flush()))
        run("tag", "a.jsonl", "b.jsonl", "-o", stopped)
    assert Path("out.jsonl.part").stat().st_size > len(records(0, 6))
    status, _, err = run("clean", "a.jsonl", "b.jsonl", "-o", stopped, "--on-error", "skip")
    assert status == 0
    assert GOING_ON not in err
    assert b"off_topic" not in Path(stopped).read_bytes()
    finished(run)


def test_a_journal_that_is_none_begins_anew(run: Command, stopped: str) -> None:
    write("out.jsonl.part.journal", "oops")
    status, _, err = run("clean", "a.jsonl", "b.jsonl", "-o", stopped, "--on-error", "skip")
    assert status == 0
    assert err.startswith(ANEW)
    finished(run)


def test_the_standard_input_is_read_from_its_beginning_each_time(run: Command) -> None:
    for content in (records(0, 5) + b"oops\n", records(2, 7) + b"oops\n"):
        status, _, err = run("clean", "-o", "out.jsonl", stdin=content)
        assert status == 2
        assert err.splitlines()[0] == "offtopic: stopped early; the records before are in out.jsonl.part"
        assert tree() == ["out.jsonl.part"]
    assert run("clean", "-o", "out.jsonl", stdin=records(2, 9)) == (0, "", "")
    assert [json.loads(line)["id"] for line in Path("out.jsonl").read_bytes().splitlines()] == list(range(2, 9))
    assert tree() == ["out.jsonl"]


def test_what_goes_to_the_standard_output_leaves_nothing(run: Command) -> None:
    write("a.jsonl", records(0, 5) + b"oops\n")
    for _ in range(2):
        status, out, err = run("clean", "a.jsonl")
        assert (status, out.count("\n")) == (2, 5)
        assert err.startswith("offtopic: a.jsonl:6: not JSON")
    assert tree() == ["a.jsonl"]


# --- folders


def test_a_folder_goes_on_with_the_file_it_stopped_in(run: Command) -> None:
    Path("d").mkdir()
    write("d/a.jsonl", records(0, 5))
    write("d/b.jsonl.gz", gzip.compress(records(5, 8) + b"oops\n" + records(8, 9)))
    write("d/c.txt", MIXED)
    status, _, err = run("clean", "d", "-o", "out/")
    assert status == 2
    assert err.startswith("offtopic: stopped early; the records before are in out/, and the same command goes on from there\n")
    assert tree("out") == [".offtopic.journal", "a.jsonl", "b.jsonl.gz.part"]
    write("out/a.jsonl", "mine by now")  # done, and not touched again
    status, _, err = run("clean", "d", "-o", "out/", "--on-error", "skip")
    assert status == 0
    assert err.startswith(f"{GOING_ON} 8 articles that were done before an interruption\nofftopic: skipped d/b.jsonl.gz:4: ")
    assert tree("out") == ["a.jsonl", "b.jsonl.gz", "c.txt"]
    assert Path("out/a.jsonl").read_text() == "mine by now"
    assert [json.loads(line)["id"] for line in unpacked(Path("out/b.jsonl.gz")).splitlines()] == [5, 6, 7, 8]
    assert Path("out/c.txt").read_text() == CLEAN
    assert run.summary[0].startswith("10 articles, ")


def test_a_file_that_breaks_off_just_where_a_run_goes_on_comes_out_with_what_is_done(run: Command) -> None:
    Path("d").mkdir()
    write("d/a.jsonl.gz", gzip.compress(records(0, 5))[:-5])
    assert run("clean", "d", "-o", "out/")[0] == 2
    assert tree("out") == [".offtopic.journal", "a.jsonl.gz.part"]
    status, _, err = run("clean", "d", "-o", "out/", "--on-error", "skip")
    assert (status, err.count("skipped d/a.jsonl.gz: cannot be read past line 5")) == (0, 1)
    assert tree("out") == ["a.jsonl.gz"]
    assert unpacked(Path("out/a.jsonl.gz")).count(b"\n") == 5
    assert run.summary[0].startswith("5 articles, ")


def test_a_parquet_file_that_was_interrupted_is_begun_anew_and_those_before_it_are_not(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pa = pytest.importorskip("pyarrow")
    Path("d").mkdir()
    for name in "abc":
        parquet(
            f"d/{name}.parquet",
            pa.table({"id": [f"{name}{n}" for n in range(6)], "text": [MIXED, CLEAN] * 3}),
            row_group_size=2,
        )
    whole = Results.write
    for stop in range(1, 9):
        left = [stop]

        def stopping(results: Results, *arguments: Any, left: list[int] = left) -> None:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            whole(results, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(Results, "write", stopping)
            status, _, err = run("clean", "d", "-o", "out/")
        done = stop // 3
        assert status == 130
        assert tree("out") == [".offtopic.journal"] * (done > 0) + ["a.parquet", "b.parquet", "c.parquet"][:done]
        assert ("stopped early" in err) is (done > 0)
        status, _, err = run("clean", "d", "-o", "out/")
        assert status == 0
        assert err == (f"{GOING_ON} {6 * done} articles that were done before an interruption\n" if done else "")
        assert run.summary[0].startswith("18 articles, ")
        for name in "abc":
            made = read_parquet(f"out/{name}.parquet")
            assert made["id"].to_pylist() == [f"{name}{n}" for n in range(6)]
            assert made["text"].to_pylist() == [CLEAN] * 6
        assert tree("out") == ["a.parquet", "b.parquet", "c.parquet"]
        for path in Path("out").iterdir():
            path.unlink()


def test_a_folder_is_one_that_is_there_or_ends_in_a_slash(run: Command) -> None:
    del run  # an empty folder to be in
    Path("there").mkdir()
    write("file", "")
    assert [is_folder(name) for name in ("there", "there/", "new/", ".", f"a{os.sep}b{os.sep}")] == [True] * 5
    assert [is_folder(name) for name in ("new", "file", "-", "", "a/b")] == [False] * 5


def test_an_output_without_a_name_is_none_and_not_the_folder_one_is_in(run: Command) -> None:
    write("a.jsonl", lines({"text": MIXED}))
    status, _, err = run("clean", "a.jsonl", "-o", "")
    assert status == 2
    assert "cannot be written" in err
    assert Path("a.jsonl").read_bytes() == lines({"text": MIXED})
    assert tree() == ["a.jsonl"]


def test_where_results_cannot_go_is_told_and_nothing_is_lost(run: Command) -> None:
    write("a.jsonl", lines(GOOD))
    write("file", "mine")
    for output in ("file/", "file/deeper/"):
        status, _, err = run("clean", "a.jsonl", "-o", output)
        assert status == 2
        assert err.startswith("offtopic: ")
        assert "file" in err
    assert Path("file").read_text() == "mine"
    assert tree() == ["a.jsonl", "file"]


# --- the real thing


def made_up(number: int) -> dict[str, Any]:
    """An article; of twenty, one has a paragraph of another."""
    rng = random.Random(number)
    words = ("river bridge water flood bank boat", "violin concert orchestra singer opera stage")[number % 2].split()
    paragraphs = [f"The {rng.choice(words)} and the {rng.choice(words)} of number {number}. " * 2 for _ in range(5)]
    if number % 20 == 0:
        paragraphs.insert(rng.randrange(6), PHONE)
    return {"id": number, "text": "\n\n".join(paragraphs)}


def sure(journal: Path) -> int:
    """How many bytes a run has made sure of."""
    try:
        return int(json.loads(journal.read_bytes())["place"]["size"])
    except (OSError, ValueError):
        return 0


def size(path: Path) -> int:
    """How large a file is; 0 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


# The command at an eighth of its size: it judges 64 KiB at a time, and makes sure of what was written after one MiB.
SMALL = """
import sys
from detector import chunks
from detector.cli import main, results

chunks._CHARS //= 8
results._SECURE //= 8
sys.exit(main())
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_killed_at_any_moment_and_started_again_it_loses_nothing_and_does_nothing_twice(run: Command, model_path: str) -> None:
    number, rng = 9000, random.Random(7)  # enough to make sure of a piece three times
    Path("a.jsonl").write_bytes(lines(*map(made_up, range(number))))
    command = [sys.executable, "-c", SMALL, "clean", "--model", model_path]
    command += [str(Path("a.jsonl").resolve()), "-o", str(Path("out.jsonl.gz").resolve())]
    part, journal = Path("out.jsonl.gz.part"), Path("out.jsonl.gz.part.journal")
    told, attempt = "", 0
    while not Path("out.jsonl.gz").exists():
        before = sure(journal)
        # Killed before anything is sure, some time after something is, and as more is and much lies behind it.
        moments = (part.exists, lambda: sure(journal) > 0, lambda: size(part) - 20_000 > sure(journal) > before)  # noqa: B023
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
            while attempt < 3 and process.poll() is None:  # and then left alone
                time.sleep(0.002)
                if moments[attempt]():
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(rng.uniform(0, 1 / 8) if attempt < 2 else 0)
                    process.kill()
            assert process.stderr is not None
            told += process.stderr.read().decode()
        attempt += 1
    assert attempt > 2
    assert "going on after" in told
    assert tree() == ["a.jsonl", "out.jsonl.gz"]
    found = gzip.decompress(Path("out.jsonl.gz").read_bytes())
    assert [json.loads(line)["id"] for line in found.splitlines()] == list(range(number))
    assert run("clean", "a.jsonl", "-o", "whole.jsonl")[0] == 0
    assert found == Path("whole.jsonl").read_bytes()
    assert told.rpartition("offtopic: ")[2].splitlines() == run.summary
    assert run.summary[0].startswith(f"{number:,} articles, ")
    assert f" flagged {number // 20:,} paragraphs " in run.summary[0]
