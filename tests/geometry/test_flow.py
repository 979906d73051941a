"""Flow against correspondences that are known without it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptx.geometry.flow import encode_flow, flow_between, warp
from ptx.geometry.quantization import FLOW_STEP, decode_flow
from ptx.geometry.rasterizer import rasterize
from tests.geometry.scenes import posed


@given(st.floats(-40, 40), st.floats(-40, 40), st.floats(0.5, 2))
def test_moved_and_scaled_body(dx: float, dy: float, scale: float) -> None:
    """u' = s u + d: the flow at (x, y) is ((s - 1) x + dx, (s - 1) y + dy)."""
    scene = posed(1, 64)
    face, bary, _ = rasterize(scene.points[0], scene.faces, 64, 64)
    moved = scene.points[0].astype(np.float64) * (scale, scale, 1) + (dx, dy, 0)
    flow = flow_between(face, bary, moved, scene.faces)
    y, x = np.nonzero(face >= 0)
    expected = np.stack([(scale - 1) * x + dx, (scale - 1) * y + dy], axis=-1)
    assert np.abs(flow[y, x] - expected).max() < 2e-3
    assert (flow[face < 0] == 0).all()


@pytest.mark.parametrize("size", [(9, 4), (4, 9)])
def test_pictures_that_are_not_square(size: tuple[int, int]) -> None:
    """All of the target shows one point of the body: the flow is the vector from each pixel to it."""
    first_vertex = np.broadcast_to([1.0, 0.0], (*size, 2))
    flow = flow_between(np.zeros(size, int), first_vertex, [[20, -30, 1], [0, 0, 1], [1, 0, 1]], [[0, 1, 2]])
    y, x = np.indices(size)
    np.testing.assert_allclose(flow, np.stack([20 - x, -30 - y], axis=-1))


def test_turned_sphere() -> None:
    """On a fine sphere turned by 30 degrees, the flow is that of the rotation, in closed form."""
    n, side, radius, turn = 200, 128, 50.0, np.radians(30)
    latitude, longitude = np.mgrid[0:n, 0 : 2 * n]
    theta, phi = (latitude + 0.5) / n * np.pi, longitude / n * np.pi
    ball = np.stack([np.sin(theta) * np.sin(phi), np.cos(theta), np.sin(theta) * np.cos(phi)], axis=-1).reshape(-1, 3)
    a = (latitude * 2 * n + longitude)[:-1].ravel()
    b = (latitude * 2 * n + (longitude + 1) % (2 * n))[:-1].ravel()
    faces = np.concatenate([np.stack([a, b, a + 2 * n], axis=-1), np.stack([b, b + 2 * n, a + 2 * n], axis=-1)])
    c, s = np.cos(turn), np.sin(turn)
    turned = ball @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])  # (x, z) -> (c x + s z, -s x + c z)
    centre = (side - 1) / 2

    def seen(xyz: np.ndarray) -> np.ndarray:
        return np.stack([centre + radius * xyz[:, 0], centre - radius * xyz[:, 1], -xyz[:, 2]], axis=-1).astype(
            np.float32
        )

    face, bary, _ = rasterize(seen(ball), faces, side, side)
    flow = flow_between(face, bary, seen(turned), faces)
    y, x = np.nonzero(face >= 0)
    u, v = (x - centre) / radius, -(y - centre) / radius
    inner = u**2 + v**2 < 0.9
    depth = np.sqrt(1 - u[inner] ** 2 - v[inner] ** 2)
    expected = radius * (c * u[inner] + s * depth - u[inner])
    assert np.abs(flow[y[inner], x[inner], 0] - expected).max() < 0.05
    assert np.abs(flow[y[inner], x[inner], 1]).max() < 0.05


def test_posed_bodies_in_float64() -> None:
    """Pixel → its place on the face, solved anew in float64 → the same place in the source."""
    scene = posed(2, 96, seed=3)
    target, source = scene.points.astype(np.float64)
    face, bary, _ = rasterize(scene.points[0], scene.faces, 96, 96)
    flow = flow_between(face, bary, scene.points[1], scene.faces)
    y, x = np.nonzero(face >= 0)
    corners = scene.faces[face[y, x]]
    system = np.concatenate([target[corners][..., :2].transpose(0, 2, 1), np.ones((len(y), 1, 3))], axis=1)
    weights = np.linalg.solve(system, np.stack([x, y, np.ones_like(x)], axis=-1)[..., None].astype(float))[..., 0]
    expected = np.einsum("mk,mkc->mc", weights, source[corners][..., :2]) - np.stack([x, y], axis=-1)
    assert np.quantile(np.abs(flow[y, x] - expected).max(1), 0.99) < 2e-3


def test_encoding() -> None:
    rng = np.random.default_rng(0)
    flow = rng.uniform(-300, 300, (20, 20, 2)).astype(np.float32)
    assert np.abs(decode_flow(encode_flow(flow)) - flow).max() <= FLOW_STEP / 2 + 1e-5
    assert encode_flow([[[1e9, -1e9], [np.nan, np.inf]]]).tolist() == [[[32767, -32768], [0, 32767]]]


def test_warp() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (20, 30, 3)).astype(np.uint8)
    assert (warp(image, np.zeros((20, 30, 2))) == image).all()
    shifted = warp(image, np.broadcast_to(np.array([3.0, -2.0], np.float32), (20, 30, 2)), fill=(1, 2, 3))
    assert (shifted[2:, :-3] == image[:-2, 3:]).all()
    assert (shifted[0] == (1, 2, 3)).all()
    half = warp(image, np.broadcast_to(np.array([0.5, 0.0], np.float32), (20, 30, 2))).astype(int)
    assert np.abs(half[:, :-1] - (image[:, :-1].astype(int) + image[:, 1:]) / 2).max() <= 1


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="must be"):
        flow_between(np.zeros((4, 4), int), np.zeros((4, 5, 2)), np.zeros((3, 3)), [[0, 1, 2]])
    with pytest.raises(ValueError, match="the image shows face 7, but there are 1 faces"):
        flow_between(np.full((4, 4), 7), np.zeros((4, 4, 2)), np.zeros((3, 3)), [[0, 1, 2]])
