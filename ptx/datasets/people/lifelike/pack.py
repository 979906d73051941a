"""The pack that lifelike people are dressed from: pieces bound to the built-in body, pictures, lights.

`tools/build_people_pack.py` makes it.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.packs import INDEX, pack_folder
from ptx.geometry.joints import JOINT_COUNT
from ptx.labels import garment
from ptx.pipeline.errors import PtxError

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


class Index(TypedDict):
    """Contents of a pack by name."""

    pieces: list[dict[str, str]]
    """Name, kind, label, sex and texture of each piece."""
    prints: list[str]
    """Files of cloth."""
    walls: list[str]
    """Files of walls and floors."""
    lights: list[str]
    """Names of the lights."""


@dataclass(frozen=True, eq=False)
class Piece:
    """One thing that is worn: V vertices, each bound to some of body and helpers."""

    name: str
    """Asset and label, such as female_casualsuit01.top."""
    kind: str
    """outfit, shoes, hat, hair, brows or lashes of a pack; what is made: tube, bag, hood, combed, glasses, hat."""
    label: int
    """Garment label (`ptx.labels`)."""
    sex: str
    """Whom it was made for: female, male, or nothing for everyone."""
    texture: str
    """File of its picture in the pack, or nothing."""
    corners: Ints
    """(V, K) vertices of the body, or, from the body's number on, helpers; of a pack's pieces three."""
    weights: Floats
    """(V, K) their weights; they sum to 1."""
    offset: Floats
    """(V, 3) metres from their weighted mean, in rest."""
    faces: Ints
    """(F, 3)"""
    uv: Floats
    """(T, 2) texture coordinates, u right, v down, 0..1."""
    face_uv: Ints
    """(F, 3) indices into `uv`."""
    groups: NDArray[np.uint8]
    """(F,) of hair 0 what lies on the head, 1 and 2 strands over it, which are drawn one over the other; 0 of all else."""
    hides: NDArray[np.bool_]
    """(B,) the body's vertices under it."""
    skin: Floats | None = None
    """(V, 24) own skinning weights; None: those of what it is bound to."""


@dataclass(frozen=True, eq=False)
class Pack:
    """All that lifelike people are made of."""

    folder: Path
    """Where it lies."""
    pieces: tuple[Piece, ...]
    """What can be worn."""
    helpers: Floats
    """(H, 3) points around the mean body in rest that pieces are bound to, metres."""
    helper_shapedirs: Floats
    """(H, 3, 10) metres per unit of each beta."""
    helper_weights: Floats
    """(H, 24) skinning weights."""
    face_vertices: Ints
    """(N,) vertices of body and helpers that a face's shape moves."""
    face_shapes: Floats
    """(N, 3, K) metres per standard deviation of each component."""
    eye_vertices: Ints
    """(E,) the body's vertices that are eyes."""
    eye_uv: Floats
    """(E, 2) where in the picture of an eye they lie, v down, 0..1."""
    sex_weights: Floats
    """(11,) weights of betas and 1 whose sum is near 0 for women, near 1 for men."""
    lights: Floats
    """(L, 9, 3) radiance as spherical harmonics (`light.harmonics`), mean 1."""
    poses: Floats
    """(P, 24, 3) poses of an artist, axis-angle, the root unturned."""
    prints: tuple[str, ...]
    """Files of cloth."""
    walls: tuple[str, ...]
    """Files of walls and floors."""

    def picture(self, name: str) -> NDArray[np.uint8]:
        """Read a picture (H, W, 3 or 4) RGB or RGBA.

        Raises:
            PtxError: it is missing or damaged.
        """
        return _read_picture(self.folder / name)

    def of(self, kind: str, label: str = "", sex: str = "") -> list[Piece]:
        """List the pieces of a kind, and of a label and for a sex where they are given."""
        fits = [piece for piece in self.pieces if piece.kind == kind and (not label or piece.label == garment(label))]
        return [piece for piece in fits if not sex or piece.sex in ("", sex)]

    def sex(self, betas: NDArray[np.floating]) -> str:
        """Tell whether a body of these betas (10,) is female or male."""
        return "male" if float(self.sex_weights[:-1] @ betas + self.sex_weights[-1]) > 0.5 else "female"


@lru_cache(maxsize=256)
def _read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture, RGB(A), read-only."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3:
        raise PtxError(f"{path}: not a picture; build the pack again with tools/build_people_pack.py")
    out = cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGB).astype(np.uint8)
    out.flags.writeable = False
    return out


@lru_cache(maxsize=2)
def load_pack(folder: str) -> Pack:
    """Read a pack; an empty name stands for the one that comes with ptx.

    Raises:
        PtxError: there is none, or it is damaged.
    """
    place = pack_folder(folder)
    try:
        index = json.loads((place / INDEX).read_text(encoding="utf-8"))
        with np.load(place / "pack.npz", allow_pickle=False) as file:
            return _build(place, index, {name: file[name] for name in file.files})
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise PtxError(f"data.pack: {place} is no pack ({error}); tools/build_people_pack.py makes one") from error


def _build(folder: Path, index: Index, arrays: dict[str, NDArray[np.generic]]) -> Pack:
    """Make a pack of its index and arrays."""
    joints, weights = arrays["helpers/joints"].astype(np.intp), arrays["helpers/weights"].astype(np.float32)
    dense = np.zeros((len(joints), JOINT_COUNT), np.float32)
    np.put_along_axis(dense, joints, weights / weights.sum(1, keepdims=True), axis=1)
    return Pack(
        folder,
        tuple(_piece(entry, arrays) for entry in index["pieces"]),
        arrays["helpers/vertices"].astype(np.float32),
        arrays["helpers/shapedirs"].astype(np.float32),
        dense,
        arrays["face/vertices"].astype(np.int32),
        arrays["face/shapes"].astype(np.float32),
        arrays["eyes/vertices"].astype(np.int32),
        _downwards(arrays["eyes/uv"].astype(np.float32)),
        arrays["sex"].astype(np.float32),
        arrays["lights"].astype(np.float32) if "lights" in arrays else np.zeros((0, 9, 3), np.float32),
        arrays["poses"].astype(np.float32) if "poses" in arrays else np.zeros((0, JOINT_COUNT, 3), np.float32),
        tuple(index["prints"]),
        tuple(index["walls"]),
    )


def _piece(entry: dict[str, str], arrays: dict[str, NDArray[np.generic]]) -> Piece:
    """Make a piece of its entry in the index and its arrays."""

    def array(key: str) -> NDArray[np.generic]:
        return arrays[f"{entry['name']}/{key}"]

    faces = array("faces").astype(np.int32)
    groups = array("groups") if f"{entry['name']}/groups" in arrays else np.zeros(len(faces))
    two = array("weights").astype(np.float32)
    return Piece(
        entry["name"],
        entry["kind"],
        garment(entry["label"]),
        entry["sex"],
        entry["texture"],
        array("corners").astype(np.int32),
        np.concatenate([two, 1 - two.sum(1, keepdims=True)], axis=1),
        array("offset").astype(np.float32),
        faces,
        _downwards(array("uv").astype(np.float32) / np.float32(65535)),
        array("face_uv").astype(np.int32),
        groups.astype(np.uint8),
        np.unpackbits(array("hides").astype(np.uint8)).astype(np.bool_),
    )


def _downwards(uv: Floats) -> Floats:
    """Turn v (T, 2) of MakeHuman, which grows upwards, into rows of a picture, which grow downwards."""
    return np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1)


def one_of(pieces: list[Piece], rng: np.random.Generator) -> Piece:
    """Choose a piece."""
    return pieces[int(rng.integers(len(pieces)))]
