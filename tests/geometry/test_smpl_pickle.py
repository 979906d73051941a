"""Official-looking pickles are read, malicious ones are refused before anything runs."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import types
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


@pytest.mark.parametrize("protocol", [0, 2, 4])
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
