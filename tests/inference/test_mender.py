"""The mender that comes with ptx, on a person whom the engine draws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ptx.geometry.viewpoint import FittedBody
from ptx.inference.mender import Mender
from ptx.pipeline.errors import PtxError
from ptx.surface.mending import frame
from ptx.surface.render import Rendering, render
from tests.surface.scenes import fitted, store


@pytest.fixture(scope="module")
def mender() -> Mender:
    return Mender()


def enlarged(body: FittedBody, times: int) -> FittedBody:
    """Bring a body before a camera of so many times the px, middles of pixels on middles."""
    scale, x, y = body.camera
    camera = np.array([scale * times, (x + 0.5) * times - 0.5, (y + 0.5) * times - 0.5], np.float32)
    return replace(body, camera=camera, size=(body.size[0] * times, body.size[1] * times))


def test_a_person_is_mended_alike_every_time(mender: Mender) -> None:
    """Something changes, within reach of the outline; what the photograph itself shows keeps its colours but for a shift."""
    drawn = render(store(0), fitted(1))
    one, two = mender(drawn, fitted(1)), mender(drawn, fitted(1))
    for name in ("colour", "alpha", "own"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert one.alpha.shape == drawn.alpha.shape
    assert (one.colour.dtype, one.alpha.min() >= 0, one.alpha.max() <= 1) == (np.uint8, True, True)
    assert (one.colour != drawn.colour).any()
    assert (one.colour[one.alpha == 0] == 0).all()
    area, before = (one.alpha > 0.5).sum(), (drawn.alpha > 0.5).sum()
    assert 0.8 < area / before < 1.25


def test_it_sees_the_same_in_a_picture_of_twice_the_size(mender: Mender) -> None:
    near, far = enlarged(fitted(1), 2), fitted(1)
    found = []
    for body in (near, far):
        drawn = render(store(0), body)
        matrix = frame(drawn.alpha)
        assert matrix is not None
        found.append(mender.fields(drawn, body, matrix))
    for one, other, most in zip(*found, (0.5, 12, 0.08), strict=True):
        assert np.abs(one - other).mean() < most
    large, small = (mender(render(store(0), body), body) for body in (near, far))
    halved = cv2.resize(large.alpha, small.alpha.shape[::-1], interpolation=cv2.INTER_AREA)
    assert ((halved > 0.5) == (small.alpha > 0.5)).mean() > 0.98


def test_where_nobody_is_drawn_nothing_is_mended(mender: Mender) -> None:
    nobody = Rendering(np.zeros((9, 7, 3), np.uint8), np.zeros((9, 7), np.float32), np.zeros((9, 7), np.float32))
    assert mender(nobody, fitted(1)) is nobody


def test_another_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="the mender's network cannot be read"):
        Mender(tmp_path / "none.onnx")
    (tmp_path / "other.onnx").write_bytes(b"no network")
    with pytest.raises(PtxError, match="not the file that came with ptx"):
        Mender(tmp_path / "other.onnx")
