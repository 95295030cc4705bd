"""Quantities as a person reads them."""

import pytest

from hailo_vision.bench import words


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0 ms"), (0.0004, "0.40 ms"), (0.25, "250 ms"), (1.5, "1.50 s"), (99.994, "99.99 s"), (1234.5, "1,234 s")],
)
def test_seconds(value: float, shown: str) -> None:
    assert words.seconds(value) == shown


def test_the_unit_stands_in_the_name() -> None:
    assert words.quantity("ttft_s", 0.9) == "900 ms"
    assert words.quantity("tokens_per_s", 8.4) == "8.40"
    assert words.quantity("tokens_per_s", 1234.5) == "1,234"


def test_what_nobody_told_is_said_or_dashed() -> None:
    assert (words.percent(None), words.percent(0.934)) == ("unknown", "93 %")
    assert (words.megabytes(None), words.megabytes(51_400_000)) == ("-", "51 MB")
    assert (words.celsius(None), words.celsius(47)) == ("-", "47.0 °C")
    assert (words.count(1, "client"), words.count(4, "client")) == ("1 client", "4 clients")
