"""Geometry without pixels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.chat import Fit
from hailo_vision.images.fit import Scaling, Shape, scaling

sides = st.integers(min_value=1, max_value=70_000)
targets = st.integers(min_value=1, max_value=2000)


def square(fit: Fit) -> Shape:
    return Shape(width_px=336, height_px=336, fit=fit)


def test_pad_keeps_the_whole_picture_and_its_proportions() -> None:
    assert scaling(1000, 500, square("pad")) == Scaling(box=(0, 0, 1000, 500), size=(336, 168))
    assert scaling(500, 1000, square("pad")) == Scaling(box=(0, 0, 500, 1000), size=(168, 336))


def test_stretch_gives_the_whole_picture_the_whole_shape() -> None:
    assert scaling(1000, 500, square("stretch")) == Scaling(box=(0, 0, 1000, 500), size=(336, 336))


def test_crop_takes_the_middle() -> None:
    assert scaling(1000, 500, square("crop")) == Scaling(box=(250, 0, 750, 500), size=(336, 336))
    assert scaling(500, 1000, square("crop")) == Scaling(box=(0, 250, 500, 750), size=(336, 336))


@pytest.mark.parametrize("fit", ["pad", "stretch", "crop"])
def test_small_pictures_grow(fit: Fit) -> None:
    assert scaling(2, 2, square(fit)) == Scaling(box=(0, 0, 2, 2), size=(336, 336))


def test_a_line_stays_visible() -> None:
    assert scaling(60_000, 1, square("pad")).size == (336, 1)
    assert scaling(1, 60_000, square("pad")).size == (1, 336)


@given(sides, sides, targets, targets, st.sampled_from(["pad", "stretch", "crop"]))
def test_box_and_size_always_stay_inside(width: int, height: int, across: int, down: int, fit: Fit) -> None:
    plan = scaling(width, height, Shape(width_px=across, height_px=down, fit=fit))
    left, top, right, bottom = plan.box
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert 1 <= plan.size[0] <= across
    assert 1 <= plan.size[1] <= down
    if fit != "pad":
        assert plan.size == (across, down)
