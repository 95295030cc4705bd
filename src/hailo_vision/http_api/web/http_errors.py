"""What can go wrong with a request as HTTP, before a room behind HTTP has seen it: a part of the tree in errors.py.

RequestError
  UnsupportedField      a field that is right in itself, but can't be honoured here
  InvalidKey
  Forbidden             it wants what the operator does not allow
  ExceedsRateLimit      it alone has more pictures than its client may send in a minute
  NotServed             what its path stands for in other servers is not to be had here
  UnknownPath
  WrongMethod
  BodyTooLarge
  BodyTooSlow
  UnsupportedMediaType
    UnsupportedCoding   the body is compressed
  InvalidJson
  JsonTooLarge          its body is too large even without the pictures
  TooManyValues         the same of the values in it
  InvalidForm
  MalformedHttp         bytes that are no request, or could be read as two different ones
    UnknownMethod
  HeadTooLarge
  HeadTooSlow
Refused
  RateLimited
  TooManyConnections
  TooManyBodies         other requests' bodies have the memory for bodies
"""

from enum import StrEnum

from hailo_vision.errors import Refused, RequestError


class UnsupportedField(RequestError):
    """A field is right in itself, but can't be honoured here; the message says why."""


class InvalidKey(RequestError):
    """The request has no API key, or none that this server knows."""

    def __init__(self, *, was_sent: bool) -> None:
        why = "The API key is not one of this server's." if was_sent else "This server asks for an API key."
        super().__init__(f"{why} Send yours as `Authorization: Bearer KEY` or `X-Api-Key: KEY`.")
        self.was_sent = was_sent


class Permission(StrEnum):
    """What the operator can allow a client."""

    HOST = "host"
    ORIGIN = "origin"
    PULL = "pull"
    BENCHMARK = "benchmark"


class Forbidden(RequestError):
    """The request may come from a web page that has no business here, or wants what the operator does not allow."""

    def __init__(self, lacking: Permission, message: str) -> None:
        super().__init__(message)
        self.lacking = lacking


class ExceedsRateLimit(RequestError):
    """One request has more pictures than its client may send in a minute, so it is no use to try again."""

    def __init__(self, *, images: int, per_minute: int) -> None:
        super().__init__(
            f"The request has {images} images, and this server takes {per_minute} a minute from one client."
        )
        self.images = images
        self.per_minute = per_minute


class NotServed(RequestError):
    """A path of a known protocol, where there is nothing here and will not be; the message says why."""


class UnknownPath(RequestError):
    """Nothing is served at this path; `near` is a method and a path that may have been meant."""

    def __init__(self, path: str, near: str) -> None:
        super().__init__(f"There is nothing at {path[:200]}. Try {near}; GET /docs shows all there is.")
        self.near = near


class WrongMethod(RequestError):
    def __init__(self, method: str, path: str, allowed: str) -> None:
        super().__init__(f"{method[:20]} is not allowed at {path[:200]}; allowed is {allowed}.")
        self.allowed = allowed


class BodyTooLarge(RequestError):
    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"The request body is larger than the {limit_bytes / 1e6:g} MB that this server takes. "
            "Send smaller pictures, or raise server.max_body_mb."
        )
        self.limit_bytes = limit_bytes


class BodyTooSlow(RequestError):
    def __init__(self, within_s: float, *, least_bytes_per_s: int | None = None) -> None:
        super().__init__(
            f"The request body did not arrive within {within_s:g} s."
            if least_bytes_per_s is None
            else f"The request body arrived at less than {least_bytes_per_s} bytes a second for {within_s:g} s."
        )
        self.within_s = within_s


class UnsupportedMediaType(RequestError):
    """The body is not what this route reads."""


class UnsupportedCoding(UnsupportedMediaType):
    def __init__(self) -> None:
        super().__init__("Send the body without Content-Encoding.")


class InvalidJson(RequestError):
    """The body is no JSON, or no JSON object."""


class JsonTooLarge(RequestError):
    """The body is larger without its pictures than any model's context has room for."""

    def __init__(self, limit_bytes: int, *, longest_string_bytes: int = 0) -> None:
        reason = f"The request has more than the {limit_bytes // 1000} kB besides its pictures that are read here"
        if longest_string_bytes > limit_bytes // 2:
            reason += (
                f": one string has {longest_string_bytes // 1000} kB and counts as text, as it begins neither with "
                "data: nor like base64. A picture is sent as data:image/jpeg;base64,... Else shorten it."
            )
        else:
            reason += ". Shorten it."
        super().__init__(reason)
        self.limit_bytes = limit_bytes


class TooManyValues(RequestError):
    """The body is JSON of more values than any request has use for."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The request has more than {limit} JSON values (objects, arrays, strings, numbers), and no more are read "
            "here. Shorten it."
        )


class InvalidForm(RequestError):
    """The body is no form as its type says; the reason says what is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The body is not a form as its Content-Type says: {reason}.")


class MalformedHttp(RequestError):
    """Bytes that are no HTTP/1.1 request, or that two readers could understand in two ways."""


class UnknownMethod(MalformedHttp):
    """A method that nothing here knows. Not a 501, which would count as the server's failure for any port scan."""

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"The method {method[:20]} is not served here. Send one of {allowed}.")
        self.allowed = allowed


class HeadTooLarge(RequestError):
    def __init__(self, limit: str) -> None:
        super().__init__(f"The head of the request has more than {limit}.")
        self.limit = limit


class HeadTooSlow(RequestError):
    def __init__(self, within_s: float) -> None:
        super().__init__(f"The head of the request did not arrive within {within_s:g} s.")
        self.within_s = within_s


class RateLimited(Refused):
    """One client asked for more in a minute than the operator lets it have."""

    def __init__(self, *, per_minute: int, what: str, retry_after_s: float) -> None:
        message = f"The limit of {per_minute} {what} a minute for one client is reached."
        super().__init__(message, retry_after_s=retry_after_s)
        self.per_minute = per_minute


class TooManyConnections(Refused):
    def __init__(self, limit: int) -> None:
        super().__init__(f"All {limit} connections of this server are in use. Try again soon.", retry_after_s=2)
        self.limit = limit


class TooManyBodies(Refused):
    def __init__(self) -> None:
        message = "The server holds as many pictures of waiting requests as its memory allows. Try again soon."
        super().__init__(message, retry_after_s=2)
