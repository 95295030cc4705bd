"""The progress of a download: a bar that rewrites itself on a terminal, a line for each 5 % elsewhere."""

import shutil
import time
from collections import deque
from collections.abc import Callable
from typing import Final, TextIO, assert_never

from hailo_vision.models.events import Event, Hashed, Received, Started, StartedOver, Waits

_STEP_PERCENT: Final = 5
_STEP_BYTES: Final = 100_000_000  # where the size is not known
_REDRAW_S: Final = 0.2
_WINDOW_S: Final = 10.0
_BAR: Final = 24


def bar_line(done_bytes: int, size_bytes: int | None, bytes_per_s: float | None, columns: int) -> str:
    """`[#####...]  35 %   820 of 2341 MB   11.2 MB/s   2 min 15 s left`, as much of it as fits."""
    columns_of_text = []
    if size_bytes:
        filled = _BAR * done_bytes // size_bytes
        columns_of_text += [f"[{'#' * filled}{'.' * (_BAR - filled)}] {100 * done_bytes // size_bytes:3} %"]
    columns_of_text += [amount(done_bytes, size_bytes)]
    if bytes_per_s:
        columns_of_text += [f"{bytes_per_s / 1e6:.1f} MB/s"]
        if size_bytes:
            columns_of_text += [f"{duration((size_bytes - done_bytes) / bytes_per_s)} left"]
    return "   ".join(columns_of_text)[: max(columns - 1, 1)]


def amount(done_bytes: int, size_bytes: int | None) -> str:
    unit, name = (1_000_000, "MB") if (size_bytes or done_bytes) >= 10_000_000 else (1_000, "kB")
    whole = f" of {size_bytes / unit:,.0f}" if size_bytes else ""
    return f"{done_bytes / unit:,.0f}{whole} {name}"


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Pace:
    """The throughput in bytes a second over the last ten seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def at(self, now_s: float, done_bytes: int) -> float | None:
        """Returns the throughput; None within the first second."""
        self._seen.append((now_s, done_bytes))
        while len(self._seen) > 2 and now_s - self._seen[1][0] >= _WINDOW_S:
            self._seen.popleft()
        then_s, then_bytes = self._seen[0]
        return (done_bytes - then_bytes) / (now_s - then_s) if now_s - then_s >= 1 else None


class Printer:
    """Prints events. `end` must be called before anything else is printed."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._live = stream.isatty()
        self._open = False
        self._restart("", 0)

    def show(self, event: Event) -> None:
        match event:
            case Started():
                goes_on = f", going on after {amount(event.have_bytes, event.size_bytes)}" if event.have_bytes else ""
                self._say(f"Downloading {event.url}{goes_on}")
                self._restart("", event.have_bytes)
            case Received():
                self._advance("", event.done_bytes, event.size_bytes)
            case Hashed():
                self._advance("checking ", event.done_bytes, event.size_bytes)
            case StartedOver():
                lost = amount(event.lost_bytes, None)
                self._say(f"The server's file has changed, or it can't be continued: {lost} come anew.")
            case Waits():
                self._say(f"{event.why[0].upper()}{event.why[1:].rstrip('.')}. Trying again in {event.wait_s:g} s.")
            case _:
                assert_never(event)

    def end(self) -> None:
        if self._open:
            self._stream.write("\n")
            self._stream.flush()
            self._open = False
        self._restart("", 0)

    def _restart(self, label: str, done_bytes: int) -> None:
        self._label = label
        self._pace = Pace()
        self._drawn_s = float("-inf")
        self._shown_bytes = done_bytes

    def _say(self, text: str) -> None:
        self.end()
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def _advance(self, label: str, done_bytes: int, size_bytes: int | None) -> None:
        if label != self._label:
            self.end()
            self._restart(label, 0)
        if self._live:
            self._draw(done_bytes, size_bytes)
        elif self._is_a_step(done_bytes, size_bytes):
            percent = f"{100 * done_bytes // size_bytes} %, " if size_bytes else ""
            self._say_step(f"{label}{percent}{amount(done_bytes, size_bytes)}", done_bytes)

    def _draw(self, done_bytes: int, size_bytes: int | None) -> None:
        now_s = self._clock()
        pace = self._pace.at(now_s, done_bytes)
        if now_s - self._drawn_s < _REDRAW_S and done_bytes != size_bytes:
            return
        line = self._label + bar_line(
            done_bytes, size_bytes, pace, shutil.get_terminal_size().columns - len(self._label)
        )
        self._stream.write(f"\r{line}\x1b[K")
        self._stream.flush()
        self._drawn_s, self._open = now_s, True

    def _is_a_step(self, done_bytes: int, size_bytes: int | None) -> bool:
        if not size_bytes:
            return done_bytes - self._shown_bytes >= _STEP_BYTES
        step = size_bytes * _STEP_PERCENT
        return 100 * done_bytes // step > 100 * self._shown_bytes // step

    def _say_step(self, text: str, done_bytes: int) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()
        self._shown_bytes = done_bytes
