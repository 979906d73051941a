"""Pictures of the avatars of a folder: poses, cameras, light and backgrounds as of the synthetic people, and their exact truth."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.avatars.avatar import Avatar, load_avatar
from ptx.datasets.avatars.drawing import GRADED_CUTS, draw_surface, flow_of, render_avatar, render_labels
from ptx.datasets.avatars.posing import Posed, pose_avatar, with_collars
from ptx.datasets.people.people import feet, place_camera_before, seen_keypoints
from ptx.datasets.people.poses import sample_pose, turn_root
from ptx.datasets.people.render import SUPERSAMPLING, Image, supersampled
from ptx.datasets.people.scenes import cast_shadow, sample_background, sample_light
from ptx.geometry.body import SHAPES, load_body
from ptx.geometry.camera import project
from ptx.pipeline.errors import BadSample, name_bytes

Floats = NDArray[np.float32]

BODY = "builtin"
"""Body model on which poses are sampled, so that hands stay outside the trunk."""

HALF_ENDS = (-0.35, 0.05)
"""Metres above the pelvis between which images end that show half a body."""

IMAGE_STREAM, SCENE_STREAM, TURN_STREAM = 0, 1, 2
"""Streams of random numbers of a file: of an image's pose and camera, of backgrounds and light, of the side it is first seen from."""


class View(NamedTuple):
    """An avatar before a camera."""

    avatar: Avatar
    """The person."""
    posed: Posed
    """In the pose."""
    camera: Floats
    """(3,) px per metre, px, px."""
    points: Floats
    """(V, 3) its vertices: u, v px, depth m."""


@dataclass(frozen=True)
class AvatarPictures:
    """Images, several of each file; the same files, options and seed give the same bytes."""

    root: Path
    """Folder of the files."""
    paths: Sequence[str]
    """File below the root of each image."""
    per_file: int
    """Number of images of each file, which are neighbours."""
    seed: int
    """Seed of all random numbers."""
    size: tuple[int, int]
    """Height, width of images in px."""
    half_body: float
    """Share of images that end at the hips or thighs."""

    def view(self, index: int) -> View:
        """Pose the avatar of an image before its camera.

        Raises:
            BadSample: its file cannot be used.
        """
        avatar = load_avatar(self.root / self.paths[index])
        number, body = index % self.per_file, load_body(BODY)
        rng = self._rng(index, IMAGE_STREAM, number)
        pose = sample_pose(body, np.zeros(SHAPES), rng)
        # The poses of an avatar are spread all round, from a random beginning.
        first_yaw = self._rng(index, TURN_STREAM).uniform(0, 360)
        yaw = first_yaw + 360 * number / self.per_file + rng.uniform(-25, 25)
        turned = turn_root(with_collars(avatar, pose), yaw, rng.normal(3, 4), rng.normal(0, 1.5))
        posed = pose_avatar(avatar, turned)
        bottom = rng.uniform(*HALF_ENDS) if rng.random() < self.half_body else None
        camera = place_camera_before(posed.vertices, bottom, *self.size, rng)
        return View(avatar, posed, camera, project(camera, posed.vertices).astype(np.float32))

    def keypoints(self, index: int) -> tuple[Floats, Floats]:
        """Return keypoints (18, 3) px and (18, 4) metres of an image, as `people.Truth` has them; raises BadSample."""
        view = self.view(index)
        return seen_keypoints(view.posed.keypoints, view.camera, self.size)

    def render(self, index: int) -> Image:
        """Render an image (H, W, 3) uint8 RGB; raises BadSample."""
        view = self.view(index)
        scale, lowest = float(view.camera[0]), float(view.points[:, 1].max())
        height, width = (side * SUPERSAMPLING for side in self.size)
        floor = (lowest + 0.5) * SUPERSAMPLING if lowest < self.size[0] else None
        background = sample_background(self._rng(index, SCENE_STREAM), height, width, floor)
        if floor is not None:
            cast_shadow(background, feet(view.points, SUPERSAMPLING), scale * SUPERSAMPLING)
        light = sample_light(self._rng(index, SCENE_STREAM, index % self.per_file))
        return render_avatar(view.avatar, view.posed, light, view.points, scale, background)

    def mask(self, index: int) -> NDArray[np.uint8]:
        """Render the share of each pixel (H, W) that is the person's, 0 to 255; raises BadSample."""
        view = self.view(index)
        fine = supersampled(view.points)
        height, width = self.size
        face, _, _ = draw_surface(view.avatar, fine, height * SUPERSAMPLING, width * SUPERSAMPLING, GRADED_CUTS)
        covered = (face >= 0).astype(np.float32) * 255
        return np.rint(cv2.resize(covered, (width, height), interpolation=cv2.INTER_AREA)).astype(np.uint8)

    def garment_labels(self, index: int) -> NDArray[np.uint8]:
        """Render the garment labels (H, W) of an image (`ptx.labels`).

        Raises:
            BadSample: `no_labels`, where names do not tell them; or the file cannot be used.
        """
        view = self.view(index)
        labels = render_labels(view.avatar, view.points, *self.size)
        if labels is None:
            name = Path(self.paths[index]).name
            raise BadSample("no_labels", f"{name}: the names of its materials and meshes do not tell clothes from skin")
        return labels

    def flow(self, target: int, source: int) -> tuple[Floats, NDArray[np.uint8]]:
        """Compute the flow (H, W, 2) px and the visibility (H, W) of two images of one file; raises BadSample."""
        here, there = self.view(target), self.view(source)
        return flow_of(here.avatar, here.points, there.points, *self.size)

    def _rng(self, index: int, *stream: int) -> np.random.Generator:
        """Open a stream of random numbers of an image's file, whatever other files there are."""
        name = int.from_bytes(hashlib.sha256(name_bytes(self.paths[index])).digest()[:8], "big")
        return np.random.default_rng([self.seed, name, *stream])
