"""Skin, beard, eyes and hair of lifelike people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.pack import Pack
from ptx.datasets.people.looks import HEAD_Y
from ptx.datasets.people.patterns import Waves, rgb

Floats = NDArray[np.float32]
Colours = NDArray[np.float32]

TONES = ("f9ddcc", "f1c9ad", "e4b48f", "d09a72", "b27c55", "8d5a3b", "68402a", "4a2d1f")
"""Colours of skin from light to dark, hex RGB."""

HAIRS = ("15110f", "261b16", "3d2a20", "5a3d28", "7d5a38", "a88452", "cdb07a", "9a958f", "d9d6d0", "7a3b1e")
"""Colours of hair, hex RGB."""

HAIR_SHARES = (0.2, 0.2, 0.17, 0.14, 0.09, 0.06, 0.05, 0.04, 0.02, 0.03)
"""Their relative frequencies."""

IRISES = ("2c1a10", "3d2414", "54331c", "6e4a2a")
"""Colours of brown eyes, hex RGB; other eyes are as their pictures."""

IRIS = 0.225
"""Radius of the iris in the picture of an eye, as a share of its side."""

LIPS, EARS, LIDS, NAILS = range(4)
"""Channels of the pack's masks of skin."""

FRECKLES = 256
"""Side of the picture of freckles, which repeats, px."""

FRECKLES_ACROSS = 9.0
"""How often it repeats across the texture."""


@dataclass(frozen=True, eq=False)
class Skin:
    """One person's skin and hair, linear RGB."""

    tone: Colours
    """(3,)"""
    lips: Colours
    """(3,)"""
    hair: Colours
    """(3,) of hair, brows and beard."""
    flush: float
    """Redness of cheeks, ears, knuckles."""
    blotches: tuple[Waves, Waves]
    """Coarse and fine unevenness."""
    uneven: float
    """Its strength."""
    freckled: float
    """Strength of freckles."""
    freckles: Floats
    """(FRECKLES, FRECKLES) 0..1."""
    beard: float
    """0 none, to 1 full."""
    scalp: float
    """How much hair is painted on the scalp, 0..1."""
    eye: Floats
    """(E, E, 3) picture of an eye."""

    def colours(self, masks: NDArray[np.uint8], rest: Floats, uv: Floats) -> Colours:
        """Return the colour (M, 3) of skin at points (M, 3) of the mean body in rest with texture coordinates (M, 2)."""
        x, y, z = rest.T
        coarse, fine = self.blotches
        shade = 1 + np.float32(self.uneven) * (coarse(rest) + 0.6 * fine(rest) + 0.5 * self._pores(uv))
        out = self.tone * shade[:, None]
        head = y > HEAD_Y
        side = masks.shape[0]
        row, column = ((uv[:, k] * side).astype(np.intp).clip(0, side - 1) for k in (1, 0))
        lips, ears, lids, nails = (masks[row, column].astype(np.float32) / 255).T
        cheeks = head * np.exp(-(((np.abs(x) - 0.042) / 0.02) ** 2) - ((y - 0.69) / 0.022) ** 2) * (z > 0.08)
        nose = head * np.exp(-((x / 0.016) ** 2) - ((y - 0.695) / 0.014) ** 2) * (z > 0.13)
        hands = (np.abs(x) > 0.68) * 0.5
        red = np.float32(self.flush) * (cheeks + 0.7 * nose + ears + hands + 0.6 * lids)
        out *= 1 + red[:, None] * np.array([0.12, -0.22, -0.2], np.float32)
        if self.freckled > 0:
            spots = self._freckles(uv) * self.freckled * np.where(head, 1.0, 0.45)
            out *= 1 - spots[:, None] * np.array([0.25, 0.42, 0.5], np.float32)
        out += lips[:, None] * (self.lips - out) * 0.85
        out += nails[:, None] * (self.tone * 1.12 + 0.03 - out) * 0.6
        cover = np.maximum(self._beard(x, y, z, self._pores(uv)), self._scalp(y, z, fine(rest * 3)))
        out += cover[:, None] * (self.hair * 0.9 - out)
        return np.asarray(np.clip(out, 0.004, 1), np.float32)

    def _pores(self, uv: Floats) -> Floats:
        """Look fine noise (M,) up, about ±1, made of the picture of freckles."""
        row, column = ((uv[:, k] * 4 * FRECKLES_ACROSS * FRECKLES).astype(np.intp) % FRECKLES for k in (0, 1))
        return np.asarray(4 * (self.freckles[row, column] - np.float32(0.07)), np.float32)

    def _freckles(self, uv: Floats) -> Floats:
        """Look freckles (M,) up."""
        row, column = ((uv[:, k] * FRECKLES_ACROSS * FRECKLES).astype(np.intp) % FRECKLES for k in (1, 0))
        return np.asarray(self.freckles[row, column], np.float32)

    def _beard(self, x: Floats, y: Floats, z: Floats, noise: Floats) -> Floats:
        """Compute how much (M,) of the skin the beard covers: chin, jaw, upper lip."""
        if self.beard <= 0:
            return np.zeros_like(x)
        jaw = np.interp(z, (0.02, 0.07, 0.13), (0.70, 0.685, 0.672)).astype(np.float32)
        below = _rise(jaw - y + 0.004 * noise, 0.0, 0.012) * _rise(z, 0.005, 0.03) * (y > HEAD_Y - 0.01)
        mouth = np.exp(-((x / 0.021) ** 4) - ((y - 0.643) / 0.0075) ** 4)
        return np.asarray(self.beard * np.clip(below - mouth, 0, 1) * (0.85 + 0.15 * noise), np.float32)

    def under_hair(self, rest: Floats) -> NDArray[np.bool_]:
        """Mark points (M, 3) of the mean body in rest where hair has its roots."""
        return np.asarray(self._scalp(rest[:, 1], rest[:, 2], np.zeros(len(rest), np.float32)) > 0.5, np.bool_)

    def _scalp(self, y: Floats, z: Floats, noise: Floats) -> Floats:
        """Compute how much (M,) of the skin the roots of hair cover."""
        line = np.interp(z, (-0.03, 0.02, 0.07, 0.11, 0.15), (0.65, 0.71, 0.79, 0.805, 0.815)).astype(np.float32)
        return np.asarray(self.scalp * _rise(y - line + 0.003 * noise, 0, 0.012) * (y > HEAD_Y), np.float32)


def sample_skin(pack: Pack, sex: str, haired: bool, rng: np.random.Generator) -> Skin:
    """Sample a person's skin and hair; `haired` where they wear hair."""
    at = rng.beta(1.0, 1.15) * (len(TONES) - 1)
    low = min(int(at), len(TONES) - 2)
    tone = rgb(TONES[low]) + (rgb(TONES[low + 1]) - rgb(TONES[low])) * np.float32(at - low)
    tone = np.clip(tone * (1 + rng.normal(0, 0.025, 3)), 0, 1).astype(np.float32)
    dark = at / (len(TONES) - 1)
    shares = np.array(HAIR_SHARES)
    shares[3:7] *= max(0.02, 1 - 1.6 * dark)  # fair hair goes with light skin
    hair = rgb(HAIRS[rng.choice(len(HAIRS), p=shares / shares.sum())]) * np.float32(rng.uniform(0.8, 1.15))
    made_up = sex == "female" and rng.random() < 0.4
    lips = tone * ((0.8, 0.42, 0.45) if made_up else (0.86, 0.68, 0.68))
    beard = rng.choice([0.0, 0.3, 0.65, 0.95], p=[0.5, 0.22, 0.13, 0.15]) if sex == "male" else 0.0
    return Skin(
        tone ** np.float32(2.2),
        np.asarray(lips, np.float32) ** np.float32(2.2),
        np.clip(hair, 0.01, 1).astype(np.float32) ** np.float32(2.2),
        float(rng.uniform(0.2, 1.1) * (1 - 0.5 * dark)),
        (Waves.sample(rng, 0.13), Waves.sample(rng, 0.02)),
        float(rng.uniform(0.02, 0.06)),
        float(max(0.0, rng.normal(-0.2, 0.5)) * (1 - dark)),
        _freckle_picture(rng),
        float(beard),
        0.85 if haired else float(rng.choice([0.0, 0.3, 0.6])),
        _eye(pack, dark, rng),
    )


def _eye(pack: Pack, dark: float, rng: np.random.Generator) -> Colours:
    """Sample a picture of an eye: brown the likelier, the darker (0..1) the skin is; the lid's shadow lies on it."""
    strip = pack.picture("eyes.jpg")
    side = len(strip)
    first = side * int(rng.integers(strip.shape[1] // side))
    eye = (strip[:, first : first + side].astype(np.float32) / 255) ** np.float32(2.2)
    rows, columns = (np.mgrid[:side, :side] + 0.5) / side - 0.5
    if rng.random() < 0.5 + dark:
        brown = rgb(rng.choice(IRISES)) ** np.float32(2.2)
        inside = 1 - _rise(np.hypot(rows, columns).astype(np.float32), IRIS - 0.015, IRIS + 0.015)[..., None]
        grey = eye.mean(2, keepdims=True)
        eye += inside * (brown * np.clip(grey / 0.12, 0.05, 2.5) - eye)
    shade = 0.35 + 0.5 * _rise(rows.astype(np.float32), -0.2, 0.12)
    return np.asarray(eye * shade[..., None], np.float32)


def _freckle_picture(rng: np.random.Generator) -> Floats:
    """Make a picture (`FRECKLES`, `FRECKLES`) of soft spots."""
    out = np.zeros((FRECKLES, FRECKLES), np.float32)
    rows, columns = np.mgrid[-4:5, -4:5]
    for y, x, radius, strength in rng.uniform((0, 0, 0.8, 0.3), (FRECKLES, FRECKLES, 2.2, 1), (220, 4)):
        spot = strength * np.exp(-(rows**2 + columns**2) / radius**2)
        at = (rows + int(y)) % FRECKLES, (columns + int(x)) % FRECKLES
        out[at] = np.maximum(out[at], spot)
    return out


def _rise(value: Floats, low: float, high: float) -> Floats:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
