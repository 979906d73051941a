"""Flow and visibility of scenes whose answer is known."""

from __future__ import annotations

import numpy as np

from ptx.geometry.correspondence import correspond
from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE
from tests.geometry.scenes import posed
from tests.geometry.test_visibility import quads


def test_two_rectangles_that_change_places() -> None:
    """In the target they are side by side; in the source the left one moved down by 2 and the right one before its right half."""
    target, faces = quads((0.5, 0.5, 8.5, 12.5, 1), (8.5, 0.5, 16.5, 12.5, 1))
    source, _ = quads((0.5, 2.5, 8.5, 14.5, 1), (4.5, 2.5, 12.5, 14.5, 0.5))
    flow, labels = correspond(target, source, faces, 20, 20)
    expected_flow = np.zeros((20, 20, 2))
    expected_flow[1:13, 1:9] = (0, 2)
    expected_flow[1:13, 9:17] = (-4, 2)
    expected_labels = np.full((20, 20), BACKGROUND)
    expected_labels[1:13, 1:17] = VISIBLE
    expected_labels[1:13, 5:9] = HIDDEN
    drawn = labels != BACKGROUND  # centres on the diagonals between triangles belong to neither
    assert (drawn | (expected_labels == BACKGROUND)).mean() > 0.95
    assert (labels[drawn] == expected_labels[drawn]).all()
    np.testing.assert_allclose(flow[drawn], expected_flow[drawn], atol=1e-5)
    assert (flow[~drawn] == 0).all()


def test_a_moved_body_is_seen_whole() -> None:
    """The same body 5 px to the right and 3 px up: constant flow, everything visible but what leaves the picture."""
    scene = posed(1, 96)
    source = scene.points[0] + np.array((5, -3, 0), np.float32)
    flow, labels = correspond(scene.points[0], source, scene.faces, 96, 96)
    body = labels != BACKGROUND
    np.testing.assert_allclose(flow[body], np.broadcast_to((5, -3), (body.sum(), 2)), atol=1e-4)
    rows, columns = np.nonzero(body)
    inside = (columns + 5 <= 95) & (rows - 3 >= 0)
    assert (labels[body][inside] == VISIBLE).mean() > 0.999
    assert (labels[body][~inside] == HIDDEN).all()
