"""The container of a .glb file: one JSON document, one run of bytes, and the arrays that lie in it.

    Khronos Group, "glTF 2.0 Specification", 4.4 "GLB File Format Specification" and 3.6 "Binary Data Storage".

Only what ptx writes is read: one buffer inside the file, arrays one after another, nothing sparse, nothing outside of the file.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.storage.json_values import Json, as_float, as_int, as_list, as_object, as_str

HEADER = struct.Struct("<4sII")
"""Magic word, version, length of the file."""

CHUNK = struct.Struct("<I4s")
"""Length and kind of a chunk."""

MAGIC, VERSION, DOCUMENT, BINARY = b"glTF", 2, b"JSON", b"BIN\0"
"""Magic word and version of the container, and kinds of its two chunks."""

MOST_DOCUMENT = 4 * 2**20
"""Most bytes of a JSON document that is read; those of ptx have some 30,000."""

LARGEST = 1e6
"""Largest number of a document that is believed, of whatever unit."""

ALIGNMENT = 4
"""Bytes at whose multiples chunks and arrays begin."""

COMPONENTS: Mapping[int, np.dtype[np.number]] = {
    5121: np.dtype("u1"),
    5123: np.dtype("<u2"),
    5125: np.dtype("<u4"),
    5126: np.dtype("<f4"),
}
"""Numbers of the component types that are written."""

SHAPES: Mapping[str, tuple[int, ...]] = {"SCALAR": (), "VEC2": (2,), "VEC3": (3,), "VEC4": (4,), "MAT4": (16,)}
"""Types of elements and their shapes; a matrix is stored by columns."""

Target = Literal["vertices", "indices"]
"""Use of an array by a GPU."""

TARGETS: Mapping[Target, int] = {"vertices": 34962, "indices": 34963}
"""Numbers of the targets."""


@dataclass
class BufferWriter:
    """Lays arrays and files one after another into the buffer of a document, and notes where they are."""

    data: bytearray = field(default_factory=bytearray)
    """The buffer."""
    views: list[Json] = field(default_factory=list)
    """`bufferViews` of the document."""
    accessors: list[Json] = field(default_factory=list)
    """`accessors` of the document."""

    def add_bytes(self, data: bytes, target: Target | None = None) -> int:
        """Append bytes; returns the number of their view."""
        self.data.extend(bytes(-len(self.data) % ALIGNMENT))
        view = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data)}
        self.views.append(view if target is None else {**view, "target": TARGETS[target]})
        self.data.extend(data)
        return len(self.views) - 1

    def add_array(self, array: NDArray[np.number], target: Target | None = None, bounds: bool = False) -> int:
        """Append N elements of one of `SHAPES`.

        Args:
            array: (N,) or (N, K) of one of the dtypes of `COMPONENTS`.
            target: its use by a GPU.
            bounds: note the least and the largest of each component, which positions and times must have.

        Returns:
            The number of the accessor.
        """
        kinds = [name for name, shape in SHAPES.items() if shape == array.shape[1:]]
        numbers = [number for number, dtype in COMPONENTS.items() if dtype == array.dtype]
        accessor: dict[str, Json] = {
            "bufferView": self.add_bytes(np.ascontiguousarray(array).tobytes(), target),
            "componentType": numbers[0],
            "count": len(array),
            "type": kinds[0],
        }
        if bounds:
            accessor["min"], accessor["max"] = (np.atleast_1d(end).tolist() for end in (array.min(0), array.max(0)))
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def encode_glb(document: Mapping[str, Json], data: bytes) -> bytes:
    """Put a document and its buffer into one file; the same content gives the same bytes."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    data += bytes(-len(data) % ALIGNMENT)
    length = HEADER.size + 2 * CHUNK.size + len(text) + len(data)
    chunks = CHUNK.pack(len(text), DOCUMENT) + text + CHUNK.pack(len(data), BINARY) + data
    return HEADER.pack(MAGIC, VERSION, length) + chunks


@dataclass(frozen=True)
class Glb:
    """The content of a file. All sizes in the document are checked against the bytes that are there before anything is made of them."""

    document: Mapping[str, Json]
    data: bytes
    """The buffer."""

    def item(self, kind: str, number: Json) -> Mapping[str, Json]:
        """Return one object of a list of the document; raises ValueError, TypeError or KeyError where there is none."""
        items, index = as_list(self.document[kind]), as_int(number)
        if not 0 <= index < len(items):
            raise ValueError(f"{kind}[{index}] of {len(items)}")
        return as_object(items[index])

    def bytes_of(self, view: Json) -> bytes:
        """Return the bytes of a view; errors as of `item`."""
        place = self.item("bufferViews", view)
        start, length = as_int(place.get("byteOffset", 0)), as_int(place["byteLength"])
        if place["buffer"] != 0 or "byteStride" in place or start < 0 or not 0 <= length <= len(self.data) - start:
            raise ValueError(f"bufferViews[{view}] is not in the file")
        return self.data[start : start + length]

    def array(self, accessor: Json, dtype: type[np.number], kind: str, count: int | None = None) -> NDArray[np.number]:
        """Return the elements (N,) or (N, K) of an accessor.

        Args:
            accessor: its number.
            dtype: the dtype that it must have.
            kind: the type that it must have, of `SHAPES`.
            count: the number of elements that it must have.

        Raises:
            ValueError: it has others, or is not whole in the file; or numbers are not finite.
            KeyError: the document lacks something.
            TypeError: something in the document has another type.
        """
        told = self.item("accessors", accessor)
        wanted, data = np.dtype(dtype), self.bytes_of(told["bufferView"])
        if COMPONENTS.get(as_int(told["componentType"])) != wanted or as_str(told["type"]) != kind:
            raise ValueError(f"accessors[{accessor}] is no {kind} of {wanted}")
        number, shape = as_int(told["count"]), SHAPES[kind]
        if "sparse" in told or told.get("byteOffset", 0) != 0 or (count is not None and number != count):
            raise ValueError(f"accessors[{accessor}] has another layout")
        if number < 1 or number * wanted.itemsize * int(np.prod(shape, dtype=int)) != len(data):
            raise ValueError(f"accessors[{accessor}] is not whole")
        values = np.frombuffer(data, wanted.newbyteorder("<")).reshape(number, *shape)
        if not np.isfinite(values).all():
            raise ValueError(f"accessors[{accessor}] has numbers that are not finite")
        return values


def decode_glb(content: bytes) -> Glb:
    """Take a file apart.

    Raises:
        ValueError: it is no .glb of version 2 with a document and one buffer, or its lengths do not agree.
    """
    if len(content) < HEADER.size + 2 * CHUNK.size or HEADER.unpack_from(content) != (MAGIC, VERSION, len(content)):
        raise ValueError("it is no whole .glb of version 2")
    length, kind = CHUNK.unpack_from(content, HEADER.size)
    start = HEADER.size + CHUNK.size
    second = start + length
    if kind != DOCUMENT or length > MOST_DOCUMENT or second + CHUNK.size > len(content):
        raise ValueError("its document is not whole")
    size, kind = CHUNK.unpack_from(content, second)
    if kind != BINARY or second + CHUNK.size + size != len(content):
        raise ValueError("its buffer is not whole")
    return Glb(_decode_document(content[start:second]), content[second + CHUNK.size :])


def _decode_document(text: bytes) -> Mapping[str, Json]:
    """Decode a JSON object; raises ValueError for anything else, NaN and infinity and nesting that is too deep among it."""
    try:
        value: Json = json.loads(text, parse_constant=_refuse)
        return as_object(value)
    except (ValueError, TypeError, RecursionError):  # a number of many thousand digits is a ValueError
        raise ValueError("its document is no JSON object") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def finite(values: Json, count: int) -> NDArray[np.float64]:
    """Return numbers of a document as (count,); raises TypeError or ValueError where they are not so many, or one is out of bounds."""
    numbers = [as_float(number) for number in as_list(values)]
    if len(numbers) != count or not all(-LARGEST <= number <= LARGEST for number in numbers):
        raise ValueError(f"{count} numbers are expected")
    return np.array(numbers, np.float64)
