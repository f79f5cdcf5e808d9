"""Recipes: each of the scripts in ``examples/pipelines`` runs as it stands and gives what `check_many` gives."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from tests.crowd import Crowd, crowd

RECIPES = Path(__file__).resolve().parents[1] / "examples" / "pipelines"

pytestmark = [pytest.mark.adapters, pytest.mark.slow]


@pytest.fixture(scope="module")
def forty() -> Crowd:
    made = crowd(40)
    assert any(tag["spans"] for tag in made.tags)
    return made


def run(name: str, engine: str, made: Crowd, folder: Path) -> str:
    """Run a recipe in `folder`, with the articles as ``news.jsonl`` and ``news/a.jsonl``, and return what it prints."""
    pytest.importorskip(engine)
    lines = "".join(json.dumps(record) + "\n" for record in made.records)
    (folder / "news").mkdir()
    for path in (folder / "news.jsonl", folder / "news" / "a.jsonl"):
        path.write_text(lines, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(RECIPES.parents[1]), os.environ.get("PYTHONPATH", "")]),
        "HF_HOME": str(folder / "hf"),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": "--conf spark.ui.enabled=false pyspark-shell",
        "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # Java starts in half the time
        "SPARK_LOCAL_IP": "127.0.0.1",
        "RAY_AUTH_TOKEN": "0" * 64,  # or one is written into the user's home
    }
    command = [sys.executable, str(RECIPES / name)]
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def spans(tag: dict[str, Any]) -> list[tuple[int, int]]:
    return [(span["start"], span["end"]) for span in tag["spans"]]


def test_every_recipe_is_run_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert all(f'"{path.name}"' in source for path in RECIPES.glob("*.py"))


def test_datasets(forty: Crowd, tmp_path: Path) -> None:
    run("with_datasets.py", "datasets", forty, tmp_path)
    tagged = read_lines(tmp_path / "tagged.jsonl")
    assert [spans(record["off_topic"]) for record in tagged] == [spans(tag) for tag in forty.tags]


def test_datatrove(forty: Crowd, tmp_path: Path) -> None:
    pytest.importorskip("orjson")
    run("with_datatrove.py", "datatrove", forty, tmp_path)

    def read(folder: str) -> dict[str, str]:
        packed = [gzip.decompress(path.read_bytes()).decode() for path in (tmp_path / folder).rglob("*.gz")]
        return {record["id"]: record["text"] for text in packed for record in map(json.loads, text.splitlines())}

    cleaned, dropped = read("cleaned"), read("dropped")
    for record, tag, text in zip(forty.records, forty.tags, forty.cleaned, strict=True):
        if record["text"]:  # datatrove's reader leaves empty documents out
            held, expected = (dropped, record["text"]) if tag["share"] > 0.5 else (cleaned, text)
            assert held[record["id"]] == expected
    assert not set(cleaned) & set(dropped)


def test_ray(forty: Crowd, tmp_path: Path) -> None:
    run("with_ray.py", "ray", forty, tmp_path)
    import pyarrow.parquet as pq

    rows = [row for path in (tmp_path / "cleaned").rglob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert {row["id"]: row["text"] for row in rows} == {
        record["id"]: text for record, text in zip(forty.records, forty.cleaned, strict=True)
    }
    assert len(rows) == len(forty.records)


def test_spark(forty: Crowd, tmp_path: Path) -> None:
    if which("java") is None:
        pytest.skip("Spark needs Java")
    run("with_spark.py", "pyspark", forty, tmp_path)
    import pyarrow.parquet as pq

    rows = [row for path in (tmp_path / "tagged").rglob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert {row["id"]: spans(row["off_topic"]) for row in rows} == {
        record["id"]: spans(tag) for record, tag in zip(forty.records, forty.tags, strict=True)
    }
    assert len(rows) == len(forty.records)


def test_spacy(forty: Crowd, tmp_path: Path) -> None:
    if not entry_points(group="spacy_factories").select(name="off_topic"):
        pytest.skip("spaCy knows of it where the package is installed")
    printed = run("with_spacy.py", "spacy", forty, tmp_path).splitlines()
    assert len(printed) == len(forty.records)
    assert sum("('foreign', " in line for line in printed) > 0


def test_scrapy(forty: Crowd, tmp_path: Path) -> None:
    run("with_scrapy.py", "scrapy", forty, tmp_path)
    assert read_lines(tmp_path / "cleaned.jsonl") == [
        {"title": "The flood", "text": "The river rose.\n\nThe bridge was closed."}
    ]


def test_langchain(forty: Crowd, tmp_path: Path) -> None:
    printed = run("with_langchain.py", "langchain_core", forty, tmp_path)
    kept = [
        len(record["text"] if tag["share"] > 0.5 else text)
        for record, tag, text in zip(forty.records, forty.tags, forty.cleaned, strict=True)
    ]
    expected = [f"{tag['status']} {size}" for tag, size in zip(forty.tags, kept, strict=True)]
    assert printed.splitlines() == expected
