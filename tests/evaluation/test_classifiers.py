"""Classifiers of clothes: the crop that published networks see, networks of the users, and which attributes are asked for."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from ptx.evaluation.classifiers import Question, attribute_recalls, crop_middle, open_classifiers
from ptx.evaluation.published_figures import ATTRIBUTE_RECALLS
from ptx.models.weights import file_hash
from ptx.pipeline.errors import PtxError
from ptx.settings import EvaluateSettings
from ptx.training.models import FolderModels


@pytest.mark.parametrize("shape", [(256, 256), (256, 176), (64, 128), (512, 352)])
@pytest.mark.parametrize(("resized", "side"), [(331, 299), (256, 224)], ids=["categories", "attributes"])
def test_networks_see_the_published_crop(resized: int, side: int, shape: tuple[int, int]) -> None:
    """Pillow resizes the shorter side and cuts out the middle, as the published code's torchvision does."""
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8), (0, 0), 2)
    height, width = (round(own * resized / min(shape)) for own in shape)
    left, top = round((width - side) / 2), round((height - side) / 2)
    whole = Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR)
    wanted = np.asarray(whole.crop((left, top, left + side, top + side)), np.float32)
    x = torch.from_numpy(picture / np.float32(127.5) - 1).permute(2, 0, 1)[None]
    ours = (crop_middle(x, (side, side), side / resized)[0].permute(1, 2, 0).numpy() + 1) * 127.5
    assert np.abs(ours - wanted).max() < 1.5  # Pillow rounds twice


@pytest.mark.parametrize("size", [(48, 24), (24, 48)])
def test_networks_that_are_no_squares_see_the_middle(size: tuple[int, int]) -> None:
    """48 px, the tighter side, are to be .8 of the picture: its 180 px become 60, three to each, and the middle is cut out."""
    ramp = torch.arange(180.0)
    means = ramp[1::3]  # of three by three px; the filter's triangle is symmetric
    height, width = size
    across = crop_middle(ramp.expand(1, 3, 180, 180), size, 0.8)
    down = crop_middle(ramp[:, None].expand(1, 3, 180, 180), size, 0.8)
    assert across.shape == down.shape == (1, 3, *size)
    left, top = (60 - width) // 2, (60 - height) // 2
    torch.testing.assert_close(across[0, 0, 0], means[left : left + width])
    torch.testing.assert_close(down[0, 0, :, 0], means[top : top + height])


def colour_of_a_corner(path: Path) -> None:
    """A network of any size: three scores, the colours of the first pixel that it sees, and two, the height and width of the picture."""
    graph = helper.make_graph(
        [
            helper.make_node("Slice", ["image", "from", "to", "axes"], ["corner"]),
            helper.make_node("Flatten", ["corner"], ["colours"]),
            helper.make_node("Shape", ["image"], ["shape"]),
            helper.make_node("Cast", ["shape"], ["sizes"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["sizes", "from_axis"], ["row"]),
            helper.make_node("Concat", ["colours", "row"], ["scores"], axis=1),
        ],
        "corner",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 7])],
        [
            numpy_helper.from_array(np.array(numbers, np.int64), name)
            for name, numbers in (("from", [0, 0]), ("to", [1, 1]), ("axes", [2, 3]), ("from_axis", [0]))
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


@pytest.mark.parametrize(("question", "resized", "side"), [("categories", 331, 299), ("attributes", 256, 224)])
def test_a_network_of_any_size_sees_the_published_crop(
    question: Question, resized: int, side: int, tmp_path: Path
) -> None:
    """Resize(331) and CenterCrop(299): ly015/intrinsic_flow, scripts/fashion_inception_score.py:22-23 and 68-69; 256 and 224 of
    attributes: scripts/fashion_attribute_score.py. A picture of 331 px is cut only, 16 px from each side."""
    colour_of_a_corner(tmp_path / "corner.onnx")
    settings = EvaluateSettings.model_validate({question: tmp_path / "corner.onnx"})
    classifiers = open_classifiers(settings, FolderModels(tmp_path / "models"))
    classify = classifiers.categories if question == "categories" else classifiers.attributes
    assert classify is not None
    picture = (torch.rand(1, 3, resized, resized, generator=torch.Generator().manual_seed(0)) * 2) - 1
    colours, sizes = classify(picture)[0].split((3, 4))
    assert sizes.tolist() == [1, 3, side, side]
    torch.testing.assert_close(colours, picture[0, :, 16, 16])


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


def test_networks_of_the_users(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = {"categories": rng.normal(size=(3, 3)), "attributes": rng.normal(size=(3, 5))}
    files = {name: tmp_path / f"{name}.onnx" for name in weights}
    for name, own in weights.items():
        network(files[name], own)
    models = FolderModels(tmp_path / "models")
    settings = EvaluateSettings(categories=files["categories"], attributes=files["attributes"])
    classifiers = open_classifiers(settings, models)
    assert classifiers.hashes == {name: file_hash(path) for name, path in files.items()}
    colours = rng.uniform(-1, 1, (20, 3))
    painted = torch.from_numpy(colours).float()[:, :, None, None].expand(20, 3, 48, 32)
    for name, classify in (("categories", classifiers.categories), ("attributes", classifiers.attributes)):
        assert classify is not None
        np.testing.assert_allclose(classify(painted).numpy(), colours @ weights[name], atol=1e-5)
    files["attributes"].write_bytes(b"no network")
    with pytest.raises(PtxError, match=r"evaluate.attributes: .*attributes.onnx cannot be read as a network"):
        open_classifiers(settings, models)
    assert open_classifiers(EvaluateSettings(categories=files["categories"]), models).attributes is None


def test_recall_of_attributes_by_sorting() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.normal(size=(20, 30)), rng.random((20, 30)) < 0.2
    ours = attribute_recalls(torch.from_numpy(scores), torch.from_numpy(truth))
    assert list(ours) == [f"attr_rec_{k}" for k in ATTRIBUTE_RECALLS]
    for k in ATTRIBUTE_RECALLS:
        likeliest = np.argsort(-scores, axis=1)[:, :k]
        wanted = [t[row].sum() / t.sum() if t.any() else 1 for t, row in zip(truth, likeliest, strict=True)]
        assert ours[f"attr_rec_{k}"].tolist() == pytest.approx(wanted)
    with pytest.raises(PtxError, match=r"gives 30 scores; 29 attributes of attributes.path"):
        attribute_recalls(torch.from_numpy(scores), torch.from_numpy(truth[:, :29]))
