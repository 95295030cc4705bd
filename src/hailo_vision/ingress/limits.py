"""How much a client may send, and how long it may take."""

from dataclasses import dataclass

HEAD_BYTES = 32 * 1024
FIELDS = 100
CHUNK_LINE_BYTES = 256
TRAILER_BYTES = 8 * 1024
SLACK_BYTES = 64 * 1024  # what may come beyond a body's limit, and of frames around its chunks beyond a quarter of it

# For a client to read why it was refused, before the connection is cut: many send all of a body before they read, and
# 32 MB take this long over a good Wi-Fi.
LINGER_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one front door. `body_bytes` is what the handlers take."""

    connections: int
    body_bytes: int
    head_s: float = 10.0
    stall_s: float = 15.0  # for a client to take some of what was sent to it
    linger_s: float = LINGER_S
