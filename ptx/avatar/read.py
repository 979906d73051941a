"""Avatars that ptx wrote, read back: from a file that may be anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from ptx.avatar.person import Avatar, joint_names
from ptx.avatar.write import FORM, split_mesh
from ptx.datasets.gltf.glb import MAGIC, Glb, decode_glb, finite
from ptx.geometry.body import SHAPES, Body
from ptx.geometry.joints import JOINT_COUNT
from ptx.geometry.layers.layered_body import LayeredBody, with_layers
from ptx.geometry.quaternions import axis_angles_of
from ptx.geometry.skinning import pose_vertices
from ptx.geometry.viewpoint import FittedBody, Floats
from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.storage.files import explain_reading
from ptx.pipeline.storage.json_values import Json, as_list, as_object
from ptx.surface.layers import Image

SUFFIX = ".glb"
"""Ending of an avatar's file."""

MOST_BYTES = 128 * 2**20
"""Largest file that is read."""

SIDES = 64, 4096
"""Least and largest side of a texture, px."""

FARTHEST = 10.0
"""Metres from the middle within which a body's surface is, clothes and all."""

LEAST_LENGTH = 0.5
"""Least length of what is a unit quaternion."""

SAME_OFFSET = 1e-6
"""Metres below which a displacement is what rounding leaves of none."""


def is_avatar(path: str | Path) -> bool:
    """Tell by its name whether a file is an avatar and no picture."""
    return Path(path).suffix.lower() == SUFFIX


def read_avatar(path: Path, body: Body) -> Avatar:
    """Read the file of an avatar.

    Args:
        path: the file.
        body: the body model that it must be of.

    Raises:
        PtxError: there is no such file; or it is of another program or another body model, or damaged; one line.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PtxError(f"{path}: larger than {MOST_BYTES // 2**20} MiB, which no avatar of ptx is")
        content = path.read_bytes()
    except FileNotFoundError:
        raise PtxError(f"{path}: is not there") from None
    except OSError as error:
        raise explain_reading(error, path) from error
    try:
        return decode_avatar(content, body)
    except ForeignFile as error:
        raise PtxError(f"{path}: {error}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise PtxError(f"{path}: a damaged avatar ({one_line(error)}): make it again by `ptx avatar`") from None


class ForeignFile(ValueError):
    """A file that may be whole, but is no avatar of this program and this body."""


def decode_avatar(content: bytes, body: Body) -> Avatar:
    """Decode the bytes of an avatar's file.

    Raises:
        ForeignFile: another program wrote it, or it is of another body.
        ValueError: it is damaged; or TypeError or KeyError.
    """
    if not content.startswith(MAGIC):
        raise ForeignFile("no .glb file, whatever its name says")
    glb = decode_glb(content)
    notes = _notes(glb)
    fingers = None if body.hands is None else body.hands.digest
    if (notes["body"], notes["fingers"]) != (body.digest, fingers):
        raise ForeignFile("an avatar of another body model: name the one that it was made with, --set body=FILE")
    image = glb.item("images", 0)
    texture = _texture(glb.bytes_of(image["bufferView"]))
    camera = finite(notes["camera"], 3).astype(np.float32)
    height, width = (int(side) for side in finite(notes["size"], 2))
    if not min(camera[0], height, width) > 0:
        raise ValueError("its camera shows nothing")
    turns = np.array([finite(glb.item("nodes", number)["rotation"], 4) for number in range(len(joint_names(body)))])
    if (np.linalg.norm(turns, axis=1) < LEAST_LENGTH).any():
        raise ValueError("a joint has no rotation")
    pose = axis_angles_of(turns).astype(np.float32)
    betas = finite(notes["betas"], SHAPES).astype(np.float32)
    hands = pose[JOINT_COUNT:] if pose[JOINT_COUNT:].any() else None
    if notes.get("sheets", False):  # of skirts and long hair, which avatars of before have not
        body = with_layers(body)
    bare = FittedBody(body, pose[:JOINT_COUNT], betas, camera, (height, width), hands)
    return Avatar(_dressed(bare, glb, len(texture)), texture)


def _notes(glb: Glb) -> Mapping[str, Json]:
    """Return what ptx noted; raises ForeignFile where it did not write the file."""
    try:
        notes = as_object(as_object(as_object(glb.document["asset"])["extras"])["ptx"])
        form = notes["avatar"]
    except (KeyError, TypeError):
        raise ForeignFile("a model of another program: only avatars as `ptx avatar` writes them are drawn") from None
    if form != FORM:
        raise ForeignFile("an avatar of another version of ptx: make it again by `ptx avatar`")
    return notes


def _texture(data: bytes) -> Image:
    """Decode a texture; its size is looked at before it is decoded. Raises ValueError."""
    try:
        with Pillow.open(BytesIO(data), formats=["PNG"]) as picture:
            width, height = picture.size
            if width != height or not SIDES[0] <= width <= SIDES[1] or picture.mode != "RGB":
                raise ValueError(f"{width}×{height} {picture.mode}")
            return np.asarray(picture, np.uint8)
    except Exception as error:  # a damaged picture can raise anything
        raise ValueError(f"its texture: {one_line(error)}") from None


def _dressed(bare: FittedBody, glb: Glb, side: int) -> FittedBody:
    """Return a body with the clothes and the hair of the file's mesh: how it differs from the bare body in rest."""
    mesh = as_object(as_list(glb.item("meshes", 0)["primitives"])[0])
    split = split_mesh(bare, side)
    index = np.uint16 if len(split.origin) < np.iinfo(np.uint16).max else np.uint32
    shown = _shown(split.faces, glb.array(mesh["indices"], index, "SCALAR"))
    if not (shown.all() or isinstance(bare.body, LayeredBody)):
        raise ValueError("its mesh is not the body's")
    positions = glb.array(as_object(mesh["attributes"])["POSITION"], np.float32, "VEC3", len(split.origin))
    naked = pose_vertices(bare.body, np.zeros((1, JOINT_COUNT, 3)), bare.betas)[0]
    if not max(np.abs(positions).max(), np.abs(naked).max()) <= FARTHEST:
        raise ValueError("its mesh is no person's")
    rest: Floats = naked.copy()
    rest[split.origin] = positions
    offset = rest - naked
    drawn = None if shown.all() else np.where(shown[:, None], bare.body.faces, 0).astype(np.int32)
    return replace(bare, offset=offset if (np.abs(offset) > SAME_OFFSET).any() else None, drawn=drawn)


def _shown(faces: NDArray[np.int64], indices: NDArray[np.number]) -> NDArray[np.bool_]:
    """Tell which faces (F, 3) a file has: (F,). Raises ValueError where it has others, or has them in another order."""
    out = np.zeros(len(faces), np.bool_)
    number = {tuple(face): row for row, face in enumerate(faces.tolist())}
    out[[number.get(tuple(face), 0) for face in indices[: len(indices) // 3 * 3].reshape(-1, 3).tolist()]] = True
    if not np.array_equal(faces[out].reshape(-1), indices):
        raise ValueError("its mesh is not the body's")
    return out
