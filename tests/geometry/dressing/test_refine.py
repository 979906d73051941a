"""A fit refined by the outline: bodies of known pose, whose masks are drawn from the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ptx.datasets.people.options import PeopleOptions
from ptx.datasets.people.people import People
from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.detected_landmarks import attach_landmarks
from ptx.geometry.dressing.dress import overlap
from ptx.geometry.dressing.outline import mask_outline
from ptx.geometry.dressing.refine import (
    CUTOFF,
    INSIDE,
    OUTSIDE,
    SHARE,
    SIGMAS,
    Person,
    Posed,
    _add_outline,
    _degrees_of_freedom,
    _observe,
    _open,
    _pair,
    _posed,
    refine,
)
from ptx.geometry.fitting import fit
from ptx.geometry.fitting.energy import energy
from ptx.geometry.fitting.model import CX, CY, LOG_SCALE
from ptx.geometry.fitting.normal_equations import normal_equations
from ptx.geometry.fitting.priors import build_prior
from ptx.geometry.fitting.solver import allocate_scratch
from ptx.geometry.joints import joint
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.rotation import rotation_matrices
from ptx.geometry.skinning import joint_transforms, pose_vertices

BODY = load_body("small")
SIZE = (256, 192)
PEOPLE = People(PeopleOptions(6, 2, seed=3, size=SIZE, body="small"))


def mask_of(posed: Posed) -> np.ndarray:
    """Mask of a bare body."""
    points = project(posed.camera, pose_vertices(BODY, posed.pose[None], posed.betas)[0]).astype(np.float32)
    return (rasterize(points, BODY.faces, *SIZE)[0] >= 0).astype(np.float32)


def cases() -> list[tuple[Posed, Posed, Person]]:
    """True bodies, what 2D keypoints make of them, and what is known of the pictures."""
    truths = [PEOPLE.truth(n) for n in range(12)]
    fits = fit(BODY, np.stack([t.keypoints for t in truths]), None, SIZE)
    out = []
    for n, truth in enumerate(truths):
        true = Posed(truth.pose, truth.betas, truth.camera)
        start = Posed(fits.pose[n], fits.betas[n], fits.camera[n])
        out.append((true, start, Person(truth.keypoints, None, None, mask_of(true))))
    return out


def test_outline_brings_bodies_nearer_to_the_truth() -> None:
    before, after, shape = [], [], []
    for true, start, person in cases():
        found = refine(BODY, start, person)
        before.append(overlap(start.points(BODY), BODY.faces, person.mask))
        after.append(overlap(found.points(BODY), BODY.faces, person.mask))
        shape.append([np.linalg.norm(x.betas - true.betas) for x in (start, found)])
        assert found.pose.dtype == found.betas.dtype == found.camera.dtype == np.float32
    assert np.mean(after) > np.mean(before) + 0.03
    assert np.mean(after) > 0.93
    assert (
        np.mean(np.array(shape), axis=0)[1] < np.mean(np.array(shape), axis=0)[0]
    )  # thin and stout are told by outlines


def test_same_input_same_bytes() -> None:
    _, start, person = cases()[0]
    for a, b in zip(refine(BODY, start, person), refine(BODY, start, person), strict=True):
        np.testing.assert_array_equal(a, b)


def test_without_a_mask_nothing_changes() -> None:
    _, start, person = cases()[0]
    assert refine(BODY, start, person._replace(mask=np.zeros(SIZE, np.float32))) is start


@pytest.mark.parametrize("seed", range(3))
def test_any_pose_is_expressed_exactly(seed: int) -> None:
    """Also what the degrees of freedom cannot do, such as knees that twist: poses of other tools."""
    rng = np.random.default_rng(seed)
    pose = rng.normal(0, 0.6, (24, 3)).astype(np.float32)
    start = Posed(pose, rng.normal(0, 1, 10).astype(np.float32), np.array([100, 90, 120], np.float32))
    model, state, frame = _open(BODY, start)
    again = _posed(model, state, frame, start)
    turned = Rotation.from_rotvec(again.pose.astype(float)).inv() * Rotation.from_rotvec(pose.astype(float))
    assert turned.magnitude().max() < 1e-5
    np.testing.assert_allclose(again.betas, start.betas, atol=1e-6)
    np.testing.assert_allclose(again.camera, start.camera, rtol=1e-6)


def test_poses_of_the_fit_need_no_other_rest() -> None:
    prior = build_prior(landmarks=True)
    truth = PEOPLE.truth(0)
    found = fit(BODY, truth.keypoints[None], None, SIZE)
    rotations = rotation_matrices(found.pose[0].astype(np.float64)).astype(np.float64)
    dofs, rest = _degrees_of_freedom(prior, rotations)
    np.testing.assert_allclose(rest[1:], prior.rest[1:], atol=2e-3)
    assert np.abs(dofs).max() < np.pi
    assert dofs.shape == prior.mean.shape


def test_angles_are_half_as_sure_as_in_the_first_fit() -> None:
    """The anchor knows of them what the first fit knew: priors are twice as wide around the same means."""
    prior = build_prior(landmarks=True)
    model, _, _ = _open(BODY, Posed(np.zeros((24, 3), np.float32), np.zeros(10, np.float32), np.ones(3, np.float32)))
    np.testing.assert_allclose(model.prior.sigma, 2 * prior.sigma)
    np.testing.assert_array_equal(model.prior.mean, prior.mean)


def test_landmarks_turn_the_feet() -> None:
    """An ankle that is turned is found by the ends of the foot and the outline; without them it stays."""
    true, _, person = cases()[0]
    pose = true.pose.copy()
    pose[joint("left_ankle")] = (0.5, 0, 0)
    turned = Posed(pose, true.betas, true.camera)
    rotations, joints = joint_transforms(BODY, pose[None], true.betas)
    points = attach_landmarks(BODY)
    offset = points.offset + points.offset_dirs @ true.betas
    xyz = joints[0, points.joints] + np.einsum("lij,lj->li", rotations[0, points.joints], offset)
    landmarks = np.column_stack([project(true.camera, xyz)[:, :2], np.ones(len(xyz))])
    known = person._replace(landmarks=landmarks, mask=mask_of(turned))
    found = refine(BODY, Posed(true.pose, true.betas, true.camera), known)
    assert 0.2 < found.pose[joint("left_ankle"), 0] < 0.6  # held by the anchor
    assert np.abs(found.pose[joint("right_ankle")]).max() < 0.2


def test_outline_pulls_by_the_gradient_of_its_robust_distance() -> None:
    """Half the derivative by the camera's place and scale, by finite differences of Geman and McClure's c² r² / (c² + r²) over variance."""
    truth = PEOPLE.truth(0)
    true = Posed(truth.pose, truth.betas, truth.camera)
    start = true._replace(camera=(truth.camera * (1.06, 1, 1) + (0, 3, -2)).astype(np.float32))
    person = Person(truth.keypoints, None, None, mask_of(true))
    target = mask_outline(person.mask, step=2)
    model, state, frame = _open(BODY, start)
    scratch = allocate_scratch(model.prior)
    energy(model, _observe(person, frame), SIGMAS, state, scratch.posed)
    normal_equations(model, _observe(person, frame), SIGMAS, state, scratch.posed, scratch.system)
    before, points = scratch.system.gradient.copy(), start.points(BODY)
    pairs = _pair(BODY, points, float(start.camera[0]), target, person)
    assert pairs is not None
    _add_outline(BODY, model, state, start, points, pairs, target, scratch)

    xy = np.einsum("mk,mkc->mc", pairs.body.weights, points[pairs.body.vertices][..., :2].astype(np.float64))
    normals, metre = target.normals[pairs.mask], frame.unit[0]
    residual = ((xy - target.xy[pairs.mask]) * normals).sum(1) / metre
    assert np.abs(residual).max() > CUTOFF > np.abs(residual).min()

    def value(r: np.ndarray) -> float:
        robust = CUTOFF**2 * r**2 / (CUTOFF**2 + r**2)
        return SHARE * float((pairs.share * robust / np.where(r > 0, OUTSIDE, INSIDE) ** 2).sum())

    from_centre = ((xy - start.camera[1:]) * normals).sum(1) / metre
    for index, moved in ((CX, normals[:, 0]), (CY, -normals[:, 1]), (LOG_SCALE, from_centre)):
        numeric = (value(residual + 1e-6 * moved) - value(residual - 1e-6 * moved)) / 4e-6
        assert (scratch.system.gradient - before)[index] == pytest.approx(numeric, rel=1e-3)
