"""Terminal: messages to standard error, and whether a stream is one that shows colours."""

from __future__ import annotations

import os
import sys
from typing import IO

from detector.console import printable

__all__ = ["colours", "tell"]


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
