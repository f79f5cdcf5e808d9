"""Packaging: what a user installs and what a packager unpacks hold what they need, and every setting stands in one place."""

from __future__ import annotations

import configparser
import email
import importlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
CORE = {"joblib", "numpy", "safetensors", "scikit-learn", "scipy", "threadpoolctl", "tqdm"}
LARGEST = 20_000_000  # bytes installed: the whole point is that nothing is downloaded later
NOT_SOURCE = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")
# A home or work directory: of some machine, never of the project. As part of a web address it is none.
MACHINE_PATH = re.compile(rb"(?<![\w.~:/-])/(?:home|root|work)/\w")


class Distributions(NamedTuple):
    """Both distributions, built."""

    wheel: zipfile.ZipFile
    sdist: tarfile.TarFile


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads(ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Distributions]:
    """Build the wheel from the sdist, and that from a copy: an old build folder must not lend a missing file."""
    source, out = tmp_path_factory.mktemp("source") / "project", tmp_path_factory.mktemp("dist")
    shutil.copytree(ROOT, source, ignore=NOT_SOURCE)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    result = subprocess.run(command, cwd=out, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as opened, tarfile.open(sdist) as unpacked:
        yield Distributions(opened, unpacked)


def files_under(*folders: str) -> set[str]:
    """Return the files in `folders` of the project, by their path in it, caches aside."""
    found = set()
    for folder in folders:
        for path in ROOT.joinpath(folder).rglob("*"):
            parts = path.relative_to(ROOT).parts
            hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
            if path.is_file() and not hidden and path.suffix not in (".pyc", ".part"):
                found.add("/".join(parts))
    return found


def metadata_of(wheel: zipfile.ZipFile) -> email.message.Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name))


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(built: Distributions) -> None:
    packaged = {name for name in built.wheel.namelist() if ".dist-info/" not in name}
    assert {"detector/__init__.py", "detector/py.typed", "detector/default.safetensors"} <= packaged
    assert packaged == files_under("detector")


@pytest.mark.slow
def test_the_bundled_model_arrives_unchanged(built: Distributions) -> None:
    assert built.wheel.read("detector/default.safetensors") == ROOT.joinpath("detector/default.safetensors").read_bytes()


@pytest.mark.slow
def test_the_installed_package_is_small(built: Distributions) -> None:
    assert sum(entry.file_size for entry in built.wheel.infolist()) <= LARGEST


@pytest.mark.slow
def test_the_wheel_requires_the_core_and_nothing_else(built: Distributions) -> None:
    required = [line for line in metadata_of(built.wheel).get_all("Requires-Dist", []) if "extra ==" not in line]
    names = [re.split(r"[ ;<>=!~\[(]", line, maxsplit=1)[0].lower() for line in required]
    assert sorted(names) == sorted(CORE)
    assert all(">=" in line for line in required), required


@pytest.mark.slow
def test_the_wheel_names_its_licence_and_carries_it(built: Distributions) -> None:
    assert metadata_of(built.wheel)["License-Expression"] == "Apache-2.0"
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in built.wheel.namelist())


@pytest.mark.slow
def test_the_source_distribution_holds_what_the_tests_need(built: Distributions) -> None:
    top = f"{os.path.commonpath(built.sdist.getnames())}/"
    packed = {member.name.removeprefix(top) for member in built.sdist.getmembers() if member.isfile()}
    assert files_under("detector", "tests", "fixtures", "training", "benchmarks", "docs", "examples") <= packed
    assert {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "setup.cfg", "mkdocs.yml", "MANIFEST.in"} <= packed
    assert not [name for name in packed if "__pycache__" in name or name.endswith(".pyc")]


@pytest.mark.slow
def test_a_package_index_takes_both(built: Distributions) -> None:
    pytest.importorskip("twine")
    paths = [str(built.wheel.filename), str(built.sdist.name)]
    result = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *paths], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("PASSED") == 2


def test_every_extra_is_among_all_but_those_the_project_is_made_with(project: dict[str, Any]) -> None:
    extras = project["project"]["optional-dependencies"]
    (named,) = extras["all"]
    ours = {"all", "benchmark", "browser", "docs", "speed", "extractors", "test", "dev"}
    assert set(re.findall(r"[a-z]+", named.partition("[")[2])) == set(extras) - ours


def test_the_command_exists(project: dict[str, Any]) -> None:
    module, _, function = project["project"]["scripts"]["offtopic"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_no_setting_stands_in_two_places(project: dict[str, Any]) -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert set(config.sections()) == {"options", "options.packages.find", "options.package_data"}
    assert set(config["options"]) == {"packages"}
    assert "setuptools" not in project["tool"]


def test_the_changelog_tells_of_this_version(project: dict[str, Any]) -> None:
    headings = re.findall(r"^## \[(\d[^\]]*)\]", ROOT.joinpath("CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == project["project"]["version"]


def test_no_file_names_a_path_of_some_machine() -> None:
    found = []
    for path in source_files():
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            found += [f"{path.relative_to(ROOT)}: {line!r}" for line in content.splitlines() if MACHINE_PATH.search(line)]
    assert not found, "\n".join(found)


def source_files() -> list[Path]:
    """Return what is or would be committed, as git tells; without git, all that is not hidden."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
        paths = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        walked = (path for path in ROOT.rglob("*") if not path.name.endswith(".egg-info"))
        paths = [path for path in walked if not NOT_SOURCE("", path.relative_to(ROOT).parts)]
    return [path for path in paths if path.is_file()]
