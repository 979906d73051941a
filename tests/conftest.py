"""Settings of all tests, and models that several read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported; the processes that tests start inherit it
os.environ["COLUMNS"] = "200"  # tables of the command are not folded

import pytest
import torch
from hypothesis import settings

from ptx.datasets.people import People, PeopleOptions
from ptx.models.flow_net import FlowNet
from ptx.models.garment_net import GarmentNet, SynthesisNet
from ptx.models.generator import Generator, PixelWarp
from ptx.models.pg2 import CoarseNet, RefineNet
from ptx.pipeline.errors import BadSample, PtxError
from ptx.training.checkpoint import write_checkpoint
from tests.wording import faults

torch.set_num_threads(1)  # more threads than free cores make small networks 20 times slower

settings.register_profile("ptx", deadline=None)  # the first example of a kernel compiles it
settings.load_profile("ptx")

SIZE = (64, 48)
"""Height, width of what `models` paint."""

COMMON = {"base_channels": 8, "max_channels": 16, "scales": 3, "radius": 3.0}


def write_model(folder: Path, name: str, section: str, net: torch.nn.Module, **more: object) -> None:
    document = {"size": list(SIZE), "settings": {section: {**COMMON, **more}}}
    write_checkpoint(folder / name / "model", net.state_dict(), {"document": document, "best": {}, "step": 0})


@pytest.fixture(autouse=True, scope="session")
def _errors_read_well() -> Iterator[None]:
    """Fail every test in which a mistake, or a picture that cannot be used, is told in words that users cannot understand."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in (PtxError, BadSample):
            patch.setattr(kind, "__init__", _reading(kind.__init__))
        yield


def _reading(plain: Callable[..., None]) -> Callable[..., None]:
    """Return what makes an error as `plain` does, and looks at its words."""

    def read(self: Exception, *words: object) -> None:
        plain(self, *words)
        wrong = faults(str(self))
        assert not wrong, f"an error for users {', '.join(wrong)}: {self}"

    return read


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of models as training leaves it."""
    torch.manual_seed(0)
    folder = tmp_path / "models"
    write_model(folder, "flow", "train_flow", FlowNet(8, 16, 3))
    write_model(folder, "generator", "train_generator", Generator(8, 16, 3, 2), warped_scales=2, fusion="residual")
    write_model(folder, "pixel-warp", "train_pixel_warp", PixelWarp(8, 16, 3))
    write_model(
        folder, "pose-flow", "train_pose_flow", FlowNet(8, 16, 3, limbs=True, picture=True), limbs=True, picture=True
    )
    write_model(folder, "garment", "train_garment", GarmentNet(8, 16, 3, 2), warped_scales=2)
    write_model(folder, "synthesis", "train_synthesis", SynthesisNet(8, 16, 3, 2), warped_scales=2, flow="learned")
    write_model(folder, "coarse", "train_coarse", CoarseNet(SIZE, 8, 3))
    write_model(folder, "refine", "train_refine", RefineNet(8, 3, True), texture=True, flow="projected")
    return folder


@pytest.fixture(scope="session")
def people() -> People:
    return People(PeopleOptions(1, 2, seed=1, size=SIZE, half_body=0, body="small"))
