"""Terminal: text in, text that is safe and fitting to print out."""

from __future__ import annotations

import os
import re
import sys
from typing import IO

__all__ = ["colours", "printable", "tell"]

# What a terminal obeys instead of showing: C0 and C1 controls but for tab and line feed, the marks that turn the direction of
# writing around, and halves of surrogate pairs, which cannot be written at all.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str, encoding: str | None = "utf-8") -> str:
    r"""Return `text` with what a terminal would obey written out, and ``?`` for what `encoding` lacks.

    >>> printable("\x1b[31mred\r\n")
    '\\x1b[31mred\n'
    """
    shown = _CONTROLS.sub(lambda match: ascii(match[0])[1:-1], text.replace("\r\n", "\n"))
    encoding = encoding or "utf-8"
    return shown.encode(encoding, "replace").decode(encoding)


def tell(message: str) -> None:
    """Print `message` on standard error, above the progress bar if there is one."""
    shown = printable(message, sys.stderr.encoding)
    bar = sys.modules.get("tqdm")
    if bar is None:
        print(shown, file=sys.stderr)
    else:
        bar.tqdm.write(shown, file=sys.stderr)


def colours(stream: IO[str]) -> bool:
    """Return whether to colour what is printed to `stream`: on a terminal, unless NO_COLOR (no-color.org) is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
