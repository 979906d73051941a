"""Read BVH, Biovision's files of a skeleton and its motion, as programs of motion capture write them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError

MOST_BYTES = 256_000_000
"""Largest file that is read."""

MOST_JOINTS = 1000
"""Most joints of a skeleton; those of hands and faces make 200."""

MOST_FRAMES = 100_000
"""Most frames of a motion: a quarter of an hour at 120 a second."""

CHANNELS = ("Xposition", "Yposition", "Zposition", "Xrotation", "Yrotation", "Zrotation")
"""Names of a joint's channels."""

END = " end"
"""What the name of a joint's end is made of, after its own."""


class Bvh(NamedTuple):
    """A skeleton of J joints, parents before their children, the root first, and T frames; ends of limbs are joints that do not turn."""

    names: tuple[str, ...]
    """Of the joints; an end's is its joint's and END."""
    parents: tuple[int, ...]
    """Joint that each hangs on; -1: none."""
    offsets: NDArray[np.float64]
    """(J, 3) from the parent, in the file's unit, at rest."""
    channels: tuple[tuple[int, str], ...]
    """Joint and name of each channel."""
    values: NDArray[np.float64]
    """(T, channels) degrees, and places in the file's unit."""
    fps: float
    """Frames a second."""

    def above(self, joint: int) -> list[int]:
        """Return the joints from the parent of one up to the root."""
        chain = []
        while (joint := self.parents[joint]) >= 0:
            chain.append(joint)
        return chain

    def rest_place(self, joint: int) -> NDArray[np.float64]:
        """Place (3,) of a joint where nothing is turned, from the root."""
        place: NDArray[np.float64] = self.offsets[[joint, *self.above(joint)]][:-1].sum(axis=0)
        return place

    def rotation(self, joint: int) -> NDArray[np.float64]:
        """Rotation (T, 3, 3) of a joint from its rest, in the file's axes: those above it, then its channels in their order, R1 R2 R3."""
        turned = np.broadcast_to(np.eye(3), (len(self.values), 3, 3))
        for number in [joint, *self.above(joint)][::-1]:
            for column, (owner, channel) in enumerate(self.channels):
                if owner == number and channel.endswith("rotation"):
                    turned = turned @ _about("XYZ".index(channel[0]), np.radians(self.values[:, column]))
        return turned

    def place(self, joint: int) -> NDArray[np.float64]:
        """Place (T, 3) of a joint in the file's axes."""
        whole = np.zeros((len(self.values), 3))
        for number in [joint, *self.above(joint)]:
            moved = np.tile(self.offsets[number], (len(self.values), 1))
            for column, (owner, channel) in enumerate(self.channels):
                if owner == number and channel.endswith("position"):
                    moved[:, "XYZ".index(channel[0])] = self.values[:, column]
            parent = self.parents[number]
            whole += moved if parent < 0 else np.einsum("tij,tj->ti", self.rotation(parent), moved)
        return whole


@dataclass
class _Joint:
    """A joint as far as it is read."""

    name: str
    parent: int
    offset: tuple[float, ...] | None = None
    channels: list[str] = field(default_factory=list)


class _Reader:
    """The lines of a file, and errors that say which one is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            if path.stat().st_size > MOST_BYTES:
                raise PtxError(f"{path}: has more than {MOST_BYTES / 1e6:g} MB")
            text = path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            raise PtxError(f"{path}: is not there") from None
        except OSError as error:
            raise PtxError(f"{path}: cannot be read ({error.strerror})") from None
        self.line = 0
        self._lines = self._words(text.splitlines())

    def _words(self, lines: list[str]) -> Iterator[list[str]]:
        for self.line, line in enumerate(lines, 1):
            words = line.split()
            if words:
                yield words

    def next(self, wanted: str) -> list[str]:
        """Words of the next line that is not empty."""
        words = next(self._lines, None)
        if words is None:
            raise self.error(f"the file ends where {wanted} should be")
        return words

    def numbers(self, words: list[str], count: int, what: str) -> list[float]:
        """The words as `count` numbers."""
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            numbers = []
        if len(numbers) != count or not all(map(math.isfinite, numbers)):
            raise self.error(f"{what} must be {count} numbers")
        return numbers

    def error(self, what: str) -> PtxError:
        """What is wrong on the line."""
        return PtxError(f"{self._path}, line {self.line}: {what}")


def read_bvh(path: Path) -> Bvh:
    """Read a BVH file.

    Raises:
        PtxError: no such file, or it is no BVH; one line, with the number of the line that is wrong.
    """
    reader = _Reader(path)
    if reader.next("HIERARCHY") != ["HIERARCHY"]:
        raise reader.error("a BVH file begins with HIERARCHY")
    joints = _read_hierarchy(reader)
    channels = tuple((number, channel) for number, joint in enumerate(joints) for channel in joint.channels)
    values, fps = _read_motion(reader, len(channels))
    offsets = np.array([joint.offset or (0.0, 0.0, 0.0) for joint in joints])
    names, parents = tuple(joint.name for joint in joints), tuple(joint.parent for joint in joints)
    return Bvh(names, parents, offsets, channels, values, fps)


def _read_hierarchy(reader: _Reader) -> list[_Joint]:
    """Read joints up to the line MOTION."""
    joints: list[_Joint] = []
    above: list[int] = []
    while True:
        words = reader.next("a joint, or MOTION")
        match words[0]:
            case "MOTION" if joints and not above:
                return joints
            case "ROOT" if not joints and len(words) > 1:
                joints.append(_Joint(" ".join(words[1:]), -1))
            case "JOINT" if above and len(words) > 1:
                joints.append(_Joint(" ".join(words[1:]), above[-1]))
            case "End" if above:
                joints.append(_Joint(joints[above[-1]].name + END, above[-1]))
            case "OFFSET" if above:
                x, y, z = reader.numbers(words[1:], 3, "OFFSET")
                joints[above[-1]].offset = (x, y, z)
            case "CHANNELS" if above and len(words) > 1 and words[1].isdecimal():
                joints[above[-1]].channels = _channels(reader, words)
            case "{" if len(joints) > len(above) and (not above or above[-1] != len(joints) - 1):
                above.append(len(joints) - 1)
            case "}" if above:
                if joints[above.pop()].offset is None:
                    raise reader.error("a joint without OFFSET")
            case _:
                raise reader.error(f"`{words[0]}` is not expected here")
        if len(joints) > MOST_JOINTS:
            raise reader.error(f"more than {MOST_JOINTS} joints")


def _channels(reader: _Reader, words: list[str]) -> list[str]:
    channels = words[2:]
    if len(channels) != int(words[1]) or len(set(channels)) != len(channels) or not set(channels) <= set(CHANNELS):
        raise reader.error(f"CHANNELS must be a number and as many of {', '.join(CHANNELS)}")
    return channels


def _read_motion(reader: _Reader, channels: int) -> tuple[NDArray[np.float64], float]:
    """Read the values (T, channels) and the number of frames a second."""
    words = reader.next("Frames:")
    if len(words) != 2 or words[0] != "Frames:" or not words[1].isdecimal() or not 1 <= int(words[1]) <= MOST_FRAMES:
        raise reader.error(f"here `Frames:` must be, and a number up to {MOST_FRAMES:,}")
    count = int(words[1])
    words = reader.next("Frame Time:")
    if words[:2] != ["Frame", "Time:"]:
        raise reader.error("here `Frame Time:` must be")
    (seconds,) = reader.numbers(words[2:], 1, "Frame Time")
    if not 1e-4 <= seconds <= 1e3:
        raise reader.error(f"Frame Time is {seconds:g} seconds")
    values = np.empty((count, channels))
    for number in range(count):
        words = reader.next(f"frame {number + 1} of {count}")
        values[number] = reader.numbers(words, channels, f"frame {number + 1}")
    return values, 1 / seconds


def _about(axis: int, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations (T, 3, 3) about a coordinate axis."""
    one, two = (axis + 1) % 3, (axis + 2) % 3
    turned = np.zeros((len(angles), 3, 3))
    turned[:, axis, axis] = 1
    turned[:, one, one] = turned[:, two, two] = np.cos(angles)
    turned[:, two, one] = np.sin(angles)
    turned[:, one, two] = -turned[:, two, one]
    return turned
