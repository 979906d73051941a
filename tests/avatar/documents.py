"""JSON documents of glTF files: what the tests read of them, and changes of any place in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Literal, NotRequired, TypeAlias, TypedDict

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
"""A value of JSON that may be changed."""

Key = str | int
"""Of an object, or of a list."""


class BufferView(TypedDict):
    """A part of the file's bytes."""

    byteOffset: int
    byteLength: int


class Accessor(TypedDict):
    """An array."""

    bufferView: int
    componentType: int
    count: int
    type: str
    min: NotRequired[list[float]]
    max: NotRequired[list[float]]


class Primitive(TypedDict):
    """A mesh: numbers of accessors."""

    attributes: dict[str, int]
    indices: int


class Mesh(TypedDict):
    """What one node shows."""

    primitives: list[Primitive]


class Node(TypedDict):
    """A bone, or what else has a place."""

    name: str
    rotation: NotRequired[list[float]]
    translation: NotRequired[list[float]]
    children: NotRequired[list[int]]


class Skin(TypedDict):
    """Bones of a mesh, and the number of their matrices' accessor."""

    joints: list[int]
    inverseBindMatrices: int


class Target(TypedDict):
    """What a channel moves."""

    node: int
    path: Literal["rotation", "translation"]


class Channel(TypedDict):
    """A node that is moved by a sampler."""

    sampler: int
    target: Target


class Sampler(TypedDict):
    """Accessors of times and values."""

    input: int
    output: int


class Animation(TypedDict):
    """Movements of nodes."""

    name: str
    channels: list[Channel]
    samplers: list[Sampler]


class Scene(TypedDict):
    """Nodes that hang on no other."""

    nodes: list[int]


class Image(TypedDict):
    """A picture within the file."""

    bufferView: int


class Material(TypedDict):
    """How a mesh is drawn."""

    doubleSided: bool


class Buffer(TypedDict):
    """The bytes of the file."""

    byteLength: int


class Extras(TypedDict):
    """How the file was made."""

    Description: str
    DigitalSourceType: str
    Comment: str


class Asset(TypedDict):
    """What is said of the whole file."""

    extras: Extras


class Document(TypedDict):
    """The document of an avatar, as ptx writes it ("glTF 2.0 Specification", 5)."""

    asset: Asset
    scene: int
    scenes: list[Scene]
    nodes: list[Node]
    meshes: list[Mesh]
    skins: list[Skin]
    materials: list[Material]
    images: list[Image]
    accessors: list[Accessor]
    bufferViews: list[BufferView]
    buffers: list[Buffer]
    animations: NotRequired[list[Animation]]


def loosened(document: Document) -> Value:
    """Return a copy that may become wrong."""
    copy: Value = json.loads(json.dumps(document))
    return copy


def put(*path: Key, value: Value) -> Callable[[Value], None]:
    """Change one value of a document."""

    def change(document: Value) -> None:
        for key in path[:-1]:
            document = _inner(document, key)
        put_at(document, path[-1], value)

    return change


def put_at(holder: Value, key: Key, value: Value) -> None:
    """Change one value of an object or a list."""
    if isinstance(holder, dict) and isinstance(key, str):
        holder[key] = value
    else:
        assert isinstance(holder, list)
        assert isinstance(key, int)
        holder[key] = value


def places(value: Value) -> Iterator[tuple[Value, Key]]:
    """Every place inside a document: what holds it, and its key there."""
    keys: list[Key] = [*value] if isinstance(value, dict) else [*range(len(value))] if isinstance(value, list) else []
    for key in keys:
        yield value, key
        yield from places(_inner(value, key))


def _inner(holder: Value, key: Key) -> Value:
    """The value at a key of an object or a list."""
    if isinstance(holder, dict) and isinstance(key, str):
        return holder[key]
    assert isinstance(holder, list)
    assert isinstance(key, int)
    return holder[key]
