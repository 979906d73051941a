"""Displacements of sheets, outwards from where they hang in rest: smooth functions of a few values of each, as those of the skin."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.dressing.displacements import ControlBasis, control_basis
from ptx.geometry.layers.hang import hung
from ptx.geometry.layers.layered_body import LayeredBody, with_layers
from ptx.geometry.layers.sheet import Sheet
from ptx.geometry.layers.skirt import lying
from ptx.geometry.layers.worn import NOTHING, Worn, stored_sheets
from ptx.geometry.quantization import SHEET_COLUMNS, SHEET_ROWS, decode_heights
from ptx.geometry.viewpoint import FittedBody

Floats = NDArray[np.float64]


BENDS, ROUND, HOLD, TOP_HOLD = 4.0, 3.0, 0.3, 60.0
"""Weights of squared second differences down the sheet, of differences around it, of the displacements, and of the first row's; against a
squared distance of outlines in metres, as those of the skin."""

LEAST, MOST = (-0.06, -0.12), (0.05, 0.6)
"""Metres at which displacements end, inwards and outwards: at the sheet's top, and at its end."""

CACHED = 4
"""Bases that are kept."""


class Clothed(NamedTuple):
    """A dressed body in rest: what is posed, and what is drawn of it."""

    body: Body
    """With sheets, where any is worn."""
    offset: NDArray[np.float32]
    """(V, 3) displacements, metres."""
    faces: NDArray[np.int32]
    """(F, 3) as they are drawn."""


def clothed(
    body: Body, heights: NDArray[np.floating], worn: Worn, sheet_heights: NDArray[np.floating] | None = None
) -> Clothed:
    """Dress a body in rest.

    Args:
        body: alone.
        heights: (K,) displacements at its control vertices, metres.
        worn: sheets.
        sheet_heights: (M,) their displacements, metres; None: they hang straight.
    """
    skin = control_basis(body).offset(heights)
    if worn == NOTHING:
        return Clothed(body, skin, body.faces)
    layered = with_layers(body)
    return Clothed(layered, with_sheets(layered, skin, worn, sheet_heights), layered.drawn(worn))


def wear(
    bare: FittedBody, heights: NDArray[np.floating], worn: Worn, sheet_heights: NDArray[np.floating] | None = None
) -> FittedBody:
    """Dress a bare body before its camera; arguments as for `clothed`."""
    body, offset, drawn = clothed(bare.body, heights, worn, sheet_heights)
    return replace(bare, body=body, offset=offset, drawn=drawn)


def wear_stored(bare: FittedBody, heights: NDArray[np.int16], sheets: NDArray[np.int16]) -> FittedBody:
    """Dress a bare body before its camera in what stage dress has stored: `heights` (K,) and `sheets` (L,), encoded."""
    return wear(bare, decode_heights(heights), *stored_sheets(sheets))


def with_sheets(
    body: LayeredBody, skin: NDArray[np.float32] | None, worn: Worn, heights: NDArray[np.floating] | None
) -> NDArray[np.float32]:
    """Displacements (V, 3), metres, of the skin (of the body's own vertices; None: none) and of sheets by heights (M,), as in `clothed`."""
    sheets, outwards = hung(body, worn), _outwards(body)
    if skin is not None:  # which hair lies on, and the beginning of a skirt
        heights_of_skin = (skin * control_basis(body.base).normals).sum(axis=1)
        sheets += (_lying(body) @ heights_of_skin)[:, None].astype(np.float32) * outwards
    if heights is not None:
        along = [
            _sheet_weights(sheet, length) @ part
            for sheet, length, part in zip(body.sheets, worn, np.split(heights, len(body.sheets)), strict=True)
        ]
        sheets += np.concatenate(along).astype(np.float32)[:, None] * outwards
    return np.concatenate([np.zeros_like(body.base.v_template) if skin is None else skin, sheets])


@lru_cache(maxsize=CACHED)
def _lying(body: LayeredBody) -> sp.csr_matrix:
    """Matrix (S, V) from displacements of the skin to those of the sheets that lie on it: hair, and where a skirt begins."""
    near = np.concatenate([sheet.near.reshape(-1) for sheet in body.sheets])
    shares = [lying(sheet.down) if sheet.closed else np.ones_like(sheet.down) for sheet in body.sheets]
    share = np.concatenate([np.repeat(rows, sheet.shape[1]) for rows, sheet in zip(shares, body.sheets, strict=True)])
    return sp.csr_matrix((share, (np.arange(len(near)), near)), (len(near), len(body.base.v_template)))


@lru_cache(maxsize=CACHED)
def straight(body: LayeredBody, worn: Worn) -> NDArray[np.float32]:
    """Displacements (V, 3) of sheets that hang straight, of a body whose skin is bare."""
    return with_sheets(body, None, worn, None)


def _outwards(body: LayeredBody) -> NDArray[np.float32]:
    """Unit vectors (S, 3) along which the vertices of sheets are displaced."""
    return np.concatenate([sheet.outwards.reshape(-1, 3) for sheet in body.sheets]).astype(np.float32)


@lru_cache(maxsize=CACHED)
def layered_basis(body: LayeredBody, worn: Worn) -> ControlBasis:
    """Make the basis of the skin's displacements and of the sheets', in one: heights are the skin's, then each sheet's, row after row."""
    skin = control_basis(body.base)
    parts = [_sheet_weights(sheet, length) for sheet, length in zip(body.sheets, worn, strict=True)]
    costs = [_sheet_cost() for _ in body.sheets]
    down = np.repeat(np.linspace(0, 1, SHEET_ROWS), SHEET_COLUMNS)
    least, most = (ends[0] + (ends[1] - ends[0]) * down for ends in (LEAST, MOST))
    return ControlBasis(
        sp.csr_matrix(sp.bmat([[skin.weights, None], [_lying(body) @ skin.weights, sp.block_diag(parts)]])),
        np.concatenate([skin.normals, _outwards(body)]),
        scipy.linalg.block_diag(skin.penalty, *costs),
        np.concatenate([skin.lower, *(least for _ in body.sheets)]),
        np.concatenate([skin.upper, *(most for _ in body.sheets)]),
        body.drawn(worn),
        with_sheets(body, None, worn, None),
    )


def _sheet_weights(sheet: Sheet, length: float) -> sp.csr_matrix:
    """Weights (R C, M) of the values on a grid that is spread over what is worn of a sheet; 0 where nothing is."""
    rows, columns = sheet.shape
    count = SHEET_ROWS * SHEET_COLUMNS
    if length <= 0:
        return sp.csr_matrix((rows * columns, count))
    at = np.minimum(sheet.down / length, 1) * (SHEET_ROWS - 1)
    vertical = np.maximum(1 - np.abs(at[:, None] - np.arange(SHEET_ROWS)), 0)  # (R, rows of the grid)
    place = np.arange(columns) * SHEET_COLUMNS / columns
    apart = (place[:, None] - np.arange(SHEET_COLUMNS) + SHEET_COLUMNS / 2) % SHEET_COLUMNS - SHEET_COLUMNS / 2
    around = np.where(np.abs(apart) < 1, 0.5 + 0.5 * np.cos(np.pi * apart), 0)  # windows that sum to 1
    return sp.csr_matrix(np.einsum("rk,cm->rckm", vertical, around).reshape(rows * columns, count))


def _sheet_cost() -> Floats:
    """Half the Hessian (M, M) of what the displacements of a sheet cost."""
    eye_rows, eye_columns = np.eye(SHEET_ROWS), np.eye(SHEET_COLUMNS)
    second = np.diff(eye_rows, 2, axis=0)
    around = eye_columns - np.roll(eye_columns, 1, axis=1)
    held = HOLD * eye_rows
    held[0, 0] = TOP_HOLD
    return np.asarray(
        BENDS * np.kron(second.T @ second, eye_columns)
        + ROUND * np.kron(eye_rows, around.T @ around)
        + np.kron(held, eye_columns)
    )
