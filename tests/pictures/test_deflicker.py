"""Frames that belong together: a painted body keeps its colours, noise is averaged away, flicker is measured as defined."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.viewpoint import FittedBody
from ptx.pictures.deflicker import deflicker, flicker

SIZE = (96, 64)


@pytest.fixture(scope="module")
def bodies() -> list[FittedBody]:
    body = load_body("small")
    pose = np.zeros((24, 3), np.float32)
    pose[16, 2], pose[17, 2] = -1.0, 1.0
    first = FittedBody(body, pose, np.zeros(10, np.float32), np.array([42.0, 32.0, 40.0], np.float32), SIZE)
    return [first.turned(30 * k) for k in range(12)]


def painted(bodies: list[FittedBody], rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Bodies in one colour before a wall of another, with noise of its own in every frame."""
    frames = []
    for body in bodies:
        labels = body.flow_from(body)[1]
        frame = np.where((labels < 2)[..., None], (200, 120, 60), (40, 60, 90)).astype(np.float64)
        if rng is not None:
            frame += rng.normal(0, 20, frame.shape)
        frames.append(frame.clip(0, 255).astype(np.uint8))
    return frames


def test_what_does_not_flicker_stays(bodies: list[FittedBody]) -> None:
    frames = painted(bodies)
    assert flicker(frames, bodies) < 0.02  # outlines only
    square = np.ones((5, 5), np.uint8)
    for body, before, after in zip(bodies, frames, deflicker(frames, bodies, closed=True), strict=True):
        outline = cv2.morphologyEx((body.flow_from(body)[1] < 2).astype(np.uint8), cv2.MORPH_GRADIENT, square)
        changed = np.abs(before.astype(int) - after).max(-1) > 12
        assert changed[outline == 0].mean() < 0.01


def test_noise_is_taken_away(bodies: list[FittedBody]) -> None:
    noisy = painted(bodies, np.random.default_rng(0))
    quiet = deflicker(noisy, bodies, closed=True)
    assert flicker(quiet, bodies) < 0.4 * flicker(noisy, bodies)


def test_flicker_of_frames_that_alternate(bodies: list[FittedBody]) -> None:
    frames = [np.full((*SIZE, 3), 255 * (k % 2), np.uint8) for k in range(4)]
    assert flicker(frames, bodies[:4]) == pytest.approx(1, abs=1e-6)


def test_one_frame_is_itself(bodies: list[FittedBody]) -> None:
    frame = painted(bodies[:1])
    assert deflicker(frame, bodies[:1])[0] is frame[0]


def test_the_background_is_that_of_frames_that_show_it() -> None:
    """A person who moves before a wall: behind them in one frame is what the others show there."""
    wall = np.random.default_rng(1).integers(0, 255, (*SIZE, 3), np.uint8)
    places = [12.0, 32.0, 52.0]
    bodies = [
        FittedBody(
            load_body("small"),
            np.zeros((24, 3), np.float32),
            np.zeros(10, np.float32),
            np.array([20.0, x, 40.0], np.float32),
            SIZE,
        )
        for x in places
    ]
    frames = []
    for body in bodies:
        frame = wall.copy()
        frame[body.flow_from(body)[1] < 2] = (200, 120, 60)
        frames.append(frame)
    for body, out in zip(bodies, deflicker(frames, bodies), strict=True):
        person = cv2.dilate((body.flow_from(body)[1] < 2).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
        assert (out[~person] == wall[~person]).mean() > 0.99
