"""The scores of an evaluation: one value a pair, in memory and in `evaluation.zarr`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
import zarr
from numpy.typing import NDArray
from pydantic import BaseModel

from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.storage.files import explain
from ptx.pipeline.storage.local import file_lock

Scalar = TypeVar("Scalar", bound=np.generic)

Values = dict[str, dict[str, NDArray[np.float64]]]
"""Method → metric → one value a pair, NaN where the method was not scored on it; of a set's score (fid, is, mask_is, fashion_is) its
pseudo-values, whose mean it is."""

CONTROL = "photographs of the other split"
"""Row of real pictures that are scored against real pictures: the best that a painter can reach."""

PHOTOGRAPH = "the photograph"
"""Method of user studies that shows the target as it is: against it people say what they take for a photograph."""

FILE = "evaluation.zarr"
"""Name of the scores' file in a workspace."""

PERSONS = "person"
"""Name of the array of the pairs' persons."""

PHOTOGRAPHED = "photographed"
"""Name of the array of the photographs' persons."""

_FORMER_FLOWS = {
    "predicted flow": "regressed (A)",
    "learned flow": "learned (B)",
    "flow of fitted poses": "projected from fits to keypoints",
    "fitted flow": "projected, stored",
    "true flow": "ground truth",
}
FORMER_METHODS = _FORMER_FLOWS | {f"warp by {old}": f"warp by {new}" for old, new in _FORMER_FLOWS.items()}
"""Name of a method in files of earlier versions → its name."""


@dataclass(frozen=True)
class Scores:
    """Scores of every method on every pair."""

    protocol: str
    """The rules, in words."""
    pairs: NDArray[np.int64]
    """(N,) numbers in the whole data set of all pairs that were asked for, also of those that no method could be scored on."""
    values: Values
    networks: Mapping[str, str] = field(default_factory=dict)
    """Network that scored → hash of its weights."""
    path: Path = Path(FILE)
    """The file that holds them."""
    persons: NDArray[np.int64] | None = None
    """(N,) person of each pair; None in files of earlier versions."""
    photographed: NDArray[np.int64] | None = None
    """(M,) person of each photograph of the row `CONTROL`."""
    problems: tuple[str, ...] | None = None
    """(N,) why not every method was scored on a pair (`missing.pair_problems`), empty where all were; None in files of earlier versions."""
    split: int = 0
    """Pairs of the whole test split."""

    def persons_of(self, method: str) -> NDArray[np.int64] | None:
        """Return the persons of a method's values; None where they are not known."""
        return self.photographed if method == CONTROL else self.persons


class _Attributes(BaseModel):
    """Attributes of the file's root group."""

    protocol: str
    networks: dict[str, str]
    ptx: str
    order: dict[str, list[str]]
    """Method → its metrics, as they were scored; folders have no order of their own."""
    problems: list[str] | None = None
    """As in `Scores`; files of earlier versions have none."""
    split: int = 0
    """As in `Scores`."""


def write_scores(scores: Scores) -> None:
    """Write `evaluation.zarr` at the scores' own path, replacing what was there.

    It is written under another name and renamed when it is whole, so that a kill leaves what was there. Two evaluations at once
    leave the scores of the one that ended last.

    Raises:
        PtxError: the disk is full or may not be written.
    """
    temporary = scores.path.with_name(f".{scores.path.name}.tmp")
    former = scores.path.with_name(f".{scores.path.name}.old")
    with file_lock(scores.path.with_name(f".{scores.path.name}.lock")):
        try:
            _write(scores, temporary)
            shutil.rmtree(former, ignore_errors=True)
            with suppress(FileNotFoundError):
                os.rename(scores.path, former)
            os.rename(temporary, scores.path)
        except OSError as error:
            raise explain(error, scores.path) from error
        shutil.rmtree(former, ignore_errors=True)


def _write(scores: Scores, path: Path) -> None:
    order = {method: list(metrics) for method, metrics in scores.values.items()}
    attributes = _Attributes(
        protocol=scores.protocol,
        networks=dict(scores.networks),
        ptx=version("ptx"),
        order=order,
        problems=None if scores.problems is None else list(scores.problems),
        split=scores.split,
    )
    root = zarr.create_group(path, overwrite=True, attributes=attributes.model_dump())
    root.create_array("pair", data=scores.pairs)
    for name, persons in ((PERSONS, scores.persons), (PHOTOGRAPHED, scores.photographed)):
        if persons is not None:
            root.create_array(name, data=persons)
    for method, metrics in scores.values.items():
        for metric, values in metrics.items():
            root.create_array(f"{method}/{metric}", data=values)


def read_scores(path: Path) -> Scores:
    """Read `evaluation.zarr`, or that of a workspace.

    Raises:
        PtxError: there is none, or it is not what `write_scores` writes.
    """
    file = path / FILE if (path / FILE).is_dir() else path
    try:
        root = zarr.open_group(file, mode="r")
        attributes = _Attributes.model_validate(dict(root.attrs))
        values: Values = {}
        for method, metrics in attributes.order.items():
            own = {metric: _read(root, f"{method}/{metric}", np.float64) for metric in metrics}
            values[FORMER_METHODS.get(method, method)] = own
        pairs = _read(root, "pair", np.int64)
        persons, photographed = (_read(root, n, np.int64) if n in root else None for n in (PERSONS, PHOTOGRAPHED))
    except (FileNotFoundError, KeyError, ValueError, OSError) as error:
        raise PtxError(f"{file}: holds no scores ({one_line(error)}); `ptx evaluate` writes them") from None
    problems = None if attributes.problems is None else tuple(attributes.problems)
    return Scores(
        attributes.protocol, pairs, values, attributes.networks, file, persons, photographed, problems, attributes.split
    )


def _read(root: zarr.Group, name: str, kind: type[Scalar]) -> NDArray[Scalar]:
    array = root[name]
    if not isinstance(array, zarr.Array):
        raise KeyError(name)
    return np.asarray(array[:], kind)
