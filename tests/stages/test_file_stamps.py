"""Files beside the photographs are known by name, size and time, all of them: keypoints, fits, label maps, annotation."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ptx.datasets.attribute_files import IMAGE_ATTRIBUTES, annotation_digest
from ptx.pipeline.fingerprint import Json
from tests.projects import make_project, stage

OLD = 10**18
"""A time of 2001, ns."""

FOLDERS = {
    "openpose": ("extract-keypoints", "extract_keypoints.backend=openpose-json", "extract_keypoints.path", ".json"),
    "mmpose": ("extract-keypoints", "extract_keypoints.backend=mmpose-json", "extract_keypoints.path", ".json"),
    "fits npz": ("fit-smpl", "fit_smpl.backend=files", "fit_smpl.path", ".npz"),
    "fits pkl": ("fit-smpl", "fit_smpl.backend=files", "fit_smpl.path", ".pkl"),
    "labels": ("parse", "parse.labels=lip", "parse.path", ".png"),
}
"""Kind → stage, a setting, the setting of the folder, the ending of its files."""

FOLDERS["crop"] = ("ingest", "ingest.crop=person", "extract_keypoints.path", ".json")

FILES = {
    "coco": ("extract-keypoints", "extract_keypoints.backend=coco-json", "extract_keypoints.path", ".json"),
    "csv": ("extract-keypoints", "extract_keypoints.backend=csv", "extract_keypoints.path", ".csv"),
}
"""The same of backends with one file."""


def dependencies(tmp_path: Path, kind: tuple[str, str, str, str], path: Path) -> dict[str, Json]:
    name, setting, place, _ = kind
    words = [setting, f"{place}={path}", f"data.root={tmp_path}"]
    if name == "ingest":
        words.append("extract_keypoints.backend=openpose-json")
    return dict(stage(make_project(tmp_path / "work", *words), name).dependencies)


def same_time(path: Path, content: bytes) -> None:
    """Write another content that keeps the time."""
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def swap(first: Path, second: Path) -> None:
    """Exchange two files, which keep sizes and times, their number and the newest time."""
    third = first.with_suffix(".third")
    first.rename(third)
    second.rename(first)
    third.rename(second)


CHANGES: dict[str, Callable[[Path, Path], object]] = {
    "an older time": lambda first, _: os.utime(first, ns=(OLD - 5, OLD - 5)),
    "a newer time": lambda first, _: os.utime(first, ns=(OLD + 5, OLD + 5)),
    "a nanosecond": lambda first, _: os.utime(first, ns=(OLD + 1, OLD + 1)),
    "another size": lambda first, _: same_time(first, b"longer than it was"),
    "removed": lambda first, _: first.unlink(),
    "another name": lambda first, _: first.rename(first.with_stem("renamed")),
    "exchanged": swap,
    "added": lambda first, _: first.with_stem("new").write_bytes(b""),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", FOLDERS)
def test_folders(tmp_path: Path, kind: str, change: str) -> None:
    folder, ending = tmp_path / "files", FOLDERS[kind][-1]
    (folder / "a").mkdir(parents=True)
    first, second = folder / "a" / f"1{ending}", folder / f"a_2{ending}"
    for number, path in enumerate((first, second, folder / "notes.txt")):
        path.write_bytes(b"x" * (number + 1))
        os.utime(path, ns=(OLD, OLD))
    os.utime(second, ns=(OLD + 1000, OLD + 1000))  # the newest, whatever happens to the first
    before = dependencies(tmp_path, FOLDERS[kind], folder)
    assert dependencies(tmp_path, FOLDERS[kind], folder) == before
    (folder / "notes.txt").write_bytes(b"of nobody's interest")
    assert dependencies(tmp_path, FOLDERS[kind], folder) == before
    CHANGES[change](first, second)
    assert dependencies(tmp_path, FOLDERS[kind], folder) != before


@pytest.mark.parametrize("change", ["an older time", "a newer time", "a nanosecond", "another size"])
@pytest.mark.parametrize("kind", FILES)
def test_single_files(tmp_path: Path, kind: str, change: str) -> None:
    path = tmp_path / f"keypoints{FILES[kind][-1]}"
    path.write_bytes(b"x")
    os.utime(path, ns=(OLD, OLD))
    before = dependencies(tmp_path, FILES[kind], path)
    assert dependencies(tmp_path, FILES[kind], path) == before
    CHANGES[change](path, path)
    assert dependencies(tmp_path, FILES[kind], path) != before


@pytest.mark.parametrize("change", ["an older time", "another size", "removed"])
def test_annotation_of_clothes(tmp_path: Path, change: str) -> None:
    path = tmp_path / IMAGE_ATTRIBUTES
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    os.utime(path, ns=(OLD, OLD))
    before = annotation_digest(tmp_path)
    CHANGES[change](path, path)
    assert annotation_digest(tmp_path) != before


def test_a_network_for_labels_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "parser.onnx"
    path.write_bytes(b"a network")
    os.utime(path, ns=(OLD, OLD))
    before = dependencies(tmp_path, FOLDERS["labels"], path)
    os.utime(path, ns=(OLD + 5, OLD + 5))
    assert dependencies(tmp_path, FOLDERS["labels"], path) == before
    same_time(path, b"a nEtwork")
    assert dependencies(tmp_path, FOLDERS["labels"], path) != before
