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
from ptx.evaluation.missing import describe_pairs
from ptx.evaluation.pairs import TestPairs
from ptx.evaluation.protocols import CPU
from ptx.evaluation.scores import Scores
from ptx.evaluation.tables import FLOW_METRICS, IMAGE_METRICS, best_methods, describe_intervals, score_grids
from ptx.models.pixels import to_uint8
from ptx.pictures.sheet import Panel, sheet
from ptx.pipeline.step import StepStatus
from ptx.pipeline.storage.files import write_atomic
from ptx.training.trainings import TRAININGS

Image = NDArray[np.uint8]

STYLE = """
:root { color-scheme: light dark; --line: #ddd; --paper: #fafafa; --soft: #6a6a6a }
@media (prefers-color-scheme: dark) { :root { --line: #444; --paper: #222; --soft: #aaa } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.7em } h2 { font-size: 1.25em; margin-top: 2em; border-bottom: 1px solid var(--line) }
table { border-collapse: collapse; margin: 1em 0; display: block; overflow-x: auto }
td, th { padding: .25em .8em; text-align: right; border-bottom: 1px solid var(--line) }
td:first-child, th:first-child { text-align: left } img { max-width: 100%; border: 1px solid var(--line) } small { color: var(--soft) }
svg { background: var(--paper); border: 1px solid var(--line); margin: .5em .5em 0 0 }
.zoom { display: block; cursor: zoom-in } .zoom input { position: absolute; opacity: 0 }
.zoom input:focus-visible + img { outline: 3px solid #4a90d9 }
.zoom input:checked + img { position: fixed; inset: 0; z-index: 1; width: 100vw; height: 100vh; max-width: none; border: 0;
  box-sizing: border-box; padding: 1em; object-fit: contain; background: rgb(0 0 0 / .88); cursor: zoom-out }
"""
"""Style of the page. A picture is enlarged by a click or the space key, without a script: its box is ticked."""

WHITE = 255
"""8-bit value of a white pixel."""

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
    device: torch.device = CPU,
) -> Path:
    """Write `report.html`; returns its path.

    Args:
        results: the workspace's folder of models, reports and pictures.
        statuses: the state of every step, in the order in which they run.
        methods: the methods that were scored.
        pairs: all test pairs.
        scores: the scores of some or all of them.
        pair_sheet: a contact sheet of pairs (`samples.sheets.show_grid`), where there is one.
        device: where the methods run.
    """
    parts = [f"<h1>ptx: {escape(results.name)}</h1>", *_status_table(statuses), *_score_tables(scores)]
    parts += _transfer_sheets(methods, pairs, scores, device)
    if pair_sheet is not None:
        parts += ["<h2>Bodies, flow, visibility</h2>", _picture(np.asarray(Pillow.open(pair_sheet).convert("RGB")))]
    parts += _training_curves(results)
    head = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    head += f"<title>ptx report</title><style>{STYLE}</style>"
    path = results / FILE
    write_atomic(path, (head + "\n".join(parts) + "</html>\n").encode("utf-8", "backslashreplace"))
    return path


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells are HTML."""
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{body}</table>"


def _picture(image: Image, note: str = "") -> str:
    """A picture (H, W, 3) within the page, which a click enlarges, with a note below."""
    memory = BytesIO()
    Pillow.fromarray(image).save(memory, "JPEG", quality=PHOTO_QUALITY)
    data = base64.b64encode(memory.getvalue()).decode()
    shown = f'<img alt="{escape(note)}" src="data:image/jpeg;base64,{data}">'
    return (
        f'<p><label class=zoom><input type=checkbox aria-label="enlarge the picture">{shown}</label>'
        f"<small>{escape(note)}</small></p>"
    )


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
    rule = f"{describe_pairs(scores)}, of persons never seen in training; {scores.protocol}."
    yield f"<h2>Scores</h2><p>{escape(rule)} Mean and interval; the best is bold. {escape(describe_intervals(scores))}.</p>"
    for wanted in (IMAGE_METRICS, FLOW_METRICS):
        for title, metrics, rows, counts in score_grids(scores, wanted):
            best = best_methods(rows, metrics) if counts is None else {}
            cells = []
            for method, own in rows.items():
                persons = scores.persons_of(method)
                row = [_score_cell(own.get(metric), persons, bold=best.get(metric) == method) for metric in metrics]
                cells.append([escape(method), *row, *([] if counts is None else [str(counts.get(method, ""))])])
            if title:
                yield f"<p>{escape(title)}</p>"
            yield _table(["", *metrics, *([] if counts is None else ["pairs"])], cells)


def _score_cell(values: NDArray[np.float64] | None, persons: NDArray[np.int64] | None, *, bold: bool) -> str:
    if values is None or not np.isfinite(values).any():
        return ""
    mean, low, high = interval(values, persons)
    text = f"{mean:.4g} <small>{low:.4g} to {high:.4g}</small>"
    return f"<b>{text}</b>" if bold else text


def _transfer_sheets(methods: Methods, pairs: TestPairs, scores: Scores, device: torch.device) -> Iterator[str]:
    """The worst pairs first: what fails says more than what works."""
    ssim = scores.values[methods.systems[-1].name]["ssim"]
    scored = np.flatnonzero(np.isfinite(ssim))
    worst = scored[np.argsort(ssim[scored])[:WORST_ROWS]]
    evenly = scored[spread(len(scored), SPREAD_ROWS)]
    titles = {"The worst, by SSIM": worst, "Transfers, spread over the test pairs": evenly}
    for title, rows in titles.items():
        values = ", ".join(f"{value:.3f}" for value in ssim[rows])
        note = f"SSIM of {methods.systems[-1].name}, from above: {values}."
        yield from _transfer_sheet(title, note, methods, pairs, scores.pairs[rows], device)


def _transfer_sheet(
    title: str, scored: str, methods: Methods, pairs: TestPairs, numbers: NDArray[np.int64], device: torch.device
) -> Iterator[str]:
    """The pictures of every method for the pairs of these numbers, one row a pair; blank where a method lacks what it needs."""
    position = {number: i for i, number in enumerate(pairs.numbers.tolist())}
    chosen = pairs.only(np.array([position[number] for number in numbers.tolist()]))
    columns = [method.name for method in methods.images]
    pictures: dict[int, list[Image]] = {}
    with torch.inference_mode():
        for batch in chosen.batches(len(chosen)):
            target = to_uint8(batch.rows["target"])
            moved = batch.to(device)
            painted = [
                to_uint8(method.run(moved)) if batch.has(method.needs) else np.full_like(target, WHITE)
                for method in methods.images
            ]
            for row, number in enumerate(batch.rows["pair"].tolist()):
                pictures[number] = [*(column[row] for column in painted), target[row]]
    names = [*columns, "truth"]
    rows = [
        [Panel(picture, name if row == 0 else "") for name, picture in zip(names, pictures[number], strict=True)]
        for row, number in enumerate(numbers.tolist())
    ]
    note = f"Each row is a pair; copying the source shows the source. From the left: {', '.join(names)}. {scored}"
    yield f"<h2>{escape(title)}</h2>"
    yield _picture(sheet(rows, height=SHEET_HEIGHT), note)
