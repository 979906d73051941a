"""The mender's training goes on where it was stopped, learns, and what it writes is what OpenCV runs."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

from mender_training import pairs as drawing
from mender_training import train as training
from mender_training.examples import example, usable
from mender_training.export import export
from mender_training.pairs import PER_PERSON, UNKNOWN, Pairs, draw, lifelike, person_of
from mender_training.train import Batch
from small_training import loop
from small_training.loop import Pace, Run

from ptx.detector.onnx_file import open_network
from ptx.labels import garment
from ptx.models.efficientnet_lite import EfficientNetLite0
from ptx.models.mender_net import INPUTS, MenderNet
from ptx.surface.mending import SIZE


def made_pairs(folder: Path, count: int) -> Pairs:
    """People of a red box; drawn five px too far to the left, and blue."""
    pairs = Pairs.open(folder, count)
    pairs.drawn[:, 60:200, 50:100], pairs.shares[:, 60:200, 50:100] = (20, 30, 200), (255, 0)
    pairs.truth[:], pairs.truth[:, 60:200, 55:105] = 40, (200, 30, 20)
    pairs.marks[:, 60:200, 55:105] = (255, garment("top"))
    pairs.body[:, 60:200, 50:100] = (0.1, 0.2, 0.3, 0.6, 0, 0.8)
    pairs.state[:] = 1
    return pairs


def test_an_example_is_what_is_drawn_and_what_is_true(tmp_path: Path) -> None:
    """The drawn box is brought to the middle, as high as the frame but for the margins; the truth stands a tenth of its width beside it."""
    one = example(made_pairs(tmp_path, 1), 0)
    assert [x.shape for x in (one.shown, one.backdrop, one.truth, one.share, one.labels)] == [
        (INPUTS, *SIZE), (3, *SIZE), (3, *SIZE), (1, *SIZE), (128, 96),
    ]  # fmt: skip
    alpha, share = one.shown[3], one.share[0]
    scale = 256 / (140 * 1.12)
    assert alpha.sum() == pytest.approx(140 * 50 * scale**2, rel=0.02)
    columns = np.arange(SIZE[1])
    middle, beside = ((columns * plane.sum(0)).sum() / plane.sum() for plane in (alpha, share))
    assert middle == pytest.approx(95.5, abs=0.3)
    assert beside - middle == pytest.approx(5 * scale, abs=0.5)
    where = share > 0.99
    np.testing.assert_allclose(one.truth[:, where].mean(1), np.array((200, 30, 20)) / 127.5 - 1, atol=0.01)
    np.testing.assert_allclose(one.truth[:, share == 0].mean(1), 232 / 127.5 - 1, atol=0.01)
    assert set(np.unique(one.labels[where[::2, ::2]])) == {garment("top")}


def test_changed_examples_stay_true(tmp_path: Path) -> None:
    """However they are mirrored, moved and dyed: the truth is beside the drawn person by a tenth of their width, on the left or right."""
    pairs, sides = made_pairs(tmp_path, 2), set()
    for seed in range(12):
        one = example(pairs, 0, np.random.default_rng(seed))
        alpha, share = one.shown[3], one.share[0]
        columns = np.arange(SIZE[1])
        shift = (columns * share.sum(0)).sum() / share.sum() - (columns * alpha.sum(0)).sum() / alpha.sum()
        width = alpha.sum() / (alpha.sum(1) > 1).sum()
        assert abs(shift) == pytest.approx(0.1 * width, abs=1.5)
        sides.add(np.sign(shift))
        inside = one.shown[3] > 0.99
        assert np.sign(one.shown[8][inside].mean()) == np.sign(shift)  # the normal's x is mirrored with the picture
        assert np.abs(one.truth).max() <= 1
    assert sides == {-1, 1}


def test_pairs_whose_fit_has_failed_are_left_out(tmp_path: Path) -> None:
    pairs = made_pairs(tmp_path, 3)
    pairs.marks[1] = 0
    pairs.marks[1, 60:200, 70:120] = 255
    pairs.state[2] = 2
    assert usable(pairs).tolist() == [0]
    assert person_of(np.array([0, PER_PERSON - 1, PER_PERSON])).tolist() == [0, 0, 1]


@pytest.mark.slow
def test_a_stopped_training_ends_as_one_that_was_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "PACE", replace(training.PACE, batch=2, saved_each=1))
    some = [made_pairs(tmp_path / "pairs", 4)]
    whole = training.train(Run(tmp_path / "whole", 3), some)
    rate = loop.rate

    def stops(pace: Pace, step: int, steps: int) -> float:
        if step == 2:
            raise KeyboardInterrupt
        return rate(pace, step, steps)

    monkeypatch.setattr(loop, "rate", stops)
    with pytest.raises(KeyboardInterrupt):
        training.train(Run(tmp_path / "parts", 3), some)
    monkeypatch.setattr(loop, "rate", rate)
    again = training.train(Run(tmp_path / "parts", 3), some).state_dict()
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(again[name], value, rtol=1e-3, atol=1e-4)
    assert float(again["flow.weight"].abs().max()) > 0


@pytest.mark.slow
def test_every_part_of_the_loss_is_as_its_weight_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Terms are proportional to their weights, L1 is the picture's, and labels that nobody knows ask for nothing."""
    torch.manual_seed(0)
    net, features = MenderNet().eval(), EfficientNetLite0.load()
    batch = Batch.of([example(made_pairs(tmp_path, 1), 0)])
    terms, mended = training.losses(net, features, batch)
    assert set(terms) == {"l1", "perceptual", "gradients", "alpha", "rough", "layout"}
    off = (mended.over(batch.backdrop) - batch.truth).abs().mean()
    torch.testing.assert_close(terms["l1"], off)
    torch.testing.assert_close(terms["alpha"], training.ALPHA * (mended.alpha - batch.share).abs().mean())
    for weight, name in (
        ("PERCEPTUAL", "perceptual"), ("GRADIENTS", "gradients"), ("LAYOUT", "layout"),
    ):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setattr(training, weight, 3 * getattr(training, weight))
            torch.testing.assert_close(training.losses(net, features, batch)[0][name], 3 * terms[name])
    assert (training.PERCEPTUAL, training.GRADIENTS, training.LAYOUT, training.ALPHA) == (2.0, 0.5, 0.1, 0.5)
    nobody = replace(batch, labels=torch.full_like(batch.labels, UNKNOWN))
    assert "layout" not in training.losses(net, features, nobody)[0]


@pytest.mark.slow
def test_opencv_runs_what_torch_trained(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = MenderNet().eval()
    for parameter in net.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.05)
    path = tmp_path / "net.onnx"
    export(net, path)
    shown = torch.randn(1, INPUTS, *SIZE)
    opened = open_network(path, hashlib.sha256(path.read_bytes()).hexdigest(), "mender")()
    opened.setInput(shown.numpy(), "shown")
    flow, fine = opened.forward(["flow", "fine"])
    with torch.no_grad():
        fields = net(shown)
    assert float(fields.flow.abs().max()) > 0.5
    np.testing.assert_allclose(flow, fields.flow.numpy(), atol=0.02)  # weights of 16 bits
    expected = torch.cat([fields.paint, fields.alpha], 1).numpy()
    np.testing.assert_allclose(fine, expected, atol=0.01)


@pytest.mark.slow
def test_pairs_are_drawn_once_and_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One person in four pictures: twelve pairs; what is there is not drawn again; the truth is the population's picture."""
    population = lifelike("", 1, 3)
    draw(tmp_path / "pairs", population, 1, 1)
    pairs = Pairs.open(tmp_path / "pairs")
    assert len(pairs.state) == PER_PERSON == 12
    assert (pairs.state == 1).sum() >= 6  # people are found in most pictures
    good = usable(pairs)
    assert len(good) >= 4
    before = pairs.drawn[good[0]].copy()
    monkeypatch.setattr(drawing, "_draw_person", None)  # would fail
    draw(tmp_path / "pairs", population, 1, 1)
    np.testing.assert_array_equal(Pairs.open(tmp_path / "pairs").drawn[good[0]], before)
    shown, true = pairs.shares[good[0], ..., 0] > 127, pairs.marks[good[0], ..., 0] > 127
    assert (shown & true).sum() > 0.5 * (shown | true).sum()
