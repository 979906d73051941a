"""Body models: the shipped ones are sound, and every wrong file ends in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ptx.geometry.body import SHIPPED, load_body
from ptx.geometry.joints import joint, keypoint


@pytest.mark.parametrize("spec", ["builtin", "small"])
def test_shipped_bodies(spec: str) -> None:
    body = load_body(spec)
    assert len(body.v_template) == {"builtin": 13718, "small": 1229}[spec]
    assert np.abs(body.weights.sum(1) - 1).max() < 1e-5
    assert np.abs(body.joint_regressor.sum(1) - 1).max() < 1e-4
    assert set(body.face_part) == {1, 2, 3, 4, 5, 6}
    height = np.ptp(body.v_template[:, 1])
    assert 1.5 < height < 2.0
    edges = np.sort(body.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert (counts == 2).all()  # closed: visibility relies on it
    corners = body.v_template[body.faces].astype(float)
    volume = np.einsum("fc,fc->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert 0.04 < volume < 0.12  # positive: faces are counter-clockwise from outside


def test_uv_of_the_default_body() -> None:
    body = load_body("builtin")
    assert body.uv is not None
    assert body.face_uv is not None
    assert body.uv.min() >= 0
    assert body.uv.max() <= 1
    assert body.face_uv.shape == body.faces.shape


def test_landmarks_are_on_the_face() -> None:
    body = load_body("builtin")
    nose, right_eye, left_eye, right_ear, left_ear = body.v_template[body.landmarks]
    assert nose[2] > max(right_eye[2], left_eye[2]) > max(right_ear[2], left_ear[2])
    assert right_ear[0] < right_eye[0] < nose[0] < left_eye[0] < left_ear[0]
    assert body.keypoint_offset[keypoint("nose")].any()


def test_keypoints_are_attached_to_joints() -> None:
    """Limbs are joints of the mean shape, the neck is halfway between the shoulders (OpenPose's), the nose is its vertex."""
    body = load_body("small")
    joints = body.joint_regressor @ body.v_template
    places = (body.joint_template[body.keypoint_joints] * body.keypoint_weights[..., None]).sum(
        1
    ) + body.keypoint_offset
    for name in ("left_wrist", "right_ankle", "left_hip"):
        np.testing.assert_allclose(places[keypoint(name)], joints[joint(name)], atol=1e-5)
    shoulders = joints[[joint("left_shoulder"), joint("right_shoulder")]]
    np.testing.assert_allclose(places[keypoint("neck")], shoulders.mean(0), atol=1e-5)
    np.testing.assert_allclose(places[keypoint("nose")], body.v_template[body.landmarks[0]], atol=1e-5)


def test_arrays_are_read_only_and_the_body_is_shared() -> None:
    body = load_body("small")
    assert load_body("small") is body
    with pytest.raises(ValueError, match="read-only"):
        body.v_template[0] = 0


def test_digest_is_of_the_content(tmp_path: Path) -> None:
    with np.load(SHIPPED["small"]) as file:
        arrays = dict(file)
    np.savez(tmp_path / "copy.npz", **arrays)
    assert load_body(str(tmp_path / "copy.npz")).digest == load_body("small").digest
    arrays["v_template"] = arrays["v_template"] * 1.01
    np.savez(tmp_path / "other.npz", **arrays)
    assert load_body(str(tmp_path / "other.npz")).digest != load_body("small").digest


def _save(path: Path, **changes: object) -> None:
    with np.load(SHIPPED["small"]) as file:
        arrays = dict(file)
    arrays.update({k: v for k, v in changes.items() if v is not None})
    np.savez(path, **{k: v for k, v in arrays.items() if k not in changes or changes[k] is not None})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weights": None}, "no array weights"),
        ({"v_template": np.zeros((5, 2))}, "v_template has shape"),
        ({"weights": np.zeros((1229, 52))}, r"weights has shape \(1229, 52\), expected \(1229, 24\); is this SMPL"),
        ({"v_template": np.full((1229, 3), np.nan)}, "v_template holds something other than finite numbers"),
        ({"f": np.full((2454, 3), 99999)}, "f names entries|f has shape"),
        ({"weights": np.full((1229, 24), 1.0)}, "weights of a vertex sum to 24"),
        ({"kintree_table": np.zeros((2, 24), int)}, "kintree_table is not SMPL's tree"),
    ],
)
def test_wrong_arrays(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    _save(tmp_path / "b.npz", **changes)
    with pytest.raises(ValueError, match=words) as caught:
        load_body(str(tmp_path / "b.npz"))
    assert "\n" not in str(caught.value)
    assert "b.npz" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("b.npz", b""),
        ("b.npz", b"PK\x03\x04rubbish"),
        ("b.npz", b"hello"),
        ("b.txt", b"hello"),
        ("b.pkl", b"hello"),
        ("b.pkl", b""),
    ],
)
def test_files_that_are_no_bodies(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=name):
        load_body(str(tmp_path / name))


def test_objects_in_an_npz_are_refused(tmp_path: Path) -> None:
    _save(tmp_path / "b.npz", v_template=np.array([{}], object))
    with pytest.raises(ValueError, match=r"b\.npz"):
        load_body(str(tmp_path / "b.npz"))


def test_missing_file_says_where_smpl_is_to_be_had() -> None:
    with pytest.raises(FileNotFoundError, match=r"none.pkl: no such file.*smpl.is.tue.mpg.de"):
        load_body("none.pkl")


def test_the_digest_of_a_body_needs_numpy_alone() -> None:
    """Commands that only look at what is there (`ptx status`) ask for it."""
    code = (
        "import sys; from ptx.geometry.body import load_body; load_body('small').digest; "
        "print(*{'numba', 'scipy', 'torch', 'cv2', 'smplx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
