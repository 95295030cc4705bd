"""The demonstration behind scripts/run: the real daemon, on the simulator or with a real model on the processor.

It asks one question about a real photo, then keeps serving.
"""

import argparse
import base64
import json
import os
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

from hailo_vision.cli import INTERRUPTED
from hailo_vision.cli.named_model import is_on_disk
from hailo_vision.config.data_folder import in_data_folder
from hailo_vision.config.settings import Settings
from hailo_vision.errors import ModelError
from hailo_vision.models.catalogue import CATALOGUE, builds

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "docs" / "photos" / "launch-pad.jpg"
QUESTION = "What can you see in this photo?"
COMMAND = (sys.executable, "-P", "-m", "hailo_vision")
SMALL = "smolvlm-500m"
SMALL_GB = f"{sum(file.size_bytes or 0 for file in builds(CATALOGUE, SMALL)) / 1e9:.2f}"
PORT = 11435
HUB = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
REACH_S = 5
START_S = 300  # a model from a slow card


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/run", description="Try hailo-vision without the chip.")
    parser.add_argument("--once", action="store_true", help="exit after the answer")
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="download this model and run it with llama.cpp instead of the simulator: smolvlm-500m or another name of "
        "`hailo-vision models list`, a .gguf file, or hf:OWNER/REPO[:QUANT]",
    )
    arguments = parser.parse_args()
    model = arguments.model
    try:
        if model is None and not arguments.once and sys.stdin.isatty() and sys.stdout.isatty():
            model = SMALL if wants_real_model() else None
        if model is not None and not is_there(model):
            model = None
    except ModelError as error:
        print(f"scripts/run: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. What has come is kept: the same command goes on from there.", file=sys.stderr)
        return 130
    port = PORT if is_free(PORT) else free_port()
    with tempfile.TemporaryDirectory(prefix="hailo-vision-") as folder:
        config = Path(folder) / "demo.yaml"
        config.write_text(f"device: {{runtime: simulated}}\nserver: {{port: {port}}}\nlogging: {{level: warning}}\n")
        named = () if model is None else ("--model", model)
        daemon = subprocess.Popen([*COMMAND, "serve", "--config", str(config), *named])
        try:
            return show(daemon, f"http://127.0.0.1:{port}", model, stays=not arguments.once)
        except KeyboardInterrupt:
            print("\nstopping")
            return 0
        finally:
            daemon.terminate()
            daemon.wait()


def wants_real_model() -> bool:
    """Ask on the terminal, once; an empty line and the end of the input take the simulator."""
    print("There are two ways to try it without the chip:")
    print("  1  the simulator, now: it has no model and tells what it sees in the pixels")
    print(f"  2  SmolVLM-500M, {SMALL_GB} GB to download once: a real model on this processor")
    try:
        return input("1 or 2? [1] ").strip() == "2"
    except EOFError:
        print()
        return False


def is_there(model: str) -> bool:
    """Install llama.cpp and download the model, where they are not there yet. Whether they are now."""
    if subprocess.run([ROOT / "scripts" / "setup", "llama"], check=False).returncode != 0:
        reason = "llama.cpp can't be installed here"
    elif is_on_disk(model, in_data_folder(Settings())):
        return True
    elif not is_reachable(HUB):
        reason = f"there is no way to {HUB}, and {model} is not on the disk"
    else:
        code = subprocess.run([*COMMAND, "models", "pull", model], check=False).returncode
        if code == 0:
            return True
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        reason = f"{model} can't be had, for the reason above"
    print(f"scripts/run: {reason}; going on with the simulator.", file=sys.stderr)
    return False


def is_reachable(url: str) -> bool:
    """Whether a server answers at all: a pull would try for half a minute."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=REACH_S):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False


def show(daemon: "subprocess.Popen[bytes]", url: str, model: str | None, *, stays: bool) -> int:
    """Wait for the model, ask, print; then serve until Ctrl-C."""
    engine = (
        "on the simulator: it has no model, it says what it sees in the pixels" if model is None else f"with {model}"
    )
    print(f"Starting the server at {url} {engine}.")
    if not wait_until_ready(daemon, url):
        return 1
    name = served_name(url)
    print(f"\nPhoto     {PHOTO.relative_to(ROOT)}\nQuestion  {QUESTION}\nAnswer    ", end="", flush=True)
    if not print_answer(url, name):
        return 1
    if stays:
        print(invitation(url, name), flush=True)
        if model is None:
            print(
                f"The simulator has no model. For a real one ({SMALL_GB} GB):  scripts/run --model {SMALL}", flush=True
            )
        return daemon.wait()
    return 0


def served_name(url: str) -> str:
    """The name of the model that is served."""
    with urllib.request.urlopen(f"{url}/v1/models", timeout=60) as response:
        name: str = json.load(response)["data"][0]["id"]
        return name


def print_answer(url: str, model: str) -> bool:
    """Print the answer as it comes, then its figures. Whether there was one."""
    started = first = time.monotonic()
    usage: dict[str, Any] = {}
    said = False
    for event in ask(url, model):
        usage = event.get("usage") or usage
        for choice in event["choices"]:
            if text := choice["delta"].get("content"):
                first = first if said else time.monotonic()
                said = True
                print(text, end="", flush=True)
    tokens, decode_s = usage.get("completion_tokens", 0), time.monotonic() - first
    rate = f"{(tokens - 1) / decode_s:.1f}" if decode_s > 0 and tokens > 1 else "-"
    print(f"\n\nTTFT      {first - started:.2f} s\nSpeed     {rate} tokens/s ({tokens} tokens)")
    return said


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


def ask(url: str, model: str) -> Iterator[dict[str, Any]]:
    """The chunks of a streamed answer."""
    picture = "data:image/jpeg;base64," + base64.b64encode(PHOTO.read_bytes()).decode()
    content = [{"type": "image_url", "image_url": {"url": picture}}, {"type": "text", "text": QUESTION}]
    body = {
        "model": model,
        "messages": [{"role": "user", "content": content}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=600) as response:
        for line in response:
            data = line.decode().removeprefix("data: ").strip()
            if data and data != "[DONE]":
                yield json.loads(data)


def invitation(url: str, model: str) -> str:
    return f"""
The server keeps running; Ctrl-C stops it. Ask about your own pictures in a browser:

  {url}/

From another terminal:

  .venv/bin/hailo-vision ask "How bright is it?" --image {PHOTO.relative_to(ROOT)} --url {url}

  curl {url}/v1/chat/completions -H 'Content-Type: application/json' -d '{{
    "model": "{model}",
    "messages": [{{"role": "user", "content": "Hello! What can you see?"}}]}}'

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="unused")
  answer = client.chat.completions.create(model="{model}", messages=[{{"role": "user", "content": "Hello!"}}])
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
