"""A second network that no loss uses, to compare pictures by: features of the detector's pose network, as pd compares EfficientNet's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image

from ptx.detector.network import ASSETS

JUDGE = ASSETS / "pose_landmark_full.tflite"
COMPUTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "ADD")
"""Operations whose results are compared."""

SIZES = (128, 64, 32, 16, 8)
"""Heights of the maps that are compared."""

MIN_CHANNELS = 16
"""Fewest channels of such a map."""


class Judge:
    """The pose network's features: the last map of each size that has channels enough."""

    def __init__(self) -> None:
        self.network = Interpreter(
            model_path=str(JUDGE),
            num_threads=1,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self.network.allocate_tensors()
        self.input = self.network.get_input_details()[0]
        shapes = {one["index"]: tuple(one["shape"]) for one in self.network.get_tensor_details()}
        results = {one["index"] for one in self.network.get_output_details()}
        maps = [
            index
            for operation in self.network._get_ops_details()
            for index in operation["outputs"]
            if operation["op_name"] in COMPUTED and index not in results and shapes[index][-1] >= MIN_CHANNELS
        ]
        self.maps = list({shapes[index][1:3]: index for index in maps if shapes[index][1] in SIZES}.values())

    def features(self, image: np.ndarray) -> list[np.ndarray]:
        """Return features of unit length, (h, w, C) at each size, of a picture (H, W, 3) uint8 in the middle of a grey square."""
        picture = Image.fromarray(image)
        side, longer = int(self.input["shape"][1]), max(picture.size)
        square = Image.new("RGB", (longer, longer), (128, 128, 128))
        square.paste(picture, ((longer - picture.width) // 2, (longer - picture.height) // 2))
        shown = np.asarray(square.resize((side, side), Image.Resampling.BICUBIC), np.float32) / 255
        self.network.set_tensor(self.input["index"], shown[None])
        self.network.invoke()
        found = [self.network.get_tensor(index)[0] for index in self.maps]
        return [one / (np.linalg.norm(one, axis=-1, keepdims=True) + 1e-6) for one in found]


def distance(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> float:
    """Squared difference of features, mean over places, then over sizes."""
    return float(np.mean([np.square(x - y).sum(-1).mean() for x, y in zip(a, b, strict=True)]))
