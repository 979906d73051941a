"""What the mender is shown, and how its fields are laid over a drawn person."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ptx.surface.mending import SIZE, Fields, continued, frame, framed, lay_fields, mender_input
from ptx.surface.render import Rendering

HEIGHT, WIDTH = SIZE


def fields(**given: NDArray[np.float32]) -> Fields:
    """Fields that change nothing but what is given."""
    nothing = Fields(
        np.zeros((HEIGHT // 4, WIDTH // 4, 2), np.float32),
        np.zeros((HEIGHT, WIDTH, 3), np.float32),
        np.zeros(SIZE, np.float32),
    )
    return nothing._replace(**given)


def drawn(height: int = HEIGHT, width: int = WIDTH) -> Rendering:
    """A box of noise with a soft left edge."""
    colour = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    alpha = np.zeros((height, width), np.float32)
    alpha[height // 8 : height // 2, width // 4 : width // 2] = 1
    alpha[:, width // 4] *= 0.5
    colour[alpha == 0] = 0
    return Rendering(colour, alpha, alpha.copy())


ONTO_ITSELF = np.eye(2, 3, dtype=np.float32)


def test_fields_of_zero_change_nothing() -> None:
    before = drawn(300, 200)
    after = lay_fields(before, fields(), np.array([[0.5, 0, 3], [0, 0.5, 7]], np.float32))
    for name in ("colour", "alpha", "own"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_flow_says_from_where_colours_and_alpha_come() -> None:
    flow = np.zeros((HEIGHT // 4, WIDTH // 4, 2), np.float32)
    flow[..., 0], flow[..., 1] = 5, -3
    before = drawn()
    after = lay_fields(before, fields(flow=flow), ONTO_ITSELF)
    inside = np.s_[20:200, 20:150]
    for name in ("colour", "alpha"):
        moved = np.roll(getattr(before, name), (3, -5), (0, 1))
        np.testing.assert_allclose(getattr(after, name)[inside], moved[inside], atol=1e-4)


def test_flow_is_of_px_that_the_network_sees() -> None:
    """In a picture of twice the size it reaches twice as far."""
    flow = np.zeros((HEIGHT // 4, WIDTH // 4, 2), np.float32)
    flow[..., 0] = 4
    before = drawn(2 * HEIGHT, 2 * WIDTH)
    after = lay_fields(before, fields(flow=flow), np.array([[0.5, 0, -0.25], [0, 0.5, -0.25]], np.float32))
    np.testing.assert_allclose(after.alpha[:, 20:300], np.roll(before.alpha, -8, 1)[:, 20:300], atol=1e-4)


def test_paint_is_added_where_no_photograph_shows_the_colour() -> None:
    before = drawn()
    before.own[40:60], before.own[60:80] = 0, 0.5
    paint = np.zeros((*SIZE, 3), np.float32)
    paint[:, 60:80] = (40, -300, 5)
    after = lay_fields(before, fields(paint=paint), ONTO_ITSELF)
    old = before.colour.astype(float)
    for rows, share in ((slice(40, 60), 1), (slice(60, 80), 0.5), (slice(80, 120), 0)):
        place = np.s_[rows, 60:80]
        expected = np.clip(old[place] + share * np.array((40, -300, 5)), 0, 255)
        assert np.abs(after.colour[place] - expected).max() <= 0.5
    np.testing.assert_array_equal(after.own, before.own)
    np.testing.assert_array_equal(after.colour[:, 80:], before.colour[:, 80:])


def test_alpha_grows_with_the_colours_beside_it_and_shrinks() -> None:
    before = drawn()
    before.colour[before.alpha > 0] = (10, 20, 30)
    alpha = np.zeros(SIZE, np.float32)
    alpha[40:60, WIDTH // 2 : WIDTH // 2 + 4], alpha[70:80, 60:70] = 1, -1
    after = lay_fields(before, fields(alpha=alpha), ONTO_ITSELF)
    grown = np.s_[42:58, WIDTH // 2 : WIDTH // 2 + 4]
    assert (after.alpha[grown] == 1).all()
    assert np.abs(after.colour[grown].astype(int) - (10, 20, 30)).max() <= 1
    assert (after.alpha[72:78, 62:68] == 0).all()


@pytest.mark.parametrize("colour", [(255, 255, 255), (3, 90, 200)])
def test_one_colour_is_continued_as_itself(colour: tuple[int, int, int]) -> None:
    person = drawn()
    person.colour[person.alpha > 0] = colour
    out = continued(person.colour, person.alpha)
    np.testing.assert_allclose(out, np.broadcast_to(np.float32(colour), out.shape), atol=0.02)


def test_continued_colours_are_those_of_the_nearest_edge() -> None:
    person = drawn()
    person.colour[:, : WIDTH // 3], person.colour[:, WIDTH // 3 :] = 50, 150
    out = continued(person.colour, person.alpha)
    assert np.abs(out[60, WIDTH // 4 - 3] - 50).max() < 1
    assert np.abs(out[60, WIDTH // 2 + 3] - 150).max() < 1
    np.testing.assert_array_equal(out[person.alpha > 0], person.colour[person.alpha > 0])


def test_the_frame_holds_the_person_in_its_middle() -> None:
    alpha = np.zeros((500, 700), np.float32)
    alpha[100:301, 200:251] = 1  # middle at 200, 225; 201 px high, 225.12 with margins
    matrix = frame(alpha)
    assert matrix is not None
    np.testing.assert_allclose(matrix[:, :2], 256 / (201 * 1.12) * np.eye(2), rtol=1e-5)
    np.testing.assert_allclose(matrix @ (225, 200, 1), (95.5, 127.5), atol=1e-3)
    assert framed(alpha, matrix).sum() == pytest.approx(alpha.sum() * matrix[0, 0] ** 2, rel=0.02)
    assert frame(np.zeros((4, 4), np.float32)) is None


def test_small_frames_of_large_pictures_do_not_skip_pixels() -> None:
    stripes = np.zeros((2048, 2048), np.float32)
    stripes[:, ::2] = 1
    small = framed(stripes, np.array([[0.1, 0, 0], [0, 0.1, 0]], np.float32))
    np.testing.assert_allclose(small[20:180, 20:180], 0.5, atol=0.01)


def test_the_input_is_scaled_and_in_order() -> None:
    colour = np.zeros((2, 3, 3), np.float32)
    colour[..., 0], colour[..., 1], colour[..., 2] = 255, 127.5, 0
    body = np.broadcast_to(np.arange(6, dtype=np.float32), (2, 3, 6))
    shown = mender_input(colour, np.full((2, 3), 0.7, np.float32), np.full((2, 3), 0.2, np.float32), np.array(body))
    assert shown.shape == (11, 2, 3)
    np.testing.assert_allclose(shown[:, 1, 2], [1, 0, -1, 0.7, 0.2, 0, 1, 2, 3, 4, 5], rtol=1e-6)
