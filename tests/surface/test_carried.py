"""Bodies from keypoints and an outline, and the flow of what they carry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.dressing.displacements import control_basis
from ptx.geometry.flow import warp
from ptx.geometry.labels import BACKGROUND, VISIBLE
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.carried import carried_flow, dress_posed, fit_posed
from tests.surface.scenes import SIZE, fitted, on_person, people

BODY = load_body("small")


def test_flow_of_a_person_who_stays_is_none() -> None:
    body = fitted(0)
    flow, labels = carried_flow(body, body)
    assert np.abs(flow[labels < BACKGROUND]).max() < 0.05
    assert np.mean(labels[labels < BACKGROUND] == VISIBLE) > 0.99


def test_flow_of_a_person_who_is_moved_is_that_of_the_camera() -> None:
    """u, v of the target + flow are those of the source: 3 px further left, 2 px lower."""
    body = fitted(0)
    moved = replace(body, camera=body.camera + np.array([0, 3, -2], np.float32))
    flow, labels = carried_flow(body, moved)
    np.testing.assert_allclose(flow[labels == VISIBLE].mean(0), (-3, 2), atol=0.02)
    assert np.abs(flow[labels == VISIBLE] - (-3, 2)).max() < 0.1


def test_what_is_carried_are_the_sources_clothes() -> None:
    """The target's own shape and clothes change nothing but the place."""
    source, target = fitted(0), fitted(3)
    slim = replace(target, offset=None)
    assert np.array_equal(carried_flow(source, target)[1].shape, SIZE)
    differ = carried_flow(source, target)[1] != carried_flow(source, slim)[1]
    assert differ.mean() < 0.01


@pytest.mark.slow
def test_bodies_of_keypoints_and_outline_warp_the_picture_into_the_other_view() -> None:
    """From 2D keypoints and the mask alone: a view 30 degrees away, warped, is nearer to this one than it was."""
    persons = []
    for index in (0, 1):
        keypoints = people().truth(index).keypoints
        posed = fit_posed(BODY, keypoints, SIZE)
        assert posed is not None
        dressed = dress_posed(BODY, posed, keypoints, on_person(index).astype(np.float32))
        assert dressed.iou[1] >= dressed.iou[0]
        offset = control_basis(BODY).offset(dressed.heights)
        persons.append(FittedBody(BODY, *dressed.posed[:3], SIZE, offset=offset))
    flow, labels = carried_flow(persons[1], persons[0])
    shown = (labels == VISIBLE) & on_person(0)
    here, there = people().render(0), people().render(1)
    error = np.abs(warp(there, flow)[shown].astype(float) - here[shown]).mean()
    assert shown.sum() > 0.6 * on_person(0).sum()
    assert error < 0.7 * np.abs(there[shown].astype(float) - here[shown]).mean()


def test_too_few_keypoints_give_no_body() -> None:
    few = people().truth(0).keypoints.copy()
    few[3:] = np.nan, np.nan, 0
    assert fit_posed(BODY, few, SIZE) is None
