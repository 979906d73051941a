"""Single samples of the stores, and the numbers of images and pairs by the names that users type."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import Image
from ptx.geometry.body import Body
from ptx.geometry.quantization import decode_flow
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline, Plan
from ptx.pipeline.storage.records import OK

if TYPE_CHECKING:
    from ptx.geometry.viewpoint import FittedBody

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class SampleReader:
    """Reads single samples from the stores of a pipeline.

    Every method that returns an array raises PtxError, with the reason, where the sample is not done.
    """

    pipeline: Pipeline

    @cached_property
    def _plans(self) -> dict[str, Plan]:
        """Plans by stage, read from the records when first asked for."""
        return {}

    def plan(self, stage: str) -> Plan:
        """Return the plan of a stage as its records were when it was first asked for."""
        if stage not in self._plans:
            self._plans[stage] = self.pipeline.plan(self.pipeline.stage(stage))
        return self._plans[stage]

    def done(self, *stages: str) -> list[int]:
        """Return the samples that all of some stages have, which are all over images or all over pairs."""
        done = [self.plan(stage).states == OK for stage in stages]
        samples: list[int] = np.flatnonzero(np.logical_and.reduce(done)).tolist()
        return samples

    def has(self, stage: str, index: int) -> bool:
        """Return True where there is such a stage and the sample is done."""
        exists = any(one.name == stage for one in self.pipeline.stages)
        return exists and bool(self.plan(stage).states[index] == OK)

    def require(self, stage: str, index: int) -> None:
        """Raise PtxError, with the reason where there is one, unless the sample is done."""
        if self.has(stage, index):
            return
        plan = self.plan(stage)
        if plan.condition == "stale":
            raise PtxError(f"{stage} is stale ({'; '.join(plan.stale)}); `ptx run {stage}` computes it again")
        unit = "image" if plan.stage.over == "images" else "pair"
        problem = plan.problems.get(index)
        reason = (
            problem.text if problem else "not computed, or an earlier stage quarantined it: `ptx status --problems`"
        )
        raise PtxError(f"{unit} {index} has no {plan.stage.store}: {reason}")

    def read(self, stage: str, array: str, index: int, kind: type[Scalar]) -> NDArray[Scalar]:
        """Return the row of a sample in an array, of type `kind`, of a stage's store."""
        self.require(stage, index)
        row: NDArray[Scalar] = self.plan(stage).store.read(array, np.array([index]), kind)[0]
        return row

    @property
    def image_size(self) -> tuple[int, int]:
        """Working resolution: height, width in px."""
        height, width, _ = self.pipeline.stage("ingest").outputs["image"].shape
        return height, width

    def image(self, index: int) -> Image:
        """Return the working picture (H, W, 3) uint8."""
        return self.read("ingest", "image", index, np.uint8)

    def keypoints(self, index: int) -> NDArray[np.float32]:
        """Return keypoints (18, 3): x, y px, confidence."""
        return self.read("extract-keypoints", "keypoints", index, np.float32)

    @property
    def has_details(self) -> bool:
        """True where face and hands are stored beside the keypoints."""
        return "face" in self.pipeline.stage("extract-keypoints").outputs

    def details(self, index: int) -> NDArray[np.float32]:
        """Return the points (510, 3) of face and hands: x, y px, confidence, 0 where they were not found."""
        face = self.read("extract-keypoints", "face", index, np.float32)
        hands = self.read("extract-keypoints", "hands", index, np.float32)
        return np.concatenate([face, hands.reshape(-1, 3)])

    def face_points(self, index: int) -> NDArray[np.float32] | None:
        """Return the points (468, 3) of the face, NaN where none was found; None where none are stored."""
        return self.read("extract-keypoints", "face", index, np.float32) if self.has_details else None

    def silhouette(self, index: int) -> NDArray[np.uint8]:
        """Return the person's mask (H, W) 0 to 255."""
        return self.read("silhouette", "mask", index, np.uint8)

    @property
    def dressed(self) -> bool:
        """True where the bodies that are drawn are those of stage dress."""
        return any(stage.name == "dress" for stage in self.pipeline.active)

    def fitted(self, body: Body, index: int) -> FittedBody:
        """Return the posed body that is drawn, of a body model: dressed with its clothes."""
        from ptx.geometry.dressing.sheets import wear_stored
        from ptx.geometry.viewpoint import FittedBody

        stage = "dress" if self.dressed else "fit-smpl"
        pose, betas, camera = (self.read(stage, name, index, np.float32) for name in ("pose", "betas", "camera"))
        fitted = FittedBody(body, pose, betas, camera, self.image_size, self.fingers(index))
        if not self.dressed:
            return fitted
        heights, sheets = (self.read("dress", name, index, np.int16) for name in ("heights", "sheets"))
        return wear_stored(fitted, heights, sheets)

    def fingers(self, index: int) -> NDArray[np.float32] | None:
        """Return the pose (30, 3) of the fingers; None where none are fitted."""
        if "hands_pose" not in self.pipeline.stage("fit-smpl").outputs:
            return None
        return self.read("fit-smpl", "hands_pose", index, np.float32)

    def residual(self, index: int) -> NDArray[np.float32]:
        """Return the distance (18,) px from each keypoint to that of the fitted body; NaN where it is missing."""
        return self.read("fit-smpl", "residual", index, np.float32)

    def surface(self, index: int) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """Return the face (H, W) of each pixel, -1 = none, and its barycentric weights (H, W, 2) as they are stored."""
        face = self.read("rasterize", "face", index, np.int32)
        return face, self.read("rasterize", "bary", index, np.uint16)

    def part(self, index: int) -> NDArray[np.uint8]:
        """Return body parts (H, W), 0 background to 6."""
        return self.read("rasterize", "part", index, np.uint8)

    def garments(self, index: int) -> NDArray[np.uint8]:
        """Return garment labels (H, W) (`ptx.labels`)."""
        return self.read("parse", "labels", index, np.uint8)

    def flow(self, pair: int) -> NDArray[np.float32]:
        """Return flow (H, W, 2) px, target to source."""
        return decode_flow(self.read("synth-flow", "flow", pair, np.int16))

    def visibility(self, pair: int) -> NDArray[np.uint8]:
        """Return visibility labels (H, W)."""
        return self.read("visibility", "visibility", pair, np.uint8)

    @property
    def has_positions(self) -> bool:
        """True where the data set came with its flow, whose positions are stored as its files have them."""
        return "places" in self.pipeline.stage("synth-flow").outputs

    def positions(self, pair: int) -> NDArray[np.float32]:
        """Return the source position (H, W, 2) px of each target pixel, as the data set's file has it."""
        return self.read("synth-flow", "places", pair, np.float32)

    def released_labels(self, pair: int) -> NDArray[np.uint8]:
        """Return the visibility labels (H, W) as the data set's file has them."""
        return self.read("visibility", "labels", pair, np.uint8)

    def pair(self, number: int) -> tuple[int, int]:
        """Return target and source image of a directed pair."""
        target, source = self.pipeline.pairs()[number].tolist()
        return target, source

    def summary(self, index: int) -> str:
        """Return one line on an image: why it was quarantined, or how well the body fits."""
        for stage in self.pipeline.stages:
            problems = self.plan(stage.name).problems
            if stage.over == "images" and index in problems:
                return f"quarantined by {stage.name}: {problems[index].text}"
        if not self.has("fit-smpl", index):
            return "no body was fitted"
        residual = self.residual(index)
        fitted = residual[np.isfinite(residual)]
        return f"{len(fitted)} of 18 keypoints, median residual {np.median(fitted):.1f} px"


def image_index(pipeline: Pipeline, name: str) -> int:
    """Return the number of an image from its id or number.

    Raises:
        PtxError: there is no such image; names near ones.
    """
    ids = list(pipeline.listing.ids)
    if name in ids:
        return ids.index(name)
    if name.isdigit() and int(name) < len(ids):
        return int(name)
    near = get_close_matches(name, ids, 3)
    raise PtxError(f"no image '{name}' among {len(ids)}" + (f": did you mean {', '.join(near)}?" if near else ""))


def pair_index(pipeline: Pipeline, name: str) -> int:
    """Return the number of a directed pair from its number or `TARGET:SOURCE`.

    Raises:
        PtxError: there is no such pair.
    """
    pairs = pipeline.pairs()
    if name.isdigit():
        if int(name) < len(pairs):
            return int(name)
        raise PtxError(f"no pair {name}: there are {len(pairs)}, counted from 0")
    target, _, source = name.partition(":")
    wanted = (image_index(pipeline, target), image_index(pipeline, source))
    rows = np.flatnonzero((pairs == wanted).all(1))
    if not len(rows):
        raise PtxError(f"{target} and {source} are no pair of this data set")
    return int(rows[0])
