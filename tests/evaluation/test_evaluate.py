"""The loop of an evaluation, fed by hand: every method on every pair, the rules of the protocol, sets scored at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from ptx.evaluation.evaluate import evaluate
from ptx.evaluation.learned_metrics import LearnedMetrics
from ptx.evaluation.methods import Method, Methods
from ptx.evaluation.pairs import PairBatch
from ptx.evaluation.protocols import EvaluationProtocol, Split, find_protocol
from ptx.evaluation.scores import CONTROL
from ptx.models.ssim import ssim
from tests.evaluation.hand_made import HandMadePairs, hand_made_methods, random_flow, random_rows


def brightness(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Stands in for Inception: the pictures' mean colours, and class 1 the surer the brighter one is."""
    mean = x.mean((1, 2, 3))
    return x.mean((2, 3)), torch.stack([-4 * mean, 4 * mean], dim=1).softmax(1)


@pytest.fixture
def pairs() -> HandMadePairs:
    """Five pairs in batches of three and two."""
    batches = tuple(PairBatch(random_rows(count, seed=count), random_flow(count)) for count in (3, 2))
    return HandMadePairs(np.array([4, 8, 15, 16, 23]), batches)


def test_every_method_is_scored_on_every_pair(pairs: HandMadePairs) -> None:
    scores = evaluate(hand_made_methods(), pairs, LearnedMetrics(), find_protocol("ours"))
    assert scores.pairs.tolist() == [4, 8, 15, 16, 23]
    assert list(scores.values) == ["copy", "perfect", "still", "exact"]
    assert list(scores.values["copy"]) == ["ssim", "body_ssim", "mask_ssim", "ms_ssim", "l1", "psnr"]
    assert all(len(values) == 5 for metrics in scores.values.values() for values in metrics.values())
    assert scores.values["perfect"]["l1"].tolist() == [0] * 5
    assert scores.values["exact"]["epe"].tolist() == [0] * 5
    assert "visibility_iou" not in scores.values["still"]
    wanted = torch.cat([ssim(batch.rows["source"], batch.rows["target"]) for batch in pairs.batches()])
    assert np.array_equal(scores.values["copy"]["ssim"], wanted.double().numpy())
    assert scores.protocol == find_protocol("ours").description


def test_without_exact_flow_no_flow_is_scored(pairs: HandMadePairs) -> None:
    plain = HandMadePairs(pairs.numbers, tuple(PairBatch(batch.rows) for batch in pairs.batches()))
    assert list(evaluate(hand_made_methods(), plain, LearnedMetrics(), EvaluationProtocol("x")).values) == [
        "copy",
        "perfect",
    ]


def test_the_protocol_prepares_what_is_scored(pairs: HandMadePairs) -> None:
    """As JPEG the perfect picture has an error, its photograph is left as it is."""
    written = evaluate(hand_made_methods(), pairs, LearnedMetrics(), EvaluationProtocol("x", file="jpeg"))
    assert (written.values["perfect"]["l1"] > 0.01).all()
    cut = evaluate(hand_made_methods(), pairs, LearnedMetrics(), EvaluationProtocol("x", crop=(0, 0, 64, 64)))
    first = next(pairs.batches()).rows
    wanted = ssim(first["source"][..., :64, :], first["target"][..., :64, :])
    assert np.array_equal(cut.values["copy"]["ssim"][:3], wanted.double().numpy())


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

    def photographs(split: Split) -> Iterator[torch.Tensor]:
        asked.append(split)
        return iter({"train": dark, "test": bright}[split].split(8))

    protocol = find_protocol(rules)
    metrics = LearnedMetrics(inception=brightness, hashes={"inception": "abc"})
    scores = evaluate(hand_made_methods(), pairs, metrics, protocol, photographs=photographs)
    assert asked == [protocol.reference, "test" if protocol.reference == "train" else "train"]
    assert scores.networks == {"inception": "abc"}
    a, b = (x.double().mean((2, 3)).numpy() for x in (dark, bright))
    root = sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real
    fid = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a, rowvar=False) + np.cov(b, rowvar=False) - 2 * root)
    control = scores.values[CONTROL]
    assert control["fid"].mean() == pytest.approx(fid, rel=0.02)
    assert control["is"].mean() >= 1
    assert len(control["fid"]) == (20 if protocol.reference == "train" else 30)
    for method in ("copy", "perfect"):
        assert scores.values[method]["fid"].shape == scores.values[method]["is"].shape == (5,)


def test_without_photographs_there_is_no_fid(pairs: HandMadePairs) -> None:
    scores = evaluate(hand_made_methods(), pairs, LearnedMetrics(inception=brightness), EvaluationProtocol("x"))
    assert "is" in scores.values["copy"]
    assert "fid" not in scores.values["copy"]
    assert CONTROL not in scores.values
