"""systemd's watchdog: what feeds it, and what is seen of a daemon that it ends."""

import asyncio
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from costly import as_json, pattern_bomb
from hailo_vision.daemon.notify import MAX_UNSENT, Notifier
from hailo_vision.engines.contract import EngineState
from harness import COMMAND, PATIENCE_S, Daemon, ask


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
        (False, [("engine", FAILED), ("again", STARTING)], "STATUS=loading a-model again; before: no chip"),
        (True, [("fallback", READY), ("engine", FAILED), ("engine", READY)], "STATUS=ready, a-model is loaded"),
    ],
)
def test_the_service_has_started_when_one_engine_answers_or_all_have_failed(
    systemd: socket.socket, has_fallback: bool, changes: list[tuple[str, EngineState]], last: str
) -> None:
    notifier = Notifier("a-model", 2 if has_fallback else 1)
    for who, state in changes:
        trouble = "no chip" if state is FAILED or who == "again" else None
        notifier.engine_changed(1 if who == "fallback" else 0, Told(state, trouble))  # type: ignore[arg-type]
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


async def test_a_service_manager_that_reads_nothing_does_not_hold_the_loop_and_hears_all_later(
    systemd: socket.socket,
) -> None:
    notifier = Notifier("a-model")
    for number in range(MAX_UNSENT // 2):
        notifier.starting(number)
    with suppress(BlockingIOError):  # fills what the kernel holds for it
        other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        other.setblocking(False)
        other.connect(systemd.getsockname())
        while True:
            other.send(b"STATUS=full")
    other.close()
    notifier.engine_changed(0, Told(READY))  # type: ignore[arg-type]
    messages: list[bytes] = []
    async with asyncio.timeout(PATIENCE_S):
        while not any(b"READY=1" in message for message in messages):
            messages += heard(systemd)
            await asyncio.sleep(0.01)
    own = [message for message in messages if message != b"STATUS=full"]
    assert len(own) == MAX_UNSENT // 2 + 1, "in their order, none lost"
    assert b"READY=1" in own[-1]
    notifier.close()


def test_a_service_manager_that_has_gone_is_no_error(systemd: socket.socket) -> None:
    notifier = Notifier("a-model")
    systemd.close()
    notifier.engine_changed(0, Told(READY))  # type: ignore[arg-type]
    notifier.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        (
            "device: {path: /dev/no-such-device}\nserver: {port: 0}",
            69,
            "STATUS=There is no Hailo device: /dev/no-such-device is missing.",
        ),
        ("server: {host: 192.0.2.1}\ndevice: {runtime: simulated}", 3, "STATUS=Can't listen on 192.0.2.1 port"),
        ("queue: {depth: many}", 78, "STATUS={path}: queue.depth: "),
        ("server: {api_keys_file: /no/keys}\ndevice: {runtime: simulated}", 78, "STATUS=/no/keys: it can't be read: "),
    ],
)
def test_systemd_shows_why_a_start_failed(
    systemd: socket.socket, tmp_path: Path, text: str, code: int, status: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    command = [*COMMAND, "serve", "--config", str(path)]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == code, done.stderr
    assert heard(systemd)[-1].decode().startswith(status.format(path=path))


@pytest.mark.slow
def test_the_watchdog_is_fed_while_the_patterns_of_a_request_are_compiled(
    systemd: socket.socket, start: Callable[..., Daemon], monkeypatch: pytest.MonkeyPatch
) -> None:
    """23 kB of them take half a minute, and nobody waits for that: not the watchdog, nor other clients."""
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    pings: list[bytes] = []
    threading.Thread(target=listen, args=(systemd, pings), daemon=True).start()
    daemon = start().wait_until_ready()
    schema = {
        "type": "object",
        "properties": {f"p{k}": {"type": "string", "pattern": pattern_bomb(k)} for k in range(15)},
    }
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    body = as_json(ask("Hello!", response_format=form))
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(daemon.post, body)
        daemon.wait_for(lambda: compiling(daemon))
        before = len(pings)
        while len(pings) < before + 10:
            assert daemon.get("/health")[0] == 200
            assert not answer.done(), pings
        status, told = answer.result(PATIENCE_S)
    assert (status, told["error"]["param"]) == (400, "response_format.json_schema.schema")
    assert "more than 1 s to compile" in told["error"]["message"]
    systemd.shutdown(socket.SHUT_RD)  # ends the thread


def listen(systemd: socket.socket, pings: list[bytes]) -> None:
    """Take in all messages as they come: a daemon whose service manager reads none would wait for it."""
    systemd.setblocking(True)
    with suppress(OSError):
        while message := systemd.recv(4096):
            if message == b"WATCHDOG=1":
                pings.append(message)


def compiling(daemon: Daemon) -> bool:
    """Whether the daemon has a child that compiles patterns."""
    pid = daemon.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return any(b"hailo_vision.generate.patterns" in command_line(child) for child in children)


def command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""  # it has ended meanwhile


def test_a_daemon_that_the_watchdog_aborts_shows_where_it_stood(start: Callable[..., Daemon]) -> None:
    daemon = start().wait_until_ready()
    assert daemon.stop(signal.SIGABRT) == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in daemon.log
    assert "most recent call first" in daemon.log
