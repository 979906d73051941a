"""`ptx run ingest`: pictures of the data set at the working resolution, and the tables of images, persons and pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ptx.pipeline.errors import BadSample
from ptx.pipeline.stage import ArraySpec, Block, Codec, Listing, Result, Stage
from ptx.stages.backends.data_sets import BoxFinder, DataSet, data_set
from ptx.stages.backends.keypoints import box_finder


@dataclass(frozen=True)
class State:
    """The data set, and whatever finds persons in its pictures."""

    data: DataSet
    find_box: BoxFinder | None


class Ingest(Stage):
    """Read, turn upright, crop and resize every picture; keep how its pixels map back."""

    name = "ingest"
    store = "ingest"
    version = 1
    over: Literal["images", "pairs"] = "images"
    settings = ("seed", "size", "data", "ingest")
    cost = 0.02

    def listing(self, settings: Any) -> Listing:
        """The data set as it is on disk now."""
        return data_set(settings).listing()

    def dependencies(self, settings: Any) -> dict[str, Any]:
        """The detector, where it decides the crop."""
        return {"crop by": settings.keypoint_backend} if settings.ingest.crop == "person" else {}

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """image (H, W, 3) RGB; transform (2, 3) from pixels of the original picture to working pixels; original (2,) height, width."""
        height, width = settings.size
        return {
            "image": ArraySpec((height, width, 3), "u1", codec=Codec("lz4", 5)),  # read again and again by trainings
            "transform": ArraySpec(
                (2, 3), "f4", attributes={"meaning": "working xy = transform @ (x, y, 1) of the original"}
            ),
            "original": ArraySpec(
                (2,), "i4", low=1, attributes={"units": "px", "meaning": "height, width of the original"}
            ),
        }

    def open(self, settings: Any) -> State:
        """The data set, and the detector where persons are cropped."""
        return State(data_set(settings), box_finder(settings) if settings.ingest.crop == "person" else None)

    def process(self, block: Block, settings: Any, state: State) -> Result:
        """Read each picture; one that cannot be read, or shows nobody to crop to, is a problem."""
        height, width = settings.size
        n = len(block)
        images = np.zeros((n, height, width, 3), np.uint8)
        transforms = np.zeros((n, 2, 3), np.float32)
        originals = np.ones((n, 2), np.int32)
        problems: dict[int, str] = {}
        for i, index in enumerate(block.index):
            try:
                images[i], transforms[i], originals[i] = state.data.read(int(index), state.find_box)
            except BadSample as error:
                problems[i] = error.problem.stored
        return Result({"image": images, "transform": transforms, "original": originals}, problems)
