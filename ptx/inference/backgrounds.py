"""What is behind a painted person: their photograph or the pose's without its person, one colour, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from ptx.datasets.images import Image, Transform, apply_transform, invert_transform
from ptx.detector.silhouettes import Silhouettes
from ptx.geometry.joints import keypoint
from ptx.geometry.keypoints import valid_keypoints
from ptx.inference.engine import Engine
from ptx.inference.group import PERSON_HEIGHT
from ptx.inference.painting import Painting
from ptx.inference.person import Keypoints, Person
from ptx.pictures.background import remove_person
from ptx.pictures.compose import (
    USUAL_STRENGTH,
    Background,
    Feet,
    Painted,
    cast_contact_shadow,
    compose,
    feet_on_ground,
    read_background,
    shadow_strength,
)
from ptx.pictures.hole import Floats
from ptx.pipeline.errors import BadSample, PtxError

MASK_SIDE = 1024
"""Longest side of a photograph, px, at which its person's mask is found."""

SOLE = 0.08
"""Metres from an ankle down to the ground."""

ANKLES = (keypoint("right_ankle"), keypoint("left_ankle"))


PAINTED = "paint"
"""Background that is no backdrop: what the engine paints."""


@dataclass(frozen=True)
class Backdrop:
    """Lays painted people over a background."""

    background: Background
    """Which one."""
    engine: Engine = field(repr=False)
    """Reads the photograph of a pose."""

    @cached_property
    def _silhouettes(self) -> Silhouettes:
        """Finds masks of people."""
        return Silhouettes()

    def draw(self, painting: Painting, pose: Path | None = None) -> Image:
        """Cut the person out of a painted picture and lay them over the background.

        Args:
            painting: of the person.
            pose: the file that showed the pose.

        Returns:
            (H, W, 3) uint8 of the size of the photograph `source` or `pose`, or of that of the painting on a colour; (H, W, 4) on `none`.

        Raises:
            PtxError: nobody is found in the painted picture or the photograph, or the pose is no photograph.
        """
        colours, alpha = painting.cut_out or (
            painting.picture,
            self._mask(painting.picture, painting.pose, "the painted picture"),
        )
        if self.background == "source" or self.background == "pose":
            scene = painting.person if self.background == "source" else self._pose_person(pose)
            cut_out = Painted(colours, alpha, scene.transform)
            ground, strength = self._empty(scene)
            feet = _feet(painting.pose, scene.transform)
            return compose(cut_out, cast_contact_shadow(ground, feet, strength), ground.shape[:2])
        size = (alpha.shape[0], alpha.shape[1])
        here = np.eye(2, 3, dtype=np.float32)
        if self.background == "none":
            return compose(Painted(colours, alpha, here), None, size)
        plain = np.empty((*size, 3), np.uint8)
        plain[:] = self.background
        ground = cast_contact_shadow(plain, _feet(painting.pose, here), USUAL_STRENGTH)
        return compose(Painted(colours, alpha, here), ground, size)

    def _pose_person(self, pose: Path | None) -> Person:
        """Return the person of the photograph that shows the pose."""
        if pose is None or pose.suffix.lower() == ".json":
            raise PtxError(
                f"--background pose: {pose or 'a view'} has no photograph of the pose: take source, none or a colour"
            )
        return self.engine.read(pose)

    def _empty(self, person: Person) -> tuple[Image, float]:
        """Return a photograph without its person, and the strength of shadows under feet in it."""
        photograph = person.original
        shrink = min(1.0, MASK_SIDE / max(photograph.shape[:2]))
        size = [max(1, round(side * shrink)) for side in photograph.shape[1::-1]]
        small = np.asarray(cv2.resize(photograph, size, interpolation=cv2.INTER_AREA), np.uint8)
        points = person.keypoints.copy()
        points[:, :2] = apply_transform(invert_transform(person.transform), points[:, :2])
        feet = _feet(person.keypoints, person.transform)
        points[:, :2] = (points[:, :2] + 0.5) * shrink - 0.5
        mask = self._mask(small, points, "the photograph")
        whole = np.asarray(cv2.resize(mask, photograph.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
        return remove_person(photograph, whole), shadow_strength(photograph, whole, feet)

    def _mask(self, image: Image, keypoints: Keypoints, name: str) -> Floats:
        """Return the mask (h, w) of a person; raises PtxError where nobody is found."""
        try:
            return self._silhouettes(image, keypoints)
        except BadSample as error:
            raise PtxError(f"--background: nobody can be cut out of {name} ({error})") from None


def backdrop_of(text: str, engine: Engine) -> Backdrop | None:
    """Return the backdrop of a name or colour (`read_background`), None for `paint`; raises PtxError where it is none."""
    return None if text == PAINTED else Backdrop(read_background(text), engine)


def _feet(keypoints: Keypoints, transform: Transform) -> Feet:
    """Return the feet of a person that are on the ground.

    Args:
        keypoints: (18, 3) in px of a picture.
        transform: from px of the photograph to those of the picture.
    """
    points = keypoints.copy()
    points[~valid_keypoints(keypoints), :2] = np.nan
    points[:, :2] = apply_transform(invert_transform(transform), points[:, :2])
    known = points[np.isfinite(points[:, 1]), 1]
    scale = float(np.ptp(known)) / PERSON_HEIGHT if len(known) else 0.0
    return feet_on_ground(points[list(ANKLES), :2] + (0, SOLE * scale), scale)
