"""Published figures: each with its source, once; every metric of a published table can be had."""

from __future__ import annotations

from ptx.evaluation.published_figures import (
    COMMON_METRICS,
    FIGURES,
    OWN_METRICS,
    REQUIREMENTS,
    TABLE_METRICS,
    published_figures,
    published_metrics,
)


def test_figures_have_a_source_and_stand_once() -> None:
    assert all(figure.source and figure.value > 0 for figure in FIGURES)
    assert len({(figure.method, figure.data, figure.metric) for figure in FIGURES}) == len(FIGURES)


def test_every_column_can_be_had() -> None:
    plain = {"ssim", "mask_ssim"}  # no network is needed
    assert {m for names in (*TABLE_METRICS.values(), COMMON_METRICS, OWN_METRICS) for m in names} == plain | set(
        REQUIREMENTS
    )


def test_figures_of_a_data_set() -> None:
    metrics = published_metrics("market1501")
    assert metrics[:4] == ("ssim", "is", "mask_ssim", "mask_is")
    rows = {method: figures for (method, _), figures in published_figures("market1501", metrics).items()}
    assert rows["semantic parsing transformation"] == {"mask_ssim": 0.758, "mask_is": 3.68}
    assert "PG², G1 and D" not in {method for method, _ in published_figures("deepfashion", metrics)}
    rows = {method: figures for (method, _), figures in published_figures("deepfashion", ("fid", "lpips")).items()}
    assert rows["SCM-Net"] == {"fid": 12.18, "lpips": 0.182}  # as the reader's note has them
    assert rows["PISE"] == {"fid": 13.61, "lpips": 0.2059}
    assert published_metrics("folder") == COMMON_METRICS
    assert published_figures("folder", COMMON_METRICS) == {}
