"""The parser's training goes on where it was stopped, and what it writes is what OpenCV runs."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

from parser_training import train as training
from parser_training.augment import IGNORED, augmented, plain_example
from parser_training.export import export
from parser_training.pictures import Pictures
from small_training import loop
from small_training.loop import Pace, Run

from ptx.labels import GARMENTS, garment
from ptx.models.efficientnet_lite import EfficientNetLite0
from ptx.models.parser_net import Decoder, ParserNet

CLOTHS = np.full((2, 40, 40, 3), 128, np.uint8)


def pictures(count: int) -> Pictures:
    """People of two rectangles: a head, and trousers below."""
    image = np.random.default_rng(0).integers(0, 256, (count, 320, 240, 3)).astype(np.uint8)
    labels = np.zeros((count, 320, 240), np.uint8)
    labels[:, 40:90, 95:145], labels[:, 90:280, 80:160] = garment("face"), garment("trousers")
    keypoints = np.full((count, 18, 3), 1, np.float32)
    keypoints[..., 0], keypoints[..., 1] = 120, np.linspace(60, 270, 18)
    return Pictures(image, labels, keypoints, np.ones(count, np.uint8))


def test_changed_pictures_keep_their_labels_in_place() -> None:
    """Whatever is done, what is known of a pixel is one of the labels that were drawn, or a bag's."""
    some = pictures(2)
    drawn = {0, garment("face"), garment("trousers"), garment("accessory"), IGNORED}
    for seed in range(30):
        one = augmented(
            some.image[0], some.labels[0], some.keypoints[0], some.image[1], CLOTHS, np.random.default_rng(seed)
        )
        assert one.picture.shape == (3, 256, 192)
        assert np.abs(one.picture).max() <= 1
        assert (one.body.shape, one.labels.shape) == ((7, 128, 96), (128, 96))
        assert set(np.unique(one.labels)) <= drawn
        assert (one.labels == garment("trousers")).any()


def test_plain_pictures_are_framed_with_their_labels() -> None:
    some = pictures(1)
    one = plain_example(some.image[0], some.labels[0], some.keypoints[0])
    inside = one.body[0] > 0.5
    assert (inside == ((one.labels > 0) & (one.labels < IGNORED))).mean() > 0.98


@pytest.mark.slow
def test_a_stopped_training_ends_as_one_that_was_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "PACE", replace(training.PACE, batch=2, saved_each=1))
    some = pictures(4)
    whole = training.train(Run(tmp_path / "whole", 3), some, CLOTHS)
    rate = loop.rate

    def stops(pace: Pace, step: int, steps: int) -> float:
        if step == 2:
            raise KeyboardInterrupt
        return rate(pace, step, steps)

    monkeypatch.setattr(loop, "rate", stops)
    with pytest.raises(KeyboardInterrupt):
        training.train(Run(tmp_path / "parts", 3), some, CLOTHS)
    monkeypatch.setattr(loop, "rate", rate)
    again = training.train(Run(tmp_path / "parts", 3), some, CLOTHS).state_dict()
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(again[name], value, rtol=1e-4, atol=1e-5)
    assert float(again["score.weight"].std()) > 0


@pytest.mark.slow
def test_opencv_runs_what_torch_trained(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = ParserNet(EfficientNetLite0.load(), Decoder()).eval()
    torch.nn.init.normal_(net.decoder.context[1].mix.weight, std=0.1)  # zero in the beginning
    export(net, tmp_path / "net.onnx")
    picture, body = torch.rand(1, 3, 256, 192) * 2 - 1, torch.rand(1, 7, 128, 96)
    opened = cv2.dnn.readNetFromONNX(str(tmp_path / "net.onnx"))
    opened.setInput(picture.numpy(), "picture")
    opened.setInput(body.numpy(), "body")
    with torch.no_grad():
        expected = net(picture, body).numpy()
    assert expected.shape == (1, len(GARMENTS), 128, 96)
    np.testing.assert_allclose(
        opened.forward(), expected, atol=0.01 * float(np.abs(expected).max())
    )  # weights of 16 bits
