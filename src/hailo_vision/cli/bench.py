"""`hailo-vision bench`: measure a running server; `bench compare` holds two results against each other."""

import argparse
import asyncio
import base64
import json
import os
import random
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hailo_vision.bench import over_http
from hailo_vision.bench.compare import compare
from hailo_vision.bench.page import page
from hailo_vision.bench.progress import Progress
from hailo_vision.bench.question import PROMPTS, Plan
from hailo_vision.bench.result import BadResult, Result, as_json, read
from hailo_vision.bench.run import run as run_bench
from hailo_vision.bench.table import table
from hailo_vision.cli import FAILED, INTERRUPTED, connection
from hailo_vision.client import ServerError
from hailo_vision.errors import HailoVisionError

EPILOG = "Exit codes: 0 done, 1 nothing was answered or written, 2 usage, 130 stopped by Ctrl-C."
SILENCE_S = 300.0  # longer than the server's own deadline, unless it was raised


class BenchError(HailoVisionError):
    """The bench can't be run as it was asked for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    connection.add_arguments(parser)
    parser.add_argument("-n", type=_at_least_1, default=10, metavar="N", help="questions (default: %(default)s)")
    parser.add_argument(
        "-c", type=_at_least_1, default=1, metavar="K", help="ask them again by K clients at once (default: do not)"
    )
    parser.add_argument(
        "--prompt", action="append", metavar="TEXT", help="ask this, in turn with others (default: own)"
    )
    parser.add_argument(
        "--image",
        nargs="+",
        action="extend",
        metavar="FILE",
        help="a picture's file or address, in turn (default: drawn)",
    )
    parser.add_argument("--no-image", action="store_true", help="ask without a picture")
    parser.add_argument(
        "--max-tokens", type=_at_least_1, default=64, metavar="N", help="per answer (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="for programs, and for compare")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report with charts")
    parser.set_defaults(do=_measure)
    verbs = parser.add_subparsers(dest="bench_verb", metavar="compare")
    compares = verbs.add_parser("compare", help="hold two results of --json against each other")
    compares.add_argument("before", type=Path, metavar="A.json")
    compares.add_argument("after", type=Path, metavar="B.json")
    compares.set_defaults(do=_compare)


def run(arguments: argparse.Namespace) -> int:
    try:
        code: int = arguments.do(arguments)
    except (BenchError, BadResult, ServerError) as error:
        print(f"hailo-vision bench: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return INTERRUPTED
    return code


def _compare(arguments: argparse.Namespace) -> int:
    print(compare(read(arguments.before), read(arguments.after)))
    return 0


def _measure(arguments: argparse.Namespace) -> int:
    if arguments.html and not os.access(arguments.html.parent, os.W_OK):
        raise BenchError(f"{arguments.html} can't be written: its folder is missing or closed.")
    plan = _plan(arguments)
    progress = Progress(sys.stderr, plan.questions)
    try:
        result = asyncio.run(_result(arguments, plan, progress))
    except* ServerError as group:
        raise _first(group) from None
    finally:
        progress.end()
    print(json.dumps(as_json(result), indent=2) if arguments.json else table(result))
    if arguments.html:
        _write(arguments.html, page(result))
    return 0 if result.answered else FAILED


def _plan(arguments: argparse.Namespace) -> Plan:
    if arguments.image and arguments.no_image:
        raise BenchError("--image and --no-image exclude each other.")
    return Plan(
        questions=arguments.n,
        clients=arguments.c,
        max_tokens=arguments.max_tokens,
        prompts=tuple(arguments.prompt or PROMPTS),
        pictures=tuple(_address(name) for name in arguments.image or ()),
        draws=not arguments.no_image,
        nonce=random.SystemRandom().getrandbits(64),
    )


async def _result(arguments: argparse.Namespace, plan: Plan, progress: Progress) -> Result:
    async with connection.server(arguments, silence_s=SILENCE_S) as server:
        health = await server.health()
        if health.get("ready") is not True:
            raise ServerError(f"{server.url} takes no requests now: {health.get('message')}", code="not_ready")
        model = str(health.get("model"))
        bench = over_http.Bench(server, model, plan.max_tokens)
        phases = await run_bench(plan, bench.ask, bench.look, progress.show)
        # Once more, as the chip is asked for its firmware only some time after the start.
        health = await server.health()
    return Result(
        made_at=datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        url=server.url,
        model=model,
        load_s=over_http.number(health.get("load_seconds")),
        plan=_plan_facts(arguments, plan),
        versions=over_http.versions(health),
        phases=tuple(phases),
    )


def _plan_facts(arguments: argparse.Namespace, plan: Plan) -> dict[str, Any]:
    default_pictures = "drawn, a new one each" if plan.draws else "none"
    names = ", ".join("given in the command" if name.startswith("data:") else name for name in arguments.image or ())
    return {
        "questions": plan.questions,
        "clients": plan.clients,
        "max_tokens": plan.max_tokens,
        "prompts": list(plan.prompts),
        "pictures": names or default_pictures,
    }


def _address(name: str) -> str:
    if name.startswith(("http://", "https://", "data:")):
        return name
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise BenchError(f"{name}: {error.strerror}.") from error
    return "data:application/octet-stream;base64," + base64.b64encode(data).decode("ascii")


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise BenchError(f"{path} was not written: {error.strerror}.") from error
    print(f"The report is in {path}", file=sys.stderr)


def _first(group: BaseExceptionGroup[ServerError]) -> ServerError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _at_least_1(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)
