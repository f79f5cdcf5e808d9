"""The command: every good record comes out, every bad one is named, and the exit status tells which it was."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import DIGEST, NEWSLETTER, PHONE, RIVER, Command, made_up_articles

import detector
from detector import OffTopicDetector, TrainSettings
from detector.cli import main, parser
from detector.cli.evaluate import Judged, table
from detector.cli.terminal import colours
from detector.console import printable
from detector.records import read_records

ROOT = Path(__file__).parents[1]
CLEAN = "\n\n".join(RIVER)
MIXED = "\n\n".join([*RIVER[:2], PHONE, *RIVER[2:], NEWSLETTER])
GOOD = {"id": "good", "text": CLEAN}
BAD_LINES = {
    "broken UTF-8": (b'{"text": "caf\xe9"}', "byte 13 of the line (0xe9) is not UTF-8"),
    "not JSON": (b'{"text": "on', "not JSON"),
    "no object": (b'"text"', "a JSON object is meant, got str"),
    "no text": (b'{"id": "r2", "body": "x"}', "record 'r2': no field 'text', there is 'id', 'body'"),
    "null for text": (b'{"id": 17, "text": null}', "record 17: field 'text' is a str or a list of paragraphs, got null"),
    "a number for text": (b'{"text": 3}', "field 'text' is a str or a list of paragraphs, got int"),
    "a number for a paragraph": (b'{"text": ["a", 3]}', "field 'text': paragraph 1 is a str, got int"),
    "a number for the title": (b'{"text": "a", "title": 3}', "field 'title' is a str, got int"),
}


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def write(name: str, content: str | bytes) -> str:
    """Write a file into the folder that `run` has changed to."""
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return name


# --- check


def test_check_marks_what_does_not_belong_with_kind_score_and_reason(run: Command) -> None:
    status, out, err = run("check", write("a.txt", MIXED))
    assert (status, err) == (1, "")
    blocks = out.rstrip("\n").split("\n\n")
    assert blocks[:2] == [f"  {RIVER[0]}", f"  {RIVER[1]}"]
    assert re.fullmatch(rf"- {re.escape(PHONE)}\n  \^ foreign, [01]\.\d\d\d: .*“phone”.*", blocks[2])
    assert re.fullmatch(rf"- {re.escape(NEWSLETTER)}\n  \^ furniture, [01]\.\d\d\d: .*“newsletter”.*", blocks[6])
    assert blocks[7:] == ["a.txt: 2 of 7 paragraphs flagged (1 foreign, 1 furniture)."]


def test_check_gives_0_when_nothing_is_flagged(run: Command) -> None:
    status, out, err = run("check", write("a.txt", CLEAN))
    assert (status, err) == (0, "")
    assert out.endswith("\n\na.txt: 0 of 5 paragraphs flagged.\n")
    assert "^" not in out


def test_check_gives_0_for_what_is_flagged_when_asked_to_but_not_for_a_bad_file(run: Command) -> None:
    status, out, _ = run("check", "--exit-zero", write("a.txt", MIXED))
    assert status == 0
    assert out.endswith("\n\na.txt: 2 of 7 paragraphs flagged (1 foreign, 1 furniture).\n")
    assert run("check", "--exit-zero", "missing.txt")[0] == 2


def test_check_reads_the_standard_input(run: Command) -> None:
    status, out, _ = run("check", "-", stdin=MIXED.encode())
    assert status == 1
    assert out.endswith("<stdin>: 2 of 7 paragraphs flagged (1 foreign, 1 furniture).\n")


@pytest.mark.parametrize(
    "content",
    [
        {"title": "The river", "paragraphs": [*RIVER, PHONE]},
        {"title": "The river", "paragraphs": [{"text": text, "label": "belongs"} for text in (*RIVER, PHONE)]},
        {"title": "The river", "text": "\n\n".join([*RIVER, PHONE])},
    ],
)
def test_check_reads_json_articles_with_their_title(run: Command, content: dict[str, Any]) -> None:
    status, out, _ = run("check", write("a.json", json.dumps(content)))
    assert status == 1
    assert out.startswith(f"  The river\n\n  {RIVER[0]}\n\n")
    assert out.endswith("a.json: 1 of 6 paragraphs flagged (1 foreign).\n")


def test_a_bad_file_does_not_cost_the_report_on_the_others_and_gives_2(run: Command) -> None:
    write("a.txt", MIXED)
    write("latin.txt", b"one\ncaf\xe9\n")
    write("b.txt", CLEAN)
    Path("folder").mkdir()
    status, out, err = run("check", "a.txt", "gone.txt", "latin.txt", "folder", "b.txt")
    assert status == 2
    assert re.findall(r"^\w+\.txt: \d of", out, re.MULTILINE) == ["a.txt: 2 of", "b.txt: 0 of"]
    assert err.splitlines() == [
        "offtopic: gone.txt: there is no such file",
        "offtopic: latin.txt:2: byte 7 of the file (0xe9) is not UTF-8; convert it, for instance with iconv -t utf-8",
        "offtopic: folder: is a folder; name the files in it",
    ]


def test_check_as_json_gives_a_line_a_file_that_any_terminal_can_show(run: Command) -> None:
    status, out, _ = run("check", "--json", write("a.txt", MIXED + "\x9b31m “é”"), write("b.txt", ""))
    assert status == 1
    assert out.isascii()
    first, second = map(json.loads, out.splitlines())
    assert (first["file"], first["status"], second["file"], second["status"]) == ("a.txt", "ok", "b.txt", "empty")
    assert [p["kind"] for p in first["paragraphs"]] == [None, None, "foreign", None, None, None, "furniture"]
    assert first["paragraphs"][2]["text"] == PHONE
    assert second["paragraphs"] == []


def test_kinds_choose_what_is_flagged(run: Command) -> None:
    write("a.txt", MIXED)
    assert "1 of 7 paragraphs flagged (1 furniture)" in run("check", "--kinds", "furniture", "a.txt")[1]
    assert "1 of 7 paragraphs flagged (1 foreign)" in run("check", "--kinds", "foreign", "a.txt")[1]
    assert "(1 foreign, 1 furniture)" in run("check", "--kinds", "furniture, foreign", "a.txt")[1]


def test_an_article_that_is_empty_short_or_without_a_topic_is_said_to_be(run: Command) -> None:
    for content, told in ((" \n", "There is no paragraph."), (PHONE, "Fewer than three"), ("\n\n".join(DIGEST), "A digest")):
        status, out, _ = run("check", write("a.txt", content))
        assert status == 0
        assert told in out.splitlines()[-1]


def test_a_title_goes_with_one_file_only(run: Command) -> None:
    status, out, err = run("check", "--title", "T", write("a.txt", CLEAN), write("b.txt", CLEAN))
    assert (status, out) == (2, "")
    assert "--title is the title of one article, got 2 files" in err
    assert run("check", "--title", "Flood", "a.txt")[1].startswith("  Flood\n\n")


def test_json_lines_given_to_check_are_refused_with_the_command_that_takes_them(run: Command) -> None:
    status, _, err = run("check", write("a.jsonl", lines(GOOD)))
    assert status == 2
    assert "use `offtopic clean` or `offtopic tag`" in err


# --- the terminal


def test_what_a_terminal_would_obey_is_written_out(run: Command) -> None:
    evil = f"{RIVER[0]} \x1b]0;owned\x07\x1b[2J\x9b31m\r\x7f \u202egnp.exe"
    out = run("check", write("a.txt", "\n\n".join([evil, *RIVER[1:]])))[1]
    assert rf"{RIVER[0]} \x1b]0;owned\x07\x1b[2J\x9b31m" in out
    assert r"\x7f \u202egnp.exe" in out
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out) == []


def test_names_and_messages_are_written_out_too(run: Command) -> None:
    _, out, err = run("check", write("\x1b[31m.txt", CLEAN), "gone\x1b[2J")
    assert r"\x1b[31m.txt: 0 of 5" in out
    assert r"gone\x1b[2J: there is no such file" in err
    assert "\x1b" not in out + err


def test_tabs_and_line_ends_stay_and_what_an_encoding_lacks_becomes_a_question_mark() -> None:
    assert printable("a\tb\r\nc\rd") == "a\tb\nc\\rd"
    assert printable("“é” 🎧\ud83d", "latin-1") == "?é? ?\\ud83d"
    assert printable("אב\u200f ok \u200d") == "אב\u200f ok \u200d"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "coloured"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour_is_for_a_terminal_without_no_color(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, environment: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert colours(stream) is coloured


def test_on_a_terminal_without_rich_flagged_paragraphs_are_coloured(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setattr("detector.cli.check.colours", lambda stream: True)
    out = run("check", write("a.txt", MIXED))[1]
    assert f"- \x1b[31m{PHONE}\x1b[0m\n" in out
    assert f"- \x1b[33m{NEWSLETTER}\x1b[0m\n" in out
    assert f"  {RIVER[0]}\n" in out


# --- report


def test_report_writes_a_page(run: Command) -> None:
    write("a.txt", MIXED.replace("charger", "charger <script>"))
    assert run("report", "a.txt", "-o", "a.html", "--title", "T & U") == (0, "", "")
    page = Path("a.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>T &amp; U</title>" in page
    assert "charger &lt;script&gt;" in page
    assert re.search('class="row foreign [^"]*flagged"', page)
    assert run("report", "a.txt", "--title", "T & U") == (0, page, "")
    assert sorted(os.listdir()) == ["a.html", "a.txt"]


def test_report_on_a_bad_file_leaves_no_page(run: Command) -> None:
    status, _, err = run("report", "gone.txt", "-o", "a.html")
    assert (status, err) == (2, "offtopic: gone.txt: there is no such file\n")
    assert os.listdir() == []


# --- clean


def test_clean_takes_out_what_does_not_belong_and_nothing_else(run: Command) -> None:
    source = b'{"id": "r\\u00e91", "n": 1.10, "tags": [ {"text": "x"} ],"text": %s , "text2": "\xc3\xa9"}\n'
    content = source % json.dumps(MIXED).encode() + lines(GOOD)
    status, out, err = run("clean", write("a.jsonl", content))
    assert (status, err) == (0, "")
    assert out.encode() == source % json.dumps(CLEAN, ensure_ascii=False).encode() + lines(GOOD)


def test_at_its_end_a_run_sums_up_what_it_found(run: Command) -> None:
    content = lines({"text": MIXED}, {"text": MIXED}, GOOD, {"text": PHONE}, {"text": list(DIGEST)})
    share = (
        2 * len(PHONE + NEWSLETTER) / (2 * len("".join([*RIVER, PHONE, NEWSLETTER])) + len("".join([*RIVER, PHONE, *DIGEST])))
    )
    for command in ("clean", "tag"):
        assert run(command, stdin=content)[::2] == (0, "")
        assert run.summary == [
            f"5 articles, 24 paragraphs; flagged 4 paragraphs ({share:.2%} of the text) in 2 articles",
            "        2  foreign: Rare words of it stand nowhere else in the article.",
            "        2  furniture: It is worded like a part of the page.",
            "        1  article with status no_common_topic",
            "        1  article with status too_short",
        ]


def test_of_an_article_no_more_is_taken_than_is_allowed_and_what_is_kept_whole_is_named(run: Command) -> None:
    # Of MIXED 26 % are flagged; of the other 64 %.
    mostly = "\n\n".join([*RIVER[:3], *[NEWSLETTER] * 10])
    content = lines({"id": "x9", "text": MIXED}, {"id": "y", "text": mostly}, {"text": mostly}, GOOD)
    status, out, err = run("clean", "--max-removed", "0.5", write("a.jsonl", content))
    assert (status, out.encode()) == (
        0,
        lines({"id": "x9", "text": CLEAN}, {"id": "y", "text": mostly}, {"text": mostly}, GOOD),
    )
    assert err.splitlines() == [
        "offtopic: kept whole a.jsonl:2: record 'y': 64% of it would go",
        "offtopic: kept whole a.jsonl:3: 64% of it would go",
    ]
    assert run.summary[-1] == "        2  articles kept whole, for more was flagged than may be removed"
    status, out, err = run("clean", "--max-removed", "0", "a.jsonl")
    assert (out.encode(), err.count("kept whole")) == (content, 3)
    status, out, err = run("clean", "--max-removed", "1", "a.jsonl")
    assert (json.loads(out.splitlines()[1])["text"], err) == ("\n\n".join(RIVER[:3]), "")


def test_the_summary_can_be_had_as_json_and_adds_up(run: Command) -> None:
    mostly = "\n\n".join([*RIVER[:3], *[NEWSLETTER] * 10])
    write("a.jsonl", lines({"text": MIXED}, {"text": mostly}, GOOD, {"text": ""}) + b"oops\n")
    run("clean", "a.jsonl", "--on-error", "skip", "--max-removed", "0.5", "--summary", "sum.json")
    counts = json.loads(Path("sum.json").read_text())
    seconds = counts.pop("seconds")
    assert 0 <= seconds < 60
    assert counts == {
        "articles": 4,
        "paragraphs": 7 + 13 + 5,
        "characters": len("".join([*RIVER, PHONE, NEWSLETTER, *RIVER[:3], *[NEWSLETTER] * 10, *RIVER])),
        "touched": 2,
        "kept_whole": 1,
        "flagged": 2 + 10,
        "flagged_characters": len(PHONE + NEWSLETTER * 11),
        "statuses": {"ok": 3, "empty": 1},
        "reasons": [["foreign", "own_words", 1], ["furniture", "page_words", 11]],
        "skipped": 1,
    }
    assert sorted(os.listdir()) == ["a.jsonl", "sum.json"]


def test_a_summary_that_cannot_be_written_is_told_before_any_work_and_a_run_that_stops_leaves_none(run: Command) -> None:
    write("a.jsonl", lines(GOOD) + b"oops\n")
    status, out, err = run("clean", "a.jsonl", "--summary", "gone/sum.json")
    assert (status, out) == (2, "")
    assert err.startswith("offtopic: gone/sum.json: cannot be written")
    write("sum.json", "old")
    assert run("clean", "a.jsonl", "--summary", "sum.json")[0] == 2
    assert Path("sum.json").read_text() == "old"
    assert sorted(os.listdir()) == ["a.jsonl", "sum.json"]


def test_an_error_of_the_program_is_raised_where_it_belongs_and_ends_nothing_as_if_it_were_whole(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: Any) -> Any:
        yield from islice(read_records(*arguments), 3)
        raise RuntimeError("a bug")

    monkeypatch.setattr("detector.cli.sources.read_records", failing)
    write("a.jsonl", lines(*[GOOD] * 10))
    with pytest.raises(RuntimeError, match="a bug"):
        run("clean", "a.jsonl", "-o", "b.jsonl", "--on-error", "skip")
    assert not Path("b.jsonl").exists()
    assert Path("b.jsonl.part").read_bytes() == lines(*[GOOD] * 3)


def test_a_record_without_anything_flagged_comes_out_byte_for_byte(run: Command) -> None:
    content = b'{ "text":%s,"x":1E5, "x":"\\u00e9\\/", "y": NaN }\n' % json.dumps(CLEAN).encode()
    assert run("clean", stdin=content)[1].encode() == content


def test_a_list_of_paragraphs_stays_a_list(run: Command) -> None:
    records: list[dict[str, Any]] = [
        {"text": [*RIVER, PHONE]},
        {"text": [{"text": p, "n": i} for i, p in enumerate([*RIVER, NEWSLETTER])]},
        {"text": []},
    ]
    out = run("clean", stdin=lines(*records))[1]
    assert [json.loads(line)["text"] for line in out.splitlines()] == [
        list(RIVER),
        [{"text": p, "n": i} for i, p in enumerate(RIVER)],
        [],
    ]


def test_records_keep_their_order_over_files_packed_or_not(run: Command) -> None:
    records = [{"n": n, "text": MIXED if n % 3 else CLEAN} for n in range(30)]
    write("a.jsonl", lines(*records[:10]))
    write("b.jsonl.gz", gzip.compress(lines(*records[10:20])))
    write("c.jsonl.xz", lzma.compress(lines(*records[20:])))
    out = run("clean", "a.jsonl", "b.jsonl.gz", "c.jsonl.xz")[1]
    assert [json.loads(line) for line in out.splitlines()] == [{"n": n, "text": CLEAN} for n in range(30)]


def test_the_text_and_the_title_may_be_in_other_fields(run: Command) -> None:
    record = {"text": PHONE, "title": 3, "body": MIXED, "head": "River"}
    out = run("clean", "--text-field", "body", "--title-field", "head", stdin=lines(record))[1]
    assert json.loads(out) == {**record, "body": CLEAN}


@pytest.mark.slow
def test_several_processes_give_the_same_in_the_same_order(run: Command) -> None:
    content = lines(*({"n": n, "text": (MIXED if n % 3 else CLEAN) + "\n\n" + CLEAN * 20} for n in range(400)))
    half = content[: len(content) // 2]  # ends within a line
    write("a.jsonl", content)
    write("b.jsonl", half)
    outcomes = []
    for number in ("1", "2"):
        outcome = run("clean", "a.jsonl", "b.jsonl", "--on-error", "skip", "--processes", number)
        outcomes.append((outcome, run.summary))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0][1].count("\n") == 400 + half.count(b"\n")


def test_processes_may_be_called_jobs_as_in_check_many() -> None:
    for command in ("clean", "tag"):
        assert parser().parse_args([command]).processes == 1
        assert parser().parse_args([command, "--n-jobs", "3"]).processes == 3
        assert parser().parse_args([command, "--processes", "-1"]).processes == -1


def test_half_a_surrogate_pair_in_a_text_is_no_error(run: Command) -> None:
    status, out, _ = run("clean", stdin=b'{"text": %s}\n' % json.dumps(MIXED + "\n\n\ud83d").encode())
    assert status == 0
    assert json.loads(out)["text"].endswith("\ud83d")


@pytest.mark.parametrize(("line", "message"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_stops_the_command_with_its_place_and_what_came_before_is_written(
    run: Command, line: bytes, message: str
) -> None:
    write("a.jsonl", lines(GOOD, {"text": MIXED}) + b"\n" + line + b"\n" + lines(GOOD))
    status, out, err = run("clean", "a.jsonl")
    assert status == 2
    assert out.encode() == lines(GOOD, {"text": CLEAN})
    assert err.startswith("offtopic: a.jsonl:4: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(("line", "message"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_can_be_skipped_and_every_good_one_around_it_is_written(run: Command, line: bytes, message: str) -> None:
    write("a.jsonl", lines(GOOD) + line + b"\n" + lines({"text": MIXED}) + line)
    status, out, err = run("clean", "--on-error", "skip", "a.jsonl")
    assert status == 0
    assert out.encode() == lines(GOOD, {"text": CLEAN})
    first, second = err.splitlines()
    assert first.startswith("offtopic: skipped a.jsonl:2: ")
    assert second.startswith("offtopic: skipped a.jsonl:4: ")
    assert message in first
    assert run.summary[-1] == "        2  skipped"


def test_of_a_file_cut_short_every_whole_record_is_written(run: Command) -> None:
    write("a.jsonl.gz", gzip.compress(lines(GOOD, GOOD))[:-5])
    write("b.jsonl", lines(GOOD))
    status, out, err = run("clean", "a.jsonl.gz", "b.jsonl")
    assert (status, out.encode()) == (2, lines(GOOD, GOOD))
    assert err.startswith("offtopic: a.jsonl.gz: cannot be read past line 2")
    status, out, err = run("clean", "--on-error", "skip", "a.jsonl.gz", "b.jsonl")
    assert (status, out.encode()) == (0, lines(GOOD, GOOD, GOOD))
    assert err.startswith("offtopic: skipped a.jsonl.gz: cannot be read past line 2")
    assert run.summary == [
        "3 articles, 15 paragraphs; flagged 0 paragraphs (0.00% of the text) in 0 articles",
        "        1  skipped",
    ]


def test_a_missing_file_is_told_before_any_work_even_where_errors_are_skipped(run: Command) -> None:
    status, out, err = run("clean", "--on-error", "skip", write("a.jsonl", lines(GOOD)), "gone.jsonl")
    assert (status, out, err) == (2, "", "offtopic: gone.jsonl: there is no such file\n")


def test_a_binary_file_is_told_once_and_not_line_by_line(run: Command) -> None:
    write("a.png", b"\x89PNG\r\n\x1a\n" + b"\0\n" * 100)
    status, out, err = run("clean", "--on-error", "skip", "a.png")
    assert (status, out) == (0, "")
    assert err == "offtopic: skipped a.png: byte 8 is NUL: a binary file, or text in UTF-16; give text in UTF-8\n"
    assert run.summary[1:] == ["        1  skipped"]


def test_output_is_moved_into_place_when_it_is_whole(run: Command) -> None:
    write("a.jsonl", lines({"text": MIXED}))
    assert run("clean", "a.jsonl", "-o", "b.jsonl.gz") == (0, "", "")
    assert gzip.decompress(Path("b.jsonl.gz").read_bytes()) == lines({"text": CLEAN})
    assert sorted(os.listdir()) == ["a.jsonl", "b.jsonl.gz"]


def test_a_file_can_be_cleaned_onto_itself(run: Command) -> None:
    write("a.jsonl", lines({"text": MIXED}, GOOD))
    assert run("clean", "a.jsonl", "--output", "a.jsonl") == (0, "", "")
    assert Path("a.jsonl").read_bytes() == lines({"text": CLEAN}, GOOD)


def test_a_command_that_stops_early_leaves_the_old_output_and_keeps_its_own_as_part(run: Command) -> None:
    write("b.jsonl", "old")
    status, _, err = run("clean", write("a.jsonl", lines(GOOD) + b"oops\n"), "-o", "b.jsonl")
    assert status == 2
    assert Path("b.jsonl").read_text() == "old"
    assert Path("b.jsonl.part").read_bytes() == lines(GOOD)
    told = "offtopic: stopped early; the records before are in b.jsonl.part, and the same command goes on from there\n"
    assert err.startswith(f"{told}offtopic: a.jsonl:2: not JSON")
    assert run.summary == []


def test_a_command_that_stops_at_the_first_line_leaves_nothing(run: Command) -> None:
    status, _, err = run("clean", write("a.jsonl", b"oops\n"), "-o", "b.jsonl")
    assert status == 2
    assert os.listdir() == ["a.jsonl"]
    assert "part" not in err


def test_output_that_cannot_be_written_is_told_before_any_work(run: Command) -> None:
    status, _, err = run("clean", write("a.jsonl", lines(GOOD)), "-o", "gone/b.jsonl")
    assert status == 2
    assert "gone/b.jsonl: cannot be written (No such file or directory)" in err


def test_no_more_records_are_held_than_are_judged_at_a_time(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.chunks._ARTICLES", 4)
    read: list[int] = []
    written: list[int] = []
    ahead: list[int] = []

    def judged(self: OffTopicDetector, articles: Any, titles: Any, *, n_jobs: int) -> Any:
        for report in check_many(self, (read.append(1) or a for a in articles), titles, n_jobs=n_jobs):  # type: ignore[func-returns-value]
            ahead.append(len(read) - len(written))
            written.append(1)
            yield report

    check_many = OffTopicDetector.check_many
    monkeypatch.setattr(OffTopicDetector, "check_many", judged)
    assert run("clean", stdin=lines(*[GOOD] * 30))[1].count("\n") == 30
    assert max(ahead) <= 4


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only_and_makes_way_for_messages(
    run: Command, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    status, out, _ = run("clean", "--on-error", "skip", stdin=lines(GOOD) + b"oops\n" + lines(GOOD))
    assert (status, out.encode()) == (0, lines(GOOD, GOOD))
    shown = stream.getvalue()
    assert ("B/s]" in shown) is terminal
    assert shown.endswith("        1  skipped\n")
    assert re.search(r"(^|[\r\n])offtopic: skipped <stdin>:2: not JSON .*\n", shown)


# --- tag


def test_tag_adds_a_field_with_the_spans_and_changes_nothing_else(run: Command) -> None:
    source = b'{"id": 1.0, "text": %s}\n' % json.dumps("🎧 " + MIXED).encode()
    status, out, err = run("tag", stdin=source)
    assert (status, err) == (0, "")
    assert out.encode().startswith(source.rstrip(b"}\n") + b', "off_topic": {')
    record = json.loads(out)
    assert list(record["off_topic"]) == ["status", "share", "spans"]
    assert record["off_topic"]["status"] == "ok"
    assert record["off_topic"]["share"] == round(len(PHONE + NEWSLETTER) / len("".join(["🎧 ", *RIVER, PHONE, NEWSLETTER])), 6)
    foreign, furniture = record["off_topic"]["spans"]
    assert list(foreign) == ["start", "end", "score", "kind", "reason", "reason_code"]
    assert [record["text"][span["start"] : span["end"]] for span in (foreign, furniture)] == [PHONE, NEWSLETTER]
    assert (foreign["kind"], furniture["kind"]) == ("foreign", "furniture")
    assert 0.9 < foreign["score"] <= 1
    assert "“phone”" in foreign["reason"]
    assert (foreign["reason_code"], furniture["reason_code"]) == ("own_words", "page_words")


def test_spans_in_a_list_count_in_its_join_by_a_blank_line(run: Command) -> None:
    (span,) = json.loads(run("tag", stdin=lines({"text": [*RIVER, PHONE]}))[1])["off_topic"]["spans"]
    assert "\n\n".join([*RIVER, PHONE])[span["start"] : span["end"]] == PHONE


def test_every_record_is_tagged_with_its_status(run: Command) -> None:
    content = lines({"text": CLEAN}, {"text": PHONE}, {"text": ""}, {"text": list(DIGEST)})
    out = run("tag", "--tag-field", "noise", stdin=content)[1]
    assert [json.loads(line)["noise"] for line in out.splitlines()] == [
        {"status": status, "share": 0.0, "spans": []} for status in ("ok", "too_short", "empty", "no_common_topic")
    ]


def test_a_tag_that_is_there_already_is_replaced(run: Command) -> None:
    out = run("tag", stdin=b'{"off_topic": "old", "text": ""}\n')[1]
    assert out == '{"off_topic": {"status": "empty", "share": 0.0, "spans": []}, "text": ""}\n'


def test_a_tag_may_not_overwrite_the_text(run: Command) -> None:
    status, out, err = run("tag", "--tag-field", "text", stdin=lines(GOOD))
    assert (status, out) == (2, "")
    assert "--tag-field text would overwrite" in err


# --- train and evaluate


def test_evaluate_counts_and_measures_a_line_a_corpus_and_one_for_all(run: Command) -> None:
    mixed = {"text": [*RIVER, PHONE, NEWSLETTER], "labels": [0] * 5 + ["foreign", 1]}
    write("a.jsonl", lines(mixed, {"text": list(RIVER), "labels": [0] * 5}))
    write("b.jsonl", lines({"text": list(RIVER), "labels": [0] * 5}))
    status, out, err = run("evaluate", "--text-field", "text", "a.jsonl", "b.jsonl")
    assert (status, err) == (0, "")
    rows = [re.split(r"  +", line.strip()) for line in out.splitlines()]
    assert rows == [
        ["paragraphs", "off-topic", "AP", "hit@1", "R@1%", "R@0.1%", "precision", "recall", "false alarms"],
        ["a.jsonl", "12", "2", "1.000", "1.000", "1.000", "1.000", "1.000", "1.000", "0.0000"],
        ["b.jsonl", "5", "0", "-", "-", "-", "-", "-", "-", "0.0000"],
        ["all", "17", "2", "1.000", "1.000", "1.000", "1.000", "1.000", "1.000", "0.0000"],
    ]


def test_the_table_shows_what_was_measured() -> None:
    judged = Judged(
        scores=np.array([0.9, 0.8, 0.1, 0.7, 0.2]),
        flags=np.array([True, True, False, False, False]),
        labels=np.array([0, 1, 0, 2, 0]),
        bounds=np.array([0, 3, 5]),
    )
    # AP: precision 1/2 and 2/3 at the off-topic ranks 2 and 3. Hits: the second article. One of three that belong is flagged.
    cells = table({"x": judged}).splitlines()[1].split()
    assert cells == ["x", "5", "2", "0.583", "0.500", "0.000", "0.000", "0.500", "0.500", "0.3333"]


def test_evaluate_needs_labels_and_articles(run: Command) -> None:
    status, _, err = run("evaluate", write("a.jsonl", lines({"text": "a"})))
    assert (status, err.startswith("offtopic: a.jsonl:1: no field 'labels'")) == (2, True)
    status, _, err = run("evaluate", write("b.jsonl", ""))
    assert (status, "b.jsonl: there is no article in it" in err) == (2, True)


@pytest.mark.slow
def test_train_writes_a_model_that_check_takes_and_tells_its_progress(
    run: Command, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    articles = made_up_articles(120)
    write("a.jsonl", lines(*({"paragraphs": article} for article in articles)) + b"oops\n")
    small = ["--projected", "300", "--steps", "5", "--cases", "90", "--seed", "3"]
    status, out, err = run("train", "a.jsonl", "-o", "m.safetensors", "--on-error", "skip", *small)
    assert (status, out) == (0, "")
    assert "offtopic: skipped a.jsonl:121: not JSON" in err
    assert re.search(r"^\d\d:\d\d:\d\d background: \d+ terms, \d+ projected$", err, re.MULTILINE)
    assert err.endswith("offtopic: wrote m.safetensors; 1 skipped in all\n")
    assert main(["check", "--model", "m.safetensors", "--json", write("a.json", json.dumps({"paragraphs": articles[0]}))]) in (
        0,
        1,
    )
    assert len(json.loads(capfdbinary.readouterr().out)["paragraphs"]) == len(articles[0])


def test_train_tells_what_it_lacks_before_the_work(run: Command) -> None:
    write("a.jsonl", lines(GOOD))
    for arguments, told in (
        (("a.jsonl", "-o", "m.safetensors"), "training needs at least 50 articles of four or more paragraphs, got 1"),
        (("gone.jsonl", "-o", "m.safetensors"), "gone.jsonl: there is no such file"),
        (("a.jsonl", "-o", "gone/m.safetensors"), "gone/m.safetensors: cannot be written"),
    ):
        status, _, err = run("train", *arguments)
        assert status == 2
        assert told in err
    assert os.listdir() == ["a.jsonl"]


# --- the command as a whole


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["check"], "required: FILE"),
        (["check", "a", "--false-alarms", "2"], "a number between 0 and 1 is meant, such as 0.002, got '2'"),
        (["check", "a", "--false-alarms", "nan"], "a number between 0 and 1 is meant"),
        (["check", "a", "--kinds", "alien"], "one or more of foreign,furniture are meant, got 'alien'"),
        (["clean", "--n-jobs", "0"], "a whole number"),
        (["clean", "--processes", "two"], "a whole number from 1 on is meant, got 'two'"),
        (["clean", "--max-removed", "nan"], "a number from 0 to 1 is meant, such as 0.5, got 'nan'"),
        (["tag", "--max-removed", "0.5"], "unrecognized arguments: --max-removed"),
        (["tag", "--format", "csv"], "invalid choice: 'csv'"),
        (["clean", "--on-error", "ignore"], "invalid choice: 'ignore'"),
        (["train", "a"], "required: -o/--output"),
        (["train", "a", "-o", "b", "--steps", "-5"], "a whole number from 1 on is meant, got '-5'"),
    ],
)
def test_a_slip_in_the_arguments_is_told_with_what_is_allowed(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in capsys.readouterr().err


def test_a_model_that_is_not_there_is_told_before_any_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write("a.jsonl", lines(GOOD))
    for command in (["check", "gone.txt"], ["clean", "a.jsonl", "-o", "b"], ["evaluate", "a.jsonl"]):
        assert main([*command, "--model", "gone.safetensors"]) == 2
        assert capsys.readouterr().err.startswith("offtopic: gone.safetensors: there is no such file")
    assert os.listdir() == ["a.jsonl"]


@pytest.mark.parametrize("command", ["check", "report", "clean", "tag", "train", "evaluate"])
def test_help_teaches_by_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    out = capsys.readouterr().out
    assert f"\nexamples:\n  offtopic {command} " in out
    assert max(map(len, out.splitlines())) <= 95


def test_train_tells_the_defaults_that_the_library_has(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["train", "--help"])
    told = re.findall(r"--(\w+) N [a-z][^(]*\(default: (\d+)\)", " ".join(capsys.readouterr().out.split()))
    ours = TrainSettings()
    expected = {"projected": ours.projected, "steps": ours.projection.steps, "cases": ours.cases, "seed": ours.seed}
    assert {name: int(number) for name, number in told} == expected


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"offtopic {detector.__version__}\n"


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (KeyboardInterrupt(), 130, ""),
        (OSError(28, "No space left on device"), 2, "offtopic: [Errno 28] No space left on device\n"),
    ],
)
def test_an_interruption_and_a_full_disk_end_it_without_a_traceback(
    run: Command, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, told: str
) -> None:
    def raising(*arguments: object) -> None:
        raise error

    monkeypatch.setattr("detector.cli.check.read_article", raising)
    assert run("check", "a.txt") == (status, "", told)


def offtopic(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "detector", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_python_m_detector_is_the_command(model_path: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(MIXED)
    with offtopic("check", "--model", model_path, str(tmp_path / "a.txt")) as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (1, b"")
    assert out.decode().endswith("2 of 7 paragraphs flagged (1 foreign, 1 furniture).\n".replace("\n", os.linesep))


def test_a_reader_that_goes_away_ends_it_quietly(model_path: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(GOOD) * 3000)
    with offtopic("clean", "--model", model_path, str(tmp_path / "a.jsonl")) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_check_imports_nothing_that_only_other_commands_need(model_path: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(MIXED)
    arguments = ["check", "--model", model_path, str(tmp_path / "a.txt")]
    code = f"import sys; from detector.cli import main; main({arguments!r}); print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in result.stdout.splitlines()[-1].split()} | set(
        result.stdout.splitlines()[-1].split()
    )
    assert loaded & {"sklearn", "joblib", "tqdm", "datasets", "pandas", "pyarrow", "zstandard", "detector.learn"} == set()
    assert "numpy" in loaded
