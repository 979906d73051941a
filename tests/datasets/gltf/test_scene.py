from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.foreign_files import Malformed
from ptx.datasets.gltf.gltf_file import GltfFile, open_gltf
from ptx.datasets.gltf.scene import read_nodes, read_pieces, read_skins
from ptx.pipeline.storage.json_values import Json, as_list, as_object
from tests.datasets.gltf.files import joint_places, person, write_glb


def opened(folder: Path, nodes: list[Json]) -> GltfFile:
    document: dict[str, Json] = {"asset": {"version": "2.0"}, "nodes": nodes}
    return open_gltf(write_glb(folder / "a.glb", document, b""))


def test_places_by_turn_scale_and_shift(tmp_path: Path) -> None:
    half = float(np.sqrt(0.5))
    nodes: list[Json] = [
        {"name": "child", "translation": [1, 0, 0]},
        {
            "name": "parent",
            "children": [0],
            "rotation": [0, 0, half, half],
            "scale": [2, 3, 1],
            "translation": [10, 0, 0],
        },
    ]
    tree = read_nodes(opened(tmp_path, nodes))
    assert tree.parents == [1, -1]
    assert tree.world[0, :3, 3] == pytest.approx([10, 2, 0])  # 1 along x, twice as far, a quarter turn about z
    assert tree.world[0, :3, :3] @ [0, 1, 0] == pytest.approx([-3, 0, 0])


def test_a_matrix_is_told_by_columns(tmp_path: Path) -> None:
    tree = read_nodes(opened(tmp_path, [{"matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 5, 6, 7, 1]}]))
    assert tree.world[0, :3, 3].tolist() == [5, 6, 7]


@pytest.mark.parametrize("nodes", [
    [{"children": [0]}],
    [{"children": [1]}, {"children": [0]}],
    [{"children": [2]}, {"children": [2]}, {}],
    [{"children": [5]}],
    [{"rotation": [0, 0, 0, 0]}],
])  # fmt: skip
def test_what_is_no_tree(nodes: list[Json], tmp_path: Path) -> None:
    with pytest.raises(Malformed):
        read_nodes(opened(tmp_path, nodes))


def test_a_person_as_written(tmp_path: Path) -> None:
    file = open_gltf(write_glb(tmp_path / "a.glb", *person()))
    tree, (skin,), (piece,) = read_nodes(file), read_skins(file), read_pieces(file, 10**4, 10**4)
    for name, place in joint_places().items():
        node = tree.names.index(name)
        assert tree.world[node, :3, 3] == pytest.approx(place, abs=1e-6)
        bound = np.linalg.inv(skin.inverse_bind[skin.joints.index(node)])
        assert bound[:3, 3] == pytest.approx(place, abs=1e-6)
    assert piece.names == ("Skin", "mesh", "person")
    assert piece.faces.shape == (22 * 12, 3)
    assert piece.weights.sum(1).tolist() == [1] * 22 * 8


@pytest.mark.parametrize(("mode", "expected"), [
    (4, [[0, 1, 2], [3, 4, 5]]),
    (5, [[0, 1, 2], [2, 1, 3], [2, 3, 4]]),  # every second triangle of a strip is turned over
    (6, [[0, 1, 2], [0, 2, 3], [0, 3, 4]]),
])  # fmt: skip
def test_triangles_strips_and_fans_of_vertices_in_order(mode: int, expected: list[list[int]], tmp_path: Path) -> None:
    document, data = person()
    primitive = dict(as_object(as_list(as_object(as_list(document["meshes"])[0])["primitives"])[0]))
    del primitive["indices"]
    document["meshes"] = [{"primitives": [{**primitive, "mode": mode}]}]
    (piece,) = read_pieces(open_gltf(write_glb(tmp_path / "a.glb", document, data)), 10**4, 10**4)
    assert piece.faces[: len(expected)].tolist() == expected
    assert len(piece.faces) == (len(piece.positions) // 3 if mode == 4 else len(piece.positions) - 2)


def test_bounds_of_meshes(tmp_path: Path) -> None:
    file = open_gltf(write_glb(tmp_path / "a.glb", *person()))
    with pytest.raises(Malformed, match="more than 100 vertices"):
        read_pieces(file, 100, 10**4)
    with pytest.raises(Malformed, match="or 100 faces"):
        read_pieces(file, 10**4, 100)
