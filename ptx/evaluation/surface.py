"""The surface engine as a method: test pairs painted from the stores, with nothing trained."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ptx.evaluation.methods import ImageMethod, Method
from ptx.evaluation.pairs import PairBatch
from ptx.models.pixels import to_tensor
from ptx.pictures.background import remove_person
from ptx.pipeline.plan import Pipeline
from ptx.surface.source import MaskedPhotograph
from ptx.surface.store import SurfaceStore
from ptx.surface.transfer import fill, lay_over, transfer
from ptx.training.bodies import FROM_DRESSED, StoredBodies

Image = NDArray[np.uint8]

KEPT_SOURCES = 32
"""Sources whose filled surface, and picture without the person, are kept: those of a few persons, whose pairs are neighbours."""


def lacks_surface(pipeline: Pipeline) -> str | None:
    """Return why the surface engine cannot paint from the stores; None where it can."""
    if not {stage.name for stage in pipeline.active}.issuperset(FROM_DRESSED):
        return "bodies are not dressed here (silhouette.backend, rasterize.surface)"
    for name in FROM_DRESSED:
        condition = pipeline.plan(pipeline.stage(name)).condition
        if condition != "done":
            return f"stage {name} is {condition}: `ptx run all`"
    return None


def surface_method(pipeline: Pipeline, body: str, size: tuple[int, int]) -> ImageMethod:
    """Return the method that lays the source's pixels on its dressed body and draws it in the target's pose.

    The pose is that of the body fitted to the target's keypoints; its silhouette and its pixels do not count. The background is the
    source's own, with the person removed.

    Args:
        pipeline: of the stores, which `lacks_surface` finds complete.
        body: the body model, as for `load_body`.
        size: height, width of the pictures, px.
    """
    # Every pair that comes with flow has bodies of both pictures, and so a silhouette and a dressed body of its source.
    painter = _StoredPainter(StoredBodies(pipeline.workspace, body, size), np.asarray(pipeline.listing.pairs))
    return Method("surface", painter.paint, ("flow",))


class _StoredPainter:
    """Paints pairs (P, 2) of target and source; keeps the filled surfaces of the last sources."""

    def __init__(self, bodies: StoredBodies, pairs: NDArray[np.int32]) -> None:
        self.bodies = bodies
        self.pairs = pairs
        self.source = lru_cache(maxsize=KEPT_SOURCES)(self._source)

    def paint(self, batch: PairBatch) -> Tensor:
        keypoints = batch.rows["target_keypoints"].cpu().numpy()
        painted = []
        for number, pose in zip(batch.rows["pair"].tolist(), keypoints, strict=True):
            target, source = self.pairs[number].tolist()
            store, behind = self.source(source)
            painted.append(lay_over(transfer(store, self.bodies.fitted(target), pose), behind))
        return to_tensor(np.stack(painted)).to(batch.rows["source"].device)

    def _source(self, image: int) -> tuple[SurfaceStore, Image]:
        """The filled surface of an image's person, and the picture (H, W, 3) without them."""
        picture, mask = self.bodies.picture(image), self.bodies.mask(image)
        photograph = MaskedPhotograph(picture, mask, self.bodies.face(image))
        return fill(photograph, self.bodies.dressed(image)), remove_person(picture, mask)
