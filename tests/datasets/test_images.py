"""Reading pictures: formats, orientation, everything that can be wrong with a file; cropping and its transform."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from ptx.datasets.images import BadImage, apply_transform, crop_and_resize, invert_transform, read_image

LIMIT = 1_000_000


def picture(height: int = 40, width: int = 60) -> np.ndarray:
    """Smooth colours, so that lossy formats hardly change it."""
    y, x = np.mgrid[:height, :width]
    return np.stack([4 * x, 5 * y, 2 * (x + y)], axis=-1).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp", "a.tif", "a.gif", "a.ppm"])
def test_formats(tmp_path: Path, name: str) -> None:
    Pillow.fromarray(picture()).save(tmp_path / name)
    error = np.abs(read_image(tmp_path / name, LIMIT).astype(int) - picture())
    assert error.mean() < (12 if name.endswith("gif") else 4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, orientation: int) -> None:
    """Orientation n says how the stored rows and columns lie; the definition is EXIF 2.3, tag 274."""
    upright = picture()
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.swapaxes(0, 1), 6: np.rot90(upright, 1), 7: np.rot90(upright.swapaxes(0, 1), 2), 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    image = Pillow.fromarray(np.ascontiguousarray(stored))
    exif = image.getexif()
    exif[274] = orientation
    image.save(tmp_path / "a.png", exif=exif)
    assert (read_image(tmp_path / "a.png", LIMIT) == upright).all()


def test_grey_palette_alpha_and_16_bits(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Pillow.fromarray(picture()[..., 0]).save(path)
    assert (read_image(path, LIMIT) == picture()[..., :1]).all()
    clear = np.dstack([picture(), np.zeros((40, 60), np.uint8)])
    Pillow.fromarray(clear).save(path)
    assert (read_image(path, LIMIT) == 255).all()
    Pillow.fromarray(picture()[..., 0].astype(np.uint16) * 257).save(path)
    assert (read_image(path, LIMIT) == picture()[..., :1]).all()


def _truncated(path: Path) -> None:
    memory = io.BytesIO()
    Pillow.fromarray(np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8)).save(memory, "JPEG")
    path.write_bytes(memory.getvalue()[:2000])


def _huge(path: Path) -> None:
    Pillow.new("1", (20_000, 20_000)).save(path, "PNG")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: None, "missing_file"),
        (lambda path: path.touch(), "empty_file"),
        (lambda path: path.write_text("dear diary"), "not_an_image"),
        (lambda path: path.mkdir(), "damaged_image"),
        (_truncated, "damaged_image"),
        (_huge, "too_large"),
    ],
)
def test_bad_files_in_one_line(tmp_path: Path, make, code: str) -> None:
    path = tmp_path / "a.jpg"
    make(path)
    with pytest.raises(BadImage) as caught:
        read_image(path, LIMIT)
    text = str(caught.value)
    assert text.startswith(code + ": ")
    assert "\n" not in text
    assert "a.jpg" in text


@given(st.integers(20, 300), st.integers(20, 300), st.integers(16, 128), st.integers(16, 128), st.integers(0, 10**6))
def test_transform_maps_back(height: int, width: int, rows: int, columns: int, seed: int) -> None:
    """What the transform says lies at a working pixel is what the working picture shows there."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    image = np.stack([255 * x / width, 255 * y / height, 0 * x], axis=-1).astype(np.uint8)
    x0, y0 = rng.uniform(0, width * 0.4), rng.uniform(0, height * 0.4)
    box = None if seed % 3 == 0 else (x0, y0, rng.uniform(x0 + 4, width - 1), rng.uniform(y0 + 4, height - 1))
    out, transform = crop_and_resize(image, box, (rows, columns))
    assert out.shape == (rows, columns, 3)
    assert np.allclose(
        apply_transform(invert_transform(transform), apply_transform(transform, (3.0, 4.0))), (3, 4), atol=1e-2
    )
    places = rng.uniform(0, 1, (20, 2)) * (columns - 1, rows - 1)
    original = apply_transform(invert_transform(transform), places.round())
    margin = 1 + 1 / min(transform[0, 0], transform[1, 1])
    inside = ((original > margin) & (original < np.array([width, height]) - 1 - margin)).all(1)
    shown = out[places.round().astype(int)[:, 1], places.round().astype(int)[:, 0]][inside]
    expected = original[inside] / (width, height) * 255
    step = 255 / min(width, height) * (1 + 1 / min(transform[0, 0], transform[1, 1], 1))
    assert np.abs(shown[:, :2] - expected).max(initial=0) < 3 + step


@given(st.integers(30, 200), st.integers(30, 200))
def test_whole_picture_is_kept(height: int, width: int) -> None:
    """Nothing is cut off: the corners of the original lie inside the result."""
    _, transform = crop_and_resize(np.zeros((height, width, 3), np.uint8), None, (64, 48))
    corners = apply_transform(transform, np.array([(-0.5, -0.5), (width - 0.5, height - 0.5)]))
    assert (corners > -1.1).all()
    assert (corners < np.array([48, 64]) + 0.1).all()
    assert max(np.ptp(corners[:, 0]) / 48, np.ptp(corners[:, 1]) / 64) > 0.97


def test_box_outside() -> None:
    with pytest.raises(BadImage, match="outside"):
        crop_and_resize(np.zeros((50, 50, 3), np.uint8), (80, 80, 90, 90), (16, 16))
