"""One connection: what a client sends is understood first, and handed on then."""

import asyncio
import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from hailo_vision.errors import HailoVisionError, HeadTooSlow, RequestError
from hailo_vision.http_api.web.faults import Fault, fault
from hailo_vision.ingress.framing import Framing, Stage
from hailo_vision.ingress.limits import Limits
from hailo_vision.ingress.transport import Line

log = logging.getLogger(__name__)

NAME = "hailo_vision.door"  # how the access logger finds the door of a request, in its transport's extra info


class Doorkeeper(Protocol):
    """Who knows all doors."""

    @property
    def is_draining(self) -> bool: ...

    def enter(self, door: "Door") -> None:
        """Raises TooManyConnections."""

    def leave(self, door: "Door") -> None: ...


class Door(asyncio.Protocol):
    """Between a transport and the handler's protocol, which sees neither half a head nor two requests at once."""

    def __init__(self, keeper: Doorkeeper, make_handler: Callable[[], asyncio.Protocol], limits: Limits) -> None:
        self._keeper = keeper
        self._make_handler = make_handler
        self._limits = limits
        self._framing = Framing(limits)
        self._handler: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._line: Line | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_answered = False
        self._is_fresh = True  # no request has come yet

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._line = Line(transport, stall_s=self._limits.stall_s, on_stall=self._tell_stall, facts={NAME: self})
        try:
            self._keeper.enter(self)
        except HailoVisionError as error:
            self._refuse(error)
            return
        self._handler = self._make_handler()
        self._handler.connection_made(self._line)
        self._allow_head()

    def data_received(self, data: bytes) -> None:
        if self._handler is not None:  # else refused, and only waiting for the client to go
            self._framing.feed(data)
            self._advance()

    def eof_received(self) -> None:
        """Whoever has closed his half is taken to have left: asyncio closes the other one."""

    def pause_writing(self) -> None:
        if self._handler is not None:
            self._handler.pause_writing()

    def resume_writing(self) -> None:
        if self._handler is not None:
            self._handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._keeper.leave(self)
        if self._line is not None:
            self._line.lost()
        self._part(exc)

    # What our side calls

    def answered(self) -> None:
        """The response to the request at hand is complete. The handler still has to come to rest."""
        self._is_answered = True
        asyncio.get_running_loop().call_soon(self._follow)

    def close_if_idle(self) -> None:
        """Close a connection on which all was answered. One that is new may have its first question on the way."""
        is_waiting = self._framing.stage is Stage.HEAD and not self._framing.held_bytes
        if self._line is not None and is_waiting and not self._is_fresh:
            self._line.close()

    def dismiss(self) -> None:
        """Cut the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    # Requests

    def _advance(self) -> None:
        assert self._line is not None
        was_head = self._framing.stage is Stage.HEAD
        try:
            passed = self._framing.passed()
        except RequestError as error:
            self._refuse(error)
            return
        if was_head and passed:
            self._is_fresh = False
            self._stop_timer()
        if passed and self._handler is not None:
            self._handler.data_received(passed)
        match self._framing.stage:
            case Stage.COMPLETE if self._is_answered:
                self._follow()
            case Stage.COMPLETE if self._framing.held_bytes:
                self._line.pause_reading("door")
            case Stage.HEAD if self._framing.held_bytes and self._timer is None:
                self._allow_head()
            case _:
                pass

    def _follow(self) -> None:
        """The next request, once this one is answered and has come to its end."""
        if self._handler is None or self._line is None or not self._is_answered:
            return
        if self._framing.stage is not Stage.COMPLETE:
            return
        self._is_answered = False
        self._line.hush()
        self._framing.begin()
        self._line.resume_reading("door")
        if self._framing.held_bytes:
            self._advance()
        elif self._keeper.is_draining:
            self._line.close()

    # Time

    def _allow_head(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._limits.head_s, self._head_is_late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_is_late(self) -> None:
        self._timer = None
        assert self._line is not None
        if self._is_fresh and not self._framing.held_bytes:
            self._line.close()  # a browser's connection for later, mostly: nothing was asked
        else:
            self._refuse(HeadTooSlow(self._limits.head_s))

    def _tell_stall(self) -> None:
        log.warning("dropped", extra={"facts": {"client": self._client, "reason": "the client does not read"}})

    # Refusals

    def _refuse(self, error: HailoVisionError) -> None:
        """Say why, when nothing of another answer is on its way, and be done with this client."""
        assert self._transport is not None
        assert self._line is not None
        what = fault(error)
        facts = {"client": self._client, "status": what.status, "error": what.code}
        log.log(logging.INFO if isinstance(error, RequestError) else logging.DEBUG, "refused", extra={"facts": facts})
        can_speak = not self._line.has_spoken and not self._transport.is_closing()
        was_answered = self._is_answered and not self._transport.is_closing()
        self._line.cut()
        self._part(ConnectionResetError("refused at the front door"))
        if can_speak:
            self._say(_response(what))
        elif was_answered:  # long ago, by a handler that did not want the body that still comes
            self._say(b"")
        else:
            self._transport.abort()

    def _say(self, answer: bytes) -> None:
        """The last words. Closing with unread bytes is a reset, which can overtake them: so first only our half."""
        assert self._transport is not None
        self._transport.write(answer)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._transport.resume_reading()
        self._timer = asyncio.get_running_loop().call_later(self._limits.linger_s, self._transport.abort)

    def _part(self, reason: Exception | None) -> None:
        """The handler's side of this connection is over."""
        self._stop_timer()
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.connection_lost(reason)

    @property
    def _client(self) -> str | None:
        peer = self._line.get_extra_info("peername") if self._line is not None else None
        return peer[0] if isinstance(peer, tuple) else None


def _response(what: Fault) -> bytes:
    body = json.dumps(what.body).encode()
    fields = {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **what.headers,
    }
    head = f"HTTP/1.1 {what.status} {HTTPStatus(what.status).phrase}\r\n"
    return (head + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n").encode() + body
