"""Cases of the commands that change a workspace, each on one of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

import adapter as ptx
from commands import Run, Words, studio
from content import Found, prefixed, tensors, together
from data import FEW, PHOTOGRAPHS, photographed
from places import Places


def copied(places: Places, name: str) -> Words:
    """Copy the main workspace and its models; returns the options that name the copy."""
    own = places.folder(name)
    shutil.copytree(places.main().parent / "work", own / "work")
    shutil.copytree(studio(places) / ptx.MODELS, own / "work" / ptx.MODELS)
    return ("-c", places.main(), "--set", f"workspace={own / 'work'}")


def in_order(places: Places, commands: Sequence[Words], *there: object) -> Found:
    """Run commands one after the other."""
    names = [str(command[1] if command[0] == "run" else command[0]) for command in commands]
    parts = (places.said(*command, *there) for command in commands)
    return together(prefixed(f"{n}-{name}", part) for n, (name, part) in enumerate(zip(names, parts, strict=True), 1))


def in_turn(*commands: Words) -> Run:
    """Run commands one after the other on a copy of the main workspace."""

    def run(places: Places) -> Found:
        there = copied(places, "changed")
        found = in_order(places, commands, *there)
        return found | places.stores(places.root / "changed" / "work")

    return run


def damaged(places: Places) -> Found:
    """Find a damaged block, forget it, compute it again."""
    there, work = copied(places, "damaged"), places.root / "damaged" / "work"
    files = (path for path in sorted((work / f"{ptx.STORES['visibility']}.zarr").rglob("*")) if path.is_file())
    path = next(path for path in files if path.suffix != ".json")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    commands: list[Words] = [
        ("verify",),
        ("show", "--pair", 0),
        ("verify", "--drop"),
        ("status",),
        ("run", "all"),
        ("verify",),
    ]
    found = in_order(places, commands, *there)
    return found | places.stores(work)


def parts(places: Places) -> Found:
    """Compute the flow in two parts."""
    config, _ = places.people("parts", {**FEW, "run.block": 4}, ptx.DATA[:4])
    part = ("run", "synth-flow", "--part")
    commands: list[Words] = [(*part, "1/2"), ("status",), ("run", "visibility"), (*part, "2/2")]
    found = in_order(places, commands, "-c", config)
    return found | places.stores(config.parent / "work")


def retried(places: Places) -> Found:
    """List what was quarantined and try again."""
    config, _ = photographed(places, "broken-and-tried-again", PHOTOGRAPHS["broken"])
    commands: list[Words] = [
        ("status", "--problems"), ("retry", "extract-keypoints", "--reason", "missing"), ("retry", "ingest"), ("status",),
    ]  # fmt: skip
    return in_order(places, commands, "-c", config)


def trained_anew(places: Places) -> Found:
    """Train by force, with other settings, and on."""
    there, models = copied(places, "trained-anew"), places.root / "trained-anew" / "work"
    train = (*ptx.train("flow"), "--set", "train_flow.steps=2")
    commands: list[Words] = [
        (*train, "--force"), (*train, "--set", "train_flow.limbs=false"), ("run", "train-generator"),
        ("status", "--set", "train_flow.limbs=false"), (*train, "--set", "train_flow.limbs=false", "--set", "train_flow.steps=4"),
    ]  # fmt: skip
    found = in_order(places, commands, *there)
    return found | prefixed("model", tensors(ptx.model_folder(models, "flow") / ptx.BEST))


def cases() -> Iterator[tuple[str, Run]]:
    """List all of them."""
    yield "change/force", in_turn(("run", "rasterize", "--force"), ("status",), ("run", "all"), ("status", "--json"))
    stale = ("--set", "fit_smpl.iterations=5")
    turned = [
        ("run", "fit-smpl", *stale),
        ("status", *stale),
        ("run", "visibility", *stale),
        ("run", "all"),
        ("status",),
    ]
    yield "change/stale", in_turn(*turned)
    yield "change/damaged", damaged
    yield "change/parts", parts
    yield "change/retry", retried
    yield "change/train", trained_anew
