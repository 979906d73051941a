"""Cases of the commands: each of them, on the workspace of synthetic people with all models trained, and on photographs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import adapter as ptx
from content import Found, arrays, file, folder, prefixed, tensors, together, words
from data import PHOTOGRAPHS, photographed
from places import PEOPLE, SMALL, TRAININGS, Places, trainings
from trainings import base

Run = Callable[[Places], Found]
Words = tuple[object, ...]

PROTOCOLS = ("ours-jpeg", "wang2004", "intrinsic2019", "patn2019", "pidm2023", "cfld2024")


def studio(places: Places) -> Path:
    """Make a folder of results with all models trained."""

    def make(results: Path) -> Path:
        for model in ptx.TRAINED:
            shutil.copytree(ptx.model_folder(base(model).trained(places)[0], model), ptx.model_folder(results, model))
        return results

    return places.once("studio", make)


def where(places: Places) -> Words:
    """Options that name the main workspace and its models."""
    results = studio(places)
    return ("-c", places.main(), "--set", f"results={results}")


def said(*command: object) -> Run:
    """Run a command in the main workspace for what it says."""
    return lambda places: places.said(*command, *where(places))


def alone(*command: object) -> Run:
    """Run a command where there is no workspace."""
    return lambda places: places.said(*command, "-c", "/dev/null", "--set", f"workspace={places.root / 'nowhere'}")


def written(name: str, *command: object) -> Run:
    """Run a command that writes what `-o` says: a file or a folder."""

    def run(places: Places) -> Found:
        path = places.folder("written") / name
        found = places.said(*command, "-o", path, *where(places))
        return found | {"written": folder(path) if path.is_dir() else file(path)} if path.exists() else found

    return run


def evaluate(*options: object, judged: bool = False) -> Run:
    """Score all methods."""

    def run(places: Places) -> Found:
        judges = ptx.sets(places.judges()) if judged else []
        found = places.said("evaluate", *options, *judges, *where(places))
        return found | {"scores": arrays(studio(places) / ptx.SCORES)}

    return run


def evaluate_elsewhere(config: Callable[[Places], Path], rules: str) -> Run:
    """Train one model in another workspace and score it, with networks that judge."""
    small = {f"train_coarse.{name}": value for name, value in {**TRAININGS, **SMALL, "batch": 2}.items()}

    def run(places: Places) -> Found:
        results = places.folder("scored")
        there = ("-c", config(places), *ptx.sets({"results": results, **small}))
        found = prefixed("train", places.do(*ptx.train("coarse"), *there))
        options = ("--count", 2, "--table", "--protocol", rules)
        found |= places.said("evaluate", *options, *ptx.sets(places.judges()), *there)
        return found | {"scores": arrays(results / ptx.SCORES)}

    return run


def evaluate_against(places: Places) -> Found:
    """Compare with another run's scores: the same models without pixel warping."""
    other = places.folder("other")
    shutil.copytree(studio(places) / ptx.MODELS, other / ptx.MODELS)
    shutil.rmtree(ptx.model_folder(other, "pixel-warp"))
    places.do("evaluate", "-c", places.main(), "--set", f"results={other}")
    return evaluate("--against", other)(places)


def report(places: Places) -> Found:
    """Write the report."""
    return {**places.said("report", *where(places)), "page": places.page(studio(places) / ptx.REPORT)}


def study(*options: str) -> Run:
    """Write the page of a user study."""

    def run(places: Places) -> Found:
        path = places.folder("study") / "study.html"
        return {**places.said("study", path, *options, *where(places)), "page": places.page(path)}

    return run


def answers(places: Places) -> Found:
    """Score the answers of two people."""
    paths = [places.folder("answers") / f"{name}.json" for name in ("anna", "ben")]
    for number, path in enumerate(paths):
        chosen = [
            {
                "pair": pair,
                "left": "one",
                "right": "two",
                "chosen": ("left", "right")[(pair + number) % 3 == 0],
                "seconds": 1.5,
            }
            for pair in range(8)
        ]
        paths[number].parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"study": "a", "answers": chosen}))
    return places.said("study", "--score", *paths, *where(places))


def demo(places: Places) -> Found:
    """Run the demo, small."""
    path = places.folder("demonstration") / "demo"
    small = {**PEOPLE, "data.persons": 6, "size": [64, 32], **trainings(True)}
    found = places.said("demo", path, *ptx.sets(small))
    models = (prefixed(m, tensors(ptx.model_folder(path, m) / ptx.BEST)) for m in ptx.TRAINED[:3])
    return {**found, **together(models), "page": places.page(path / ptx.REPORT), **places.stores(path)}


ASKED: dict[str, Words] = {
    "status": ("status",),
    "status/json": ("status", "--json"),
    "status/problems": ("status", "--problems"),
    "status/other-visibility": ("status", "--set", "visibility.rule=faces"),
    "status/other-seed": ("status", "--set", "seed=1"),
    "status/other-channels": ("status", "--set", "train_flow.base=8", "--set", "train_coarse.weighting=mask"),
    "status/more-steps": ("status", "--set", "train_flow.steps=9"),
    "verify": ("verify",),
    "verify/one": ("verify", "synth-flow"),
    "dry-run": ("run", "all", "--dry-run"),
    "dry-run/force": ("run", "rasterize", "--dry-run", "--force"),
    "dry-run/stale": ("run", "all", "--dry-run", "--set", "fit_smpl.iterations=20"),
    "run/nothing-to-do": ("run", "all"),
    "train/nothing-to-do": ("run", "train-synthesis"),
    "retry/nothing": ("retry", "ingest"),
    "config/show": ("config", "show"),
    "config/check": ("config", "check"),
    "submit/data": ("submit", "all", "--print"),
    "submit/trainings": ("submit", *(" ".join(ptx.train(model)[1:]) for model in ptx.TRAINED), "--print"),
    "submit/both": ("submit", "all", "train-flow", "train-generator", "--print", "--set", "train_flow.devices=2"),
}
"""Commands that only say something of the main workspace."""
WRONG: dict[str, Words] = {
    "stage": ("run", "nothing"),
    "training": ("run", "train-nothing"),
    "part": ("run", "train-flow", "--part", "1/2"),
    "check": ("run", "ingest", "--check"),
    "flow-first": ("run", "synth-flow"),
    "training-first": ("run", "train-flow"),
    "setting": ("config", "check", "--set", "train_flow.bass=3"),
    "value": ("config", "check", "--set", "train_generator.fusion=none", "--set", "size=[3,3]"),
    "kind": ("config", "check", "--set", "data.kind=x"),
    "no-value": ("config", "check", "--set", "size"),
    "nodes": ("config", "check", "--set", "train_flow.nodes=3"),
    "released": ("config", "check", "--set", "synth_flow.backend=released"),
    "show": ("show",),
    "show-nobody": ("show", "p00000_0"),
    "show-pair": ("show", "--pair", "999"),
    "show-grid": ("show", "--grid"),
    "verify": ("verify",),
    "retry": ("retry", "ingest"),
    "transfer": ("transfer", "x.png"),
    "transfer-looks": ("transfer", "x.png", "--pose", "y.png", "--sheet", "--paste"),
    "transfer-models": ("transfer", "x.png", "--pose", "y.png"),
    "transfer-system": ("transfer", "x.png", "--pose", "y.png", "--system", "z"),
    "transfer-table": ("transfer", "--pairs", "nowhere.csv"),
    "view-joints": ("view", "x.png", "--joints", "z"),
    "view-yaw": ("view", "x.png", "--yaw", "z"),
    "export": ("export", "z", "-o", "out"),
    "export-nowhere": ("export", "flow"),
    "export-format": ("export", "flow", "--format", "z", "-o", "out"),
    "evaluate": ("evaluate",),
    "evaluate-protocol": ("evaluate", "--protocol", "z"),
    "evaluate-against": ("evaluate", "--against", "nowhere"),
    "study": ("study", "page.txt"),
    "study-answers": ("study", "--score", "nowhere.json"),
    "submit": ("submit", "train-nothing", "--print"),
}
"""Mistakes, made where there is no workspace."""
COMMANDS = (
    "run",
    "submit",
    "status",
    "retry",
    "verify",
    "config",
    "doctor",
    "show",
    "transfer",
    "view",
    "export",
    "evaluate",
    "report",
    "study",
    "demo",
)
WRITING: dict[str, tuple[str, Words]] = {
    "show/sample": ("one.png", ("show", "p00003_01")),
    "show/number": ("one.png", ("show", "4")),
    "show/pair": ("pair.png", ("show", "--pair", 5)),
    "show/pair-of-ids": ("pair.png", ("show", "--pair", "p00001_00:p00001_01")),
    "show/grid": ("grid.png", ("show", "--grid", "--count", 5)),
    "export/flow-corr": ("corr", ("export", "flow", "--format", "corr")),
    "export/flow-flo": ("flo", ("export", "flow", "--format", "flo")),
    "export/keypoints": ("keypoints.json", ("export", "keypoints")),
    "export/images": ("images", ("export", "images")),
    "export/pairs": ("pairs.tar", ("export", "pairs")),
}
"""Commands that write what `-o` says."""


def doctor(places: Places) -> Found:
    """See that the doctor ends well; what it says is of the machine."""
    return {"exit": words(str(ptx.command("doctor", *where(places)).code))}


def shipped(path: Path) -> Run:
    """Show all settings of a file of the package."""
    return lambda places: places.said("config", "show", "-c", path)


def cases() -> Iterator[tuple[str, Run]]:
    """List all of them."""
    yield from ((f"command/{name}", said(*command)) for name, command in ASKED.items())
    yield from ((f"mistake/{name}", alone(*command)) for name, command in WRONG.items())
    yield from ((f"help/{name}", lambda places, name=name: places.said(name, "--help")) for name in COMMANDS)
    yield "command/dry-run/nothing-there", alone("run", "all", "--dry-run")
    yield "command/doctor", doctor
    for path in sorted([*(ptx.ROOT / "configs").glob("*.yaml"), ptx.ROOT / "pipeline.yaml"]):
        yield f"config/{path.stem}", shipped(path)
    yield from ((f"command/{name}", written(out, *command)) for name, (out, command) in WRITING.items())
    yield "command/evaluate", evaluate("--table")
    yield "command/evaluate/few", evaluate("--count", 2)
    yield from ((f"command/evaluate/{rules}", evaluate("--protocol", rules, "--table")) for rules in PROTOCOLS)
    yield "command/evaluate/gfla2020", evaluate_elsewhere(lambda places: places.preset((128, 64)), "gfla2020")
    for kind in ("deepfashion", "market1501"):
        there = partial(photographed, name=f"{kind}-scored", make=PHOTOGRAPHS[kind])
        yield f"command/evaluate/{kind}", evaluate_elsewhere(lambda places, there=there: there(places)[0], "ours")
    yield "command/evaluate/judged", evaluate("--count", 2, judged=True)
    yield "command/evaluate/redetected", evaluate("--count", 2, "--set", "evaluate.keypoints=mediapipe")
    yield "command/evaluate/against", evaluate_against
    yield "command/report", report
    yield "command/study", study("--count", "4")
    yield "command/study/photograph", study("--count", "4", "--seed", "1", "--methods", "generator,the photograph")
    yield "command/study/answers", answers
    yield "command/demo", demo
