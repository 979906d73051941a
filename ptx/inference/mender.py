"""The mender: moves, outlines and paints over what the surface engine draws, by a network that comes with ptx. Without torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ptx.detector.onnx_file import open_network
from ptx.detector.shipped import MENDER_MODEL, MENDER_SHA256
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.maps import body_maps
from ptx.surface.mending import SIZE, Fields, continued, frame, framed, lay_fields, mender_input
from ptx.surface.points import Floats
from ptx.surface.render import Rendering


class Mender:
    """Mends drawn people. May be shared between threads: each has its own network."""

    def __init__(self, model: Path = MENDER_MODEL, sha256: str = MENDER_SHA256) -> None:
        """Load the network.

        Raises:
            PtxError: the file is missing or damaged.
        """
        self._nets = open_network(model, sha256, "mender")

    def __call__(self, drawn: Rendering, fitted: FittedBody) -> Rendering:
        """Mend a person.

        Args:
            drawn: the person.
            fitted: their body, as it was drawn.
        """
        matrix = frame(drawn.alpha)
        return drawn if matrix is None else lay_fields(drawn, self.fields(drawn, fitted, matrix), matrix)

    def fields(self, drawn: Rendering, fitted: FittedBody, matrix: Floats) -> Fields:
        """Compute what is laid over a drawn person, who is brought into the network's frame by a matrix (2, 3)."""
        colour = framed(continued(drawn.colour, drawn.alpha), matrix, cv2.BORDER_REPLICATE)
        alpha, own = framed(drawn.alpha, matrix), framed(drawn.own, matrix)
        scale = matrix[0, 0]
        camera = np.concatenate([fitted.camera[:1] * scale, fitted.camera[1:] * scale + matrix[:, 2]])
        near = replace(fitted, camera=camera.astype(np.float32), size=SIZE)
        net = self._nets()
        net.setInput(mender_input(colour, alpha, own, body_maps(near))[None], "shown")
        flow, fine = (one[0].transpose(1, 2, 0) for one in net.forward(["flow", "fine"]))
        planes = (flow, fine[..., :3] * np.float32(127.5), fine[..., 3])
        return Fields(*(np.ascontiguousarray(one, np.float32) for one in planes))
