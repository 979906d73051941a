"""The recipe of the classifier of clothes: on the target picture of one pair of every image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from torch import Tensor, nn
from torch.nn import functional as F

from ptx.models.attribute_net import AttributeLogits, AttributeNet, recall_at
from ptx.training.context import NetworkFacts, TrainingContext
from ptx.training.data import Batch, clothes
from ptx.training.recipes.base import Losses, Recipe, TrainedNetworks
from ptx.training.trainings.attributes import TrainAttributesSettings


class AttributesRecipe(Recipe[TrainAttributesSettings]):
    """Category by cross-entropy, attributes each by its own, as the classifiers of FashionIS and AttrRec-k (Li et al., CVPR 2019)."""

    name = "train-attributes"
    monitor = "loss"
    higher_is_better = False
    main = "attributes"

    @classmethod
    def create(cls, settings: TrainAttributesSettings, context: TrainingContext, models: TrainedNetworks) -> Self:
        """Make the recipe for the categories and attributes of the annotation.

        Raises:
            PtxError: there is no annotation of clothes.
        """
        known = clothes(context)
        return cls(settings, NetworkFacts(context.size, len(known.category_names), len(known.attribute_names)))

    @classmethod
    def network(cls, settings: TrainAttributesSettings, facts: NetworkFacts) -> AttributeNet:
        """Return the classifier."""
        return AttributeNet(
            categories=facts.categories,
            attributes=facts.attributes,
            base_channels=settings.base_channels,
            max_channels=settings.max_channels,
            scales=settings.scales,
        )

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """Both cross-entropies."""
        batch = self.vary(batch)
        losses = cross_entropies(nets["attributes"](batch["target"]), batch)
        return {"attributes": {name: values.mean() for name, values in losses.items()}}

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Sum of both cross-entropies, accuracy of categories, recall of attributes among the first 5."""
        logits: AttributeLogits = net(batch["target"])
        losses = cross_entropies(logits, batch)
        return {
            "loss": losses["category"] + losses["attributes"],
            "accuracy": (logits.categories.argmax(1) == batch["target_category"]).float(),
            "recall_5": recall_at(logits.attributes, batch["target_attributes"], 5),
        }

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """The pictures that are classified."""
        return [batch["target"]]


def cross_entropies(logits: AttributeLogits, batch: Batch) -> dict[str, Tensor]:
    """Cross-entropy (B,) of the category, and mean over the attributes of theirs."""
    truth = batch["target_attributes"].float()
    by_attribute = F.binary_cross_entropy_with_logits(logits.attributes, truth, reduction="none")  # (B, K)
    return {
        "category": F.cross_entropy(logits.categories, batch["target_category"], reduction="none"),
        "attributes": by_attribute.mean(1),
    }
