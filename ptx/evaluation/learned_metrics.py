"""Metrics by networks: pd, whose network comes with ptx; LPIPS, FID, inception scores, FashionIS, AttrRec-k, PCKh, where the user names the
weights of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ptx.evaluation.classifiers import ClothesClassifiers, attribute_recalls, open_classifiers
from ptx.evaluation.fid import ReferenceSet, inception_pseudo_values
from ptx.evaluation.inception import Inception
from ptx.evaluation.lpips import Lpips
from ptx.evaluation.metrics import black_outside
from ptx.evaluation.pckh import Detector, blazepose_detector, detect_all, pckh
from ptx.evaluation.perceptual import square_features
from ptx.evaluation.protocols import CPU, EvaluationProtocol
from ptx.models.efficientnet_lite import EfficientNetLite0, feature_distance
from ptx.models.shipped import EFFICIENTNET_LITE0
from ptx.models.weights import file_hash
from ptx.pipeline.errors import PtxError
from ptx.settings import EvaluateSettings
from ptx.training.data import Batch
from ptx.training.models import TrainedModels

Array = NDArray[np.float64]

FEATURES = "features"
"""Name among the statistics of a set of the features that FID compares; others are the class probabilities of a score."""

PERCEPTUAL_NETWORK = "efficientnet_lite0"
"""Name among the networks that scored of the one of pd."""

Distance = Callable[[Tensor, Tensor], Tensor]
"""Two sets of pictures (B, 3, H, W) in -1..1 → distances (B,)."""

FeatureNetwork = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Pictures (B, 3, H, W) in -1..1 → features (B, D), class probabilities (B, C)."""


@dataclass(frozen=True)
class LearnedMetrics:
    """Networks that score pictures."""

    perceptual: EfficientNetLite0 | None = None
    lpips: Distance | None = None
    inception: FeatureNetwork | None = None
    classifiers: ClothesClassifiers = field(default_factory=ClothesClassifiers)
    detector: Detector | None = None
    masked: bool = False
    """True where the inception score is also taken within the mask of the target's pose (mask-IS)."""
    hashes: Mapping[str, str] = field(default_factory=dict)
    """Network → hash of its weights."""
    lpips_version: str = "0.1"
    """Version of LPIPS."""

    def distances_to(self, target: Tensor) -> Callable[[Tensor], dict[str, Tensor]]:
        """Return the function that scores pictures by their distances from a target, whose features are computed once.

        Args:
            target: (B, 3, H, W) in -1..1 as networks see it.

        Returns:
            Pictures like the target → metric → (B,); pd.
        """
        network = self.perceptual
        if network is None:
            return lambda _: {}
        features = square_features(network, target)
        return lambda painted: {"pd": feature_distance(square_features(network, painted), features)}

    def picture_scores(self, raw: Tensor, painted: Tensor, target: Tensor, rows: Batch) -> dict[str, Tensor]:
        """Score pictures one by one; metric → (B,).

        lpips; attr_rec_k: attributes of the target that are found again; pckh: keypoints of the target that are found again.

        Args:
            raw: (B, 3, H, W) in -1..1 as painted, at the working resolution.
            painted: the same as the protocol prepares them for networks.
            target: (B, 3, H, W) the photographs, likewise.
            rows: the pairs.
        """
        scores: dict[str, Tensor] = {}
        if self.lpips is not None:
            scores["lpips"] = self.lpips(painted, target)
        if self.classifiers.attributes is not None:
            scores |= attribute_recalls(self.classifiers.attributes(painted), rows["target_attributes"])
        if self.detector is not None:
            scores["pckh"] = pckh(detect_all(self.detector, raw).to(raw.device), rows["target_keypoints"])
        return scores

    def set_statistics(self, painted: Tensor, mask: Tensor, protocol: EvaluationProtocol) -> dict[str, Tensor]:
        """Compute what the scores of whole sets need of each picture: features (B, D), and class probabilities (B, C) by score.

        Pictures of data sets such as Market-1501 are scored also within the mask, as Ma et al. (NIPS 2017) do: their backgrounds are
        clutter that no pose tells.

        Args:
            painted: (B, 3, H, W) in -1..1 as the protocol prepares them for networks.
            mask: (B, 1, H, W) of the target's pose, likewise.
            protocol: says what Inception sees, and whether its rules have inception scores.
        """
        statistics: dict[str, Tensor] = {}
        if self.inception is not None:
            statistics[FEATURES], probabilities = self.inception(protocol.for_inception(painted))
            if not protocol.shifted_inception:
                statistics["is"] = probabilities
                if self.masked:
                    statistics["mask_is"] = self.inception(black_outside(painted, mask))[1]
        if self.classifiers.categories is not None:
            statistics["fashion_is"] = self.classifiers.categories(painted).softmax(1)
        return statistics


class SetStatistics:
    """Collects the statistics of whole sets of pictures, by method."""

    def __init__(self) -> None:
        self._batches: dict[str, dict[str, list[NDArray[np.float32]]]] = {}
        self._positions: dict[str, list[NDArray[np.int64]]] = {}

    def add(self, method: str, statistics: Mapping[str, Tensor], positions: NDArray[np.int64]) -> None:
        """Add those of a batch, each (B, ...), whose pictures stand at these positions of the set."""
        if statistics:
            self._positions.setdefault(method, []).append(positions)
        for name, value in statistics.items():
            self._batches.setdefault(method, {}).setdefault(name, []).append(value.float().cpu().numpy())

    def pseudo_values(
        self, reference: ReferenceSet | None
    ) -> Iterator[tuple[str, NDArray[np.int64], dict[str, Array]]]:
        """Yield of each method the positions of its pictures in ascending order, and the scores of all of them.

        The scores are one pseudo-value a picture. What was collected of a method is forgotten.

        Args:
            reference: the photographs that FID compares with; None leaves it out.
        """
        for method in list(self._batches):
            positions = np.concatenate(self._positions.pop(method))
            order = np.argsort(positions)
            whole = {
                name: np.concatenate(parts)[order].astype(np.float64)
                for name, parts in self._batches.pop(method).items()
            }
            yield method, positions[order], set_pseudo_values(whole, reference)


def set_pseudo_values(statistics: Mapping[str, Array], reference: ReferenceSet | None) -> dict[str, Array]:
    """Compute pseudo-values (N,) of the scores of a set: fid of its features, and inception scores of its class probabilities.

    Args:
        statistics: features (N, D), and class probabilities (N, C) by score.
        reference: the photographs that FID compares with; None leaves it out.
    """
    values: dict[str, Array] = {}
    for name, array in statistics.items():
        if name != FEATURES:
            values[name] = inception_pseudo_values(array)
        elif reference is not None:
            values["fid"] = reference.frechet_pseudo_values(array)
    return values


def open_learned_metrics(
    settings: EvaluateSettings, models: TrainedModels, *, masked: bool, device: torch.device = CPU
) -> LearnedMetrics:
    """Read the network of pd, and those that the settings name.

    Args:
        settings: the section `evaluate`.
        models: the trained models, among them perhaps a classifier of clothes.
        masked: compute mask-IS too.
        device: where the networks run.

    Raises:
        PtxError: a file is missing or holds other weights, or a detector is not installed.
    """
    if (settings.alexnet is None) != (settings.lpips is None):
        raise PtxError("LPIPS needs both evaluate.alexnet and evaluate.lpips")
    files = {"alexnet": settings.alexnet, "lpips": settings.lpips, "inception": settings.inception}
    hashes = {name: file_hash(path) for name, path in files.items() if path is not None}
    hashes[PERCEPTUAL_NETWORK] = file_hash(EFFICIENTNET_LITE0)
    classifiers = open_classifiers(settings, models, device)
    lpips = inception = None
    if settings.alexnet and settings.lpips:
        lpips = Lpips.load(settings.alexnet, settings.lpips, settings.lpips_version).to(device)
    if settings.inception:
        inception = Inception.load(settings.inception).to(device)
    return LearnedMetrics(
        perceptual=EfficientNetLite0.load().to(device),
        lpips=lpips,
        inception=inception,
        classifiers=classifiers,
        detector=blazepose_detector() if settings.keypoints != "none" else None,
        masked=masked,
        hashes={**hashes, **classifiers.hashes},
        lpips_version=settings.lpips_version,
    )
