"""`ptx avatar`: a person of photographs as a rigged 3D model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ptx.commands.options import PICTURES, Config, Set, check_ending, check_inputs_kept
from ptx.pipeline.errors import PtxError

app = typer.Typer()

TextureSide = Literal["1024", "2048"]
"""Side of an avatar's texture, px."""


@app.command(
    rich_help_panel=PICTURES,
    epilog="Examples:  ptx avatar front.jpg back.jpg -o me.glb  ·  ptx avatar me.jpg --animate dance.npz -o dance.glb  ·  "
    "ptx transfer me.glb --pose dancer.jpg",
)
def avatar(
    photographs: Annotated[list[Path], typer.Argument(help="Photograph of a person, or several of the same person.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The .glb to write.")] = Path("avatar.glb"),
    texture: Annotated[TextureSide, typer.Option("--texture", help="Side of the texture, px.")] = "2048",
    animate: Annotated[
        Path | None,
        typer.Option(
            "--animate",
            help="Motion to add: a .bvh, or an .npz of poses (T, 24, 3) axis-angle in radians, root (T, 3) in metres, fps.",
        ),
    ] = None,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Make a rigged, textured 3D model of the person of a photograph: glTF, for Blender, three.js, and transfers."""
    from ptx.avatar.clip import read_clip
    from ptx.avatar.read import SUFFIX, is_avatar
    from ptx.avatar.write import encode_avatar
    from ptx.inference.origin import origin
    from ptx.inference.surface import SurfaceEngine
    from ptx.pipeline.storage.files import write_atomic
    from ptx.settings import load_settings

    check_ending(output, (SUFFIX,), "avatars")
    check_inputs_kept(output, *photographs, animate)
    for photograph in photographs:
        if is_avatar(photograph):
            raise PtxError(f"{photograph}: is an avatar already: name photographs")
    clip = None if animate is None else read_clip(animate)
    settings = load_settings(config, overrides)
    engine = SurfaceEngine(body=settings.body, max_pixels=settings.ingest.max_pixels, texture=int(texture))
    person = engine.person(photographs)
    sources = photographs if animate is None else [*photographs, animate]
    made = origin("ptx avatar", [engine], "picture", sources, "none", texture=engine.texture)
    write_atomic(output, encode_avatar(person.avatar, made, clip))
    print(output)
