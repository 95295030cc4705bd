"""What a server that speaks OpenAI's protocol says of its models: GET /models, which also tells whether it is there."""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import aiohttp

from hailo_vision.chat import ModelFacts
from hailo_vision.engines.openai.endpoint import Endpoint
from hailo_vision.engines.openai.fields import count_in, object_in, parse_object
from hailo_vision.engines.openai.reader import read_body

MODELS_BYTES = 4 << 20
MAX_CONTEXT_TOKENS = 1 << 30
MODALITIES = ("text", "image", "audio", "video", "file")  # in the words of OpenRouter, which others took up


class Trouble(StrEnum):
    """Why there was no answer."""

    NO_NAME = "the host's name is not known"
    NOT_REACHED = "no connection"
    UNTRUSTED = "its certificate is not trusted"
    NO_TLS = "it does not speak https"
    NO_HTTP = "it does not speak HTTP"
    NO_ADDRESS = "the address is none"
    SILENT = "no answer in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`body` is the first MODELS_BYTES of it; it is the other side's, and not to be shown."""

    status: int
    body: bytes = field(repr=False)
    retry_after: str | None = None


async def fetch_models(session: aiohttp.ClientSession, base_url: str) -> Answer:
    """No redirect is followed: it would take the key along. Raises aiohttp.ClientError."""
    url = f"{base_url}/models"
    try:
        async with session.get(url, allow_redirects=False) as response:
            body = await read_body(response.content, MODELS_BYTES)
            return Answer(status=response.status, body=body, retry_after=response.headers.get("Retry-After"))
    except UnicodeError:  # what the resolver says of a name with an empty label, or one of more than 63 letters
        raise aiohttp.InvalidURL(url) from None


def entries(body: bytes) -> tuple[dict[str, Any], ...] | None:
    """The models in a body; None where it is no list of models. Pure."""
    value = parse_object(body)
    data = None if value is None else value.get("data")
    return tuple(entry for entry in data if isinstance(entry, dict)) if isinstance(data, list) else None


def facts(entry: Mapping[str, Any]) -> ModelFacts:
    """What a server says of one of its models: vLLM and llama.cpp each in a way of their own, a cloud nothing. Pure."""
    meta = object_in(entry.get("meta"))
    return ModelFacts(
        parameters=count_in(meta.get("n_params")) or None,
        context_tokens=_context_tokens(entry.get("max_model_len")) or _context_tokens(meta.get("n_ctx")),
        modalities=_modalities(object_in(entry.get("architecture")).get("input_modalities")),
        size_bytes=count_in(meta.get("size")) or None,
    )


def _modalities(value: object) -> tuple[str, ...] | None:
    """Those that have a name here; None where the server does not list any."""
    if not isinstance(value, list):
        return None
    return tuple(name for name in MODALITIES if name in value) or None


def _context_tokens(value: object) -> int | None:
    tokens = count_in(value)
    return tokens if tokens and tokens <= MAX_CONTEXT_TOKENS else None


def look(endpoint: Endpoint, within_s: float) -> Answer | Trouble:
    """One question to a server, for a caller without an event loop. Never raises for what a server does."""
    try:
        return asyncio.run(_look(endpoint, within_s))
    except TimeoutError:
        return Trouble.SILENT
    except aiohttp.ClientConnectorCertificateError:
        return Trouble.UNTRUSTED
    except aiohttp.ClientSSLError:
        return Trouble.NO_TLS
    except aiohttp.ClientConnectorError as error:
        return Trouble.NO_NAME if isinstance(error.os_error, socket.gaierror) else Trouble.NOT_REACHED
    except aiohttp.InvalidURL:
        return Trouble.NO_ADDRESS
    except aiohttp.ClientError:
        return Trouble.NO_HTTP


async def _look(endpoint: Endpoint, within_s: float) -> Answer:
    async with asyncio.timeout(within_s), endpoint.session() as session:
        return await fetch_models(session, endpoint.base_url)
