"""Cloth put together of patches: on people whose cloth is known at every point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.joints import joint
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.completion import complete
from ptx.surface.exemplars import skin_turns
from ptx.surface.finer_mesh import QUARTERS, TRUNK, finer_mesh, frames_of
from ptx.surface.layers import draw_maps
from ptx.surface.merge import alone
from ptx.surface.patches import Patches
from ptx.surface.points import Floats
from ptx.surface.source import MaskedPhotograph, observe
from ptx.surface.store import Provenance, SurfaceStore, build_store
from ptx.surface.texels import _patch

BODY = load_body("builtin")
MESH = finer_mesh(BODY)
SIZE = (512, 384)
SCALE = 250.0
Cloth = Callable[[Floats], Floats]


def person(yaw: float, up: float = 0.0) -> FittedBody:
    """Somebody with hanging arms, `up` px higher in the picture."""
    pose = np.zeros((24, 3), np.float32)
    pose[joint("left_shoulder"), 2], pose[joint("right_shoulder"), 2] = -0.6, 0.6
    return FittedBody(BODY, pose, np.zeros(10, np.float32), np.array([SCALE, 192, 236 - up], np.float32), SIZE).turned(
        yaw
    )


def photograph(body: FittedBody, cloth: Cloth) -> MaskedPhotograph:
    maps = draw_maps(body.points, BODY.faces, SIZE)
    place = np.moveaxis(maps.of(BODY.v_template), 0, 2)
    image = cloth(place.reshape(-1, 3)).reshape(*SIZE, 3)
    return MaskedPhotograph(np.rint(image).astype(np.uint8), maps.on.astype(np.float32))


def rings(place: Floats) -> Floats:
    """Cloth with rings of 12 cm around the body, which fade into one another."""
    wave = np.sin(2 * np.pi * place[:, 1:2] / 0.12)
    return np.float32(120) + np.array([60, 0, -60], np.float32) * wave.astype(np.float32)


def plain(place: Floats) -> Floats:
    """Plain cloth with a grain, and one deep fold down its right side."""
    grain = 6 * np.sign(np.sin(900 * place[:, 0]) * np.sin(900 * place[:, 1]))
    fold = -70 * np.exp(-(((place[:, 0] + 0.07) / 0.012) ** 2))
    return np.repeat((140 + grain + fold)[:, None], 3, axis=1).astype(np.float32)


def patches(body: FittedBody, cloth: Cloth) -> Patches:
    return complete(alone(observe(photograph(body, cloth), body))).patches


@pytest.fixture(scope="module")
def ringed() -> SurfaceStore:
    body = person(70)
    return build_store(photograph(body, rings), body, side=512)


def test_rings_go_on_round_the_body(ringed: SurfaceStore) -> None:
    place = ringed.atlas.image(ringed.atlas.points.of(BODY.v_template), np.nan)
    arms = ringed.atlas.image(
        ringed.atlas.points.of(BODY.weights[:, [joint("left_elbow"), joint("right_elbow")]]), 0
    ).sum(2)
    there = (
        (ringed.provenance == Provenance.PATCHED)
        & (arms < 0.01)
        & (np.abs(place[..., 0]) < 0.2)
        & (place[..., 1] > -0.2)
    )
    assert there.sum() > 500
    error = np.abs(ringed.colours[there].astype(float) - rings(place[there])).max(1)
    assert np.median(error) < 20  # of 120 between a ring and the next


def test_coordinates_of_patches_show_the_person(ringed: SurfaceStore) -> None:
    there = ringed.provenance == Provenance.PATCHED
    x, y = np.rint(ringed.coordinates[there].T).astype(int)
    assert (ringed.source.seen.depth[y, x] < 99).mean() > 0.99


def test_patches_are_neither_stretched_nor_mirrored() -> None:
    found = patches(person(70), rings)
    owner = np.repeat(np.arange(len(MESH.group)), np.diff(MESH.first))
    same = (found.piece[owner] == found.piece[MESH.other]) & (found.piece[owner] >= 0)
    i, j = owner[same], MESH.other[same]
    assert len(i) > 1000
    metres = np.linalg.norm(found.position[i] - found.position[j], axis=1)
    pixels = np.linalg.norm(found.at[i] - found.at[j], axis=1)
    assert np.percentile(np.abs(pixels / (SCALE * metres) - 1), 90) < 0.15
    along = found.along[found.piece >= 0]
    normal = np.cross(along[:, 0], along[:, 1])  # inwards, as y goes down in pictures
    outwards = found.position[found.piece >= 0] - BODY.joint_template[joint("spine1")]
    trunk = (MESH.group[found.piece >= 0] == TRUNK) & (np.abs(outwards[:, 1]) < 0.1)
    assert ((normal * outwards)[trunk][:, [0, 2]].sum(1) < 0).all()


@pytest.mark.slow
def test_plain_cloth_stays_plain_below_the_photograph() -> None:
    body = person(20, up=-230)
    made = build_store(photograph(body, plain), body, side=512)
    place = made.atlas.image(made.atlas.points.of(BODY.v_template), np.nan)
    legs = (made.provenance == Provenance.PATCHED) & (place[..., 1] < -0.4)
    assert legs.sum() > 2000
    colours = made.colours[legs].astype(float).mean(1)
    assert np.median(colours) == pytest.approx(140, abs=6)
    assert np.percentile(np.abs(colours - np.median(colours)), 99) < 20  # no fold of 70
    assert colours.std() > 1  # but a grain


@pytest.mark.parametrize("degrees", [0, 25, -60])
def test_turns_are_those_of_the_photograph(degrees: float) -> None:
    body, angle = person(0), np.radians(degrees)
    centre = body.camera[1:]
    turned = body.points.copy()
    turned[:, :2] = (body.points[:, :2] - centre) @ np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32
    ) + centre  # anticlockwise as one sees it, y being down
    turn = skin_turns(MESH, frames_of(BODY, BODY.v_template), turned, SCALE)
    belly = (
        MESH.is_vertex
        & (MESH.group == TRUNK)
        & (np.abs(MESH.of(BODY.v_template)[:, 0]) < 0.03)
        & (MESH.of(BODY.v_template)[:, 2] > 0.08)
    )
    np.testing.assert_allclose(np.linalg.norm(turn[belly], axis=1), SCALE, rtol=1e-3)
    found = np.degrees(np.arctan2(turn[belly, 1], turn[belly, 0]))
    assert np.median(found) == pytest.approx(degrees, abs=3)


def test_plain_and_patterned_patches_meet_without_a_seam() -> None:
    """Of plain cloth only the grain is taken, of patterned its colours; beside one another they are blended to what both are, 200."""
    image = np.full((8, 8, 3), 200, np.uint8)
    is_plain = np.array([1, 0, 0, 1, 0, 1], np.float32)
    one = Patches(
        piece=np.arange(6, dtype=np.int32),
        at=np.full((6, 2), 4, np.float32),
        along=np.zeros((6, 2, 3), np.float32),
        plain=is_plain,
        shift=200 * is_plain[:, None] * np.ones(3, np.float32),
        position=np.zeros((6, 3), np.float32),
    )
    rng = np.random.default_rng(0)
    weights = rng.dirichlet((1, 1, 1), 200)[:, :2].astype(np.float32)
    colours, rest = np.zeros((200, 3), np.float32), np.ones(200, np.float32)
    way, coordinates, most = np.zeros(200, np.uint8), np.zeros((200, 2), np.float32), np.zeros(200, np.float32)
    corners = np.arange(6, dtype=np.int32)[None]
    _patch(
        np.zeros(200, np.int32), weights, corners, QUARTERS, one, image, image, 9, colours, rest, coordinates, way, most
    )  # fmt: skip
    np.testing.assert_allclose(colours, 200, atol=1e-3)
    np.testing.assert_allclose(rest, 0, atol=1e-6)
