"""`ptx report`: one self-contained HTML page of what a workspace holds. No scripts, nothing fetched from elsewhere."""

from __future__ import annotations

import base64
import csv
from collections.abc import Iterator, Sequence
from html import escape
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow
from rich.console import Console

from ptx.evaluation.evaluate import Evaluation, evaluate
from ptx.evaluation.methods import batches, flowers, painters, pairs_to_test
from ptx.evaluation.tables import BEST, FLOWS, PICTURES, interval, rows_of
from ptx.models.pixels import to_uint8
from ptx.pictures.sheet import Panel, sheet
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.status import describe
from ptx.pipeline.storage.durable import write_atomic
from ptx.training.state import TRAININGS, describe_training

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1100px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.7em } h2 { font-size: 1.25em; margin-top: 2em; border-bottom: 1px solid #ddd }
table { border-collapse: collapse; margin: 1em 0 } td, th { padding: .25em .8em; text-align: right; border-bottom: 1px solid #eee }
td:first-child, th:first-child { text-align: left } img { max-width: 100%; border: 1px solid #eee } small { color: #777 }
svg { background: #fafafa; border: 1px solid #eee; margin: .5em .5em 0 0 }
"""


def write_report(pipeline: Pipeline, done: Evaluation | None, grid: Path | None) -> Path:
    """Write `WORKSPACE/report.html`; returns its path.

    Args:
        pipeline: the workspace.
        done: scores, where models were evaluated.
        grid: a contact sheet of pairs (`show_grid`), where there is one.
    """
    parts = [f"<h1>ptx: {escape(pipeline.results.name)}</h1>", *_status(pipeline)]
    if grid is not None:
        parts += ["<h2>Bodies, flow, visibility</h2>", _picture(np.asarray(Pillow.open(grid).convert("RGB")))]
    parts += _curves(pipeline)
    if done is not None:
        parts += [*_scores(done), *_transfers(pipeline, done)]
    page = f"<!doctype html><html lang=en><meta charset=utf-8><title>ptx report</title><style>{STYLE}</style>"
    path = pipeline.results / "report.html"
    write_atomic(path, (page + "\n".join(parts) + "</html>\n").encode())
    return path


def evaluate_and_report(pipeline: Pipeline, console: Console, count: int) -> Path:
    """Score the models on `count` test pairs (0: all), draw a contact sheet, write the page; returns its path."""
    from ptx.samples.sheets import show_grid

    return write_report(pipeline, evaluate(pipeline, console, count=count), show_grid(pipeline, 12, None))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f"<th>{escape(h)}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{body}</table>"


def _picture(image: NDArray[np.uint8], note: str = "") -> str:
    memory = BytesIO()
    Pillow.fromarray(image).save(memory, "JPEG", quality=88)
    data = base64.b64encode(memory.getvalue()).decode()
    return f'<p><img alt="{escape(note)}" src="data:image/jpeg;base64,{data}"><br><small>{escape(note)}</small></p>'


def _status(pipeline: Pipeline) -> Iterator[str]:
    yield "<h2>What is there</h2>"
    rows = [describe(pipeline, stage) for stage in pipeline.active]
    yield _table(
        ["stage", "state", "done", "of", "quarantined", "MB"],
        [[r.stage, r.condition, str(r.done), str(r.samples), str(r.quarantined), f"{r.bytes / 1e6:.1f}"] for r in rows],
    )
    models = [
        m for training in TRAININGS.values() if (m := describe_training(pipeline, training)).condition != "absent"
    ]
    yield _table(
        ["model", "state", "step", "scores of the best on held-out persons"],
        [[m.stage, m.condition, str(m.step), ", ".join(f"{k} {v:.4g}" for k, v in m.scores.items())] for m in models],
    )


def _curves(pipeline: Pipeline) -> Iterator[str]:
    yield "<h2>Training</h2>"
    for training in TRAININGS.values():
        log = training.folder(pipeline.results) / "log.csv"
        if not log.exists():
            continue
        curves: dict[str, list[tuple[int, float]]] = {}
        with log.open(newline="") as file:
            for row in csv.DictReader(file):
                curves.setdefault(row["term"], []).append((int(row["step"]), float(row["value"])))
        yield f"<p>{escape(training.name)}<br>{''.join(_curve(name, points) for name, points in curves.items())}</p>"


def _curve(name: str, points: list[tuple[int, float]], width: int = 260, height: int = 110) -> str:
    """A small line drawing; the mean of each of at most 120 stretches of steps."""
    x, y = np.array(points, np.float64).T
    groups = np.array_split(np.arange(len(x)), min(120, len(x)))
    xs, ys = np.array([x[g].mean() for g in groups]), np.array([y[g].mean() for g in groups])
    low, high = float(ys.min()), float(ys.max())
    u = 8 + (width - 16) * (xs - xs[0]) / max(xs[-1] - xs[0], 1e-9)
    v = height - 24 - (height - 44) * (ys - low) / max(high - low, 1e-12)
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(u, v, strict=True))
    words = f'<text x="8" y="14" font-size="11">{escape(name)}</text><text x="8" y="{height - 6}" font-size="10" fill="#777">'
    ends = f"{ys[0]:.3g} to {ys[-1]:.3g} in {x[-1]:.0f} steps</text>"
    return f'<svg width="{width}" height="{height}">{words}{ends}<polyline points="{line}" fill="none" stroke="#3867b0"/></svg>'


def _scores(done: Evaluation) -> Iterator[str]:
    rule = f"{len(done.pairs)} pairs of persons never seen in training; {done.protocol}."
    yield f"<h2>Scores</h2><p>{escape(rule)} Mean and 95 % bootstrap interval; the best is bold.</p>"
    for wanted in (PICTURES, FLOWS):
        metrics, rows = rows_of(done, wanted)
        if not rows:
            continue
        means = {k: {m: np.nanmean(v[k]) for m, v in rows.items() if k in v} for k in metrics}
        best = {k: max(means[k], key=lambda m: BEST[k] * means[k][m]) for k in metrics}
        cells = []
        for method, values in rows.items():
            row = [escape(method)]
            for metric in metrics:
                if metric not in values:
                    row.append("")
                    continue
                mean, low, high = interval(values[metric])
                text = f"{mean:.4g} <small>{low:.4g} to {high:.4g}</small>"
                row.append(f"<b>{text}</b>" if best[metric] == method else text)
            cells.append(row)
        yield _table(["", *metrics], cells)


def _transfers(pipeline: Pipeline, done: Evaluation) -> Iterator[str]:
    data = pairs_to_test(pipeline)
    place = {int(number): i for i, number in enumerate(data.numbers)}
    scores = [values["ssim"] for values in done.values.values() if "ssim" in values][-1]  # of the last trained model
    spread = np.unique(np.linspace(0, len(scores) - 1, min(8, len(scores))).round().astype(int))
    worst = np.argsort(scores)[:4]
    methods = painters(pipeline, flowers(pipeline))
    for title, chosen in (("Transfers, spread over the test pairs", spread), ("The worst, by SSIM", worst)):
        places = [place[int(done.pairs[i])] for i in chosen]
        batch = next(batches(pipeline, data.only(places), len(places)))
        with torch.inference_mode():
            columns = {name: to_uint8(paint(batch)) for name, paint in methods.items()}
        columns["truth"] = to_uint8(batch["target"])
        panels = [
            [Panel(pictures[r], name if r == 0 else "") for name, pictures in columns.items()]
            for r in range(len(places))
        ]
        yield f"<h2>{escape(title)}</h2>"
        yield _picture(sheet(panels, height=240), "each row is a pair; copying the source shows the source")
