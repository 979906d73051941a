"""Synthetic people: the same from the same seed, in the frame, with truth that fits the pictures."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.joints import keypoint
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.rotation import rotation_matrices
from ptx.geometry.skinning import pose_vertices

PEOPLE = People(PeopleOptions(5, 4, seed=3, size=(160, 120), body="small"))


def test_deterministic_and_different() -> None:
    again = People(PEOPLE.options)
    assert (PEOPLE.render(6) == again.render(6)).all()
    assert (PEOPLE.truth(6).pose == again.truth(6).pose).all()
    assert not (PEOPLE.render(6) == PEOPLE.render(7)).all()
    other = People(PeopleOptions(5, 4, seed=4, size=(160, 120), body="small"))
    assert not (PEOPLE.render(6) == other.render(6)).all()


def test_an_image_does_not_depend_on_how_many_there_are() -> None:
    more = People(PeopleOptions(50, 4, seed=3, size=(160, 120), body="small"))
    assert (PEOPLE.render(5) == more.render(5)).all()


def test_one_shape_per_person() -> None:
    assert (PEOPLE.truth(4).betas == PEOPLE.truth(7).betas).all()
    assert not (PEOPLE.truth(3).betas == PEOPLE.truth(4).betas).all()


@pytest.mark.parametrize("size", [(64, 64), (128, 64), (96, 200)])
def test_any_size(size: tuple[int, int]) -> None:
    image = People(PeopleOptions(1, 1, size=size, body="small")).render(0)
    assert image.shape == (*size, 3)
    assert image.std() > 5


def test_the_person_is_where_the_truth_says() -> None:
    """The true body covers a sensible share of the picture, and its keypoints lie on it."""
    for index in range(8):
        truth = PEOPLE.truth(index)
        body = load_body("small")
        points = project(truth.camera, pose_vertices(body, truth.pose[None], truth.betas)[0])
        face = rasterize(points, body.faces, 160, 120)[0]
        share = (face >= 0).mean()
        assert 0.03 < share < 0.7
        inside = truth.keypoints[:, 2] > 0
        assert inside[keypoint("neck")]
        u, v = truth.keypoints[inside, 0].round().astype(int), truth.keypoints[inside, 1].round().astype(int)
        assert (face[v.clip(0, 159), u.clip(0, 119)] >= 0).mean() > 0.8


def test_full_bodies_are_in_the_frame() -> None:
    whole = People(PeopleOptions(30, 2, size=(160, 120), half_body=0.0, body="small"))
    assert all((whole.truth(i).keypoints[:, 2] > 0).all() for i in range(60))


def test_half_bodies_end_at_the_edge() -> None:
    half = People(PeopleOptions(20, 2, size=(160, 120), half_body=1.0, body="small"))
    ankles = [keypoint("left_ankle"), keypoint("right_ankle")]
    hidden = [(half.truth(i).keypoints[ankles, 2] == 0).any() for i in range(40)]
    assert np.mean(hidden) > 0.9


def test_views_all_round() -> None:
    many = People(PeopleOptions(40, 4, body="small"))
    roots = rotation_matrices(np.stack([many.truth(i).pose[0] for i in range(160)]))
    yaw = np.degrees(np.arctan2(roots[:, 0, 2], roots[:, 2, 2]))
    assert (np.histogram(yaw, 8, (-180, 180))[0] > 8).all()


def test_3d_keypoints_project_to_2d_ones() -> None:
    """Weak perspective: 2D is 3D scaled and shifted, y turned round."""
    truth = PEOPLE.truth(2)
    seen = truth.keypoints[:, 2] > 0
    xyz, xy = truth.keypoints3d[seen, :3], truth.keypoints[seen, :2]
    expected = xyz[:, :2] * truth.camera[0] * (1, -1)
    shift = xy - expected
    assert np.ptp(shift, axis=0).max() < 1e-2
