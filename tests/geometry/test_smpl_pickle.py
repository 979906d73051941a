"""Official-looking pickles are read, malicious ones are refused before anything runs."""

from __future__ import annotations

import contextlib
import gzip
import os
import pickle
import pickletools
import subprocess
import sys
import types
import zlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from ptx.geometry.body import SHIPPED, load_body
from ptx.geometry.smpl_pickle import read_smpl_pickle


class Ch:
    """Stands for chumpy's array when a test writes a file: pickled by its name, chumpy.ch.Ch."""

    def __init__(self, x: np.ndarray) -> None:
        self.x = x


@pytest.fixture
def official(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small body as the official files are laid out: chumpy's arrays, a sparse regressor, strings beside them."""
    module = types.ModuleType("chumpy.ch")
    monkeypatch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
    monkeypatch.setitem(sys.modules, "chumpy.ch", module)
    monkeypatch.setattr(Ch, "__module__", "chumpy.ch")
    module.Ch = Ch  # type: ignore[attr-defined]
    with np.load(SHIPPED["small"]) as file:
        arrays = {
            k: file[k] for k in ("v_template", "f", "weights", "J_regressor", "kintree_table", "shapedirs", "landmarks")
        }
    content = {
        **arrays,
        "v_template": Ch(arrays["v_template"].astype(np.float64)),
        "shapedirs": Ch(arrays["shapedirs"].astype(np.float64)),
        "J_regressor": sparse.csc_matrix(arrays["J_regressor"].astype(np.float64)),
        "bs_type": "lrotmin",
        "bs_style": "lbs",
    }
    path = tmp_path / "SMPL_NEUTRAL.pkl"
    path.write_bytes(pickle.dumps(content, protocol=2))
    return path


def test_official_layout(official: Path) -> None:
    body, same = load_body(str(official)), load_body("small")
    for name in ("v_template", "faces", "weights", "joint_regressor", "shapedirs"):
        assert np.allclose(getattr(body, name), getattr(same, name), atol=1e-6)


def test_protocol_5_is_read_as_protocol_2_is(tmp_path: Path) -> None:
    """The default of Python 3.14; numpy 1 and 2 call the function that makes the array by two modules' names."""
    with np.load(SHIPPED["small"]) as file:
        content = {name: file[name] for name in file.files}
    same, path = load_body("small"), tmp_path / "body.pkl"
    for module in (b"numpy._core.numeric", b"numpy.core.numeric"):
        written = pickle.dumps(content, protocol=5)
        assert b"numpy._core.numeric" in written
        path.write_bytes(replaced_name(written, b"numpy._core.numeric", module))
        body = load_body(str(path))
        for name in ("v_template", "faces", "weights", "joint_regressor", "shapedirs"):
            assert np.allclose(getattr(body, name), getattr(same, name), atol=1e-6)


def replaced_name(written: bytes, name: bytes, other: bytes) -> bytes:
    """A pickle of protocol 4 or 5 with another name, without its frames, whose lengths would change (9 bytes each)."""
    starts = [(at, code.name == "FRAME") for code, _, at in pickletools.genops(written)]
    stops = [at for at, _ in starts[1:]] + [len(written)]
    unframed = b"".join(written[at:stop] for (at, frame), stop in zip(starts, stops, strict=True) if not frame)
    return unframed.replace(b"\x8c" + bytes([len(name)]) + name, b"\x8c" + bytes([len(other)]) + other)


@pytest.mark.parametrize("module", [b"numpy.core._multiarray_umath", b"numpy.core.multiarray"])
def test_modules_of_older_numpys(tmp_path: Path, module: bytes) -> None:
    """numpy 1.16.0 wrote the name of a module that other releases do not have."""
    written = pickle.dumps({"v_template": np.arange(6.0).reshape(2, 3), "f": np.float64(7)}, protocol=2)
    assert b"numpy._core.multiarray" in written
    (tmp_path / "a.pkl").write_bytes(written.replace(b"cnumpy._core.multiarray\n", b"c" + module + b"\n"))
    read = read_smpl_pickle(tmp_path / "a.pkl")
    assert read["v_template"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert read["f"] == 7


@pytest.mark.parametrize(
    ("raw", "shape", "order"),
    [
        (b"short", (6,), "C"),
        (bytes(48), (7,), "C"),
        (bytes(48), (-6,), "C"),
        ([1.0] * 5, (6,), "C"),
        (7, (6,), "C"),
        (bytes(48), 6, "C"),
    ],
)
def test_forged_buffers(tmp_path: Path, raw: object, shape: object, order: str) -> None:
    forged = Runs(np.zeros(1).__reduce_ex__(5)[0], raw, np.dtype("f8"), shape, order)
    (tmp_path / "forged.pkl").write_bytes(pickle.dumps({"v_template": forged}, protocol=5))
    with pytest.raises(ValueError, match="not an SMPL pickle"):
        read_smpl_pickle(tmp_path / "forged.pkl")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("torch._utils _rebuild_tensor_v2", "save torch's tensors as arrays"),
        ("joblib.numpy_pickle NumpyArrayWrapper", "it is joblib's: load it with joblib"),
    ],
)
def test_foreign_objects_are_refused_with_advice(tmp_path: Path, name: str, advice: str) -> None:
    module, _, attribute = name.partition(" ")
    (tmp_path / "a.pkl").write_bytes(f"c{module}\n{attribute}\n.".encode())
    with pytest.raises(ValueError, match=rf"refused: {advice}"):
        read_smpl_pickle(tmp_path / "a.pkl")


@pytest.mark.parametrize(
    ("packed", "kind"),
    [
        (gzip.compress, "packed by gzip"),
        (zlib.compress, "packed by zlib, as joblib does"),
        (lambda _: b"PK\x03\x04torch", "a zip archive, as torch"),
    ],
)
def test_other_files_under_the_name_of_a_pickle(tmp_path: Path, packed: Callable[[bytes], bytes], kind: str) -> None:
    (tmp_path / "a.pkl").write_bytes(packed(pickle.dumps({"v_template": np.zeros(3)})))
    with pytest.raises(ValueError, match=f"no pickle but {kind}"):
        read_smpl_pickle(tmp_path / "a.pkl")


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_matrices(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"J_regressor": np.asmatrix([[1.0, 2], [3, 4]])}, protocol=2))
    assert read_smpl_pickle(tmp_path / "a.pkl")["J_regressor"].tolist() == [[1, 2], [3, 4]]


def test_ordered_dictionaries(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(OrderedDict(v_template=np.ones(3), f=np.zeros(2))))
    assert {name: array.tolist() for name, array in read_smpl_pickle(tmp_path / "a.pkl").items()} == {
        "v_template": [1, 1, 1], "f": [0, 0],
    }  # fmt: skip


def test_damaged_file(official: Path) -> None:
    official.write_bytes(official.read_bytes()[:5000])
    with pytest.raises(ValueError, match="not an SMPL pickle"):
        load_body(str(official))


class Runs:
    """An object whose unpickling calls something."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("kind", ["system", "popen", "eval", "open", "getattr", "load", "nested", "import"])
def test_malicious_pickles_do_nothing(tmp_path: Path, kind: str, protocol: int) -> None:
    marker = tmp_path / "marker"
    write = f"open({str(marker)!r}, 'w')"
    evil = {
        "system": Runs(os.system, f"touch {marker}"),
        "popen": Runs(subprocess.Popen, ["touch", str(marker)]),
        "eval": Runs(eval, write),
        "open": Runs(open, str(marker), "w"),
        "getattr": Runs(getattr, os, "system") if protocol < 0 else Runs(getattr, "", "join"),
        "load": Runs(np.load, str(marker)),
        "nested": {"x": [Runs(exec, write)]},
        "import": Runs(__import__, "antigravity"),
    }[kind]
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps({"v_template": evil}, protocol=protocol))
    with pytest.raises(ValueError, match="refused"):
        read_smpl_pickle(path)
    assert not marker.exists()


def test_stub_is_no_way_out(tmp_path: Path) -> None:
    """A stub can be called by nothing in the file, and what is no array of numbers is refused."""
    for content in (
        {"v_template": "text"},
        {"v_template": np.array(["a"])},
        [1, 2],
        {"v_template": np.array([{}], object)},
    ):
        path = tmp_path / "odd.pkl"
        path.write_bytes(pickle.dumps(content, protocol=2))
        with pytest.raises(ValueError, match="not an SMPL pickle"):
            read_smpl_pickle(path)


class Forged:
    """An array whose pickle says what a test wants: numpy would take its word."""

    def __init__(self, state: tuple[object, ...] | None = None, dtype: tuple[object, ...] | None = None) -> None:
        self.state, self.dtype = state, dtype

    def __reduce__(self) -> tuple[object, ...]:
        reconstruct, empty, (version, shape, kind, fortran, raw) = np.zeros((2, 3)).__reduce__()
        if self.dtype is not None:
            kind = Runs(np.dtype, "f8", False, True)
            kind.call = (*kind.call, self.dtype)
        return reconstruct, empty, self.state or (version, shape, kind, fortran, raw)


@pytest.mark.parametrize(
    "forged",
    [
        Forged((1, (2, 3), np.dtype("f8"), False, b"short")),
        Forged((1, (2**40, 2**40), np.dtype("f8"), False, b"")),
        Forged((1, (-1, -6), np.dtype("f8"), False, bytes(48))),
        Forged((1, (6,), np.dtype("O"), False, bytes(48))),
        Forged((1, (2,), np.dtype([("a", "f8"), ("b", "O")]), False, bytes(32))),
        Forged((1, (6,), "f8", False, bytes(48))),
        Forged((1, "shape", np.dtype("f8"), False, bytes(48))),
        Forged((1, (6,))),
        Forged(dtype=(3, "!", None, None, None, -1, -1, 0)),
        Forged(dtype=("no state",)),
    ],
    ids=["short", "huge", "negative", "object", "record", "no dtype", "no shape", "no state", "order", "dtype state"],
)
def test_forged_arrays(tmp_path: Path, forged: Forged) -> None:
    path = tmp_path / "forged.pkl"
    path.write_bytes(pickle.dumps({"v_template": forged}, protocol=2))
    with pytest.raises(ValueError, match="not an SMPL pickle"):
        read_smpl_pickle(path)


def test_forged_flags_are_not_believed(tmp_path: Path) -> None:
    """A dtype that claims to hold objects makes numpy follow the numbers as pointers; here they stay numbers."""
    path = tmp_path / "forged.pkl"
    path.write_bytes(pickle.dumps({"v_template": Forged(dtype=(3, "<", None, None, None, 8, 8, 63))}, protocol=2))
    assert np.array_equal(read_smpl_pickle(path)["v_template"], np.zeros((2, 3)))


@pytest.mark.parametrize("kind", [">f8", "<f4", "i2", "u1", ">u4"])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_arrays_of_all_kinds(tmp_path: Path, kind: str, protocol: int) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(kind)
    path = tmp_path / "arrays.pkl"
    path.write_bytes(
        pickle.dumps({"v_template": array, "f": np.asfortranarray(array), "weights": array.flat[5]}, protocol)
    )
    read = read_smpl_pickle(path)
    assert np.array_equal(read["v_template"], array)
    assert np.array_equal(read["f"], array)
    assert read["weights"] == 5


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bytes(official: Path, seed: int) -> None:
    """Whatever a damaged file says, it is read or refused."""
    damaged, random = bytearray(official.read_bytes()), np.random.default_rng(seed)
    for at in random.integers(0, len(damaged), 20):
        damaged[at % (2000 if at % 2 else len(damaged))] = random.integers(256)
    official.write_bytes(bytes(damaged))
    with contextlib.suppress(ValueError):
        read_smpl_pickle(official)
