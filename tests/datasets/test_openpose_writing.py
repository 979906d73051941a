"""Keypoints written as OpenPose's JSON are what its reader reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ptx.datasets.openpose_files import read_pose
from ptx.datasets.openpose_writing import PosedPerson, openpose_json


def test_what_is_written_is_read(tmp_path: Path) -> None:
    keypoints = np.random.default_rng(0).uniform(1, 90, (18, 3))
    keypoints[:, 2] = 0.5
    keypoints[3] = np.nan, np.nan, 0
    document = openpose_json([PosedPerson(keypoints, np.ones((2, 21, 3)), 4)], (120, 100))
    (tmp_path / "a.json").write_text(json.dumps(document))
    person = read_pose(tmp_path / "a.json")
    np.testing.assert_allclose(person.keypoints, keypoints, atol=1e-3)
    assert person.size == (120, 100)


def test_the_form_of_openpose() -> None:
    """As its documentation has it: flat lists of x, y, confidence, zeros where nothing is found."""
    hands = np.full((2, 21, 3), np.nan)
    hands[..., 2] = 0
    document = openpose_json([PosedPerson(np.ones((18, 3)), hands, 1), PosedPerson(np.ones((18, 3)))], (10, 20))
    first, second = document["people"]
    assert document["version"] == 1.3
    assert (document["canvas_height"], document["canvas_width"]) == (10, 20)
    assert first["person_id"] == [1]
    assert len(first["pose_keypoints_2d"]) == 54
    assert first["hand_left_keypoints_2d"] == [0.0] * 63
    assert second["person_id"] == [-1]
    assert "hand_left_keypoints_2d" not in second
    assert openpose_json([], (10, 20))["people"] == []
