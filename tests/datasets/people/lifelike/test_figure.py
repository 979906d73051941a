"""Figures: pieces follow the body that they are bound to, and end where they are cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.datasets.people.lifelike.cuts import Cut, wear
from ptx.datasets.people.lifelike.figure import FIRST_PIECE, MOST_JOINTS, Figure, Worn, assemble, rest_points
from ptx.datasets.people.lifelike.pack import load_pack
from ptx.geometry.body import load_body
from ptx.geometry.skinning import pose_vertices

BODY, PACK = load_body("builtin"), load_pack("")
FLAT = np.zeros(PACK.face_shapes.shape[2], np.float32)
NOBODY = np.zeros(len(BODY.v_template), bool)


def on_skin(vertex: int) -> Worn:
    """A triangle that is bound to one vertex of the body, 1 cm before it."""
    piece = replace(
        PACK.of("outfit")[0],
        corners=np.full((3, 3), vertex, np.int32),
        weights=np.tile(np.array([1, 0, 0], np.float32), (3, 1)),
        offset=np.array([[0, 0, 0.01], [0.01, 0, 0.01], [0, 0.01, 0.01]], np.float32),
        faces=np.array([[0, 1, 2]], np.int32),
        face_uv=np.zeros((1, 3), np.int32),
    )
    return Worn(piece, "top", None, NOBODY)


@pytest.mark.slow
@pytest.mark.parametrize("joint", [4, 15, 18])
def test_a_piece_moves_as_the_skin_that_it_is_bound_to(joint: int) -> None:
    """Where one joint moves the skin alone, the piece is its rigid neighbour in any pose and shape."""
    alone = np.flatnonzero(BODY.weights[:, joint] > 0.999)
    vertex = int(alone[len(alone) // 2])
    figure = assemble(PACK, BODY, FLAT, [on_skin(vertex)])
    rng = np.random.default_rng(joint)
    pose, betas = rng.normal(0, 0.5, (1, 24, 3)), rng.normal(0, 1, 10)
    points = pose_vertices(figure.body, pose, betas)[0]
    np.testing.assert_allclose(points[: len(BODY.v_template)], pose_vertices(BODY, pose, betas)[0], atol=1e-6)
    away = points[-3:] - points[vertex]
    np.testing.assert_allclose(away @ away.T, 1e-4 * np.array([[1, 1, 1], [1, 2, 1], [1, 1, 2]]), atol=1e-7)


@pytest.mark.slow
def test_every_piece_lies_on_the_body_and_is_moved_by_few_joints() -> None:
    for piece in PACK.pieces:
        figure = assemble(PACK, BODY, FLAT, [wear(BODY, piece, "top")])
        own = figure.body.weights[len(BODY.v_template) :]
        np.testing.assert_allclose(own.sum(1), 1, atol=1e-5)
        assert (own > 0).sum(1).max() <= MOST_JOINTS
        rest = rest_points(PACK, BODY, piece)
        assert (np.abs(rest) < np.abs(BODY.v_template).max(0) + 0.15).all(), piece.name


def test_a_cut_piece_ends_at_the_cut() -> None:
    tights = PACK.of("tights")[0]
    cut = Cut(sleeve=0.4, low=0.0, high=0.55)
    whole = assemble(PACK, BODY, FLAT, [wear(BODY, tights, "top")])
    short = assemble(PACK, BODY, FLAT, [wear(BODY, tights, "top", cut)])

    def shown(figure: Figure) -> np.ndarray:
        return figure.body.v_template[figure.body.faces[figure.owner == FIRST_PIECE]].reshape(-1, 3)

    assert shown(whole)[:, 1].min() < -0.5
    assert np.abs(shown(whole)[:, 0]).max() > 0.5
    ends = shown(short)
    assert -0.012 < ends[:, 1].min() < 0.012
    assert abs(np.abs(ends[:, 0]).max() - 0.4) < 0.012
    assert ends[np.abs(ends[:, 0]) < 0.05, 1].max() < 0.562  # shoulders rise higher than the neckline


def test_skin_under_cloth_is_not_drawn_and_skin_beyond_the_cut_is() -> None:
    tights = PACK.of("tights")[0]
    hidden = wear(BODY, tights, "top", Cut(sleeve=0.4, low=0.0, high=0.55)).hides
    rest = BODY.v_template
    trunk = (np.abs(rest[:, 0]) < 0.1) & (rest[:, 1] > 0.1) & (rest[:, 1] < 0.4)
    assert hidden[trunk].mean() > 0.95
    assert not hidden[(np.abs(rest[:, 0]) > 0.4) | (rest[:, 1] < 0) | (rest[:, 1] > 0.58)].any()


def test_a_body_without_texture_coordinates_is_refused() -> None:
    with pytest.raises(ValueError, match="built-in body"):
        assemble(PACK, replace(BODY, uv=None), FLAT, [])
