"""Every command that README and docs print is run where its reader would type it, or has a reason why it is not.

Those for a clone or a laptop run here, as printed but for the port; those for the Pi run in scripts/system-test.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import PHOTOS, ROOT, Daemon

PAGES = ("README.md", *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md")))
PRINTED_URL = "http://127.0.0.1:11435"
COMMAND_S = 120
ACTIVATE = ". .venv/bin/activate"
HARDWARE, NETWORK, ROOTS = "needs the board", "needs a network", "changes the system: scripts/system-test runs it"
ELSEWHERE, OWNERS = "tests/documents has a test of its own for it", "changes files of the service's user"

# The command lines that are not run here: how each begins, and why. A line that none of these begins is run.
NOT_HERE = {
    "scripts/run": ELSEWHERE,
    "scripts/test": "is what runs this",
    "scripts/setup": "is what scripts/test does first",
    "sudo apt": ROOTS,
    "sudo systemctl": ROOTS,
    "systemctl status": ROOTS,
    "sudoedit": ROOTS,
    "hailo-vision check-config /etc/hailo": ROOTS,
    'echo "me $(openssl': ROOTS,
    "sudo chown root:hailo-vision": ROOTS,
    "sudo cat /etc/hailo": ROOTS,
    "curl http://raspberrypi.local": ROOTS,
    "sudo /usr/libexec/hailo-vision/vault": ROOTS,
    'hailo-vision ask "What can you see in this photo?" --image /usr/share': ROOTS,
    "sudo hailo-vision doctor": ROOTS,
    "sudo hailo-vision engines install": NETWORK,
    "sudo -u hailo-vision hailo-vision models": NETWORK,
    ".venv/bin/hailo-vision models pull": NETWORK,
    "hailo-vision serve --config my.yaml": "serves until it is stopped: every test's daemon is one",
    "hailo-vision status --url http://pi.lan": "names another machine",
    "cat /etc/os-release": HARDWARE,
    "sudo rpi-eeprom-update": HARDWARE,
    "sudo reboot": HARDWARE,
    "lspci": HARDWARE,
    "ls -l /dev/hailo0": HARDWARE,
    "hailortcli": HARDWARE,
    "dpkg -l": HARDWARE,
    "vcgencmd": HARDWARE,
    "free -h": HARDWARE,
    "echo 'SUBSYSTEM": HARDWARE,
    "sudo udevadm": HARDWARE,
    "git pull": NETWORK,
    "systemctl --user": "needs a service manager of the user's",
    "sudo loginctl": "needs a service manager of the user's",
    "sudo tar": ELSEWHERE,
    "sudo chmod 600 /root": ELSEWHERE,
    "sudo install -d": ELSEWHERE,
    "sudo cp -a": ELSEWHERE,
    "sudo find": ELSEWHERE,
    "sudo chown -R": OWNERS,
    "curl https://vision.home.arpa": "needs a proxy",
    "llm -m": ELSEWHERE,
}


def commands(page: str) -> Iterator[str]:
    """The command lines of a page; what is continued is one, as is a text in quotes."""
    for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S):
        command = ""
        for line in block.splitlines():
            command += line + "\n"
            if not line.endswith("\\") and is_whole(command):
                yield command.strip()
                command = ""
        assert not command, f"{page}: an open quote in {command!r}"


def is_whole(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return False
    return True


def runs_here(command: str) -> bool:
    return not any(command.startswith(start) for start in NOT_HERE)


RUN_HERE = [(page, command) for page in PAGES for command in commands(page) if runs_here(command)]


@pytest.fixture
def clone(tmp_path: Path, daemon: Daemon) -> Path:
    """A folder as a reader's clone looks, with the command in it, and the files that the examples name."""
    for name in ("docs", "etc", "src", "render_config.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    program = tmp_path / ".venv/bin/hailo-vision"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m hailo_vision "$@"\n')
    program.chmod(0o755)
    (tmp_path / "my.yaml").write_text("device: {runtime: simulated}\n")
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(PHOTOS / "coffee-cup.jpg", tmp_path / name)
    return tmp_path


def run(command: str, clone: Path, daemon: Daemon, *, has_command: bool) -> "subprocess.CompletedProcess[str]":
    path = f"{clone}/.venv/bin:{Path(sys.executable).parent}:{os.environ['PATH']}" if has_command else os.defpath
    environment = {**os.environ, "PATH": path, "HAILO_VISION_URL": daemon.url, "PYTHONPATH": str(ROOT / "src")}
    printed = command.replace(PRINTED_URL, daemon.url).replace(" --watch", "")  # which goes on until Ctrl-C
    return subprocess.run(
        ["bash", "-ec", printed],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({page for page, _ in RUN_HERE}))
def test_the_commands_of_a_page_work_one_after_the_other(page: str, clone: Path, daemon: Daemon) -> None:
    # Who reads the docs has the package, and the command on PATH; who reads the README has a clone.
    has_command = page != "README.md"
    for command in (command for of, command in RUN_HERE if of == page):
        if command.startswith(ACTIVATE):
            has_command = True
            continue
        if command.startswith(("curl", "openssl")) and shutil.which(command.split()[0]) is None:
            pytest.skip(f"no {command.split()[0]} here")
        done = run(command, clone, daemon, has_command=has_command)
        # The doctor finds fault with a machine without a chip, and says so by its exit code.
        expected = (0, 1) if "doctor" in command else (0,)
        assert done.returncode in expected, f"{command}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        assert not re.search(r'"error": ?{', done.stdout), f"{command}\n{done.stdout}"


def test_every_reason_not_to_run_a_command_is_still_of_one() -> None:
    printed = [command for page in PAGES for command in commands(page)]
    unused = [start for start in NOT_HERE if not any(command.startswith(start) for command in printed)]
    assert unused == []
