"""Avatars read back, and files that are none: of other programs, of other bodies, damaged, hostile."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from ptx.avatar.person import Avatar
from ptx.avatar.read import read_avatar
from ptx.avatar.write import encode_avatar
from ptx.geometry.body import load_body
from ptx.pipeline.errors import PtxError
from ptx.surface.render import render
from tests.avatar.documents import Document, Value, loosened, places, put, put_at
from tests.avatar.scenes import MADE, avatar, encoded
from tests.avatar.viewer import Viewer
from tests.surface.scenes import fitted, psnr, store

SMALL = load_body("small")


def read(content: bytes, folder: Path) -> Avatar:
    path = folder / "me.glb"
    path.write_bytes(content)
    return read_avatar(path, SMALL)


def refusal(content: bytes, folder: Path) -> str:
    with pytest.raises(PtxError) as refused:
        read(content, folder)
    text = str(refused.value)
    assert text.startswith(f"{folder / 'me.glb'}: ")
    assert "\n" not in text
    return text


def packed(document: Document | Value | bytes, data: bytes) -> bytes:
    """A file of a document, however wrong, and a buffer."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    size = 28 + len(text) + len(data)
    return b"".join(
        [
            struct.pack("<4sIII4s", b"glTF", 2, size, len(text), b"JSON"),
            text,
            struct.pack("<I4s", len(data), b"BIN\0"),
            data,
        ]
    )


@pytest.mark.parametrize("animated", [False, True])
def test_all_comes_back(animated: bool, tmp_path: Path) -> None:
    one, found = avatar(), read(encoded(animated), tmp_path)
    np.testing.assert_array_equal(found.texture, one.texture)
    np.testing.assert_allclose(found.fitted.vertices, one.fitted.vertices, atol=1e-5)
    np.testing.assert_allclose(found.fitted.points, one.fitted.points, atol=1e-2)
    assert found.fitted.size == one.fitted.size
    assert found.fitted.hands_pose is not None
    np.testing.assert_allclose(found.fitted.hands_pose, one.fitted.hands_pose, atol=1e-5)


def test_who_is_bare_with_flat_hands_stays_so(tmp_path: Path) -> None:
    bare = replace(avatar().fitted, offset=None, hands_pose=None)
    found = read(encode_avatar(Avatar(bare, avatar().texture), MADE), tmp_path).fitted
    assert found.offset is None
    assert found.hands_pose is None


@pytest.mark.slow
def test_written_again_it_is_the_same_person(tmp_path: Path) -> None:
    again = read(encode_avatar(read(encoded(), tmp_path), MADE), tmp_path)
    np.testing.assert_array_equal(again.texture, avatar().texture)
    np.testing.assert_allclose(again.fitted.vertices, avatar().fitted.vertices, atol=1e-5)


def test_pictures_are_those_of_the_photograph_up_to_the_textures_resolution(tmp_path: Path) -> None:
    """From 30 degrees aside. In the photograph's own view nothing of it is doubted, which no texture can know."""
    plain = Avatar.of(fitted(0), store(0))
    found = read(encode_avatar(plain, MADE), tmp_path)
    turned = fitted(0).turned(30)
    direct, by_file = render(store(0), turned), render(found.store, turned)
    assert np.abs(direct.alpha - by_file.alpha).max() == 0
    assert not by_file.own.any()
    inside = direct.alpha == 1
    assert psnr(by_file.colour[inside], direct.colour[inside]) > 30


def test_brought_to_another_size(tmp_path: Path) -> None:
    """Larger, in the middle of what is wider."""
    one, larger = avatar(), avatar().brought_to((512, 500))
    scaled = (one.fitted.points[:, :2] + 0.5) * 2 - 0.5 + ((500 - 384) / 2, 0)
    np.testing.assert_allclose(larger.fitted.points[:, :2], scaled, atol=1e-2)
    assert larger.fitted.size == (512, 500)
    assert one.brought_to(one.fitted.size) is one


def test_files_of_others_are_refused(tmp_path: Path) -> None:
    box = trimesh.creation.box().export(file_type="glb")
    assert isinstance(box, bytes)
    assert "a model of another program" in refusal(box, tmp_path)
    assert "no .glb file" in refusal(b"\x89PNG" + bytes(100), tmp_path)
    assert "no .glb file" in refusal(b"", tmp_path)
    with pytest.raises(PtxError, match="is not there"):
        read_avatar(tmp_path / "none.glb", SMALL)
    with pytest.raises(PtxError, match="cannot be read"):
        read_avatar(tmp_path, SMALL)
    (tmp_path / "me.glb").write_bytes(encoded())
    with pytest.raises(PtxError, match="an avatar of another body model"):
        read_avatar(tmp_path / "me.glb", load_body("builtin"))


NOTES = ("asset", "extras", "ptx")


@pytest.mark.parametrize(
    "change",
    [
        put(*NOTES, "betas", value=[0] * 9),
        put(*NOTES, "betas", value=[1e300] * 10),
        put(*NOTES, "betas", value=[1e5] * 10),
        put(*NOTES, "betas", value=["1"] * 10),
        put(*NOTES, "camera", value=[0, 0, 0]),
        put(*NOTES, "camera", value=[10**400, 0, 0]),
        put(*NOTES, "size", value=[0, 10]),
        put(*NOTES, "size", value=[10**9, 10]),
        put("nodes", 3, value={}),
        put("nodes", 3, "rotation", value=[0, 0, 0, 0]),
        put("nodes", value=[]),
        put("images", value=[]),
        put("images", 0, "bufferView", value=-1),
        put("images", 0, "bufferView", value=0),
        put("accessors", 0, "count", value=10**12),
        put("accessors", 0, "count", value=3),
        put("accessors", 0, "componentType", value=5125),
        put("accessors", 0, "type", value="MAT4"),
        put("accessors", 0, "sparse", value={"count": 10**9}),
        put("bufferViews", 0, "byteLength", value=10**12),
        put("bufferViews", 0, "byteOffset", value=-4),
        put("bufferViews", 0, "byteOffset", value=10**12),
        put("bufferViews", 0, "byteStride", value=4),
        put("bufferViews", 0, "buffer", value=1),
        put("meshes", 0, "primitives", value={}),
        put("meshes", 0, "primitives", 0, "indices", value=True),
        put("meshes", 0, "primitives", 0, "attributes", "POSITION", value=1.5),
    ],
)
def test_damaged_documents_are_one_line(change: Callable[[Value], None], tmp_path: Path) -> None:
    viewer = Viewer.open(encoded())
    document = loosened(viewer.document)
    change(document)
    assert "a damaged avatar" in refusal(packed(document, viewer.data), tmp_path)


def test_hostile_documents_are_one_line(tmp_path: Path) -> None:
    """Nesting without end, numbers without end, and numbers that are none."""
    for text in (
        b"[" * 10**6,
        b'{"a":' * 10**5,
        b"1" * 10**6,
        b'{"a":NaN}',
        b"[1]",
        b"\xff" * 8,
        b"{}" + b" " * 5 * 2**20,
    ):
        refusal(packed(text, b""), tmp_path)


def test_a_mesh_that_was_changed_is_refused(tmp_path: Path) -> None:
    viewer = Viewer.open(encoded())
    for accessor, value in (
        (viewer.primitive["indices"], b"\0\0"),
        (viewer.primitive["attributes"]["POSITION"], struct.pack("<f", np.nan)),
        (viewer.primitive["attributes"]["POSITION"], struct.pack("<f", 1e30)),
    ):
        data = bytearray(viewer.data)
        start = viewer.document["bufferViews"][viewer.document["accessors"][accessor]["bufferView"]]["byteOffset"]
        data[start + 8 : start + 8 + len(value)] = value
        assert "a damaged avatar" in refusal(packed(viewer.document, bytes(data)), tmp_path)


def outcome(content: bytes) -> str:
    """The refusal of a file, "" of one that is read; other errors are raised."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "me.glb"
        path.write_bytes(content)
        try:
            found = read_avatar(path, SMALL)
        except PtxError as error:
            return str(error)
        return "" if np.isfinite(found.fitted.vertices).all() else "not finite\n"


@pytest.mark.slow
@settings(max_examples=60)
@given(st.integers(0, 2**31), st.integers(1, 12), st.floats(0, 1))
def test_files_with_damaged_bytes_end_in_one_line_or_an_avatar(seed: int, count: int, kept: float) -> None:
    """Bytes of the document, the mesh and the texture's beginning changed, the file cut."""
    content, rng = bytearray(encoded()), np.random.default_rng(seed)
    texture = content.index(b"\x89PNG")
    for place in rng.choice([*range(2000), *range(texture, texture + 3000)], count):
        content[place] = rng.integers(256)
    if kept < 0.3:
        content = content[: int(kept * len(content))]
    assert "\n" not in outcome(bytes(content))


@pytest.mark.slow
@settings(max_examples=150)
@given(
    st.integers(0, 10**6),
    st.sampled_from([None, True, -1, 0, 3, 10**12, 10**400, 1.5, -1e308, "", "x", [], [[]], {}, {"a": 1}]),
)
def test_documents_with_any_other_value_end_in_one_line_or_an_avatar(number: int, value: Value) -> None:
    viewer = Viewer.open(encoded())
    document = loosened(viewer.document)
    all_places = list(places(document))
    # Half of the times one of the places that are read: a document has many names and bones.
    read_places = [place for place in all_places if place[0] not in viewer.document["nodes"]]
    chosen = all_places if number % 2 else read_places
    holder, key = chosen[number % len(chosen)]
    put_at(holder, key, value)
    assert "\n" not in outcome(packed(document, viewer.data))
