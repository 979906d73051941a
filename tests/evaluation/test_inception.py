"""Inception-v3: its size, and which files are refused as its weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ptx.evaluation.inception import Inception
from ptx.pipeline.errors import PtxError


@pytest.mark.slow
def test_inception_is_torchvisions_in_size(tmp_path: Path) -> None:
    """23,834,568 parameters: torchvision's 27,161,264 without the auxiliary head's 3,326,696."""
    net = Inception().eval()
    assert sum(p.numel() for p in net.parameters()) == 23_834_568
    with torch.inference_mode():
        features, probabilities = net(torch.rand(1, 3, 64, 32) * 2 - 1)
    assert features.shape == (1, 2048)
    assert probabilities.sum(1).tolist() == pytest.approx([1])
    save_file({"other": torch.zeros(1)}, tmp_path / "w.safetensors")
    with pytest.raises(PtxError, match="does not hold Inception-v3"):
        Inception.load(tmp_path / "w.safetensors")
    with pytest.raises(PtxError, match="no such file"):
        Inception.load(tmp_path / "nowhere.pth")
