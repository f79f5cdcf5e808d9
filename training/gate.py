"""Gate: what the bundled model reaches must not fall below what it once did.

``python -m training.gate`` measures on the fixtures, as they are and crossed, with ``--corpora DIR`` on every tier of the
benchmark, and ends with status 1 if a figure is below its floor. ``--raise`` pins better figures as the new floors; it never
lowers one. Floors belong to the very articles they were measured on, told by a digest.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from detector import OffTopicDetector
from detector.learn.metrics import average_precision, hit_at_1
from training.benchmark import CASES, SILENT, Tier, flagging, silence, tiers
from training.crossed import crossed, measured_crossed

__all__ = ["digest_of", "digest_of_tiers", "measured", "measured_on_tiers", "shortfalls"]

_ROOT = Path(__file__).resolve().parents[1]
_FIXTURES = _ROOT / "fixtures"
_FLOORS = Path(__file__).with_name("floors.json")
_RANKED = ("hit@1", "average precision", "recall at 1 %")
_ALLOWED = 0.005  # noise allowance: another processor rounds differently, and a rank among 500 paragraphs may change


def digest_of(folder: Path) -> str:
    """Return the SHA-256 of the articles in `folder`, names included."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.json")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def measured(folder: Path, detector: OffTopicDetector) -> dict[str, float]:
    """Return the figures of `detector` on the labelled articles in `folder`; higher is better for each.

    Raises
    ------
    SystemExit
        If there is no article: a gate that measures nothing must not open.
    """
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    if not records:
        raise SystemExit(f"{folder}: no articles to measure on")
    reports = list(detector.check_many([p["text"] for p in record["paragraphs"]] for record in records))
    topical = [i for i, record in enumerate(records) if record["status"] == "ok"]
    labels = [np.array([p["label"] != "belongs" for p in records[i]["paragraphs"]]) for i in topical]
    scores = np.concatenate([reports[i].scores for i in topical])
    flags = np.concatenate([reports[i].flags for i in topical])
    truth = np.concatenate(labels)
    bounds = np.concatenate(([0], np.cumsum([len(one) for one in labels])))
    return {
        "hit@1": hit_at_1(scores, truth, bounds),
        "average precision": average_precision(scores, truth),
        "flagged of what does not belong": float(flags[truth].mean()),
        "unflagged of what belongs": float(1 - flags[~truth].mean()),
        "statuses right": float(np.mean([r.status == record["status"] for r, record in zip(reports, records, strict=True)])),
    }


def digest_of_tiers(found: Sequence[Tier]) -> str:
    """Return the SHA-256 of the cases of the tiers `found`, labels included."""
    digest = hashlib.sha256()
    for tier in found:
        for case in tier.cases:
            digest.update(json.dumps([tier.group, tier.name, case.paragraphs, case.labels]).encode())
    return digest.hexdigest()


def measured_on_tiers(found: Sequence[Tier], detector: OffTopicDetector) -> dict[str, float]:
    """Return the figures of `detector` on the tiers `found`; higher is better for each."""
    values: dict[str, float] = {}
    for tier in found:
        name = f"{tier.group}, {tier.name}"
        if tier.name in SILENT:
            reached = silence(tier, detector)
            values[f"{name}: unflagged"] = 1 - reached.flagged
            values[f"{name}: status right"] = reached.topicless if tier.name == "digest" else 1 - reached.topicless
        else:
            reached = flagging(tier, detector)
            ranked = (reached.hit, reached.precision, reached.recall_1)
            values |= {f"{name}: {figure}": value for figure, value in zip(_RANKED, ranked, strict=True)}
    # Of one tier, fits of one design differ by up to .025; of the mean by a tenth of that. What moves it is no chance.
    for figure in _RANKED:
        of_tiers = [value for name, value in values.items() if name.endswith(f": {figure}")]
        if of_tiers:
            values[f"mean of all tiers: {figure}"] = float(np.mean(of_tiers))
    return values


def shortfalls(figures: dict[str, float], floors: dict[str, float]) -> list[str]:
    """Return a line for each floor that its figure does not reach."""
    return [
        f"{name}: {figures.get(name, 0.0):.4f}, at least {floor:.4f} is asked"
        for name, floor in floors.items()
        if figures.get(name, 0.0) < floor - _ALLOWED
    ]


def main() -> int:
    """Measure, compare, and say so."""
    parser = argparse.ArgumentParser(prog="python -m training.gate", description=__doc__)
    parser.add_argument("--corpora", type=Path, metavar="DIR", help="measure on the tiers of the benchmark instead")
    parser.add_argument("--raise", dest="raised", action="store_true", help="pin better figures as the new floors")
    arguments = parser.parse_args()
    detector = OffTopicDetector()
    if arguments.corpora:
        found = list(tiers(arguments.corpora, CASES))
        yards = [("corpora", measured_on_tiers(found, detector), digest_of_tiers(found))]
    else:
        articles, cases = _FIXTURES / "articles", crossed(_FIXTURES)
        yards = [
            ("fixtures", measured(articles, detector), digest_of(articles)),
            ("crossed fixtures", measured_crossed(cases, detector), digest_of_tiers([Tier("fixtures", "crossed", cases)])),
        ]
    return max([_compared(*yard, raised=arguments.raised) for yard in yards])


def _compared(yard: str, values: dict[str, float], digest: str, *, raised: bool) -> int:
    """Print `values`, and return 1 if they were measured on another `yard` than the floors or fall short of them."""
    every = json.loads(_FLOORS.read_text(encoding="utf-8")) if _FLOORS.exists() else {}
    pinned = every.get(yard, {"digest": digest, "floors": {}})
    if pinned["digest"] != digest and not raised:
        print(f"the {yard} are not those that the floors were measured on; look at the figures, then pin them with --raise")
    for name, value in values.items():
        print(f"{name:40} {value:.4f}")
    short = shortfalls(values, pinned["floors"])
    if short:
        print("\n".join(["below the floor:", *short]), file=sys.stderr)
        return 1
    if raised:
        floors = {name: max(round(value, 4), pinned["floors"].get(name, 0.0)) for name, value in values.items()}
        every[yard] = {"digest": digest, "floors": floors}
        _FLOORS.write_text(json.dumps(every, indent=1) + "\n", encoding="utf-8")
    return int(pinned["digest"] != digest and not raised)


if __name__ == "__main__":
    sys.exit(main())
