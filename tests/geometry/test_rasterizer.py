"""The rasteriser against a plain NumPy one that tries every face on every pixel, and against PyTorch3D's output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptx.geometry.rasterizer import rasterize
from tests.geometry.scenes import posed

REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "raster" / "reference.npz"


def brute_force(
    points: np.ndarray, faces: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """face, bary, depth by the definition: all weights > 0, nearest wins, of equals the lower index."""
    p = points.astype(np.float64)
    y, x = np.mgrid[:height, :width]
    face, depth = np.full((height, width), -1), np.full((height, width), np.inf)
    bary = np.zeros((height, width, 2))
    for f, (i, j, k) in enumerate(faces):
        a, b, c = p[i], p[j], p[k]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
        if not np.isfinite(p[[i, j, k]]).all() or area == 0:
            continue
        w0 = ((b[0] - x) * (c[1] - y) - (c[0] - x) * (b[1] - y)) / area
        w1 = ((c[0] - x) * (a[1] - y) - (a[0] - x) * (c[1] - y)) / area
        w2 = 1 - w0 - w1
        z = w0 * a[2] + w1 * b[2] + w2 * c[2]
        wins = (w0 > 0) & (w1 > 0) & (w2 > 0) & (z < depth)
        face[wins], depth[wins] = f, z[wins]
        bary[wins] = np.stack([w0, w1], axis=-1)[wins]
    return face, bary, depth


@given(st.integers(0, 10**6), st.integers(1, 24), st.integers(1, 20), st.integers(1, 24))
def test_triangle_soup(seed: int, height: int, width: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    points = np.concatenate([rng.uniform(-6, 26, (3 * count, 2)), rng.uniform(-1, 1, (3 * count, 1))], axis=1).astype(
        np.float32
    )
    faces = rng.permutation(3 * count).reshape(count, 3)
    face, bary, depth = rasterize(points, faces, height, width)
    expected = brute_force(points, faces, height, width)
    assert (face == expected[0]).all()
    assert np.abs(bary - expected[1]).max() < 1e-4
    assert np.allclose(depth, expected[2], atol=1e-5)


@pytest.mark.slow
def test_posed_bodies() -> None:
    scene = posed(3, 48)
    for points in scene.points:
        face, bary, depth = rasterize(points, scene.faces, 48, 48)
        expected = brute_force(points, scene.faces, 48, 48)
        assert ((face >= 0) == (expected[0] >= 0)).all()
        same = face == expected[0]
        assert same[face >= 0].mean() > 0.999
        assert np.abs(bary - expected[1])[same].max() < 2e-3  # tiny faces
        assert np.allclose(depth[face >= 0], expected[2][face >= 0], atol=1e-4)


@pytest.mark.skipif(not REFERENCE.exists(), reason="PyTorch3D's output is not here")
def test_pytorch3d_agrees() -> None:
    with np.load(REFERENCE) as file:
        reference = dict(file)
    body = same = 0
    for n in range(4):
        points = np.concatenate([reference["verts_pix"][n], reference["verts_depth"][n][:, None]], axis=1)
        face, bary, depth = rasterize(points, reference["faces"], 256, 256)
        expected = reference["pix_to_face"][n]
        assert ((face >= 0) == (expected >= 0)).all()
        equal = (face == expected) & (face >= 0)
        body, same = body + (face >= 0).sum(), same + equal.sum()
        assert np.abs(bary - reference["bary_coords"][n][..., :2])[equal].max() < 0.02
        # Its weights of tiny faces do not sum to 1 (an epsilon in their area), so neither are its depths exact there.
        assert np.quantile(np.abs(depth - reference["depth"][n])[equal], (0.5, 0.99)) == pytest.approx(0, abs=5e-3)
    assert same / body >= 0.9995


def test_what_cannot_be_drawn_is_left_out() -> None:
    points = np.array([(0, 0, 1), (9, 0, 1), (0, 9, 1), (np.nan, 0, 1), (np.inf, 5, 1), (1e30, 1e30, 0)], np.float32)
    face, bary, depth = rasterize(points, [[0, 1, 3], [0, 1, 4], [0, 0, 1], [0, 1, 5]], 8, 8)
    assert (face[:, 1:] <= 3).all()
    assert not np.isnan(bary).any()
    face, _, depth = rasterize(points + 100, [[0, 1, 2]], 8, 8)
    assert (face == -1).all()
    assert np.isinf(depth).all()


def test_nearer_wins_and_equals_go_to_the_lower_index() -> None:
    corners = np.array([(-1, -1), (9, -1), (-1, 9)], np.float32)
    layers = [np.column_stack([corners, np.full(3, z, np.float32)]) for z in (2, 1, 1)]
    face, _, depth = rasterize(np.concatenate(layers), np.arange(9).reshape(3, 3), 4, 4)
    assert (face == 1).all()
    assert (depth == 1).all()


def test_both_sides_are_drawn() -> None:
    points = np.array([(-1, -1, 0), (9, -1, 0), (-1, 9, 0)], np.float32)
    for face in ([0, 1, 2], [0, 2, 1]):
        assert (rasterize(points, [face], 4, 4)[0] == 0).all()


def test_wrong_arguments() -> None:
    points, faces = np.zeros((3, 3), np.float32), [[0, 1, 2]]
    with pytest.raises(ValueError, match="each side must be"):
        rasterize(points, faces, 0, 5)
    with pytest.raises(ValueError, match=r"faces name vertices 0\.\.3, but there are 3"):
        rasterize(points, [[0, 1, 3]], 4, 4)
    with pytest.raises(ValueError, match="must be"):
        rasterize(points[:, :2], faces, 4, 4)
