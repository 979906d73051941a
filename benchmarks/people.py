"""Synthetic people, pictures a second on one core with their labels and truth: lifelike ones beside plain ones.

python benchmarks/people.py [--persons 12] [--size 256 256]
"""

from __future__ import annotations

import argparse
import time

import cv2
from common import table

from ptx.datasets.people import PeopleOptions, open_people
from ptx.datasets.people.options import Looks

PER_PERSON = 4
"""Images of each person: their looks are made once."""


def seconds(looks: Looks, persons: int, size: tuple[int, int]) -> tuple[float, float]:
    """Time pictures, and labels with truth: seconds of processor time an image, after the kernels are compiled."""
    people = open_people(PeopleOptions(persons + 1, PER_PERSON, seed=2, size=size, looks=looks))
    warm, count = PER_PERSON, persons * PER_PERSON
    for index in range(warm):
        people.render(index), people.garment_labels(index)
    start = time.process_time()
    for index in range(warm, warm + count):
        people.render(index)
    middle = time.process_time()
    for index in range(warm, warm + count):
        people.garment_labels(index), people.truth(index)
    return (middle - start) / count, (time.process_time() - middle) / count


def main() -> None:
    """Time both, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=12)
    parser.add_argument("--size", type=int, nargs=2, default=(256, 256))
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rows = []
    for looks in ("plain", "lifelike"):
        picture, truth = seconds(looks, args.persons, (args.size[0], args.size[1]))
        rows.append([looks, f"{1e3 * picture:.0f}", f"{1e3 * truth:.0f}", f"{1 / (picture + truth):.1f}"])
    table(["looks", "picture, ms", "labels and truth, ms", "pictures a second"], rows)


if __name__ == "__main__":
    main()
