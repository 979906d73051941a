"""`ptx run parse`: the truth of people, maps from files, a network of the user's, and the one that comes with ptx."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image as Pillow

from ptx.labels import garment
from ptx.pipeline.errors import PtxError
from ptx.project import Project
from ptx.training.data import TRAIN, usable_pairs
from tests.projects import make_project, problems, read, run
from tests.stages.test_stages import people


def parse(chosen: Project) -> None:
    run(chosen, "ingest", "parse")


def photographs(folder: Path, *overrides: str) -> Project:
    """Two pictures of 60×80: left half red, right half blue."""
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[:, :40], picture[:, 40:] = (250, 20, 20), (20, 20, 250)
    (folder / "photos" / "anna").mkdir(parents=True)
    for name in ("a", "b"):
        Pillow.fromarray(picture).save(folder / "photos" / "anna" / f"{name}.png")
    return make_project(folder / "work", f"data.root={folder / 'photos'}", "size=[64, 64]", *overrides)


def test_people_know_their_labels(tmp_path: Path) -> None:
    chosen = make_project(
        tmp_path,
        "data.persons=2",
        "data.images_per_person=2",
        "data.test_fraction=0.5",
        "size=[64, 48]",
        "data.loose=1",
    )
    parse(chosen)
    labels = read(chosen, "parse", "labels")
    assert all((labels[i] == people(chosen).garment_labels(i)).all() for i in range(4))


def test_photographs_that_nobody_wants_parsed(tmp_path: Path) -> None:
    chosen = photographs(tmp_path, "parse.backend=none")
    assert "parse" not in [step.name for step in chosen.stages]
    run(chosen, "ingest")
    with pytest.raises(PtxError, match=r"reads parse, which is absent: .*, after the setting `parse.backend`"):
        usable_pairs(chosen.pipeline, TRAIN, ("ingest", "parse"))


def test_the_network_comes_after_silhouettes(tmp_path: Path) -> None:
    names = [step.name for step in photographs(tmp_path).stages]
    assert names.index("parse") == names.index("silhouette") + 1
    without = make_project(tmp_path / "w", f"data.root={tmp_path / 'photos'}", "silhouette.backend=none")
    assert "parse" not in [step.name for step in without.stages]
    with pytest.raises(PtxError, match=r"silhouette.backend: labels are of parse.path"):
        make_project(tmp_path / "v", f"data.root={tmp_path / 'photos'}", "silhouette.backend=labels")


@pytest.mark.slow
def test_the_network_that_comes_with_ptx(tmp_path: Path) -> None:
    """Of lifelike people, whose truth is known, with their exact keypoints and silhouettes."""
    size = "size=[192, 144]"
    people_of = ["data.kind=people", "data.looks=lifelike", "data.persons=2", "data.images_per_person=2", size]
    chosen = make_project(tmp_path, *people_of, "parse.backend=network", "body=small")
    run(chosen, "ingest", "extract-keypoints", "silhouette", "parse")
    found = read(chosen, "parse", "labels")
    truth = np.stack([people(chosen).garment_labels(i) for i in range(4)])
    assert (found == truth)[truth > 0].mean() > 0.7
    assert (found == truth)[truth == 0].mean() > 0.97


def test_files_are_mapped_like_their_photographs(tmp_path: Path) -> None:
    chosen = photographs(tmp_path, f"parse.path={tmp_path / 'maps'}", "parse.labels=atr")
    labels = np.zeros((60, 80), np.uint8)
    labels[:, :40], labels[:, 40:] = 4, 6  # upper clothes, trousers
    indexed = Pillow.fromarray(labels, mode="P")
    indexed.putpalette(list(range(256)) * 3)
    (tmp_path / "maps" / "anna").mkdir(parents=True)
    indexed.save(tmp_path / "maps" / "anna" / "a.png")
    parse(chosen)
    found, image = read(chosen, "parse", "labels")[0], read(chosen, "ingest", "image")[0]
    red, blue = image[..., 0] > 200, image[..., 2] > 200
    inside = (red | blue) & ~(image.min(-1) > 40)
    assert (found == garment("top"))[red & inside].mean() > 0.97
    assert (found == garment("trousers"))[blue & inside].mean() > 0.97
    assert problems(chosen, "parse") == {1: f"no_labels: no anna/b.png or anna_b.png in {tmp_path / 'maps'}"}


def network(path: Path, labels: int) -> None:
    """Scores of a 1×1 convolution: label 5 likes red, label 9 likes blue."""
    weights = np.zeros((labels, 3, 1, 1), np.float32)
    weights[5, 0], weights[9, 2] = 1, 1
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "w"], ["scores"], kernel_shape=[1, 1], strides=[2, 2])],
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, labels, 16, 16])],
        [numpy_helper.from_array(weights, "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def test_a_network_of_the_users(tmp_path: Path) -> None:
    network(tmp_path / "net.onnx", 20)
    chosen = photographs(tmp_path, f"parse.path={tmp_path / 'net.onnx'}")
    parse(chosen)
    found, image = read(chosen, "parse", "labels")[0], read(chosen, "ingest", "image")[0]
    assert (found == garment("top"))[image[..., 0] > 240].mean() > 0.9
    assert (found == garment("trousers"))[(image[..., 2] > 240) & (image[..., 0] < 30)].mean() > 0.9


def test_a_network_of_other_labels_is_told(tmp_path: Path) -> None:
    network(tmp_path / "net.onnx", 18)
    with pytest.raises(PtxError, match=r"gives \(1, 18, 16, 16\), label set lip needs \(1, 20, h, w\)"):
        parse(photographs(tmp_path, f"parse.path={tmp_path / 'net.onnx'}"))
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    with pytest.raises(PtxError, match=r"bad.onnx cannot be read as a network"):
        parse(
            make_project(
                tmp_path / "again",
                f"data.root={tmp_path / 'photos'}",
                "size=[64, 64]",
                f"parse.path={tmp_path / 'bad.onnx'}",
            )
        )
