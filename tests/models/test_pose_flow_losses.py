"""Losses of flow that is learned from pairs of pictures: what fits costs less, light does not count; numbers by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from torch import Tensor

from ptx.models.flow_net import FlowPrediction
from ptx.models.pose_flow_losses import (
    PairWeights,
    active_levels,
    pair_loss,
    texture_distance,
)
from ptx.models.warping import FLOW_UNIT
from tests.models.samples import PAIR_SHAPE, flow_prediction

Array = NDArray[np.float64]

WEIGHTS = PairWeights(texture=1.0, garments=0.5, hidden=0.35, smooth=0.5)
ALL = (1.0, 1.0, 1.0)


def striped(shift: int = 0, light: float = 1.0) -> tuple[Tensor, Tensor]:
    """A picture of a striped square and its labels, moved right by `shift` px."""
    picture, labels = torch.full((1, 3, *PAIR_SHAPE), -0.2), torch.zeros(1, *PAIR_SHAPE, dtype=torch.uint8)
    stripes = ((torch.arange(24) // 4) % 2).float() * 1.2 - 0.7
    picture[..., 16:48, 8 + shift : 32 + shift] = stripes * light
    labels[:, 16:48, 8 + shift : 32 + shift] = 3
    return picture, labels


def test_the_right_flow_fits_best() -> None:
    (source, before), (target, after) = striped(), striped(8)
    fits = {
        dx: float(pair_loss(flow_prediction((dx, 0.0)), source, target, before, after, WEIGHTS, ALL)["fit"])
        for dx in (-16.0, -12.0, -8.0, -4.0, 0.0)
    }
    assert min(fits, key=lambda dx: fits[dx]) == -8
    assert fits[-8.0] < 0.02
    # Each idea on its own finds it too.
    for weights in (WEIGHTS._replace(garments=0.0), WEIGHTS._replace(texture=0.0)):
        alone = [
            float(pair_loss(flow_prediction((dx, 0.0)), source, target, before, after, weights, ALL)["fit"])
            for dx in (-8.0, 0.0)
        ]
        assert alone[0] < alone[1]


def test_hidden_costs_what_it_costs() -> None:
    (source, before), (target, after) = striped(), striped(8)
    terms = pair_loss(flow_prediction((30.0, 0.0), (0.0, 20.0, 0.0)), source, target, before, after, WEIGHTS, ALL)
    assert float(terms["fit"]) == pytest.approx(WEIGHTS.hidden, rel=1e-3)
    # ... which pays where nothing fits, and not where all does.
    for dx, cheaper in ((30.0, "hidden"), (-8.0, "visible")):
        cost = {
            name: float(
                pair_loss(flow_prediction((dx, 0.0), logits), source, target, before, after, WEIGHTS, ALL)["fit"]
            )
            for name, logits in (("visible", (9.0, 0.0, 0.0)), ("hidden", (0.0, 9.0, 0.0)))
        }
        assert min(cost, key=lambda name: cost[name]) == cheaper


def test_light_counts_less_than_pattern() -> None:
    plain, shaded, moved = striped()[0], striped(light=0.75)[0], striped(4)[0]
    inside = (slice(None), slice(None), slice(20, 44), slice(14, 30))
    assert texture_distance(plain, plain).abs().max() == 0
    assert texture_distance(plain, shaded)[inside].mean() < 0.25 * texture_distance(plain, moved)[inside].mean()


def test_constant_flow_is_smooth_and_a_bend_is_not() -> None:
    source, labels = striped()
    flat = flow_prediction((3.0, -2.0))
    assert float(pair_loss(flat, source, source, labels, labels, WEIGHTS, ALL)["smooth"]) < 1e-6
    bent = flow_prediction((0.0, 0.0))
    for flow in bent.pyramid:
        flow[:, 0] = (torch.arange(flow.shape[-1]) / flow.shape[-1]) ** 2
    assert float(pair_loss(bent, source, source, labels, labels, WEIGHTS, ALL)["smooth"]) > 1e-4


def test_coarse_comes_first() -> None:
    assert active_levels(0.0, 0.3, 3) == [0, 0, 1]
    assert active_levels(0.16, 0.3, 3) == [0, 1, 1]
    assert active_levels(0.3, 0.3, 3) == [1, 1, 1]
    assert active_levels(0.0, 0.0, 3) == [1, 1, 1]


def test_locked_levels_get_no_gradient() -> None:
    source, labels = striped()
    made = flow_prediction((1.0, 0.0))
    for flow in made.pyramid:
        flow.requires_grad_(True)
    terms = pair_loss(made, source, source, labels, labels, WEIGHTS, (0.0, 0.0, 1.0))
    torch.stack(list(terms.values())).sum().backward()
    assert [flow.grad is not None for flow in made.pyramid] == [False, True, False]


# --- numbers by hand ------------------------------------------------------------------------------------------------------


def charbonnier(x: float) -> float:
    """A difference rounded at 0.01."""
    return math.sqrt(x * x + 1e-4) - 0.01


def one_colour(*rgb: float) -> Tensor:
    return torch.tensor(rgb)[None, :, None, None].expand(1, 3, 7, 7).clone()


def test_light_costs_half_its_difference() -> None:
    distance = texture_distance(one_colour(-0.2, -0.2, -0.2), one_colour(0.2, 0.2, 0.2))
    assert distance.shape == (1, 1, 7, 7)
    torch.testing.assert_close(distance, torch.full_like(distance, 0.5 * charbonnier(0.4)))


@pytest.mark.parametrize(
    ("rgb", "hue", "light"),
    [
        # x + 1.2 is 2, 1, 1: logarithms less their mean are ln 2 times 2/3, -1/3, -1/3, and 0 for the grey
        ((0.8, -0.2, -0.2), 4 / 9 * math.log(2), 1 / 3),
        # black is 0.2: ln 5 times -2/3, 1/3, 1/3
        ((-1.0, -0.2, -0.2), 4 / 9 * math.log(5), 0.8 / 3),
        # what lies below black counts as black
        ((-1.5, -0.2, -0.2), 4 / 9 * math.log(5), 1.3 / 3),
    ],
)
def test_colour_costs_five_times_its_difference(rgb: tuple[float, float, float], hue: float, light: float) -> None:
    distance = texture_distance(one_colour(*rgb), one_colour(-0.2, -0.2, -0.2))
    wanted = 5 * charbonnier(hue) + 0.5 * charbonnier(light)
    torch.testing.assert_close(distance, torch.full_like(distance, wanted), rtol=1e-5, atol=1e-6)


def test_pattern_costs_a_quarter_of_its_difference() -> None:
    """One pixel that is 0.5 brighter: within 5 × 5 its mean is 0.5 / 25, its square's 0.25 / 25, plain cloth's deviation 0.1."""
    a, b = one_colour(-0.2, -0.2, -0.2), one_colour(-0.2, -0.2, -0.2)
    a[..., 3, 3] += 0.5
    deviation = math.sqrt(0.25 / 25 - 0.02**2 + 0.1**2)
    distance = texture_distance(a, b)[0, 0]
    here = 0.25 * charbonnier(0.48 / deviation) + 0.5 * charbonnier(0.5)
    beside = 0.25 * charbonnier(0.02 / deviation)
    assert float(distance[3, 3]) == pytest.approx(here, rel=1e-4)
    assert float(distance[1, 5]) == pytest.approx(beside, rel=1e-4)
    assert float(distance[0, 3]) == pytest.approx(0, abs=1e-6)
    assert float(distance[3, 6]) == pytest.approx(0, abs=1e-6)


def cells(x: Array, level: int) -> Array:
    """Means over cells of 2^level px."""
    batch, channels, height, width = x.shape
    side = 2**level
    return x.reshape(batch, channels, height // side, side, width // side, side).mean((3, 5))


def fetched(x: Array, flow: Array, outside: float) -> Array:
    """x (B, C, h, w) read at each pixel plus flow, bilinear; `outside` beyond the frame."""
    batch, _, height, width = x.shape
    out = np.empty_like(x)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=outside)
    for b, v, u in np.ndindex(batch, height, width):
        px = np.clip(u + flow[b, 0, v, u] + 1, 0, width + 0.999)
        py = np.clip(v + flow[b, 1, v, u] + 1, 0, height + 0.999)
        i, j = int(py), int(px)
        corners = padded[b, :, i : i + 2, j : j + 2]
        out[b, :, v, u] = np.einsum("cij,i,j->c", corners, [1 - py + i, py - i], [1 - px + j, px - j])
    return out


def looks(a: Array, b: Array) -> Array:
    """The docstring of `texture_distance` in NumPy and SciPy, (B, 1, h, w)."""

    def rounded(x: Array) -> Array:
        return np.sqrt(x**2 + 0.01**2) - 0.01

    def hue(x: Array) -> Array:
        logarithm = np.log(np.maximum(x + 1.2, 0.2))
        return logarithm - logarithm.mean(1, keepdims=True)

    def pattern(x: Array) -> Array:
        grey = x.mean(1, keepdims=True)
        size = (1, 1, 5, 5)
        mean = uniform_filter(grey, size, mode="nearest")
        variance = uniform_filter(grey**2, size, mode="nearest") - mean**2
        return (grey - mean) / np.sqrt(np.maximum(variance, 0) + 0.1**2)

    return (
        5 * rounded(np.abs(hue(a) - hue(b)).mean(1, keepdims=True))
        + 0.25 * rounded(np.abs(pattern(a) - pattern(b)))
        + 0.5 * rounded(np.abs(a - b).mean(1, keepdims=True))
    )


def test_texture_distance_is_what_its_docstring_says() -> None:
    a, b = torch.rand(2, 2, 3, 9, 7, generator=torch.Generator().manual_seed(0)) * 2 - 1
    wanted = looks(a.double().numpy(), b.double().numpy())
    np.testing.assert_allclose(texture_distance(a, b).numpy(), wanted, rtol=1e-4, atol=1e-5)


class Pair:
    """Two pairs of noisy pictures of 16 × 12 px, all of whose parts differ, with patches of garments."""

    def __init__(self) -> None:
        rng = torch.Generator().manual_seed(3)
        self.source, self.target = torch.rand(2, 2, 3, 16, 12, generator=rng) * 2 - 1
        patches = torch.randint(0, 4, (2, 2, 4, 2), generator=rng, dtype=torch.uint8)
        self.source_parsing, self.target_parsing = patches.repeat_interleave(4, 2).repeat_interleave(6, 3)
        pyramid = [torch.randn(2, 2, 16 >> k, 12 >> k, generator=rng) * 3 / FLOW_UNIT for k in (1, 2)]
        self.prediction = FlowPrediction(pyramid, torch.randn(2, 3, 16, 12, generator=rng))

    def terms(self, levels: tuple[float, ...]) -> dict[str, float]:
        pictures = (self.source, self.target, self.source_parsing, self.target_parsing)
        return {name: float(term) for name, term in pair_loss(self.prediction, *pictures, WEIGHTS, levels).items()}


def level_terms(pair: Pair, level: int) -> tuple[float, float]:
    """Fit and bend of a pair at one level, by NumPy."""
    garments = [
        np.eye(12)[labels.numpy()].transpose(0, 3, 1, 2) for labels in (pair.source_parsing, pair.target_parsing)
    ]
    source_labels, target_labels = (cells(labels, level) for labels in garments)
    odds = np.exp(pair.prediction.logits.double().numpy())
    shown = cells(odds[:, :1] / (odds[:, :1] + odds[:, 1:2]), level)
    flow = (pair.prediction.dense / 20 if level == 0 else pair.prediction.pyramid[level - 1]).double().numpy()
    px = flow * 20 / 2**level
    picture = fetched(cells(pair.source.double().numpy(), level), px, outside=-1)
    error = WEIGHTS.texture * looks(picture, cells(pair.target.double().numpy(), level))
    error += WEIGHTS.garments * (1 - (fetched(source_labels, px, outside=0) * target_labels).sum(1, keepdims=True))
    person = cells((pair.target_parsing.numpy() > 0).astype(float)[:, None], level)
    fit = (person * (shown * error + (1 - shown) * WEIGHTS.hidden)).sum() / person.sum()
    down, right = (np.abs(np.diff(flow, 2, axis=axis)).sum(1) for axis in (2, 3))
    inner = target_labels[:, 1:]
    down_same = (inner[:, :, :-2] * inner[:, :, 1:-1] * inner[:, :, 2:]).sum(1)
    right_same = (inner[..., :-2] * inner[..., 1:-1] * inner[..., 2:]).sum(1)
    bend = (down * down_same).sum() / max(down_same.sum(), 1) + (right * right_same).sum() / max(right_same.sum(), 1)
    return float(fit), float(bend)


@pytest.mark.parametrize(
    "levels", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0), (0.5, 0.0, 0.25)]
)
def test_terms_of_a_pair_are_those_of_its_levels(levels: tuple[float, ...]) -> None:
    """Terms are means over the levels that take part; weights that sum to less than 1 are taken as they are."""
    pair = Pair()
    by_level = np.array([level_terms(pair, level) for level in (0, 1, 2)])
    fit, bend = np.array(levels) @ by_level / max(sum(levels), 1)
    terms = pair.terms(levels)
    assert terms["fit"] == pytest.approx(fit, rel=1e-4)
    assert terms["smooth"] == pytest.approx(0.5 * bend, rel=1e-4)


def test_the_outline_is_the_cross_entropy_of_person_and_background() -> None:
    pair = Pair()
    odds = np.exp(pair.prediction.logits.double().numpy())
    chances = odds / odds.sum(1, keepdims=True)
    person = pair.target_parsing.numpy() > 0
    wanted = -np.log(np.where(person, chances[:, 0] + chances[:, 1], chances[:, 2])).mean()
    assert pair.terms(ALL)["outline"] == pytest.approx(wanted, rel=1e-5)


def test_every_level_has_a_weight() -> None:
    with pytest.raises(ValueError, match="zip"):
        Pair().terms((1.0, 1.0))


def test_chances_below_a_millionth_count_as_a_millionth() -> None:
    """Logarithms stay finite, and where a body is out of the question its pixels count as hidden."""
    source, labels = striped()
    person = float((labels > 0).float().mean())
    for logits, wrong in (((-40.0, -40.0, 40.0), person), ((40.0, 40.0, -40.0), 1 - person)):
        outline = pair_loss(flow_prediction((0.0, 0.0), logits), source, source, labels, labels, WEIGHTS, ALL)[
            "outline"
        ]
        assert float(outline) == pytest.approx(wrong * math.log(1e6), rel=1e-4)
    # Visible with a chance of half a millionth, surely not hidden: half visible, where it costs nothing.
    doubtful = flow_prediction((0.0, 0.0), (math.log(0.5e-6), -100.0, 0.0))
    fit = pair_loss(doubtful, source, source, labels, labels, WEIGHTS, (1.0, 0.0, 0.0))["fit"]
    assert float(fit) == pytest.approx(0.5 * WEIGHTS.hidden, rel=1e-3)


def test_few_levels_start_at_equal_distances() -> None:
    assert active_levels(0.0, 0.3, 1) == [1]
    assert active_levels(0.29, 0.3, 2) == [0, 1]
    assert active_levels(0.14, 0.3, 3) == [0, 0, 1]
    assert active_levels(0.21, 0.3, 4) == [0, 1, 1, 1]
    assert active_levels(0.19, 0.3, 4) == [0, 0, 1, 1]
