"""What others have published: the columns of their tables, and figures that can be traced to a source. No figure here is from memory.

Most of the papers' tables are not repeated: they could not be read, or were scored by rules that nobody states.
"""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS = {
    "deepfashion": ("ssim", "is", "fashion_is", "attr_rec_3", "attr_rec_5", "attr_rec_10", "attr_rec_20"),
    "market1501": ("ssim", "is", "mask_ssim", "mask_is"),
}
"""Data set (`data.kind`) → metrics of its table in Li, Huang and Loy, CVPR 2019, as their code scores them."""

OTHERS = ("ssim", "lpips", "fid", "is", "pckh")
"""Metrics of a table on other pictures: the field's."""

NEEDS = {
    "lpips": "evaluate.alexnet and evaluate.lpips", "fid": "evaluate.inception", "is": "evaluate.inception",
    "mask_is": "evaluate.inception", "fashion_is": "train-attributes or evaluate.categories", "pckh": "evaluate.keypoints",
    **dict.fromkeys((f"attr_rec_{k}" for k in (3, 5, 10, 20)), "train-attributes or evaluate.attributes"),
}  # fmt: skip
"""Metric → what `ptx evaluate` needs for it."""


@dataclass(frozen=True)
class Figure:
    """One published figure."""

    method: str
    data: str
    """`data.kind`."""
    metric: str
    value: float
    source: str
    """Where it is printed, and what makes it no measure for ours."""


FIGURES = (
    Figure(
        "dense intrinsic appearance flow", "deepfashion", "ssim", 0.798,
        "Table 1 of SCM-Net's paper, by a note of one of its readers; split and rules are not stated there",
    ),
    Figure(
        "PG², G1 and D", "deepfashion", "taken_for_real", 0.093,
        "Ma et al., NIPS 2017, text on their user study: 30 people, 55 pictures for a second each",
    ),
    Figure(
        "PG², G1, G2 and D", "deepfashion", "taken_for_real", 0.149,
        "Ma et al., NIPS 2017, text on their user study: 30 people, 55 pictures for a second each",
    ),
)  # fmt: skip
"""taken_for_real: share of painted pictures that people take for photographs."""


def columns(data: str) -> tuple[str, ...]:
    """Metrics of the published table on a data set."""
    return COLUMNS.get(data, OTHERS)


def figures(data: str, metrics: tuple[str, ...]) -> dict[tuple[str, str], dict[str, float]]:
    """(Method, source) → metric → value, of these metrics on this data set."""
    out: dict[tuple[str, str], dict[str, float]] = {}
    for one in FIGURES:
        if one.data == data and one.metric in metrics:
            out.setdefault((one.method, one.source), {})[one.metric] = one.value
    return out
