"""Arms and hair told from trunk by colours."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from ptx.geometry.body import load_body
from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import body_zones
from ptx.surface.layers import PixelMaps, draw_maps, face_groups
from ptx.surface.reading import Reading, read_parts
from ptx.surface.source import MaskedPhotograph, observe

BODY = load_body("small")
SIZE = (512, 384)
SKIN, CLOTH, HAIR, BACK = (205, 155, 130), (40, 70, 160), (70, 40, 20), (255, 255, 255)
Mask = NDArray[np.bool_]


def standing(lift: float) -> FittedBody:
    """Somebody whose left forearm lies before the trunk, higher with `lift`."""
    pose = np.zeros((24, 3), np.float32)
    pose[16, 2], pose[17, 2] = -1.2, 1.1
    pose[18] = (1.3 - 2 * lift, -1.7, 0.0)
    camera = np.array([420.0, 192.3, 390.2], np.float32)
    return FittedBody(BODY, pose, np.zeros(10, np.float32), camera, SIZE)


@cache
def maps_of(lift: float) -> PixelMaps:
    return draw_maps(standing(lift).points, BODY.faces, SIZE)


def arm_of(lift: float) -> Mask:
    maps = maps_of(lift)
    return np.asarray(maps.on & face_groups(BODY)[0][maps.surface])


def trunk_of(lift: float) -> Mask:
    maps = maps_of(lift)
    return np.asarray(maps.on & face_groups(BODY)[1][maps.surface])


def painted(lift: float, arm: tuple[int, int, int] = SKIN, cloth: tuple[int, int, int] = CLOTH) -> NDArray[np.uint8]:
    """A photograph of somebody, with noise."""
    zones, maps = body_zones(BODY), maps_of(lift)
    head, scalp = maps.of(np.stack([zones.head, zones.scalp], axis=1))
    image = np.where(maps.on[..., None], cloth, BACK)
    image[arm_of(lift)] = arm
    image[head > 0.5] = SKIN
    image[scalp > 0.5] = HAIR
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def read(image: NDArray[np.uint8], fit: float, mask: Mask | None = None, garments: GarmentMap | None = None) -> Reading:
    fitted = standing(fit)
    on = maps_of(fit).on if mask is None else mask
    return read_parts(image, on.astype(np.float32), fitted, fitted.points, garments)


def labelled(lift: float, hair: Mask | None = None) -> GarmentMap:
    """The labels of `painted`, all arms bare."""
    head, scalp = maps_of(lift).of(np.stack([body_zones(BODY).head, body_zones(BODY).scalp], axis=1))
    labels = np.where(maps_of(lift).on, 1, 0)
    labels[arm_of(lift)] = 2
    labels[head > 0.5] = 3
    labels[(scalp > 0.5) | (False if hair is None else hair)] = 4
    return GarmentMap(labels.astype(np.uint8), ("background", "top", "arms", "face", "hair"))


def far_from_shoulders(lift: float) -> Mask:
    """Pixels of hands and forearms."""
    zones = body_zones(BODY)
    return np.asarray(maps_of(lift).of(np.maximum(zones.forearms, zones.hands)[:, None])[0] > 0.9)


@pytest.mark.slow
def test_an_arm_beside_its_place_is_found_by_its_colour() -> None:
    """The photograph's forearm is some centimetres beside the fitted one: both places are told."""
    seen, fitted = 0.0, 0.25
    reading = read(painted(seen), fitted, maps_of(seen).on | maps_of(fitted).on)
    moved = arm_of(seen) & trunk_of(fitted) & far_from_shoulders(seen)
    left = arm_of(fitted) & trunk_of(seen) & far_from_shoulders(fitted)
    assert min(moved.sum(), left.sum()) > 200
    assert reading.foreign[moved].mean() > 0.8
    assert (reading.own[moved] < 0.1).mean() > 0.8
    assert (reading.own[left] < 0.1).mean() > 0.7
    assert not reading.foreign[left].mean() > 0.4


def test_a_right_fit_keeps_what_is_inside() -> None:
    reading = read(painted(0.0), 0.0)
    arm, trunk = arm_of(0.0), trunk_of(0.0)
    assert reading.own[arm | trunk].mean() > 0.85
    assert reading.foreign[trunk].mean() < 0.1
    assert not (reading.trunk & arm & far_from_shoulders(0.0)).mean() > 0.01
    assert reading.hair.min() == 1


def test_sleeves_of_the_trunk_s_colour_tell_nothing() -> None:
    """Then everything stays as the fit has it."""
    reading = read(painted(0.0, arm=CLOTH), 0.25, maps_of(0.0).on)
    assert reading.own.min() == 1
    assert not reading.foreign.any()
    assert not reading.trunk.any()


@pytest.mark.slow
def test_labels_tell_an_arm_that_colours_do_not() -> None:
    """An arm of the trunk's colour, beside its place."""
    seen, fitted = 0.0, 0.25
    reading = read(painted(seen, arm=CLOTH), fitted, maps_of(seen).on | maps_of(fitted).on, labelled(seen))
    moved = arm_of(seen) & trunk_of(fitted) & far_from_shoulders(seen)
    left = arm_of(fitted) & trunk_of(seen) & far_from_shoulders(fitted)
    assert reading.foreign[moved].mean() > 0.8
    assert (reading.own[left] < 0.1).mean() > 0.7
    assert not reading.foreign[left].mean() > 0.4


def test_labels_of_sleeves_and_trunk_alike_tell_nothing() -> None:
    garments = labelled(0.0)
    garments.labels[garments.labels == 2] = 1
    reading = read(painted(0.0, arm=CLOTH), 0.25, maps_of(0.0).on, garments)
    assert reading.own.min() == 1
    assert not reading.foreign.any()


def lock() -> Mask:
    """Hair that falls from beside the left ear over shoulder and chest."""
    points = standing(0.0).points
    x, y, _ = points[BODY.landmarks[4]]  # the left ear
    scale = 420.0
    out = np.zeros(SIZE, np.bool_)
    out[round(y) - 10 : round(y + 0.36 * scale), round(x - 0.03 * scale) : round(x + 0.02 * scale)] = True
    return out & (maps_of(0.0).of(body_zones(BODY).face[:, None])[0] < 0.1)


@pytest.mark.slow
def test_hair_before_the_chest_is_told_and_believed_from_where_it_is_seen_alone() -> None:
    image, hair, fitted = painted(0.0), lock(), standing(0.0)
    mask = maps_of(0.0).on | hair
    image[hair] = np.clip(HAIR + np.random.default_rng(1).normal(0, 4, (hair.sum(), 3)), 0, 255)
    reading, chest = read(image, 0.0, mask), hair & trunk_of(0.0)
    assert chest.sum() > 200
    assert (reading.hair[chest] < 0.1).mean() > 0.8
    assert reading.foreign[chest].mean() > 0.8
    assert (reading.hair[trunk_of(0.0) & ~hair] == 1).mean() > 0.9
    source = observe(MaskedPhotograph(image, mask.astype(np.float32)), fitted)
    assert source.seen.confidence[chest].mean() < 0.1
    assert source.confidence_alike[chest].mean() > 0.3
    assert source.under_arms.confidence[chest].mean() < 0.1


@pytest.mark.parametrize("cloth", [HAIR, (85, 50, 28)])
def test_clothes_of_the_hair_s_colour_are_never_hair(cloth: tuple[int, int, int]) -> None:
    assert read(painted(0.0, cloth=cloth), 0.0).hair.min() == 1


def test_labels_tell_hair_on_clothes_of_its_colour() -> None:
    hair, chest = lock(), lock() & trunk_of(0.0)
    reading = read(painted(0.0, cloth=HAIR), 0.0, maps_of(0.0).on | hair, labelled(0.0, hair))
    assert (reading.hair[chest] < 0.1).mean() > 0.8
    assert (reading.hair[trunk_of(0.0) & ~hair] == 1).mean() > 0.9


def test_who_is_seen_from_behind_wears_no_hair_before_the_chest() -> None:
    fitted = replace(standing(0.0)).turned(180)
    maps = draw_maps(fitted.points, BODY.faces, SIZE)
    scalp = maps.of(body_zones(BODY).scalp[:, None])[0] > 0.5
    image = np.where(maps.on[..., None], CLOTH, BACK).astype(np.uint8)
    image[scalp] = HAIR
    assert read_parts(image, maps.on.astype(np.float32), fitted, fitted.points).hair.min() == 1
