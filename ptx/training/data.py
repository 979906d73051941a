"""Batches of pairs, read from the stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypedDict, TypeVar, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ptx.datasets.attribute_files import Clothes, annotation_digest, read_clothes
from ptx.datasets.data_set import ExactFlow
from ptx.datasets.spread import spread
from ptx.geometry.quantization import decode_flow
from ptx.models.pixels import to_tensor, with_alpha
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline, Plan
from ptx.pipeline.storage.records import OK
from ptx.pipeline.storage.storage import Storage
from ptx.pipeline.storage.store import Store
from ptx.training.bodies import StoredBodies
from ptx.training.context import TrainingContext
from ptx.training.training import FROM_BODIES

TRAIN = 0
"""Split of a data set that networks are trained on."""

TEST = 1
"""Split of held-out persons."""

Scalar = TypeVar("Scalar", bound=np.generic)


class Batch(TypedDict, total=False):
    """Pairs of pictures with everything that is known of them; which fields are there depends on the stages that were read."""

    pair: Tensor
    """(B,) int64 number of each pair in the data set."""
    source: Tensor
    """(B, 3, H, W) float32 in -1..1."""
    target: Tensor
    """(B, 3, H, W) float32 in -1..1."""
    source_keypoints: Tensor
    """(B, 18, 3) float32: x, y px, confidence; missing NaN, NaN, 0."""
    target_keypoints: Tensor
    """(B, 18, 3) float32, likewise."""
    flow: Tensor
    """(B, 2, H, W) float32 px from target to source, 0 on background; from stage synth-flow."""
    visibility: Tensor
    """(B, 1, H, W) uint8 labels of the target's pixels (`ptx.geometry.labels`); from stage visibility."""
    source_part: Tensor
    """(B, H, W) uint8 labels of `ptx.geometry.joints.PARTS`; from stage rasterize."""
    target_part: Tensor
    """(B, H, W) uint8, likewise."""
    source_parsing: Tensor
    """(B, H, W) uint8 labels of `ptx.labels.GARMENTS`; from stage parse."""
    target_parsing: Tensor
    """(B, H, W) uint8, likewise."""
    target_attributes: Tensor
    """(B, K) bool: the attributes of the target's clothes; from annotation files."""
    target_category: Tensor
    """(B,) int64 category of the target's clothes; from annotation files."""
    carried_flow: Tensor
    """(B, 2, H, W) float32 px from target to source of the source's dressed body in the target's pose; from stage silhouette."""
    carried_visibility: Tensor
    """(B, 1, H, W) uint8 labels, likewise."""
    drawn: Tensor
    """(B, 4, H, W) float32: the source's completed surface in the target's pose, colours in -1..1, alpha 0 to 1; from stage
    draw-surface."""
    true_flow: Tensor
    """(B, 2, H, W) float32 px from target to source, as the pictures were rendered; of synthetic people."""
    true_visibility: Tensor
    """(B, 1, H, W) uint8 labels, likewise."""


BatchField = Literal[
    "pair", "source", "target", "source_keypoints", "target_keypoints", "flow", "visibility", "source_part", "target_part",
    "source_parsing", "target_parsing", "target_attributes", "target_category", "carried_flow", "carried_visibility",
    "drawn", "true_flow", "true_visibility",
]  # fmt: skip
"""Name of a field of `Batch`."""

BATCH_FIELDS: tuple[BatchField, ...] = get_args(BatchField)
"""All fields of `Batch`."""


def map_batch(batch: Batch, change: Callable[[Tensor], Tensor]) -> Batch:
    """Apply a function to every tensor of a batch."""
    changed: Batch = {}
    for name in BATCH_FIELDS:
        if name in batch:
            changed[name] = change(batch[name])
    return changed


def move_batch(batch: Batch, device: torch.device) -> Batch:
    """Copy a batch to a device, without waiting for it."""
    return map_batch(batch, lambda values: values.to(device, non_blocking=True))


def stack_rows(rows: Sequence[Batch]) -> Batch:
    """Stack single pairs, whose tensors lack the first dimension, to a batch."""
    batch: Batch = {}
    for name in BATCH_FIELDS:
        if name in rows[0]:
            batch[name] = torch.stack([row[name] for row in rows])
    return batch


def flow_inputs(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """The inputs of a flow network: keypoints of source and target (B, 18, 3), the source's picture (B, 3, H, W)."""
    return batch["source_keypoints"], batch["target_keypoints"], batch["source"]


@dataclass(frozen=True)
class PairData(Dataset[Batch]):
    """The usable pairs of a split. Opens stores in whatever process reads it."""

    storage: Storage
    """Storage of the stores."""
    pairs: NDArray[np.int32]
    """(N, 2) target image, source image."""
    numbers: NDArray[np.int64]
    """(N,) number of each in the whole data set."""
    reads: tuple[str, ...] = FROM_BODIES
    """Stages whose stores are read."""
    clothes: Clothes | None = None
    """Annotation of the clothes on every image, for trainings that read it."""
    bodies: StoredBodies | None = None
    """The people of the images, for trainings that read the flow of dressed bodies."""
    truth: ExactFlow | None = None
    """The exact flow of the pictures, for trainings that read it."""

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Batch:
        """Read one pair; its tensors lack the first dimension of a `Batch`."""
        target = int(self.pairs[index, 0])
        source = int(self.pairs[index, 1])
        pair = int(self.numbers[index])
        row: Batch = {
            "source": to_tensor(self._read("ingest", "image", source, np.uint8)),
            "target": to_tensor(self._read("ingest", "image", target, np.uint8)),
            "source_keypoints": torch.from_numpy(self._read("keypoints", "keypoints", source, np.float32)),
            "target_keypoints": torch.from_numpy(self._read("keypoints", "keypoints", target, np.float32)),
            "pair": torch.tensor(pair),
        }
        if "synth-flow" in self.reads:
            flow = decode_flow(self._read("flow", "flow", pair, np.int16))  # (H, W, 2)
            row["flow"] = torch.from_numpy(flow.transpose(2, 0, 1).copy())
            row["visibility"] = torch.from_numpy(self._read("visibility", "visibility", pair, np.uint8))[None]
            row["source_part"] = torch.from_numpy(self._read("surface", "part", source, np.uint8))
            row["target_part"] = torch.from_numpy(self._read("surface", "part", target, np.uint8))
        if "parse" in self.reads:
            row["source_parsing"] = torch.from_numpy(self._read("parsing", "labels", source, np.uint8))
            row["target_parsing"] = torch.from_numpy(self._read("parsing", "labels", target, np.uint8))
        if "draw-surface" in self.reads:
            row["drawn"] = with_alpha(self._read("drawn", "drawn", pair, np.uint8))
        if self.clothes is not None:
            row["target_attributes"] = torch.from_numpy(self.clothes.attributes[target])
            row["target_category"] = torch.tensor(self.clothes.categories[target])
        if self.bodies is not None:
            row["carried_flow"], row["carried_visibility"] = _maps(self.bodies.carried_flow(target, source))
        if self.truth is not None:
            row["true_flow"], row["true_visibility"] = _maps(self.truth.flow(target, source))
        return row

    def _read(self, store: str, array: str, index: int, kind: type[Scalar]) -> NDArray[Scalar]:
        row: NDArray[Scalar] = _store(self.storage, store).read(array, np.array([index]), kind)[0]
        return row

    def batches(self, size: int) -> Iterator[Batch]:
        """The pairs in order, `size` at a time; the last batch may be smaller."""
        for first in range(0, len(self), size):
            yield stack_rows([self[i] for i in range(first, min(first + size, len(self)))])

    def some(self, count: int) -> PairData:
        """Return at most `count` pairs, spread evenly."""
        return self.only(spread(len(self), count))

    def targets(self) -> PairData:
        """Return one pair of every target image."""
        return self.only(np.unique(self.pairs[:, 0], return_index=True)[1])

    def where(self, chosen: NDArray[np.bool_]) -> PairData:
        """Return the pairs for which `chosen` (N,) is True."""
        return self.only(np.flatnonzero(chosen))

    def only(self, rows: NDArray[np.int64]) -> PairData:
        """Return the pairs in these rows."""
        return replace(self, pairs=self.pairs[rows], numbers=self.numbers[rows])


def _maps(pair: tuple[NDArray[np.float32], NDArray[np.uint8]]) -> tuple[Tensor, Tensor]:
    """Flow (H, W, 2) and labels (H, W) → (2, H, W), (1, H, W)."""
    flow, labels = pair
    return torch.from_numpy(flow.transpose(2, 0, 1).copy()), torch.from_numpy(labels)[None]


@lru_cache(maxsize=16)
def _store(storage: Storage, name: str) -> Store:
    return Store(storage, name)


def usable_pairs(pipeline: Pipeline, split: int, reads: tuple[str, ...] = FROM_BODIES) -> PairData:
    """Return the pairs of a split for which these stages have results, which may be none.

    Raises:
        PtxError: a stage that training reads is not done.
    """
    pairs = np.asarray(pipeline.listing.pairs)
    usable = np.asarray(pipeline.listing.splits)[pairs[:, 0]] == split
    for name in reads:
        plan = pipeline.plan(pipeline.stage(name))
        if reason := missing_input(plan):
            raise PtxError(reason)
        fine = plan.states == OK
        usable &= fine if plan.stage.over == "pairs" else fine[pairs].all(1)
    numbers = np.flatnonzero(usable)
    return PairData(pipeline.workspace, pairs[numbers], numbers, reads)


def clothes(context: TrainingContext) -> Clothes:
    """Read the annotation of clothes for every image of the data set.

    Raises:
        PtxError: no setting says where it is, or a file is not as it should be.
    """
    folder = context.attributes
    if folder is None:
        raise PtxError("attributes.path: the folder of DeepFashion's annotation files is needed and not given")
    return _clothes(folder, tuple(context.pipeline.listing.ids), annotation_digest(folder))


@lru_cache(maxsize=1)
def _clothes(folder: Path, ids: tuple[str, ...], state: str) -> Clothes:  # noqa: ARG001  # read again when the files change
    return read_clothes(folder, ids)


def missing_input(plan: Plan) -> str | None:
    """Return why a training cannot read a stage yet; None where it is done."""
    if plan.condition == "done":
        return None
    hint = "" if plan.stage.applies else f", after the setting `{plan.stage.how_to_apply}`"
    return f"training reads {plan.stage.name}, which is {plan.condition}: `ptx run all` first{hint}"
