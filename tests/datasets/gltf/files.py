"""Small files of glTF, written by the tests: boxes bound to bones."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ptx.datasets.gltf.glb import BufferWriter, encode_glb
from ptx.pipeline.storage.json_values import Json

Doubles = NDArray[np.float64]

SIDES = {"left": 1.0, "right": -1.0}

MIXAMO_PARENTS = {
    "Hips": "", "Spine": "Hips", "Spine1": "Spine", "Spine2": "Spine1", "Neck": "Spine2", "Head": "Neck",
    "LeftShoulder": "Spine2", "LeftArm": "LeftShoulder", "LeftForeArm": "LeftArm", "LeftHand": "LeftForeArm",
    "RightShoulder": "Spine2", "RightArm": "RightShoulder", "RightForeArm": "RightArm", "RightHand": "RightForeArm",
    "LeftUpLeg": "Hips", "LeftLeg": "LeftUpLeg", "LeftFoot": "LeftLeg", "LeftToeBase": "LeftFoot",
    "RightUpLeg": "Hips", "RightLeg": "RightUpLeg", "RightFoot": "RightLeg", "RightToeBase": "RightFoot",
}  # fmt: skip
"""Bone → its parent."""


def joint_places(a_pose: float = 0.0) -> dict[str, Doubles]:
    """Places of the bones in metres, y up, facing +z, the arms lowered by some degrees."""
    out = {
        "Hips": (0, 1.0, 0), "Spine": (0, 1.1, 0), "Spine1": (0, 1.2, 0), "Spine2": (0, 1.3, 0), "Neck": (0, 1.5, 0), "Head": (0, 1.6, 0),
    }  # fmt: skip
    places = {name: np.array(place, np.float64) for name, place in out.items()}
    along = np.array([np.cos(np.radians(a_pose)), -np.sin(np.radians(a_pose)), 0])
    for side, sign in SIDES.items():
        flip, word = np.array([sign, 1, 1]), side.capitalize()
        shoulder = np.array([0.18, 1.45, 0])
        for name, place in (
            ("Shoulder", np.array([0.05, 1.45, 0])), ("Arm", shoulder), ("ForeArm", shoulder + 0.28 * along),
            ("Hand", shoulder + 0.53 * along), ("UpLeg", np.array([0.09, 0.95, 0])), ("Leg", np.array([0.09, 0.52, 0])),
            ("Foot", np.array([0.09, 0.1, -0.02])), ("ToeBase", np.array([0.09, 0.02, 0.1])),
        ):  # fmt: skip
            places[f"{word}{name}"] = place * flip
    return places


def box(centre: Doubles, half: Sequence[float]) -> tuple[NDArray[np.float32], NDArray[np.uint16]]:
    """Corners (8, 3) and faces (12, 3) of a box."""
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [(a, b, c) for a, b, c, _ in quads] + [(a, c, d) for a, _, c, d in quads]
    return (centre + signs * half).astype(np.float32), np.array(faces, np.uint16)


def png(picture: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()


def person(
    a_pose: float = 0.0,
    rename: Mapping[str, str] | None = None,
    frame: Doubles | None = None,
    texture: NDArray[np.uint8] | None = None,
    names: Sequence[str] = ("Skin",),
    drop: Sequence[str] = (),
) -> tuple[dict[str, Json], bytes]:
    """A person of one box a bone, bound in a T- or an A-pose; returns document and buffer.

    Args:
        a_pose: degrees by which the arms are lowered.
        rename: bone → its name in the file; else Mixamo's.
        frame: (4, 4) from metres, y up, facing +z, to the file's frame.
        texture: RGBA, of the material; None: a plain colour.
        names: of the materials; bones are shared out among them in turn.
        drop: bones that are left out, with all that hangs from them.
    """
    places, whole = joint_places(a_pose), np.eye(4) if frame is None else frame
    bones = [bone for bone in MIXAMO_PARENTS if not _dropped(bone, drop)]
    number = {bone: i for i, bone in enumerate(bones)}
    scale = float(np.cbrt(abs(np.linalg.det(whole[:3, :3]))))
    turn = whole[:3, :3] / scale
    buffer, primitives = BufferWriter(), []
    for material, _ in enumerate(names):
        parts = [_bone_box(bone, places, number) for bone in bones[material :: len(names)]]
        starts = np.cumsum([0, *(len(vertices) for vertices, _, _ in parts)])
        vertices = np.concatenate([vertices for vertices, _, _ in parts]) @ whole[:3, :3].T + whole[:3, 3]
        joints = np.concatenate([joint for _, _, joint in parts])
        faces = np.concatenate([face + start for (_, face, _), start in zip(parts, starts, strict=False)])
        weights = np.tile(np.array([[1, 0, 0, 0]], np.float32), (len(vertices), 1))
        uv = np.tile(np.array([[0.25, 0.25]], np.float32), (len(vertices), 1))
        primitives.append(
            {
                "attributes": {
                    "POSITION": buffer.add_array(vertices.astype(np.float32)),
                    "TEXCOORD_0": buffer.add_array(uv),
                    "JOINTS_0": buffer.add_array(joints),
                    "WEIGHTS_0": buffer.add_array(weights),
                },
                "indices": buffer.add_array(faces.reshape(-1).astype(np.uint16)),
                "material": material,
            }
        )
    at = {bone: whole[:3, :3] @ places[bone] + whole[:3, 3] for bone in bones}
    inverse = np.stack([np.linalg.inv(_matrix(turn, at[bone])).T.reshape(16) for bone in bones]).astype(np.float32)
    nodes: list[Json] = []
    for bone in bones:
        parent = MIXAMO_PARENTS[bone]
        local = (
            np.linalg.inv(_matrix(turn, at[parent])) @ _matrix(turn, at[bone]) if parent else _matrix(turn, at[bone])
        )
        children = [number[other] for other in bones if MIXAMO_PARENTS[other] == bone]
        node: dict[str, Json] = {"name": (rename or {}).get(bone, bone), "matrix": local.T.reshape(16).tolist()}
        nodes.append({**node, "children": children} if children else node)
    nodes.append({"name": "person", "mesh": 0, "skin": 0})
    look: dict[str, Json] = {"baseColorFactor": [0.8, 0.3, 0.2, 1.0]}
    document: dict[str, Json] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0, len(bones)]}],
        "skins": [{"joints": list(range(len(bones))), "inverseBindMatrices": buffer.add_array(inverse)}],
        "meshes": [{"name": "mesh", "primitives": primitives}],
    }
    if texture is not None:
        look = {"baseColorTexture": {"index": 0}}
        document["textures"] = [{"source": 0}]
        document["images"] = [{"bufferView": buffer.add_bytes(png(texture)), "mimeType": "image/png"}]
    document["materials"] = [{"name": name, "alphaMode": "MASK", "pbrMetallicRoughness": look} for name in names]
    document.update(nodes=nodes, accessors=buffer.accessors, bufferViews=buffer.views)
    document["buffers"] = [{"byteLength": len(buffer.data)}]
    return document, bytes(buffer.data)


def write_glb(path: Path, document: Mapping[str, Json], data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_glb(document, data))
    return path


def write_gltf(path: Path, document: Mapping[str, Json], data: bytes, uri: str = "person.bin") -> Path:
    """Write the same as a .gltf file with its buffer beside it."""
    (path.parent / "person.bin").write_bytes(data)
    buffers: list[Json] = [{"byteLength": len(data), "uri": uri}]
    path.write_text(json.dumps({**document, "buffers": buffers}))
    return path


def _dropped(bone: str, drop: Sequence[str]) -> bool:
    return bone != "" and (bone in drop or _dropped(MIXAMO_PARENTS[bone], drop))


def _matrix(turn: Doubles, place: Doubles) -> Doubles:
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = turn, place
    return out


def _bone_box(
    bone: str, places: Mapping[str, Doubles], number: Mapping[str, int]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.uint8]]:
    half = (0.09, 0.12, 0.1) if bone == "Head" else (0.05, 0.05, 0.05)
    lift = np.array([0, 0.1, 0]) if bone == "Head" else np.zeros(3)
    vertices, faces = box(places[bone] + lift, half)
    joints = np.zeros((len(vertices), 4), np.uint8)
    joints[:, 0] = number[bone]
    return vertices, faces.astype(np.int64), joints
