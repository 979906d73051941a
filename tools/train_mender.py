"""Train the mender that comes with ptx, from nothing to `ptx/assets/weights/mender.onnx`.

    pip install -e ".[dev]"           # onnx: to export
    python tools/train_mender.py WORK [--pack people-full] [--avatars FOLDER --held-avatars FOLDER]

draws pairs of pictures of lifelike people, and of the avatars of a folder of .glb files, and each as the surface engine draws it of the
other (once, into WORK); trains (goes on where it was stopped, from WORK/state.pt); writes the network. `benchmarks/mender.py WORK` then
measures it on people whom it never saw.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch
from mender_training.export import export
from mender_training.pairs import Avatars, Pairs, Population, draw, lifelike
from mender_training.train import train
from parser_training.pictures import split_pack
from small_training.loop import Run

from ptx.detector.shipped import MENDER_MODEL

PERSONS, HELD_OUT = 400, 40
"""Lifelike people that are trained on, and held out: in outfits, cloth and light that training does not show."""

STEPS = 6000
SEEDS = {"train": 21, "held": 9021, "train_avatars": 5, "held_avatars": 5}
"""Of the populations."""


def main() -> None:
    """Draw, train, export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument(
        "--pack", default="", help="folder of tools/build_people_pack.py --full; the one that comes with ptx"
    )
    parser.add_argument("--avatars", type=Path, help="folder of .glb files to train on")
    parser.add_argument("--held-avatars", type=Path, help="folder of .glb files of other people")
    parser.add_argument("--persons", type=int, default=PERSONS)
    parser.add_argument("--held-out", type=int, default=HELD_OUT)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--workers", type=int, default=2, help="processes that draw")
    parser.add_argument("--threads", type=int, default=2, help="that train")
    parser.add_argument("--out", type=Path, default=MENDER_MODEL)
    args = parser.parse_args()
    populations: dict[str, tuple[Population, int]] = {}
    for name, persons in (("train", args.persons), ("held", args.held_out)):
        pack = split_pack(args.pack, args.work / f"pack_{name}", name == "held")
        populations[name] = lifelike(str(pack), persons, SEEDS[name]), persons
    for name, folder in (("train_avatars", args.avatars), ("held_avatars", args.held_avatars)):
        if folder is not None:
            avatars = Avatars(folder, SEEDS[name])
            populations[name] = avatars, avatars.count
    for name, (population, persons) in populations.items():
        draw(args.work / name, population, persons, args.workers)
    torch.set_num_threads(args.threads)
    sets = [Pairs.open(args.work / name) for name in populations if name.startswith("train")]
    export(train(Run(args.work, args.steps), sets), args.out)
    digest = hashlib.sha256(args.out.read_bytes()).hexdigest()
    print(f"{args.out}: SHA-256 {digest}, which ptx/detector/shipped.py names")


if __name__ == "__main__":
    main()
