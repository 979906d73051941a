"""Displacements of a skirt: what they are of known values, and what they cost."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.dressing.displacements import control_basis
from ptx.geometry.dressing.sheets import clothed, layered_basis, with_sheets
from ptx.geometry.layers.layered_body import LayeredBody, with_layers
from ptx.geometry.layers.worn import NOTHING, Worn
from ptx.geometry.quantization import SHEET_COLUMNS, SHEET_ROWS, SHEET_STEP, decode_sheets, encode_sheets

BODY = load_body("small")
LAYERED = with_layers(BODY)
SHEET, HAIR = LAYERED.sheets[0], LAYERED.sheets[1]
COUNT = len(BODY.v_template)
LONG = Worn(float(SHEET.down[-1]))
VALUES = SHEET_ROWS * SHEET_COLUMNS
OTHERS = np.zeros((len(LAYERED.sheets) - 1) * VALUES)
SKIRT = slice(LAYERED.first(0), LAYERED.first(1))


def test_equal_values_widen_the_tube_evenly() -> None:
    moved = with_sheets(LAYERED, None, LONG, np.concatenate([np.full(VALUES, 0.1), OTHERS]))
    assert not moved[:COUNT].any()
    np.testing.assert_allclose(moved[SKIRT].reshape(*SHEET.shape, 3), 0.1 * SHEET.outwards, atol=1e-6)


def test_a_flare_grows_to_the_hem_of_any_length() -> None:
    """Values that grow down to .2 m at the hem: half of that half way, wherever the hem is, and no more below it."""
    flare = np.concatenate([np.repeat(np.linspace(0, 0.2, SHEET_ROWS), SHEET_COLUMNS), OTHERS])
    for length in (0.3, 0.6):
        straight, wide = (with_sheets(LAYERED, None, Worn(length), heights)[SKIRT] for heights in (None, flare))
        outwards = np.linalg.norm(wide - straight, axis=1).reshape(SHEET.shape)
        wanted = 0.2 * np.minimum(SHEET.down / length, 1)
        np.testing.assert_allclose(outwards, np.repeat(wanted[:, None], SHEET.shape[1], axis=1), atol=1e-6)


def test_the_basis_is_that_of_the_displacements() -> None:
    """Skin's heights and the sheet's, one after the other."""
    rng = np.random.default_rng(0)
    skin, worn = control_basis(BODY), Worn(0.5, 0.4, 0.3)
    basis = layered_basis(LAYERED, worn)
    heights = rng.normal(0, 0.02, basis.weights.shape[1])
    count = skin.weights.shape[1]
    body, offset, faces = clothed(BODY, heights[:count], worn, heights[count:])
    assert body is LAYERED
    np.testing.assert_allclose(basis.offset(heights), offset, atol=1e-6)
    np.testing.assert_array_equal(basis.faces, faces)
    np.testing.assert_allclose(offset[:COUNT], skin.offset(heights[:count]), atol=1e-7)


def test_who_wears_nothing_is_the_body_alone() -> None:
    body, _, faces = clothed(BODY, np.zeros(600), NOTHING)
    assert not isinstance(body, LayeredBody)
    assert faces is BODY.faces


def test_costs() -> None:
    """A flare bends nowhere and is as wide all round: it costs less than one to a side, and that less than a wave."""
    basis = layered_basis(LAYERED, Worn(0.5))
    cost = basis.penalty[-VALUES:, -VALUES:]
    np.testing.assert_allclose(cost, cost.T)
    down, around = np.linspace(0, 0.2, SHEET_ROWS)[:, None], np.arange(SHEET_COLUMNS) * 2 * np.pi / SHEET_COLUMNS
    even, aside, wave = (
        (down * (1 + share * np.cos(times * around))).reshape(-1) for times, share in ((0, 0), (1, 0.5), (4, 0.5))
    )
    assert even @ cost @ even < aside @ cost @ aside < wave @ cost @ wave
    assert np.linalg.eigvalsh(cost).min() > 0


def test_stored_to_a_tenth_of_a_millimetre() -> None:
    values = np.linspace(-0.06, 1.2, 41)
    np.testing.assert_allclose(decode_sheets(encode_sheets(values)), values, atol=SHEET_STEP / 2 + 1e-9)
    assert decode_sheets(encode_sheets(np.array([0.63])))[0] == pytest.approx(0.63, abs=1e-12)


def test_hair_lies_on_what_the_skin_wears() -> None:
    """A coat of 3 cm lifts hair by as much, and a skirt where it begins; it hangs as it did below."""
    thick = (0.03 * control_basis(BODY).normals).astype(np.float32)
    worn = Worn(0.5, float(HAIR.down[-1]))
    lifted = with_sheets(LAYERED, thick, worn, None) - with_sheets(LAYERED, None, worn, None)
    np.testing.assert_allclose(np.linalg.norm(lifted[LAYERED.first(1) : LAYERED.first(2)], axis=1), 0.03, atol=1e-5)
    skirt = np.linalg.norm(lifted[SKIRT].reshape(*LAYERED.sheets[0].shape, 3), axis=2)
    np.testing.assert_allclose(skirt[0], 0.03, atol=1e-5)
    assert not skirt[LAYERED.sheets[0].down > 0.15].any()
