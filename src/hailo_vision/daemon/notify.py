"""Notifications to systemd (sd_notify(3)); without systemd they have no effect."""

import asyncio
import os
import time
from collections import deque

import sdnotify

from hailo_vision.engines.contract import Engine, EngineState

STOP_TIMEOUT_S = 30.0  # TimeoutStopSec= of our unit
RETRY_S = 0.1  # before another try to send what the socket had no room for
MAX_UNSENT = 64
_ANSWERING = (EngineState.READY, EngineState.BUSY, EngineState.UNLOADED, EngineState.WAKING)


def not_started(reason: str) -> None:
    """Leave the reason of a failed start to systemd, for `systemctl status` after the end of the process."""
    systemd = sdnotify.SystemdNotifier()
    systemd.notify("STATUS=" + reason.replace("\n", " "))
    if systemd.socket is not None:
        systemd.socket.close()


class Notifier:
    """READY=1 once and after a reload, STATUS on each change, WATCHDOG=1 from the loop, STOPPING=1 at the end.

    The service has started once one of its engines answers, or all of them have failed: then too the daemon works and
    says on /health/ready what is wrong, and a restart by systemd would only hide it.
    """

    def __init__(self, model: str, engines: int = 1) -> None:
        self._systemd = sdnotify.SystemdNotifier()
        self._unsent: deque[str] = deque(maxlen=MAX_UNSENT)
        if self._systemd.socket is not None:
            self._systemd.socket.setblocking(False)  # a service manager that reads nothing must not hold the loop
            self._systemd.debug = True  # raises what it would swallow
        self._model = model
        self._is_ready = False
        self._trouble: str | None = None
        # Of all engines, the preferred one of the default model before all others; one that is still to begin counts
        # as starting.
        self._states = [EngineState.STOPPED, *[EngineState.STARTING] * (engines - 1)]

    def starting(self, load_timeout_s: float) -> None:
        """Ask for the time that a load may take: the unit's own start timeout can be shorter."""
        self._tell(f"STATUS=loading {self._model}", f"EXTEND_TIMEOUT_USEC={int((load_timeout_s + 30) * 1e6)}")

    def engine_changed(self, index: int, engine: Engine) -> None:
        """The engine at this place of the order has another state."""
        self._states[index] = engine.state
        if index:
            self._tell_without_it()
            return
        self._trouble = engine.trouble
        match engine.state:
            case EngineState.READY:
                self._ready(f"STATUS=ready, {self._model} is loaded")
            case EngineState.BUSY:
                self._tell("STATUS=answering")
            case EngineState.UNLOADED:
                self._ready(f"STATUS=ready, {self._model} is loaded for the next request")
            case _:
                self._tell_without_it()

    def _tell_without_it(self) -> None:
        """The preferred engine does not answer now: whether another one does is all that can make the service ready."""
        preferred, *others = self._states
        is_answered = any(state in _ANSWERING for state in others)
        match preferred:
            case EngineState.STARTING | EngineState.WAKING if is_answered:
                self._ready(f"STATUS=ready by the fallback, loading {self._model}")
            case EngineState.STARTING | EngineState.WAKING:
                again = f" again; before: {self._trouble}" if self._trouble else ""
                self._tell(f"STATUS=loading {self._model}{again}")
            case EngineState.FAILED if is_answered:
                self._ready(f"STATUS=ready by the fallback: {self._trouble}")
            case EngineState.FAILED if EngineState.STARTING in others:
                self._tell(f"STATUS=loading the fallback: {self._trouble}")
            case EngineState.FAILED:
                self._ready(f"STATUS=not ready: {self._trouble}")
            case _:
                pass

    def stopping(self, within_s: float) -> None:
        """Ask for the time that the stop may take, where the unit's own is shorter."""
        more = (f"EXTEND_TIMEOUT_USEC={int(within_s * 1e6)}",) if within_s > STOP_TIMEOUT_S else ()
        self._tell("STOPPING=1", "STATUS=finishing the running answer", *more)

    def reloading(self) -> None:
        if self._is_ready:
            self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def reloaded(self, status: str) -> None:
        """Always after `reloading`: without READY=1 `systemctl reload` would hang. Before the first load it is not."""
        if self._is_ready:
            self._tell("READY=1", f"STATUS={status}")

    async def feed_watchdog(self) -> None:
        """Show systemd that the loop turns, twice in each period that it allows; for ever."""
        period_s = int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6
        if not period_s or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
            return
        while True:
            if not self._unsent:
                self._send("WATCHDOG=1")
            await asyncio.sleep(period_s / 2)

    def close(self) -> None:
        self._unsent.clear()
        if self._systemd.socket is not None:
            self._systemd.socket.close()

    def _ready(self, status: str) -> None:
        if self._is_ready:
            self._tell(status)
        else:
            self._is_ready = True
            self._tell("READY=1", status)

    def _tell(self, *lines: str) -> None:
        self._unsent.append("\n".join(line.replace("\n", " ") for line in lines))
        if len(self._unsent) == 1:  # else it waits behind others, which a timer sends
            self._send_unsent()

    def _send_unsent(self) -> None:
        """Send what waits, in its order; what the socket has no room for is tried again later."""
        while self._unsent:
            if not self._send(self._unsent[0]):
                asyncio.get_running_loop().call_later(RETRY_S, self._send_unsent)
                return
            self._unsent.popleft()

    def _send(self, message: str) -> bool:
        """Whether the socket had room for a message; one that nobody can take is dropped."""
        if self._systemd.socket is None:
            return True
        try:
            self._systemd.notify(message)
        except BlockingIOError:
            return False
        except OSError:
            pass  # nobody listens any more
        return True
