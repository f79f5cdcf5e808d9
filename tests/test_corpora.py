"""Corpora: files, folders and data sets give the same articles, and every bad record is told with its place."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from detector import InputError
from detector.learn.articles import Article
from detector.learn.corpora import read_articles

RECORDS: list[dict[str, Any]] = [
    {"text": "One.\n\nTwo.", "title": "T", "source": "S", "topic": "P", "language": "en"},
    {"paragraphs": ["Eins.", "Zwei."], "labels": [0, 1], "language": "de"},
]
ARTICLES = [
    Article(("One.", "Two."), "T", "S", "P", "en"),
    Article(("Eins.", "Zwei."), language="de", labels=(0, 1)),
]


def lines(records: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def jsonl(path: Path, *records: dict[str, Any]) -> Path:
    path.write_bytes(lines(list(records)))
    return path


@pytest.mark.parametrize(("name", "pack"), [("a.jsonl", bytes), ("a.jsonl.gz", gzip.compress), ("a.jsonl.xz", lzma.compress)])
def test_json_lines_are_read_with_all_their_fields(tmp_path: Path, name: str, pack: Any) -> None:
    (tmp_path / name).write_bytes(pack(lines(RECORDS)))
    assert list(read_articles(tmp_path / name)) == ARTICLES


def test_a_folder_is_read_with_its_sub_folders_sorted_and_without_other_files(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    jsonl(tmp_path / "b" / "x.jsonl", RECORDS[1])
    jsonl(tmp_path / "a.jsonl", RECORDS[0])
    (tmp_path / "b" / "y.jsonl.gz").write_bytes(gzip.compress(lines(RECORDS[:1])))
    (tmp_path / "c.txt").write_text("\ufeffEin Satz.\n\nNoch einer.", encoding="utf-8")
    (tmp_path / "a.jsonl.part").write_text("half a rec")
    (tmp_path / "README.md").write_text("# Read me")
    assert list(read_articles(tmp_path)) == [
        ARTICLES[0],
        ARTICLES[1],
        ARTICLES[0],
        Article(("Ein Satz.", "Noch einer.")),
    ]


def test_a_folder_without_any_article_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a folder without any \.jsonl"):
        list(read_articles(tmp_path))


def test_a_missing_corpus_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.jsonl: there is no such file"):
        list(read_articles(tmp_path / "gone.jsonl"))


def test_articles_are_read_lazily(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(RECORDS) + b"oops\n")
    found = read_articles(tmp_path / "a.jsonl")
    assert [next(found), next(found)] == ARTICLES
    with pytest.raises(InputError, match=r"a\.jsonl:3: not JSON"):
        next(found)


def test_the_text_may_be_in_another_field(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", {"body": "One.\n\nTwo.", "text": "no"}, {"body": ["x"]})
    assert [article.paragraphs for article in read_articles(path, text_field="body")] == [("One.", "Two."), ("x",)]


def test_labels_are_numbers_or_names_beside_the_paragraphs_or_in_them(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path / "a.jsonl",
        {"paragraphs": ["a", "b", "c"], "labels": ["belongs", "foreign", "furniture"]},
        {"paragraphs": [{"text": "a", "label": "furniture"}, {"text": "b", "label": 0}]},
        {"text": "a\n\nb", "labels": [1, 0]},
        {"text": "a\n\nb", "labels": None},
    )
    assert [article.labels for article in read_articles(path)] == [(0, 1, 1), (1, 0), (1, 0), None]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"paragraphs": ["a"], "labels": [0, 1]}, "one label for each of the 1 paragraphs, got 2 labels"),
        ({"paragraphs": ["a"], "labels": "0"}, "one label for each of the 1 paragraphs, got str"),
        ({"paragraphs": ["a"], "labels": [2]}, "label 0 is 0, 1 or one of 'belongs', 'foreign', 'furniture', got 2"),
        ({"paragraphs": ["a"], "labels": ["off"]}, "got 'off'"),
        ({"paragraphs": [{"text": "a", "label": 0}, "b"]}, "label 1 is 0, 1"),
        ({"text": "a", "source": 3}, "field 'source' is a str, got int"),
        ({"content": "a"}, "no field 'text' or 'paragraphs', there is 'content'"),
    ],
)
def test_a_bad_record_is_told_with_its_place_or_skipped_with_all_others_kept(
    tmp_path: Path, bad: dict[str, Any], message: str
) -> None:
    path = jsonl(tmp_path / "a.jsonl", RECORDS[0], bad, RECORDS[1])
    with pytest.raises(InputError) as told:
        list(read_articles(path))
    assert message in str(told.value)
    assert told.value.line == 2
    skipped: list[InputError] = []
    assert list(read_articles(path, on_error=skipped.append)) == ARTICLES
    assert [error.line for error in skipped] == [2]


def test_where_labels_are_needed_a_record_without_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.jsonl:1: no field 'labels'; give one label a paragraph"):
        list(read_articles(jsonl(tmp_path / "a.jsonl", {"text": "a"}), labelled=True))


def test_a_broken_text_file_in_a_folder_does_not_cost_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "b.txt").write_text("One.")
    skipped: list[InputError] = []
    assert list(read_articles(tmp_path, on_error=skipped.append)) == [Article(("One.",))]
    assert [error.path for error in skipped] == [str(tmp_path / "a.txt")]


def test_the_fixture_articles_can_be_read() -> None:
    path = Path(__file__).parents[1] / "fixtures" / "articles" / "syria-airpod.json"
    (article,) = read_articles(path, labelled=True)
    given = json.loads(path.read_text("utf-8"))["paragraphs"]
    assert article.paragraphs == tuple(paragraph["text"] for paragraph in given)
    assert article.labels == tuple(int(paragraph["label"] != "belongs") for paragraph in given)


def test_without_the_package_a_data_set_is_refused_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(InputError, match=r"hf:any needs the package datasets; pip install 'offtopic-detector\[datasets\]'"):
        list(read_articles("hf:any"))


@pytest.fixture
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The package datasets with nothing to reach but this machine's files, and a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        cache = tmp_path_factory.mktemp("hf")
        for name, value in {"HF_HUB_OFFLINE": "1", "HF_HOME": str(cache), "HF_DATASETS_CACHE": str(cache / "datasets")}.items():
            patch.setenv(name, value)
        datasets = pytest.importorskip("datasets")
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", cache / "datasets")
        patch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
        yield


@pytest.fixture
def data_set(tmp_path: Path, offline: None) -> Path:
    """A data set of two splits, as a folder."""
    folder = tmp_path / "news"
    folder.mkdir()
    jsonl(folder / "train.jsonl", {"text": "One.\n\nTwo.", "title": "T"}, {"text": "Three.", "title": None})
    jsonl(folder / "test.jsonl", {"text": "Four.", "title": "F"})
    return folder


@pytest.mark.slow
def test_a_data_set_is_read_by_name_and_split(data_set: Path) -> None:
    assert list(read_articles(f"hf:{data_set}")) == [Article(("One.", "Two."), "T"), Article(("Three.",))]
    assert list(read_articles(f"hf:{data_set}:test")) == [Article(("Four.",), "F")]


@pytest.mark.slow
def test_part_of_a_split_can_be_asked_for(data_set: Path) -> None:
    assert list(read_articles(f"hf:{data_set}:train[1:]")) == [Article(("Three.",))]


@pytest.mark.slow
def test_a_data_set_that_is_not_there_and_a_split_that_it_lacks_are_told_by_name(data_set: Path) -> None:
    with pytest.raises(InputError, match=r"hf:no/such-thing: the dataset cannot be loaded"):
        list(read_articles("hf:no/such-thing"))
    with pytest.raises(InputError, match="news:dev: the dataset cannot be loaded"):
        list(read_articles(f"hf:{data_set}:dev"))


@pytest.mark.slow
def test_a_record_of_a_data_set_is_told_by_its_number(data_set: Path) -> None:
    with pytest.raises(InputError, match=r"news:1: no field 'body', there is 'text', 'title'"):
        list(read_articles(f"hf:{data_set}", text_field="body"))
