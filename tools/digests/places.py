"""Where cases take place: workspaces of synthetic people, photographs with keypoint files, weights; each made when first asked for."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import adapter as ptx
import numpy as np
import torch
import zarr
from content import Found, Part, arrays, document, page, settled, together, words
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file

LONG_AGO = 1_600_000_000
"""Time of every file that a data set or an annotation consists of: listings say when files were changed."""

TRAININGS = {"steps": 3, "save_every": 3, "batch": 4, "workers": 0, "validate_pairs": 4, "precision": "fp32"}
SMALL = {"base": 4, "most": 8, "scales": 3}
WARPED = ("generator", "garment", "synthesis")
PEOPLE = {
    "cluster.kind": "serial",
    "body": "small",
    "data.kind": "people",
    "data.persons": 10,
    "data.images_per_person": 2,
}


def trainings(small: bool) -> dict[str, Any]:
    """Set all trainings to three steps; `small`: and to few channels and scales."""
    each = TRAININGS | (SMALL if small else {"batch": 2, "validate_pairs": 2})
    found = {f"{ptx.section(model)}.{name}": value for model in ptx.TRAINED for name, value in each.items()}
    return found | ({f"{ptx.section(model)}.warped_scales": 2 for model in WARPED} if small else {})


class Failed(Exception):
    """A command ended with an error where a case needs it to succeed."""


class Places:
    """A folder in which all cases take place."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._made: dict[str, Any] = {}

    def once(self, name: str, make: Callable[[Path], Any]) -> Any:
        """Give what `make` made of a folder of this name; what it raised is raised again."""
        if name not in self._made:
            try:
                (self.root / name).mkdir(parents=True, exist_ok=True)
                self._made[name] = make(self.root / name)
            except Exception as error:
                self._made[name] = error
        if isinstance(self._made[name], Exception):
            raise self._made[name]
        return self._made[name]

    def folder(self, name: str) -> Path:
        """Make an empty folder."""
        path = self.root / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def settle(self, text: str) -> str:
        """Take out of a text what differs from run to run."""
        return settled(text, self._names)

    @property
    def _names(self) -> dict[Path, str]:
        """Places on disk, and what stands for them in texts."""
        return {Path.cwd(): "here", ptx.ROOT: "ptx", self.root: "work"}

    def said(self, *command: object) -> Found:
        """Run a command: its text, and how it ended where not well."""
        done = ptx.command(*command)
        text = self.settle(done.text)
        return {"said": words(text if done.code == 0 else f"{text}\nexit {done.code}")}

    def do(self, *command: object) -> Found:
        """Run a command that has to succeed."""
        done = ptx.command(*command)
        if done.code:
            raise Failed(f"exit {done.code}: {self.settle(done.text)}")
        return {"said": words(self.settle(done.text))}

    def page(self, path: Path) -> Part:
        """Digest an HTML page."""
        return page(path, self._names)

    def stores(self, workspace: Path) -> Found:
        """Digest all that the data stages of a workspace have stored."""
        found: Found = {}
        for stage, store in ptx.STORES.items():
            path = workspace / f"{store}.zarr"
            if path.exists():
                found[f"{stage}/arrays"] = arrays(path)
                found[f"{stage}/records"] = words(self.settle(json.dumps(ptx.records(workspace / f"{store}.blocks"))))
                found[f"{stage}/fingerprint"] = document(ptx.fingerprint(path))
        return found

    # --- synthetic people -----------------------------------------------------------------------------------------------

    def people(self, name: str, settings: Mapping[str, Any], stages: tuple[str, ...] = ("all",)) -> tuple[Path, Found]:
        """Make a workspace: its settings file, and what the run said."""

        def make(folder: Path) -> tuple[Path, Found]:
            config = ptx.write_config(folder / "pipeline.yaml", {"workspace": folder / "work", **settings})
            return config, together(self.do("run", stage, "-c", config) for stage in stages)

        return self.once(name, make)

    def large(self) -> Path:
        """Settings file of people who are large enough for detectors."""
        more = {"size": [320, 240], "data.persons": 4, "data.images_per_person": 3, "data.half_body": 0}
        return self.people("large", {**PEOPLE, **more}, ("ingest", "extract-keypoints", "parse"))[0]

    def main(self) -> Path:
        """Settings file of the workspace in which nearly everything is tried."""
        more = {"size": [64, 32], "attributes.path": self.root / "annotation"}
        return self.people("people", {**PEOPLE, **more, **trainings(True)})[0]

    def preset(self, size: tuple[int, int]) -> Path:
        """Settings file of a workspace for published presets."""
        more = {"size": list(size), "attributes.path": self.root / "annotation"}
        return self.people(f"people-{size[0]}x{size[1]}", {**PEOPLE, **more, **trainings(False)})[0]

    def annotation(self) -> Path:
        """Make annotation files: what people of the main workspace wear, as the brightness and redness of pictures say."""

        def make(folder: Path) -> Path:
            images = stored(self.main(), "ingest", "image").astype(float)
            ids = [bytes(row).rstrip(b"\0").decode() for row in stored(self.main(), "ingest", "id")]
            bright, red = images.mean((1, 2, 3)), images[..., 0].mean((1, 2)) - images[..., 2].mean((1, 2))
            return annotate(folder, ids, bright > np.median(bright), red > np.median(red))

        return self.once("annotation", make)

    # --- photographs ----------------------------------------------------------------------------------------------------

    def photographs(self) -> Path:
        """Make a folder of photographs `photos/PERSON/NUMBER.png`, and beside it their keypoints as four tools write them."""

        def make(folder: Path) -> Path:
            self.do("export", "images", "-o", folder / "flat", "-c", self.large())
            for path in sorted((folder / "flat").iterdir()):
                person, number = path.stem.split("_")
                (folder / "photos" / person).mkdir(parents=True, exist_ok=True)
                path.rename(folder / "photos" / person / f"{number}.png")
            photos = sorted((folder / "photos").rglob("*.png"))
            points, deep = (
                np.nan_to_num(stored(self.large(), "extract-keypoints", name)) for name in ("keypoints", "keypoints3d")
            )
            write_keypoints(folder, photos, points)
            (folder / "keypoints3d.json").write_text(json.dumps(deep[4].tolist()))
            for path, labels in zip(photos, stored(self.large(), "parse", "labels"), strict=True):
                (folder / "maps" / path.parent.name).mkdir(parents=True, exist_ok=True)
                Image.fromarray(labels).save(folder / "maps" / path.parent.name / path.name)
            return age(folder)

        return self.once("photographs", make)

    # --- weights --------------------------------------------------------------------------------------------------------

    def vgg(self) -> Path:
        """Write VGG-19's weights, drawn from a seed."""
        widths = {
            0: 64,
            2: 64,
            5: 128,
            7: 128,
            10: 256,
            12: 256,
            14: 256,
            16: 256,
            19: 512,
            21: 512,
            23: 512,
            25: 512,
            28: 512,
        }
        return self.once("vgg", lambda folder: _convolutions(folder / "vgg19.safetensors", widths, 3))

    def judges(self) -> dict[str, Path]:
        """Write the weights of networks that judge pictures, drawn from a seed."""

        def make(folder: Path) -> dict[str, Path]:
            widths, kernels = {0: 64, 3: 192, 6: 384, 8: 256, 10: 256}, {0: 11, 3: 5}
            paths = {f"evaluate.{name}": folder / f"{name}.safetensors" for name in ("alexnet", "lpips", "inception")}
            _convolutions(paths["evaluate.alexnet"], widths, 3, kernels)
            generator = torch.Generator().manual_seed(0)
            lin = {
                f"lin{i}.model.1.weight": torch.rand(1, n, 1, 1, generator=generator)
                for i, n in enumerate(widths.values())
            }
            save_file(lin, paths["evaluate.lpips"])
            save_file(ptx.inception_state(), paths["evaluate.inception"])
            return paths

        return self.once("judges", make)


def stored(config: Path, stage: str, array: str) -> NDArray[Any]:
    """Read an array of a data stage of the workspace beside a settings file."""
    return np.asarray(zarr.open_array(config.parent / "work" / f"{ptx.STORES[stage]}.zarr" / array, mode="r")[...])


def age(path: Path) -> Path:
    """Set the time of all files below a folder."""
    for one in path.rglob("*"):
        os.utime(one, (LONG_AGO, LONG_AGO))
    return path


def annotate(folder: Path, ids: list[str], bright: NDArray[np.bool_], red: NDArray[np.bool_]) -> Path:
    """Write DeepFashion's annotation files: two categories, three attributes that are seen and one that is not."""
    rows = list(zip(ids, bright.astype(int).tolist(), red.astype(int).tolist(), strict=True))
    files = {
        "list_attr_cloth.txt": ["4", "attribute_name attribute_type", "red 1", "blue 1", "bright 1", "odd 1"],
        "list_attr_img.txt": [
            str(len(rows)), "image_name attribute_labels", *(f"img/{i}.jpg {2 * r - 1} {1 - 2 * r} {2 * b - 1} -1" for i, b, r in rows),
        ],
        "list_category_img.txt": [str(len(rows)), "image_name category_label", *(f"img/{i}.jpg {5 + b}" for i, b, _ in rows)],
    }  # fmt: skip
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    return age(folder)


COCO = (0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10)
"""Row of OpenPose's 18 points of each of COCO's 17."""


def write_keypoints(folder: Path, photos: list[Path], points: NDArray[np.float32]) -> None:
    """Write keypoints (N, 18, 3) of photographs as OpenPose, COCO, MMPose, and the field's tables have them.

    OpenPose sees somebody else in the third of them as well, less surely.
    """
    table, images, annotations = ["name: keypoints_y: keypoints_x"], [], []
    for number, (path, own) in enumerate(zip(photos, points.astype(float), strict=True)):
        person, name = path.parent.name, path.stem
        coco = own[list(COCO)] * (1, 1, 2)
        entry = {"keypoints": coco[:, :2].tolist(), "keypoint_scores": (coco[:, 2] / 2).tolist()}
        seen = [own * (1, 1, 0.4), own] if number == 2 else [own]
        written = {
            f"openpose/{person}/{name}_keypoints.json": {
                "people": [{"pose_keypoints_2d": p.ravel().tolist()} for p in seen]
            },
            f"mmpose/{person}/{name}.json": [entry],
        }
        for place, value in written.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(json.dumps(value))
        images.append({"id": number, "file_name": f"{person}/{path.name}"})
        annotations.append({"id": number, "image_id": number, "category_id": 1, "keypoints": coco.ravel().tolist()})
        y, x = (json.dumps([round(v[k]) if v[2] else -1 for v in own.tolist()]) for k in (1, 0))
        table.append(f"{person}/{path.name}: {y}: {x}")
    (folder / "coco.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    (folder / "keypoints.csv").write_text("\n".join(table) + "\n")


def _convolutions(path: Path, widths: Mapping[int, int], inputs: int, kernels: Mapping[int, int] | None = None) -> Path:
    """Write convolutions `features.N`, drawn from a seed."""
    generator, state = torch.Generator().manual_seed(0), {}
    for number, width in widths.items():
        kernel = (kernels or {}).get(number, 3)
        shape = (width, inputs, kernel, kernel)
        state[f"features.{number}.weight"] = torch.randn(shape, generator=generator) * (2 / (inputs * kernel**2)) ** 0.5
        state[f"features.{number}.bias"] = torch.zeros(width)
        inputs = width
    save_file(state, path)
    return path
