"""Page: a report in, HTML out.

Everything of the article is escaped; the page carries its style and needs nothing from anywhere.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from detector.reasons import STATUSES

if TYPE_CHECKING:
    from detector.report import Report

__all__ = ["fragment", "page"]

_STYLE = """
.offtopic { font: 16px/1.5 Georgia, serif; max-width: 44em; color: CanvasText; }
.offtopic p { margin: 0 0 .9em; padding: .1em .8em; border-left: .25em solid transparent; white-space: pre-wrap; }
.offtopic p.flagged { background: color-mix(in srgb, #d33 14%, Canvas); border-left-color: #d33; }
.offtopic p.furniture { background: color-mix(in srgb, #b80 16%, Canvas); border-left-color: #b80; }
.offtopic small { display: block; font: 12px/1.4 system-ui, sans-serif; }
"""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
</head>
<body>
{body}
</body>
</html>
"""


def page(report: Report) -> str:
    """Return `report` as a self-contained page."""
    return _PAGE.format(title=escape(report.title or "offtopic-detector: report"), body=fragment(report))


def fragment(report: Report) -> str:
    """Return `report` as an element to be put into a page, such as a notebook's."""
    count = int(report.flags.sum())
    lines = [
        f'<style>{_STYLE}</style><article class="offtopic">',
        f"<h1>{escape(report.title)}</h1>" if report.title else "",
        f"<small>{count} of {len(report.scores)} paragraphs flagged at {report.false_alarms:g} false alarms. "
        f"{escape(STATUSES[report.status])}</small>",
    ]
    for paragraph in report.paragraphs:
        kind = f' class="flagged {paragraph.kind}"' if paragraph.is_off_topic else ""
        note = f"<small>{paragraph.kind}, {paragraph.score:.3f}: {escape(paragraph.reason)}</small>" if kind else ""
        lines.append(f"<p{kind}>{escape(paragraph.text)}{note}</p>")
    return "\n".join([*lines, "</article>"])
