"""Scores as Markdown: of one evaluation, beside published ones, and of two evaluations side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.evaluation.bootstrap import interval
from ptx.evaluation.missing import MAX_MISSING, describe_pairs
from ptx.evaluation.published_figures import (
    ATTRIBUTE_RECALLS,
    OWN_METRICS,
    REQUIREMENTS,
    published_figures,
    published_metrics,
)
from ptx.evaluation.scores import CONTROL, Scores, Values
from ptx.pipeline.errors import PtxError

IMAGE_METRICS = (
    "ssim",
    "ssim_256",
    "body_ssim",
    "garment_ssim",
    "mask_ssim",
    "ms_ssim",
    "l1",
    "psnr",
    "pd",
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

SET_METRICS = frozenset({"fid", "is", "mask_is", "fashion_is"})
"""Metrics of a whole set of pictures, kept as pseudo-values."""

LOWER_IS_BETTER = frozenset({"l1", "pd", "lpips", "fid", "epe", "epe_visible"})
"""Metrics of which less is better; of all others more is."""


class ScoreGrid(NamedTuple):
    """Scores as rows and columns, on one set of pairs or each row on its own."""

    title: str
    """Says on which pairs; empty where all methods were scored on the same."""
    metrics: tuple[str, ...]
    rows: Values
    """Method → metric → values, NaN on pairs that the row does not tell of."""
    counts: dict[str, int] | None
    """Method → pairs that it was scored on; None where that is the same for all."""


def score_grids(scores: Scores, wanted: Sequence[str]) -> list[ScoreGrid]:
    """Arrange those of the wanted metrics that there are.

    Methods that were scored on different pairs are compared on those that they have in common; then each stands with all of its own.
    Scores of whole sets belong to the pairs that they were computed of, and are not told of others.
    """
    metrics, rows = select_metrics(scores.values, wanted)
    if not rows:
        return []
    scored = {name: _scored(own, metrics) for name, own in rows.items() if name != CONTROL}
    counts = {name: int(there.sum()) for name, there in scored.items()}
    common = np.all(list(scored.values()), axis=0) if scored else np.zeros(0, bool)
    if all(count == common.sum() for count in counts.values()):
        return [ScoreGrid("", metrics, rows, None)]
    compared = {
        name: {metric: np.where(common, values, np.nan) for metric, values in own.items() if metric not in SET_METRICS}
        for name, own in rows.items()
        if name != CONTROL
    }
    kept = tuple(metric for metric in metrics if any(metric in own for own in compared.values()))
    return [
        ScoreGrid(f"On the {common.sum()} pairs that every method was scored on:", kept, compared, None),
        ScoreGrid("Each method on all pairs that it was scored on, not to be compared:", metrics, rows, counts),
    ]


def score_table(scores: Scores) -> list[str]:
    """Make the lines of one evaluation: mean and 95 % interval of every metric of every method."""
    weights = "; ".join(f"{name} {digest}" for name, digest in scores.networks.items())
    out = [f"{describe_pairs(scores)}; {scores.protocol}{'; weights ' + weights if weights else ''}"]
    out += [describe_intervals(scores), ""]
    for wanted in (IMAGE_METRICS, FLOW_METRICS):
        for title, metrics, rows, counts in score_grids(scores, wanted):
            out += [title, ""] if title else []
            head = metrics if counts is None else (*metrics, "pairs")
            out += [f"| | {' | '.join(head)} |", f"|---|{'---|' * len(head)}"]
            for method, values in rows.items():
                cells = [_cell(values.get(m), scores.persons_of(method)) for m in metrics]
                out.append(_row(method, cells if counts is None else [*cells, str(counts.get(method, ""))]))
            out.append("")
    return out


def describe_intervals(scores: Scores) -> str:
    """Say in one line of what the intervals are drawn."""
    if scores.persons is None:
        return (
            "95 % intervals resample pairs, since this file of an earlier version does not say whose they are: too narrow where persons "
            "have several"
        )
    return f"95 % intervals resample the {len(np.unique(scores.persons))} test persons"


def published_table(scores: Scores, data: str, *, allow_missing: bool = False) -> list[str]:
    """Make the lines of the published table of a data set, first our methods, then what others have published.

    A cell is empty where a method was not scored so; what a column lacks is said below the table.

    Args:
        scores: of this workspace.
        data: the data set, as in `DataSet.published_table`.
        allow_missing: also show methods that were not scored on more than `MAX_MISSING` of the test pairs.
    """
    metrics = published_metrics(data)
    if any("ssim_256" in own for own in scores.values.values()):
        metrics = (metrics[0], "ssim_256", *metrics[1:])
    metrics = (*metrics, *OWN_METRICS)
    out = [_row(data, [*metrics, "source"]), f"|---|{'---|' * len(metrics)}---|"]
    ours = select_metrics(scores.values, metrics)[1]
    left_out = []
    for method, values in ours.items():
        missing = 0 if method == CONTROL else int((~_scored(values, metrics)).sum())
        if missing > MAX_MISSING * len(scores.pairs) and not allow_missing:
            left_out.append(f"{method} is left out: it was not scored on {missing} of {len(scores.pairs)} test pairs.")
            continue
        cells = [_cell(values.get(m), scores.persons_of(method)) for m in metrics]
        source = f"this workspace, without {missing} of {len(scores.pairs)} pairs" if missing else "this workspace"
        out.append(_row(method, [*cells, source]))
    theirs = published_figures(data, metrics)
    for (method, source), figures in theirs.items():
        cells = [f"{figures[m]:.4g}" if m in figures else "" for m in metrics]
        out.append(_row(method, [*cells, source]))
    out += ["", *left_out]
    if not theirs:
        out.append("No published figure of this table could be traced to its source.")
    missing_metrics = [m for m in metrics if not any(m in values for values in ours.values())]
    out += [f"{m} needs {REQUIREMENTS[m]}." for m in missing_metrics]
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
    persons = None if ours.persons is None else ours.persons[here]
    out = [f"{len(common)} common pairs; {ours.path} against {other.path}", describe_intervals(ours), ""]
    out += ["| method | metric | pairs | here | there | here - there (95 %) | |", "|---|---|---|---|---|---|---|"]
    for method, values in ours.values.items():
        if method == CONTROL:  # its values are of photographs, not of pairs
            continue
        for metric, own in values.items():
            theirs = other.values.get(method, {}).get(metric)
            if theirs is None:
                continue
            a, b = own[here], theirs[there]
            both = np.isfinite(a) & np.isfinite(b)
            difference = interval(a - b, persons)
            means = [f"{values[both].mean():.4g}" if both.any() else "" for values in (a, b)]
            words = "beyond chance" if difference.is_beyond_chance else "within chance"
            cells = [metric, str(both.sum()), *means, "{:+.4g} ({:+.4g} to {:+.4g})".format(*difference), words]
            out.append(_row(method, cells))
    return out


def select_metrics(values: Values, wanted: Sequence[str]) -> tuple[tuple[str, ...], Values]:
    """Select those of the wanted metrics that some method has, and the methods that have at least one of them."""
    metrics = tuple(m for m in wanted if any(m in own for own in values.values()))
    return metrics, {name: own for name, own in values.items() if not own.keys().isdisjoint(metrics)}


def best_methods(rows: Values, metrics: Sequence[str]) -> dict[str, str]:
    """Metric → the method with the best mean."""
    best: dict[str, str] = {}
    for metric in metrics:
        means = {
            name: np.nanmean(own[metric])
            for name, own in rows.items()
            if metric in own and np.isfinite(own[metric]).any()
        }
        choose = min if metric in LOWER_IS_BETTER else max
        best[metric] = choose(means, key=means.__getitem__)
    return best


def _scored(values: Mapping[str, NDArray[np.float64]], metrics: Sequence[str]) -> NDArray[np.bool_]:
    """Which pairs (N,) a method has any of these metrics of."""
    return np.asarray(np.any([np.isfinite(values[metric]) for metric in metrics if metric in values], axis=0))


def _cell(values: NDArray[np.float64] | None, persons: NDArray[np.int64] | None) -> str:
    """Mean and interval; empty where there are no values."""
    if values is None or not np.isfinite(values).any():
        return ""
    return "{:.4g} ({:.4g} to {:.4g})".format(*interval(values, persons))


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"
