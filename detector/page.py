"""Page: a report in, HTML out.

Everything of the article is escaped; the page carries its style and its script, asks nothing from anywhere, and lets nothing
else run: its Content-Security-Policy names the two by their hashes. Hence no style attribute and no handler in the markup, and
whatever the script is to know stands in data attributes. Without the script the page shows the report as it is.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from detector.likeness import likeness
from detector.reasons import STATUSES

if TYPE_CHECKING:
    from detector.report import Report

__all__ = ["LONG", "MEANT", "asset", "document", "fragment", "likely", "page", "strength", "told", "tolerances"]

LONG = 40  # paragraphs that are taken in without a map of how alike they are
_STRICTEST, _LOOSEST = 0.0001, 0.2
_LISTED, _BEGINNING = 5, 120  # flags above the text that are not folded up, and characters of each
# Score from which on a paragraph that is not flagged tells why it has it: of the fixtures' one in ten. All that the loosest
# tolerance flags would be nearly three in ten, too many stops of the Tab key.
_DOUBT = 0.05
# Of the tolerances in each power of ten, about even on a logarithmic scale.
_DIGITS = ("1", "1.25", "1.5", "2", "2.5", "3", "4", "5", "6", "8")
MEANT = {"foreign": "about something else", "furniture": "part of the page"}
# In a list white space is a blank, and what a browser drops or obeys is nothing; page.js has the same.
_OBEYED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BLANKS = re.compile(r"[\s\ufeff]+")
# How strong a mark is, by the least score; overview.js has the same.
_STRENGTHS = {"strong": 0.8, "fair": 0.5, "weak": 0.2, "faint": 0.0}
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
    "base-uri 'none'; form-action 'none'"
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
<footer>The number beside a paragraph is its score: how likely it is, from 0 to 1, that it does not belong.
The lower it is, the fainter is the mark. The tick on the bar is the score above which it is flagged; a stranger on a kindred
subject can stay below.</footer>
</main>
<script>{script}</script>
</body>
</html>
"""
_CONTROLS = """<div class="choices">
{kinds}
<label><input type="checkbox" id="cleaned" autocomplete="off"> strike out</label>
</div>
<div class="tolerance scripted" hidden>
<div class="told"><label for="tolerance">False alarms allowed among what belongs</label> <span id="told">{told}</span></div>
<div class="slide"><span>stricter</span>
<input type="range" id="tolerance" min="0" max="{last}" step="1" value="{own}" aria-valuetext="{told}" autocomplete="off">
<span>looser</span></div>
<div id="next"></div>
<datalist id="steps">{steps}</datalist>
</div>"""
# Colours that mix with whatever a notebook's theme has behind them. GitHub shows a notebook without any style: there the
# browser's own of <mark> tells what is flagged.
_FRAGMENT_STYLE = """
.offtopic h1 { margin: .5em 0; padding: 0 .5em; font-size: 1.8em; line-height: 1.2; }
.offtopic { max-width: 44em; font: 16px/1.55 Georgia, serif; }
.offtopic p { margin: 0 0 .9em; padding: .1em .8em; border-left: 4px solid transparent; white-space: pre-wrap; }
.offtopic p.flagged { background: rgba(211, 51, 51, .16); border-left-color: #d33; }
.offtopic p.furniture { background: rgba(200, 140, 0, .18); border-left: 6px double #b80; }
.offtopic p.fair { background: rgba(211, 51, 51, .09); }
.offtopic p.fair.furniture { background: rgba(200, 140, 0, .1); }
.offtopic p.weak { background: none; border-left-style: dashed; }
.offtopic p.faint { background: none; border-left-style: dotted; }
.offtopic mark { background: none; color: inherit; }
.offtopic br { display: none; }
.offtopic > small { margin: 0 0 1.2em; padding: 0 .9em; }
.offtopic small { display: block; font: 13px/1.45 system-ui, sans-serif; }
"""


def page(report: Report) -> str:
    """Return `report` as a self-contained page."""
    untitled = "" if report.title else ' class="untitled"'
    heading = f'<h1{untitled} lang="" dir="auto">{escape(report.title or "Article without a title")}</h1>'
    return document(
        report.title or "Off-topic report",
        "\n".join([heading, _outcome(report), _panel(report), _alike(report), *_rows(report)]),
        asset("page.css"),
        asset("page.js"),
    )


def document(title: str, body: str, style: str, script: str) -> str:
    """Return a self-contained page: the markup `body`, to which nothing but `style` applies and in which only `script` runs."""
    policy = _POLICY.format(style=_hash(style), script=_hash(script))
    return _PAGE.format(policy=policy, title=escape(title), body=body, style=style, script=script)


def fragment(report: Report) -> str:
    """Return `report` as an element to be put into a page, such as a notebook's: neither script nor control."""
    status = "" if report.status == "ok" else f" {STATUSES[report.status]}"
    lines = [
        f'<style>{_FRAGMENT_STYLE}</style><article class="offtopic">',
        f'<h1 dir="auto">{escape(report.title)}</h1>' if report.title else "",
        f"<small>{_summary(report)} False alarms allowed: {told(report.false_alarms)}.{escape(status)}</small>",
    ]
    for paragraph in report.paragraphs:
        kind = paragraph.kind
        flagged = f' class="flagged {kind} {strength(paragraph.score)}"' if kind else ""
        note = f"<small><strong>{kind}</strong>, {paragraph.score:.3f}: {escape(paragraph.reason)}</small><br>" if kind else ""
        text = f"<mark>{escape(paragraph.text)}</mark>" if kind else escape(paragraph.text)
        lines.append(f'<p{flagged} dir="auto">{note}{text}</p>')
    return "\n".join([*lines, "</article>"])


def tolerances(report: Report) -> dict[float, float]:
    """Return the thresholds that the page can be set to, by tolerance of false alarms, rising: the report's own among them."""
    rates = report.model.scorer.calibration.rates.tolist()
    round_ones = [float(f"{digits}e{power}") for power in range(-4, 0) for digits in _DIGITS]
    strictest, loosest = max(_STRICTEST, rates[0]), min(_LOOSEST, rates[-1])
    held = {rate for rate in (*round_ones, rates[0], rates[-1]) if strictest <= rate <= loosest} | {report.false_alarms}
    return {rate: report.at(rate).threshold for rate in sorted(held)}


@cache
def asset(name: str) -> str:
    """Return the style or the script of this name that lies beside the module."""
    return Path(__file__).with_name(name).read_text("utf-8")


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii")


def told(rate: float) -> str:
    """Return a tolerance in words.

    >>> told(0.002), told(0.00015)
    ('0.2 %, about 1 in 500', '0.015 %, about 1 in 6,700')
    """
    return f"{100 * rate:.3g} %, about 1 in {float(f'{1 / rate:.2g}'):,.0f}"


def strength(score: float) -> str:
    """Return how strong the mark of a score is: a class of the style.

    >>> strength(0.97), strength(0.6), strength(0.3), strength(0.03)
    ('strong', 'fair', 'weak', 'faint')
    """
    return next(name for name, least in _STRENGTHS.items() if score >= least)


def likely(score: float) -> str:
    """Return a score in words.

    >>> likely(0.973), likely(0.9987), likely(0.0312), likely(0.0012)
    ('97 % likely', 'over 99 % likely', '3 % likely', 'under 1 % likely')
    """
    if 0.005 <= score < 0.995:
        return f"{int(100 * score + 0.5)} % likely"
    return "over 99 % likely" if score > 0.5 else "under 1 % likely"


def _summary(report: Report) -> str:
    flagged = [paragraph.kind for paragraph in report.flagged]
    kinds = ", ".join(f"{flagged.count(kind)} {kind}" for kind in MEANT if kind in flagged)
    return f"{len(flagged)} of {_number(report)} flagged{f': {kinds}' if kinds else ''}."


def _number(report: Report) -> str:
    return f"{len(report.scores)} paragraph{'' if len(report.scores) == 1 else 's'}"


def _outcome(report: Report) -> str:
    """Return what one came for: the outcome in one line, and links to what is flagged."""
    lines = [
        '<section class="outcome" aria-label="Outcome">',
        f'<div class="sum" id="sum" role="status" data-of="{_number(report)}">{_summary(report)}</div>',
        *([] if report.status == "ok" else [f"<div>{escape(STATUSES[report.status])}</div>"]),
        *([_list(report)] if len(report.scores) else []),
    ]
    return "\n".join([*lines, "</section>"])


def _list(report: Report) -> str:
    """Return a line a flag with a link to it, the strongest first; of many, all but the first few are folded up."""
    paragraphs, lines = report.paragraphs, []
    for i in sorted(np.flatnonzero(report.flags).tolist(), key=lambda i: -report.scores[i]):
        score, kind, words = paragraphs[i].score, report.likely_kind(i), escape(_beginning(paragraphs[i].text))
        lines.append(
            f'<li><a href="#p{i + 1}" class="{kind} {strength(score)}"><span>{score:.2f}</span> <b>{kind}</b> '
            f'<span lang="" dir="auto">{words}</span></a></li>'
        )
    shown = _LISTED if len(lines) > _LISTED + 1 else len(lines)  # a last one takes no more room than what would stand for it
    more = len(lines) - shown
    return (
        f'<nav class="list" id="list" aria-label="Flagged paragraphs" data-listed="{_LISTED}" '
        f'data-beginning="{_BEGINNING}"{"" if lines else " hidden"}>'
        f"<ol>{''.join(lines[:shown])}</ol><details{'' if more else ' hidden'}><summary>and {more} more</summary>"
        f"<ol>{''.join(lines[shown:])}</ol></details></nav>"
    )


def _beginning(text: str) -> str:
    line = _BLANKS.sub(" ", _OBEYED.sub("", text)).strip(" ")
    return line if len(line) <= _BEGINNING else line[: _BEGINNING - 1].rstrip(" ") + "…"


def _panel(report: Report) -> str:
    """Return what stays in sight: what the flags depend on, and the map of the scores."""
    if not len(report.scores):
        return ""
    hint = f'<div class="hint" id="hint"{"" if report.flags.any() else " hidden"}>Hover or press Tab to see why.</div>'
    lines = ['<section class="panel" aria-label="Settings and map">', hint, _controls(report)]
    if len(report.scores) > 1:
        lines.append(_map(report))
    return "\n".join([*lines, "</section>"])


def _controls(report: Report) -> str:
    steps = tolerances(report)
    boxes = []
    for kind in MEANT:
        state = " checked" * (kind in report.kinds) + " disabled" * (kind == "foreign" and report.status != "ok")
        box = f'<input type="checkbox" name="kind" value="{kind}" autocomplete="off"{state}>'
        boxes.append(f'<label class="scripted" hidden>{box} {kind}</label>')
    return _CONTROLS.format(
        told=told(report.false_alarms),
        last=len(steps) - 1,
        own=list(steps).index(report.false_alarms),
        steps="".join(
            f'<option data-rate="{rate!r}" data-threshold="{threshold!r}" label="{told(rate)}"></option>'
            for rate, threshold in steps.items()
        ),
        kinds="\n".join(boxes),
    )


def _map(report: Report) -> str:
    """Return a mark a paragraph, as high as its score and a link to it; the Tab key goes to those of flagged ones alone."""
    count = len(report.scores)
    lines = [f'<nav class="map" aria-label="Map of the scores"><svg viewBox="0 0 {count} 100" preserveAspectRatio="none">']
    for i, (score, flagged) in enumerate(zip(report.scores.tolist(), report.flags.tolist(), strict=True)):
        # Of a long article this is much of the page: what all have, the style tells.
        lines.append(
            f'<a href="#p{i + 1}" class="{report.likely_kind(i)}{" flagged" * flagged}" tabindex="{0 if flagged else -1}">'
            f'<title>Paragraph {i + 1}, score {score:.2f}</title><rect x="{i}"/>'
            f'<rect x="{i + 0.1:.1f}" y="{100 - max(100 * score, 4):.3g}"/></a>'
        )
    lines.append(f'<rect id="bound" y="{100 - 100 * report.threshold:.4g}"/>')
    return "".join([*lines, "</svg></nav>"])


def _alike(report: Report) -> str:
    """Return the map of a long article that shows how alike each two paragraphs are."""
    return likeness(report, min(tolerances(report).values())) if len(report.scores) > LONG else ""


def _rows(report: Report) -> list[str]:
    """Return a row a paragraph; those that are flagged at some tolerance bring what is to be shown then."""
    # One tick, shown on every bar: the script moves this one.
    level = f'<rect id="level" x="{100 * report.threshold - 1:.4g}" y="-3" width="2" height="12"/>'
    lines = [f'<svg width="0" height="0" aria-hidden="true" class="tick"><defs>{level}</defs></svg>']
    loosest = min(tolerances(report).values())
    for i, paragraph in enumerate(report.paragraphs):
        score, kind, name = paragraph.score, report.likely_kind(i), f"p{i + 1}"
        row, label, note = f'id="{name}" class="row"', "", ""
        if score > loosest and (kind == "furniture" or report.status == "ok"):
            unsure = score >= _DOUBT
            # What there is of it at the report's own tolerance; the script does the same at another.
            mark, hidden, access = "", " hidden", ""
            if paragraph.is_off_topic:
                mark, hidden = " flagged", ""
                access = f' tabindex="0" role="group" aria-labelledby="{name}-kind" aria-describedby="{name}-why"'
            elif unsure:
                access = f' tabindex="0" role="group" aria-label="Not flagged" aria-describedby="{name}-why"'
            row = f'id="{name}" class="row {kind} {strength(score)}{mark}" data-score="{score!r}" data-kind="{kind}"{access}'
            sure = f"<b>{kind}</b>, {likely(score)}: {MEANT[kind]}"
            label = f'<div class="label" id="{name}-kind"{hidden}>{sure}</div>'
            if unsure:
                hidden = f' data-unsure="Not flagged: {likely(score)} {kind}."'
            note = f'<div class="note" id="{name}-why"{hidden}>{escape(report.grounds(i).sentence)}</div>'
        bar = f'<rect width="{100 * score:.3g}" height="6"/><use href="#level"/>'
        lines.append(
            f'<div {row}><div class="score"><svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
            f'{bar}</svg>{score:.2f}</div><div class="body">{label}<p lang="" dir="auto">{escape(paragraph.text)}</p>{note}'
            "</div></div>"
        )
    return lines
