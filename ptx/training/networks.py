"""Which network each training trains."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

from torch import nn

from ptx.models.attribute_net import AttributeNet
from ptx.models.flow_net import FlowNet
from ptx.models.garment_net import GarmentNet, SynthesisNet
from ptx.models.generator import Generator, PixelWarp
from ptx.models.pg2 import CoarseNet, RefineNet

NETWORKS: dict[str, type[nn.Module]] = {
    "train-flow": FlowNet,
    "train-generator": Generator,
    "train-pixel-warp": PixelWarp,
    "train-pose-flow": FlowNet,
    "train-garment": GarmentNet,
    "train-synthesis": SynthesisNet,
    "train-coarse": CoarseNet,
    "train-refine": RefineNet,
    "train-attributes": AttributeNet,
}

Net = TypeVar("Net", bound=nn.Module)


def build(network: type[Net], settings: Mapping[str, Any]) -> Net:
    """A network from settings, which have the names of its arguments."""
    return network(**{name: settings[name] for name in inspect.signature(network).parameters if name in settings})
