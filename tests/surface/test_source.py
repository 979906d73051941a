"""What a photograph shows of a body, and how surely."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.dressing.sheets import clothed
from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.layers.worn import Worn
from ptx.geometry.mesh import unit_normals
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import body_zones
from ptx.surface.layers import draw_maps, fill_outside, weighted_blur
from ptx.surface.source import MaskedPhotograph, Source, beside_arms, observe

BODY = load_body("small")
SIZE = (256, 192)


def standing(yaw: float = 0, arms: float = 0.9) -> FittedBody:
    pose = np.zeros((24, 3), np.float32)
    pose[16, 2], pose[17, 2] = -arms, arms
    camera = np.array([125.0, 96.3, 118.2], np.float32)  # a centre on an edge belongs to no face
    return FittedBody(BODY, pose, np.zeros(10, np.float32), camera, SIZE).turned(yaw)


def observed(fitted: FittedBody, face: bool = False) -> Source:
    on = draw_maps(fitted.points, BODY.faces, SIZE).on
    image = np.where(on[..., None], (60, 90, 150), 255).astype(np.uint8)
    points = np.full((468, 3), np.nan, np.float32)
    return observe(MaskedPhotograph(image, on.astype(np.float32), points if face else None), fitted)


def test_only_the_body_is_believed_and_the_middle_most() -> None:
    source = observed(standing())
    confidence, depth = source.seen.confidence, source.seen.depth
    assert confidence[depth > 90].max() < 0.05  # a smoothed border
    chest = source.points[body_zones(BODY).chest > 0.9]
    x, y = np.rint(chest[chest[:, 2] < -0.08][:, :2].mean(0)).astype(int)
    assert confidence[y, x] > 0.9


def test_grazing_surfaces_are_doubted() -> None:
    fitted = standing()
    source = observed(fitted)
    maps = draw_maps(fitted.points, BODY.faces, SIZE)
    cosine = maps.of(unit_normals(fitted.vertices, BODY.faces)[:, 2:])[0]
    grazing = maps.on & (cosine < 0.1)
    assert source.seen.confidence[grazing].mean() < 0.1 * source.seen.confidence[maps.on & (cosine > 0.9)].mean()


def test_features_are_asked_for_a_face() -> None:
    """Where no face is found a face's features are not believed, but for views that hardly differ."""
    source = observed(standing())
    features = body_zones(BODY).features > 0.9
    x, y = np.rint(source.points[features, :2].mean(0)).astype(int)
    assert source.seen.confidence[y, x] < 0.05
    assert source.confidence_alike[y, x] > 0.1


@pytest.mark.parametrize(("yaw", "believed"), [(20, True), (75, False)])
def test_the_front_of_a_face_in_profile_is_doubted(yaw: float, believed: bool) -> None:
    """Also beside its features; its side is believed as before."""
    fitted = standing(yaw)
    source, zones = observed(fitted), body_zones(BODY)
    beside = (zones.front > 0.5) & (zones.features < 0.5)
    assert beside.any()
    assert (source.aslant[beside].min() >= 0.5) == believed
    assert (source.aslant[beside].max() < 0.5) != believed
    np.testing.assert_array_equal(source.aslant[zones.front + zones.features == 0], 1)


def test_trunk_beside_an_arm_is_doubted() -> None:
    hanging, spread = standing(arms=1.5), standing(arms=0.2)
    marked = [beside_arms(one, draw_maps(one.points, BODY.faces, SIZE).surface).sum() for one in (hanging, spread)]
    assert marked[0] > 50
    assert marked[1] < 5


def test_under_the_arms_is_no_arm() -> None:
    source = observed(standing(yaw=80, arms=1.35))  # the arm before the trunk
    before = (source.under_arms.depth < 90) & (source.seen.depth < source.under_arms.depth - 0.03)
    assert before.sum() > 200
    assert source.under_arms.confidence[before].mean() > 0.2


def test_the_person_s_mean_colour_fills_the_outside() -> None:
    image = np.zeros((20, 20, 3), np.uint8)
    image[5:10, 5:10] = (10, 200, 30)
    inside = image[..., 1] > 0
    assert (fill_outside(image, inside) == (10, 200, 30)).all()
    np.testing.assert_array_equal(fill_outside(image, np.zeros_like(inside)), image)
    assert (weighted_blur(image, inside.astype(np.float32), 2.0)[inside] == (10, 200, 30)).all()


def test_sizes_must_be_alike() -> None:
    with pytest.raises(ValueError, match="fitted at 256×192"):
        observe(MaskedPhotograph(np.zeros((10, 10, 3), np.uint8), np.zeros((10, 10), np.float32)), standing())


def test_labelled_hair_has_a_colour() -> None:
    """Also where no hair is on the fitted head; a few pixels say nothing."""
    fitted = standing()
    on = draw_maps(fitted.points, BODY.faces, SIZE).on
    image = np.where(on[..., None], (60, 90, 150), 255).astype(np.uint8)
    for side, found in ((10, True), (4, False)):
        labels, mask = on.astype(np.uint8), on.astype(np.float32)
        image[:side, :side], labels[:side, :side], mask[:side, :side] = (120, 80, 30), 2, 1
        garments = GarmentMap(labels, ("background", "top", "hair", "arms", "face", "legs"))
        hair = observe(MaskedPhotograph(image, mask, None, garments), fitted).hair
        assert (hair is not None) == found
        if hair is not None:
            np.testing.assert_array_equal(hair, (120, 80, 30))
    assert observed(fitted).hair is None


def test_a_sheet_of_hair_is_not_believed_where_none_is_labelled() -> None:
    """A strand's sheet is wider than the strand: skin and clothes beside it are not its colours."""
    body, offset, drawn = clothed(BODY, np.zeros(512), Worn(0, 0.5))
    fitted = replace(standing(180), body=body, offset=offset, drawn=drawn)
    maps = draw_maps(fitted.points, fitted.faces, SIZE)
    sheet = maps.on & (body.faces[maps.surface] >= len(BODY.v_template)).all(axis=2)
    left = sheet & (np.arange(SIZE[1]) < 96)
    image = np.where(maps.on[..., None], (60, 90, 150), 255).astype(np.uint8)
    garments = GarmentMap(maps.on.astype(np.uint8) + left, ("background", "top", "hair", "arms", "face", "legs"))
    mask = maps.on.astype(np.float32)
    told, blind = (
        observe(MaskedPhotograph(image, mask, None, labels), fitted).seen.confidence for labels in (garments, None)
    )
    sure = blind > 0.9
    assert min((left & sure).sum(), (sheet & ~left & sure).sum()) > 50
    assert told[left & sure].mean() > 0.8
    assert told[sheet & ~left & sure].max() < 0.1
