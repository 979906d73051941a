"""Arrays of .npz and .pkl files: those that are wanted, and nothing but `Malformed` of a damaged file."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ptx.datasets.array_files import named, read_arrays, reshaped, rows
from ptx.datasets.foreign_files import Malformed

CONTENT = {"a": np.arange(6, dtype=np.int16).reshape(2, 3), "b": [1.5, 2.5], "c": 7}
NAMES = ("a", "b", "c", "outer.inner", "absent")


def write(path: Path, compressed: bool = False) -> bytes:
    if path.suffix == ".npz":
        (np.savez_compressed if compressed else np.savez)(path, **CONTENT)
    else:
        path.write_bytes(pickle.dumps(CONTENT | {"outer": {"inner": np.ones(2)}, "text": "words"}, protocol=2))
    return path.read_bytes()


@pytest.mark.parametrize("ending", [".npz", ".pkl"])
def test_wanted_arrays(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    write(path)
    arrays = read_arrays(path, NAMES, 10**6)
    assert set(arrays) == ({"a", "b", "c"} if ending == ".npz" else {"a", "b", "c", "outer.inner"})
    assert all(array.dtype == np.float64 for array in arrays.values())
    assert arrays["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert arrays["b"].tolist() == [1.5, 2.5]
    assert float(arrays["c"]) == 7


def test_what_is_not_wanted_is_not_decoded(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.zeros(2), gender=np.array([{}], object))
    assert set(read_arrays(tmp_path / "a.npz", ("a",), 10**6)) == {"a"}
    with pytest.raises(Malformed):
        read_arrays(tmp_path / "a.npz", ("gender",), 10**6)
    write(tmp_path / "a.pkl")
    with pytest.raises(Malformed, match=r"^text: "):
        read_arrays(tmp_path / "a.pkl", ("text",), 10**6)
    with pytest.raises(Malformed, match="a is no dictionary"):
        read_arrays(tmp_path / "a.pkl", ("a.inner",), 10**6)


class Evil:
    """An object whose unpickling writes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return exec, (f"open({str(self.marker)!r}, 'w')",)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_dictionaries_and_lists_of_objects_inside_an_npz(tmp_path: Path, protocol: int) -> None:
    """Written by hand with each protocol that a numpy may use, as numpy.lib.format lays objects out."""
    boxed = np.empty((), object)
    boxed[()] = {"inner": np.arange(3.0), "none": None}
    ragged = np.empty(2, object)
    ragged[:] = [np.arange(3), [4, 5, 6]]
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, array in (("outer", boxed), ("rows", ragged)):
            member = io.BytesIO()
            np.lib.format.write_array_header_1_0(member, {"descr": "|O", "fortran_order": False, "shape": array.shape})
            archive.writestr(f"{name}.npy", member.getvalue() + pickle.dumps(array, protocol))
    arrays = read_arrays(
        tmp_path / "a.npz", ("outer.inner", "outer.none", "outer.absent", "rows", "other.inner"), 10**6
    )
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "outer.inner": [0, 1, 2], "rows": [[0, 1, 2], [4, 5, 6]],
    }  # fmt: skip


def test_nothing_in_an_npz_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    np.savez(tmp_path / "a.npz", outer={"inner": np.zeros(2), "other": Evil(marker)})
    with pytest.raises(Malformed, match="refused"):
        read_arrays(tmp_path / "a.npz", ("outer.inner",), 10**6)
    assert read_arrays(tmp_path / "a.npz", ("other",), 10**6) == {}
    assert not marker.exists()


@pytest.mark.parametrize("ending", [".npz", ".pkl"])
def test_a_list_that_says_itself_over_and_over_is_refused(tmp_path: Path, ending: str) -> None:
    """2^30 numbers in a file of some hundred bytes."""
    value: list = [1.0]
    for _ in range(30):
        value = [value, value]
    boxed = np.empty((), object)
    boxed[()] = {"inner": value}
    if ending == ".npz":
        np.savez(tmp_path / "a.npz", outer=boxed)
    else:
        (tmp_path / "a.pkl").write_bytes(pickle.dumps({"outer": {"inner": value}}))
    with pytest.raises(Malformed, match=r"outer\.inner: a list of more than \d+ numbers"):
        read_arrays(tmp_path / f"a{ending}", ("outer.inner",), 10**6)


def test_one_array_without_a_name(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(3))
    with pytest.raises(Malformed, match="one array without a name"):
        read_arrays((tmp_path / "a.npy").rename(tmp_path / "a.npz"), ("a",), 10**6)


def test_absent_and_large_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "a.npz", ("a",), 10**6)
    write(tmp_path / "a.npz")
    with pytest.raises(Malformed, match="more than 100 bytes"):
        read_arrays(tmp_path / "a.npz", ("a",), 100)


@pytest.mark.slow
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([".npz", ".pkl"]), st.booleans(), st.data())
def test_damage_is_malformed(tmp_path: Path, ending: str, compressed: bool, data: st.DataObject) -> None:
    path = tmp_path / f"a{ending}"
    content = bytearray(write(path, compressed))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    try:
        arrays = read_arrays(path, NAMES, 10**6)
    except Malformed:
        return
    assert all(array.dtype == np.float64 for array in arrays.values())


def test_rows() -> None:
    arrays = {"a": np.arange(6.0), "one": np.arange(3.0), "empty": np.zeros(0)}
    assert rows(arrays, "a", 3).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert rows(arrays, "one", 3, 2).tolist() == [[0, 1, 2], [0, 1, 2]]
    assert reshaped(arrays["a"], "a", 2, -1).shape == (2, 3)
    assert named(arrays, "a") is arrays["a"]
    for name, width, count, match in (
        ("a", 4, None, "a has 6 numbers, which is no multiple of 4"),
        ("a", 3, 3, "a has 2 rows, expected 3"),
        ("empty", 3, None, "empty is empty"),
        ("none", 3, None, "no 'none'"),
    ):
        with pytest.raises(Malformed, match=match):
            rows(arrays, name, width, count)
