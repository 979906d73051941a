"""Judging networks in NumPy, layer by layer from their published definitions: what ours in torch are held against where theirs are not
installed.

    Inception-v3   torchvision/models/inception.py (Szegedy et al., CVPR 2016), without the auxiliary head
    AlexNet, VGG-19   torchvision/models/alexnet.py and vgg.py
    LPIPS 0.1      lpips/lpips.py, lpips/pretrained_networks.py (Zhang et al., CVPR 2018)

Weights are drawn here, under the names and in the shapes that those files give them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

Array = np.ndarray
Pair = tuple[int, int]


def conv(x: Array, weight: Array, bias: Array | None = None, stride: int = 1, padding: Pair = (0, 0)) -> Array:
    """Correlate (C, H, W) with kernels (O, C, h, w), zeros around the picture."""
    (up, side), (h, w) = padding, weight.shape[2:]
    padded = np.pad(x, ((0, 0), (up, up), (side, side)))
    windows = sliding_window_view(padded, (h, w), axis=(1, 2))[:, ::stride, ::stride]
    out = np.tensordot(weight, windows, axes=([1, 2, 3], [0, 3, 4]))
    return out if bias is None else out + bias[:, None, None]


def max_pool(x: Array, side: int, stride: int) -> Array:
    """The largest of every window that is whole: none is begun that the picture does not hold (ceil_mode False)."""
    return sliding_window_view(x, (side, side), axis=(1, 2))[:, ::stride, ::stride].max((3, 4))


def average_3x3(x: Array) -> Array:
    """The mean of nine pixels around each, zeros outside the picture counted (count_include_pad True)."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    return sliding_window_view(padded, (3, 3), axis=(1, 2)).sum((3, 4)) / 9


def resize(x: Array, height: int, width: int) -> Array:
    """Bilinear, with a triangle as wide as a new pixel where the picture shrinks: Pillow's, in float32."""
    planes = [
        Image.fromarray(plane.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR) for plane in x
    ]
    return np.stack([np.asarray(plane, np.float64) for plane in planes])


@dataclass
class Weights:
    """Weights by name, drawn when they are first asked for."""

    rng: np.random.Generator
    state: dict[str, Array] = field(default_factory=dict)

    def normal(self, name: str, *shape: int) -> Array:
        """Kernels that keep the size of what goes through them and a ReLU."""
        if name not in self.state:
            self.state[name] = self.rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        return self.state[name]

    def uniform(self, name: str, low: float, high: float, *shape: int) -> Array:
        """Numbers from a range."""
        if name not in self.state:
            self.state[name] = self.rng.uniform(low, high, shape)
        return self.state[name]

    def unit(self, x: Array, name: str, outputs: int, kernel: Pair, stride: int = 1, padding: Pair = (0, 0)) -> Array:
        """Inception's BasicConv2d: convolution without bias, batch normalisation with eps 0.001 by stored statistics, ReLU."""
        y = conv(x, self.normal(f"{name}.conv.weight", outputs, len(x), *kernel), None, stride, padding)
        self.state[f"{name}.bn.num_batches_tracked"] = np.array(
            7.0
        )  # torchvision's files have it; nothing depends on it
        mean = self.uniform(f"{name}.bn.running_mean", -0.2, 0.2, outputs)
        variance = self.uniform(f"{name}.bn.running_var", 0.001, 2, outputs)
        scale, shift = (
            self.uniform(f"{name}.bn.{which}", low, 1, outputs) for which, low in (("weight", 0.5), ("bias", -0.5))
        )
        column = (slice(None), None, None)
        return np.maximum((y - mean[column]) / np.sqrt(variance + 0.001)[column] * scale[column] + shift[column], 0)

    def units(self, x: Array, block: str, *layers: tuple[str, int, Pair, int, Pair]) -> Array:
        """Some of them one after the other: name within the block, channels, kernel, stride, padding."""
        for name, outputs, kernel, stride, padding in layers:
            x = self.unit(x, f"{block}.{name}", outputs, kernel, stride, padding)
        return x


ONE, THREE, NONE = (1, 1), (3, 3), (0, 0)
ACROSS, DOWN = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))


def inception_a(w: Weights, x: Array, name: str, pooled: int) -> Array:
    five = w.units(x, name, ("branch5x5_1", 48, ONE, 1, NONE), ("branch5x5_2", 64, (5, 5), 1, (2, 2)))
    double = w.units(
        x, name, ("branch3x3dbl_1", 64, ONE, 1, NONE), ("branch3x3dbl_2", 96, THREE, 1, ONE),
        ("branch3x3dbl_3", 96, THREE, 1, ONE),
    )  # fmt: skip
    pool = w.units(average_3x3(x), name, ("branch_pool", pooled, ONE, 1, NONE))
    return np.concatenate([w.units(x, name, ("branch1x1", 64, ONE, 1, NONE)), five, double, pool])


def inception_b(w: Weights, x: Array, name: str) -> Array:
    double = w.units(
        x, name, ("branch3x3dbl_1", 64, ONE, 1, NONE), ("branch3x3dbl_2", 96, THREE, 1, ONE),
        ("branch3x3dbl_3", 96, THREE, 2, NONE),
    )  # fmt: skip
    return np.concatenate([w.units(x, name, ("branch3x3", 384, THREE, 2, NONE)), double, max_pool(x, 3, 2)])


def inception_c(w: Weights, x: Array, name: str, channels: int) -> Array:
    seven = w.units(
        x, name, ("branch7x7_1", channels, ONE, 1, NONE), ("branch7x7_2", channels, *ACROSS),
        ("branch7x7_3", 192, *DOWN),
    )  # fmt: skip
    double = w.units(
        x, name, ("branch7x7dbl_1", channels, ONE, 1, NONE), ("branch7x7dbl_2", channels, *DOWN),
        ("branch7x7dbl_3", channels, *ACROSS), ("branch7x7dbl_4", channels, *DOWN), ("branch7x7dbl_5", 192, *ACROSS),
    )  # fmt: skip
    pool = w.units(average_3x3(x), name, ("branch_pool", 192, ONE, 1, NONE))
    return np.concatenate([w.units(x, name, ("branch1x1", 192, ONE, 1, NONE)), seven, double, pool])


def inception_d(w: Weights, x: Array, name: str) -> Array:
    three = w.units(x, name, ("branch3x3_1", 192, ONE, 1, NONE), ("branch3x3_2", 320, THREE, 2, NONE))
    seven = w.units(
        x, name, ("branch7x7x3_1", 192, ONE, 1, NONE), ("branch7x7x3_2", 192, *ACROSS),
        ("branch7x7x3_3", 192, *DOWN), ("branch7x7x3_4", 192, THREE, 2, NONE),
    )  # fmt: skip
    return np.concatenate([three, seven, max_pool(x, 3, 2)])


def inception_e(w: Weights, x: Array, name: str) -> Array:
    across, down = ((1, 3), 1, (0, 1)), ((3, 1), 1, (1, 0))
    three = w.units(x, name, ("branch3x3_1", 384, ONE, 1, NONE))
    double = w.units(x, name, ("branch3x3dbl_1", 448, ONE, 1, NONE), ("branch3x3dbl_2", 384, THREE, 1, ONE))
    forks = [
        w.units(y, name, (f"{branch}{fork}", 384, *how))
        for y, branch in ((three, "branch3x3_2"), (double, "branch3x3dbl_3"))
        for fork, how in (("a", across), ("b", down))
    ]
    pool = w.units(average_3x3(x), name, ("branch_pool", 192, ONE, 1, NONE))
    return np.concatenate([w.units(x, name, ("branch1x1", 320, ONE, 1, NONE)), *forks, pool])


def inception(w: Weights, picture: Array) -> tuple[Array, Array]:
    """Picture (3, H, W) in -1..1 → features (2048,), class probabilities (1000,)."""
    x = resize(picture, 299, 299)
    x = w.unit(x, "Conv2d_1a_3x3", 32, THREE, 2)
    x = w.unit(x, "Conv2d_2a_3x3", 32, THREE)
    x = w.unit(x, "Conv2d_2b_3x3", 64, THREE, 1, ONE)
    x = w.unit(max_pool(x, 3, 2), "Conv2d_3b_1x1", 80, ONE)
    x = max_pool(w.unit(x, "Conv2d_4a_3x3", 192, THREE), 3, 2)
    assert x.shape == (192, 35, 35)
    for name, pooled in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
        x = inception_a(w, x, name, pooled)
    x = inception_b(w, x, "Mixed_6a")
    assert x.shape == (768, 17, 17)
    for name, channels in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        x = inception_c(w, x, name, channels)
    x = inception_d(w, x, "Mixed_7a")
    assert x.shape == (1280, 8, 8)
    for name in ("Mixed_7b", "Mixed_7c"):
        x = inception_e(w, x, name)
    features = x.mean((1, 2))
    logits = w.normal("fc.weight", 1000, 2048) @ features + w.uniform("fc.bias", -1, 1, 1000)
    shares = np.exp(logits - logits.max())
    return features, shares / shares.sum()


def layer(w: Weights, x: Array, number: int, outputs: int, side: int, stride: int = 1, padding: int = 0) -> Array:
    """Layer `features.number` of AlexNet or VGG: a convolution with a bias, and a ReLU."""
    kernel = w.normal(f"features.{number}.weight", outputs, len(x), side, side)
    bias = w.uniform(f"features.{number}.bias", -0.3, 0.3, outputs)
    return np.maximum(conv(x, kernel, bias, stride, (padding, padding)), 0)


def alexnet(w: Weights, x: Array) -> list[Array]:
    """Features after each of the five convolutions of AlexNet, as LPIPS slices it."""
    first = layer(w, x, 0, 64, 11, 4, 2)
    second = layer(w, max_pool(first, 3, 2), 3, 192, 5, 1, 2)
    third = layer(w, max_pool(second, 3, 2), 6, 384, 3, 1, 1)
    fourth = layer(w, third, 8, 256, 3, 1, 1)
    return [first, second, third, fourth, layer(w, fourth, 10, 256, 3, 1, 1)]


def lpips(w: Weights, a: Array, b: Array) -> float:
    """LPIPS 0.1 with AlexNet of two pictures (3, H, W) in -1..1; the linear weights are named as its alex.pth names them."""
    shift, scale = (np.array(v)[:, None, None] for v in ((-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)))
    both: list[Sequence[Array]] = [alexnet(w, (x - shift) / scale) for x in (a, b)]
    total = 0.0
    for level, (x, y) in enumerate(zip(*both, strict=True)):
        x, y = (z / (np.sqrt((z**2).sum(0, keepdims=True)) + 1e-10) for z in (x, y))
        weight = w.uniform(f"lin{level}.model.1.weight", 0, 1, 1, len(x), 1, 1)
        total += float((weight[0] * (x - y) ** 2).sum(0).mean())
    return total


def vgg19(w: Weights, picture: Array) -> list[Array]:
    """Features of a picture (3, H, W) in -1..1 after relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1."""
    mean, deviation = (np.array(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    x = ((picture + 1) / 2 - mean) / deviation
    found, number = [], 0
    for channels, depth in ((64, 2), (128, 2), (256, 4), (512, 4), (512, 1)):
        for within in range(depth):
            x = layer(w, x, number, channels, 3, 1, 1)
            found += [x] if within == 0 else []
            number += 2
        x, number = max_pool(x, 2, 2), number + 1
    return found
