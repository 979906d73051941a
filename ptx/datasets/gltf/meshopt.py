"""Buffers compressed by meshoptimizer.

    Khronos Group, glTF extension EXT_meshopt_compression, "Appendix A: Bitstream" and "Appendix B: Filters".

Three kinds of streams: ATTRIBUTES, elements of a fixed number of bytes, each byte coded by its difference from the element before;
TRIANGLES, indices of triangles coded by edges and vertices that were met lately; INDICES, any indices, coded by differences. Filters
undo what was done to attributes before: OCTAHEDRAL unit vectors, QUATERNION rotations, EXPONENTIAL floats.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.foreign_files import Malformed
from ptx.geometry.kernel import kernel

Bytes = NDArray[np.uint8]

ATTRIBUTES_HEADER, TRIANGLES_HEADER, INDICES_HEADER = 0xA0, 0xE1, 0xD1
"""First byte of a stream of each kind."""

MOST_STRIDE = 256
"""Largest number of bytes of an attribute."""

GROUP = 16
"""Number of differences that are coded in one way."""

LEAST_ATTRIBUTES_TAIL, TRIANGLES_TAIL, INDICES_TAIL = 32, 16, 4
"""Bytes after the data of a stream: of attributes at least, ending in the element before the first; of triangles a table of codes."""

RECENT = 16
"""Number of edges, and of vertices, that codes of triangles can name."""

NEAR_CODES = 13
"""Code of a third vertex from which on it is none of the recent ones: the one before the last that was told, the one after it, or told."""

NEW, TOLD, BEFORE, AFTER = 0, -1, -2, -3
"""Where a vertex comes from: the next number, a number in the data, the one before or after the last such; positive: so many steps back."""

NEXT, LAST, PLACE, COUNT = range(4)
"""State of decoding triangles: next new vertex, last that was told, place in the stream, number of recent ones that were noted."""


def decode_stream(data: bytes, count: int, stride: int, mode: str, filter_name: str = "NONE") -> bytes:
    """Decode a compressed view.

    Args:
        data: the stream.
        count: number of elements.
        stride: bytes an element.
        mode: ATTRIBUTES, TRIANGLES or INDICES.
        filter_name: NONE, OCTAHEDRAL, QUATERNION or EXPONENTIAL.

    Returns:
        count * stride bytes.

    Raises:
        Malformed: the stream does not hold them.
    """
    stream = np.frombuffer(data, np.uint8)
    if mode == "ATTRIBUTES":
        return _filtered(decode_attributes(stream, count, stride), filter_name).tobytes()
    if mode not in ("TRIANGLES", "INDICES") or stride not in (2, 4) or filter_name != "NONE":
        raise Malformed(f"compressed as {mode} of {stride} bytes, filter {filter_name}")
    indices = decode_triangles(stream, count) if mode == "TRIANGLES" else decode_indices(stream, count)
    if stride == 2 and indices.max(initial=0) > np.iinfo(np.uint16).max:
        raise Malformed("a compressed index is too large")
    return indices.astype(f"<u{stride}").tobytes()


def decode_attributes(stream: Bytes, count: int, stride: int) -> Bytes:
    """Decode a stream of attributes to (count, stride) bytes; raises Malformed."""
    if not (0 < stride <= MOST_STRIDE and stride % 4 == 0 and count >= 0):
        raise Malformed(f"compressed attributes of {stride} bytes")
    tail = max(stride, LEAST_ATTRIBUTES_TAIL)
    if len(stream) < 1 + tail or stream[0] != ATTRIBUTES_HEADER:
        raise Malformed("no compressed attributes of version 0")
    out = np.empty((count, stride), np.uint8)
    block = min((8192 // stride) & ~(GROUP - 1), 256)
    used = _attributes(stream[: len(stream) - tail], stream[len(stream) - stride :], block, out)
    if used != len(stream) - tail:
        raise Malformed("compressed attributes are not whole")
    return out


def decode_triangles(stream: Bytes, count: int) -> NDArray[np.uint32]:
    """Decode a stream of triangles to indices (count,); raises Malformed."""
    if count < 0 or count % 3 or len(stream) < 1 + count // 3 + TRIANGLES_TAIL or stream[0] != TRIANGLES_HEADER:
        raise Malformed("no compressed triangles of version 1")
    out = np.empty(count, np.uint32)
    if _triangles(stream, out) != len(stream) - TRIANGLES_TAIL:
        raise Malformed("compressed triangles are not whole")
    return out


def decode_indices(stream: Bytes, count: int) -> NDArray[np.uint32]:
    """Decode a stream of indices (count,); raises Malformed."""
    if count < 0 or len(stream) < 1 + count + INDICES_TAIL or stream[0] != INDICES_HEADER:
        raise Malformed("no compressed indices of version 1")
    out = np.empty(count, np.uint32)
    if _indices(stream, out) != len(stream) - INDICES_TAIL:
        raise Malformed("compressed indices are not whole")
    return out


def _filtered(elements: Bytes, name: str) -> Bytes:
    """Undo a filter of elements (N, stride); raises Malformed."""
    stride = elements.shape[1]
    if name == "NONE":
        return elements
    if name == "OCTAHEDRAL" and stride in (4, 8):
        return _as_bytes(unfold_octahedra(elements.view(f"<i{stride // 4}")), stride)
    if name == "QUATERNION" and stride == 8:
        return _as_bytes(complete_quaternions(elements.view("<i2")), stride)
    if name == "EXPONENTIAL":
        return _as_bytes(scale_mantissas(elements.view("<i4")), stride)
    raise Malformed(f"filter {name} of {stride} bytes")


def _as_bytes(values: NDArray[np.number], stride: int) -> Bytes:
    return np.ascontiguousarray(values).view(np.uint8).reshape(-1, stride)


def unfold_octahedra(coded: NDArray[np.signedinteger]) -> NDArray[np.signedinteger]:
    """Decode unit vectors: (N, 4) x, y on the unfolded octahedron, what stands for 1, and a fourth that stays → x, y, z, fourth."""
    one = coded[:, 2].astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):  # a 0 that stands for 1: no direction, as below
        x, y = coded[:, 0] / one, coded[:, 1] / one
        z = 1 - np.abs(x) - np.abs(y)
        below = np.minimum(z, 0)
        x, y = x + np.where(x >= 0, below, -below), y + np.where(y >= 0, below, -below)
        vectors = np.stack([x, y, z], axis=1)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    out = coded.copy()
    out[:, :3] = _rounded(vectors, coded.dtype)
    return out


def complete_quaternions(coded: NDArray[np.int16]) -> NDArray[np.int16]:
    """Decode rotations: (N, 4) three components, then what stands for 1, whose last two bits number the fourth, the largest."""
    one = (coded[:, 3] | 3).astype(np.float32)
    three = coded[:, :3] / (one[:, None] * np.float32(np.sqrt(2)))
    largest = np.sqrt(np.maximum(0, 1 - (three**2).sum(1)))
    place = coded[:, 3] & 3
    out = np.empty((len(coded), 4), np.float32)
    rows = np.arange(len(coded))
    for k in range(3):
        out[rows, (place + k + 1) % 4] = three[:, k]
    out[rows, place] = largest
    return _rounded(out, np.dtype(np.int16)).astype(np.int16)


def scale_mantissas(coded: NDArray[np.int32]) -> NDArray[np.float32]:
    """Decode floats: 24 bits of a signed mantissa, and above them 8 bits of a signed exponent of 2."""
    mantissa = (coded << 8) >> 8
    with np.errstate(over="ignore"):  # infinite: refused where it is used
        return np.asarray(np.ldexp(mantissa.astype(np.float32), coded >> 24), np.float32)


def _rounded(values: NDArray[np.floating], kind: np.dtype[np.signedinteger]) -> NDArray[np.signedinteger]:
    """Round values in -1..1 to integers whose largest is 1; what is no number becomes 0."""
    finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(np.rint(finite * np.iinfo(kind).max), kind)


@kernel
def _attributes(data: Bytes, before: Bytes, block: int, out: Bytes) -> int:
    """Decode into `out` (N, stride); returns the number of bytes read, -1 where there are too few."""
    count, stride = out.shape
    place = 1
    last = before.copy()
    for first in range(0, count, block):
        size = min(block, count - first)
        groups = (size + GROUP - 1) // GROUP
        for k in range(stride):
            header = place
            place += (groups + 3) // 4
            if place > len(data):
                return -1
            value = last[k]
            for g in range(groups):
                bits = 2 * ((data[header + g // 4] >> (g % 4 * 2)) & 3)  # 0, 2, 4 or 6 for 8
                packed = place
                place += 0 if bits == 0 else GROUP * (8 if bits == 6 else bits) // 8
                if place > len(data):
                    return -1
                for i in range(GROUP):
                    code = 0
                    if bits == 6:
                        code = int(data[packed + i])
                    elif bits > 0:
                        a_byte = 8 // bits
                        shift = 8 - bits - i % a_byte * bits
                        code = (int(data[packed + i // a_byte]) >> shift) & ((1 << bits) - 1)
                        if code == (1 << bits) - 1:  # too large for so few bits: a byte of its own
                            if place >= len(data):
                                return -1
                            code = int(data[place])
                            place += 1
                    if g * GROUP + i < size:
                        value = np.uint8((int(value) + ((code >> 1) ^ -(code & 1))) & 255)
                        out[first + g * GROUP + i, k] = value
            last[k] = value
    return place


@kernel
def _number(data: Bytes, place: int, end: int) -> tuple[int, int]:
    """Read a number of 7 bits a byte, lowest first, and return it with the place after it; -1 where that is beyond `end`."""
    value = 0
    for k in range(5):
        if not 0 <= place < end:
            return 0, -1
        byte = int(data[place])
        place += 1
        value |= (byte & 127) << (7 * k)
        if byte < 128:
            break
    return value & 0xFFFFFFFF, place


@kernel
def _stepped(last: int, code: int) -> int:
    """Add a difference, coded with its sign in the lowest bit, to an index."""
    return (last + ((code >> 1) ^ -(code & 1))) & 0xFFFFFFFF


@kernel
def _vertex(how: int, vertices: NDArray[np.int64], state: NDArray[np.int64], stream: Bytes, end: int) -> int:
    """Return a vertex: new, some steps back among the recent ones, or told by its number."""
    if how > 0:
        return int(vertices[(state[COUNT] - how) % RECENT])
    if how == NEW:
        state[NEXT] += 1
        return int(state[NEXT] - 1)
    if how == TOLD:
        step, state[PLACE] = _number(stream, state[PLACE], end)
        state[LAST] = _stepped(state[LAST], step)
    else:
        state[LAST] += 1 if how == AFTER else -1
    return int(state[LAST])


@kernel
def _triangles(stream: Bytes, out: NDArray[np.uint32]) -> int:
    """Decode into `out` (N,); returns the place after the data read, -1 where there is too little."""
    edges, vertices, state = np.zeros((RECENT, 2), np.int64), np.zeros(RECENT, np.int64), np.zeros(4, np.int64)
    edge, end = 0, len(stream) - TRIANGLES_TAIL
    state[PLACE] = 1 + len(out) // 3
    for t in range(len(out) // 3):
        code = int(np.int64(stream[1 + t]))  # of an unsigned one, less a signed one, numba makes a float
        if code < 0xF0:  # an edge met lately, and one vertex more
            met, third = (edge - 1 - (code >> 4)) % RECENT, code & 15
            a, b = edges[met, 0], edges[met, 1]  # not as a slice, which takes numba seconds more to compile
            how_a = how_b = 1  # nothing to remember
            how_c = (
                NEW if third == 0 else third + 1 if third < NEAR_CODES else (BEFORE, AFTER, TOLD)[third - NEAR_CODES]
            )
            c = _vertex(how_c, vertices, state, stream, end)
        else:  # three vertices
            pair, far = int(np.int64(stream[end + (code & 15)])), code >= 0xFE
            if far:
                if state[PLACE] >= end:
                    return -1
                pair = int(np.int64(stream[state[PLACE]]))
                state[PLACE] += 1
                if pair == 0 and code == 0xFE:
                    state[NEXT] = 0
            how_a = TOLD if code == 0xFF else NEW
            how_b = TOLD if far and pair >> 4 == 15 else pair >> 4
            how_c = TOLD if far and pair & 15 == 15 else pair & 15
            a = _vertex(how_a, vertices, state, stream, end)
            b = _vertex(how_b, vertices, state, stream, end)
            c = _vertex(how_c, vertices, state, stream, end)
            edges[edge % RECENT, 0], edges[edge % RECENT, 1] = b, a
            edge += 1
        if state[PLACE] < 0:
            return -1
        for how, vertex in ((how_a, a), (how_b, b), (how_c, c)):
            if how <= 0:
                vertices[state[COUNT] % RECENT] = vertex
                state[COUNT] += 1
        edges[edge % RECENT, 0], edges[edge % RECENT, 1] = c, b
        edge += 1
        edges[edge % RECENT, 0], edges[edge % RECENT, 1] = a, c
        edge += 1
        out[3 * t], out[3 * t + 1], out[3 * t + 2] = a, b, c
    return int(state[PLACE])


@kernel
def _indices(stream: Bytes, out: NDArray[np.uint32]) -> int:
    """Decode into `out` (N,); returns the place after the data read, -1 where there is too little."""
    last = np.zeros(2, np.int64)
    place, end = 1, len(stream) - INDICES_TAIL
    for i in range(len(out)):
        code, place = _number(stream, place, end)
        if place < 0:
            return -1
        which = code & 1
        last[which] = _stepped(last[which], code >> 1)
        out[i] = last[which]
    return place
