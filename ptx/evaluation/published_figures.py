"""Published figures: the columns of the field's tables, and figures that can be traced to a source. No figure is from memory.

Most of the papers' tables are not repeated: they could not be read, or were scored by rules that nobody states. Figures that come by a
reader's note of a paper say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ATTRIBUTE_RECALLS = (3, 5, 10, 20)
"""The k of AttrRec-k that the published code prints."""

LATER_METRICS = ("fid", "lpips", "pckh")
"""Metrics that later papers report too, on both data sets."""

TABLE_METRICS = {
    "deepfashion": ("ssim", "is", "fashion_is", *(f"attr_rec_{k}" for k in ATTRIBUTE_RECALLS), *LATER_METRICS),
    "market1501": ("ssim", "is", "mask_ssim", "mask_is", *LATER_METRICS),
}
"""Data set (`DataSet.published_table`) → metrics of its table in Li, Huang and Loy, CVPR 2019, as their code scores them, then the
later ones."""

MASKED = "mask_is"
"""Metric of tables of data sets whose inception score is taken within the mask of the pose as well."""

COMMON_METRICS = ("ssim", "lpips", "fid", "is", "pckh")
"""Metrics of a table on any other data set: the field's."""

OWN_METRICS = ("pd",)
"""Metrics that stand in every table beside the field's; nobody has published figures of them."""

REQUIREMENTS = {
    "pd": "another `ptx evaluate`: these scores are of an earlier version",
    "lpips": "evaluate.alexnet and evaluate.lpips",
    "fid": "evaluate.inception",
    "is": "evaluate.inception, and a protocol whose code prints it",
    "mask_is": "evaluate.inception, and a protocol whose code prints it",
    "fashion_is": "train-attributes or evaluate.categories",
    "pckh": "evaluate.keypoints",
    **dict.fromkeys((f"attr_rec_{k}" for k in ATTRIBUTE_RECALLS), "train-attributes or evaluate.attributes"),
}
"""Metric → the settings or trainings, or what else, without which `ptx evaluate` leaves it out."""


@dataclass(frozen=True)
class Figure:
    """A published figure."""

    method: str
    data: str
    """Data set, as in `DataSet.published_table`."""
    metric: str
    value: float
    source: str
    """The place where it is printed, and what keeps it from being compared with ours."""


STUDY = "Ma et al., NIPS 2017, text on their user study: 30 people, 55 pictures for a second each"
SONG = "Song et al., CVPR 2019 (unpaired training), by a reader's note"
APS = "Huang et al., IJCAI 2020, by a reader's note"
SCM = "SCM-Net's paper, by a reader's note; split and rules are not stated there"
PISE = "Zhang et al., CVPR 2021, by a reader's note"
PIDM = "Bhunia et al., CVPR 2023, text of section 4.3: 9.8510 less 2.3377 less 1.1462; 256×176"

FIGURES = (
    Figure("dense intrinsic appearance flow", "deepfashion", "ssim", 0.798, SCM),
    Figure("PG², G1 and D", "deepfashion", "taken_for_real", 0.093, STUDY),
    Figure("PG², G1, G2 and D", "deepfashion", "taken_for_real", 0.149, STUDY),
    Figure("Deformable GAN", "deepfashion", "is", 3.439, SONG),
    Figure("unsupervised, Pumarola et al.", "deepfashion", "is", 2.971, SONG),
    Figure("semantic parsing transformation", "deepfashion", "is", 3.441, SONG),
    Figure("semantic parsing transformation", "market1501", "mask_ssim", 0.758, SONG),
    Figure("semantic parsing transformation", "market1501", "mask_is", 3.680, SONG),
    Figure("appearance-aware pose stylizer", "deepfashion", "ssim", 0.775, APS),
    Figure("appearance-aware pose stylizer", "deepfashion", "pckh", 0.96, APS),
    Figure("appearance-aware pose stylizer", "market1501", "ssim", 0.312, APS),
    Figure("appearance-aware pose stylizer", "market1501", "pckh", 0.94, APS),
    Figure("MUST-GAN", "deepfashion", "fid", 15.902, SCM),
    Figure("SCM-Net", "deepfashion", "fid", 12.18, SCM),
    Figure("SCM-Net", "deepfashion", "lpips", 0.1820, SCM),
    Figure("PISE", "deepfashion", "fid", 13.61, PISE),
    Figure("PISE", "deepfashion", "lpips", 0.2059, PISE),
    Figure("PIDM", "deepfashion", "fid", 6.3671, PIDM),
)
"""All figures. The metric taken_for_real is the share of painted pictures that people take for photographs."""


def published_metrics(data: str) -> tuple[str, ...]:
    """List the metrics of the published table of a data set (`DataSet.published_table`)."""
    return TABLE_METRICS.get(data, COMMON_METRICS)


def published_figures(data: str, metrics: Sequence[str]) -> dict[tuple[str, str], dict[str, float]]:
    """Select figures on a data set (`DataSet.published_table`): (method, source) → metric → value."""
    out: dict[tuple[str, str], dict[str, float]] = {}
    for figure in FIGURES:
        if figure.data == data and figure.metric in metrics:
            out.setdefault((figure.method, figure.source), {})[figure.metric] = figure.value
    return out
