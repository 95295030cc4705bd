"""The sockets to serve on: bound here, or inherited from systemd (sd_listen_fds(3))."""

import logging
import os
import socket
from collections.abc import MutableMapping
from dataclasses import dataclass

from hailo_vision.access.hosts import is_loopback
from hailo_vision.config import settings
from hailo_vision.errors import StartError

log = logging.getLogger(__name__)

BACKLOG = 128
FIRST_FD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Sockets that listen. Those that are inherited stay open elsewhere, with all who wait in them."""

    sockets: tuple[socket.socket, ...]
    is_inherited: bool

    @property
    def backlog(self) -> int:
        """Who inherits a socket leaves it as long a backlog as it may have."""
        return socket.SOMAXCONN if self.is_inherited else BACKLOG

    @property
    def is_local(self) -> bool:
        """True when only this machine reaches them."""
        return all(one.family == socket.AF_UNIX or is_loopback(one.getsockname()[0]) for one in self.sockets)

    def close(self) -> None:
        for one in self.sockets:
            one.close()


def listen(server: settings.Server, environ: MutableMapping[str, str] = os.environ) -> Listening:
    """Raises StartError when the address can't be had, or what was inherited is no listening socket."""
    inherited = tuple(_socket(fd) for fd in inherited_fds(environ))
    sockets = inherited or (_bind(server),)
    for one in sockets:
        url = _url(one, "http" if server.tls_cert is None else "https")
        facts = {"url": url, **({"inherited": True} if inherited else {})}
        log.info("listening", extra={"facts": facts})
    return Listening(sockets=sockets, is_inherited=bool(inherited))


def inherited_fds(environ: MutableMapping[str, str]) -> range:
    """The descriptors that systemd passed to this process; its variables are taken out, as they are not for children.

    A number of another process in LISTEN_PID means that they are not for this one. But process 1 of a PID namespace
    (PrivatePIDs=) is told the number that it has outside of it, and nobody but its starter can have set that.
    """
    pid, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    is_ours = pid == str(os.getpid()) or (pid.isdecimal() and os.getpid() == 1)
    return range(FIRST_FD, FIRST_FD + (int(count) if is_ours and count.isdecimal() else 0))


def _socket(fd: int) -> socket.socket:
    try:
        os.set_inheritable(fd, False)
        one = socket.socket(fileno=fd)
        if one.type != socket.SOCK_STREAM or not one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            one.close()
            raise StartError(f"Descriptor {fd} of LISTEN_FDS is no listening stream socket: use ListenStream=.")
    except OSError as error:
        raise StartError(f"Descriptor {fd} of LISTEN_FDS is no socket: {error.strerror}.") from error
    return one


def _bind(server: settings.Server) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise StartError(
            f"Can't listen on {server.host} port {server.port}: {error.strerror}. "
            "Stop the program that has it, or choose another server.port."
        ) from error


def _url(one: socket.socket, scheme: str) -> str:
    if one.family == socket.AF_UNIX:
        return f"unix:{one.getsockname()}"
    host, port = one.getsockname()[:2]
    shown = f"[{host}]" if one.family == socket.AF_INET6 else host
    return f"{scheme}://{shown}:{port}"
