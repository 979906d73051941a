"""Train the parser that comes with ptx, from nothing to `ptx/assets/weights/parser.onnx`.

    pip install -e ".[dev]"           # onnx and onnxruntime: to export, and to run the encoder that is not trained
    python tools/train_parser.py WORK [--pack people-full]

draws lifelike people (once, into WORK), trains (goes on where it was stopped, from WORK/state.pt), writes the network, and prints the
intersection over union of each label on people in outfits, shoes, hair, cloth and walls that training did not show.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch
from parser_training.export import export
from parser_training.pictures import Pictures, draw, load_cloths, split_pack
from parser_training.train import held_out_iou, load_average, train
from small_training.loop import Run

from ptx.detector.parsing import PARSER_MODEL
from ptx.labels import GARMENTS

TRAINED_ON = 3150
HELD_OUT = 240
"""Pictures."""

STEPS = 2200
SEEDS = (11, 9001)
"""Of the people that are trained on, and of those held out."""


def main() -> None:
    """Draw, train, export, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument(
        "--pack", default="", help="folder of tools/build_people_pack.py --full; the one that comes with ptx"
    )
    parser.add_argument("--pictures", type=int, default=TRAINED_ON)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--workers", type=int, default=2, help="processes that draw")
    parser.add_argument("--threads", type=int, default=1, help="that train; two on busy cores are far slower than one")
    parser.add_argument("--out", type=Path, default=PARSER_MODEL)
    args = parser.parse_args()
    for name, seed, count in (("train", SEEDS[0], args.pictures), ("held", SEEDS[1], HELD_OUT)):
        pack = split_pack(args.pack, args.work / f"pack_{name}", name == "held")
        draw(args.work / name, pack, count, seed, args.workers)
    torch.set_num_threads(args.threads)
    train(
        Run(args.work, args.steps),
        Pictures.open(args.work / "train", args.pictures).first(args.pictures),
        load_cloths(args.work / "pack_train"),
    )
    net = load_average(args.work)
    export(net, args.out)
    print(
        f"{args.out}: SHA-256 {hashlib.sha256(args.out.read_bytes()).hexdigest()}, which ptx/detector/shipped.py names"
    )
    held = Pictures.open(args.work / "held", HELD_OUT)
    for title, cloths in (("as drawn", None), ("changed as in training", load_cloths(args.work / "pack_held"))):
        iou = held_out_iou(net, held, cloths)
        rows = ", ".join(f"{label} {value:.3f}" for label, value in zip(GARMENTS, iou, strict=True))
        print(f"{title}: mean {iou.mean():.3f}; {rows}")


if __name__ == "__main__":
    main()
