"""The console: what rich draws of a report is the article, shown and never obeyed, at any width and in any encoding."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import FIXTURES, NEWSLETTER, PHONE, RIVER, hand_made
from hypothesis import given
from hypothesis import strategies as st
from strategies import paragraphs, titles
from test_report import FOREIGN, FURNITURE, KEPT, report_of

from detector import Model, OffTopicDetector, Report
from detector.cli.check import shown
from detector.console import Drawing, printable, summary
from detector.records import read_document

pytest.importorskip("rich")

import rich
from rich.cells import cell_len
from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
HAND_MADE = hand_made()  # for properties, which take no fixtures
NASTY = [
    "[bold red]x[/] [link=https://example.org]y[/link] [/] [@click=quit()]z[/]",
    "a smile :smile: and a :warning:",
    "\x1b[31mred\x1b[0m \x1b]0;owned\x07 \x9b2J",
    "\x1b]8;;https://example.org\x1b\\a link\x1b]8;;\x1b\\",
    "\u202egnp.exe\u202c \u2066a\u2069",
    "True None 127.0.0.1 https://example.org 'quoted' {1: 2}",  # what rich likes to highlight
    "a\tb\r\nc\rd\n\n  e",
    "e\u0301\u0301\u0301 नमस्ते 👩‍👩‍👧 \u200d\u200f",
    "\ud83d half a pair",
]


def drawn(report: Report, width: int = 80, encoding: str = "utf-8", *, colours: bool = False) -> str:
    """What a terminal of that width is sent."""
    held = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    console = Console(file=held, width=width, force_terminal=colours, color_system="standard" if colours else None)
    console.print(Drawing(report, "a.txt"))
    held.flush()
    return held.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]


def styles(text: str) -> set[str]:
    """The escape sequences in `text`."""
    return set(re.findall(r"\x1b[^m]*m?", text))


@pytest.fixture
def mixed(hand_model: Model) -> Report:
    """An intruder and a notice of the page among four about the river."""
    report = OffTopicDetector(model=hand_model).check([*RIVER[:2], PHONE, *RIVER[2:4], NEWSLETTER], "Flood in the night")
    assert [paragraph.kind for paragraph in report.flagged] == ["foreign", "furniture"]
    return replace(report, scores=np.array([0.0, 0.01, 0.97, 0.4, 0.0, 1.0]))


# --- the drawing ------------------------------------------------------------------------------------------------------------


def test_the_title_stands_above_scores_in_a_gutter_reasons_below_and_the_sum_at_the_end(mixed: Report) -> None:
    assert (
        drawn(mixed, 64)
        == """\
              Flood in the night

0.00          The river rose in the night and the bridge was
              closed.

0.01          Water stood on the bank and the flood took a boat.

0.97 █████▉ ┃ The phone and the charger: the battery of that
            ┃ screen exploded.
            ┃ foreign: “exploded”, “phone”, “charger” and
            ┃ “battery” stand nowhere else in the article, which
            ┃ is about “Flood”, “night”, “river”.

0.40 ██▍      The boat was found on the bank with the river
              still high.

0.00          It was the bridge that held the flood and the
              water.

1.00 ██████ ║ Subscribe for the newsletter.
            ║ furniture: Reads like part of the page rather than
            ║ of the article: “Subscribe” and “newsletter”.

a.txt: 2 of 6 paragraphs flagged (1 foreign, 1 furniture).
"""
    )


def test_in_little_room_the_bars_make_way(mixed: Report) -> None:
    text = drawn(replace(mixed, title=None), 30)
    assert text.startswith("""\
0.00   The river rose in the
       night and the bridge
       was closed.

""")
    assert "0.97 ┃ The phone and the\n     ┃ charger: the battery of\n" in text
    assert text.endswith("\na.txt: 2 of 6 paragraphs\nflagged (1 foreign, 1\nfurniture).\n")


def test_lines_stay_short_where_there_is_much_room(hand_model: Model) -> None:
    text = drawn(report_of(["river " * 100], model=hand_model), 400)
    assert max(map(len, text.splitlines())) == 14 + 95  # sixteen words of six, the last without its space


def test_only_marks_are_coloured_each_kind_by_its_own_and_without_colour_marks_and_words_tell(mixed: Report) -> None:
    lines = drawn(mixed, colours=True).splitlines()
    red, yellow = ([line for line in lines if code in line] for code in ("\x1b[31m", "\x1b[33m"))
    assert all("\x1b[31m┃\x1b[0m" in line for line in red)
    assert all("\x1b[33m║\x1b[0m" in line for line in yellow)
    assert (len(red), len(yellow)) == (4, 3)
    assert f"\x1b[0m {NEWSLETTER}" in yellow[0]  # in the terminal's own colour
    assert "\x1b[1;3mfurniture\x1b[0m\x1b[3m: Reads like" in yellow[1]
    plain = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(lines))
    assert plain.strip() == drawn(mixed).strip()


def test_rich_prints_a_report_as_it_is(mixed: Report) -> None:
    held = io.StringIO()
    rich.print(mixed, file=held)
    assert "┃ foreign: “exploded”" in held.getvalue()
    assert held.getvalue().endswith("\n2 of 6 paragraphs flagged (1 foreign, 1 furniture).\n")


def test_an_article_that_is_empty_short_or_without_a_topic_is_said_to_be(hand_model: Model) -> None:
    assert drawn(report_of([], model=hand_model, status="empty")) == "a.txt: There is no paragraph.\n"
    for status in ("too_short", "no_common_topic"):
        report = report_of(["a"], model=hand_model, status=status)
        assert " ".join(drawn(report).split()).endswith(f"a.txt: {summary(report)}")


# --- what may be drawn ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [KEPT, FOREIGN, FURNITURE])
def test_an_article_is_neither_obeyed_by_the_terminal_nor_read_as_markup(hand_model: Model, verdict: str) -> None:
    plain = report_of(["word"] * len(NASTY), [verdict] * len(NASTY), model=hand_model, title="T")
    for title in NASTY:
        report = report_of(NASTY, [verdict] * len(NASTY), model=hand_model, title=title)
        text = drawn(report, 200, colours=True)
        assert styles(text) == styles(drawn(plain, 200, colours=True))
        assert not re.search("[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        bare = re.sub(r"\x1b\[[\d;]*m", "", text)
        for shown_as in (
            "[bold red]x[/] [link=https://example.org]y[/link] [/] [@click=quit()]z[/]",
            "a smile :smile: and a :warning:",
            r"\x1b[31mred\x1b[0m \x1b]0;owned\x07 \x9b2J",
            r"\x1b]8;;https://example.org\x1b\a link\x1b]8;;\x1b" + "\\",
            r"\u202egnp.exe\u202c \u2066a\u2069",
            "True None 127.0.0.1 https://example.org 'quoted' {1: 2}",
            r"\ud83d half a pair",
        ):
            assert shown_as in bare


@given(st.lists(paragraphs, max_size=4), titles, st.integers(5, 130), st.booleans())
def test_every_character_is_shown_in_its_place_and_no_line_is_wider_than_the_terminal(
    held: list[str], title: str | None, width: int, flagged: bool
) -> None:
    report = report_of(held, [FOREIGN if flagged else KEPT] * len(held), model=HAND_MADE, title=title)
    lines = drawn(report, width).split("\n")
    assert all(cell_len(line) <= width for line in lines)
    # Behind the gutter stands, white space and reasons aside, what the article holds.
    indent = 14 if width >= 60 else 7 if width >= 20 else 2
    shown_as = "".join("".join(line[indent:] for line in lines).split())
    place = 0
    for piece in [title or "", *held]:
        wanted = "".join(printable(piece).split())
        assert wanted in shown_as[place:]
        place = shown_as.index(wanted, place) + len(wanted)


def test_wide_letters_are_counted_as_wide_and_words_without_spaces_are_folded(hand_model: Model) -> None:
    text = drawn(report_of(["洪水" * 30, "w" * 100, "\u0301" * 50], model=hand_model), 30)
    assert "0.01   " + "洪水" * 5 + "洪\n       水" in text
    assert "0.01   " + "w" * 23 + "\n       " + "w" * 23 in text
    assert "\u0301" * 50 in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-16"])
def test_what_an_encoding_lacks_is_replaced_and_marks_are_ascii(mixed: Report, encoding: str) -> None:
    extended = replace(report_of([*NASTY, "“é” 🎧 洪水"], [FOREIGN] * 10, model=mixed.model), title="Überflutung 洪水")
    text = drawn(extended, 80, encoding)
    assert "1.00 " in text
    if encoding.startswith("utf"):
        assert "┃ “é” 🎧 洪水" in text
        return
    assert "1.00 ###### | [bold red]x[/]" in text
    assert printable("Überflutung 洪水", encoding) in text
    assert printable("“é” 🎧 洪水", encoding) in text


# --- offtopic check ---------------------------------------------------------------------------------------------------------


def on_a_terminal(arguments: list[str], *, columns: int = 80, without: tuple[str, ...] = (), **environment: str) -> str:
    """What ``offtopic`` writes to a pseudo-terminal that is so wide."""
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, np.array([50, columns, 0, 0], np.uint16).tobytes())
    code = f"import sys; sys.modules |= dict.fromkeys({without!r}); from detector.cli import main; sys.exit(main(sys.argv[1:]))"
    held = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR")}
    held |= {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "0", "PYTHONIOENCODING": "utf-8", **environment}
    with subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=theirs, stderr=subprocess.PIPE, env=held) as process:
        os.close(theirs)
        written = b""
        try:
            while part := os.read(ours, 65536):
                written += part
        except OSError:  # how Linux tells that the other end is closed
            pass
        finally:
            os.close(ours)
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0
    return written.decode(environment.get("PYTHONIOENCODING", "utf-8")).replace("\r\n", "\n")


ARTICLE = str(FIXTURES / "syria-airpod.json")
CHECK = ["check", "--exit-zero", ARTICLE]


@pytest.fixture(scope="module")
def syria() -> Report:
    return OffTopicDetector().check(*read_document(ARTICLE))


def test_on_a_terminal_check_draws_as_wide_as_it_is(syria: Report) -> None:
    for columns in (40, 90):
        held = io.StringIO()
        Console(file=held, width=columns, force_terminal=True, color_system="256").print(Drawing(syria, ARTICLE))
        assert on_a_terminal(CHECK, columns=columns) == held.getvalue()


def test_several_files_are_set_apart_by_a_line() -> None:
    text = on_a_terminal(["check", "--exit-zero", ARTICLE, ARTICLE], columns=300, PYTHONIOENCODING="ascii")
    assert text.count("1 of 15 paragraphs flagged (1 foreign).") == 2
    assert re.search(r"flagged \(1 foreign\)\.\x1b\[0m\n\n +\x1b\[1mDozens", text)
    text.encode("ascii")


def test_without_rich_without_colours_and_through_a_pipe_check_prints_what_it_always_printed(syria: Report) -> None:
    coloured, plain = (f"{shown(ARTICLE, syria, colours)}\n" for colours in (True, False))
    assert on_a_terminal(CHECK, without=("rich",)) == coloured
    assert on_a_terminal(CHECK, NO_COLOR="1") == plain
    assert on_a_terminal(CHECK, TERM="dumb") == plain
    piped = subprocess.run(
        [sys.executable, "-m", "detector", *CHECK],
        cwd=ROOT,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert piped.stdout.decode().replace(os.linesep, "\n") == plain


def test_rich_is_imported_for_a_terminal_alone() -> None:
    code = (
        "import json, sys; from detector.cli import main; "
        f"main({CHECK!r}); from detector import OffTopicDetector; repr(OffTopicDetector().check('')); "
        "print(json.dumps('rich' in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(result.stdout.splitlines()[-1]) is False
