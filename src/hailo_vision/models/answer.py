"""The headers of a range request, and what a server's answer to it means: redirects, ranges, sizes. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit

from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.models.records import Partial

_CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*)", re.IGNORECASE)
_MAX_DIGITS: Final = 15  # a petabyte; more is no number of bytes or seconds, and an int of 5,000 digits is an error
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LATER: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """The body continues the part (206)."""

    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The body is the whole file (200); the part that was there is of no use."""

    size_bytes: int | None
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Useless:
    """The body is neither: the whole file must be requested anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """The server can't answer now (503 and the like); `after_s` is its Retry-After, if it has one."""

    why: str
    after_s: float | None = None


Answer = Rest | Whole | Useless | Later


def headers_for(part: Partial | None, have_bytes: int) -> dict[str, str]:
    """Adds Range only where a validator lets the server tell whether the rest is of the same file."""
    headers = {"Accept-Encoding": "identity", "Accept": "application/octet-stream, */*;q=0.5"}
    if part and part.validator and have_bytes:
        headers |= {"Range": f"bytes={have_bytes}-", "If-Range": part.validator}
    return headers


def understand(status: int, headers: Mapping[str, str], part: Partial | None, have_bytes: int) -> Answer:
    """Classifies a server's answer. Raises ModelError for one that no retry would change."""
    match status:
        case HTTPStatus.OK:
            _refuse_other_content(headers)
            return Whole(
                size_bytes=_whole_number(headers.get("Content-Length")),
                etag=headers.get("ETag"),
                last_modified=headers.get("Last-Modified"),
            )
        case HTTPStatus.PARTIAL_CONTENT if part and have_bytes:
            return _rest(headers, part, have_bytes)
        case HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE if have_bytes:
            return Useless()
        case _ if status in _LATER:
            return Later(why=f"the server answers with status {status}", after_s=_seconds(headers.get("Retry-After")))
    raise ModelError(ModelFault.REFUSED, _refusal(status))


def redirect(status: int, headers: Mapping[str, str], url: str) -> str | None:
    """Returns the URL that an answer redirects to; None for an answer that is no redirect.

    Raises ModelError for a redirect from https to http: each hop is checked before it is requested, as a request over
    http between two https addresses would let anybody on the way send the download elsewhere.
    """
    location = headers.get("Location")
    if status not in _REDIRECTS or not location:
        return None
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        valid = False
    if not valid:
        raise ModelError(ModelFault.REFUSED, leads_nowhere(url))
    if urlsplit(url).scheme == "https" and parts.scheme != "https":
        raise ModelError(ModelFault.REFUSED, "The server leads from https to http, where anybody can listen.")
    return target


def leads_nowhere(url: str) -> str:
    return f"{urlsplit(url).hostname} leads to no file, but from one address to another. Try a mirror."


def content_range(text: str) -> tuple[int, int, int | None] | None:
    """Parses a Content-Range into first byte, last byte and whole size (None for *); None if it is invalid."""
    match = _CONTENT_RANGE.fullmatch(text.strip())
    if not match:
        return None
    first, last = int(match[1]), int(match[2])
    size = None if match[3] == "*" else int(match[3])
    if last < first or (size is not None and last >= size):
        return None
    return first, last, size


def _rest(headers: Mapping[str, str], part: Partial, have_bytes: int) -> Rest | Useless:
    """A 206 is no proof: servers send other ranges than they were asked for, and ranges of files that have changed."""
    span = content_range(headers.get("Content-Range", ""))
    if span is None or span[0] != have_bytes or None is not part.size_bytes != (span[2] or part.size_bytes):
        return Useless()
    for name, recorded in (("ETag", part.etag), ("Last-Modified", part.last_modified)):
        if recorded and headers.get(name, recorded) != recorded:
            return Useless()
    return Rest(size_bytes=part.size_bytes or span[2])


def _refuse_other_content(headers: Mapping[str, str]) -> None:
    if headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        raise ModelError(
            ModelFault.WRONG_FILE, "The server sends the file compressed though it was asked not to. Try a mirror."
        )
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml"):
        raise ModelError(
            ModelFault.WRONG_FILE,
            "A web page came instead of a model. Does this network want a log-in first, or is the mirror's path wrong?",
        )


def _refusal(status: int) -> str:
    match status:
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            return f"The file is not there (status {status}). The vendor may have moved it: try a mirror."
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return f"The server does not give the file to everybody (status {status}). Try a mirror."
        case HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return "The proxy wants a name and a password: https_proxy=http://NAME:PASSWORD@HOST:PORT."
        case _:
            return f"The server answers with status {status}, which is no file. Try a mirror."


def _whole_number(text: str | None) -> int | None:
    """Parses a number as HTTP writes it; None for any other text and for absurd lengths."""
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        return None
    return int(text)


def _seconds(text: str | None) -> float | None:
    seconds = _whole_number(text)
    return None if seconds is None else float(seconds)
