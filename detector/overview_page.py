"""Overview page: an overview in, HTML out.

It looks and is guarded as the page of one article is (:mod:`detector.page`), whose style it shares. What the table shows, and
the articles, lie in it packed (:mod:`detector.entries`), and the browser unpacks them, asking nothing from anywhere. Without
the script it shows the sums, the distribution of the scores and both lists of flags.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from math import log10
from typing import TYPE_CHECKING

from detector.entries import Entry, Marked, Place, blocks_of, cut, index_of
from detector.page import asset, document, told
from detector.report import REASONS, STATUSES

if TYPE_CHECKING:
    from detector.overview import Flag, Overview

__all__ = ["WEIGHT", "fragment", "page"]

WEIGHT = 5_000_000  # bytes of the page at most
_SHOWN = 6  # flags of a list that are not folded up
_BEGINNING = 240  # characters of a paragraph in a list
_COLUMNS = {
    "heading": "Article",
    "paragraphs": "Paragraphs",
    "flagged": "Flagged",
    "share": "Share of text",
    "highest": "Highest score",
    "status": "Status",
}
_BODY = """<div id="overview">
<h1>{heading}</h1>
{sums}
<nav class="contents" aria-label="On this page"><a href="#scores">Scores</a> <a href="#most">Most certain flags</a>
<a href="#least">Least certain flags</a> <a href="#articles" class="scripted" hidden>Articles</a></nav>
<noscript><p class="lack">The table of articles, and the articles themselves, need JavaScript.</p></noscript>
<p class="lack" id="lack" hidden>The table of articles, and the articles themselves, need a browser of 2023 or later.</p>
<div class="wide">{scores}{reasons}</div>
<div class="lists">{most}{least}</div>
<section class="articles scripted" id="articles" aria-labelledby="articles-h" data-told="articles" hidden>
<h2 id="articles-h">Articles</h2>
<p class="rule">{kept}</p>
<div class="search"><label for="search">Search</label>
<input type="search" id="search" autocomplete="off" spellcheck="false" placeholder="title, name, kind or status">
<p id="hits" role="status"></p></div>
<table role="table" aria-labelledby="articles-h"><thead role="rowgroup"><tr role="row">{columns}</tr></thead>
<tbody role="rowgroup" id="rows"></tbody></table>
<button type="button" id="more" hidden></button>
</section>
</div>
<div id="article" hidden>
<h1 id="heading" lang="" dir="auto" tabindex="-1"></h1>
<p class="named" id="name" dir="auto"></p>
<section class="panel" aria-label="Outcome and settings">
<nav class="way" aria-label="Articles"><a id="back" href="#">All articles</a>
<span class="turn"><a id="before">Previous</a> <span id="at"></span> <span id="list"></span> <a id="after">Next</a></span></nav>
<div class="sum" id="sum"></div>
<div class="told" id="status"></div>
<div class="hint">Hover or press Tab to see why.</div>
<div class="choices"><label><input type="checkbox" id="cleaned" autocomplete="off"> strike out</label></div>
</section>
<svg width="0" height="0" aria-hidden="true" class="tick"><defs><rect id="level" y="-3" width="2" height="12"/></defs></svg>
<div id="paragraphs"></div>
</div>
{data}"""
# As in the fragment of one report: colours that mix with whatever a notebook's theme has behind them, and breaks for
# GitHub, which shows a notebook without any style.
_FRAGMENT_STYLE = """
.offtopic-overview { max-width: 54em; font: 15px/1.5 system-ui, sans-serif; }
.offtopic-overview svg { display: block; width: calc(100% - 4em); margin: 1.2em .5em 2.2em 3.5em; overflow: visible; }
.offtopic-overview svg text { fill: currentColor; font-size: 12px; opacity: .75; }
.offtopic-overview svg line { stroke: currentColor; stroke-opacity: .15; }
.offtopic-overview svg line.level { stroke-opacity: .9; }
.offtopic-overview svg rect { fill: currentColor; fill-opacity: .4; }
.offtopic-overview svg rect.foreign { fill: #d33; fill-opacity: 1; }
.offtopic-overview svg rect.furniture { fill: #c80; fill-opacity: .35; stroke: #b80; }
.offtopic-overview li { margin: 0 0 .7em; padding: .1em .8em; border-left: 4px solid #d33; }
.offtopic-overview li.furniture { border-left: 6px double #b80; }
.offtopic-overview br { display: none; }
.offtopic-overview small { display: block; opacity: .85; }
"""


def page(overview: Overview) -> str:
    """Return `overview` as a self-contained page of at most WEIGHT bytes."""
    entries = overview.entries()
    while len(index := index_of(entries, {})) > WEIGHT // 4:  # names and titles at their longest
        entries = entries[: 3 * len(entries) // 4]
    heading = _number(overview.tally.articles, "article")
    style, script = asset("page.css") + asset("overview.css"), asset("overview.js")
    most, least = overview.most_certain(), overview.least_certain()
    parts = {
        "heading": heading,
        "sums": _sums(overview),
        "scores": _scores(overview) if overview.tally.paragraphs else "",
        "reasons": _reasons(overview),
        "most": _list("most", "Most certain flags", "the highest score", most),
        "least": _list("least", "Least certain flags", "the score nearest to the threshold", least),
        "columns": "".join(_column(name, title) for name, title in _COLUMNS.items()),
    }

    def filled(kept: str, data: str) -> str:
        return document(f"Off-topic report: {heading}", _BODY.format(**parts, kept=kept, data=data), style, script)

    # What is not known yet takes less than this: where articles lie, how many are whole, and the tags around blocks.
    bare = len(filled("", "").encode("utf-8", "xmlcharrefreplace")) + len(index) + 10 * len(entries) + 5_000
    blocks, places = blocks_of(entries, WEIGHT - bare)
    data = [f'<script type="text/plain" id="index">{index_of(entries, places)}</script>']
    data += [f'<script type="text/plain" class="block">{block}</script>' for block in blocks]
    return filled(_kept(overview, entries, places), "\n".join(data))


def fragment(overview: Overview) -> str:
    """Return the sums, the scores and the ten most certain flags as an element to be put into a page, such as a notebook's."""
    lines = [
        f'<style>{_FRAGMENT_STYLE}</style><article class="offtopic-overview">',
        f"<p><strong>{_number(overview.tally.articles, 'article')}.</strong> {_sum(overview)} {_tolerance(overview)}</p>",
    ]
    if overview.tally.paragraphs:
        lines.append(_histogram(overview))
    flags = overview.most_certain()[:10]
    if flags:
        lines.append("<p><strong>Most certain</strong></p><ol>")
    for flag, marked in zip(flags, _marked(flags), strict=True):
        lines.append(
            f'<li class="{marked.kind}"><span dir="auto">{escape(cut(marked.text, _BEGINNING))}</span><br>'
            f"<small><strong>{marked.kind}</strong>, {marked.score:.3f}: {escape(marked.reason)}</small><br>"
            f'<small dir="auto">{_where(flag.entry)}, paragraph {flag.place + 1}</small></li>'
        )
    return "\n".join([*lines, "</ol>" if flags else "", "</article>"])


def _sums(overview: Overview) -> str:
    """Return what the whole comes to: a sentence, and a line a status that keeps flags down."""
    lines = [f'<p class="sums">{_sum(overview)}</p>', f'<p class="rule">{_tolerance(overview)}</p>' * bool(overview.rates)]
    statuses = sorted((status, count) for status, count in overview.tally.statuses.items() if status != "ok")
    if statuses:
        told_of = (f"<li>{_number(count, 'article')}: {escape(STATUSES[status])}</li>" for status, count in statuses)
        lines.append(f'<ul class="rule">{"".join(told_of)}</ul>')
    return "\n".join(lines)


def _sum(overview: Overview) -> str:
    tally = overview.tally
    kinds = dict(zip(("foreign", "furniture"), overview.scores[:, 1:].sum(axis=0).tolist(), strict=True))
    named = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)
    if not tally.flagged:
        return f"None of {_number(tally.paragraphs, 'paragraph')} flagged."
    share = tally.flagged_characters / max(tally.characters, 1)
    return (
        f"<strong>{tally.flagged:,} of {_number(tally.paragraphs, 'paragraph')} flagged: {named}.</strong> "
        f"That is {100 * share:.2f}\u00a0% of the text, in {_number(tally.touched, 'article')}."
    )


def _tolerance(overview: Overview) -> str:
    """Return how many false alarms were allowed, and what is flagged in consequence."""
    if not overview.rates:
        return ""
    rates, thresholds = (list(dict.fromkeys(span)) for span in (overview.rates, overview.thresholds))
    return (
        f"False alarms allowed: {' to '.join(map(told, rates))}. "
        f"Flagged is what scores above {' to '.join(f'{threshold:.3f}' for threshold in thresholds)}."
    )


def _scores(overview: Overview) -> str:
    """Return the distribution of the scores, as a picture and as a table."""
    tenths = overview.scores.reshape(10, -1, overview.scores.shape[1]).sum(axis=1)
    rows = "".join(
        f'<tr><th scope="row">{i / 10:.1f} to {(i + 1) / 10:.1f}</th>'
        + "".join(f"<td>{count:,}</td>" for count in (sum(counts), *counts[1:]))
        + "</tr>"
        for i, counts in enumerate(tenths.tolist())
    )
    keys = "".join(
        f'<li><svg width="12" height="12" aria-hidden="true"><rect class="{kind}" width="12" height="12"/></svg> {name}</li>'
        for kind, name in (("plain", "not flagged"), ("foreign", "foreign"), ("furniture", "furniture"))
    )
    return f"""<section class="scores" id="scores" aria-labelledby="scores-h"><h2 id="scores-h">Scores</h2>
<p class="rule">How many paragraphs have which score. Each line up is ten times as many; colours divide a bar in proportion.</p>
{_histogram(overview)}
<ul class="key">{keys}</ul>
<details><summary>As a table</summary><table><thead><tr><th scope="col">Score</th><th scope="col">Paragraphs</th>
<th scope="col">Foreign</th><th scope="col">Furniture</th></tr></thead><tbody>{rows}</tbody></table></details>
</section>"""


def _histogram(overview: Overview) -> str:
    """Return the distribution of the scores as a picture: places are shares of its width, so that letters keep their size."""
    counts, bins = overview.scores, len(overview.scores)
    most = int(counts.sum(axis=1).max())

    def height(count: int) -> float:
        return 100 * log10(1 + count) / log10(1 + most)

    low, high = overview.thresholds
    flagged = _number(overview.tally.flagged, "paragraph")
    label = f"Distribution of the scores: {_number(int(counts[0].sum()), 'paragraph')} below {1 / bins}, {flagged} flagged."
    lines = [f'<svg class="histogram" width="100%" height="190" role="img" aria-label="{label}">']
    for power in range(len(str(most))):
        y = 100 - height(10**power)
        lines.append(f'<line x1="0" x2="100%" y1="{y:.4g}%" y2="{y:.4g}%"/>')
        lines.append(f'<text x="-8" y="{y:.4g}%" dy=".35em" text-anchor="end">{10**power:,}</text>')
    for i, each in enumerate(counts.tolist()):
        if not (total := sum(each)):
            continue
        lines.append(f"<g><title>{i / bins:.2f} to {(i + 1) / bins:.2f}: {_number(total, 'paragraph')}</title>")
        y = 100.0
        for count, kind in zip(each, ("plain", "foreign", "furniture"), strict=True):
            part = height(total) * count / total
            y -= part
            if count:
                x, width = 100 * i / bins + 0.15, 100 / bins - 0.3
                lines.append(f'<rect class="{kind}" x="{x:.4g}%" y="{y:.4g}%" width="{width:.4g}%" height="{part:.4g}%"/>')
        lines.append("</g>")
    for threshold in dict.fromkeys((low, high)):
        lines.append(f'<line class="level" x1="{100 * threshold:.4g}%" x2="{100 * threshold:.4g}%" y1="-4%" y2="100%"/>')
    anchor = "end" if low > 0.5 else "start"
    lines.append(
        f'<text class="level" x="{100 * low:.4g}%" y="-4%" dx="{-6 if low > 0.5 else 6}" dy=".8em" text-anchor="{anchor}">'
        f"{'the threshold' if low == high else 'the thresholds'}</text>"
    )
    for fifth in range(6):
        lines.append(f'<text x="{20 * fifth}%" y="100%" dy="1.5em" text-anchor="middle">{fifth / 5:g}</text>')
    return "\n".join([*lines, "</svg>"])


def _reasons(overview: Overview) -> str:
    """Return how often which reason was given."""
    reasons = sorted(overview.tally.reasons.items(), key=lambda item: (-item[1], item[0]))
    if not reasons:
        return ""
    rows = "".join(
        f'<li class="{kind}"><b>{count:,}</b> <span>{kind}</span> {escape(REASONS[code])}</li>'
        for (kind, code), count in reasons
    )
    return f'<section class="reasons" aria-labelledby="reasons-h"><h2 id="reasons-h">Reasons</h2><ul>{rows}</ul></section>'


def _list(name: str, heading: str, rule: str, flags: Sequence[Flag]) -> str:
    """Return a list of flags, all but the first folded up."""
    if not flags:
        return ""
    items = [
        f'<li class="flag {marked.kind}"><span class="score">{marked.score:.3f}</span>'
        f'<a href="#a{flag.entry.number}p{flag.place + 1}" lang="" dir="auto">{escape(cut(marked.text, _BEGINNING))}</a>'
        f'<p class="why"><b>{marked.kind}</b> {escape(marked.reason)}</p>'
        f'<p class="of" dir="auto">{_where(flag.entry)}</p></li>'
        for flag, marked in zip(flags, _marked(flags), strict=True)
    ]
    first, others = items[:_SHOWN], items[_SHOWN:]
    folded = (
        f"<details><summary>{_number(len(others), 'more', 'more')}</summary>"
        f'<ol start="{_SHOWN + 1}">{"".join(others)}</ol></details>'
        if others
        else ""
    )
    return f"""<section class="flags" id="{name}" aria-labelledby="{name}-h" data-told="{heading.lower()}">
<h2 id="{name}-h">{heading}</h2>
<p class="rule">{_rule(len(flags), rule)}</p>
<ol>{"".join(first)}</ol>
{folded}</section>"""


def _rule(count: int, highest: str) -> str:
    """Return what makes a list of so many flags.

    >>> _rule(100, "the highest score"), _rule(1, "the highest score")
    ('The 100 with the highest scores.', 'There is one.')
    """
    return f"The {count} with {highest.replace('score', 'scores', 1)}." if count > 1 else "There is one."


def _marked(flags: Iterable[Flag]) -> list[Marked]:
    """Return the paragraphs of `flags`."""
    flags = list(flags)
    entries = {flag.entry.number: flag.entry for flag in flags}
    places: dict[int, set[int]] = {number: set() for number in entries}
    for flag in flags:
        places[flag.entry.number].add(flag.place)
    marked = {number: entry.marked(places[number]) for number, entry in entries.items()}
    return [marked[flag.entry.number][flag.place] for flag in flags]


def _where(entry: Entry) -> str:
    return f'<span class="title">{escape(entry.heading)}</span> · {escape(entry.name)}'


def _kept(overview: Overview, entries: Sequence[Entry], places: dict[int, Place]) -> str:
    """Return which articles the table holds, and which of them are whole in the page."""
    articles, whole = overview.tally.articles, sum(place.whole for place in places.values())
    rule = "those of the flags above, then those with anything flagged, then others, the highest scores first"
    rows = (
        "All articles that were read."
        if len(entries) == articles
        else f"{len(entries):,} of the {articles:,} articles that were read: {rule}."
    )
    if whole == len(entries):
        return rows
    rule = rule if len(entries) == articles else "in the same order"
    return (
        f"{rows} The page holds {whole:,} of them whole, so as to weigh no more than {WEIGHT / 1e6:g} MB: {rule}. "
        "Of the rest it holds what is flagged."
    )


def _column(name: str, heading: str) -> str:
    order = ' aria-sort="descending"' if name == "highest" else ""
    button = f'<button type="button" data-by="{name}">{heading}</button>'
    return f'<th scope="col" role="columnheader" class="{name}"{order}>{button}</th>'


def _number(count: int, thing: str, things: str | None = None) -> str:
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"
