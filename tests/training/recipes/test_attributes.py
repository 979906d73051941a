"""The classifier of clothes from annotation files to the scores of painted pictures, at tiny size."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from scipy.special import softmax
from scipy.stats import entropy

from ptx.evaluation.classifiers import SHOWN, middle
from ptx.evaluation.evaluate import evaluate
from ptx.evaluation.learned_metrics import Judges
from ptx.evaluation.protocols import protocol
from ptx.evaluation.tables import lines
from ptx.models.attribute_net import AttributeNet
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import run_stage
from ptx.training.run import load_network
from ptx.training.state import TRAININGS, describe_training
from tests.training.test_training import QUIET, pipeline, train

SMALL = ("size=[32, 32]", "data.persons=16", "data.images_per_person=2", "data.half_body=0")
FEW = ("train_coarse.steps=4", "train_coarse.scales=3")


def annotate(chosen: Pipeline, folder: Path) -> None:
    """Category and attributes that can be seen: which half of the pictures, by their brightness, and by how red they are."""
    folder.mkdir(exist_ok=True)
    images = chosen.store(chosen.stage("ingest")).read("image", np.arange(len(chosen.listing.ids))).astype(float)
    bright, red = images.mean((1, 2, 3)), images[..., 0].mean((1, 2)) - images[..., 2].mean((1, 2))
    labels = [(value > np.median(value)).astype(int) for value in (bright, red)]
    rows = list(zip(chosen.listing.ids, *labels, strict=True))
    write = {
        "list_attr_cloth.txt": ["4", "attribute_name attribute_type", "red 1", "blue 1", "bright 1", "odd 1"],
        "list_attr_img.txt": [
            *(str(len(rows)), "image_name attribute_labels"),
            *(f"img/{name}.jpg {2 * r - 1} {1 - 2 * r} {2 * b - 1} -1" for name, b, r in rows),
        ],
        "list_category_img.txt": [
            *(str(len(rows)), "image_name category_label"),
            *(f"img/{name}.jpg {5 + b}" for name, b, _ in rows),
        ],
    }
    for name, text in write.items():
        (folder / name).write_text("\n".join(text) + "\n")


def network(path: Path, weights: np.ndarray) -> None:
    """Scores of the pictures' mean colours (3,), by weights (3, answers)."""
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("MatMul", ["flat", "w"], ["scores"]),
        ],
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, weights.shape[1]])],
        [numpy_helper.from_array(weights.astype(np.float32), "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def test_from_annotation_files_to_scores(tmp_path: Path) -> None:
    plain = pipeline(tmp_path, *SMALL)
    for stage in plain.active:
        run_stage(plain, stage, QUIET)
    with pytest.raises(PtxError, match=r"attributes.path: the folder of DeepFashion's annotation files is needed"):
        train(tmp_path, "train-attributes", 4, *SMALL)
    folder = tmp_path / "anno"
    annotate(plain, folder)
    named = (*SMALL, f"attributes.path={folder}", "train_attributes.learning_rate=0.01")
    said = train(tmp_path, "train-attributes", 60, *named, "train_attributes.save_every=60")
    scores = dict(part.rsplit(" ", 1) for part in said.split("done, ")[1].split(", "))
    assert float(scores["accuracy"]) >= 0.75  # of two
    named = (*named, "train_attributes.steps=60", "train_attributes.save_every=60")
    chosen = pipeline(tmp_path, *named, *FEW)
    assert describe_training(chosen, TRAININGS["train-attributes"]).condition == "done"
    net = load_network(chosen, "train-attributes")
    assert isinstance(net, AttributeNet)
    assert net.attributes.out_features == 3  # no picture is odd

    train(tmp_path, "train-coarse", 4, *named, *FEW)
    done = evaluate(chosen, QUIET)
    assert {"attr_rec_3", "attr_rec_20"} <= set(done.values["coarse view"])
    assert done.values["the target as JPEG"]["attr_rec_3"].min() == 1  # there are no more than three
    assert 1 <= done.values["copy the source"]["fashion_is"].mean() <= 2
    assert "| fashion_is |" in "\n".join(lines(done))

    (folder / "list_category_img.txt").touch()
    assert describe_training(chosen, TRAININGS["train-attributes"]).reasons == ["input attributes changed"]


@pytest.mark.parametrize("shape", [(256, 256), (256, 176), (128, 64)])
@pytest.mark.parametrize("question", list(SHOWN))
def test_networks_see_the_published_crop(question: str, shape: tuple[int, int]) -> None:
    """Pillow resizes the shorter side and cuts out the middle, as the published code's torchvision does."""
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8), (0, 0), 2)
    resized, seen = SHOWN[question]
    height, width = (round(side * resized / min(shape)) for side in shape)
    left, top = round((width - seen) / 2), round((height - seen) / 2)
    whole = Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR)
    wanted = np.asarray(whole.crop((left, top, left + seen, top + seen)), np.float32)
    x = torch.from_numpy(picture / np.float32(127.5) - 1).permute(2, 0, 1)[None]
    found = (middle(x, (seen, seen), seen / resized)[0].permute(1, 2, 0).numpy() + 1) * 127.5
    assert np.abs(found - wanted).max() < 1.5  # Pillow rounds twice


def test_networks_of_the_users(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = {"categories": rng.normal(size=(3, 3)), "attributes": rng.normal(size=(3, 5))}
    for name, own in weights.items():
        network(tmp_path / f"{name}.onnx", own)
    files = [f"evaluate.{name}={tmp_path / name}.onnx" for name in weights]
    chosen = pipeline(tmp_path, *files)
    judges = Judges(chosen)
    assert set(judges.hashes) == set(weights)
    colours, truth = rng.uniform(-1, 1, (20, 3)), rng.random((20, 5)) < 0.4
    painted = torch.from_numpy(colours).float()[:, :, None, None].expand(20, 3, 48, 32)
    found = judges.clothes("ours", painted, {"target_attributes": torch.from_numpy(truth)})
    first = np.argsort(-colours @ weights["attributes"], axis=1)[:, :3]
    wanted = [t[f].sum() / t.sum() if t.any() else 1 for t, f in zip(truth, first, strict=True)]
    assert found["attr_rec_3"].tolist() == pytest.approx(wanted)
    p = softmax(colours @ weights["categories"], axis=1)
    score = np.mean([np.exp(np.mean([entropy(row, q.mean(0)) for row in q])) for q in np.array_split(p, 10)])
    assert judges.together(protocol("ours"), chosen)["ours"]["fashion_is"].mean() == pytest.approx(score, rel=1e-5)
    with pytest.raises(PtxError, match=r"gives 5 scores; 4 attributes of attributes.path"):
        judges.clothes("ours", painted, {"target_attributes": torch.from_numpy(truth[:, :4])})
    (tmp_path / "attributes.onnx").write_bytes(b"no network")
    with pytest.raises(PtxError, match=r"evaluate.attributes: .*attributes.onnx cannot be read as a network"):
        Judges(pipeline(tmp_path, *files))
