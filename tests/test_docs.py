"""Docs: every block of code on their pages does what it shows, and the site is built from nothing without a broken link.

A page is read as its reader would: in a folder with what a checkout holds and some files of one's own, from the top. Blocks of
Python share their names, lines of the shell run one by one, and a block of text is what the block before it printed, line
breaks aside; ``...`` stands for anything. ``python -m tests.test_docs`` writes anew what pages show.
"""

from __future__ import annotations

import io
import json
import os
import posixpath
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from functools import cache, cached_property
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

import detector
from detector import TrainSettings
from detector.cli import main
from detector.learn.projection import ProjectionSettings
from tests import crowd
from tests.conftest import made_up_articles

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
NAMES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PUT_IN = re.compile(r"\{\{ (whole|part|help) ?(.*?) ?\}\}\n")
SHELL = re.compile(r"[|<>*$;&]")
WIDTH = 88
# What a page's blocks need besides the package.
NEEDS = {
    "how-to/batches.md": "pandas",
    "how-to/html.md": "trafilatura",
    "how-to/results.md": "matplotlib",
    "how-to/spacy.md": "spacy",
}
SETTINGS = TrainSettings(projected=300, projection=ProjectionSettings(dimensions=16, steps=5, batch=64), cases=90)


class Block(NamedTuple):
    """A block of code, and the place of the text that is shown as its output."""

    language: str
    body: str
    line: int
    shown: tuple[int, int] | None


class Walk:
    """One reader's way down a page."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self._names: dict[str, Any] = {"__name__": "docs"}
        self._printed: list[str] = []
        belongings(folder)

    @cached_property
    def text(self) -> str:
        return DOCS.joinpath(self.name).read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        blocks: list[Block] = []
        for match in FENCE.finditer(self.text):
            if PUT_IN.fullmatch(match[2]):
                continue
            if match[1] == "text":
                assert blocks, f"{self.name}: a block of text shows what the block before it printed; there is none"
                assert blocks[-1].shown is None, f"{self.name}: two blocks of text after line {blocks[-1].line}"
                blocks[-1] = blocks[-1]._replace(shown=match.span(2))
            else:
                blocks.append(Block(match[1], match[2], self.text.count("\n", 0, match.start()) + 2, None))
        return blocks

    def printed(self, number: int) -> str:
        """Run the blocks up to that of `number`, in the page's folder, and return what it printed."""
        while len(self._printed) <= number:
            block = self.blocks[len(self._printed)]
            stream = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
            try:
                with redirect_stdout(stream), redirect_stderr(stream):
                    self._run(block)
            except Exception as error:
                printed = stream.buffer.getvalue().decode()
                raise AssertionError(f"docs/{self.name}, line {block.line}: {error}\n{printed}") from error
            self._printed.append(stream.buffer.getvalue().decode())
        return self._printed[number]

    def _run(self, block: Block) -> None:
        if block.language == "python":
            exec(compile(block.body, f"docs/{self.name}, line {block.line}", "exec"), self._names)
        else:
            for line in block.body.replace("\\\n", " ").splitlines():
                run_line(line)


def run_line(line: str) -> None:
    """Run a line of the shell: the command in this process, but where the shell has work to do."""
    words = shlex.split(line, comments=True)
    if words[:2] == ["pip", "install"]:
        extras = {extra for word in words[2:] for extra in re.sub(r"^.*\[|\]$", "", word).split(",") if "[" in word}
        project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert extras <= set(project["optional-dependencies"]), line
    elif SHELL.search(re.sub(r"'[^']*'|\"[^\"]*\"|#.*", "", line)):
        command = f'offtopic() {{ "{sys.executable}" -m detector "$@"; }}; {line}'
        places = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command], env=places, capture_output=True, text=True, check=False
        )
        print(done.stdout + done.stderr, end="")
        assert done.returncode == 0, line
    elif words:
        assert words[0] == "offtopic", line
        assert main(words[1:]) in ((0, 1) if words[1] == "check" else (0,)), line


def belongings(folder: Path) -> None:
    """Write what a reader has at hand: the fixtures of a checkout, and articles of one's own."""
    shutil.copytree(ROOT / "fixtures", folder / "fixtures")
    for name, content in own_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


@cache
def own_files() -> dict[str, str]:
    """What the files hold that a reader has of his own."""
    record = json.loads(ROOT.joinpath("fixtures/articles/syria-airpod.json").read_text(encoding="utf-8"))
    texts = [paragraph["text"] for paragraph in record["paragraphs"]]
    paragraphs = "".join(f"<p>{text}</p>" for text in texts)
    lines = "".join(json.dumps(each) + "\n" for each in crowd.records(60))
    return {
        "article.txt": "\n\n".join(texts),
        "page.html": f"<html><head><title>{record['title']}</title></head><body><article>{paragraphs}</article></body></html>",
        "news.jsonl": lines,
        "broken.jsonl": f"{lines}no JSON\n",
        "crawl/a.jsonl": lines,
        "crawl/b/c.txt": "\n\n".join(texts),
        "documents/0.jsonl": lines,
        "corpus/made-up.jsonl": "".join(json.dumps({"paragraphs": each}) + "\n" for each in made_up_articles(120)),
    }


def quickened(patch: pytest.MonkeyPatch) -> None:
    """Let training take a second, and plots draw on nothing."""
    for name in ("detector.learn.TrainSettings", "detector.learn.recipe.TrainSettings"):
        patch.setattr(name, lambda: SETTINGS)
    patch.setenv("MPLBACKEND", "Agg")


def code_of(name: str) -> list[Any]:
    """The blocks of a page, a case each."""
    found = FENCE.finditer(DOCS.joinpath(name).read_text(encoding="utf-8"))
    blocks = [match for match in found if match[1] != "text" and not PUT_IN.fullmatch(match[2])]
    return [pytest.param(name, number, id=f"{name}-{match[1]}-{number}") for number, match in enumerate(blocks)]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Leave no figure behind."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Walk]:
    begun: dict[str, Walk] = {}

    def walk(name: str) -> Walk:
        if name not in begun:
            begun[name] = Walk(name, tmp_path_factory.mktemp("reader"))
        return begun[name]

    return walk


@pytest.mark.slow
@pytest.mark.parametrize(("name", "number"), [case for name in NAMES for case in code_of(name)])
def test_a_block_runs_and_prints_what_is_shown(
    name: str, number: int, walks: Callable[[str], Walk], monkeypatch: pytest.MonkeyPatch
) -> None:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    walk = walks(name)
    monkeypatch.chdir(walk.folder)
    quickened(monkeypatch)
    printed, shown = walk.printed(number), walk.blocks[number].shown
    if shown is not None:
        assert like(walk.text[slice(*shown)], printed), f"shown:\n{walk.text[slice(*shown)]}\nprinted:\n{printed}"


def like(shown: str, printed: str) -> bool:
    return OutputChecker().check_output(shown, printed, ELLIPSIS | NORMALIZE_WHITESPACE)


def test_what_is_shown_is_compared() -> None:
    assert like("one ...\nthree, four\n", "one two\nthree,\nfour\n")
    assert not like("one two\n", "one\n")


@pytest.mark.parametrize("name", NAMES)
def test_no_code_escapes(name: str) -> None:
    text = DOCS.joinpath(name).read_text(encoding="utf-8")
    blocks = FENCE.findall(text)
    assert {language for language, _ in blocks} <= {"bash", "python", "text"}
    assert len(re.findall(r"```|~~~", text)) == 2 * len(blocks)
    # What is put in runs elsewhere: recipes in test_pipelines, help texts in test_cli.
    put_in = [PUT_IN.fullmatch(body) for _, body in blocks]
    assert all(found[1] == "help" or found[2].startswith("examples/pipelines/") for found in put_in if found)


def test_every_recipe_has_its_page() -> None:
    pages = "".join(DOCS.joinpath(name).read_text(encoding="utf-8") for name in NAMES)
    assert all(f"{{{{ whole examples/pipelines/{path.name} }}}}" in pages for path in ROOT.glob("examples/pipelines/*.py"))


class Seen(HTMLParser):
    """What a page or its style holds, leads to and asks for."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.asked = set(re.findall(r"(?:\burl\(|@import) *[\"']?([^\"'()\s]+)", html))  # by styles
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attributes}
        self.ids |= {held[name] for name in ("id", "name") if name in held}
        if tag == "a" and "href" in held:
            self.links.add(held["href"])
        elif tag != "a":
            self.asked |= {held[name] for name in ("src", "href", "poster", "data") if name in held and tag != "svg"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """What the files of the site hold, built from nothing."""
    pytest.importorskip("material", reason="needs mkdocs-material")
    pytest.importorskip("mkdocstrings_handlers.python")
    pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    places = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=places, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {
        path.relative_to(folder).as_posix(): Seen(path.read_text(encoding="utf-8") if path.suffix in (".html", ".css") else "")
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
def test_no_link_leads_nowhere(site: dict[str, Seen]) -> None:
    asked = {name: page.links | {urldefrag(target).url for target in page.asked} for name, page in site.items()}
    assert not sorted((name, target) for name, targets in asked.items() for target in targets if not holds(site, name, target))


def holds(site: dict[str, Seen], name: str, target: str) -> bool:
    """Whether `target`, as the page `name` has it, is there."""
    parts = urlsplit(target)
    if parts.scheme or not target:
        return True
    path = posixpath.normpath(posixpath.join("/", posixpath.dirname(name), unquote(parts.path)))[1:] if parts.path else name
    if path not in site:
        return False
    # What the pages of a report and an overview lead to is made by their scripts.
    return not parts.fragment or name.startswith("examples/") or unquote(parts.fragment) in site[path].ids


def test_a_broken_link_is_told() -> None:
    pages = {"a/b.html": Seen('<p id="here"><a href="../c.png">'), "c.png": Seen("")}
    kept = ("#here", "../c.png", "b.html#here", "https://example.org")
    assert [target for target in (*kept, "#there", "c.png", "../a/d.html") if holds(pages, "a/b.html", target)] == [*kept]


@pytest.mark.slow
def test_no_page_asks_anything_of_another_host(site: dict[str, Seen]) -> None:
    assert sum(name.endswith(".html") for name in site) > len(NAMES)
    assert not {(name, url) for name, page in site.items() for url in page.asked if re.match(r"(https?:)?//", url)}


@pytest.mark.slow
def test_every_page_is_in_the_menu(site: dict[str, Seen]) -> None:
    assert {name.removesuffix(".md") + ".html" for name in NAMES} - {"index.html"} <= site["index.html"].links


@pytest.mark.slow
def test_the_reference_holds_every_public_name(site: dict[str, Seen]) -> None:
    documented = set().union(*(page.ids for name, page in site.items() if name.startswith("reference/")))
    assert not {f"detector.{name}" for name in detector.__all__} - documented


def write_anew(walk: Walk) -> None:
    """Write what the blocks of a page print under them; tell where something cut is to be cut by hand."""
    text, outputs = walk.text, [walk.printed(number) for number in range(len(walk.blocks))]
    for block, printed in reversed(list(zip(walk.blocks, outputs, strict=True))):
        if block.shown is None or like(text[slice(*block.shown)], printed):
            continue
        if "..." in text[slice(*block.shown)]:
            print(f"docs/{walk.name}:{block.line}: to be cut by hand:\n{printed}")
        else:
            text = text[: block.shown[0]] + wrapped(printed) + text[block.shown[1] :]
    DOCS.joinpath(walk.name).write_text(text, encoding="utf-8")


def wrapped(printed: str) -> str:
    """Return `printed` in WIDTH."""
    lines = [
        textwrap.wrap(line, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False) or [""]
        for line in printed.rstrip("\n").split("\n")
    ]
    return "".join(f"{part}\n" for line in lines for part in line)


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patch:
        quickened(patch)
        for name in sys.argv[1:] or NAMES:
            with TemporaryDirectory() as folder:
                patch.chdir(folder)
                walk = Walk(name, Path(folder))
                write_anew(walk)
                patch.chdir(ROOT)
