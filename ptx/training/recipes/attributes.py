"""How the classifier of clothes is trained: on the target picture of one pair of every image."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.datasets.attribute_files import Clothes
from ptx.models.attribute_net import AttributeNet, recall_at
from ptx.training.data import Batch
from ptx.training.networks import build
from ptx.training.recipes.base import Losses, Recipe
from ptx.training.settings import TrainAttributesSettings


class TrainAttributes(Recipe):
    """Category by cross-entropy, attributes each by its own, as the classifiers of FashionIS and AttrRec-k (Li et al., CVPR 2019)."""

    name, score, best = "train-attributes", "loss", -1
    settings: TrainAttributesSettings

    def __init__(self, settings: TrainAttributesSettings, clothes: Clothes) -> None:
        super().__init__(settings)
        self.counts = {"categories": len(clothes.category_names), "attributes": len(clothes.attribute_names)}

    def networks(self) -> dict[str, nn.Module]:
        """The classifier."""
        return {"attributes": build(AttributeNet, self.settings.model_dump() | self.counts)}

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """Both cross-entropies, of pictures half of which are mirrored."""
        del step
        mirrored = torch.rand(len(batch["target"]), 1, 1, 1, device=batch["target"].device) < 0.5
        seen = torch.where(mirrored, batch["target"].flip(-1), batch["target"])
        return {
            "attributes": {name: value.mean() for name, value in _surprise(nets["attributes"], seen, batch).items()}
        }

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Sum of both cross-entropies, accuracy of categories, recall of attributes among the first 5."""
        worn, loss = net(batch["target"]), _surprise(net, batch["target"], batch)
        return {
            "loss": loss["category"] + loss["attributes"],
            "accuracy": (worn.categories.argmax(1) == batch["target_category"]).float(),
            "recall_5": recall_at(worn.attributes, batch["target_attributes"], 5),
        }

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """What is judged."""
        del net
        return [batch["target"]]


def _surprise(net: nn.Module, pictures: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Cross-entropies (B,) of what the pictures show."""
    worn, truth = net(pictures), batch["target_attributes"].float()
    each = F.binary_cross_entropy_with_logits(worn.attributes, truth, reduction="none")
    return {
        "category": F.cross_entropy(worn.categories, batch["target_category"], reduction="none"),
        "attributes": each.mean(1),
    }
