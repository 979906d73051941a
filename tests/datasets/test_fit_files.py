"""Bodies in the files of HMR, 4D-Humans and SMPLify-X; hostile and damaged files."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ptx.datasets.fit_files import FitFolder, read_fits
from ptx.pipeline.errors import PtxError
from tests.datasets.problems import raises_problem

VECTORS = np.random.default_rng(4).normal(0, 0.4, (24, 3))


def upright(vector: np.ndarray) -> np.ndarray:
    """Rotation matrix of a root in our frame: y and z of the tools' frame are turned round."""
    return np.diag([1, -1, -1]) @ Rotation.from_rotvec(vector).as_matrix()


def test_hmr(tmp_path: Path) -> None:
    theta = np.stack([np.concatenate([np.ones(3), VECTORS.ravel(), np.full(10, k)]) for k in range(2)])
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"theta": theta}, protocol=2))
    fits = read_fits(tmp_path / "a.pkl")
    assert [fit.betas.tolist() for fit in fits] == [[0] * 10, [1] * 10]
    for fit in fits:
        assert fit.camera is None
        np.testing.assert_allclose(fit.pose[1:], VECTORS[1:], atol=1e-6)
        np.testing.assert_allclose(Rotation.from_rotvec(fit.pose[0]).as_matrix(), upright(VECTORS[0]), atol=1e-6)


def test_4d_humans_keeps_matrices_of_several_bodies_in_a_dictionary(tmp_path: Path) -> None:
    matrices = Rotation.from_rotvec(VECTORS).as_matrix()
    params = {
        "global_orient": np.stack([matrices[:1]] * 2),
        "body_pose": np.stack([matrices[1:]] * 2),
        "betas": np.arange(20.0).reshape(2, 10),
    }
    content = {
        "pred_smpl_params": params,
        "pred_cam_t_full": np.array([[0.0, 0, 5], [0, 0, 7]]),
        "scaled_focal_length": 900.0,
    }
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content, protocol=2))
    fits = read_fits(tmp_path / "a.pkl")
    assert [fit.betas.tolist() for fit in fits] == params["betas"].tolist()
    assert [fit.camera.translation[2] for fit in fits if fit.camera] == [5, 7]
    assert [fit.camera.focal for fit in fits if fit.camera] == [900, 900]
    np.testing.assert_allclose(fits[1].pose[1:], VECTORS[1:], atol=1e-6)
    np.testing.assert_allclose(Rotation.from_rotvec(fits[1].pose[0]).as_matrix(), upright(VECTORS[0]), atol=1e-6)


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


@pytest.mark.parametrize("form", ["vector", "row", "joints", "matrices"])
def test_spin_and_vibe_give_all_joints_at_once(tmp_path: Path, form: str) -> None:
    pose = {
        "vector": VECTORS.ravel(), "row": VECTORS.reshape(1, 72), "joints": VECTORS,
        "matrices": Rotation.from_rotvec(VECTORS).as_matrix()[None],
    }[form]  # fmt: skip
    content = {"pose": pose, "betas": np.arange(10.0), "orig_cam": np.ones((1, 4)), "verts": np.zeros((1, 6890, 3))}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content))
    [found] = read_fits(tmp_path / "a.pkl")
    np.testing.assert_allclose(found.pose[1:], VECTORS[1:], atol=1e-6)
    np.testing.assert_allclose(Rotation.from_rotvec(found.pose[0]).as_matrix(), upright(VECTORS[0]), atol=1e-6)
    assert found.betas.tolist() == list(range(10))
    assert found.camera is None


def test_several_people_of_vibe(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", pose=np.stack([VECTORS.ravel(), np.zeros(72)]), betas=np.zeros((2, 10)))
    first, second = read_fits(tmp_path / "a.npz")
    np.testing.assert_allclose(first.pose[1:], VECTORS[1:], atol=1e-6)
    assert not second.pose[1:].any()


def test_smplify_keeps_pose_camera_and_two_focal_lengths(tmp_path: Path) -> None:
    """Names of SMPLify's fit_3d.py; in other files f is the faces of the mesh."""
    content = {
        "pose": VECTORS.ravel(),
        "betas": np.zeros(10),
        "cam_t": np.array([0.1, 0.2, 30]),
        "f": np.full(2, 4000.0),
    }
    for name, extra in (("a", {}), ("faces", {"f": np.zeros((13776, 3), np.uint32)})):
        (tmp_path / f"{name}.pkl").write_bytes(pickle.dumps(content | extra, protocol=2))
    [fit], [other] = read_fits(tmp_path / "a.pkl"), read_fits(tmp_path / "faces.pkl")
    assert fit.camera is not None
    assert other.camera is not None
    assert fit.camera.focal == 4000
    assert other.camera.focal is None
    assert fit.camera.translation.tolist() == [0.1, 0.2, 30]


def test_a_dictionary_inside_an_npz(tmp_path: Path) -> None:
    """numpy.savez of 4D-Humans' nested dictionary: an array of one object, which numpy reads with allow_pickle only."""
    params = {"global_orient": VECTORS[:1], "body_pose": VECTORS[1:], "betas": np.arange(10.0)}
    np.savez(tmp_path / "a.npz", pred_smpl_params=params, pred_cam_t_full=np.array([0.0, 0, 5]))
    np.savez_compressed(tmp_path / "b.npz", smpl_params=np.array([params], object))
    for name in ("a", "b"):
        [found] = read_fits(tmp_path / f"{name}.npz")
        np.testing.assert_allclose(found.pose[1:], VECTORS[1:], atol=1e-6)
        assert found.betas.tolist() == list(range(10))
    assert read_fits(tmp_path / "a.npz")[0].camera is not None


@pytest.mark.parametrize("nested", [True, False])
def test_romp(tmp_path: Path, nested: bool) -> None:
    """simple-romp's numpy.savez(path, results=outputs): whole poses beside their parts, under names of its own."""
    outputs = {
        "cam": np.ones((1, 3)), "global_orient": VECTORS[:1], "body_pose": VECTORS[1:].reshape(1, 69),
        "smpl_betas": np.arange(10.0)[None], "smpl_thetas": VECTORS.reshape(1, 72), "verts": np.zeros((1, 6890, 3)),
    }  # fmt: skip
    del outputs["body_pose" if nested else "smpl_thetas"]
    np.savez(tmp_path / "a.npz", **({"results": outputs} if nested else outputs))
    [found] = read_fits(tmp_path / "a.npz")
    np.testing.assert_allclose(found.pose[1:], VECTORS[1:], atol=1e-6)
    np.testing.assert_allclose(Rotation.from_rotvec(found.pose[0]).as_matrix(), upright(VECTORS[0]), atol=1e-6)
    assert found.betas.tolist() == list(range(10))
    assert found.camera is None


def test_pare(tmp_path: Path) -> None:
    content = {
        "pred_pose": Rotation.from_rotvec(VECTORS).as_matrix()[None],
        "pred_shape": np.arange(10.0)[None],
        "pred_cam": np.ones((1, 3)),
    }
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content))
    [found] = read_fits(tmp_path / "a.pkl")
    np.testing.assert_allclose(found.pose[1:], VECTORS[1:], atol=1e-6)
    assert found.betas.tolist() == list(range(10))


@pytest.mark.parametrize("count", [1, 2])
def test_vposers_code_is_named(tmp_path: Path, count: int) -> None:
    """What SMPLify-X writes by default."""
    content = {"global_orient": np.zeros((count, 3)), "body_pose": np.ones((count, 32)), "betas": np.zeros((count, 10))}
    (tmp_path / "000.pkl").write_bytes(pickle.dumps(content, protocol=2))
    text = r"^000\.pkl: body_pose holds 32 numbers of VPoser: decode them, or run SMPLify-X with use_vposer: False$"
    with raises_problem("bad_fit_file", text):
        read_fits(tmp_path / "000.pkl")


def test_a_file_without_any_pose_says_what_is_read(tmp_path: Path) -> None:
    """Such as a sequence of AMASS."""
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"poses": np.zeros((9, 156)), "betas": np.zeros(16)}))
    with raises_problem("bad_fit_file", "no pose: neither theta, nor pose, nor global_orient and body_pose"):
        read_fits(tmp_path / "a.pkl")


def test_bad_files(tmp_path: Path) -> None:
    good = {"global_orient": np.zeros(3), "body_pose": np.zeros(69), "betas": np.zeros(10)}
    bad = {
        "empty": {},
        "nan": good | {"betas": np.full(10, np.nan)},
        "no_rotation": good | {"global_orient": 2 * np.eye(3)[None], "body_pose": np.stack([np.eye(3)] * 23)},
        "endless_camera": good | {"pred_cam": np.zeros(3), "box_center": np.zeros(2), "box_size": np.ones(1)},
        "joints": good | {"body_pose": np.zeros(60)},
        "smplx_pose": {"pose": np.zeros(165), "betas": np.zeros(10)},
        "ragged": good | {"body_pose": np.zeros(70)},
        "two_cameras": good | {"cam_t": np.zeros((2, 3))},
        "no_dictionary": good | {"proc_param": 7, "theta": np.zeros(85)},
        "half_a_crop": {"theta": np.zeros(85), "proc_param": {"scale": 1.0}},
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
        with raises_problem("bad_fit_file", f"^{path.name}: "):
            read_fits(path)
    np.savez(tmp_path / "good.npz", **good)
    assert len(read_fits(tmp_path / "good.npz")) == 1


def test_a_folder_of_fits(tmp_path: Path) -> None:
    good = {"global_orient": np.zeros(3), "body_pose": np.zeros(69), "betas": np.arange(10.0)}
    (tmp_path / "ann/1").mkdir(parents=True)
    (tmp_path / "ann/1/000.pkl").write_bytes(pickle.dumps(good))
    np.savez(tmp_path / "ann_2_0.npz", **good)
    fits = FitFolder(tmp_path, ["ann/1.jpg", "ann/2.jpg", "bob/1.jpg"])
    assert [len(fits.lookup(path)) for path in ("ann/1.jpg", "ann/2.jpg")] == [1, 1]
    with raises_problem("missing_fit", r"^no bob/1\.npz or bob/1\.pkl in "):
        fits.lookup("bob/1.jpg")
    with pytest.raises(PtxError, match=r"fit_smpl\.path: .* is no folder"):
        FitFolder(tmp_path / "none", [])


@pytest.mark.parametrize("ending", [".npz", ".pkl"])
def test_a_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    good = {"global_orient": np.zeros(3), "body_pose": np.zeros(69), "betas": np.zeros(10)}
    if ending == ".npz":
        np.savez_compressed(path, **good)
        monkeypatch.setattr("ptx.datasets.fit_files.MAX_BYTES", path.stat().st_size)
        with raises_problem("bad_fit_file", "bytes when unpacked"):
            read_fits(path)
    else:
        path.write_bytes(pickle.dumps(good))
    monkeypatch.setattr("ptx.datasets.fit_files.MAX_BYTES", path.stat().st_size - 1)
    with raises_problem("bad_fit_file", r"more than \d+ bytes$"):
        read_fits(path)
