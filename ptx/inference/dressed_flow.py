"""Flow of a body that is dressed to the source's outline, found where it is needed, and its blend with learned flow."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ptx.detector.silhouettes import Silhouettes
from ptx.geometry.body import Body
from ptx.geometry.dressing.displacements import control_basis
from ptx.geometry.labels import BACKGROUND
from ptx.geometry.viewpoint import FittedBody
from ptx.inference.fitted_flow import FittedPrediction
from ptx.models.combined_flow import CarriedFlow, CombinedFlow, CombinedPrediction
from ptx.models.part_affine import part_affine_flow
from ptx.models.pixels import to_uint8
from ptx.pipeline.errors import BadSample
from ptx.surface.carried import carried_flow, dress_posed, fit_posed

Floats = NDArray[np.float32]


class DressedFlow(nn.Module):
    """In the place of a `FlowNet`: bodies fitted to the keypoints of both, the source's dressed to their outline, its surface found again.

    The outline is the silhouette network's; where that finds nobody the body stays bare. A pose with too few keypoints for a body gives
    background everywhere. Runs on the CPU and is not exportable.
    """

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.body = body

    @cached_property
    def _silhouettes(self) -> Silhouettes:
        return Silhouettes()

    def forward(self, source: Tensor, target: Tensor, image: Tensor) -> FittedPrediction:
        """Carry the dressed source into the target's pose; arguments as for `FlowNet`."""
        carried = self.carry(source, target, image)
        around = part_affine_flow(source, target, *image.shape[-2:])
        dense = torch.where(carried.visibility < BACKGROUND, carried.flow, around)
        return FittedPrediction(dense, carried.flow, carried.visibility)

    def carry(self, source: Tensor, target: Tensor, image: Tensor) -> CarriedFlow:
        """Return flow and visibility of a batch; arguments as for `FlowNet`."""
        height, width = image.shape[-2:]
        flow = np.zeros((len(image), height, width, 2), np.float32)
        labels = np.full((len(image), height, width), BACKGROUND, np.uint8)
        pictures = to_uint8(image)
        sources, targets = (pose.detach().cpu().numpy().astype(np.float32) for pose in (source, target))
        for i, picture in enumerate(pictures):
            person, pose = self._dressed(picture, sources[i]), fit_posed(self.body, targets[i], (height, width))
            if person is not None and pose is not None:
                flow[i], labels[i] = carried_flow(person, FittedBody(self.body, *pose[:3], (height, width)))
        return CarriedFlow(
            torch.from_numpy(flow).permute(0, 3, 1, 2).to(image.device),
            torch.from_numpy(labels)[:, None].to(image.device),
        )

    def _dressed(self, picture: NDArray[np.uint8], keypoints: Floats) -> FittedBody | None:
        """Return the dressed person of a picture (H, W, 3); None where no body can be fitted to the keypoints (18, 3)."""
        size = picture.shape[0], picture.shape[1]
        posed = fit_posed(self.body, keypoints, size)
        if posed is None:
            return None
        try:
            mask = self._silhouettes(picture, keypoints)
        except BadSample:
            return FittedBody(self.body, *posed[:3], size)
        dressed = dress_posed(self.body, posed, keypoints, mask)
        return FittedBody(self.body, *dressed.posed[:3], size, offset=control_basis(self.body).offset(dressed.heights))


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
