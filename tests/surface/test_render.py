"""Pictures of a filled surface against the synthetic people's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.joints import joint, keypoint
from ptx.geometry.labels import VISIBLE
from ptx.geometry.rasterizer import rasterize
from ptx.surface.render import render, unseen_arms
from tests.surface.scenes import fitted, on_person, people, photograph, psnr, store

BODY = load_body("small")
PERSONS = (0, 12, 24)
"""First pictures of the persons."""


@pytest.mark.parametrize("index", PERSONS)
def test_in_their_own_pose_the_photograph_comes_back(index: int) -> None:
    found = render(store(index), fitted(index))
    inside = on_person(index) & (found.alpha > 0.99)
    error = np.abs(found.colour[inside].astype(float) - photograph(index).image[inside])
    assert error.mean() < 3
    assert np.percentile(error, 90) < 12


def test_from_another_side_what_both_views_show_is_as_it_is() -> None:
    """Turned by 30 degrees, in the same light: 8 dB over the copied source, and nearer to the truth on all of the person."""
    scores = []
    for index in PERSONS:
        found, true, copied = (
            render(store(index), fitted(index + 1)),
            people().render(index + 1),
            people().render(index),
        )
        _, visibility = fitted(index + 1).flow_from(fitted(index))
        everywhere = on_person(index + 1) & (found.alpha > 0.99)
        shown = everywhere & (visibility == VISIBLE)
        scores.append(
            [psnr(picture[where], true[where]) for where in (shown, everywhere) for picture in (found.colour, copied)]
        )
    shown, shown_copy, all_, all_copy = np.mean(scores, axis=0)
    assert shown > 19.5
    assert shown > shown_copy + 6
    assert all_ > all_copy + 6


def test_what_no_view_shows_is_nearer_than_the_copy_too() -> None:
    gains = []
    for index in PERSONS:  # from behind: nothing that is seen is in the photograph
        found, true, where = render(store(index), fitted(index + 6)), people().render(index + 6), on_person(index + 6)
        where &= found.alpha > 0.99
        gains.append(psnr(found.colour[where], true[where]) - psnr(people().render(index)[where], true[where]))
    assert np.mean(gains) > 3


def test_alpha_is_the_share_of_the_pixel_that_is_covered() -> None:
    body = fitted(0)
    fine = body.points.copy()
    fine[:, :2] = (fine[:, :2] + 0.5) * 8 - 0.5
    face, _, _ = rasterize(fine, BODY.faces, body.size[0] * 8, body.size[1] * 8)
    share = (face >= 0).reshape(body.size[0], 8, body.size[1], 8).mean((1, 3))
    alpha = render(store(0), body).alpha
    assert np.abs(alpha - share).max() < 0.4
    assert alpha.sum() == pytest.approx(share.sum(), rel=5e-3)


def test_a_picture_does_not_depend_on_its_frame() -> None:
    """Bands and boxes leave no trace: a larger frame shows the same."""
    body = fitted(12)
    wide = replace(body, size=(340, 250), camera=body.camera + np.array([0, 31, 45], np.float32))
    small, large = render(store(12), body), render(store(12), wide)
    part = slice(45, 45 + body.size[0]), slice(31, 31 + body.size[1])
    assert np.abs(small.alpha - large.alpha[part]).max() <= 0.25 + 1e-6  # a sample that lies on an edge
    same = small.alpha == large.alpha[part]
    assert same.mean() > 0.999
    assert np.percentile(np.abs(small.colour.astype(int) - large.colour[part])[same], 99.9) <= 2
    cut = render(store(12), replace(body, size=(100, 90)))
    assert (np.abs(cut.colour.astype(int) - small.colour[:100, :90]) <= 2).mean() > 0.999


def test_who_is_outside_of_the_picture_leaves_it_empty() -> None:
    body = fitted(0)
    for move in ((0, 9000, 0), (0, 0, -9000)):
        found = render(store(0), replace(body, camera=body.camera + np.array(move, np.float32)))
        assert not found.alpha.any()
        assert not found.colour.any()


def test_small_pictures_are_smooth_and_large_ones_sharp() -> None:
    """A quarter of the size is the mean of the large picture's pixels."""
    body = fitted(24)
    small = replace(body, size=(64, 48), camera=((body.camera + (0, 0.5, 0.5)) / 4 - (0, 0.5, 0.5)).astype(np.float32))
    found, large = render(store(24), small), render(store(24), body)
    whole = large.alpha.reshape(64, 4, 48, 4).min((1, 3)) == 1
    mean = large.colour.reshape(64, 4, 48, 4, 3).mean((1, 3))
    assert psnr(found.colour[whole], mean[whole].astype(np.uint8)) > 28


def test_hidden_arms_are_left_out_but_not_those_that_the_frame_cuts() -> None:
    keypoints, body = np.ones((18, 3), np.float32), fitted(0)
    assert not unseen_arms(body, keypoints).any()
    keypoints[[keypoint("left_elbow"), keypoint("left_wrist")]] = np.nan, np.nan, 0
    keypoints[keypoint("right_elbow"), 2] = 0
    gone = unseen_arms(body, keypoints)
    weight = BODY.weights[BODY.faces].mean(1)
    assert gone[weight[:, joint("left_wrist")] > 0.6].all()
    assert not gone[weight[:, joint("right_wrist")] > 0.6].any()
    whole, without = render(store(0), body), render(store(0), body, gone)
    assert without.alpha.sum() < whole.alpha.sum()
    assert not ((without.alpha > 0) & (whole.alpha == 0)).any()
    assert not unseen_arms(replace(body, camera=body.camera - np.array([0, 0, 150], np.float32)), keypoints).any()
