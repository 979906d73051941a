"""A population of synthetic people: their bodies, poses, cameras and images, and the exact truth of all that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.garments import dress
from ptx.datasets.people.looks import Look, sample_look, wear_loose
from ptx.datasets.people.options import PeopleOptions, image_ids
from ptx.datasets.people.poses import sample_pose, turn_root
from ptx.datasets.people.render import SUPERSAMPLING, Image, Wearer, render, render_labels
from ptx.datasets.people.scenes import cast_shadow, sample_background, sample_light
from ptx.geometry.body import Body, load_body
from ptx.geometry.camera import project
from ptx.geometry.correspondence import correspond
from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.geometry.mesh import vertex_normals
from ptx.geometry.skinning import pose_keypoints, pose_vertices

Floats = NDArray[np.float32]

FULL_BODY = 0.88
"""Share of the image's height (or width, where that binds) that a whole body fills, before a variation of some percent."""

HALF_BODY = 0.92
"""Share that the shown part of a body fills which ends at the image's lower edge."""

MAX_BETA = 2.2
"""Largest absolute value of a shape parameter, standard deviations."""

PERSON_STREAM = 0
"""First number of the streams of random numbers of a person, after the seed."""

IMAGE_STREAM = 1
"""First number of the stream of an image's pose and camera."""

SCENE_STREAM = 2
"""First number of the streams of backgrounds and light."""


@dataclass(frozen=True)
class Truth:
    """The truth of one image, for evaluation and for the keypoint backend `truth`, which reads the keypoints only."""

    pose: Floats
    """(24, 3) axis-angle, radians."""
    betas: Floats
    """(10,) shape of the body."""
    camera: Floats
    """(3,) px per metre, px, px."""
    keypoints: Floats
    """(18, 3) x, y in px, confidence 1; outside the image NaN and 0. Joints hidden by the body itself are given."""
    keypoints3d: Floats
    """(18, 4) metres, x right, y up, z towards the viewer, middle of the hips at 0; confidence; the same ones missing."""


@dataclass(frozen=True)
class People:
    """A population. Image i shows person i // images_per_person; the same options give the same bytes."""

    options: PeopleOptions
    """Size of the population and the images, and the seed."""

    @property
    def ids(self) -> list[str]:
        """Names of all images."""
        return image_ids(self.options)

    def truth(self, index: int) -> Truth:
        """Compute the truth of one image."""
        options = self.options
        group, view = divmod(index % options.images_per_person, options.views)
        body = load_body(options.body)
        rng = self._rng(IMAGE_STREAM, self._leader(index))
        betas = self._person(index)[0]
        pose = self._pose(body, betas, rng)
        # The poses of a person are spread all round, from a random beginning.
        first_yaw = self._rng(PERSON_STREAM, index // options.images_per_person, 1).uniform(0, 360)
        yaw = first_yaw + 360 * group * options.views / options.images_per_person + rng.uniform(-25, 25)
        tilt = rng.normal(3, 4), rng.normal(0, 1.5)
        yaws = yaw + 360 * np.arange(options.views) / options.views
        views = np.stack([turn_root(pose, side, *tilt) for side in yaws]).astype(np.float32)
        half = rng.random() < options.half_body
        vertices = np.concatenate(pose_vertices(body, views, betas))
        camera = self._frame(index, vertices, half, rng)
        joints = pose_keypoints(body, views[[view]], betas)[0]
        keypoints, keypoints3d = seen_keypoints(joints, camera, options.size)
        return Truth(views[view], betas.astype(np.float32), camera, keypoints, keypoints3d)

    def render(self, index: int) -> Image:
        """Render an image (H, W, 3) uint8 RGB."""
        truth = self.truth(index)
        wearer = self.wearer(index)
        scale = float(truth.camera[0])
        height, width = (side * SUPERSAMPLING for side in self.options.size)
        points = self.points(index)
        lowest = float(points[:, 1].max())
        floor = (lowest + 0.5) * SUPERSAMPLING if lowest < self.options.size[0] else None
        # One studio a person: all images of a person have the same background, so a network can paint it.
        studio = self._rng(SCENE_STREAM, index // self.options.images_per_person)
        background = sample_background(studio, height, width, floor)
        if floor is not None:
            cast_shadow(background, feet(points, SUPERSAMPLING), scale * SUPERSAMPLING)
        light = sample_light(self._rng(SCENE_STREAM, self._leader(index), 1))
        return render(wearer, light, points, scale, background)

    def garment_labels(self, index: int) -> NDArray[np.uint8]:
        """Render the garment labels (H, W) of an image (`ptx.labels`)."""
        return render_labels(self.wearer(index), self.points(index), *self.options.size)

    def wearer(self, index: int) -> Wearer:
        """Return the person that an image shows, in rest, with hair and clothes."""
        options = self.options
        return _wearer(options.body, options.seed, index // options.images_per_person, options.loose)

    def alpha(self, index: int) -> Floats:
        """Return how much of each pixel (H, W) is the person's, 0..1."""
        return (self.garment_labels(index) > 0).astype(np.float32)

    def mesh(self, index: int) -> NDArray[np.int32]:
        """Return the faces (F, 3) of `points`."""
        return self.wearer(index).body.faces

    def points(self, index: int) -> Floats:
        """Return the vertices (V, 3) of `wearer(index).body` as an image's camera sees them: u, v in px, depth in m."""
        truth = self.truth(index)
        vertices = pose_vertices(self.wearer(index).body, truth.pose[None], truth.betas)[0]
        return project(truth.camera, vertices).astype(np.float32)

    def exact_flow(self, target: int, source: int) -> tuple[Floats, NDArray[np.uint8]]:
        """Compute the exact flow (H, W, 2) px and the visibility (H, W) of a pair of images."""
        return correspond(self.points(target), self.points(source), self.mesh(target), *self.options.size)

    def _pose(self, body: Body, betas: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Sample the pose (24, 3) of an image, with the root unturned."""
        return sample_pose(body, betas, rng)

    def _frame(self, index: int, vertices: Floats, half: bool, rng: np.random.Generator) -> Floats:  # noqa: ARG002
        """Sample the camera (3,) of an image of the body's vertices (V, 3): it shows all, or where `half` the upper part."""
        bottom = rng.uniform(-0.35, 0.05) if half else None
        return place_camera_before(vertices, bottom, *self.options.size, rng)

    def _leader(self, index: int) -> int:
        """Return the first image of the group that shows the same pose."""
        return index - index % self.options.images_per_person % self.options.views

    def _person(self, index: int) -> tuple[NDArray[np.float64], Look]:
        """Return the shape (10,) and the look of the person that an image shows."""
        return _sample_person(self.options.seed, index // self.options.images_per_person, self.options.loose)

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self.options.seed, *stream])


@lru_cache(maxsize=256)
def _sample_person(seed: int, person: int, loose: float) -> tuple[NDArray[np.float64], Look]:
    """Sample a person's shape (10,) and look; in loose clothes with probability `loose`."""
    rng = np.random.default_rng([seed, PERSON_STREAM, person])
    betas = _shape(rng)
    look = sample_look(rng)
    clothes_rng = np.random.default_rng([seed, PERSON_STREAM, person, 2])
    return betas, wear_loose(look, clothes_rng) if clothes_rng.random() < loose else look


def sample_shape(seed: int, person: int) -> NDArray[np.float64]:
    """Sample a person's shape (10,), that of every look."""
    return _shape(np.random.default_rng([seed, PERSON_STREAM, person]))


def _shape(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.clip(rng.normal(0, 1, 10), -MAX_BETA, MAX_BETA)


@lru_cache(maxsize=8)
def _with_hair(spec: str, volume: float, hairline: float) -> Body:
    """Add hair of this cut to a body model's head; the cuts are few, so the bodies are kept."""
    body = load_body(spec)
    look = replace(sample_look(np.random.default_rng(0)), hair_volume=volume, hairline=hairline)
    normals = vertex_normals(body.v_template, body.faces)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return replace(body, v_template=body.v_template + look.hair_offset(body.v_template)[:, None] * normals)


@lru_cache(maxsize=4)
def _wearer(spec: str, seed: int, person: int, loose: float) -> Wearer:
    """Dress a person."""
    look = _sample_person(seed, person, loose)[1]
    bare = load_body(spec) if look.hair_volume == 0 else _with_hair(spec, look.hair_volume, look.hairline)
    body = dress(bare, look.loose) if look.loose else bare
    return Wearer(body, look, np.arange(len(body.v_template)) >= len(bare.v_template))


def seen_keypoints(joints: Floats, camera: Floats, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Convert joints (18, 3) metres to keypoints in px and in metres, as `Truth` has them, of an image of `size` (height, width)."""
    height, width = size
    hips = (joints[keypoint("left_hip")] + joints[keypoint("right_hip")]) / 2
    points = project(camera, joints)
    outside = (points[:, 0] < -0.5) | (points[:, 0] >= width - 0.5)
    outside |= (points[:, 1] < -0.5) | (points[:, 1] >= height - 0.5)
    confidence = np.ones((len(KEYPOINTS), 1))
    keypoints = np.concatenate([points[:, :2], confidence], axis=1).astype(np.float32)
    keypoints3d = np.concatenate([joints - hips, confidence], axis=1).astype(np.float32)
    keypoints[outside] = (np.nan, np.nan, 0)
    keypoints3d[outside] = (np.nan, np.nan, np.nan, 0)
    return keypoints, keypoints3d


def place_camera_before(
    vertices: Floats, bottom: float | None, height: int, width: int, rng: np.random.Generator
) -> Floats:
    """Sample a camera (3,) that shows the whole body of vertices (V, 3), or what is above `bottom`, metres above the pelvis."""
    low, high = vertices.min(0), vertices.max(0)
    half = bottom is not None
    if bottom is not None:  # the pelvis is near the body frame's origin
        low[1] = max(low[1], bottom)
        shown = vertices[vertices[:, 1] > low[1]]
        low[0], high[0] = shown[:, 0].min(), shown[:, 0].max()
    filled = HALF_BODY if half else FULL_BODY * rng.uniform(0.86, 1.06)
    across, tall = high[0] - low[0], high[1] - low[1]
    scale = filled * min(height / tall, width / across)
    # Half bodies end at the image's lower edge; others stand freely, a little off the middle.
    x = (width - 1) / 2 - scale * (low[0] + high[0]) / 2 + rng.uniform(-0.3, 0.3) * max(0.0, width - scale * across)
    room = max(0.0, height - scale * tall)
    y = height - 0.5 + scale * low[1] if half else height - 0.5 - room * rng.uniform(0.3, 0.7) + scale * low[1]
    return np.array([scale, x, y], np.float32)


def feet(points: Floats, sampling: int = 1) -> Floats:
    """Return the lowest points (2, 2) left and right of the body's middle, in px of an image sampled `sampling` times as finely."""
    fine = (points[:, :2] + 0.5) * sampling - 0.5
    low = fine[fine[:, 1] > fine[:, 1].max() - 0.02 * np.ptp(fine[:, 1])]
    return np.stack([low[low[:, 0].argmin()], low[low[:, 0].argmax()]])
