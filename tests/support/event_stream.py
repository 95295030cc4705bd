"""Reads whole streams of server-sent events, as they stand on the wire."""

import json
import urllib.request
from typing import Any

from harness import Daemon


def named_events(daemon: Daemon, body: dict[str, Any], path: str) -> list[dict[str, Any]]:
    """The events of a stream whose events have names: each is the `type` in its data."""
    with urllib.request.urlopen(daemon.url + path, json.dumps({**body, "stream": True}).encode()) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        *blocks, rest = response.read().decode().split("\n\n")
    assert rest == ""
    events = []
    for block in blocks:
        name, data = block.split("\n")
        events.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {events[-1]['type']}"
    return events
