"""A Debian in a folder: entered, or booted with its own systemd.

systemd-nspawn drops what it can't give without a word. So the container gets a cgroup of its own (two at once would
share one and break each other), pure cgroup v2 as on Raspberry Pi OS, and the calls and capabilities that make
DeviceAllow= and IPAddressDeny= real. MemoryMax= and CPUQuota= are accepted and not enforced.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from image import GuestError

CGROUPS = Path("/sys/fs/cgroup")
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}
BOOT_S = 60
COMMAND_S = 180


@contextmanager
def own_cgroup() -> Iterator[Callable[[], None]]:
    """A cgroup of our own in each hierarchy that nspawn uses; the callable moves the calling process into it."""
    tops = [top for top in (CGROUPS / "unified", CGROUPS / "systemd") if top.is_dir()]
    groups = [top / f"hailo-vision-{os.getpid()}" for top in tops]
    for group in groups:
        group.mkdir()

    def enter() -> None:
        for group in groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    try:
        yield enter
    finally:
        for group in groups:
            _remove_cgroup(group)


def _remove_cgroup(group: Path) -> None:
    """Delete it, and end what is still in it: nobody but us ever is."""
    for procs in group.rglob("cgroup.procs"):
        for pid in procs.read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    for folder, _, _ in os.walk(group, topdown=False):
        for _ in range(50):
            try:
                os.rmdir(folder)
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.1)  # its last process is being buried


def nspawn(root: Path, *options: str) -> list[str]:
    """The words that start a container in a folder."""
    # Where systemd runs the host it makes the container's scope; elsewhere there is nobody to ask.
    keep = [] if Path("/run/systemd/system").is_dir() else ["--keep-unit"]
    machine = f"hailo-vision-{os.getpid()}-{root.name}"
    return [
        "systemd-nspawn",
        "-q",
        "-D",
        str(root),
        "-M",
        machine,
        "--register=no",
        *keep,
        *options,
    ]


def enter(root: Path, enter_cgroup: Callable[[], None], *words: str) -> subprocess.CompletedProcess[str]:
    """Run one command in a Debian that is not booted."""
    variables = [f"--setenv={name}={value}" for name, value in ENVIRONMENT.items()]
    return subprocess.run(
        [*nspawn(root, "--private-network", "--pipe", *variables), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=COMMAND_S,
        preexec_fn=enter_cgroup,
    )


class Guest:
    """A booted Debian, with commands run in it as root."""

    def __init__(self, root: Path, leader: int) -> None:
        self.root = root
        self._enter = ["nsenter", "-t", str(leader), "-a", "env", "-i"]
        self._enter += [f"{name}={value}" for name, value in ENVIRONMENT.items()]

    def run(self, *words: str, stdin: str = "", timeout_s: float = COMMAND_S) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._enter, *words],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout_s,
        )

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """A command that goes on while others run."""
        return subprocess.Popen(
            [*self._enter, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@contextmanager
def booted(root: Path, enter_cgroup: Callable[[], None]) -> Iterator[Guest]:
    """A guest whose systemd has come up; nothing of it outlives the block."""
    options = [
        "--private-network",
        "--boot",
        "--console=read-only",
        "--capability=CAP_BPF,CAP_PERFMON,CAP_NET_ADMIN,CAP_IPC_LOCK",
    ]
    options += ["--system-call-filter=bpf perf_event_open @memlock"]
    with (root.parent / "console.log").open("w") as console:
        process = subprocess.Popen(
            nspawn(root, *options),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            preexec_fn=enter_cgroup,
            start_new_session=True,  # Ctrl-C is for us alone
        )
    leader = 0
    try:
        leader = _leader(process)
        guest = Guest(root, leader)
        _wait_for_systemd(guest, process)
        yield guest
    finally:
        # The first process takes all others of its PID namespace with it; nspawn notices, cleans up and leaves. The
        # other way round the container would live on without nspawn.
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader or process.pid, signal.SIGKILL)
        process.wait(COMMAND_S)


def _leader(process: "subprocess.Popen[bytes]") -> int:
    """The container's first process: nspawn's child that is number 1 in a PID namespace; an earlier one is not it."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + BOOT_S
    while time.monotonic() < deadline and process.poll() is None:
        for pid in children.read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if re.search(r"^NSpid:\t.*\t1$", Path(f"/proc/{pid}/status").read_text(), re.M):
                    return int(pid)
        time.sleep(0.02)
    raise GuestError(f"systemd-nspawn did not start (exit code {process.poll()})")


def _wait_for_systemd(guest: Guest, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + BOOT_S
    while time.monotonic() < deadline and process.poll() is None:
        # The first answer can be "offline", and --wait would take it for the last.
        if guest.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded", "starting"):
            guest.run("systemctl", "is-system-running", "--wait", timeout_s=BOOT_S)
            return
        time.sleep(0.05)
    raise GuestError(f"the container did not boot:\n{(guest.root.parent / 'console.log').read_text()[-2000:]}")


def remove(folder: Path) -> None:
    """Delete a work folder, and what nspawn leaves on the host for the containers in it."""
    shutil.rmtree(folder, ignore_errors=True)
    for left in Path("/run/systemd/nspawn/propagate").glob(f"hailo-vision-{os.getpid()}-*"):
        shutil.rmtree(left, ignore_errors=True)
