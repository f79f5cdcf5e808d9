"""README: what it shows is so, word for word.

The pictures at its top come from a fixture and the bundled model: ``python -m tests.pictures`` draws that of the page anew, and
``python -m tests.test_readme`` that of the terminal.
"""

from __future__ import annotations

import gzip
import json
import re
import shlex
import textwrap
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from detector import OffTopicDetector, TrainSettings
from detector.cli import main
from detector.cli.check import shown
from detector.learn.projection import ProjectionSettings
from detector.records import read_document
from tests import crowd, pictures
from tests.conftest import made_up_articles

ROOT = Path(__file__).resolve().parents[1]
ARTICLE = "fixtures/articles/syria-airpod.json"
PICTURE = re.compile(r"(?<=<!-- picture: written by `python -m tests.test_readme` -->\n).*?(?=<!-- /picture -->)", re.DOTALL)
WIDTH = 100
README = ROOT.joinpath("README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [body for name, body in BLOCKS if name == language]


def test_every_python_block_runs_in_reading_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    namespace: dict[str, Any] = {"__name__": "readme"}
    assert blocks("python")
    for number, block in enumerate(blocks("python")):
        exec(compile(block, f"README.md, python block {number}", "exec"), namespace)


def test_the_first_two_commands_need_nothing_but_python() -> None:
    main_job, tests = blocks("bash")[:2]
    for command in (main_job, tests):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert command.count("\n") == 1
    assert main_job.endswith(f" && .venv/bin/offtopic check --exit-zero {ARTICLE}\n")
    assert tests.endswith(" && .venv/bin/pytest\n")


@pytest.mark.slow
def test_every_command_it_shows_does_its_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = crowd.records(60)
    text = records[0]["text"]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    paragraphs = "".join(f"<p>{paragraph}</p>" for paragraph in text.split("\n\n"))
    labelled = {"text": text, "labels": [0] * text.count("\n\n") + [1]}
    for name, content in {
        "article.txt": text,
        "page.html": f"<html><head><title>T</title></head><body>{paragraphs}</body></html>",
        "articles.jsonl": lines,
        "crawl/a.jsonl": lines,
        "crawl/b/c.txt": text,
        "corpus/made-up.jsonl": "".join(json.dumps({"paragraphs": each}) + "\n" for each in made_up_articles(120)),
        "labelled.jsonl": json.dumps(labelled) + "\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    (tmp_path / "articles.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    monkeypatch.chdir(tmp_path)
    small = TrainSettings(projected=300, projection=ProjectionSettings(dimensions=16, steps=5, batch=64), cases=90)
    monkeypatch.setattr("detector.learn.TrainSettings", lambda: small)
    shown = "".join(blocks("bash")[2:]).splitlines()
    commands = [shlex.split(line, comments=True) for line in shown]
    assert {command[1] for command in commands} == {"install", "check", "report", "clean", "tag", "train", "evaluate"}
    for command in commands:
        if command[0] == "offtopic" and not (command[-1] == "page.html" and find_spec("trafilatura") is None):
            assert main(command[1:]) in (0, 1), command
    cleaned = [json.loads(line) for line in (tmp_path / "cleaned.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [record["id"] for record in cleaned] == [record["id"] for record in records]
    assert sorted(path.relative_to(tmp_path).as_posix() for path in (tmp_path / "cleaned").rglob("*.*")) == [
        "cleaned/a.jsonl",
        "cleaned/b/c.txt",
    ]
    assert (tmp_path / "dolma.jsonl").read_text(encoding="utf-8").count("\n") == len(records)


def test_the_picture_is_what_the_command_prints() -> None:
    assert PICTURE.findall(README) == [picture()]


def test_what_the_picture_of_the_page_shows_is_told_as_it_is_now() -> None:
    # Where it is not, the picture is old as well: `python -m tests.pictures` draws it, and writes this, anew.
    assert pictures.ALT.findall(README) == [pictures.alt(pictures.syria())]


def test_every_path_it_names_exists() -> None:
    named = set(re.findall(r"(?<![\w./-])(?:detector|examples|fixtures|tests|training|\.ci)/[\w./-]*[\w/]", README))
    named |= {link for link in re.findall(r"\]\(([^)#\s]+)", README) if "://" not in link}
    assert ARTICLE in named
    assert not sorted(path for path in named if not ROOT.joinpath(path).exists())


def test_the_table_has_its_place() -> None:
    assert README.count("<!-- benchmark -->") == README.count("<!-- /benchmark -->") == 1
    assert README.index("<!-- benchmark -->") < README.index("<!-- /benchmark -->")


def picture() -> str:
    """Return what ``offtopic check`` prints about the article, cut to what stands around the flagged paragraph, as a block."""
    article, title = read_document(ROOT / ARTICLE)
    report = OffTopicDetector().check(article, title)
    assert report.flags.sum() == 1, "one paragraph of the article does not belong"
    heading, *paragraphs, summary = shown(ARTICLE, report, coloured=False).split("\n\n")
    at = report.flags.argmax()
    parts = [heading, "  [...]", *paragraphs[at - 1 : at + 2], "  [...]", summary]
    return "```text\n" + "\n\n".join("\n".join(map(fitted, part.split("\n"))) for part in parts) + "\n```\n"


def fitted(line: str) -> str:
    """Return `line` in WIDTH: a reason wrapped, a line of the article cut."""
    if line.startswith("  ^"):
        return textwrap.fill(line, WIDTH, subsequent_indent="    ")
    return line if len(line) <= WIDTH else line[: line.rindex(" ", 0, WIDTH - 3)] + " ..."


if __name__ == "__main__":
    ROOT.joinpath("README.md").write_text(PICTURE.sub(lambda _: picture(), README), encoding="utf-8")
