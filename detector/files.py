"""Files: bytes on disk or in a pipe in, lines and text out; and results written so that no reader finds half a file.

What is packed with gzip or xz is told by its first bytes, whatever it is called. The counterpart of the readers is
:func:`output`; what a line holds is the matter of :mod:`detector.records`.
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from detector.errors import InputError

__all__ = ["name_of", "output", "read_lines", "read_text", "require_file"]

_GZIP, _XZ, _ZSTD = b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
_BOM = b"\xef\xbb\xbf"
_HEAD = 4096  # bytes looked at to tell text from a binary file
_UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError)


def name_of(path: str | Path) -> str:
    """Return what messages call `path`."""
    return "<stdin>" if str(path) == "-" else str(path)


def require_file(path: str | Path) -> None:
    """Return if `path` is ``-`` or a file (or pipe); raise InputError otherwise."""
    if str(path) != "-" and Path(path).is_dir():
        raise InputError("is a folder; name the files in it", path=str(path))
    if str(path) != "-" and not Path(path).exists():
        raise InputError("there is no such file", path=str(path))


def read_lines(path: str | Path) -> Iterator[bytes]:
    """Yield the lines of a file of JSON lines, as bytes without the line's end; a byte order mark at the start is dropped.

    Parameters
    ----------
    path : str or Path
        ``-`` is the standard input.

    Raises
    ------
    InputError
        If the file is missing, a folder or binary; or, after the lines before it, where the file breaks off.
    """
    number = 0
    with _opened(path) as file:
        try:
            head = file.peek(_HEAD)[:_HEAD].removeprefix(_BOM)
            # JSON holds no NUL. Where the file starts like JSON all the same, it is for the line that has it to be bad.
            if b"\0" in head and not head.lstrip().startswith(b"{"):
                raise InputError(_binary(head.index(b"\0")), path=name_of(path))
            for number, line in enumerate(file, 1):
                yield (line.removeprefix(_BOM) if number == 1 else line).rstrip(b"\r\n")
        except _UNREADABLE as error:
            raise InputError(
                f"cannot be read past line {number} ({_told(error)}); copy or pack the file again", path=name_of(path)
            ) from error


def read_text(path: str | Path) -> str:
    """Return the text of a UTF-8 file as it stands, line ends included; only a byte order mark is dropped.

    Parameters
    ----------
    path : str or Path
        ``-`` is the standard input.

    Raises
    ------
    InputError
        If the file is missing, a folder, binary, not UTF-8 or cut short.
    """
    with _opened(path) as file:
        try:
            content = file.read()
        except _UNREADABLE as error:
            raise InputError(f"cannot be read ({_told(error)}); copy or pack the file again", path=name_of(path)) from error
    if b"\0" in content:
        raise InputError(_binary(content.index(b"\0")), path=name_of(path))
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        at = error.start
        raise InputError(
            f"byte {at} of the file (0x{content[at]:02x}) is not UTF-8; convert it, for instance with iconv -t utf-8",
            path=name_of(path),
            line=content.count(b"\n", 0, at) + 1,
        ) from error


@contextmanager
def output(path: str | Path) -> Iterator[IO[bytes]]:
    """Open `path` for writing bytes; packed if it ends in ``.gz`` or ``.xz``.

    It is written to ``<path>.part``, which is moved to `path` at the end: there is never half a file by that name, and what
    was there before stays until then, so that a file can be its own input. If the block raises, `path` is left as it was,
    and ``<path>.part`` is kept with what was written; an empty one is removed.

    Parameters
    ----------
    path : str or Path
        ``-`` is the standard output. A device or a pipe is written to directly.

    Raises
    ------
    InputError
        If it cannot be written to.
    """
    if str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(os.path.realpath(path))  # through a link: the file is replaced, not the link
    direct = target.exists() and not target.is_file()
    part = target if direct else target.with_name(target.name + ".part")
    empty = True
    try:
        raw = part.open("wb")
    except OSError as error:
        raise InputError(f"cannot be written ({_told(error)}); name a file in a folder that exists", path=str(path)) from error
    try:
        with ExitStack() as stack:
            file: IO[bytes] = stack.enter_context(raw)
            if target.suffix == ".gz":  # no time stamp: the same bytes for the same records
                file = stack.enter_context(gzip.GzipFile("", "wb", fileobj=raw, mtime=0))  # type: ignore[arg-type]
            elif target.suffix == ".xz":
                file = stack.enter_context(lzma.LZMAFile(raw, "wb"))
            try:
                yield file
            finally:
                empty = not direct and file.tell() == 0
    except BaseException:
        if empty and not direct:
            part.unlink(missing_ok=True)
        raise
    if not direct:
        part.replace(target)


@contextmanager
def _opened(path: str | Path) -> Iterator[io.BufferedReader | gzip.GzipFile | lzma.LZMAFile]:
    """Open `path` for reading bytes, unpacked; InputError if it cannot be."""
    require_file(path)
    with ExitStack() as stack:
        try:
            stdin = cast("io.BufferedReader", sys.stdin.buffer)
            raw = stdin if str(path) == "-" else stack.enter_context(Path(path).open("rb"))
            magic = raw.peek(len(_XZ))
        except OSError as error:
            raise InputError(f"cannot be read ({_told(error)})", path=name_of(path)) from error
        if magic.startswith(_ZSTD):
            raise InputError(
                "is packed with zstd, which is not read; pipe it in: zstdcat FILE | offtopic …", path=name_of(path)
            )
        if magic.startswith(_GZIP):
            yield stack.enter_context(gzip.GzipFile(fileobj=raw))
        elif magic.startswith(_XZ):
            yield stack.enter_context(lzma.LZMAFile(raw))
        else:
            yield raw


def _binary(at: int) -> str:
    return f"byte {at} is NUL: a binary file, or text in UTF-16; give text in UTF-8"


def _told(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
