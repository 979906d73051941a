"""What things come to: a digest of decoded content, and the text where it can be read. Knows no name of ptx."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import sys
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import zarr
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file


class Part(NamedTuple):
    """What is known of one part of a case."""

    digest: str
    text: str | None = None
    """What was digested, where it can be read, so that a difference can be."""


Found = dict[str, Part]
"""Name of a part → what it came to."""


def sha(data: bytes) -> str:
    """Hash bytes."""
    return hashlib.sha256(data).hexdigest()


def words(text: str) -> Part:
    """Digest a text and keep it."""
    return Part(sha(text.encode()), text)


def document(value: Any) -> Part:
    """Digest a JSON-like value and keep it, keys sorted, one a line."""
    return words(json.dumps(value, indent=1, sort_keys=True, default=str))


def array(values: NDArray[Any]) -> str:
    """Hash an array's type, shape and values."""
    return sha(f"{values.dtype.str} {values.shape} ".encode() + np.ascontiguousarray(values).tobytes())


def listed(hashes: Mapping[str, str]) -> Part:
    """Digest many named hashes as one; the text says which of them differs."""
    return words("\n".join(f"{name} {digest[:16]}" for name, digest in sorted(hashes.items())))


# --- files ------------------------------------------------------------------------------------------------------------------


def picture(data: bytes) -> str:
    """Hash the pixels of all frames of a picture file."""
    image, frames = Image.open(io.BytesIO(data)), []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        frames.append(array(np.asarray(image if image.mode == "P" else image.convert("RGB"))))
    return sha(" ".join(frames).encode())


def content(name: str, data: bytes) -> str:
    """Hash a file by what it decodes to: pixels of pictures, values of JSON, bytes of everything else."""
    if name.endswith((".png", ".jpg", ".gif")):
        return picture(data)
    return sha(json.dumps(json.loads(data), sort_keys=True).encode()) if name.endswith(".json") else sha(data)


def folder(path: Path) -> Part:
    """Digest all files below a folder."""
    files = (p for p in path.rglob("*") if p.is_file())
    return listed({p.relative_to(path).as_posix(): content(p.name, p.read_bytes()) for p in files})


def file(path: Path) -> Part:
    """Digest one file; of an archive its members, of a film its frames."""
    if path.suffix == ".mp4":
        film, frames = cv2.VideoCapture(str(path)), []
        while (read := film.read())[0]:
            frames.append(array(read[1]))
        return words("\n".join(frames))
    if path.suffix != ".tar":
        return Part(content(path.name, path.read_bytes()))
    with tarfile.open(path) as tar:
        return listed({m.name: content(m.name, tar.extractfile(m).read()) for m in tar.getmembers()})  # type: ignore[union-attr]


def tensors(path: Path) -> Found:
    """Digest the tensors of a safetensors file, those whose names begin alike (`net/flow/...`) as one."""
    groups: dict[str, dict[str, str]] = {}
    for name, value in load_file(path).items():
        first, *rest = name.split("/")
        group = f"{first}/{rest[0]}" if first in ("net", "optimiser") else first if rest else "weights"
        groups.setdefault(group, {})[name] = array(value.numpy())
    return {group: Part(sha(json.dumps(own, sort_keys=True).encode())) for group, own in groups.items()}


def arrays(path: Path) -> Part:
    """Digest all arrays of a Zarr group, decoded, and the attributes of each."""
    root, found = zarr.open_group(path, mode="r"), {}
    for name, member in root.members(max_depth=None):
        if isinstance(member, zarr.Array):
            found[name] = array(np.asarray(member[...])) + sha(json.dumps(dict(member.attrs), sort_keys=True).encode())
    return listed({name: sha(value.encode()) for name, value in found.items()})


# --- texts ------------------------------------------------------------------------------------------------------------------

PASSING = re.compile(r"^\S.*: \d+/\d+, [\d.]+/s, \d+ bad, .* left\n", re.M)
"""Lines of progress, which are there or not as the machine is fast or slow."""
REPLACED = (
    (
        re.compile(r"^AttributeError: 'MessageFactory' object .*\n", re.M),
        "",
    ),  # of protobuf, when MediaPipe is first used
    (re.compile(r", \d+/s\b"), ""),
    (re.compile(r"on \d+ workers"), "on its workers"),
    (re.compile(r"\b\d+ h \d+ min\b|\b\d+ min( \d+ s)?\b|\b\d+ s\b"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)? ?([kMGT]B|B|bytes)\b"), "SIZE"),
    (re.compile(r'("bytes": )\d+'), r"\1SIZE"),
    (re.compile(r"[ ─]{2,}"), " "),
    (re.compile(r" +$", re.M), ""),
)
"""What differs from run to run, and what stands for it; spaces are as many as a column's widest cell asks for."""
PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=]+)")


def settled(text: str, places: Mapping[Path, str]) -> str:
    """Take out of a text what differs from run to run: places on disk, times, rates, sizes, widths of columns."""
    for path, name in sorted(places.items(), key=lambda item: -len(str(item[0]))):
        text = text.replace(str(path), f"<{name}>")
    text = PASSING.sub("", text.replace(sys.executable, "<python>"))
    for pattern, instead in REPLACED:
        text = pattern.sub(instead, text)
    return text.strip()


def page(path: Path, places: Mapping[Path, str]) -> Part:
    """Digest an HTML page; its pictures by their pixels."""
    text = PICTURE.sub(lambda match: f"<picture {picture(base64.b64decode(match[1]))[:16]}>", path.read_text())
    return words(settled(text, places))


def prefixed(name: str, parts: Found) -> Found:
    """Put a name before those of the parts."""
    return {f"{name}/{part}": value for part, value in parts.items()}


def together(parts: Iterable[Found]) -> Found:
    """Join the parts of several."""
    return {name: part for one in parts for name, part in one.items()}
