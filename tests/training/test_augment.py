"""Targets moved and scaled, pairs mirrored: what is known of them stays true."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from ptx.geometry.joints import KEYPOINTS
from ptx.models import distributed
from ptx.models.pose_maps import pose_map
from ptx.training import augment
from ptx.training.augment import mirror, mirror_some, vary_target
from ptx.training.trainings import TRAININGS
from tests.training.recipes.noise import fresh_recipe, noise
from tests.training.rendered import mirrored, pairs, scaled


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


def test_flow_of_a_scaled_target_is_that_of_the_scaled_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the exact flow of the same bodies, the target's scaled and shifted; bodies do not fill their pictures."""
    errors = []
    for factor, shift in ((1.2, (7.0, -4.0)), (0.85, (-5.0, 6.0)), (1.1, (0.0, 0.0))):
        drawn = torch.tensor([shift] * 3), torch.full((3, 1), factor)
        monkeypatch.setattr(augment, "_draw", lambda *_, drawn=drawn: drawn)
        got = vary_target(pairs(), (10, 10), 1.2)
        exact = pairs(scaled(factor, shift))
        both = ((got["visibility"] < 2) & (exact["visibility"] < 2))[:, 0]
        assert both.sum() > 0.95 * (exact["visibility"] < 2).sum()
        errors.append((got["flow"] - exact["flow"]).norm(dim=1)[both])
        inside = exact["target_keypoints"][..., 2] > 0
        assert torch.equal(got["target_keypoints"][..., 2] > 0, inside & in_frame(exact["target_keypoints"]))
    error = torch.cat(errors)
    assert error.mean() < 0.3  # bilinear over the outline: 0.6
    assert (error > 1).float().mean() < 0.05  # 0.1
    assert error.median() < 0.05


def in_frame(keypoints: torch.Tensor) -> torch.Tensor:
    x, y, _ = keypoints.unbind(-1)
    return (x >= -0.5) & (x < 63.5) & (y >= -0.5) & (y < 95.5)


def test_no_background_comes_into_the_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flow of a disc that moves as a whole is the same up to its outline, however it is scaled."""
    v, u = torch.meshgrid(torch.arange(48), torch.arange(40), indexing="ij")
    body = ((u - 18) ** 2 + (v - 25) ** 2 < 11**2)[None, None]
    flow = torch.tensor([20.0, -9.0])[:, None, None].expand(1, 2, 48, 40) * body
    batch = {
        "source": torch.zeros(1, 3, 48, 40), "target": torch.zeros(1, 3, 48, 40), "flow": flow,
        "visibility": torch.where(body, 0, 2).to(torch.uint8), "target_keypoints": torch.ones(1, 18, 3),
    }  # fmt: skip
    for factor in (0.83, 1.19):
        drawn = torch.tensor([[3.0, -2.0]]), torch.tensor([[factor]])
        monkeypatch.setattr(augment, "_draw", lambda *_, drawn=drawn: drawn)
        moved = vary_target(batch, (5, 5), 1.2)
        there = (moved["visibility"] < 2)[0, 0]
        assert there.sum() > 200
        middle = torch.tensor([19.5, 23.5])
        pixels = torch.stack([u, v], dim=-1)[there].float()
        expected = (pixels - middle - drawn[0]) / factor + middle + torch.tensor([20.0, -9.0]) - pixels
        torch.testing.assert_close(moved["flow"][0, :, there].T, expected, atol=2e-3, rtol=0)
        assert not moved["flow"][0, :, ~there].any()


def test_keypoints_that_leave_the_picture_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """And leave no half disc behind (published: -1)."""
    keypoints = torch.full((1, 18, 3), torch.nan)
    keypoints[..., 2] = 0
    keypoints[0, 0] = torch.tensor([2.0, 20.0, 0.9])  # leaves on the left by half a pixel and more
    keypoints[0, 1] = torch.tensor([2.5, 20.0, 0.9])  # stays on the first column's edge
    keypoints[0, 2] = torch.tensor([30.0, 44.6, 0.9])  # leaves at the bottom
    keypoints[0, 3] = torch.tensor([42.6, 20.0, 0.9])  # leaves on the right
    keypoints[0, 4] = torch.tensor([42.4, 44.4, 0.9])  # stays within the last pixel
    drawn = torch.tensor([[-3.0, 3.0]]), torch.ones(1, 1)
    monkeypatch.setattr(augment, "_draw", lambda *_: drawn)
    moved = vary_target(
        {"source": torch.zeros(1, 3, 48, 40), "target": torch.zeros(1, 3, 48, 40), "target_keypoints": keypoints},
        (5, 5),
    )["target_keypoints"]
    assert moved[0, 1].tolist() == pytest.approx([-0.5, 23.0, 0.9])
    assert moved[0, 4].tolist() == pytest.approx([39.4, 47.4, 0.9])
    for lost in (0, 2, 3, *range(5, 18)):
        assert moved[0, lost, :2].isnan().all()
        assert moved[0, lost, 2] == 0
    assert pose_map(moved, 48, 40, 4.0)[0].flatten(1).any(1).tolist() == [n in (1, 4) for n in range(18)]


def test_all_flows_and_drawings_go_with_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flow of the same values is moved alike, whatever field it is in; a drawn person moves with the target and leaves nothing behind."""
    batch = pairs()
    batch |= {"carried_flow": batch["flow"], "carried_visibility": batch["visibility"]}
    batch |= {"true_flow": batch["flow"], "true_visibility": batch["visibility"]}
    batch["drawn"] = torch.cat([batch["target"], torch.ones_like(batch["target"][:, :1])], dim=1)
    drawn = torch.tensor([[7.0, -4.0]]).expand(3, 2), torch.ones(3, 1)
    monkeypatch.setattr(augment, "_draw", lambda *_: drawn)
    for varied in (vary_target(batch, (9, 9)), mirror(batch)):
        for kind in ("carried", "true"):
            assert torch.equal(varied[f"{kind}_flow"], varied["flow"])
            assert torch.equal(varied[f"{kind}_visibility"], varied["visibility"])
        there = varied["drawn"][:, 3:] > 0.9999
        torch.testing.assert_close(varied["drawn"][:, :3] * there, varied["target"] * there, atol=1e-5, rtol=0)
    alpha = vary_target(batch, (9, 9))["drawn"][:, 3]
    assert alpha[..., :7].max() < 1e-4
    assert alpha[:, -4:].max() < 1e-4
    assert alpha[:, :-4, 7:].min() > 0.999


def test_mirrored_twice_is_what_it_was() -> None:
    batch = noise()
    once, twice = mirror(batch), mirror(mirror(batch))
    assert set(once) == set(batch)
    for name, values in batch.items():
        torch.testing.assert_close(twice[name], values, rtol=0, atol=1e-5)
        changed = name not in ("pair", "target_attributes", "target_category")
        assert torch.equal(once[name], values) != changed


def test_a_mirrored_pair_is_the_pair_of_mirrored_bodies() -> None:
    """Flow, visibility, parts and keypoints are those of the mirrored geometry, rendered anew, its sides named anew."""
    got, exact = mirror(pairs()), pairs(mirrored, mirrored)
    same = (got["visibility"] == exact["visibility"])[:, 0]
    assert same.float().mean() > 0.999  # a pixel centre may fall on an edge
    assert (got["flow"] - exact["flow"]).norm(dim=1)[same].max() < 1e-3
    other_side = torch.tensor([0, 1, 2, 4, 3, 6, 5])
    for image in ("source", "target"):
        part = other_side[exact[f"{image}_part"].long()]
        assert (got[f"{image}_part"] == part).float().mean() > 0.999
        assert torch.equal(got[image], pairs()[image].flip(3))
        points = exact[f"{image}_keypoints"]
        for k, name in enumerate(KEYPOINTS):
            other = name.replace("left", "RIGHT").replace("right", "left").lower()
            torch.testing.assert_close(
                got[f"{image}_keypoints"][:, k], points[:, KEYPOINTS.index(other)], equal_nan=True
            )


def test_the_share_of_mirrored_pairs() -> None:
    batch = {"pair": torch.arange(2000), "source": torch.tensor([1.0, 2.0]).expand(2000, 1, 1, 2)}
    torch.manual_seed(0)
    assert mirror_some(batch, 0) is batch
    for share in (0.5, 0.1, 1.0):
        some = mirror_some(batch, share)
        flipped = (some["source"][:, 0, 0, 0] == 2).float()
        assert abs(flipped.mean() - share) < 0.04
        assert torch.equal(some["pair"], batch["pair"])


def test_processes_draw_mirrors_of_the_whole_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = {"source": torch.tensor([1.0, 2.0]).expand(6, 1, 1, 2)}
    torch.manual_seed(1)
    whole = mirror_some(batch, 0.5)["source"]
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    for rank in (0, 1):
        monkeypatch.setattr(distributed.group, "get_rank", lambda rank=rank: rank)
        torch.manual_seed(1)
        assert torch.equal(mirror_some({"source": batch["source"][:3]}, 0.5)["source"], whole[rank::2])


@pytest.mark.parametrize("name", TRAININGS)
def test_every_training_mirrors_its_pairs(name: str) -> None:
    """All mirrored is what a mirrored batch gives."""
    small = {"base_channels": 4, "max_channels": 8, "scales": 3, "warped_scales": 2, "flow": "projected"}
    terms = []
    for flips, batch in ((1.0, noise()), (0.0, mirror(noise())), (0.0, noise())):
        made = fresh_recipe(name, **small, flips=flips)
        torch.manual_seed(2)
        networks = made.networks()
        torch.manual_seed(3)
        if not flips:
            torch.rand(2)  # what the mirrors draw
        terms.append(
            {
                t: float(value.detach())
                for own in made.losses(networks, batch, 10**6).values()
                for t, value in own.items()
            }
        )
    assert terms[0] == terms[1]
    assert terms[0] != terms[2]
