"""The loop of an evaluation, fed by hand: every method on every pair, the rules of the protocol, sets scored at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from ptx.evaluation.evaluate import Surroundings, evaluate
from ptx.evaluation.learned_metrics import LearnedMetrics, SetStatistics
from ptx.evaluation.lpips import Lpips
from ptx.evaluation.methods import Method, Methods
from ptx.evaluation.pairs import LabelledFlow, PairBatch, Photographs
from ptx.evaluation.protocols import EvaluationProtocol, Frame, Split, find_protocol
from ptx.evaluation.scores import CONTROL, Scores
from ptx.models.ssim import ssim
from ptx.training.data import map_batch
from tests.evaluation.hand_made import HandMadePairs, hand_made_methods, random_flow, random_rows


def brightness(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Stands in for Inception: the pictures' mean colours, and class 1 the surer the brighter one is."""
    mean = x.mean((1, 2, 3))
    return x.mean((2, 3)), torch.stack([-4 * mean, 4 * mean], dim=1).softmax(1)


@pytest.fixture
def pairs() -> HandMadePairs:
    """Five pairs in batches of three and two."""
    first = PairBatch(random_rows(3, seed=3, numbers=[4, 8, 15]), random_flow(3))
    second = PairBatch(random_rows(2, seed=2, numbers=[16, 23]), random_flow(2))
    return HandMadePairs(np.array([4, 8, 15, 16, 23]), (first, second), ("",) * 5)


def test_every_method_is_scored_on_every_pair(pairs: HandMadePairs) -> None:
    scores = evaluate(hand_made_methods(), pairs, LearnedMetrics(), find_protocol("ours"))
    assert scores.pairs.tolist() == [4, 8, 15, 16, 23]
    assert list(scores.values) == ["copy", "perfect", "still", "exact"]
    assert list(scores.values["copy"]) == ["ssim", "body_ssim", "mask_ssim", "ms_ssim", "l1", "psnr"]
    assert all(len(values) == 5 for metrics in scores.values.values() for values in metrics.values())
    assert scores.values["perfect"]["l1"].tolist() == [0] * 5
    assert scores.values["exact"]["epe"].tolist() == [0] * 5
    assert "visibility_iou" not in scores.values["still"]
    wanted = torch.cat([ssim(batch.rows["source"], batch.rows["target"]) for batch in pairs.batches(3)])
    assert np.array_equal(scores.values["copy"]["ssim"], wanted.double().numpy())
    assert scores.protocol == find_protocol("ours").description


def test_without_exact_flow_no_flow_is_scored(pairs: HandMadePairs) -> None:
    plain = HandMadePairs(pairs.numbers, tuple(PairBatch(batch.rows) for batch in pairs.batches(3)))
    assert list(evaluate(hand_made_methods(), plain, LearnedMetrics(), EvaluationProtocol("x")).values) == [
        "copy",
        "perfect",
    ]


def test_the_protocol_prepares_what_is_scored(pairs: HandMadePairs) -> None:
    """As JPEG the perfect picture has an error, its photograph is left as it is."""
    written = evaluate(hand_made_methods(), pairs, LearnedMetrics(), EvaluationProtocol("x", jpeg=95))
    assert (written.values["perfect"]["l1"] > 0.01).all()
    wide = PairBatch({**random_rows(2), "source": torch.rand(2, 3, 128, 128), "target": torch.rand(2, 3, 128, 128)})
    given = HandMadePairs(np.arange(2), (wide,), ("",) * 2)
    cut = evaluate(hand_made_methods(), given, LearnedMetrics(), EvaluationProtocol("x", frame=Frame()))
    wanted = ssim(*(wide.rows[side][..., 20:108] for side in ("source", "target")))
    assert np.array_equal(cut.values["copy"]["ssim"], wanted.double().numpy())


def test_each_method_runs_once_a_batch(pairs: HandMadePairs) -> None:
    runs: list[int] = []

    def paint(batch: PairBatch) -> torch.Tensor:
        runs.append(len(batch))
        return batch.rows["source"]

    evaluate(Methods((), (), (), (Method("x", paint),)), pairs, LearnedMetrics(), EvaluationProtocol("x"))
    assert runs == [3, 2]


def test_progress_is_told(pairs: HandMadePairs) -> None:
    heard: list[tuple[str, int]] = []

    class Listening:
        def started(self, step: str, total: int, done: int) -> None:
            heard.append((f"{step} started at {done}", total))

        def advanced(self, step: str, count: int, bad: int) -> None:
            heard.append((f"{step} advanced", count))

        def told(self, step: str, text: str) -> None:
            raise AssertionError(text)

        def ended(self, step: str, counts: Mapping[str, float]) -> None:
            heard.append((f"{step} ended", int(counts["done"])))

    evaluate(hand_made_methods(), pairs, LearnedMetrics(), EvaluationProtocol("x"), Listening())
    assert heard == [
        ("evaluate started at 0", 5), ("evaluate advanced", 3), ("evaluate advanced", 2), ("evaluate ended", 5),
    ]  # fmt: skip


@pytest.mark.parametrize("rules", ["ours", "pidm2023"])
def test_photographs_of_one_split_are_scored_against_those_of_the_other(pairs: HandMadePairs, rules: str) -> None:
    """FID of the control is the distance of the splits' own features, and it is not itself the reference."""
    torch.manual_seed(0)
    dark, bright = torch.rand(30, 3, 128, 64) - 1, torch.rand(20, 3, 128, 64)
    asked: list[Split] = []

    def photographs(split: Split) -> Iterator[Photographs]:
        asked.append(split)
        return (Photographs(part, np.arange(len(part))) for part in {"train": dark, "test": bright}[split].split(8))

    protocol = find_protocol(rules)
    metrics = LearnedMetrics(inception=brightness, hashes={"inception": "abc"})
    scores = evaluate(hand_made_methods(), pairs, metrics, protocol, surroundings=Surroundings(photographs))
    assert asked == [protocol.reference, "test" if protocol.reference == "train" else "train"]
    assert scores.networks == {"inception": "abc"}
    a, b = (x.double().mean((2, 3)).numpy() for x in (dark, bright))
    if rules == "pidm2023":  # its utils/inception.py:126-128, of pictures in 0..1
        scale, shift = np.array([0.229, 0.224, 0.225]) / 0.5, (np.array([0.485, 0.456, 0.406]) - 0.5) / 0.5
        a, b = ((x + 1) / 2 * scale + shift for x in (a, b))
    root = sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real
    fid = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a, rowvar=False) + np.cov(b, rowvar=False) - 2 * root)
    control = scores.values[CONTROL]
    assert control["fid"].mean() == pytest.approx(fid, rel=0.02)
    has_inception_score = rules == "ours"
    assert ("is" in control) == has_inception_score
    assert len(control["fid"]) == (20 if protocol.reference == "train" else 30)
    for method in ("copy", "perfect"):
        assert scores.values[method]["fid"].shape == (5,)
        assert ("is" in scores.values[method]) == has_inception_score


def test_without_photographs_there_is_no_fid(pairs: HandMadePairs) -> None:
    scores = evaluate(hand_made_methods(), pairs, LearnedMetrics(inception=brightness), EvaluationProtocol("x"))
    assert "is" in scores.values["copy"]
    assert "fid" not in scores.values["copy"]
    assert CONTROL not in scores.values


def test_scores_of_pairs_are_given_away_before_anything_else_can_fail(
    pairs: HandMadePairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: SetStatistics, reference: object) -> None:
        raise MemoryError

    monkeypatch.setattr(SetStatistics, "pseudo_values", fail)
    kept: list[Scores] = []
    around = Surroundings(keep=lambda scores: kept.append(deepcopy(scores)))
    with pytest.raises(MemoryError):
        evaluate(hand_made_methods(), pairs, LearnedMetrics(inception=brightness), find_protocol("ours"), None, around)
    assert [list(scores.values) for scores in kept] == [["copy", "perfect", "still", "exact"]]
    assert np.isfinite(kept[0].values["copy"]["ssim"]).all()


@dataclass(frozen=True)
class CutPairs(HandMadePairs):
    """One batch of pairs, cut into batches of the size that is asked for."""

    def batches(self, size: int) -> Iterator[PairBatch]:
        (whole,) = self.given
        assert whole.truth is not None
        for first in range(0, len(whole), size):
            part = slice(first, first + size)
            rows = map_batch(whole.rows, lambda values, part=part: values[part])
            yield PairBatch(rows, LabelledFlow(whole.truth.flow[part], whole.truth.visibility[part]))


@pytest.mark.slow
@pytest.mark.parametrize("rules", ["ours", "intrinsic2019", "gfla2020"])
def test_batches_of_any_size_have_the_same_scores(rules: str) -> None:
    """Also of photographs; sums are of other orders, so the last of 32 bits may differ."""
    torch.manual_seed(0)
    given = CutPairs(np.arange(7), (PairBatch(random_rows(7), random_flow(7)),), ("",) * 7)
    pictures = torch.rand(11, 3, 128, 64) * 2 - 1

    def scored(size: int) -> Scores:
        def photographs(split: Split) -> Iterator[Photographs]:
            own = pictures if split == "train" else pictures.flip(0)
            return (Photographs(part, np.arange(len(part))) for part in own.split(size))

        metrics = LearnedMetrics(lpips=network, inception=brightness)
        return evaluate(
            hand_made_methods(), given, metrics, find_protocol(rules), None, Surroundings(photographs, batch=size)
        )

    network = Lpips().eval()
    whole = scored(7)
    for size in (1, 3):
        parts = scored(size)
        assert list(parts.values) == list(whole.values)
        for method, metrics in whole.values.items():
            for metric, values in metrics.items():
                np.testing.assert_allclose(parts.values[method][metric], values, rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_has_the_scores_of_the_cpu(pairs: HandMadePairs) -> None:
    torch.manual_seed(0)
    network = Lpips().eval()
    found = {}
    for name in ("cpu", "cuda"):
        device = torch.device(name)
        metrics = LearnedMetrics(lpips=network.to(device), inception=brightness, masked=True)
        around = Surroundings(device=device)
        found[name] = evaluate(hand_made_methods(), pairs, metrics, find_protocol("ours"), None, around).values
    for method, metrics in found["cpu"].items():
        for metric, values in metrics.items():
            np.testing.assert_allclose(found["cuda"][method][metric], values, rtol=1e-4, atol=1e-5)
