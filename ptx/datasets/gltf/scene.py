"""The scene of a file: its tree of nodes, the skins, and the pieces of mesh with what they look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.foreign_files import Malformed
from ptx.datasets.gltf.glb import finite
from ptx.datasets.gltf.gltf_file import GltfFile
from ptx.geometry.quaternions import axis_angles_of
from ptx.geometry.rotation import rotation_matrices
from ptx.pipeline.storage.json_values import Json, as_int, as_list, as_object, as_str

Doubles = NDArray[np.float64]

MOST_NODES = 4_000
"""Largest number of nodes of a tree."""

TRIANGLES, STRIP, FAN = 4, 5, 6
"""Numbers of the ways in which indices make triangles."""


class Nodes(NamedTuple):
    """The tree of a file's nodes."""

    names: list[str]
    """Name of each, or nothing."""
    parents: list[int]
    """Parent of each, -1 of a root."""
    world: Doubles
    """(N, 4, 4) from each node's frame to the file's."""

    def up(self, node: int) -> list[int]:
        """Return a node, its parent, and so on to the root."""
        chain = []
        while node >= 0:
            chain.append(node)
            node = self.parents[node]
        return chain


class Skin(NamedTuple):
    """What binds a mesh to joints."""

    joints: list[int]
    """(J,) their nodes."""
    inverse_bind: Doubles
    """(J, 4, 4) from the mesh's frame to each joint's, when the mesh was bound."""


class Piece(NamedTuple):
    """One primitive of a mesh in one node."""

    names: tuple[str, ...]
    """Names of its material, its mesh and its node: what may tell what it is."""
    node: int
    """The node that it hangs from."""
    skin: int | None
    """Its skin; None: it moves with its node."""
    material: int | None
    """Its material; None: plain white."""
    positions: NDArray[np.float32]
    """(V, 3)."""
    normals: NDArray[np.float32] | None
    """(V, 3), or None."""
    uv: NDArray[np.float32]
    """(V, 2) texture coordinates, before the texture's own transform; 0 where it has none."""
    shades: NDArray[np.float32]
    """(V, 4) RGBA that its colours are multiplied by, linear; 1 where it has none."""
    joints: NDArray[np.int64]
    """(V, K) joints of the skin, by their number in it; K = 0 without skin."""
    weights: NDArray[np.float32]
    """(V, K)."""
    faces: NDArray[np.int64]
    """(F, 3)."""


def read_nodes(file: GltfFile) -> Nodes:
    """Read the tree of nodes; raises Malformed where it is none, and as `GltfFile.item`."""
    items = file.items("nodes")
    if len(items) > MOST_NODES:
        raise Malformed(f"more than {MOST_NODES} nodes")
    parents = [-1] * len(items)
    for number, node in enumerate(items):
        for child in as_list(node.get("children", [])):
            place = as_int(child)
            if not 0 <= place < len(items) or parents[place] != -1:
                raise Malformed("its nodes are no tree")
            parents[place] = number
    local = [_local(node) for node in items]
    world = np.zeros((len(items), 4, 4))
    order = [number for number, parent in enumerate(parents) if parent < 0]
    for number in order:  # grows while it is walked
        parent = parents[number]
        world[number] = local[number] if parent < 0 else world[parent] @ local[number]
        order += [as_int(child) for child in as_list(items[number].get("children", []))]
    if len(order) != len(items):
        raise Malformed("its nodes are no tree")
    return Nodes([as_str(node.get("name", "")) for node in items], parents, world)


def _local(node: Mapping[str, Json]) -> Doubles:
    """Matrix (4, 4) from a node's frame to its parent's."""
    if "matrix" in node:
        return finite(node["matrix"], 16).reshape(4, 4).T
    out = np.eye(4)
    turn = finite(node.get("rotation", [0, 0, 0, 1]), 4)
    if not np.linalg.norm(turn) > 0:
        raise Malformed("a node has no rotation")
    out[:3, :3] = rotation_matrices(axis_angles_of(turn)) * finite(node.get("scale", [1, 1, 1]), 3)
    out[:3, 3] = finite(node.get("translation", [0, 0, 0]), 3)
    return out


def read_skins(file: GltfFile) -> list[Skin]:
    """Read the skins; errors as of `GltfFile.floats`."""
    out = []
    count = len(file.items("nodes"))
    for skin in file.items("skins"):
        joints = [as_int(joint) for joint in as_list(skin["joints"])]
        if not joints or not all(0 <= joint < count for joint in joints):
            raise Malformed("a skin has joints that are no nodes")
        matrices = np.tile(np.eye(4), (len(joints), 1, 1))
        if "inverseBindMatrices" in skin:
            given = file.floats(skin["inverseBindMatrices"], "MAT4").astype(np.float64)
            if len(given) < len(joints):
                raise Malformed("a skin has more joints than matrices")
            matrices = given[: len(joints)].reshape(-1, 4, 4).transpose(0, 2, 1)
        if (np.abs(np.linalg.det(matrices[:, :3, :3])) < 1e-18).any():
            raise Malformed("a skin has a matrix without inverse")
        out.append(Skin(joints, matrices))
    return out


def read_pieces(file: GltfFile, most_vertices: int, most_faces: int) -> list[Piece]:
    """Read all triangles of the scene that is shown.

    Args:
        file: the file.
        most_vertices: bound of the sum of their vertices.
        most_faces: bound of the sum of their faces.

    Raises:
        Malformed: there are more, or none; and as `GltfFile.floats`.
    """
    out: list[Piece] = []
    vertices = faces = 0
    for node in _shown(file):
        item = file.item("nodes", node)
        if "mesh" not in item:
            continue
        mesh = file.item("meshes", item["mesh"])
        for primitive in map(as_object, as_list(mesh["primitives"])):
            if as_int(primitive.get("mode", TRIANGLES)) not in (TRIANGLES, STRIP, FAN):
                continue  # points and lines
            told = file.item("accessors", as_object(primitive["attributes"])["POSITION"])
            vertices += as_int(told["count"])
            faces += as_int(file.item("accessors", primitive["indices"])["count"]) // 3 if "indices" in primitive else 0
            if vertices > most_vertices or faces > most_faces:
                raise Malformed(f"more than {most_vertices} vertices or {most_faces} faces")
            out.append(_piece(file, node, item, mesh, primitive))
    if not out:
        raise Malformed("it holds no mesh")
    return out


def _shown(file: GltfFile) -> Sequence[int]:
    """Nodes of the scene that is shown, all that hang from them among them, in order; all where there is no scene."""
    nodes, scenes = file.items("nodes"), file.items("scenes")
    if not scenes:
        return range(len(nodes))
    order = [as_int(node) for node in as_list(file.item("scenes", file.document.get("scene", 0)).get("nodes", []))]
    for node in order:  # grows while it is walked; `read_nodes` has seen that it is a tree
        order += [as_int(child) for child in as_list(file.item("nodes", node).get("children", []))]
    return sorted(set(order))


def _piece(
    file: GltfFile, node: int, item: Mapping[str, Json], mesh: Mapping[str, Json], primitive: Mapping[str, Json]
) -> Piece:
    """Read one primitive."""
    attributes = as_object(primitive["attributes"])
    positions = file.floats(attributes["POSITION"], "VEC3")
    count = len(positions)
    material = as_int(primitive["material"]) if "material" in primitive else None
    names = (
        as_str(file.item("materials", material).get("name", "")) if material is not None else "",
        as_str(mesh.get("name", "")),
        as_str(item.get("name", "")),
    )
    normals = file.floats(attributes["NORMAL"], "VEC3") if "NORMAL" in attributes else None
    uv = file.floats(attributes[_uv_set(file, material)], "VEC2") if _uv_set(file, material) in attributes else None
    none = np.zeros((count, 0), np.int64), np.zeros((count, 0), np.float32)
    joints, weights = _influences(file, attributes) if "skin" in item else none
    lengths = {len(joints), len(weights), count if normals is None else len(normals), count if uv is None else len(uv)}
    if lengths != {count}:
        raise Malformed("a mesh has attributes of several lengths")
    return Piece(
        names,
        node,
        as_int(item["skin"]) if "skin" in item else None,
        material,
        positions,
        normals,
        np.zeros((count, 2), np.float32) if uv is None else uv,
        _shades(file, attributes, count),
        joints,
        weights,
        _faces(file, primitive, count),
    )


def _uv_set(file: GltfFile, material: int | None) -> str:
    """Name the attribute with the coordinates of a material's texture."""
    texture = {} if material is None else base_texture(file.item("materials", material))
    moved = as_object(as_object(texture.get("extensions", {})).get("KHR_texture_transform", {}))
    return f"TEXCOORD_{as_int(moved.get('texCoord', texture.get('texCoord', 0)))}"


def base_texture(material: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return what a material tells of the texture of its colour; nothing where it has none."""
    return as_object(_look(material)[1])


def base_factor(material: Mapping[str, Json]) -> Doubles:
    """Return the colour (4,) RGBA, linear, that a material's texture is multiplied by."""
    return np.clip(finite(_look(material)[0], 4), 0, 1)


def _look(material: Mapping[str, Json]) -> tuple[Json, Json]:
    """Factor and texture of a material's colour, in either of the two forms."""
    glossy = as_object(material.get("extensions", {})).get("KHR_materials_pbrSpecularGlossiness")
    if glossy is not None:
        told = as_object(glossy)
        return told.get("diffuseFactor", [1, 1, 1, 1]), told.get("diffuseTexture", {})
    told = as_object(material.get("pbrMetallicRoughness", {}))
    return told.get("baseColorFactor", [1, 1, 1, 1]), told.get("baseColorTexture", {})


def _influences(file: GltfFile, attributes: Mapping[str, Json]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Read joints and weights (V, 4 K) of all sets of four."""
    sets = range(sum(name.startswith("JOINTS_") for name in attributes))
    if not sets:
        raise Malformed("a mesh with a skin has no joints")
    joints = [file.integers(attributes[f"JOINTS_{number}"], "VEC4") for number in sets]
    weights = [file.floats(attributes[f"WEIGHTS_{number}"], "VEC4") for number in sets]
    if len({*map(len, joints), *map(len, weights)}) > 1:
        raise Malformed("a mesh has attributes of several lengths")
    return np.concatenate(joints, axis=1), np.concatenate(weights, axis=1)


def _shades(file: GltfFile, attributes: Mapping[str, Json], count: int) -> NDArray[np.float32]:
    """Read the colours (V, 4) of vertices."""
    out = np.ones((count, 4), np.float32)
    if "COLOR_0" in attributes:
        kind = as_str(file.item("accessors", attributes["COLOR_0"])["type"])
        given = file.floats(attributes["COLOR_0"], "VEC3" if kind == "VEC3" else "VEC4")
        if len(given) != count:
            raise Malformed("a mesh has attributes of several lengths")
        out[:, : given.shape[1]] = np.clip(given, 0, 1)
    return out


def _faces(file: GltfFile, primitive: Mapping[str, Json], count: int) -> NDArray[np.int64]:
    """Read the faces (F, 3) of a primitive of `count` vertices."""
    given = file.integers(primitive["indices"], "SCALAR")[:, 0] if "indices" in primitive else np.arange(count)
    if given.max(initial=0) >= count:
        raise Malformed("a face names a vertex that is not there")
    mode = as_int(primitive.get("mode", TRIANGLES))
    if mode == TRIANGLES:
        return given[: len(given) // 3 * 3].reshape(-1, 3)
    if mode == FAN:
        return np.stack([np.full(max(len(given) - 2, 0), given[0]), given[1:-1], given[2:]], axis=1)
    strip = np.stack([given[:-2], given[1:-1], given[2:]], axis=1)
    strip[1::2, :2] = strip[1::2, 1::-1]
    return strip
