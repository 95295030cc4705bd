"""Many clients at one NPU: how busy it is kept, who waits how long, who is refused, and what a request costs.

    .venv/bin/python benchmarks/load.py [--connections 1 10 100 500] [--requests 100]

Every stage has a daemon of its own, loopback only, and ends when its requests are answered. Clients are four addresses
of the loopback network. Streamed and whole answers, with no, one and two pictures, take turns.
"""

import argparse
import asyncio
import json
import os
import re
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

import aiohttp
from report import machine, percentile

from harness import Daemon, ask, photo

CLIENTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
SIMULATOR = {"prefill_s": 0.1, "tokens_per_s": 200}
PATIENCE_S = 600
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(kw_only=True)
class Asked:
    """One request, as its client saw it."""

    client: str
    status: int = 0
    retry_after_s: int | None = None
    id: str = ""
    first_s: float | None = None  # of a stream: from the request to its first event


@dataclass(kw_only=True)
class Stage:
    connections: int
    asked: list[Asked] = field(default_factory=list)
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    took_s: float = 0.0
    cpu_s: float = 0.0
    memory_bytes: int = 0

    @property
    def answered(self) -> list[Asked]:
        return [one for one in self.asked if one.status == 200]

    def fact_s(self, one: Asked, name: str) -> float:
        return int(self.facts[one.id][name]) / 1000

    @property
    def busy_share(self) -> float:
        """The NPU's time at work, of all the time from the first request to the last answer."""
        return (
            sum(self.fact_s(one, name) for one in self.answered for name in ("prefill_ms", "decode_ms")) / self.took_s
        )

    @property
    def waits_s(self) -> dict[str, float]:
        """The median wait in the queue of each client."""
        return {
            client: median([self.fact_s(one, "queue_ms") for one in self.answered if one.client == client] or [0.0])
            for client in CLIENTS
        }

    @property
    def beyond_queue_ms(self) -> list[float]:
        """TTFT of streams without the wait and the prefill: all that is ours."""
        return [
            1000 * (one.first_s - self.fact_s(one, "queue_ms") - self.fact_s(one, "prefill_ms"))
            for one in self.answered
            if one.first_s is not None
        ]


def bodies() -> list[bytes]:
    pictures = ((), (photo("coffee-cup.jpg"),), (photo("launch-pad.jpg"), photo("coffee-cup.jpg")))
    wanted = [ask("Describe.", *some, max_tokens=20, stream=stream) for some in pictures for stream in (True, False)]
    return [json.dumps(body).encode() for body in wanted]


async def client(session: aiohttp.ClientSession, address: str, work: list[bytes], stage: Stage) -> None:
    """One connection: asks as long as there is work."""
    while work:
        one = Asked(client=address)
        stage.asked.append(one)
        began = time.perf_counter()
        body = work.pop()
        async with session.post("/v1/chat/completions", data=body, headers={"Content-Type": "application/json"}) as got:
            one.status, one.id = got.status, got.headers["x-request-id"]
            one.retry_after_s = int(got.headers["Retry-After"]) if "Retry-After" in got.headers else None
            async for part in got.content.iter_any():
                # A stream that waits for long begins with comments, which are no event.
                if one.first_s is None and got.content_type == "text/event-stream" and b"data: " in part:
                    one.first_s = time.perf_counter() - began


async def drive(daemon: Daemon, stage: Stage, work: list[bytes]) -> None:
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    sessions = {
        address: aiohttp.ClientSession(
            daemon.url, timeout=timeout, connector=aiohttp.TCPConnector(limit=0, local_addr=(address, 0))
        )
        for address in CLIENTS
    }
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(stage.connections):
            address = CLIENTS[number % len(CLIENTS)]
            tasks.create_task(client(sessions[address], address, work, stage))
    stage.took_s = time.perf_counter() - began
    for session in sessions.values():
        await session.close()


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_bytes(pid: int) -> int:
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(peak) * 1024


def run(connections: int, requests: int, depth: int) -> Stage:
    stage, some = Stage(connections=connections), bodies()
    work = [some[number % len(some)] for number in range(max(requests, connections))]
    config: dict[str, Any] = {
        "simulator": SIMULATOR,
        "server": {"max_connections": 2000},
        "queue": {"depth": depth, "deadline_s": PATIENCE_S},
        "logging": {"format": "text"},
    }
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder), config)
        try:
            daemon.wait_until_ready()
            daemon.post(ask("Describe.", photo("coffee-cup.jpg"), max_tokens=2))  # what is imported late
            before = cpu_s(daemon.process.pid)
            asyncio.run(drive(daemon, stage, work))
            stage.cpu_s = cpu_s(daemon.process.pid) - before
            stage.memory_bytes = peak_bytes(daemon.process.pid)
            daemon.wait_for(lambda: daemon.log.count("endpoint=/v1/chat/completions") > len(stage.asked))
            for line in daemon.log.splitlines():
                facts = dict(re.findall(r"(\w+)=(\S+)", line))
                if "request_id" in facts:
                    stage.facts[facts["request_id"]] = facts
        finally:
            daemon.stop()
    return stage


def show(stage: Stage) -> None:
    waits = " ".join(f"{wait_s:.1f}" for wait_s in stage.waits_s.values())
    beyond = stage.beyond_queue_ms or [0.0, 0.0]
    print(
        f"| {stage.connections} | {len(stage.answered)} | {len(stage.asked) - len(stage.answered)} "
        f"| {stage.busy_share:.3f} | {waits} | {percentile(beyond, 50):.1f} | {percentile(beyond, 99):.1f} "
        f"| {1000 * stage.cpu_s / len(stage.asked):.1f} | {stage.memory_bytes / 1e6:.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 10, 100, 500], help="of each stage")
    parser.add_argument("--requests", type=int, default=100, help="of a stage, at least one a connection")
    arguments = parser.parse_args()
    print(f"{machine()}, aiohttp {aiohttp.__version__}\n")
    print(
        "| connections | answered | refused | NPU busy | median wait of each client, s | TTFT beyond queue and prefill "
        "p50 ms | p99 ms | daemon's CPU ms a request | peak memory MB |\n|---|---|---|---|---|---|---|---|---|"
    )
    for connections in arguments.connections:
        show(run(connections, arguments.requests, depth=1000))
    stage = run(max(arguments.connections), max(arguments.connections), depth=4)
    refused = [one.retry_after_s for one in stage.asked if one.status in (429, 503)]
    others = {one.status for one in stage.asked} - {200, 429, 503}
    print(f"\nWith room for 4: {len(stage.answered)} of {len(stage.asked)} answered, {len(refused)} refused", end="")
    known = [wait_s for wait_s in refused if wait_s is not None]
    if known:
        print(f", Retry-After {min(known)} to {max(known)} s, mean {mean(known):.1f}", end="")
    print(f"; other statuses: {sorted(others) or 'none'}")
    assert len(known) == len(refused), "a refusal without Retry-After"
    assert not others, others


if __name__ == "__main__":
    main()
