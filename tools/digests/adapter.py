"""THE ADAPTER: every name of ptx that the digests use. When ptx's names change, this file changes and no other.

The cases speak of settings, commands and models by the names that they had in ptx 0.1; the tables and functions here say
what they are called now, so that digests keep their names.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
ONE = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
os.environ.update(
    ONE | {"COLUMNS": "250", "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3", "GLOG_minloglevel": "3"}
)
sys.path.insert(0, str(ROOT))  # the package beside this script, whichever is installed

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from torch import nn  # noqa: E402

import ptx  # noqa: E402
import ptx.cli  # noqa: E402
from ptx.datasets.mediapipe import MediapipePose  # noqa: E402
from ptx.evaluation.inception import Inception  # noqa: E402
from ptx.training.recipes.generator import PixelWarpRecipe  # noqa: E402
from ptx.training.recipes.pose_flow import SynthesisRecipe  # noqa: E402
from ptx.training.settings import REMOVED_SETTINGS  # noqa: E402

torch.set_num_threads(1)
Array = NDArray[np.generic]
PACKAGE = Path(ptx.__file__).parent
if PACKAGE.parent != ROOT:
    raise SystemExit(f"{PACKAGE} is imported, not {ROOT / 'ptx'}")

# --- commands and settings ---------------------------------------------------------------------------------------------------

REWORDED: dict[tuple[str, ...], tuple[str, ...]] = {
    ("run", "ingest", "--check"): ("check",),
    ("export", "--system"): ("export", "model", "--system"),
    ("--sheet",): ("--as", "sheet"),
    ("--paste",): ("--as", "paste"),
    ("--everyone",): ("--as", "everyone"),
}
"""Words of a command one after the other, in 0.1 → now."""
RENAMED: dict[str, str] = {
    f"train_{model}.{before}": f"train_{model}.{now}"
    for model in (
        "flow", "generator", "pixel_warp", "pose_flow", "garment", "synthesis", "coarse", "refine", "attributes",
    )
    for before, now in (("base", "base_channels"), ("most", "max_channels"))
}  # fmt: skip
"""Setting, in 0.1 → now, both with their section: "train_flow.base"."""
GONE = {f"{section}.{name}" for section, gone in REMOVED_SETTINGS.items() for name in gone}
"""Settings of 0.1 that are none any more, by their names of now; they are left out."""
DATA = ("ingest", "extract-keypoints", "fit-smpl", "rasterize", "synth-flow", "visibility", "parse")
"""Data stages, in order."""
TRAINED = ("flow", "generator", "pixel-warp", "pose-flow", "garment", "synthesis", "coarse", "refine", "attributes")
"""Models, in an order in which they can be trained; also the names of their folders."""


class Said(NamedTuple):
    """How a command ended."""

    code: int
    text: str
    """What it printed, errors included."""


def command(*given: object) -> Said:
    """Run the true command line in this process."""
    said = io.StringIO()
    argv = ["ptx", *_now([str(word) for word in given])]
    with mock.patch.object(sys, "argv", argv), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            ptx.cli.main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Said(code, said.getvalue())


def _now(words: list[str]) -> list[str]:
    """Spell the words of a command as they are spelled now: settings with their values, and what `REWORDED` lists."""
    spelled: list[str] = []
    while words:
        for before, now in REWORDED.items():
            if tuple(words[: len(before)]) == before:
                spelled += now
                words = words[len(before) :]
                break
        else:
            name, equals, value = words[0].partition("=")
            spelled.append(f"{RENAMED.get(name, name)}={value}" if equals else words[0])
            words = words[1:]
    return spelled


def train(model: str) -> list[str]:
    """Spell the command that trains a model."""
    return ["run", f"train-{model}"]


def section(model: str) -> str:
    """Name the section of a training's settings."""
    return f"train_{model.replace('-', '_')}"


def sets(settings: Mapping[str, Any]) -> list[str]:
    """Spell settings as options of a command."""
    kept = {name: value for name, value in settings.items() if RENAMED.get(name, name) not in GONE}
    return [word for name, value in kept.items() for word in ("--set", f"{name}={_yaml(value)}")]


def _yaml(value: Any) -> str:
    return str(value) if isinstance(value, str | Path) else json.dumps(value)


def write_config(path: Path, settings: Mapping[str, Any]) -> Path:
    """Write settings, by their names in 0.1, as a settings file (JSON is YAML)."""
    nested: dict[str, Any] = {}
    for name, value in settings.items():
        if RENAMED.get(name, name) in GONE:
            continue
        *parents, last = RENAMED.get(name, name).split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = str(value) if isinstance(value, Path) else value
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(nested, indent=1))
    return path


# --- what lies on disk -------------------------------------------------------------------------------------------------------

STORES = {
    "ingest": "ingest",
    "extract-keypoints": "keypoints",
    "fit-smpl": "fit",
    "rasterize": "surface",
    "synth-flow": "flow",
    "visibility": "visibility",
    "parse": "parsing",
}
"""Data stage → its store: STORE.zarr and STORE.blocks in the workspace."""


def fingerprint(store: Path) -> dict[str, Any]:
    """Read what made a store (STORE.zarr)."""
    said = json.loads((store / "zarr.json").read_bytes())["attributes"]["ptx"]
    return {name: said[name] for name in ("stage", "again", "count", "block", "document", "fingerprint")}


def records(blocks: Path) -> list[dict[str, Any]]:
    """Read the states of the samples of every block (STORE.blocks); so few blocks have a file each."""
    found = (json.loads(path.read_bytes()) for path in sorted(blocks.glob("*.json")))
    return [{name: one[name] for name in ("start", "stop", "bad", "skipped")} for one in found]


MODELS, SCORES, REPORT = "models", "evaluation.zarr", "report.html"
"""In the folder of results: all models, what evaluate writes, what report writes."""
BEST, LOG = "model.safetensors", "log.csv"
"""In the folder of a model: weights of the best checkpoint, losses of every step."""


def model_folder(results: Path, model: str) -> Path:
    """Name the folder of a trained model."""
    return results / MODELS / model


def checkpoint(results: Path, model: str, step: int) -> Path:
    """Name a step's checkpoint, without ending."""
    return model_folder(results, model) / "checkpoints" / f"step-{step:08d}"


def sheet(results: Path, model: str, step: int) -> Path:
    """Name a step's sheet of samples."""
    return model_folder(results, model) / "samples" / f"step-{step:08d}.png"


def scores(meta: Mapping[str, Any]) -> Any:
    """Pick the validation scores out of a checkpoint's JSON."""
    return {name: meta[name] for name in ("step", "scores", "best")}


def made_from(meta: Mapping[str, Any]) -> Any:
    """Pick what a model was made from out of a checkpoint's JSON."""
    names = {"base_channels": "base", "max_channels": "most"}
    sections = {
        section: {names.get(name, name): value for name, value in settings.items()}
        for section, settings in meta["document"]["settings"].items()
    }
    return {**meta["document"], "settings": sections}


# --- Python ------------------------------------------------------------------------------------------------------------------


def transferred(models: Path, system: str, image: Any, pose: Any, keypoints: Any) -> dict[str, Any]:
    """Paint by the Python interface; arrays (18, 3) of keypoints are given."""
    done = ptx.load(models, system).transfer(image, pose, keypoints)  # type: ignore[arg-type]
    names = ("picture", "warped", "flow", "visibility", "garments", "pasted", "pose")
    return {name: getattr(done, name) for name in names if getattr(done, name) is not None}


@contextlib.contextmanager
def known_detector(points: Array, deep: Array, size: tuple[int, int]) -> Iterator[None]:
    """Let MediaPipe's class find one person everywhere, and two side by side where everyone is asked for.

    points (18, 3) and deep (18, 4) of a picture of `size` (height, width); scaled to the height of what is looked at.
    """

    def seen(image: Array, left: float, share: float) -> SimpleNamespace:
        height, width = image.shape[:2]
        scale, moved = share * height / size[0], points.copy()
        moved[:, :2] *= scale
        moved[:, 0] += left * width - scale * size[1] / 2
        return SimpleNamespace(keypoints=moved, keypoints3d=deep)

    def find_person(_: Any, image: Array) -> tuple[float, float, float, float]:
        height, width = image.shape[:2]
        return 0.1 * width, 0.05 * height, 0.9 * width, 0.95 * height

    with mock.patch.multiple(
        MediapipePose,
        __init__=lambda _: None,
        find_person=find_person,
        detect=lambda _, image, **__: seen(image, 0.5, 1.0),
        detect_all=lambda _, image, **__: [seen(image, 0.3, 0.6), seen(image, 0.7, 0.7)],
    ):
        yield


def inception_state() -> dict[str, torch.Tensor]:
    """Name and draw weights of Inception-v3."""
    torch.manual_seed(0)
    return {name: value.clone() for name, value in Inception().state_dict().items()}


def program(path: Path, size: tuple[int, int]) -> dict[str, torch.Tensor]:
    """Run an exported program on inputs drawn from a seed."""
    torch.manual_seed(1)
    image, points = torch.rand(2, 3, *size) * 2 - 1, torch.rand(2, 2, 18, 3) * min(size)
    with torch.inference_mode():
        return dict(torch.export.load(path).module()(image, points[0], points[1]))


# --- two trainings that start from weights of ours ---------------------------------------------------------------------------


@contextlib.contextmanager
def fixed_initial_weights() -> Iterator[None]:
    """Let train-pixel-warp and train-synthesis start from weights that follow from their names alone.

    In 0.1 both draw a Generator first, which they throw away: their own weights, and all that is drawn later, come after
    it. So every parameter that is drawn at random is drawn again, by its name, and the random state starts anew. The moving
    average is a copy of these networks, taken afterwards. When the code moves: wrap whatever makes the networks that these
    two train.
    """

    def fixed(networks: Any) -> Any:
        def wrapped(recipe: Any) -> dict[str, nn.Module]:
            nets = networks(recipe)
            for net, module in nets.items():
                for name, value in module.state_dict().items():
                    if value.ndim > 1 or name.endswith("bias"):  # the rest is normalisation's: ones, zeros, counts
                        seed = torch.Generator().manual_seed(zlib.crc32(f"{net}/{name}".encode()))
                        value.copy_(torch.randn(value.shape, generator=seed) * 0.05)
            torch.manual_seed(0)
            return nets

        return wrapped

    with contextlib.ExitStack() as stack:
        for recipe in (PixelWarpRecipe, SynthesisRecipe):
            stack.enter_context(mock.patch.object(recipe, "networks", fixed(recipe.networks)))
        yield
