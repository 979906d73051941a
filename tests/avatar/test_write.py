"""Files of avatars against a viewer of glTF that shares nothing with ptx, trimesh, and Khronos's validator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image as Pillow
from scipy.spatial import cKDTree

from ptx.avatar.person import Avatar
from ptx.avatar.write import encode_avatar
from ptx.geometry.joints import SMPL_JOINTS
from ptx.geometry.skinning import pose_vertices
from ptx.surface.store import build_store
from tests.avatar.scenes import MADE, avatar, clip, detailed, encoded
from tests.avatar.viewer import Viewer
from tests.surface.scenes import fitted, people, photograph

MILLIMETRE = 1e-3

ALIGNED = ("POSITION", "NORMAL", "TEXCOORD_0", "JOINTS_0", "WEIGHTS_0")


def nearest_copies(viewer: Viewer, rest: np.ndarray) -> np.ndarray:
    """The vertex of the body in rest (V, 3) that each vertex of the file lies on."""
    positions = viewer.attribute("POSITION")
    distance, origin = cKDTree(rest).query(positions)
    assert distance.max() == 0
    return origin


def check_skin(one: Avatar, tolerance: float = MILLIMETRE) -> None:
    """The file's own numbers pose its vertices as ptx does: in the photograph's pose, and at each key of a clip."""
    body, motion = one.fitted, clip()
    viewer = Viewer.open(encode_avatar(one, MADE, motion))
    offset = None if body.offset is None else body.offset[None]
    rest = pose_vertices(body.body, np.zeros((1, 24, 3)), body.betas, offset=offset)[0]
    origin = nearest_copies(viewer, rest)
    ground = (0, -body.vertices[:, 1].min(), 0)
    posed = viewer.skinned()
    assert np.linalg.norm(posed - ground - body.vertices[origin], axis=1).max() < tolerance
    assert posed[:, 1].min() == pytest.approx(0, abs=MILLIMETRE)
    fingers = None if body.hands_pose is None else body.hands_pose[None]
    for key in (0, len(motion.poses) - 1):
        true = pose_vertices(body.body, motion.poses[key][None], body.betas, fingers, offset)[0]
        found = viewer.skinned(key) - ground - motion.root[key]
        assert np.linalg.norm(found - true[origin], axis=1).max() < tolerance


def test_the_skin_moves_as_the_body_does() -> None:
    check_skin(avatar())


@pytest.mark.slow
def test_the_skin_of_the_detailed_body_does_too() -> None:
    """Of its 13,718 vertices 16, at the thumbs, hang on five joints, of which the file has four: that shows where fingers are bent."""
    one = detailed()
    check_skin(replace(one, fitted=replace(one.fitted, hands_pose=None)))
    check_skin(one, 2 * MILLIMETRE)


@pytest.mark.parametrize("animated", [False, True])
def test_rules_of_the_format(animated: bool) -> None:
    """What the specification demands of accessors, skins, nodes and animations (3.6 to 3.11)."""
    viewer = Viewer.open(encoded(animated))
    document, end = viewer.document, 0
    for view in document["bufferViews"]:
        assert view["byteOffset"] % 4 == 0
        assert view["byteOffset"] >= end
        end = view["byteOffset"] + view["byteLength"]
    assert end <= document["buffers"][0]["byteLength"] <= len(viewer.data) < document["buffers"][0]["byteLength"] + 4
    for number, accessor in enumerate(document["accessors"]):
        values = viewer.array(number)
        assert np.isfinite(values).all()
        if "min" in accessor:
            np.testing.assert_array_equal(values.min(0), np.array(accessor["min"], np.float32))
            np.testing.assert_array_equal(values.max(0), np.array(accessor["max"], np.float32))
    assert "min" in document["accessors"][viewer.primitive["attributes"]["POSITION"]]
    assert len({len(viewer.attribute(name)) for name in ALIGNED}) == 1
    assert viewer.triangles.max() == len(viewer.attribute("POSITION")) - 1
    np.testing.assert_allclose(np.linalg.norm(viewer.attribute("NORMAL"), axis=1), 1, atol=1e-5)
    weights, joints = viewer.attribute("WEIGHTS_0"), viewer.attribute("JOINTS_0")
    np.testing.assert_allclose(weights.sum(1, dtype=np.float64), 1, atol=2e-7)
    assert (weights >= 0).all()
    assert not joints[weights == 0].any()
    assert joints.max() < len(document["skins"][0]["joints"])
    assert viewer.attribute("TEXCOORD_0").min() >= 0
    assert viewer.attribute("TEXCOORD_0").max() <= 1
    rotations = [np.array([node["rotation"] for node in document["nodes"] if "rotation" in node])]
    if animated:
        animation = document["animations"][0]
        for sampler in animation["samplers"]:
            times, values = viewer.array(sampler["input"]), viewer.array(sampler["output"])
            assert "max" in document["accessors"][sampler["input"]]
            assert (np.diff(times[:, 0]) > 0).all()
            assert len(times) == len(values)
            if values.shape[1] == 4:
                rotations.append(values)
                assert ((values[1:] * values[:-1]).sum(1) >= 0).all()  # the short way from each to the next
        targets = [(one["target"]["node"], one["target"]["path"]) for one in animation["channels"]]
        assert len(set(targets)) == len(targets) == 25
    np.testing.assert_allclose(np.linalg.norm(np.concatenate(rotations), axis=1), 1, atol=1e-6)


def test_bones_have_smpls_names() -> None:
    document = Viewer.open(encoded()).document
    names = [document["nodes"][joint]["name"] for joint in document["skins"][0]["joints"]]
    assert tuple(names[:24]) == SMPL_JOINTS
    assert len(set(names)) == 54
    assert names[24:27] == ["left_index1", "left_index2", "left_index3"]
    assert names[-1] == "right_thumb3"
    hand = document["nodes"][names.index("right_hand")]
    assert [names[child] for child in hand["children"]] == [
        f"right_{finger}1" for finger in ("index", "middle", "pinky", "ring", "thumb")
    ]


def test_trimesh_sees_the_body_and_its_texture() -> None:
    scene = trimesh.load(BytesIO(encoded()), file_type="glb", process=False)
    assert isinstance(scene, trimesh.Scene)
    (mesh,) = scene.geometry.values()
    body = avatar().fitted.body
    assert mesh.faces.shape == body.faces.shape
    rest = pose_vertices(body, np.zeros((1, 24, 3)), avatar().fitted.betas, offset=avatar().fitted.offset[None])[0]
    np.testing.assert_allclose(mesh.vertices[mesh.faces], rest[body.faces], atol=1e-6)
    assert (np.einsum("fc,fc->f", mesh.face_normals, mesh.vertex_normals[mesh.faces].mean(1)) > 0).mean() > 0.99
    image = mesh.visual.material.baseColorTexture
    np.testing.assert_array_equal(np.asarray(image), avatar().texture)


def test_texture_coordinates_lead_to_the_texels_of_their_points() -> None:
    """Read the way viewers do, pixels from u times the side, each face's middle has the colour of a texel that shows the face."""
    viewer, one = Viewer.open(encoded()), avatar()
    side = one.texture.shape[0]
    atlas = one.store.atlas
    middle = viewer.attribute("TEXCOORD_0")[viewer.triangles].mean(1)
    x, y = np.floor(middle * side).astype(int).T
    shown = np.full((side * side, 3), -1)
    shown[atlas.texels] = np.sort(atlas.points.corners, axis=1)
    np.testing.assert_array_equal(shown[y * side + x], np.sort(one.fitted.body.faces, axis=1))


def test_around_the_charts_the_texture_goes_on() -> None:
    """Viewers average far beyond the charts when the person is far away."""
    one = avatar()
    assert one.texture.reshape(-1, 3).any(1).mean() > 0.99


def test_the_file_says_that_it_is_synthetic() -> None:
    viewer = Viewer.open(encoded())
    extras = viewer.document["asset"]["extras"]
    assert "synthetic" in extras["Description"]
    assert extras["DigitalSourceType"].endswith("/compositeSynthetic")
    assert json.loads(extras["Comment"])["command"] == "ptx avatar"
    with Pillow.open(BytesIO(viewer.view(viewer.document["images"][0]["bufferView"]))) as picture:
        assert picture.info["Description"] == extras["Description"]


@pytest.mark.slow
def test_the_same_avatar_gives_the_same_bytes() -> None:
    assert encode_avatar(avatar(), MADE, clip()) == encoded(animated=True)


@pytest.mark.slow
def test_a_file_of_the_detailed_body_is_small() -> None:
    population = people("builtin", 1, (512, 384))
    body = fitted(0, population)
    one = Avatar.of(body, build_store(photograph(0, population), body, side=1024))
    assert len(encode_avatar(one, MADE)) < 6 * 10**6


VALIDATE = """
const fs = require('fs');
require('gltf-validator').validateBytes(new Uint8Array(fs.readFileSync(process.argv[1])))
  .then(report => console.log(JSON.stringify(report.issues)));
"""


def validator_answers() -> bool:
    """True where node finds Khronos's validator: in NODE_PATH, or in a folder node_modules above this one."""
    node = shutil.which("node")
    here = Path(__file__).parent
    return (
        node is not None
        and not subprocess.run(
            [node, "-e", "require.resolve('gltf-validator')"], cwd=here, capture_output=True, timeout=60
        ).returncode
    )


@pytest.mark.slow
@pytest.mark.parametrize("body", ["small", "detailed"])
def test_khronos_finds_no_error(body: str, tmp_path: Path) -> None:
    if not validator_answers():
        pytest.skip("Khronos's validator is not there: npm install gltf-validator, and NODE_PATH to its node_modules")
    path = tmp_path / "one.glb"
    path.write_bytes(encoded(animated=True) if body == "small" else encode_avatar(detailed(), MADE, clip()))
    done = subprocess.run(
        ["node", "-e", VALIDATE, str(path)], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=60,
        env=os.environ, check=True,
    )  # fmt: skip
    issues = json.loads(done.stdout)
    assert issues["messages"] == []
    assert issues["numErrors"] == 0
