"""Many transfers from a table, which can be stopped and gone on with: `ptx transfer --pairs TABLE.csv`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ptx.inference.sheets import Look, show_transfer
from ptx.pipeline.errors import PtxError
from ptx.pipeline.progress import progress
from ptx.pipeline.storage.durable import read_json, write_json

if TYPE_CHECKING:
    from ptx.inference.model import Model

SOURCE, POSE = ("source", "from"), ("pose", "target", "to")
"""Names that the columns may have."""


@dataclass(frozen=True)
class BatchOutcome:
    """What became of a table."""

    painted: int
    """Pictures that are there now."""
    problems: dict[int, str]
    """Row (from 1) → why there is none."""


def read_transfers(table: Path) -> list[tuple[Path, Path]]:
    """Source and pose of every row; paths are relative to the table.

    Raises:
        PtxError: there is no such table, or it lacks a column or has no rows.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PtxError(f"{table}: cannot be read as CSV ({error})") from None
    names = [next((n for n in wanted if rows and n in rows[0]), None) for wanted in (SOURCE, POSE)]
    if None in names:
        raise PtxError(f"{table}: needs a row of names with the columns source and pose, and rows below it")
    return [(table.parent / (row[names[0]] or ""), table.parent / (row[names[1]] or "")) for row in rows]  # type: ignore[index]


def transfer_all(
    model: Model, pairs: Sequence[tuple[Path, Path]], folder: Path, look: Look, console: Console
) -> BatchOutcome:
    """Paint every pair into `folder`/ROW_SOURCE_POSE.png; rows whose picture is there are left alone, bad rows are noted.

    `folder`/transfers.json names the models; problems are listed in `folder`/problems.csv.

    Raises:
        PtxError: the folder holds pictures of other models.
    """
    facts = {"models": model.hashes, "look": look}
    known = read_json(folder / "transfers.json")
    if known is not None and known != facts:
        raise PtxError(f"{folder}: holds pictures of other models, or another look; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "transfers.json", facts)
    digits, painted, problems = len(str(len(pairs))), 0, {}
    outputs = [folder / f"{row:0{digits}}_{a.stem}_{b.stem}.png" for row, (a, b) in enumerate(pairs, 1)]
    there = [path.exists() for path in outputs]
    with progress("transfer", len(pairs), sum(there), console) as advance:
        for row, ((source, pose), output, done) in enumerate(zip(pairs, outputs, there, strict=True), 1):
            if not done:
                try:
                    show_transfer(model, source, pose, output, look)
                except PtxError as error:
                    problems[row] = str(error)
                advance(1, int(row in problems))
            painted += row not in problems
    with (folder / "problems.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("row", "why"), *problems.items()])
    return BatchOutcome(painted, problems)
