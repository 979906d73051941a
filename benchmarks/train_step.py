"""One training step of the generator at the published size, ours against a plain rendering; and what the loader can feed.

    python benchmarks/train_step.py            # batch 8 of 256×256
    python benchmarks/train_step.py --size 128 128 --batch 4    # sides are multiples of 128

The peer is the published architecture (Li, Huang and Loy, CVPR 2019) written the plain way: eager, 32 bits, the C library's
own handling of memory. Each runs in a process of its own, since how memory is handled is a process's affair.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from common import make_project, processor, table
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.pipeline.events import Silent
from ptx.pipeline.executors import SerialExecutor
from ptx.training.context import NetworkFacts
from ptx.training.data import TRAIN, Batch, move_batch, usable_pairs
from ptx.training.hardware import arithmetic, join_processes
from ptx.training.loader import StepSampler, loader
from ptx.training.loop import Trainer
from ptx.training.recipes.generator import GeneratorRecipe
from ptx.training.trainings.appearance_flow import TrainGeneratorSettings

PUBLISHED = 11_881_539
"""Parameters of the published generator, which shares its encoders' down-sampling layers."""

WIDTHS = (32, 64, 96, 128, 128, 128, 128, 128)


class Block(nn.Module):
    """x + BN(conv(relu(x, skip)))."""

    def __init__(self, channels: int, extra: int = 0) -> None:
        super().__init__()
        if extra:
            self.conv_a = nn.Conv2d(extra, channels, 1, bias=False)
            self.bn_a = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(2 * channels if extra else channels, channels, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, a: Tensor | None = None) -> Tensor:
        y = F.relu(x) if a is None else F.relu(torch.cat([x, self.bn_a(self.conv_a(F.relu(a)))], 1))
        return x + self.bn(self.conv(y))


class Plain(nn.Module):
    """The published generator: two encoders, warped skips with visibility, one decoder."""

    def __init__(self) -> None:
        super().__init__()
        w = WIDTHS
        self.first_p = nn.Sequential(nn.Conv2d(18, 32, 1, bias=False), nn.BatchNorm2d(32))
        self.first_a = nn.Sequential(nn.Conv2d(3, 32, 1, bias=False), nn.BatchNorm2d(32))
        self.enc_p, self.enc_a = (nn.ModuleList(Block(w[i // 2]) for i in range(14)) for _ in range(2))
        self.down = nn.ModuleList(
            nn.Sequential(nn.ReLU(), nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b))
            for a, b in itertools.pairwise(w)
        )
        self.fuse = nn.ModuleList(Block(w[i // 2], 2 * w[i // 2]) for i in range(10))
        self.join = nn.Sequential(nn.Conv2d(256, 128, 1, bias=False), nn.BatchNorm2d(128))
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(), nn.Conv2d(b, 4 * a, 3, padding=1, bias=False), nn.PixelShuffle(2), nn.BatchNorm2d(a)
            )
            for a, b in itertools.pairwise(w)
        )
        self.dec = nn.ModuleList(Block(w[i // 2], 2 * w[i // 2]) for i in range(14))
        self.head = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(32, 3, 7), nn.Tanh())

    def forward(self, image: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor) -> Tensor:
        p, a, skips = self.first_p(pose), self.first_a(image), []
        flow = flow * (visibility < 2)
        for level in range(7):
            f = F.avg_pool2d(flow, 2**level) / 2**level
            v = -F.max_pool2d(-visibility.float(), 2**level)
            height, width = f.shape[-2:]
            grid = torch.stack(torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy"), -1).to(f)
            grid = (grid + f.permute(0, 2, 3, 1)) * 2 / torch.tensor([width - 1, height - 1]).to(f) - 1
            for k in (2 * level, 2 * level + 1):
                p, a = self.enc_p[k](p), self.enc_a[k](a)
                skip = a
                if level < 5:
                    warped = F.grid_sample(a, grid, align_corners=True)
                    skip = self.fuse[k](warped, torch.cat([warped * (v == 0), warped * (v == 1)], 1))
                skips.append(torch.cat([p, skip], 1))
            p, a = self.down[level](p), self.down[level](a)
        x = self.join(torch.cat([p, a], 1))
        for level in reversed(range(7)):
            x = self.up[level](x)
            for k in (2 * level + 1, 2 * level):
                x = self.dec[k](x, skips[k])
        return self.head(x)


def batch_of(count: int, size: tuple[int, int], device: torch.device) -> Batch:
    """Smooth random pictures, flow and visibility: what they show does not change what a step costs."""
    torch.manual_seed(0)
    coarse = torch.rand(count, 5, 4, 4)
    smooth = F.interpolate(coarse, size=size, mode="bilinear")
    keypoints = torch.rand(count, 18, 3) * torch.tensor([size[1], size[0], 1.0])
    batch: Batch = {
        "source": smooth[:, :3] * 2 - 1, "target": smooth[:, :3].flip(-1) * 2 - 1, "flow": (smooth[:, 3:] - 0.5) * 40,
        "visibility": (smooth[:, :1] * 3).byte().clamp(max=2), "source_keypoints": keypoints, "target_keypoints": keypoints.flip(0),
        "pair": torch.arange(count),
    }  # fmt: skip
    return move_batch(batch, device)


def timed(step: Callable[[], object], device: torch.device, repeat: int) -> float:
    """Seconds of the fastest step after one that does not count."""
    times = []
    for _ in range(repeat + 1):
        began = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return min(times[1:])


def peer(count: int, size: tuple[int, int], repeat: int) -> float:
    """Seconds a step of the plain rendering."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net = Plain().to(device)
    own = sum(p.numel() for p in net.parameters())
    assert own == PUBLISHED, f"the plain generator has {own:,} parameters, the published one {PUBLISHED:,}"
    optimiser, batch = torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)), batch_of(count, size, device)
    rows, columns = torch.arange(size[0], device=device), torch.arange(size[1], device=device)

    def step() -> None:
        x, y = (batch["target_keypoints"][..., k, None, None] for k in (0, 1))
        pose = ((columns - x) ** 2 + (rows[:, None] - y) ** 2 <= 64).float()
        optimiser.zero_grad()
        F.l1_loss(net(batch["source"], pose, batch["flow"], batch["visibility"]), batch["target"]).backward()
        optimiser.step()

    return timed(step, device, repeat)


def ours(count: int, size: tuple[int, int], repeat: int) -> float:
    """Seconds a step of `ptx run train-generator`, moving average of the weights included."""
    settings = TrainGeneratorSettings(
        preset="deepfashion-256",
        batch=count,
        flow="projected",
        adversarial=0,
        gradients=0,
        compile=torch.cuda.is_available(),
    )
    with tempfile.TemporaryDirectory() as folder:
        recipe = GeneratorRecipe(settings, NetworkFacts(size), flow_net=None, features=None)
        fabric = join_processes(recipe.name, settings)
        trainer = Trainer(recipe, fabric, Path(folder), manifest={}, meta={}, seed=0)
        batch = batch_of(count, size, fabric.device)
        return timed(lambda: trainer.take_step(batch), fabric.device, repeat)


def loader_rate(size: tuple[int, int], count: int, steps: int) -> float:
    """Samples a second out of a warm store with one worker process."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = [f"size=[{size[0]}, {size[1]}]", "data.persons=24", "data.images_per_person=6"]
        project = make_project(Path(folder), *overrides)
        for step in project.stages:
            step.run(Silent(), SerialExecutor())
        data = usable_pairs(project.pipeline, TRAIN)
        for warm in (True, False):
            sampler = StepSampler(len(data), count, seed=0, first=0, last=4 if warm else steps)
            batches = loader(data, sampler, workers=1)
            next(batches)  # the worker process starts
            began, seen = time.perf_counter(), sum(len(batch["pair"]) for batch in batches)
        return seen / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=2, default=(256, 256))
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    height, width = args.size
    size, count = (height, width), args.batch
    apart = multiprocessing.get_context("spawn")
    seconds = {}
    for function in (peer, ours):
        with apart.Pool(1) as pool:
            seconds[function.__name__] = pool.apply(function, (count, size, args.repeat))
    rate = loader_rate(size, count, 40)
    device = (
        torch.cuda.get_device_name() if torch.cuda.is_available() else f"{processor()}, {torch.get_num_threads()} cores"
    )
    print(f"{device}; batch {count} of {size[0]}×{size[1]}, published size; ours in {arithmetic('auto', 'auto')}\n")
    table(
        ("", "seconds a step", "samples/s", "ratio"),
        [
            ("plain, 32 bits", f"{seconds['peer']:.2f}", f"{count / seconds['peer']:.2f}", "1"),
            (
                "ptx",
                f"{seconds['ours']:.2f}",
                f"{count / seconds['ours']:.2f}",
                f"{seconds['peer'] / seconds['ours']:.2f}",
            ),
            (
                "loader, one worker",
                "",
                f"{rate:.0f}",
                f"{rate * seconds['ours'] / count:.0f} times what ptx's step consumes",
            ),
        ],
    )


if __name__ == "__main__":
    main()
