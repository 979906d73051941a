"""A body with the sheets that somebody may wear: one mesh, whose first vertices and faces are the body's own."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body, FloatArray, IntArray
from ptx.geometry.frozen_arrays import frozen
from ptx.geometry.joints import JOINT_PART, joint
from ptx.geometry.layers.hair import FALLS, make_hair
from ptx.geometry.layers.sheet import Sheet
from ptx.geometry.layers.skirt import legs_of, make_skirt
from ptx.geometry.layers.worn import Worn

UNDER = 0.045
"""Metres inside of waist and hem from which the body under a skirt is not drawn."""

SAME_LENGTH = 1e-3
"""Metres by which a sheet's end may be beyond a row and no cloth is between."""

BODY_SHARE = 0.8
"""Side of the square to which the body's own texture coordinates are reduced; the sheets' are beside it."""

MARGIN = 0.01
"""Part of the texture that is left free around a sheet."""

CACHED_BODIES = 4
"""Bodies whose layers are kept."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LayeredBody(Body):
    """A body and its sheets, in the order of `Worn`; what is not worn is there, but not drawn (`drawn`)."""

    base: Body
    """The body alone."""
    sheets: tuple[Sheet, ...]
    """The sheets in rest."""

    @cached_property
    def digest(self) -> str:
        """That of the body, from which the sheets follow."""
        return self.base.digest

    @cached_property
    def layer(self) -> NDArray[np.uint8]:
        """(V,) 0 on the body, n on the n-th sheet."""
        counts = [len(self.base.v_template), *(sheet.shape[0] * sheet.shape[1] for sheet in self.sheets)]
        return np.repeat(np.arange(len(counts)), counts).astype(np.uint8)

    def first(self, sheet: int) -> int:
        """Return the number of a sheet's first vertex."""
        return int((self.layer <= sheet).sum())

    def drawn(self, worn: Worn) -> IntArray:
        """Return the faces (F, 3) with those that are not drawn folded to one corner, so that they hold no pixel."""
        out = self.faces.copy()
        first = len(self.base.faces)
        for sheet, length in zip(self.sheets, worn, strict=True):
            count = len(sheet.face_rows)
            out[first : first + count][sheet.down[sheet.face_rows] >= length - SAME_LENGTH] = 0
            first += count
        if worn.skirt > 0:
            top = self.sheets[0].vertices[0, 0, 1]
            height = self.base.v_template[self.base.faces, 1].mean(axis=1)
            out[: len(height)][self._on_legs & (height < top - UNDER) & (height > top - worn.skirt + UNDER)] = 0
        return out

    def under_skirt(self, length: float) -> NDArray[np.bool_]:
        """Return the vertices (V,) of the body alone that are under a skirt of a length, metres, from the hips down."""
        height, top = self.base.v_template[:, 1], float(self.sheets[0].vertices[0, 0, 1])
        hips = float(self.base.joint_template[[joint("left_hip"), joint("right_hip")], 1].mean())
        return np.asarray(legs_of(self.base) & (height < hips) & (height > top - length))

    @cached_property
    def _on_legs(self) -> NDArray[np.bool_]:
        """(F,) faces of the body alone that a skirt may be around."""
        return np.asarray(legs_of(self.base)[self.base.faces].all(axis=1))


def base_of(body: Body) -> Body:
    """Return a body without its sheets."""
    return body.base if isinstance(body, LayeredBody) else body


def layer_of(body: Body) -> NDArray[np.uint8]:
    """Return the layer (V,) of each vertex of any body: 0 is the body itself."""
    return body.layer if isinstance(body, LayeredBody) else np.zeros(len(body.v_template), np.uint8)


@lru_cache(maxsize=CACHED_BODIES)
def with_layers(body: Body) -> LayeredBody:
    """Add the sheets to a body."""
    sheets = (make_skirt(body), *(make_hair(body, fall) for fall in FALLS))
    parts = {field.name: getattr(body, field.name) for field in fields(body)}
    count = sum(sheet.shape[0] * sheet.shape[1] for sheet in sheets)
    first, faces = len(body.v_template), []
    for sheet in sheets:
        faces.append(sheet.faces(sheet.corners(first)))
        first += sheet.shape[0] * sheet.shape[1]
    weights = np.concatenate([body.weights, *(sheet.weights.reshape(-1, body.weights.shape[1]) for sheet in sheets)])
    part = [np.array(JOINT_PART)[weights[these].sum(axis=1).argmax(axis=1)] for these in faces]
    uv, face_uv = _texture_coordinates(body, sheets)
    dirs = [sheet.shapedirs.reshape(-1, *body.shapedirs.shape[1:]) for sheet in sheets]
    parts |= {
        "v_template": frozen(
            np.concatenate([body.v_template, *(s.vertices.reshape(-1, 3) for s in sheets)]), np.float32
        ),
        "faces": frozen(np.concatenate([body.faces, *faces]), np.int32),
        "weights": frozen(weights, np.float32),
        "joint_regressor": frozen(np.pad(body.joint_regressor, ((0, 0), (0, count))), np.float32),
        "shapedirs": frozen(np.concatenate([body.shapedirs, *dirs]), np.float32),
        "posedirs": _still(body.posedirs, count),
        "uv": uv,
        "face_uv": face_uv,
        "face_part": frozen(np.concatenate([body.face_part, *part]), np.uint8),
        "hands": None if body.hands is None else replace(body.hands, posedirs=_still(body.hands.posedirs, count)),
    }
    return LayeredBody(**parts, base=body, sheets=sheets)


def _still(posedirs: FloatArray | None, count: int) -> FloatArray | None:
    """Append vertices that poses do not displace to pose blend shapes (V, 3, P)."""
    return None if posedirs is None else frozen(np.pad(posedirs, ((0, count), (0, 0), (0, 0))), np.float32)


def _texture_coordinates(body: Body, sheets: tuple[Sheet, ...]) -> tuple[FloatArray | None, IntArray | None]:
    """Texture coordinates with the skirt in a strip beside the body's, hair in one above it; None where it has none."""
    if body.uv is None or body.face_uv is None:
        return None, None
    uv, faces, first = [BODY_SHARE * body.uv], [body.face_uv], len(body.uv)
    hair = [sheet.shape[1] for sheet in sheets[1:]]
    begins = [0.0, *(BODY_SHARE * np.cumsum([0, *hair]) / sum(hair)).tolist()]
    for n, sheet in enumerate(sheets):
        rows, columns = sheet.shape[0], sheet.shape[1] + sheet.closed
        down = np.linspace(BODY_SHARE + MARGIN, 1 - MARGIN, rows)[:, None]
        ends = 1.0 if n == 0 else begins[n + 1]
        along = np.linspace(begins[n] + MARGIN, ends - MARGIN, columns)[None]
        u, v = np.broadcast_arrays(*((down, along) if n == 0 else (along, 1 + BODY_SHARE - down)))
        uv.append(np.stack([u, v], axis=-1).reshape(-1, 2).astype(np.float32))
        faces.append(sheet.faces(first + np.arange(rows * columns).reshape(rows, columns)))
        first += rows * columns
    return frozen(np.concatenate(uv), np.float32), frozen(np.concatenate(faces), np.int32)
