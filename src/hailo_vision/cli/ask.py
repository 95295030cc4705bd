"""`hailo-vision ask`: put a question to a running server, and see the answer as it is written."""

import argparse
import asyncio
import base64
import sys
from pathlib import Path
from typing import Any

from hailo_vision.cli import FAILED, connection
from hailo_vision.client import ServerError, texts
from hailo_vision.errors import HailoVisionError


class AskError(HailoVisionError):
    """The question could not be put together."""


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
    connection.add_arguments(parser)
    parser.add_argument("--model", help="the model's name (default: the first that the server lists)")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="longest answer, in tokens")
    parser.add_argument("--temperature", type=float, metavar="T", help="0 is greedy, up to 2")


def run(arguments: argparse.Namespace) -> int:
    try:
        asyncio.run(_print_answer(arguments))
    except (AskError, ServerError) as error:
        print(f"hailo-vision ask: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130
    return 0


async def _print_answer(arguments: argparse.Namespace) -> None:
    content = _content(arguments)  # the files are read before the server is asked
    try:
        async with connection.server(arguments) as server:
            request = _request(arguments, arguments.model or await server.default_model(), content)
            async for event in server.chat(request):
                for text in texts(event):
                    print(text, end="", flush=True)
    finally:
        print()


def _content(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    images = [{"type": "image_url", "image_url": {"url": _image_url(name)}} for name in arguments.image]
    return [*images, {"type": "text", "text": arguments.question}]


def _request(arguments: argparse.Namespace, model: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    request = {"model": model, "messages": [{"role": "user", "content": content}]}
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
