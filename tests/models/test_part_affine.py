"""Flow by limbs: exact where the person moves as a whole, right at the ends of a limb that moves alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ptx.geometry.joints import keypoint
from ptx.models import part_affine
from tests.models.samples import person


def part_affine_flow(source: np.ndarray, target: np.ndarray, height: int, width: int) -> np.ndarray:
    """(height, width, 2) of one pair."""
    flow = part_affine.part_affine_flow(torch.tensor(source)[None], torch.tensor(target)[None], height, width)
    return flow[0].permute(1, 2, 0).numpy()


def test_similar_persons_give_the_similarity() -> None:
    target, source = person(), person()
    turn, shift = 1.1 * np.exp(0.2j), 4 - 3j
    moved = turn * (target[:, 0] + 1j * target[:, 1]) + shift
    source[:, :2] = np.stack([moved.real, moved.imag], 1)
    flow = part_affine_flow(source, target, 112, 64)
    v, u = np.mgrid[:112, :64]
    wanted = turn * (u + 1j * v) + shift - (u + 1j * v)
    assert np.abs(flow[..., 0] - wanted.real).max() < 1e-3
    assert np.abs(flow[..., 1] - wanted.imag).max() < 1e-3


def test_a_raised_arm_moves_alone() -> None:
    target, source = person(), person()
    source[keypoint("right_wrist"), :2] = (5, 30)
    flow = part_affine_flow(source, target, 112, 64)
    assert np.allclose(flow[54, 19], (5 - 19, 30 - 54), atol=1e-3)
    assert np.abs(flow[60:, 25:]).max() < 1e-3


def test_missing_parts_move_with_the_person() -> None:
    target, source = person(), person()
    source[:, 0] += 5
    source[[keypoint("left_knee"), keypoint("left_ankle")]] = np.nan, np.nan, 0
    assert np.allclose(part_affine_flow(source, target, 112, 64)[..., 0], 5, atol=1e-3)
    source[:, 2] = 0
    assert not part_affine_flow(source, target, 112, 64).any()


def test_who_turns_round_is_mirrored_and_hidden_legs_follow_the_trunk() -> None:
    target, source = person(), person()
    source[:, 0] = 64 - source[:, 0]
    legs = [keypoint(f"{side}_{joint}") for side in ("left", "right") for joint in ("knee", "ankle")]
    source[legs] = np.nan, np.nan, 0
    flow = part_affine_flow(source, target, 112, 64)
    for name in ("right_shoulder", "left_hip", "right_knee", "left_ear"):
        x, y = target[keypoint(name), :2].astype(int)
        lands = x + flow[y, x, 0]
        assert (lands - 32) * (x - 32) < 0
        assert abs(lands - (64 - x)) < 0.6 * abs(x - 32)
        assert abs(flow[y, x, 1]) < 1


def test_nobody_and_lone_keypoints() -> None:
    """No two keypoints in both pictures: nothing moves, and nothing is NaN."""
    target, source = person(), person()
    source[1:, 2] = 0
    assert not part_affine_flow(source, target, 112, 64).any()
    source[1] = target[1] + (3, 0, 0)
    source[0] = target[0] + (3, 0, 0)
    flow = part_affine_flow(source, target, 112, 64)
    assert np.allclose(flow, (3, 0), atol=1e-2)


def test_distances_are_from_the_surface_and_negative_inside() -> None:
    """On a part's axis by its radius, in shoulder widths."""
    target = torch.tensor(person())[None]
    found = part_affine.part_flows(target, target, 112, 64).distance[0, 1:]
    width = float(part_affine.shoulder_width(target[..., :2], target[..., 2] > 0))
    for distance, part in zip(found, part_affine.RIGID_PARTS, strict=True):
        assert float(distance.min()) == pytest.approx(-width * part.radius, abs=0.75)
