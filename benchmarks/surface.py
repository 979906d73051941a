"""The surface engine on synthetic people: what it costs, and how near other sides of them come to the truth.

    python benchmarks/surface.py [--persons 8]

Bodies are the true ones, so that the completion is measured and not the fit. PSNR is that of all pixels on the person in both pictures;
peers are the source as it is, and its visible pixels warped by the exact flow, the rest in the person's mean colour.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from common import processor, seconds, table

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import load_body
from ptx.geometry.flow import warp
from ptx.geometry.labels import VISIBLE
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.render import render
from ptx.surface.source import MaskedPhotograph
from ptx.surface.store import build_store

SIZE = (1024, 768)
VIEWS = 12
STEPS = (1, 2, 3, 6)
"""Views from the source on, of `VIEWS`."""


def fitted(people: People, index: int) -> FittedBody:
    """The true body of a picture, with the hair that the person wears."""
    truth, body = people.truth(index), load_body(people.options.body)
    offset = people.wearer(index).body.v_template - body.v_template
    return FittedBody(body, truth.pose, truth.betas, truth.camera, people.options.size, offset=offset)


def photograph(people: People, index: int) -> MaskedPhotograph:
    return MaskedPhotograph(people.render(index), (people.garment_labels(index) > 0).astype(np.float32))


def psnr(found: np.ndarray, true: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((found.astype(np.float64) - true) ** 2)))


def costs() -> list[list[str]]:
    """Seconds of a store, of a further pose, and of a turntable."""
    people = People(PeopleOptions(1, 2, 3, SIZE, half_body=0))
    shown, one, other = photograph(people, 0), fitted(people, 0), fitted(people, 1)
    small = replace(one, size=(768, 576), camera=(one.camera * 0.75).astype(np.float32))
    store = build_store(shown, one)

    def turntable() -> None:
        for step in range(24):
            render(store, small.turned(15.0 * step))

    rows = (
        ("photograph, mask and body to a filled surface, 1024 px", lambda: build_store(shown, replace(one))),
        ("a further pose, 1024 px", lambda: render(store, replace(other))),
        ("24 views, 768 px", turntable),
    )
    return [[name, f"{seconds(work):.2f}"] for name, work in rows]


def nearness(persons: int) -> list[list[str]]:
    """PSNR by angle, mean over persons."""
    people = People(PeopleOptions(persons, VIEWS, 3, (512, 384), half_body=0, views=VIEWS))
    scores: dict[int, list[list[float]]] = {step: [] for step in STEPS}
    for first in range(0, persons * VIEWS, VIEWS):
        shown, source = photograph(people, first), fitted(people, first)
        store = build_store(shown, source)
        mean = shown.image[shown.mask > 0].mean(0)
        for step in STEPS:
            target, true = fitted(people, first + step), people.render(first + step)
            drawn = render(store, target)
            flow, visibility = target.flow_from(source)
            warped = np.where((visibility == VISIBLE)[..., None], warp(shown.image, flow), mean)
            where = (drawn.alpha > 0.99) & (people.garment_labels(first + step) > 0)
            scores[step].append([psnr(p[where], true[where]) for p in (shown.image, warped, drawn.colour)])
    return [
        [f"{360 * step // VIEWS}°", *(f"{score:.1f}" for score in np.mean(rows, axis=0))]
        for step, rows in scores.items()
    ]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=8)
    print(f"{processor()}, one core\n")
    table(["step", "seconds"], costs())
    print()
    table(["turned by", "source", "warped", "surface engine (PSNR, dB)"], nearness(parser.parse_args().persons))


if __name__ == "__main__":
    main()
