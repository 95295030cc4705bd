"""Requests byte by byte, as no client library would send them."""

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness import PATIENCE_S, Daemon


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def connect(daemon: Daemon) -> socket.socket:
    where = urlsplit(daemon.url)
    return socket.create_connection((where.hostname, where.port), PATIENCE_S)


def send(daemon: Daemon, method: str, target: str, *lines: str, body: bytes = b"", host: str = "localhost") -> Answer:
    """One request on a connection of its own; `lines` are header lines."""
    head = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *lines]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return send_bytes(daemon, "\r\n".join([*head, "", ""]).encode("utf-8", "surrogateescape") + body)


def send_bytes(daemon: Daemon, data: bytes) -> Answer:
    with connect(daemon) as connection:
        connection.sendall(data)
        return receive(connection)


def receive(connection: socket.socket | ssl.SSLSocket) -> Answer:
    """The answer, read to the end of the connection."""
    received = b""
    while data := connection.recv(65536):
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(status=int(status.split()[1]), headers=headers, body=body)
