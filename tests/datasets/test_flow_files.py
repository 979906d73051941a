"""Files of dense flow: bytes written by hand from the formats' own definitions, round trips, and damaged files."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.flow_files import (
    flow_from_positions,
    read_corr,
    read_flo,
    read_positions,
    write_corr,
    write_flo,
    write_positions,
)
from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE
from tests.datasets.problems import raises_problem

# Two rows of three pixels: the source position of each, and its visibility.
POSITIONS = [[(0.5, 0.25), (2.0, 1.0), (0.0, 0.0)], [(1.0, 1.0), (0.0, 0.0), (-7.5, 3.0)]]
VISIBILITY = [[VISIBLE, VISIBLE, BACKGROUND], [HIDDEN, BACKGROUND, HIDDEN]]
FLOW = [[(0.5, 0.25), (1.0, 1.0), (0.0, 0.0)], [(1.0, 0.0), (0.0, 0.0), (-9.5, 2.0)]]
CORR = (
    struct.pack("<ii", 3, 2)
    + b"".join(struct.pack("<ff", *xy) for row in POSITIONS for xy in row)
    + bytes(label for row in VISIBILITY for label in row)
)
FLO = b"PIEH" + struct.pack("<ii", 3, 2) + b"".join(struct.pack("<ff", *xy) for row in FLOW for xy in row)


def test_corr_by_hand(tmp_path: Path) -> None:
    (tmp_path / "a.corr").write_bytes(CORR)
    flow, visibility = read_corr(tmp_path / "a.corr")
    assert flow.dtype == np.float32
    np.testing.assert_array_equal(flow, FLOW)
    np.testing.assert_array_equal(visibility, VISIBILITY)
    positions, _ = read_positions(tmp_path / "a.corr")
    np.testing.assert_array_equal(positions, POSITIONS)
    np.testing.assert_array_equal(flow_from_positions(positions, visibility), FLOW)


def test_corr_is_written_byte_for_byte(tmp_path: Path) -> None:
    visibility = np.array(VISIBILITY, np.uint8)
    write_corr(tmp_path / "a.corr", np.array(FLOW, np.float32), visibility)
    assert (tmp_path / "a.corr").read_bytes() == CORR
    write_positions(tmp_path / "b.corr", np.array(POSITIONS, np.float32), visibility)
    assert (tmp_path / "b.corr").read_bytes() == CORR


def test_positions_keep_their_bits(tmp_path: Path) -> None:
    """NaN, negative zero and numbers on the background come out as they went in."""
    positions = np.array([[(np.nan, -0.0), (1e-40, 5.0)]], np.float32)
    write_positions(tmp_path / "a.corr", positions, np.array([[VISIBLE, BACKGROUND]], np.uint8))
    assert read_positions(tmp_path / "a.corr")[0].tobytes() == positions.tobytes()


def test_flo_by_hand(tmp_path: Path) -> None:
    """The first number of a .flo file reads PIEH as text."""
    (tmp_path / "a.flo").write_bytes(FLO)
    np.testing.assert_array_equal(read_flo(tmp_path / "a.flo"), FLOW)
    write_flo(tmp_path / "b.flo", np.array(FLOW, np.float32))
    assert (tmp_path / "b.flo").read_bytes() == FLO


@pytest.mark.parametrize(
    "content",
    [
        b"",
        CORR[:7],
        CORR[:-1],
        CORR + b"\0",
        struct.pack("<ii", 2, 3) + CORR[8:-1],
        struct.pack("<ii", -3, -2) + CORR[8:],
        struct.pack("<ii", 0, 0),
        struct.pack("<ii", 2**31 - 1, 2**31 - 1) + CORR[8:],
        CORR[:-1] + bytes([3]),
    ],
)
def test_damaged_corr(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.corr").write_bytes(content)
    with raises_problem("bad_flow", r"a\.corr: "):
        read_corr(tmp_path / "a.corr")


@pytest.mark.parametrize(
    "content",
    [b"", FLO[:11], FLO[:-1], FLO + b"\0", b"PIEG" + FLO[4:], FLO[:4] + struct.pack("<ii", -3, -2) + FLO[12:]],
)
def test_damaged_flo(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.flo").write_bytes(content)
    with raises_problem("bad_flow", r"a\.flo: this is no \.flo file"):
        read_flo(tmp_path / "a.flo")


def test_absent_files(tmp_path: Path) -> None:
    for read in (read_corr, read_flo):
        with raises_problem("missing_flow", "^no a.corr in "):
            read(tmp_path / "a.corr")
        with raises_problem("bad_flow", ""):
            read(tmp_path)
