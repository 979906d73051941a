"""Every kind of wrong array is refused with one line that names it."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import SHIPPED
from ptx.geometry.body_checks import check_arrays

Arrays = dict[str, np.ndarray]


def shipped(name: str = "builtin") -> Arrays:
    with np.load(SHIPPED[name]) as file:
        return dict(file)


@pytest.mark.parametrize("name", ["builtin", "small"])
def test_shipped_bodies_pass(name: str) -> None:
    check_arrays(shipped(name))


def spoil(arrays: Arrays, key: str, index: object, value: float) -> Arrays:
    changed = arrays[key].astype(np.float64 if arrays[key].dtype.kind == "f" else np.int64)
    changed[index] = value
    return {**arrays, key: changed}


@pytest.mark.parametrize(
    ("key", "index", "value", "words"),
    [
        ("f", (0, 0), -1, r"f names entries -1\.\.\d+, but there are 13718"),
        ("f", (5, 2), 13718, r"f names entries 0\.\.13718, but there are 13718"),
        ("ft", (5, 2), 10**6, r"ft names entries 0\.\.1000000"),
        ("landmarks", 3, 13718, r"landmarks names entries"),
        ("weights", (7, 0), 0.9, r"weights of a vertex sum to"),
        ("weights", (7, 0), np.inf, r"weights holds something other than finite numbers"),
        ("shapedirs", (0, 0, 0), np.nan, r"shapedirs holds something other than finite numbers"),
        ("kintree_table", (0, 5), 1, r"kintree_table is not SMPL's tree of joints; is this SMPL, SMPL-H or SMPL-X"),
    ],
)
def test_wrong_values(key: str, index: object, value: float, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        check_arrays(spoil(shipped(), key, index, value))
    assert "\n" not in str(caught.value)


def test_weights_of_a_vertex_may_be_rounded_to_three_decimals() -> None:
    """Not to two: the largest of a vertex is off by so much."""
    arrays = shipped("small")
    most = float(arrays["weights"][7].max())
    place = (7, int(arrays["weights"][7].argmax()))
    for off in (-0.0009, 0.0009):
        check_arrays(spoil(arrays, "weights", place, most + off))
    for off in (-0.0015, 0.0015):
        with pytest.raises(ValueError, match=r"weights of a vertex sum to (0\.9985|1\.0015), expected 1"):
            check_arrays(spoil(arrays, "weights", place, most + off))


@pytest.mark.parametrize(
    ("key", "shape", "words"),
    [
        ("v_template", (13718, 2), r"v_template has shape \(13718, 2\), expected \(13718, 3\)"),
        ("v_template", (), r"v_template has shape \(\), expected \(1, 3\)"),
        ("J_regressor", (55, 13718), r"J_regressor has shape \(55, 13718\), expected \(24, 13718\)"),
        ("posedirs", (13718, 3, 93), r"posedirs has shape .* expected \(13718, 3, 207\)"),
        ("shapedirs", (13718, 3), r"shapedirs has shape .* expected \(13718, 3, any\)"),
        ("landmarks", (4,), r"landmarks has shape \(4,\), expected \(5\)"),
    ],
)
def test_wrong_shapes(key: str, shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_arrays({**shipped(), key: np.zeros(shape)})


@pytest.mark.parametrize("key", ["v_template", "f", "weights", "J_regressor", "kintree_table", "shapedirs"])
def test_missing_arrays(key: str) -> None:
    arrays = shipped()
    del arrays[key]
    with pytest.raises(ValueError, match=rf"no array {key}; is this SMPL, SMPL-H or SMPL-X"):
        check_arrays(arrays)


@pytest.mark.parametrize("key", ["vt", "ft"])
def test_texture_needs_both(key: str) -> None:
    arrays = shipped()
    del arrays[key]
    with pytest.raises(ValueError, match="has one of vt and ft"):
        check_arrays(arrays)


def test_numbers_only() -> None:
    with pytest.raises(ValueError, match="weights holds something other than finite numbers"):
        check_arrays({**shipped(), "weights": np.ones((13718, 24), bool)})
