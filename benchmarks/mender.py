"""Measure the mender: distance of the surface engine's pictures to the truth, without it and with each of its parts, on held-out people.

    python tools/train_mender.py WORK      # draws the people, trains
    python benchmarks/mender.py WORK

Judged by pd, which it was trained to lower, and by MS-SSIM and a second network that no loss used. The person fills the picture of
256 x 192 and stands before plain grey, so that nothing but them is compared.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from common import table
from judge import Judge, distance
from torch import Tensor
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

from mender_training.examples import example, usable
from mender_training.pairs import Pairs, person_of
from mender_training.train import Batch, load_average

from ptx.evaluation.bootstrap import interval
from ptx.models.efficientnet_lite import EfficientNetLite0, feature_distance, unit_features
from ptx.models.mender_net import Fields, MenderNet, mend
from ptx.models.ssim import ms_ssim

MEASURES = ("pd", "pose network", "MS-SSIM", "L1", "sharpness")
"""Sharpness: Laplacian energy within the true person over the truth's."""

ROWS = ("surface", "+ outline", "+ flow", "+ painter")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--count", type=int, default=200, help="pairs of each population")
    args = parser.parse_args()
    torch.set_num_threads(1)
    net = load_average(args.work)
    for folder in sorted(args.work.glob("held*")):
        pairs = Pairs.open(folder)
        good = usable(pairs)
        chosen = good[:: max(1, len(good) // args.count)][: args.count]
        print(f"\n{folder.name}: {len(chosen)} pairs")
        print_rows(measured(net, pairs, chosen), person_of(chosen))


def measured(net: MenderNet, pairs: Pairs, chosen: Sequence[int]) -> np.ndarray:
    """Measure every row of the table on pairs: (N, rows, measures)."""
    features, judge, out = EfficientNetLite0.load(), Judge(), []
    for i in chosen:
        batch = Batch.of([example(pairs, int(i))])
        with torch.no_grad():
            fields = net(batch.shown)
            out.append([scores(one, batch, features, judge) for one in pictures(fields, batch)])
    return np.array(out)


def pictures(fields: Fields, batch: Batch) -> list[Tensor]:
    """Return the pictures of the rows."""
    nothing = Fields(*(torch.zeros_like(one) for one in fields))
    steps = [
        nothing,
        nothing._replace(alpha=fields.alpha),
        nothing._replace(alpha=fields.alpha, flow=fields.flow),
        fields,
    ]
    return [mend(batch.colour, batch.alpha, batch.own, one).over(batch.backdrop) for one in steps]


def scores(picture: Tensor, batch: Batch, features: EfficientNetLite0, judge: Judge) -> list[float]:
    """Compare a picture with the truth, as `MEASURES` names it."""
    near, far = unit_features(features(picture)), unit_features(features(batch.truth))
    sharp = [_laplacian(one)[batch.share > 0.9].square().mean() for one in (picture, batch.truth)]
    return [
        float(feature_distance(near, far)),
        distance(judge.features(_image(picture)), judge.features(_image(batch.truth))),
        float(ms_ssim((picture + 1) / 2, (batch.truth + 1) / 2)),
        float(F.l1_loss(picture, batch.truth) / 2),
        float(sharp[0] / sharp[1].clamp(min=1e-8)),
    ]


def _image(picture: Tensor) -> np.ndarray:
    return ((picture[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).byte().numpy()


def _laplacian(picture: Tensor) -> Tensor:
    kernel = picture.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    return F.conv2d(picture.mean(1, keepdim=True), kernel, padding=1)


def print_rows(found: np.ndarray, persons: np.ndarray) -> None:
    """Print means (sharpness: the median), and differences from the surface with intervals over persons."""
    out = []
    for number, name in enumerate(ROWS):
        means = [f"{found[:, number, m].mean():.4f}" for m in range(4)]
        gaps = found[:, number, :3] - found[:, 0, :3]
        more = ["{:+.4f} ({:+.4f} to {:+.4f})".format(*interval(gaps[:, m], persons)) for m in range(3)]
        out.append((name, *means, f"{np.median(found[:, number, 4]):.2f}", *more))
    table(("", *MEASURES, *(f"{name} more (95 %)" for name in MEASURES[:3])), out)


if __name__ == "__main__":
    main()
