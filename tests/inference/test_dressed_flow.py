"""People dressed on the spot, their flow, and their surface drawn, from a working picture and keypoints alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import load_body
from ptx.geometry.labels import VISIBLE
from ptx.inference.dressed_flow import CombinedOnTheSpot, DressedFlow
from ptx.inference.dresser import Dresser
from ptx.inference.fitted_flow import FittedFlow
from ptx.inference.model import Model
from ptx.inference.systems import assemble
from ptx.models.combined_flow import FlowBlend
from ptx.models.generator import Generator
from ptx.models.losses import end_point_error
from ptx.models.pixels import to_tensor
from ptx.pipeline.errors import PtxError
from ptx.training.models import FolderModels
from tests.conftest import SIZE as MODEL_SIZE
from tests.conftest import write_model

SIZE = (128, 96)
PEOPLE = People(PeopleOptions(4, 2, seed=2, size=SIZE, half_body=0, body="small", loose=1.0))


def pair(index: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Keypoints of source and target, and the source's picture, of a person."""
    source, target = (torch.tensor(PEOPLE.truth(2 * index + k).keypoints)[None] for k in (0, 1))
    return source, target, to_tensor(PEOPLE.render(2 * index))[None]


@pytest.fixture(scope="module")
def batch() -> tuple[torch.Tensor, ...]:
    """The pairs of all four persons."""
    return tuple(torch.cat(values) for values in zip(*(pair(i) for i in range(4)), strict=True))


@pytest.fixture(scope="module")
def dresser() -> Dresser:
    """Of the small body."""
    return Dresser(load_body("small"))


@pytest.mark.slow
def test_loose_clothes_are_nearer_than_those_of_bare_bodies(dresser: Dresser, batch: tuple[torch.Tensor, ...]) -> None:
    """Against the exact flow of what the source shows."""
    exact = [PEOPLE.exact_flow(2 * i + 1, 2 * i) for i in range(4)]
    truth = torch.tensor(np.stack([flow for flow, _ in exact])).permute(0, 3, 1, 2)
    labels = torch.tensor(np.stack([visible for _, visible in exact]))[:, None]
    seen = torch.where(labels == VISIBLE, labels, 2)
    bare, dressed = (
        end_point_error(flow(*batch).dense, truth, seen).mean()
        for flow in (FittedFlow(dresser.body), DressedFlow(dresser))
    )
    assert dressed < 0.9 * bare


@pytest.mark.slow
def test_a_surface_is_drawn_over_the_targets_person(dresser: Dresser, batch: tuple[torch.Tensor, ...]) -> None:
    drawn = dresser.draw(*batch)
    assert drawn.shape == (4, 4, *SIZE)
    for i, (colours, alpha) in enumerate(zip(drawn[:, :3], drawn[:, 3], strict=True)):
        target, person = to_tensor(PEOPLE.render(2 * i + 1)), torch.tensor(PEOPLE.garment_labels(2 * i + 1) > 0)
        inside = (alpha == 1) & person
        assert inside.sum() > 0.6 * person.sum()
        error = (colours - target)[:, inside].abs().mean()
        assert error < 0.75 * (batch[2][i] - target)[:, inside].abs().mean()


@pytest.mark.slow
def test_a_person_is_dressed_once(dresser: Dresser, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh, (source, target, image) = Dresser(dresser.body), pair(0)
    fresh.draw(source, target, image)
    monkeypatch.setattr(Dresser, "_silhouettes", None)  # asking it again would fail
    fresh.draw(source, source, image)
    assert DressedFlow(fresh).carry(source, target, image).flow.any()


def test_too_few_keypoints_are_background_and_nobody(dresser: Dresser) -> None:
    source, target, image = pair(0)
    few = target.clone()
    few[:, 3:] = torch.tensor([torch.nan, torch.nan, 0])
    found = DressedFlow(dresser)(few, target, image)
    assert (found.visibility == 2).all()
    assert found.dense.isfinite().all()
    assert not dresser.draw(source, few, image)[:, 3].any()
    assert not dresser.draw(few, target, image)[:, 3].any()


def add_models(folder: Path) -> None:
    """A combination, and a generator that paints by it and sees the surface."""
    torch.manual_seed(3)
    write_model(folder, "combined-flow", "train_combined_flow", FlowBlend(8, 16, 3, 3.0))
    generator = Generator(8, 16, 3, 2, surface=True)
    write_model(folder, "generator", "train_generator", generator, warped_scales=2, flow="combined", surface=True)


@pytest.mark.slow
def test_a_model_paints_by_them(models: Path, people: People, tmp_path: Path) -> None:
    add_models(models)
    made = FolderModels(models, chosen_body="small")
    painter = assemble("flow", made)
    assert isinstance(painter.regressor, CombinedOnTheSpot)
    source, target = (torch.tensor(people.truth(i).keypoints)[None] for i in (0, 1))
    image = to_tensor(people.render(0))[None]
    painted = painter(image, source, target)
    assert painted.picture.shape == (1, 3, *MODEL_SIZE)
    wanted = painter.regressor(source, target, image)
    assert torch.equal(painted.flow, wanted.flow)
    drawn = Dresser(load_body("small")).draw(source, target, image)
    assert drawn[:, 3].any()
    model = Model(models, body="small")
    with pytest.raises(PtxError, match=r"^export: bodies are fitted for its flow or surface"):
        model.export(tmp_path / "painter.pt2")
