"""`ptx evaluate`: trained models on held-out persons, beside what needs no training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import zarr
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor

from ptx.datasets.people import People
from ptx.evaluation.metrics import body_ssim, l1, psnr, ssim
from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.flow import flow_between
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_vertices
from ptx.geometry.visibility import visible_exact
from ptx.models.generator import warp_pixels
from ptx.models.losses import end_point_error
from ptx.models.poses import pose_map
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.progress import progress
from ptx.stages.sources import people
from ptx.training.data import TEST, Batch, pair_data
from ptx.training.recipes import poses
from ptx.training.run import load_generator, load_pixel_warp, load_regressor
from ptx.training.state import TRAININGS

Values = dict[str, dict[str, NDArray[np.float64]]]
"""Method → metric → one value a pair."""


@dataclass(frozen=True)
class Protocol:
    """The rules of a comparison: this field uses one name for many."""

    name: str
    pictures: str
    """What becomes of a picture before it is scored."""
    ssim: str
    """Which structural similarity."""


PROTOCOLS = {
    "ptx": Protocol(
        "ptx",
        "working size, rounded to 8 bits, no file in between",
        "7×7 uniform windows, RGB, scikit-image's defaults",
    ),
}


@dataclass(frozen=True)
class Evaluation:
    """Scores of every pair, and where they lie."""

    protocol: Protocol
    pairs: NDArray[np.int64]
    values: Values
    path: Path


def evaluate(pipeline: Pipeline, console: Console, *, count: int = 0, protocol: str = "ptx") -> Evaluation:
    """Score every method on the test pairs (or `count` of them, spread evenly); writes `evaluation.zarr`.

    Raises:
        PtxError: there are no test pairs, or a model is missing or stale.
    """
    data = pair_data(pipeline, TEST)
    data = data.some(count) if count else data
    methods, flows = painters(pipeline), {"predicted flow": Regressor(pipeline)}
    truth = (
        Truth(people(pipeline.settings), tuple(pipeline.settings.size))
        if pipeline.settings.data.kind == "people"
        else None
    )
    values: Values = {}
    with torch.inference_mode(), progress("evaluate", len(data), 0, console) as advance:
        for first in range(0, len(data), 8):
            rows = [data[i] for i in range(first, min(first + 8, len(data)))]
            batch = {k: torch.stack([row[k] for row in rows]) for k in rows[0]}
            body = batch["visibility"] < 2
            for name, paint in methods.items():
                picture = paint(batch)
                scores = {
                    "ssim": ssim(picture, batch["target"]),
                    "body_ssim": body_ssim(picture, batch["target"], body),
                }
                scores |= {"l1": l1(picture, batch["target"]), "psnr": psnr(picture, batch["target"])}
                _add(values, name, scores)
            if truth is not None:
                exact = [truth.flow(*data.pairs[i].tolist()) for i in range(first, first + len(rows))]
                flow, seen = (torch.stack([pair[k] for pair in exact]) for k in (0, 1))
                _add(values, "zero flow", {"epe": end_point_error(torch.zeros_like(flow), flow, seen)})
                _add(values, "fitted flow", {"epe": end_point_error(batch["flow"], flow, seen)})
                for name, regressor in flows.items():
                    _add(values, name, {"epe": end_point_error(regressor(batch)[0], flow, seen)})
            advance(len(rows), 0)
    path = pipeline.workspace / "evaluation.zarr"
    done = Evaluation(PROTOCOLS[protocol], data.numbers, values, path)
    _save(done)
    return done


def _add(values: Values, method: str, scores: Mapping[str, Tensor]) -> None:
    for metric, value in scores.items():
        known = values.setdefault(method, {}).get(metric, np.zeros(0))
        values[method][metric] = np.concatenate([known, value.double().numpy()])


def _save(done: Evaluation) -> None:
    root = zarr.create_group(done.path, overwrite=True, attributes={"protocol": vars(done.protocol)})
    root.create_array("pair", data=done.pairs)
    for method, metrics in done.values.items():
        for metric, values in metrics.items():
            root.create_array(f"{method.replace(' ', '_')}/{metric}", data=values)


class Regressor:
    """The trained flow regressor on a batch."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.net = load_regressor(pipeline)

    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Flow (B, 2, H, W) px and visibility (B, 1, H, W)."""
        prediction = self.net(*poses(batch))
        return prediction.flow, prediction.visibility


def painters(pipeline: Pipeline) -> dict[str, Callable[[Batch], Tensor]]:
    """Every method that paints the target: the baselines first, then the trained ones that are there."""
    regressor = Regressor(pipeline)
    generator, radius = load_generator(pipeline), pipeline.settings.train_generator.radius

    def generate(batch: Batch) -> Tensor:
        pose = pose_map(batch["target_keypoints"], *batch["source"].shape[-2:], radius)
        return generator(batch["source"], pose, *regressor(batch))

    methods: dict[str, Callable[[Batch], Tensor]] = {
        "copy the source": lambda batch: batch["source"],
        "warp by predicted flow": lambda batch: over_source(batch, *regressor(batch)),
        "warp by fitted flow": lambda batch: over_source(batch, batch["flow"], batch["visibility"]),
        "generator": generate,
    }
    folder = TRAININGS["train-pixel-warp"].folder(pipeline.workspace)
    if (folder / "model.json").exists():
        mixer = load_pixel_warp(pipeline)
        methods["generator + pixel warping"] = lambda batch: mixer(generate(batch), batch["source"], *regressor(batch))[
            0
        ]
    return methods


def over_source(batch: Batch, flow: Tensor, visibility: Tensor) -> Tensor:
    """The source with its own body pixels brought where the flow says, the rest left as it is."""
    return torch.where(visibility < 2, warp_pixels(batch["source"], flow, visibility), batch["source"])


@dataclass(frozen=True)
class Truth:
    """Exact flow of synthetic people, which no stage has seen."""

    people: People
    size: tuple[int, int]

    def flow(self, target: int, source: int) -> tuple[Tensor, Tensor]:
        """Flow (2, H, W) px and visibility (1, H, W) of a pair of images."""
        body = load_body(self.people.options.body)
        seen = []
        for index in (target, source):
            t = self.people.truth(index)
            seen.append(project(t.camera, pose_vertices(body, t.pose[None], t.betas)[0]).astype(np.float32))
        face, bary, _ = rasterize(seen[0], body.faces, *self.size)
        flow = flow_between(face, bary, seen[1], body.faces)
        visible = visible_exact(face, bary, seen[1], body.faces)
        return torch.from_numpy(flow.transpose(2, 0, 1).copy()), torch.from_numpy(visible)[None]


def interval(values: NDArray[np.float64], seed: int = 0, draws: int = 2000) -> tuple[float, float, float]:
    """Mean, and the bounds between which it lies with 95 % (percentile bootstrap over pairs)."""
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), (draws, len(values)))].mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(values.mean()), float(low), float(high)


def lines(done: Evaluation) -> list[str]:
    """The scores as Markdown."""
    out = [
        f"{len(done.pairs)} test pairs; protocol {done.protocol.name}: {done.protocol.pictures}; SSIM {done.protocol.ssim}",
        "",
    ]
    for metrics in (("ssim", "body_ssim", "l1", "psnr"), ("epe",)):
        rows = {m: v for m, v in done.values.items() if metrics[0] in v}
        if not rows:
            continue
        out += [f"| | {' | '.join(metrics)} |", f"|---|{'---|' * len(metrics)}"]
        for method, values in rows.items():
            cells = ["{:.4g} ({:.4g} to {:.4g})".format(*interval(values[metric])) for metric in metrics]
            out.append(f"| {method} | {' | '.join(cells)} |")
        out.append("")
    return out
