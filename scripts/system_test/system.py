"""The guest with our package in it: what a check asks of it, in a few words each."""

import base64
import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from guest import Guest

ROOT = Path(__file__).resolve().parents[2]
UNIT = "hailo-vision"
YAML = "/etc/hailo/hailo-vision.yaml"
JSON = "/etc/xdg/hailo-vision/hailo-vision.json"
URL = "http://127.0.0.1:11435"
MODEL = "qwen2-vl-2b-instruct"
PATIENCE_S = 60

APT = [
    *("apt-get", "install", "-y", "-qq", "--no-install-recommends", "--allow-downgrades"),
    *("-o", "Dpkg::Use-Pty=0", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"),
]

CONFIG = """\
# edited by the operator
device: {runtime: simulated}
model: {aliases: [edited]}
simulator: {load_s: 0.2, prefill_s: 0.1, tokens_per_s: 60}
"""


class System:
    """The guest with our package in it."""

    def __init__(self, guest: Guest, package: Path, previous: Path) -> None:
        self.guest = guest
        self.package = package
        self.previous = previous

    def run(self, *words: str, stdin: str = "") -> str:
        """A command's output; fails when the command does."""
        done = self.guest.run(*words, stdin=stdin)
        assert done.returncode == 0, f"{' '.join(words)}: exit code {done.returncode}: {done.stdout.strip()[-600:]}"
        return done.stdout

    def fails(self, *words: str) -> str:
        """A command's output; fails when the command does not."""
        done = self.guest.run(*words)
        assert done.returncode != 0, f"{' '.join(words)} did not fail"
        return done.stdout

    def install(self, package: Path) -> str:
        return self.run(*APT, f"/var/tmp/{package.name}")

    def configure(self, text: str) -> None:
        (self.guest.root / YAML[1:]).write_text(text)

    def drop_in(self, name: str, text: str) -> None:
        """A drop-in of the service; without text it goes away."""
        file = self.guest.root / f"etc/systemd/system/{UNIT}.service.d/{name}.conf"
        file.parent.mkdir(exist_ok=True)
        if text:
            file.write_text(f"[Service]\n{text}\n")
        else:
            file.unlink(missing_ok=True)
        self.run("systemctl", "daemon-reload")

    def reset(self) -> None:
        """Back to a service that runs on CONFIG, whatever a check left behind."""
        self.configure(CONFIG)
        self.guest.run("systemctl", "restart", UNIT)

    def show(self, name: str) -> str:
        return self.run("systemctl", "show", "-P", name, UNIT).strip()

    def pid(self) -> int:
        return int(self.show("MainPID"))

    def worker(self) -> int | None:
        """The worker's pid, as the guest sees it."""
        for pid in self.run("cat", f"/sys/fs/cgroup{self.show('ControlGroup')}/cgroup.procs").split():
            if "hailo_vision.worker\0" in self.guest.run("cat", f"/proc/{pid}/cmdline").stdout:
                return int(pid)
        return None

    def wait_for(self, what: str, condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if value := condition():
                return value
            time.sleep(0.1)
        raise AssertionError(f"in vain: {what}; {self.status()}")

    def wait_until_ready(self) -> None:
        self.wait_for("ready", lambda: self.get("/health/ready")[0] == 200)

    def status(self) -> str:
        shown = self.guest.run("systemctl", "status", "--no-pager", "--full", "-n", "15", UNIT)
        return f"systemctl status says:\n{shown.stdout.strip()}"

    def get(self, path: str, base: str = URL) -> tuple[int, Any]:
        done = self.guest.run("curl", "-sS", "-m", "20", "-w", "\n%{http_code}", base + path)
        body, _, code = done.stdout.rpartition("\n")
        if done.returncode or not code.isdecimal():
            return 0, {}
        return int(code), json.loads(body)

    def chat(self, **fields: Any) -> str:
        """The body of an answer about the photo."""
        return self.run(
            "curl", "-sSfN", "-m", "60", "--data-binary", "@-", f"{URL}/v1/chat/completions", stdin=ask(**fields)
        )

    def ask_later(self, **fields: Any) -> "subprocess.Popen[str]":
        (self.guest.root / "var/tmp/ask.json").write_text(ask(**fields))
        return self.guest.start(
            "curl", "-sSN", "-m", "120", "--data-binary", "@/var/tmp/ask.json", f"{URL}/v1/chat/completions"
        )

    def cursor(self) -> str:
        """A place in the journal: what comes after it can be asked for."""
        self.run("journalctl", "--sync")
        shown = self.run("journalctl", "-q", "-n", "0", "--show-cursor")
        return shown.split("cursor: ")[1].strip()

    def journal(self, since: str, *more: str) -> str:
        self.run("journalctl", "--sync")
        return self.run("journalctl", "-q", "-o", "cat", "--no-pager", "-u", UNIT, f"--after-cursor={since}", *more)

    def exposure(self) -> float:
        told = self.run("systemd-analyze", "security", "--no-pager", f"{UNIT}.service")
        found = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
        assert found, told[-300:]
        return float(found[1])


def ask(**fields: Any) -> str:
    photo = base64.b64encode((ROOT / "docs/photos/launch-pad.jpg").read_bytes()).decode()
    content = [
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{photo}"}},
        {"type": "text", "text": "What colours are in this photo?"},
    ]
    return json.dumps({"model": MODEL, "messages": [{"role": "user", "content": content}], **fields})
