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

import ptx
from ptx.datasets.images import apply_transform, crop_and_resize, invert_transform
from ptx.datasets.people import People
from ptx.inference.batch import read_transfers, transfer_all
from ptx.inference.model import Model
from ptx.inference.painting import paste
from ptx.inference.sheets import Look, draw_painting
from ptx.models.generator import Generator
from ptx.pictures.png import save_png
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Silent
from ptx.training.systems import SystemName
from tests.conftest import SIZE, write_model
from tests.inference.detectors import KnownPerson


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
    names: tuple[SystemName, ...] = ("flow", "pose-flow", "view")
    done = {name: ptx.load(models, name).transfer(people.render(0), poses[1], poses[0]) for name in names}
    assert not (done["flow"].picture == done["pose-flow"].picture).all()
    assert done["flow"].garments is None
    garments = done["pose-flow"].garments
    assert garments is not None
    assert garments.shape == SIZE
    assert set(ptx.load(models, "pose-flow").hashes) == {"pose-flow", "garment", "synthesis"}
    with pytest.raises(PtxError, match="no system 'x': flow, pose-flow or view"):
        ptx.load(models, "x")  # type: ignore[arg-type]
    (models / "garment" / "model.json").unlink()
    with pytest.raises(PtxError, match="garment"):
        ptx.load(models, "pose-flow")


def test_pasting_back_changes_the_person_only() -> None:
    """A crop pasted unchanged gives the photograph again; a painted one shows in its middle and fades at its border."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)
    photo = np.asarray(cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC), np.uint8)
    crop, transform = crop_and_resize(photo, (99.5, 39.5, 219.5, 199.5), (160, 120))
    assert np.abs(paste(crop, photo, transform).astype(int) - photo).max() <= 1
    out = paste(np.full_like(crop, 255), photo, transform)
    outside = np.ones((240, 320), bool)
    outside[40:200, 100:220] = False
    assert (out[outside] == photo[outside]).all()
    assert (out[60:180, 120:200] == 255).all()
    edge = np.abs(out[120, 100].astype(int) - photo[120, 100])
    assert (edge <= np.abs(255 - photo[120, 100].astype(int)) * 0.2 + 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("system", ["flow", "pose-flow"])
def test_exported_program_is_the_model(models: Path, tmp_path: Path, system: SystemName) -> None:
    model = ptx.load(models, system)
    with pytest.raises(PtxError, match=r"written as .pt2"):
        model.export(tmp_path / "x.onnx")
    program = torch.export.load(model.export(tmp_path / "painter.pt2")).module()
    torch.manual_seed(1)
    image, keypoints, pose = torch.rand(3, 3, *SIZE) * 2 - 1, torch.rand(3, 18, 3) * 40, torch.rand(3, 18, 3) * 40
    ours, theirs = model.painter(image, keypoints, pose)._asdict(), program(image, keypoints, pose)
    assert theirs.keys() == {name for name, value in ours.items() if value is not None}
    assert all(torch.allclose(ours[name].float(), value.float(), atol=1e-5) for name, value in theirs.items())


def test_table_of_transfers_goes_on_where_it_stopped(
    models: Path, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in (0, 1):
        Pillow.fromarray(people.render(i)).save(tmp_path / f"{i}.png")
    Pillow.new("RGB", (90, 90), "grey").save(tmp_path / "grey.png")
    table = tmp_path / "table.csv"
    table.write_text("source,pose\n0.png,1.png\ngrey.png,1.png\n1.png,0.png\nnowhere.png,0.png\n")
    model, out = Model(models, detector=KnownPerson(people.truth(0).keypoints)), tmp_path / "out"
    done = transfer_all(model, read_transfers(table), out, "paste", Silent())
    assert done.painted == 2
    assert {row: words.split(": ")[1] for row, words in done.problems.items()} == {
        2: "nobody is in the picture",
        4: "nowhere.png is not there",
    }
    assert sorted(p.name for p in out.glob("*.png")) == ["1_0_1.png", "3_1_0.png"]
    assert "grey.png: nobody is in the picture" in (out / "problems.csv").read_text()
    (out / "3_1_0.png").unlink()
    first = (out / "1_0_1.png").stat().st_mtime_ns
    assert transfer_all(model, read_transfers(table), out, "paste", Silent()).painted == 2
    assert (out / "1_0_1.png").stat().st_mtime_ns == first
    with pytest.raises(PtxError, match="another look, frame or background; name another folder"):
        transfer_all(model, read_transfers(table), out, "picture", Silent())
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


@pytest.mark.slow
def test_photographs(models: Path, tmp_path: Path) -> None:
    """The whole way on a real photograph: found, cropped, painted, written; a JSON pose too; nobody is one line."""
    data = pytest.importorskip("skimage.data")
    photo = tmp_path / "astronaut.png"
    Pillow.fromarray(data.astronaut()).save(photo)
    pose = tmp_path / "pose.json"
    points = np.column_stack([np.linspace(100, 400, 18), np.linspace(50, 500, 18), np.ones(18)])
    pose.write_text(json.dumps({"people": [{"pose_keypoints_2d": points.ravel().tolist()}]}))
    model = ptx.load(models)
    looks: dict[Path, Look] = {photo: "paste", pose: "sheet"}
    for wanted, look in looks.items():
        path = save_png(draw_painting(model.transfer(photo, wanted), look), tmp_path / "out.png")
        assert np.asarray(Pillow.open(path)).std() > 0
    Pillow.new("RGB", (90, 90), "grey").save(tmp_path / "grey.png")
    with pytest.raises(PtxError, match=r"grey.png: nobody is found in the picture"):
        model.transfer(tmp_path / "grey.png", photo)
    pose.write_text(json.dumps({"people": [{"pose_keypoints_2d": [1.0] * 51}]}))
    with pytest.raises(PtxError, match=r"pose.json: pose.json: 17 points a person"):
        model.transfer(photo, pose)


def test_names_that_users_import() -> None:
    """All are there, and nothing else is."""
    assert {getattr(ptx, name).__name__ for name in ptx.__all__ if name != "EXAMPLE"} == set(ptx.__all__) - {"EXAMPLE"}
    assert ptx.EXAMPLE.is_file()
    with pytest.raises(AttributeError, match="has no attribute 'views'"):
        getattr(ptx, "views")  # noqa: B009


def test_pictures_larger_than_the_setting_are_refused(models: Path, people: People, tmp_path: Path) -> None:
    photo = tmp_path / "me.png"
    Pillow.fromarray(people.render(0)).save(photo)
    pose = people.truth(0).keypoints
    with pytest.raises(PtxError, match=r"me.png is 48×64, more than ingest.max_pixels = 3071"):
        ptx.load(models, max_pixels=48 * 64 - 1).transfer(photo, pose, pose)
    assert ptx.load(models, max_pixels=48 * 64).transfer(photo, pose, pose).picture.shape == (*SIZE, 3)


def test_a_person_that_is_cut_out_is_painted_as_it_is(models: Path, people: People) -> None:
    model, poses = ptx.load(models), [people.truth(i).keypoints for i in (0, 1)]
    person = model.person(people.render(0), poses[0])
    assert model.person(person) is person
    assert (
        model.transfer(person, poses[1]).picture == model.transfer(people.render(0), poses[1], poses[0]).picture
    ).all()


def test_without_a_folder_the_surface_engine_is_loaded() -> None:
    """It leaves people in their own photograph."""
    engine = ptx.load(body="small", frame="picture")
    assert isinstance(engine, ptx.SurfaceEngine)
    assert (engine.place, engine.frame, engine.trained) == ("source", "picture", False)
    assert (ptx.load().frame, ptx.load().body.digest) == ("person", ptx.SurfaceEngine().body.digest)


def test_networks_paint_from_one_photograph(models: Path, people: People) -> None:
    model = ptx.load(models, body="small")
    with pytest.raises(PtxError, match="networks paint from one photograph, not from 2: name one, or --engine surface"):
        model.transfer([people.render(0), people.render(1)], people.truth(1).keypoints)
