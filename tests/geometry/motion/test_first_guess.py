"""First guesses of motions: pieces, and what is between known frames."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.fitting import FitOptions
from ptx.geometry.fitting.energy import Observations
from ptx.geometry.fitting.frames import Frame
from ptx.geometry.motion import first_guess
from ptx.geometry.motion.solver import Path
from ptx.geometry.rotation import rotation_matrices
from tests.geometry.motion.scenes import DOFS
from tests.geometry.motion.test_candidates import MODEL, swinging


def guessed(
    seen: Observations, known: np.ndarray, told: list[int] | None = None
) -> tuple[Path, np.ndarray, np.ndarray]:
    """The path of keypoints in metres, y up, seen in a picture of 100 px a metre."""
    count = len(known)
    pixels = Observations(100 * seen.xy * (1, -1), seen.weight, seen.xyz, seen.weight3)
    frame = Frame(np.zeros((count, 2)), np.full(count, 100.0), np.zeros(count))
    path = Path(np.zeros((count, 3, 3)), np.zeros((count, DOFS + 14)))
    progress = (told if told is not None else []).append
    wild, order = first_guess.guess_path(
        MODEL, pixels, frame, np.ones(count), known, 30.0, FitOptions(), path, progress
    )
    return path, wild, order


def test_pieces_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, known = swinging(24), np.arange(24) != 9
    whole, *_ = guessed(seen, known)
    monkeypatch.setattr(first_guess, "CHUNK", 6)
    monkeypatch.setattr(first_guess, "LOOKAHEAD", 0.1)
    told: list[int] = []
    pieces, wild, order = guessed(seen, known, told)
    assert told == [6, 13, 19, 24]
    assert not wild.any()
    assert not order.any()
    np.testing.assert_allclose(pieces.params, whole.params, atol=0.02)
    np.testing.assert_allclose(pieces.roots, whole.roots, atol=0.02)


def test_equal_steps_between_known_frames() -> None:
    seen, known = swinging(12), np.array([n not in (4, 5, 6) for n in range(12)])
    path, *_ = guessed(seen, known)
    steps = np.diff(path.params[3:8], axis=0)
    np.testing.assert_allclose(steps, np.tile(steps[:1], (4, 1)), atol=1e-12)
    turns = path.roots[4:8] @ path.roots[3:7].swapaxes(1, 2)
    np.testing.assert_allclose(turns, np.tile(turns[:1], (4, 1, 1)), atol=1e-9)


def test_who_lies_is_found_along_the_torso() -> None:
    """Turned by 90 degrees in the picture, without depth: roots and places are those of who stands, turned."""
    seen, known = swinging(4), np.ones(4, np.bool_)
    flat = seen._replace(weight3=np.zeros_like(seen.weight3))
    turn = rotation_matrices(np.array([0, 0, np.pi / 2])).astype(float)
    lying = flat._replace(xy=flat.xy @ turn[:2, :2].T)
    stands, lies = guessed(flat, known)[0], guessed(lying, known)[0]
    np.testing.assert_allclose(lies.roots, turn @ stands.roots, atol=0.05)
    np.testing.assert_allclose(lies.params[:, -3:-1], stands.params[:, -3:-1] @ turn[:2, :2].T, atol=0.02)
