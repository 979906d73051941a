"""The whole of `pipeline.yaml`: what every stage shares, and one section a stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from ptx.labels import LabelSet
from ptx.pipeline.cluster import ClusterSettings
from ptx.pipeline.config import LATER, Place, Section, Workspace
from ptx.pipeline.executors import RunSettings
from ptx.training.settings import (
    TrainAttributesSettings,
    TrainCoarseSettings,
    TrainFlowSettings,
    TrainGarmentSettings,
    TrainGeneratorSettings,
    TrainPixelWarpSettings,
    TrainPoseFlowSettings,
    TrainRefineSettings,
    TrainSynthesisSettings,
)

Pixels = Annotated[int, Field(ge=16, le=4096)]
Share = Annotated[float, Field(ge=0, le=1)]


class PeopleData(Section):
    """Synthetic people, rendered from the built-in body."""

    kind: Literal["people"] = "people"
    persons: Annotated[int, Field(ge=1)] = 32
    """Number of persons."""
    images_per_person: Annotated[int, Field(ge=1)] = 4
    """Images of each person, in other poses and from other sides."""
    half_body: Share = 0.25
    """Share of images that end at the hips or thighs, as many fashion photographs do."""
    loose: Annotated[Share, LATER] = 0.0
    """Share of persons in skirts, wide dresses or coats, whose cloth leaves the body."""
    views: Annotated[int, Field(ge=1), LATER] = 1
    """More than 1: images come in groups of so many, one pose seen from all round, and pairs are of one group; it divides
    images_per_person."""
    test_fraction: Share = 0.2
    """Share of persons kept for testing."""

    @model_validator(mode="after")
    def _whole_groups(self) -> PeopleData:
        if self.images_per_person % self.views:
            raise ValueError(f"views: {self.views} does not divide images_per_person, {self.images_per_person}")
        return self


class FolderData(Section):
    """A folder of photographs: one sub-folder a person, or a table of pairs."""

    kind: Literal["folder"] = "folder"
    root: Place
    """The folder."""
    pairs: Place | None = None
    """A CSV of pairs, columns source,target: paths relative to the root. Without it all images of a person are paired."""
    max_pairs_per_person: Annotated[int, Field(ge=1)] | None = None
    """Keep at most this many (undirected) pairs of a person."""
    test_fraction: Share = 0.2
    """Share of persons kept for testing."""


class PanopticData(Section):
    """CMU Panoptic Studio: one moment from many sides, with known joints."""

    kind: Literal["panoptic"] = "panoptic"
    root: Place
    """The folder of sequences, as the toolbox downloads them."""
    every: Annotated[int, Field(ge=1)] = 100
    """Use one of so many frames, of 30 a second."""
    cameras: tuple[str, ...] = ()
    """HD cameras that take part, such as 00_03; all where empty."""
    test_fraction: Share = 0.2
    """Share of persons kept for testing."""


class PublishedData(Section):
    """DeepFashion's In-shop photographs or Market-1501, with the field's tables of pairs."""

    kind: Literal["deepfashion", "market1501"]
    root: Place
    """The folder of the photographs, as the data set unpacks or flattened as the field does."""
    train_pairs: Place | None = None
    """CSV of training pairs, columns from,to."""
    test_pairs: Place | None = None
    """CSV of test pairs. Without tables all images of a person are paired, those below the test folder for testing."""


class MvcData(Section):
    """The Multi-View Clothing data set: each item of clothing, worn, from four sides."""

    kind: Literal["mvc"]
    root: Place
    """The folder of its mvc_info.json and, anywhere below, of the pictures that were fetched."""
    test_fraction: Share = 0.2
    """Share of products kept for testing; no split is published."""


class IntrinsicFlowData(Section):
    """A data pack of Dense Intrinsic Appearance Flow's authors, with its keypoints, body parts, flow and visibility."""

    kind: Literal["intrinsic-flow-release"]
    root: Place
    """The folder that it unpacked to, with Label and Img or Images in it. Set size to that of its pictures."""
    pairs: Literal["pair_split.json", "pair_split_clean.json"] = "pair_split.json"
    """Table of pairs; the clean one, of DeepFashion, trains the flow."""
    test: Literal["test", "test_small"] = "test"
    """The table's list of test pairs."""
    joints: Literal["pose_label.pkl", "pose_label_adapt.pkl"] = "pose_label.pkl"
    """Keypoints; the adapted ones, of DeepFashion, train the flow."""


class IngestSettings(Section):
    """Reading pictures."""

    crop: Literal["picture", "person"] = "picture"
    """Fit the whole picture into the working size, or cut out the person that the keypoint backend finds."""
    max_pixels: Annotated[int, Field(ge=1)] = 100_000_000
    """Larger pictures are quarantined before they are decoded."""


class KeypointSettings(Section):
    """Finding the 18 keypoints."""

    backend: Literal["auto", "truth", "mediapipe", "openpose-json", "coco-json", "mmpose-json", "csv"] = "auto"
    """Where keypoints come from; auto is truth for synthetic people and what comes with keypoints, mediapipe for other photographs."""
    path: Place | None = None
    """Folder of OpenPose's or MMPose's JSON files, COCO's one JSON file, or the CSV table."""
    use_3d: bool = True
    """Keep 3D keypoints where the backend has them."""
    several: Literal["largest", "quarantine"] = "largest"
    """A picture with several persons: take the most certain one, or quarantine the picture."""


class FitSettings(Section):
    """The body of every image."""

    backend: Annotated[Literal["keypoints", "files"], LATER] = "keypoints"
    """keypoints: fitted to them; files: as another tool fitted it (HMR, 4D-Humans, SMPLify-X), for which `body` should be
    SMPL's own."""
    path: Place | None = None
    """Folder of those files, .npz or .pkl, named as the photographs."""
    use_3d: bool = True
    """Fit 3D keypoints too where they are present."""
    iterations: Annotated[int, Field(ge=1, le=1000)] = 30
    """Gauss-Newton steps of the best start, at most."""
    max_residual: Annotated[float, Field(gt=0)] = 0.04
    """A fit is quarantined when its median distance to the keypoints exceeds this share of the person's size in the picture."""
    max_energy: Annotated[float, Field(gt=0)] = 6.0
    """And when its energy for each keypoint exceeds this: the keypoints contradict each other, or no one stands so."""


class RasterizeSettings(Section):
    """Drawing the fitted body."""

    backend: Literal["builtin", "pytorch3d"] = "builtin"
    """builtin: ours; pytorch3d: that package's, where it is installed. The same faces but for rounding, far slower."""


class FlowSettings(Section):
    """Dense appearance flow."""

    backend: Annotated[Literal["auto", "bodies", "released"], LATER] = "auto"
    """bodies: made here, from fitted bodies; released: flow, visibility and body parts of a data pack of kind intrinsic-flow-release;
    auto is released for such a pack."""


class VisibilitySettings(Section):
    """Which body pixels the source shows."""

    rule: Literal["exact", "faces"] = "exact"
    """exact: a ray to the very point that each pixel shows; faces: the paper's rule, a face that owns a pixel in both images."""


class ParseSettings(Section):
    """Garment parsing: what each pixel of a person is. Pose flow learning is trained with it."""

    backend: Literal["auto", "truth", "files", "onnx"] = "auto"
    """Where labels come from; auto is truth for synthetic people, for photographs what `path` names, and nothing without it."""
    path: Place | None = None
    """Folder of indexed PNGs named as the photographs, or a network (.onnx) that gives a score a label and pixel."""
    labels: LabelSet = "lip"
    """Label set of the files or of the network: lip, atr, deepfashion or ptx."""


class AttributesSettings(Section):
    """What people wear, in words: what a classifier of clothes is trained on and AttrRec-k asks for."""

    path: Place | None = None
    """Folder of DeepFashion's annotation files: list_attr_cloth.txt, list_attr_img.txt or list_attr_items.txt, and, where folders
    are no categories, list_category_img.txt."""


class EvaluateSettings(Section):
    """Networks that judge pictures; their weights are the user's own."""

    keypoints: Literal["none", "mediapipe"] = "none"
    """Find keypoints in painted pictures and report how many are where the pose wants them (PCKh); mediapipe finds nobody in
    pictures as small as 128 × 64."""
    alexnet: Place | None = None
    """AlexNet's ImageNet weights (torchvision's names), for LPIPS."""
    lpips: Place | None = None
    """LPIPS 0.1's linear weights for AlexNet (its alex.pth)."""
    inception: Place | None = None
    """Inception-v3's ImageNet weights (torchvision's names), for FID and the inception score."""
    categories: Place | None = None
    """A network (.onnx) that gives a score a category of clothes, for FashionIS; train-attributes' where it is not given. It sees
    the middle of pictures, -1..1, as the published one: shorter side 331, cut to 299, or the same share of another size."""
    attributes: Place | None = None
    """A network (.onnx) that gives a score an attribute of attributes.path that some picture has, for AttrRec-k;
    train-attributes' where it is not given. Shorter side 256, cut to 224."""


class Settings(Section):
    """Settings of a pipeline."""

    workspace: Workspace = Path("work")
    """Folder of all stores, or a URL such as s3://bucket/name."""
    results: Place | None = None
    """Folder of models, reports and pictures; empty: the workspace, or `work` where that is a URL."""
    seed: int = 0
    """Everything random follows from it."""
    size: tuple[Pixels, Pixels] = (256, 256)
    """Working resolution: height, width in pixels."""
    body: str = "builtin"
    """Body model: builtin, small (for tests), or the path of an SMPL file (.pkl or .npz), which is yours to get."""
    data: Annotated[
        PeopleData | FolderData | PanopticData | PublishedData | IntrinsicFlowData | MvcData,
        Field(discriminator="kind"),
    ] = PeopleData()
    """The data set."""
    run: RunSettings = RunSettings()
    """How work is cut up and counted."""
    cluster: ClusterSettings = ClusterSettings()
    """Where it runs: this machine, or a cluster."""
    ingest: IngestSettings = IngestSettings()
    extract_keypoints: KeypointSettings = KeypointSettings()
    fit_smpl: FitSettings = FitSettings()
    rasterize: RasterizeSettings = RasterizeSettings()
    synth_flow: FlowSettings = FlowSettings()
    visibility: VisibilitySettings = VisibilitySettings()
    parse: ParseSettings = ParseSettings()
    attributes: AttributesSettings = AttributesSettings()
    train_flow: TrainFlowSettings = TrainFlowSettings()
    train_generator: TrainGeneratorSettings = TrainGeneratorSettings()
    train_pixel_warp: TrainPixelWarpSettings = TrainPixelWarpSettings()
    train_pose_flow: TrainPoseFlowSettings = TrainPoseFlowSettings()
    train_garment: TrainGarmentSettings = TrainGarmentSettings()
    train_synthesis: TrainSynthesisSettings = TrainSynthesisSettings()
    train_coarse: TrainCoarseSettings = TrainCoarseSettings()
    train_refine: TrainRefineSettings = TrainRefineSettings()
    train_attributes: TrainAttributesSettings = TrainAttributesSettings()
    evaluate: EvaluateSettings = EvaluateSettings()

    @field_validator("data", mode="before")
    @classmethod
    def _kind_of_data(cls, data: Any) -> Any:
        """Without a kind, what has a root is a folder."""
        if isinstance(data, dict) and "kind" not in data:
            return {"kind": "folder" if "root" in data else "people", **data}
        return data

    @model_validator(mode="after")
    def _flow_of_a_pack(self) -> Settings:
        if self.released and self.data.kind != "intrinsic-flow-release":
            raise ValueError("synth_flow.backend: released flow comes with data.kind intrinsic-flow-release only")
        return self

    @property
    def results_folder(self) -> Path:
        """Where models, reports and pictures lie."""
        return self.results or (self.workspace if isinstance(self.workspace, Path) else Path("work").absolute())

    @property
    def knows_keypoints(self) -> bool:
        """Whether the data set comes with its keypoints, and its pictures are filled by one person each."""
        return self.data.kind in ("people", "panoptic", "intrinsic-flow-release")

    @property
    def released(self) -> bool:
        """Whether flow, visibility and body parts are those of a data pack."""
        chosen = self.synth_flow.backend
        return self.data.kind == "intrinsic-flow-release" if chosen == "auto" else chosen == "released"

    @property
    def keypoint_backend(self) -> str:
        """The backend, with `auto` resolved."""
        chosen = self.extract_keypoints.backend
        return chosen if chosen != "auto" else ("truth" if self.knows_keypoints else "mediapipe")

    @property
    def parse_backend(self) -> str | None:
        """The backend of garment parsing, with `auto` resolved; None where there is nothing to parse with."""
        chosen = self.parse.backend
        if chosen != "auto":
            return chosen
        if self.data.kind == "people":
            return "truth"
        if self.parse.path is None:
            return None
        return "onnx" if self.parse.path.suffix.lower() == ".onnx" else "files"
