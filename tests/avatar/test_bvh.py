"""BVH files read, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ptx.avatar.bvh import read_bvh
from ptx.pipeline.errors import PtxError
from tests.avatar.skeletons import person, write_bvh

SMALL = """HIERARCHY
ROOT Hips
{
    OFFSET 0 0 0
    CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
    JOINT Upper Arm
    {
        OFFSET 1 0 0
        CHANNELS 3 Yrotation Xrotation Zrotation
        End Site
        {
            OFFSET 2 0 0
        }
    }
}
MOTION
Frames: 2
Frame Time: 0.05
0 5 0  0 0 0  0 0 0
1 5 2  90 0 0  0 0 90
"""


def write(tmp_path: Path, text: str) -> Path:
    (tmp_path / "motion.bvh").write_text(text)
    return tmp_path / "motion.bvh"


def test_places(tmp_path: Path) -> None:
    """Turned by 90 degrees about z at the hips and again at the arm: up from the hips, then back along -x."""
    bvh = read_bvh(write(tmp_path, SMALL))
    assert bvh.names == ("Hips", "Upper Arm", "Upper Arm end")
    assert bvh.parents == (-1, 0, 1)
    assert bvh.fps == pytest.approx(20)
    np.testing.assert_allclose(bvh.place(1), [(1, 5, 0), (1, 6, 2)], atol=1e-12)
    np.testing.assert_allclose(bvh.place(2), [(3, 5, 0), (-1, 6, 2)], atol=1e-12)


def test_order_of_channels(tmp_path: Path) -> None:
    """The first channel is the outermost rotation: Y by 90, X by 90 brings x first to x, then to -z; X first would give y."""
    turned = SMALL.replace("1 5 2  90 0 0  0 0 90", "0 0 0  0 0 0  90 90 0")
    np.testing.assert_allclose(read_bvh(write(tmp_path, turned)).place(2)[1], (1, 0, -2), atol=1e-12)
    other = turned.replace("Yrotation Xrotation Zrotation\n        End", "Xrotation Yrotation Zrotation\n        End")
    np.testing.assert_allclose(read_bvh(write(tmp_path, other)).place(2)[1], (1, 2, 0), atol=1e-12)


def test_joints_with_places_of_their_own(tmp_path: Path) -> None:
    moved = SMALL.replace("CHANNELS 3 Yrotation", "CHANNELS 4 Xposition Yrotation")
    moved = moved[: moved.index("0 5 0")] + "0 5 0  0 0 0  3 0 0 0\n1 5 2  90 0 0  7 0 0 90\n"
    np.testing.assert_allclose(read_bvh(write(tmp_path, moved)).place(1), [(3, 5, 0), (1, 12, 2)], atol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("HIERARCHY", "hierarchy", "line 1: a BVH file begins with HIERARCHY"),
        ("OFFSET 1 0 0", "OFFSET 1 0", "line 8: OFFSET must be 3 numbers"),
        ("OFFSET 1 0 0", "OFFSET 1 0 nan", "line 8: OFFSET must be 3 numbers"),
        ("        OFFSET 1 0 0\n", "", "line 13: a joint without OFFSET"),
        ("CHANNELS 3 Yrot", "CHANNELS 4 Yrot", "line 9: CHANNELS must be a number and as many of"),
        ("Yrotation Xrotation Zrotation\n    ", "Yrotation Yrotation Wrotation\n    ", "line 9: CHANNELS must be"),
        ("ROOT Hips", "JOINT Hips", "line 2: `JOINT` is not expected here"),
        ("}\nMOTION", "MOTION", "line 15: `MOTION` is not expected here"),
        ("MOTION", "}\nMOTION", "line 16: `}` is not expected here"),
        ("Frames: 2", "Frames: two", "line 17: here `Frames:` must be"),
        ("Frames: 2", "Frames: 999999999", "line 17: here `Frames:` must be, and a number up to 100,000"),
        ("Frames: 2", "Frames: 3", "line 20: the file ends where frame 3 of 3 should be"),
        ("Frame Time: 0.05", "Frame Time: 0", "line 18: Frame Time is 0 seconds"),
        ("Frame Time: 0.05", "Time: 0.05", "line 18: here `Frame Time:` must be"),
        ("1 5 2  90", "1 5 2  x", "line 20: frame 2 must be 9 numbers"),
        ("1 5 2  90", "1 5 2", "line 20: frame 2 must be 9 numbers"),
    ],
)
def test_what_is_no_bvh_is_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SMALL
    with pytest.raises(PtxError) as refused:
        read_bvh(write(tmp_path, SMALL.replace(old, new, 1)))
    assert str(refused.value).startswith(f"{tmp_path / 'motion.bvh'}, ")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_missing_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="is not there"):
        read_bvh(tmp_path / "none.bvh")
    (tmp_path / "binary.bvh").write_bytes(bytes(range(256)) * 10)
    with pytest.raises(PtxError, match="a BVH file begins with HIERARCHY"):
        read_bvh(tmp_path / "binary.bvh")


def test_deep_and_large_skeletons_are_bounded(tmp_path: Path) -> None:
    deep = "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\n" + "JOINT b\n{\nOFFSET 0 0 0\n" * 5000
    with pytest.raises(PtxError, match="more than 1000 joints"):
        read_bvh(write(tmp_path, deep))


def test_what_the_tests_write_is_read(tmp_path: Path) -> None:
    tree = person("cmu")
    bvh = read_bvh(write_bvh(tmp_path / "person.bvh", tree, [{}], [(0, 95, 0)]))
    assert len([name for name in bvh.names if not name.endswith(" end")]) == len(tree)
    np.testing.assert_allclose(bvh.place(bvh.names.index("LeftHand"))[0], (68, 138, 0), atol=1e-6)
