"""What the commands print: tables and lines from data. The only place that words them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from ptx.pipeline.estimate import Estimate
from ptx.pipeline.plan import Pipeline, Plan
from ptx.pipeline.progress import duration
from ptx.pipeline.run import Outcome
from ptx.pipeline.status import Status
from ptx.pipeline.verify import Findings

COLOURS = {"done": "green", "partial": "yellow", "stale": "magenta", "absent": "dim"}


def size(count: float) -> str:
    """Bytes as people say them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        left = column.startswith("<")
        table.add_column(
            column.strip("<"), justify="left" if left else "right", overflow="fold", no_wrap=column == "<stage"
        )
    return table


def estimate_table(rows: Sequence[Estimate], pipeline: Pipeline) -> Table:
    """`ptx run --dry-run`."""
    table = _table("<stage", "<state", "samples", "blocks", "disk", "memory", "time", "<why")
    for r in rows:
        state = f"[{COLOURS[r.condition]}]{r.condition}[/]"
        table.add_row(
            r.stage,
            state,
            str(r.samples),
            str(r.blocks),
            size(r.bytes),
            size(r.memory),
            duration(r.seconds),
            "; ".join(r.reasons),
        )
    total = sum(r.bytes for r in rows)
    took, workers = duration(sum(r.seconds for r in rows)), pipeline.settings.run.worker_count
    table.caption = f"{size(total)} {_room(pipeline.workspace)}; {took} on {workers} workers; nothing was written"
    if any(r.samples and not r.measured for r in rows):
        table.caption += "; stages that never ran here are guesses"
    table.caption_justify = "left"
    return table


def _room(workspace: Path) -> str:
    if not isinstance(workspace, Path):
        return f"at {workspace}"
    while not workspace.exists():
        workspace = workspace.parent
    return f"on disk, {size(shutil.disk_usage(workspace).free)} free"


def outcome_line(outcome: Outcome, plan: Plan) -> str:
    """The end of a stage's run, in one line."""
    rate = f", {outcome.computed / outcome.seconds:.0f}/s" if outcome.computed and outcome.seconds > 0.5 else ""
    what = f"{outcome.computed} computed in {duration(outcome.seconds)}{rate}" if outcome.computed else "nothing to do"
    bad = f", {outcome.bad} quarantined (`ptx status --problems`)" if outcome.bad else ""
    waiting = f", {outcome.waiting} blocks wait for inputs" if outcome.waiting else ""
    return f"[bold]{outcome.stage}[/bold]: {plan.condition}, {what}{bad}{waiting}"


def status_table(rows: Sequence[Status]) -> Table:
    """`ptx status`."""
    table = _table("<stage", "<state", "done", "of", "bad", "skipped", "disk", "<why")
    for r in rows:
        why = "; ".join(r.reasons) or ", ".join(f"{code} {n}" for code, n in r.codes.items())
        state = f"[{COLOURS[r.condition]}]{r.condition}[/]"
        table.add_row(
            r.stage, state, str(r.done), str(r.samples), str(r.quarantined), str(r.skipped), size(r.bytes), why
        )
    return table


def training_table(rows: Sequence[Any]) -> Table:
    """The models' part of `ptx status`."""
    table = _table("<model", "<state", "step", "of", "<scores of the best")
    for r in rows:
        words = "; ".join(r.reasons) or ", ".join(f"{name} {value:.4g}" for name, value in r.scores.items())
        table.add_row(r.stage, f"[{COLOURS[r.condition]}]{r.condition}[/]", str(r.step), str(r.steps), words)
    return table


def problem_table(rows: Sequence[Status]) -> Table | str:
    """`ptx status --problems`."""
    table = _table("<stage", "<sample", "<reason")
    for r in rows:
        for name, reason in r.problems.items():
            table.add_row(r.stage, name, reason)
    return table if table.row_count else "no quarantined samples"


def findings_lines(found: Findings) -> list[str]:
    """`ptx verify`, one stage."""
    total = f"{found.samples} in = {found.done} done + {found.quarantined} quarantined + {found.pending} pending"
    head = f"[bold]{found.stage}[/bold]: {total}; {found.blocks} blocks, {size(found.bytes)}"
    if not found.faults:
        return [f"{head}: [green]sound[/]"]
    cure = f"`ptx verify {found.stage} --drop` forgets the damaged blocks, then `ptx run {found.stage}` computes them again"
    return [
        f"{head}: [red]{len(found.damaged)} blocks damaged[/]",
        *(f"  {fault}" for fault in found.faults),
        f"  {cure}",
    ]


def doctor_table(checks: Sequence[Any]) -> Table:
    """`ptx doctor`."""
    table = _table("<", "<what", "<found", "<how to get it")
    marks = {True: "[green]ok[/]", False: "[red]no[/]", None: "[dim]--[/]"}
    for check in checks:
        table.add_row(marks[check.ok], check.name, check.detail, check.cure or "")
    return table
