"""Classifiers of clothes that score painted pictures: FashionIS and AttrRec-k (Li, Huang and Loy, CVPR 2019, and their code).

FashionIS is the inception score of a classifier's categories of clothes instead of ImageNet's classes. AttrRec-k is the fraction of the
target's attributes that are among the k likeliest of the painted picture. The published classifiers are an Inception-v3 of 23 categories
and a ResNet-50 of 347 attributes; scores by others are not comparable with theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.evaluation.protocols import CPU
from ptx.evaluation.published_figures import ATTRIBUTE_RECALLS
from ptx.models.attribute_net import AttributeLogits, recall_at
from ptx.models.onnx_network import OnnxNetwork
from ptx.models.weights import file_hash
from ptx.pipeline.errors import PtxError
from ptx.settings import EvaluateSettings
from ptx.training.models import TrainedModels

Classifier = Callable[[Tensor], Tensor]
"""Pictures (B, 3, H, W) in -1..1 → a score of each answer (B, C)."""

Question = Literal["categories", "attributes"]
"""What a classifier tells: the one category of the clothes, or their attributes."""


class Crop(NamedTuple):
    """The part of pictures that a published classifier sees."""

    resized: int
    """Shorter side in px to which pictures are resized."""
    side: int
    """Side in px of the square that is cut from their middle."""


CROPS: dict[Question, Crop] = {"categories": Crop(331, 299), "attributes": Crop(256, 224)}
"""Question → the crop of the published classifier."""


@dataclass(frozen=True)
class ClothesClassifiers:
    """The classifiers of clothes that there are."""

    categories: Classifier | None = None
    attributes: Classifier | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    """Question → hash of the weights, of networks that the user names."""


def open_classifiers(
    settings: EvaluateSettings, models: TrainedModels, device: torch.device = CPU
) -> ClothesClassifiers:
    """Open the user's networks, and for a question where none is named that of train-attributes, if it is trained.

    Args:
        settings: the section `evaluate`.
        models: the trained models.
        device: where that of train-attributes runs; the user's run on the CPU.

    Raises:
        PtxError: a file is no such network, or the trained one is stale.
    """
    classifiers: dict[Question, Classifier] = {}
    if models.exists("train-attributes"):
        network = models.network("train-attributes").to(device)
        classifiers = {"categories": _categories_of(network), "attributes": _attributes_of(network)}
    named: dict[Question, Path | None] = {"categories": settings.categories, "attributes": settings.attributes}
    hashes: dict[str, str] = {}
    for question, path in named.items():
        if path is not None:
            classifiers[question] = _open_onnx(path, question)
            hashes[question] = file_hash(path)
    return ClothesClassifiers(classifiers.get("categories"), classifiers.get("attributes"), hashes)


def attribute_recalls(scores: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Compute AttrRec-k (B,), 0..1, of scores (B, K) against the target's attributes (B, K) bool, for every published k.

    Raises:
        PtxError: the network answers for another number of attributes.
    """
    if scores.shape != truth.shape:
        raise PtxError(
            f"evaluate.attributes: the network gives {scores.shape[1]} scores; {truth.shape[1]} attributes of attributes.path are "
            "on some picture of this data set"
        )
    return {f"attr_rec_{k}": recall_at(scores, truth, k) for k in ATTRIBUTE_RECALLS}


def crop_middle(x: Tensor, size: tuple[int, int], fraction: float) -> Tensor:
    """Resize pictures (B, 3, H, W) so that `size` is a fraction of them along the tighter side, and cut out their middle.

    Args:
        x: pictures.
        size: height and width in px of the result.
        fraction: of the tighter side that is kept.

    Returns:
        (B, 3, *size).
    """
    scale = max(size[0] / x.shape[2], size[1] / x.shape[3]) / fraction
    height, width = round(scale * x.shape[2]), round(scale * x.shape[3])
    resized = F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False, antialias=True)
    top = round((height - size[0]) / 2)
    left = round((width - size[1]) / 2)
    return resized[..., top : top + size[0], left : left + size[1]]


def _categories_of(network: nn.Module) -> Classifier:
    def classify(x: Tensor) -> Tensor:
        logits: AttributeLogits = network(x)
        return logits.categories

    return classify


def _attributes_of(network: nn.Module) -> Classifier:
    def classify(x: Tensor) -> Tensor:
        logits: AttributeLogits = network(x)
        return logits.attributes

    return classify


def _open_onnx(path: Path, question: Question) -> Classifier:
    network = OnnxNetwork(path, f"evaluate.{question}")
    crop = CROPS[question]

    def classify(x: Tensor) -> Tensor:
        cropped = crop_middle(x, network.size(crop.side, crop.side), crop.side / crop.resized)
        scores = torch.cat([torch.from_numpy(network(picture[None].cpu().numpy())) for picture in cropped]).to(x.device)
        if scores.dim() != 2:
            raise PtxError(
                f"evaluate.{question}: {path} gives {tuple(scores.shape)}, a score an answer is needed, (1, answers)"
            )
        return scores

    return classify
