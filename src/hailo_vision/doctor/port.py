"""Whether the port is free, or which program listens on it: our own server, or another one."""

import asyncio
import errno
import socket

from hailo_vision.client import Server, ServerError
from hailo_vision.config import settings
from hailo_vision.doctor.finding import Finding, failed, ok, skipped
from hailo_vision.doctor.installation import Installation


def look(installation: Installation) -> Finding:
    server = installation.settings.server
    if server.port == 0:
        return skipped("server.port is 0: each start picks a free one and logs it")
    where = f"{server.host} port {server.port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        socket.create_server(address[:2], family=family).close()
    except OSError as error:
        return _taken(server, where) if error.errno == errno.EADDRINUSE else _impossible(where, error)
    return ok(f"{where} is free: the server is not running")


def _taken(server: settings.Server, where: str) -> Finding:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)
    scheme = "http" if server.tls_cert is None else "https"
    url = f"{scheme}://[{host}]:{server.port}" if ":" in host else f"{scheme}://{host}:{server.port}"
    try:
        health = asyncio.run(_health(url))
    except ServerError as error:
        if error.code == "untrusted":
            return ok(f"{where} is held by a server whose certificate names another host or is not trusted here")
        if error.status == 401:
            return ok(f"{where} is held by a server that asks for an API key")
        return failed(
            f"{where} is taken, and it is not hailo-vision that answers there",
            f"`sudo ss -ltnp 'sport = :{server.port}'` names the program. End it, or choose another server.port.",
        )
    return ok(f"{where} is held by hailo-vision {health.get('version')}, which is {health.get('state')}")


async def _health(url: str) -> dict[str, object]:
    async with Server(url) as server:
        return await server.health()


def _impossible(where: str, error: OSError) -> Finding:
    advice = "Choose another server.port."
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        advice = "server.host must be an address of this machine, such as 127.0.0.1 or 0.0.0.0."
    elif error.errno == errno.EACCES:
        advice = "Ports below 1024 are for root alone: choose a higher server.port."
    return failed(f"{where} can't be listened on: {error.strerror}", advice)
