"""`ptx export`: trained networks as one program, and what the stores hold in files that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ptx.commands.networks import load_model
from ptx.commands.options import Config, LogFormat, ModelFolder, Set, System, check_inputs_kept

if TYPE_CHECKING:
    from ptx.samples.reader import SampleReader

app = typer.Typer(no_args_is_help=True)

Folder = Annotated[Path, typer.Option("-o", "--output", help="The folder to write to.")]
JsonFile = Annotated[Path, typer.Option("-o", "--output", help="The .json file to write.")]
TarFile = Annotated[Path, typer.Option("-o", "--output", help="The .tar file to write.")]
Program = Annotated[Path, typer.Option("-o", "--output", help="The .pt2 file to write.")]


@app.command("model", epilog="Example:  ptx export model --model demo/models -o painter.pt2")
def model(
    output: Program = Path("painter.pt2"),
    folder: ModelFolder = None,
    system: System = "flow",
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Write the trained networks of a system as one program of torch.export."""
    print(load_model(folder, system, config, overrides).export(output))


@app.command("flow", epilog="Example:  ptx export flow --format flo -o flow/")
def flow(
    output: Folder,
    form: Annotated[
        Literal["corr", "flo"],
        typer.Option(
            "--format", help="corr: Dense Intrinsic Appearance Flow's files, with visibility; flo: Middlebury's."
        ),
    ] = "corr",
    config: Config = None,
    overrides: Set = None,
    log_format: LogFormat = "auto",
) -> None:
    """Write the flow of every pair, one file a pair: TARGET_SOURCE.corr or .flo."""
    from ptx.commands.output import open_output
    from ptx.samples.export import export_flow

    terminal = open_output(log_format)
    terminal.write([export_flow(_reader(config, overrides), output, terminal.listener, form)])


@app.command("keypoints", epilog="Example:  ptx export keypoints -o keypoints.json")
def keypoints(
    output: JsonFile,
    pixels: Annotated[
        Literal["original", "working"],
        typer.Option(
            "--pixels",
            help="Pictures in whose px and by whose names: the originals, or those that ptx export images writes.",
        ),
    ] = "original",
    config: Config = None,
    overrides: Set = None,
    log_format: LogFormat = "auto",
) -> None:
    """Write the keypoints of all images as one COCO JSON file, which extract_keypoints.backend=coco-json reads back."""
    from ptx.commands.output import open_output
    from ptx.project import load_project
    from ptx.samples.export import export_keypoints
    from ptx.samples.reader import SampleReader

    terminal = open_output(log_format)
    project = load_project(config, overrides)
    check_inputs_kept(output, project.settings.extract_keypoints.path)
    terminal.write([export_keypoints(SampleReader(project.pipeline), output, terminal.listener, pixels)])


@app.command("images", epilog="Example:  ptx export images -o png/")
def images(output: Folder, config: Config = None, overrides: Set = None, log_format: LogFormat = "auto") -> None:
    """Write the pictures at the working resolution as PNGs."""
    from ptx.commands.output import open_output
    from ptx.project import load_project
    from ptx.samples.export import export_images
    from ptx.samples.reader import SampleReader

    terminal = open_output(log_format)
    project = load_project(config, overrides)
    project.data.check_output(output, project.pipeline.listing)
    terminal.write([export_images(SampleReader(project.pipeline), output, terminal.listener)])


@app.command("pairs", epilog="Example:  ptx export pairs -o pairs.tar")
def pairs(output: TarFile, config: Config = None, overrides: Set = None, log_format: LogFormat = "auto") -> None:
    """Write source, target, flow, visibility and keypoints of every pair as one tar for WebDataset."""
    from ptx.commands.output import open_output
    from ptx.samples.export import export_pairs

    terminal = open_output(log_format)
    terminal.write([export_pairs(_reader(config, overrides), output, terminal.listener)])


def _reader(config: Path | None, overrides: list[str] | None) -> SampleReader:
    from ptx.project import load_project
    from ptx.samples.reader import SampleReader

    return SampleReader(load_project(config, overrides).pipeline)
