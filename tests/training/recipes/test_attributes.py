"""The classifier of clothes from annotation files to the scores of painted pictures, at tiny size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ptx.evaluation.context import EvaluationContext, evaluate_project
from ptx.evaluation.protocols import find_protocol
from ptx.models import distributed
from ptx.models.attribute_net import AttributeLogits, AttributeNet
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Silent
from ptx.project import Project
from ptx.training.data import map_batch
from ptx.training.models import ProjectModels
from ptx.training.recipes.attributes import AttributesRecipe, cross_entropies
from ptx.training.trainings.attributes import TrainAttributesSettings
from tests.projects import read, run
from tests.training.recipes.noise import FACTS, TINY, is_trained, known, losses_and_gradients, noise
from tests.training.tiny import steps_of_all, tiny_project, train

SMALL = (
    "size=[32, 32]",
    "data.persons=16",
    "data.images_per_person=2",
    "data.half_body=0",
    "data.validation_fraction=0",
)


def annotate(chosen: Project, folder: Path) -> None:
    """Category and attributes that can be seen: which half of the pictures, by their brightness, and by how red they are."""
    folder.mkdir(exist_ok=True)
    images = read(chosen, "ingest", "image", np.uint8).astype(float)
    bright, red = images.mean((1, 2, 3)), images[..., 0].mean((1, 2)) - images[..., 2].mean((1, 2))
    labels = [(value > np.median(value)).astype(int) for value in (bright, red)]
    rows = list(zip(chosen.pipeline.listing.ids, *labels, strict=True))
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


def test_both_questions_train_the_network() -> None:
    made = AttributesRecipe(TrainAttributesSettings.model_validate(known(TrainAttributesSettings, **TINY)), FACTS)
    losses, networks = losses_and_gradients(made)
    assert set(losses["attributes"]) == {"category", "attributes"}
    assert is_trained(networks["attributes"])
    batch = noise()
    scores = made.scores(networks["attributes"].eval(), batch)
    assert {name: values.shape for name, values in scores.items()} == {"loss": (2,), "accuracy": (2,), "recall_5": (2,)}
    assert scores["recall_5"].tolist() == [1, 1]  # of four attributes all are among the first five
    assert made.pictures(networks["attributes"], batch) == [batch["target"]]


def test_recall_is_among_the_five_likeliest() -> None:
    """Of seven attributes the fifth and the sixth likeliest are true: one of two is found."""

    class Answers(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> AttributeLogits:
            return AttributeLogits(torch.zeros(2, FACTS.categories), torch.arange(7.0).expand(2, 7))

    made = AttributesRecipe(TrainAttributesSettings.model_validate(known(TrainAttributesSettings, **TINY)), FACTS)
    batch = noise()
    batch["target_attributes"] = torch.tensor([False, True, True, False, False, False, False]).expand(2, 7)
    assert made.scores(Answers(), batch)["recall_5"].tolist() == [0.5, 0.5]


def test_cross_entropies_are_those_of_every_pair() -> None:
    made = AttributesRecipe(TrainAttributesSettings.model_validate(known(TrainAttributesSettings, **TINY)), FACTS)
    net, batch = made.network(made.settings, FACTS).eval(), noise()
    logits = net(batch["target"])
    losses = cross_entropies(logits, batch)
    for i in range(2):
        wanted = -logits.categories[i].log_softmax(0)[batch["target_category"][i]]
        torch.testing.assert_close(losses["category"][i], wanted)
        sign = torch.where(batch["target_attributes"][i], 1.0, -1.0)
        torch.testing.assert_close(losses["attributes"][i], -(sign * logits.attributes[i]).sigmoid().log().mean())


def share_of(made: AttributesRecipe, rank: int, ranks: int, seen: list[torch.Tensor]) -> None:
    """Compute the losses of one of several processes' share of a batch, and note the pictures that the network sees."""

    class Watching(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> AttributeLogits:
            seen.append(pictures)
            count = len(pictures)
            return AttributeLogits(torch.zeros(count, FACTS.categories), torch.zeros(count, FACTS.attributes))

    batch = map_batch(noise(8), lambda values: values[rank::ranks])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributed, "world_size", lambda: ranks)
        patch.setattr(distributed.group, "get_rank", lambda: rank)
        torch.manual_seed(5)
        made.losses({"attributes": Watching()}, batch, 0)


def test_two_processes_mirror_the_pictures_that_one_mirrors() -> None:
    made = AttributesRecipe(TrainAttributesSettings.model_validate(known(TrainAttributesSettings, **TINY)), FACTS)
    seen: list[torch.Tensor] = []
    for rank, ranks in ((0, 1), (0, 2), (1, 2)):
        share_of(made, rank, ranks, seen)
    whole, *shares = seen
    assert all(torch.equal(whole[rank::2], share) for rank, share in enumerate(shares))
    plain = noise(8)["target"]
    mirrored = [not torch.equal(picture, given) for picture, given in zip(whole, plain, strict=True)]
    assert {True, False} == set(mirrored)


@pytest.mark.slow
def test_from_annotation_files_to_scores(tmp_path: Path) -> None:
    run(tiny_project(tmp_path, *SMALL))
    with pytest.raises(PtxError, match=r"attributes.path: the folder of DeepFashion's annotation files is needed"):
        train(tmp_path, "train-attributes", 4, *SMALL)
    folder = tmp_path / "anno"
    annotate(tiny_project(tmp_path, *SMALL), folder)
    named = (
        *SMALL,
        f"attributes.path={folder}",
        "train_attributes.learning_rate=0.01",
        "train_attributes.save_every=60",
    )
    result = train(tmp_path, "train-attributes", 60, *named)
    assert result.scores["accuracy"] >= 0.75  # of two
    named = (*named, *steps_of_all(4), "train_attributes.steps=60")
    project = tiny_project(tmp_path, *named)
    assert project.step("train-attributes").status().condition == "done"
    net = ProjectModels.of(project.context).network("train-attributes")
    assert isinstance(net, AttributeNet)
    assert net.attributes.out_features == 3  # no picture is odd

    train(tmp_path, "train-coarse", 4, *named)
    context = EvaluationContext(project.context, project.data, project.settings.evaluate)
    done = evaluate_project(context, find_protocol("ours"), Silent())
    assert {"attr_rec_3", "attr_rec_20"} <= set(done.values["coarse view"])
    assert done.values["the target as JPEG"]["attr_rec_3"].min() == 1  # there are no more than three
    assert 1 <= done.values["copy the source"]["fashion_is"].mean() <= 2

    (folder / "list_category_img.txt").touch()
    assert tiny_project(tmp_path, *named).step("train-attributes").status().reasons == ["input attributes changed"]


def test_the_checkpoint_of_least_loss_is_the_best() -> None:
    assert (AttributesRecipe.monitor, AttributesRecipe.higher_is_better) == ("loss", False)
