"""Percentiles that were measured, and say when they are nothing but the worst case."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.results import sample
from hailo_vision.bench.figures import QUANTITIES, figures, is_extreme, percentile

times_s = st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=300)


@pytest.mark.parametrize(("percent", "value"), [(50, 50.0), (95, 95.0), (99, 99.0), (100, 100.0)])
def test_of_a_hundred_values_the_percentiles_are_the_numbers_themselves(percent: float, value: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], percent) == value


def test_of_a_rate_the_percentiles_count_from_the_fastest_down() -> None:
    rates = [float(number) for number in range(1, 101)]
    assert percentile(rates, 95, "higher") == 6.0
    assert percentile(rates, 50, "higher") == 51.0


@pytest.mark.parametrize(
    ("percent", "count", "extreme"),
    [(50, 1, True), (50, 2, False), (95, 19, True), (95, 20, False), (99, 99, True), (99, 100, False)],
)
def test_few_values_make_it_the_worst_of_them(percent: float, count: int, extreme: bool) -> None:
    assert is_extreme(percent, count) is extreme
    assert (percentile(list(range(count)), percent) == count - 1) is extreme


@settings(deadline=None)
@given(times_s, st.sampled_from([50, 95, 99]))
def test_a_percentile_is_a_measured_value_and_enough_others_are_not_larger(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * len(values)
    assert sum(value < found for value in values) < percent / 100 * len(values)


def test_figures_are_of_whole_answers_alone() -> None:
    told = figures([sample(0, total_s=2.0), sample(1, total_s=4.0), sample(2, total_s=0.001, error="queue_full")])
    total = told["total_s"]
    assert total is not None
    assert (total.count, total.minimum, total.maximum, total.mean) == (2, 2.0, 4.0, 3.0)


def test_what_the_server_does_not_tell_is_no_figure() -> None:
    told = figures([sample(0)])
    assert told["prefill_s"] is None
    assert figures([sample(0, prefill_s=0.8)])["prefill_s"] is not None
    assert figures([]) == dict.fromkeys(quantity.name for quantity in QUANTITIES)


def test_the_rate_is_of_the_tokens_after_the_first() -> None:
    assert sample(0, total_s=2.4, completion_tokens=13).tokens_per_s == pytest.approx(8.0)
    assert sample(0, completion_tokens=1).tokens_per_s is None
