"""`ptx run dress`: the fitted body of every image, refined by the person's outline, with clothes and hair as displacements of its skin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ptx.geometry.layers.worn import NOTHING
from ptx.geometry.quantization import (
    CONTROLS,
    HEIGHT_STEP,
    SHEET_COLUMNS,
    SHEET_ROWS,
    SHEET_STEP,
    encode_heights,
    encode_sheets,
)
from ptx.labels import GARMENTS
from ptx.pipeline.config import Section
from ptx.pipeline.stage import ArraySpec, Block, Process, Result
from ptx.stages.backends.bodies import FIT, BodyStage, hands_pose, open_body
from ptx.stages.backends.keypoints import KeypointBackend

LABELS = "parsing.labels"
"""Array of the garment labels."""

SHEET_VALUES = len(NOTHING) * (1 + SHEET_ROWS * SHEET_COLUMNS)
"""Numbers that are stored of the sheets: their lengths, then the displacements of each."""


class DressSettings(Section):
    """Clothes and hair on the fitted body."""

    refine: bool = True
    """Refine pose, shape and camera by the outline first; false: keep them, as where bodies are another tool's."""
    layers: bool = True
    """Skirts and long hair are layers of their own, told by the labels of stage parse, or by outline and colours where there are none;
    false: displacements of the skin."""


@dataclass(frozen=True)
class Dress(BodyStage[DressSettings]):
    """Refine the fitted body of every image by the silhouette, and displace its skin to it: clothes and hair."""

    keypoints: KeypointBackend
    wanted: bool
    """Whether bodies are drawn dressed."""
    parsed: bool = False
    """Whether garments are labelled, by which skirts and long hair are then told."""

    name = "dress"
    store = "dress"
    section = "dress"
    counted = ("bare", "skirt", "long_hair")
    version = 4
    cost = 0.05

    @property
    def applies(self) -> bool:
        """False where bodies are drawn bare."""
        return self.wanted

    @property
    def inputs(self) -> tuple[str, ...]:
        """The fitted body, the photograph's place in the picture, the person's mask, all points that the detector finds, labels if any."""
        labels = (LABELS,) if self.parsed and self.settings.layers else ()
        return (
            *self.fit,
            *labels,
            "ingest.image",
            "ingest.transform",
            "ingest.original",
            "silhouette.mask",
            *(f"keypoints.{name}" for name in self.keypoints.point_arrays),
        )

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """pose (24, 3) rad; betas (10,); camera (3,) px per m, px, px; heights (512,) m at the control vertices; sheets (164,) m: how long
        skirt, hair behind the shoulders, before the left one and before the right one are, then displacements of each; skirt, long_hair:
        1 where it is worn; iou (2,) of the fitted and of the dressed body with the mask; bare: 1 where the fit is left as it is, since
        dressed its outline was no nearer."""
        return {
            "pose": ArraySpec((24, 3), "f4", low=-10, high=10, attributes={"units": "rad"}),
            "betas": ArraySpec((10,), "f4", low=-20, high=20),
            "camera": ArraySpec((3,), "f4", attributes={"units": "px/m, px, px"}),
            "heights": ArraySpec((CONTROLS,), "i2", attributes={"units": "m", "scale_factor": HEIGHT_STEP}),
            "sheets": ArraySpec((SHEET_VALUES,), "i2", attributes={"units": "m", "scale_factor": SHEET_STEP}),
            "skirt": ArraySpec((), "u1", high=1),
            "long_hair": ArraySpec((), "u1", high=1),
            "iou": ArraySpec((2,), "f4", low=0, high=1),
            "bare": ArraySpec((), "u1", high=1),
        }

    def open(self) -> Process:
        """Load the body model."""
        from ptx.datasets.images import photograph_area
        from ptx.geometry.dressing.dress import dress
        from ptx.geometry.dressing.refine import Person, Posed
        from ptx.geometry.garment_map import GarmentMap
        from ptx.stages.backends.fits import landmarks_of

        body = open_body(self.body)

        def process(block: Block) -> Result:
            arrays = {name: np.zeros((len(block), *spec.shape), spec.dtype) for name, spec in self.outputs.items()}
            landmarks = landmarks_of(block, self.keypoints.point_arrays, self.size)
            mask, image = block.array("silhouette.mask", np.uint8), block.array("ingest.image", np.uint8)
            keypoints, keypoints3d = (
                block.array(f"keypoints.{name}", np.float32) for name in ("keypoints", "keypoints3d")
            )
            pose, betas, camera = (block.array(name, np.float32) for name in FIT)
            fingers = hands_pose(block)
            labels = block.array(LABELS, np.uint8) if LABELS in block.arrays else None
            transform, original = block.array("ingest.transform", np.float32), block.array("ingest.original", np.int32)
            for i in range(len(block)):
                person = Person(
                    keypoints[i],
                    keypoints3d[i],
                    None if landmarks is None else landmarks[i],
                    mask[i].astype(np.float32) / 255,
                    photograph_area(transform[i], original[i].tolist(), self.size),
                    image[i],
                    garments=None if labels is None else GarmentMap(labels[i], GARMENTS),
                )
                fit = Posed(pose[i], betas[i], camera[i], None if fingers is None else fingers[i])
                dressed = dress(body, fit, person, refined=self.settings.refine, layers=self.settings.layers)
                arrays["pose"][i], arrays["betas"][i], arrays["camera"][i] = dressed.posed[:3]
                arrays["heights"][i] = encode_heights(dressed.heights)
                arrays["sheets"][i] = encode_sheets(np.concatenate([dressed.worn, dressed.sheet_heights]))
                arrays["skirt"][i] = dressed.worn.skirt > 0
                arrays["long_hair"][i] = max(dressed.worn[1:]) > 0
                arrays["iou"][i] = dressed.iou
                arrays["bare"][i] = dressed.bare
            return Result(arrays)

        return process
