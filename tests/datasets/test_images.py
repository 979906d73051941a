"""Reading pictures: formats, orientation, everything that can be wrong with a file; cropping and its transform."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from ptx.datasets.images import (
    apply_transform,
    box_around,
    crop_and_resize,
    invert_transform,
    read_image,
    read_labels,
)
from ptx.datasets.picture_formats import formats
from ptx.pipeline.errors import BadSample
from tests.datasets.problems import raises_problem

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


@pytest.mark.slow
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
def test_bad_files_in_one_line(tmp_path: Path, make: Callable[[Path], None], code: str) -> None:
    path = tmp_path / "a.jpg"
    make(path)
    with raises_problem(code, "^a.jpg"):
        read_image(path, LIMIT)


def _samples() -> list[bytes]:
    """Small files of many formats and modes."""
    files = []
    for kind in formats():
        for mode in ("RGB", "P", "L", "1", "RGBA", "LA", "CMYK"):
            image = Pillow.fromarray(picture(20, 30)).convert(mode)
            exif = image.getexif()
            exif[274] = 6
            memory = io.BytesIO()
            try:
                image.save(memory, kind, exif=exif)
            except (OSError, KeyError, ValueError):  # the format does not have this mode
                continue
            files.append(memory.getvalue())
    return files


SAMPLES = _samples()


@pytest.mark.slow
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(SAMPLES) - 1), st.data())
def test_damage_is_a_bad_sample(tmp_path: Path, number: int, data: st.DataObject) -> None:
    """Whatever bytes are changed, mostly in the header: an image of some size, or a bad sample, but no other exception."""
    content = bytearray(SAMPLES[number])
    for _ in range(data.draw(st.integers(1, 5))):
        reach = data.draw(st.sampled_from((120, len(content))))
        content[data.draw(st.integers(0, min(reach, len(content)) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.image"
    path.write_bytes(content)
    try:
        image = read_image(path, LIMIT)
    except BadSample as error:
        code = error.problem.code
    else:
        code = "none"
        assert image.dtype == np.uint8
        assert image.shape[2:] == (3,)
    assert code in ("none", "not_an_image", "damaged_image", "too_large", "unknown_range")


def test_an_error_of_the_program_is_not_a_bad_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Pillow.fromarray(picture()[..., 0].astype(np.uint16)).save(tmp_path / "a.png")

    def broken(grey: np.ndarray) -> np.ndarray:
        raise ValueError("a mistake")

    monkeypatch.setattr("ptx.datasets.images._grey_to_rgb", broken)
    with pytest.raises(ValueError, match="a mistake"):
        read_image(tmp_path / "a.png", LIMIT)


def test_label_maps(tmp_path: Path) -> None:
    """Numbers of an indexed map are its labels whatever its colours, and it is not turned by EXIF."""
    labels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    indexed = Pillow.fromarray(labels, "L").convert("P")
    indexed.putpalette(np.random.default_rng(0).integers(0, 255, 768).astype(np.uint8).tobytes())
    exif = indexed.getexif()
    exif[274] = 6
    indexed.save(tmp_path / "indexed.png", exif=exif)
    Pillow.fromarray(labels).save(tmp_path / "grey.bmp")
    for name in ("indexed.png", "grey.bmp"):
        np.testing.assert_array_equal(read_labels(tmp_path / name, LIMIT), labels)
    Pillow.fromarray(picture()).save(tmp_path / "colour.png")
    with raises_problem("bad_labels", "^colour.png is no indexed or grey picture, its mode is RGB"):
        read_labels(tmp_path / "colour.png", LIMIT)
    with raises_problem("too_large", "^grey.bmp is 4×3, more than ingest.max_pixels = 11"):
        read_labels(tmp_path / "grey.bmp", 11)


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
    with raises_problem("outside", "the person's box lies outside the picture"):
        crop_and_resize(np.zeros((50, 50, 3), np.uint8), (80, 80, 90, 90), (16, 16))


def test_what_is_outside_the_picture_has_the_colour_of_its_edge() -> None:
    image = np.full((40, 40, 3), 9, np.uint8)
    image[0], image[-1], image[:, 0], image[:, -1] = (200, 100, 50), (200, 100, 50), (200, 100, 50), (200, 100, 50)
    out, transform = crop_and_resize(image, (-40.5, -0.5, 39.5, 39.5), (40, 80))
    assert (out[:, :40] == (200, 100, 50)).all()
    assert (out[:, 40:] == image).all()
    np.testing.assert_allclose(transform, [[1, 0, 40], [0, 1, 0]], atol=1e-6)


def test_box_around_keypoints() -> None:
    """0.15 of the longer side all round, inside the picture."""
    points = np.array([(20, 30, 1), (60, 80, 0.5), (0, 0, 0), (np.nan, np.nan, 0)], np.float32)
    assert box_around(points, (200, 100)) == (20 - 7.5, 30 - 7.5, 60 + 7.5, 80 + 7.5)
    assert box_around(points, (84, 64), 0.5) == (-0.5, 5.0, 63.5, 83.5)


@pytest.mark.parametrize("present", [0, 1])
def test_no_box_around_too_few_keypoints(present: int) -> None:
    points = np.full((18, 3), np.nan, np.float32)
    points[:, 2] = 0
    points[:present] = 5
    with raises_problem("no_person", "^fewer than two keypoints"):
        box_around(points, (200, 100))


def test_a_machine_that_opens_no_more_files_is_no_damaged_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Pillow.new("RGB", (8, 8)).save(tmp_path / "a.png")

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files", "a.png")

    monkeypatch.setattr(Pillow, "open", refused)
    with pytest.raises(OSError, match="Too many open files"):
        read_labels(tmp_path / "a.png", 1000)
