"""Classifiers of clothes that judge painted pictures, for FashionIS and AttrRec-k (Li, Huang and Loy, CVPR 2019, and their code).

FashionIS is the inception score of a classifier's categories of clothes instead of ImageNet's classes. AttrRec-k is the share of the
target's attributes that are among the k likeliest of the painted picture. The published classifiers are an Inception-v3 of 23 categories
and a ResNet-50 of 347 attributes; scores by others are not comparable with theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.evaluation.methods import trained
from ptx.models.attribute_net import recall_at
from ptx.models.onnx_network import OnnxNetwork
from ptx.models.weights import file_hash
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.training.run import load_network

Classifier = Callable[[Tensor], Tensor]
"""Pictures (B, 3, H, W) in -1..1 → a score of each answer (B, C)."""

SHOWN = {"categories": (331, 299), "attributes": (256, 224)}
"""Question → the shorter side that pictures are brought to, and the side of the square in their middle that the published network sees."""

RECALLS = (3, 5, 10, 20)
"""The k of AttrRec-k that the published code prints."""


def classifiers(pipeline: Pipeline) -> dict[str, Classifier]:
    """By question, categories and attributes: the user's network, or where none is named that of train-attributes, if it is trained.

    Raises:
        PtxError: a file is no such network, or the trained one is stale.
    """
    found: dict[str, Classifier] = {}
    if trained(pipeline, "train-attributes"):
        net = load_network(pipeline, "train-attributes")
        found = {"categories": lambda x: net(x).categories, "attributes": lambda x: net(x).attributes}
    for question, path in named(pipeline).items():
        found[question] = _onnx(path, question)
    return found


def named(pipeline: Pipeline) -> dict[str, Path]:
    """Files of the user's networks."""
    s = pipeline.settings.evaluate
    return {q: path for q, path in (("categories", s.categories), ("attributes", s.attributes)) if path is not None}


def hashes(pipeline: Pipeline) -> dict[str, str]:
    """What judges, as a hash of its weights."""
    return {question: file_hash(path) for question, path in named(pipeline).items()}


def recalls(scores: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """AttrRec-k (B,), 0..1, of scores (B, K) against the target's attributes (B, K) bool.

    Raises:
        PtxError: the network answers for another number of attributes.
    """
    if scores.shape != truth.shape:
        raise PtxError(
            f"evaluate.attributes: the network gives {scores.shape[1]} scores; {truth.shape[1]} attributes of attributes.path are "
            "on some picture of this data set"
        )
    return {f"attr_rec_{k}": recall_at(scores, truth, k) for k in RECALLS}


def middle(x: Tensor, size: tuple[int, int], share: float) -> Tensor:
    """The middle (B, 3, *size) of pictures (B, 3, H, W) that are resized until `size` is this share of them along the tighter side."""
    scale = max(side / own for side, own in zip(size, x.shape[-2:], strict=True)) / share
    height, width = (round(scale * own) for own in x.shape[-2:])
    resized = F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False, antialias=True)
    top, left = round((height - size[0]) / 2), round((width - size[1]) / 2)
    return resized[..., top : top + size[0], left : left + size[1]]


def _onnx(path: Path, question: str) -> Classifier:
    network, (resized, seen) = OnnxNetwork(path, f"evaluate.{question}"), SHOWN[question]

    def classify(x: Tensor) -> Tensor:
        fed = middle(x, network.size(seen, seen), seen / resized)
        scores = torch.cat([torch.from_numpy(network(one[None].numpy())) for one in fed])
        if scores.dim() != 2:
            raise PtxError(
                f"evaluate.{question}: {path} gives {tuple(scores.shape)}, a score an answer is needed, (1, answers)"
            )
        return scores

    return classify
