"""Pairs of pictures of one person, and the one as the surface engine draws it of the other; drawn once into arrays on disk.

Bodies are fitted to the pictures as to photographs, by the detector: fits, silhouettes and labels are wrong as often as they really are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from small_training.arrays import open_array

from ptx.datasets.avatars.population import AvatarPictures
from ptx.datasets.people import PeopleOptions
from ptx.datasets.people.lifelike.people import LifelikePeople
from ptx.datasets.people.people import SCENE_STREAM
from ptx.geometry.body import Body
from ptx.geometry.joints import keypoint
from ptx.geometry.skinning import pose_keypoints
from ptx.inference.surface import SurfaceEngine
from ptx.inference.surface_painting import SurfacePerson
from ptx.pipeline.errors import BadSample, PtxError
from ptx.surface.maps import BODY_MAPS, body_maps
from ptx.surface.proportions import in_pose
from ptx.surface.render import render, unseen_arms

SIZE = (256, 192)
"""Height, width in px at which people are drawn, and mended."""

SHOWN = (384, 288)
"""Height, width of the pictures that are read."""

ENGINE = (512, 384)
TEXTURE = 640
IMAGES = 4
"""Pictures of a person: each is drawn of each other."""

PER_PERSON = IMAGES * (IMAGES - 1)
UNKNOWN = 255
"""Label of everything where a population has no labels."""

HALF_BODY = 0.55
LOOSE = 0.35
CALM = 4
"""Poses of which the calmest is taken: fashion photographs show few that jump or sit."""

Image = NDArray[np.uint8]


class Population(Protocol):
    """People, each in `IMAGES` pictures."""

    def picture(self, index: int) -> tuple[Image, Image, Image]:
        """Return a picture (H, W, 3), how much of each pixel is the person's (H, W) 0 to 255, and labels (H, W); raises BadSample."""
        ...


@dataclass(frozen=True)
class OneLight(LifelikePeople):
    """Lifelike people, all pictures of one under one light, as photographers take them."""

    def picture(self, index: int) -> tuple[Image, Image, Image]:
        """Return a picture, the person's share of it, and labels."""
        share = np.rint(255 * self.alpha(index)).astype(np.uint8)
        return self.render(index), share, self.garment_labels(index)

    def _pose(self, body: Body, betas: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Sample some poses, and take the one whose legs are straightest and hands lowest."""
        poses = [super(OneLight, self)._pose(body, betas, rng) for _ in range(CALM)]
        points = [pose_keypoints(body, pose[None].astype(np.float32), betas)[0] for pose in poses]
        return poses[int(np.argmin([_unrest(one) for one in points]))]

    def _rng(self, *stream: int) -> np.random.Generator:
        if len(stream) == 3 and stream[0] == SCENE_STREAM and stream[2] == 1:
            stream = (SCENE_STREAM, stream[1] // self.options.images_per_person, 4)
        return super()._rng(*stream)


def _unrest(points: NDArray[np.floating]) -> float:
    """Metres by which hands and feet are away from where they are of who stands still, of keypoints (18, 3)."""
    at = {
        name: points[keypoint(name), 1] for name in ("neck", "left_wrist", "right_wrist", "left_ankle", "right_ankle")
    }
    hands = at["left_wrist"] + at["right_wrist"]
    return float(
        hands - at["left_ankle"] - at["right_ankle"] + 2 * abs(at["left_ankle"] - at["right_ankle"]) - 2 * at["neck"]
    )


class Avatars:
    """Avatars of a folder."""

    def __init__(self, root: Path, seed: int) -> None:
        """List the files."""
        names = sorted(path.name for path in root.glob("*.glb"))
        self.count = len(names)
        paths = [name for name in names for _ in range(IMAGES)]
        self._pictures = AvatarPictures(root, paths, IMAGES, seed, SHOWN, HALF_BODY)

    def picture(self, index: int) -> tuple[Image, Image, Image]:
        """Return a picture, the person's share of it, and labels, unknown where names do not tell them."""
        picture, share = self._pictures.render(index), self._pictures.mask(index)
        try:
            return picture, share, self._pictures.garment_labels(index)
        except BadSample:
            return picture, share, np.full(SHOWN, UNKNOWN, np.uint8)


def lifelike(pack: str, persons: int, seed: int) -> OneLight:
    """Open a population of lifelike people."""
    return OneLight(PeopleOptions(persons, IMAGES, seed, SHOWN, HALF_BODY, loose=LOOSE, looks="lifelike", pack=pack))


@dataclass(frozen=True)
class Pairs:
    """Arrays of N pairs."""

    drawn: NDArray[np.uint8]
    """(N, H, W, 3) the person as they are drawn, not multiplied by alpha."""
    shares: NDArray[np.uint8]
    """(N, H, W, 2) alpha; share of the colour that is fetched at the very place. 0 to 255."""
    body: NDArray[np.float16]
    """(N, H, W, 6) `body_maps`."""
    truth: NDArray[np.uint8]
    """(N, H, W, 3) the true picture."""
    marks: NDArray[np.uint8]
    """(N, H, W, 2) the true person's share, 0 to 255; true labels, 255 unknown."""
    state: NDArray[np.uint8]
    """(N,) 0 not drawn yet, 1 drawn, 2 left out: nobody is found."""

    @classmethod
    def open(cls, folder: Path, count: int = 0) -> Pairs:
        """Open the arrays of a folder, made for so many pairs where they are missing."""

        def array(name: str, shape: tuple[int, ...], kind: type[np.generic]) -> NDArray[np.generic]:
            return open_array(folder / f"{name}.npy", (count, *shape), kind)

        return cls(
            array("drawn", (*SIZE, 3), np.uint8),
            array("shares", (*SIZE, 2), np.uint8),
            array("body", (*SIZE, BODY_MAPS), np.float16),
            array("truth", (*SIZE, 3), np.uint8),
            array("marks", (*SIZE, 2), np.uint8),
            array("state", (), np.uint8),
        )


def person_of(rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the number of the person of each row of `Pairs`."""
    return (rows // PER_PERSON).astype(np.int64)


def draw(folder: Path, population: Population, persons: int, workers: int) -> None:
    """Draw the pairs of all persons that are not drawn yet; the same whatever the number of workers."""
    state = np.array(Pairs.open(folder, persons * PER_PERSON).state).reshape(persons, PER_PERSON)
    todo = [(folder, population, persons, person) for person in np.flatnonzero((state == 0).any(1)).tolist()]
    with get_context("spawn").Pool(workers) as pool:
        for done, _ in enumerate(pool.imap_unordered(_draw_person, todo), 1):
            if done % 20 == 0 or done == len(todo):
                print(f"{folder.name}: {done} of {len(todo)} people", flush=True)


def _draw_person(job: tuple[Path, Population, int, int]) -> None:
    folder, population, persons, person = job
    cv2.setNumThreads(1)
    out = Pairs.open(folder, persons * PER_PERSON)
    first = person * PER_PERSON
    try:
        pictures = [population.picture(person * IMAGES + i) for i in range(IMAGES)]
    except BadSample:
        out.state[first : first + PER_PERSON] = 2
        return
    read = [_read(picture) for picture, _, _ in pictures]
    for row, (a, b) in enumerate(_ordered_pairs(), first):
        source, target = read[a], read[b]
        if source is None or target is None:
            out.state[row] = 2
            continue
        out.drawn[row], out.shares[row], out.body[row] = _drawn(source, target)
        picture, share, labels = pictures[b]
        out.truth[row] = cv2.resize(picture, SIZE[::-1], interpolation=cv2.INTER_AREA)
        out.marks[row, ..., 0] = cv2.resize(share, SIZE[::-1], interpolation=cv2.INTER_AREA)
        out.marks[row, ..., 1] = cv2.resize(labels, SIZE[::-1], interpolation=cv2.INTER_NEAREST)
        out.state[row] = 1


def _ordered_pairs() -> Iterator[tuple[int, int]]:
    return ((a, b) for a in range(IMAGES) for b in range(IMAGES) if a != b)


_engines: list[SurfaceEngine] = []


def _read(picture: Image) -> SurfacePerson | None:
    if not _engines:
        _engines.append(SurfaceEngine(frame="picture", size=ENGINE, texture=TEXTURE, mend=False))
    try:
        return _engines[0].person(picture)
    except PtxError:
        return None


def _drawn(source: SurfacePerson, target: SurfacePerson) -> tuple[Image, Image, NDArray[np.float32]]:
    fitted = in_pose(source.fitted, target.fitted)
    share = SIZE[0] / ENGINE[0]
    scale, x, y = fitted.camera
    camera = np.array([scale * share, (x + 0.5) * share - 0.5, (y + 0.5) * share - 0.5], np.float32)
    fitted = replace(fitted, camera=camera, size=SIZE)
    shown = render(source.store, fitted, unseen_arms(fitted, target.person.keypoints * (share, share, 1)))
    shares = np.rint(255 * np.stack([shown.alpha, shown.own], 2)).astype(np.uint8)
    return shown.colour, shares, body_maps(fitted)
