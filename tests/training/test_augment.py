"""Targets moved and scaled: what is known of them stays true."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from ptx.models.pose_maps import pose_map
from ptx.training.augment import vary_target


def test_shifted_targets_keep_their_sense() -> None:
    """A point of the target that moves by d must be told to look d less far; outside is background."""
    torch.manual_seed(3)
    flow, visibility = torch.randn(4, 2, 24, 16), torch.randint(0, 3, (4, 1, 24, 16), dtype=torch.uint8)
    batch = {
        "pair": torch.arange(4), "source": torch.zeros(4, 3, 24, 16), "target": torch.zeros(4, 3, 24, 16),
        "flow": flow * (visibility < 2), "visibility": visibility,
        "target_part": torch.randint(0, 7, (4, 24, 16)), "target_keypoints": torch.rand(4, 18, 3) * 10,
    }  # fmt: skip
    moved = vary_target(batch, (5, 3))
    moves = (moved["target_keypoints"] - batch["target_keypoints"])[:, 0, :2].round().int().tolist()
    assert len({tuple(m) for m in moves}) > 1
    for i, (right, down) in enumerate(moves):
        for v in range(24):
            for u in range(16):
                inside = 0 <= v - down < 24 and 0 <= u - right < 16
                seen = int(visibility[i, 0, v - down, u - right]) if inside else 2
                assert int(moved["visibility"][i, 0, v, u]) == seen
                if seen < 2:
                    before = flow[i, :, v - down, u - right]
                    assert torch.allclose(moved["flow"][i, :, v, u], before - torch.tensor([right, down]), atol=1e-3)
                    assert moved["target_part"][i, v, u] == batch["target_part"][i, v - down, u - right]
                else:
                    assert not moved["flow"][i, :, v, u].any()
    assert vary_target(batch, (0, 0)) is batch


def test_scaled_targets_keep_their_sense() -> None:
    """Discs drawn at the keypoints are found at the moved keypoints, scaled; flow there ends where it ended."""
    torch.manual_seed(4)
    height, width = 96, 64
    keypoints = torch.rand(6, 18, 3) * torch.tensor([20.0, 40.0, 1.0]) + torch.tensor([22.0, 28.0, 0.1])
    keypoints[:, 1:, 2] = 0
    discs = pose_map(keypoints, height, width, 4.0)[:, :1]
    v, u = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    flow = torch.stack([0.1 * u - 3, 5 - 0.05 * v]).expand(6, 2, height, width)
    batch = {
        "pair": torch.arange(6), "source": torch.zeros(6, 3, height, width), "target": discs.expand(-1, 3, -1, -1) * 2 - 1,
        "target_keypoints": keypoints, "flow": flow, "visibility": torch.zeros(6, 1, height, width, dtype=torch.uint8),
        "target_parsing": (discs[:, 0] * 3).to(torch.uint8),
    }  # fmt: skip
    moved = vary_target(batch, (6, 4), 1.3)
    factors = []
    for i in range(6):
        x, y = moved["target_keypoints"][i, 0, :2].tolist()
        lit = moved["target"][i, 0] > 0
        assert abs(float(u[lit].float().mean()) - x) < 0.6
        assert abs(float(v[lit].float().mean()) - y) < 0.6
        assert ((moved["target_parsing"][i] == 3) == lit).float().mean() > 0.99
        factors.append(float(lit.sum() / discs[i, 0].sum()) ** 0.5)
        grid = torch.tensor([[[[2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1]]]])
        there = F.grid_sample(moved["flow"][i : i + 1], grid, align_corners=True)[0, :, 0, 0]
        before = keypoints[i, 0, :2]
        assert torch.allclose(
            torch.tensor([x, y]) + there, before + torch.stack([0.1 * before[0] - 3, 5 - 0.05 * before[1]]), atol=0.02
        )
    assert max(factors) > 1.05
    assert min(factors) < 0.95
    assert max(factors) < 1.4
