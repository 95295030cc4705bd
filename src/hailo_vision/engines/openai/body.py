"""The body of a server's answer, up to a bound."""

import aiohttp


async def first(content: aiohttp.StreamReader, most_bytes: int) -> bytes:
    """All of it, or its beginning where it is longer. aiohttp's own `read(n)` gives what has come, and waits for no
    more."""
    got = bytearray()
    while len(got) < most_bytes and (part := await content.readany()):
        got += part
    return bytes(got[:most_bytes])
