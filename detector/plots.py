"""Plots: a report, or scores and the truth, in; a picture in Matplotlib's axes out.

Each function draws into the axes it is given, or into those of a new figure, and returns them; nothing is shown, and no setting
of Matplotlib's is changed. Ink is that of the axes, so that pictures follow a dark style; what is flagged is told by colour and
by shape. No text of an article is drawn: a font may lack its letters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from detector.errors import InputError
from detector.learn.calibration import PRIOR
from detector.learn.metrics import recall_at, reliability
from detector.likeness import ALIKE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from detector.report import Report

__all__ = ["false_alarm_curve", "reliability_curve", "score_strip", "similarity_map"]

# Colours that the colour-blind tell apart (Okabe and Ito 2008), at a contrast of 3 and more with both black and white.
_KINDS = {"foreign": ("#d55e00", "v"), "furniture": ("#0072b2", "s")}
_UNFLAGGED = "0.55"
_MARKED = (0.002, 0.01)  # the default of the detector, and what its benchmark is measured at
_SHARES = np.union1d(np.geomspace(1e-4, 1, 101), _MARKED)
_BINS = 10
_ABOVE = 1.09  # where marks stand over bars that go up to 1


def similarity_map(report: Report, *, ax: Axes | None = None) -> Axes:
    """Draw how alike each two paragraphs are in what they are about, by :meth:`Report.similarities`.

    An intruder shows as a dark cross; what is flagged has a mark at both axes. Of more than 400 paragraphs, stretches of
    neighbours are drawn.

    Parameters
    ----------
    report : Report
    ax : Axes, optional
        To draw into; by default those of a new figure.

    Returns
    -------
    Axes
        A square a pair, paragraphs counted from 1. ``ax.images[0].set_clim(low, high)`` sets another scale, which goes from 0
        to 0.6 so that pictures of several articles can be compared.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from detector import OffTopicDetector
    >>> report = OffTopicDetector().check(["The river rose.", "The bridge was closed.", "The phone exploded."])
    >>> similarity_map(report, ax=Figure().add_subplot())
    <Axes: xlabel='paragraph', ylabel='paragraph'>
    """
    ax = _axes(ax, (6.0, 5.0))
    count = len(report.scores)
    alike = report.similarities() if count else np.zeros((1, 1), np.float32)
    np.fill_diagonal(alike, np.nan)  # of a paragraph with itself there is nothing to tell
    end = max(count, 1) + 0.5
    image = ax.imshow(alike, cmap="viridis", vmin=0, vmax=ALIKE, extent=(0.5, end, end, 0.5))
    for kind, rows in _flagged(report).items():
        colour, marker = _KINDS[kind]
        marks: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": "", "clip_on": False, "zorder": 3}
        ax.plot(rows, np.ones(len(rows)), transform=ax.get_xaxis_transform(), label=kind, **marks)
        ax.plot(np.zeros(len(rows)), rows, transform=ax.get_yaxis_transform(), **marks)
    # The numbers above, as in a matrix, leave the room below to the legend.
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set(xlabel="paragraph", ylabel="paragraph", xlim=(0.5, end), ylim=(end, 0.5))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    if report.flags.any():
        ax.legend(loc="upper left", bbox_to_anchor=(0, 0), ncols=2, frameon=False, borderaxespad=0.2)
    ax.figure.colorbar(image, ax=ax, label="similarity, a cosine", extend="both")
    return ax


def score_strip(report: Report, *, ax: Axes | None = None) -> Axes:
    """Draw the scores paragraph by paragraph, with the threshold, and what is flagged by kind.

    Parameters
    ----------
    report : Report
    ax : Axes, optional
        To draw into; by default those of a new figure.

    Returns
    -------
    Axes
        A bar a paragraph, counted from 1.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from detector import OffTopicDetector
    >>> score_strip(OffTopicDetector().check("The river rose."), ax=Figure().add_subplot())
    <Axes: xlabel='paragraph', ylabel='score'>
    """
    ax = _axes(ax, (9.0, 2.8))
    count = len(report.scores)
    _bars(ax, np.flatnonzero(~report.flags) + 1, report.scores, color=_UNFLAGGED)
    ax.axhline(report.threshold, color=_ink(ax), linestyle="--", linewidth=1, label=f"threshold {report.threshold:.3f}")
    for kind, rows in _flagged(report).items():
        colour, marker = _KINDS[kind]
        # The edge keeps a bar that is narrower than a pixel in sight.
        _bars(ax, rows, report.scores, color=colour, edgecolor=colour, linewidth=1)
        ax.plot(rows, np.full(len(rows), _ABOVE), color=colour, marker=marker, linestyle="", label=kind)
    ax.set(xlabel="paragraph", ylabel="score", xlim=(0.5, max(count, 1) + 0.5), ylim=(0, 1.4), yticks=(0, 0.5, 1))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.legend(loc="upper left", ncols=3, frameon=False, columnspacing=1.2, handletextpad=0.4, handlelength=1.6)
    return ax


def reliability_curve(
    scores: ArrayLike, labels: ArrayLike, *, prior: float | None = PRIOR, label: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw whether scores are probabilities: over what was told, the share that was so.

    Parameters
    ----------
    scores : array-like (n,) of float
        The scores of any number of articles, 0..1: ``np.concatenate([report.scores for report in reports])``.
    labels : array-like (n,) of int
        0 where the paragraph belongs and anything else where it does not.
    prior : float or None
        The share of off-topic paragraphs that the two sorts are weighted to. A model's scores are probabilities where it is
        0.05; None leaves the share that it is among the labels.
    label : str, optional
        The name of the curve, where there are several in the same axes.
    ax : Axes, optional
        To draw into; by default those of a new figure.

    Returns
    -------
    Axes
        With a point for each tenth of the scores that has any, a bar for its share of all paragraphs, and the expected
        calibration error, all by :func:`detector.learn.metrics.reliability`.

    Raises
    ------
    InputError
        If a score is not between 0 and 1, there are not as many labels, none of one sort, or `prior` is no share.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = reliability_curve([0.1, 0.2, 0.9, 0.8], [0, 0, 1, 0], prior=None, ax=Figure().add_subplot())
    >>> ax.get_legend_handles_labels()[1]
    ['expected calibration error 0.3000', 'share of all paragraphs']
    """
    told, truth = _checked(scores, labels)
    if prior is None:
        prior = float((truth != 0).mean())
    elif isinstance(prior, bool) or not isinstance(prior, (int, float, np.number)) or not 0 < prior < 1:
        raise InputError(f"prior is the share of paragraphs that do not belong, got {prior!r}; give a number between 0 and 1")
    found = reliability(told, truth, float(prior), _BINS)
    ax = _axes(ax, (4.8, 4.8))
    ax.plot([0, 1], [0, 1], color=_ink(ax), linestyle=":", linewidth=1)
    held = found.weight > 0
    name = f"expected calibration error {found.error:.4f}"
    (curve,) = ax.plot(
        found.told[held], found.true[held], marker="o", clip_on=False, label=f"{label}: {name}" if label else name
    )
    left = np.arange(_BINS) / _BINS
    ax.bar(left, found.weight, 1 / _BINS, align="edge", color=curve.get_color(), alpha=0.25, label="share of all paragraphs")
    ax.set(xlabel="score", ylabel="share that does not belong", xlim=(0, 1), ylim=(0, 1.2), aspect="equal")
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.legend(loc="upper left", frameon=False)
    return ax


def false_alarm_curve(scores: ArrayLike, labels: ArrayLike, *, label: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw how much of what does not belong is found, over how much of what belongs is flagged with it.

    The default tolerance of 0.2 % and that of 1 % are marked. Thresholds are chosen on these very paragraphs: the curve shows
    how well they are ranked, not whether a model keeps its promise. With fewer than 500 paragraphs that belong, 0.2 % of them
    is none.

    Parameters
    ----------
    scores : array-like (n,) of float
        The scores of any number of articles, 0..1: ``np.concatenate([report.scores for report in reports])``.
    labels : array-like (n,) of int
        0 where the paragraph belongs and anything else where it does not.
    label : str, optional
        The name of the curve, where there are several in the same axes.
    ax : Axes, optional
        To draw into; by default those of a new figure.

    Returns
    -------
    Axes
        With the share of false alarms on a logarithmic axis and the recall by :func:`detector.learn.metrics.recall_at`.

    Raises
    ------
    InputError
        If a score is not between 0 and 1, there are not as many labels, or none of one sort.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = false_alarm_curve([0.1, 0.2, 0.9, 0.8], [0, 0, 1, 0], ax=Figure().add_subplot())
    >>> ax.get_legend_handles_labels()[1]
    ['1.00 at 0.2 %, 1.00 at 1 %']
    """
    told, truth = _checked(scores, labels)
    ax = _axes(ax, (6.4, 4.0))
    found = [recall_at(told, truth, share) for share in _MARKED]
    marked = ", ".join(f"{recall:.2f} at {_percent(share)}" for share, recall in zip(_MARKED, found, strict=True))
    (curve,) = ax.plot(_SHARES, [recall_at(told, truth, share) for share in _SHARES.tolist()], drawstyle="steps-post")
    name = f"{label}: {marked}" if label else marked
    ax.plot(_MARKED, found, color=curve.get_color(), marker="o", linestyle="", label=name)
    ax.set(xlabel="false alarms, of what belongs", ylabel="recall", xscale="log", xlim=(1e-4, 1), ylim=(0, 1.03))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: _percent(share)))
    ax.legend(loc="lower right", frameon=False)  # below a curve that rises
    return ax


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def _ink(ax: Axes) -> Any:
    """Return the colour in which these axes write: dark on light, light on dark."""
    return ax.xaxis.label.get_color()


def _bars(ax: Axes, rows: NDArray[np.int64], scores: NDArray[np.float64], **style: Any) -> None:
    """Draw the scores of the paragraphs `rows`, counted from 1, as one outline: 5,000 bars would take seconds."""
    if len(rows):
        heights = np.full(2 * len(rows) - 1, np.nan)
        heights[::2] = scores[rows - 1]
        ax.stairs(heights, np.column_stack((rows - 0.4, rows + 0.4)).ravel(), fill=True, **style)


def _flagged(report: Report) -> dict[str, NDArray[np.int64]]:
    """Return the numbers, from 1, of the flagged paragraphs of each kind that there is."""
    rows = {kind: np.flatnonzero(report.flags & (report.furniture == (kind == "furniture"))) + 1 for kind in _KINDS}
    return {kind: numbers for kind, numbers in rows.items() if len(numbers)}


def _percent(share: float) -> str:
    """Return a share in percent.

    >>> _percent(0.002), _percent(1.0)
    ('0.2 %', '100 %')
    """
    return f"{100 * share:g} %"


def _checked(scores: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return both as arrays; InputError if nothing can be measured by them."""
    told, truth = np.asarray(scores), np.asarray(labels)
    for name, values in (("scores", told), ("labels", truth)):
        if values.ndim != 1 or values.dtype.kind not in "biuf":
            raise InputError(
                f"{name} are numbers, one a paragraph, got {values.dtype.type.__name__} in the shape {values.shape}; "
                "put those of several articles together with np.concatenate; a label is 0 where the paragraph belongs, else 1"
            )
    if len(told) != len(truth):
        raise InputError(f"there is one label a score, got {len(told)} scores and {len(truth)} labels; give as many of both")
    wrong = ~((told >= 0) & (told <= 1))
    if wrong.any():
        at = int(wrong.argmax())
        raise InputError(f"scores are between 0 and 1, got {told[at].item()!r} at {at}; those of score_samples are negated")
    belong = int((truth == 0).sum())
    if not 0 < belong < len(truth):
        raise InputError(
            f"labels are 0 where a paragraph belongs and anything else where it does not, got {belong} of the first sort and "
            f"{len(truth) - belong} of the second; give some of both"
        )
    return told.astype(np.float64), truth
