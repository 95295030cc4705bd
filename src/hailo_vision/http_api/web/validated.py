"""Responses that clients may keep and ask about again: with a validator (ETag), compressed where that is accepted."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """Content that does not change while the daemon runs."""

    content: bytes
    compressed: bytes
    content_type: str
    etag: str

    @classmethod
    def of(cls, text: str, content_type: str) -> "Validated":
        content = text.encode()
        compressed = gzip.compress(content, mtime=0)
        return cls(
            content=content,
            compressed=compressed,
            content_type=content_type,
            etag=hashlib.sha256(content).hexdigest()[:16],
        )


def respond(request: web.Request, what: Validated, headers: Mapping[str, str]) -> web.Response:
    """304 for a client that has it already. Compressed, it has a validator of its own (RFC 9110, 8.8.3)."""
    is_compressed = takes_gzip(request.headers.get("Accept-Encoding", ""))
    etag = f"{what.etag}-gzip" if is_compressed else what.etag
    headers = {**headers, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if any(known.value in (etag, "*") for known in request.if_none_match or ()):
        response = web.Response(status=304, headers=headers)
    elif is_compressed:
        headers["Content-Encoding"] = "gzip"
        response = web.Response(body=what.compressed, content_type=what.content_type, charset="utf-8", headers=headers)
    else:
        response = web.Response(body=what.content, content_type=what.content_type, charset="utf-8", headers=headers)
    response.etag = etag
    return response


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding names gzip, and not with a weight of 0."""
    for coding in accepted.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
