"""Benchmark: how well intruders are found on sources that nothing was learned from.

``python -m training.benchmark --corpora DIR`` prints the table, next to what a user would script today, and with ``--readme``
writes it into the README. Every tier is a way in which real articles go wrong; lines that recur in three or more articles
count neither way.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from detector import OffTopicDetector
from detector.learn.articles import Article, fold, recurring_lines
from detector.learn.intrusions import BELONGS, Case, Intruder
from detector.learn.metrics import average_precision, hit_at_1, recall_at
from training.corpora import CORPORA, add_corpora_argument, held_out, is_held_out, labelled
from training.peers import PEERS, Approach, minilm_evidence

__all__ = ["CASES", "SILENT", "Figures", "Tier", "figures", "flagging", "silence", "tiers", "write_between"]

CASES = 400  # articles a tier
_SEED = 2026
SILENT = ("clean", "digest")  # tiers in which nothing is foreign
_PIECES = (4, 10)  # articles that a digest is put together from
_UNASKED = float("nan")
_OURS = "offtopic-detector"


@dataclass(frozen=True)
class _Group:
    """Which text a group of tiers is made of: held-out articles of a corpus group, paragraphs and articles of some size."""

    corpora: str
    names: tuple[str, ...]
    characters: int = 80  # of a paragraph at least; below, TF-IDF ranks lines at random (hit@1 .10 on web pages, .53 with)
    fewest: int = 6
    most: int = 40
    ciphered: bool = False  # every letter another one: a language that nobody has learned, with the same story


_GROUPS = {
    "news": _Group("news", ("any", "topic", "source", "teaser", "block", "clean", "digest")),
    "web": _Group("web", ("any", "teaser", "block", "clean", "digest")),
    "bbc": _Group("bbc", ("any", "topic", "block", "clean", "digest")),
    # The same text with every short line it has, in articles of nearly every length.
    "news as found": _Group("news", ("any", "clean"), characters=1, fewest=4, most=200),
    "web as found": _Group("web", ("any", "clean"), characters=1, fewest=4, most=200),
    "web in cipher": _Group("web", ("any", "clean"), ciphered=True),
    **{language: _Group(language, ("any", "clean")) for language in ("ar", "de", "es")},
    "zh": _Group("zh", ("any", "clean"), characters=30),
}
_CIPHER = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "hijklmnopqrstuvwxyzabcdefgHIJKLMNOPQRSTUVWXYZABCDEFG"
)


@dataclass(frozen=True)
class Tier:
    """One question, asked of many articles.

    Attributes
    ----------
    group : str
        ``"news"`` (US), ``"web"`` (pages of every subject) or ``"bbc"``, each without its short lines, or ``"… as found"``;
        ``"web in cipher"``, or another language.
    name : str
        The kind of intrusion, ``"clean"`` for none, ``"digest"`` for pieces of 4 to 10 articles put together, ``"natural"``
        for labelled pages as an extractor leaves them.
    cases : list of Case
    """

    group: str
    name: str
    cases: list[Case]


@dataclass(frozen=True)
class Figures:
    """What an approach reaches on a tier; NaN where the tier does not ask.

    Attributes
    ----------
    hit : float
        Share of articles in which an intruder ranks first.
    precision : float
        Average precision over all paragraphs of the tier.
    recall_1, recall_01 : float
        Share of intruders found where 1 % and 0.1 % of what belongs is flagged.
    flagged : float
        Share of paragraphs that belong flagged at the default setting; ours only.
    articles : float
        Share of articles with any such paragraph; ours only.
    found : float
        Share of what does not belong that is flagged at the default setting; ours only.
    topicless : float
        Share of the articles said to have no common topic: of digests all should be, of clean articles none; ours only.
    """

    hit: float = _UNASKED
    precision: float = _UNASKED
    recall_1: float = _UNASKED
    recall_01: float = _UNASKED
    flagged: float = _UNASKED
    articles: float = _UNASKED
    found: float = _UNASKED
    topicless: float = _UNASKED


def tiers(corpora: Path, count: int) -> Iterator[Tier]:
    """Yield every tier, each with up to `count` cases; the same ones each time."""
    found = {name: held_out(corpora, name) for name in dict.fromkeys(group.corpora for group in _GROUPS.values())}
    for name, group in _GROUPS.items():
        pool = [_with_long(article, group.characters) for article in found[group.corpora]]
        hosts = [article for article in pool if group.fewest <= len(article.paragraphs) <= group.most]
        order = np.random.default_rng(_SEED).permutation(len(hosts))[:count]
        for intrusion in group.names:
            intruder = Intruder(pool, _SEED)
            if intrusion == "digest":
                made = (intruder.digest(*_PIECES) for _ in order)
            else:
                made = (intruder.case(hosts[int(i)], intrusion) for i in order)
            cases = [case for case in made if case is not None]
            yield Tier(name, intrusion, [_ciphered(case) for case in cases] if group.ciphered else cases)
    pages = [article for article in labelled(corpora) if is_held_out(article, CORPORA["web"].held)]
    yield Tier("web", "natural", [Case.natural(page) for page in pages[:count]])


def figures(tier: Tier, approach: Approach, thresholds: Sequence[float] | None = None) -> Figures:
    """Ask `approach` about `tier`; without a case there is nothing to measure.

    `thresholds` tell above which score a paragraph is flagged, one for each case.
    """
    if not tier.cases:
        return Figures()
    ignored = recurring_lines(_as_articles(tier.cases)) if tier.name == "natural" else set()
    scores, labels, flags, sizes = [], [], [], []
    above = [np.inf] * len(tier.cases) if thresholds is None else thresholds
    for case, scored, threshold in zip(tier.cases, approach(tier.cases), above, strict=True):
        counted = np.array([fold(paragraph) not in ignored for paragraph in case.paragraphs], bool)
        scores.append(np.asarray(scored)[counted])
        flags.append(scores[-1] > threshold)
        labels.append((np.array(case.labels) != BELONGS)[counted])
        sizes.append(int(counted.sum()))
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    flat, truth = np.concatenate(scores), np.concatenate(labels)
    ranked = Figures(
        hit_at_1(flat, truth, bounds),
        average_precision(flat, truth),
        recall_at(flat, truth, 0.01),
        recall_at(flat, truth, 0.001),
    )
    if thresholds is None:
        return ranked
    flagged = np.concatenate(flags)
    return replace(
        ranked,
        flagged=float(flagged[~truth].mean()),
        articles=float(np.mean([(f & ~t).any() for f, t in zip(flags, labels, strict=True)])),
        found=float(flagged[truth].mean()),
    )


def flagging(tier: Tier, detector: OffTopicDetector) -> Figures:
    """Ask `detector` about `tier`, also what it flags; titles are withheld, for plain text seldom has one."""
    reports = list(detector.check_many(case.paragraphs for case in tier.cases))
    return figures(tier, lambda _: (report.scores for report in reports), [report.threshold for report in reports])


def silence(tier: Tier, detector: OffTopicDetector) -> Figures:
    """Ask about `tier`, of articles where nothing is foreign, what is flagged and how many are said to have no common topic."""
    reports = list(detector.check_many(case.paragraphs for case in tier.cases))
    flags = [report.flags for report in reports]
    if not flags:
        return Figures()
    return Figures(
        flagged=float(np.concatenate(flags).mean()),
        articles=float(np.mean([each.any() for each in flags])),
        topicless=float(np.mean([report.status == "no_common_topic" for report in reports])),
    )


def _ciphered(case: Case) -> Case:
    return replace(case, paragraphs=tuple(paragraph.translate(_CIPHER) for paragraph in case.paragraphs))


def _with_long(article: Article, characters: int) -> Article:
    return replace(article, paragraphs=tuple(p for p in article.paragraphs if len(p) >= characters))


def _as_articles(cases: Sequence[Case]) -> list[Article]:
    return [Article(case.paragraphs) for case in cases]


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.4f}"


def _table(rows: dict[tuple[str, str], dict[str, Figures]], names: Sequence[str]) -> str:
    """Return the Markdown table: a row a tier, for each approach hit@1 / AP / recall at 1 %; what is flagged at the default."""
    lines = [
        "| text, intruder | " + " | ".join(names) + " | flagged at the default |",
        "|---|" + "---|" * len(names) + "---|",
    ]
    for (group, name), by_name in rows.items():
        if name in SILENT:
            continue
        cells = [f"{f.hit:.2f} / {f.precision:.2f} / {f.recall_1:.2f}" if (f := by_name.get(n)) else "" for n in names]
        flagged = f"{100 * by_name[_OURS].found:.0f} %"
        lines.append(f"| {group}, {name} | " + " | ".join(cells) + f" | {flagged} |")
    lines += [
        "",
        "| nothing is foreign in | paragraphs flagged at the default | articles with any | said to have no common topic |",
        "|---|---|---|---|",
    ]
    for (group, name), by_name in rows.items():
        if name in SILENT:
            found = by_name[_OURS]
            shares = f"{100 * found.flagged:.2f} % | {100 * found.articles:.1f} % | {100 * found.topicless:.1f} %"
            lines.append(f"| {group}, {name} | {shares} |")
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark and print it."""
    parser = argparse.ArgumentParser(prog="python -m training.benchmark", description=__doc__)
    add_corpora_argument(parser)
    parser.add_argument("--model", default="default", metavar="FILE", help="the model to measure (%(default)s)")
    parser.add_argument("--cases", type=int, default=CASES, metavar="N", help="articles a tier (%(default)s)")
    parser.add_argument("--no-peers", action="store_true", help="measure the detector alone")
    parser.add_argument(
        "--opponent", type=Path, metavar="FILE", help="the same detector on MiniLM, from python -m training.opponent"
    )
    parser.add_argument("--readme", type=Path, metavar="FILE", help="write the table between the benchmark markers of FILE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE")
    arguments = parser.parse_args()
    detector = OffTopicDetector(model=arguments.model)
    others = {} if arguments.no_peers else dict(PEERS)
    if arguments.opponent:
        others["MiniLM, our evidence"] = minilm_evidence(arguments.opponent)
    measures: dict[str, Callable[[Tier], Figures]] = {_OURS: partial(flagging, detector=detector)}
    measures |= {name: partial(figures, approach=approach) for name, approach in others.items()}
    rows: dict[tuple[str, str], dict[str, Figures]] = {}
    for tier in tiers(arguments.corpora, arguments.cases):
        row = rows.setdefault((tier.group, tier.name), {})
        for name, measure in list(measures.items()):
            if tier.name in SILENT and name != _OURS:
                continue
            try:
                row[name] = silence(tier, detector) if tier.name in SILENT else measure(tier)
            except ImportError as error:
                print(f"{name} left out: {error}; pip install 'offtopic-detector[benchmark]'", file=sys.stderr)
                del measures[name]
                continue
            found = row[name]
            cells = " ".join(f"{field} {_cell(value):5}" for field, value in vars(found).items())
            print(f"{tier.group:13} {tier.name:8} {len(tier.cases):5} {name:26} {cells}", flush=True)
    table = _table(rows, list(measures))
    print(f"\n{table}")
    if arguments.json:
        flat = {f"{group}/{name}": {n: vars(f) for n, f in row.items()} for (group, name), row in rows.items()}
        arguments.json.write_text(json.dumps(flat, indent=1) + "\n", encoding="utf-8")
    if arguments.readme:
        write_between(arguments.readme, "benchmark", table)


def write_between(readme: Path, name: str, table: str) -> None:
    """Write `table` into `readme`, between the markers ``<!-- name -->`` and ``<!-- /name -->``."""
    text = readme.read_text(encoding="utf-8")
    head, opening, rest = text.partition(f"<!-- {name} -->")
    _, closing, tail = rest.partition(f"<!-- /{name} -->")
    if not closing:
        raise SystemExit(f"{readme}: no <!-- {name} --> … <!-- /{name} --> markers to write the table between")
    readme.write_text(f"{head}{opening}\n{table}\n{closing}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
