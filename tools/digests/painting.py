"""Cases of painting: people in other poses and from other sides, by commands and by the Python interface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import adapter as ptx
from commands import Run, studio, where, written
from content import Found, Part, array, file, folder, listed, prefixed, words
from places import Places, stored
from trainings import Training, trainings

SYSTEMS = ("flow", "pose-flow", "view")
OTHERS = {
    **{
        f"train/generator/{name}": "flow"
        for name in ("flow=projected", "flow=learned", "background=keep", "background=paint", "fusion=single")
    },
    **{f"train/refine/texture=True,flow={flow}": "view" for flow in ("regressed", "learned")},
    **{f"train/synthesis/{name}": "pose-flow" for name in ("flow=regressed", "background=paint", "garments=False")},
}
"""Training whose model paints → the system that it ends."""


def photo(places: Places, person: int, number: int) -> Path:
    """Name a photograph."""
    return places.photographs() / "photos" / f"p{person:05d}" / f"{number:02d}.png"


def pose(places: Places, person: int, number: int) -> Path:
    """Name OpenPose's file of a photograph."""
    return places.photographs() / "openpose" / f"p{person:05d}" / f"{number:02d}_keypoints.json"


def detected(run: Run) -> Run:
    """Let a detector find people that needs no large picture: where the first photograph's person stands."""

    def known(places: Places) -> Found:
        points, deep = (stored(places.large(), "extract-keypoints", name)[0] for name in ("keypoints", "keypoints3d"))
        with ptx.known_detector(points, deep, (320, 240)):
            return run(places)

    return known


def transfer(*options: str, pictured: bool = False) -> Run:
    """Paint a photograph in a pose from a file, or in that of another photograph."""
    wanted = photo if pictured else pose
    return detected(lambda p: written("out.png", "transfer", photo(p, 0, 1), "--pose", wanted(p, 1, 0), *options)(p))


def table(places: Places) -> Found:
    """Paint a table of pairs, one of which cannot be painted; and once more."""
    path = places.folder("table") / "pairs.csv"
    poses = pose(places, 1, 0), photo(places, 1, 1), photo(places, 0, 1)
    rows = zip((photo(places, 0, 1), photo(places, 2, 0), path.parent / "no.png"), poses, strict=True)
    path.write_text("\n".join(["source,pose", *(f"{a},{b}" for a, b in rows)]) + "\n")
    command = ("transfer", "--pairs", path, "-o", path.parent / "out", "--paste", *where(places))
    first, again = (places.said(*command) for _ in range(2))
    problems = (path.parent / "out" / "problems.csv").read_text()
    (path.parent / "out" / "problems.csv").unlink()
    return {
        **first,
        **prefixed("again", again),
        "problems": words(places.settle(problems)),
        "written": folder(path.parent / "out"),
    }


def view(name: str, *options: str, deep: bool = False) -> Run:
    """Paint a photograph from other sides."""

    def run(p: Places) -> Found:
        more = ("--keypoints3d", p.photographs() / "keypoints3d.json") if deep else ()
        return written(name, "view", photo(p, 0, 0), *options, *more, "--set", "body=small")(p)

    return detected(run)


def by_mediapipe(places: Places) -> Found:
    """Paint a photograph whose person MediaPipe finds, in the pose of another, at a size at which it does."""
    refine = next(one for one in trainings() if one.case == "train/refine/size=256")
    models = refine.trained(places)[0] / ptx.MODELS
    path = places.folder("written") / "out.png"
    options = ("--system", "view", "--model", models, "--set", "body=small", "-o", path)
    found = places.said("transfer", photo(places, 1, 0), "--pose", photo(places, 1, 1), *options)
    found |= {"written": file(path)}
    found |= prefixed("view", places.said("view", photo(places, 1, 0), "--joints", "landmarks", *options))
    return found | {"view/written": file(path)}


def interface(system: str, training: Training | None = None) -> Run:
    """Paint with given keypoints by the Python interface, with the models of the studio or of one training."""

    def run(places: Places) -> Found:
        results, main = studio(places) if training is None else training.trained(places)[0], places.main()
        images, points = stored(main, "ingest", "image"), stored(main, "extract-keypoints", "keypoints")
        done = ptx.transferred(results / ptx.MODELS, system, images[0], points[1], points[0])
        return {name: Part(array(value)) for name, value in done.items()}

    return run


def export_model(system: str) -> Run:
    """Export a system and run the program on inputs drawn from a seed."""

    def run(places: Places) -> Found:
        path = places.folder("exported") / "painter.pt2"
        found = places.said("export", "--system", system, "-o", path, *where(places))
        out = ptx.program(path, (64, 32)) if path.exists() else {}
        return found | {"painted": listed({name: array(value.numpy()) for name, value in out.items()})}

    return run


def cases() -> Iterator[tuple[str, Run]]:
    """List all of them."""
    for system in SYSTEMS:
        yield f"command/interface/{system}", interface(system)
        yield f"command/transfer/{system}", transfer("--system", system)
        yield f"command/transfer/{system}/sheet", transfer("--system", system, "--sheet")
        yield f"command/transfer/{system}/paste", transfer("--system", system, "--paste")
        yield f"command/view/{system}", view("out.png", "--system", system)
        yield (
            f"command/view/{system}/sheet",
            view("out.png", "--system", system, "--sheet", "--yaw=-30,30", "--pitch", "10"),
        )
        yield (
            f"command/view/{system}/landmarks",
            view("out.png", "--system", system, "--joints", "landmarks", deep=True),
        )
        yield f"command/export/model/{system}", export_model(system)
    for training in trainings():
        if training.case in OTHERS:
            yield (
                f"command/interface/{training.case.removeprefix('train/')}",
                interface(OTHERS[training.case], training),
            )
    yield "command/transfer/pose-of-photograph", transfer(pictured=True)
    yield "command/transfer/everyone", transfer("--everyone", pictured=True)
    yield "command/transfer/table", detected(table)
    yield "command/transfer/by-mediapipe", by_mediapipe
    yield "command/view/several-systems", view("out.png", "--system", ",".join(SYSTEMS), "--yaw", "0,90")
    yield "command/view/turntable", view("out.gif", "--system", "flow,view", "--yaw", "0:360:90")
    yield "command/view/film", view("out.mp4", "--yaw", "0:90:30")
    yield "command/view/detected-landmarks", view("out.png", "--joints", "landmarks")
    yield "command/view/everyone", view("out.png", "--everyone")
