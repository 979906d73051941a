"""The one way to trained models: of a folder as they are, of a project when they are current; and the body that they know."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from ptx.geometry.body import load_body
from ptx.models.attribute_net import AttributeNet
from ptx.models.flow_net import FlowNet
from ptx.models.pg2 import CoarseNet
from ptx.pipeline.errors import PtxError
from ptx.training.checkpoint import write_checkpoint
from ptx.training.context import NetworkFacts
from ptx.training.models import FolderModels, ProjectModels
from ptx.training.trainings.appearance_flow import TrainFlowSettings
from tests.training.tiny import tiny_project, train

SIZE = (48, 32)


def write_model(folder: Path, name: str, net: torch.nn.Module, **settings: object) -> None:
    """A model as ptx 0.1 left it: old names of settings, no body."""
    section = f"train_{name.replace('-', '_')}"
    document = {"size": list(SIZE), "settings": {section: {"base": 8, "most": 16, "scales": 3, **settings}}}
    write_checkpoint(folder / name / "model", net.state_dict(), {"document": document, "best": {}, "step": 0})


def test_models_of_a_folder(tmp_path: Path) -> None:
    net = FlowNet(8, 16, 3, limbs=True)
    write_model(tmp_path, "flow", net, limbs=True, radius=3.0)
    models = FolderModels(tmp_path)
    assert models.exists("train-flow")
    assert not models.exists("train-coarse")
    settings = models.settings("train-flow")
    assert isinstance(settings, TrainFlowSettings)
    assert (settings.base_channels, settings.max_channels, settings.radius, settings.part_weight) == (8, 16, 3.0, 5.0)
    assert models.size("train-flow") == SIZE
    network = models.network("train-flow")
    assert models.network("train-flow") is network
    assert not network.training
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), net.parameters(), strict=True))
    assert not any(p.requires_grad for p in network.parameters())
    assert list(models.hashes) == ["flow"]


def test_shapes_that_are_no_settings(tmp_path: Path) -> None:
    """The size of the pictures is in the record, the numbers of outputs are those of the weights."""
    write_model(tmp_path, "coarse", CoarseNet(SIZE, 8, 3))
    write_model(tmp_path, "attributes", AttributeNet(5, 7, 8, 16, 3))
    models = FolderModels(tmp_path)
    assert models.facts("train-coarse") == NetworkFacts(SIZE)
    assert models.facts("train-attributes") == NetworkFacts(SIZE, categories=5, attributes=7)
    assert isinstance(models.network("train-coarse"), CoarseNet)
    assert isinstance(models.network("train-attributes"), AttributeNet)


def test_what_is_no_model(tmp_path: Path) -> None:
    models = FolderModels(tmp_path)
    with pytest.raises(PtxError, match=r"no model is there: model\.safetensors and model\.json are needed"):
        models.network("train-flow")
    write_model(tmp_path, "flow", FlowNet(8, 16, 3))
    shutil.copytree(tmp_path / "flow", tmp_path / "generator")
    with pytest.raises(PtxError, match="this is no model of train-generator: its JSON names no such settings"):
        models.network("train-generator")
    write_model(tmp_path, "flow", FlowNet(8, 16, 3), scales=4)
    with pytest.raises(PtxError, match="is of another architecture"):
        FolderModels(tmp_path).network("train-flow")


@pytest.mark.slow
def test_models_of_a_project_are_current(work: Path) -> None:
    models = ProjectModels.of(tiny_project(work).context)
    with pytest.raises(PtxError, match="there is no trained model of train-flow: `ptx run train-flow` first"):
        models.network("train-flow")
    train(work, "train-flow", 4)
    assert isinstance(models.network("train-flow"), FlowNet)
    stale = ProjectModels.of(tiny_project(work, "train_flow.scales=2").context)
    with pytest.raises(PtxError, match=r"train-flow is stale \(train_flow.scales was 3, now 2\): `ptx run train-flow`"):
        stale.settings("train-flow")


def remember(folder: Path, name: str, digest: str) -> None:
    path = folder / "flow" / "model.json"
    meta = json.loads(path.read_text())
    path.write_text(json.dumps({**meta, "body": {"name": name, "digest": digest}}))


def test_the_body_is_the_one_that_a_model_was_trained_with(tmp_path: Path) -> None:
    write_model(tmp_path, "flow", FlowNet(8, 16, 3))
    small, builtin = load_body("small"), load_body("builtin")
    assert FolderModels(tmp_path).body("train-flow") is builtin  # of ptx 0.1, which recorded none
    assert FolderModels(tmp_path, chosen_body="small").body("train-flow") is small
    remember(tmp_path, "small", small.digest)
    assert FolderModels(tmp_path).body("train-flow") is small
    assert FolderModels(tmp_path, chosen_body="builtin").body("train-flow") is small  # the setting's default
    remember(tmp_path, "/there/smpl.npz", small.digest)
    with pytest.raises(PtxError, match=r"with the body /there/smpl.npz, which cannot be read .*by --set body=PATH"):
        FolderModels(tmp_path).body("train-flow")
    assert FolderModels(tmp_path, chosen_body="small").body("train-flow") is small  # where the user has it
    remember(tmp_path, "small", "0" * 64)
    with pytest.raises(PtxError, match=r"with the body small, which has changed since: name it by --set body=PATH"):
        FolderModels(tmp_path).body("train-flow")
