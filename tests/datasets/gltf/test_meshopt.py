from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.foreign_files import Malformed
from ptx.datasets.gltf.meshopt import complete_quaternions, decode_stream, scale_mantissas, unfold_octahedra

TRIANGLES = bytes(
    [
        0xE1,
        0xF0,
        0x10,
        0xFF,
        0x1D,
        0x02,
        0xFE,
        0xFF,
        14,
        3,
        0x86,
        0x03,
        0x1F,
        5,
        *bytes(16),
    ]  # codes, data, an empty table
)
"""A stream by hand, after the specification's table of codes."""

DECODED = [
    [0, 1, 2],  # three new; edges 1 0, 2 1, 0 2
    [2, 1, 3],  # the edge before the last, 2 1, and a new one
    [7, 5, 200],  # told: 0 + 7, 7 - 2, 5 + 195
    [200, 5, 199],  # the edge before the last, 200 5, and one less than the last told
    [200, 199, 5],  # the last edge, and of the vertices that were noted, 7 5 200 199, the third from the end
    [4, 199, 196],  # new; the one noted last; told: 199 - 3
]


def zigzag(step: int) -> int:
    return step * 2 if step >= 0 else -step * 2 - 1


def test_triangles_by_hand() -> None:
    decoded = np.frombuffer(decode_stream(TRIANGLES, 18, 2, "TRIANGLES"), "<u2").reshape(-1, 3)
    assert decoded.tolist() == DECODED


def test_triangles_whose_codes_are_in_the_table() -> None:
    stream = bytes([0xE1, 0xF0, 0xF1, *bytes(1), 0x21, *bytes(14)])  # second: new, two back, one back
    decoded = np.frombuffer(decode_stream(stream, 6, 4, "TRIANGLES"), "<u4")
    assert decoded.tolist() == [0, 1, 2, 3, 1, 2]


def test_indices_by_hand() -> None:
    # Of two running numbers the lowest bit says which: 5, 100 (the other), 6, 99.
    stream = bytes(
        [
            0xD1,
            zigzag(5) << 1,
            0x80 | (zigzag(100) << 1 | 1) & 127,
            (zigzag(100) << 1 | 1) >> 7,
            zigzag(1) << 1,
            zigzag(-1) << 1 | 1,
        ]
    )
    decoded = decode_stream(stream + bytes(4), 4, 2, "INDICES")
    assert np.frombuffer(decoded, "<u2").tolist() == [5, 100, 6, 99]


def test_attributes_by_hand_in_all_four_ways() -> None:
    # Two elements of four bytes before which (1, 2, 3, 4) stands; a group of 16 differences a byte, zeros after the second.
    none = [0]
    two_bits = [1, 0b01_11_00_00, 0, 0, 0, zigzag(-100)]  # -1, then a byte of its own
    four_bits = [2, 0x2F, *bytes(7), 200]  # +1, then a byte of its own: zigzag 200 is +100
    eight_bits = [3, zigzag(7), zigzag(-3), *bytes(14)]
    stream = bytes([0xA0, *none, *two_bits, *four_bits, *eight_bits, *bytes(28), 1, 2, 3, 4])
    decoded = np.frombuffer(decode_stream(stream, 2, 4, "ATTRIBUTES"), np.uint8).reshape(2, 4)
    assert decoded.tolist() == [[1, 1, 4, 11], [1, (1 - 100) % 256, 104, 8]]


def test_blocks_of_attributes_go_on_from_the_last_element() -> None:
    # 300 elements of 4 bytes are a block of 256 and one of 44: 16 and 3 groups, all zeros but the first difference of the second block.
    first = bytes(4) * 4
    second = bytes([3, zigzag(9), *bytes(15)]) + bytes(3)
    stream = bytes([0xA0]) + first + second + bytes(28) + bytes([5, 6, 7, 8])
    decoded = np.frombuffer(decode_stream(stream, 300, 4, "ATTRIBUTES"), np.uint8).reshape(-1, 4)
    assert (decoded[:256] == (5, 6, 7, 8)).all()
    assert (decoded[256:] == (14, 6, 7, 8)).all()


@pytest.mark.parametrize(("mode", "count", "stride", "stream"), [
    ("TRIANGLES", 18, 2, TRIANGLES),
    ("ATTRIBUTES", 2, 4, bytes([0xA0, 3, *bytes(16), *bytes(3), *bytes(32)])),
    ("INDICES", 2, 2, bytes([0xD1, 0x80, 0x01, 2, *bytes(4)])),
])  # fmt: skip
def test_torn_streams_are_refused(mode: str, count: int, stride: int, stream: bytes) -> None:
    decode_stream(stream, count, stride, mode)
    for length in range(len(stream)):
        with pytest.raises(Malformed):
            decode_stream(stream[:length], count, stride, mode)
    with pytest.raises(Malformed):
        decode_stream(bytes([0x11]) + stream[1:], count, stride, mode)


@pytest.mark.parametrize(("mode", "stride", "name"), [
    ("ATTRIBUTES", 3, "NONE"), ("ATTRIBUTES", 1024, "NONE"), ("TRIANGLES", 8, "NONE"), ("TRIANGLES", 2, "OCTAHEDRAL"), ("OTHER", 4, "NONE"),
    ("ATTRIBUTES", 4, "OTHER"), ("ATTRIBUTES", 4, "QUATERNION"),
])  # fmt: skip
def test_unknown_forms_are_refused(mode: str, stride: int, name: str) -> None:
    stream = bytes([0xE1]) if mode == "TRIANGLES" else bytes([0xA0])
    with pytest.raises(Malformed):
        decode_stream(stream + bytes(2000), 0, stride, mode, name)


@pytest.mark.parametrize(("dtype", "degrees"), [(np.int8, 1.5), (np.int16, 0.02)])
def test_unit_vectors_come_back(dtype: type[np.signedinteger], degrees: float) -> None:
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.normal(0, 1, (200, 3)), np.eye(3), -np.eye(3)])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    flat = vectors[:, :2] / np.abs(vectors).sum(1, keepdims=True)
    folded = (1 - np.abs(flat[:, ::-1])) * np.where(flat >= 0, 1, -1)
    flat = np.where(vectors[:, 2:] >= 0, flat, folded)
    largest = np.iinfo(dtype).max
    coded = np.zeros((len(vectors), 4), dtype)
    coded[:, :2], coded[:, 2], coded[:, 3] = np.rint(flat * largest), largest, 17
    decoded = unfold_octahedra(coded)
    cosine = (decoded[:, :3] / largest * vectors).sum(1) / np.linalg.norm(decoded[:, :3] / largest, axis=1)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < degrees
    assert (decoded[:, 3] == 17).all()


def test_rotations_come_back() -> None:
    rng = np.random.default_rng(1)
    q = rng.normal(0, 1, (100, 4))
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    place = np.abs(q).argmax(1)
    q *= np.sign(q[np.arange(100), place])[:, None]
    coded = np.zeros((100, 4), np.int16)
    for k in range(3):
        coded[:, k] = np.rint(q[np.arange(100), (place + 1 + k) % 4] * np.sqrt(2) * 32767)
    coded[:, 3] = (32767 & ~3) | place
    assert np.abs(complete_quaternions(coded) / 32767 - q).max() < 3e-4


def test_floats_of_mantissa_and_exponent() -> None:
    values = [(3, 0), (-5, 4), (1, -20), (-(2**23), 1), (0, 100)]
    coded = (
        np.array([(exponent << 24) | (mantissa & 0xFFFFFF) for mantissa, exponent in values], np.int64)
        .astype(np.uint32)
        .view(np.int32)
    )
    assert scale_mantissas(coded).tolist() == [mantissa * 2.0**exponent for mantissa, exponent in values]
