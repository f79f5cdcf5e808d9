"""Recipes: each of the scripts in ``examples/pipelines`` runs as it stands and gives what `check_many` gives."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from tests.crowd import Crowd, crowd

RECIPES = Path(__file__).resolve().parents[1] / "examples" / "pipelines"
NEEDS = {  # those that take longest first
    "spark": ("pyspark",),
    "ray": ("ray",),
    "datatrove": ("datatrove", "orjson"),
    "spacy": ("spacy",),
    "datasets": ("datasets",),
    "scrapy": ("scrapy",),
    "langchain": ("langchain_core",),
}

pytestmark = [pytest.mark.adapters, pytest.mark.slow]


def lack(name: str) -> str:
    """What a recipe needs that is not there, told; empty where nothing is missing."""
    for module in NEEDS[name]:
        if find_spec(module) is None:
            return f"{module} is not installed"
    if name == "spark" and which("java") is None:
        return "Spark needs Java"
    if name == "spacy" and not entry_points(group="spacy_factories").select(name="off_topic"):
        return "spaCy knows of it where the package is installed"
    return ""


@pytest.fixture(scope="module")
def forty() -> Crowd:
    made = crowd(40)
    assert any(tag["spans"] for tag in made.tags)
    return made


@pytest.fixture(scope="module")
def begun(
    request: pytest.FixtureRequest, forty: Crowd, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[Path, Future[str]]]]:
    """The folder of each recipe that is tested, and what it will have printed.

    They run two at a time: engines take long to start, and much of that they wait.
    """
    tested = {item.name for item in request.session.items}
    with ThreadPoolExecutor(2) as pool:
        runs = {}
        for name in NEEDS:
            if f"test_{name}" in tested and not lack(name):
                folder = tmp_path_factory.mktemp(name)
                runs[name] = folder, pool.submit(run, name, forty, folder)
        yield runs
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def ran(request: pytest.FixtureRequest, begun: dict[str, tuple[Path, Future[str]]]) -> tuple[Path, str]:
    """The folder that the recipe of a test has run in, and what it printed."""
    name = request.node.name.removeprefix("test_")
    if missing := lack(name):
        pytest.skip(missing)
    folder, printed = begun[name]
    return folder, printed.result()


def run(name: str, made: Crowd, folder: Path) -> str:
    """Run a recipe in `folder`, with the articles as ``news.jsonl`` and ``news/a.jsonl``, and return what it prints."""
    lines = "".join(json.dumps(record) + "\n" for record in made.records)
    (folder / "news").mkdir()
    for path in (folder / "news.jsonl", folder / "news" / "a.jsonl"):
        path.write_text(lines, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(RECIPES.parents[1]), os.environ.get("PYTHONPATH", "")]),
        "HF_HOME": str(folder / "hf"),
        "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # Java starts in half the time
        "PYSPARK_SUBMIT_ARGS": "--conf spark.ui.enabled=false pyspark-shell",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "RAY_AUTH_TOKEN": "0" * 64,  # or one is written into the user's home
    }
    command = [sys.executable, str(RECIPES / f"with_{name}.py")]
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
    names = {path.name for path in RECIPES.iterdir() if path.suffix == ".py"}
    assert names == {f"with_{name}.py" for name in NEEDS}
    assert all(f"test_{name}" in globals() for name in NEEDS)


def test_datasets(forty: Crowd, ran: tuple[Path, str]) -> None:
    tagged = read_lines(ran[0] / "tagged.jsonl")
    assert [spans(record["off_topic"]) for record in tagged] == [spans(tag) for tag in forty.tags]


def test_datatrove(forty: Crowd, ran: tuple[Path, str]) -> None:
    def read(name: str) -> dict[str, str]:
        packed = [gzip.decompress(path.read_bytes()).decode() for path in (ran[0] / name).rglob("*.gz")]
        return {record["id"]: record["text"] for text in packed for record in map(json.loads, text.splitlines())}

    cleaned, dropped = read("cleaned"), read("dropped")
    for record, tag, text in zip(forty.records, forty.tags, forty.cleaned, strict=True):
        if record["text"]:  # datatrove's reader leaves empty documents out
            held, expected = (dropped, record["text"]) if tag["share"] > 0.5 else (cleaned, text)
            assert held[record["id"]] == expected
    assert not set(cleaned) & set(dropped)


def test_ray(forty: Crowd, ran: tuple[Path, str]) -> None:
    import pyarrow.parquet as pq

    rows = [row for path in (ran[0] / "cleaned").rglob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert {row["id"]: row["text"] for row in rows} == {
        record["id"]: text for record, text in zip(forty.records, forty.cleaned, strict=True)
    }
    assert len(rows) == len(forty.records)


def test_spark(forty: Crowd, ran: tuple[Path, str]) -> None:
    import pyarrow.parquet as pq

    rows = [row for path in (ran[0] / "tagged").rglob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert {row["id"]: spans(row["off_topic"]) for row in rows} == {
        record["id"]: spans(tag) for record, tag in zip(forty.records, forty.tags, strict=True)
    }
    assert len(rows) == len(forty.records)


def test_spacy(forty: Crowd, ran: tuple[Path, str]) -> None:
    printed = ran[1].splitlines()
    assert len(printed) == len(forty.records)
    assert sum("('foreign', " in line for line in printed) > 0


def test_scrapy(ran: tuple[Path, str]) -> None:
    assert read_lines(ran[0] / "cleaned.jsonl") == [{"title": "The flood", "text": "The river rose.\n\nThe bridge was closed."}]


def test_langchain(forty: Crowd, ran: tuple[Path, str]) -> None:
    kept = [
        len(record["text"] if tag["share"] > 0.5 else text)
        for record, tag, text in zip(forty.records, forty.tags, forty.cleaned, strict=True)
    ]
    expected = [f"{tag['status']} {size}" for tag, size in zip(forty.tags, kept, strict=True)]
    assert ran[1].splitlines() == expected
