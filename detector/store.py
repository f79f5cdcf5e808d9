"""Store: named arrays and a header in, one model file out; and back, memory-mapped.

The file is safetensors (arrays, never code) with JSON metadata, and carries a digest of its arrays. A file of another kind, cut
short or changed is refused with a :class:`~detector.errors.ModelError`. What the arrays mean is the matter of
:mod:`detector.model`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as save_arrays

from detector.errors import ModelError

__all__ = ["read_arrays", "read_header", "write_arrays"]

_KIND = "offtopic-detector"
_DTYPES = {"U64": "<u8", "I32": "<i4", "F64": "<f8", "F32": "<f4", "F16": "<f2", "U8": "|u1"}


def write_arrays(path: str | Path, arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> None:
    """Write `arrays` and a `header` of JSON values to `path`, the same bytes for the same content.

    It is written beside the target first and then moved: a reader never sees half a file.
    """
    path = Path(path)
    held = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    # One entry: safetensors does not keep the order of several, and the bytes would differ from run to run.
    metadata = {_KIND: json.dumps({**header, "digest": _digest(held)}, sort_keys=True)}
    part = path.with_name(path.name + ".part")
    part.write_bytes(save_arrays(held, metadata=metadata))
    part.replace(path)


def read_header(name: str) -> dict[str, Any]:
    """Return the header of the file `name`.

    Raises
    ------
    ModelError
        If it is no safetensors file, or none that :func:`write_arrays` wrote.
    """
    try:
        # safetensors checks that header and arrays fill the file exactly.
        with safe_open(name, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(name, f"not a model file, or cut short ({error}); train it anew or copy it again") from error
    if _KIND not in metadata:
        raise ModelError(name, "a safetensors file, but not a model of offtopic-detector; train one with `offtopic train`")
    try:
        return dict(json.loads(metadata[_KIND]))
    except (TypeError, ValueError) as error:
        raise ModelError(name, f"not a model: its metadata cannot be read ({error}); train it anew or copy it again") from error


def read_arrays(name: str, header: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Return the arrays of the file `name`, whose `header` has been read, as read-only views of a memory map.

    Raises
    ------
    ModelError
        If they are not those that were written.
    """
    arrays = _mapped(name)
    if header.get("digest") != _digest(arrays):
        raise ModelError(name, "the arrays do not match the digest written with them: the file was changed; copy it again")
    return arrays


def _mapped(name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of the safetensors file `name`, which the library has checked, as views of a memory map.

    The library's own NumPy reader copies. The format: a 64-bit length, a JSON header of dtype, shape and offsets, the data.
    """
    content = np.memmap(name, np.uint8, mode="r")
    start = 8 + int(content[:8].view("<u8")[0])
    entries = json.loads(content[8:start].tobytes())
    arrays = {}
    for key, entry in entries.items():
        if key != "__metadata__":
            first, last = entry["data_offsets"]
            data = content[start + first : start + last]
            arrays[key] = np.asarray(data).view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the SHA-256 of the arrays, names included, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(arrays[name].data)
    return digest.hexdigest()
