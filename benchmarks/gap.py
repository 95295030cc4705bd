"""How long the NPU idles between two jobs while others wait, as the worker sees it.

    .venv/bin/python benchmarks/gap.py [--jobs 300]

From the moment in which the worker has sent a Finished to the one in which it holds the next Generate, decoded: the
scheduler's turn, the frames on their way through the socket, and whatever else the daemon's loop does meanwhile. The
daemon is the product but for its worker, which notes these times; a client asks again as soon as it has its answer.
"""

import argparse
import asyncio
import os
import runpy
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

QUICK = {"load_s": 0, "prefill_s": 0.03, "tokens_per_s": 200}
TOKENS = 5
CLIENTS = (4, 16, 100)


def main() -> None:
    match sys.argv[1:]:
        case ["serve", *_]:
            serve()
        case ["worker", *_]:
            work()
        case _:
            measure_all()


def serve() -> None:
    """The daemon, whose worker is this file."""
    from hailo_vision.cli import main as cli
    from hailo_vision.engines.chip import build
    from hailo_vision.engines.chip.chip import ChipEngine

    command = (sys.executable, "-P", __file__, "worker")
    build.ChipEngine = partial(ChipEngine, command=command)  # type: ignore[attr-defined,assignment]
    sys.exit(cli())


def work() -> None:
    """The worker, which writes a line for each gap."""
    from hailo_vision.wire import Finished, Generate, Message
    from hailo_vision.worker.loop import Channel

    with open(os.environ["GAP_FILE"], "a", buffering=1) as notes:
        send, receive = Channel.send, Channel.receive
        ended_at: float | None = None

        def timed_send(channel: Channel, message: Message) -> None:
            nonlocal ended_at
            send(channel, message)
            ended_at = time.perf_counter() if isinstance(message, Finished) else None

        def timed_receive(channel: Channel) -> Message | None:
            message = receive(channel)
            if isinstance(message, Generate) and ended_at is not None:
                notes.write(f"{(time.perf_counter() - ended_at) * 1000}\n")
            return message

        Channel.send, Channel.receive = timed_send, timed_receive  # type: ignore[method-assign,assignment]
        sys.argv = sys.argv[1:]
        runpy.run_module("hailo_vision.worker", run_name="__main__")


async def measure(clients: int, jobs: int, body: dict[str, Any]) -> list[float]:
    """Milliseconds of each gap, while so many clients take turns."""
    import aiohttp

    from harness import Daemon

    with tempfile.TemporaryDirectory() as folder:
        config = {"simulator": QUICK, "queue": {"deadline_s": 3600, "drain_timeout_s": 0, "depth": 200}}
        notes = Path(folder) / "gaps"
        daemon = Daemon(Path(folder), config, (sys.executable, __file__), GAP_FILE=str(notes))
        try:
            await asyncio.to_thread(daemon.wait_until_ready)
            left = iter(range(jobs))

            async def ask_again(session: aiohttp.ClientSession) -> None:
                for _ in left:
                    async with session.post("/v1/chat/completions", json=body) as response:
                        assert response.status == 200, await response.text()
                        await response.read()

            unbounded = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(daemon.url, connector=unbounded) as session:
                await asyncio.gather(*(ask_again(session) for _ in range(clients)))
        finally:
            daemon.stop()
        gaps = [float(line) for line in notes.read_text().splitlines()]
    return gaps[1 : len(gaps) - clients]  # at the end nobody waits any more


def measure_all() -> None:
    from report import machine, percentile

    from harness import ask, photo

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=300, help="per row (default: %(default)s)")
    jobs = parser.parse_args().jobs
    pictures = [photo("launch-pad.jpg"), photo("coffee-cup.jpg")]
    kinds = {"text": ask("Describe."), "two pictures": ask("Describe.", *pictures)}
    print(f"{jobs} jobs a row; {machine()}\n")
    print("| jobs | clients | p50 ms | p99 ms | max ms |\n|---|---|---|---|---|")
    for kind, body in kinds.items():
        for clients in CLIENTS:
            took = asyncio.run(measure(clients, jobs, {**body, "stream": True, "max_tokens": TOKENS}))
            figures = f"{percentile(took, 50):.2f} | {percentile(took, 99):.2f} | {max(took):.2f}"
            print(f"| {kind} | {clients} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
