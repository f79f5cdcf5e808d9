"""Likeness: how alike the paragraphs of a report are, as a map for its page: a picture in a drawing."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from detector.report import Report

__all__ = ["ALIKE", "likeness"]

_SQUARES = 200  # a side of the map at most: 16 kB
ALIKE = 0.6  # cosine that is drawn darkest; of paragraphs that belong together nine in ten pairs lie below


def likeness(report: Report, loosest: float) -> str:
    """Return a map that shows how alike each two paragraphs are, folded up, with a mark at each that scores above `loosest`."""
    alike = report.similarities(_SQUARES)
    m, n = len(alike), len(report.scores)
    edge = m / 40
    picture = b64encode(_grey(alike)).decode("ascii")
    lines = [
        '<details class="alike"><summary>How alike the paragraphs are</summary>',
        "<p>Each square is a pair of paragraphs, the first at the top left: the stronger, the more alike in what they are "
        "about. A paragraph that is like no other leaves an empty line; what is flagged has a mark at the edge. "
        "A click leads to the paragraph of the column.</p>",
        f'<svg viewBox="{-2 * edge:g} {-2 * edge:g} {m + 2 * edge:g} {m + 2 * edge:g}" aria-hidden="true">',
        f'<mask id="alike"><image width="{m}" height="{m}" href="data:image/png;base64,{picture}"/></mask>',
        f'<rect class="squares" width="{m}" height="{m}" mask="url(#alike)"/>',
    ]
    for i in np.flatnonzero(report.scores > loosest).tolist():
        at, flagged = i * m // n, " flagged" * bool(report.flags[i])
        lines.append(
            f'<path class="{report.likely_kind(i)}{flagged}" data-row="p{i + 1}" '
            f'd="M{at} {-edge / 2:g}h1v{-edge:g}h-1zM{-edge / 2:g} {at}v1h{-edge:g}v-1z"/>'
        )
    lines += [f'<a href="#p{k * n // m + 1}" tabindex="-1"><rect x="{k}"/></a>' for k in range(m)]
    return "\n".join([*lines, "</svg></details>"])


def _grey(shares: NDArray[np.float32]) -> bytes:
    """Return a picture of `shares`, ndarray (h, w), from black for none to white for ALIKE: a PNG of 16 greys."""
    levels = np.rint(np.clip(shares / ALIKE, 0, 1) * 15).astype(np.uint8)
    levels = np.pad(levels, ((0, 0), (0, levels.shape[1] % 2)))
    lines = np.pad(levels[:, ::2] << 4 | levels[:, 1::2], ((0, 0), (1, 0)))  # before each line how it is filtered: not

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", shares.shape[1], shares.shape[0], 4, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
