"""systemd's watchdog: what feeds it, and what is seen of a daemon that it ends."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hailo_vision.daemon.notify import Notifier
from hailo_vision.engines.contract import EngineState
from harness import PATIENCE_S, Daemon


def heard(listener: socket.socket) -> list[bytes]:
    """What has come until now."""
    messages = []
    with suppress(BlockingIOError):
        while True:
            messages.append(listener.recv(4096))
    return messages


async def test_a_loop_that_stands_still_does_not_feed_the_watchdog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        notifier = Notifier("a-model")
        feeding = asyncio.create_task(notifier.feed_watchdog())
        async with asyncio.timeout(PATIENCE_S):
            while len(heard(listener)) < 2:
                await asyncio.sleep(0.05)
        heard(listener)
        time.sleep(0.2)  # noqa: ASYNC251 - the loop is stalled on purpose
        assert heard(listener) == []
        feeding.cancel()
        notifier.close()


class Told:
    """An engine, as far as systemd is told of it."""

    def __init__(self, state: EngineState, trouble: str | None = None) -> None:
        self.state, self.trouble = state, trouble


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        yield listener


FAILED, STARTING, READY = EngineState.FAILED, EngineState.STARTING, EngineState.READY


@pytest.mark.parametrize(
    ("has_fallback", "changes", "last"),
    [
        (False, [("engine", STARTING), ("engine", READY)], "READY=1 STATUS=ready, a-model is loaded"),
        (False, [("engine", FAILED)], "READY=1 STATUS=not ready: no chip"),
        (True, [("fallback", STARTING), ("engine", FAILED)], "STATUS=loading the fallback: no chip"),
        (True, [("engine", FAILED)], "STATUS=loading the fallback: no chip"),
        (True, [("engine", FAILED), ("fallback", READY)], "READY=1 STATUS=ready by the fallback: no chip"),
        (True, [("engine", FAILED), ("fallback", FAILED)], "READY=1 STATUS=not ready: no chip"),
        (True, [("fallback", FAILED), ("engine", FAILED)], "READY=1 STATUS=not ready: no chip"),
        (True, [("engine", STARTING), ("fallback", READY)], "READY=1 STATUS=ready by the fallback, loading a-model"),
        (True, [("engine", STARTING), ("fallback", FAILED)], "STATUS=loading a-model"),
        (True, [("fallback", READY), ("engine", FAILED), ("engine", READY)], "STATUS=ready, a-model is loaded"),
    ],
)
def test_the_service_has_started_when_one_engine_answers_or_all_have_failed(
    systemd: socket.socket, has_fallback: bool, changes: list[tuple[str, EngineState]], last: str
) -> None:
    notifier = Notifier("a-model", 2 if has_fallback else 1)
    for who, state in changes:
        trouble = "no chip" if state is FAILED else None
        notifier.engine_changed(0 if who == "engine" else 1, Told(state, trouble))  # type: ignore[arg-type]
    notifier.close()
    messages = [message.decode().replace("\n", " ") for message in heard(systemd)]
    assert messages[-1] == last
    assert sum("READY=1" in message for message in messages) <= 1


def test_what_the_fallback_does_is_not_told_while_the_engine_answers(systemd: socket.socket) -> None:
    notifier = Notifier("a-model", 2)
    notifier.engine_changed(0, Told(READY))  # type: ignore[arg-type]
    heard(systemd)
    for state in EngineState:
        notifier.engine_changed(1, Told(state))  # type: ignore[arg-type]
    notifier.close()
    assert heard(systemd) == []


def test_a_daemon_that_the_watchdog_aborts_shows_where_it_stood(start: Callable[..., Daemon]) -> None:
    daemon = start().wait_until_ready()
    assert daemon.stop(signal.SIGABRT) == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in daemon.log
    assert "most recent call first" in daemon.log
