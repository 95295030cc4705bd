"""keep_alive in every form that clients of Ollama send."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.errors import RequestError
from hailo_vision.http_api.ollama.stay import Stay, granted, stay


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("100ms", 0.1),
        ("300us", 0.0003),
        ("300µs", 0.0003),
        ("5ns", 5e-9),
        ("+5s", 5),
        ("0", 0),
        ("0s", 0),
        ("-0s", 0),
        ("300", 300),
        (0, 0),
        (0.0, 0),
        (5, 5),
        (2.5, 2.5),
        (-1, None),
        (-0.5, None),
        ("-1", None),
        ("-1s", None),
        ("-1m", None),
        (10**30, None),
        (10**400, None),
        (-(10**400), None),
        ("99999999h", None),
    ],
)
def test_numbers_are_seconds_texts_are_durations_and_less_than_nothing_is_for_ever(
    value: Any, seconds: float | None
) -> None:
    found = stay(value)
    assert found is not None
    assert found.seconds == (seconds if seconds is None else pytest.approx(seconds))


def test_nothing_is_no_wish() -> None:
    assert stay(None) is None


@pytest.mark.parametrize(
    "value",
    ["", "m", "5 m", "5x", "five", "-", "5m5", "1e5s", "٣s", "9" * 200, True, [], {}, float("nan"), float("inf")],
)
def test_what_is_no_duration_is_refused_by_name(value: Any) -> None:
    with pytest.raises(RequestError, match="keep_alive"):
        stay(value)


@given(st.none() | st.integers() | st.floats() | st.text() | st.from_regex(r"\A[-+]?([0-9.]+(h|m|s|ms)?)+\Z"))
def test_any_value_is_a_time_or_refused(value: Any) -> None:
    try:
        found = stay(value)
    except RequestError:
        return
    assert found is None or found.seconds is None or 0 <= found.seconds < 31_536_000


WISHES = [None, Stay(seconds=300), Stay(seconds=0), Stay(seconds=None)]


@pytest.mark.parametrize("wish", WISHES)
def test_where_the_operator_keeps_the_model_for_ever_no_wish_makes_it_colder(wish: Stay | None) -> None:
    assert granted(wish, None) is None


@pytest.mark.parametrize("wish", WISHES)
def test_where_the_operator_set_a_time_a_wish_stands_above_it(wish: Stay | None) -> None:
    assert granted(wish, 60) == (wish or Stay(seconds=60))
