"""Where a server is, how it is spoken to, and how long it may be silent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import aiohttp

from hailo_vision.lookup import LookupInThreads
from hailo_vision.special_tokens import KNOWN, SpecialTokens

# llama.cpp has counters in each chunk and samplers by names of its own; all others are sent what OpenAI defines.
Dialect = Literal["llama", "openai"]

# A response is never decompressed: a megabyte of gzip can be a gigabyte of text.
UNCOMPRESSED = {"Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`base_url` is what `/chat/completions` comes after; `socket` a Unix socket to reach it by. `name` is for people.

    `special_tokens` are made plain text in all that clients send: those of its vocabulary, or of all known families.
    `prefill_s` and `token_s` are the seconds of silence after which it is taken for stuck.
    """

    name: str
    base_url: str
    dialect: Dialect
    model: str
    socket: str | None = None
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    connect_s: float = 10.0
    prefill_s: float = 300.0
    token_s: float = 60.0
    special_tokens: SpecialTokens = field(default=SpecialTokens(KNOWN), repr=False)

    def session(self) -> aiohttp.ClientSession:
        """Made in a running loop, and the caller's to close.

        No connection is used twice: one that the server has closed meanwhile could not be told from one that it closed
        on a request, which must not be sent again. And no environment is followed: a proxy would see the pictures.
        """
        connector = (
            aiohttp.TCPConnector(resolver=LookupInThreads(), force_close=True)
            if self.socket is None
            else aiohttp.UnixConnector(self.socket, force_close=True)
        )
        authorization = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        timeout = aiohttp.ClientTimeout(total=None, connect=self.connect_s)
        headers = {**UNCOMPRESSED, **self.headers, **authorization}
        return aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout, auto_decompress=False)
