"""SMPL, SMPL-H and SMPL-X: posed as smplx's own classes pose them, and refused where the tree is another."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
import smplx
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ptx.geometry.body import build_body, load_body
from ptx.geometry.body_checks import check_arrays
from ptx.geometry.body_formats import is_known_tree
from ptx.geometry.fitting import fit
from ptx.geometry.flow import flow_between
from ptx.geometry.joints import KEYPOINTS, joint, keypoint
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import joint_transforms, pose_keypoints, pose_vertices
from tests.geometry.formats import as_file, format_arrays, tree
from tests.geometry.scenes import facing

FORMATS = ("SMPL", "SMPL-H", "SMPL-X")
BODIES = {name: build_body(format_arrays(name)) for name in FORMATS}


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.nn.Module]:
    """smplx's own classes of the three formats, one body a batch; joints of vertices of the official meshes are not asked for."""
    flat = {
        "hands_componentsl": np.eye(45),
        "hands_componentsr": np.eye(45),
        "hands_meanl": np.ones(45),
        "hands_meanr": np.ones(45),
    }
    face = {"lmk_faces_idx": np.zeros(51, np.int64), "lmk_bary_coords": np.full((51, 3), 1 / 3)}
    hands = {"use_pca": False, "flat_hand_mean": True}
    path = tmp_path_factory.mktemp("smplx") / "x.npz"
    np.savez(path, **format_arrays("SMPL-X"), **flat, **face)
    with contextlib.redirect_stdout(io.StringIO()):
        found = {
            "SMPL": smplx.SMPL("", data_struct=smplx.utils.Struct(**format_arrays("SMPL"))),
            "SMPL-H": smplx.SMPLH("", data_struct=smplx.utils.Struct(**format_arrays("SMPL-H"), **flat), **hands),
            "SMPL-X": smplx.SMPLX(str(path), **hands),
        }
    for module in found.values():
        module.vertex_joint_selector.extra_joints_idxs.zero_()
    return found


def theirs(
    module: torch.nn.Module, pose: np.ndarray, betas: np.ndarray, hands_pose: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) and the joints (22, 3) that the formats share, of one body, by smplx."""
    turned = torch.tensor(pose, dtype=torch.float32)
    body = turned[1 : 1 + module.NUM_BODY_JOINTS].reshape(1, -1)
    fingers = {}
    if hands_pose is not None:
        left, right = torch.tensor(hands_pose, dtype=torch.float32).reshape(2, 1, -1)
        fingers = {"left_hand_pose": left, "right_hand_pose": right}
    shape = torch.tensor(betas, dtype=torch.float32)[None]
    with torch.no_grad():
        out = module(global_orient=turned[:1], body_pose=body, betas=shape, **fingers)
    return out.vertices[0].numpy(), out.joints[0, :22].numpy()


def differences(name: str, module: torch.nn.Module, pose: np.ndarray, betas: np.ndarray) -> tuple[float, float]:
    """Largest distance of a vertex, and of a joint, metres."""
    if name != "SMPL":
        pose = np.concatenate([pose[:22], np.zeros((2, 3))])
    vertices, joints = theirs(module, pose, betas)
    body = BODIES[name]
    ours = joint_transforms(body, pose[None], betas)[1][0, :22]
    return (
        float(np.abs(pose_vertices(body, pose[None], betas)[0] - vertices).max()),
        float(np.abs(ours - joints).max()),
    )


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    angle=st.sampled_from([0.0, 1e-6, 0.1, 0.6, 2.0]),
    shape=st.sampled_from([0.0, 1.0, 3.0]),
)
def test_posed_as_by_smplx(
    modules: dict[str, torch.nn.Module], name: str, seed: int, angle: float, shape: float
) -> None:
    """Whatever the pose and the shape: to rounding of float32, of coordinates up to some metres."""
    rng = np.random.default_rng(seed)
    pose, betas = rng.normal(0, angle, (24, 3)), rng.normal(0, shape, 10)
    assert max(differences(name, modules[name], pose, betas)) < 2e-5


@pytest.mark.parametrize("name", ["SMPL-H", "SMPL-X"])
@pytest.mark.parametrize("seed", range(3))
def test_fingers_are_posed_as_by_smplx(modules: dict[str, torch.nn.Module], name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pose, betas, fingers = rng.normal(0, 0.5, (24, 3)), rng.normal(0, 1, 10), rng.normal(0, 0.7, (30, 3))
    pose[22:] = 0
    vertices, _ = theirs(modules[name], pose, betas, fingers)
    assert np.abs(pose_vertices(BODIES[name], pose[None], betas, fingers[None])[0] - vertices).max() < 2e-5


def test_fingers_of_another_tree_are_left_out() -> None:
    """Of a body whose fingers do not follow one another by three; of SMPL, which has none."""
    arrays = format_arrays("SMPL-H")
    parents = arrays["kintree_table"].copy()
    parents[0, 23] = 20  # the second joint of the left index finger, on the wrist
    assert build_body({**arrays, "kintree_table": parents}).hands is None
    assert BODIES["SMPL-H"].hands is not None
    assert BODIES["SMPL"].hands is None


@pytest.mark.parametrize("name", FORMATS)
def test_keypoints_are_joints_and_points_of_the_head(name: str) -> None:
    body = BODIES[name]
    rng = np.random.default_rng(3)
    pose, betas = rng.normal(0, 0.3, (1, 24, 3)), rng.normal(0, 1, 10)
    joints, found = joint_transforms(body, pose, betas)[1][0], pose_keypoints(body, pose, betas)[0]
    for limb in ("left_shoulder", "right_elbow", "left_wrist", "right_hip", "left_knee", "right_ankle"):
        np.testing.assert_allclose(found[keypoint(limb)], joints[joint(limb)], atol=1e-6)
    rest = pose_keypoints(body, np.zeros((1, 24, 3)), np.zeros(10))[0]
    for number, name_ in enumerate(("nose", "right_eye", "left_eye", "right_ear", "left_ear")):
        np.testing.assert_allclose(rest[keypoint(name_)], body.v_template[body.landmarks[number]], atol=1e-6)
    assert len(found) == len(KEYPOINTS)


@pytest.mark.parametrize("vertices", [6890, 10475])
def test_official_meshes_have_known_eyes_ears_and_nose(vertices: int) -> None:
    """By smplx's vertex_ids.py, whatever the shape."""
    rng = np.random.default_rng(0)
    joints = 52 if vertices == 6890 else 55
    weights = np.zeros((vertices, joints))
    weights[:, joint("head")] = 1
    arrays = {
        "v_template": rng.normal(0, 1, (vertices, 3)), "f": rng.integers(0, vertices, (9, 3)), "weights": weights,
        "J_regressor": np.full((joints, vertices), 1 / vertices), "shapedirs": np.zeros((vertices, 3, 10)),
        "kintree_table": np.array([tree("SMPL-H" if joints == 52 else "SMPL-X"), range(joints)]),
    }  # fmt: skip
    listed = smplx.vertex_ids.vertex_ids["smplh" if joints == 52 else "smplx"]
    assert build_body(arrays).landmarks.tolist() == [listed[name] for name in ("nose", "reye", "leye", "rear", "lear")]


@pytest.mark.parametrize(("name", "file"), [("SMPL-H", "h.pkl"), ("SMPL-X", "x.npz")])
def test_files(tmp_path: Path, name: str, file: str) -> None:
    """Read without running anything; a file that holds objects beside the arrays is read all the same."""
    path = as_file(format_arrays(name), tmp_path / file)
    loaded = load_body(str(path))
    assert loaded.digest == BODIES[name].digest
    assert loaded.weights.shape == (1229, 24)


@pytest.mark.parametrize("name", FORMATS)
def test_fitted_drawn_and_followed(name: str) -> None:
    """A body is found again by its keypoints, drawn, and its flow to another pose is right where it lands."""
    body = BODIES[name]
    pose, camera = facing(2)
    betas = np.zeros((2, 10))
    truth = pose_keypoints(body, pose, betas)
    keypoints = np.concatenate([seen(camera, truth)[..., :2], np.ones((2, 18, 1))], axis=2).astype(np.float32)
    found = fit(body, keypoints, None, (128, 128))
    assert found.usable.all()
    assert np.nanmedian(found.residual) < 1.0
    points = seen(camera, pose_vertices(body, pose, betas))
    face, bary, _ = rasterize(points[0], body.faces, 128, 128)
    flow = flow_between(face, bary, points[1].astype(np.float32), body.faces)
    rows, columns = np.nonzero(face >= 0)
    assert len(rows) > 1000
    weights = np.concatenate([bary[rows, columns], 1 - bary[rows, columns].sum(1, keepdims=True)], axis=1)
    landed = np.einsum("mk,mkc->mc", weights, points[1][body.faces[face[rows, columns]], :2])
    np.testing.assert_allclose(flow[rows, columns] + np.stack([columns, rows], 1), landed, atol=2e-3)


def seen(camera: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N, M, 3) points as weak-perspective cameras (N, 3) show them, written out."""
    scale, x, y = camera[:, None].transpose(2, 0, 1)
    return np.stack([scale * points[..., 0] + x, y - scale * points[..., 1], -points[..., 2]], axis=2)


@pytest.mark.parametrize(("name", "first"), [("SMPL-H", 22), ("SMPL-X", 25)])
def test_a_hand_moves_as_one(name: str, first: int) -> None:
    """With the joint of SMPL's hand, in the middle of the five joints that hang on the wrist, as all of its fingers."""
    arrays, body = format_arrays(name), BODIES[name]
    for hand, start in (("left_hand", first), ("right_hand", first + 15)):
        number = joint(hand)
        knuckles = [start, start + 3, start + 6, start + 9, start + 12]
        np.testing.assert_allclose(body.joint_regressor[number], arrays["J_regressor"][knuckles].mean(0), atol=1e-7)
        np.testing.assert_allclose(body.weights[:, number], arrays["weights"][:, start : start + 15].sum(1), atol=1e-7)
        pose = np.zeros((1, 24, 3))
        pose[0, number] = 0, 0, np.pi / 2
        skin = np.flatnonzero(body.weights[:, number] > 0.999)
        assert len(skin) > 5
        middle = body.joint_template[number]
        posed = pose_vertices(dataclasses.replace(body, posedirs=None), pose, np.zeros(10))[0]
        x, y, z = (body.v_template[skin] - middle).T
        np.testing.assert_allclose(posed[skin] - middle, np.stack([-y, x, z], axis=1), atol=1e-3)


def test_parts_of_hands_and_face() -> None:
    """Skin of fingers is of its arm, skin of jaw and eyes of the head."""
    for name in ("SMPL-H", "SMPL-X"):
        assert (BODIES[name].face_part == BODIES["SMPL"].face_part).mean() > 0.97


def replaced(parents: list[int], first: int, *values: int) -> list[int]:
    """The parents with some put in the place of others."""
    return [*parents[:first], *values, *parents[first + len(values) :]]


X = tree("SMPL-X")


@pytest.mark.parametrize(
    ("parents", "words"),
    [
        (replaced(X, 30, 3), "kintree_table is not SMPL-X's tree of joints"),  # a finger on the spine
        (replaced(X, 25, 25), "kintree_table is not SMPL-X's tree of joints"),  # a joint on itself
        (replaced(X, 4, 2), "kintree_table is not SMPL-X's tree of joints"),  # a knee on the other hip
        (replaced(X, 22, *[15] * 33), "kintree_table is not SMPL-X's tree of joints"),  # no hands
        (
            X[:54],
            r"kintree_table has shape \(2, 54\), expected that of SMPL \(2, 24\), SMPL-H \(2, 52\), SMPL-X \(2, 55\)",
        ),
    ],
)
def test_other_trees(parents: list[int], words: str) -> None:
    assert is_known_tree(np.array(X))
    tables = {"kintree_table": np.array([parents, range(len(parents))])}
    with pytest.raises(ValueError, match=words):
        check_arrays({**format_arrays("SMPL-X"), **tables})


def test_a_body_of_smpl_is_what_it_was() -> None:
    """Nothing of SMPL's own format is touched, so that its digest, and all stores made with it, stay."""
    assert load_body("small").digest == "f179e33cee512a4f87623f3d63c746c2aca64e36acebcf76f12782ee53823c83"
    assert load_body("builtin").digest == "b5392f84adf3603a1656162bb63fae299ba4f3197956834c3a552124a9c283a7"
