"""Sources: whatever a file is named, holds and is packed with, its articles come out in order, in the same kind of file."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import NEWSLETTER, PHONE, RIVER, Command
from test_cli import CLEAN, GOOD, MIXED, lines, write
from test_files import UNPACKERS, zstd

from detector import BatchMapper, InputError, OffTopicDetector
from detector.cleaning import tag
from detector.cli.sources import Found, Task, found_files, source_of
from detector.files import Gauge
from tests.crowd import Crowd

RECORDS = [{"n": n, "text": MIXED if n % 2 else CLEAN} for n in range(5)]
CLEANED = [{"n": n, "text": CLEAN} for n in range(5)]
PACKERS: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".zst": zstd}
ZST_NEEDS_A_PACKAGE = [pytest.param(ending, id=ending or "plain") for ending in PACKERS]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def tree(folder: str = ".") -> list[str]:
    """All files in `folder`, hidden ones too."""
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


def unpacked(name: str) -> bytes:
    return UNPACKERS[next(ending for ending in (".gz", ".xz", ".zst", "") if name.endswith(ending))](Path(name).read_bytes())


# --- which files


def paths_of(*paths: str, but: str | None = None) -> list[tuple[str, str]]:
    return [(found.path, found.name) for found in found_files(paths, but)]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("path", ["d", "d/*", "d/**"])
def test_the_file_of_results_is_not_read_where_there_are_others(path: str) -> None:
    Path("d").mkdir()
    for name in ("a.jsonl", "all.jsonl", "all.jsonl.part", "all.jsonl.part.journal"):
        Path("d", name).write_text("")
    assert [found.path for found in found_files([path], "d/all.jsonl")] == ["d/a.jsonl"]
    assert [found.path for found in found_files(["d/all.jsonl"], "d/all.jsonl")] == ["d/all.jsonl"]
    Path("d", "a.jsonl").unlink()
    assert "d/all.jsonl" in [found.path for found in found_files([path], "d/all.jsonl")]  # it is cleaned in its place


@pytest.mark.usefixtures("folder")
def test_a_folder_stands_for_all_in_it_that_can_be_read_sorted_by_path() -> None:
    touch("d/b.jsonl", "d/a/z.txt.gz", "d/a.ndjson.zst", "d/c.parquet", "d/a/deep/er/x.jsonl.xz")
    touch("d/README.md", "d/x.jsonl.part", "d/x.jsonl.part.journal", "d/a.json", "d/a.csv", "d/x.jsonl.bz2", "d/parquet")
    touch("d/.hidden.jsonl", "d/.git/x.jsonl", "d/.offtopic.journal")
    expected = ["a.ndjson.zst", "a/deep/er/x.jsonl.xz", "a/z.txt.gz", "b.jsonl", "c.parquet"]
    for name in ("d", "d/", "./d"):
        assert paths_of(name) == [(os.path.join(name, path), path) for path in expected]


@pytest.mark.usefixtures("folder")
def test_files_folders_and_patterns_come_in_the_order_they_are_given() -> None:
    touch("z.jsonl", "d/b.jsonl", "d/a.jsonl", "a.jsonl")
    assert paths_of("z.jsonl", "d", "-", "a.jsonl") == [
        ("z.jsonl", "z.jsonl"),
        ("d/a.jsonl", "a.jsonl"),
        ("d/b.jsonl", "b.jsonl"),
        ("-", "-"),
        ("a.jsonl", "a.jsonl"),
    ]
    assert paths_of("d/[ab].jsonl", "?.jsonl") == [
        *(("d/a.jsonl", "a.jsonl"), ("d/b.jsonl", "b.jsonl")),
        *(("a.jsonl", "a.jsonl"), ("z.jsonl", "z.jsonl")),
    ]


@pytest.mark.usefixtures("folder")
def test_a_pattern_takes_any_ending_but_neither_folders_nor_hidden_files() -> None:
    touch("d/a.json", "d/.b.json", "d/e/c.json", "d/f.json/x", "d/g.jsonl")
    assert paths_of("d/*.json") == [("d/a.json", "a.json")]
    assert paths_of("d/**/*.json") == [("d/a.json", "a.json"), ("d/e/c.json", "c.json")]


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_named_like_a_pattern_is_itself() -> None:
    touch("a[1].jsonl", "a1.jsonl")
    assert paths_of("a[1].jsonl") == [("a[1].jsonl", "a[1].jsonl")]


@pytest.mark.usefixtures("folder")
def test_what_is_named_wrong_is_told() -> None:
    touch("d/README.md")
    for path, told in (
        ("gone.jsonl", "gone.jsonl: there is no such file"),
        ("gone/*.jsonl", "gone/*.jsonl: no file matches this pattern"),
        ("d", "d: a folder without any file that ends in .jsonl, .jsonl.gz"),
        ("", "is a folder; name the files in it"),  # a variable of the shell that is empty
    ):
        with pytest.raises(InputError) as error:
            found_files([path], None)
        assert told in str(error.value)


@pytest.mark.usefixtures("folder")
def test_results_inside_a_folder_are_not_read_again() -> None:
    touch("d/a.jsonl", "d/out/a.jsonl", "d/out/e/b.jsonl", "d/outer/c.jsonl")
    for but in ("d/out", "d/out/", "./d/../d/out"):
        assert paths_of("d", but=but) == [("d/a.jsonl", "a.jsonl"), ("d/outer/c.jsonl", "outer/c.jsonl")]
        assert paths_of("d/**/*.jsonl", but=but) == [("d/a.jsonl", "a.jsonl"), ("d/outer/c.jsonl", "c.jsonl")]
    assert paths_of("d/out/a.jsonl", but="d/out") == [("d/out/a.jsonl", "a.jsonl")]  # one that is named is meant


@pytest.mark.usefixtures("folder")
def test_a_folder_or_pattern_that_is_to_be_cleaned_in_its_place_is_read() -> None:
    touch("d/a.jsonl", "d/b.jsonl")
    expected = [("d/a.jsonl", "a.jsonl"), ("d/b.jsonl", "b.jsonl")]
    assert paths_of("d", but="d") == paths_of("d/*.jsonl", but="d/") == expected


def test_the_standard_input_has_no_name_in_a_folder(run: Command) -> None:
    Path("out").mkdir()
    for files in ([], ["-"]):
        status, out, err = run("clean", *files, "-o", "out", stdin=lines(GOOD))
        assert (status, out, err) == (2, "", "offtopic: out: the standard input has no name there; write it to a file\n")
    assert tree() == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may read any folder")
@pytest.mark.usefixtures("folder")
def test_a_folder_that_may_not_be_read_is_not_passed_over() -> None:
    touch("d/a.jsonl", "d/secret/b.jsonl")
    os.chmod("d/secret", 0)
    try:
        with pytest.raises(PermissionError):
            found_files(["d"], None)
    finally:
        os.chmod("d/secret", 0o700)


# --- in and out


@pytest.mark.parametrize("ending", ZST_NEEDS_A_PACKAGE)
@pytest.mark.parametrize("kind", [".jsonl", ".ndjson"])
def test_json_lines_come_out_of_a_folder_under_their_names_packed_as_they_were(run: Command, kind: str, ending: str) -> None:
    Path("in/deep").mkdir(parents=True)
    write(f"in/a{kind}{ending}", PACKERS[ending](lines(*RECORDS)))
    write(f"in/deep/a{kind}{ending}", PACKERS[ending](lines(GOOD)))
    write(f"in/empty{kind}{ending}", PACKERS[ending](b""))
    assert run("clean", "in", "-o", "out/") == (0, "", "")
    assert tree("out") == sorted(f"{name}{kind}{ending}" for name in ("a", "deep/a", "empty"))
    assert unpacked(f"out/a{kind}{ending}") == lines(*CLEANED)
    assert unpacked(f"out/deep/a{kind}{ending}") == lines(GOOD)
    assert unpacked(f"out/empty{kind}{ending}") == b""
    assert bool(Path(f"out/empty{kind}{ending}").stat().st_size) is bool(ending)


@pytest.mark.parametrize("ending", ZST_NEEDS_A_PACKAGE)
def test_files_packed_in_every_way_come_out_as_one_packed_in_any(run: Command, ending: str) -> None:
    pytest.importorskip("zstandard")
    for number, packed in enumerate(PACKERS):
        write(f"{number}.jsonl{packed}", PACKERS[packed](lines({"n": number, "text": MIXED})))
    assert run("clean", "[0-9].*", "-o", f"out.jsonl{ending}") == (0, "", "")
    assert unpacked(f"out.jsonl{ending}") == lines(*({"n": n, "text": CLEAN} for n in range(4)))


@pytest.mark.parametrize("ending", ZST_NEEDS_A_PACKAGE)
def test_a_text_file_is_one_article_and_comes_out_as_what_is_left_of_it(run: Command, ending: str) -> None:
    text = f"\n{MIXED}\r\n"
    Path("in").mkdir()
    write(f"in/a.txt{ending}", PACKERS[ending](text.encode()))
    write(f"in/empty.txt{ending}", PACKERS[ending](b""))
    assert run("clean", "in", "-o", "out/") == (0, "", "")
    assert unpacked(f"out/a.txt{ending}").decode() == f"\n{CLEAN}\r\n"
    assert unpacked(f"out/empty.txt{ending}") == b""
    assert run("clean", f"in/a.txt{ending}") == (0, f"\n{CLEAN}\r\n", "")


def test_text_files_are_tagged_as_records_that_hold_them(run: Command, hand_model: Any) -> None:
    Path("in/my.txt.files").mkdir(parents=True)
    write("in/my.txt.files/a.txt.gz", gzip.compress(MIXED.encode()))
    write("in/b.txt", "")
    assert run("tag", "in", "-o", "out/", "--id-field", "name", "--text-field", "body") == (0, "", "")
    assert tree("out") == ["b.jsonl", "my.txt.files/a.jsonl.gz"]
    record = json.loads(unpacked("out/my.txt.files/a.jsonl.gz"))
    expected = tag(OffTopicDetector(hand_model).check(MIXED))
    assert record == {"name": "my.txt.files/a.txt.gz", "body": MIXED, "off_topic": expected}
    # And as lines of one file, among others.
    write("c.jsonl", lines({"name": 3, "body": PHONE}))
    status, out, _ = run("tag", "in/b.txt", "c.jsonl", "in/my.txt.files", "--id-field", "name", "--text-field", "body")
    assert status == 0
    assert [json.loads(line)["name"] for line in out.splitlines()] == ["b.txt", 3, "a.txt.gz"]


def test_a_file_whose_name_is_no_text_is_tagged_all_the_same(run: Command) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    try:
        write(name, MIXED)
    except OSError:
        pytest.skip("this file system has no such names")
    status, out, _ = run("tag", name)
    assert (status, json.loads(out)["id"]) == (0, name)


def test_a_folder_is_cleaned_in_its_place_file_by_file(run: Command) -> None:
    Path("d").mkdir()
    write("d/a.jsonl", lines(*RECORDS))
    write("d/b.jsonl.gz", gzip.compress(lines(*RECORDS)))
    write("d/c.txt", MIXED)
    write("d/README.md", "as it is")
    assert run("clean", "d", "-o", "d") == (0, "", "")
    assert tree("d") == ["README.md", "a.jsonl", "b.jsonl.gz", "c.txt"]
    assert unpacked("d/a.jsonl") == unpacked("d/b.jsonl.gz") == lines(*CLEANED)
    assert unpacked("d/c.txt").decode() == CLEAN
    assert unpacked("d/README.md") == b"as it is"


def test_results_may_lie_in_the_folder_that_is_read_and_are_not_read_by_the_next_run(run: Command) -> None:
    Path("d").mkdir()
    write("d/a.jsonl", lines(*RECORDS))
    for _ in range(2):
        assert run("clean", "d", "-o", "d/clean/") == (0, "", "")
        assert run("clean", "d/**/*.jsonl", "-o", "d/clean") == (0, "", "")
        assert tree("d") == ["a.jsonl", "clean/a.jsonl"]
        assert unpacked("d/clean/a.jsonl") == lines(*CLEANED)


def test_two_files_of_one_name_do_not_overwrite_one_another(run: Command) -> None:
    for folder in ("a", "b"):
        Path(folder).mkdir()
        write(f"{folder}/x.jsonl", lines(GOOD))
    write("b/x.txt", MIXED)
    status, _, err = run("clean", "a", "b", "-o", "out/")
    told = "two files would come out under this name; clean them one after the other"
    assert (status, err) == (2, f"offtopic: out/x.jsonl: {told}\n")
    assert run("tag", "b", "-o", "out/") == (2, "", f"offtopic: out/x.jsonl: {told}\n")  # x.txt is to be x.jsonl too
    assert tree() == ["a/x.jsonl", "b/x.jsonl", "b/x.txt"]
    # In one file there is no clash, even of a file with itself.
    assert run("clean", "a", "b/x.jsonl", "a/x.jsonl")[1].encode() == lines(GOOD, GOOD, GOOD)


def test_several_texts_are_no_text(run: Command) -> None:
    write("a.txt", MIXED)
    write("b.txt", MIXED)
    for arguments in ((), ("-o", "c.txt")):
        status, out, err = run("clean", "a.txt", "b.txt", *arguments)
        assert (status, out) == (2, "")
        assert "several files that are not JSON lines cannot be one; name a folder, with a slash at its end" in err


def test_of_files_that_cannot_be_read_none_comes_out_and_the_others_do(run: Command) -> None:
    Path("in").mkdir()
    write("in/a.jsonl", lines(*RECORDS))
    write("in/b.jsonl", b"\x89PNG\r\n\x1a\n\0\0\0")
    write("in/c.jsonl.gz", gzip.compress(lines(*RECORDS))[:-5])
    write("in/d.txt", "café".encode("latin-1"))
    write("in/e.txt", MIXED)
    write("in/f.jsonl", b"oops\n")
    status, _, err = run("clean", "in", "-o", "out/", "--on-error", "skip")
    assert status == 0
    assert [line.split(" (")[0].split("; ")[0] for line in err.splitlines()] == [
        "offtopic: skipped in/b.jsonl: byte 8 is NUL: a binary file, or text in UTF-16",
        "offtopic: skipped in/c.jsonl.gz: cannot be read past line 5",
        "offtopic: skipped in/d.txt:1: byte 3 of the file",
        "offtopic: skipped in/f.jsonl:1: not JSON",
    ]
    assert run.summary[-1] == "        4  skipped"
    # Of the file that breaks off the records before, of that with a bad line all others: none.
    assert tree("out") == ["a.jsonl", "c.jsonl.gz", "e.txt", "f.jsonl"]
    assert unpacked("out/a.jsonl") == unpacked("out/c.jsonl.gz") == lines(*CLEANED)
    assert unpacked("out/e.txt").decode() == CLEAN
    assert unpacked("out/f.jsonl") == b""


def test_a_file_that_cannot_be_read_stops_a_run_behind_the_results_of_those_before(run: Command) -> None:
    Path("in").mkdir()
    write("in/a.jsonl", lines(*RECORDS))
    write("in/b.txt", b"\xff")
    status, _, err = run("clean", "in", "-o", "out/")
    assert status == 2
    assert err.splitlines() == [
        "offtopic: stopped early; the records before are in out/, and the same command goes on from there",
        "offtopic: in/b.txt:1: byte 0 of the file (0xff) is not UTF-8; convert it, for instance with iconv -t utf-8",
    ]
    assert unpacked("out/a.jsonl") == lines(*CLEANED)
    assert tree("out") == [".offtopic.journal", "a.jsonl"]


def test_a_result_is_not_named_after_what_it_is_not(run: Command) -> None:
    write("a.jsonl", lines(GOOD))
    status, _, err = run("clean", "a.jsonl", "-o", "b.parquet")
    assert (status, err) == (2, "offtopic: b.parquet: JSON lines come out as JSON lines; give it another ending\n")
    assert tree() == ["a.jsonl"]


# --- Dolma


def dolma(*arguments: str) -> tuple[str, ...]:
    return ("tag", *arguments, "--format", "dolma")


def test_attributes_of_dolma_are_a_line_a_document_with_a_list_for_each_kind(run: Command, hand_model: Any) -> None:
    documents = [
        {"id": "a", "text": MIXED, "source": "web", "added": "2024-01-01"},
        {"id": 7, "text": CLEAN},
        {"id": "é\ud83d", "text": "", "source": "\ud83d"},
    ]
    status, out, err = run(*dolma(), stdin=b"".join(json.dumps(document).encode() + b"\n" for document in documents))
    assert (status, err) == (0, "")
    foreign, furniture = OffTopicDetector(hand_model).check(MIXED).flagged
    names = ("offtopic__detector__foreign", "offtopic__detector__furniture")
    spans = [[[span.start, span.end, round(span.score, 6)]] for span in (foreign, furniture)]
    assert [MIXED[start:end] for ((start, end, _),) in spans] == [PHONE, NEWSLETTER]
    nothing: dict[str, list[Any]] = {name: [] for name in names}
    assert [json.loads(line) for line in out.splitlines()] == [
        {"id": "a", "source": "web", "attributes": dict(zip(names, spans, strict=True))},
        {"id": 7, "attributes": nothing},
        {"id": "é\ud83d", "source": "\ud83d", "attributes": nothing},
    ]


def test_attributes_lie_beside_the_documents_under_their_names_and_line_up_with_them(run: Command) -> None:
    Path("documents/web").mkdir(parents=True)
    for name, count in (("documents/a.jsonl.gz", 40), ("documents/web/b.jsonl.gz", 3)):
        records = [{"id": f"{name}-{n}", "text": MIXED if n % 3 else CLEAN} for n in range(count)]
        write(name, gzip.compress(lines(*records)))
    assert run(*dolma("documents", "-o", "attributes/offtopic/")) == (0, "", "")
    assert tree("attributes/offtopic") == tree("documents") == ["a.jsonl.gz", "web/b.jsonl.gz"]
    for name in tree("documents"):
        documents = [json.loads(line) for line in unpacked(f"documents/{name}").splitlines()]
        attributes = [json.loads(line) for line in unpacked(f"attributes/offtopic/{name}").splitlines()]
        assert [found["id"] for found in attributes] == [document["id"] for document in documents]
        for found, document in zip(attributes, documents, strict=True):
            spans = [span for kind in found["attributes"].values() for span in kind]
            assert [document["text"][start:end] for start, end, _ in spans] == [PHONE, NEWSLETTER] * (document["text"] == MIXED)


def test_attributes_of_real_articles_have_the_spans_of_their_tags(run: Command, thousand: Crowd) -> None:
    documents, tags = thousand.records[:100], thousand.tags[:100]
    assert sum(len(found["spans"]) for found in tags) > 10
    status, out, _ = run(*dolma("--model", "default"), stdin=lines(*documents))
    assert status == 0
    for line, document, found in zip(out.splitlines(), documents, tags, strict=True):
        held = json.loads(line)
        assert held["id"] == document["id"]
        for kind in ("foreign", "furniture"):
            spans = [[s["start"], s["end"], round(s["score"], 6)] for s in found["spans"] if s["kind"] == kind]
            assert held["attributes"][f"offtopic__detector__{kind}"] == spans


def test_dolma_needs_json_lines_an_id_and_every_line(run: Command) -> None:
    write("a.jsonl", lines(GOOD, {"text": CLEAN}))
    write("a.txt", CLEAN)
    status, out, err = run(*dolma("a.jsonl"))
    assert (status, out.count("\n")) == (2, 1)
    assert err == "offtopic: a.jsonl:2: no 'id', by which Dolma knows a document; name it with --id-field\n"
    status, out, err = run(*dolma("a.txt"))
    assert (status, out, err) == (2, "", "offtopic: a.txt: Dolma's documents are JSON lines; make it one\n")
    status, out, err = run(*dolma("a.jsonl", "--on-error", "skip"))
    assert (status, out) == (2, "")
    assert "--format dolma needs a line for each of the documents', so none can be skipped" in err


# --- units, as they are given to whoever writes


def test_a_unit_of_lines_knows_how_many_are_done_with_it(folder: Path) -> None:
    write("a.jsonl", lines(GOOD) + b"\n" + b"oops\n" + lines({"id": 3, "text": ["a"], "title": "T"}))
    source = source_of(Found("a.jsonl", "a.jsonl"), Task(BatchMapper(tag_column=None), "id", "jsonl"))
    first, bad, last = source.units(0, Gauge())
    assert (first.line, first.articles, first.titles, first.where(0)) == (1, (CLEAN,), (None,), "a.jsonl:1: record 'good'")
    assert (bad.line, bad.articles) == (3, ())
    assert isinstance(bad.error, InputError)
    assert (last.line, last.articles, last.titles, last.where(0)) == (4, (["a"],), ("T",), "a.jsonl:4: record 3")
    assert [unit.line for unit in source.units(3, Gauge())] == [4]
    assert [unit.line for unit in source.units(4, Gauge())] == []


# --- Parquet


def parquet(name: str, table: Any, **options: Any) -> str:
    pytest.importorskip("pyarrow.parquet").write_table(table, name, **options)
    return name


def read_parquet(name: str) -> Any:
    return pytest.importorskip("pyarrow.parquet").read_table(name)


def test_a_parquet_file_keeps_its_rows_columns_types_metadata_groups_and_codec(run: Command) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    schema = pa.schema(
        [
            pa.field("nested", pa.struct([("a", pa.list_(pa.map_(pa.string(), pa.float32())))])),
            pa.field("body", pa.large_string(), metadata={"language": "en"}),
            pa.field("kind", pa.dictionary(pa.int32(), pa.string())),
            pa.field("when", pa.timestamp("us", "UTC")),
        ],
        metadata={"made": "by hand"},
    )
    body = [None if n == 4 else MIXED if n % 2 else CLEAN for n in range(10)]
    rows = {"nested": [{"a": [[("k", 0.5)], None]}, None] * 5, "body": body, "kind": list("abcde") * 2, "when": [0] * 10}
    table = pa.table(rows, schema=schema)
    parquet("a.parquet", table, compression="zstd", row_group_size=4)
    table = read_parquet("a.parquet")  # which tells the types inside others by other names
    assert table.schema.metadata == schema.metadata
    for output, name in (("out/", "out/a.parquet"), ("b.parquet", "b.parquet"), ("a.parquet", "a.parquet")):
        assert run("clean", "a.parquet", "-o", output, "--text-field", "body") == (0, "", "")
        made = read_parquet(name)
        assert made.schema.equals(table.schema, check_metadata=True)
        assert made["body"].to_pylist() == [None if n == 4 else CLEAN for n in range(10)]
        assert made.drop_columns("body").equals(table.drop_columns("body"))
        metadata = pq.read_metadata(name)
        assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [4, 4, 2]
        assert {metadata.row_group(i).column(1).compression for i in range(3)} == {"ZSTD"}
    assert run.summary[0].startswith("10 articles, 55 paragraphs; flagged 10 paragraphs")
    assert tree() == ["a.parquet", "b.parquet", "out/a.parquet"]


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "brotli", "zstd", "lz4"])
def test_every_codec_is_kept(run: Command, codec: str) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    if codec != "none" and not pa.Codec.is_available(codec):
        pytest.skip(f"{codec} is not built in")
    parquet("a.parquet", pa.table({"text": [MIXED]}), compression=codec)
    assert run("clean", "a.parquet", "-o", "out/") == (0, "", "")
    given, made = (pq.read_metadata(name).row_group(0).column(0).compression for name in ("a.parquet", "out/a.parquet"))
    assert made == given == {"none": "UNCOMPRESSED"}.get(codec, codec.upper())
    assert read_parquet("out/a.parquet")["text"].to_pylist() == [CLEAN]


def test_a_parquet_file_is_tagged_with_a_column_of_one_type(run: Command, hand_model: Any) -> None:
    pa = pytest.importorskip("pyarrow")
    from detector.arrow import TAG

    parquet("a.parquet", pa.table({"id": [1, 2, 3], "text": [MIXED, None, CLEAN]}))
    assert run("tag", "a.parquet", "-o", "out/", "--tag-field", "noise") == (0, "", "")
    made = read_parquet("out/a.parquet")
    assert made.schema == pa.schema([("id", pa.int64()), ("text", pa.string()), ("noise", TAG)])
    check = OffTopicDetector(hand_model).check
    assert made["noise"].to_pylist() == [tag(check(MIXED)), None, tag(check(CLEAN))]


@pytest.mark.parametrize("kind", ["dictionary", "list", "large_list", "list of dictionary"])
def test_texts_and_lists_of_any_layout_are_cleaned(run: Command, kind: str) -> None:
    pa = pytest.importorskip("pyarrow")
    dictionary = pa.dictionary(pa.int32(), pa.string())
    layouts = {
        "dictionary": dictionary,
        "list": pa.list_(pa.string()),
        "large_list": pa.large_list(pa.large_string()),
        "list of dictionary": pa.list_(dictionary),
    }
    whole = [MIXED, None, CLEAN, ""] if kind == "dictionary" else [MIXED.split("\n\n"), None, list(RIVER), []]
    left = [CLEAN, None, CLEAN, ""] if kind == "dictionary" else [list(RIVER), None, list(RIVER), []]
    table = pa.table({"text": pa.array(whole * 2, layouts[kind])})
    parquet("a.parquet", table, row_group_size=3)
    given = read_parquet("a.parquet")
    assert run("clean", "a.parquet", "-o", "out/") == (0, "", "")
    made = read_parquet("out/a.parquet")
    assert made.schema == given.schema
    assert made["text"].to_pylist() == left * 2


@pytest.mark.parametrize("groups", [0, 1])
def test_a_parquet_file_without_rows_comes_out_with_its_schema(run: Command, groups: int) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    schema = pa.schema([("id", pa.int32()), ("text", pa.string())], metadata={"made": "by hand"})
    with pq.ParquetWriter("a.parquet", schema) as writer:
        for _ in range(groups):
            writer.write_table(schema.empty_table())
    for output in ("out/", "b.parquet"):
        assert run("tag", "a.parquet", "-o", output) == (0, "", "")
    for name in ("out/a.parquet", "b.parquet"):
        made = read_parquet(name)
        assert (made.num_rows, made.schema.names, made.schema.metadata) == (0, ["id", "text", "off_topic"], schema.metadata)


def test_rows_of_a_large_group_go_by_in_pieces_and_come_out_as_one(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("detector.cli.sources._ROWS", 3)
    texts = [MIXED if n % 3 else CLEAN for n in range(11)]
    parquet(
        "a.parquet",
        pa.table({"n": range(11), "text": pa.array(texts, pa.dictionary(pa.int8(), pa.string()))}),
        row_group_size=7,
    )
    mostly = "\n\n".join([*RIVER[:3], *[NEWSLETTER] * 10])
    parquet("b.parquet", pa.table({"text": [CLEAN] * 9 + [mostly, CLEAN]}), row_group_size=5)
    status, _, err = run("clean", "a.parquet", "b.parquet", "-o", "out/", "--max-removed", "0.5")
    assert (status, err) == (0, "offtopic: kept whole b.parquet: row 9: 64% of it would go\n")
    made = read_parquet("out/a.parquet")
    assert (made["n"].to_pylist(), made["text"].to_pylist()) == (list(range(11)), [CLEAN] * 11)
    metadata = pq.read_metadata("out/a.parquet")
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [7, 4]


def test_parquet_is_not_written_where_it_cannot_be_or_as_what_it_is_not(run: Command) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet("a.parquet", pa.table({"text": [MIXED]}))
    write("a.jsonl", lines(GOOD))
    for arguments, told in (
        (("a.parquet",), "a.parquet: a Parquet file is written to a file or a folder; name it with --output"),
        (("a.parquet", "-o", "b.jsonl"), "b.jsonl: a Parquet file comes out as one; let it end in .parquet"),
        (("a.parquet", "-o", os.devnull), f"{os.devnull}: a Parquet file comes out as one"),
        (("a.parquet", "-o", "gone/b.parquet"), "gone/b.parquet: cannot be written"),
        (("a.parquet", "a.jsonl", "-o", "b.parquet"), "several files that are not JSON lines cannot be one"),
    ):
        status, out, err = run("clean", *arguments)
        assert (status, out) == (2, "")
        assert told in err
    assert run(*dolma("a.parquet", "-o", "out/"))[2] == "offtopic: a.parquet: Dolma's documents are JSON lines; make it one\n"
    assert tree() == ["a.jsonl", "a.parquet"]
    assert not Path(os.devnull).is_file()


def bad_parquet(name: str) -> str:
    """Write a file with something wrong, under its name, and return what is told of it."""
    pa = pytest.importorskip("pyarrow")
    if name == "no parquet":
        write("in/b.parquet", b"PAR1 oops")
        return "is not a Parquet file that can be read ("
    if name == "no column":
        parquet("in/b.parquet", pa.table({"body": [MIXED]}))
        return "no column 'text', there is 'body'"
    if name == "no text":
        parquet("in/b.parquet", pa.table({"text": [1, 2]}))
        return "column 'text' holds texts or lists of paragraphs, got int64"
    if name == "no title":
        parquet("in/b.parquet", pa.table({"text": [MIXED], "title": [3]}))
        return "column 'title' holds titles, got int64"
    if name == "no paragraph":
        parquet("in/b.parquet", pa.table({"text": [["a"], ["b", None]]}))
        return "row 1: paragraph 1 is null; leave it out"
    if name == "no UTF-8":
        parquet("in/b.parquet", pa.table({"text": pa.array([b"a", b"caf\xe9"]).view(pa.string())}))
        return "cannot be read ("
    parquet("in/b.parquet", pa.table({"text": [str(n) * 50 for n in range(1000)]}), compression="snappy", use_dictionary=False)
    content = bytearray(Path("in/b.parquet").read_bytes())
    content[30:3000] = bytes(2970)
    write("in/b.parquet", bytes(content))
    return "cannot be read ("


@pytest.mark.parametrize("name", ["no parquet", "no column", "no text", "no title", "no paragraph", "no UTF-8", "damaged"])
def test_a_parquet_file_that_cannot_be_used_is_named_once_and_can_be_skipped(run: Command, name: str) -> None:
    pa = pytest.importorskip("pyarrow")
    Path("in").mkdir()
    parquet("in/a.parquet", pa.table({"text": [MIXED]}))
    told = bad_parquet(name)
    parquet("in/c.parquet", pa.table({"text": [MIXED]}))
    status, _, err = run("clean", "in", "-o", "out/")
    assert status == 2
    assert err.splitlines()[-1].startswith(f"offtopic: in/b.parquet: {told}")
    assert tree("out") == [".offtopic.journal", "a.parquet"]
    status, _, err = run("clean", "in", "-o", "out/", "--on-error", "skip")
    assert status == 0
    assert err.splitlines()[-1].startswith(f"offtopic: skipped in/b.parquet: {told}")
    assert run.summary[0].startswith("2 articles, ")
    assert run.summary[-1] == "        1  skipped"
    assert tree("out") == ["a.parquet", "c.parquet"]
    assert read_parquet("out/c.parquet")["text"].to_pylist() == [CLEAN]


def test_without_its_package_parquet_is_told_with_the_cure(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.parquet", b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "detector.arrow", raising=False)
    status, _, err = run("clean", "a.parquet", "-o", "out/")
    assert (status, err) == (2, "offtopic: a.parquet: Parquet needs a package; pip install 'offtopic-detector[parquet]'\n")
