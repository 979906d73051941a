"""Synthetic people whose bodies, masks and clothes are known."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import load_body
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.source import MaskedPhotograph
from ptx.surface.store import SurfaceStore, build_store

SIZE = (256, 192)
"""Height, width of the photographs."""

VIEWS = 12
"""Pictures of a person, 30 degrees apart, in one pose and light."""


@cache
def people(body: str = "small", views: int = VIEWS, size: tuple[int, int] = SIZE) -> People:
    return People(PeopleOptions(3, views, seed=3, size=size, half_body=0, body=body, views=views))


def fitted(index: int, population: People | None = None) -> FittedBody:
    """The body of a picture, with the hair that the person wears."""
    population = population or people()
    truth, body = population.truth(index), load_body(population.options.body)
    offset = population.wearer(index).body.v_template - body.v_template
    return FittedBody(body, truth.pose, truth.betas, truth.camera, population.options.size, offset=offset)


def photograph(index: int, population: People | None = None) -> MaskedPhotograph:
    population = population or people()
    return MaskedPhotograph(population.render(index), on_person(index, population).astype(np.float32))


def on_person(index: int, population: People | None = None) -> NDArray[np.bool_]:
    return (population or people()).garment_labels(index) > 0


@cache
def store(index: int) -> SurfaceStore:
    return build_store(photograph(index), fitted(index), side=512)


def psnr(found: NDArray[np.uint8], true: NDArray[np.uint8]) -> float:
    error = np.mean((found.astype(np.float64) - true) ** 2)
    return float(10 * np.log10(255**2 / error))
