"""`ptx evaluate`: trained models on held-out persons, beside what needs no training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
import zarr
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor

from ptx.evaluation.learned_metrics import Judges
from ptx.evaluation.methods import batches, flowers, painters, pairs_to_test
from ptx.evaluation.metrics import body_ssim, l1, masked_ssim, psnr, visibility_iou
from ptx.evaluation.protocols import Protocol, protocol
from ptx.geometry.labels import BACKGROUND, VISIBLE
from ptx.labels import CLOTHES, garment
from ptx.models.losses import end_point_error
from ptx.models.pose_mask import pose_mask
from ptx.models.ssim import ms_ssim, ssim
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.progress import progress
from ptx.training.data import Batch, clothes

Values = dict[str, dict[str, NDArray[np.float64]]]
"""Method → metric → one value a pair; a set's score (fid, is, mask_is, fashion_is) as its shares, whose mean it is."""


@dataclass(frozen=True)
class Evaluation:
    """Scores of every pair, and where they lie."""

    protocol: str
    """The rules, in words."""
    pairs: NDArray[np.int64]
    values: Values
    path: Path
    networks: dict[str, str] = field(default_factory=dict)
    """Network that judged → hash of its weights."""


def evaluate(pipeline: Pipeline, console: Console, *, count: int = 0, rules: str = "ours") -> Evaluation:
    """Score every method on the test pairs (or `count` of them, spread evenly); writes `evaluation.zarr`.

    Raises:
        PtxError: there are no test pairs, no such protocol, or a model is missing or stale.
    """
    chosen, judges = protocol(rules), Judges(pipeline)
    flow, data = flowers(pipeline), pairs_to_test(pipeline)
    paint = painters(pipeline, flow)
    data = data.some(count) if count else data
    if "attributes" in judges.classify:
        data = replace(data, clothes=clothes(pipeline))
    values: Values = {}
    with torch.inference_mode(), progress("evaluate", len(data), 0, console) as advance:
        for batch in batches(pipeline, data):
            target = chosen.prepare(batch["target"], painted=False)
            masks = {region: chosen.prepare_mask(mask) for region, mask in regions(batch).items()}
            for name, method in paint.items():
                bare = method(batch)
                painted = chosen.prepare(bare, painted=True)
                judged = judges.distances(name, painted, target, masks["pose"]) | judges.clothes(name, painted, batch)
                judged |= judges.poses(bare, batch["target_keypoints"])
                _add(values, name, picture_scores(painted, target, masks, chosen) | judged)
            if "true_flow" in batch:
                for name, source in flow.items():
                    _add(values, name, flow_scores(*source(batch), batch))
            advance(len(batch["pair"]), 0)
        for name, shares in judges.together(chosen, pipeline).items():
            values.setdefault(name, {}).update(shares)
    done = Evaluation(chosen.words(), data.numbers, values, pipeline.results / "evaluation.zarr", judges.hashes)
    _save(done)
    return done


def regions(batch: Batch) -> dict[str, Tensor]:
    """Masks (B, 1, H, W) of the target.

    pose: around the keypoints, as the field masks pictures; body: the fitted one, without fits the person of the labels, without
    these the pose's; garments: where labels are known.
    """
    pose = pose_mask(batch["target_keypoints"], *batch["target"].shape[-2:]) > 0
    labels = batch.get("target_parsing")
    fitted = {"body": batch["visibility"] < BACKGROUND} if "visibility" in batch else {}
    if labels is None:
        return {"pose": pose, "body": pose, **fitted}
    worn = torch.isin(labels, torch.tensor([garment(name) for name in CLOTHES], dtype=labels.dtype))
    return {"pose": pose, "body": (labels > 0)[:, None], **fitted, "garments": worn[:, None]}


def picture_scores(painted: Tensor, target: Tensor, masks: Mapping[str, Tensor], rules: Protocol) -> dict[str, Tensor]:
    """Scores (B,) that need no network; painted, target (B, 3, H, W) in -1..1, masks (B, 1, H, W) of the target."""
    worn = {"garment_ssim": body_ssim(painted, target, masks["garments"], rules.ssim)} if "garments" in masks else {}
    return {
        "ssim": ssim(painted, target, rules.ssim),
        "body_ssim": body_ssim(painted, target, masks["body"], rules.ssim),
        **worn,
        "mask_ssim": masked_ssim(painted, target, masks["pose"], rules.ssim),
        "ms_ssim": ms_ssim(painted, target),
        "l1": l1(painted, target),
        "psnr": psnr(painted, target),
    }


def flow_scores(flow: Tensor, visibility: Tensor | None, batch: Batch) -> dict[str, Tensor]:
    """End-point error in px over all of the body and over what the source shows; overlap of the labels where there are any."""
    truth, labels = batch["true_flow"], batch["true_visibility"]
    seen = torch.where(labels == VISIBLE, labels, torch.full_like(labels, BACKGROUND))
    iou = {} if visibility is None else {"visibility_iou": visibility_iou(visibility, labels)}
    return {"epe": end_point_error(flow, truth, labels), "epe_visible": end_point_error(flow, truth, seen), **iou}


def _add(values: Values, method: str, scores: Mapping[str, Tensor]) -> None:
    for metric, value in scores.items():
        known = values.setdefault(method, {}).get(metric, np.zeros(0))
        values[method][metric] = np.concatenate([known, value.double().numpy()])


def _save(done: Evaluation) -> None:
    order = {method: list(metrics) for method, metrics in done.values.items()}  # folders have none of their own
    facts = {
        "protocol": done.protocol,
        "networks": done.networks,
        "ptx": version("ptx"),
        "order": order,
    }
    root = zarr.create_group(done.path, overwrite=True, attributes=facts)
    root.create_array("pair", data=done.pairs)
    for method, metrics in done.values.items():
        for metric, values in metrics.items():
            root.create_array(f"{method}/{metric}", data=values)


def read_evaluation(path: Path) -> Evaluation:
    """What `evaluate` wrote, from `evaluation.zarr` or the workspace that holds it.

    Raises:
        PtxError: there is none.
    """
    path = path / "evaluation.zarr" if (path / "evaluation.zarr").is_dir() else path
    try:
        root = zarr.open_group(path, mode="r")
        facts = dict(root.attrs)
        order: Any = facts["order"]
        values = {
            method: {metric: np.asarray(root[f"{method}/{metric}"][:]) for metric in metrics}
            for method, metrics in order.items()
        }
        return Evaluation(
            str(facts["protocol"]),
            np.asarray(root["pair"][:]),
            values,
            path,
            dict(facts["networks"]),
        )  # type: ignore[index,arg-type]
    except (FileNotFoundError, KeyError, ValueError, OSError) as error:
        raise PtxError(f"{path}: holds no scores ({error}); `ptx evaluate` writes them") from None
