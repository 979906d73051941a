"""Cameras of body fits by the tools' own formulas."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.fit_cameras import Pinhole
from ptx.datasets.fit_files import read_fits

POINTS = np.random.default_rng(3).uniform(-0.8, 0.8, (9, 3))
VECTORS = np.random.default_rng(4).normal(0, 0.4, (24, 3))


def camera_of(path: Path, content: dict[str, object]) -> Pinhole:
    path.write_bytes(pickle.dumps(content, protocol=2))
    [fit] = read_fits(path)
    assert fit.camera is not None
    return fit.camera


def test_hmr_projects_as_published(tmp_path: Path) -> None:
    """The formula by which the packs' own verts2d were made."""
    c, start, scale, side = np.array([0.8, 0.1, -0.2]), np.array([60, 90]), 0.6, 224
    theta = np.concatenate([c, VECTORS.ravel(), np.zeros(10)])
    proc = {"scale": scale, "start_pt": start, "img_size": side}
    camera = camera_of(tmp_path / "a.pkl", {"theta": theta[None], "proc_param": proc})
    expected = ((POINTS[:, :2] + c[1:]) * 500 / (POINTS[:, 2:] + 500 / (c[0] * 0.5 * side)) + start) / scale
    np.testing.assert_allclose(camera.project(POINTS, (256, 256)), expected, rtol=1e-6)


def test_a_crop_is_placed_in_the_picture(tmp_path: Path) -> None:
    """4D-Humans' own way: the crop's camera turned into a translation before the whole picture's camera."""
    s, tx, ty = 0.9, 0.05, 0.1
    height, width, side, centre = 480, 640, 300.0, np.array([200.0, 260.0])
    focal = 5000 / 256 * width
    place = np.array(
        [
            tx + 2 * (centre[0] - width / 2) / (side * s),
            ty + 2 * (centre[1] - height / 2) / (side * s),
            2 * focal / (side * s),
        ]
    )
    seen = POINTS + place
    expected = focal * seen[:, :2] / seen[:, 2:] + (width / 2, height / 2) - 0.5  # from edges to centres of pixels
    content = {"global_orient": VECTORS[:1], "body_pose": VECTORS[None, 1:], "betas": np.zeros((1, 10))}
    whole = camera_of(tmp_path / "a.pkl", content | {"pred_cam_t_full": place[None]})
    np.testing.assert_allclose(whole.project(POINTS, (height, width)), expected)
    crop = camera_of(
        tmp_path / "b.pkl", content | {"pred_cam": [s, tx, ty], "box_center": centre[None], "box_size": side}
    )
    # The crop's own focal length is that of a picture of its size: the same size and place, a nearer camera.
    middle = np.zeros((1, 3))
    np.testing.assert_allclose(crop.project(middle, (height, width)), whole.project(middle, (height, width)), rtol=1e-6)
    flat = centre - 0.5 + side / 2 * s * (POINTS[:, :2] + (tx, ty))
    near = crop.project(POINTS, (height, width))
    assert np.abs(near - flat).max() < 0.03 * side
    translation = {"pred_cam_t": [tx, ty, 2 * 5000 / (256 * s)], "box_center": centre, "box_size": side}
    np.testing.assert_allclose(camera_of(tmp_path / "c.pkl", content | translation).project(POINTS, (9, 9)), near)


@pytest.mark.parametrize("width", [640, 641])
def test_the_middle_of_the_picture_is_drawn_alike_from_both_sides(tmp_path: Path, width: int) -> None:
    """A body on the camera's axis and its mirror image cover columns that mirror each other, as OpenGL draws them."""
    content = {"global_orient": VECTORS[:1], "body_pose": VECTORS[None, 1:], "betas": np.zeros((1, 10))}
    camera = camera_of(tmp_path / "a.pkl", content | {"pred_cam_t_full": np.array([[0.0, 0.0, 40.0]])})
    x = camera.project(POINTS, (480, width))
    mirrored = camera.project(POINTS * (-1, -1, 1), (480, width))
    np.testing.assert_allclose(x + mirrored, np.broadcast_to((width - 1, 479), x.shape))


def test_smplifyx_has_a_focal_length_of_its_own(tmp_path: Path) -> None:
    """Of a file that names none: 5000 px, about the image's middle, or the centre that it names."""
    content = {"global_orient": VECTORS[:1], "body_pose": VECTORS[None, 1:], "betas": np.zeros((1, 10))}
    translation = np.array([0.1, -0.2, 30.0])
    xyz = POINTS + translation
    flat = 5000 * xyz[:, :2] / xyz[:, 2:]
    camera = camera_of(tmp_path / "a.pkl", content | {"camera_translation": translation})
    np.testing.assert_allclose(camera.project(POINTS, (480, 640)), flat + (319.5, 239.5))
    camera = camera_of(
        tmp_path / "b.pkl", content | {"camera_translation": translation, "camera_center": [100.0, 50.0]}
    )
    np.testing.assert_allclose(camera.project(POINTS, (480, 640)), flat + (99.5, 49.5))
    camera = camera_of(tmp_path / "c.pkl", content | {"camera_translation": translation, "focal_length": 1000.0})
    np.testing.assert_allclose(camera.project(POINTS, (480, 640)), flat / 5 + (319.5, 239.5))


def test_a_camera_with_a_number_missing_is_not_finite() -> None:
    assert Pinhole(np.zeros(3)).finite
    assert not Pinhole(np.array([0, np.nan, 1])).finite
    assert not Pinhole(np.zeros(3), focal=float("inf")).finite
    assert not Pinhole(np.zeros(3), centre=np.array([np.nan, 0])).finite
