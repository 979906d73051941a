"""Files of weights that shape a model, such as VGG-19's: their contents are part of what it is, their place is not. Without torch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from ptx.pipeline.fingerprint import Json, file_stamp
from ptx.training.trainings.appearance_flow import EFFICIENTNET_WEIGHTS, PERCEPTUAL_WEIGHTS

LOG_TAIL = 4096
"""Bytes at the end of a log that are looked at for the terms of the last steps."""

PERCEPTUAL_TERM = "/perceptual,"
"""Text in the rows of a log that a perceptual loss writes."""


@lru_cache(maxsize=32)
def _hash(path: Path, stamp: tuple[int, ...]) -> str:  # noqa: ARG001  # read again when the file changes
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_file(path: Path) -> str | None:
    """Return the hex SHA-256 of a file, read once as long as its size and time stay; None where there is no such file."""
    return _hash(path, tuple(file_stamp(path))) if path.is_file() else None


def hash_weights(files: Mapping[str, Path]) -> dict[str, Json]:
    """Return what files are for → hash of their contents, of those that are there."""
    hashes = {name: hash_file(path) for name, path in files.items()}
    return {name: value for name, value in hashes.items() if value is not None}


def weights_meta(files: Mapping[str, Path]) -> dict[str, Json]:
    """Return what is written beside a manifest, so that the same files need not be read again: path and stamp of each."""
    return {name: {"path": str(path), "stamp": file_stamp(path)} for name, path in files.items() if path.is_file()}


def weight_reasons(folder: Path, meta: Mapping[str, Json], files: Mapping[str, Path], *, old: bool) -> Iterator[str]:
    """Yield the reasons why a model was trained with other weights than these files hold, one sentence each.

    A file that is not there may hold what it held: it is no reason, and training on says that it is missing. A model of a ptx that
    did not record weights is taken for one with VGG-19's, whichever, if its log has a perceptual loss, which was the only one, and for
    one without if the log has none; where there is no log, nothing is known and nothing is a reason.

    Args:
        folder: of the model.
        meta: JSON of its newest checkpoint.
        files: what weights are for → file that the settings name now.
        old: the model is of a ptx that did not record weights.
    """
    known = _of_log(folder, files) if old else recorded_weights(_mapping(meta.get("document")))
    if known is None:
        return
    places = _mapping(meta.get("weights"))
    for name in sorted({*known, *files}):
        was, place = known.get(name), _mapping(places.get(name))
        path = files.get(name)
        if path is None:
            yield f"{name} were {Path(str(place.get('path', 'there'))).name}, now absent"
        elif was is None:
            yield f"{name} were absent, now {path.name}"
        elif path.is_file() and not _is_known(path, place) and hash_file(path) != was and was != ANY:
            yield f"{name} were {Path(str(place.get('path', 'others'))).name}, now {path.name} with other contents"


ANY = "any"
"""In the place of a hash: weights of unknown contents were used."""


def recorded_weights(document: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return what weights are for → hash of their contents, as a manifest has them; empty where it has none."""
    return _mapping(document.get("weights"))


def _of_log(folder: Path, files: Mapping[str, Path]) -> Mapping[str, Json] | None:
    """Return the weights that a log tells of; None where there is no log."""
    path = folder / "log.csv"
    if not path.is_file():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_TAIL))
        used = PERCEPTUAL_TERM in file.read().decode(errors="replace")
    others = {name: ANY for name in files if name not in (PERCEPTUAL_WEIGHTS, EFFICIENTNET_WEIGHTS)}
    return {**others, **({PERCEPTUAL_WEIGHTS: ANY} if used else {})}


def _is_known(path: Path, place: Mapping[str, Json]) -> bool:
    """Return True where a file is the one whose contents were recorded, as far as its size and time tell."""
    return place.get("path") == str(path) and place.get("stamp") == file_stamp(path)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
