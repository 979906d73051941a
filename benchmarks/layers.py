"""What a skirt of its own brings: people in skirts, wide dresses and coats, drawn bare, dressed by their skin alone, and with a skirt.

    python benchmarks/layers.py [--persons 100] [--size 128 64]

As in `dressing.py`, all are fitted to the same true keypoints, and the dressed ones see the true silhouette. Errors are of the flow on what
both images show: of all, of loose cloth, and of the legs below it. Last, how often a skirt is found on who wears one and has the knees in
the picture, and on who wears trousers or a tight dress.
"""

from __future__ import annotations

import argparse

import numpy as np
from common import table
from dressing import BODY, LOOSE, Drawn, View, draw, flow_between

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.correspondence import correspond
from ptx.geometry.dressing.dress import dress
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.fitting import fit
from ptx.geometry.joints import keypoint
from ptx.geometry.labels import VISIBLE
from ptx.labels import garment

KINDS = ("bare", "dressed", "with skirts")
KNEES = [keypoint("left_knee"), keypoint("right_knee")]
LEGS = tuple(garment(name) for name in ("legs", "trousers", "shoes"))
FEWEST = 20
"""Pixels of a region from which its error is taken."""


def main() -> None:
    """Fit, dress in three ways, compare, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=100)
    parser.add_argument("--size", type=int, nargs=2, default=(128, 64), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--seed", type=int, default=177)
    args = parser.parse_args()
    options = PeopleOptions(args.persons, 2, args.seed, tuple(args.size), loose=1.0)
    people = People(options)
    views = see(people)
    errors: dict[str, list[list[float]]] = {kind: [[], [], []] for kind in KINDS}
    for i, view in enumerate(views):
        other = views[i ^ 1]
        true_flow, label = correspond(view.truth, other.truth, people.wearer(i).body.faces, *args.size)
        shown = label == VISIBLE
        regions = (shown, shown & np.isin(view.labels, LOOSE), shown & np.isin(view.labels, LEGS))
        for kind in KINDS:
            error = np.linalg.norm(flow_between(view, other, kind) - true_flow, axis=-1)
            for values, region in zip(errors[kind], regions, strict=True):
                if region.sum() >= FEWEST:
                    values.append(float(error[region].mean()))
    rows = [
        (
            kind,
            *(f"{np.mean(values):.2f}" for values in errors[kind]),
            f"{np.mean([view.bodies[kind].iou for view in views]):.3f}",
        )
        for kind in KINDS
    ]
    table(("", "visible, px", "visible loose cloth, px", "legs, px", "IoU"), rows)
    print()
    tight = People(PeopleOptions(args.persons, 2, args.seed + 1, tuple(args.size)))
    table(
        ("", "skirt, dress", "coat", "tight clothes"), [("a skirt is found", *found(people, views), *found_in(tight))]
    )


def see(people: People) -> list[View]:
    """Fit and dress the person of every image, in all ways."""
    truths = [people.truth(i) for i in range(len(people.ids))]
    fits = fit(
        BODY.base,
        np.stack([t.keypoints for t in truths]),
        np.stack([t.keypoints3d for t in truths]),
        people.options.size,
    )
    views = []
    for i, truth in enumerate(truths):
        labels = people.garment_labels(i)
        bare = Posed(fits.pose[i], fits.betas[i], fits.camera[i])
        person = Person(truth.keypoints, truth.keypoints3d, None, (labels > 0).astype(np.float32))
        skin, layers = (dress(BODY.base, bare, person, layers=with_layers) for with_layers in (False, True))
        bodies: dict[str, Drawn] = {"bare": draw(bare, None, skin.iou[0])}
        for kind, dressed in zip(KINDS[1:], (skin, layers), strict=True):
            bodies[kind] = draw(dressed.posed, dressed, dressed.iou[1])
        views.append(View(people.points(i), labels, truth.keypoints, float(truth.camera[0]), bodies))
    return views


def found(people: People, views: list[View]) -> tuple[str, str]:
    """Shares of those in skirts and dresses, and in coats, of whom a skirt is found; knees in the picture."""
    seen: dict[bool, list[bool]] = {False: [], True: []}
    for i, view in enumerate(views):
        garment_worn = people.wearer(i).look.loose
        if garment_worn is not None and (view.keypoints[KNEES, 2] > 0).all():
            seen[garment_worn.kind == "coat"].append(view.bodies[KINDS[2]].worn.skirt > 0)
    return f"{np.mean(seen[False]):.0%} of {len(seen[False])}", f"{np.mean(seen[True]):.0%} of {len(seen[True])}"


def found_in(people: People) -> tuple[str]:
    """Share of all images in which a skirt is found."""
    worn = [view.bodies[KINDS[2]].worn.skirt > 0 for view in see(people)]
    return (f"{np.mean(worn):.1%} of {len(worn)}",)


if __name__ == "__main__":
    main()
