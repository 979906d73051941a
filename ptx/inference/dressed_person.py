"""Bodies fitted to the people of photographs, and dressed to their outlines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import photograph_area
from ptx.detector.silhouettes import Silhouettes
from ptx.geometry.body import Body
from ptx.geometry.dressing.dress import dress
from ptx.geometry.dressing.refine import Person as Observed
from ptx.geometry.dressing.refine import Posed
from ptx.geometry.dressing.sheets import wear
from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.keypoints import drop_keypoints
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.viewpoint import FittedBody
from ptx.inference.person import Person
from ptx.inference.view import beyond_photograph, fit_person, landmarks_of
from ptx.labels import GARMENTS
from ptx.pipeline.errors import BadSample
from ptx.surface.skin import clothed_legs
from ptx.surface.source import MaskedPhotograph, Source, observe


class DressedPerson(NamedTuple):
    """A person in a picture."""

    fitted: FittedBody
    """Their body, dressed to the mask."""
    mask: NDArray[np.float32]
    """(h, w) 0 to 1, how much of a pixel is theirs."""
    garments: GarmentMap | None = None
    """(h, w) labels of what they wear; None: nothing is labelled."""

    def on_body_of(self, first: FittedBody) -> DressedPerson:
        """Bring the fit to the body of the first photograph's, whose sheets are parts of it; one that wears others gets its clothes."""
        if self.fitted.body is first.body and np.array_equal(self.fitted.faces, first.faces):
            return self
        return self._replace(fitted=replace(self.fitted, body=first.body, offset=first.offset, drawn=first.drawn))


Labeller = Callable[[NDArray[np.uint8], NDArray[np.float32], NDArray[np.floating]], NDArray[np.uint8]]
"""Picture (h, w, 3), mask (h, w) 0 to 1, keypoints (18, 3) → garment labels (h, w)."""


def dress_person(
    person: Person, body: Body, silhouettes: Silhouettes, labeller: Labeller | None = None
) -> DressedPerson:
    """Fit a body to a person and dress it by their mask, and their garments where they are labelled; raises BadSample."""
    fitted = fit_person(person, body)
    area = photograph_area(person.transform, person.original.shape[:2], fitted.size)
    mask = _mask(person, fitted, silhouettes) * area
    garments = None if labeller is None else GarmentMap(labeller(person.image, mask, person.keypoints), GARMENTS)
    start = Posed(fitted.pose, fitted.betas, fitted.camera, fitted.hands_pose)
    observed = Observed(
        person.keypoints,
        person.keypoints3d,
        landmarks_of(person),
        mask,
        area,
        person.image,
        clothed_legs(person.image, fitted),
        garments,
    )
    dressed = dress(body, start, observed)
    pose, betas, camera, _ = dressed.posed
    bare = replace(fitted, pose=pose, betas=betas, camera=camera)
    return DressedPerson(wear(bare, dressed.heights, dressed.worn, dressed.sheet_heights), mask, garments)


def observe_person(person: Person, dressed: DressedPerson) -> Source:
    """Find out what the photograph of a person shows of their body."""
    face = None if person.details is None else person.details().face
    return observe(MaskedPhotograph(person.image, dressed.mask, face, dressed.garments), dressed.fitted)


def inside_photograph(person: Person) -> Person:
    """Drop keypoints beyond the photograph's edge: there the detector has seen the filling only."""
    outside = beyond_photograph(person, person.keypoints)
    deep = person.keypoints3d
    return replace(
        person,
        keypoints=drop_keypoints(person.keypoints, outside),
        keypoints3d=None if deep is None else drop_keypoints(deep, outside),
    )


def _mask(person: Person, fitted: FittedBody, silhouettes: Silhouettes) -> NDArray[np.float32]:
    """Mask (h, w), 0 to 1, of a person: the network's, or that of the body where it sees nobody around the keypoints."""
    try:
        return silhouettes(person.image, person.keypoints)
    except BadSample:
        return body_mask(fitted)


def body_mask(fitted: FittedBody) -> NDArray[np.float32]:
    """Mask (h, w), 0 or 1, of a projected body."""
    return (rasterize(fitted.points, fitted.faces, *fitted.size)[0] >= 0).astype(np.float32)
