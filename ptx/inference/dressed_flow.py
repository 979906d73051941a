"""Flow of a body that is dressed to the source's outline, found where it is needed, and its blend with learned flow."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ptx.geometry.labels import BACKGROUND
from ptx.inference.dresser import Dresser, as_arrays
from ptx.inference.fitted_flow import FittedPrediction
from ptx.models.combined_flow import CarriedFlow, CombinedFlow, CombinedPrediction
from ptx.models.pixels import to_uint8
from ptx.surface.carried import carried_flow


class DressedFlow(nn.Module):
    """In the place of a `FlowNet`: bodies fitted to the keypoints of both, the source's dressed to their outline, its surface found again.

    The outline is the silhouette network's; where that finds nobody the body stays bare. A pose with too few keypoints for a body gives
    background everywhere. Runs on the CPU and is not exportable.
    """

    def __init__(self, dresser: Dresser) -> None:
        super().__init__()
        self.dresser = dresser

    def forward(self, source: Tensor, target: Tensor, image: Tensor) -> FittedPrediction:
        """Carry the dressed source into the target's pose; arguments as for `FlowNet`."""
        carried = self.carry(source, target, image)
        return FittedPrediction(carried.dense(source, target), carried.flow, carried.visibility)

    def carry(self, source: Tensor, target: Tensor, image: Tensor) -> CarriedFlow:
        """Return flow and visibility of a batch; arguments as for `FlowNet`."""
        height, width = image.shape[-2:]
        flow = np.zeros((len(image), height, width, 2), np.float32)
        labels = np.full((len(image), height, width), BACKGROUND, np.uint8)
        sources, targets = as_arrays(source), as_arrays(target)
        for i, picture in enumerate(to_uint8(image)):
            person, pose = self.dresser.person(picture, sources[i]), self.dresser.posed(targets[i], (height, width))
            if person is not None and pose is not None:
                flow[i], labels[i] = carried_flow(person.fitted, pose)
        return CarriedFlow(
            torch.from_numpy(flow).permute(0, 3, 1, 2).to(image.device),
            torch.from_numpy(labels)[:, None].to(image.device),
        )


class CombinedOnTheSpot(nn.Module):
    """In the place of a `FlowNet`: the trained combination, of bodies that are dressed on the spot."""

    def __init__(self, dressed: DressedFlow, combined: CombinedFlow) -> None:
        super().__init__()
        self.dressed = dressed
        self.combined = combined

    def forward(self, source: Tensor, target: Tensor, image: Tensor) -> CombinedPrediction:
        """Predict flow and visibility; arguments as for `FlowNet`."""
        prediction: CombinedPrediction = self.combined(self.dressed.carry(source, target, image), source, target, image)
        return prediction
