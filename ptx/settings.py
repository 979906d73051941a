"""The whole of `pipeline.yaml`: what everything shares, one section a stage, one a training, and the data set's own."""

from __future__ import annotations

from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field, SerializeAsAny, ValidationInfo, create_model, field_validator

from ptx.datasets.catalogue import DATA_SETS
from ptx.datasets.data_set import DataSettings
from ptx.datasets.synthetic import PeopleData
from ptx.pipeline.cluster import ClusterSettings
from ptx.pipeline.config import AbsolutePath, Section, Workspace, load_config
from ptx.pipeline.executors import RunSettings
from ptx.pipeline.fingerprint import Json
from ptx.stages.dress import DressSettings
from ptx.stages.extract_keypoints import KeypointSettings
from ptx.stages.fit_smpl import FitSettings
from ptx.stages.ingest import IngestSettings
from ptx.stages.parse import ParseSettings
from ptx.stages.rasterize import RasterizeSettings
from ptx.stages.silhouette import SilhouetteSettings
from ptx.stages.synth_flow import FlowSettings
from ptx.stages.visibility import VisibilitySettings
from ptx.training.settings import REMOVED_SETTINGS, RENAMED_SETTINGS
from ptx.training.trainings import TRAININGS

DEFAULT_CONFIG = Path("pipeline.yaml")
"""Settings file that is read where none is named and it exists."""

Pixels = Annotated[int, Field(ge=16, le=4096)]
S = TypeVar("S", bound=Section)


class AttributesSettings(Section):
    """Annotation of clothes in words: labels that a classifier of clothes is trained on and AttrRec-k asks for."""

    path: AbsolutePath | None = None
    """Folder of DeepFashion's annotation files: list_attr_cloth.txt, list_attr_img.txt or list_attr_items.txt, and, where folders
    are no categories, list_category_img.txt."""


class EvaluateSettings(Section):
    """Networks that judge pictures; their weights are the user's own."""

    keypoints: Literal["none", "blazepose", "mediapipe"] = "none"
    """Find keypoints in painted pictures by the detector and report how many are where the pose wants them (PCKh); it finds few people in
    pictures as small as 128 × 64. mediapipe is read as blazepose."""
    alexnet: AbsolutePath | None = None
    """AlexNet's ImageNet weights (torchvision's names), for LPIPS."""
    lpips: AbsolutePath | None = None
    """LPIPS's linear weights for AlexNet (its alex.pth), of the version lpips_version."""
    lpips_version: Literal["0.1", "0.0"] = "0.1"
    """Version of LPIPS: 0.1, which nearly all papers use, or the first one."""
    batch: int = Field(default=8, ge=1)
    """Pairs that are painted and scored together; changes memory and speed alone. With a GPU larger is faster."""
    inception: AbsolutePath | None = None
    """Inception-v3's ImageNet weights (torchvision's names), for FID and the inception score."""
    categories: AbsolutePath | None = None
    """A network (.onnx) that gives a score a category of clothes, for FashionIS; train-attributes' where it is not given. It sees
    the middle of pictures, -1..1, as the published one: shorter side 331, cut to 299, or the same share of another size."""
    attributes: AbsolutePath | None = None
    """A network (.onnx) that gives a score an attribute of attributes.path that some picture has, for AttrRec-k;
    train-attributes' where it is not given. Shorter side 256, cut to 224."""


class CoreSettings(Section):
    """Settings of a pipeline, without the sections that come from the tables of data sets and trainings."""

    workspace: Workspace = Field(default="work", validate_default=True)
    """Folder of all stores, or a URL such as s3://bucket/name."""
    results: AbsolutePath | None = None
    """Folder of models, reports and pictures; empty: the workspace, or `work` where that is a URL."""
    seed: int = 0
    """Everything random follows from it."""
    size: tuple[Pixels, Pixels] = (256, 256)
    """Working resolution: height, width in pixels."""
    body: str = "builtin"
    """Body model: builtin, small (for tests), or the path of a file of SMPL, SMPL-H or SMPL-X (.pkl or .npz), which is yours to get."""
    systems: tuple[str, ...] = ("flow",)
    """Systems (flow, pose-flow, view) that `ptx run everything` trains, in this order; or single trainings by name."""
    data: SerializeAsAny[DataSettings] = PeopleData()
    """The data set."""
    run: RunSettings = RunSettings()
    """How work is cut up and counted."""
    cluster: ClusterSettings = ClusterSettings()
    """Where it runs: this machine, or a cluster."""
    ingest: IngestSettings = IngestSettings()
    extract_keypoints: KeypointSettings = KeypointSettings()
    fit_smpl: FitSettings = FitSettings()
    dress: DressSettings = DressSettings()
    rasterize: RasterizeSettings = RasterizeSettings()
    synth_flow: FlowSettings = FlowSettings()
    visibility: VisibilitySettings = VisibilitySettings()
    parse: ParseSettings = ParseSettings()
    silhouette: SilhouetteSettings = SilhouetteSettings()
    attributes: AttributesSettings = AttributesSettings()
    evaluate: EvaluateSettings = EvaluateSettings()

    @field_validator("data", mode="before")
    @classmethod
    def _default_kind(cls, data: Json | DataSettings) -> Json | DataSettings:
        """Take a section `data` with a root and no kind as a folder."""
        if isinstance(data, dict) and "kind" not in data:
            return {"kind": "folder" if "root" in data else "people", **data}
        return data

    @property
    def results_folder(self) -> Path:
        """Folder of models, reports and pictures."""
        return self.results or self.workspace.folder or Path("work").absolute()

    @field_validator("synth_flow")
    @classmethod
    def _released_flow_is_there(cls, synth_flow: FlowSettings, known: ValidationInfo) -> FlowSettings:
        data = known.data.get("data")
        if synth_flow.backend == "released" and data is not None and "flow" not in DATA_SETS[data.kind].has:
            raise ValueError("have another backend: released flow comes with data.kind intrinsic-flow-release only")
        return synth_flow

    @property
    def released(self) -> bool:
        """True where flow, visibility and body parts are those that come with the data set."""
        return "flow" in DATA_SETS[self.data.kind].has and self.synth_flow.backend != "bodies"

    def section(self, kind: type[S]) -> S:
        """Return the section of a class, such as that of a training: `settings.section(TrainFlowSettings)`."""
        return next(value for _, value in self if type(value) is kind)


if TYPE_CHECKING:

    class Settings(CoreSettings):
        """Settings of a pipeline."""

else:
    # The union of all sections `data`, also those of other packages, told apart by their kind.
    kinds = reduce(or_, dict.fromkeys(row.settings for row in DATA_SETS.values()))
    Settings = create_model(
        "Settings",
        __base__=CoreSettings,
        __doc__="Settings of a pipeline.",
        data=(Annotated[kinds, Field(discriminator="kind")], Field(default=PeopleData(), description="The data set.")),
        **{training.section: (training.settings, training.settings()) for training in TRAININGS.values()},
    )


def load_settings(config: Path | None = None, overrides: list[str] | None = None) -> Settings:
    """Read settings from a file (`pipeline.yaml` of this folder where none is named and it exists) and `key=value` overrides.

    Raises:
        PtxError: the file is not there, or holds something that is no setting.
    """
    path = config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    removed = {f"{section}.{name}": why for section, gone in REMOVED_SETTINGS.items() for name, why in gone.items()}
    return load_config(Settings, path, overrides or [], renamed=RENAMED_SETTINGS, removed=removed)
