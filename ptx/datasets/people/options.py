"""Options of the synthetic people and names of their images, importable without numba, torch or OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Looks = Literal["plain", "lifelike"]
"""plain: painted bodies. lifelike: bodies in MakeHuman's clothes, shoes and hair, under light of real rooms, as a camera takes them."""

VERSION = 2
"""Version of the generator, raised when the same options begin to give other images."""

LIFELIKE_VERSION = 2
"""The same of lifelike people."""


@dataclass(frozen=True)
class PeopleOptions:
    """Options of a population."""

    persons: int
    """Number of persons."""
    images_per_person: int
    """Number of images of each person."""
    seed: int = 0
    """Seed of all random numbers."""
    size: tuple[int, int] = (256, 256)
    """Height, width of the images in px."""
    half_body: float = 0.25
    """Share of images that end at the hips or thighs."""
    body: str = "builtin"
    """Body model, as for `ptx.geometry.body.load_body`."""
    loose: float = 0.0
    """Share of persons in skirts, wide dresses or coats, whose cloth leaves the body."""
    views: int = 1
    """Images of a person come in groups of this many: one pose from cameras at equal angles all round."""
    looks: Looks = "plain"
    """What the people look like."""
    pack: str = ""
    """Folder of the pack that lifelike people are dressed from; empty: the one that comes with ptx."""


def image_ids(options: PeopleOptions) -> list[str]:
    """Return the names of all images, such as p00007_02 for the third image of the eighth person."""
    per = options.images_per_person
    return [f"p{i // per:05d}_{i % per:02d}" for i in range(options.persons * per)]
