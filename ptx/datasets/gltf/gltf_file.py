"""A file of glTF 2.0 as other programs write it: .glb, or .gltf with its buffers and pictures beside it.

    Khronos Group, "glTF 2.0 Specification", 3.6 "Binary Data Storage"; extensions EXT_meshopt_compression, EXT_texture_webp,
    KHR_mesh_quantization, KHR_texture_transform, KHR_materials_unlit, KHR_materials_pbrSpecularGlossiness.

Every size in a file is bounded, and checked against the bytes that are there, before anything is made of it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from ptx.datasets.foreign_files import Malformed, check_size, read_json
from ptx.datasets.gltf.glb import MAGIC, MOST_DOCUMENT, SHAPES, Glb, decode_glb
from ptx.datasets.gltf.meshopt import decode_stream
from ptx.pipeline.errors import one_line
from ptx.pipeline.storage.json_values import Json, as_int, as_list, as_object, as_str

UNDERSTOOD = frozenset(
    (
        "EXT_meshopt_compression", "EXT_texture_webp", "KHR_mesh_quantization", "KHR_texture_transform", "KHR_materials_unlit",
        "KHR_materials_pbrSpecularGlossiness", "VRM", "VRMC_vrm",
    )
)  # fmt: skip
"""Extensions without which a file may not be read, and that are read, or change nothing of what is."""

MOST_BYTES = 256 * 2**20
"""Largest file, and largest sum of the buffers and pictures that a file names or unpacks to, bytes."""

MOST_PIXELS = 8192 * 8192
"""Largest texture, px."""

MESHOPT, WEBP = "EXT_meshopt_compression", "EXT_texture_webp"

COMPONENTS: Mapping[int, np.dtype[np.number]] = {
    5120: np.dtype("i1"),
    5121: np.dtype("u1"),
    5122: np.dtype("<i2"),
    5123: np.dtype("<u2"),
    5125: np.dtype("<u4"),
    5126: np.dtype("<f4"),
}
"""Numbers of the component types."""

LARGEST_OF: Mapping[str, float] = {"i1": 127.0, "u1": 255.0, "i2": 32767.0, "u2": 65535.0}
"""Type of integers → the one that stands for 1 where they are normalized."""


@dataclass
class GltfFile:
    """An opened file."""

    path: Path
    """The file."""
    content: Glb
    """Its document, and the buffer inside of it, or none."""
    unpacked: int = 0
    """Bytes of buffers and views that were read or unpacked."""
    _buffers: dict[int, bytes] = field(default_factory=dict)
    _views: dict[int, bytes] = field(default_factory=dict)

    @property
    def document(self) -> Mapping[str, Json]:
        """The JSON document."""
        return self.content.document

    def item(self, kind: str, number: Json) -> Mapping[str, Json]:
        """Return one object of a list of the document; raises ValueError, TypeError or KeyError where there is none."""
        return self.content.item(kind, number)

    def items(self, kind: str) -> list[Mapping[str, Json]]:
        """Return all objects of a list of the document; none where it has no such list."""
        return [as_object(one) for one in as_list(self.document.get(kind, []))]

    def integers(self, accessor: Json, kind: str) -> NDArray[np.int64]:
        """Return the elements (N, K) of an accessor of integers, K = 1 of scalars; errors as of `item`, and Malformed."""
        values, _ = self._elements(accessor, kind)
        if values.dtype.kind == "f":
            raise Malformed(f"accessors[{accessor}] has no integers")
        return values.astype(np.int64)

    def floats(self, accessor: Json, kind: str) -> NDArray[np.float32]:
        """Return the elements (N, K) of an accessor, those that are normalized in 0..1 or -1..1; errors as of `integers`."""
        values, normalized = self._elements(accessor, kind)
        out = np.asarray(values, np.float32)
        if normalized and values.dtype.str[1:] in LARGEST_OF:
            out = np.asarray(np.maximum(out / LARGEST_OF[values.dtype.str[1:]], -1), np.float32)
        if not np.isfinite(out).all():
            raise Malformed(f"accessors[{accessor}] has numbers that are not finite")
        return out

    def picture(self, texture: Json) -> NDArray[np.uint8]:
        """Decode the picture (H, W, 4) RGBA of a texture; errors as of `integers`."""
        told = self.item("textures", texture)
        webp = as_object(as_object(told.get("extensions", {})).get(WEBP, {}))
        image = self.item("images", webp.get("source", told.get("source")))
        data = self._view(image["bufferView"]) if "bufferView" in image else self._linked(as_str(image["uri"]))
        try:
            with Pillow.open(BytesIO(data), formats=["PNG", "JPEG", "WEBP"]) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise Malformed(f"{picture.width}×{picture.height} px")
                return np.asarray(picture.convert("RGBA"), np.uint8)
        except Exception as error:  # a damaged picture can raise anything
            raise Malformed(f"a texture: {one_line(error)}") from None

    def _elements(self, accessor: Json, kind: str) -> tuple[NDArray[np.number], bool]:
        """Return the elements (N, K) of an accessor as they are stored, and whether they are normalized."""
        told = self.item("accessors", accessor)
        dtype, shape, count = COMPONENTS[as_int(told["componentType"])], SHAPES[kind], as_int(told["count"])
        if as_str(told["type"]) != kind or "sparse" in told or "bufferView" not in told:
            raise Malformed(f"accessors[{accessor}] is no plain {kind}")
        view = self.item("bufferViews", told["bufferView"])
        data = self._view(told["bufferView"])
        width = int(np.prod(shape, dtype=int))
        step = as_int(view.get("byteStride", dtype.itemsize * width))
        start = as_int(told.get("byteOffset", 0))
        end = start + (count - 1) * step + width * dtype.itemsize
        if count < 1 or start < 0 or step < width * dtype.itemsize or end > len(data):
            raise Malformed(f"accessors[{accessor}] is not whole")
        elements = np.ndarray((count, width), dtype, data, start, (step, dtype.itemsize))
        return elements, bool(told.get("normalized", False))

    def _view(self, number: Json) -> bytes:
        """Return the bytes of a view, decompressed."""
        key = as_int(number)
        if key not in self._views:
            view = self.item("bufferViews", number)
            packed = as_object(view.get("extensions", {})).get(MESHOPT)
            if packed is None:
                self._views[key] = self._slice(view)
            else:
                told = as_object(packed)
                count, stride = as_int(told["count"]), as_int(told["byteStride"])
                self._count(max(count, 0) * max(stride, 0))
                filter_name = as_str(told.get("filter", "NONE"))
                self._views[key] = decode_stream(self._slice(told), count, stride, as_str(told["mode"]), filter_name)
        return self._views[key]

    def _slice(self, place: Mapping[str, Json]) -> bytes:
        """Return the bytes that a view, or its compressed form, lies in."""
        buffer = self._buffer(as_int(place["buffer"]))
        start, length = as_int(place.get("byteOffset", 0)), as_int(place["byteLength"])
        if start < 0 or not 0 <= length <= len(buffer) - start:
            raise Malformed("a view is not in its buffer")
        return buffer[start : start + length]

    def _buffer(self, number: int) -> bytes:
        """Return the bytes of a buffer."""
        told = self.item("buffers", number)
        if "uri" not in told:
            if number:
                raise Malformed(f"buffers[{number}] is nowhere")
            return self.content.data
        if number not in self._buffers:
            self._buffers[number] = self._linked(as_str(told["uri"]))
        return self._buffers[number]

    def _linked(self, uri: str) -> bytes:
        """Return the bytes that a URI names: base64 in the document, or a file in the folder or below it, and nowhere else."""
        if uri.startswith("data:"):
            head, _, text = uri.partition(",")
            if not head.endswith(";base64"):
                raise Malformed("data in the document is not base64")
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error:
                raise Malformed("base64 in the document is damaged") from None
        name, folder = PurePosixPath(unquote(uri)), self.path.parent.resolve()
        odd = "\0" in str(name) or ":" in str(name) or name.is_absolute()
        if odd or not (file := (folder / name).resolve()).is_relative_to(folder):
            raise Malformed("a buffer or picture lies outside of the file's folder")
        try:
            self._count(file.stat().st_size)
            return file.read_bytes()
        except OSError:
            raise Malformed(f"{name} is not there, or cannot be read") from None

    def _count(self, more: int) -> None:
        """Count bytes that are about to be read or unpacked; raises Malformed where they are too many."""
        self.unpacked += more
        if self.unpacked > MOST_BYTES:
            raise Malformed(f"it unpacks to more than {MOST_BYTES // 2**20} MiB")


def open_gltf(path: Path) -> GltfFile:
    """Open a file; buffers and pictures are read when they are asked for.

    Raises:
        Malformed: it is no glTF of version 2, or needs an extension that is not understood.
        OSError: it is missing or cannot be read.
        ValueError: the container, or its document, is damaged; or TypeError or KeyError.
    """
    check_size(path, MOST_BYTES)
    content = path.read_bytes()
    glb = decode_glb(content) if content.startswith(MAGIC) else Glb(as_object(read_json(path, 16 * MOST_DOCUMENT)), b"")
    if not as_str(as_object(glb.document["asset"])["version"]).startswith("2."):
        raise Malformed("it is no glTF of version 2")
    needed = {as_str(name) for name in as_list(glb.document.get("extensionsRequired", []))}
    if foreign := sorted(needed - UNDERSTOOD):
        raise Malformed(f"it needs {', '.join(foreign)}, which ptx does not read")
    return GltfFile(path, glb)
