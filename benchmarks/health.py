"""How fast /health answers in each phase of the worker, which holds its interpreter lock all the while.

.venv/bin/python benchmarks/health.py [--requests 2000]
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from report import machine, percentile

from harness import Daemon, ask, photo

# One phase each, stretched so that all requests fall into it.
PHASES: dict[str, tuple[Mapping[str, Any], str]] = {
    "idle": ({}, "ready"),
    "load": ({"load_s": 3600}, "starting"),
    "prefill": ({"prefill_s": 3600}, "busy"),
    "decode": ({"tokens_per_s": 8}, "busy"),
}


async def measure(phase: str, requests: int) -> list[float]:
    """Milliseconds of each GET /health, one after the other on one connection, while the phase lasts."""
    simulator, state = PHASES[phase]
    with tempfile.TemporaryDirectory() as folder:
        config = {"simulator": simulator, "queue": {"deadline_s": 3600, "drain_timeout_s": 0}}
        daemon = Daemon(Path(folder), config)
        try:
            async with aiohttp.ClientSession(daemon.url) as session:
                if phase != "load":
                    await asyncio.to_thread(daemon.wait_until_ready)
                answer = asyncio.create_task(keep_busy(session)) if state == "busy" else None
                await asyncio.to_thread(daemon.wait_for, lambda: daemon.get("/health")[1]["state"] == state)
                took = [await one(session, state) for _ in range(requests)]
                if answer:
                    answer.cancel()
                return took
        finally:
            daemon.stop()


async def keep_busy(session: aiohttp.ClientSession) -> None:
    while True:
        body = ask("Describe this photo.", photo("launch-pad.jpg"), stream=True)
        async with session.post("/v1/chat/completions", json=body) as response:
            await response.read()


async def one(session: aiohttp.ClientSession, state: str) -> float:
    while True:
        started = time.perf_counter()
        async with session.get("/health") as response:
            seen = (await response.json())["state"]
        took = (time.perf_counter() - started) * 1000
        if seen == state:  # between two answers the worker is idle for a moment
            return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000, help="per phase (default: %(default)s)")
    requests = parser.parse_args().requests
    print(f"GET /health, {requests} requests a phase; {machine()}\n")
    print("| phase | p50 ms | p99 ms | max ms |\n|---|---|---|---|")
    for phase in PHASES:
        took = asyncio.run(measure(phase, requests))
        print(f"| {phase} | {percentile(took, 50):.2f} | {percentile(took, 99):.2f} | {max(took):.2f} |", flush=True)


if __name__ == "__main__":
    main()
