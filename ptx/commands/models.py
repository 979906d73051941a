"""`ptx evaluate`, `ptx report`, `ptx study`: what trained models are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ptx.commands.options import MODELS, Config, LogFormat, Set
from ptx.pipeline.errors import PtxError

app = typer.Typer()

ProtocolName = Literal["ours", "ours-jpeg", "wang2004", "intrinsic2019", "patn2019", "gfla2020", "pidm2023", "cfld2024"]
"""Names of `ptx.evaluation.protocols.PROTOCOLS`, which imports torch."""

Count = Annotated[int, typer.Option("--count", min=0, help="Test pairs to score; 0 is all.")]


@app.command(
    rich_help_panel=MODELS,
    epilog="Examples:  ptx evaluate --count 100  ·  ptx evaluate --table --protocol intrinsic2019",
)
def evaluate(
    count: Count = 0,
    protocol: Annotated[
        ProtocolName,
        typer.Option(
            "--protocol",
            help="Rules of scoring: ours, wang2004 (SSIM's paper), or those of the code published with dense intrinsic flow "
            "(intrinsic2019), PATN, GFLA, PIDM, CFLD; docs/evaluation.md tells how they differ.",
        ),
    ] = "ours",
    against: Annotated[
        Path | None, typer.Option("--against", help="Workspace of another run, to compare with.")
    ] = None,
    table: Annotated[
        bool,
        typer.Option("--table", help="Print the published table's columns too, beside what others have published."),
    ] = False,
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing",
            help="Print the published table although more than 1 % of the test pairs could not be scored.",
        ),
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            help="Folder for what every method painted, METHOD/TARGET_SOURCE.png, and the targets, so that other tools can score them.",
        ),
    ] = None,
    config: Config = None,
    overrides: Set = None,
    log_format: LogFormat = "auto",
) -> None:
    """Score the trained models on held-out persons, beside copying and warping the source."""
    from ptx.commands.output import open_output
    from ptx.commands.report import evaluation_context
    from ptx.evaluation.context import evaluate_project
    from ptx.evaluation.missing import refuse_missing
    from ptx.evaluation.protocols import find_protocol
    from ptx.evaluation.scores import read_scores
    from ptx.evaluation.tables import comparison_table, published_table, score_table
    from ptx.project import load_project

    other = read_scores(against) if against else None
    context = evaluation_context(load_project(config, overrides))
    if table and not allow_missing:
        refuse_missing(context.pairs.problems)
    output = open_output(log_format)
    scores = evaluate_project(context, find_protocol(protocol), output.listener, count, save)
    output.write([*score_table(scores), f"every pair's scores: {scores.path}"])
    if table:
        output.write(["", *published_table(scores, context.data.published_table, allow_missing=allow_missing)])
    if other is not None:
        output.write(["", *comparison_table(scores, other)])


@app.command(rich_help_panel=MODELS, epilog="Example:  ptx report -c demo/pipeline.yaml --count 80")
def report(count: Count = 0, config: Config = None, overrides: Set = None, log_format: LogFormat = "auto") -> None:
    """Write one HTML page: status, sheets, training curves, transfers, scores."""
    from ptx.commands.output import open_output
    from ptx.commands.report import evaluate_and_report
    from ptx.project import load_project

    output = open_output(log_format)
    output.write([str(evaluate_and_report(load_project(config, overrides), count, output.listener))])


@app.command(
    rich_help_panel=MODELS, epilog="Examples:  ptx study study.html --count 30  ·  ptx study --score anna.json ben.json"
)
def study(
    files: Annotated[list[Path], typer.Argument(help="The page to write; with --score, files of answers.")],
    score: Annotated[bool, typer.Option("--score", help="Say what the answers come to.")] = False,
    count: Annotated[int, typer.Option("--count", min=1, help="Pairs that are asked about.")] = 30,
    methods: Annotated[
        str | None,
        typer.Option("--methods", help="Two of `ptx evaluate`'s rows or `the photograph`, with a comma between."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the order and the sides; another one a person.")] = 0,
    config: Config = None,
    overrides: Set = None,
) -> None:
    """Let people choose between the pictures of two methods: one HTML page that needs no server; and score their answers."""
    from ptx.commands.report import evaluation_context
    from ptx.evaluation.study import write_study
    from ptx.evaluation.study_answers import read_answers, score_answers
    from ptx.project import load_project

    if score:
        print("\n".join(score_answers([read_answers(path) for path in files]).lines()))
        return
    if len(files) > 1:
        raise PtxError("name one page to write, or give --score for files of answers")
    names = [name.strip() for name in methods.split(",")] if methods else []
    context = evaluation_context(load_project(config, overrides))
    print(write_study(files[0], context.methods, context.pairs, count, seed, names))
