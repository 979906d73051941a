"""The systems that paint, as their trained networks lie in a folder (`WORKSPACE/models`). Adding one means adding it here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from torch import nn

from ptx.geometry.body import load_body
from ptx.inference.fitted_flow import FittedFlow
from ptx.inference.painter import FlowPainter, Painter, PoseFlowPainter, ViewPainter
from ptx.models.weights import file_hash
from ptx.pipeline.errors import PtxError
from ptx.training.checkpoint import read_checkpoint, restore
from ptx.training.networks import NETWORKS, build
from ptx.training.settings import with_new_names
from ptx.training.state import FLOW_FROM, TRAININGS

System = Literal["flow", "pose-flow", "view"]
"""flow: dense intrinsic appearance flow (CVPR 2019); pose-flow: pose flow learning (TIP 2021); view: novel 3D view synthesis."""


class Models(Protocol):
    """Trained networks, wherever they lie."""

    def has(self, name: str) -> bool:
        """Whether there is one of this training."""
        ...

    def read(self, name: str) -> tuple[Any, Mapping[str, Any]]:
        """A training's network, and the settings that it was trained with."""
        ...

    def fitted(self) -> FittedFlow:
        """Flow of bodies that are fitted on the spot."""
        ...


def assemble(system: System, models: Models, *, refined: bool = True) -> Painter:
    """The networks of a system as one, or what paints in it before the last network, which `refined` is.

    Raises:
        PtxError: no such system, or a model is missing, damaged, stale or of another architecture.
    """

    def flow(settings: Mapping[str, Any]) -> nn.Module:
        """What gives the flow that a painter was trained with."""
        name = FLOW_FROM[settings.get("flow", "regressed")]
        return models.read(name)[0] if name else models.fitted()

    if system == "flow":
        generator, settings = models.read("train-generator")
        mixer = models.read("train-pixel-warp")[0] if refined and models.has("train-pixel-warp") else None
        painter: Painter = FlowPainter(flow(settings), generator, mixer, settings["radius"])
    elif system == "pose-flow":
        synthesis, settings = models.read("train-synthesis")
        painter = PoseFlowPainter(flow(settings), models.read("train-garment")[0], synthesis, settings["radius"])
    elif system == "view":
        coarse, settings = models.read("train-coarse")
        if refined:
            refine, settings = models.read("train-refine")
            painter = ViewPainter(flow(settings), coarse, refine, settings["radius"])
        else:
            painter = ViewPainter(models.fitted(), coarse, None, settings["radius"])
    else:
        raise PtxError(f"no system '{system}': {', '.join(get_args(System)[:-1])} or {get_args(System)[-1]}")
    return painter.eval().requires_grad_(False)


def read_system(folder: Path, system: System) -> tuple[Painter, tuple[int, int], dict[str, str]]:
    """The networks of a system as one, the size (height, width) that it paints, and hashes of the files by model name.

    Raises:
        PtxError: as `assemble`.
    """
    reader = _Reader(folder)
    return assemble(system, reader), reader.size, reader.hashes


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

    def read(self, name: str) -> tuple[Any, dict[str, Any]]:
        path = self.path(name)
        found = read_checkpoint(path)
        try:
            settings = with_new_names(found.meta["document"]["settings"][TRAININGS[name].section])
            self.size = tuple(found.meta["document"]["size"])
        except (KeyError, TypeError):
            raise PtxError(f"{path}: this is no model of {name}: its JSON names no such settings") from None
        net = build(NETWORKS[name], {**settings, "size": self.size})
        restore(net, found.tensors, str(path.parent))
        self.hashes[path.parent.name] = file_hash(path.with_suffix(".safetensors"))
        return net, settings

    def fitted(self) -> FittedFlow:
        return FittedFlow(load_body("builtin"))
