"""A Raspberry Pi with a Hailo-10H as a folder: what the doctor reads of one, and the commands that it runs there."""

import json
import os
import shlex
from pathlib import Path
from typing import Any

from hailo_vision.doctor.finding import Finding
from hailo_vision.doctor.installation import Installation
from hailo_vision.doctor.machine import Machine
from models.mirror import hef

CHIP = "0001:01:00.0"
BUS = f"sys/bus/pci/devices/{CHIP}"
MODEL = "var/lib/hailo-vision/models/Qwen2-VL-2B-Instruct.hef"
YAML, JSON = "etc/hailo/hailo-vision.yaml", "etc/xdg/hailo-vision/hailo-vision.json"

FILES = {
    "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
    "etc/passwd": "root:x:0:0::/root:/bin/sh\npi:x:1000:1000::/home/pi:/bin/sh\nhailo-vision:x:990:990::/:/bin/false\n",
    "etc/group": "root:x:0:\npi:x:1000:\nhailo:x:980:hailo-vision\nhailo-vision:x:990:\n",
    "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.1\0",
    "proc/modules": "hailo1x_pci 131072 0 - Live 0x0000000000000000 (O)\n",
    "proc/meminfo": "MemTotal: 8257536 kB\nMemAvailable: 6291456 kB\nCmaTotal: 65536 kB\n",
    "proc/1/cmdline": "/sbin/init\0",
    "sys/module/hailo1x_pci/version": "5.1.1\n",
    f"{BUS}/vendor": "0x1e60\n",
    f"{BUS}/device": "0x45c4\n",
    f"{BUS}/current_link_speed": "8.0 GT/s PCIe\n",
    f"{BUS}/max_link_speed": "8.0 GT/s PCIe\n",
    f"{BUS}/current_link_width": "1\n",
    "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
    "run/systemd/timesync/synchronized": "",
    YAML: "server: {port: 0}\n",
    JSON: '{"server": {"port": 0}}\n',
}

UNIT = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "Result": "success",
    "NRestarts": "0",
    "ExecMainStatus": "0",
    "StatusText": "ready, qwen2-vl-2b-instruct is loaded",
    "User": "hailo-vision",
    "SupplementaryGroups": "hailo",
}

# The vendor's package: the stand-in under its name.
BINDINGS = """\
import sys
import hailo_vision.simulator.genai
import hailo_vision.simulator.pyhailort.pyhailort

STAND_IN = "hailo_vision.simulator"
for name in [name for name in sys.modules if name.startswith(STAND_IN)]:
    sys.modules[__name__ + name.removeprefix(STAND_IN)] = sys.modules[name]
"""


class Pi:
    """A healthy one, until something is taken from it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "pi"
        self.commands = folder / "commands"
        self.commands.mkdir(parents=True)
        self.environment = {"PATH": f"{self.commands}:/usr/bin:/bin", "PYTHONPATH": str(folder / "python")}
        for name, content in FILES.items():
            self.write(name, content)
        self.write(MODEL, hef())
        for name in ("dev", "run/systemd/system", "proc/1/fd"):
            (self.root / name).mkdir(parents=True)
        (self.root / "dev/hailo0").symlink_to("/dev/null")
        package = folder / "python" / "hailo_platform"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(BINDINGS)
        self.set_unit()
        self.say("journalctl", "")
        self.say("dpkg-query", "python3-h10-hailort installed 5.1.1\n")

    def write(self, name: str, content: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def remove(self, name: str) -> None:
        path = self.root / name
        if path.is_dir() and not path.is_symlink():
            for child in list(path.iterdir()):
                self.remove(str(child.relative_to(self.root)))
            path.rmdir()
        else:
            path.unlink()

    def process(self, pid: int, command: str, *opened: str) -> None:
        """A process with files open."""
        self.write(f"proc/{pid}/cmdline", command.replace(" ", "\0") + "\0")
        for number, name in enumerate(opened):
            link = self.root / f"proc/{pid}/fd/{number}"
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(name)

    def script(self, name: str, body: str) -> None:
        path = self.commands / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def say(self, name: str, output: str, errors: str = "", code: int = 0) -> None:
        """A command that prints this and ends."""
        self.script(name, f"printf %s {shlex.quote(output)}; printf %s {shlex.quote(errors)} >&2; exit {code}")

    def set_unit(self, **facts: str) -> None:
        self.say("systemctl", "".join(f"{name}={value}\n" for name, value in (UNIT | facts).items()))

    def origin(self, release: str, size_bytes: int | None = None) -> None:
        """The note that `models pull` leaves."""
        size_bytes = size_bytes or (self.root / MODEL).stat().st_size
        note = {"model": "qwen2-vl-2b-instruct", "release": release, "url": "https://x/y.hef", "sha256": "0"}
        self.write(f"{MODEL}.json", json.dumps({**note, "size_bytes": size_bytes}))

    def configure(self, **sections: Any) -> None:
        """Both files of the service, in step."""
        self.write(YAML, json.dumps(sections))
        self.write(JSON, json.dumps(sections))

    def installation(self, config: Path | None = None, *, uid: int = 1000) -> Installation:
        machine = Machine(
            root=self.root, environment={**os.environ, **self.environment}, uid=uid, gids=frozenset({uid})
        )
        return Installation(machine, config)


def as_line(finding: Finding) -> str:
    return f"{finding.verdict}: {finding.saw} -> {finding.advice}"
