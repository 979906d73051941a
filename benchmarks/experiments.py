"""Variants of one workspace: the same data, some models trained otherwise, every step by the command itself.

Each lives in a folder of its own that links to what it shares, so a benchmark goes on where it was stopped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ptx.pipeline.fingerprint import Json

Settings = Mapping[str, Json]
"""Settings, or those of a section, by name."""

Seconds = dict[str, float]
"""Stage → seconds that its training took."""


@dataclass(frozen=True)
class Variant:
    """Models trained otherwise than the base's."""

    folder: str
    trains: Sequence[str]
    """Training stages, in order; all other models are the base's."""
    settings: Mapping[str, Settings] = field(default_factory=dict)
    """Section → settings that differ from the base's."""


def experiment(
    root: Path,
    settings: Settings,
    chains: Sequence[Sequence[str]],
    variants: Sequence[Variant],
    jobs: int,
    count: int | None,
    data: Sequence[str] = ("all",),
    save: str | None = None,
) -> dict[str, Seconds]:
    """Make the base (data and the models that variants share: chains of trainings), then train the variants, and score
    them on `count` test pairs (None: not at all). Chains and variants are trained `jobs` side by side. `data`: its stages.
    `save`: folder in each variant's for the pictures that were scored.

    Returns seconds of each folder's trainings, "base" among them; scores lie in `root/FOLDER/evaluation.zarr`.
    """
    cores = os.cpu_count() or 1
    base = _write(root / "base", settings, {})
    for stage in data:
        _ptx(cores, "run", stage, config=base)
    share = max(1, cores // jobs)
    with ThreadPoolExecutor(jobs) as pool:
        shared = list(pool.map(lambda chain: _train(base, chain, share), chains))
    taken = {"base": {stage: spent for chain in shared for stage, spent in chain.items()}}

    def one(variant: Variant) -> Seconds:
        config = _write(root / variant.folder, settings, variant.settings)
        _share(root / "base", config.parent, variant.trains)
        spent = _train(config, variant.trains, share)
        if count is not None:
            pictures = [] if save is None else ["--save", str(config.parent / save)]
            _ptx(share, "evaluate", "--count", str(count), *pictures, config=config)
        return spent

    with ThreadPoolExecutor(jobs) as pool:
        return taken | dict(zip([v.folder for v in variants], pool.map(one, variants), strict=True))


def _write(folder: Path, settings: Settings, more: Mapping[str, Settings]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    whole: dict[str, Json] = {**settings, "workspace": str(folder)}
    for section, own in more.items():
        shared = settings.get(section)
        whole[section] = {**shared, **own} if isinstance(shared, Mapping) else own
    config = folder / "pipeline.yaml"
    config.write_text(json.dumps(whole, indent=1))  # which is YAML
    return config


def _share(base: Path, folder: Path, trains: Sequence[str]) -> None:
    (folder / "models").mkdir(exist_ok=True)
    own = {stage.removeprefix("train-") for stage in trains}
    stores = [p for p in base.iterdir() if p.suffix in (".zarr", ".blocks") and p.stem != "evaluation"]
    models = [p for p in (base / "models").glob("*") if p.name not in own]
    for path in [*stores, *models]:
        link = folder / path.relative_to(base)
        if not link.exists():
            link.symlink_to(path)


def _train(config: Path, stages: Sequence[str], threads: int) -> Seconds:
    """Seconds of each training, those of an earlier call where it had trained already."""
    seconds: Seconds = {}
    for stage in stages:
        record = config.parent / f"{stage}.seconds"
        began = time.monotonic()
        _ptx(threads, "run", stage, config=config)
        if not record.exists():
            record.write_text(str(time.monotonic() - began))
        seconds[stage] = float(record.read_text())
    return seconds


def _ptx(threads: int, *words: str, config: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    with (config.parent / "log.txt").open("a") as log:
        command = [sys.executable, "-m", "ptx.cli", *words, "-c", str(config)]
        subprocess.run(command, env=environment, stdout=log, stderr=log, check=True)
