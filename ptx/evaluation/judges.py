"""Networks that judge pictures, where the user named them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ptx.evaluation.inception import Inception, frechet_distance, inception_score
from ptx.evaluation.lpips import Lpips
from ptx.evaluation.protocols import Protocol
from ptx.evaluation.redetect import detect_all, mediapipe_detector, pckh
from ptx.models.weights import file_hash
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.training.data import TEST, TRAIN, PairData, pair_data
from ptx.training.samples import to_pictures

MOST_REFERENCES = 48_674
"""Photographs that FID compares with, at most: as many as the field's training set has."""


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
        self.hashes = {name: file_hash(path) for name, path in files.items() if path is not None}
        self.detector = mediapipe_detector() if s.keypoints == "mediapipe" else None
        self.seen: dict[str, list[tuple[NDArray[np.float64], ...]]] = {}

    def distances(self, method: str, painted: Tensor, target: Tensor) -> dict[str, Tensor]:
        """LPIPS (B,), and remembers what Inception sees."""
        if self.inception is not None:
            eight_bits = torch.from_numpy(to_pictures(painted)).permute(0, 3, 1, 2).float() / 127.5 - 1
            self.seen.setdefault(method, []).append(tuple(x.double().numpy() for x in self.inception(eight_bits)))
        return {} if self.lpips is None else {"lpips": self.lpips(painted, target)}

    def poses(self, painted: Tensor, wanted: Tensor) -> dict[str, Tensor]:
        """PCKh (B,) of the keypoints that are found in working pictures (B, 3, H, W); wanted (B, 18, 3)."""
        return {} if self.detector is None else {"pckh": pckh(detect_all(self.detector, painted), wanted)}

    def whole(self, rules: Protocol, pipeline: Pipeline) -> dict[str, dict[str, float]]:
        """FID and inception score of each method's pictures."""
        if self.inception is None:
            return {}
        pairs = pair_data(pipeline, TRAIN if rules.reference == "train" else TEST)
        real = [self.inception(rules.prepare(x, painted=False))[0].double().numpy() for x in photographs(pairs)]
        reference, out = np.concatenate(real), {}
        for method, parts in self.seen.items():
            features, probabilities = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
            out[method] = {"fid": frechet_distance(features, reference), "is": inception_score(probabilities)}
        return out


def photographs(pairs: PairData, size: int = 8) -> Iterator[Tensor]:
    """Every target of these pairs once, (B, 3, H, W) in -1..1."""
    _, first = np.unique(pairs.pairs[:, 0], return_index=True)
    for start in range(0, min(len(first), MOST_REFERENCES), size):
        yield torch.stack([pairs[int(i)]["target"] for i in first[start : start + size]])
