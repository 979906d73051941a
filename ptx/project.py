"""What each stage computes: one file per `ptx run NAME`."""

from __future__ import annotations

from pathlib import Path

from ptx.pipeline.config import load_config
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.storage.remote import reach
from ptx.settings import Settings
from ptx.stages.extract_keypoints import ExtractKeypoints
from ptx.stages.fit_smpl import FitSmpl
from ptx.stages.ingest import Ingest
from ptx.stages.parse import Parse
from ptx.stages.rasterize import Rasterize
from ptx.stages.released import ReleasedFlow, ReleasedParts, ReleasedVisibility
from ptx.stages.synth_flow import SynthFlow
from ptx.stages.visibility import Visibility

STAGES = (Ingest(), ExtractKeypoints(), FitSmpl(), Rasterize(), SynthFlow(), Visibility(), Parse())
"""All stages in the order they run."""

RELEASED = (Ingest(), ExtractKeypoints(), ReleasedParts(), ReleasedFlow(), ReleasedVisibility(), Parse())
"""The same of a data pack that comes with its parts, flow and visibility: no body is fitted."""

DEFAULT_CONFIG = Path("pipeline.yaml")


def load_settings(config: Path | None = None, overrides: list[str] | None = None) -> Settings:
    """Settings from a file (`pipeline.yaml` of this folder where none is named and it exists) and `key=value` overrides.

    Raises:
        PtxError: the file is not there, or holds something that is no setting.
    """
    path = config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    return load_config(Settings, path, overrides or [])


def load_pipeline(config: Path | None = None, overrides: list[str] | None = None) -> Pipeline:
    """The pipeline that these settings describe.

    Raises:
        PtxError: as `load_settings`; or its workspace is at a URL that does not answer.
    """
    settings = load_settings(config, overrides)
    if not isinstance(settings.workspace, Path):
        reach(settings.workspace)
    return Pipeline(RELEASED if settings.released else STAGES, settings)
