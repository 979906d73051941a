"""MakeHuman's bindings, read and fitted by the tool that builds the pack of lifelike people."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from people_pack.mhclo import read_mhclo, read_obj  # noqa: E402

MHCLO = """# a comment
name hat
obj_file hat.obj
x_scale 0 1 2.0
y_scale 0 2 4.0
z_scale 0 3 1.0
z_depth 5
verts 0
material hat.mhmat
0 1 2 0.5 0.25 0.25 1.0 -2.0 0.5
3
delete_verts
0 - 5 7
"""


def test_a_vertex_lies_at_the_weighted_mean_and_its_offset_is_scaled_along_each_axis(tmp_path: Path) -> None:
    path = tmp_path / "hat.mhclo"
    path.write_text(MHCLO, encoding="utf-8")
    binding = read_mhclo(path)
    assert binding.corners.tolist() == [[0, 1, 2], [3, 3, 3]]
    # 4 apart along x where 2 was meant, 4 where 4 was, 3 where 1 was: scales 2, 1, 3.
    base = np.array([[[0.0, 0, 0], [4, 0, 0], [0, 4, 0], [0, 0, 3]]])
    # x: .25 * 4 + 2 * 1, y: .25 * 4 - 1 * 2, z: 0 + 3 * .5
    np.testing.assert_allclose(binding.fit(base)[0], [[3, -1, 1.5], [0, 0, 3]])


def test_a_binding_scales_with_the_body(tmp_path: Path) -> None:
    path = tmp_path / "hat.mhclo"
    path.write_text(MHCLO, encoding="utf-8")
    base = np.random.default_rng(0).normal(size=(1, 4, 3))
    binding = read_mhclo(path)
    np.testing.assert_allclose(binding.fit(2.5 * base), 2.5 * binding.fit(base))


def test_polygons_become_triangles_with_their_texture_coordinates(tmp_path: Path) -> None:
    path = tmp_path / "square.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt .5 1\nf 1/1 2/2 3/1 4/2\n", encoding="utf-8")
    mesh = read_obj(path)
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert mesh.face_uv.tolist() == [[0, 1, 0], [0, 0, 1]]
    assert mesh.uv.tolist() == [[0, 0], [0.5, 1]]
