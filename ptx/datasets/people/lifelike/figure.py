"""A dressed person as one mesh: the body, what it wears, and hair, all moved by the same betas and pose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.hanging import RINGS, SIDES, Held, Legs, Tube, hang, legs_of, upright
from ptx.datasets.people.lifelike.pack import Pack, Piece
from ptx.datasets.people.lifelike.poses import pocket_hands
from ptx.geometry.body import Body
from ptx.geometry.mesh import unit_normals
from ptx.geometry.skinning import joint_transforms, pose_vertices

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Field = Callable[[Floats], Floats]
"""Values (M,) at points (M, 3) of the mean body in rest."""
Faces = tuple[Ints, Ints, NDArray[np.uint8]]
"""Faces (F, 3), their corners in the texture (F, 3), and their owners (F,)."""

SKIN, EYES, FIRST_PIECE = 0, 1, 2
"""Owners of faces: the body's skin, its eyes, and the first of the pieces."""

CARDS = ("hair", "brows", "lashes")
"""Kinds of pieces whose pictures have holes: sheets of strands."""

CARD_GROUPS = 3
"""Groups that cards are drawn in, so that one is seen through another: what lies on the head, and two of strands."""

LAYERS = {"shoes": 1, "trousers": 2, "top": 3, "skirt": 4, "dress": 5, "coat": 6, "accessory": 7, "hair": 8}
"""Label → the layer in which it is worn, from the skin outwards."""

KIND_LAYERS = {"shoes": 1, "combed": 1, "glasses": 1, "hat": 9}
"""The same of kinds of pieces, whatever their label: socks, which are parts of shoes, go under trousers, and hats over hair."""

LAYER_LIFT = 0.004
"""Metres by which each layer is drawn nearer to the viewer than it is: what lies close under it does not come through."""

LEAST_WEIGHT = 1e-3
"""Smaller skinning weights of cloth are left out."""

MOST_JOINTS = 4
"""Joints that move a vertex of cloth."""


@dataclass(frozen=True, eq=False)
class Worn:
    """A piece as somebody wears it."""

    piece: Piece
    """What."""
    label: str
    """As what: its name in `ptx.labels`."""
    outside: Field | None
    """How far (M,) points (M, 3) of the mean body in rest lie beyond where it is cut, metres; None: uncut."""
    hides: NDArray[np.bool_]
    """(B,) the body's vertices that it hides."""
    swell: Field | float = 0.0
    """Metres by which it stands farther off the body than as made: everywhere, or at points in rest."""
    hangs: Tube | Held | None = None
    """Tube or joint by which it hangs; None: it moves with the skin."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A person in rest. The body's vertices come first, then those of each piece."""

    body: Body
    """V vertices, all faces: first those that nothing is seen through, then cards of hair."""
    rest: Floats
    """(V, 4) point of the mean body, without a face's shape, and z of its normal: what colours are functions of."""
    solid: int
    """Number of faces that nothing is seen through."""
    owner: NDArray[np.uint8]
    """(F,) `SKIN`, `EYES`, or `FIRST_PIECE` + number of the piece."""
    groups: NDArray[np.uint8]
    """(F - solid,) of the cards, `CARD_GROUPS` of them: each is drawn over and under the others."""
    uv: Floats
    """(T, 2) texture coordinates, v down."""
    face_uv: Ints
    """(F, 3) indices into `uv`."""
    lift: Floats
    """(V,) metres by which a vertex is drawn nearer to the viewer."""
    pieces: tuple[Worn, ...]
    """What is worn."""
    starts: tuple[int, ...]
    """First vertex of each piece, and the number of all vertices."""
    bare: Body
    """The body alone."""
    legs: Legs
    """Bones and skin of the legs, on which hanging cloth lies."""


def pose_figure(figure: Figure, pose: Floats, betas: Floats, hands: Floats) -> Floats:
    """Pose a figure, let hang what hangs, and put hands into pockets.

    Args:
        figure: who.
        pose: (24, 3) axis-angle, radians.
        betas: (10,).
        hands: (30, 3) of the fingers.

    Returns:
        (V, 3) vertices in metres, y up.
    """
    out = np.asarray(pose_vertices(figure.body, pose[None], betas, hands[None])[0], np.float32)
    turned, joints = (values[0] for values in joint_transforms(figure.body, pose[None], betas))
    pocket_hands(figure.bare, out, turned, joints)
    for item, start, end in zip(figure.pieces, figure.starts, figure.starts[1:], strict=False):
        if isinstance(item.hangs, Tube):
            rigid = out[start:end].reshape(RINGS, SIDES, 3)
            out[start:end] = hang(item.hangs, rigid, figure.legs, out, joints).reshape(-1, 3)
        elif item.hangs is not None:
            out[start:end] = upright(item.hangs, out[start:end], turned, joints)
    return out


def rest_points(pack: Pack, body: Body, piece: Piece) -> Floats:
    """Return the vertices (V, 3) of a piece on the mean body in rest."""
    return _place(piece, np.concatenate([body.v_template, pack.helpers]))


def assemble(pack: Pack, body: Body, face: Floats, worn: list[Worn]) -> Figure:
    """Dress a body.

    Args:
        pack: that the pieces are from.
        body: the built-in one.
        face: (K,) components of the face's shape, standard deviations.
        worn: what is worn, from the skin outwards.
    """
    count = len(body.v_template)
    base = np.concatenate([body.v_template, pack.helpers])
    base[pack.face_vertices] += pack.face_shapes @ face
    shapedirs = np.concatenate([body.shapedirs, pack.helper_shapedirs])
    weights = np.concatenate([body.weights, pack.helper_weights])
    vertices, dirs, skin = [base[:count]], [body.shapedirs], [body.weights]
    uv, lift, start = [_body_uv(body), pack.eye_uv], [np.zeros(count, np.float32)], count
    starts: list[int] = []
    uv_start = len(uv[0]) + len(uv[1])
    solids, groups = [_body_faces(body, pack, worn)], [np.zeros(0, np.uint8)]
    cards: list[Faces] = []
    for number, item in enumerate(worn):
        piece = item.piece
        placed = _place(piece, base)
        if item.swell:
            placed += _swelling(item, rest_points(pack, body, piece)) * unit_normals(placed, piece.faces)
        moved = [
            placed,
            np.einsum("vi,vick->vck", piece.weights, shapedirs[piece.corners]),
            _few(_skin_weights(piece, weights)),
        ]
        kept = np.ones(len(piece.faces), np.bool_)
        if item.outside is not None:
            kept = _cut(item.outside(rest_points(pack, body, piece)), piece.faces, moved)
        for into, values in zip((vertices, dirs, skin), moved, strict=True):
            into.append(values)
        uv.append(piece.uv)
        starts.append(start)
        lift.append(np.full(len(placed), LAYER_LIFT * _layer(item), np.float32))
        faces = piece.faces[kept] + start
        owner = np.full(len(faces), FIRST_PIECE + number, np.uint8)
        (cards if piece.kind in CARDS else solids).append((faces, piece.face_uv[kept] + uv_start, owner))
        if piece.kind in CARDS:
            groups.append(piece.groups[kept])
        start += len(placed)
        uv_start += len(piece.uv)
    faces, face_uv, owner = (np.concatenate(parts) for parts in zip(*solids, *cards, strict=True))
    dressed = replace(
        body,
        v_template=np.concatenate(vertices).astype(np.float32),
        faces=faces.astype(np.int32),
        weights=np.concatenate(skin).astype(np.float32),
        shapedirs=np.concatenate(dirs).astype(np.float32),
        posedirs=None,
    )
    solid = sum(len(part[0]) for part in solids)
    points = dressed.v_template.copy()
    points[:count] = body.v_template
    rest = np.concatenate([points, unit_normals(points, dressed.faces)[:, 2:]], axis=1)
    return Figure(
        dressed,
        rest,
        solid,
        owner,
        np.concatenate(groups),
        np.concatenate(uv),
        face_uv.astype(np.int32),
        np.concatenate(lift),
        tuple(worn),
        (*starts, start),
        body,
        legs_of(body),
    )


def _swelling(item: Worn, rest: Floats) -> Floats:
    """Compute how much (V, 1) farther a piece at points (V, 3) in rest stands off the body than as made."""
    return (
        np.float32(item.swell) * np.ones((1, 1), np.float32)
        if isinstance(item.swell, float)
        else item.swell(rest)[:, None]
    )


def _skin_weights(piece: Piece, weights: Floats) -> Floats:
    """Return the skinning weights (V, 24) of a piece on body and helpers, whose are (N, 24)."""
    if piece.skin is not None:
        return piece.skin
    return np.asarray(np.einsum("vi,vij->vj", piece.weights, weights[piece.corners]), np.float32)


def _layer(item: Worn) -> int:
    """Tell in which layer a piece is worn."""
    return KIND_LAYERS.get(item.piece.kind, LAYERS.get(item.label, 0))


def _cut(outside: Floats, faces: Ints, values: list[Floats]) -> NDArray[np.bool_]:
    """Cut a piece where `outside` (V,) is 0: returns the faces (F,) that stay.

    The vertices of these beyond the cut are moved onto it, in place, with all their `values` (V, ...): along the edges to those inside.
    """
    kept = (outside[faces] < 0).any(1)
    edges = faces[kept][:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    edges = np.concatenate([edges, edges[:, ::-1]])
    inner, outer = edges[(outside[edges[:, 0]] < 0) & (outside[edges[:, 1]] >= 0)].T
    share = outside[inner] / (outside[inner] - outside[outer])
    count = np.bincount(outer, minlength=len(outside))
    moved = count > 0
    for array in values:
        flat = array.reshape(len(array), -1)
        ends = flat[inner] + share[:, None] * (flat[outer] - flat[inner])
        total = np.zeros_like(flat)
        np.add.at(total, outer, ends)
        flat[moved] = total[moved] / count[moved, None]
    return np.asarray(kept, np.bool_)


def _place(piece: Piece, base: Floats) -> Floats:
    """Place a piece (V, 3) on points (N, 3) of body and helpers."""
    return np.asarray(np.einsum("vi,vic->vc", piece.weights, base[piece.corners]) + piece.offset, np.float32)


def _few(weights: Floats) -> Floats:
    """Keep the `MOST_JOINTS` heaviest skinning weights of each row (V, J)."""
    light = np.argsort(-weights, axis=1, kind="stable")[:, MOST_JOINTS:]
    kept = np.where(weights >= LEAST_WEIGHT, weights, 0)
    np.put_along_axis(kept, light, 0, axis=1)
    return np.asarray(kept / kept.sum(1, keepdims=True), np.float32)


def _body_uv(body: Body) -> Floats:
    """Return the body's texture coordinates (T, 2), v down."""
    if body.uv is None:
        raise ValueError("lifelike people have the built-in body, whose texture coordinates this body has not")
    return np.asarray(np.stack([body.uv[:, 0], 1 - body.uv[:, 1]], axis=1), np.float32)


@lru_cache(maxsize=2)
def _eye_faces(body: Body, pack: Pack) -> tuple[NDArray[np.bool_], Ints]:
    """Mark the body's faces (F,) that are eyes, and return their corners (E, 3) in `Pack.eye_uv`."""
    number = np.full(len(body.v_template), -1, np.int32)
    number[pack.eye_vertices] = np.arange(len(pack.eye_vertices))
    eyes = np.asarray((number[body.faces] >= 0).all(1), np.bool_)
    return eyes, number[body.faces[eyes]]


def _body_faces(body: Body, pack: Pack, worn: list[Worn]) -> Faces:
    """Return faces, their corners in the texture, and owners of the body where nothing hides it."""
    assert body.face_uv is not None
    hidden = np.zeros(len(body.v_template), np.bool_)
    for item in worn:
        hidden |= item.hides
    eyes, corners = _eye_faces(body, pack)
    face_uv = body.face_uv.copy()
    face_uv[eyes] = corners + len(_body_uv(body))
    seen = ~hidden[body.faces].all(1)
    owner = np.where(eyes, EYES, SKIN).astype(np.uint8)
    return body.faces[seen], face_uv[seen], owner[seen]
