"""What the daemon costs above llama.cpp: the same child, asked through the daemon and directly, in turns.

scripts/models; .venv/bin/python benchmarks/llama.py [--rounds 30] [--tokens 64] [--threads 1]
                .venv/bin/python benchmarks/llama.py --options    what each option does to speed and memory
                .venv/bin/python benchmarks/llama.py --slots      what several answers at a time do to both

The child is the daemon's own: its socket and key are read from /proc, as only its user can.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
from report import machine

from harness import MODEL, Daemon, ask
from local_models import SMOLLM2, smollm2

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"threads": 2},
    {"context": 8192},
    {"kv_type": "q8_0"},
    {"kv_type": "q4_0"},
    {"flash_attention": "never"},
    {"speculative": "ngram"},
    {"speculative": "draft", "draft_model": str(SMOLLM2)},
    {"prompt_cache_mib": 0},
)
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One answer, by the asker's clock."""

    first_s: float
    tokens_per_s: float


async def one(session: aiohttp.ClientSession, url: str, number: int, tokens: int) -> Run:
    """Always a new prompt, so that no cache helps; always so many tokens."""
    words = f"{number}: tell me a long story about the sea, the wind and a ship."
    # The daemon is greedy by default, and so must the child be.
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": words}],
        "max_tokens": tokens,
        "temperature": 0,
        "stream": True,
    }
    asked_at = time.perf_counter()
    came: list[float] = []
    async with session.post(url, json=body) as response:
        response.raise_for_status()
        async for line in response.content:
            if b'"content":"' in line and b'"content":""' not in line:
                came.append(time.perf_counter())
    return Run(first_s=came[0] - asked_at, tokens_per_s=(len(came) - 1) / (came[-1] - came[0]))


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def child_of(daemon: Daemon) -> tuple[int, str, str]:
    """The child's pid, socket and key."""
    for pid in Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text().split():
        for variable in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            name, _, value = variable.partition(b"=")
            if name == b"HAILO_VISION_LLAMA":
                plan = json.loads(value)
                return int(pid), plan["socket"], plan["key"]
    raise SystemExit("the daemon has no child")


async def measure(daemon: Daemon, rounds: int, tokens: int) -> None:
    pid, socket, key = child_of(daemon)
    direct = aiohttp.ClientSession(connector=aiohttp.UnixConnector(socket), headers={"Authorization": f"Bearer {key}"})
    through: list[Run] = []
    plain: list[Run] = []
    daemon_cpu_s = child_cpu_s = 0.0
    async with direct, aiohttp.ClientSession() as session:
        for number in range(-4, rounds * 2, 2):
            before_s, child_before_s = cpu_s(daemon.process.pid), cpu_s(pid)
            run = await one(session, f"{daemon.url}/v1/chat/completions", 1000 + number, tokens)
            spent_s, child_s = cpu_s(daemon.process.pid) - before_s, cpu_s(pid) - child_before_s
            other = await one(direct, "http://llama/v1/chat/completions", 1001 + number, tokens)
            if number >= 0:  # the first ones warm up
                through.append(run)
                plain.append(other)
                daemon_cpu_s, child_cpu_s = daemon_cpu_s + spent_s, child_cpu_s + child_s
    tell(through, plain, daemon_cpu_s / rounds, child_cpu_s / rounds)


def tell(through: Sequence[Run], plain: Sequence[Run], daemon_cpu_s: float, child_cpu_s: float) -> None:
    rates = median(run.tokens_per_s for run in through), median(run.tokens_per_s for run in plain)
    firsts = median(run.first_s for run in through), median(run.first_s for run in plain)
    shares = sorted(run.tokens_per_s / other.tokens_per_s for run, other in zip(through, plain, strict=True))
    print(f"tokens/s     daemon {rates[0]:.1f}, direct {rates[1]:.1f}: {rates[0] / rates[1]:.3f} of it")
    print(f"             pair by pair {median(shares):.3f} (from {shares[0]:.3f} to {shares[-1]:.3f})")
    added_ms = sorted((run.first_s - other.first_s) * 1000 for run, other in zip(through, plain, strict=True))
    both = f"daemon {firsts[0] * 1000:.1f} ms, direct {firsts[1] * 1000:.1f} ms"
    print(f"first token  {both}; added {median(added_ms):.1f} ms")
    share = daemon_cpu_s / (daemon_cpu_s + child_cpu_s)
    print(f"CPU          daemon {daemon_cpu_s * 1000:.0f} ms an answer, child {child_cpu_s * 1000:.0f} ms: {share:.1%}")


def measure_options(threads: int) -> None:
    """Each option by itself against the defaults; a prompt of some 600 tokens, answers of 64."""
    print("| option | prefill, tokens/s | decode, tokens/s | memory of the child, MB |\n|---|---|---|---|")
    for option in OPTIONS:
        wanted = smollm2(**{"threads": threads, **option})
        with tempfile.TemporaryDirectory() as folder:
            daemon = Daemon(Path(folder), {"device": {"runtime": "llama"}, "llama": wanted}).wait_until_ready()
            try:
                prefill, decode = zip(*(rates(daemon, number) for number in range(5)), strict=True)
                memory_mb = daemon.get("/health")[1]["memory"]["worker_bytes"] / 1e6
            finally:
                daemon.stop()
        name = ", ".join(f"{key} {value}" for key, value in option.items() if key != "draft_model") or "defaults"
        print(f"| {name} | {median(prefill):.0f} | {median(decode):.0f} | {memory_mb:.0f} |", flush=True)


def rates(daemon: Daemon, number: int) -> tuple[float, float]:
    words = f"{number}: " + "the sea and the wind and the ship " * 85 + "Go on with this story."
    status, answer = daemon.post(ask(words, max_tokens=64))
    assert status == 200, answer
    usage, took = answer["usage"], answer["performance"]
    prefilled = usage["prompt_tokens"] - usage["prompt_tokens_details"]["cached_tokens"]
    return prefilled / took["prefill_ms"] * 1000, usage["completion_tokens"] / took["decode_ms"] * 1000


def measure_slots(threads: int, clients: int = 4, rounds: int = 6) -> None:
    """So many clients that ask one short question after the other, answers of 64 tokens."""
    print("| slots | all, tokens/s | one answer, tokens/s | to the first token, s | memory of the child, MB |")
    print("|---|---|---|---|---|")
    for slots in (1, 2, 4):
        wanted = smollm2(threads=threads, slots=slots)
        with tempfile.TemporaryDirectory() as folder:
            daemon = Daemon(Path(folder), {"device": {"runtime": "llama"}, "llama": wanted}).wait_until_ready()
            try:
                began_at = time.perf_counter()
                runs = asyncio.run(crowd(daemon, clients, rounds))
                took_s = time.perf_counter() - began_at
                tokens = daemon.get("/health")[1]["tokens"]["completion"]
                memory_mb = daemon.get("/health")[1]["memory"]["worker_bytes"] / 1e6
            finally:
                daemon.stop()
        one_s, first_s = median(run.tokens_per_s for run in runs), median(run.first_s for run in runs)
        print(f"| {slots} | {tokens / took_s:.0f} | {one_s:.0f} | {first_s:.2f} | {memory_mb:.0f} |", flush=True)


async def crowd(daemon: Daemon, clients: int, rounds: int) -> list[Run]:
    async def client(number: int) -> list[Run]:
        async with aiohttp.ClientSession(headers={"User-Agent": f"client-{number}"}) as session:
            url = f"{daemon.url}/v1/chat/completions"
            return [await one(session, url, number * 1000 + count, 64) for count in range(rounds)]

    return [run for runs in await asyncio.gather(*map(client, range(clients))) for run in runs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--options", action="store_true")
    parser.add_argument("--slots", action="store_true")
    wanted = parser.parse_args()
    print(machine())
    if wanted.options:
        measure_options(wanted.threads)
        return
    if wanted.slots:
        measure_slots(wanted.threads)
        return
    with tempfile.TemporaryDirectory() as folder:
        config = {"device": {"runtime": "llama"}, "llama": smollm2(threads=wanted.threads)}
        daemon = Daemon(Path(folder), config).wait_until_ready()
        try:
            asyncio.run(measure(daemon, wanted.rounds, wanted.tokens))
        finally:
            daemon.stop()


if __name__ == "__main__":
    main()
