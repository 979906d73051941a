"""Dressed bodies: skin that is displaced by a known amount is found again from the mask alone."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.dressing.displace import displace, pose_skin
from ptx.geometry.dressing.displacements import control_basis
from ptx.geometry.dressing.dress import dress, overlap
from ptx.geometry.dressing.outline import mask_outline
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.joints import joint
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_keypoints, pose_vertices
from ptx.geometry.zones import body_zones

BODY = load_body("builtin")
BASIS = control_basis(BODY)
SIZE = (256, 192)
TRUNK = (
    (body_zones(BODY).arms < 0.1)
    & (body_zones(BODY).trunk > 0.9)
    & (body_zones(BODY).face < 0.1)
    & (BODY.v_template[:, 1] < 0.5)
)


def standing() -> Posed:
    """Somebody who stands with the arms a little off the trunk."""
    pose = np.zeros((1, 24, 3), np.float32)
    pose[0, joint("left_shoulder"), 2], pose[0, joint("right_shoulder"), 2] = -1.0, 1.0
    pose[0, 0, 1] = 0.3
    return Posed(pose[0], np.zeros(10, np.float32), np.array([130, 96, 118], np.float32))


def person_of(posed: Posed, offset: np.ndarray) -> Person:
    """Exact keypoints and the mask of a displaced body."""
    points = project(posed.camera, pose_vertices(BODY, posed.pose[None], posed.betas, offset=offset[None])[0])
    mask = (rasterize(points.astype(np.float32), BODY.faces, *SIZE)[0] >= 0).astype(np.float32)
    flat = project(posed.camera, pose_keypoints(BODY, posed.pose[None], posed.betas)[0])
    keypoints = np.column_stack([flat[:, :2], np.ones(18)])
    return Person(keypoints, None, None, mask)


def test_a_thick_coat_is_found() -> None:
    """Displaced by 3 cm but for hands and face: the outline is met, and 3 cm are found over the trunk, also where no outline is."""
    posed = standing()
    covered = (1 - body_zones(BODY).hands) * (1 - body_zones(BODY).face)
    thick = 0.03 * covered[:, None] * BASIS.normals
    person = person_of(posed, thick)
    found = dress(BODY, posed, person, refined=False)
    assert not found.bare
    assert found.iou[0] < 0.85
    assert found.iou[1] > 0.96
    heights = (BASIS.offset(found.heights)[TRUNK] * BASIS.normals[TRUNK]).sum(axis=1)
    assert np.median(heights) == pytest.approx(0.03, abs=0.01)
    np.testing.assert_array_equal(found.posed.pose, posed.pose)


def test_who_wears_nothing_loose_stays_slim() -> None:
    posed = standing()
    found = dress(BODY, posed, person_of(posed, np.zeros_like(BASIS.normals)), refined=False)
    assert np.abs(BASIS.offset(found.heights)).max() < 0.012
    assert found.iou[1] > 0.97


def test_refined_and_displaced() -> None:
    """From a start that is off by a few degrees and px."""
    posed = standing()
    person = person_of(posed, BASIS.offset(np.full(BASIS.weights.shape[1], 0.02)))
    pose = posed.pose.copy()
    pose[joint("left_shoulder"), 2] += 0.15
    pose[joint("right_hip"), 2] += 0.08
    start = Posed(pose, posed.betas, posed.camera + np.array([2, 2, -2], np.float32))
    found = dress(BODY, start, person)
    assert found.iou[1] > 0.955 > found.iou[0]
    assert abs(found.posed.pose[joint("left_shoulder"), 2] - posed.pose[joint("left_shoulder"), 2]) < 0.1


@pytest.mark.parametrize("kind", ["empty", "elsewhere"])
def test_a_mask_that_does_not_help_leaves_the_fit(kind: str) -> None:
    posed = standing()
    person = person_of(posed, np.zeros_like(BASIS.normals))
    mask = np.zeros(SIZE, np.float32)
    if kind == "elsewhere":
        mask[5:40, 150:185] = 1
    found = dress(BODY, posed, person._replace(mask=mask))
    if kind == "empty":
        assert found.bare
    if found.bare:
        assert found.posed is posed
        assert not found.heights.any()
        assert found.iou[0] == found.iou[1]
    assert np.isfinite(found.posed.pose).all()


def test_displacements_stay_within_their_limits() -> None:
    """A mask far larger than any body."""
    posed = standing()
    mask = np.zeros(SIZE, np.float32)
    mask[20:236, 10:182] = 1
    heights = displace(
        pose_skin(BODY, BASIS, posed),
        np.zeros(BASIS.weights.shape[1]),
        mask_outline(mask),
        Person(np.zeros((18, 3)), None, None, mask),
    )
    assert (heights >= BASIS.lower).all()
    assert (heights <= BASIS.upper).all()


def test_overlap() -> None:
    posed = standing()
    person = person_of(posed, np.zeros_like(BASIS.normals))
    assert overlap(posed.points(BODY), BODY.faces, person.mask) == 1
    half = person.mask.copy()
    half[:, :96] = 0
    assert overlap(posed.points(BODY), BODY.faces, half) == pytest.approx(half.sum() / person.mask.sum())
    away = posed._replace(camera=np.array([130, 9999, 0], np.float32))
    assert overlap(away.points(BODY), BODY.faces, half * 0) == 0


def test_large_pictures_are_dressed_alike() -> None:
    """The same person at three times the size, whose outlines are traced at two thirds of that."""
    posed = standing()
    large = Posed(posed.pose, posed.betas, np.array([390, 3 * 96.5 - 0.5, 3 * 118.5 - 0.5], np.float32))
    thick = BASIS.offset(np.full(BASIS.weights.shape[1], 0.02))
    points = project(large.camera, pose_vertices(BODY, large.pose[None], large.betas, offset=thick[None])[0])
    mask = (rasterize(points.astype(np.float32), BODY.faces, 768, 576)[0] >= 0).astype(np.float32)
    person = person_of(posed, thick)
    keypoints = np.column_stack([3 * person.keypoints[:, :2] + 1, np.ones(18)])
    found = dress(BODY, large, Person(keypoints, None, None, mask))
    assert found.iou[1] > 0.95
    assert overlap(found.posed.points(BODY, BASIS.offset(found.heights)), BODY.faces, mask) > 0.945
    assert found.posed.camera[0] == pytest.approx(390, rel=0.03)
