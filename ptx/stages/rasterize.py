"""`ptx run rasterize`: the fitted bodies, drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.quantization import BARY_STEP
from ptx.pipeline.config import RESOLVED, Section
from ptx.pipeline.errors import Problem, PtxError
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.stage import ArraySpec, Block, Codec, Process, Result
from ptx.pipeline.storage.storage import Storage
from ptx.pipeline.storage.store import Store
from ptx.stages.backends.bodies import SURFACE, PosedStage

FAST = Codec("lz4", 1)


class RasterizeSettings(Section):
    """Drawing the fitted body."""

    backend: Literal["builtin", "pytorch3d"] = "builtin"
    """builtin: ours; pytorch3d: that package's, where it is installed, on the GPU if there is one. The same faces but for rounding."""
    surface: Annotated[Literal["auto", "dressed", "bare"], RESOLVED] = "auto"
    """Whose outline bodies have, here, in flow and in visibility: dressed, the person's (stage dress); bare, the fitted body's, as
    published. auto is dressed where silhouettes are made, but in workspaces of an earlier ptx, which stay as they are."""

    def dressed(self, workspace: Storage, *, silhouettes: bool) -> bool:
        """Return whether bodies are dressed.

        Args:
            workspace: folder of the stores.
            silhouettes: are made.

        Raises:
            PtxError: they are wanted dressed without silhouettes.
        """
        if self.surface == "dressed" and not silhouettes:
            raise PtxError("rasterize.surface: dressed needs silhouettes; have another silhouette.backend than none")
        if self.surface == "auto":
            return silhouettes and not _of_an_earlier_version(Store(workspace, Rasterize.store))
        return self.surface == "dressed"


def _of_an_earlier_version(store: Store) -> bool:
    """Return True for a store of surfaces of before bodies could be dressed."""
    noted = store.attributes.manifest.get("dependencies") if store.exists() else None
    return isinstance(noted, Mapping) and SURFACE not in noted


def part_spec(size: tuple[int, int]) -> ArraySpec:
    """Body parts (H, W): 0 background, 1 head, 2 torso, 3 left arm, 4 right arm, 5 left leg, 6 right leg."""
    return ArraySpec(size, "u1", high=6, codec=FAST)


@dataclass(frozen=True)
class Rasterize(PosedStage[RasterizeSettings]):
    """Draw the fitted body of every image into maps of faces, barycentric weights and parts."""

    name = "rasterize"
    store = "surface"
    section = "rasterize"
    cost = 0.004

    @property
    def inputs(self) -> tuple[str, ...]:
        """The posed bodies."""
        return self.posed

    def note(self, noted: Mapping[str, Json]) -> str | None:
        """Tell how to have the bodies of an old workspace dressed."""
        if self.dressed or self.settings.surface != "auto" or not noted or SURFACE in noted:
            return None
        return (
            "bodies are drawn bare, as an earlier ptx drew them: with `rasterize.surface: dressed` they reach to the person's outline, "
            "and flow and what is trained on it is made anew"
        )

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """face (H, W), -1 = none; bary (H, W, 2) weights of the face's vertices 0 and 1; part (H, W)."""
        height, width = self.size
        return {
            "face": ArraySpec((height, width), "i4", fill=-1, low=-1, codec=FAST),
            "bary": ArraySpec((height, width, 2), "u2", codec=FAST, attributes={"scale_factor": BARY_STEP}),
            "part": part_spec(self.size),
        }

    def open(self) -> Process:
        """Load the body model and the rasteriser.

        Raises:
            PtxError: the backend is not installed.
        """
        from ptx.geometry.pytorch3d_rasterizer import INSTALL
        from ptx.geometry.surface import pack_surface

        if self.settings.backend == "pytorch3d" and find_spec("pytorch3d") is None:
            raise PtxError(f"rasterize.backend: {INSTALL}")
        draw = _draw_by_pytorch3d if self.settings.backend == "pytorch3d" else _draw
        drawn = self.drawn_body()

        def process(block: Block) -> Result:
            shape = len(block), *self.size
            face = np.empty(shape, np.int32)
            bary = np.empty((*shape, 2), np.uint16)
            part = np.empty(shape, np.uint8)
            problems: dict[int, Problem] = {}
            faces = [drawn.faces(worn) for worn in drawn.worn(block)]
            for i, weights in enumerate(draw(drawn.points(block), faces, face)):
                if not pack_surface(face[i], weights, drawn.body.face_part, bary[i], part[i]):
                    problems[i] = Problem("outside", "the fitted body covers no pixel of the picture")
            return Result({"face": face, "bary": bary, "part": part}, problems)

        return process


def _draw(
    points: NDArray[np.float32], faces: Sequence[NDArray[np.int32]], face: NDArray[np.int32]
) -> Iterator[NDArray[np.float32]]:
    """Draw bodies (N, V, 3), of each its faces, one after the other into `face` (N, H, W); yields weights (H, W, 2), in one array."""
    from ptx.geometry.rasterizer import rasterize

    _, height, width = face.shape
    weights = np.empty((height, width, 2), np.float32)
    depth = np.empty((height, width), np.float32)
    for seen, these, drawn in zip(points, faces, face, strict=True):
        rasterize(seen, these, height, width, (drawn, weights, depth))
        yield weights


def _draw_by_pytorch3d(
    points: NDArray[np.float32], faces: Sequence[NDArray[np.int32]], face: NDArray[np.int32]
) -> Iterator[NDArray[np.float32]]:
    """Draw bodies (N, V, 3), of each its faces (F, 3), all at once into `face` (N, H, W); yields the weights (H, W, 2) of each."""
    from ptx.geometry.pytorch3d_rasterizer import rasterize_pytorch3d

    face[:], weights, _ = rasterize_pytorch3d(points, np.stack(faces), *face.shape[1:])
    yield from weights
