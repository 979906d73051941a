"""PyTorch3D's coordinates, and its rasteriser against ours: a stand-in of its documented rules, and itself where it is installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from ptx.geometry.pytorch3d_rasterizer import rasterize_pytorch3d, to_ndc
from ptx.geometry.rasterizer import rasterize
from ptx.pipeline.errors import PtxError
from tests.geometry import pytorch3d_stand_in
from tests.geometry.scenes import posed
from tests.projects import make_project, read, run

REFERENCE = Path(__file__).parents[1] / "data" / "pytorch3d-raster.npz"


@pytest.fixture(autouse=True)
def pytorch3d(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package, or its stand-in."""
    if find_spec("pytorch3d") is None:
        pytorch3d_stand_in.install(monkeypatch)


def is_stand_in() -> bool:
    """True while the package is not the true one."""
    return not hasattr(sys.modules["pytorch3d"], "__version__")


def test_coordinates() -> None:
    """The documented convention: pixel centre (0, 0) of a 4 × 8 picture is at x = 2 - 1/4, y = 1 - 1/4."""
    corners = np.array([[(0, 0, 5.0), (7, 3, 6.0)], [(0, 0, -5.0), (7, 3, -6.0)]], np.float32)
    assert to_ndc(corners, 4, 8).tolist() == [
        [[1.75, 0.75, 1.0], [-1.75, -0.75, 2.0]],
        [[1.75, 0.75, 2.0], [-1.75, -0.75, 1.0]],
    ]


def test_what_pytorch3d_itself_drew() -> None:
    """A cut-out of a body that PyTorch3D 0.7.9 drew: through the adapter, and by ours, the same faces, weights and depths.

    PyTorch3D adds 1e-8 to the area of every face, so that weights of tiny faces do not sum to 1, and depths are off by as much.
    """
    with np.load(REFERENCE) as file:
        points, faces, wanted = file["points"], file["faces"], file["face"]
        weights, depths = file["bary"], file["depth"]
    height, width = wanted.shape
    shown = wanted >= 0
    sums = weights.sum(-1)
    assert np.abs(sums[shown] - 1).max() < 4e-3
    adapted = [array[0] for array in rasterize_pytorch3d(points[None], faces, height, width)]
    for face, bary, depth in (adapted, rasterize(points, faces, height, width)):
        assert (face == wanted).all()
        np.testing.assert_allclose(bary[shown], weights[shown][:, :2], atol=2e-3)
        np.testing.assert_allclose(
            depth[shown], depths[shown] / sums[shown], atol=1e-2 if depth is adapted[2] else 1e-5
        )
        assert np.isinf(depth[~shown]).all()
        assert (bary[~shown] == 0).all()


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 48), (40, 64)])
def test_same_as_ours(height: int, width: int) -> None:
    """Two bodies at once: faces are numbered by body, depths are of each body's own."""
    scene = posed(2, 64)
    points = scene.points + np.array([0, 0, 7.0], np.float32) * np.arange(2, dtype=np.float32)[:, None, None]
    theirs = rasterize_pytorch3d(points, scene.faces, height, width)
    assert [array.dtype for array in theirs] == [np.int32, np.float32, np.float32]
    for n, seen in enumerate(points):
        ours = rasterize(seen, scene.faces, height, width)
        assert ((ours[0] >= 0) == (theirs[0][n] >= 0)).all()
        same = ours[0] == theirs[0][n]
        assert same.mean() > 0.999
        np.testing.assert_allclose(theirs[1][n][same], ours[1][same], atol=2e-3)
        np.testing.assert_allclose(theirs[2][n][same], ours[2][same], atol=1e-3)


@pytest.mark.slow
def test_the_stage_draws_by_it(tmp_path: Path) -> None:
    """`rasterize.backend: pytorch3d`, in blocks that are not full, against our own."""
    stores = []
    pytorch3d_stand_in.BATCHES.clear()
    for backend in ("builtin", "pytorch3d"):
        chosen = make_project(
            tmp_path / backend, "data.persons=2", "data.images_per_person=2", "size=[48, 32]", "run.block=3",
            f"rasterize.backend={backend}",
        )  # fmt: skip
        run(chosen, "ingest", "extract-keypoints", "silhouette", "parse", "fit-smpl", "dress", "rasterize")
        stores.append({name: read(chosen, "rasterize", name) for name in ("face", "bary", "part")})
    ours, theirs = stores
    asked = [3, 1] if is_stand_in() else []  # a block at a time, and nothing for `builtin`
    assert asked == pytorch3d_stand_in.BATCHES
    assert ((ours["face"] >= 0) == (theirs["face"] >= 0)).all()
    assert ((ours["part"] > 0) == (theirs["part"] > 0)).all()
    same = ours["face"] == theirs["face"]
    assert same.mean() > 0.999
    assert np.abs(ours["bary"][same].astype(int) - theirs["bary"][same]).max() < 200


def test_the_gpu_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a batch goes there at once, and comes back."""
    asked: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "device", lambda name: asked.append(name) or "cpu")
    scene = posed(2, 32)
    assert rasterize_pytorch3d(scene.points, scene.faces, 32, 32)[0].shape == (2, 32, 32)
    assert asked == ["cuda"]


def test_wrong_arguments() -> None:
    scene = posed(1, 16)
    with pytest.raises(ValueError, match=r"must be \(N, V, 3\)"):
        rasterize_pytorch3d(scene.points[0], scene.faces, 16, 16)
    with pytest.raises(ValueError, match="faces name vertices"):
        rasterize_pytorch3d(scene.points, scene.faces + 9999, 16, 16)


def test_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "pytorch3d"]:
        monkeypatch.delitem(sys.modules, name)
    if find_spec("pytorch3d") is not None:
        pytest.skip("it is installed")
    chosen = make_project(tmp_path, "rasterize.backend=pytorch3d", "data.persons=2")
    with pytest.raises(PtxError, match=r"rasterize\.backend: pytorch3d is not installed"):
        chosen.pipeline.stage("rasterize").open()
