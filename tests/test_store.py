"""Store: what is written comes back as it was, mapped, and a file of another kind or with other arrays is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save

from detector import ModelError
from detector.store import read_arrays, read_header, write_arrays

RNG = np.random.default_rng(0)
ARRAYS: dict[str, np.ndarray] = {
    "words.hashes": RNG.integers(0, 2**64, 7, np.uint64),
    "words.rows": RNG.integers(-1, 2**31, 7, np.int32),
    "packed": RNG.integers(0, 2**8, (5, 3), np.uint8),
    "double": RNG.standard_normal((2, 3, 4)),
    "single": RNG.standard_normal((4, 2)).astype(np.float32).T,  # not as it lies in memory
    "half": RNG.standard_normal(9).astype(np.float16)[::2],
    "extremes": np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45], np.float32),
    "nothing": np.zeros((0, 3), np.float32),
}
HEADER = {"version": 2, "names": ["a", "ß ✓", ""], "metadata": {"z": "last", "a": "first"}, "none": None, "share": 0.1}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "model"
    write_arrays(written, ARRAYS, HEADER)
    return written


def read(path: Path) -> dict[str, Any]:
    return read_arrays(str(path), read_header(str(path)))


def test_arrays_come_back_by_their_names_with_type_shape_and_every_bit(path: Path) -> None:
    found = read(path)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype, name
        assert found[name].shape == array.shape, name
        assert found[name].tobytes() == array.tobytes(), name


def test_arrays_are_read_only_views_of_the_file(path: Path) -> None:
    for name, array in read(path).items():
        base = array
        while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
            base = base.base
        assert isinstance(base, np.memmap), name
        assert not array.flags.writeable, name


def test_the_header_comes_back_without_a_change(path: Path) -> None:
    found = read_header(str(path))
    assert len(found.pop("digest")) == 64
    assert found == HEADER


def test_the_same_content_in_any_order_is_the_same_bytes_and_other_content_is_not(path: Path, tmp_path: Path) -> None:
    def content(arrays: dict[str, np.ndarray], header: dict[str, Any]) -> bytes:
        write_arrays(str(tmp_path / "other"), arrays, header)
        return (tmp_path / "other").read_bytes()

    turned = dict(reversed(HEADER.items())) | {"metadata": {"a": "first", "z": "last"}}
    assert content(dict(reversed(ARRAYS.items())), turned) == path.read_bytes()
    assert content(ARRAYS, {**HEADER, "version": 3}) != path.read_bytes()
    assert content({**ARRAYS, "packed": ARRAYS["packed"] + 1}, HEADER) != path.read_bytes()
    assert sorted(found.name for found in tmp_path.iterdir()) == ["model", "other"]  # nothing is left beside them


@pytest.mark.parametrize(
    "changed",
    [
        {"packed": ARRAYS["packed"] ^ 1},
        {"packed": ARRAYS["packed"].reshape(3, 5)},
        {"words.rows": ARRAYS["words.rows"].view(np.float32)},
        {"more": np.ones(1, np.float32)},
        {"packed": None},
        {"double": None, "doubled": ARRAYS["double"]},
    ],
    ids=["another value", "another shape", "another type", "one more", "one less", "another name"],
)
def test_arrays_that_are_not_those_that_were_written_are_refused(path: Path, changed: dict[str, np.ndarray | None]) -> None:
    held = {name: array for name, array in {**load_file(path), **changed}.items() if array is not None}
    with safe_open(path, framework="numpy") as file:
        path.write_bytes(save({name: np.ascontiguousarray(array) for name, array in held.items()}, metadata=file.metadata()))
    with pytest.raises(
        ModelError, match="do not match the digest written with them: the file was changed; copy it again"
    ) as caught:
        read(path)
    assert caught.value.path == str(path)


@pytest.mark.parametrize("content", [b"", b"text of any kind", b"\0" * 100, (2).to_bytes(8, "little") + b"{}"])
def test_what_is_no_safetensors_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not a model") as caught:
        read_header(str(path))
    assert caught.value.path == str(path)


def test_a_missing_file_and_one_cut_short_are_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])
    for name in (path, path.with_name("missing"), path.parent):
        with pytest.raises(ModelError, match="not a model file, or cut short"):
            read_header(str(name))


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"digest": "0"}])
def test_a_safetensors_file_of_another_program_is_refused(path: Path, metadata: dict[str, str] | None) -> None:
    path.write_bytes(save({"weight": np.ones((2, 2), np.float32)}, metadata=metadata))
    with pytest.raises(ModelError, match="a safetensors file, but not a model of offtopic-detector; train one"):
        read_header(str(path))


@pytest.mark.parametrize("told", ["", "{", "1", "null", '"text"', json.dumps(["a"])])
def test_a_header_that_is_no_record_is_refused(path: Path, told: str) -> None:
    path.write_bytes(save({"weight": np.ones(2, np.float32)}, metadata={"offtopic-detector": told}))
    with pytest.raises(ModelError, match="its metadata cannot be read"):
        read_header(str(path))


def test_arrays_without_a_digest_are_refused(path: Path) -> None:
    path.write_bytes(save({"weight": np.ones(2, np.float32)}, metadata={"offtopic-detector": "{}"}))
    with pytest.raises(ModelError, match="do not match the digest"):
        read(path)
