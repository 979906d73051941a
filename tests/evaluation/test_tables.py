"""Our figures beside published ones: nothing made up, nothing left out in silence."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ptx.evaluation.evaluate import Evaluation
from ptx.evaluation.learned_metrics import CONTROL
from ptx.evaluation.published_figures import COLUMNS, FIGURES, NEEDS, OTHERS
from ptx.evaluation.tables import beside_published, compare, lines


def scored() -> Evaluation:
    rng = np.random.default_rng(0)
    values = {
        "generator": {"ssim": rng.random(9), "mask_ssim": rng.random(9), "is": 3 + rng.random(9)},
        "fitted flow": {"epe": rng.random(9)},
        CONTROL: {"is": 5 + rng.random(30), "fid": 8 + rng.random(30)},
    }
    return Evaluation("rules", np.arange(9), values, Path("x"))


def cells(lines: list[str], start: str) -> list[str]:
    row = next(line for line in lines if line.startswith(f"| {start} "))
    return [cell.strip() for cell in row.split("|")[2:-1]]


def test_columns_are_the_published_tables_and_empty_ones_say_why() -> None:
    done = scored()
    table = beside_published(done, "market1501")
    assert cells(table, "market1501") == ["ssim", "is", "mask_ssim", "mask_is", "fid", "lpips", "pckh", "source"]
    found = cells(table, "generator")
    for text, metric in zip(found, ("ssim", "is", "mask_ssim"), strict=False):
        mean, low, high = re.fullmatch(r"(\S+) \((\S+) to (\S+)\)", text).groups()  # type: ignore[union-attr]
        assert mean == f"{done.values['generator'][metric].mean():.4g}"
        assert float(low) < float(mean) < float(high)
    assert found[3:] == ["", "", "", "", "this workspace"]
    assert cells(table, "photographs")[0] == ""
    assert "mask_is needs evaluate.inception." in table
    assert cells(table, "semantic parsing transformation")[2:4] == ["0.758", "3.68"]
    assert any("could be traced" in line for line in beside_published(done, "mvc"))
    assert not any("fitted flow" in line for line in table)  # paints nothing


def test_published_figures_stand_with_their_source() -> None:
    table = beside_published(scored(), "deepfashion")
    found = cells(table, "dense intrinsic appearance flow")
    assert found[0] == "0.798"
    assert "SCM-Net" in found[-1]
    assert set(found[1:-1]) == {""}
    assert not any("PG²" in line for line in table)  # judged by people, which is no column of this table
    assert all(figure.source and figure.value > 0 for figure in FIGURES)
    assert len({(figure.method, figure.data, figure.metric) for figure in FIGURES}) == len(FIGURES)


def test_every_column_can_be_had() -> None:
    plain = {"ssim", "mask_ssim"}
    assert {m for names in (*COLUMNS.values(), OTHERS) for m in names} == plain | set(NEEDS)


def test_every_score_of_every_method_has_its_interval() -> None:
    done = scored()
    printed = [text for line in lines(done) for text in line.split("|")[2:-1] if re.search(r"\d", text)]
    assert len(printed) == sum(len(values) for values in done.values.values())
    assert all(re.fullmatch(r" \S+ \(\S+ to \S+\) ", text) for text in printed)


def test_photographs_are_no_pairs_to_compare() -> None:
    done = scored()
    rows = [line for line in compare(done, done) if line.startswith(("| generator", "| fitted", "| photo"))]
    assert len(rows) == 4
    assert all("+0 (+0 to +0)" in row for row in rows)
