"""Scores as Markdown: of one evaluation, beside published ones, and of two evaluations side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ptx.evaluation.bootstrap import interval
from ptx.evaluation.published_figures import ATTRIBUTE_RECALLS, REQUIREMENTS, published_figures, published_metrics
from ptx.evaluation.scores import CONTROL, Scores, Values
from ptx.pipeline.errors import PtxError

IMAGE_METRICS = (
    "ssim",
    "body_ssim",
    "garment_ssim",
    "mask_ssim",
    "ms_ssim",
    "l1",
    "psnr",
    "lpips",
    "fid",
    "is",
    "mask_is",
    "fashion_is",
    "pckh",
    *(f"attr_rec_{k}" for k in ATTRIBUTE_RECALLS),
)
"""Metrics of painted pictures, in the order of the tables' columns."""

FLOW_METRICS = ("epe", "epe_visible", "visibility_iou")
"""Metrics of flow, in the order of the tables' columns."""

LOWER_IS_BETTER = frozenset({"l1", "lpips", "fid", "epe", "epe_visible"})
"""Metrics of which less is better; of all others more is."""


def score_table(scores: Scores) -> list[str]:
    """Make the lines of one evaluation: mean and 95 % interval of every metric of every method."""
    weights = "; ".join(f"{name} {digest}" for name, digest in scores.networks.items())
    out = [f"{len(scores.pairs)} test pairs; {scores.protocol}{'; weights ' + weights if weights else ''}", ""]
    for wanted in (IMAGE_METRICS, FLOW_METRICS):
        metrics, rows = select_metrics(scores.values, wanted)
        if not rows:
            continue
        out += [f"| | {' | '.join(metrics)} |", f"|---|{'---|' * len(metrics)}"]
        out += [_row(method, [_cell(values.get(m)) for m in metrics]) for method, values in rows.items()]
        out.append("")
    return out


def published_table(scores: Scores, kind: str) -> list[str]:
    """Make the lines of the published table of a data set (`data.kind`), first our methods, then what others have published.

    A cell is empty where a method was not scored so; what a column lacks is said below the table.
    """
    metrics = published_metrics(kind)
    out = [_row(kind, [*metrics, "source"]), f"|---|{'---|' * len(metrics)}---|"]
    ours = select_metrics(scores.values, metrics)[1]
    for method, values in ours.items():
        out.append(_row(method, [*(_cell(values.get(m)) for m in metrics), "this workspace"]))
    theirs = published_figures(kind, metrics)
    for (method, source), figures in theirs.items():
        cells = [f"{figures[m]:.4g}" if m in figures else "" for m in metrics]
        out.append(_row(method, [*cells, source]))
    out.append("")
    if not theirs:
        out.append("No published figure of this table could be traced to its source.")
    missing = [m for m in metrics if not any(m in values for values in ours.values())]
    out += [f"{m} needs {REQUIREMENTS[m]}." for m in missing]
    return out


def comparison_table(ours: Scores, other: Scores) -> list[str]:
    """Make the lines that compare two evaluations: both means, and the mean difference over common pairs with its interval.

    Raises:
        PtxError: the rules differ, or they share no pair.
    """
    if ours.protocol != other.protocol:
        raise PtxError(f"the two were scored by other rules: {ours.protocol} and {other.protocol}")
    common, here, there = np.intersect1d(ours.pairs, other.pairs, return_indices=True)
    if not len(common):
        raise PtxError(f"{other.path}: shares no test pair with {ours.path}")
    out = [f"{len(common)} common pairs; {ours.path} against {other.path}", ""]
    out += ["| method | metric | here | there | here - there (95 %) |", "|---|---|---|---|---|"]
    for method, values in ours.values.items():
        if method == CONTROL:  # its values are of photographs, not of pairs
            continue
        for metric, own in values.items():
            theirs = other.values.get(method, {}).get(metric)
            if theirs is None:
                continue
            a, b = own[here], theirs[there]
            difference = "{:+.4g} ({:+.4g} to {:+.4g})".format(*interval(a - b))
            out.append(f"| {method} | {metric} | {np.nanmean(a):.4g} | {np.nanmean(b):.4g} | {difference} |")
    return out


def select_metrics(values: Values, wanted: Sequence[str]) -> tuple[tuple[str, ...], Values]:
    """Select those of the wanted metrics that some method has, and the methods that have at least one of them."""
    metrics = tuple(m for m in wanted if any(m in own for own in values.values()))
    return metrics, {name: own for name, own in values.items() if not own.keys().isdisjoint(metrics)}


def best_methods(rows: Values, metrics: Sequence[str]) -> dict[str, str]:
    """Metric → the method with the best mean."""
    best: dict[str, str] = {}
    for metric in metrics:
        means = {name: np.nanmean(own[metric]) for name, own in rows.items() if metric in own}
        choose = min if metric in LOWER_IS_BETTER else max
        best[metric] = choose(means, key=means.__getitem__)
    return best


def _cell(values: NDArray[np.float64] | None) -> str:
    """Mean and interval; empty where there are no values."""
    return "" if values is None else "{:.4g} ({:.4g} to {:.4g})".format(*interval(values))


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"
