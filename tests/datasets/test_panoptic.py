"""Panoptic Studio's files as its toolbox leaves them, written here for a scene whose geometry is known."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ptx.datasets.panoptic import Panoptic, Shot, read_shot
from ptx.datasets.panoptic_files import JOINTS, project_joints, read_bodies
from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.geometry.viewpoint import turn_keypoints
from ptx.pipeline.errors import PtxError
from tests.projects import problems, project_of, read, run

CAMERAS = {"00_00": 0.0, "00_03": 45.0, "00_11": 90.0}
"""Name → degrees that the camera stands to the right of the first, all round the origin."""

AWAY, FOCAL = 250.0, 1400.0
"""cm from the camera to the person, and focal length in px: as in the dome, whose radius is 2.7 m."""


def skeleton(seed: int = 4) -> np.ndarray:
    """(18, 3) cm of a person at the origin: x right, y down, z away from the first camera, as a world frame may be."""
    truth = People(PeopleOptions(1, 1, seed=seed, size=(256, 256), half_body=0)).truth(0)
    return truth.keypoints3d[:, :3].astype(np.float64) * (100, -100, -100)


def calibration(name: str, degrees: float) -> dict[str, object]:
    """One HD camera in the toolbox's words."""
    a = np.radians(degrees)
    R = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    panel, node = (int(part) for part in name.split("_"))
    return {
        "name": name, "type": "hd", "resolution": [1920, 1080], "panel": panel, "node": node,
        "K": [[FOCAL, 0, 960.5], [0, FOCAL, 540.25], [0, 0, 1]], "distCoef": [-0.2, 0.1, 1e-3, -5e-4, 0.02],
        "R": R.tolist(), "t": [[0.0], [0.0], [AWAY]],
    }  # fmt: skip


def joints19(points: np.ndarray) -> list[float]:
    rows = [(*(points[keypoint(name)] if name else points[[8, 11]].mean(0)), 0.7) for name in JOINTS]
    return [float(v) for row in rows for v in row]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sequence that tests only read."""
    return write_sequence(tmp_path_factory.mktemp("panoptic"))


def write_sequence(folder: Path) -> Path:
    """A sequence of three frames of one person and three cameras, of whom two have their pictures in all frames."""
    sequence = folder / "260101_turning1"
    (sequence / "hdPose3d_stage1_coco19").mkdir(parents=True)
    cameras = [calibration(*one) for one in CAMERAS.items()]
    vga = {**calibration("00_00", 0), "name": "01_01", "type": "vga"}
    (sequence / "calibration_260101_turning1.json").write_text(
        json.dumps({"calibDataSource": "x", "cameras": [vga, *cameras]})
    )
    rng = np.random.default_rng(0)
    for frame in (0, 50, 100):
        scene = {
            "version": 0.7,
            "univTime": 1.0,
            "fpsType": "hd_29_97",
            "bodies": [{"id": 3, "joints19": joints19(skeleton())}],
        }
        (sequence / "hdPose3d_stage1_coco19" / f"body3DScene_{frame:08d}.json").write_text(json.dumps(scene))
        for name in CAMERAS:
            path = sequence / "hdImgs" / name / f"{name}_{frame:08d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            if (name, frame) != ("00_11", 100):
                cv2.imwrite(str(path), rng.integers(0, 255, (1080, 1920, 3), np.uint8))
    return folder


def test_listing(root: Path) -> None:
    found = Panoptic(root, every=50)
    assert len(found.shots) == 9
    assert found.shots[0].path == "260101_turning1/hdImgs/00_00/00_00_00000000.jpg#3"
    assert all(read_shot(shot.path) == shot for shot in found.shots)
    assert set(found.persons) == {0}
    assert found.moments.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert len(Panoptic(root, every=100, cameras=("00_03",)).shots) == 2
    with pytest.raises(PtxError, match="no HD camera 01_01"):
        _ = Panoptic(root, cameras=("01_01",)).shots


def test_projection_is_the_pinhole_with_distortion(root: Path) -> None:
    """Against the formula of OpenCV's manual, written out."""
    found = Panoptic(root, every=100)
    for shot in found.shots[:3]:
        camera = found.camera(shot.sequence, shot.camera)
        flat, deep = found.joints(shot)
        x, y, z = (skeleton() @ camera.R.T + camera.t).T
        u, v = x / z, y / z
        r2 = u * u + v * v
        k1, k2, p1, p2, k3 = camera.distortion
        radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
        ud, vd = (
            u * radial + 2 * p1 * u * v + p2 * (r2 + 2 * u * u),
            v * radial + p1 * (r2 + 2 * v * v) + 2 * p2 * u * v,
        )
        np.testing.assert_allclose(flat[:, 0], FOCAL * ud + 960.5, atol=0.01)
        np.testing.assert_allclose(flat[:, 1], FOCAL * vd + 540.25, atol=0.01)
        hips = deep[[keypoint("left_hip"), keypoint("right_hip")], :3].mean(0)
        np.testing.assert_allclose(hips, 0, atol=1e-5)


def turning_errors(found: Panoptic, away: float) -> np.ndarray:
    """Distances of the first camera's keypoints, turned, to what the others see, in shares of the person's height there.

    Cameras stand `away` times as far as they are, with focal lengths as much longer.
    """
    first, *others = found.shots[:3]

    def seen(shot: Shot) -> tuple[np.ndarray, np.ndarray]:
        camera = found.camera(shot.sequence, shot.camera)
        longer = camera.K * [[away, 1, 1], [1, away, 1], [1, 1, 1]]
        bodies = read_bodies(found.root / shot.joints_path)
        return project_joints(bodies[shot.body], camera._replace(K=longer, t=camera.t * away))

    flat, deep = seen(first)
    off = []
    for shot in others:
        wanted, _ = seen(shot)
        turned = turn_keypoints(flat, deep, -CAMERAS[shot.camera])
        off.append(np.linalg.norm(turned[:, :2] - wanted[:, :2], axis=1) / np.ptp(wanted[:, 1]))
    return np.concatenate(off)


def test_a_turned_skeleton_is_what_the_other_camera_sees(root: Path) -> None:
    """Stage I of system C against the calibrated views: a step of the camera to its right turns the person to theirs.

    Turned keypoints are seen in parallel, the dome's cameras are near: that remains. From far away nothing does.
    """
    found = Panoptic(root, every=100)
    near, far = turning_errors(found, 1), turning_errors(found, 100)
    assert np.median(near) < 0.02
    assert near.max() < 0.06
    assert far.max() < 0.002


@pytest.mark.slow
def test_the_pipeline_reads_it(root: Path, tmp_path: Path) -> None:
    config = tmp_path / "pipeline.yaml"
    config.write_text(
        f"workspace: {tmp_path / 'work'}\nsize: [128, 128]\nbody: small\ncluster: {{kind: threads}}\n"
        f"data: {{kind: panoptic, root: {root}, every: 50, test_fraction: 0}}\n"
    )
    chosen = project_of(config)
    run(chosen, "ingest", "extract-keypoints", "fit-smpl")
    assert list(problems(chosen, "ingest")) == [8]  # its picture is missing
    assert len(chosen.pipeline.pairs()) == 3 * 6
    assert not problems(chosen, "fit-smpl")
    residual = read(chosen, "fit-smpl", "residual")[:8]
    assert np.nanmedian(residual) < 1  # px of 128, for all that perspective does


def test_damaged_files_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="holds no sequence"):
        _ = Panoptic(tmp_path).sequences
    poses = tmp_path / "a" / "hdPose3d_stage1_coco19"
    poses.mkdir(parents=True)
    with pytest.raises(PtxError, match="calibration cannot be read"):
        _ = Panoptic(tmp_path).shots
    (tmp_path / "a" / "calibration_a.json").write_text("{}")
    with pytest.raises(PtxError, match="no calibration of Panoptic"):
        _ = Panoptic(tmp_path).shots
    (tmp_path / "a" / "calibration_a.json").write_text(json.dumps({"cameras": [calibration("00_00", 0)]}))
    with pytest.raises(PtxError, match="shows anybody"):
        _ = Panoptic(tmp_path).shots
    (poses / "body3DScene_00000000.json").write_text('{"bodies": [{"id": 0}]}')
    with pytest.raises(PtxError, match="no scene of 19-joint bodies"):
        _ = Panoptic(tmp_path).shots
    assert len(KEYPOINTS) == 18
