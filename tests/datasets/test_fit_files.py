"""Files of body fits as the tools write them: their cameras by the tools' own formulas, SMPL-X, hostile and damaged files."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ptx.datasets.fit_files import NoFit, Pinhole, read_fits

POINTS = np.random.default_rng(3).uniform(-0.8, 0.8, (9, 3))
VECTORS = np.random.default_rng(4).normal(0, 0.4, (24, 3))


def camera_of(path: Path, content: dict[str, object]) -> Pinhole:
    path.write_bytes(pickle.dumps(content, protocol=2))
    [found] = read_fits(path)
    np.testing.assert_allclose(found.pose[1:], VECTORS[1:], atol=1e-6)
    upright = np.diag([1, -1, -1]) @ Rotation.from_rotvec(VECTORS[0]).as_matrix()
    np.testing.assert_allclose(Rotation.from_rotvec(found.pose[0]).as_matrix(), upright, atol=1e-6)
    assert found.camera is not None
    return found.camera


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
    expected = focal * seen[:, :2] / seen[:, 2:] + (width / 2, height / 2)
    content = {"global_orient": VECTORS[:1], "body_pose": VECTORS[None, 1:], "betas": np.zeros((1, 10))}
    whole = camera_of(tmp_path / "a.pkl", content | {"pred_cam_t_full": place[None]})
    np.testing.assert_allclose(whole.project(POINTS, (height, width)), expected)
    crop = camera_of(
        tmp_path / "b.pkl", content | {"pred_cam": [s, tx, ty], "box_center": centre[None], "box_size": side}
    )
    # The crop's own focal length is that of a picture of its size: the same size and place, a nearer camera.
    middle = np.zeros((1, 3))
    np.testing.assert_allclose(crop.project(middle, (height, width)), whole.project(middle, (height, width)), rtol=1e-6)
    flat = centre + side / 2 * s * (POINTS[:, :2] + (tx, ty))
    near = crop.project(POINTS, (height, width))
    assert np.abs(near - flat).max() < 0.03 * side
    translation = {"pred_cam_t": [tx, ty, 2 * 5000 / (256 * s)], "box_center": centre, "box_size": side}
    np.testing.assert_allclose(camera_of(tmp_path / "c.pkl", content | translation).project(POINTS, (9, 9)), near)


def test_smplx_gives_its_pose_only(tmp_path: Path) -> None:
    content = {
        "global_orient": VECTORS[:1], "body_pose": VECTORS[1:22].reshape(1, 63), "betas": np.ones((1, 10)),
        "camera_translation": np.ones((1, 3)), "jaw_pose": np.ones((1, 3)), "result": None, "gender": "neutral",
    }  # fmt: skip
    (tmp_path / "000.pkl").write_bytes(pickle.dumps(content, protocol=2))
    [found] = read_fits(tmp_path / "000.pkl")
    assert found.camera is None
    assert not found.betas.any()
    np.testing.assert_allclose(found.pose[1:22], VECTORS[1:22], atol=1e-9)
    assert not found.pose[22:].any()


def test_bad_files(tmp_path: Path) -> None:
    good = {"global_orient": np.zeros(3), "body_pose": np.zeros(69), "betas": np.zeros(10)}
    bad = {
        "empty": {},
        "nan": good | {"betas": np.full(10, np.nan)},
        "turned": good | {"camera_rotation": np.diag([1, -1, -1]), "camera_translation": np.zeros(3)},
        "text": good | {"body_pose": "69 numbers"},
        "nobody": good
        | {"global_orient": np.zeros((0, 3)), "body_pose": np.zeros((0, 69)), "betas": np.zeros((0, 10))},
    }
    for name, content in bad.items():
        (tmp_path / f"{name}.pkl").write_bytes(pickle.dumps(content))
    np.savez(tmp_path / "objects.npz", **{**good, "betas": np.array([{}], object)})
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 not a zip")
    (tmp_path / "list.pkl").write_bytes(pickle.dumps([good]))
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(NoFit, match=f"^bad_fit_file: {path.name}: "):
            read_fits(path)
    np.savez(tmp_path / "good.npz", **good)
    assert len(read_fits(tmp_path / "good.npz")) == 1
