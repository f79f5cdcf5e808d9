"""Layers: each module is one stage and imports only stages before it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# The reading order. A new module gets a place here, after all that it imports; those of a "*" are ordered among themselves.
ORDER = (
    "detector.errors",
    "detector.files",
    "detector.records",
    "detector.html",
    "detector.terms",
    "detector.paragraphs",
    "detector.encoder",
    "detector.background",
    "detector.postings",
    "detector.vectors",
    "detector.evidence.*",
    "detector.evidence",
    "detector.scorer",
    "detector.reader",
    "detector.store",
    "detector.model",
    "detector.chunks",
    "detector.reasons",
    "detector.console",
    "detector.likeness",
    "detector.page",
    "detector.report",
    "detector.estimator",
    "detector.cleaning",
    "detector.entries",
    "detector.overview_page",
    "detector.overview",
    "detector.mapper",
    "detector.arrow",
    "detector.learn.*",
    "detector.learn",
    "detector.plots",
    "detector",  # the front door: names of what stands above
    "detector.adapters.*",
    "detector.adapters",
    "detector.cli.*",
    "detector.cli",
    "detector.__main__",
)


def modules(package: str) -> dict[str, Path]:
    """The modules of `package`, by name."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def run_imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements that run, in functions too: all but those for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for other in node.orelse:
                yield from run_imports(ast.Module([other], []))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        else:
            yield from run_imports(node)


def imported(source: str, known: dict[str, Path]) -> set[str]:
    """The modules that `source` imports; of the `known` ones the module itself, not the package around it."""
    names = set()
    for node in run_imports(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        else:
            assert node.level == 0, "relative imports hide where a name comes from"
            module = node.module or ""
            inner = {f"{module}.{alias.name}" for alias in node.names}
            names |= {name if name in known else module for name in inner}
    return names


def test_imports_are_read_wherever_they_stand() -> None:
    source = """
import numpy as np, json
from detector import learn, Report
from detector.learn import metrics
if TYPE_CHECKING:
    from detector.model import Model
else:
    import detector.vectors
if typing.TYPE_CHECKING:
    import training.fit

class Some:
    def method(self):
        if True:
            from detector.page import page
        try:
            import sklearn.base
        finally:
            pass
"""
    assert imported(source, KNOWN) == {
        "numpy",
        "json",
        "detector.learn",
        "detector",
        "detector.learn.metrics",
        "detector.vectors",
        "detector.page",
        "sklearn.base",
    }


KNOWN = modules("detector")


def layer_of(name: str) -> int:
    """The place of a module in the order; ValueError if it has none."""
    return ORDER.index(name if name in ORDER else f"{name.rpartition('.')[0]}.*")


@cache
def ours(name: str) -> frozenset[str]:
    """The modules of the package that one of them imports."""
    return frozenset(other for other in imported(KNOWN[name].read_text("utf-8"), KNOWN) if other.split(".")[0] == "detector")


def test_every_place_in_the_order_is_taken() -> None:
    assert {layer_of(name) for name in KNOWN} == set(range(len(ORDER)))


@pytest.mark.parametrize("name", KNOWN)
def test_a_module_imports_only_what_stands_before_it(name: str) -> None:
    upward = {other for other in ours(name) if layer_of(other) >= layer_of(name) and not ORDER[layer_of(name)].endswith("*")}
    assert not upward
    assert not {other for other in ours(name) if layer_of(other) > layer_of(name)}


@pytest.mark.parametrize("name", KNOWN)
def test_no_module_imports_itself_by_way_of_others(name: str) -> None:
    reached: set[str] = set()
    pending = set(ours(name))
    while pending:
        reached |= pending
        pending = set().union(*map(ours, pending)) - reached
    assert name not in reached


@pytest.mark.parametrize("name", KNOWN)
def test_the_package_imports_nothing_of_what_stands_around_it(name: str) -> None:
    roots = {other.split(".")[0] for other in imported(KNOWN[name].read_text("utf-8"), KNOWN)}
    assert not roots & {"training", "benchmarks", "tests", "conftest", "examples", "fixtures"}


def imported_by(package: str) -> set[str]:
    """The modules that those of `package`, one that stands around ours, import."""
    known = KNOWN | modules("training") | modules("benchmarks")
    return set().union(*(imported(path.read_text("utf-8"), known) for path in modules(package).values()))


def test_training_builds_on_the_package_and_on_nothing_else_of_the_project() -> None:
    names = imported_by("training")
    assert {"detector", "detector.learn"} <= names
    assert not {name for name in names if name.split(".")[0] in ("benchmarks", "tests", "conftest")}


def test_benchmarks_build_on_the_package_and_on_training() -> None:
    names = imported_by("benchmarks")
    assert {"detector", "training.corpora"} <= names
    assert not {name for name in names if name.split(".")[0] in ("tests", "conftest")}
