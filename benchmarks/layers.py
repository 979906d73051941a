"""Flow, outline and what is told of people in loose clothes and with long hair: bare, dressed by their skin alone, with layers,
and with layers that are told by true labels.

    python benchmarks/layers.py [--persons 100] [--size 128 64]

As in `dressing.py`, all are fitted to the same true keypoints, and the dressed ones see the true silhouette, and the picture. Errors are of
the flow on what both images show: of all, of loose cloth or hair, and of the legs. Then how often a skirt is found on who wears one and has
the knees in the picture, long hair on who has it, and either on who has not. Long hair is a mesh of its own, other than the one that
is fitted to it: a curtain around the convex outline of head, neck and shoulders, of any length, around any part of the head. Its pictures
are twice as high and wide, since hair is told by its colours.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from common import table
from dressing import BODY, LOOSE, Drawn, View, draw, flow_between

from ptx.datasets.people import People, PeopleOptions
from ptx.datasets.people.looks import Look
from ptx.datasets.people.render import Wearer
from ptx.geometry.body import Body
from ptx.geometry.correspondence import correspond
from ptx.geometry.dressing.dress import dress
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.fitting import fit
from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.joints import joint, keypoint
from ptx.geometry.labels import VISIBLE
from ptx.labels import GARMENTS, garment

KINDS = ("bare", "dressed", "with layers", "by labels")
KNEES = [keypoint("left_knee"), keypoint("right_knee")]
LEGS = tuple(garment(name) for name in ("legs", "trousers", "shoes"))
HAIR = (garment("hair"),)
FEWEST = 20
"""Pixels of a region from which its error is taken."""


class LongLook(Look):
    """A look whose loose mesh is hair."""

    def labels(self, rest: np.ndarray, front: np.ndarray, cloth: np.ndarray) -> np.ndarray:
        """Label the mesh of a look, what is loose as hair."""
        return np.where(cloth, HAIR[0], super().labels(rest, front, cloth)).astype(np.uint8)

    def colours(self, rest: np.ndarray, front: np.ndarray, cloth: np.ndarray) -> np.ndarray:
        """Colour the mesh of a look, the hair in strands."""
        out = super().colours(rest, front, cloth)
        strands = 1 + 0.18 * np.sin(250 * np.arctan2(rest[cloth, 0], -rest[cloth, 2] + 0.03))
        out[cloth] = np.clip(self.hair * strands[:, None], 0, 1)
        return out.astype(np.float32)


class LongHaired(People):
    """People with long hair."""

    def wearer(self, index: int) -> Wearer:
        """The person that an image shows."""
        person = index // self.options.images_per_person
        wearer = super().wearer(index)
        body = hang_hair(wearer.body, np.random.default_rng([self.options.seed, person, 9]))
        look = LongLook(**vars(wearer.look))
        return Wearer(body, look, np.arange(len(body.v_template)) >= len(wearer.body.v_template))


def hang_hair(body: Body, rng: np.random.Generator, rows: int = 20, columns: int = 33) -> Body:
    """Add a curtain of hair around the convex outline of head, neck and shoulders, down to a random length."""
    vertices = body.v_template
    top, end, half = 0.74, rng.uniform(0.1, 0.42), np.radians(rng.uniform(100, 150))
    heights, angles = np.linspace(top, end, rows), np.linspace(half, -half, columns)
    away = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    upper = np.flatnonzero((vertices[:, 1] > 0) & (np.abs(vertices[:, 0]) < 0.15))
    reach, near = np.empty((rows, columns)), np.empty((rows, columns), np.int64)
    for row, height in enumerate(heights):
        band = upper[np.argsort(np.abs(vertices[upper, 1] - height))[:120]]
        along = away @ (vertices[band][:, [0, 2]] - (0, 0.03)).T
        reach[row], near[row] = along.max(axis=1), band[along.argmax(axis=1)]
    down = (top - heights)[:, None] / (top - end)
    waves = rng.uniform(0, 0.012) * np.cos(rng.integers(5, 12) * angles) * down
    radius = np.maximum.accumulate(reach, axis=0) + 0.012 + waves
    plan = radius[..., None] * away
    there = np.stack([plan[..., 0], np.broadcast_to(heights[:, None], radius.shape), plan[..., 1] + 0.03], axis=-1)
    weights = np.zeros((rows, columns, 24))
    on_head = np.clip((heights - 0.5) / 0.12, 0, 1)[:, None]
    weights[..., joint("head")], weights[..., joint("spine3")] = on_head, 1 - on_head
    grid = len(vertices) + np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = (part.reshape(-1) for part in (grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]))
    faces = np.concatenate([np.stack([a, c, b], axis=1), np.stack([b, c, d], axis=1)])
    return replace(
        body,
        v_template=np.concatenate([vertices, there.reshape(-1, 3)]).astype(np.float32),
        faces=np.concatenate([body.faces, faces]).astype(np.int32),
        weights=np.concatenate([body.weights, weights.reshape(-1, 24)]).astype(np.float32),
        shapedirs=np.concatenate([body.shapedirs, body.shapedirs[near.reshape(-1)]]).astype(np.float32),
    )


def main() -> None:
    """Fit, dress in three ways, compare, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=100)
    parser.add_argument("--size", type=int, nargs=2, default=(128, 64), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--seed", type=int, default=177)
    args = parser.parse_args()
    size, large = tuple(args.size), tuple(2 * side for side in args.size)
    loose = People(PeopleOptions(args.persons, 2, args.seed, size, loose=1.0))
    long = LongHaired(PeopleOptions(args.persons, 2, args.seed + 1, large))
    views = {name: see(people) for name, people in (("skirts", loose), ("long hair", long))}
    rows = [
        *compare("in skirts, wide dresses and coats", loose, views["skirts"], LOOSE),
        *compare("with long hair", long, views["long hair"], HAIR),
    ]
    table(("people", "", "visible, px", "visible cloth or hair, px", "legs, px", "IoU"), rows)
    print()
    plain = [see(People(PeopleOptions(args.persons, 2, args.seed + 2, side))) for side in (size, large)]
    kinds = [loose.wearer(i).look.loose.kind for i in range(len(loose.ids))]
    knees = [(view.keypoints[KNEES, 2] > 0).all() for view in views["skirts"]]
    skirts = [
        seen
        for seen, kind, in_picture in zip(views["skirts"], kinds, knees, strict=True)
        if kind != "coat" and in_picture
    ]
    coats = [
        seen
        for seen, kind, in_picture in zip(views["skirts"], kinds, knees, strict=True)
        if kind == "coat" and in_picture
    ]
    table(
        ("found by colours / labels", "of those who wear it", "of others"),
        [
            ("a skirt, in skirts and dresses", share(skirts, 0), share(plain[0], 0)),
            ("a skirt, in coats", share(coats, 0), ""),
            ("long hair", share(views["long hair"], 1), share(plain[1], 1)),
        ],
    )


def compare(name: str, people: People, views: list[View], worn: tuple[int, ...]) -> list[tuple[str, ...]]:
    """Rows of the table: errors of each kind on everything, on what is worn, and on legs."""
    errors: dict[str, list[list[float]]] = {kind: [[], [], []] for kind in KINDS}
    for i, view in enumerate(views):
        other = views[i ^ 1]
        true_flow, label = correspond(view.truth, other.truth, people.wearer(i).body.faces, *people.options.size)
        shown = label == VISIBLE
        regions = (shown, shown & np.isin(view.labels, worn), shown & np.isin(view.labels, LEGS))
        for kind in KINDS:
            error = np.linalg.norm(flow_between(view, other, kind) - true_flow, axis=-1)
            for values, region in zip(errors[kind], regions, strict=True):
                if region.sum() >= FEWEST:
                    values.append(float(error[region].mean()))
    return [
        (
            name,
            kind,
            *(f"{np.mean(values):.2f}" for values in errors[kind]),
            f"{np.mean([view.bodies[kind].iou for view in views]):.3f}",
        )
        for kind in KINDS
    ]


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
        mask = (labels > 0).astype(np.float32)
        person = Person(truth.keypoints, truth.keypoints3d, None, mask, None, people.render(i))
        labelled = person._replace(garments=GarmentMap(labels, GARMENTS))
        skin, layers = (dress(BODY.base, bare, person, layers=with_layers) for with_layers in (False, True))
        told = dress(BODY.base, bare, labelled)
        bodies: dict[str, Drawn] = {"bare": draw(bare, None, skin.iou[0])}
        for kind, dressed in zip(KINDS[1:], (skin, layers, told), strict=True):
            bodies[kind] = draw(dressed.posed, dressed, dressed.iou[1])
        views.append(View(people.points(i), labels, truth.keypoints, float(truth.camera[0]), bodies))
    return views


def share(views: list[View], first: int) -> str:
    """Share of the images in which sheets are found, by colours and by labels, from the first on: 0 the skirt, 1 hair."""
    found = [
        [max(lengths[:1] if first == 0 else lengths[1:]) > 0 for lengths in (view.bodies[kind].worn for view in views)]
        for kind in KINDS[2:]
    ]
    return " / ".join(f"{np.mean(each):.1%}" for each in found) + f" of {len(views)}"


if __name__ == "__main__":
    main()
