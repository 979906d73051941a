"""Perceptual loss on VGG-19 features (Johnson et al., ECCV 2016), with weights that the user names."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.pipeline.errors import PtxError

LAYOUT = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512)
"""Channels of VGG-19's convolutions up to relu5_1; 0 is a pooling."""

TAPS = (1, 6, 11, 20, 29)
"""torchvision's numbers of relu1_1, relu2_1, relu3_1, relu4_1, relu5_1."""

WEIGHT = 0.125
"""Of each tap, as in the published code."""


class Perceptual(nn.Module):
    """Mean difference of VGG-19's features at five depths."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        width = 3
        for channels in LAYOUT:
            if channels == 0:
                parts.append(nn.MaxPool2d(2, 2))
            else:
                parts += [nn.Conv2d(width, channels, 3, padding=1), nn.ReLU()]
                width = channels
        self.features = nn.ModuleList(parts)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225])[:, None, None], persistent=False)

    @classmethod
    def load(cls, path: Path) -> Perceptual:
        """With weights under torchvision's names, from safetensors or a .pth of plain tensors.

        Raises:
            PtxError: there is no such file, or it holds other weights.
        """
        if not path.is_file():
            raise PtxError(
                f"{path}: no VGG-19 weights are there; they are the user's own (torchvision's vgg19). Without "
                "`vgg:` the gradient loss stands in for the perceptual one"
            )
        try:
            plain = path.suffix == ".safetensors"
            state = load_file(path) if plain else torch.load(path, map_location="cpu", weights_only=True)
        except (SafetensorError, OSError, ValueError, RuntimeError, EOFError, ModuleNotFoundError) as error:
            raise PtxError(f"{path}: cannot be read as plain tensors ({' '.join(str(error).split())[:100]})") from error
        except Exception as error:  # torch's own UnpicklingError: something other than tensors was in it
            raise PtxError(f"{path}: holds more than plain tensors and was not read; use safetensors") from error
        net = cls()
        own = net.state_dict()
        if any(name not in state or state[name].shape != value.shape for name, value in own.items()):
            raise PtxError(f"{path}: holds no VGG-19 of torchvision's names (features.0.weight ... features.28.weight)")
        net.load_state_dict({name: state[name] for name in own})
        return net.eval().requires_grad_(False)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) in -1..1 → scalar."""
        x, y = (((p + 1) / 2 - self.mean) / self.deviation for p in (a, b))
        total = a.new_zeros(())
        for number, part in enumerate(self.features):
            x, y = part(x), part(y)
            if number in TAPS:
                total = total + WEIGHT * F.l1_loss(x, y)
        return total
