"""Several photographs of one person: each point from where it is seen best, in one light."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.zones import body_zones
from ptx.labels import CLOTHES, garment
from ptx.surface.layers import sample_vertices
from ptx.surface.merge import GAP, alone, beside, merge
from ptx.surface.points import Floats
from ptx.surface.render import render
from ptx.surface.source import MaskedPhotograph, Source, observe
from ptx.surface.store import Provenance, fill_surface
from tests.surface.scenes import SIZE, fitted, on_person, people, photograph, psnr

FRONT, SIDE, BACK = 0, 3, 6
"""Pictures of one person, 30 degrees apart."""


def seen_in(index: int, gain: float = 1.0) -> Source:
    """A photograph in another exposure: `gain` on its values."""
    shown = photograph(index)
    image = (shown.image * gain + 0.5).astype(np.uint8)
    return observe(MaskedPhotograph(image, shown.mask), fitted(index))


def confidence(source: Source) -> Floats:
    return sample_vertices(source.points, np.ones(len(source.points), np.float32), source.seen)[1]


def test_one_photograph_is_as_it_is() -> None:
    source = seen_in(FRONT)
    views = merge([source])
    assert views.sources == (source,)
    assert views.whole is source
    assert (views.shares == 1).all()
    np.testing.assert_array_equal(views.points[0], source.points)


def test_each_vertex_is_taken_from_the_photograph_that_shows_it() -> None:
    """Front and back see nothing in common; of each the other may not be used, and of what neither sees, both may."""
    sources = [seen_in(index) for index in (FRONT, BACK)]
    views = merge(sources)
    seen = np.stack([confidence(source) for source in sources])
    for here, there in ((0, 1), (1, 0)):
        only = (seen[here] > 0.3) & (seen[there] == 0) & (body_zones(load_body("small")).face == 0)
        assert only.sum() > 50
        assert (views.shares[here, only] == 1).all()
        assert (views.shares[there, only] < 0.01).all()
    assert (views.shares.max(0) == 1).all()


def test_places_are_those_of_the_pictures_side_by_side() -> None:
    """At a vertex that is seen, the whole picture has the colour of its photograph."""
    sources = [seen_in(index) for index in (FRONT, SIDE, BACK)]
    views = merge(sources)
    assert views.whole.seen.image.shape == (SIZE[0], 3 * SIZE[1] + 2 * GAP, 3)
    for points, source, lit in zip(views.points, sources, views.sources, strict=True):
        there = np.flatnonzero(confidence(source) > 0.5)
        whole = sample_vertices(points, np.ones(len(points), np.float32), views.whole.seen)
        mine = sample_vertices(source.points, np.ones(len(points), np.float32), lit.seen)
        np.testing.assert_allclose(whole[0][there], mine[0][there], atol=1e-2)
        np.testing.assert_allclose(whole[1][there], mine[1][there], atol=1e-3)


def test_what_lies_beyond_a_photograph_is_not_looked_up_in_the_next() -> None:
    """Somebody whom the edge cuts: their points beyond it are in the gap, where nothing is."""
    moved = replace(fitted(FRONT), camera=fitted(FRONT).camera + np.array([SIZE[1] / 2, 0, 0], np.float32))
    image, mask = np.full((*SIZE, 3), 90, np.uint8), np.ones(SIZE, np.float32)
    cut = observe(MaskedPhotograph(image, mask), moved)
    views = merge([cut, seen_in(BACK)])
    beyond = moved.points[:, 0] > SIZE[1]
    assert beyond.sum() > 50
    assert (views.points[0, beyond, 0] < SIZE[1] + GAP).all()
    at = sample_vertices(views.points[0], np.ones(len(beyond), np.float32), views.whole.seen)
    assert (at[1][beyond] == 0).all()


def test_maps_beside_one_another() -> None:
    out = beside([np.ones((2, 3), np.float32), np.full((4, 2), 2, np.float32)], 9)
    assert out.shape == (4, 3 + GAP + 2)
    assert (out[:2, :3] == 1).all()
    assert (out[:, 3 + GAP :] == 2).all()
    assert (out[2:, :3] == 9).all()
    assert (out[:, 3 : 3 + GAP] == 9).all()


def test_photographs_are_brought_to_one_exposure() -> None:
    """Taken at 0.8 of its values, a photograph comes out as if it were not."""
    on = on_person(SIDE)
    plain, dark = (merge([seen_in(FRONT), seen_in(SIDE, gain)]).sources[1].seen.image[on] for gain in (1.0, 0.8))
    before = seen_in(SIDE).seen.image[on].mean() - seen_in(SIDE, 0.8).seen.image[on].mean()
    assert abs(plain.mean() - dark.mean()) < 0.3 * before


def test_the_back_is_the_photographs_own() -> None:
    """Nearer to the truth from behind, as near from the front, and mostly fetched."""
    one, both = fill_surface(alone(seen_in(FRONT)), 512), fill_surface(merge([seen_in(FRONT), seen_in(BACK)]), 512)
    true, body = people().render(BACK), fitted(BACK)
    scores = []
    for store in (one, both):
        drawn = render(store, body)
        inside = (drawn.alpha > 0.99) & on_person(BACK)
        scores.append(psnr(drawn.colour[inside], true[inside]))
    assert scores[1] > scores[0] + 4
    drawn = render(both, body)
    assert drawn.own[drawn.alpha > 0.99].mean() > 0.7
    shares = [(store.provenance == Provenance.OWN).mean() for store in (one, both)]
    assert shares[1] > 1.5 * shares[0]
    front = render(both, fitted(FRONT))
    inside = (front.alpha > 0.99) & on_person(FRONT)
    assert np.median(np.abs(front.colour.astype(int) - people().render(FRONT))[inside]) <= 2


def test_nothing_is_mixed_but_in_a_band() -> None:
    """Two photographs that show mostly the same: most vertices are wholly one's, on a mesh as coarse as this, too."""
    views = merge([seen_in(FRONT), seen_in(1)])
    mixed = ((views.shares > 0.01) & (views.shares < 0.99)).any(0) & (views.shares[0] > 0.01)
    seen = np.maximum(*(confidence(seen_in(index)) for index in (FRONT, 1))) > 0.3
    assert seen.sum() > 200
    assert mixed[seen].mean() < 0.4


def test_other_bodies_are_refused() -> None:
    other = replace(fitted(BACK), body=load_body("builtin"), offset=None)
    shown = photograph(BACK)
    with pytest.raises(ValueError, match="through one body model"):
        merge([seen_in(FRONT), observe(MaskedPhotograph(shown.image, shown.mask), other)])


def test_another_cloth_is_no_exposure() -> None:
    """Clothes in another colour, skin and hair as they are: these tell the gain."""
    shown, labels = photograph(SIDE), people().garment_labels(SIDE)
    cloth = np.isin(labels, [garment(name) for name in CLOTHES])
    image = shown.image.copy()
    image[cloth] = (0.25 * image[cloth] + np.array([10, 30, 60])).astype(np.uint8)
    skin = (labels > 0) & ~cloth
    kept, changed = (
        merge([seen_in(FRONT), observe(MaskedPhotograph(picture, shown.mask), fitted(SIDE))])
        .sources[1]
        .seen.image[skin]
        for picture in (shown.image, image)
    )
    np.testing.assert_allclose(changed.mean(0) / kept.mean(0), 1, atol=0.12)
