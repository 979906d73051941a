"""Who is in the pictures, how they stand, where the camera is, and the exact truth of all that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.garments import dress
from ptx.datasets.people.looks import Look, draw_look, loosely
from ptx.datasets.people.poses import draw_pose, turn_root
from ptx.datasets.people.render import SUPERSAMPLING, Image, Wearer, parse, render
from ptx.datasets.people.scenes import cast_shadow, draw_background, draw_light
from ptx.geometry.body import Body, load_body
from ptx.geometry.camera import project
from ptx.geometry.joints import keypoint
from ptx.geometry.keypoints import drop_keypoints, inside_image
from ptx.geometry.mesh import vertex_normals
from ptx.geometry.skinning import pose_keypoints, pose_vertices

Floats = NDArray[np.float32]

FULL_BODY, HALF_BODY = 0.88, 0.92
"""Share of the picture's height (or width, where that binds) that the shown part of the body fills."""

VERSION = 2
"""Raised when the same options begin to give other pictures."""

PERSON, IMAGE, SCENE = 0, 1, 2
"""Streams of random numbers."""


@dataclass(frozen=True)
class PeopleOptions:
    """What to make."""

    persons: int
    images_per_person: int
    seed: int = 0
    size: tuple[int, int] = (256, 256)
    """Height, width in px."""
    half_body: float = 0.25
    """Share of images that end at the hips or thighs."""
    body: str = "builtin"
    """Body model, as for `load_body`."""
    loose: float = 0.0
    """Share of persons in skirts, wide dresses or coats, whose cloth leaves the body."""
    views: int = 1
    """Images of a person come in groups of so many, one pose seen from all round by cameras at equal angles."""


@dataclass(frozen=True)
class Truth:
    """What is true of one image. For evaluation and for the `truth` backend, which sees the keypoints only."""

    pose: Floats
    """(24, 3) axis-angle, radians."""
    betas: Floats
    """(10,)."""
    camera: Floats
    """(3,) px per metre, px, px."""
    keypoints: Floats
    """(18, 3) x, y in px, confidence 1; outside the picture NaN and 0. Joints hidden by the body itself are given."""
    keypoints3d: Floats
    """(18, 4) metres, x right, y up, z towards the viewer, middle of the hips at 0; the same ones missing."""


@dataclass(frozen=True)
class People:
    """A population. Image i shows person i // images_per_person; the same options give the same bytes."""

    options: PeopleOptions

    @property
    def ids(self) -> list[str]:
        """Names of all images."""
        per = self.options.images_per_person
        return [f"p{i // per:05d}_{i % per:02d}" for i in range(self.options.persons * per)]

    def truth(self, index: int) -> Truth:
        """The truth of one image."""
        o = self.options
        group, view = divmod(index % o.images_per_person, o.views)
        body, rng = load_body(o.body), self._rng(IMAGE, self._leader(index))
        height, width = o.size
        betas = self._person(index)[0]
        pose = draw_pose(body, betas, rng)
        # Sides: the poses of a person are spread all round, from a random beginning.
        first = self._rng(PERSON, index // o.images_per_person, 1).uniform(0, 360)
        yaw = first + 360 * group * o.views / o.images_per_person + rng.uniform(-25, 25)
        tilt = rng.normal(3, 4), rng.normal(0, 1.5)
        sides = yaw + 360 * np.arange(o.views) / o.views
        seen = np.stack([turn_root(pose, side, *tilt) for side in sides]).astype(np.float32)
        half = rng.random() < o.half_body
        camera = _frame(np.concatenate(pose_vertices(body, seen, betas)), half, height, width, rng)
        pose = seen[[view]]
        xyz = pose_keypoints(body, pose, betas)[0]
        hips = (xyz[keypoint("left_hip")] + xyz[keypoint("right_hip")]) / 2
        points = project(camera, xyz)
        outside = ~inside_image(points, o.size)
        keypoints = np.concatenate([points[:, :2], np.ones((18, 1))], axis=1).astype(np.float32)
        keypoints3d = np.concatenate([xyz - hips, np.ones((18, 1))], axis=1).astype(np.float32)
        keypoints, keypoints3d = (drop_keypoints(k, outside) for k in (keypoints, keypoints3d))
        return Truth(pose[0], betas.astype(np.float32), camera, keypoints, keypoints3d)

    def render(self, index: int) -> Image:
        """The picture (H, W, 3) uint8 RGB."""
        truth, wearer = self.truth(index), self.wearer(index)
        height, width = (side * SUPERSAMPLING for side in self.options.size)
        points = self.places(index)
        lowest = float(points[:, 1].max())
        floor = (lowest + 0.5) * SUPERSAMPLING if lowest < self.options.size[0] else None
        # One studio a person: what is behind them in one picture is behind them in all, so it can be painted.
        studio = self._rng(SCENE, index // self.options.images_per_person)
        background = draw_background(studio, height, width, floor)
        if floor is not None:
            cast_shadow(background, _feet(points), float(truth.camera[0]) * SUPERSAMPLING)
        light = draw_light(self._rng(SCENE, self._leader(index), 1))
        return render(wearer, light, points, float(truth.camera[0]), background)

    def parse(self, index: int) -> NDArray[np.uint8]:
        """Garment labels (H, W) of the picture (`ptx.labels`)."""
        return parse(self.wearer(index), self.places(index), *self.options.size)

    def wearer(self, index: int) -> Wearer:
        """The person that an image shows, in rest, with hair and clothes."""
        o = self.options
        return _wearer(o.body, o.seed, index // o.images_per_person, o.loose)

    def places(self, index: int) -> Floats:
        """(V, 3) u, v px and depth m of the vertices of `wearer(index).body` in the picture."""
        truth = self.truth(index)
        vertices = pose_vertices(self.wearer(index).body, truth.pose[None], truth.betas)[0]
        return project(truth.camera, vertices).astype(np.float32)

    def _leader(self, index: int) -> int:
        """The first image of the group that shows the same pose."""
        return index - index % self.options.images_per_person % self.options.views

    def _person(self, index: int) -> tuple[NDArray[np.float64], Look]:
        """Shape (10,) and look of the person that an image shows."""
        return _draw_person(self.options.seed, index // self.options.images_per_person, self.options.loose)

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self.options.seed, *stream])


@lru_cache(maxsize=256)
def _draw_person(seed: int, person: int, loose: float) -> tuple[NDArray[np.float64], Look]:
    rng = np.random.default_rng([seed, PERSON, person])
    betas, look = np.clip(rng.normal(0, 1, 10), -2.2, 2.2), draw_look(rng)
    clothes = np.random.default_rng([seed, PERSON, person, 2])
    return betas, loosely(look, clothes) if clothes.random() < loose else look


@lru_cache(maxsize=8)
def _haired(spec: str, volume: float, hairline: float) -> Body:
    """The body with hair of this cut standing off its head; the cuts are few, so the bodies are kept."""
    body = load_body(spec)
    look = replace(draw_look(np.random.default_rng(0)), hair_volume=volume, hairline=hairline)
    normals = vertex_normals(body.v_template, body.faces)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return replace(body, v_template=body.v_template + look.hair_offset(body.v_template)[:, None] * normals)


@lru_cache(maxsize=4)
def _wearer(spec: str, seed: int, person: int, loose: float) -> Wearer:
    look = _draw_person(seed, person, loose)[1]
    bare = load_body(spec) if look.hair_volume == 0 else _haired(spec, look.hair_volume, look.hairline)
    body = dress(bare, look.loose) if look.loose else bare
    return Wearer(body, look, np.arange(len(body.v_template)) >= len(bare.v_template))


def _frame(vertices: Floats, half: bool, height: int, width: int, rng: np.random.Generator) -> Floats:
    """A camera (3,) that shows the whole body, or head to hips or thighs."""
    low, high = vertices.min(0), vertices.max(0)
    if half:
        bottom = rng.uniform(-0.35, 0.05)  # metres relative to the pelvis, which is near the body frame's origin
        low[1] = max(low[1], bottom)
        shown = vertices[vertices[:, 1] > low[1]]
        low[0], high[0] = shown[:, 0].min(), shown[:, 0].max()
    share = HALF_BODY if half else FULL_BODY * rng.uniform(0.86, 1.06)
    across, tall = high[0] - low[0], high[1] - low[1]
    scale = share * min(height / tall, width / across)
    # Half bodies end at the picture's lower edge; others stand freely, a little off the middle.
    x = (width - 1) / 2 - scale * (low[0] + high[0]) / 2 + rng.uniform(-0.3, 0.3) * max(0.0, width - scale * across)
    room = max(0.0, height - scale * tall)
    y = height - 0.5 + scale * low[1] if half else height - 0.5 - room * rng.uniform(0.3, 0.7) + scale * low[1]
    return np.array([scale, x, y], np.float32)


def _feet(points: Floats) -> Floats:
    """(2, 2) px: the lowest points left and right of the body's middle, in supersampled pixels."""
    fine = (points[:, :2] + 0.5) * SUPERSAMPLING - 0.5
    low = fine[fine[:, 1] > fine[:, 1].max() - 0.02 * np.ptp(fine[:, 1])]
    return np.stack([low[low[:, 0].argmin()], low[low[:, 0].argmax()]])
