"""`ptx run extract-keypoints`: the 18 keypoints of every person, in the working picture, and 3D ones where the backend has them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ptx.pipeline.errors import BadSample
from ptx.pipeline.stage import ArraySpec, Block, Result, Stage
from ptx.stages.backends.data_sets import stamp
from ptx.stages.backends.keypoints import KeypointSource, keypoint_source

FEWEST = 4
"""Fewer keypoints than this do not hold a body in place."""


class ExtractKeypoints(Stage):
    """Detector, files of another detector, or the truth of synthetic people."""

    name = "extract-keypoints"
    store = "keypoints"
    version = 2
    over: Literal["images", "pairs"] = "images"
    inputs = ("ingest.image", "ingest.transform")
    settings = ("size", "extract_keypoints")
    cost = 0.04

    def dependencies(self, settings: Any) -> dict[str, Any]:
        """The backend that `auto` came to, and the state of its files."""
        path = settings.extract_keypoints.path
        return {"backend": settings.keypoint_backend} | ({"keypoint files": stamp(path, ".json")} if path else {})

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:  # noqa: ARG002
        """keypoints (18, 3) x, y, confidence; keypoints3d (18, 4) x, y, z, confidence; NaN and confidence 0 = missing."""
        return {
            "keypoints": ArraySpec((18, 3), "f4", nan=True, attributes={"units": "px, px, 1"}),
            "keypoints3d": ArraySpec((18, 4), "f4", nan=True, attributes={"units": "m, m, m, 1"}),
        }

    def open(self, settings: Any) -> KeypointSource:
        """The backend."""
        return keypoint_source(settings)

    def process(self, block: Block, settings: Any, state: KeypointSource) -> Result:
        """Ask the backend for each picture; nobody, or too few keypoints, is a problem."""
        n = len(block)
        keypoints = np.full((n, 18, 3), np.nan, np.float32)
        keypoints3d = np.full((n, 18, 4), np.nan, np.float32)
        problems: dict[int, str] = {}
        for i, index in enumerate(block.index):
            try:
                keypoints[i], keypoints3d[i] = state.find(
                    int(index), block["ingest.image"][i], block["ingest.transform"][i]
                )
            except BadSample as error:
                problems[i] = error.problem.stored
                continue
            seen = int((keypoints[i, :, 2] > 0).sum())
            if seen < FEWEST:
                problems[i] = f"too_few_keypoints: {seen} of 18 keypoints inside the picture, {FEWEST} are needed"
        if not settings.extract_keypoints.use_3d:
            keypoints3d[...], keypoints3d[..., 3] = np.nan, 0
        return Result({"keypoints": keypoints, "keypoints3d": keypoints3d}, problems)
