"""Posed bodies of images, read from the stores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body, load_body
from ptx.geometry.dressing.dress import Dressed
from ptx.geometry.dressing.refine import Posed
from ptx.geometry.dressing.sheets import wear_stored
from ptx.geometry.viewpoint import FittedBody
from ptx.pipeline.storage.storage import Storage
from ptx.pipeline.storage.store import Store
from ptx.surface.carried import carried_flow, dress_posed, fit_posed, wearing

FROM_DRESSED = ("silhouette", "fit-smpl", "dress")
"""Stages whose stores hold people as the surface engine knows them: mask, fitted body, dressed body."""

KEPT_BODIES = 30_000
"""Bodies that a process keeps, 3 kB each: dressing takes .05 s."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class StoredBodies:
    """The bodies that stages fit-smpl and dress have stored of images. Opens stores in whatever process reads it."""

    storage: Storage
    """Storage of the stores."""
    body_name: str
    """The setting `body`."""
    size: tuple[int, int]
    """Working resolution: height, width in px."""

    @property
    def body(self) -> Body:
        """The body model."""
        return load_body(self.body_name)

    def fitted(self, image: int) -> FittedBody:
        """Return the bare body that is fitted to an image's keypoints; what else the picture shows does not count."""
        fit = _store(self.storage, "fit")
        fingers = _row(fit, "hands_pose", image) if fit.has("hands_pose") else None
        pose, betas, camera = (_row(fit, name, image) for name in _POSED)
        return FittedBody(self.body, pose, betas, camera, self.size, fingers)

    def dressed(self, image: int) -> FittedBody:
        """Return the body of an image dressed to the person's silhouette."""
        dress = _store(self.storage, "dress")
        pose, betas, camera = (_row(dress, name, image) for name in _POSED)
        heights, sheets = (dress.read(name, np.array([image]), np.int16)[0] for name in ("heights", "sheets"))
        return wear_stored(replace(self.fitted(image), pose=pose, betas=betas, camera=camera), heights, sheets)

    def picture(self, image: int) -> NDArray[np.uint8]:
        """Return the working picture (H, W, 3)."""
        picture: NDArray[np.uint8] = _store(self.storage, "ingest").read("image", np.array([image]), np.uint8)[0]
        return picture

    def mask(self, image: int) -> Floats:
        """Return the person's mask (H, W), 0 to 1."""
        share: NDArray[np.uint8] = _store(self.storage, "silhouette").read("mask", np.array([image]), np.uint8)[0]
        return np.asarray(share / np.float32(255), np.float32)

    def face(self, image: int) -> Floats | None:
        """Return the points (468, 3) of the face, NaN where none was found; None where the keypoints came without."""
        keypoints = _store(self.storage, "keypoints")
        return _row(keypoints, "face", image) if keypoints.has("face") else None

    def carried_flow(self, target: int, source: int) -> tuple[Floats, NDArray[np.uint8]]:
        """Flow (H, W, 2) px and visibility (H, W) of the source, dressed to their outline, in the target's pose.

        Both bodies are fitted to 2D keypoints alone, as of a picture that comes in use (`inference.dressed_flow`).
        """
        pose = _posed(self, target)
        person = wearing(self.body, _dressed(self, source), self.size)
        return carried_flow(person, FittedBody(self.body, *pose[:3], self.size))

    def keypoints(self, image: int) -> Floats:
        """Return keypoints (18, 3)."""
        return _row(_store(self.storage, "keypoints"), "keypoints", image)


@lru_cache(maxsize=KEPT_BODIES)
def _posed(bodies: StoredBodies, image: int) -> Posed:
    """The bare body of an image, fitted to 2D keypoints; that of stage fit-smpl where these are too few for one."""
    posed = fit_posed(bodies.body, bodies.keypoints(image), bodies.size)
    if posed is None:
        fitted = bodies.fitted(image)
        return Posed(fitted.pose, fitted.betas, fitted.camera)
    return posed


@lru_cache(maxsize=KEPT_BODIES)
def _dressed(bodies: StoredBodies, image: int) -> Dressed:
    """The same dressed to the stored silhouette: its displacements, small enough to be kept of many images."""
    return dress_posed(bodies.body, _posed(bodies, image), bodies.keypoints(image), bodies.mask(image))


_POSED = ("pose", "betas", "camera")


@lru_cache(maxsize=16)
def _store(storage: Storage, name: str) -> Store:
    return Store(storage, name)


def _row(store: Store, array: str, image: int) -> Floats:
    row: Floats = store.read(array, np.array([image]), np.float32)[0]
    return row
