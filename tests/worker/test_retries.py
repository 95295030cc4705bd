"""Retries of the vendor's constructors, on a played clock, and the lines that the library prints meanwhile."""

import os
from collections.abc import Callable

import pytest

from hailo_vision.errors import DeviceUnavailable
from hailo_vision.worker.retries import Retries
from hailo_vision.worker.statuses import LOADING, TRANSIENT_WHILE_LOADING


class Clock:
    """Seconds that pass in pauses alone."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("hailo_vision.worker.retries.time.monotonic", lambda: made.now)
    monkeypatch.setattr("hailo_vision.worker.retries.time.sleep", made.sleep)
    return made


def failing_with(*statuses: int) -> Callable[[], str]:
    """A constructor that prints past Python, as C++ does, and fails with each of these; the last one stays."""
    left = list(statuses)

    def make() -> str:
        status = left.pop(0) if len(left) > 1 else left[0]
        os.write(2, b"first level %d\nsecond level %d\n" % (status, status))
        if status == 0:
            return "made"
        raise RuntimeError(str(status))

    return make


def retries(deadline: float = 12.0) -> Retries:
    return Retries(errors=(RuntimeError,), meanings=LOADING, transient=TRANSIENT_WHILE_LOADING, deadline=deadline)


def test_a_chip_that_stays_taken_is_told_once_however_often_it_is_tried(
    clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    """The library prints four to seven lines for each failure (5.2.0, measured)."""
    with pytest.raises(DeviceUnavailable, match="language or vision model is taken"):
        retries().call(failing_with(62), "Loading m")
    said = capfd.readouterr().err.splitlines()
    assert [line for line in said if "level" in line] == ["first level 62", "second level 62"]
    assert sum("Waiting for the chip. Loading m: the chip's one place" in line for line in said) == 1
    assert clock.pauses == [1, 2, 4, 4, 1]


def test_a_retry_that_fails_otherwise_is_told_with_the_librarys_own_lines(
    clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeviceUnavailable, match="cut short"):
        retries().call(failing_with(62, 62, 14), "Loading m")
    said = [line for line in capfd.readouterr().err.splitlines() if "first level" in line]
    assert said == ["first level 62", "first level 14"]


def test_a_retry_that_succeeds_keeps_what_was_printed_meanwhile(
    clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    assert retries().call(failing_with(6, 73, 0), "Loading m") == "made"
    assert "first level 0" in capfd.readouterr().err


def test_without_patience_the_first_failure_is_the_answer(clock: Clock, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DeviceUnavailable):
        retries(deadline=0.0).call(failing_with(62), "Loading m")
    assert clock.pauses == []
    assert "Waiting" not in capfd.readouterr().err
