"""The real daemon as a process, on the simulator, for tests that come in by the front door."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from openai import OpenAI

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ROOT / "docs" / "photos"
COMMAND = (sys.executable, "-P", "-m", "hailo_vision")
MODEL = "qwen2-vl-2b-instruct"
PATIENCE_S = 30.0


class Daemon:
    """`hailo-vision serve` with a config of its own, on a free port."""

    def __init__(
        self,
        folder: Path,
        config: Mapping[str, Any] | None = None,
        command: Sequence[str] = COMMAND,
        pass_fds: Sequence[int] = (),
        arguments: Sequence[str] = (),
        **variables: str,
    ) -> None:
        models = (config or {}).get("models")
        sections = {name: dict(section) for name, section in (config or {}).items() if name != "models"}
        sections["server"] = {"port": 0, **sections.get("server", {})}
        sections["device"] = {**({"runtime": "simulated"} if models is None else {}), **sections.get("device", {})}
        quick = {"load_s": 0, "prefill_s": 0, "tokens_per_s": 0}
        sections["simulator"] = {**quick, **sections.get("simulator", {})}
        self.config = folder / "hailo-vision.json"
        self.config.write_text(json.dumps(sections if models is None else {**sections, "models": models}))
        # A chip of its own: the simulator's stands for the one that all processes of this machine share.
        own = {name: str(folder) for name in ("XDG_RUNTIME_DIR", "XDG_DATA_HOME", "TMPDIR")}
        environment = {**os.environ, **own, **variables}
        self.process = subprocess.Popen(
            [*command, "serve", "--config", str(self.config), *arguments],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            pass_fds=pass_fds,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self.wait_for(lambda: re.search(r'listening.* "?url(?:=|": ")([^\s"]+)', self.log)).group(1)

    @property
    def log(self) -> str:
        return "".join(self._lines)

    @property
    def client(self) -> "OpenAI":
        """The SDK, without the retries that would hide a refusal."""
        openai = pytest.importorskip("openai")
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key="unused", max_retries=0, timeout=PATIENCE_S)

    def wait_for(self, condition: Any) -> Any:
        """The condition's first true value; fails when it does not come true, or the daemon ends before."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if value := condition():
                return value
            if self.process.poll() is not None:
                self._reader.join(PATIENCE_S)
                if value := condition():
                    return value
                break
            time.sleep(0.01)
        raise AssertionError(f"in vain; exit code {self.process.poll()}, log:\n{self.log}")

    def wait_until_ready(self) -> "Daemon":
        self.wait_for(lambda: self.get("/health/ready")[0] == 200)
        return self

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of a GET."""
        status, _, body = self.request("GET", path)
        return status, body

    def post(self, body: Any, path: str = "/v1/chat/completions") -> tuple[int, Any]:
        status, _, answer = self.request("POST", path, body)
        return status, answer

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Mapping[str, str], Any]:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
                return response.status, response.headers, _content(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, _content(error)

    def worker_pid(self) -> int | None:
        """The pid of the worker, by its parent; None while there is none."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        workers = [int(pid) for pid in children if b"hailo_vision.worker\0" in _command_line(pid)]
        assert len(workers) <= 1
        return workers[0] if workers else None

    def kill_worker(self) -> None:
        pid = self.worker_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait, and give the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            self._reader.join(PATIENCE_S)
            if self.process.stderr:
                self.process.stderr.close()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.append(line)


def _content(response: Any) -> Any:
    """The JSON of a response, or its text where it is another type, a stream above all."""
    content: bytes = response.read()
    is_json = response.headers.get_content_type() == "application/json"
    return json.loads(content) if is_json else content.decode()


def _command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


@contextmanager
def posting(
    daemon: Daemon, body: Any, path: str = "/v1/chat/completions"
) -> Iterator["Future[tuple[int, Mapping[str, str], Any]]"]:
    """A POST that runs while the block does; its result has status, headers and JSON."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(daemon.request, "POST", path, body)


def data_uri(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def photo(name: str) -> str:
    return data_uri((PHOTOS / name).read_bytes())


def ask(question: str, *images: str, **parameters: Any) -> dict[str, Any]:
    """A request body: pictures, then the question."""
    content: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": image}} for image in images]
    content.append({"type": "text", "text": question})
    return {"model": MODEL, "messages": [{"role": "user", "content": content}], **parameters}
