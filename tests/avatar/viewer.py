"""A viewer of glTF that shares nothing with ptx: the file taken apart, its skin moved by its own numbers."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from tests.avatar.documents import Document, Node, Primitive

TYPES = {5121: "<u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Viewer:
    """A file, opened."""

    document: Document
    data: bytes

    @classmethod
    def open(cls, content: bytes) -> Viewer:
        magic, version, length = struct.unpack_from("<4sII", content)
        assert (magic, version, length) == (b"glTF", 2, len(content))
        size, kind = struct.unpack_from("<I4s", content, 12)
        assert (kind, size % 4) == (b"JSON", 0)
        rest, second = struct.unpack_from("<I4s", content, 20 + size)
        assert (second, rest % 4, 28 + size + rest) == (b"BIN\0", 0, len(content))
        return cls(json.loads(content[20 : 20 + size]), content[28 + size :])

    def view(self, number: int) -> bytes:
        view = self.document["bufferViews"][number]
        return self.data[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]

    def array(self, number: int) -> NDArray[np.number]:
        accessor = self.document["accessors"][number]
        flat = np.frombuffer(self.view(accessor["bufferView"]), TYPES[accessor["componentType"]])
        return flat.reshape(accessor["count"], WIDTHS[accessor["type"]])

    @property
    def primitive(self) -> Primitive:
        return self.document["meshes"][0]["primitives"][0]

    def attribute(self, name: str) -> NDArray[np.number]:
        return self.array(self.primitive["attributes"][name])

    @property
    def triangles(self) -> NDArray[np.number]:
        return self.array(self.primitive["indices"]).reshape(-1, 3)

    def nodes_at(self, key: int | None = None) -> list[Node]:
        """The nodes, moved by the animation at one of its keys."""
        nodes = [node.copy() for node in self.document["nodes"]]
        if key is None:
            return nodes
        animation = self.document["animations"][0]
        for channel in animation["channels"]:
            sampler, target = animation["samplers"][channel["sampler"]], channel["target"]
            nodes[target["node"]][target["path"]] = self.array(sampler["output"])[key].tolist()
        return nodes

    def skinned(self, key: int | None = None) -> Floats:
        """Vertices (N, 3) in the scene, in the pose of the nodes or of a key of the animation."""
        nodes = self.nodes_at(key)
        world: dict[int, Floats] = {}

        def walk(number: int, above: Floats) -> None:
            local = np.eye(4)
            local[:3, :3] = Rotation.from_quat(nodes[number].get("rotation", (0, 0, 0, 1))).as_matrix()
            local[:3, 3] = nodes[number].get("translation", (0, 0, 0))
            world[number] = above @ local
            for child in nodes[number].get("children", []):
                walk(child, world[number])

        for root in self.document["scenes"][self.document["scene"]]["nodes"]:
            walk(root, np.eye(4))
        skin = self.document["skins"][0]
        inverse = self.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        moves = np.stack([world[joint] for joint in skin["joints"]]) @ inverse
        rest = np.c_[self.attribute("POSITION"), np.ones(len(self.attribute("POSITION")))]
        joints, weights = self.attribute("JOINTS_0"), self.attribute("WEIGHTS_0").astype(np.float64)
        placed: Floats = np.einsum("vk,vkab,vb->va", weights, moves[joints], rest)[:, :3]
        return placed
