"""Tokens per second through HTTP, against the simulator driven directly in one process.

    .venv/bin/python benchmarks/tokens.py [--rate 8.4] [--answers 200]

Both sides give the same answers. At the chip's rate the tokens after the first are timed; with all delays off whole
answers are, in a row on one connection, with everything that a request costs in them.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
from report import machine

from harness import Daemon, ask

# A question of 240 tokens and an answer of 83, as many as the simulator's first tokenizer made of other words: older
# commits, each with its own tokens.py, have the same work for a token.
QUESTION = "Tell me " + " ".join(str(number) for number in range(100, 160))
MAX_TOKENS = 83

DIRECT = """
import os, sys, time
from hailo_vision.simulator.genai import VLM, VDevice

answers, question, max_tokens = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
params = VDevice.create_params()
params.group_id = "SHARED"
vdevice = VDevice(params)
vlm = VLM(vdevice, "model.hef")
tokens = decode_s = 0
started = time.perf_counter()
for _ in range(answers):
    vlm.clear_context()
    messages = [{"role": "user", "content": [{"type": "text", "text": question}]}]
    with vlm.generate(prompt=messages, frames=[], do_sample=False, max_generated_tokens=max_tokens) as completion:
        completion.read()
        first = time.perf_counter()
        count = 1
        for _ in completion:
            count += 1
        decode_s += time.perf_counter() - first
        tokens += count
whole_s = time.perf_counter() - started
print(tokens, tokens - answers, whole_s, decode_s)
vlm.release()
vdevice.release()
"""


def direct(answers: int, simulator: dict[str, Any]) -> tuple[float, float]:
    """Tokens per second of whole answers and of their decode, without any of our code but the simulator."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HAILO_VISION_SIMULATOR": json.dumps(simulator), "XDG_RUNTIME_DIR": folder}
        words = [sys.executable, "-c", DIRECT, str(answers), QUESTION, str(MAX_TOKENS)]
        output = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
    tokens, after_first, whole_s, decode_s = (float(word) for word in output.split())
    return tokens / whole_s, after_first / decode_s


async def through_http(answers: int, simulator: dict[str, Any]) -> tuple[float, float]:
    """The same, as a client of the daemon sees it in its stream."""
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder), {"simulator": simulator})
        try:
            daemon.wait_until_ready()
            async with aiohttp.ClientSession(daemon.url) as session:
                started = time.perf_counter()
                counted = [await one(session) for _ in range(answers)]
                whole_s = time.perf_counter() - started
        finally:
            daemon.stop()
    tokens, decode_s = sum(count for count, _ in counted), sum(took for _, took in counted)
    return tokens / whole_s, (tokens - answers) / decode_s


async def one(session: aiohttp.ClientSession) -> tuple[int, float]:
    body = ask(QUESTION, stream=True, max_tokens=MAX_TOKENS, stream_options={"include_usage": True})
    first = last = 0.0
    data = b""
    async with session.post("/v1/chat/completions", json=body) as response:
        async for part in response.content.iter_any():
            last = time.perf_counter()
            first = first or last
            data += part
    usage = json.loads(data.split(b"\n\n")[-3].removeprefix(b"data: "))["usage"]
    return usage["completion_tokens"], last - first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=8.4, help="the chip's tokens per second (default: %(default)s)")
    parser.add_argument("--answers", type=int, default=200, help="answers with all delays off (default: %(default)s)")
    arguments = parser.parse_args()
    paced = {"load_s": 0, "prefill_s": 0, "tokens_per_s": arguments.rate}
    free = {"load_s": 0, "prefill_s": 0, "tokens_per_s": 0}
    print(f"{machine()}\n")
    print("| tokens/s | directly | through HTTP | ratio |\n|---|---|---|---|")
    rows = [("decode at the chip's rate", 1, paced, 1), ("whole answers, no delays", arguments.answers, free, 0)]
    for name, answers, simulator, column in rows:
        alone = direct(answers, simulator)[column]
        served = asyncio.run(through_http(answers, simulator))[column]
        print(f"| {name} | {alone:.2f} | {served:.2f} | {served / alone:.3f} |", flush=True)


if __name__ == "__main__":
    main()
