"""A Debian 13 in a folder: made once and cached as a tarball, then unpacked, entered, or booted with its own systemd.

systemd-nspawn drops what it can't give without a word. So the container gets a cgroup of its own (two at once would
share one and break each other), pure cgroup v2 as on Raspberry Pi OS, and the calls and capabilities that make
DeviceAllow= and IPAddressDeny= real. MemoryMax= and CPUQuota= are accepted and not enforced.
"""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SUITE = "trixie"
CGROUPS = Path("/sys/fs/cgroup")
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}
LEAN = [
    "--aptopt=Acquire::Languages none",
    *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("man", "doc", "locale")),
    "--skip=cleanup/apt/lists",
]
BOOT_S = 60
COMMAND_S = 180


class GuestError(Exception):
    """The container could not be made or booted."""


def tarball(cache: Path, name: str, packages: Sequence[str]) -> Path:
    """A Debian 13 with these packages, from the cache, or made with what the host's own apt sources name."""
    key = hashlib.sha256(" ".join(sorted(packages)).encode()).hexdigest()[:12]
    path = cache / f"{name}-{SUITE}-{key}.tar.zst"
    if path.exists():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.glob(f"{name}-{SUITE}-*.tar.zst"):
        old.unlink(missing_ok=True)
    new = cache / f".{os.getpid()}-{path.name}"
    command = ["mmdebstrap", "--mode=root", "--variant=apt", f"--include={','.join(packages)}", *LEAN]
    made = subprocess.run([*command, SUITE, new, mirror()], capture_output=True, text=True, check=False)
    if made.returncode:
        new.unlink(missing_ok=True)
        raise GuestError(f"mmdebstrap failed:\n{made.stderr[-2000:]}")
    new.replace(path)
    return path


def mirror() -> str:
    """The archive that this machine itself installs from."""
    folder = Path("/etc/apt")
    for file in [*sorted(folder.glob("sources.list.d/*.sources")), *sorted(folder.glob("sources.list.d/*.list"))]:
        if found := re.search(r"^(?:URIs:\s*|deb\s+(?:\[.*\]\s+)?)(\S+/debian/?)(?:\s|$)", file.read_text(), re.M):
            return found[1]
    text = (folder / "sources.list").read_text() if (folder / "sources.list").exists() else ""
    if found := re.search(r"^deb\s+(?:\[.*\]\s+)?(\S+/debian/?)\s", text, re.M):
        return found[1]
    raise GuestError("no Debian archive stands in /etc/apt/sources.list and /etc/apt/sources.list.d")


def unpack(archive: Path, root: Path) -> None:
    root.mkdir()
    subprocess.run(["tar", "-C", root, "--zstd", "-xpf", archive, "--numeric-owner"], check=True)
    # What keeps man pages out of the image would keep ours out of the test.
    for rule in (root / "etc/dpkg/dpkg.cfg.d").glob("*mmdebstrap*"):
        rule.unlink()


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


def _nspawn(root: Path, *options: str) -> list[str]:
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
        "--private-network",
        *options,
    ]


def enter(root: Path, enter_cgroup: Callable[[], None], *words: str) -> subprocess.CompletedProcess[str]:
    """Run one command in a Debian that is not booted."""
    variables = [f"--setenv={name}={value}" for name, value in ENVIRONMENT.items()]
    return subprocess.run(
        [*_nspawn(root, "--pipe", *variables), *words],
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
    options = ["--boot", "--console=read-only", "--capability=CAP_BPF,CAP_PERFMON,CAP_NET_ADMIN,CAP_IPC_LOCK"]
    options += ["--system-call-filter=bpf perf_event_open @memlock"]
    with (root.parent / "console.log").open("w") as console:
        nspawn = subprocess.Popen(
            _nspawn(root, *options),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            preexec_fn=enter_cgroup,
            start_new_session=True,  # Ctrl-C is for us alone
        )
    leader = 0
    try:
        leader = _leader(nspawn)
        guest = Guest(root, leader)
        _wait_for_systemd(guest, nspawn)
        yield guest
    finally:
        # The first process takes all others of its PID namespace with it; nspawn notices, cleans up and leaves. The
        # other way round the container would live on without nspawn.
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader or nspawn.pid, signal.SIGKILL)
        nspawn.wait(COMMAND_S)


def _leader(nspawn: "subprocess.Popen[bytes]") -> int:
    """The container's first process: nspawn's child that is number 1 in a PID namespace; an earlier one is not it."""
    children = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children")
    deadline = time.monotonic() + BOOT_S
    while time.monotonic() < deadline and nspawn.poll() is None:
        for pid in children.read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if re.search(r"^NSpid:\t.*\t1$", Path(f"/proc/{pid}/status").read_text(), re.M):
                    return int(pid)
        time.sleep(0.02)
    raise GuestError(f"systemd-nspawn did not start (exit code {nspawn.poll()})")


def _wait_for_systemd(guest: Guest, nspawn: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + BOOT_S
    while time.monotonic() < deadline and nspawn.poll() is None:
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
