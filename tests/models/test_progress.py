"""Progress as a person sees it, and as a log file does."""

import io
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.models.events import Event, Hashed, Received, Started, StartedOver, Waits
from hailo_vision.models.progress import Pace, Printer, amount, bar_line, duration

SIZE = 2_000_000_000


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, *events: Event, step_s: float = 1.0) -> str:
    seconds = count(0, step_s)
    printer = Printer(stream, clock=lambda: next(seconds))
    for event in events:
        printer.show(event)
    printer.end()
    return stream.getvalue()


def received(*amounts: int, size_bytes: int | None = SIZE) -> list[Event]:
    return [Received(done_bytes=done, size_bytes=size_bytes) for done in amounts]


def test_the_bar_has_percent_amount_pace_and_what_is_left() -> None:
    line = bar_line(500_000_000, SIZE, 11_150_000.0, 120)
    assert line == "[######..................]  25 %   500 of 2,000 MB   11.2 MB/s   2 min 15 s left"


def test_the_bar_does_without_what_is_not_known() -> None:
    assert bar_line(500_000_000, None, None, 120) == "500 MB"
    assert bar_line(500_000_000, None, 1e6, 120) == "500 MB   1.0 MB/s"


@given(st.integers(0, SIZE), st.none() | st.floats(1, 1e12), st.integers(1, 300))
def test_the_bar_is_never_wider_than_the_terminal(done_bytes: int, pace: float | None, columns: int) -> None:
    assert len(bar_line(done_bytes, SIZE, pace, columns)) < max(columns, 2)


@pytest.mark.parametrize(
    ("done_bytes", "size_bytes", "text"),
    [
        (5_000, 200_000, "5 of 200 kB"),
        (5_000_000, SIZE, "5 of 2,000 MB"),
        (5_000, None, "5 kB"),
        (50_000_000, None, "50 MB"),
    ],
)
def test_amounts_are_in_units_of_a_size(done_bytes: int, size_bytes: int | None, text: str) -> None:
    assert amount(done_bytes, size_bytes) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (59.6, "1 min 0 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")])
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_pace_is_that_of_the_last_moments() -> None:
    pace = Pace()
    assert pace.at(0, 0) is None
    assert [pace.at(second, second * 1000) for second in range(1, 20)][-1] == 1000
    assert pace.at(30, 19_000 + 11 * 5000) == pytest.approx(5000, rel=0.3)


def test_a_terminal_gets_one_line_that_is_rewritten() -> None:
    text = shown(Terminal(), *received(0, SIZE // 4, SIZE))
    assert text.count("\n") == 1
    assert text.count("\r") == 3
    assert "100 %" in text.rpartition("\r")[2]


def test_a_terminal_is_not_rewritten_for_each_byte_but_for_the_last() -> None:
    text = shown(Terminal(), *received(*range(1000), SIZE), step_s=0.001)
    assert text.count("\r") < 10
    assert "100 %" in text


def test_elsewhere_there_is_a_line_for_each_twentieth() -> None:
    lines = shown(io.StringIO(), *received(*range(0, SIZE + 1, SIZE // 1000))).splitlines()
    assert len(lines) == 20
    assert lines[0] == "5 %, 100 of 2,000 MB"
    assert lines[-1] == "100 %, 2,000 of 2,000 MB"
    assert not any("\r" in line or "\x1b" in line for line in lines)


def test_without_a_size_there_is_a_line_for_each_100_megabytes() -> None:
    lines = shown(io.StringIO(), *received(*range(0, 350_000_000, 1_000_000), size_bytes=None)).splitlines()
    assert lines == ["100 MB", "200 MB", "300 MB"]


def test_a_resumed_download_shows_no_steps_that_were_done_before() -> None:
    started = Started(url="https://x/y", have_bytes=SIZE // 2, size_bytes=SIZE)
    lines = shown(io.StringIO(), started, *received(SIZE // 2, SIZE // 2 + SIZE // 10)).splitlines()
    assert lines == ["Downloading https://x/y, going on after 1,000 of 2,000 MB", "60 %, 1,200 of 2,000 MB"]


def test_what_happens_on_the_way_has_a_line_of_its_own() -> None:
    text = shown(
        Terminal(),
        *received(SIZE // 4),
        Waits(why="the connection broke", wait_s=2.0),
        StartedOver(lost_bytes=500_000_000),
        Hashed(done_bytes=1, size_bytes=2),
    )
    assert "\nThe connection broke. Trying again in 2 s.\n" in text
    assert "500 MB come anew" in text
    assert "checking [" in text
