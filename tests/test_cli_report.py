"""``offtopic report``: one file with one article comes out as its page, all else as the overview of what was read."""

from __future__ import annotations

import gzip
import json
import lzma
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import NEWSLETTER, PHONE, RIVER, Command
from test_cli import BAD_LINES, CLEAN, MIXED, lines, write
from test_overview import Sheet

from detector import OffTopicDetector, Overview

RECORDS = [
    {"id": "flooded", "title": "The river", "text": MIXED},
    {"id": 17, "text": CLEAN},
    {"text": "\n\n".join([*RIVER, NEWSLETTER])},
]
# What the three come to, as `clean` tells it.
OFF_TOPIC = len(PHONE) + 2 * len(NEWSLETTER)
SUMMARY = [
    f"3 articles, 18 paragraphs; flagged 3 paragraphs ({OFF_TOPIC / (OFF_TOPIC + 3 * sum(map(len, RIVER))):.2%} of the text) "
    "in 2 articles",
    "        1  foreign: Rare words of it stand nowhere else in the article.",
    "        2  furniture: It is worded like a part of the page.",
]


def sheet(name: str = "out.html") -> Sheet:
    return Sheet(Path(name).read_text("utf-8"))


def names(page: Sheet) -> list[str]:
    """What the articles are called, in the order in which they were read."""
    return [row["name"] for row in sorted(page.rows, key=lambda row: row["number"])]


# --- one article ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.txt.gz", "a.json", "-"])
def test_one_file_with_one_article_is_shown_as_that_article(run: Command, name: str) -> None:
    content = json.dumps({"text": MIXED}) if name == "a.json" else MIXED
    packed = gzip.compress(content.encode()) if name.endswith(".gz") else content.encode()
    if name != "-":
        write(name, packed)
    status, page, err = run("report", name, stdin=packed)
    assert (status, err) == (0, "")
    assert "2 of 7 paragraphs flagged: 1 foreign, 1 furniture." in page
    assert 'id="tolerance"' in page
    assert run.summary == []


# --- many -------------------------------------------------------------------------------------------------------------------


def test_json_lines_are_shown_as_an_overview_that_calls_articles_by_their_id_or_their_line(run: Command) -> None:
    assert run("report", write("a.jsonl", lines(*RECORDS)), "-o", "out.html") == (0, "", "")
    assert run.summary == SUMMARY
    page = sheet()
    assert page.one("p", "sums")[1].startswith("3 of 18 paragraphs flagged: 1 foreign, 2 furniture.")
    assert names(page) == ["flooded", "17", "a.jsonl:3"]
    assert {row["heading"]: row["titled"] for row in page.rows}["The river"] == 1
    assert [paragraph[1] for paragraph in page.article("flooded") or []] == MIXED.split("\n\n")
    assert sorted(os.listdir()) == ["a.jsonl", "out.html"]


def test_the_overview_is_that_of_the_library(run: Command, hand_model: Any) -> None:
    run("report", write("a.jsonl", lines(*RECORDS)), "-o", "out.html")
    overview = Overview()
    for name, record in zip(("flooded", "17", "a.jsonl:3"), RECORDS, strict=True):
        overview.add(OffTopicDetector(model=hand_model).check(str(record["text"]), record.get("title")), name)  # type: ignore[arg-type]
    assert Path("out.html").read_text("utf-8") == overview.to_html()


@pytest.mark.parametrize(
    ("name", "pack"), [("a.jsonl.gz", gzip.compress), ("a.ndjson.xz", lzma.compress), ("a.json.gz", gzip.compress)]
)
def test_json_lines_may_be_packed_and_the_page_go_to_the_standard_output(run: Command, name: str, pack: Any) -> None:
    write(name, pack(lines(*RECORDS)))
    status, out, err = run("report", name)
    assert (status, err) == (0, "")
    assert names(Sheet(out)) == ["flooded", "17", f"{name}:3"]


def test_several_files_of_all_kinds_are_one_overview_in_their_order(run: Command) -> None:
    write("a.txt", MIXED)
    write("b.json", json.dumps({"title": "The river", "paragraphs": [*RIVER, PHONE]}))
    write("c.jsonl", lines({"id": "one", "text": CLEAN}))
    write("d", CLEAN)
    assert run("report", "b.json", "a.txt", "c.jsonl", "d", "-", "-o", "out.html", stdin=CLEAN.encode()) == (0, "", "")
    page = sheet()
    assert names(page) == ["b.json", "a.txt", "one", "d", "-"]
    assert {row["name"]: row["foreign"] + row["furniture"] for row in page.rows if row["share"]} == {"b.json": 1, "a.txt": 2}


def test_a_folder_stands_for_all_in_it_that_can_be_read_but_the_page_itself(run: Command) -> None:
    Path("crawl/deep").mkdir(parents=True)
    write("crawl/a.txt", MIXED)
    write("crawl/b.json", json.dumps({"text": CLEAN}))
    write("crawl/deep/c.jsonl", lines({"id": "one", "text": CLEAN}))
    write("crawl/notes.md", CLEAN)
    for _ in range(2):  # the second time the page is there
        assert run("report", "crawl", "-o", "crawl/out.html") == (0, "", "")
        assert names(sheet("crawl/out.html")) == ["crawl/a.txt", "crawl/b.json", "one"]


def test_a_pattern_stands_for_the_files_that_match(run: Command) -> None:
    for name in ("b.txt", "a.txt", "c.md"):
        write(name, CLEAN)
    assert run("report", "*.txt", "-o", "out.html") == (0, "", "")
    assert names(sheet()) == ["a.txt", "b.txt"]
    # A file of that very name is no pattern.
    write("[1].txt", MIXED)
    assert 'id="tolerance"' in run("report", "[1].txt")[1]


def test_pages_of_html_are_read_too(run: Command) -> None:
    pytest.importorskip("trafilatura")
    body = "".join(f"<p>{paragraph}</p>" for paragraph in [*RIVER, *RIVER])
    write("a.html", f"<html><head><title>The river</title></head><body><article>{body}</article></body></html>")
    write("b.txt", CLEAN)
    assert run("report", "a.html", "b.txt", "-o", "out.html") == (0, "", "")
    assert names(sheet()) == ["a.html", "b.txt"]


def test_parquet_is_read_by_the_column(run: Command) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    columns = {"body": [MIXED, None, CLEAN], "headline": ["The river", None, None], "key": ["one", None, "three"]}
    pq.write_table(pa.table(columns), "a.parquet", row_group_size=2)
    options = ("--text-field", "body", "--title-field", "headline", "--id-field", "key")
    assert run("report", "a.parquet", *options, "-o", "out.html") == (0, "", "")
    page = sheet()
    assert names(page) == ["one", "a.parquet: row 1", "three"]
    assert {row["name"]: (row["paragraphs"], row["status"]) for row in page.rows} == {
        "one": (7, "ok"),
        "a.parquet: row 1": (0, "empty"),
        "three": (5, "ok"),
    }
    assert next(row["heading"] for row in page.rows if row["titled"]) == "The river"
    # Without such a column, articles are called by their row.
    assert run("report", "a.parquet", "--text-field", "body", "-o", "out.html") == (0, "", "")
    assert names(sheet()) == ["a.parquet: row 0", "a.parquet: row 1", "a.parquet: row 2"]


def test_fields_are_those_of_clean(run: Command) -> None:
    write("a.jsonl", lines({"key": 7, "headline": "The river", "body": [*RIVER, PHONE]}))
    options = ("--text-field", "body", "--title-field", "headline", "--id-field", "key")
    assert run("report", "a.jsonl", *options, "-o", "out.html") == (0, "", "")
    (row,) = sheet().rows
    assert (row["name"], row["heading"], row["paragraphs"], row["foreign"]) == ("7", "The river", 6, 1)


def test_kinds_and_tolerance_are_those_asked_for(run: Command) -> None:
    write("a.jsonl", lines(*RECORDS))
    assert run("report", "a.jsonl", "--kinds", "furniture", "--false-alarms", "0.01", "-o", "out.html") == (0, "", "")
    page = sheet()
    assert page.one("p", "sums")[1].startswith("2 of 18 paragraphs flagged: 2 furniture.")
    assert "False alarms allowed: 1 %, about 1 in 100." in page.one("main")[1]


def test_several_processes_give_the_same_page(run: Command) -> None:
    many = [{"id": f"r{i}", "text": "\n\n".join([*RIVER, f"{PHONE} {chr(97 + i % 26)}"])} for i in range(300)]
    write("a.jsonl", lines(*many))
    assert run("report", "a.jsonl", "-o", "one.html") == (0, "", "")
    assert run("report", "a.jsonl", "-o", "two.html", "--processes", "2") == (0, "", "")
    assert Path("one.html").read_bytes() == Path("two.html").read_bytes()


# --- what cannot be read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("line", "message"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_stops_the_command_without_a_page_or_is_named_and_left_out(run: Command, line: bytes, message: str) -> None:
    write("a.jsonl", lines(RECORDS[0]) + line + b"\n" + lines(RECORDS[1]))
    status, out, err = run("report", "a.jsonl", "-o", "out.html")
    assert (status, out) == (2, "")
    assert err.startswith("offtopic: a.jsonl:2: ")
    assert message in err
    assert os.listdir() == ["a.jsonl"]
    status, _, err = run("report", "a.jsonl", "-o", "out.html", "--on-error", "skip")
    assert status == 0
    assert err.startswith("offtopic: skipped a.jsonl:2: ")
    assert names(sheet()) == ["flooded", "17"]
    assert run.summary[-1] == "        1  skipped"


def test_a_file_that_cannot_be_read_stops_the_command_or_is_left_out(run: Command) -> None:
    write("a.txt", CLEAN)
    write("b.txt", b"caf\xe9")
    write("c.json", '{"title": "no text"}')
    status, _, err = run("report", "a.txt", "b.txt", "c.json", "-o", "out.html")
    assert (status, err[:27]) == (2, "offtopic: b.txt:1: byte 3 o")
    assert not Path("out.html").exists()
    status, _, err = run("report", "a.txt", "b.txt", "c.json", "-o", "out.html", "--on-error", "skip")
    assert status == 0
    assert [line[:25] for line in err.splitlines()] == ["offtopic: skipped b.txt:1", "offtopic: skipped c.json:"]
    assert names(sheet()) == ["a.txt"]


def test_what_is_not_there_is_told_before_any_work_even_where_errors_are_skipped(run: Command) -> None:
    write("a.txt", CLEAN)
    for files, told in (
        (("a.txt", "gone.txt"), "gone.txt: there is no such file"),
        (("gone.txt",), "gone.txt: there is no such file"),
        (("*.jsonl",), "*.jsonl: no file matches this pattern"),
    ):
        assert run("report", *files, "-o", "out.html", "--on-error", "skip") == (2, "", f"offtopic: {told}\n")
    assert os.listdir() == ["a.txt"]


def test_a_page_that_cannot_be_written_is_told_before_any_work(run: Command) -> None:
    write("a.jsonl", b"not JSON")
    status, _, err = run("report", "a.jsonl", "-o", "gone/out.html")
    assert status == 2
    assert err.startswith("offtopic: gone/out.html: cannot be written")


def test_a_title_goes_with_one_article_only(run: Command) -> None:
    status, _, err = run("report", write("a.jsonl", lines(*RECORDS)), "--title", "T", "-o", "out.html")
    assert status == 2
    assert "--title is the title of one article" in err
    assert "--title-field" in err


def test_no_more_articles_are_held_than_are_judged_at_a_time(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.chunks._ARTICLES", 4)
    read: list[int] = []
    ahead: list[int] = []
    check_many = OffTopicDetector.check_many

    def counted(self: OffTopicDetector, articles: Any, titles: Any, *, n_jobs: int) -> Any:
        for done, found in enumerate(check_many(self, (read.append(1) or a for a in articles), titles, n_jobs=n_jobs)):  # type: ignore[func-returns-value]
            ahead.append(len(read) - done)
            yield found

    monkeypatch.setattr(OffTopicDetector, "check_many", counted)
    write("a.jsonl", lines(*[RECORDS[1]] * 30))
    assert run("report", "a.jsonl", "-o", "out.html") == (0, "", "")
    assert len(read) == 30
    assert max(ahead) <= 4
