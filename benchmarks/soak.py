"""20,000 short requests with the delays off: what memory does after the first thousand.

.venv/bin/python benchmarks/soak.py [--requests 20000]

Ends with 1 when daemon and worker together have grown by 5 MB or more between the first twentieth and the end.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
from report import machine

from harness import Daemon, ask, photo

CONNECTIONS = 8
MAX_BYTES = 5_000_000


def bodies() -> list[bytes]:
    """Short ones: every tenth has a picture, every second is a stream."""
    some = [ask("Hello!", max_tokens=5, stream=number % 2 == 0) for number in range(9)]
    return [json.dumps(body).encode() for body in (*some, ask("What is it?", photo("coffee-cup.jpg"), max_tokens=5))]


async def send(url: str, requests: int) -> None:
    some, left = bodies(), iter(range(requests))

    async def connection(session: aiohttp.ClientSession) -> None:
        for number in left:
            async with session.post("/v1/chat/completions", data=some[number % len(some)]) as got:
                await got.read()
                assert got.status == 200, await got.text()

    json_type = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(url, headers=json_type) as session, asyncio.TaskGroup() as tasks:
        for _ in range(CONNECTIONS):
            tasks.create_task(connection(session))


def state(daemon: Daemon) -> tuple[int, int, int]:
    """Resident bytes of daemon and worker, and the daemon's open descriptors."""
    memory = daemon.get("/health")[1]["memory"]
    return memory["daemon_bytes"], memory["worker_bytes"], len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    requests = parser.parse_args().requests
    print(f"{machine()}, aiohttp {aiohttp.__version__}\n")
    print("| after | daemon MB | worker MB | descriptors |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder))
        try:
            daemon.wait_until_ready()
            began, done, states = time.perf_counter(), 0, []
            for share in (20, 4, 2, 1):
                asyncio.run(send(daemon.url, requests // share - done))
                done = requests // share
                states.append(state(daemon))
                daemon_bytes, worker_bytes, fds = states[-1]
                print(f"| {done} | {daemon_bytes / 1e6:.2f} | {worker_bytes / 1e6:.2f} | {fds} |", flush=True)
            rate = requests / (time.perf_counter() - began)
        finally:
            daemon.stop()
    grown = sum(states[-1][:2]) - sum(states[0][:2])
    print(f"\nGrown by {grown / 1e6:.2f} MB in {requests - requests // 20} requests, {rate:.0f} requests/s")
    sys.exit(grown >= MAX_BYTES)


if __name__ == "__main__":
    main()
