"""Surfaces filled and drawn in other poses in one call each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ptx.surface.render import Rendering
from ptx.surface.transfer import fill, lay_over, transfer
from tests.surface.scenes import fitted, on_person, people, photograph, psnr, store

ARMS_KEYPOINTS = [3, 4, 6, 7]
"""Elbows and wrists."""


def test_a_person_in_their_own_pose_is_their_photograph() -> None:
    body = fitted(0)
    drawn = transfer(store(0), body, body.keypoints)
    inside = drawn.alpha == 1
    assert (inside & on_person(0)).sum() > 0.9 * on_person(0).sum()
    assert psnr(drawn.colour[inside], people().render(0)[inside]) > 30


def test_the_target_gives_pose_and_place_the_source_clothes_and_shape() -> None:
    """A target of other shape, moved aside: the person is drawn where it stands, in the source's own offset."""
    target = replace(fitted(1), betas=np.zeros(10, np.float32), offset=None)
    aside = replace(target, camera=target.camera + np.array([0, 11, 0], np.float32))
    here, there = (transfer(store(0), one, one.keypoints) for one in (target, aside))
    both = (here.alpha[:, :-11] == 1) & (there.alpha[:, 11:] == 1)
    assert both.sum() > 0.9 * (here.alpha == 1).sum()
    assert np.abs(here.colour[:, :-11][both].astype(int) - there.colour[:, 11:][both]).mean() < 1


def test_arms_that_the_target_does_not_show_are_left_out() -> None:
    body = fitted(0)
    hidden = body.keypoints.copy()
    hidden[ARMS_KEYPOINTS] = np.nan, np.nan, 0
    assert transfer(store(0), body, hidden).alpha.sum() < 0.95 * transfer(store(0), body, body.keypoints).alpha.sum()


def test_a_small_photograph_has_a_small_texture() -> None:
    small = people(size=(64, 48))
    assert fill(photograph(0, small), fitted(0, small)).colours.shape == (640, 640, 3)


def test_soft_edges_are_mixed_with_the_background() -> None:
    colour = np.full((1, 3, 3), 200, np.uint8)
    drawn = Rendering(colour, np.array([[0, 0.5, 1]], np.float32), np.zeros((1, 3), np.float32))
    assert lay_over(drawn, np.full((1, 3, 3), 100, np.uint8))[0, :, 0].tolist() == [100, 150, 200]
