"""Meshes of avatars: seams, and joints that move a vertex."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.avatar.mesh import four_influences, split_at_seams
from ptx.geometry.body import load_body
from ptx.geometry.rig import Rig
from ptx.surface.atlas import body_atlas


def test_a_square_with_a_seam_along_its_diagonal() -> None:
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    whole = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    joined = split_at_seams(faces, whole[faces])
    np.testing.assert_array_equal(joined.origin, [0, 1, 2, 3])
    np.testing.assert_array_equal(joined.faces, faces)
    corners = whole[faces]
    corners[1] += 5  # the second face lies elsewhere
    split = split_at_seams(faces, corners)
    np.testing.assert_array_equal(split.origin, [0, 0, 1, 2, 2, 3])
    np.testing.assert_array_equal(split.origin[split.faces], faces)
    np.testing.assert_array_equal(split.corners[split.faces], corners)


@pytest.mark.parametrize(("name", "most"), [pytest.param("builtin", 1.2, marks=pytest.mark.slow), ("small", 6.1)])
def test_few_vertices_are_added_where_the_body_has_texture_coordinates(name: str, most: float) -> None:
    body = load_body(name)
    split = split_at_seams(body.faces, body_atlas(body, 512).uv)
    np.testing.assert_array_equal(split.origin[split.faces], body.faces)
    assert len(body.v_template) < len(split.origin) < most * len(body.v_template)


def test_four_of_five_joints_move_a_vertex() -> None:
    """The fifth leaves its weight to the nearest joint above it, and to the heaviest where none is there."""
    nothing = np.zeros(0, np.float32)
    rig = Rig(
        np.array([-1, 0, 1, 2, 2, 4], np.int32),  # 0 - 1 - 2 with the branches 3 and 4 - 5
        nothing,
        nothing,
        np.array([[3, 1, 2, 0, 5], [5, 4, 3, 2, 1], [2, 1, 0, 3, 4]], np.int32),
        np.array([[0.4, 0.3, 0.2, 0.06, 0.04], [0.4, 0.3, 0.2, 0.06, 0.04], [0.75, 0.25, 0, 0, 0]], np.float32),
        None,
    )
    joints, weights = four_influences(rig)
    np.testing.assert_array_equal(joints, [[3, 1, 2, 0], [5, 4, 3, 2], [2, 1, 0, 0]])
    true = [[0.4, 0.3, 0.24, 0.06], [0.44, 0.3, 0.2, 0.06], [0.75, 0.25, 0, 0]]
    np.testing.assert_allclose(weights, true, atol=1e-7)
