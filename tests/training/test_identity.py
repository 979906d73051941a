"""What a model is: weights of others by their contents, arithmetic, validation persons; what makes it another and what does not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ptx.models.shipped import EFFICIENTNET_LITE0
from ptx.models.vgg import Vgg19Features
from ptx.pipeline.errors import PtxError
from ptx.training import hardware, weight_files
from ptx.training.state import VALIDATION, stale
from ptx.training.trainings import TRAININGS, appearance_flow
from tests.training.test_state import reasons
from tests.training.tiny import Hearing, tiny_project, train

GRADIENTS = "train_generator.without_vgg=gradients"
EFFICIENTNET = "train_generator.without_vgg=efficientnet"
GENERATOR = "train_generator.flow=projected", "train_generator.adversarial=0"


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VGG-19's weights, at random, of few channels: `small_vgg` has networks of this size."""
    path = tmp_path_factory.mktemp("weights") / "vgg19.pth"
    with pytest.MonkeyPatch.context() as patch:
        small(patch)
        torch.manual_seed(0)
        torch.save(Vgg19Features().state_dict(), path)
    return path


def small(patch: pytest.MonkeyPatch) -> None:
    """Make VGG-19 of four channels."""
    from ptx.models import vgg

    patch.setattr(vgg, "LAYER_CHANNELS", tuple(min(4, channels) for channels in vgg.LAYER_CHANNELS))


@pytest.fixture
def small_vgg(monkeypatch: pytest.MonkeyPatch, weights: Path, tmp_path: Path) -> Path:
    """A copy of the weights, of the test's own."""
    small(monkeypatch)
    return Path(shutil.copy(weights, tmp_path / "vgg19.pth"))


def generator(work: Path, *more: str) -> list[str]:
    """Reasons why the generator is stale."""
    return reasons(work, "train-generator", *GENERATOR, *more)


def rewrite(work: Path, model: str, change: Callable[[dict[str, object]], None]) -> None:
    """Change what a model recorded, as an older ptx would have written it."""
    for path in (work / "models" / model).rglob("*.json"):
        meta = json.loads(path.read_text())
        if "document" in meta:
            change(meta)
            path.write_text(json.dumps(meta))


def of_older_ptx(meta: dict[str, object]) -> None:
    """Drop what was not recorded before."""
    document = meta["document"]
    assert isinstance(document, dict)
    for name in ("weights", VALIDATION):
        document.pop(name, None)
    (section,) = document["settings"].values()
    section["precision"] = "auto"
    del section["checkpoint"]
    for name in ("weights", "frame"):
        meta.pop(name, None)


@pytest.mark.slow
def test_a_training_without_vgg_does_not_go_on_with_it(work: Path, small_vgg: Path) -> None:
    named = f"train_generator.vgg={small_vgg}"
    train(work, "train-generator", 4, *GENERATOR, GRADIENTS)
    assert generator(work) == generator(work, GRADIENTS) == []
    assert generator(work, named) == ["perceptual loss: VGG-19 weights were absent, now vgg19.pth"]
    train(work, "train-generator", 6, *GENERATOR, named)
    terms = (work / "models" / "generator" / "log.csv").read_text()
    assert "perceptual" in terms
    assert "gradients" not in terms  # anew, and not a mixture of both
    assert generator(work, named) == []
    assert generator(work) == ["perceptual loss: VGG-19 weights were vgg19.pth, now absent"]


OURS = "perceptual loss: EfficientNet-Lite0 weights"


@pytest.mark.slow
def test_the_network_that_comes_with_ptx_is_part_of_a_model(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its contents; `auto` is what the model was begun with."""
    train(work, "train-generator", 4, *GENERATOR)
    assert generator(work) == generator(work, EFFICIENTNET) == []
    assert generator(work, GRADIENTS) == [f"{OURS} were efficientnet_lite0.safetensors, now absent"]
    terms = (work / "models" / "generator" / "log.csv").read_text()
    assert "perceptual" in terms
    moved = Path(shutil.copy(EFFICIENTNET_LITE0, tmp_path / "moved.safetensors"))
    monkeypatch.setattr(appearance_flow, "EFFICIENTNET_LITE0", moved)
    assert generator(work) == []
    moved.write_bytes(moved.read_bytes() + b"0")
    assert generator(work) == [f"{OURS} were efficientnet_lite0.safetensors, now moved.safetensors with other contents"]


@pytest.mark.slow
def test_a_model_that_was_begun_without_a_perceptual_loss_goes_on_without(work: Path) -> None:
    """Such as those of before: they stay valid, and so do models that were trained on them, also where they are gone."""
    train(work, "train-generator", 4, *GENERATOR, GRADIENTS)
    train(work, "train-pixel-warp", 4, *GENERATOR, "train_generator.steps=4")
    assert generator(work) == []
    assert generator(work, EFFICIENTNET) == [f"{OURS} were absent, now efficientnet_lite0.safetensors"]
    hearing = Hearing()
    assert train(work, "train-generator", 6, *GENERATOR, listener=hearing).trained
    assert any("no perceptual loss" in text for text in hearing.texts)
    assert "perceptual" not in (work / "models" / "generator" / "log.csv").read_text()
    meta = json.loads((work / "models" / "generator" / "model.json").read_text())
    assert "weights" not in meta["document"]
    assert not meta["weights"]
    assert reasons(work, "train-pixel-warp", *GENERATOR) == []
    shutil.rmtree(work / "models" / "generator")
    assert reasons(work, "train-pixel-warp", *GENERATOR) == []
    assert reasons(work, "train-pixel-warp", *GENERATOR, "train_generator.style=1") == ["input train-generator changed"]


@pytest.mark.slow
def test_the_contents_of_weights_count_and_not_their_place(
    work: Path, small_vgg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(work, "train-generator", 4, *GENERATOR, f"train_generator.vgg={small_vgg}")
    read: list[Path] = []
    plain = weight_files._hash
    monkeypatch.setattr(weight_files, "_hash", lambda path, stamp: read.append(path) or plain(path, stamp))
    assert generator(work, f"train_generator.vgg={small_vgg}") == []
    assert not read  # its size and time are those that were recorded
    moved = small_vgg.rename(small_vgg.with_name("moved.pth"))
    assert generator(work, f"train_generator.vgg={moved}") == []
    assert read
    assert not train(work, "train-generator", 4, *GENERATOR, f"train_generator.vgg={moved}").trained
    torch.manual_seed(1)
    torch.save(Vgg19Features().state_dict(), moved)
    assert generator(work, f"train_generator.vgg={moved}") == [
        "perceptual loss: VGG-19 weights were vgg19.pth, now moved.pth with other contents"
    ]


@pytest.mark.slow
def test_weights_that_are_gone_leave_the_model_as_it_is_and_stop_its_training(work: Path, small_vgg: Path) -> None:
    named = f"train_generator.vgg={small_vgg}"
    train(work, "train-generator", 4, *GENERATOR, named)
    small_vgg.unlink()
    assert generator(work, named) == []
    with pytest.raises(PtxError, match=r"vgg19.pth: no such file"):
        train(work, "train-generator", 6, *GENERATOR, named)


@pytest.mark.slow
@pytest.mark.parametrize("with_vgg", [False, True])
def test_models_that_did_not_record_weights_are_known_by_their_log(work: Path, small_vgg: Path, with_vgg: bool) -> None:
    named = f"train_generator.vgg={small_vgg}"
    train(work, "train-generator", 4, *GENERATOR, named if with_vgg else GRADIENTS)
    rewrite(work, "generator", of_older_ptx)
    absent, there = generator(work), generator(work, named)
    if with_vgg:
        assert (absent, there) == (["perceptual loss: VGG-19 weights were there, now absent"], [])
    else:
        assert (absent, there) == ([], ["perceptual loss: VGG-19 weights were absent, now vgg19.pth"])
        assert generator(work, EFFICIENTNET) == [f"{OURS} were absent, now efficientnet_lite0.safetensors"]
    (work / "models" / "generator" / "log.csv").unlink()
    assert generator(work) == generator(work, named) == []  # nothing is known


@pytest.mark.slow
def test_the_arithmetic_is_part_of_a_model(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "has_bf16", lambda: True)
    train(work, "train-flow", 4)
    meta = json.loads((work / "models" / "flow" / "model.json").read_text())
    assert meta["document"]["settings"]["train_flow"]["precision"] == "bf16"
    assert reasons(work, "train-flow", "train_flow.precision=bf16") == []
    assert reasons(work, "train-flow", "train_flow.precision=fp32") == ['train_flow.precision was "bf16", now "fp32"']
    train(work, "train-generator", 4, "train_flow.steps=4")
    monkeypatch.setattr(hardware, "has_bf16", lambda: False)  # the same workspace on another machine
    assert reasons(work, "train-flow") == reasons(work, "train-generator") == []
    joined: list[str] = []
    plain = hardware.Fabric
    monkeypatch.setattr(
        hardware, "Fabric", lambda *, precision, **rest: joined.append(precision) or plain(precision=precision, **rest)
    )
    train(work, "train-flow", 6)
    assert joined == ["bf16-mixed"]


@pytest.mark.slow
@pytest.mark.parametrize("arithmetic", ["fp32", "bf16"])
def test_a_model_whose_underlying_model_is_gone_is_current(work: Path, arithmetic: str) -> None:
    """Whatever auto came to on the machine that trained it."""
    train(work, "train-flow", 4, f"train_flow.precision={arithmetic}")
    train(work, "train-generator", 4, "train_flow.steps=4")
    shutil.rmtree(work / "models" / "flow")
    assert reasons(work, "train-generator") == []
    assert reasons(work, "train-generator", "train_flow.part_weight=2") == ["input train-flow changed"]


@pytest.mark.slow
def test_validation_persons_are_part_of_a_model(work: Path) -> None:
    train(work, "train-flow", 4)
    assert reasons(work, "train-flow", "data.validation_fraction=0.4") == ["data.validation_fraction was 0.2, now 0.4"]
    assert tiny_project(work, "data.validation_fraction=0.4").step("ingest").status().condition == "done"
    rewrite(work, "flow", of_older_ptx)
    for more in ("data.validation_fraction=0.4", "train_flow.checkpoint=last", "train_flow.checkpoint=best"):
        assert reasons(work, "train-flow", more) == []


@pytest.mark.slow
def test_which_checkpoint_is_the_model_is_part_of_it(work: Path) -> None:
    train(work, "train-flow", 4)
    assert reasons(work, "train-flow", "train_flow.checkpoint=best") == []  # what auto is without a discriminator
    assert reasons(work, "train-flow", "train_flow.checkpoint=last") == ['train_flow.checkpoint was "best", now "last"']


@pytest.mark.slow
def test_the_crop_is_part_of_a_model_through_the_stores(work: Path) -> None:
    train(work, "train-flow", 4)
    context = tiny_project(work, "ingest.crop=person").context
    assert "input ingest changed" in stale(context, TRAININGS["train-flow"])
    meta = json.loads((work / "models" / "flow" / "model.json").read_text())
    assert meta["frame"] == "picture"


@pytest.mark.slow
def test_the_body_is_part_of_a_model_through_the_stores(work: Path) -> None:
    train(work, "train-generator", 4, *GENERATOR)
    found = generator(work, "body=builtin")
    assert {"input rasterize changed", "input synth-flow changed", "input visibility changed"} <= set(found)
