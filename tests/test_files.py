"""Files: what is handed over by path or pipe is read to the last good line, and nothing is ever half written."""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from detector import InputError
from detector.files import output, read_lines, read_text

PACKERS = {"plain": lambda content: content, "gz": gzip.compress, "xz": lzma.compress}


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def give_stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))


def lines_and_error(path: Path) -> tuple[list[bytes], InputError]:
    lines: list[bytes] = []
    try:
        lines.extend(read_lines(path))  # keeps what came before the error
    except InputError as error:
        return lines, error
    pytest.fail("no error")


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("name", ["a.jsonl", "a.gz", "a.xz"])
def test_how_a_file_is_packed_is_told_by_its_content_and_not_by_its_name(
    tmp_path: Path, pack: Callable[[bytes], bytes], name: str
) -> None:
    assert list(read_lines(written(tmp_path / name, pack(b"one\ntwo\n")))) == [b"one", b"two"]


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_dash_is_the_standard_input_packed_or_not(monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]) -> None:
    give_stdin(monkeypatch, pack(b"one\ntwo"))
    assert list(read_lines("-")) == [b"one", b"two"]


def test_line_ends_of_either_kind_and_a_byte_order_mark_are_dropped_and_nothing_else(tmp_path: Path) -> None:
    content = "\ufeffone\r\n\n two \u2028\x0c three\n".encode()
    assert list(read_lines(written(tmp_path / "a", content))) == [b"one", b"", " two \u2028\x0c three".encode()]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert list(read_lines(written(tmp_path / "a", b""))) == []
    assert list(read_lines(written(tmp_path / "b", gzip.compress(b"")))) == []


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_of_a_packed_file_cut_short_every_whole_line_comes_and_then_an_error_by_name(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    original = [f"line {zlib.crc32(str(i).encode())}".encode() for i in range(5000)]
    packed = pack(b"\n".join(original))
    content = packed[: len(packed) // 2]
    unpacker = zlib.decompressobj(31) if pack is gzip.compress else lzma.LZMADecompressor()
    whole = unpacker.decompress(content).count(b"\n")
    lines, error = lines_and_error(written(tmp_path / "cut", content))
    assert lines == original[:whole]
    assert 0 < whole < 5000
    assert error.path == str(tmp_path / "cut")
    assert f"cannot be read past line {whole}" in str(error)


def test_a_packed_file_with_damaged_bytes_is_named(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"some text\n" * 5000))
    packed[-8:-4] = b"\0\0\0\0"  # the checksum
    _, error = lines_and_error(written(tmp_path / "damaged.gz", bytes(packed)))
    assert "damaged.gz: cannot be read past line" in str(error)


def test_a_binary_file_is_told_as_one_before_any_line(tmp_path: Path) -> None:
    lines, error = lines_and_error(written(tmp_path / "a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"))
    assert lines == []
    assert str(error).endswith("byte 8 is NUL: a binary file, or text in UTF-16; give text in UTF-8")


def test_a_nul_in_one_line_of_json_lines_does_not_cost_the_others(tmp_path: Path) -> None:
    assert len(list(read_lines(written(tmp_path / "a", b'{"a": 1}\n\0\0\n{"b": 1}\n')))) == 3


def test_a_missing_file_and_a_folder_are_told_by_name(tmp_path: Path) -> None:
    for read in (lambda path: list(read_lines(path)), read_text):
        with pytest.raises(InputError, match=r"gone\.txt: there is no such file"):
            read(tmp_path / "gone.txt")
        with pytest.raises(InputError, match="is a folder; name the files in it"):
            read(tmp_path)


def test_zstd_is_told_by_name_with_a_way_out(tmp_path: Path) -> None:
    _, error = lines_and_error(written(tmp_path / "a.zst", b"\x28\xb5\x2f\xfd rest"))
    assert "zstdcat" in str(error)


def test_a_text_is_read_as_it_stands_without_its_byte_order_mark(tmp_path: Path) -> None:
    text = "Über\r\n\r\n  zwei\u2028Zeilen 🎧 \n"
    assert read_text(written(tmp_path / "a", b"\xef\xbb\xbf" + text.encode())) == text
    assert read_text(written(tmp_path / "b", text.encode())) == text


def test_a_text_that_is_not_utf_8_is_told_with_line_and_byte(tmp_path: Path) -> None:
    path = written(tmp_path / "latin.txt", b"one\ntwo \xe9t\xe9\n")
    with pytest.raises(InputError, match=r"byte 8 of the file \(0xe9\) is not UTF-8") as told:
        read_text(path)
    assert (told.value.path, told.value.line) == (str(path), 2)


def test_a_binary_file_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="byte 3 is NUL: a binary file"):
        read_text(written(tmp_path / "a", b"abc\0def"))


def test_a_packed_text_cut_short_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cut: cannot be read"):
        read_text(written(tmp_path / "cut", gzip.compress(b"some text")[:-4]))


@pytest.mark.parametrize(("name", "unpack"), [("a", bytes), ("a.gz", gzip.decompress), ("a.xz", lzma.decompress)])
def test_output_is_packed_as_its_name_says(tmp_path: Path, name: str, unpack: Callable[[bytes], bytes]) -> None:
    with output(tmp_path / name) as file:
        file.write(b"content")
    assert unpack((tmp_path / name).read_bytes()) == b"content"
    assert os.listdir(tmp_path) == [name]


def test_until_output_is_whole_the_old_file_stands(tmp_path: Path) -> None:
    path = written(tmp_path / "a", b"old")
    with output(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
        assert (tmp_path / "a.part").read_bytes() == b"new"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize(("name", "unpack"), [("a", bytes), ("a.gz", gzip.decompress)])
def test_output_that_failed_leaves_the_old_file_and_what_was_written_as_part(
    tmp_path: Path, name: str, unpack: Callable[[bytes], bytes]
) -> None:
    path = written(tmp_path / name, b"old")
    with contextlib.suppress(RuntimeError), output(path) as file:
        file.write(b"some")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert unpack((tmp_path / f"{name}.part").read_bytes()) == b"some"


@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_output_that_failed_before_anything_was_written_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(RuntimeError), output(tmp_path / name):
        raise RuntimeError
    assert os.listdir(tmp_path) == []


def test_output_through_a_link_replaces_the_file_and_not_the_link(tmp_path: Path) -> None:
    target = written(tmp_path / "target", b"old")
    (tmp_path / "link").symlink_to(target)
    with output(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with output(fifo) as file:
            file.write(b"content")
        assert os.read(reader, 100) == b"content"
    finally:
        os.close(reader)
    assert fifo.is_fifo()


def test_output_into_a_folder_that_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"gone/a: cannot be written \(No such file or directory\)"),
        output(tmp_path / "gone" / "a"),
    ):
        pass
    with pytest.raises(InputError, match="cannot be written"), output(tmp_path):
        pass
