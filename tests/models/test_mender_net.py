"""The mender's network: what it may change, and what it cannot."""

from __future__ import annotations

import numpy as np
import torch

from ptx.models.mender_net import INPUTS, REACH, Fields, MenderNet, mend, shifted
from ptx.surface.mending import SIZE, lay_fields
from ptx.surface.mending import Fields as Arrays
from ptx.surface.render import Rendering

SMALL = (64, 32)


def person(size: tuple[int, int] = SMALL) -> tuple[torch.Tensor, torch.Tensor]:
    """Colour and alpha of noise."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, *size, generator=generator) * 2 - 1, torch.rand(1, 1, *size, generator=generator)


def random_net() -> MenderNet:
    torch.manual_seed(1)
    net = MenderNet().eval()
    for parameter in net.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    return net


def test_without_weights_it_changes_nothing() -> None:
    net = MenderNet().eval()
    for parameter in net.parameters():
        torch.nn.init.zeros_(parameter)
    colour, alpha = person()
    mended = mend(colour, alpha, torch.zeros_like(alpha), net(torch.rand(1, INPUTS, *SMALL)))
    torch.testing.assert_close(mended.colour, colour, rtol=0, atol=1e-5)
    torch.testing.assert_close(mended.alpha, alpha, rtol=0, atol=1e-6)


def test_at_first_it_changes_nothing() -> None:
    fields = MenderNet().eval()(torch.rand(1, INPUTS, *SMALL))
    assert all((one == 0).all() for one in (fields.flow, fields.paint, fields.alpha))


def test_fields_stay_in_their_ranges() -> None:
    fields = random_net()(10 * torch.randn(1, INPUTS, *SMALL))
    assert [tuple(one.shape) for one in fields] == [
        (1, 2, 16, 8), (1, 3, 64, 32), (1, 1, 64, 32), (1, 12, 32, 16),
    ]  # fmt: skip
    assert 0.5 * REACH < float(fields.flow.detach().abs().max()) <= REACH == 8
    assert 1 < float(fields.paint.detach().abs().max()) <= 2
    assert float(fields.alpha.detach().abs().max()) <= 1


def test_shifted_fetches_from_beside() -> None:
    x = torch.arange(5 * 6, dtype=torch.float32).reshape(1, 1, 5, 6)
    flow = torch.zeros(1, 2, 5, 6)
    flow[:, 0], flow[:, 1] = 1, -2
    out = shifted(x, flow)[0, 0]
    np.testing.assert_allclose(out[2:, :5], x[0, 0, :3, 1:], atol=1e-4)
    np.testing.assert_allclose(shifted(x, torch.full((1, 2, 5, 6), 0.5))[0, 0, 0, 0], (0 + 1 + 6 + 7) / 4, atol=1e-4)


def test_training_and_use_lay_the_same_fields_alike() -> None:
    """Torch's `mend` and numpy's `lay_fields`, on a picture of the network's size."""
    fields = random_net()(torch.randn(1, INPUTS, *SIZE, generator=torch.Generator().manual_seed(3)))
    colour, alpha = person(SIZE)
    alpha = alpha.clamp(min=0.02)
    image = ((colour + 1) * 127.5).round()
    own = torch.linspace(0, 1, SIZE[1]).expand(1, 1, *SIZE).contiguous()
    trained = mend(image / 127.5 - 1, alpha, own, fields)
    flow, paint, more = (one[0].detach().permute(1, 2, 0).numpy() for one in fields[:3])
    picture = image[0].permute(1, 2, 0).numpy().astype(np.uint8)
    drawn = Rendering(picture, alpha[0, 0].numpy(), own[0, 0].numpy())
    used = lay_fields(drawn, Arrays(flow, paint * 127.5, more[..., 0]), np.eye(2, 3, dtype=np.float32))
    np.testing.assert_allclose(used.alpha, trained.alpha[0, 0].detach(), atol=0.05)
    shown = (used.alpha > 0) & (trained.alpha[0, 0].detach().numpy() > 0)
    expected = ((trained.colour[0].detach().permute(1, 2, 0) + 1) * 127.5).clamp(0, 255).numpy()
    assert np.abs(used.colour.astype(float) - expected)[shown].mean() < 2


def test_a_person_over_a_backdrop_is_mixed_by_alpha() -> None:
    colour, alpha = person()
    nothing = Fields(*(torch.zeros(1, c, 64 // k, 32 // k) for c, k in ((2, 4), (3, 1), (1, 1), (12, 2))))
    over = mend(colour, alpha, alpha, nothing).over(torch.full_like(colour, 0.5))
    torch.testing.assert_close(over, alpha * colour + (1 - alpha) * 0.5, rtol=0, atol=1e-5)
