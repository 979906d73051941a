"""The recipe of the training."""

from torch import nn

from ptx.models.pose_maps import pose_map
from ptx.training.recipes.base import Recipe
from ptx_grey.rows import TrainBlurSettings


class BlurRecipe(Recipe[TrainBlurSettings]):
    """L1 of a convolution of the pose map."""

    name = "train-blur"
    monitor = "l1"
    higher_is_better = False
    main = "painter"

    @classmethod
    def network(cls, settings, facts):
        return nn.Conv2d(18, 3, settings.kernel, padding=settings.kernel // 2)

    def paint(self, net, batch):
        return net(pose_map(batch["target_keypoints"], *batch["source"].shape[-2:], self.settings.radius))

    def losses(self, nets, batch, step):
        return {"painter": {"l1": (self.paint(nets["painter"], batch) - batch["target"]).abs().mean()}}

    def scores(self, net, batch):
        return {"l1": (self.paint(net, batch) - batch["target"]).abs().mean((1, 2, 3))}

    def pictures(self, net, batch):
        return [batch["target"], self.paint(net, batch).clamp(-1, 1)]
