"""The HTTP client of our own commands: the server's address, the API key, and errors as sentences."""

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from hailo_vision.errors import HailoVisionError
from hailo_vision.lookup import LookupInThreads

DEFAULT_URL = "http://127.0.0.1:11435"
CONNECT_S = 5.0
GET_S = 10.0
MAX_LINE_BYTES = 1 << 20


class ServerError(HailoVisionError):
    """A running server could not be asked, or did not answer.

    `code` is the server's own word, or `unreachable`, `untrusted`, `broken_off`, `not_understood`; `status` is HTTP's.
    """

    def __init__(self, message: str, *, code: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status, and the body: JSON where it is JSON, else text."""

    status: int
    body: Any


class Server:
    """A client session for one server. `silence_s` is the read timeout of an answer; None means no timeout."""

    def __init__(self, url: str, api_key: str | None = None, *, silence_s: float | None = None) -> None:
        self.url = url.rstrip("/").removesuffix("/v1")
        self._key = api_key
        self._silence_s = silence_s

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=self._silence_s)
        # The default of 100 connections would queue a bench of more clients here, unseen.
        self._session = aiohttp.ClientSession(
            headers=headers,
            timeout=timeout,
            connector=aiohttp.TCPConnector(resolver=LookupInThreads(), limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, path: str) -> Answer:
        """GET a path; any status is an answer. Raises ServerError if the server does not respond."""
        with self._errors():
            timeout = aiohttp.ClientTimeout(total=GET_S, sock_connect=CONNECT_S)
            async with self._session.get(self.url + path, timeout=timeout) as response:
                text = await response.text(errors="replace")
                return Answer(status=response.status, body=_json(text))

    async def health(self) -> dict[str, Any]:
        """The JSON of /health. Raises ServerError when it is not our server that answers, or it wants another key."""
        answer = await self.get("/health")
        if answer.status != 200:
            raise refusal(answer)
        if not isinstance(answer.body, dict) or "state" not in answer.body:
            raise ServerError(f"{self.url} answers, but is no hailo-vision server.", code="not_understood")
        return answer.body

    async def default_model(self) -> str:
        """The first model of /v1/models, which is the default of our server. Raises ServerError if it lists none."""
        answer = await self.get("/v1/models")
        if answer.status != 200:
            raise refusal(answer)
        try:
            return str(answer.body["data"][0]["id"])
        except (KeyError, IndexError, TypeError):
            raise ServerError(f"{self.url} lists no models: name one with --model.", code="not_understood") from None

    async def chat(self, request: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        """The events of a streamed answer, up to [DONE]. Raises ServerError for all else."""
        with self._errors():
            body = {**request, "stream": True}
            async with self._session.post(f"{self.url}/v1/chat/completions", json=body) as response:
                if response.status != 200:
                    raise refusal(Answer(status=response.status, body=_json(await response.text(errors="replace"))))
                async for line in _lines(response.content):
                    data = line.decode(errors="replace").removeprefix("data: ").strip()
                    if data == "[DONE]":
                        return
                    if data and not data.startswith(":"):
                        yield _event(data)
        raise ServerError("The answer broke off.", code="broken_off")

    @contextmanager
    def _errors(self) -> Any:
        try:
            yield
        except (aiohttp.InvalidURL, UnicodeError) as error:  # the latter for a name that DNS can't have
            message = f"{self.url} is not the address of a server, such as {DEFAULT_URL}."
            raise ServerError(message, code="unreachable") from error
        except aiohttp.ClientConnectorCertificateError as error:
            why = f"{self.url} has a certificate that this machine does not trust."
            message = f"{why} Name the certificate's file in SSL_CERT_FILE if it is yours."
            raise ServerError(message, code="untrusted") from error
        except aiohttp.ClientSSLError as error:
            raise ServerError(f"{self.url} does not speak https; try http.", code="unreachable") from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            message = f"Nothing answers at {self.url}. Start the server with `hailo-vision serve`."
            raise ServerError(message, code="unreachable") from error
        except TimeoutError as error:
            message = f"{self.url} accepted the connection, but did not answer."
            raise ServerError(message, code="unreachable") from error
        except aiohttp.ClientError as error:
            raise ServerError("The connection broke before the answer was complete.", code="broken_off") from error


def refusal(answer: Answer) -> ServerError:
    """An error response in the server's own words, if it has any."""
    try:
        fault = answer.body["error"]
        return ServerError(str(fault["message"]), code=str(fault["code"] or answer.status), status=answer.status)
    except (KeyError, TypeError):
        message = f"The server answered with status {answer.status}: is it a hailo-vision server?"
        return ServerError(message, code="not_understood", status=answer.status)


def texts(event: Mapping[str, Any]) -> Iterator[str]:
    """The pieces of text in an event of a chat. Raises ServerError where it is none."""
    try:
        for choice in event.get("choices") or ():
            if text := (choice.get("delta") or {}).get("content"):
                yield str(text)
    except (AttributeError, TypeError):
        raise _invalid() from None


def _invalid() -> ServerError:
    return ServerError("The server's answer is not valid.", code="not_understood")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


async def _lines(content: aiohttp.StreamReader) -> AsyncGenerator[bytes]:
    """aiohttp's own lines raise different errors in different versions when one is too long."""
    rest = b""
    async for part in content.iter_any():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > MAX_LINE_BYTES:
            raise _invalid()


def _event(data: str) -> dict[str, Any]:
    event = _json(data)
    if not isinstance(event, dict):
        raise _invalid()
    if "error" in event:
        raise refusal(Answer(status=200, body=event))
    return event
