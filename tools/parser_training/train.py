"""A decoder is trained over a frozen encoder."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from small_training import loop
from small_training.loop import Pace, Run
from torch import Tensor
from torch.nn import functional as F

from parser_training.augment import IGNORED, Example, augmented, plain_example
from parser_training.pictures import Pictures
from ptx.labels import GARMENTS
from ptx.models.efficientnet_lite import EfficientNetLite0
from ptx.models.parser_net import Decoder, ParserNet

PACE = Pace(batch=16, rate=3e-3, warm_up=60, weight_decay=1e-4, averaged=0.99, saved_each=50)

SMALL = (192, 128)
"""Height, width in px to which pictures are brought in the first steps: half the work a step."""

SMALL_SHARE = 0.6
"""Share of the steps that see small pictures."""

DICE = 0.5
"""Weight of the soft Dice loss (Milletari et al., 3DV 2016) beside cross-entropy."""

LABEL_WEIGHTS = (0.6, 1.2, 1.2, 1.0, 2.2, 1.1, 1.8, 0.9, 1.6, 1.3, 1.2, 1.8)
"""Weights of the labels in cross-entropy: larger of the rare ones; but who is photographed wears trousers more often than who is drawn."""


class FrozenEncoder:
    """The encoder run by ONNX Runtime: half as long as by torch on a CPU."""

    def __init__(self) -> None:
        self._net = EfficientNetLite0.load()
        self._sessions: dict[tuple[int, ...], onnxruntime.InferenceSession] = {}

    def __call__(self, picture: Tensor) -> list[Tensor]:
        """Compute features of pictures (B, 3, H, W), in torch's memory order of channels last."""
        shape = tuple(picture.shape)
        if shape not in self._sessions:
            file = BytesIO()
            torch.onnx.export(self._net, (picture,), file, input_names=["picture"], opset_version=17, dynamo=False)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = torch.get_num_threads()
            self._sessions[shape] = onnxruntime.InferenceSession(file.getvalue(), options)
        found = self._sessions[shape].run(None, {"picture": picture.numpy()})
        return [torch.from_numpy(one).contiguous(memory_format=torch.channels_last) for one in found]


def train(run: Run, pictures: Pictures, cloths: NDArray[np.uint8]) -> Decoder:
    """Train, or go on; returns the averaged decoder."""
    torch.manual_seed(run.seed)
    encoder, count = FrozenEncoder(), len(pictures.image)

    def draw(step: int) -> tuple[Tensor, Tensor, Tensor]:
        numbers = loop.examples_of(step, PACE.batch, count, run.seed)
        examples = [_example(pictures, cloths, number, rng) for number, rng in numbers]
        picture, body, labels = (
            np.stack([getattr(e, name) for e in examples]) for name in ("picture", "body", "labels")
        )
        return torch.from_numpy(picture), torch.from_numpy(body), torch.from_numpy(labels.astype(np.int64))

    def losses(decoder: Decoder, step: int, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
        picture, body, labels = _small(*batch) if step < SMALL_SHARE * run.steps else batch
        return {"loss": _loss(decoder(encoder(picture), body), labels)}

    return loop.train(run, PACE, Decoder().to(memory_format=torch.channels_last), draw, losses)


def load_average(folder: Path) -> ParserNet:
    """Read the averaged network of a training."""
    return ParserNet(EfficientNetLite0.load(), loop.load_average(Decoder(), folder)).eval()


def held_out_iou(net: ParserNet, pictures: Pictures, cloths: NDArray[np.uint8] | None = None) -> NDArray[np.float64]:
    """Intersection over union (12,) of each label over all pictures; as they are drawn, or changed as in training with cloths."""
    confusion = np.zeros((len(GARMENTS), len(GARMENTS)), np.int64)
    for i in range(len(pictures.image)):
        example = (
            _plain(pictures, i) if cloths is None else _example(pictures, cloths, i, np.random.default_rng([7, i]))
        )
        with torch.no_grad():
            scores = net(torch.from_numpy(example.picture)[None], torch.from_numpy(example.body)[None])
        known = example.labels != IGNORED
        pairs = example.labels[known].astype(np.int64) * len(GARMENTS) + scores[0].argmax(0).numpy()[known]
        confusion += np.bincount(pairs, minlength=confusion.size).reshape(confusion.shape)
    both = np.diag(confusion)
    return np.asarray(both / np.maximum(confusion.sum(0) + confusion.sum(1) - both, 1), np.float64)


def _plain(pictures: Pictures, i: int) -> Example:
    return plain_example(pictures.image[i], pictures.labels[i], pictures.keypoints[i])


def _example(pictures: Pictures, cloths: NDArray[np.uint8], i: int, rng: np.random.Generator) -> Example:
    wall = pictures.image[int(rng.integers(len(pictures.image)))]
    return augmented(pictures.image[i], pictures.labels[i], pictures.keypoints[i], wall, cloths, rng)


def _small(picture: Tensor, body: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Bring a batch to half as many pixels."""
    half = (SMALL[0] // 2, SMALL[1] // 2)
    picture = F.interpolate(picture, SMALL, mode="bilinear", antialias=True)
    body = F.interpolate(body, half, mode="bilinear")
    return picture, body, F.interpolate(labels[:, None].float(), half)[:, 0].long()


def _loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Weighted cross-entropy and soft Dice of the labels that a batch shows."""
    weights = scores.new_tensor(LABEL_WEIGHTS)
    entropy = F.cross_entropy(scores, labels, weights, ignore_index=IGNORED)
    known = labels != IGNORED
    shares = scores.softmax(1) * known[:, None]
    truth = F.one_hot(labels.where(known, 0), len(GARMENTS)).movedim(3, 1) * known[:, None]
    both, sizes, real = ((x).sum((0, 2, 3)) for x in (shares * truth, shares + truth, truth))
    shown = real > 50
    dice = 1 - (2 * both[shown] / sizes[shown].clamp(min=1)).mean()
    return entropy + DICE * dice
