"""Transfer with untrained models of the right layout: shapes, sizes, mistakes; what they paint is tested by training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from rich.console import Console

import ptx
from ptx.datasets.images import apply_transform, box_around, crop_and_resize, invert_transform
from ptx.datasets.people import People
from ptx.inference.batch import read_transfers, transfer_all
from ptx.inference.model import Model, paste
from ptx.inference.sheets import show_transfer
from ptx.inference.systems import System
from ptx.models.generator import Generator
from ptx.pipeline.errors import BadSample, PtxError
from tests.conftest import SIZE, write_model


def test_python_interface(models: Path, people: People) -> None:
    """Arrays in, arrays out; keypoints given move with the crop."""
    model = ptx.load(models)
    pose = [people.truth(i).keypoints for i in (0, 1)]
    done = model.transfer(people.render(0), pose[1], pose[0])
    assert done.picture.shape == done.warped.shape == (*SIZE, 3)
    assert done.flow.shape == (*SIZE, 2)
    assert (done.picture == model.transfer(people.render(0), pose[1], pose[0]).picture).all()
    there = pose[0][:, 2] > 0
    back = apply_transform(invert_transform(done.person.transform), done.person.keypoints[there, :2])
    assert np.allclose(back, pose[0][there, :2], atol=1e-3)


def test_systems(models: Path, people: People) -> None:
    """Each reads its own networks."""
    poses = [people.truth(i).keypoints for i in (0, 1)]
    done = {
        name: ptx.load(models, name).transfer(people.render(0), poses[1], poses[0])
        for name in ("flow", "pose-flow", "view")
    }
    assert not (done["flow"].picture == done["pose-flow"].picture).all()
    assert done["flow"].garments is None
    assert done["pose-flow"].garments.shape == SIZE
    assert set(ptx.load(models, "pose-flow").hashes) == {"pose-flow", "garment", "synthesis"}
    with pytest.raises(PtxError, match="no system 'x': flow, pose-flow or view"):
        ptx.load(models, "x")
    (models / "garment" / "model.json").unlink()
    with pytest.raises(PtxError, match="garment"):
        ptx.load(models, "pose-flow")


def test_pasting_back_changes_the_person_only() -> None:
    """A crop pasted unchanged gives the photograph again; a painted one shows in its middle and fades at its border."""
    rng = np.random.default_rng(0)
    photo = cv2.resize(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC)
    crop, transform = crop_and_resize(photo, (99.5, 39.5, 219.5, 199.5), (160, 120))
    assert np.abs(paste(crop, photo, transform).astype(int) - photo).max() <= 1
    out = paste(np.full_like(crop, 255), photo, transform)
    outside = np.ones((240, 320), bool)
    outside[40:200, 100:220] = False
    assert (out[outside] == photo[outside]).all()
    assert (out[60:180, 120:200] == 255).all()
    edge = np.abs(out[120, 100].astype(int) - photo[120, 100])
    assert (edge <= np.abs(255 - photo[120, 100].astype(int)) * 0.2 + 1).all()


@pytest.mark.parametrize("system", ["flow", "pose-flow"])
def test_exported_program_is_the_model(models: Path, tmp_path: Path, system: System) -> None:
    model = ptx.load(models, system)
    with pytest.raises(PtxError, match=r"written as .pt2"):
        model.export(tmp_path / "x.onnx")
    program = torch.export.load(model.export(tmp_path / "painter.pt2")).module()
    torch.manual_seed(1)
    image, keypoints, pose = torch.rand(3, 3, *SIZE) * 2 - 1, torch.rand(3, 18, 3) * 40, torch.rand(3, 18, 3) * 40
    ours, theirs = model.painter(image, keypoints, pose)._asdict(), program(image, keypoints, pose)
    assert theirs.keys() == {name for name, value in ours.items() if value is not None}
    assert all(torch.allclose(ours[name].float(), value.float(), atol=1e-5) for name, value in theirs.items())


class Known:
    """A detector that has been told where people are."""

    def __init__(self, keypoints: np.ndarray) -> None:
        self.keypoints = keypoints

    def find_person(self, image: np.ndarray) -> tuple[float, float, float, float]:
        if image.std() == 0:
            raise BadSample("no_person", "nobody is in the picture")
        return box_around(self.keypoints, image.shape[:2])

    def detect(self, image: np.ndarray) -> Known:
        del image
        return self


def test_table_of_transfers_goes_on_where_it_stopped(
    models: Path, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in (0, 1):
        Pillow.fromarray(people.render(i)).save(tmp_path / f"{i}.png")
    Pillow.new("RGB", (90, 90), "grey").save(tmp_path / "grey.png")
    table = tmp_path / "table.csv"
    table.write_text("source,pose\n0.png,1.png\ngrey.png,1.png\n1.png,0.png\nnowhere.png,0.png\n")
    model, out = Model(models, Known(people.truth(0).keypoints)), tmp_path / "out"
    done = transfer_all(model, read_transfers(table), out, "paste", Console(quiet=True))
    assert done.painted == 2
    assert {row: text.split(": ")[1] for row, text in done.problems.items()} == {
        2: "nobody is in the picture",
        4: "nowhere.png is not there",
    }
    assert sorted(p.name for p in out.glob("*.png")) == ["1_0_1.png", "3_1_0.png"]
    assert "nobody is in the picture" in (out / "problems.csv").read_text()
    (out / "3_1_0.png").unlink()
    first = (out / "1_0_1.png").stat().st_mtime_ns
    assert transfer_all(model, read_transfers(table), out, "paste", Console(quiet=True)).painted == 2
    assert (out / "1_0_1.png").stat().st_mtime_ns == first
    with pytest.raises(PtxError, match="another look; name another folder"):
        transfer_all(model, read_transfers(table), out, "picture", Console(quiet=True))
    table.write_text("a,b\n1,2\n")
    with pytest.raises(PtxError, match="columns source and pose"):
        read_transfers(table)


def test_works_without_the_pixel_warping_net(models: Path, people: People) -> None:
    whole = Model(models)
    (models / "pixel-warp" / "model.json").unlink()
    assert whole.painter.mixer is not None
    assert Model(models).painter.mixer is None


def test_mistakes(models: Path, people: People) -> None:
    model, image, pose = ptx.load(models), people.render(0), people.truth(0).keypoints
    person = model.person(image, pose)
    with pytest.raises(PtxError, match="the picture is 64×48, the model paints 48×64"):
        model.paint(replace(person, image=image.swapaxes(0, 1)), pose)
    with pytest.raises(PtxError, match="pose: 17 joints of 3 numbers, the model knows 18 of 3"):
        model.transfer(image, pose[:17], pose)
    with pytest.raises(PtxError, match="is no picture"):
        model.transfer(image.astype(np.float32), pose, pose)
    with pytest.raises(PtxError, match="no model is there"):
        ptx.load(models / "nowhere")
    write_model(models, "generator", "train_generator", Generator(12, 16, 3, 2), warped_scales=2, fusion="residual")
    with pytest.raises(PtxError, match="is of another architecture"):
        ptx.load(models)


def test_photographs(models: Path, tmp_path: Path) -> None:
    """The whole way on a real photograph: found, cropped, painted, written; a JSON pose too; nobody is one line."""
    pytest.importorskip("mediapipe")
    data = pytest.importorskip("skimage.data")
    photo = tmp_path / "astronaut.png"
    Pillow.fromarray(data.astronaut()).save(photo)
    pose = tmp_path / "pose.json"
    points = np.column_stack([np.linspace(100, 400, 18), np.linspace(50, 500, 18), np.ones(18)])
    pose.write_text(json.dumps({"people": [{"pose_keypoints_2d": points.ravel().tolist()}]}))
    model = ptx.load(models)
    for wanted, look in ((photo, "paste"), (pose, "sheet")):
        path = show_transfer(model, photo, wanted, tmp_path / "out.png", look)  # type: ignore[arg-type]
        assert np.asarray(Pillow.open(path)).std() > 0
    Pillow.new("RGB", (90, 90), "grey").save(tmp_path / "grey.png")
    with pytest.raises(PtxError, match=r"grey.png: MediaPipe found nobody in the picture"):
        show_transfer(model, tmp_path / "grey.png", photo, tmp_path / "out.png")
    pose.write_text(json.dumps({"people": [{"pose_keypoints_2d": [1.0] * 51}]}))
    with pytest.raises(PtxError, match=r"pose.json: pose.json: 17 points a person"):
        show_transfer(model, photo, pose, tmp_path / "out.png")
