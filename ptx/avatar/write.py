"""An avatar written as glTF 2.0 in one binary file.

    Khronos Group, "glTF 2.0 Specification", 2021; extension KHR_materials_unlit.

The mesh is bound to the skeleton in rest (SMPL's T-pose), which is what an editor calls the rest pose. The joints' nodes stand in the pose
of the photograph, so that the file opens as the person was seen, with their lowest point on the ground. Light is in the photograph, so the
material is unlit. Pose blend shapes, which SMPL's own bodies have, have no form in glTF and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ptx.avatar.clip import Clip
from ptx.avatar.mesh import SplitMesh, four_influences, split_at_seams
from ptx.avatar.person import Avatar, joint_names, whole_pose, whole_rig
from ptx.datasets.gltf.glb import BufferWriter, encode_glb
from ptx.geometry.joints import JOINT_COUNT
from ptx.geometry.layers.layered_body import LayeredBody, base_of
from ptx.geometry.mesh import unit_normals
from ptx.geometry.quaternions import continuous, quaternions
from ptx.geometry.skinning import pose_vertices
from ptx.geometry.viewpoint import FittedBody
from ptx.pictures.png import encode_png
from ptx.pictures.provenance import VOCABULARY, Provenance
from ptx.pipeline.storage.json_values import Json
from ptx.surface.atlas import body_atlas

FORM = 1
"""Number of the form in which ptx notes what it needs to read an avatar back; raised with every change of it."""

LINEAR, TRILINEAR, CLAMP = 9729, 9987, 33071
"""Numbers of a texture's filters and of its behaviour at the border."""

UNLIT = "KHR_materials_unlit"
"""Extension by which a surface has the colours of its texture in any light."""


def encode_avatar(avatar: Avatar, provenance: Provenance, clip: Clip | None = None) -> bytes:
    """Encode an avatar as the bytes of a .glb file; the same avatar gives the same bytes.

    Args:
        avatar: the person.
        provenance: what the file says about itself, in `asset.extras` and in its texture.
        clip: motion, an animation of the file; fingers stay as they are.
    """
    fitted = avatar.fitted
    rig, names = whole_rig(fitted.body), joint_names(fitted.body)
    rest = rig.rest_joints(fitted.betas[None].astype(np.float64))[0]
    steps = rest - np.where(rig.parents[:, None] < 0, 0, rest[rig.parents])
    joints, person, skin = list(range(len(names))), len(names), len(names) + 1
    buffer = BufferWriter()
    mesh = _mesh(buffer, avatar)
    texture = buffer.add_bytes(encode_png(avatar.texture, provenance))
    bones = _bones(names, rig.parents.tolist(), steps, quaternions(whole_pose(fitted)))
    lift = -float(fitted.vertices[:, 1].min())
    document: dict[str, Json] = {
        "asset": {
            "version": "2.0",
            "generator": provenance.program,
            "extras": {
                **provenance.text,
                "DigitalSourceType": VOCABULARY + provenance.kind,
                "ptx": _notes(fitted),
            },
        },
        "extensionsUsed": [UNLIT],
        "scene": 0,
        "scenes": [{"nodes": [person, skin]}],
        "nodes": [
            *bones,
            {"name": "person", "children": [0], "translation": [0.0, lift, 0.0]},
            {"name": "surface", "mesh": 0, "skin": 0},
        ],
        "meshes": [{"name": "surface", "primitives": [mesh]}],
        "skins": [
            {
                "joints": joints,
                "skeleton": 0,
                "inverseBindMatrices": buffer.add_array(_inverse_bind_matrices(rest)),
            }
        ],
        "materials": [_material(isinstance(fitted.body, LayeredBody))],
        "textures": [{"sampler": 0, "source": 0}],
        "samplers": [{"magFilter": LINEAR, "minFilter": TRILINEAR, "wrapS": CLAMP, "wrapT": CLAMP}],
        "images": [{"name": "texture", "bufferView": texture, "mimeType": "image/png"}],
    }
    if clip is not None:
        document["animations"] = [_animation(buffer, clip, rest[0])]
    document.update(accessors=buffer.accessors, bufferViews=buffer.views, buffers=[{"byteLength": len(buffer.data)}])
    return encode_glb(document, bytes(buffer.data))


def split_mesh(fitted: FittedBody, side: int) -> SplitMesh:
    """Return the mesh of an avatar with a texture of `side` px: that of its file, which has the faces among them that are drawn."""
    return split_at_seams(fitted.body.faces, body_atlas(fitted.body, side).uv)


def _notes(fitted: FittedBody) -> Mapping[str, Json]:
    """Note what reading an avatar back needs beside what glTF has a place for."""
    body = base_of(fitted.body)
    return {
        "avatar": FORM,
        "body": body.digest,
        "sheets": fitted.body is not body,
        "fingers": None if body.hands is None else body.hands.digest,
        "betas": fitted.betas.tolist(),
        "camera": fitted.camera.tolist(),
        "size": list(fitted.size),
    }


def _mesh(buffer: BufferWriter, avatar: Avatar) -> Mapping[str, Json]:
    """Lay the skin in rest into the buffer; returns the primitive."""
    fitted, side = avatar.fitted, avatar.texture.shape[0]
    split = split_mesh(fitted, side)
    offset = None if fitted.offset is None else fitted.offset[None]
    vertices = pose_vertices(fitted.body, np.zeros((1, JOINT_COUNT, 3)), fitted.betas, offset=offset)[0]
    normals = unit_normals(vertices, fitted.faces)
    normals[~normals.any(1)] = 0, 1, 0  # glTF knows no normals without a direction
    joints, weights = four_influences(whole_rig(fitted.body))
    shown = split.faces[fitted.faces[:, 0] != fitted.faces[:, 1]]
    index = np.uint16 if len(split.origin) < np.iinfo(np.uint16).max else np.uint32
    return {
        "attributes": {
            "POSITION": buffer.add_array(vertices[split.origin], "vertices", bounds=True),
            "NORMAL": buffer.add_array(normals[split.origin], "vertices"),
            "TEXCOORD_0": buffer.add_array(((split.corners + 0.5) / side).astype(np.float32), "vertices"),
            "JOINTS_0": buffer.add_array(joints[split.origin], "vertices"),
            "WEIGHTS_0": buffer.add_array(weights[split.origin], "vertices"),
        },
        "indices": buffer.add_array(shown.reshape(-1).astype(index), "indices"),
        "material": 0,
    }


def _bones(
    names: Sequence[str], parents: Sequence[int], steps: NDArray[np.float64], rotations: NDArray[np.float64]
) -> list[Json]:
    """Nodes of J joints: the step (J, 3) from their parents, their rotation (J, 4) and their children."""
    nodes: list[Json] = []
    for number, name in enumerate(names):
        children = [child for child, parent in enumerate(parents) if parent == number]
        node: dict[str, Json] = {
            "name": name,
            "translation": steps[number].tolist(),
            "rotation": rotations[number].tolist(),
        }
        nodes.append({**node, "children": children} if children else node)
    return nodes


def _inverse_bind_matrices(rest: NDArray[np.float64]) -> NDArray[np.float32]:
    """Matrices (J, 16), by columns, from the mesh in rest to the frame of each joint (J, 3), which is turned by nothing."""
    matrices = np.tile(np.eye(4, dtype=np.float32), (len(rest), 1, 1))
    matrices[:, 3, :3] = -rest
    return matrices.reshape(-1, 16)


def _material(sheets: bool) -> Mapping[str, Json]:
    """The material of the skin: the texture as it is, in viewers that know `UNLIT`, and matt elsewhere; sheets have two sides."""
    sides: Mapping[str, Json] = {"doubleSided": True} if sheets else {}
    return {
        "name": "photograph",
        **sides,
        "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "metallicFactor": 0.0, "roughnessFactor": 1.0},
        "extensions": {UNLIT: {}},
    }


def _animation(buffer: BufferWriter, clip: Clip, pelvis: NDArray[np.float64]) -> Mapping[str, Json]:
    """Lay a clip into the buffer: a channel for the rotation of each of the 24 joints, and one for where the pelvis is."""
    times = buffer.add_array(clip.times, bounds=True)
    rotations = continuous(quaternions(clip.poses)).astype(np.float32)
    paths = [(joint, "rotation", rotations[:, joint]) for joint in range(JOINT_COUNT)]
    paths.append((0, "translation", (pelvis + clip.root).astype(np.float32)))
    return {
        "name": clip.name,
        "channels": [
            {"sampler": number, "target": {"node": joint, "path": path}}
            for number, (joint, path, _) in enumerate(paths)
        ],
        "samplers": [
            {"input": times, "output": buffer.add_array(values), "interpolation": "LINEAR"} for _, _, values in paths
        ],
    }
