"""`ptx report`: one self-contained HTML page of the state of a workspace. No scripts, nothing fetched from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow

from ptx.datasets.spread import spread
from ptx.evaluation.bootstrap import interval
from ptx.evaluation.curves import draw_curve, read_curves
from ptx.evaluation.methods import Methods
from ptx.evaluation.pairs import TestPairs
from ptx.evaluation.scores import Scores
from ptx.evaluation.tables import FLOW_METRICS, IMAGE_METRICS, best_methods, select_metrics
from ptx.models.pixels import to_uint8
from ptx.pictures.sheet import Panel, sheet
from ptx.pipeline.step import StepStatus
from ptx.pipeline.storage.files import write_atomic
from ptx.training.trainings import TRAININGS

Image = NDArray[np.uint8]

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1100px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.7em } h2 { font-size: 1.25em; margin-top: 2em; border-bottom: 1px solid #ddd }
table { border-collapse: collapse; margin: 1em 0 } td, th { padding: .25em .8em; text-align: right; border-bottom: 1px solid #eee }
td:first-child, th:first-child { text-align: left } img { max-width: 100%; border: 1px solid #eee } small { color: #777 }
svg { background: #fafafa; border: 1px solid #eee; margin: .5em .5em 0 0 }
"""

FILE = "report.html"
"""Name of the page in a workspace."""

SPREAD_ROWS = 8
"""Most pairs of the sheet that is spread over the test pairs."""

WORST_ROWS = 4
"""Pairs of the sheet of the worst pictures."""

SHEET_HEIGHT = 240
"""Height of the pictures of a sheet, px."""

PHOTO_QUALITY = 88
"""JPEG quality of the page's pictures, of 100."""


def write_report(
    results: Path,
    statuses: Sequence[StepStatus],
    methods: Methods,
    pairs: TestPairs,
    scores: Scores,
    pair_sheet: Path | None = None,
) -> Path:
    """Write `report.html`; returns its path.

    Args:
        results: the workspace's folder of models, reports and pictures.
        statuses: the state of every step, in the order in which they run.
        methods: the methods that were scored.
        pairs: all test pairs.
        scores: the scores of some or all of them.
        pair_sheet: a contact sheet of pairs (`samples.sheets.show_grid`), where there is one.
    """
    parts = [f"<h1>ptx: {escape(results.name)}</h1>", *_status_table(statuses)]
    if pair_sheet is not None:
        parts += ["<h2>Bodies, flow, visibility</h2>", _picture(np.asarray(Pillow.open(pair_sheet).convert("RGB")))]
    parts += [*_training_curves(results), *_score_tables(scores), *_transfer_sheets(methods, pairs, scores)]
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>ptx report</title><style>{STYLE}</style>"
    path = results / FILE
    write_atomic(path, (head + "\n".join(parts) + "</html>\n").encode())
    return path


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells are HTML."""
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{body}</table>"


def _picture(image: Image, note: str = "") -> str:
    """A picture (H, W, 3) within the page, with a note below."""
    memory = BytesIO()
    Pillow.fromarray(image).save(memory, "JPEG", quality=PHOTO_QUALITY)
    data = base64.b64encode(memory.getvalue()).decode()
    return f'<p><img alt="{escape(note)}" src="data:image/jpeg;base64,{data}"><br><small>{escape(note)}</small></p>'


def _status_table(statuses: Sequence[StepStatus]) -> Iterator[str]:
    yield "<h2>What is there</h2>"
    head = ["step", "state", "done", "quarantined", "MB", "scores of the model on persons it was not trained on"]
    yield _table(head, [_status_row(status) for status in statuses if status.condition != "absent"])


def _status_row(status: StepStatus) -> list[str]:
    return [
        escape(status.step),
        status.condition,
        f"{status.done} of {status.of} {status.unit}",
        str(status.quarantined) if status.quarantined else "",
        f"{status.bytes / 1e6:.1f}" if status.bytes else "",
        ", ".join(f"{escape(name)} {value:.4g}" for name, value in status.scores.items()),
    ]


def _training_curves(results: Path) -> Iterator[str]:
    yield "<h2>Training</h2>"
    for training in TRAININGS.values():
        curves = read_curves(training.folder(results) / "log.csv")
        if curves:
            drawings = "".join(draw_curve(name, points) for name, points in curves.items())
            yield f"<p>{escape(training.name)}<br>{drawings}</p>"


def _score_tables(scores: Scores) -> Iterator[str]:
    rule = f"{len(scores.pairs)} pairs of persons never seen in training; {scores.protocol}."
    yield f"<h2>Scores</h2><p>{escape(rule)} Mean and 95 % bootstrap interval; the best is bold.</p>"
    for wanted in (IMAGE_METRICS, FLOW_METRICS):
        metrics, rows = select_metrics(scores.values, wanted)
        if not rows:
            continue
        best = best_methods(rows, metrics)
        cells = [
            [escape(method), *(_score_cell(own.get(metric), bold=best[metric] == method) for metric in metrics)]
            for method, own in rows.items()
        ]
        yield _table(["", *metrics], cells)


def _score_cell(values: NDArray[np.float64] | None, *, bold: bool) -> str:
    if values is None:
        return ""
    mean, low, high = interval(values)
    text = f"{mean:.4g} <small>{low:.4g} to {high:.4g}</small>"
    return f"<b>{text}</b>" if bold else text


def _transfer_sheets(methods: Methods, pairs: TestPairs, scores: Scores) -> Iterator[str]:
    ssim = scores.values[methods.systems[-1].name]["ssim"]
    evenly = spread(len(ssim), SPREAD_ROWS)
    worst = np.argsort(ssim)[:WORST_ROWS]
    yield from _transfer_sheet("Transfers, spread over the test pairs", methods, pairs, scores.pairs[evenly])
    yield from _transfer_sheet("The worst, by SSIM", methods, pairs, scores.pairs[worst])


def _transfer_sheet(title: str, methods: Methods, pairs: TestPairs, numbers: NDArray[np.int64]) -> Iterator[str]:
    """The pictures of every method for the pairs of these numbers, one row a pair."""
    position = {number: i for i, number in enumerate(pairs.numbers.tolist())}
    chosen = pairs.only(np.array([position[number] for number in numbers.tolist()]))
    batch = next(chosen.batches(len(chosen)))
    with torch.inference_mode():
        columns = {method.name: to_uint8(method.run(batch)) for method in methods.images}
    columns["truth"] = to_uint8(batch.rows["target"])
    rows = [
        [Panel(pictures[row], name if row == 0 else "") for name, pictures in columns.items()]
        for row in range(len(chosen))
    ]
    note = f"Each row is a pair; copying the source shows the source. From the left: {', '.join(columns)}."
    yield f"<h2>{escape(title)}</h2>"
    yield _picture(sheet(rows, height=SHEET_HEIGHT), note)
