"""Who is who in a clip that is read in stretches."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.detected_landmarks import LANDMARKS
from ptx.inference.clip_detection import Stretch, load_stretch, save_stretch
from ptx.inference.clip_people import chosen, people_of
from ptx.pipeline.errors import PtxError

RED, BLUE = (np.zeros((2, 4, 4, 4), np.float32) for _ in range(2))
RED[:, 3, 0, 0] = BLUE[:, 0, 0, 3] = 1


def stretch(
    first: int, length: int, *people: tuple[float, float, np.ndarray, range], cuts: tuple[int, ...] = ()
) -> Stretch:
    """People (place px, height px, colours, frames) of whom all keypoints are in a line."""
    rows = [(frame, track) for track, (_, _, _, frames) in enumerate(people) for frame in frames]
    rows.sort()
    keypoints = np.ones((len(rows), 18, 3), np.float32)
    for row, (_, track) in enumerate(rows):
        keypoints[row, :, 0], keypoints[row, :, 1] = people[track][0], np.linspace(0, people[track][1], 18)
    count = len(rows)
    return Stretch(
        first,
        length,
        np.array(cuts, np.int64),
        np.array([frame for frame, _ in rows], np.int64),
        np.array([track for _, track in rows], np.int64),
        keypoints,
        np.ones((count, 18, 4), np.float32),
        np.ones((count, len(LANDMARKS), 3), np.float32),
        np.ones((count, 2, 21, 3), np.float32),
        np.ones(count, np.float32),
        np.stack([colours for _, _, colours, _ in people]) if people else np.zeros((0, 2, 4, 4, 4), np.float32),
    )


def places(person: object) -> list[float]:
    """Column of a person in each frame, NaN where they are not there."""
    return person.observed.keypoints[:, 0, 0].tolist()


def test_neighbouring_stretches_share_a_frame_that_tells_who_is_who() -> None:
    """The numbers of the two are exchanged in the second stretch, and their clothes are alike."""
    one = stretch(0, 6, (10, 100, RED, range(6)), (200, 80, RED, range(6)))
    two = stretch(5, 4, (200, 80, RED, range(5, 9)), (10, 100, RED, range(5, 9)))
    large, small = people_of([one, two])
    assert places(large) == [10.0] * 9
    assert places(small) == [200.0] * 9
    assert large.there.all()


def test_who_comes_back_is_known_by_their_clothes() -> None:
    one = stretch(0, 6, (10, 100, RED, range(3)), (300, 90, BLUE, range(3)))
    two = stretch(5, 5, (50, 90, BLUE, range(7, 10)), (400, 100, RED, range(7, 10)))
    red, blue = people_of([one, two])
    np.testing.assert_array_equal(places(red), [10.0] * 3 + [np.nan] * 4 + [400.0] * 3)
    np.testing.assert_array_equal(places(blue), [300.0] * 3 + [np.nan] * 4 + [50.0] * 3)
    np.testing.assert_array_equal(red.there, ~np.isnan(places(red)))


def test_another_shot_shows_the_same_dancer_and_somebody_else() -> None:
    whole = stretch(
        0, 10, (10, 100, RED, range(4)), (90, 120, BLUE, range(4, 10)), (50, 100, RED, range(4, 10)), cuts=(4,)
    )
    people = people_of([whole])
    assert len(people) == 2
    red = next(person for person in people if places(person)[0] == 10.0)
    assert places(red) == [10.0] * 4 + [50.0] * 6
    assert red.observed.cuts.tolist() == [4]


def test_the_largest_over_the_clip_comes_first() -> None:
    """Large for a moment is less than middling all the time."""
    people = people_of([stretch(0, 20, (10, 300, RED, range(1)), (200, 100, BLUE, range(20)))])
    assert places(people[0])[0] == 200.0
    assert places(chosen(people, None, "clip"))[0] == 200.0
    assert places(chosen(people, 2, "clip"))[0] == 10.0
    with pytest.raises(PtxError, match="--person 3: clip shows 2"):
        chosen(people, 3, "clip")
    with pytest.raises(PtxError, match="clip: nobody is found"):
        chosen([], None, "clip")


def test_stretches_are_written_and_read(tmp_path: object) -> None:
    whole = stretch(3, 6, (10, 100, RED, range(3, 6)), cuts=(5,))
    save_stretch(tmp_path / "one.npz", whole)
    again = load_stretch(tmp_path / "one.npz")
    assert (again.first, again.length) == (3, 6)
    for name in Stretch._fields:
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
    nobody = stretch(0, 4)
    save_stretch(tmp_path / "two.npz", nobody)
    assert people_of([load_stretch(tmp_path / "two.npz")]) == []
