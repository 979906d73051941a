"""Layers of surface: cards one over the other, windows, labels by the majority of samples."""

from __future__ import annotations

import numpy as np

from ptx.datasets.people.lifelike.layers import SUPERSAMPLING, Layer, _by_depth, window_of


def layer(*samples: tuple[int, float, float]) -> Layer:
    """Samples of pixel, depth and alpha."""
    pixel, depth, alpha = np.array(samples, float).reshape(-1, 3).T
    face = np.arange(len(pixel), dtype=np.int32)
    bary = np.zeros((len(pixel), 2), np.float32)
    return Layer(pixel.astype(np.intp), face, bary, depth.astype(np.float32), alpha.astype(np.float32))


def test_in_each_pixel_the_farther_cards_come_first() -> None:
    first = layer((3, 1.0, 0.1), (5, 2.0, 0.2), (9, 4.0, 0.7))
    second = layer((3, 2.0, 0.3), (5, 1.0, 0.4))
    third = layer((5, 1.5, 0.5))
    ordered = _by_depth([first, second, third])
    found: dict[int, list[tuple[float, float]]] = {}
    for one in ordered:
        assert len(set(one.pixel.tolist())) == len(one.pixel)
        for pixel, depth, alpha in zip(one.pixel, one.depth, one.alpha, strict=True):
            found.setdefault(int(pixel), []).append((float(depth), round(float(alpha), 3)))
    assert found == {3: [(2, 0.3), (1, 0.1)], 5: [(2, 0.2), (1.5, 0.5), (1, 0.4)], 9: [(4, 0.7)]}


def test_no_cards() -> None:
    assert _by_depth([]) == []
    assert sum(len(one.pixel) for one in _by_depth([layer(), layer()])) == 0


def test_a_window_holds_all_points_and_keeps_their_places() -> None:
    points = np.array([[10.2, 20.7, 1], [30.1, 25.0, 2]], np.float32)
    window = window_of(points, (60, 50))
    assert window.left <= 10
    assert window.left + window.width >= 31
    back = (window.fine[:, :2] + 0.5) / SUPERSAMPLING - 0.5 + (window.left, window.top)
    np.testing.assert_allclose(back, points[:, :2], atol=1e-5)
    pasted = window.paste(np.ones((window.height, window.width), np.float32), (60, 50))
    assert pasted.shape == (60, 50)
    assert pasted[21:25, 11:30].all()
    assert pasted.sum() == window.height * window.width


def test_whoever_is_outside_the_picture_leaves_a_window_of_it() -> None:
    for away in (-500.0, 500.0):
        window = window_of(np.full((3, 3), away, np.float32), (40, 30))
        assert window.width >= 1
        assert window.height >= 1
        assert 0 <= window.left < 30
        assert 0 <= window.top < 40
