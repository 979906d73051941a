"""A rigged person of a glTF file, brought into our frame: surface in rest, our 24 joints, skin weights, colours, labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.avatars.face import face_points
from ptx.datasets.avatars.hands import relax_hands
from ptx.datasets.avatars.parts import Part, label_faces, part_of
from ptx.datasets.avatars.skeleton import Skeleton, find_skeleton, to_t_pose
from ptx.datasets.avatars.textures import GAMMA, Textures, place_texture, read_textures
from ptx.datasets.foreign_files import Malformed
from ptx.datasets.gltf.gltf_file import GltfFile, open_gltf
from ptx.datasets.gltf.scene import Piece, Skin, base_texture, read_nodes, read_pieces, read_skins
from ptx.geometry.body import load_body
from ptx.geometry.joints import JOINT_COUNT
from ptx.geometry.mesh import unit_normals
from ptx.pipeline.errors import BadSample, one_line
from ptx.pipeline.folders import FileStamp

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

MOST_VERTICES, MOST_FACES = 400_000, 800_000
"""Largest mesh that is read."""

INFLUENCES = 4
"""Most joints that move a vertex."""

KEPT = 4
"""Number of avatars that a process keeps decoded: 10 MB of mesh each, and some 6 MB a texture."""

WORN = (Part.HAIR, Part.ACCESSORY)
"""Parts that hide the form of a head."""

WELD = 1e-5
"""Metres within which vertices of one piece are the same point with another texture coordinate."""


@dataclass(frozen=True)
class Avatar:
    """A person. Rest is where the mesh was bound to its joints, a T- or an A-pose."""

    vertices: Floats
    """(V, 3) in rest, metres, our frame, the pelvis at the origin."""
    normals: Floats
    """(V, 3) in rest, length 1."""
    joints: NDArray[np.int32]
    """(V, 4) joints that move each vertex, heaviest first."""
    weights: Floats
    """(V, 4) their weights, sum 1."""
    faces: NDArray[np.int32]
    """(F, 3)."""
    uv: Floats
    """(V, 2) texture coordinates."""
    shades: Floats
    """(V, 3) RGB that colours are multiplied by; 1 as a rule."""
    material: NDArray[np.int32]
    """(F,) material of each face, in `textures`."""
    textures: Textures
    """Colours of the materials."""
    labels: NDArray[np.uint8] | None
    """(F,) garment labels (`ptx.labels`); None where names do not tell them."""
    skeleton: Skeleton
    """Its joints."""
    straight: Doubles
    """(24, 3, 3) of `to_t_pose`."""
    face: Floats
    """(5, 3) nose, right eye, left eye, right ear, left ear in rest, metres."""

    @cached_property
    def texel_areas(self) -> Floats:
        """(F,) area of each face in texels of the finest level."""
        corners = self.uv[self.faces] * self.textures.levels[self.material, 0][:, None, [2, 1]]
        a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        return np.asarray(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2, np.float32)

    @cached_property
    def solid(self) -> NDArray[np.int32]:
        """(F, 3) the opaque faces; the others with equal corners, so that faces keep their numbers."""
        return np.where(self.textures.see_through[self.material][:, None], 0, self.faces).astype(np.int32)

    @cached_property
    def cut_outs(self) -> NDArray[np.int32]:
        """(C,) numbers of the faces that are not opaque all over."""
        return np.flatnonzero(self.textures.see_through[self.material]).astype(np.int32)


class _Skinned(NamedTuple):
    """One piece of mesh in our frame."""

    vertices: Floats
    normals: Floats
    shares: Floats
    """(V, 24) weights of our joints."""


def load_avatar(path: Path) -> Avatar:
    """Read an avatar; the last `KEPT` are kept until their file changes.

    Raises:
        BadSample: `missing_file`, `bad_avatar` or `unknown_skeleton`, in one line.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise BadSample("missing_file", f"{path.name}: {one_line(error)}") from None
    return _load(path, (status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=KEPT)
def _load(path: Path, stamp: FileStamp) -> Avatar:
    """Read the avatar of a file with this stamp."""
    del stamp
    try:
        return read_avatar(open_gltf(path))
    except BadSample as error:
        raise BadSample(error.problem.code, f"{path.name}: {error}") from None
    except (Malformed, OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise BadSample("bad_avatar", f"{path.name}: {one_line(error)}") from None


def read_avatar(file: GltfFile) -> Avatar:
    """Put an avatar together.

    Raises:
        BadSample: `unknown_skeleton`.
        Malformed: the file is damaged; or ValueError, TypeError, KeyError, IndexError.
    """
    target = load_body("builtin").joint_template.astype(np.float64)
    nodes, skins = read_nodes(file), read_skins(file)
    pieces = read_pieces(file, MOST_VERTICES, MOST_FACES)
    skeleton = find_skeleton(nodes, skins, target)
    relaxed = relax_hands(nodes, skeleton)
    skinned = [_skin_piece(piece, skins, skeleton, relaxed) for piece in pieces]
    starts = np.cumsum([0, *(len(one.vertices) for one in skinned)])
    vertices, shares = (
        np.concatenate([one.vertices for one in skinned]),
        np.concatenate([one.shares for one in skinned]),
    )
    faces = np.concatenate([piece.faces + start for piece, start in zip(pieces, starts[:-1], strict=True)])
    joints, weights = _heaviest(shares)
    textures = read_textures(file)
    last = len(textures.levels) - 1
    materials = [last if piece.material is None else piece.material for piece in pieces]
    parts = [part_of(piece.names) for piece in pieces]
    counts = [len(piece.faces) for piece in pieces]
    part = np.repeat(np.array(parts, np.int64), counts)
    strongest = joints[faces[:, 0], 0] if len(faces) else np.zeros(0, np.int32)
    shades = np.concatenate([piece.shades[:, :3] for piece in pieces]) ** np.float32(1 / GAMMA)
    return Avatar(
        vertices,
        np.concatenate([one.normals for one in skinned]),
        joints,
        weights,
        faces.astype(np.int32),
        _coordinates(file, pieces),
        shades.astype(np.float32),
        np.repeat(np.array(materials, np.int32), counts),
        textures,
        label_faces(part, strongest),
        skeleton,
        to_t_pose(skeleton, target),
        face_points(
            vertices, joints[:, 0], _marked(pieces, parts, (Part.EYES,)), _marked(pieces, parts, WORN), skeleton.rest
        ),
    )


def _skin_piece(piece: Piece, skins: Sequence[Skin], skeleton: Skeleton, relaxed: Doubles) -> _Skinned:
    """Lay a piece of mesh into our frame, as it was bound but for relaxed hands, and share its vertices out among our joints."""
    if piece.skin is None:
        frame = skeleton.nodes[piece.node]
        nodes = np.full((len(piece.positions), 1), piece.node)
        weights = np.ones((len(piece.positions), 1), np.float32)
    else:
        if not 0 <= piece.skin < len(skins) or piece.joints.max(initial=0) >= len(skins[piece.skin].joints):
            raise Malformed("a mesh names a joint that is not there")
        frame = skeleton.bind[piece.skin]
        nodes = np.array(skins[piece.skin].joints)[piece.joints]
        weights = np.maximum(piece.weights, 0)
    shares = np.zeros((len(piece.positions), JOINT_COUNT), np.float32)
    for k in range(nodes.shape[1]):
        shares[np.arange(len(shares)), skeleton.owner[nodes[:, k]]] += weights[:, k]
    shares[~shares.any(1), 0] = 1
    vertices = (piece.positions @ frame[:3, :3].T + frame[:3, 3]).astype(np.float32)
    if not np.isfinite(vertices).all():
        raise Malformed("a mesh has points that are not finite")
    mirrored = np.linalg.det(frame[:3, :3]) < 0
    faces = np.ascontiguousarray(piece.faces[:, ::-1] if mirrored else piece.faces, np.int32)
    normals = _smooth_normals(vertices, faces)
    if piece.normals is not None:
        turned = piece.normals @ np.linalg.inv(frame[:3, :3])
        length = np.linalg.norm(turned, axis=1, keepdims=True)
        normals = np.where(length > 0, turned / np.maximum(length, 1e-30), normals).astype(np.float32)
    _relax(vertices, normals, nodes, weights, relaxed)
    return _Skinned(vertices, normals, shares)


def _relax(vertices: Floats, normals: Floats, nodes: NDArray[np.int64], weights: Floats, relaxed: Doubles) -> None:
    """Move vertices (V, 3) and normals, in place, with the nodes (V, K) that are moved (`relax_hands`), by their weights."""
    moved = np.asarray(np.abs(relaxed - np.eye(4)).max((1, 2)) > 0)
    which = np.flatnonzero((moved[nodes] & (weights > 0)).any(1))
    share = weights[which] / weights[which].sum(1, keepdims=True)
    move = np.einsum("vk,vkab->vab", share, relaxed[nodes[which], :3])
    vertices[which] = np.einsum("vab,vb->va", move[:, :, :3], vertices[which]) + move[:, :, 3]
    normals[which] = np.einsum("vab,vb->va", move[:, :, :3], normals[which])


def _smooth_normals(vertices: Floats, faces: NDArray[np.int32]) -> Floats:
    """Normals (V, 3) of a mesh whose vertices are doubled where its texture is cut."""
    _, origin = np.unique(np.rint(vertices / WELD).astype(np.int64), axis=0, return_inverse=True)
    origin = origin.reshape(-1).astype(np.int32)
    welded = np.zeros((int(origin.max(initial=-1)) + 1, 3), np.float32)
    welded[origin] = vertices
    return unit_normals(welded, np.asarray(origin[faces], np.int32))[origin]


def _heaviest(shares: Floats) -> tuple[NDArray[np.int32], Floats]:
    """Joints (V, 4) with the largest shares (V, 24), heaviest first, and their weights, which sum to 1."""
    joints = np.argsort(-shares, axis=1, kind="stable")[:, :INFLUENCES]
    weights = np.take_along_axis(shares, joints, axis=1)
    weights /= weights.sum(1, keepdims=True)
    return joints.astype(np.int32), weights.astype(np.float32)


def _coordinates(file: GltfFile, pieces: Sequence[Piece]) -> Floats:
    """Texture coordinates (V, 2) of all pieces."""
    parts = []
    for piece in pieces:
        told = {} if piece.material is None else base_texture(file.item("materials", piece.material))
        parts.append(place_texture(told, piece.uv))
    return np.concatenate(parts)


def _marked(pieces: Sequence[Piece], parts: Sequence[Part], kinds: tuple[Part, ...]) -> NDArray[np.bool_]:
    """Mark the vertices (V,) of pieces of some kinds."""
    return np.concatenate(
        [np.full(len(piece.positions), part in kinds) for piece, part in zip(pieces, parts, strict=True)]
    )
