"""SIGHUP: all of a file is taken up, or nothing of it, and systemd is told how it went."""

import json
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import PATIENCE_S, Daemon, ask, posting

Start = Callable[..., Daemon]


def rewrite(daemon: Daemon, **sections: Any) -> None:
    """Change the file of a running daemon, and tell it."""
    known = json.loads(daemon.config.read_text())
    for name, section in sections.items():
        known[name] = {**known.get(name, {}), **section}
    daemon.config.write_text(json.dumps(known))
    daemon.process.send_signal(signal.SIGHUP)


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener

    def hears(self, wanted: str) -> list[str]:
        """All messages up to the first with the wanted line in it."""
        seen = [self._listener.recv(4096).decode()]
        while not any(line.startswith(wanted) for line in seen[-1].splitlines()):
            seen.append(self._listener.recv(4096).decode())
        return seen


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(PATIENCE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield Systemd(listener)


def test_the_queue_and_the_log_change_while_requests_go_on(start: Start) -> None:
    daemon = start(queue={"depth": 5}, simulator={"tokens_per_s": 40}).wait_until_ready()
    with posting(daemon, ask("Describe everything in detail.")) as running:
        daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["running"] == 1)
        rewrite(daemon, queue={"depth": 0}, logging={"level": "debug"})
        daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["depth"] == 0)
        assert daemon.post(ask("Hello"))[0] == 429
        assert running.result()[0] == 200
    daemon.wait_for(lambda: "endpoint=/health " in daemon.log)  # which is said at debug alone
    assert 'applied="queue.depth, logging.level" needs_restart=-' in daemon.log


def test_what_needs_a_restart_is_named_and_stays_as_it_was(start: Start) -> None:
    daemon = start().wait_until_ready()
    rewrite(daemon, server={"max_body_mb": 1}, model={"name": "other"}, queue={"depth": 3})
    line = daemon.wait_for(lambda: next((one for one in daemon.log.splitlines() if "reloaded" in one), None))
    assert "applied=queue.depth" in line
    assert 'needs_restart="server.max_body_mb, model.name"' in line
    assert daemon.get("/health")[1]["model"] != "other"


def test_a_broken_file_changes_nothing_and_every_mistake_is_logged(start: Start) -> None:
    daemon = start(queue={"depth": 5}).wait_until_ready()
    rewrite(daemon, queue={"depth": -1}, logging={"level": "loud"})
    daemon.wait_for(lambda: "reload failed" in daemon.log)
    assert "queue.depth: -1" in daemon.log
    assert "logging.level" in daemon.log
    assert daemon.get("/health")[1]["queue"]["depth"] == 5
    daemon.config.write_text("{")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for(lambda: daemon.log.count("old configuration is kept") == 2)
    assert daemon.post(ask("Hello"))[0] == 200


def test_systemd_is_told_of_a_reload_and_of_its_end_also_when_it_fails(start: Start, systemd: Systemd) -> None:
    daemon = start()
    systemd.hears("READY=1")
    rewrite(daemon, queue={"depth": 3})
    (*_, begun) = systemd.hears("RELOADING=1")
    assert "MONOTONIC_USEC=" in begun
    assert "STATUS=reloaded" in systemd.hears("READY=1")[-1]
    rewrite(daemon, queue={"depth": "many"})
    systemd.hears("RELOADING=1")
    status = systemd.hears("READY=1")[-1]
    assert "reload failed" in status
    assert "the old configuration is kept" in status


def test_a_reload_before_the_model_is_loaded_does_not_tell_systemd_that_it_is(start: Start, systemd: Systemd) -> None:
    daemon = start(simulator={"load_s": 600})
    rewrite(daemon, queue={"depth": 3})
    daemon.wait_for(lambda: "reloaded" in daemon.log)
    daemon.process.send_signal(signal.SIGTERM)
    heard = systemd.hears("STOPPING=1")
    assert not any("READY=1" in message or "RELOADING=1" in message for message in heard)


def test_a_drain_longer_than_the_units_stop_timeout_asks_systemd_for_more_time(start: Start, systemd: Systemd) -> None:
    short, long = start(), start(queue={"drain_timeout_s": 100})
    for daemon, extended in ((short, False), (long, True)):
        daemon.wait_until_ready()
        daemon.process.send_signal(signal.SIGTERM)
        assert ("EXTEND_TIMEOUT_USEC=" in systemd.hears("STOPPING=1")[-1]) is extended
