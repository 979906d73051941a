"""People removed from photographs: nothing else changes, nothing of them is left, smooth stays smooth and rough stays rough."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ptx.pictures.background import MARGIN, MIN_MARGIN, Level, remove_person
from ptx.pictures.hole import AVOIDED, HOLE, KNOWN
from ptx.pictures.patches import REACH

Image = NDArray[np.uint8]
MAGENTA = (255, 0, 255)


def person_mask(height: int, width: int, *, cut: bool = False) -> NDArray[np.float32]:
    """An ellipse of a person's proportions; `cut` by the lower edge of the picture."""
    y, x = np.mgrid[:height, :width]
    middle = 0.75 if cut else 0.5
    inside = ((y / height - middle) / 0.36) ** 2 + ((x / width - 0.5) / 0.18) ** 2 < 1
    return inside.astype(np.float32)


def painted(background: Image, mask: NDArray[np.float32]) -> Image:
    image = background.copy()
    image[mask > 0] = MAGENTA
    return image


def noise(height: int, width: int, deviation: float, seed: int = 0) -> Image:
    values = np.random.default_rng(seed).normal(128, deviation, (height, width, 3))
    return np.asarray(values.clip(0, 255), np.uint8)


def gradient(height: int, width: int) -> Image:
    """A studio's wall: colours that change slowly in both directions."""
    y, x = np.mgrid[:height, :width]
    light = 1 - 0.5 * ((x / width - 0.7) ** 2 + (y / height - 0.2) ** 2)
    return np.asarray((light[..., None] * (210, 206, 200)).round(), np.uint8)


def distance_to(mask: NDArray[np.float32], margin: float) -> NDArray[np.bool_]:
    """Pixels within a distance of the mask, found one offset at a time."""
    reach = int(margin)
    near = np.zeros(mask.shape, bool)
    padded = np.pad(mask > 0, reach)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if np.hypot(down, right) <= margin:
                rows, columns = reach + down, reach + right
                near |= padded[rows : rows + mask.shape[0], columns : columns + mask.shape[1]]
    return near


@pytest.mark.parametrize(("size", "cut"), [((180, 130), False), ((181, 131), True), ((500, 441), False)])
def test_only_the_hole_changes_and_nothing_of_the_person_is_left(size: tuple[int, int], cut: bool) -> None:
    """At working size, cut by the edge, and at twice the working size with odd rows left over."""
    mask = person_mask(*size, cut=cut)
    image = painted(noise(*size, 20), mask)
    image[..., 1] = np.maximum(image[..., 1], 60)
    image[mask > 0] = MAGENTA
    out = remove_person(image, mask)
    margin = max(MIN_MARGIN, round(MARGIN * max(size)))
    near = distance_to(mask, margin + 1)  # the distances of the hole are rounded
    assert (out[~near] == image[~near]).all()
    assert out.shape == image.shape
    magenta = np.abs(out.astype(int) - MAGENTA).sum(-1)
    assert magenta.min() > 200  # the background's green is 60 or more, and its red about 128


def test_the_same_seed_gives_the_same_bytes() -> None:
    mask = person_mask(120, 90)
    image = painted(noise(120, 90, 25), mask)
    first = remove_person(image, mask)
    assert (remove_person(image.copy(), mask.copy()) == first).all()
    assert (remove_person(image, mask, seed=1) != first).any()


@pytest.mark.parametrize("size", [(240, 180), (900, 700)])
def test_gradients_stay_smooth_and_continue(size: tuple[int, int]) -> None:
    """No patch, seam or outline is to be seen: second differences are those of rounding, and the wall is where it would have been."""
    wall, mask = gradient(*size), person_mask(*size)
    out = remove_person(painted(wall, mask), mask).astype(int)
    for axis in (0, 1):
        assert np.abs(np.diff(out, 2, axis=axis)).max() <= 3
    assert np.abs(out - wall).max() <= 8


@pytest.mark.parametrize("size", [(240, 180), (900, 700)])
def test_texture_keeps_its_energy(size: tuple[int, int]) -> None:
    """Noise stays noise: neither its variance nor that of neighbouring differences is lost, as it would be in a blur."""
    mask = person_mask(*size)
    plain = noise(*size, 20, seed=3)
    out = remove_person(painted(plain, mask), mask)
    inside, outside = out[mask > 0].astype(float), plain[mask == 0].astype(float)
    assert 0.7 < inside.var() / outside.var() < 1.3
    ahead = np.diff(out.astype(float), axis=1)[:, :, 1]
    both = (mask[:, 1:] > 0) & (mask[:, :-1] > 0)
    assert 0.7 < ahead[both].var() / np.diff(plain.astype(float), axis=1).var() < 1.3


def test_stripes_go_on() -> None:
    """Horizontal boards continue behind the person, nearly as they were."""
    rows = np.where(np.arange(200) // 10 % 2, 200, 60).astype(np.uint8)
    boards = np.repeat(np.repeat(rows[:, None, None], 150, 1), 3, 2)
    mask = person_mask(200, 150)
    out = remove_person(painted(boards, mask), mask)
    assert (np.abs(out.astype(int) - boards) < 25).all(-1)[mask > 0].mean() > 0.97


def test_other_people_are_neither_changed_nor_copied() -> None:
    """A second person in pure green, who touches the first."""
    mask = person_mask(160, 160)
    other = np.roll(mask, 40, axis=1) * (1 - mask)
    image = painted(noise(160, 160, 8), mask)
    image[other > 0] = (0, 255, 0)
    out = remove_person(image, mask, other.astype(np.float32))
    assert (out[other > 0] == (0, 255, 0)).all()
    green = (out[..., 1].astype(int) - out[..., 0] > 60) & (other == 0)
    assert not green.any()


def test_patches_are_copied_whole_from_what_is_known() -> None:
    """Neither of the hole, nor of what is avoided, nor over the edge of the picture."""
    status = np.random.default_rng(0).choice([KNOWN, AVOIDED, HOLE], (40, 60), p=[0.97, 0.015, 0.015]).astype(np.uint8)
    allowed = Level(np.zeros((40, 60, 3), np.float32), status).allowed
    for y, x in np.ndindex(40, 60):
        patch = status[max(y - REACH, 0) : y + REACH + 1, max(x - REACH, 0) : x + REACH + 1]
        whole = patch.shape == (2 * REACH + 1, 2 * REACH + 1)
        assert allowed[y, x] == (whole and bool((patch == KNOWN).all()))
    assert allowed.any()


def test_nobody_and_nothing_else() -> None:
    """Without a person the picture is as it was; where they fill it, or nearly, there is nothing to copy, and the edge goes on."""
    image = noise(40, 30, 20)
    assert (remove_person(image, np.zeros((40, 30), np.float32)) == image).all()
    everything = remove_person(painted(image, np.ones((40, 30), np.float32)), np.ones((40, 30), np.float32))
    assert (everything == 128).all()
    mask = np.ones((40, 30), np.float32)
    mask[:, :8] = 0
    out = remove_person(painted(np.full((40, 30, 3), 90, np.uint8), mask), mask)
    assert (np.abs(out.astype(int) - 90) <= 1).all()


@pytest.mark.parametrize("size", [(1, 1), (5, 40), (8, 8)])
def test_tiny_pictures(size: tuple[int, int]) -> None:
    mask = np.zeros(size, np.float32)
    mask[size[0] // 2, size[1] // 2] = 1
    assert remove_person(noise(*size, 5), mask).shape == (*size, 3)
