"""Scales with round numbers, whatever the values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.bench.chart import Mark, Point, distribution, over_time, scale


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (0.93, (0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (8.4, (0, 2, 4, 6, 8, 10)),
        (10, (0, 2, 4, 6, 8, 10)),
        (61, (0, 20, 40, 60, 80)),
    ],
)
def test_ticks_are_round(largest: float, ticks: tuple[float, ...]) -> None:
    assert scale(largest, 0, 100).ticks == pytest.approx(ticks)


@settings(deadline=None)
@given(st.floats(min_value=1e-6, max_value=1e9))
def test_every_value_has_its_place_on_the_scale(largest: float) -> None:
    made = scale(largest, 0, 100)
    assert made.ticks[-1] >= largest * (1 - 1e-9)
    assert len(made.ticks) <= 7
    assert 0 <= made.at(largest) <= 100 + 1e-6


@settings(deadline=None)
@given(st.lists(st.floats(min_value=0, max_value=1e6), max_size=40))
def test_no_values_break_a_chart(values: list[float]) -> None:
    points = [Point(x=value, y=value, about="a") for value in values]
    mark = Mark(at=max(values, default=0.0), word="most")
    assert over_time(points, values, mark, unit="s", name="n", joined=True).endswith("</svg>")
    assert distribution(values, [mark], unit="s", name="n").endswith("</svg>")
