"""What a training says of itself: a table for reports, and TensorBoard's events."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from torch.utils.tensorboard import SummaryWriter

from ptx.pipeline.storage.durable import write_atomic

HEAD = ["step", "term", "value"]


class Log:
    """`log.csv` and `events/` of one training's folder, gone on with after `step`."""

    def __init__(self, folder: Path, step: int, active: bool) -> None:
        """`active`: False in processes that only help."""
        self.path, self.active = folder / "log.csv", active
        if not active:
            return
        _forget_after(self.path, step)
        self._file = self.path.open("a", newline="")
        self._rows = csv.writer(self._file)
        self._events = SummaryWriter(str(folder / "events"), purge_step=step + 1 if step else None)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self.active:
            self._file.close()
            self._events.close()

    def write(self, step: int, terms: Mapping[str, float]) -> None:
        """Losses or scores of a step, by name."""
        if not self.active:
            return
        self._rows.writerows([step, name, f"{value:.6g}"] for name, value in terms.items())
        self._file.flush()
        for name, value in terms.items():
            self._events.add_scalar(name, value, step)


def _forget_after(path: Path, step: int) -> None:
    """Drop the rows of steps that were done after the last checkpoint: they will be done again."""
    rows = []
    if path.exists():
        with path.open(newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) == 3 and row[0].isdigit() and int(row[0]) <= step]
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *rows])
    write_atomic(path, text.getvalue().encode())
