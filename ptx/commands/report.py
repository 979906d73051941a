"""`ptx report`: scores, a contact sheet and the state of every step put together into one page."""

from __future__ import annotations

from pathlib import Path

from ptx.evaluation.context import EvaluationContext, evaluate_project
from ptx.evaluation.protocols import find_protocol
from ptx.evaluation.report import write_report
from ptx.pipeline.events import Listener
from ptx.project import Project
from ptx.samples.reader import SampleReader
from ptx.samples.sheets import show_grid

SHEET_PAIRS = 12
"""Pairs of the contact sheet."""


def evaluation_context(project: Project) -> EvaluationContext:
    """Return a project as the evaluation sees it."""
    return EvaluationContext(project.context, project.data, project.settings.evaluate)


def evaluate_and_report(project: Project, count: int, listener: Listener) -> Path:
    """Score the models, draw a contact sheet, write the page; returns its path.

    Args:
        project: with trained models.
        count: test pairs that are scored, spread evenly; 0 is all.
        listener: receives the progress.

    Raises:
        PtxError: there are no test pairs, no system is trained, or a model is stale.
    """
    context = evaluation_context(project)
    scores = evaluate_project(context, find_protocol("ours"), listener, count)
    has_flow = bool(SampleReader(project.pipeline).done("synth-flow"))
    grid = show_grid(project.pipeline, SHEET_PAIRS, None) if has_flow else None
    statuses = [step.status() for step in project.steps]
    results = project.pipeline.results
    return write_report(results, statuses, context.methods, context.pairs, scores, grid, context.device)
