"""systemd's watchdog: what feeds it, and what is seen of a daemon that it ends."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hailo_vision.daemon.notify import Notifier
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


def test_a_daemon_that_the_watchdog_aborts_shows_where_it_stood(start: Callable[..., Daemon]) -> None:
    daemon = start().wait_until_ready()
    assert daemon.stop(signal.SIGABRT) == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in daemon.log
    assert "most recent call first" in daemon.log
