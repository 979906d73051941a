"""`ptx run fit-smpl` with bodies of other tools: true bodies of synthetic people, written as each tool writes them.

What comes back is posed by `smplx` and projected by formulas written out here.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from scipy.spatial.transform import Rotation

from ptx.datasets.people.options import PeopleOptions
from ptx.datasets.people.people import People
from ptx.geometry.body import load_body
from ptx.pipeline.errors import PtxError
from ptx.project import Project
from tests.projects import make_project, problems, read, run, stage

PEOPLE = People(PeopleOptions(3, 2, seed=5, size=(300, 200), body="small", half_body=0.3))
NAMES = [f"{name[:6]}/{name[7:]}" for name in PEOPLE.ids]
HEIGHT, WIDTH = 300, 200
FLIP = np.diag([1.0, -1.0, -1.0])


class TrueBody(NamedTuple):
    """A body as a camera with y down and z forward has it."""

    turns: np.ndarray
    """(24, 3, 3) rotations."""
    vectors: np.ndarray
    """(24, 3) the same as axis-angle, radians."""
    betas: np.ndarray
    """(10,)."""
    scale: float
    """px per metre."""
    offset: np.ndarray
    """(2,) metres from the picture's corner to the body's origin."""
    root: np.ndarray
    """(3,) joint in rest, metres."""


Write = Callable[[TrueBody, Path], None]


def joints_of(pose: np.ndarray, betas: np.ndarray) -> np.ndarray:
    """(24, 3) joints by smplx."""
    model, tensor = load_body("small").to_smplx(1), lambda array: torch.tensor(np.float32(array)).reshape(1, -1)
    out = model(global_orient=tensor(pose[0]), body_pose=tensor(pose[1:]), betas=tensor(betas))
    return out.joints[0, :24].detach().numpy().astype(np.float64)


def theirs(index: int) -> TrueBody:
    """The true body of an image."""
    truth, body = PEOPLE.truth(index), load_body("small")
    turns = Rotation.from_rotvec(truth.pose).as_matrix()
    turns[0] = FLIP @ turns[0]
    root = body.joint_regressor[0] @ (body.v_template + body.shapedirs @ truth.betas)
    scale, x, y = truth.camera
    return TrueBody(
        turns=turns,
        vectors=Rotation.from_matrix(turns).as_rotvec(),
        betas=truth.betas,
        scale=scale,
        offset=np.array([x / scale, y / scale - 2 * root[1]]),
        root=root,
    )


def pinhole(body: TrueBody, focal: float, centre: tuple[float, float]) -> np.ndarray:
    """(3,) translation that puts the root joint where the picture has it, at its size; `centre` in px from the picture's edge."""
    across, down = body.offset + (0.5 - np.array(centre)) / body.scale
    return np.array([across, down, focal / body.scale - body.root[2]])


def hmr(body: TrueBody, path: Path) -> None:
    """The published packs' pickle by Python 2: a crop of 224 about the person, 80 px a metre."""
    shrink, start = 80 / body.scale, np.array([40, 60])
    scale = body.scale * shrink / 112
    offset = body.offset - start / shrink / body.scale
    theta = np.concatenate([[scale], offset, body.vectors.ravel(), body.betas]).astype(np.float32)
    proc = {"scale": np.float64(shrink), "start_pt": start, "end_pt": start + 224, "img_size": 224}
    more = {"id": "x", "verts2d": np.zeros((6890, 2)), "visibility": np.full((4, 4), 4294967295, np.uint32)}
    path.with_suffix(".pkl").write_bytes(pickle.dumps({"theta": theta[None], "proc_param": proc, **more}, protocol=2))


def humans_whole(body: TrueBody, path: Path, focal: float = 5000 / 256 * HEIGHT) -> None:
    """4D-Humans with the whole picture's camera."""
    np.savez(
        path.with_suffix(".npz"), global_orient=body.turns[None, :1], body_pose=body.turns[None, 1:],
        betas=body.betas[None], pred_cam_t_full=pinhole(body, focal, (WIDTH / 2, HEIGHT / 2))[None],
        scaled_focal_length=np.float32(focal),
    )  # fmt: skip


def far(body: TrueBody, path: Path) -> None:
    """The same from so far away that the camera is a weak-perspective one."""
    humans_whole(body, path, 1e6)


def humans_crop(body: TrueBody, path: Path) -> None:
    """4D-Humans with its crop's weak-perspective camera, nested as its model gives it, in a folder of first persons."""
    side, centre = 260.0, np.array([90.0, 160.0])
    camera = [2 * body.scale / side, *(body.offset + (0.5 - centre) / body.scale)]
    params = {"global_orient": body.turns[:1], "body_pose": body.turns[1:], "betas": body.betas}
    content = {"pred_smpl_params": params, "pred_cam": np.array(camera), "box_center": centre, "box_size": side}
    path.with_name(f"{path.name}_0.pkl").write_bytes(pickle.dumps(content))


def smplify(body: TrueBody, path: Path) -> None:
    """SMPLify-X with SMPL, a folder a picture."""
    content = {
        "camera_rotation": np.eye(3)[None], "camera_translation": pinhole(body, 5000, (100, 150))[None],
        "betas": body.betas[None], "global_orient": body.vectors[:1], "body_pose": body.vectors[1:].reshape(1, -1),
    }  # fmt: skip
    path.mkdir(parents=True)
    (path / "000.pkl").write_bytes(pickle.dumps(content, protocol=2))


def without_camera(body: TrueBody, path: Path) -> None:
    """Only the body: the keypoints say where."""
    np.savez(
        path.with_suffix(".npz"),
        global_orient=body.vectors[0],
        body_pose=body.vectors[1:].ravel(),
        betas=body.betas,
    )


def several(body: TrueBody, path: Path) -> None:
    """Two persons in a file; the first is somebody else, upside down."""
    turns = np.stack([np.tile(np.eye(3), (24, 1, 1)), body.turns])
    place = pinhole(body, 5000, (100, 150))
    np.savez(
        path.with_suffix(".npz"), global_orient=turns[:, :1], body_pose=turns[:, 1:], betas=np.stack([body.betas] * 2),
        cam_t=np.stack([place + (0.5, 0, 0), place]), focal_length=np.full((2, 2), 5000.0), camera_center=np.array([100.0, 150]),
    )  # fmt: skip


def photographs(root: Path, write: Write, *overrides: str) -> Project:
    """A folder of pictures, OpenPose's keypoints and fits, and a pipeline that reads them."""
    for index, name in enumerate(NAMES):
        for folder in ("photos", "openpose", "fits"):
            (root / folder / name).parent.mkdir(parents=True, exist_ok=True)
        Pillow.new("RGB", (WIDTH, HEIGHT), "grey").save(root / "photos" / f"{name}.png")
        points = np.nan_to_num(PEOPLE.truth(index).keypoints)
        document = {"people": [{"pose_keypoints_2d": points.ravel().tolist()}]}
        (root / "openpose" / f"{name}_keypoints.json").write_text(json.dumps(document))
        write(theirs(index), root / "fits" / name)
    chosen = make_project(
        root / "w", "data.kind=folder", f"data.root={root / 'photos'}", "size=[240, 240]", "fit_smpl.backend=files",
        f"extract_keypoints.path={root / 'openpose'}", "extract_keypoints.backend=openpose-json",
        f"fit_smpl.path={root / 'fits'}", *overrides,
    )  # fmt: skip
    run(chosen, "ingest", "extract-keypoints", "fit-smpl")
    return chosen


@pytest.mark.parametrize(
    ("write", "most"),
    # px of the working picture: the nearer a tool's camera, the less a weak-perspective one can follow it
    [
        (far, 0.01),
        (hmr, 3.6),
        (humans_whole, 0.8),
        (humans_crop, 0.8),
        (smplify, 0.8),
        (without_camera, 1e-4),
        (several, 0.8),
    ],
)
def test_joints_are_where_the_tool_had_them(tmp_path: Path, write: Write, most: float) -> None:
    chosen = photographs(tmp_path, write)
    assert not problems(chosen, "fit-smpl")
    pose, betas, camera = (read(chosen, "fit-smpl", name) for name in ("pose", "betas", "camera"))
    for index, name in enumerate(chosen.pipeline.listing.ids):
        truth = PEOPLE.truth(NAMES.index(name))
        np.testing.assert_allclose(
            Rotation.from_rotvec(pose[index]).as_matrix(), Rotation.from_rotvec(truth.pose).as_matrix(), atol=2e-5
        )
        np.testing.assert_allclose(betas[index], truth.betas, atol=1e-6)
        found, expected = joints_of(pose[index], betas[index]), joints_of(truth.pose, truth.betas)
        scale, x, y = camera[index]
        placed = np.stack([scale * found[:, 0] + x, y - scale * found[:, 1]], axis=1)
        scale, x, y = truth.camera
        original = np.stack([scale * expected[:, 0] + x, y - scale * expected[:, 1]], axis=1)
        wanted = (original + 0.5) * 0.8 - 0.5 + (40, 0)  # letterboxed: 300 rows become 240, 200 columns 160 of 240
        inside = ((original > 0) & (original < (WIDTH, HEIGHT))).all(axis=1)
        off = np.linalg.norm(placed - wanted, axis=1)[inside]
        assert off.max() < most
    residual = read(chosen, "fit-smpl", "residual")
    assert np.nanmax(residual) < most + 0.1
    assert (np.isnan(residual) == (read(chosen, "extract-keypoints", "keypoints")[..., 2] == 0)).all()
    assert (read(chosen, "fit-smpl", "energy") == 0).all()


class Runs:
    """Unpickling it would make a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.marker), "w")


def test_what_cannot_be_used_is_quarantined(tmp_path: Path) -> None:
    marker, written = tmp_path / "marker", []

    def write(body: TrueBody, path: Path) -> None:
        number = len(written)
        written.append(path)
        turns, file = body.turns.copy(), path.with_suffix(".pkl")
        if number == 0:
            return
        if number == 1:
            file.write_bytes(pickle.dumps({"global_orient": Runs(marker)}))
        elif number == 2:
            turns[5] *= 2
        elif number == 3:
            turns[1:] = turns[:0:-1]  # somebody else's
        elif number == 4:
            body = body._replace(betas=body.betas + 8)
        elif number == 5:
            turns = turns[:20]
        if number > 1:
            content = {"global_orient": turns[:1], "body_pose": turns[1:], "betas": body.betas}
            file.write_bytes(pickle.dumps(content))

    chosen = photographs(tmp_path, write)
    reasons = problems(chosen, "fit-smpl")
    codes = {NAMES.index(chosen.pipeline.listing.ids[i]): reason for i, reason in reasons.items()}
    assert codes[0].startswith("missing_fit: no p00000/00.npz or p00000/00.pkl in ")
    assert codes[1].startswith("bad_fit_file: 01.pkl: ")
    assert "refused" in codes[1]
    assert codes[2] == "bad_fit_file: 00.pkl: its matrices are no rotations"
    assert codes[3].split(":")[0] == "residual"
    assert codes[4].split(":")[0] == "implausible_shape"
    assert codes[5] == "bad_fit_file: 01.pkl: body_pose turns 19 joints; SMPL has 23, SMPL-X 21"
    assert len(codes) == 6
    assert not marker.exists()


def test_changed_files_make_fits_stale(tmp_path: Path) -> None:
    chosen = photographs(tmp_path, without_camera)
    assert Project(chosen.settings).step("fit-smpl").status().condition == "done"
    next((tmp_path / "fits").rglob("*.npz")).unlink()
    assert Project(chosen.settings).step("fit-smpl").status().condition == "stale"


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match=r"fit_smpl.path: .*nowhere is no folder"):
        photographs(tmp_path / "a", without_camera, f"fit_smpl.path={tmp_path / 'nowhere'}")
    with pytest.raises(PtxError, match=r"fit_smpl.path: backend files needs the folder"):
        photographs(tmp_path / "b", without_camera, "fit_smpl.path=null")
    chosen = make_project(tmp_path / "w", "fit_smpl.backend=files", f"fit_smpl.path={tmp_path}")
    with pytest.raises(PtxError, match="files are for photographs"):
        stage(chosen, "fit-smpl").open()
