"""Body models and posed bodies of the stages that draw them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body, load_body
from ptx.geometry.layers.worn import NOTHING, Worn, stored_sheets
from ptx.geometry.quantization import decode_heights
from ptx.pipeline.config import Section
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.stage import Block, S, Stage

if TYPE_CHECKING:
    from ptx.geometry.layers.layered_body import LayeredBody

FIT = ("fit.pose", "fit.betas", "fit.camera")
"""Arrays that give the posed body of an image."""

DRESSED = ("dress.pose", "dress.betas", "dress.camera", "dress.heights", "dress.sheets")
"""The same of the dressed body, with the displacements of its skin, and the sheets that it wears."""

HANDS_POSE = "fit.hands_pose"
"""Array of the posed fingers, where there are any (`BodyStage.fingers`)."""

SURFACE = "surface"
"""Name of the dependency that says whether bodies are dressed."""


def open_body(name: str) -> Body:
    """Load the body model of the setting `body`.

    Raises:
        PtxError: there is no such file, or it is no body of SMPL, SMPL-H or SMPL-X.
    """
    try:
        return load_body(name)
    except (OSError, ValueError) as error:
        raise PtxError(f"body: {error}") from error


def open_checked_body(name: str) -> Body:
    """Load the body model for fitting: a user's file is also posed by smplx, and must come out the same.

    Raises:
        PtxError: as `open_body`, or ptx and smplx pose the file differently.
    """
    from ptx.geometry.smplx_reference import check_against_smplx

    body = open_body(name)
    try:
        check_against_smplx(name)
    except ValueError as error:
        raise PtxError(f"body: {error}") from error
    return body


@dataclass(frozen=True)
class BodyStage(Stage[S]):
    """A stage whose results depend on the body model."""

    section: ClassVar[str]
    """Name of its section in the settings file."""
    size: tuple[int, int]
    """Working resolution: height, width in px."""
    body: str
    """The setting `body`."""
    hands: bool
    """Whether the points of hands are stored beside the keypoints."""

    @property
    def fingers(self) -> bool:
        """True where fingers are fitted: the points of hands are there, and the body has fingers."""
        return self.hands and open_body(self.body).hands is not None

    @property
    def fit(self) -> tuple[str, ...]:
        """Arrays that give the posed body of an image, with its fingers where they are fitted."""
        return (*FIT, HANDS_POSE) if self.fingers else FIT

    @property
    def depends_on(self) -> Mapping[str, Json | Section]:
        """Resolution, body and own section."""
        return {"size": list(self.size), "body": self.body, self.section: self.settings}

    @property
    def dependencies(self) -> Mapping[str, Json]:
        """The body model's digest: another file under the same path makes results stale."""
        return {"body model": open_body(self.body).digest}


@dataclass(frozen=True)
class PosedStage(BodyStage[S]):
    """A stage that draws the posed bodies of images, dressed or bare."""

    dressed: bool
    """Whether bodies are those of stage dress."""

    @property
    def posed(self) -> tuple[str, ...]:
        """Arrays that give the posed bodies."""
        return (*DRESSED, *self.fit[len(FIT) :]) if self.dressed else self.fit

    @property
    def dependencies(self) -> Mapping[str, Json]:
        """The body model's digest, and whether bodies are dressed."""
        return {**super().dependencies, SURFACE: "dressed" if self.dressed else "bare"}

    @property
    def former_dependencies(self) -> Mapping[str, Json]:
        """Earlier versions of ptx knew bare bodies only, and noted nothing."""
        return {} if self.dressed else {SURFACE: None}

    def drawn_body(self) -> DrawnBody:
        """Load the body model that is drawn: of dressed bodies with its sheets."""
        body = open_body(self.body)
        if not self.dressed:
            return DrawnBody(body, None)
        from ptx.geometry.layers.layered_body import with_layers

        layered = with_layers(body)
        return DrawnBody(layered, layered)


class DrawnBody(NamedTuple):
    """A body model as stages draw it."""

    body: Body
    """Its faces and vertices are those of the maps."""
    layered: LayeredBody | None
    """The same with its sheets; None where bodies are bare."""

    def points(self, block: Block) -> NDArray[np.float32]:
        """Pose and project the bodies of a block: (M, V, 3) vertices as each image's camera sees them, u, v in px, depth in m."""
        from ptx.geometry.camera import project
        from ptx.geometry.skinning import pose_vertices

        arrays = FIT if self.layered is None else DRESSED[:3]
        pose, betas, camera = (block.array(name, np.float32) for name in arrays)
        vertices = pose_vertices(self.body, pose, betas, hands_pose(block), self._offset(block))
        points = project(camera, vertices, out=vertices).astype(np.float32, copy=False)
        if self.layered is not None:
            from ptx.geometry.layers.hang import lay_unworn

            for row, worn in zip(points, self.worn(block), strict=True):
                lay_unworn(self.layered, worn, row)
        return points

    def worn(self, block: Block) -> list[Worn]:
        """Return what each of a block's images wears of the sheets."""
        if self.layered is None:
            return [NOTHING] * len(block.array(FIT[0], np.float32))
        return [stored_sheets(row)[0] for row in block.array(DRESSED[4], np.int16)]

    def faces(self, worn: Worn) -> NDArray[np.int32]:
        """Return the faces (F, 3) that are drawn of somebody, others with equal corners."""
        return self.body.faces if self.layered is None else self.layered.drawn(worn)

    def _offset(self, block: Block) -> NDArray[np.float32] | None:
        """Return the displacements (M, V, 3) of dressed bodies, metres."""
        if self.layered is None:
            return None
        rows = zip(block.array(DRESSED[3], np.int16), block.array(DRESSED[4], np.int16), strict=True)
        offsets = [stored_offset(self.layered, heights, sheets) for heights, sheets in rows]
        return np.stack(offsets) if offsets else None


def stored_offset(body: LayeredBody, heights: NDArray[np.int16], sheets: NDArray[np.int16]) -> NDArray[np.float32]:
    """Decode the displacements (V, 3), metres, of a dressed body."""
    from ptx.geometry.dressing.displacements import control_basis
    from ptx.geometry.dressing.sheets import with_sheets

    return with_sheets(body, control_basis(body.base).offset(decode_heights(heights)), *stored_sheets(sheets))


def hands_pose(block: Block) -> NDArray[np.float32] | None:
    """Return the pose (M, 30, 3) of the fingers of a block's bodies; None where none are fitted."""
    return block.array(HANDS_POSE, np.float32) if HANDS_POSE in block.arrays else None
