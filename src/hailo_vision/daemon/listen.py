"""The listening sockets of the server: bound here, or inherited from systemd (sd_listen_fds(3))."""

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
SD_LISTEN_FDS_START = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningSockets:
    """Sockets that listen. Inherited ones stay open in systemd, with the clients that wait in their backlog."""

    sockets: tuple[socket.socket, ...]
    is_inherited: bool

    @property
    def backlog(self) -> int:
        """The longest backlog for an inherited socket, as clients wait in it while the daemon restarts."""
        return socket.SOMAXCONN if self.is_inherited else BACKLOG

    @property
    def is_local(self) -> bool:
        """Whether only clients on this machine can connect."""
        return all(sock.family == socket.AF_UNIX or is_loopback(sock.getsockname()[0]) for sock in self.sockets)

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()


def listen(server: settings.Server, environ: MutableMapping[str, str] = os.environ) -> ListeningSockets:
    """Take the sockets that systemd passed, or bind one.

    Raises StartError when the address can't be bound, or a descriptor from systemd is no listening socket.
    """
    inherited = tuple(_socket(fd) for fd in inherited_fds(environ))
    sockets = inherited or (_bind(server),)
    for sock in sockets:
        url = _url(sock, "http" if server.tls_cert is None else "https")
        facts = {"url": url, **({"inherited": True} if inherited else {})}
        log.info("listening", extra={"facts": facts})
    return ListeningSockets(sockets=sockets, is_inherited=bool(inherited))


def inherited_fds(environ: MutableMapping[str, str]) -> range:
    """The descriptors that systemd passed to this process. Its variables are removed, as children must not see them.

    When LISTEN_PID names another process, the descriptors are not for this one. But process 1 of a PID namespace
    (PrivatePIDs=) gets the number that it has outside of it, and nobody but its starter can have set that.
    """
    pid, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    is_ours = pid == str(os.getpid()) or (pid.isdecimal() and os.getpid() == 1)
    return range(SD_LISTEN_FDS_START, SD_LISTEN_FDS_START + (int(count) if is_ours and count.isdecimal() else 0))


def _socket(fd: int) -> socket.socket:
    try:
        os.set_inheritable(fd, False)
        sock = socket.socket(fileno=fd)
        if sock.type != socket.SOCK_STREAM or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            sock.close()
            raise StartError(f"Descriptor {fd} of LISTEN_FDS is no listening stream socket: use ListenStream=.")
    except OSError as error:
        raise StartError(f"Descriptor {fd} of LISTEN_FDS is no socket: {error.strerror}.") from error
    return sock


def _bind(server: settings.Server) -> socket.socket:
    host = server.host
    if host.startswith("[") and host.endswith("]"):  # as in an address of a browser
        host = host[1:-1]
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except socket.gaierror as error:
        raise StartError(
            f"Can't listen on {server.host}: {error.strerror}. Set server.host to an address of this machine, such as "
            "127.0.0.1, or 0.0.0.0 for all of them."
        ) from error
    except OSError as error:
        raise StartError(
            f"Can't listen on {server.host} port {server.port}: {error.strerror}. "
            "Stop the program that has it, or choose another server.port."
        ) from error


def _url(sock: socket.socket, scheme: str) -> str:
    if sock.family == socket.AF_UNIX:
        return f"unix:{sock.getsockname()}"
    host, port = sock.getsockname()[:2]
    address = f"[{host}]" if sock.family == socket.AF_INET6 else host
    return f"{scheme}://{address}:{port}"
