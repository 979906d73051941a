"""What is behind a painted person: their photograph or the pose's without its person, one colour, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from ptx.datasets.images import Image, Transform, apply_transform, invert_transform
from ptx.detector.silhouettes import Silhouettes
from ptx.geometry.joints import keypoint
from ptx.geometry.keypoints import valid_keypoints
from ptx.inference.given import Keypoints
from ptx.inference.group import PERSON_HEIGHT
from ptx.inference.painting import Painting, Scene
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


HERE = np.eye(2, 3, dtype=np.float32)
"""Transform of a picture that is itself the photograph."""

PAINTED = "paint"
"""Background that is no backdrop: what the engine paints."""


@dataclass(frozen=True)
class Backdrop:
    """Lays painted people over a background."""

    background: Background
    """Which one."""

    def draw(self, painting: Painting) -> Image:
        """Cut the person out of a painted picture and lay them over the background.

        Returns:
            (H, W, 3) uint8 of the size of the photograph `source` or `pose`, or of that of the painting on a colour; (H, W, 4) on `none`.

        Raises:
            PtxError: nobody is found in the painted picture or the photograph, or the pose is no photograph.
        """
        person = _cut_out(painting)
        if self.background == "source" or self.background == "pose":
            scene = painting.scene if self.background == "source" else painting.pose_scene
            if scene is None:
                raise PtxError("--background pose: there is no photograph of the pose: take source, none or a colour")
            return _lay([_in_photograph(person, scene)], [painting.pose], [scene])
        size = (painting.picture.shape[0], painting.picture.shape[1])
        if self.background == "none":
            return compose(person, None, size)
        plain = np.empty((*size, 3), np.uint8)
        plain[:] = self.background
        return compose(person, cast_contact_shadow(plain, _feet(painting.pose, HERE), USUAL_STRENGTH), size)


def backdrop_of(text: str) -> Backdrop | None:
    """Return the backdrop of a name or colour (`read_background`), None for `paint`; raises PtxError where it is none."""
    return None if text == PAINTED else Backdrop(read_background(text))


def lay_everyone(paintings: Sequence[Painting]) -> Image:
    """Lay people over the photograph that all come from, without them.

    Args:
        paintings: from far to near; at least one.

    Returns:
        (H, W, 3) uint8.

    Raises:
        PtxError: one of them is not found in the painted picture or the photograph.
    """
    cut_outs = [_in_photograph(_cut_out(one), one.scene) for one in paintings]
    return _lay(cut_outs, [one.pose for one in paintings], [one.scene for one in paintings])


def _lay(people: Sequence[Painted], poses: Sequence[Keypoints], scenes: Sequence[Scene]) -> Image:
    """Lay people in poses (18, 3) over the photograph of some scenes, without the people of these; shadows are under all feet."""
    photograph = scenes[0].person.original
    mask = np.maximum.reduce([_whole_mask(scene) for scene in scenes])
    out = remove_person(photograph, mask)
    for pose, scene in zip(poses, scenes, strict=True):
        transform = scene.person.transform
        strength = shadow_strength(photograph, mask, _feet(scene.person.keypoints, transform))
        out = cast_contact_shadow(out, _feet(pose, transform), strength)
    for one in people:
        out = compose(one, out, (out.shape[0], out.shape[1]))
    return out


def _cut_out(painting: Painting) -> Painted:
    """A painted person alone, by px of the painted picture; raises PtxError where nobody is found."""
    if painting.cut_out is not None:
        return painting.cut_out
    mask = _mask(painting.picture, painting.pose, "the painted picture")
    return Painted(painting.picture, mask, HERE)


def _in_photograph(painted: Painted, scene: Scene) -> Painted:
    """Place a person, by px of a scene's picture, in the scene's photograph."""
    there = np.vstack([scene.person.transform, [0, 0, 1]])
    return painted._replace(transform=painted.transform @ there)


def without_person(scene: Scene) -> Image:
    """Return the photograph (H, W, 3) of a scene without its person; raises PtxError where nobody is found."""
    return remove_person(scene.person.original, _whole_mask(scene))


def shadow_of(scene: Scene) -> float:
    """Estimate how much light the ground of a scene loses under its person's feet, 0 to 1."""
    person = scene.person
    return shadow_strength(person.original, _whole_mask(scene), _feet(person.keypoints, person.transform))


def _whole_mask(scene: Scene) -> Floats:
    """Mask (H, W), 0 to 1, of a person in their photograph; raises PtxError where nobody is found."""
    person, photograph = scene.person, scene.person.original
    size = photograph.shape[1::-1]
    if scene.mask is not None:
        return np.asarray(cv2.warpAffine(scene.mask, invert_transform(person.transform), size), np.float32)
    shrink = min(1.0, MASK_SIDE / max(size))
    smaller = [max(1, round(side * shrink)) for side in size]
    small = np.asarray(cv2.resize(photograph, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    points = person.keypoints.copy()
    points[:, :2] = apply_transform(invert_transform(person.transform), points[:, :2])
    points[:, :2] = (points[:, :2] + 0.5) * shrink - 0.5
    mask = _mask(small, points, "the photograph")
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR), np.float32)


@cache
def _silhouettes() -> Silhouettes:
    """The networks that find masks of people, loaded once."""
    return Silhouettes()


def _mask(image: Image, keypoints: Keypoints, name: str) -> Floats:
    """Return the mask (h, w) of a person; raises PtxError where nobody is found."""
    try:
        return _silhouettes()(image, keypoints)
    except BadSample as error:
        raise PtxError(f"--background: nobody can be cut out of {name} ({error})") from None


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
