"""The data sets that ptx reads, one row each, and those that other packages bring."""

from __future__ import annotations

from ptx.datasets.avatar_set import AvatarsData
from ptx.datasets.data_set import DataContext, DataSet, DataSetKind, DataSettings
from ptx.datasets.folder import FolderData
from ptx.datasets.intrinsic_flow import IntrinsicFlowData
from ptx.datasets.mvc import MvcData
from ptx.datasets.panoptic import PanopticData
from ptx.datasets.published import PublishedData
from ptx.datasets.synthetic import PeopleData
from ptx.datasets.video_set import VideoData
from ptx.pipeline.plugins import load_plugins

OWN = (
    DataSetKind("people", PeopleData, "ptx.datasets.synthetic:PeopleSet", frozenset({"keypoints", "labels", "truth"})),
    DataSetKind(
        "avatars",
        AvatarsData,
        "ptx.datasets.avatar_set:AvatarSet",
        frozenset({"keypoints", "masks", "labels", "truth"}),
    ),
    DataSetKind("folder", FolderData, "ptx.datasets.folder:FolderSet"),
    DataSetKind("panoptic", PanopticData, "ptx.datasets.panoptic:PanopticSet", frozenset({"keypoints"})),
    DataSetKind("deepfashion", PublishedData, "ptx.datasets.published:PublishedSet"),
    DataSetKind("market1501", PublishedData, "ptx.datasets.published:PublishedSet"),
    DataSetKind(
        "intrinsic-flow-release",
        IntrinsicFlowData,
        "ptx.datasets.intrinsic_flow:IntrinsicFlowSet",
        frozenset({"keypoints", "flow"}),
    ),
    DataSetKind("mvc", MvcData, "ptx.datasets.mvc:MvcSet"),
    DataSetKind("video", VideoData, "ptx.datasets.video_set:VideoSet", frozenset({"keypoints"})),
)

DATA_SETS: dict[str, DataSetKind] = {row.kind: row for row in (*OWN, *load_plugins("ptx.data_sets", DataSetKind))}
"""`data.kind` → its row."""


def open_data_set(settings: DataSettings, context: DataContext) -> DataSet[DataSettings]:
    """Make the data set that a section `data` describes."""
    return DATA_SETS[settings.kind].open(settings, context)
