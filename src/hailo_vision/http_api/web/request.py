"""What is known of a request while it is answered, and its body."""

import asyncio
import re
import uuid
from functools import partial
from typing import Any

from aiohttp import web

from hailo_vision.chat import Caller

REQUEST_ID = "hailo_vision.request_id"
FACTS = "hailo_vision.facts"  # what the log line of the request will say
STREAM = "hailo_vision.stream"  # the EventStream, once its headers have gone out
CLIENT = "hailo_vision.client"  # the name of the API key
QUOTA = "hailo_vision.quota"  # the headers that tell what is left to the client
ROUTE = "hailo_vision.route"  # the Route that was found, if any
ARRIVED_AT = "hailo_vision.arrived_at"
ENGINE = "hailo_vision.engine"  # the name of the engine that answers

Facts = dict[str, Any]

_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


def request_id(sent: str | None) -> str:
    """The client's own when it fits in a header and on a log line, else a new one."""
    return sent if sent is not None and _SANE_ID.fullmatch(sent) else uuid.uuid4().hex


def client(request: web.Request) -> str:
    """Who asks: the name of an API key, else the address.

    What X-Forwarded-For says is not looked at: anybody can send one. An IPv6 address counts whole, not as its network:
    at home all machines are in one network, and each is somebody.
    """
    return str(request.get(CLIENT) or (request.remote or "").removeprefix("::ffff:"))


def caller(request: web.Request) -> Caller:
    """Who asks, from now on: turns at the engine are shared between callers."""
    return Caller(
        client=client(request),
        arrived_at=asyncio.get_running_loop().time(),
        answered_by=partial(request.__setitem__, ENGINE),
    )
