"""The bounds of a connection: how many bytes a client may send, and how long it may take."""

from dataclasses import dataclass

MAX_RESERVED_CONNECTIONS = 4  # besides all others, for the health checks of this machine
MAX_HEAD_BYTES = 32 * 1024
MAX_FIELDS = 100
MAX_CHUNK_LINE_BYTES = 256
MAX_TRAILER_BYTES = 8 * 1024
MAX_BODY_EXCESS_BYTES = 64 * 1024  # beyond `max_body_bytes`: the handler refuses such a body with a better answer
MAX_CHUNK_OVERHEAD_BYTES = 64 * 1024  # and a quarter of the body, for the lines around its chunks

# For a client to read why it was refused, before the connection is aborted: many send all of a body before they read,
# and 32 MB take this long over a good Wi-Fi.
LINGER_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one server's connections. `max_body_bytes` is what the handlers accept."""

    max_connections: int
    max_body_bytes: int
    head_timeout_s: float = 10.0  # for a head to arrive whole, against slow loris
    stall_timeout_s: float = 15.0  # for a slow client to read any of what was sent to it
    linger_s: float = LINGER_S
