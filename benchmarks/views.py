"""Other sides of held-out synthetic people from one picture, by every system: scores by angle, flicker and time of a turntable.

python benchmarks/views.py --jobs 2 views/
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from common import table
from experiments import Settings, Variant, experiment

from ptx.datasets.synthetic import PeopleSet
from ptx.geometry.labels import BACKGROUND
from ptx.inference.model import Model
from ptx.inference.person import Person
from ptx.inference.view import turntable
from ptx.models.losses import end_point_error
from ptx.models.pixels import to_tensor
from ptx.models.ssim import ssim
from ptx.pictures.deflicker import flicker
from ptx.project import load_project
from ptx.training.data import TEST
from ptx.training.systems import SystemName

VIEWS = 12
ANGLES = (30, 60, 90, 180)
SYSTEMS: dict[str, tuple[str, SystemName]] = {
    "A, the fitted body turned": ("base", "flow"),
    "B, learned flow": ("base", "pose-flow"),
    "C, parts alike, warped texture": ("base", "view"),
    "PG², plain G1 + G2": ("plain", "view"),
}


def main() -> None:
    """Train what is missing, score, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--persons", type=int, default=150)
    parser.add_argument("--steps", type=int, default=800, help="of every network")
    parser.add_argument("--jobs", type=int, default=1, help="trained side by side")
    parser.add_argument("--count", type=int, default=30, help="test persons that are turned")
    args = parser.parse_args()
    each: Settings = {"steps": args.steps, "save_every": 400, "workers": 0}
    names = ("pose_flow", "garment", "synthesis", "coarse", "refine")
    settings: Settings = {
        "size": [128, 64],
        "data": {
            "kind": "people",
            "persons": args.persons,
            "images_per_person": VIEWS,
            "views": VIEWS,
            "half_body": 0.1,
        },
        **{f"train_{name}": each for name in names},
        "train_generator": {**each, "flow": "projected"},
    }
    published: Settings = {"weighting": "mask"}
    chains = [
        ["train-pose-flow", "train-garment", "train-synthesis"],
        ["train-generator"],
        ["train-coarse", "train-refine"],
    ]
    refine: Settings = {**published, "texture": False, "adversarial": 1.0}
    plain = Variant("plain", chains[-1], {"train_coarse": published, "train_refine": refine})
    root = args.folder.absolute()
    seconds = experiment(root, settings, chains, [plain], args.jobs, None)
    scores(root, args.count)
    print()
    rounds(root, args.count // 5 or 1)
    for folder, spent in seconds.items():
        print(f"minutes of {folder}:", ", ".join(f"{name} {value / 60:.0f}" for name, value in spent.items()))


class Held:
    """Held-out people of the data set, and what is true of them."""

    def __init__(self, root: Path, count: int) -> None:
        project = load_project(root / "base" / "pipeline.yaml")
        assert isinstance(project.data, PeopleSet)
        self.people = project.data.people
        self.truth = project.data.exact_flow()
        first = np.flatnonzero(np.asarray(project.pipeline.listing.splits) == TEST)[::VIEWS]
        self.leaders = first[np.unique(np.linspace(0, len(first) - 1, min(count, len(first))).round().astype(int))]

    def person(self, index: int) -> Person:
        """As if cut out of a photograph."""
        image, found = self.people.render(index), self.people.truth(index)
        return Person(image, found.keypoints, image, np.eye(2, 3, dtype=np.float32), found.keypoints3d)


def scores(root: Path, count: int) -> None:
    """SSIM, L1 and flow error by angle; every person is turned from two of their views."""
    held = Held(root, count)
    found: dict[str, dict[int, list[tuple[float, float, float]]]] = {}
    places: dict[str, tuple[str, SystemName] | None] = {"copying the source": None, **SYSTEMS}
    for name, place in places.items():
        model = Model(root / place[0] / "models", place[1]) if place else None
        for leader in held.leaders.tolist():
            for source in (leader, leader + VIEWS // 2 - 1):
                turn(held, model, source, leader, found.setdefault(name, {}))
    head = [f"±{angle}°" if angle < 180 else "180°" for angle in ANGLES]
    for number, (metric, digits) in enumerate((("SSIM", 3), ("L1", 4), ("flow error, px", 1))):
        print(f"\n{metric}")
        rows = [
            (name, *(f"{np.nanmean([s[number] for s in own[a]]):.{digits}f}" for a in ANGLES))
            for name, own in found.items()
        ]
        table(
            ("", *head), [row for row in rows if "nan" not in row and not (number == 2 and row[0].startswith("PG"))]
        )  # it has no flow


def turn(
    held: Held, model: Model | None, source: int, leader: int, out: dict[int, list[tuple[float, float, float]]]
) -> None:
    """Add the scores of all angles to `out`; no model copies the source."""
    person = held.person(source)
    yaws = [side * angle for angle in ANGLES for side in ((1, -1) if angle < 180 else (1,))]
    painted = model.view(person, yaws) if model is not None else [None] * len(yaws)
    for yaw, view in zip(yaws, painted, strict=True):
        target = leader + (source - leader + yaw * VIEWS // 360) % VIEWS
        mine = to_tensor((person.image if view is None else view.painting.picture)[None])
        wanted = to_tensor(held.people.render(target)[None])
        error = float("nan")
        if view is not None:
            exact, labels = held.truth.flow(target, source)
            both = np.where(view.painting.visibility < BACKGROUND, labels, BACKGROUND)
            own, true = (torch.from_numpy(flow).permute(2, 0, 1)[None] for flow in (view.painting.flow, exact))
            error = float(end_point_error(own, true, torch.from_numpy(both)[None, None])[0])
        out.setdefault(abs(yaw), []).append(
            (float(ssim(mine, wanted)[0]), float((mine - wanted).abs().mean()) / 2, error)
        )


def rounds(root: Path, count: int) -> None:
    """Flicker of turntables of 24 views as painted, made steady, and of the true pictures (12 views); seconds for one."""
    held = Held(root, count)
    rows = []
    for name, (folder, system) in SYSTEMS.items():
        model = Model(root / folder / "models", system)
        plain, calm, taken = [], [], []
        for leader in held.leaders.tolist():
            person = held.person(leader)
            began = time.perf_counter()
            found = model.view(person, [15 * k for k in range(24)])
            frames = turntable(found)
            taken.append(time.perf_counter() - began)
            bodies = [view.body for view in found]
            plain.append(flicker([view.painting.picture for view in found], bodies))
            calm.append(flicker(frames, bodies))
        rows.append((name, f"{np.mean(plain):.4f}", f"{np.mean(calm):.4f}", f"{np.median(taken):.1f}"))
    table(("24 views", "flicker as painted", "made steady", "seconds"), rows)


if __name__ == "__main__":
    main()
