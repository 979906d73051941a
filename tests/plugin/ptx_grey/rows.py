"""The rows of the package: what ptx needs to know before anything is read or trained."""

from typing import Literal

from ptx.datasets.data_set import DataSetKind
from ptx.datasets.synthetic import PeopleData
from ptx.training.settings import PoseMapSettings
from ptx.training.training import Training


class GreyData(PeopleData):
    """Synthetic people in black and white."""

    kind: Literal["grey-people"]


class TrainBlurSettings(PoseMapSettings):
    """A convolution from the target's pose to its picture."""

    kernel: int = 5
    """Width in px."""


GREY = DataSetKind("grey-people", GreyData, "ptx_grey.data:GreySet", frozenset({"keypoints", "labels", "truth"}))
BLUR = Training("train-blur", TrainBlurSettings, "ptx_grey.recipe:BlurRecipe")
