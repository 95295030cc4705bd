"""Bytes of a server's response: a body up to a bound, and server-sent events as far as chat completions use them."""

from collections.abc import Iterator

import aiohttp

from hailo_vision.errors import GenerationFailed

MAX_EVENT_BYTES = 1 << 20  # one token with its top_logprobs is some kilobytes; a whole tool call can be more


async def read_body(content: aiohttp.StreamReader, max_bytes: int) -> bytes:
    """Read the whole body, or its beginning where it is longer.

    aiohttp's own `read(n)` gives what has arrived, and waits for no more.
    """
    body = bytearray()
    while len(body) < max_bytes and (data := await content.readany()):
        body += data
    return bytes(body[:max_bytes])


class EventDecoder:
    """Decodes server-sent events (SSE) from bytes in any cut. No I/O."""

    def __init__(self) -> None:
        self._incomplete = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what follows `data:` on each complete line. Raises GenerationFailed for a line that is too long.

        These servers send no event of several lines; should one come, its lines are yielded one by one.
        """
        *lines, self._incomplete = (self._incomplete + data).split(b"\n")
        if len(self._incomplete) > MAX_EVENT_BYTES:
            raise GenerationFailed("The engine's server sent an event that does not end.")
        for line in lines:
            name, _, value = line.rstrip(b"\r").partition(b":")
            if name == b"data":
                yield value.removeprefix(b" ")
