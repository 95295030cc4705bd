"""One client connection: what the client sends is checked before aiohttp sees it, and has timeouts."""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Protocol

from hailo_vision.access.addresses import LOCAL, network_of
from hailo_vision.access.tls import HTTP_2
from hailo_vision.errors import HailoVisionError, RequestError
from hailo_vision.http_api.web.faults import Fault, fault
from hailo_vision.http_api.web.http_errors import HeadTooSlow, TooManyConnections
from hailo_vision.ingress.framing import Framing, Stage
from hailo_vision.ingress.head import path_of
from hailo_vision.ingress.limits import Limits
from hailo_vision.ingress.transport import GuardedTransport

log = logging.getLogger(__name__)

CONNECTION = "hailo_vision.connection"  # the key of a Connection in the extra info of the transport that aiohttp sees
REFUSAL_DELAY_S = 1.0  # for the request line of a refused client to arrive

# What HTTP/2 has for it (RFC 9113, 7): empty SETTINGS, then GOAWAY with the error HTTP_1_1_REQUIRED.
_HTTP_1_1_REQUIRED = bytes.fromhex("000000 04 00 00000000000008 07 00 00000000 00000000 0000000d")


class Registry(Protocol):
    """What a connection needs of the registry of all connections."""

    @property
    def is_draining(self) -> bool: ...

    @property
    def error_body(self) -> Callable[[str, Fault], dict[str, Any]]: ...

    def add(self, connection: "Connection") -> None:
        """Raises TooManyConnections."""

    def begin_request(self, connection: "Connection", head: bytes) -> None:
        """Raises TooManyConnections."""

    def set_idle(self, connection: "Connection", *, is_idle: bool) -> None: ...

    def remove(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """Stands between the client's transport and the handler's protocol, and forwards one request at a time.

    The handler never sees half a head (slow loris). With pipelining, it sees the next request once its response to the
    last one is complete. `client` is the name under which its address is counted.
    """

    def __init__(self, registry: Registry, make_handler: Callable[[], asyncio.Protocol], limits: Limits) -> None:
        self._registry = registry
        self._make_handler = make_handler
        self._limits = limits
        self._framing = Framing(limits)
        self._handler: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._guarded: GuardedTransport | None = None  # around `_transport`, for the handler
        self._timer: asyncio.TimerHandle | None = None
        self._is_response_complete = False
        self._is_new = True  # no head has come yet
        self._path = ""  # of the request, as far as it is known
        self._refusal: HailoVisionError | None = None  # it waits for the request line, which tells the dialect
        self._close_handshake: Callable[[], None] | None = None
        self.client = LOCAL

    # What the listener calls

    def accepted(self, address: str, close_handshake: Callable[[], None] | None) -> None:
        """Count the connection from now on, as a TLS handshake can be slow too."""
        self.client = network_of(address)
        self._close_handshake = close_handshake
        with suppress(TooManyConnections):  # it may get a place yet, and is told otherwise once it is made
            self._registry.add(self)

    def handshake_failed(self) -> None:
        self._registry.remove(self)

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._guarded = GuardedTransport(
            transport,
            stall_timeout_s=self._limits.stall_timeout_s,
            on_stall=self._log_stall,
            extra_info={CONNECTION: self},
        )
        if _has_agreed_on_http_2(transport):
            log.info("refused", extra={"facts": {"client": self._client, "error": "the client speaks HTTP/2 alone"}})
            self._close_lingering(_HTTP_1_1_REQUIRED)
            return
        try:
            self._registry.add(self)
        except TooManyConnections as error:
            self._refusal = error
            self._timer = asyncio.get_running_loop().call_later(REFUSAL_DELAY_S, self._refuse, error)
            return
        self._handler = self._make_handler()
        self._handler.connection_made(self._guarded)
        self._start_head_timer()

    def data_received(self, data: bytes) -> None:
        if self._handler is not None:
            self._framing.feed(data)
            self._forward()
        elif self._refusal is not None:  # else the client was refused, and what it still sends is dropped
            self._path = path_of(data)
            self._refuse(self._refusal)

    def eof_received(self) -> None:
        """A client that closes its half of the connection counts as gone: asyncio closes the other half."""

    def pause_writing(self) -> None:
        """The client reads slowly, so that the connection waits for it."""
        self._registry.set_idle(self, is_idle=True)
        if self._handler is not None:
            self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._registry.set_idle(self, is_idle=self._is_response_complete or self._framing.stage is Stage.HEAD)
        if self._handler is not None:
            self._handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._registry.remove(self)
        if self._guarded is not None:
            self._guarded.stop_timer()
        self._disconnect_handler(exc)

    # What the registry calls

    def response_complete(self) -> None:
        """Note that the response is complete. The handler's protocol has yet to come back from writing it."""
        self._is_response_complete = True
        self._registry.set_idle(self, is_idle=True)
        asyncio.get_running_loop().call_soon(self._start_next_request)

    def close_if_idle(self) -> None:
        """Close a keep-alive connection between two requests. On a new one the first request may be on its way."""
        is_idle = self._framing.stage is Stage.HEAD and not self._framing.buffered_bytes
        if self._guarded is not None and is_idle and not self._is_new:
            self._guarded.close()

    def evict(self, error: HailoVisionError) -> None:
        """End the connection, whose place is another's now. Without TLS one that is not made yet is refused then."""
        if self._transport is None or self._guarded is None:
            self.abort()
        elif self._is_new or self._framing.stage is not Stage.HEAD or self._framing.buffered_bytes:
            self._refuse(error)
        else:
            self._guarded.close()  # between two requests: clients know that this can happen

    def abort(self) -> None:
        """Drop the connection without a response."""
        if self._transport is not None:
            self._transport.abort()
        elif self._close_handshake is not None:
            self._close_handshake()

    # Requests

    def _forward(self) -> None:
        """Give the handler what is checked of the current request, and hold back what comes after it."""
        assert self._guarded is not None
        was_head = self._framing.stage is Stage.HEAD
        try:
            data = self._framing.data_to_forward()
            if was_head and data:
                self._begin_request(data)
        except (RequestError, TooManyConnections) as error:
            self._refuse(error)
            return
        if data and self._handler is not None:
            self._handler.data_received(data)
        match self._framing.stage:
            case Stage.COMPLETE if self._is_response_complete:
                self._start_next_request()
            case Stage.COMPLETE if self._framing.buffered_bytes:
                self._guarded.pause_reading("pipelining")
            case Stage.HEAD if self._framing.buffered_bytes and self._timer is None:
                self._start_head_timer()
            case _:
                pass

    def _begin_request(self, head: bytes) -> None:
        """Note that a head is whole; `head` may have some of the body after it. Raises TooManyConnections."""
        self._is_new = False
        self._stop_timer()
        self._path = path_of(head)
        self._registry.begin_request(self, head)

    def _start_next_request(self) -> None:
        """Go on with the next request, once the current one has come to its end and has its response."""
        if self._handler is None or self._guarded is None or not self._is_response_complete:
            return
        if self._framing.stage is not Stage.COMPLETE:
            return
        self._is_response_complete = False
        self._guarded.new_response()
        self._framing.start_next_request()
        self._guarded.resume_reading("pipelining")
        if self._framing.buffered_bytes:
            self._forward()
        elif self._registry.is_draining:
            self._guarded.close()

    # Timeouts

    def _start_head_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._limits.head_timeout_s, self._head_timed_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_timed_out(self) -> None:
        self._timer = None
        assert self._guarded is not None
        if self._is_new and not self._framing.buffered_bytes:
            self._guarded.close()  # nothing was requested: mostly a connection that a browser opened for later
        else:
            self._refuse(HeadTooSlow(self._limits.head_timeout_s))

    def _log_stall(self) -> None:
        log.warning("dropped", extra={"facts": {"client": self._client, "reason": "the client does not read"}})

    # Refusals

    def _refuse(self, error: HailoVisionError) -> None:
        """End the connection; with the error as the response, unless part of another response is already sent."""
        assert self._transport is not None
        assert self._guarded is not None
        self._refusal = None
        self._stop_timer()
        refusal = fault(error)
        path = self._path if self._framing.stage is not Stage.HEAD else path_of(self._framing.start_of_head)
        facts = {"client": self._client, "status": refusal.status, "error": refusal.code}
        log.log(logging.INFO if isinstance(error, RequestError) else logging.DEBUG, "refused", extra={"facts": facts})
        can_respond = not self._guarded.has_written and not self._transport.is_closing()
        has_response = self._is_response_complete and not self._transport.is_closing()
        self._guarded.detach()
        self._disconnect_handler(ConnectionResetError("the request was refused"))
        if can_respond:
            self._close_lingering(_response(refusal, self._registry.error_body(path or self._path, refusal)))
        elif has_response:  # from a handler that did not read the body, which still comes
            self._close_lingering(b"")
        else:
            self._transport.abort()

    def _close_lingering(self, data: bytes) -> None:
        """Send the last bytes, close our half of the connection, and let the client send and read on for a while.

        To close all of it with unread bytes is a reset, which can overtake the response.
        """
        assert self._transport is not None
        self._transport.write(data)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._transport.resume_reading()
        self._timer = asyncio.get_running_loop().call_later(self._limits.linger_s, self._transport.abort)

    def _disconnect_handler(self, reason: Exception | None) -> None:
        """For the handler the connection is lost, though the client may still read a refusal."""
        self._stop_timer()
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.connection_lost(reason)

    @property
    def _client(self) -> str | None:
        peer = self._guarded.get_extra_info("peername") if self._guarded is not None else None
        return peer[0] if isinstance(peer, tuple) else None


def _has_agreed_on_http_2(transport: asyncio.Transport) -> bool:
    """Whether the client offers nothing but HTTP/2 in its TLS handshake (ALPN)."""
    tls = transport.get_extra_info("ssl_object")
    return tls is not None and tls.selected_alpn_protocol() == HTTP_2


def _response(refusal: Fault, error: dict[str, Any]) -> bytes:
    body = json.dumps(error).encode()
    fields = {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **refusal.headers,
    }
    head = f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
    return (head + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n").encode() + body
