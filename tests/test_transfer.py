"""Transfer with untrained models of the right layout: shapes, sizes, mistakes; what they paint is tested by training."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

import ptx
from ptx.datasets.people import People, PeopleOptions
from ptx.models.flow_net import FlowNet
from ptx.models.generator import Generator, PixelWarp
from ptx.pipeline.errors import PtxError
from ptx.show import show_transfer
from ptx.training.checkpoint import write_checkpoint
from ptx.transfer import Model

SIZE = (64, 48)
COMMON = {"base": 8, "most": 16, "scales": 3, "radius": 3.0}


def write_model(folder: Path, name: str, section: str, net: torch.nn.Module, **more: object) -> None:
    document = {"size": list(SIZE), "settings": {section: {**COMMON, **more}}}
    write_checkpoint(folder / name / "model", net.state_dict(), {"document": document, "best": {}, "step": 0})


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of models as training leaves it."""
    torch.manual_seed(0)
    folder = tmp_path / "models"
    write_model(folder, "flow", "train_flow", FlowNet(8, 16, 3))
    write_model(folder, "generator", "train_generator", Generator(8, 16, 3, 2), warped_scales=2, fusion="residual")
    write_model(folder, "pixel-warp", "train_pixel_warp", PixelWarp(8, 16, 3))
    return folder


@pytest.fixture(scope="module")
def people() -> People:
    return People(PeopleOptions(1, 2, seed=1, size=SIZE, half_body=0, body="small"))


def test_python_interface(models: Path, people: People) -> None:
    model = ptx.load(models)
    pose = [people.truth(i).keypoints for i in (0, 1)]
    done = model.transfer(people.render(0), pose[0], pose[1])
    assert done.picture.shape == done.warped.shape == (*SIZE, 3)
    assert done.flow.shape == (*SIZE, 2)
    assert (done.picture == model.transfer(people.render(0), pose[0], pose[1]).picture).all()


def test_works_without_the_pixel_warping_net(models: Path, people: People) -> None:
    whole = Model(models)
    (models / "pixel-warp" / "model.json").unlink()
    assert whole.mixer is not None
    assert Model(models).mixer is None


def test_mistakes(models: Path, people: People) -> None:
    model, image, pose = ptx.load(models), people.render(0), people.truth(0).keypoints
    with pytest.raises(PtxError, match="the picture is 64×48, the model paints 48×64"):
        model.transfer(image.swapaxes(0, 1), pose, pose)
    with pytest.raises(PtxError, match="pose: 17 joints of 3 numbers, the model knows 18 of 3"):
        model.transfer(image, pose, pose[:17])
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
    for wanted, sheet in ((photo, False), (pose, True)):
        path = show_transfer(models, photo, wanted, tmp_path / "out.png", whole_sheet=sheet)
        assert np.asarray(Pillow.open(path)).std() > 0
    Pillow.new("RGB", (90, 90), "grey").save(tmp_path / "grey.png")
    with pytest.raises(PtxError, match=r"grey.png: no_person"):
        show_transfer(models, tmp_path / "grey.png", photo, tmp_path / "out.png", whole_sheet=False)
    pose.write_text(json.dumps({"people": [{"pose_keypoints_2d": [1.0] * 51}]}))
    with pytest.raises(PtxError, match=r"pose.json: bad_keypoint_file: pose.json: 17 points a person"):
        show_transfer(models, photo, pose, tmp_path / "out.png", whole_sheet=False)
