"""The log of a training: a table for reports, TensorBoard's events, and the time of a step for estimates."""

from __future__ import annotations

import csv
import io
import statistics
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from torch.utils.tensorboard import SummaryWriter

from ptx.pipeline.errors import PtxError, printable
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.storage.files import write_atomic, write_json
from ptx.training.settings import TrainSettings

COLUMNS = ["step", "term", "value"]
"""Columns of `log.csv`."""

RATE_FILE = "rate.json"
"""File in a model's folder with the seconds that a step took."""

RATE_STEPS = 100
"""Latest steps whose median time is written."""

RATE_SETTINGS = (
    "base_channels", "max_channels", "scales", "batch", "accumulate", "precision", "devices", "nodes", "compile",
)  # fmt: skip
"""Settings that the time of a step depends on."""


class Log:
    """`log.csv` and `events/` of one model's folder, continued after a step.

    Args:
        folder: of the model.
        step: the last step that is done; rows of later ones, which will be done again, are dropped.
        active: False in processes that only help another: nothing is written.

    Raises:
        PtxError: the folder's name is no UTF-8.
    """

    def __init__(self, folder: Path, step: int, active: bool) -> None:
        self.path = folder / "log.csv"
        self.active = active
        if not active:
            return
        if printable(str(folder)) != str(folder):
            raise PtxError(
                f"{folder}: TensorBoard writes into no folder whose name is no UTF-8; name another `results:`"
            )
        _drop_after(self.path, step)
        self._file = self.path.open("a", newline="")
        self._rows = csv.writer(self._file)
        self._events = SummaryWriter(str(folder / "events"), purge_step=step + 1 if step else None)

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.active:
            self._file.close()
            self._events.close()

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Write losses or scores of a step, by name."""
        if not self.active:
            return
        self._rows.writerows([step, name, f"{value:.6g}"] for name, value in values.items())
        self._file.flush()
        for name, value in values.items():
            self._events.add_scalar(name, value, step)


def _drop_after(path: Path, step: int) -> None:
    """Drop the rows of steps after the last checkpoint: they will be done again."""
    rows = []
    if path.exists():
        with path.open(newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) == 3 and row[0].isdigit() and int(row[0]) <= step]
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *rows])
    write_atomic(path, text.getvalue().encode())


class StepClock:
    """Measures the wall-clock seconds of training steps, reading of batches included, validation and checkpoints not."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=RATE_STEPS)
        self._started = time.monotonic()

    def start(self) -> None:
        """Begin to measure a step."""
        self._started = time.monotonic()

    def stop(self) -> None:
        """A step is over; the next one begins."""
        now = time.monotonic()
        self._seconds.append(now - self._started)
        self._started = now

    @property
    def seconds(self) -> float | None:
        """Median seconds of a step; None before the second one, since the first waits for much else."""
        later = list(self._seconds)[1:]
        return statistics.median(later) if later else None


def rate_conditions(settings: TrainSettings, size: tuple[int, int]) -> dict[str, Json]:
    """Collect what the time of a step depends on besides the machine; `size`: height, width of the pictures, px."""
    known = settings.model_dump(mode="json")
    return {"size": list(size), "settings": {name: known[name] for name in RATE_SETTINGS if name in known}}


def write_rate(folder: Path, seconds: float, device: str, conditions: Mapping[str, Json]) -> None:
    """Write `RATE_FILE`: seconds of a step on a kind of device, under the conditions of `rate_conditions`."""
    write_json(folder / RATE_FILE, {"seconds": seconds, "device": device, **conditions})
