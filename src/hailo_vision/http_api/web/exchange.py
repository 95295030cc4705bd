"""What is known of one request while it is answered: one object, from its arrival to its line in the log."""

import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from hailo_vision.chat import Caller, ToolCount
from hailo_vision.http_api.web.faults import Fault
from hailo_vision.http_api.web.routes import Route

Facts = dict[str, Any]

EXCHANGE = "hailo_vision.exchange"
_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A request and what has become of it so far.

    arrived_at   on the event loop's clock, in seconds
    facts        what the log line of the request will say
    address      the client's, without the prefix of an IPv4 address in IPv6
    route        the Route that was found, if any
    key          the name of the API key that came with it
    quota        the headers that tell what is left to the client
    engine       the name of the engine that answers, once it does
    shown        what the model is shown of what the request holds, such as images: 4/10, where that is not all of it
    tools        how many of the request's tools the model is shown; None where it has none
    conversation the field of the body that holds the conversation, which is named for what is wrong with all of it
    fail         how an error is told once the headers have gone out; None before
    is_refused   whether the server stops before it has an answer
    """

    id: str
    arrived_at: float
    address: str
    facts: Facts = field(default_factory=dict)
    route: Route | None = None
    key: str | None = None
    quota: dict[str, str] = field(default_factory=dict)
    engine: str | None = None
    shown: dict[str, str] = field(default_factory=dict)
    tools: ToolCount | None = None
    conversation: str | None = None
    fail: Callable[[Fault], Awaitable[web.StreamResponse]] | None = None
    is_refused: bool = False

    @property
    def client(self) -> str:
        """The client by the name of its API key, else by its address.

        X-Forwarded-For is not looked at, as any client can send one. An IPv6 address counts whole and not as its
        network: at home all machines are in one network, and each is a client of its own.
        """
        return self.key or self.address

    def note_shown(self, what: str, shown: int, sent: int) -> None:
        """Note for the headers and the log that the model was shown a part of what came."""
        if shown < sent:
            self.shown[what] = self.facts[f"{what}_shown"] = f"{shown}/{sent}"

    def caller(self, now: float) -> Caller:
        """The client as the rooms behind know it; `now` is when its time limit begins to count."""
        return Caller(client=self.client, arrived_at=now)


def exchange(request: web.Request) -> Exchange:
    about: Exchange = request[EXCHANGE]
    return about


def begin(request: web.Request, now: float) -> Exchange:
    """Make the Exchange of a request that has just arrived."""
    about = Exchange(id=request_id(request.headers.get("X-Request-Id")), arrived_at=now, address=address_of(request))
    request[EXCHANGE] = about
    return about


def address_of(request: web.BaseRequest) -> str:
    """The client's address; an IPv4 address in IPv6 is the same client as without."""
    return (request.remote or "").removeprefix("::ffff:")


def request_id(sent: str | None) -> str:
    """The client's own when it fits in a header and on a log line, else a new one."""
    return sent if sent is not None and _SANE_ID.fullmatch(sent) else uuid.uuid4().hex
