"""Sockets of our own and inherited ones; over a restart no connection is refused or reset."""

import os
import socket
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hailo_vision.config.settings import Server
from hailo_vision.daemon.listen import inherited_fds, listen
from hailo_vision.errors import StartError
from harness import COMMAND, PATIENCE_S, ROOT, Daemon, ask

pytestmark = pytest.mark.slow

LAUNCHER = str(ROOT / "tests" / "support" / "children" / "activated.py")
LOCAL = Server(host="127.0.0.1", port=0)


@contextmanager
def activated(folder: Path, listener: socket.socket) -> Iterator[Daemon]:
    """The daemon as systemd starts it for a socket unit."""
    fd = listener.fileno()
    folder.mkdir()
    daemon = Daemon(folder, command=(sys.executable, LAUNCHER, str(fd), *COMMAND), pass_fds=(fd,))
    try:
        yield daemon
    finally:
        daemon.stop()


class Poller:
    """Gets /health on one new connection after the other, and keeps each status or error."""

    def __init__(self, port: int) -> None:
        self.outcomes: list[int | str] = []
        self._url = f"http://127.0.0.1:{port}/health"
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Poller":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        while not self._is_over.is_set():
            try:
                with urllib.request.urlopen(self._url, timeout=PATIENCE_S) as response:
                    response.read()
                    self.outcomes.append(response.status)
            except OSError as error:
                self.outcomes.append(repr(error))


def test_without_inherited_sockets_one_is_bound() -> None:
    listening = listen(LOCAL, {})
    assert not listening.is_inherited
    with closing(listening), socket.create_connection(listening.sockets[0].getsockname()):
        pass


def test_a_host_may_stand_in_brackets_and_a_name_that_is_none_is_named() -> None:
    with closing(listen(Server(host="[127.0.0.1]", port=0), {})) as listening:
        assert listening.is_local
    with pytest.raises(StartError, match=r"^Can't listen on no-such-host\.invalid: .*Set server\.host"):
        listen(Server(host="no-such-host.invalid", port=0), {})


def test_the_variables_are_removed_whichever_process_they_name() -> None:
    environ = {"LISTEN_PID": "1", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b", "HOME": "/"}
    assert list(inherited_fds(environ)) == []
    assert environ == {"HOME": "/"}


@pytest.mark.parametrize("variables", [{}, {"LISTEN_FDS": "1"}, {"LISTEN_PID": "x", "LISTEN_FDS": "1"}])
def test_descriptors_of_another_process_are_not_used(variables: dict[str, str]) -> None:
    assert list(inherited_fds(variables)) == []


def test_descriptors_of_this_process_are_used() -> None:
    environ = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2"}
    assert list(inherited_fds(environ)) == [3, 4]


def test_process_1_of_a_pid_namespace_takes_descriptors_whatever_number_systemd_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert list(inherited_fds({"LISTEN_PID": "4711", "LISTEN_FDS": "1"})) == [3]
    assert list(inherited_fds({"LISTEN_PID": "", "LISTEN_FDS": "1"})) == []


def test_a_descriptor_that_is_no_listening_socket_ends_the_start_with_a_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environ = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
    with (tmp_path / "file").open("w") as file:
        monkeypatch.setattr("hailo_vision.daemon.listen.SD_LISTEN_FDS_START", file.fileno())
        with pytest.raises(StartError, match="no socket"):
            listen(LOCAL, dict(environ))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        monkeypatch.setattr("hailo_vision.daemon.listen.SD_LISTEN_FDS_START", os.dup(datagrams.fileno()))
        with pytest.raises(StartError, match="ListenStream"):
            listen(LOCAL, dict(environ))


def test_it_serves_on_the_socket_that_systemd_gave_it_and_keeps_it_from_its_children(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, activated(tmp_path / "daemon", listener) as daemon:
        assert daemon.url.endswith(f":{listener.getsockname()[1]}")
        daemon.wait_until_ready()
        assert daemon.post(ask("Hello"))[0] == 200
        worker = Path(f"/proc/{daemon.worker_pid()}")
        assert b"LISTEN_" not in (worker / "environ").read_bytes()
        given = os.readlink(f"/proc/{daemon.process.pid}/fd/3")
        assert given.startswith("socket:")
        assert given not in [os.readlink(fd) for fd in (worker / "fd").iterdir()]


def test_a_restart_under_constant_polling_loses_no_connection(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        with Poller(listener.getsockname()[1]) as poller:
            for number in range(3):
                with activated(tmp_path / str(number), listener) as daemon:
                    daemon.wait_until_ready()
                    seen = len(poller.outcomes)
                    daemon.wait_for(lambda seen=seen: len(poller.outcomes) > seen + 20)
                    assert daemon.stop() == 0, daemon.log
            with activated(tmp_path / "last", listener) as daemon:  # for the client that waits now
                seen = len(poller.outcomes)
                daemon.wait_for(lambda: len(poller.outcomes) > seen + 2)
                poller.__exit__()
        assert set(poller.outcomes) == {200}
