"""What others have published: the columns of their tables, and figures that can be traced to a source. No figure here is from memory.

Most of the papers' tables are not repeated: they could not be read, or were scored by rules that nobody states. Figures that come by a
reader's note of a paper say so.
"""

from __future__ import annotations

from dataclasses import dataclass

LATER = ("fid", "lpips", "pckh")
"""What later papers score too, on both data sets."""

COLUMNS = {
    "deepfashion": ("ssim", "is", "fashion_is", "attr_rec_3", "attr_rec_5", "attr_rec_10", "attr_rec_20", *LATER),
    "market1501": ("ssim", "is", "mask_ssim", "mask_is", *LATER),
}
"""Data set (`data.kind`) → metrics of its table in Li, Huang and Loy, CVPR 2019, as their code scores them, then the later ones."""

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
