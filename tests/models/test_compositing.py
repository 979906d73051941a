"""Layers of a picture: laid by weights, and what is behind a person does not know the person."""

from __future__ import annotations

import pytest
import torch

from ptx.models.compositing import SourceLayers, compose, inpaint_background, source_layer_count, source_layers
from ptx.models.pose_maps import PoseMaps


def test_a_smooth_scene_comes_back_behind_whoever_stands_before_it() -> None:
    rows, columns = torch.meshgrid(torch.linspace(-0.5, 0.5, 64), torch.linspace(-0.3, 0.3, 32), indexing="ij")
    scene = torch.stack([rows, columns, rows + columns])[None]
    person = torch.zeros(1, 1, 64, 32)
    person[..., 20:44, 12:20] = 1
    filled = inpaint_background(torch.where(person > 0, 0.9, scene), person)
    assert (filled - scene).abs().max() < 0.12
    untouched = torch.nn.functional.max_pool2d(person, 3, 1, 1) == 0
    torch.testing.assert_close(filled[untouched.expand_as(filled)], scene[untouched.expand_as(filled)])


def test_nothing_is_known_behind_a_person_who_fills_the_picture() -> None:
    filled = inpaint_background(torch.rand(1, 3, 33, 17), torch.ones(1, 1, 33, 17))
    assert torch.equal(filled, torch.zeros_like(filled))


def test_weights_choose_the_layer() -> None:
    out = torch.randn(2, 5, 8, 8)
    layers = SourceLayers(
        torch.stack([torch.full((2, 3, 8, 8), v) for v in (0.25, -0.5)], dim=1), torch.zeros(2, 2, 8, 8)
    )
    for chosen, wanted in ((0, None), (1, 0.25), (2, -0.5)):
        out[:, 3:] = -60
        if chosen:
            out[:, 2 + chosen] = 60
        picture = compose(out, layers)
        expected = torch.tanh(out[:, :3]) if wanted is None else torch.full_like(picture, wanted)
        torch.testing.assert_close(picture, expected)
    small = layers.downsample(1)
    assert small.pictures.shape == (2, 2, 3, 4, 4)
    assert small.prior.shape == (2, 2, 4, 4)


@pytest.mark.parametrize("aligned", [False, True])
def test_a_source_that_is_kept_is_the_one_layer(aligned: bool) -> None:
    """As it is, its person too, and likely anywhere: GANimation's attention alone covers it."""
    image = torch.rand(1, 3, 32, 16)
    poses = PoseMaps(*(torch.rand(1, channels, 32, 16) for channels in (18, 18, 1, 1)))
    flow, visibility = torch.ones(1, 2, 32, 16), torch.zeros(1, 1, 32, 16, dtype=torch.uint8)
    found = source_layers("keep", aligned, image, poses, flow, visibility)
    assert found is not None
    assert torch.equal(found.pictures, image[:, None])
    assert torch.equal(found.prior, torch.zeros(1, 1, 32, 16))
    assert source_layers("paint", aligned, image, poses, flow, visibility) is None


@pytest.mark.parametrize("aligned", [False, True])
def test_only_aligned_networks_have_a_warped_layer(aligned: bool) -> None:
    image = torch.rand(1, 3, 32, 16)
    poses = PoseMaps(*(torch.rand(1, channels, 32, 16) for channels in (18, 18, 1, 1)))
    flow, visibility = torch.zeros(1, 2, 32, 16), torch.zeros(1, 1, 32, 16, dtype=torch.uint8)
    found = source_layers("layers", aligned, image, poses, flow, visibility)
    assert found is not None
    assert found.pictures.shape[1] == found.prior.shape[1] == source_layer_count("layers", aligned) == 1 + aligned
    assert source_layers("paint", aligned, image, poses, flow, visibility) is None


def test_a_drawn_surface_shows_in_the_place_of_the_warped_source() -> None:
    """Where its alpha is 1 it comes before the painted picture by as much as it comes behind where it is 0."""
    image = torch.rand(1, 3, 32, 16)
    poses = PoseMaps(*(torch.rand(1, channels, 32, 16) for channels in (18, 18, 1, 1)))
    flow, visibility = torch.zeros(1, 2, 32, 16), torch.zeros(1, 1, 32, 16, dtype=torch.uint8)
    drawn = torch.rand(1, 4, 32, 16)
    drawn[:, 3, 16:], drawn[:, 3, :16] = 1, 0
    found = source_layers("layers", True, image, poses, flow, visibility, drawn)
    assert found is not None
    assert found.pictures.shape[1] == source_layer_count("layers", True)
    assert torch.equal(found.pictures[:, 1], drawn[:, :3])
    assert (found.prior[:, 1, 16:] == 1).all()
    assert (found.prior[:, 1, :16] == -1).all()
