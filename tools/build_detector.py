"""Take the networks of the detector out of MediaPipe's wheel, and check them.

Not needed to use ptx: the networks lie in ptx/assets/detector. To get them again:

    pip download --no-deps --only-binary=:all: --platform manylinux_2_28_x86_64 --python-version 3.12 mediapipe==0.10.21
    python tools/build_detector.py mediapipe-0.10.21-*.whl ptx/assets/detector

`heavy`, which `extract_keypoints.model` can name, comes the same way from npm: `npm pack @mediapipe/pose@0.5.1675469404`, and
`python tools/build_detector.py mediapipe-pose-0.5.1675469404.tgz FOLDER`.
"""

from __future__ import annotations

import argparse
import hashlib
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

NETWORKS = {
    "pose_detection.tflite": "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    "pose_landmark_full.tflite": "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    "face_detection_short_range.tflite": "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    "face_landmark.tflite": "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    "hand_recrop.tflite": "67d996ce96f9d36fe17d2693022c6da93168026ab2f028f9e2365398d8ac7d5d",
    "hand_landmark_full.tflite": "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
}
"""Network → its SHA-256."""

HEAVY = {"pose_landmark_heavy.tflite": "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe"}


def main() -> None:
    """Copy the networks of one archive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    wheel = args.archive.suffix == ".whl"
    for name, content in checked(members(args.archive), NETWORKS if wheel else HEAVY).items():
        (args.folder / name).write_bytes(content)
        print(f"{name}: {len(content):,} bytes")


def members(archive: Path) -> dict[str, bytes]:
    """Read the networks in a wheel or a tar archive: name → content."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {PurePosixPath(path).name: wheel.read(path) for path in wheel.namelist() if path.endswith(".tflite")}
    with tarfile.open(archive) as tar:
        files = ((member, tar.extractfile(member)) for member in tar if member.name.endswith(".tflite"))
        return {PurePosixPath(member.name).name: file.read() for member, file in files if file}


def checked(contents: Mapping[str, bytes], wanted: Mapping[str, str]) -> dict[str, bytes]:
    """Return the wanted networks; exits where one is missing or another."""
    for name, digest in wanted.items():
        if hashlib.sha256(contents.get(name, b"")).hexdigest() != digest:
            raise SystemExit(f"{name}: is not in the archive, or not the one that ptx was made with")
    return {name: contents[name] for name in wanted}


if __name__ == "__main__":
    main()
