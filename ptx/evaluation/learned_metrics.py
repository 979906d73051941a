"""Networks that judge pictures, where the user named them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ptx.evaluation.classifiers import classifiers, hashes, recalls
from ptx.evaluation.fid import Reference, inception_shares
from ptx.evaluation.inception import Inception
from ptx.evaluation.lpips import Lpips
from ptx.evaluation.metrics import masked
from ptx.evaluation.pckh import detect_all, mediapipe_detector, pckh
from ptx.evaluation.protocols import Protocol
from ptx.models.pixels import quantise
from ptx.models.weights import file_hash
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.training.data import TEST, TRAIN, Batch, PairData, pair_data

MOST_REFERENCES = 48_674
"""Photographs that FID compares with, at most: as many as the field's training set has."""


CONTROL = "photographs of the other split"
"""Real pictures against real pictures: nobody paints better than that."""


class Judges:
    """Networks that score pictures, where the user named them."""

    def __init__(self, pipeline: Pipeline) -> None:
        """Raises PtxError where a file is missing or holds other weights, or a detector is not installed."""
        s = pipeline.settings.evaluate
        if (s.alexnet is None) != (s.lpips is None):
            raise PtxError("LPIPS needs both evaluate.alexnet and evaluate.lpips")
        self.lpips = Lpips.load(s.alexnet, s.lpips) if s.alexnet and s.lpips else None
        self.inception = Inception.load(s.inception) if s.inception else None
        files = {"alexnet": s.alexnet, "lpips": s.lpips, "inception": s.inception}
        self.hashes = {name: file_hash(path) for name, path in files.items() if path is not None} | hashes(pipeline)
        self.classify = classifiers(pipeline)
        self.detector = mediapipe_detector() if s.keypoints == "mediapipe" else None
        self.masked = pipeline.settings.data.kind == "market1501"
        self.seen: dict[str, dict[str, list[NDArray[np.float64]]]] = {}

    def distances(self, method: str, painted: Tensor, target: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """LPIPS (B,); remembers what Inception sees, of Market-1501 also within the mask (B, 1, H, W) of the target's pose.

        mask-IS is Ma et al.'s (NIPS 2017): backgrounds of Market-1501 are clutter that no pose tells.
        """
        if self.inception is not None:
            features, probabilities = self.inception(quantise(painted))
            self._remember(method, features=features, **{"is": probabilities})
            if self.masked:
                self._remember(method, mask_is=self.inception(quantise(masked(painted, mask)))[1])
        return {} if self.lpips is None else {"lpips": self.lpips(painted, target)}

    def clothes(self, method: str, painted: Tensor, batch: Batch) -> dict[str, Tensor]:
        """AttrRec-k (B,) of painted pictures; remembers the categories that they are taken for."""
        if "categories" in self.classify:
            self._remember(method, fashion_is=self.classify["categories"](painted).softmax(1))
        if "attributes" not in self.classify:
            return {}
        return recalls(self.classify["attributes"](painted), batch["target_attributes"])

    def _remember(self, method: str, **seen: Tensor) -> None:
        for name, value in seen.items():
            self.seen.setdefault(method, {}).setdefault(name, []).append(value.double().numpy())

    def poses(self, painted: Tensor, wanted: Tensor) -> dict[str, Tensor]:
        """PCKh (B,) of the keypoints that are found in working pictures (B, 3, H, W); wanted (B, 18, 3)."""
        return {} if self.detector is None else {"pckh": pckh(detect_all(self.detector, painted), wanted)}

    def together(self, rules: Protocol, pipeline: Pipeline) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Method → fid, is, mask_is, fashion_is of all its pictures, as one share a picture (N,)."""
        reference = None
        if self.inception is not None:
            splits = (TRAIN, TEST) if rules.reference == "train" else (TEST, TRAIN)
            photos, control = (
                [self.inception(rules.prepare(x, painted=False)) for x in photographs(pair_data(pipeline, split))]
                for split in splits
            )
            for features, probabilities in control:
                self._remember(CONTROL, features=features, **{"is": probabilities})
            reference = Reference(np.concatenate([features.double().numpy() for features, _ in photos]))
        return {
            method: shares({k: np.concatenate(v) for k, v in seen.items()}, reference)
            for method, seen in self.seen.items()
        }


def shares(seen: dict[str, NDArray[np.float64]], reference: Reference | None) -> dict[str, NDArray[np.float64]]:
    """Shares of the scores of what was seen of one method: `features` (N, D), class probabilities (N, C) under the score's name."""
    fid = {} if reference is None else {"fid": reference.frechet_shares(seen["features"])}
    return fid | {name: inception_shares(values) for name, values in seen.items() if name != "features"}


def photographs(pairs: PairData, size: int = 8) -> Iterator[Tensor]:
    """Every target of these pairs once, (B, 3, H, W) in -1..1."""
    pairs = pairs.targets()
    most = min(len(pairs), MOST_REFERENCES)
    for start in range(0, most, size):
        yield torch.stack([pairs[i]["target"] for i in range(start, min(start + size, most))])
