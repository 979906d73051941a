"""Feet on the ground, of feet whose places are given."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.motion.contacts import FOOT_POINTS, SLIDING, feet_on_ground, find_contacts, runs


def foot_places(count: int) -> np.ndarray:
    """Both feet (T, 6, 2) flat on the ground."""
    places = np.zeros((count, 6, 2))
    places[:, :, 0] = (0, -0.05, 0.15, 0.3, 0.25, 0.45)
    places[:, [0, 3], 1] = 0.07
    return places


def test_points() -> None:
    assert FOOT_POINTS == (10, 23, 25, 13, 22, 24)  # right ankle, heel, toe; left


@pytest.mark.parametrize("fps", [12.0, 30.0, 60.0])
def test_a_step(fps: float) -> None:
    """The right foot swings for 0.4 s; the left stays. Whatever the frame rate, the same moments are found."""
    t = np.arange(round(2 * fps)) / fps
    u = np.clip((t - 0.8) / 0.4, 0, 1)
    places = foot_places(len(t))
    places[:, :3, 0] += (0.8 * u**3 * (10 - 15 * u + 6 * u**2))[:, None]
    places[:, :3, 1] += (0.1 * 64 * (u * (1 - u)) ** 3)[:, None]
    contacts = find_contacts(places, np.ones(len(places)), fps)
    assert (contacts[:, 3:] == 1).all()
    assert (contacts[(t < 0.5) | (t > 1.5), :3] == 1).all()
    assert (contacts[(t < 0.75) | (t > 1.25), :3] > 0.25).all()
    assert not contacts[(t > 0.9) & (t < 1.1), :3].any()
    on = feet_on_ground(contacts)
    assert np.array_equal(on[:, 0], (contacts[:, :3] > 0.25).any(axis=1))
    assert on[:, 1].all()


def test_a_leap_has_none_at_its_top() -> None:
    t = np.arange(60) / 30
    height = np.maximum(0, 0.3 - 9.81 / 2 * (t - 1) ** 2)
    places = foot_places(60)
    places[..., 1] += height[:, None]
    contacts = find_contacts(places, np.ones(len(places)), 30.0)
    assert not contacts[height > 0.02].any()
    assert contacts[np.abs(t - 1) > 0.4].all()


def test_a_raised_foot_is_not_on_the_ground() -> None:
    places = foot_places(30)
    places[:, :3, 1] += 0.4
    assert feet_on_ground(find_contacts(places, np.ones(len(places)), 30.0)).tolist() == [[False, True]] * 30


def test_toes_alone() -> None:
    """The heel rises, the toes stay: the foot is still on the ground."""
    t = np.arange(30) / 30
    places = foot_places(30)
    places[:, :2, 1] += t[:, None]
    contacts = find_contacts(places, np.ones(len(places)), 30.0)
    assert contacts[:, 2].all()
    assert not contacts[5:, :2].any()
    assert feet_on_ground(contacts).all()


def test_who_turns_on_the_spot_slides() -> None:
    """Feet that move slowly all the time are not held: at the speed of `SLIDING` a quarter of the weight, at three times that 1 %."""
    for speed, weight in ((SLIDING, 0.25), (3 * SLIDING, 0.01)):
        places = foot_places(30)
        places[:, :, 0] += speed * np.arange(30)[:, None] / 30
        np.testing.assert_allclose(find_contacts(places, np.ones(len(places)), 30.0), weight)


def test_who_is_seen_twice_as_large() -> None:
    """Twice the places of a larger person are the same contacts."""
    t = np.arange(40) / 30
    places = foot_places(40)
    places[:, :3, 0] += np.maximum(0, t - 0.6)[:, None] ** 2
    contacts = find_contacts(places, np.ones(40), 30.0)
    assert 0 < contacts[:, 0].mean() < 1
    np.testing.assert_allclose(find_contacts(2 * places, np.full(40, 2.0), 30.0), contacts)


def test_runs() -> None:
    assert list(runs(np.array([True, True, False, True]))) == [(0, 2), (3, 4)]
    assert list(runs(np.zeros(3, bool))) == list(runs(np.zeros(0, bool))) == []


def test_too_short() -> None:
    """Still for two frames, or a clip of no more."""
    assert not find_contacts(foot_places(2), np.ones(len(foot_places(2))), 30.0).any()
    places = foot_places(20)
    places[:, :, 0] += np.where(np.arange(20) == 10, 0, 0.2 * np.arange(20))[:, None]
    assert not find_contacts(places, np.ones(len(places)), 30.0)[:, :3].any()
    assert find_contacts(np.zeros((0, 6, 2)), np.ones(0), 30.0).shape == (0, 6)
