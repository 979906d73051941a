"""Flow of bodies fitted on the spot: close to the exact flow of synthetic people, from 2D keypoints alone."""

from __future__ import annotations

import numpy as np
import torch

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import load_body
from ptx.inference.fitted_flow import FittedFlow
from ptx.models.losses import end_point_error
from ptx.models.part_affine import part_affine_flow

SIZE = (128, 96)


def test_fitted_flow_is_close_to_the_truth() -> None:
    people = People(PeopleOptions(6, 2, seed=2, size=SIZE, half_body=0, body="small"))
    source, target = (torch.tensor(np.stack([people.truth(2 * i + k).keypoints for i in range(6)])) for k in (0, 1))
    pairs = [people.exact_flow(2 * i + 1, 2 * i) for i in range(6)]
    exact = torch.tensor(np.stack([flow for flow, _ in pairs])).permute(0, 3, 1, 2)
    labels = torch.tensor(np.stack([visibility for _, visibility in pairs]))[:, None]
    found = FittedFlow(load_body("small"))(source, target, torch.zeros(6, 3, *SIZE))
    error = end_point_error(found.dense, exact, labels).mean()
    assert error < 0.6 * end_point_error(part_affine_flow(source, target, *SIZE), exact, labels).mean()
    agree = (found.visibility == labels)[labels < 2].float().mean()
    assert agree > 0.7
    assert (found.flow[(found.visibility == 2).expand(-1, 2, -1, -1)] == 0).all()


def test_too_few_keypoints_are_background() -> None:
    pose = torch.rand(1, 18, 3) * 60
    few = pose.clone()
    few[:, 4:, 2] = 0
    found = FittedFlow(load_body("small"))(few, pose, torch.zeros(1, 3, *SIZE))
    assert (found.visibility == 2).all()
    assert found.dense.isfinite().all()
