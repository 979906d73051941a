"""The systems that paint, as their trained networks lie in a folder (`WORKSPACE/models`). Adding one means adding it here."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from torch import nn

from ptx.models.blocks import build
from ptx.models.fitted_flow import FittedFlow
from ptx.models.flow_net import FlowNet
from ptx.models.garment_net import GarmentNet, SynthesisNet
from ptx.models.generator import Generator, PixelWarp
from ptx.models.painter import FlowPainter, Painter, PoseFlowPainter, ViewPainter
from ptx.models.pg2 import CoarseNet, RefineNet
from ptx.models.weights import file_hash
from ptx.pipeline.errors import PtxError
from ptx.training.checkpoint import read_checkpoint, restore
from ptx.training.state import FLOW_FROM, TRAININGS

System = Literal["flow", "pose-flow", "view"]
"""flow: dense intrinsic appearance flow (CVPR 2019); pose-flow: pose flow learning (TIP 2021); view: novel 3D view synthesis."""


def read_system(folder: Path, system: System) -> tuple[Painter, tuple[int, int], dict[str, str]]:
    """The networks of a system as one, the size (height, width) that it paints, and hashes of the files by model name.

    Raises:
        PtxError: no such system, or a model is missing, damaged or of another architecture.
    """
    reader = _Reader(folder)
    if system == "flow":
        generator, settings = reader.read("train-generator", Generator)
        mixer = reader.read("train-pixel-warp", PixelWarp)[0] if reader.has("train-pixel-warp") else None
        painter: Painter = FlowPainter(reader.flow(settings), generator, mixer, settings["radius"])
    elif system == "pose-flow":
        synthesis, settings = reader.read("train-synthesis", SynthesisNet)
        garments = reader.read("train-garment", GarmentNet)[0]
        painter = PoseFlowPainter(reader.flow(settings), garments, synthesis, settings["radius"])
    elif system == "view":
        coarse, settings = reader.read("train-coarse", CoarseNet)
        refine, settings = reader.read("train-refine", RefineNet)
        painter = ViewPainter(reader.flow(settings), coarse, refine, settings["radius"])
    else:
        raise PtxError(f"no system '{system}': {', '.join(get_args(System)[:-1])} or {get_args(System)[-1]}")
    return painter.eval().requires_grad_(False), reader.size, reader.hashes


class _Reader:
    """Reads networks of one folder and remembers what it read."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.hashes = folder, dict[str, str]()
        self.size = (0, 0)

    def has(self, name: str) -> bool:
        return self.path(name).with_suffix(".json").exists()

    def path(self, name: str) -> Path:
        """A training's model, without ending."""
        return self.folder / TRAININGS[name].folder(Path()).name / "model"

    def read(self, name: str, network: type[Any]) -> tuple[Any, dict[str, Any]]:
        """A network, and the settings that it was trained with."""
        path = self.path(name)
        found = read_checkpoint(path)
        try:
            settings = dict(found.meta["document"]["settings"][TRAININGS[name].section])
            self.size = tuple(found.meta["document"]["size"])
        except (KeyError, TypeError):
            raise PtxError(f"{path}: this is no model of {name}: its JSON names no such settings") from None
        net = build(network, {**settings, "size": self.size})
        restore(net, found.tensors, str(path.parent))
        self.hashes[path.parent.name] = file_hash(path.with_suffix(".safetensors"))
        return net, settings

    def flow(self, settings: dict[str, Any]) -> nn.Module:
        """What gives the flow that a painter was trained with."""
        name = FLOW_FROM[settings.get("flow", "regressed")]
        return self.read(name, FlowNet)[0] if name else FittedFlow()
