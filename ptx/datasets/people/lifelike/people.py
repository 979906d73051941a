"""A population of lifelike people: looks, framings and pictures; poses, cameras and truth are as those of plain ones."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.cloth import MATERIALS, Dye, combed_hair, sample_dye
from ptx.datasets.people.lifelike.figure import CARDS, Worn, assemble, pose_figure
from ptx.datasets.people.lifelike.headwear import sample_head
from ptx.datasets.people.lifelike.layers import Person, coverage, label_map
from ptx.datasets.people.lifelike.light import sample_lighting
from ptx.datasets.people.lifelike.pack import Pack, load_pack
from ptx.datasets.people.lifelike.poses import GESTURED, gesticulate, sample_crop
from ptx.datasets.people.lifelike.render import draw
from ptx.datasets.people.lifelike.scenes import cast_on_wall, photograph, sample_surroundings
from ptx.datasets.people.lifelike.skin import sample_skin
from ptx.datasets.people.lifelike.wardrobe import sample_clothes
from ptx.datasets.people.looks import SHOULDER_X
from ptx.datasets.people.people import (
    IMAGE_STREAM,
    PERSON_STREAM,
    SCENE_STREAM,
    People,
    Truth,
    feet,
    place_camera_before,
    sample_shape,
)
from ptx.datasets.people.render import Image
from ptx.datasets.people.scenes import cast_shadow
from ptx.geometry.body import Body, load_body
from ptx.geometry.camera import project
from ptx.geometry.joints import joint
from ptx.geometry.labels import BACKGROUND
from ptx.labels import garment

Floats = NDArray[np.float32]

LOOK_STREAM = 3
"""Last number of the stream of a person's look, after the seed, `PERSON_STREAM` and the person."""

CLOSE_UPS = 0.4
"""Share of close-ups, in shares of `PeopleOptions.half_body`."""

CROPPED = 0.9
"""Share of pictures that begin or end within the body elsewhere (`poses.CROPS`), likewise."""

CLOSE_UP = (0.2, 0.42)
"""Metres above the pelvis where a close-up ends."""

POSED = 0.4
"""Probability that a pose leans towards one of the pack's."""

JOINT_SPREAD = 3.0
"""Standard deviation of what is added to each angle of a plain pose, degrees."""

NECKLINE_Y = 0.4
"""Height on the mean body in rest above which skin of the trunk counts as the face's, as on plain people."""

FACE_SPREAD = 0.8
"""Standard deviation of the components of a face's shape, in theirs."""

CURL = (0.05, 0.45)
"""Least and most radians by which each joint of the fingers is bent."""


class LifelikePeople(People):
    """Lifelike people. The same options and the same pack give the same bytes."""

    def truth(self, index: int) -> Truth:
        """Compute the truth of one image; the last ones are kept."""
        return _truth(self, index)

    def sample_truth(self, index: int) -> Truth:
        """Compute the truth of one image."""
        return super().truth(index)

    def render(self, index: int) -> Image:
        """Render an image (H, W, 3) uint8 RGB."""
        options, pack, person = self.options, self.pack, self.person(index)
        truth, points = self.truth(index), self.points(index)
        lighting = sample_lighting(pack.lights, self._rng(SCENE_STREAM, self._leader(index), 1))
        colour, alpha = draw(person, pack, points, float(truth.camera[0]), lighting, options.size)
        lowest = float(points[:, 1].max())
        floor = lowest + 0.5 if lowest < options.size[0] else None
        studio = self._rng(SCENE_STREAM, index // options.images_per_person)
        background = sample_surroundings(pack, studio, *options.size, floor)
        if floor is not None:
            cast_shadow(background, feet(points), float(truth.camera[0]))
        if studio.random() < 0.4:
            cast_on_wall(background, alpha, lighting.direction, 0.25)
        seen = np.clip(colour / np.maximum(alpha, 1e-3)[..., None], 0, 1) ** np.float32(1 / 2.2)
        picture = seen * alpha[..., None] + background * (1 - alpha)[..., None]
        return photograph(picture, self._rng(SCENE_STREAM, index, 2))

    def garment_labels(self, index: int) -> NDArray[np.uint8]:
        """Return the garment labels (H, W) of an image (`ptx.labels`)."""
        return label_map(self.person(index), self.points(index), self.options.size)

    def alpha(self, index: int) -> Floats:
        """Return how much of each pixel (H, W) is the person's, 0..1."""
        return coverage(self.person(index), self.points(index), self.options.size)

    def points(self, index: int) -> Floats:
        """Return the vertices (V, 3) of the dressed person as an image's camera sees them: u, v in px, depth in m."""
        return _points(self, index)

    def sample_points(self, index: int) -> Floats:
        """Compute the vertices (V, 3) of the dressed person in an image."""
        truth, figure = self.truth(index), self.person(index).figure
        hands = _relaxed(self._rng(SCENE_STREAM, self._leader(index), 3))
        points = project(truth.camera, pose_figure(figure, truth.pose, truth.betas, hands)).astype(np.float32)
        points[:, 2] -= figure.lift
        points.flags.writeable = False
        return points

    def exact_flow(self, target: int, source: int) -> tuple[Floats, NDArray[np.uint8]]:
        """Compute the exact flow of a pair of images; where cards of hair are seen through there is none."""
        flow, visibility = super().exact_flow(target, source)
        outside = self.garment_labels(target) == 0
        flow[outside], visibility[outside] = 0, BACKGROUND
        return flow, visibility

    def mesh(self, index: int) -> NDArray[np.int32]:
        """Return the faces (F, 3) of `points`."""
        return self.person(index).figure.body.faces

    def person(self, index: int) -> Person:
        """Return the person that an image shows, in rest."""
        options = self.options
        return _person(options.body, options.pack, options.seed, index // options.images_per_person, options.loose)

    def _frame(self, index: int, vertices: Floats, half: bool, rng: np.random.Generator) -> Floats:
        """Sample the camera (3,) of an image: as of plain people, or of head and shoulders, or without crown or feet."""
        camera = super()._frame(index, vertices, half, rng)
        own = self._rng(IMAGE_STREAM, self._leader(index), LOOK_STREAM)
        kind = own.random() / max(self.options.half_body, 1e-9)
        if kind > CLOSE_UPS + CROPPED:
            return camera
        trunk = _without_arms(load_body(self.options.body))
        views = vertices.reshape(self.options.views, -1, 3)[:, trunk].reshape(-1, 3)
        if kind > CLOSE_UPS:
            return sample_crop(views, self.options.size, own)
        return place_camera_before(views, float(own.uniform(*CLOSE_UP)), *self.options.size, own)

    def _pose(self, body: Body, betas: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Sample a pose as plain people take it, or towards one of the pack's, and vary all its joints."""
        pose = super()._pose(body, betas, rng)
        if len(self.pack.poses) and rng.random() < POSED:
            pose += rng.uniform(0.6, 1) * (self.pack.poses[rng.integers(len(self.pack.poses))] - pose)
        if rng.random() < GESTURED:
            pose = gesticulate(pose, rng)
        pose[1:] += np.radians(rng.normal(0, JOINT_SPREAD, pose[1:].shape))
        return pose

    @property
    def pack(self) -> Pack:
        """What they are dressed from."""
        return load_pack(self.options.pack)


@lru_cache(maxsize=16)
def _truth(people: LifelikePeople, index: int) -> Truth:
    """Compute the truth of one image, which its picture and its points are both made of."""
    return people.sample_truth(index)


@lru_cache(maxsize=8)
def _points(people: LifelikePeople, index: int) -> Floats:
    """Compute the points of one image, which its picture, its labels and its flow are made of."""
    return people.sample_points(index)


def _relaxed(rng: np.random.Generator) -> Floats:
    """Sample a pose (30, 3) of fingers at ease: bent a little towards the palm."""
    bend = rng.uniform(*CURL, (2, 1)) * rng.uniform(0.6, 1.3, (2, 15))
    bend[:, 12:] *= 0.3  # thumbs
    out = np.zeros((2, 15, 3), np.float32)
    out[0, :, 2], out[1, :, 2] = -bend[0], bend[1]  # palms face down in rest, the left fingers point to +x
    return out.reshape(30, 3)


@lru_cache(maxsize=6)
def _person(spec: str, folder: str, seed: int, number: int, loose: float) -> Person:
    """Make a person."""
    body, pack = load_body(spec), load_pack(folder)
    rng = np.random.default_rng([seed, PERSON_STREAM, number, LOOK_STREAM])
    sex = pack.sex(sample_shape(seed, number))
    clothes = sample_clothes(pack, body, sex, loose, rng)
    hood = next((item for item in clothes if item.piece.kind == "hood" and item.outside is not None), None)
    head = sample_head(pack, body, sex, rng, hood)
    worn = [*clothes, *head]
    face = np.clip(rng.normal(0, FACE_SPREAD, pack.face_shapes.shape[2]), -1.5, 1.5).astype(np.float32)
    skin = sample_skin(pack, sex, any(item.label == "hair" for item in head), rng)
    labels = np.where(skin.under_hair(body.v_template), garment("hair"), skin_labels(body)).astype(np.uint8)
    figure = assemble(pack, body, face, worn)
    dyes = _dyes(pack, worn, rng)
    relief = np.zeros(len(figure.rest), np.float32)
    for dye, first, end in zip(dyes, figure.starts, figure.starts[1:], strict=False):
        if dye is not None:
            relief[first:end] = dye.relief(figure.rest[first:end, :3])
    pictures = tuple(_picture(pack, item, dye) for item, dye in zip(worn, dyes, strict=True))
    return Person(figure, skin, pictures, dyes, relief, labels)


def _dyes(pack: Pack, worn: list[Worn], rng: np.random.Generator) -> tuple[Dye | None, ...]:
    """Sample how what is worn is coloured: pieces of one dress alike, and all that is one accessory."""
    by_name: dict[str, Dye] = {}
    out: list[Dye | None] = []
    for item in worn:
        kind = item.piece.kind
        if kind in CARDS or item.label == "hair":
            out.append(None)
            continue
        name = kind if item.label == "accessory" else item.label
        if name not in by_name:
            by_name[name] = sample_dye(pack, name if kind in MATERIALS else item.label, rng)
        out.append(by_name[name])
    return tuple(out)


def _picture(pack: Pack, item: Worn, dye: Dye | None) -> Floats:
    """Make the picture of a piece, as `Person.pictures` has it."""
    own = pack.picture(item.piece.texture) if item.piece.texture else None
    if dye is not None:
        return dye.picture(own)
    if own is None and item.label == "hair":
        return combed_hair()
    if own is None:
        raise ValueError(f"{item.piece.name} has no picture: strands need one")
    picture = own.astype(np.float32) / np.float32(255)
    strands = np.repeat(picture[..., :1] / max(float(picture[..., :1].mean()), 0.05), 3, axis=2)
    grey = np.clip(strands, 0.15, 2.5) if item.piece.kind == "hair" else np.ones_like(strands)
    return np.concatenate([grey, picture[..., 3:]], axis=2)


@lru_cache(maxsize=2)
def _without_arms(body: Body) -> NDArray[np.bool_]:
    """Mark the vertices (V,) that are no part of the arms."""
    arms = [joint(f"{side}_{part}") for side in ("left", "right") for part in ("elbow", "wrist", "hand")]
    return np.asarray(body.weights[:, arms].sum(1) < 0.1, np.bool_)


@lru_cache(maxsize=2)
def skin_labels(body: Body) -> NDArray[np.uint8]:
    """Label (V,) a body's bare skin by what moves it: face, with neck and neckline, arms or legs; the belly goes with the arms."""
    out = np.full(len(body.v_template), garment("arms"), np.uint8)
    heaviest = body.weights.argmax(1)
    legs = [joint(f"{side}_{part}") for side in ("left", "right") for part in ("hip", "knee", "ankle", "foot")]
    out[np.isin(heaviest, [*legs, joint("pelvis")])] = garment("legs")
    neckline = (body.v_template[:, 1] > NECKLINE_Y) & (np.abs(body.v_template[:, 0]) < SHOULDER_X)
    out[neckline | np.isin(heaviest, [joint("neck"), joint("head")])] = garment("face")
    return out
