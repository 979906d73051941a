"""A body with a skirt: the body's own part is as before, the tube goes around it, and what is not worn is not drawn."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.joints import PARTS, joint
from ptx.geometry.layers.hang import BEFORE_SKIN, hung, lay_unworn
from ptx.geometry.layers.layered_body import base_of, layer_of, with_layers
from ptx.geometry.layers.skirt import legs_of
from ptx.geometry.layers.worn import BACK_HAIR, LEFT_LOCK, LOCKS, NOTHING, RIGHT_LOCK, SKIRT, Worn, worn_by_both
from ptx.geometry.mesh import unit_normals
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_keypoints, pose_vertices

BODY = load_body("small")
LAYERED = with_layers(BODY)
SHEET = LAYERED.sheets[0]
COUNT = len(BODY.v_template)


def walking() -> np.ndarray:
    pose = np.zeros((24, 3), np.float32)
    pose[joint("left_hip"), 0], pose[joint("right_hip"), 0], pose[joint("right_knee"), 0] = -0.5, 0.4, 0.6
    return pose


def drawn_in(pose: np.ndarray, worn: Worn) -> np.ndarray:
    """Faces (320, 240) of the layered body in a pose."""
    vertices = pose_vertices(LAYERED, pose[None], np.zeros(10))[0]
    points = np.stack([150 * vertices[:, 0] + 120.3, 160 - 150 * vertices[:, 1], -vertices[:, 2]], axis=1)
    return rasterize(points, LAYERED.drawn(worn), 320, 240)[0]


def test_the_body_is_as_before() -> None:
    """Its vertices and faces have their numbers, and poses move them and the keypoints alike."""
    np.testing.assert_array_equal(LAYERED.v_template[:COUNT], BODY.v_template)
    np.testing.assert_array_equal(LAYERED.faces[: len(BODY.faces)], BODY.faces)
    betas = np.linspace(-1, 1, 10)
    for layered, alone in (
        (pose_vertices(LAYERED, walking()[None], betas)[0, :COUNT], pose_vertices(BODY, walking()[None], betas)[0]),
        (pose_keypoints(LAYERED, walking()[None], betas), pose_keypoints(BODY, walking()[None], betas)),
    ):
        np.testing.assert_allclose(layered, alone, atol=1e-6)
    assert LAYERED.digest == BODY.digest
    assert base_of(LAYERED) is BODY is base_of(BODY)
    assert not layer_of(BODY).any()
    assert np.bincount(layer_of(LAYERED)).tolist() == [COUNT, *(sheet.near.size for sheet in LAYERED.sheets)]


def test_the_tube_is_around_hips_and_legs() -> None:
    """Seen from above, every vertex of the legs lies within the ring at its height."""
    vertices, rows = BODY.v_template, SHEET.vertices
    legs = np.flatnonzero(legs_of(BODY) & (vertices[:, 1] < rows[1, 0, 1]) & (vertices[:, 1] > rows[-2, 0, 1]))
    assert len(legs) > 100
    row = np.argmin(np.abs(vertices[legs, 1, None] - rows[None, :, 0, 1]), axis=1)
    centre = np.array([0, BODY.joint_template[[joint("left_hip"), joint("right_hip")], 2].mean()])
    away = vertices[legs][:, [0, 2]] - centre
    column = np.round(np.arctan2(away[:, 0], away[:, 1]) / (2 * np.pi) * SHEET.shape[1]).astype(int) % SHEET.shape[1]
    ring = np.linalg.norm(rows[row, column][:, [0, 2]] - centre, axis=1)
    assert (np.linalg.norm(away, axis=1) < ring + 0.005).mean() > 0.99


def test_weights_and_shapes() -> None:
    """Weights sum to one, the tube follows shapes as the hips do, and its parts are those of trunk and legs."""
    for sheet in LAYERED.sheets:
        np.testing.assert_allclose(sheet.weights.sum(axis=-1), 1, atol=1e-9)
    betas = np.zeros(10)
    betas[1] = 2
    moved = np.einsum("vcb,b->vc", LAYERED.shapedirs, betas)
    waist = moved[LAYERED.first(0) : LAYERED.first(1)].reshape(*SHEET.shape, 3)[1:4]
    near = moved[:COUNT][SHEET.near[1:4]]
    assert np.linalg.norm(waist - near, axis=-1).max() < 0.03
    parts = LAYERED.face_part[len(BODY.faces) : len(BODY.faces) + len(SHEET.face_rows)]
    assert set(parts.tolist()) == {PARTS.index(name) for name in ("torso", "left_leg", "right_leg")}


def test_nothing_is_drawn_of_what_is_not_worn() -> None:
    vertices = pose_vertices(BODY, walking()[None], np.zeros(10))[0]
    points = np.stack([150 * vertices[:, 0] + 120.3, 160 - 150 * vertices[:, 1], -vertices[:, 2]], axis=1)
    np.testing.assert_array_equal(drawn_in(walking(), NOTHING), rasterize(points, BODY.faces, 320, 240)[0])


@pytest.mark.parametrize("length", [0.25, 0.5, 0.8])
def test_a_skirt_ends_at_its_hem_and_hides_the_legs(length: float) -> None:
    faces = LAYERED.drawn(Worn(length))
    shown = faces[faces[:, 0] != faces[:, 1]]
    tube = np.unique(shown[shown >= COUNT])
    hem = SHEET.vertices[0, 0, 1] - length
    there = LAYERED.v_template[tube] + hung(LAYERED, Worn(length))[tube - COUNT]
    assert there[:, 1].min() == pytest.approx(hem, abs=1e-4)
    legs = np.unique(shown[shown < COUNT])
    low = BODY.v_template[legs]
    beneath = (low[:, 1] < SHEET.vertices[0, 0, 1] - 0.15) & (low[:, 1] > hem + 0.2) & (np.abs(low[:, 0]) < 0.3)
    assert not beneath.any()
    assert (drawn_in(walking(), Worn(length)) >= len(BODY.faces)).sum() > 500


def test_who_walks_has_one_skirt_between_their_legs() -> None:
    """A row at mid-thigh is one run of the tube's pixels, where bare legs stand apart."""
    pose = np.zeros((24, 3), np.float32)
    pose[joint("left_hip"), 2], pose[joint("right_hip"), 2] = 0.3, -0.3
    row = int(160 + 150 * 0.3)
    skirt, bare = (drawn_in(pose, worn)[row] >= 0 for worn in (Worn(0.6), NOTHING))
    assert np.abs(np.diff(skirt.astype(int))).sum() == 2
    assert np.abs(np.diff(bare.astype(int))).sum() > 2


def test_columns_of_the_other_side() -> None:
    mirrored = SHEET.vertices[:, SHEET.mirrored]
    np.testing.assert_allclose(mirrored * (-1, 1, 1), SHEET.vertices, atol=0.02)
    across = SHEET.vertices[:, SHEET.opposite_columns]
    assert np.abs(across[:, 0, 2] + SHEET.vertices[:, 0, 2]).max() < 0.2
    assert (across[:, 0, 2] < SHEET.vertices[:, 0, 2] - 0.1).all()
    assert np.abs(across[..., 0] - SHEET.vertices[..., 0]).max() < 0.05


def test_a_cut_sheet_keeps_the_rows_above_its_end() -> None:
    end = SHEET.end(0.4)
    np.testing.assert_allclose(end.sum(axis=1), 1)
    np.testing.assert_allclose(end @ SHEET.down, np.minimum(SHEET.down, 0.4), atol=1e-12)


def test_hair_ends_in_points() -> None:
    """No column is longer than the sheet, none more than its own `ends` shorter, and those of a skirt are alike."""
    for sheet in LAYERED.sheets:
        length = float(sheet.down[-1]) - 0.1
        lowest = sheet.cut(length)[..., 1].min(axis=0)
        np.testing.assert_allclose(sheet.vertices[0, :, 1] - lowest, length - sheet.ends, atol=0.03)
        assert (np.ptp(sheet.ends) > 0.05) == (not sheet.closed)


def test_what_is_not_worn_lies_on_the_skin() -> None:
    points = np.random.default_rng(0).uniform(0, 100, (len(LAYERED.v_template), 3)).astype(np.float32)
    worn, bare = points.copy(), points.copy()
    lay_unworn(LAYERED, Worn(0.5, 0.4, 0.4, 0.4), worn)
    np.testing.assert_array_equal(worn, points)
    lay_unworn(LAYERED, NOTHING, bare)
    np.testing.assert_array_equal(bare[:COUNT], points[:COUNT])
    near = np.concatenate([sheet.near.reshape(-1) for sheet in LAYERED.sheets])
    np.testing.assert_allclose(bare[COUNT:], points[near] - (0, 0, BEFORE_SKIN), atol=1e-4)
    assert layer_of(LAYERED)[COUNT] == SKIRT


def test_worn_by_both() -> None:
    assert worn_by_both(Worn(0.5, 0.4), Worn(0.3, 0.0, 0.4)) == Worn(0.3)
    assert worn_by_both(NOTHING, Worn(0.3)) == worn_by_both(Worn(0.3), NOTHING) == NOTHING


def test_sheets_face_outwards() -> None:
    """Faces are counter-clockwise from outside, as the body's: cloth and hair are seen from there."""
    normals = unit_normals(LAYERED.v_template, LAYERED.faces)
    for n, sheet in enumerate(LAYERED.sheets):
        of_sheet = normals[LAYERED.first(n) : LAYERED.first(n + 1)].reshape(*sheet.shape, 3)
        assert ((of_sheet * sheet.outwards).sum(axis=-1)[1:-1] > 0).mean() > 0.95, n


@pytest.mark.parametrize("layer", [BACK_HAIR, *LOCKS])
def test_hair_hangs_from_the_head_and_lies_on_the_trunk(layer: int) -> None:
    """Its top follows the head, its end the chest; below the shoulders it is behind the back, or before the chest on its own side."""
    sheet = LAYERED.sheets[layer - 1]
    vertices, low = sheet.vertices, sheet.vertices[15:]
    assert (sheet.weights[0, :, joint("head")] == 1).all()
    assert (sheet.weights[-1, :, joint("spine3")] == 1).all()
    skin = BODY.v_template[BODY.weights[:, joint("spine3")] + BODY.weights[:, joint("spine2")] > 0.6]
    for place in low.reshape(-1, 3)[::7]:
        beside = skin[np.argsort(np.hypot(*(skin[:, :2] - place[:2]).T))[:6], 2]
        assert place[2] < beside.min() if layer == BACK_HAIR else place[2] > beside.max()
    side = {BACK_HAIR: 0, LEFT_LOCK: 1, RIGHT_LOCK: -1}[layer]
    assert np.sign(low[..., 0].mean().round(3)) == side
    assert vertices[0, 0, 1] > BODY.joint_template[joint("head"), 1]
