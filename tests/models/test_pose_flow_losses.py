"""Learning flow without knowing it: what fits costs less, light does not count, warps on purpose are what they say."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from torch import Tensor
from torch.nn import functional as F

from ptx.models.flow_net import FlowPrediction
from ptx.models.pose_flow_losses import (
    KnownWarp,
    PairWeights,
    active_levels,
    known_warp,
    known_warp_loss,
    pair_loss,
    texture_distance,
)
from ptx.models.warping import FLOW_UNIT

Array = NDArray[np.float64]

WEIGHTS = PairWeights(texture=1.0, garments=0.5, hidden=0.35, smooth=0.5)
SHAPE = (64, 48)
ALL = (1.0, 1.0, 1.0)


def prediction(flow: tuple[float, float], logits: tuple[float, float, float] = (9.0, 0.0, 0.0)) -> FlowPrediction:
    """The same flow (px) and logits everywhere, for one picture."""
    one = torch.tensor(flow)[None, :, None, None] / FLOW_UNIT
    pyramid = [one.expand(1, 2, SHAPE[0] >> k, SHAPE[1] >> k).clone() for k in (1, 2, 3)]
    return FlowPrediction(pyramid, torch.tensor(logits)[None, :, None, None].expand(1, 3, *SHAPE).clone())


def striped(shift: int = 0, light: float = 1.0) -> tuple[Tensor, Tensor]:
    """A picture of a striped square and its labels, moved right by `shift` px."""
    picture, labels = torch.full((1, 3, *SHAPE), -0.2), torch.zeros(1, *SHAPE, dtype=torch.uint8)
    stripes = ((torch.arange(24) // 4) % 2).float() * 1.2 - 0.7
    picture[..., 16:48, 8 + shift : 32 + shift] = stripes * light
    labels[:, 16:48, 8 + shift : 32 + shift] = 3
    return picture, labels


def test_the_right_flow_fits_best() -> None:
    (source, before), (target, after) = striped(), striped(8)
    fits = {
        dx: float(pair_loss(prediction((dx, 0.0)), source, target, before, after, WEIGHTS, ALL)["fit"])
        for dx in (-16.0, -12.0, -8.0, -4.0, 0.0)
    }
    assert min(fits, key=lambda dx: fits[dx]) == -8
    assert fits[-8.0] < 0.02
    # Each idea on its own finds it too.
    for weights in (WEIGHTS._replace(garments=0.0), WEIGHTS._replace(texture=0.0)):
        alone = [
            float(pair_loss(prediction((dx, 0.0)), source, target, before, after, weights, ALL)["fit"])
            for dx in (-8.0, 0.0)
        ]
        assert alone[0] < alone[1]


def test_hidden_costs_what_it_costs() -> None:
    (source, before), (target, after) = striped(), striped(8)
    terms = pair_loss(prediction((30.0, 0.0), (0.0, 20.0, 0.0)), source, target, before, after, WEIGHTS, ALL)
    assert float(terms["fit"]) == pytest.approx(WEIGHTS.hidden, rel=1e-3)
    # ... which pays where nothing fits, and not where all does.
    for dx, cheaper in ((30.0, "hidden"), (-8.0, "visible")):
        cost = {
            name: float(pair_loss(prediction((dx, 0.0), logits), source, target, before, after, WEIGHTS, ALL)["fit"])
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
    flat = prediction((3.0, -2.0))
    assert float(pair_loss(flat, source, source, labels, labels, WEIGHTS, ALL)["smooth"]) < 1e-6
    bent = prediction((0.0, 0.0))
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
    made = prediction((1.0, 0.0))
    for flow in made.pyramid:
        flow.requires_grad_(True)
    terms = pair_loss(made, source, source, labels, labels, WEIGHTS, (0.0, 0.0, 1.0))
    torch.stack(list(terms.values())).sum().backward()
    assert [flow.grad is not None for flow in made.pyramid] == [False, True, False]


def test_a_known_warp_is_what_it_says() -> None:
    """Sampling its flow at its keypoints (OpenCV) leads back to the source's, and its picture shows the person there."""
    torch.manual_seed(0)
    count, height, width = 6, 128, 96
    keypoints = torch.rand(count, 18, 3) * torch.tensor([width - 30, height - 30, 1.0]) + torch.tensor(
        [15.0, 15.0, 0.2]
    )
    keypoints[:, 3, 2] = 0
    parsing = torch.zeros(count, height, width, dtype=torch.uint8)
    parsing[:, 20:110, 25:70] = 4
    known = known_warp(keypoints, parsing)
    seen = 0
    for i in range(count):
        flow = known.flow[i].permute(1, 2, 0).numpy()
        for k in range(18):
            x, y, confidence = known.keypoints[i, k].tolist()
            if confidence == 0:
                continue
            there = cv2.remap(
                flow, np.float32([[x]]), np.float32([[y]]), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            assert np.hypot(*(there[0, 0] + (x, y) - keypoints[i, k, :2].numpy())) < 0.7
            seen += 1
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        fetched = cv2.remap(parsing[i].numpy(), columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_NEAREST)
        assert ((fetched > 0) == (known.visibility[i, 0].numpy() == 0)).mean() > 0.99
    assert seen > 70
    assert (known.keypoints[:, 3] == 0).all()
    assert known.flow.abs().mean() > 3


def test_the_known_flow_costs_nothing() -> None:
    torch.manual_seed(1)
    parsing = torch.zeros(1, *SHAPE, dtype=torch.uint8)
    parsing[:, 10:50, 10:40] = 4
    known = known_warp(torch.rand(1, 18, 3) * 40, parsing, bend=0.0)
    body = (known.visibility == 0).float()
    right = [
        F.avg_pool2d(known.flow * body, 2**k) / F.avg_pool2d(body, 2**k).clamp(min=1e-6) / FLOW_UNIT for k in (1, 2, 3)
    ]
    sure = torch.cat([body, torch.zeros_like(body), 1 - body], dim=1) * 40 - 20
    assert float(known_warp_loss(FlowPrediction(right, sure), known)) < 1e-4
    assert float(known_warp_loss(prediction((0.0, 0.0)), known)) > 0.02


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
        outline = pair_loss(prediction((0.0, 0.0), logits), source, source, labels, labels, WEIGHTS, ALL)["outline"]
        assert float(outline) == pytest.approx(wrong * math.log(1e6), rel=1e-4)
    # Visible with a chance of half a millionth, surely not hidden: half visible, where it costs nothing.
    doubtful = prediction((0.0, 0.0), (math.log(0.5e-6), -100.0, 0.0))
    fit = pair_loss(doubtful, source, source, labels, labels, WEIGHTS, (1.0, 0.0, 0.0))["fit"]
    assert float(fit) == pytest.approx(0.5 * WEIGHTS.hidden, rel=1e-3)


def test_few_levels_start_at_equal_distances() -> None:
    assert active_levels(0.0, 0.3, 1) == [1]
    assert active_levels(0.29, 0.3, 2) == [0, 1]
    assert active_levels(0.14, 0.3, 3) == [0, 0, 1]
    assert active_levels(0.21, 0.3, 4) == [0, 1, 1, 1]
    assert active_levels(0.19, 0.3, 4) == [0, 0, 1, 1]


# --- known warps by hand --------------------------------------------------------------------------------------------------

SIZE = (33, 25)
"""Height and width: a warp's 5 × 4 control points lie on every eighth pixel of both."""


class Draws:
    """What `known_warp` draws after a seed, in its order, and the affine map p → matrix (p - middle) + middle + shift."""

    def __init__(self, count: int, seed: int = 0) -> None:
        torch.manual_seed(seed)
        angle, stretch, shift = (torch.rand(count, *shape).double().numpy() for shape in ((), (2,), (2,)))
        self.knots = torch.randn(count, 2, 5, 4).double().numpy()
        angle = 0.5 * (2 * angle - 1)
        across, up = (1 + 0.2 * (2 * stretch - 1)).T
        cos, sin = np.cos(angle), np.sin(angle)
        self.matrix = np.array([[cos * across, -sin * up], [sin * across, cos * up]]).transpose(2, 0, 1)
        self.middle = np.array([12.0, 16.0])
        self.offset = (2 * shift - 1) * (0.1 * SIZE[1], 0.05 * SIZE[0]) + self.middle
        torch.manual_seed(seed)

    def source(self, points: Array) -> Array:
        """Where points (B, N, 2) of the warped picture lie in the source, without a bend."""
        return np.einsum("bij,bnj->bni", self.matrix, points - self.middle) + self.offset[:, None]


def all_pixels() -> Array:
    """(H * W, 2) x, y."""
    return np.stack(np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0])), -1).reshape(-1, 2).astype(float)


def test_a_known_warp_turns_stretches_and_shifts_about_the_middle() -> None:
    draws = Draws(4)
    parsing = torch.randint(0, 2, (4, *SIZE), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    known = known_warp(torch.zeros(4, 18, 3), parsing, bend=0.0)
    source = draws.source(all_pixels()[None])  # (4, H * W, 2)
    flow = known.flow.permute(0, 2, 3, 1).reshape(4, -1, 2).numpy()
    np.testing.assert_allclose(flow, source - all_pixels(), atol=1e-4)
    x, y = np.rint(source).astype(int).transpose(2, 0, 1)
    padded = np.pad(parsing.numpy(), ((0, 0), (9, 9), (9, 9)))
    person = padded[np.arange(4)[:, None], y + 9, x + 9] > 0
    assert known.visibility.shape == (4, 1, *SIZE)
    assert known.visibility.dtype == torch.uint8
    assert (known.visibility.reshape(4, -1).numpy() == np.where(person, 0, 2)).all()


@pytest.mark.parametrize("bend", [0.1, None])
def test_the_bend_goes_through_its_control_points(bend: float | None) -> None:
    """Their standard deviation is a fraction of the height, 0.04 where nothing else is said."""
    parsing = torch.ones(3, *SIZE, dtype=torch.uint8)
    draws = Draws(3)
    known = (
        known_warp(torch.zeros(3, 18, 3), parsing) if bend is None else known_warp(torch.zeros(3, 18, 3), parsing, bend)
    )
    affine = (draws.source(all_pixels()[None]) - all_pixels()).reshape(3, *SIZE, 2).transpose(0, 3, 1, 2)
    bends = known.flow.numpy() - affine
    np.testing.assert_allclose(bends[..., ::8, ::8], draws.knots * (bend or 0.04) * 33, atol=1e-4)
    # Half-way between the inner two of four, a cubic convolution (A = -0.75) weighs them by 19/32 and the outer ones by -3/32.
    between = bends[..., ::8, ::8] @ np.array([-3, 19, 19, -3]) / 32
    np.testing.assert_allclose(bends[..., ::8, 12], between, atol=1e-4)


def test_keypoints_of_a_turned_picture() -> None:
    """Points up to half a pixel beyond the warped picture's frame are kept, others and missing ones are zero."""
    draws = Draws(2)
    edges = [
        (-0.4, 5),
        (-0.6, 5),
        (24.4, 5),
        (24.6, 5),
        (7, -0.4),
        (7, -0.6),
        (7, 32.4),
        (7, 32.6),
        (-0.6, 33),
        (25, -1),
    ]
    inner = [(3, 4), (20, 30), (11.5, 16.2), (0, 0), (24, 32)]
    points = np.array(edges + inner + [(10, 10), (11, 11), (12, 12)], dtype=float)
    keypoints = torch.zeros(2, 18, 3)
    keypoints[..., :2] = torch.from_numpy(draws.source(points[None]))
    keypoints[..., 2] = torch.arange(1, 19) / 20
    keypoints[:, 15, 2] = 0
    keypoints[:, 16, 0] = math.nan
    keypoints[:, 17, 1] = math.nan
    wanted = np.concatenate([points, np.arange(1, 19)[:, None] / 20], 1)
    wanted[[1, 3, 5, 7, 8, 9, 15, 16, 17]] = 0
    known = known_warp(keypoints, torch.ones(2, *SIZE, dtype=torch.uint8), bend=0.0)
    np.testing.assert_allclose(known.keypoints.numpy(), np.stack([wanted] * 2), atol=1e-4)


def test_keypoints_of_a_bent_picture_are_sought_in_twelve_steps() -> None:
    """Each step undoes the turn and the bend that the last step's point was given; beyond the frame the border's bend holds."""
    draws = Draws(2, seed=5)
    keypoints = torch.rand(2, 18, 3, generator=torch.Generator().manual_seed(2)) * torch.tensor([24.0, 32.0, 1.0])
    known = known_warp(keypoints, torch.ones(2, *SIZE, dtype=torch.uint8), bend=0.08)
    affine = (draws.source(all_pixels()[None]) - all_pixels()).reshape(2, *SIZE, 2).transpose(0, 3, 1, 2)
    bends = known.flow.numpy() - affine  # (2, 2, H, W)
    for b in range(2):
        inverse = np.linalg.inv(draws.matrix[b])
        for k in range(18):
            shift = np.zeros(2)
            for _ in range(12):
                point = inverse @ (keypoints[b, k, :2].numpy() - draws.offset[b] - shift) + draws.middle
                x, y = np.clip(point, 0, (24, 32))
                i, j = min(int(y), 31), min(int(x), 23)
                shift = np.einsum(
                    "cij,i,j->c", bends[b, :, i : i + 2, j : j + 2], [1 - y + i, y - i], [1 - x + j, x - j]
                )
            inside = (point >= -0.5).all() and (point < (24.5, 32.5)).all()
            wanted = [*point, keypoints[b, k, 2]] if inside else [0, 0, 0]
            np.testing.assert_allclose(known.keypoints[b, k].numpy(), wanted, atol=2e-4)


def test_a_known_warp_costs_its_flow_and_a_tenth_of_its_outline() -> None:
    """Logits that say nothing cost ln 3; flow that is one unit too long everywhere costs the weights of its levels."""
    visibility = torch.zeros(1, 1, *SHAPE, dtype=torch.uint8)
    visibility[..., :20] = 2
    known = KnownWarp(torch.full((1, 2, *SHAPE), 8.0), torch.zeros(1, 18, 3), visibility)
    none = known_warp_loss(prediction((8.0, 8.0), (0.0, 0.0, 0.0)), known)
    long = known_warp_loss(prediction((8.0 + FLOW_UNIT, 8.0), (0.0, 0.0, 0.0)), known)
    assert float(none) == pytest.approx(0.1 * math.log(3), rel=1e-4)
    assert float(long - none) == pytest.approx(0.32 + 0.16 + 0.08, rel=1e-4)
    # The person is visible: what shows it costs less, by 2 nats there and by -2 on the background's 20 of 48 columns.
    sure = known_warp_loss(prediction((8.0, 8.0), (2.0, 0.0, 0.0)), known)
    assert float(sure) == pytest.approx(0.1 * (math.log(math.e**2 + 2) - 2 * 28 / 48), rel=1e-4)
