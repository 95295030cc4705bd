"""`hailo-vision ask`: put a question to a running server, and see the answer as it is written."""

import argparse
import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from hailo_vision.cli import FAILED
from hailo_vision.errors import HailoVisionError

DEFAULT_URL = "http://127.0.0.1:11435"
CONNECT_S = 5.0


class AskError(HailoVisionError):
    """The question could not be put, or was not answered."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question")
    parser.add_argument(
        "--image",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="a picture's file, its http(s) address, or - for standard input; several in order",
    )
    parser.add_argument(
        "--url",
        default=os.environ.get("HAILO_VISION_URL", DEFAULT_URL),
        help="the server's address (default: $HAILO_VISION_URL, else %(default)s)",
    )
    parser.add_argument("--model", default="qwen2-vl-2b-instruct", help="the model's name (default: %(default)s)")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="longest answer, in tokens")
    parser.add_argument("--temperature", type=float, metavar="T", help="0 is greedy, up to 2")


def run(arguments: argparse.Namespace) -> int:
    try:
        asyncio.run(_print_answer(arguments))
    except AskError as error:
        print(f"hailo-vision ask: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130
    return 0


async def _print_answer(arguments: argparse.Namespace) -> None:
    request = _request(arguments)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
    url = f"{arguments.url.rstrip('/').removesuffix('/v1')}/v1/chat/completions"
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=_key()) as session,
            session.post(url, json=request) as response,
        ):
            if response.status != 200:
                raise AskError(_message(await response.text(), response.status))
            async for text in _pieces(response):
                print(text, end="", flush=True)
    except aiohttp.InvalidURL as error:
        raise AskError(f"{arguments.url} is no address of a server, such as {DEFAULT_URL}.") from error
    except aiohttp.ClientConnectorCertificateError as error:
        why = f"{arguments.url} has a certificate that this machine does not trust."
        raise AskError(f"{why} Name the certificate's file in SSL_CERT_FILE if it is yours.") from error
    except aiohttp.ClientSSLError as error:
        raise AskError(f"{arguments.url} does not speak https; try http.") from error
    except aiohttp.ClientConnectorError as error:
        raise AskError(f"Nothing answers at {arguments.url}. Start the server with `hailo-vision serve`.") from error
    except aiohttp.ClientError as error:
        raise AskError("The connection broke before the answer was complete.") from error
    finally:
        print()


def _key() -> dict[str, str]:
    """From the environment: what stands in a command, every user of the machine can see."""
    key = os.environ.get("HAILO_VISION_API_KEY", "").strip()
    if not key.isascii() or not key.isprintable():
        raise AskError("HAILO_VISION_API_KEY is no API key: right are ASCII characters.")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _request(arguments: argparse.Namespace) -> dict[str, Any]:
    images = [{"type": "image_url", "image_url": {"url": _image_url(name)}} for name in arguments.image]
    content = [*images, {"type": "text", "text": arguments.question}]
    request = {"model": arguments.model, "messages": [{"role": "user", "content": content}], "stream": True}
    limits = {"max_tokens": arguments.max_tokens, "temperature": arguments.temperature}
    return request | {name: value for name, value in limits.items() if value is not None}


def _image_url(name: str) -> str:
    if name.startswith(("http://", "https://", "data:")):
        return name
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise AskError(f"{name}: {error.strerror}.") from error
    return "data:application/octet-stream;base64," + base64.b64encode(data).decode("ascii")


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[str]:
    """The text of a stream; an error event in it, or an end without [DONE], is an AskError."""
    async for line in response.content:
        data = line.decode().removeprefix("data: ").strip()
        if data == "[DONE]":
            return
        if not data:
            continue
        event = json.loads(data)
        if "error" in event:
            raise AskError(str(event["error"]["message"]))
        for choice in event["choices"]:
            yield choice["delta"].get("content") or ""
    raise AskError("The answer broke off.")


def _message(body: str, status: int) -> str:
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered with status {status}: is it a hailo-vision server?"
