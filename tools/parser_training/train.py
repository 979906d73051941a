"""The loop: a decoder is trained over a frozen encoder; what is kept is its moving average."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from parser_training.augment import IGNORED, Example, augmented, plain_example
from parser_training.pictures import Pictures
from ptx.labels import GARMENTS
from ptx.models.efficientnet_lite import EfficientNetLite0
from ptx.models.parser_net import Decoder, ParserNet

BATCH = 16
LEARNING_RATE = 3e-3
WARM_UP = 60
"""Steps in which the rate of learning rises; then it falls as a cosine does."""

WEIGHT_DECAY = 1e-4
AVERAGED = 0.99
"""Share of the average that a step keeps, less in the first steps."""

SMALL = (192, 128)
"""Height, width in px to which pictures are brought in the first steps: half the work a step."""

SMALL_SHARE = 0.6
"""Share of the steps that see small pictures."""

SAVED_EACH = 50
DICE = 0.5
"""Weight of the soft Dice loss (Milletari et al., 3DV 2016) beside cross-entropy."""

LABEL_WEIGHTS = (0.6, 1.2, 1.2, 1.0, 2.2, 1.1, 1.8, 0.9, 1.6, 1.3, 1.2, 1.8)
"""Weights of the labels in cross-entropy: larger of the rare ones; but who is photographed wears trousers more often than who is drawn."""


@dataclass(frozen=True)
class Run:
    """What a training depends on."""

    folder: Path
    """Where its state is kept, and gone on from."""
    steps: int
    seed: int = 0


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
    encoder = FrozenEncoder()
    decoder = Decoder().to(memory_format=torch.channels_last)
    average = deepcopy(decoder).eval()
    optimizer = torch.optim.AdamW(decoder.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    first = 0
    state = run.folder / "state.pt"
    run.folder.mkdir(parents=True, exist_ok=True)
    if state.exists():
        kept = torch.load(state, weights_only=True)
        decoder.load_state_dict(kept["decoder"])
        average.load_state_dict(kept["average"])
        optimizer.load_state_dict(kept["optimizer"])
        first = kept["step"]
    began = time.monotonic()
    for step, (picture, body, labels) in _batches(run, pictures, cloths, first):
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, run.steps)
        if step < SMALL_SHARE * run.steps:
            picture, body, labels = _small(picture, body, labels)
        loss = _loss(decoder(encoder(picture), body), labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), 5.0)
        optimizer.step()
        _follow(average, decoder, step)
        done = step + 1
        if done % 20 == 0:
            speed = BATCH * (done - first) / (time.monotonic() - began)
            print(f"step {done} of {run.steps}: loss {loss.item():.3f}, {speed:.1f} pictures/s", flush=True)
        if done % SAVED_EACH == 0 or done == run.steps:
            kept = {"decoder": decoder.state_dict(), "average": average.state_dict(), "step": done}
            torch.save({**kept, "optimizer": optimizer.state_dict()}, state.with_suffix(".part"))
            state.with_suffix(".part").replace(state)
    return average


def load_average(folder: Path) -> ParserNet:
    """Read the averaged network of a training."""
    decoder = Decoder()
    decoder.load_state_dict(torch.load(folder / "state.pt", weights_only=True)["average"])
    return ParserNet(EfficientNetLite0.load(), decoder).eval()


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


def _batches(
    run: Run, pictures: Pictures, cloths: NDArray[np.uint8], first: int
) -> Iterator[tuple[int, tuple[Tensor, Tensor, Tensor]]]:
    """Draw the batches from step `first` on, two ahead, in one thread."""
    count = len(pictures.image)

    def batch(step: int) -> tuple[Tensor, Tensor, Tensor]:
        examples = []
        for number in range(step * BATCH, (step + 1) * BATCH):
            order = np.random.default_rng([run.seed, number // count]).permutation(count)
            rng = np.random.default_rng([run.seed, 1, number])
            examples.append(_example(pictures, cloths, int(order[number % count]), rng))
        picture, body, labels = (
            np.stack([getattr(e, name) for e in examples]) for name in ("picture", "body", "labels")
        )
        return torch.from_numpy(picture), torch.from_numpy(body), torch.from_numpy(labels.astype(np.int64))

    with ThreadPoolExecutor(1) as pool:
        ahead = {step: pool.submit(batch, step) for step in range(first, min(first + 2, run.steps))}
        for step in range(first, run.steps):
            made = ahead.pop(step).result()
            if step + 2 < run.steps:
                ahead[step + 2] = pool.submit(batch, step + 2)
            yield step, made


def _small(picture: Tensor, body: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Bring a batch to half as many pixels."""
    half = (SMALL[0] // 2, SMALL[1] // 2)
    picture = F.interpolate(picture, SMALL, mode="bilinear", antialias=True)
    body = F.interpolate(body, half, mode="bilinear")
    return picture, body, F.interpolate(labels[:, None].float(), half)[:, 0].long()


def _rate(step: int, steps: int) -> float:
    """Rate of learning of a step."""
    if step < WARM_UP:
        return LEARNING_RATE * (step + 1) / WARM_UP
    return LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / max(1, steps - WARM_UP)))


def _follow(average: Decoder, decoder: Decoder, step: int) -> None:
    """Move the average towards the decoder; counters are copied."""
    keep = min(AVERAGED, (step + 1) / (step + 10))
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), decoder.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)


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
