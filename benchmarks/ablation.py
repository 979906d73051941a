"""The paper's ablation on held-out synthetic people: each variant trained as `ptx` trains it, scored by `ptx evaluate`.

    python benchmarks/ablation.py --steps 2000 --jobs 2 ablation/

A workspace with data and flow regressor is made once; each variant lives in a folder of its own that links to them, so
the command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ptx.evaluation.evaluate import read_evaluation
from ptx.evaluation.tables import interval

VARIANTS = {
    "full": "residual",
    "without pixel warping": "residual",
    "without visibility": "no_visibility",
    "without flow": "no_flow",
    "single encoder": "single",
}
"""The paper's rows, and the generator of each."""

SETTINGS = """\
workspace: {folder}
size: [128, 64]
data: {{kind: people, persons: {persons}, images_per_person: 6}}
train_flow: {{steps: {flow_steps}, save_every: 500, workers: 0}}
train_generator: {{steps: {steps}, save_every: {steps}, workers: 0, fusion: {fusion}, base: {base}}}
train_pixel_warp: {{steps: {mix_steps}, save_every: {mix_steps}, workers: 0, radius: 4.0, base: {base}}}
"""


def main() -> None:
    """Train what is missing, score, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--persons", type=int, default=300)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--flow-steps", type=int, default=3000)
    parser.add_argument("--mix-steps", type=int, default=600)
    parser.add_argument("--base", type=int, default=16, help="channels of the finest scale")
    parser.add_argument(
        "--jobs", type=int, default=1, help="variants trained side by side, each with its share of the cores"
    )
    parser.add_argument("--count", type=int, default=600, help="test pairs that are scored")
    args = parser.parse_args()
    root = args.folder.absolute()
    threads = max(1, (os.cpu_count() or 1) // args.jobs)
    base = write(root / "base", "residual", args)
    ptx(os.cpu_count() or 1, "run", "all", config=base)
    ptx(os.cpu_count() or 1, "run", "train-flow", config=base)
    fusions = dict.fromkeys(VARIANTS.values())
    with ThreadPoolExecutor(args.jobs) as pool:
        seconds = dict(zip(fusions, pool.map(lambda f: train(root, f, args, threads), fusions), strict=True))
    table(root, seconds)


def write(folder: Path, fusion: str, args: argparse.Namespace) -> Path:
    """The folder's settings."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "pipeline.yaml"
    config.write_text(SETTINGS.format(**vars(args) | {"folder": folder, "fusion": fusion}))
    return config


def train(root: Path, fusion: str, args: argparse.Namespace, threads: int) -> dict[str, float]:
    """Train one generator (for the full model the mixing net too) and score it; returns seconds by stage."""
    folder = root / fusion
    config = write(folder, fusion, args)
    for path in (root / "base").iterdir():
        if path.suffix in (".zarr", ".blocks") and not (folder / path.name).exists():
            (folder / path.name).symlink_to(path)
    (folder / "models").mkdir(exist_ok=True)
    if not (folder / "models" / "flow").exists():
        (folder / "models" / "flow").symlink_to(root / "base" / "models" / "flow")
    record = folder / "seconds.json"
    seconds: dict[str, float] = json.loads(record.read_text()) if record.exists() else {}
    for stage in ("train-generator", *(["train-pixel-warp"] if fusion == "residual" else [])):
        began = time.monotonic()
        ptx(threads, "run", stage, config=config)
        seconds.setdefault(stage, time.monotonic() - began)
        record.write_text(json.dumps(seconds))
    ptx(threads, "evaluate", "--count", str(args.count), config=config)
    return seconds


def ptx(threads: int, *words: str, config: Path) -> None:
    """Run the command."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
    }
    with (config.parent / "log.txt").open("a") as log:
        subprocess.run(
            [sys.executable, "-m", "ptx.cli", *words, "-c", str(config)],
            env=environment,
            stdout=log,
            stderr=log,
            check=True,
        )


def table(root: Path, seconds: dict[str, dict[str, float]]) -> None:
    """Print the scores as Markdown, in the paper's order; each row is compared with the one above pair by pair."""
    rows = [("copying the source", "residual", "copy the source", 0.0)]
    for name, fusion in reversed(VARIANTS.items()):
        method = "generator + pixel warping" if name == "full" else "generator"
        spent = sum(seconds[fusion].values()) if name == "full" else seconds[fusion]["train-generator"]
        rows.append((name, fusion, method, spent))
    print(
        "| | SSIM | more than the row above (95 %) | SSIM on the body | L1 | PSNR | minutes |\n|---|---|---|---|---|---|---|"
    )
    above = None
    for name, fusion, method, spent in rows:
        found = read_evaluation(root / fusion).values[method]
        more = "" if above is None else "{:+.4f} ({:+.4f} to {:+.4f})".format(*interval(found["ssim"] - above))
        means = " | ".join(f"{found[m].mean():.4f}" for m in ("body_ssim", "l1", "psnr"))
        print(f"| {name} | {found['ssim'].mean():.4f} | {more} | {means} | {spent / 60:.0f} |")
        above = found["ssim"]


if __name__ == "__main__":
    main()
