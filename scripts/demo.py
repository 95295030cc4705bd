"""The demonstration behind scripts/run: the real daemon on the simulator, and one question about a real photo."""

import argparse
import base64
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "docs" / "photos" / "launch-pad.jpg"
QUESTION = "What can you see in this photo?"
MODEL = "qwen2-vl-2b-instruct"
PORT = 11435
START_S = 60


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/run", description="Try hailo-vision on the simulator.")
    parser.add_argument("--once", action="store_true", help="leave after the answer")
    arguments = parser.parse_args()
    port = PORT if is_free(PORT) else 0
    with tempfile.TemporaryDirectory(prefix="hailo-vision-") as folder:
        config = Path(folder) / "demo.yaml"
        port = port or free_port()
        config.write_text(f"device: {{runtime: simulated}}\nserver: {{port: {port}}}\nlogging: {{level: warning}}\n")
        daemon = subprocess.Popen([sys.executable, "-P", "-m", "hailo_vision", "serve", "--config", str(config)])
        try:
            return show(daemon, f"http://127.0.0.1:{port}", stays=not arguments.once)
        except KeyboardInterrupt:
            print("\nstopping")
            return 0
        finally:
            daemon.terminate()
            daemon.wait()


def show(daemon: "subprocess.Popen[bytes]", url: str, *, stays: bool) -> int:
    """Wait for the model, ask, print; then serve until Ctrl-C."""
    print(f"Starting the server at {url} on the simulator: it has no model, it says what it sees in the pixels.")
    if not wait_until_ready(daemon, url):
        return 1
    print(f"\nPhoto     {PHOTO.relative_to(ROOT)}\nQuestion  {QUESTION}\nAnswer    ", end="", flush=True)
    started = first = time.monotonic()
    usage: dict[str, Any] = {}
    said = False
    for event in ask(url):
        usage = event.get("usage") or usage
        for choice in event["choices"]:
            if text := choice["delta"].get("content"):
                first = first if said else time.monotonic()
                said = True
                print(text, end="", flush=True)
    tokens, decode_s = usage.get("completion_tokens", 0), time.monotonic() - first
    rate = f"{(tokens - 1) / decode_s:.1f}" if decode_s > 0 and tokens > 1 else "-"
    print(f"\n\nTTFT      {first - started:.2f} s\nSpeed     {rate} tokens/s ({tokens} tokens)")
    if not said:
        return 1
    if stays:
        print(invitation(url), flush=True)
        return daemon.wait()
    return 0


def wait_until_ready(daemon: "subprocess.Popen[bytes]", url: str) -> bool:
    deadline = time.monotonic() + START_S
    print("Loading the model ...", flush=True)
    while time.monotonic() < deadline and daemon.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    print("The server did not become ready; its messages are above.", file=sys.stderr)
    return False


def ask(url: str) -> Iterator[dict[str, Any]]:
    """The chunks of a streamed answer."""
    picture = "data:image/jpeg;base64," + base64.b64encode(PHOTO.read_bytes()).decode()
    content = [{"type": "image_url", "image_url": {"url": picture}}, {"type": "text", "text": QUESTION}]
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": content}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=120) as response:
        for line in response:
            data = line.decode().removeprefix("data: ").strip()
            if data and data != "[DONE]":
                yield json.loads(data)


def invitation(url: str) -> str:
    return f"""
The server keeps running; Ctrl-C stops it. Try it from another terminal:

  .venv/bin/hailo-vision ask "How bright is it?" --image {PHOTO.relative_to(ROOT)} --url {url}

  curl {url}/v1/chat/completions -H 'Content-Type: application/json' -d '{{
    "model": "{MODEL}",
    "messages": [{{"role": "user", "content": "Hello! What can you see?"}}]}}'

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="unused")
  answer = client.chat.completions.create(model="{MODEL}", messages=[{{"role": "user", "content": "Hello!"}}])
  print(answer.choices[0].message.content)
"""


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    raise SystemExit(main())
