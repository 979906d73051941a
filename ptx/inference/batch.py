"""Many transfers from a table, which can be stopped and gone on with: `ptx transfer --pairs TABLE.csv`."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ptx.datasets.images import Frame
from ptx.inference.backgrounds import PAINTED, backdrop_of
from ptx.inference.engine import Engine
from ptx.inference.origin import origin
from ptx.inference.sheets import Look, draw_painting
from ptx.pictures.png import save_png
from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.events import Listener, progress
from ptx.pipeline.storage.files import read_json_object, write_json

SOURCE_COLUMNS = ("source", "from")
"""Names that the column of source pictures may have."""

SEPARATOR = ";"
"""Between several photographs of one person."""

POSE_COLUMNS = ("pose", "target", "to")
"""Names that the column of poses may have."""


FORMER_FRAME: Frame = "person"
"""The frame of pictures that were painted before there was a choice."""


class Transfer(NamedTuple):
    """One row of a table."""

    sources: tuple[Path, ...]
    """Photographs of a person, one or several."""
    pose: Path
    """Photograph of someone in the wanted pose, or OpenPose's JSON file."""


@dataclass(frozen=True)
class BatchOutcome:
    """The result of a table of transfers."""

    painted: int
    """Pictures that are there now."""
    problems: Mapping[int, str]
    """Row (from 1) → why there is no picture of it."""


def read_transfers(table: Path) -> list[Transfer]:
    """Read a CSV table; paths in it are relative to the table, and several photographs of one person have semicolons between.

    Raises:
        PtxError: there is no such table, or it lacks a column or has no rows, or a row lacks a path.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PtxError(f"{table}: cannot be read as CSV ({one_line(error)})") from None
    source = _column(rows, SOURCE_COLUMNS)
    pose = _column(rows, POSE_COLUMNS)
    if source is None or pose is None:
        raise PtxError(f"{table}: needs a row of names with the columns source and pose, and rows below it")
    short = [number for number, row in enumerate(rows, 1) if not ((row[source] or "").strip("; ") and row[pose])]
    if short:
        raise PtxError(f"{table}: row {short[0]} below the names lacks a source or a pose")
    return [Transfer(_photographs(table.parent, row[source]), table.parent / row[pose]) for row in rows]


def _photographs(folder: Path, cell: str) -> tuple[Path, ...]:
    """Return the files that a cell names; a name with a semicolon is one file where it is there."""
    if (folder / cell).exists():
        return (folder / cell,)
    return tuple(folder / name.strip() for name in cell.split(SEPARATOR) if name.strip())


def _column(rows: Sequence[Mapping[str, str]], names: Sequence[str]) -> str | None:
    """Return the first of some names that is a column of the table."""
    return next((name for name in names if rows and name in rows[0]), None)


def transfer_all(
    model: Engine,
    transfers: Sequence[Transfer],
    folder: Path,
    look: Look,
    listener: Listener,
    background: str = PAINTED,
) -> BatchOutcome:
    """Paint every row into `folder`/ROW_SOURCE_POSE.png; rows whose picture is there are left alone, bad rows are noted.

    `folder`/transfers.json names the models; problems are listed in `folder`/problems.csv.

    Raises:
        PtxError: the folder holds pictures of other models, or of another look or background; or there is no such background.
    """
    facts: dict[str, str | Mapping[str, str]] = {"models": model.hashes, "look": look, "frame": model.frame}
    backdrop = backdrop_of(background)
    _claim_folder(folder, facts if backdrop is None else {**facts, "background": background})
    digits = len(str(len(transfers)))
    outputs = [
        folder / f"{row:0{digits}}_{sources[0].stem}_{pose.stem}.png"
        for row, (sources, pose) in enumerate(transfers, 1)
    ]
    missing = [row for row, path in enumerate(outputs, 1) if not path.exists()]
    problems: dict[int, str] = {}
    with progress(listener, "transfer", len(transfers), len(transfers) - len(missing)) as advance:
        for row in missing:
            sources, pose = transfers[row - 1]
            try:
                painting = model.transfer(sources, pose)
                title = f"{sources[0].name} in the pose of {pose.name}"
                made = origin("ptx transfer", [model], look, [*sources, pose], background)
                drawn = backdrop.draw(painting) if backdrop else draw_painting(painting, look, title)
                save_png(drawn, outputs[row - 1], made)
            except PtxError as error:
                problems[row] = str(error)
            advance(1, int(row in problems))
    with (folder / "problems.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("row", "why"), *problems.items()])
    return BatchOutcome(len(transfers) - len(problems), problems)


def _claim_folder(folder: Path, facts: Mapping[str, str | Mapping[str, str]]) -> None:
    """Write into a folder how its pictures are made; raises PtxError where others are in it."""
    path = folder / "transfers.json"
    known = read_json_object(path)
    if known and {"frame": FORMER_FRAME, **known} != facts:
        raise PtxError(
            f"{folder}: holds pictures of other models, or another look, frame or background; name another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, facts)
