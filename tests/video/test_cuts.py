"""Cuts, and what looks like them: flashes, pans, fades, noise, a person who moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from ptx.video.cuts import Cuts, SmallFrame
from tests.video.films import Image

ROOT = Path(__file__).parents[2]


def photograph(name: str) -> Image:
    image = cv2.imread(str(ROOT / "docs" / name))
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def scene(seed: int, width: int = 640) -> Image:
    """A random room: large patches of colour with a little texture."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 236, (5, 5 * width // 160, 3)).astype(np.uint8)
    room = cv2.resize(coarse, (width, 160), interpolation=cv2.INTER_CUBIC).astype(int)
    return np.clip(room + rng.integers(-12, 13, room.shape), 0, 255).astype(np.uint8)


def still(seed: int, count: int) -> list[Image]:
    """Frames of one scene with a person who swings, and noise."""
    rng = np.random.default_rng(seed)
    frames = []
    for k in range(count):
        image = scene(seed, 160).astype(int)
        x = int(60 + 30 * np.sin(k / 3))
        image[40:150, x : x + 30] = (180, 60, 70)
        frames.append(np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8))
    return frames


def cuts_of(frames: list[Image] | Iterator[Image]) -> list[int]:
    cuts = Cuts()
    found = [cuts.add(frame) for frame in frames] + [cuts.finish()]
    return [number for number in found if number is not None]


def test_cuts() -> None:
    assert cuts_of([*still(1, 20), *still(2, 15), *still(3, 4), *still(1, 20)]) == [20, 35, 39]


@pytest.mark.parametrize("length", [1, 2])
def test_a_cut_near_the_end(length: int) -> None:
    assert cuts_of([*still(1, 20), *still(2, length)]) == [20]


def test_photographs() -> None:
    one, other = (cv2.resize(photograph(name), (160, 240)) for name in ("woman.jpg", "photo.jpg"))
    assert cuts_of([one] * 10 + [other] * 10 + [one] * 10) == [10, 20]


@pytest.mark.parametrize("length", [1, 2])
def test_flashes(length: int) -> None:
    frames = still(1, 40)
    for k in range(15, 15 + length):
        frames[k] = np.clip(frames[k].astype(int) + 170, 0, 255).astype(np.uint8)
    assert cuts_of(frames) == []


def test_a_flash_upon_a_cut() -> None:
    frames = [*still(1, 20), *still(2, 20)]
    frames[20] = np.full_like(frames[20], 250)
    assert cuts_of(frames) in ([20], [21])


@pytest.mark.parametrize("speed", [4, 15, 40])
def test_pans(speed: int) -> None:
    """Up to a quarter of the width a frame, from rest and to rest, with the blur that goes with it."""
    room = scene(5, 2400)
    places = np.cumsum([0] * 8 + [speed // 2] + [speed] * 20 + [speed // 2] + [0] * 8)
    frames = []
    for place, step in zip(places, np.diff(places, append=places[-1]), strict=True):
        view = room[:, place : place + 160]
        frames.append(cv2.blur(view, (int(step) // 2 + 1, 1)))
    assert cuts_of(frames) == []


def test_fades() -> None:
    """To black and from it, and from one shot into the other, within a second."""
    one, other = still(1, 60), still(2, 60)
    weight = np.clip((np.arange(60) - 20) / 20, 0, 1)
    dissolve = [(a * (1 - w) + b * w).astype(np.uint8) for a, b, w in zip(one, other, weight, strict=True)]
    assert cuts_of(dissolve) == []
    light = np.abs(np.linspace(-1, 1, 60))
    assert cuts_of([(a * w).astype(np.uint8) for a, w in zip(one, light, strict=True)]) == []


def test_light_that_changes() -> None:
    frames = [np.clip(frame * (1 + 0.3 * np.sin(k)), 0, 255).astype(np.uint8) for k, frame in enumerate(still(1, 40))]
    assert cuts_of(frames) == []


def test_coloured_light() -> None:
    """A stage of grey walls whose light changes from frame to frame, differently on both sides."""
    frames = [frame.mean(axis=-1, keepdims=True) for frame in still(1, 40)]
    side = np.linspace(0, 1, 160)[None, :, None]
    lights = [
        ((1.0, 0.4, 0.9), (0.5, 0.3, 1.0)),
        ((0.3, 1.0, 0.5), (0.9, 0.9, 0.3)),
        ((1.0, 0.9, 0.8), (0.2, 0.7, 1.0)),
    ]
    lit = []
    for k, frame in enumerate(frames):
        left, right = lights[k // 14]
        lit.append((frame * ((1 - side) * left + side * right)).astype(np.uint8))
    assert cuts_of(lit) == []


def test_black_frames_and_cuts_from_black() -> None:
    black = [np.zeros((160, 160, 3), np.uint8)] * 10
    assert cuts_of(black) == []
    assert cuts_of([*black, *still(1, 10)]) == [10]


def test_nothing_grows() -> None:
    """Two small frames are kept, however long the film."""
    cuts = Cuts()
    for frame in still(1, 12) + still(2, 12):
        cuts.add(frame)
    kept = [value for value in vars(cuts).values() if isinstance(value, SmallFrame)]
    assert len(kept) <= 2
    assert sum(part.nbytes for frame in kept for part in frame) < 30_000


def test_one_frame() -> None:
    assert cuts_of(still(1, 1)) == []
