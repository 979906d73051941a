"""How `fit` does on real annotation tables of the field, without any truth: reprojection, and what is rejected and why.

    python benchmarks/fit_tables.py fasion-resize-annotation-test.csv [--count 100]
    python benchmarks/fit_tables.py openpose18-256x256-txt/ --aspect 0.681

A table is a CSV of `name: keypoints_y: keypoints_x`; a folder holds text files of 18 lines `x y`, -1 where missing. Coordinates are
of a frame 256 px high. The tables are their owners' and are not part of this project.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from common import SIZE, table

from ptx.datasets.keypoint_files import KeypointCsv, Keypoints
from ptx.geometry.body import load_body
from ptx.geometry.fitting import fit
from ptx.geometry.joints import keypoint
from ptx.geometry.keypoints import missing_as_nan

LEGS = [keypoint(f"{side}_{name}") for side in ("left", "right") for name in ("knee", "ankle")]


def read_all(path: Path) -> Keypoints:
    """Keypoints (N, 18, 3) of every row of a table, or of every text file below a folder."""
    if path.is_dir():
        return np.stack([_read_text(file) for file in sorted(path.rglob("*.txt"))])
    names = KeypointCsv(path, ()).names
    rows = KeypointCsv(path, names)
    return np.stack([rows.people(name)[0].keypoints for name in names])


def _read_text(file: Path) -> Keypoints:
    xy = np.loadtxt(file, dtype=np.float32)
    return missing_as_nan(np.concatenate([xy, (xy != -1).all(1, keepdims=True)], axis=1).astype(np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument(
        "--count", type=int, help="so many rows that show somebody, spread over the table; all without it"
    )
    parser.add_argument(
        "--aspect", type=float, default=1.0, help="width over height of pictures that were stretched to a square"
    )
    options = parser.parse_args()
    keypoints = read_all(options.path)
    somebody = keypoints[(keypoints[..., 2] > 0).any(1)]
    print(f"{len(keypoints)} rows, {len(keypoints) - len(somebody)} of them without a keypoint\n")
    if options.count:
        somebody = somebody[np.linspace(0, len(somebody) - 1, min(options.count, len(somebody))).astype(int)]
    somebody[..., 0] = (somebody[..., 0] + 0.5) * options.aspect - 0.5
    found = fit(load_body("builtin"), somebody, None, (SIZE, SIZE))
    rejected = np.isin(np.arange(len(somebody)), list(found.problems))
    half = ~(somebody[:, LEGS, 2] > 0).all(1)
    groups = {"all": half | ~half, "with both legs": ~half, "half bodies": half}
    rows = []
    for name, which in groups.items():
        if which.any():
            residual = found.residual[which & ~rejected]
            spread = [f"{np.nanpercentile(residual, p):.1f}" if len(residual) else "" for p in (50, 90)]
            everyone = np.nanmedian(found.residual[which])
            rows.append([name, which.sum(), *spread, f"{rejected[which].mean():.1%}", f"{everyone:.1f}"])
    table(["rows", "number", "median px", "90 % below, px", "rejected", "median px with the rejected"], rows)
    print()
    table(["rejected for", "rows"], Counter(issue.code for issue in found.problems.values()).most_common())


if __name__ == "__main__":
    main()
