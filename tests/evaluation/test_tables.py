"""Tables of scores: every score has its interval, published figures stand beside ours, empty cells say why."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ptx.evaluation.scores import CONTROL, Scores
from ptx.evaluation.tables import best_methods, comparison_table, published_table, score_table, select_metrics
from ptx.pipeline.errors import PtxError


def scored() -> Scores:
    rng = np.random.default_rng(0)
    values = {
        "generator": {"ssim": rng.random(9), "mask_ssim": rng.random(9), "is": 3 + rng.random(9)},
        "projected, stored": {"epe": rng.random(9)},
        CONTROL: {"is": 5 + rng.random(30), "fid": 8 + rng.random(30)},
    }
    return Scores("rules", np.arange(9), values, path=Path("x"))


def cells(lines: list[str], start: str) -> list[str]:
    row = next(line for line in lines if line.startswith(f"| {start} "))
    return [cell.strip() for cell in row.split("|")[2:-1]]


def test_columns_are_the_published_tables_and_empty_ones_say_why() -> None:
    done = scored()
    table = published_table(done, "market1501")
    assert cells(table, "market1501") == ["ssim", "is", "mask_ssim", "mask_is", "fid", "lpips", "pckh", "pd", "source"]
    found = cells(table, "generator")
    for text, metric in zip(found, ("ssim", "is", "mask_ssim"), strict=False):
        match = re.fullmatch(r"(\S+) \((\S+) to (\S+)\)", text)
        assert match is not None
        mean, low, high = match.groups()
        assert mean == f"{done.values['generator'][metric].mean():.4g}"
        assert float(low) < float(mean) < float(high)
    assert found[3:] == ["", "", "", "", "", "this workspace"]
    assert cells(table, "photographs")[0] == ""
    assert "pd needs another `ptx evaluate`: these scores are of an earlier version." in table
    assert "mask_is needs evaluate.inception, and a protocol whose code prints it." in table
    assert cells(table, "semantic parsing transformation")[2:4] == ["0.758", "3.68"]
    assert any("could be traced" in line for line in published_table(done, "mvc"))
    assert not any("projected, stored" in line for line in table)  # paints nothing


def test_published_figures_stand_with_their_source() -> None:
    table = published_table(scored(), "deepfashion")
    found = cells(table, "dense intrinsic appearance flow")
    assert found[0] == "0.798"
    assert "SCM-Net" in found[-1]
    assert set(found[1:-1]) == {""}
    assert not any("PG²" in line for line in table)  # judged by people, which is no column of this table


def test_every_score_of_every_method_has_its_interval() -> None:
    done = scored()
    printed = [text for line in score_table(done) for text in line.split("|")[2:-1] if re.search(r"\d", text)]
    assert len(printed) == sum(len(values) for values in done.values.values())
    assert all(re.fullmatch(r" \S+ \(\S+ to \S+\) ", text) for text in printed)


def test_photographs_are_no_pairs_to_compare() -> None:
    done = scored()
    rows = [line for line in comparison_table(done, done) if line.startswith(("| generator", "| projected", "| photo"))]
    assert len(rows) == 4
    assert all("+0 (+0 to +0)" in row for row in rows)


def test_only_evaluations_by_the_same_rules_of_common_pairs_are_compared() -> None:
    done = scored()
    with pytest.raises(PtxError, match="scored by other rules: rules and others"):
        comparison_table(done, replace(done, protocol="others"))
    with pytest.raises(PtxError, match="x: shares no test pair with x"):
        comparison_table(done, replace(done, pairs=done.pairs + 9))


def test_differences_are_of_common_pairs() -> None:
    """Pairs 3 to 8 are common; one workspace has 0.25 more on each of them."""
    ssim = np.random.default_rng(0).random(12)
    ours = Scores("rules", np.arange(9), {"generator": {"ssim": ssim[:9] + 0.25}}, path=Path("ours"))
    other = Scores("rules", np.arange(3, 12), {"generator": {"ssim": ssim[3:]}}, path=Path("other"))
    table = comparison_table(ours, other)
    assert table[0] == "6 common pairs; ours against other"
    mean = ssim[3:9].mean()
    assert (
        table[-1]
        == f"| generator | ssim | 6 | {mean + 0.25:.4g} | {mean:.4g} | +0.25 (+0.25 to +0.25) | beyond chance |"
    )


def test_best_is_most_or_least() -> None:
    rows = {"a": {"ssim": np.array([0.5, 0.7]), "l1": np.array([0.1, 0.3])}, "b": {"ssim": np.array([0.9, np.nan])}}
    assert best_methods(rows | {"c": {"l1": np.array([0.1])}}, ["ssim", "l1"]) == {"ssim": "b", "l1": "c"}


def test_metrics_that_nothing_has_are_left_out() -> None:
    values = {"a": {"ssim": np.ones(2)}, "b": {"epe": np.ones(2)}}
    metrics, rows = select_metrics(values, ("l1", "ssim"))
    assert metrics == ("ssim",)
    assert list(rows) == ["a"]
