"""PCKh: against the rule written out keypoint by keypoint, and with the detector on a real photograph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ptx.datasets.images import crop_and_resize, read_image
from ptx.evaluation.pckh import blazepose_detector, detect_all, pckh
from ptx.pipeline.errors import BadSample

PHOTO = Path(__file__).parents[1] / "data" / "detector" / "3.jpg"


def by_hand(detected: np.ndarray, target: np.ndarray, distance: float) -> float:
    """One picture, one keypoint at a time."""
    head = [target[j] for j in (0, 1, 14, 15, 16, 17) if target[j, 2] > 0]
    if len(head) < 2:
        return float("nan")
    width, height = (max(p[axis] for p in head) - min(p[axis] for p in head) for axis in (0, 1))
    correct = valid = 0
    for (x, y, confidence), (u, v, wanted) in zip(detected, target, strict=True):
        if wanted > 0:
            valid += 1
            correct += bool(confidence > 0 and abs(x - u) < distance * width and abs(y - v) < distance * height)
    return correct / valid


def test_against_the_rule_by_hand() -> None:
    rng = np.random.default_rng(0)
    target = np.concatenate([rng.uniform(0, 60, (40, 18, 2)), np.ones((40, 18, 1))], axis=2)
    detected = target + np.concatenate([rng.normal(0, 12, (40, 18, 2)), np.zeros((40, 18, 1))], axis=2)
    for keypoints in (target, detected):
        missing = rng.random((40, 18)) < 0.3
        keypoints[missing] = np.nan, np.nan, 0
    target[0, (0, 1, 14, 15, 16, 17)] = np.nan, np.nan, 0  # a head out of the picture
    for distance in (0.2, 0.5):
        ours = pckh(torch.from_numpy(detected), torch.from_numpy(target), distance).numpy()
        truth = np.array([by_hand(d, t, distance) for d, t in zip(detected, target, strict=True)])
        np.testing.assert_allclose(ours, truth)
        assert 0.05 < np.nanmean(truth) < 0.9
        assert np.isnan(truth[0])


def counted_as_by_patn(detected: np.ndarray, target: np.ndarray) -> tuple[int, int]:
    """Correct and valid keypoints of one picture by the rule of PATN's script: github tengteng95/Pose-Transfer, tool/calPCKH_market.py.

    It reads integers, -1 where there is none (`MISSING_VALUE`). `get_head_wh` takes the box of 0, 1, 14 to 17 (`PARTS_SEL`), at least
    two of them, else the picture is passed over; `ValidPoints` counts the target's rows other than -1, `isRight` the points that both
    have and that are nearer than alpha = .5 of the box along each axis.
    """
    px, py, tx, ty = (
        np.where(one[:, 2] > 0, one[:, axis], -1).astype(int) for one in (detected, target) for axis in (0, 1)
    )
    head = [j for j in (0, 1, 14, 15, 16, 17) if tx[j] != -1 and ty[j] != -1]
    if len(head) < 2:
        return 0, 0
    box = np.ptp(tx[head]), np.ptp(ty[head])
    there = (px != -1) & (py != -1) & (tx != -1) & (ty != -1)
    near = (np.abs(px - tx) < 0.5 * box[0]) & (np.abs(py - ty) < 0.5 * box[1])
    return int((there & near).sum()), int((ty != -1).sum())


def test_against_patns_script() -> None:
    """Their figure is of all keypoints of all pictures; ours, of each picture, gives it back with their numbers of keypoints."""
    rng = np.random.default_rng(1)
    target = np.concatenate([rng.integers(0, 64, (60, 18, 2)), np.ones((60, 18, 1), int)], axis=2).astype(float)
    detected = target + np.concatenate([rng.integers(-9, 10, (60, 18, 2)), np.zeros((60, 18, 1))], axis=2)
    detected[..., :2] = detected[..., :2].clip(0)
    for keypoints in (target, detected):
        keypoints[rng.random((60, 18)) < 0.4] = np.nan, np.nan, 0
    target[:5, (1, 14, 15, 16, 17)] = np.nan, np.nan, 0  # the nose alone, or nothing of the head
    counts = [counted_as_by_patn(np.nan_to_num(d), np.nan_to_num(t)) for d, t in zip(detected, target, strict=True)]
    correct, valid = np.array(counts).T
    assert 0 < (valid == 0).sum() < 30  # pictures that are passed over
    ours = pckh(torch.from_numpy(detected), torch.from_numpy(target)).numpy()
    assert (np.isnan(ours) == (valid == 0)).all()
    there = valid > 0
    np.testing.assert_allclose(ours[there] * valid[there], correct[there])
    assert np.nansum(ours * valid) / valid.sum() == pytest.approx(correct.sum() / valid.sum())


def test_a_pose_is_its_own_and_nobody_is_nowhere() -> None:
    pose = torch.cat([torch.rand(1, 18, 2) * 60, torch.ones(1, 18, 1)], dim=2)
    assert pckh(pose, pose).tolist() == [1]
    assert pckh(torch.zeros(1, 18, 3), pose).tolist() == [0]


def test_the_detector_is_shown_pixels() -> None:
    """One call a picture, 8-bit RGB, height first."""
    shown: list[np.ndarray] = []

    def detector(picture: np.ndarray) -> torch.Tensor:
        shown.append(picture)
        return torch.full((18, 3), float(picture[0, 0, 0]))

    pictures = torch.tensor([-1.0, 1.0])[:, None, None, None].expand(2, 3, 8, 5)
    assert detect_all(detector, pictures)[:, 0, 0].tolist() == [0, 255]
    assert [(one.shape, one.dtype) for one in shown] == [((8, 5, 3), np.uint8)] * 2


def test_of_pictures_without_people_all_keypoints_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Blind:
        def detect(self, picture: np.ndarray) -> None:
            raise BadSample("picture", "nobody there")

    monkeypatch.setattr("ptx.evaluation.pckh.KeypointDetector", Blind)
    found = detect_all(blazepose_detector(), torch.zeros(2, 3, 8, 5))
    assert found.shape == (2, 18, 3)
    assert pckh(found, found).isnan().all()
    assert not found.any()


def test_the_detector_finds_a_person_again_where_they_stand() -> None:
    photo = crop_and_resize(read_image(PHOTO, 10**8), None, (256, 256))[0]
    picture = torch.from_numpy(photo).permute(2, 0, 1)[None].float() / 127.5 - 1
    detector = blazepose_detector()
    pose = detect_all(detector, picture)
    assert (pose[0, :, 2] > 0).sum() >= 8
    assert pckh(detect_all(detector, (picture + 0.02).clamp(-1, 1)), pose) > 0.8
    assert pckh(detect_all(detector, picture.roll(64, dims=3)), pose) < 0.3  # somewhere else
    assert pckh(detect_all(detector, torch.zeros_like(picture)), pose) == 0
