"""Colours of all vertices from photographs: each from wherever they show the same, or the like, most surely.

In this order: the vertex itself, in the photograph that shows it best; what lies under the arms; its mirror image, left to right; the
other side of the body, from front to back; that mirrored. Then the same again with what is seen at a grazing angle; then, of a face, places
reflected at the border of what is known, and of cloth and bare limbs patches of what is seen well elsewhere; at last colours diffused from
there. Each place is first brought to the colours of those before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.spatial import cKDTree

from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import layer_of
from ptx.geometry.layers.worn import SKIRT
from ptx.geometry.zones import body_zones, ramp, throat
from ptx.surface.diffusion import diffuse, smooth_places
from ptx.surface.finer_mesh import ARMS, vertex_groups
from ptx.surface.hair import hair_share, hair_weights, hair_zone
from ptx.surface.layers import NOTHING, Mask, sample_vertices
from ptx.surface.legs import SHOES, Below, legs_below
from ptx.surface.merge import Views
from ptx.surface.painted_face import GREY
from ptx.surface.patches import Offered, Patches, Wanted, expect_skin, lay_patches, offered
from ptx.surface.points import Floats, Ints
from ptx.surface.skin import likeness
from ptx.surface.source import Source
from ptx.surface.symmetry import CACHED_BODIES, mirrored_points, opposite_points

STRICT, LENIENT = 2.0, 14.0
"""Factors on the confidence before it becomes opacity; the second lets grazing views count, before anything is made up."""

SEEN_WELL = 1.0, 0.0
"""The same where patches can be laid instead, of all but what the photograph itself shows surely: they are better than stretched pixels."""

PATTERN = 45.0
"""Grey levels from which a difference is a pattern, which no membrane evens out."""

LIGHT_COUNTS = 0.5
"""Share by which differences of lightness count there: the other side is lit otherwise."""

KNOWN = 0.6
"""Opacity from which a vertex is known."""

FLESH = 0.3, 0.7
"""Likeness to the skin from which colours begin to count for a face, and do fully."""

TORN = 0.06
"""Metres in the photograph between neighbours that do not show the same piece."""

COLLAR_DOWN, COLLAR_ACROSS = (-0.15, -0.11), (0.07, 0.1)
"""Metres above the neck's joint, and from the middle, between which the back of a collar begins and ends."""

SHOE = 0.4, 0.6
"""Share of the feet from which shoes begin, and are all that is there."""

REACH = 0.05
"""Metres from what is known of the face within which places are reflected."""

ACROSS = np.array([1, 2, 1], np.float32)
"""Factors on the face's coordinates: what lies at the same height is nearer."""

FEWEST = 20
"""Fewest vertices that are known of the face, where places are reflected, and of feet, for the colour of shoes."""

SKIN = 196.0, 150.0, 124.0
"""RGB of skin where no photograph shows the person's: between fair and dark."""

EVENED = 20
"""Rounds in which colours that are expected of missing cloth are averaged with their neighbours'."""


@dataclass(frozen=True)
class Completion:
    """What texels are filled with, as values of the vertices."""

    points: Floats
    """(P, V, 3) px, px, m where each vertex is looked up in the K photographs side by side: itself, in one photograph after the other,
    mirrored, opposite, opposite mirrored; P = 4 K."""
    shares: Floats
    """(P, 2, V) 0..1 how far it may be, in the photographs and under the arms."""
    shift: Floats
    """(2, P, V, 3) what is added to the colours that are found there, surely and at a grazing angle."""
    gains: Floats
    """(2, V) factors on the confidence that make it opacity, surely and at a grazing angle; of the first K at first `STRICT`."""
    aslant: Floats
    """(V,) 0..1 how far a vertex may be taken from where it is seen at a grazing angle."""
    reflected: Floats
    """(V, 5) px, px of the reflected place, and what is added to its colours."""
    reflected_share: Floats
    """(V,) 0..1 opacity of it."""
    patches: Patches
    """Cloth from elsewhere."""
    base: Floats
    """(V, 3) smooth colours for what nothing shows."""
    hair: Floats
    """(V,) weights of the vertices that show hair."""
    strands: Floats | None
    """(V, 3) smooth colours of hair, for where it grows; None where none is seen."""
    hair_share: Floats
    """(V,) 0..1 how far there is hair where nothing shows what there is."""
    hair_colour: Floats | None
    """(3,), or None where no hair is seen, nor labelled beside the head."""


def complete(views: Views) -> Completion:
    """Complete the colours of all vertices."""
    source, body, own = views.whole, views.whole.fitted.body, len(views.sources)
    points, shares = _places(views)
    colours = np.empty((len(points), 2, len(source.points), 3), np.float32)
    confidence = np.empty((len(points), 2, len(source.points)), np.float32)
    for place in range(len(points)):
        for row, layer in enumerate((source.seen, source.under_arms)):
            colours[place, row], confidence[place, row] = sample_vertices(points[place], shares[place, row], layer)
    offers = offered(views)
    gains = np.where(
        offers.groups(body), *(np.array(pair, np.float32)[:, None] for pair in (SEEN_WELL, (STRICT, LENIENT)))
    )
    shift, mix, known, best = _lay(body, colours, confidence, shares[:, 0] > 0, own, gains)
    legs = legs_below(body, known > KNOWN, mix)
    bare = legs.cloth is None and source.skin is not None and _wears_skirt(source)
    if bare:  # under a skirt whose cloth is no legs'
        legs = legs._replace(cloth=source.skin)
    every = np.arange(len(best))
    carried = np.concatenate([points[best, every, :2], shift[0, best, every]], axis=1)
    wanted = _wanted(offers, carried, mix, known, legs, body)
    if source.bare is not None and source.skin is not None:
        wanted = expect_skin(body, wanted, source.bare & (vertex_groups(body) == ARMS), source.skin)
    patches = lay_patches(body, offers, wanted)
    other, valid = _reflect(body, known if source.hairy is None else known * (1 - source.hairy))
    carried = smooth_places(body, carried[other], (known < KNOWN) & (valid > 0), TORN * source.scale)
    beyond = _colours_at(source, carried[:, :2]) + carried[:, 2:]
    mix, known = over(mix, known, beyond, valid)
    shown, sure = colours[0, 0], opacity(confidence[0, 0], 1.0)
    for place in range(1, own):
        shown, sure = over(shown, sure, colours[place, 0], opacity(confidence[place, 0], 1.0))
    hair = hair_weights(source, shown, sure)
    most = shown[hair > min(0.4, 0.5 * float(hair.max()))]
    hair_colour = np.median(most, axis=0).astype(np.float32) if (hair > 0.1).sum() > 8 else source.hair
    strands = None
    if hair_colour is not None:
        there, zone = body_zones(body).head > 0, hair_zone(body)
        strands = zone.light[:, None] * diffuse(body, shown, hair, stiff=0.02, keep=3e-3, to=hair_colour, among=there)
    base = _base(source, mix, known)
    if legs.vertices.any():
        if bare:
            base[legs.vertices] = source.skin
        _dress_legs(body, legs.vertices, _shoes(body, mix, known), base)
    aslant = np.max([one.aslant for one in views.sources], axis=0)
    return Completion(
        points,
        shares,
        shift,
        gains,
        aslant,
        carried,
        valid,
        patches,
        base,
        hair,
        strands,
        hair_share(source.fitted, hair, sure),
        hair_colour,
    )


def _wears_skirt(source: Source) -> bool:
    """Whether a skirt is drawn."""
    return bool((layer_of(source.fitted.body)[source.fitted.faces[:, 0]] == SKIRT).any())


def _wanted(offers: Offered, carried: Floats, mix: Floats, known: Floats, legs: Below, body: Body) -> Wanted:
    """Expect of cloth that is missing what is seen at its height, and of legs below the photograph's edge what it shows last.

    Args:
        offers: with the person in rest.
        carried: (V, 5) px, px where each vertex is seen, and what is added to the colours there.
        mix: (V, 3) colours.
        known: (V,) 0..1 how far they are known.
        legs: below the edge.
        body: the body.
    """
    group = vertex_groups(body)
    smooth, structure, seen = offers.coarse.looks(group, carried[:, :2])
    smooth = np.where(seen[:, None], smooth + carried[:, 2:], mix)
    sure = (known > KNOWN) & (group > 0) & ~legs.before
    missing = ~sure & (group > 0)
    beside = offers.frames.beside(body, sure, missing & ~legs.vertices)
    smooth, structure = smooth[beside], structure[beside]
    if legs.cloth is not None:
        smooth[legs.vertices], structure[legs.vertices] = legs.cloth, 0
    table = np.column_stack([group, np.zeros(len(group)), smooth, structure])  # only those of a group are averaged
    even = smooth_places(body, table, missing, 0.5, EVENED)
    return Wanted(mix, known, even[:, 2:5], even[:, 5])


def _shoes(body: Body, mix: Floats, known: Floats) -> Floats:
    """Colour (3,) of feet: what is known of them (V, 3), (V,), else `SHOES`."""
    shown = (body_zones(body).feet > 0.5) & (known > KNOWN)
    return np.asarray(np.median(mix[shown], axis=0) if shown.sum() >= FEWEST else SHOES, np.float32)


def _dress_legs(body: Body, below: Mask, shoes: Floats, base: Floats) -> None:
    """Make smooth colours (V, 3) of legs below the photograph's edge (V,) those of both legs, and of feet those of shoes, in place."""
    feet = ramp(body_zones(body).feet, *SHOE)[:, None]
    alike = below[:, None] * (1 - feet)
    base += alike * 0.5 * (mirrored_points(body).of(base) - base)
    base += feet * (shoes - base)


def _lay(
    body: Body, colours: Floats, confidence: Floats, among: Mask, own: int, gains: Floats
) -> tuple[Floats, Floats, Floats, Ints]:
    """Lay the places over one another.

    Args:
        body: the body.
        colours: (P, 2, V, 3) of each place, in the photographs and under the arms.
        confidence: (P, 2, V) likewise.
        among: (P, V) vertices that may be looked up there.
        own: number of the places, the first ones, at which a vertex itself is looked up: what is surely seen there is taken as it is.
        gains: (2, V) as in `Completion`.

    Returns:
        `Completion.shift`; the mixed colours (V, 3); how far they are known (V,); and the place (V,) that gives most.
    """
    count = colours.shape[2]
    places = len(colours)
    shift, opacities = np.zeros((2, places, count, 3), np.float32), np.zeros((places, count), np.float32)
    mix, known = np.zeros((count, 3), np.float32), np.zeros(count, np.float32)
    for grazing, gain in enumerate(gains):
        sure = mix, known
        for place in range(places):
            own_gain = gain if grazing or place >= own else STRICT
            layers = [(colours[place, row], opacity(confidence[place, row], (own_gain, gain)[row])) for row in (0, 1)]
            if grazing or place >= own:
                before = sure if grazing else (mix, known)
                shift[grazing, place] = _membrane(body, *before, *over(*layers[0], *layers[1]), among[place])
            for colour, share in layers:
                opacities[place] += share * (1 - known)
                mix, known = over(mix, known, colour + shift[grazing, place], share)
    return shift, mix, known, np.argmax(opacities, axis=0).astype(np.int32)


def opacity(confidence: Floats, gain: Floats | float) -> Floats:
    """Opacity of a confidence: a smooth step of `gain` times it."""
    t = np.clip(gain * confidence, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def over(colour: Floats, known: Floats, under: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Lay colours (V, 3), known by (V,) 0..1, over others: the mixed colours, and how far they are known."""
    more = (1 - known) * share
    total = known + more
    mixed = (colour * known[:, None] + under * more[:, None]) / np.maximum(total, 1e-6)[:, None]
    return mixed.astype(np.float32), total


def _places(views: Views) -> tuple[Floats, Floats]:
    """Where each vertex is looked up; `points` and `shares` of `Completion`."""
    body = views.whole.fitted.body
    mirror, across = mirrored_points(body), opposite_points(body).points
    points, shares = [], []
    for source, at, share in zip(views.sources, views.points, views.shares, strict=True):
        opposite, own = across.of(at), share * source.uncovered
        there = across.of(own if source.hairy is None else own * (1 - source.hairy))  # a throat has no hair of the nape
        points.append(np.stack([at, mirror.of(at), opposite, mirror.of(opposite)]))
        shares.append(np.stack([own, mirror.of(own), there, mirror.of(there)])[:, None] * _shares(body))
    # one kind of place after the other, each in all photographs
    every = np.stack(points, axis=1), np.stack(shares, axis=1)
    return every[0].reshape(-1, *points[0].shape[1:]), every[1].reshape(-1, *shares[0].shape[1:])


@lru_cache(maxsize=CACHED_BODIES)
def _shares(body: Body) -> Floats:
    """Shares of `Completion`: the front of head, neck, collar, hands and feet is not copied to their back, and under the arms is no arm."""
    mirror, (across, valid), zones = mirrored_points(body), opposite_points(body), body_zones(body)
    kept = zones.head + throat(body) + zones.hands + zones.feet
    far = valid * (1 - np.clip(kept + across.of(kept), 0, 1)) * (1 - _collar(body))
    under = zones.under_arms
    allowed = [np.ones_like(far), np.ones_like(far), far, mirror.of(far)]
    no_arm = [under, mirror.of(under), across.of(under), mirror.of(across.of(under))]
    return np.stack([np.stack([a, a * n]) for a, n in zip(allowed, no_arm, strict=True)]).astype(np.float32)


def _collar(body: Body) -> Floats:
    """Share (V,) of the back below the nape: a neckline, or a shirt in an open collar, is lower in front."""
    neck = body.joint_template[joint("neck")]
    across, up, forward = (body.v_template - neck).T
    middle = ramp(up, *COLLAR_DOWN) * (1 - ramp(np.abs(across), *COLLAR_ACROSS)) * (forward < 0)
    return np.where(layer_of(body) > 0, np.float32(0), middle)


def _membrane(body: Body, known: Floats, share: Floats, layer: Floats, layer_share: Floats, among: Mask) -> Floats:
    """What to add (V, 3) to colours of a layer so that it meets what is known; patterns that differ anyway are left alone.

    Other vertices than `among` (V,) do not use the layer, and get 0.
    """
    gap = known - layer
    light = gap.mean(1, keepdims=True)
    both = share * layer_share / (1 + (np.linalg.norm(gap - (1 - LIGHT_COUNTS) * light, axis=1) / PATTERN) ** 4)
    if both.sum() < 1:
        return np.zeros_like(known)
    return diffuse(body, np.where(among[:, None], gap, np.float32(0)), both, stiff=0.5, keep=2e-3, among=among)


def _reflect(body: Body, known: Floats) -> tuple[Ints, Floats]:
    """Find for each unknown vertex of the face the one that lies as far behind the border of what is known.

    Args:
        body: the body.
        known: (V,) 0..1.

    Returns:
        Vertices (V,), known ones their own, and shares (V,) 0..1 that fade with the distance.
    """
    zones, rest = body_zones(body), body.v_template * ACROSS
    other, share = np.arange(len(rest), dtype=np.int32), np.zeros(len(rest), np.float32)
    face = (zones.head > 0.5) & (zones.scalp <= 0.5)
    have, want = np.flatnonzero(face & (known > KNOWN)), np.flatnonzero(face & (known <= KNOWN))
    if len(have) >= FEWEST and len(want):
        tree = cKDTree(rest[have])
        distance, nearest = tree.query(rest[want])
        other[want] = have[tree.query(2 * rest[have[nearest]] - rest[want])[1]]
        share[want] = np.clip((REACH - distance) / (REACH / 3), 0, 1)
    return other, share * (1 - zones.front)  # where a face is painted


def _colours_at(source: Source, at: Floats) -> Floats:
    """Smooth colours (V, 3) of the photograph at (V, 2) px; of trunk and legs under the arms."""
    points = np.column_stack([at, np.zeros(len(at))]).astype(np.float32)
    ones = np.ones(len(at), np.float32)
    top, below = (sample_vertices(points, ones, layer)[0] for layer in (source.seen, source.under_arms))
    share = body_zones(source.fitted.body).under_arms[:, None]
    return np.asarray(share * below + (1 - share) * top, np.float32)


def _base(source: Source, mix: Floats, known: Floats) -> Floats:
    """Diffuse colours (V, 3): face's, neck's and hands' from skin, the rest from all that is not head; of the head as if it had no hair."""
    body, zones = source.fitted.body, body_zones(source.fitted.body)
    clothes = known * (1 - np.clip(zones.scalp + zones.face, 0, 1))
    mean = source.seen.image[source.seen.depth < NOTHING].mean(0) if known.sum() < 1 else 0.0  # of whom nothing is sure
    out = diffuse(body, mix, clothes if clothes.sum() > 20 else known, stiff=0.02, keep=1e-7, to=mean)
    skin = _skin(source)
    neck = throat(body)
    flesh = known * (zones.face > 0.5) * ramp(likeness(mix, skin, 13.0), *FLESH)
    bare = known * neck * (1 if source.hairy is None else 1 - source.hairy)  # or a high collar
    cheeks = diffuse(body, mix, flesh + bare, stiff=0.05, keep=1e-3, to=skin, among=zones.head + neck > 0)
    out += np.maximum(zones.head, neck)[:, None] * (cheeks - out)
    shown = known * (zones.hands > 0.5)
    palms = diffuse(body, mix, shown, stiff=0.05, keep=5e-3, to=skin, among=zones.hands > 0)
    out += zones.hands[:, None] * (palms - out)
    return out


def _skin(source: Source) -> Floats:
    """Colour (3,) of the person's skin, or of somebody's: as grey as the photograph."""
    if source.skin is not None:
        return source.skin
    shown = source.seen.image[source.seen.depth < NOTHING]
    grey = not len(shown) or float(np.ptp(shown, axis=1).mean()) < GREY
    return np.full(3, np.mean(SKIN), np.float32) if grey else np.array(SKIN, np.float32)
