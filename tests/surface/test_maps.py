"""Maps of the body, on one whose pose is rest, before a camera without perspective."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body import load_body
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.maps import body_maps

SCALE, MIDDLE = 60.0, (63.5, 70.0)


def test_in_rest_each_pixel_shows_its_own_place() -> None:
    """The pelvis is at the camera's middle, y of the body is up and of the picture down."""
    body = load_body("small")
    fitted = FittedBody(
        body,
        np.zeros((24, 3), np.float32),
        np.zeros(10, np.float32),
        np.array([SCALE, *MIDDLE], np.float32),
        (128, 128),
    )
    maps = body_maps(fitted)
    rows, columns = np.nonzero(np.abs(maps[..., 3:]).sum(2) > 0)
    assert len(rows) > 1000
    shown = maps[rows, columns]
    moved = fitted.points[:, :2] - SCALE * body.v_template[:, :2] * (1, -1)  # where the template's origin is drawn
    np.testing.assert_allclose(moved, np.broadcast_to(moved[0], moved.shape), atol=1e-2)
    np.testing.assert_allclose(columns, moved[0, 0] + SCALE * shown[:, 0], atol=0.02)
    np.testing.assert_allclose(rows, moved[0, 1] - SCALE * shown[:, 1], atol=0.02)


def test_normals_face_the_viewer() -> None:
    body = load_body("small")
    pose = np.zeros((24, 3), np.float32)
    camera = np.array([SCALE, *MIDDLE], np.float32)
    maps = body_maps(FittedBody(body, pose, np.zeros(10, np.float32), camera, (128, 128)))
    normals = maps[np.abs(maps[..., 3:]).sum(2) > 0, 3:]
    length = np.linalg.norm(normals, axis=1)
    assert np.percentile(length, 5) > 0.8  # between vertices a mean is shorter
    assert length.max() <= 1 + 1e-5
    assert (normals[:, 2] > -0.2).mean() > 0.99
    left = maps[..., 0] > 0.15
    assert maps[left & (np.abs(maps[..., 3:]).sum(2) > 0)].size
