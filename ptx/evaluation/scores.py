"""The scores of an evaluation: one value a pair, in memory and in `evaluation.zarr`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
import zarr
from numpy.typing import NDArray
from pydantic import BaseModel

from ptx.pipeline.errors import PtxError, one_line

Scalar = TypeVar("Scalar", bound=np.generic)

Values = dict[str, dict[str, NDArray[np.float64]]]
"""Method → metric → one value a pair; of a set's score (fid, is, mask_is, fashion_is) its pseudo-values, whose mean it is."""

CONTROL = "photographs of the other split"
"""Row of real pictures that are scored against real pictures: the best that a painter can reach."""

PHOTOGRAPH = "the photograph"
"""Method of user studies that shows the target as it is: against it people say what they take for a photograph."""

FILE = "evaluation.zarr"
"""Name of the scores' file in a workspace."""

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
    """(N,) numbers of the pairs in the whole data set."""
    values: Values
    networks: Mapping[str, str] = field(default_factory=dict)
    """Network that scored → hash of its weights."""
    path: Path = Path(FILE)
    """The file that holds them."""


class _Attributes(BaseModel):
    """Attributes of the file's root group."""

    protocol: str
    networks: dict[str, str]
    ptx: str
    order: dict[str, list[str]]
    """Method → its metrics, as they were scored; folders have no order of their own."""


def write_scores(scores: Scores) -> None:
    """Write `evaluation.zarr` at the scores' own path, replacing what was there."""
    order = {method: list(metrics) for method, metrics in scores.values.items()}
    attributes = _Attributes(protocol=scores.protocol, networks=dict(scores.networks), ptx=version("ptx"), order=order)
    root = zarr.create_group(scores.path, overwrite=True, attributes=attributes.model_dump())
    root.create_array("pair", data=scores.pairs)
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
    except (FileNotFoundError, KeyError, ValueError, OSError) as error:
        raise PtxError(f"{file}: holds no scores ({one_line(error)}); `ptx evaluate` writes them") from None
    return Scores(attributes.protocol, pairs, values, attributes.networks, file)


def _read(root: zarr.Group, name: str, kind: type[Scalar]) -> NDArray[Scalar]:
    array = root[name]
    if not isinstance(array, zarr.Array):
        raise KeyError(name)
    return np.asarray(array[:], kind)
