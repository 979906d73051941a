from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.foreign_files import Malformed
from ptx.datasets.gltf import gltf_file
from ptx.datasets.gltf.gltf_file import GltfFile, open_gltf
from ptx.pipeline.storage.json_values import Json
from tests.datasets.gltf.files import person, png, write_glb, write_gltf


def one_view(folder: Path, data: bytes, accessor: dict[str, Json], view: dict[str, Json], **more: Json) -> GltfFile:
    """A file of one accessor in one view."""
    uri = f"data:application/octet-stream;base64,{base64.b64encode(data).decode()}"
    document: dict[str, Json] = {
        "asset": {"version": "2.0"},
        "buffers": [{"byteLength": len(data), "uri": uri}],
        "bufferViews": [{"buffer": 0, "byteLength": len(data), **view}],
        "accessors": [{"bufferView": 0, **accessor}],
        **more,
    }
    path = folder / "one.gltf"
    path.write_text(json.dumps(document))
    return open_gltf(path)


def test_elements_side_by_side(tmp_path: Path) -> None:
    data = b"".join(
        np.array(xy, "<f4").tobytes() + np.array([n, 0], "<u2").tobytes()
        for xy, n in (((1.5, 2.5), 7), ((3.5, 4.5), 8))
    )
    floats: dict[str, Json] = {"componentType": 5126, "type": "VEC2", "count": 2}
    assert one_view(tmp_path, data, floats, {"byteStride": 12}).floats(0, "VEC2").tolist() == [[1.5, 2.5], [3.5, 4.5]]
    numbers: dict[str, Json] = {"componentType": 5123, "type": "SCALAR", "count": 2, "byteOffset": 8}
    assert one_view(tmp_path, data, numbers, {"byteStride": 12}).integers(0, "SCALAR").tolist() == [[7], [8]]


@pytest.mark.parametrize(("component", "data", "expected"), [
    (5120, bytes([127, 0x81, 0x80, 0]), [1, -1, -1, 0]),
    (5121, bytes([255, 0, 51, 0]), [1, 0, 0.2, 0]),
    (5122, np.array([32767, -32767, -32768, 0], "<i2").tobytes(), [1, -1, -1, 0]),
    (5123, np.array([65535, 0, 13107, 0], "<u2").tobytes(), [1, 0, 0.2, 0]),
])  # fmt: skip
def test_normalized_integers(component: int, data: bytes, expected: list[float], tmp_path: Path) -> None:
    accessor: dict[str, Json] = {"componentType": component, "type": "VEC4", "count": 1, "normalized": True}
    assert one_view(tmp_path, data, accessor, {}).floats(0, "VEC4")[0].tolist() == pytest.approx(expected)
    assert one_view(tmp_path, data, {**accessor, "normalized": False}, {}).floats(0, "VEC4")[0, 0] > 1


@pytest.mark.parametrize("change", [
    {"count": 3}, {"count": 0}, {"count": -1}, {"byteOffset": 4}, {"byteOffset": -4}, {"type": "VEC3"}, {"sparse": {}},
    {"componentType": 9}, {"bufferView": 1}, {"bufferView": None},
])  # fmt: skip
def test_accessors_that_are_not_whole(change: dict[str, Json], tmp_path: Path) -> None:
    accessor: dict[str, Json] = {"componentType": 5126, "type": "VEC2", "count": 2, **change}
    file = one_view(tmp_path, np.arange(4, dtype="<f4").tobytes(), accessor, {})
    with pytest.raises((Malformed, ValueError, KeyError, TypeError)):
        file.floats(0, "VEC2")


@pytest.mark.parametrize(
    "view", [{"byteOffset": 8}, {"byteOffset": -1}, {"byteLength": 99}, {"buffer": 1}, {"byteStride": 4}]
)
def test_views_that_are_not_in_their_buffer(view: dict[str, Json], tmp_path: Path) -> None:
    accessor: dict[str, Json] = {"componentType": 5126, "type": "VEC2", "count": 2}
    with pytest.raises((Malformed, ValueError)):
        one_view(tmp_path, np.arange(4, dtype="<f4").tobytes(), accessor, view).floats(0, "VEC2")


def test_numbers_that_are_not_finite(tmp_path: Path) -> None:
    accessor: dict[str, Json] = {"componentType": 5126, "type": "VEC2", "count": 1}
    with pytest.raises(Malformed, match="finite"):
        one_view(tmp_path, np.array([1, np.nan], "<f4").tobytes(), accessor, {}).floats(0, "VEC2")


def test_a_compressed_view(tmp_path: Path) -> None:
    stream = bytes([0xA0, *bytes(4), *bytes(28), 1, 2, 3, 4])  # all elements are the one before the first
    packed: dict[str, Json] = {
        "buffer": 0,
        "byteLength": len(stream),
        "byteStride": 4,
        "count": 3,
        "mode": "ATTRIBUTES",
    }
    accessor: dict[str, Json] = {"componentType": 5121, "type": "VEC4", "count": 3}
    view: dict[str, Json] = {"buffer": 1, "byteLength": 12, "extensions": {"EXT_meshopt_compression": packed}}
    assert one_view(tmp_path, stream, accessor, view).integers(0, "VEC4").tolist() == [[1, 2, 3, 4]] * 3


def test_a_view_that_unpacks_to_too_much(tmp_path: Path) -> None:
    packed: dict[str, Json] = {"buffer": 0, "byteLength": 40, "byteStride": 4, "count": 10**9, "mode": "ATTRIBUTES"}
    accessor: dict[str, Json] = {"componentType": 5121, "type": "VEC4", "count": 3}
    with pytest.raises(Malformed, match="unpacks to more than"):
        one_view(tmp_path, bytes(40), accessor, {"extensions": {"EXT_meshopt_compression": packed}}).integers(0, "VEC4")


@pytest.mark.parametrize("uri", ["person.bin", "./person.bin", "person%2Ebin"])
def test_a_buffer_beside_the_file(uri: str, tmp_path: Path) -> None:
    document, data = person()
    inside = open_gltf(write_glb(tmp_path / "a.glb", document, data))
    beside = open_gltf(write_gltf(tmp_path / "a.gltf", document, data, uri))
    for number in range(4):
        kind = str(inside.item("accessors", number)["type"])
        assert (inside.floats(number, kind) == beside.floats(number, kind)).all()


@pytest.mark.parametrize("uri", [
    "../person.bin", "%2E%2E/person.bin", "/etc/passwd", "file:///etc/passwd", "http://a.b/person.bin", "link.bin", "missing.bin", "a\0b",
    "data:text/plain,abc", "data:;base64,@@@",
])  # fmt: skip
def test_buffers_elsewhere_are_not_read(uri: str, tmp_path: Path) -> None:
    document, data = person()
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "person.bin").write_bytes(data)
    (folder / "link.bin").symlink_to(tmp_path / "person.bin")
    with pytest.raises(Malformed):
        open_gltf(write_gltf(folder / "a.gltf", document, data, uri)).floats(0, "VEC3")


def test_pictures(tmp_path: Path) -> None:
    texture = np.random.default_rng(0).integers(0, 255, (5, 7, 4), np.uint8)
    document, data = person(texture=texture)
    assert (open_gltf(write_glb(tmp_path / "a.glb", document, data)).picture(0) == texture).all()


def test_webp_by_its_extension(tmp_path: Path) -> None:
    document, data = person(texture=np.full((4, 4, 4), 255, np.uint8))
    document["textures"] = [{"extensions": {"EXT_texture_webp": {"source": 0}}}]
    assert open_gltf(write_glb(tmp_path / "a.glb", document, data)).picture(0).shape == (4, 4, 4)


def test_damaged_and_too_large_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document, data = person(texture=np.full((4, 4, 4), 255, np.uint8))
    place = data.index(png(np.full((4, 4, 4), 255, np.uint8)))
    torn = data[: place + 40] + bytes(len(data) - place - 40)
    with pytest.raises(Malformed, match="a texture"):
        open_gltf(write_glb(tmp_path / "a.glb", document, torn)).picture(0)
    monkeypatch.setattr(gltf_file, "MOST_PIXELS", 15)
    with pytest.raises(Malformed, match="4×4 px"):
        open_gltf(write_glb(tmp_path / "b.glb", document, data)).picture(0)


def test_files_that_need_what_is_not_read(tmp_path: Path) -> None:
    document, data = person()
    with pytest.raises(Malformed, match="KHR_draco_mesh_compression"):
        open_gltf(
            write_glb(tmp_path / "a.glb", {**document, "extensionsRequired": ["KHR_draco_mesh_compression"]}, data)
        )
    with pytest.raises(Malformed, match="version 2"):
        open_gltf(write_glb(tmp_path / "b.glb", {**document, "asset": {"version": "1.0"}}, data))


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gltf_file, "MOST_BYTES", 1000)
    with pytest.raises(Malformed, match="more than 1000 bytes"):
        open_gltf(write_glb(tmp_path / "a.glb", *person()))
