"""Scores as Markdown: of one evaluation, and of two side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.evaluation.classifiers import RECALLS
from ptx.evaluation.evaluate import Evaluation, Values
from ptx.evaluation.learned_metrics import CONTROL
from ptx.evaluation.published_figures import NEEDS, columns, figures
from ptx.pipeline.errors import PtxError

PICTURES = (
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
    *(f"attr_rec_{k}" for k in RECALLS),
)
FLOWS = ("epe", "epe_visible", "visibility_iou")

BEST = {m: -1 if m in ("l1", "lpips", "fid", "epe", "epe_visible") else 1 for m in (*PICTURES, *FLOWS)}
"""1 where more is better."""


def interval(values: NDArray[np.float64], seed: int = 0, draws: int = 2000) -> tuple[float, float, float]:
    """Mean, and the bounds between which it lies with 95 % (percentile bootstrap over pairs); NaN is a pair without a value."""
    rng, values = np.random.default_rng(seed), values[np.isfinite(values)]
    if not len(values):
        return np.nan, np.nan, np.nan
    means = values[rng.integers(0, len(values), (draws, len(values)))].mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(values.mean()), float(low), float(high)


def rows_of(done: Evaluation, wanted: tuple[str, ...]) -> tuple[tuple[str, ...], Values]:
    """Those of the wanted metrics that some method has, and the methods that have one of them."""
    metrics = tuple(m for m in wanted if any(m in values for values in done.values.values()))
    return metrics, {name: values for name, values in done.values.items() if not values.keys().isdisjoint(metrics)}


def cell(values: NDArray[np.float64] | None) -> str:
    """Mean and interval; empty where there is nothing."""
    return "" if values is None else "{:.4g} ({:.4g} to {:.4g})".format(*interval(values))


def lines(done: Evaluation) -> list[str]:
    """One evaluation: mean and 95 % interval of every metric of every method."""
    judges = "; ".join(f"{name} {digest}" for name, digest in done.networks.items())
    out = [f"{len(done.pairs)} test pairs; {done.protocol}{'; weights ' + judges if judges else ''}", ""]
    for wanted in (PICTURES, FLOWS):
        metrics, rows = rows_of(done, wanted)
        if not rows:
            continue
        out += [f"| | {' | '.join(metrics)} |", f"|---|{'---|' * len(metrics)}"]
        out += [f"| {method} | {' | '.join(cell(values.get(m)) for m in metrics)} |" for method, values in rows.items()]
        out.append("")
    return out


def beside_published(done: Evaluation, data: str) -> list[str]:
    """Scores under the columns of the published table of a data set (`data.kind`), and below them what others have published.

    A cell is empty where a method was not scored so; what a column lacks is said below.
    """
    names = columns(data)
    out = [f"| {data} | {' | '.join(names)} | source |", f"|---|{'---|' * len(names)}---|"]
    ours = rows_of(done, names)[1]
    for method, values in ours.items():
        out.append(f"| {method} | {' | '.join(cell(values.get(m)) for m in names)} | this workspace |")
    theirs = figures(data, names)
    for (method, source), printed in theirs.items():
        out.append(
            f"| {method} | {' | '.join(f'{printed[m]:.4g}' if m in printed else '' for m in names)} | {source} |"
        )
    out.append("")
    if not theirs:
        out.append("No published figure of this table could be traced to its source.")
    lacking = [m for m in names if not any(m in values for values in ours.values())]
    out += [f"{m} needs {NEEDS[m]}." for m in lacking]
    return out


def compare(ours: Evaluation, other: Evaluation) -> list[str]:
    """Two evaluations: means of both and, pair by pair, what this one has more than the other.

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
        if method == CONTROL:  # photographs are no pairs
            continue
        for metric, mine in values.items():
            theirs = other.values.get(method, {}).get(metric)
            if theirs is None:
                continue
            a, b = mine[here], theirs[there]
            gap = "{:+.4g} ({:+.4g} to {:+.4g})".format(*interval(a - b))
            out.append(f"| {method} | {metric} | {np.nanmean(a):.4g} | {np.nanmean(b):.4g} | {gap} |")
    return out
