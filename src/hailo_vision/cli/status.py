"""`hailo-vision status`: how a running server is, on one screen."""

import argparse
import asyncio
import json
import sys
from collections import deque
from typing import Any

from hailo_vision.cli import FAILED, connection
from hailo_vision.cli.screen import screen
from hailo_vision.client import Server, ServerError

EPILOG = "Exit codes: 0 it would take a request now, 1 it would not or is not there, 2 usage."
WATCH_S = 2.0
WINDOW = 30  # looks that the rate is worked out over
_CLEAR = "\x1b[H\x1b[2J"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    connection.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="for programs; with --watch a line for each look")
    parser.add_argument("--watch", action="store_true", help=f"look again each {WATCH_S:g} s, until Ctrl-C")


def run(arguments: argparse.Namespace) -> int:
    try:
        return asyncio.run(_watch(arguments) if arguments.watch else _once(arguments))
    except KeyboardInterrupt:
        return 0
    except ServerError as error:
        if arguments.json:
            print(_as_json(arguments.url, error, indent=2))
        print(f"hailo-vision status: {_advised(error)}", file=sys.stderr)
        return FAILED


async def _once(arguments: argparse.Namespace) -> int:
    async with connection.server(arguments) as server:
        health = await server.health()
    print(_as_json(server.url, health, indent=2) if arguments.json else screen(server.url, [health]))
    return 0 if health.get("ready") is True else FAILED


async def _watch(arguments: argparse.Namespace) -> int:
    looks: deque[dict[str, Any]] = deque(maxlen=WINDOW)
    async with connection.server(arguments) as server:
        while True:
            text = await _look(server, looks, as_json=arguments.json)
            clear = _CLEAR if sys.stdout.isatty() and not arguments.json else ""
            print(f"{clear}{text}" + ("" if arguments.json or clear else "\n"), flush=True)
            await asyncio.sleep(WATCH_S)


async def _look(server: Server, looks: deque[dict[str, Any]], *, as_json: bool) -> str:
    try:
        looks.append(await server.health())
    except ServerError as error:
        looks.clear()
        return _as_json(server.url, error) if as_json else _advised(error)
    return _as_json(server.url, looks[-1]) if as_json else screen(server.url, looks)


def _as_json(url: str, health: dict[str, Any] | ServerError, indent: int | None = None) -> str:
    if isinstance(health, ServerError):
        tree = {"schema": 1, "url": url, "running": False, "message": str(health), "health": None}
    else:
        tree = {"schema": 1, "url": url, "running": True, "message": None, "health": health}
    return json.dumps(tree, indent=indent)


def _advised(error: ServerError) -> str:
    if error.status == 401:
        return f"{error} Give it with --api-key or ${connection.KEY_VARIABLE}."
    if error.code == "unreachable":
        return f"{error} `hailo-vision doctor` says what keeps it from running."
    return str(error)
