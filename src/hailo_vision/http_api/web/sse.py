"""Server-sent events. Pure."""

from typing import Any

from hailo_vision.http_api.web.json_reply import pieces

DONE = b"data: [DONE]\n\n"


def event(value: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return f"data: {''.join(pieces(value, separators=(',', ':')))}\n\n".encode("ascii")
