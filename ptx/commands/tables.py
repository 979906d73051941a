"""Tables and lines that the commands print, made from data; `words.py` has the single words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from rich.markup import escape
from rich.table import Table

from ptx.commands.words import counted, duration, rate, size
from ptx.pipeline.step import Condition, Estimate, Outcome, StepStatus
from ptx.pipeline.storage.storage import Storage

if TYPE_CHECKING:
    from ptx.commands.doctor import Check
    from ptx.pipeline.verify import Findings
    from ptx.training.kept import ModelEntry

COLOURS: Mapping[Condition, str] = {"done": "green", "partial": "yellow", "stale": "magenta", "absent": "dim"}
"""Colour of each state of a step."""

ORIGINS = {
    "guess": "steps that never ran here are guesses",
    "benchmark": "times of trainings are those of a benchmark",
    "unknown": "unknown where a network that is needed is not trained yet",
}
"""Origin of an estimate → what the dry run says about it."""

MIN_RATE_SECONDS = 0.5
"""Seconds below which no rate is told: it would be that of starting."""


def estimate_table(rows: Sequence[Estimate], workspace: Storage, workers: int) -> Table:
    """Make the table of `ptx run --dry-run`."""
    table = _table("<step", "<state", "count", "blocks", "disk", "memory", "time", "<why")
    for row in rows:
        table.add_row(
            row.step,
            _coloured(row.condition),
            str(row.count),
            "" if row.blocks is None else str(row.blocks),
            "" if row.bytes is None else size(row.bytes),
            "" if row.memory is None else size(row.memory),
            "unknown" if row.seconds is None else duration(row.seconds),
            escape("; ".join(row.reasons)),
        )
    bytes_needed = sum(row.bytes or 0 for row in rows)
    seconds = sum(row.seconds or 0 for row in rows)
    unknown = any(row.count and row.seconds is None for row in rows)
    time = f"{'more than ' if unknown else ''}{duration(seconds)}"
    sentences = [f"{size(bytes_needed)} {_free(workspace)}", f"{time} on {workers} workers", "nothing was written"]
    sources = {row.source for row in rows if row.count}
    sentences += [words for source, words in ORIGINS.items() if source in sources]
    table.caption = "; ".join(sentences)
    table.caption_justify = "left"
    return table


def outcome_line(outcome: Outcome) -> str:
    """Put the end of a step's run into one line, with rich's markup."""
    parts = [outcome.condition, _computed(outcome)]
    if outcome.quarantined:
        parts.append(f"{outcome.quarantined} quarantined (`ptx status --problems`)")
    if outcome.waiting:
        parts.append(f"{outcome.waiting} blocks wait for inputs")
    scores = f"; {_scores(outcome.scores)}" if outcome.scores else ""
    return f"[bold]{outcome.step}[/bold]: {', '.join(parts)}{scores}"


def _computed(outcome: Outcome) -> str:
    if not outcome.computed:
        return "nothing to do"
    verb = "computed" if outcome.unit == "samples" else "steps trained"
    text = f"{outcome.computed} {verb} in {duration(outcome.seconds)}"
    return f"{text}, {rate(outcome.computed / outcome.seconds)}" if outcome.seconds > MIN_RATE_SECONDS else text


def status_tables(rows: Sequence[StepStatus]) -> list[Table]:
    """Make the tables of `ptx status`, one a unit in which steps count."""
    makers = {"samples": _sample_table, "steps": _training_table}
    tables = []
    for unit, make in makers.items():
        chosen = [row for row in rows if row.unit == unit]
        if chosen:
            tables.append(make(chosen))
    return tables


def _sample_table(rows: Sequence[StepStatus]) -> Table:
    table = _table("<stage", "<state", "done", "of", "bad", "skipped", "disk", "<why")
    for row in rows:
        codes = ", ".join(f"{code} {count}" for code, count in (*row.codes.items(), *row.counts.items()))
        counts = (row.done, row.of, row.quarantined, row.skipped)
        why = escape("; ".join(row.reasons)) or codes
        table.add_row(row.step, _coloured(row.condition), *map(str, counts), size(row.bytes), why)
    return table


def _training_table(rows: Sequence[StepStatus]) -> Table:
    table = _table("<model", "<state", "step", "of", "<scores of the model")
    for row in rows:
        why = escape("; ".join(row.reasons)) or _scores(row.scores)
        table.add_row(row.step, _coloured(row.condition), str(row.done), str(row.of), why)
    return table


def model_table(rows: Sequence[ModelEntry]) -> Table | str:
    """Make the table of `ptx models`, or the sentence that there are none."""
    table = _table("<model", "<", "step", "disk", "<trained", "<scores", "<differs from the settings")
    for row in rows:
        kind = "[green]current[/]" if row.current else "kept"
        date = row.changed.strftime("%Y-%m-%d %H:%M")
        differs = escape("; ".join(row.reasons))
        table.add_row(row.folder.name, kind, str(row.step), size(row.bytes), date, _scores(row.scores), differs)
    return table if table.row_count else "no models"


def problem_table(rows: Sequence[StepStatus]) -> Table | str:
    """Make the table of `ptx status --problems`, or the sentence that there are none."""
    table = _table("<stage", "<sample", "<code", "<reason")
    for row in rows:
        for name, problem in row.problems.items():
            table.add_row(row.step, escape(name), problem.code, escape(problem.text))
    return table if table.row_count else "no quarantined samples"


def findings_lines(findings: Findings, *, dropped: bool = False) -> list[str]:
    """Put what `ptx verify` found of one stage into lines; `dropped`: its damaged blocks were forgotten."""
    counts = f"{findings.done} done + {findings.quarantined} quarantined + {findings.pending} pending"
    total = f"{findings.samples} in = {counts}; {findings.blocks} blocks, {size(findings.bytes)}"
    head = f"[bold]{findings.stage}[/bold]: {total}"
    if not findings.faults:
        return [f"{head}: [green]sound[/]"]
    return [
        f"{head}: [red]{counted(len(findings.damaged), 'block')} damaged[/]",
        *(f"  {escape(fault)}" for fault in findings.faults),
        f"  the damaged blocks are forgotten: `ptx run {findings.stage}` computes them again"
        if dropped
        else f"  `ptx verify {findings.stage} --drop` forgets the damaged blocks, then `ptx run {findings.stage}` computes them again",
    ]


def doctor_table(checks: Sequence[Check]) -> Table:
    """Make the table of `ptx doctor`."""
    table = _table("<", "<what", "<found", "<how to get it")
    marks = {True: "[green]ok[/]", False: "[red]no[/]", None: "[dim]--[/]"}
    for check in checks:
        table.add_row(marks[check.ok], check.name, escape(check.detail), escape(check.cure))
    return table


def _table(*columns: str) -> Table:
    """Make an empty table; columns whose names begin with < are aligned to the left."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        name = column.removeprefix("<")
        justify: Literal["left", "right"] = "left" if column.startswith("<") else "right"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=name in ("step", "stage", "model"))
    return table


def _coloured(condition: Condition) -> str:
    return f"[{COLOURS[condition]}]{condition}[/]"


def _scores(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in scores.items())


def _free(workspace: Storage) -> str:
    free = workspace.free_bytes()
    return f"at {workspace}" if free is None else f"on disk, {size(free)} free"
