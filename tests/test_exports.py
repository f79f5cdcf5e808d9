"""Exports: the names of the package, and what importing it costs."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

import detector

HEAVY = ("sklearn", "joblib", "tqdm", "pandas", "matplotlib", "datasets", "torch")
MODULES = sorted(found.name for found in pkgutil.walk_packages(detector.__path__, "detector."))


def run(code: str) -> str:
    """What `code` prints in a fresh interpreter, where a warning is an error."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    shown = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert shown.returncode == 0, shown.stderr
    return shown.stdout.strip()


def test_the_names_of_the_package_are_sorted_and_told_once() -> None:
    assert detector.__all__ == sorted(set(detector.__all__))


def test_the_names_told_are_those_that_can_be_reached() -> None:
    ours = {
        name
        for name in dir(detector)
        if not name.startswith("_")
        and not isinstance(getattr(detector, name), ModuleType)
        and str(getattr(getattr(detector, name), "__module__", "")).startswith("detector")
    }
    assert ours == set(detector.__all__)


def test_the_names_of_the_package_are_those_of_the_interface() -> None:
    # Taking one away breaks users; add one on purpose.
    assert detector.__all__ == [
        "Article",
        "BatchMapper",
        "InputError",
        "Model",
        "ModelError",
        "OffTopicDetector",
        "OffTopicError",
        "Overview",
        "Paragraph",
        "Report",
        "TrainSettings",
        "load_model",
        "split",
        "train",
    ]


def test_all_names_can_be_imported_at_once() -> None:
    assert run("from detector import *; print(OffTopicDetector.__name__, train.__name__)") == "OffTopicDetector train"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'detector' has no attribute 'detect'"):
        _ = detector.detect
    with pytest.raises(ImportError, match="cannot import name 'detect'"):
        exec("from detector import detect")


def test_the_package_knows_its_version() -> None:
    assert detector.__version__[0].isdigit()


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_every_name_a_module_tells_is_there(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if str(error.name).startswith("detector"):
            raise
        pytest.skip(f"an adapter of {error.name}, which is not installed")
    for told in module.__all__:
        assert hasattr(module, told), told
    assert len(set(module.__all__)) == len(module.__all__)


def test_the_errors_form_the_tree_of_their_docstring() -> None:
    assert issubclass(detector.InputError, detector.OffTopicError)
    assert issubclass(detector.InputError, ValueError)
    assert issubclass(detector.ModelError, detector.OffTopicError)
    assert not issubclass(detector.ModelError, ValueError)
    error = detector.InputError("no good", path="a.txt", line=3)
    assert (str(error), error.path, error.line) == ("a.txt:3: no good", "a.txt", 3)
    assert str(detector.InputError("no good", path="a.txt")) == "a.txt: no good"
    assert str(detector.InputError("no good")) == "no good"


@pytest.mark.parametrize(
    "code",
    [
        "import detector",
        "from detector import OffTopicDetector; OffTopicDetector().check('One.\\n\\nTwo.\\n\\nThree.').to_html()",
        "import detector; list(detector.OffTopicDetector().check_many(['a', 'b']))",
    ],
    ids=["import", "check", "check_many"],
)
def test_checking_an_article_imports_nothing_heavy(code: str) -> None:
    loaded = run(f"{code}\nimport sys; print(*sys.modules)").split()
    assert "detector" in loaded
    assert not {name for name in loaded if name.split(".")[0] in HEAVY}
    assert not {name for name in loaded if name.startswith(("detector.learn", "detector.cli"))}


def test_learning_is_imported_when_it_is_asked_for() -> None:
    code = (
        "import sys, detector; print('detector.learn' in sys.modules); detector.train; print('detector.learn' in sys.modules)"
    )
    assert run(code).split() == ["False", "True"]
