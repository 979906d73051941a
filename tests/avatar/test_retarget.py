"""Motions of other skeletons on SMPL's: limbs point where theirs point."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ptx.avatar.bvh import Bvh, read_bvh
from ptx.avatar.bvh_writing import encode_bvh
from ptx.avatar.clip import Clip, read_clip
from ptx.geometry.body import load_body
from ptx.geometry.joints import joint
from ptx.geometry.rotation import rotation_matrices
from ptx.geometry.skinning import joint_transforms
from ptx.pipeline.errors import PtxError
from tests.avatar.skeletons import STYLES, Tree, person, sided, write_bvh

LIMBS = [("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")]


def limbs_of(style: str) -> dict[str, str]:
    """SMPL's name → the skeleton's, of arms and legs."""
    names = STYLES[style]
    ours = dict(
        zip(("shoulder", "elbow", "wrist", "hip", "knee", "ankle"), (*names.arm[:3], *names.leg[:3]), strict=True)
    )
    return {f"{side}_{one}": sided(other, side) for one, other in ours.items() for side in ("left", "right")}


def moved(tree: Tree, count: int = 6) -> list[dict[str, tuple[float, float, float]]]:
    """Frames in which every joint turns, each otherwise."""
    rng = np.random.default_rng(3)
    return [{name: tuple(rng.uniform(-35, 35, 3)) for name in tree} for _ in range(count)]


def positions(clip: Clip) -> np.ndarray:
    """Joints (T, 24, 3) of SMPL's body, moved."""
    _, places = joint_transforms(load_body("builtin"), clip.poses, np.zeros(10))
    return places + clip.root[:, None]


def largest_angle(clip: Clip, bvh: Bvh, names: dict[str, str], turned: np.ndarray | None = None) -> float:
    """Degrees between the limbs of both, at most; `turned` brings the file's axes to ours."""
    ours, worst = positions(clip), 0.0
    for side in ("left", "right"):
        for start, end in LIMBS:
            bone = ours[:, joint(f"{side}_{end}")] - ours[:, joint(f"{side}_{start}")]
            theirs = [bvh.place(bvh.names.index(names[f"{side}_{part}"])) for part in (end, start)]
            wanted = (theirs[0] - theirs[1]) @ (np.eye(3) if turned is None else turned).T
            cosine = (bone * wanted).sum(-1) / np.linalg.norm(bone, axis=-1) / np.linalg.norm(wanted, axis=-1)
            worst = max(worst, float(np.degrees(np.arccos(np.clip(cosine, -1, 1))).max()))
    return worst


@pytest.mark.parametrize("arms_down", [False, True])
@pytest.mark.parametrize("style", STYLES)
def test_limbs_point_where_theirs_point(tmp_path: Path, style: str, arms_down: bool) -> None:
    tree = person(style, arms_down=arms_down)
    path = write_bvh(tmp_path / "dance.bvh", tree, moved(tree), [(k, 95.0, 2 * k) for k in range(6)])
    clip = read_clip(path)
    assert (clip.name, len(clip.times), clip.times[1]) == ("dance", 6, pytest.approx(1 / 30))
    assert largest_angle(clip, read_bvh(path), limbs_of(style)) < 0.1


@pytest.mark.parametrize("order", ["ZXY", "XYZ", "YXZ", "ZYX"])
def test_orders_of_axes(tmp_path: Path, order: str) -> None:
    tree = person("cmu")
    path = write_bvh(tmp_path / "dance.bvh", tree, moved(tree), [(0.0, 95.0, 0.0)] * 6, order=order)
    assert largest_angle(read_clip(path), read_bvh(path), limbs_of("cmu")) < 0.1


def test_rest_is_rest(tmp_path: Path) -> None:
    """A person who stands with arms along x is SMPL at rest, but for bones that are not quite straight in it."""
    clip = read_clip(write_bvh(tmp_path / "rest.bvh", person("mixamo"), [{}], [(12.0, 95.0, -7.0)]))
    assert np.degrees(np.linalg.norm(clip.poses[0], axis=-1)).max() < 6
    np.testing.assert_allclose(clip.root, [(0, 0, 0)], atol=0.08)


def test_arms_that_hang_at_rest(tmp_path: Path) -> None:
    """They are SMPL's turned down sideways, about z: palms, which SMPL has below, come to the thighs."""
    clip = read_clip(write_bvh(tmp_path / "rest.bvh", person("cmu", arms_down=True), [{}], [(0.0, 95.0, 0.0)]))
    for side, angle in (("left", -90), ("right", 90)):
        np.testing.assert_allclose(np.degrees(clip.poses[0, joint(f"{side}_shoulder")]), (0, 0, angle), atol=4)
        assert (
            np.degrees(np.linalg.norm(clip.poses[0, [joint(f"{side}_elbow"), joint(f"{side}_wrist")]], axis=-1)).max()
            < 2
        )


@pytest.mark.parametrize("unit", [1.0, 0.01, 1 / 2.54])
def test_units(tmp_path: Path, unit: float) -> None:
    """Centimetres, metres, inches: by the length of the legs; 83 cm of legs walk as far as SMPL's .86 m do."""
    tree = person("cmu")
    path = write_bvh(tmp_path / "walk.bvh", tree, [{}] * 3, [(0, 91, 0), (0, 91, 83), (0, 101, 166)], unit=unit)
    clip = read_clip(path)
    ours = load_body("builtin").joint_template
    leg = np.linalg.norm(
        np.diff(ours[[joint("left_hip"), joint("left_knee"), joint("left_ankle")]], axis=0), axis=1
    ).sum()
    np.testing.assert_allclose(clip.root[:, 2] - clip.root[0, 2], [0, leg, 2 * leg], rtol=1e-4)
    np.testing.assert_allclose(clip.root[:, 1] - clip.root[0, 1], [0, 0, leg * 10 / 83], atol=1e-4)


def test_feet_stand_on_the_ground_of_the_body(tmp_path: Path) -> None:
    """A squat: the hips go down, the feet stay."""
    tree = person("cmu")
    bends = {"UpLeg": -60.0, "Leg": 120.0, "Foot": -60.0}
    squat = {f"{side}{name}": (0.0, angle, 0.0) for side in ("Left", "Right") for name, angle in bends.items()}
    path = write_bvh(tmp_path / "squat.bvh", tree, [{}, squat], [(0, 91, 0), (0, 91 - (42 + 41) * 0.5, 0)])
    ours = positions(read_clip(path))
    ground = load_body("builtin").joint_template[joint("left_foot"), 1]
    for side in ("left", "right"):
        assert np.abs(ours[:, joint(f"{side}_foot"), 1] - ground).max() < 0.03
    assert ours[1, 0, 1] - ours[0, 0, 1] == pytest.approx(-0.86 / 2, abs=0.04)


def rooted(tree: Tree, turn: np.ndarray) -> Tree:
    """The skeleton laid out along other axes."""
    return {name: (parent, tuple(turn @ np.array(offset))) for name, (parent, offset) in tree.items()}


def test_z_up(tmp_path: Path) -> None:
    """A skeleton laid out with z up, facing -y, as Blender has people."""
    turn = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    tree = rooted(person("cmu"), turn)
    frames = moved(tree)
    for frame in frames:
        frame["Hips"] = (20.0, 0.0, 0.0)
    path = write_bvh(tmp_path / "dance.bvh", tree, frames, [(0.0, 3.0 * k, 95.0) for k in range(6)])
    clip = read_clip(path)
    assert largest_angle(clip, read_bvh(path), limbs_of("cmu"), turn.T) < 0.1
    head = positions(clip)[:, joint("head")] - clip.root
    assert (head[:, 1] > 0.2).all()
    np.testing.assert_allclose(np.diff(clip.root[:, 2]), -0.03, atol=0.02)


def test_z_up_by_the_root_alone(tmp_path: Path) -> None:
    """A skeleton laid out with y up whose root lays everything on z."""
    tree = person("cmu")
    frames = [{"Hips": (0.0, 90.0, 0.0), "LeftArm": (30.0, 0.0, 0.0)}] * 2
    path = write_bvh(tmp_path / "dance.bvh", tree, frames, [(0.0, 0.0, 95.0)] * 2)
    clip = read_clip(path)
    turn = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    assert largest_angle(clip, read_bvh(path), limbs_of("cmu"), turn) < 0.1
    assert np.degrees(np.linalg.norm(clip.poses[:, 0], axis=-1)).max() < 5


def test_a_person_who_lies_stays_lying(tmp_path: Path) -> None:
    clip = read_clip(
        write_bvh(tmp_path / "lies.bvh", person("cmu"), [{"Hips": (0.0, 90.0, 0.0)}] * 2, [(0.0, 12.0, 0.0)] * 2)
    )
    assert np.degrees(np.linalg.norm(clip.poses[:, 0], axis=-1)) == pytest.approx(90, abs=5)


def along_x(tree: Tree) -> tuple[Tree, dict[str, np.ndarray]]:
    """LAFAN1's way: at rest every bone of a chain lies along x, and standing is a rotation of each joint; those rotations, whole."""
    whole: dict[str, np.ndarray] = {}
    laid: Tree = {}
    children: dict[str, list[str]] = {
        name: [child for child, (parent, _) in tree.items() if parent == name] for name in tree
    }
    for name, (parent, offset) in tree.items():
        bone = next((np.array(tree[child][1]) for child in children[name][-1:]), np.array(offset))
        x = bone / np.linalg.norm(bone)
        z = np.cross(x, (0, 0, 1.0))
        z /= np.linalg.norm(z)
        whole[name] = np.column_stack([x, np.cross(z, x), z])
        laid[name] = (parent, tuple(whole[parent].T @ np.array(offset)) if parent else (0.0, 0.0, 0.0))
    return laid, whole


def euler_zxy(R: np.ndarray) -> tuple[float, float, float]:
    """Degrees of Rz Rx Ry."""
    return tuple(
        np.degrees([np.arctan2(-R[0, 1], R[1, 1]), np.arcsin(np.clip(R[2, 1], -1, 1)), np.arctan2(-R[2, 0], R[2, 2])])
    )


def test_rest_pose_that_is_no_person(tmp_path: Path) -> None:
    """The same motion written for a skeleton whose bones lie along x: limbs agree, and nothing is twisted by its rest."""
    tree = person("cmu")
    laid, whole = along_x(tree)
    rng = np.random.default_rng(5)
    swings = rng.uniform(-0.5, 0.5, (40, len(tree), 3)) * (1, 0.3, 1)
    frames, plain = [], []
    for turns in swings:
        local = {name: rotation_matrices(turn) for name, turn in zip(tree, turns, strict=True)}
        standing = {}
        for name, (parent, _) in tree.items():
            standing[name] = standing[parent] @ local[name] if parent else local[name]
        both = {name: standing[name] @ whole[name] for name in tree}
        frames.append(
            {name: euler_zxy(both[tree[name][0]].T @ both[name] if tree[name][0] else both[name]) for name in tree}
        )
        plain.append({name: euler_zxy(local[name]) for name in tree})
    places: Sequence[tuple[float, float, float]] = [(0.0, 95.0, 0.0)] * len(frames)
    odd = write_bvh(tmp_path / "odd.bvh", laid, frames, places)
    usual = write_bvh(tmp_path / "usual.bvh", tree, plain, places)
    clip, wanted = read_clip(odd), read_clip(usual)
    assert largest_angle(clip, read_bvh(odd), limbs_of("cmu")) < 0.1
    between = rotation_matrices(clip.poses).swapaxes(-1, -2) @ rotation_matrices(wanted.poses)
    angle = np.degrees(np.arccos(np.clip((np.trace(between, axis1=-2, axis2=-1) - 1) / 2, -1, 1)))
    limbs = [joint(f"{side}_{name}") for side in ("left", "right") for name in ("hip", "knee", "shoulder", "elbow")]
    assert np.median(angle[:, limbs]) < 12
    assert angle[:, [0, joint("spine3")]].max() < 12


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ({"LeftHand"}, "it has no joint named like LeftWrist or LeftHand"),
        ({"Head", "Neck1"}, "it has no joint named like Head"),
        ({"RightFoot", "RightToeBase"}, "it has no joint named like RightAnkle or RightFoot"),
    ],
)
def test_skeletons_that_are_not_understood(tmp_path: Path, lost: set[str], said: str) -> None:
    tree = {name: joint_ for name, joint_ in person("cmu").items() if name not in lost}
    path = write_bvh(tmp_path / "odd.bvh", tree, [{}], [(0.0, 95.0, 0.0)])
    with pytest.raises(PtxError, match=rf"odd\.bvh: is no person's motion that is understood: {said}"):
        read_clip(path)
    (tmp_path / "bar.bvh").write_text(
        "HIERARCHY\nROOT LeftHand\n{\nOFFSET 0 0 0\nCHANNELS 0\nJOINT RightHand\n{\nOFFSET 0 0 0\nCHANNELS 0\n"
        "JOINT LeftFoot\n{\nOFFSET 0 0 0\nJOINT RightFoot\n{\nOFFSET 0 0 0\nJOINT Head\n{\nOFFSET 0 0 0\n}\n}\n}\n}\n}\n"
        "MOTION\nFrames: 1\nFrame Time: .1\n"
    )
    with pytest.raises(PtxError):
        read_clip(tmp_path / "bar.bvh")


def test_smpls_own_skeleton_comes_back(tmp_path: Path) -> None:
    """What ptx writes: every limb turned as it was, and the chest; the spine below shares its bend."""
    rest = load_body("builtin").joint_template
    poses = np.random.default_rng(4).uniform(-0.5, 0.5, (8, 24, 3))
    poses[:, [joint("left_hand"), joint("right_hand")]] = 0
    root = np.cumsum(np.full((8, 3), (0.02, 0.0, 0.05)), axis=0)
    (tmp_path / "own.bvh").write_text(encode_bvh(rest, poses, root, 25.0))
    clip = read_clip(tmp_path / "own.bvh")
    wanted, found = (joint_transforms(load_body("builtin"), pose, np.zeros(10))[0] for pose in (poses, clip.poses))
    between = np.degrees(np.arccos(np.clip((np.einsum("tjab,tjab->tj", wanted, found) - 1) / 2, -1, 1)))
    spine = [joint("spine1"), joint("spine2")]
    assert np.delete(between, spine, axis=1).max() < 3
    np.testing.assert_allclose(np.diff(clip.root, axis=0), np.diff(root, axis=0), atol=0.02)
