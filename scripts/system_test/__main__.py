"""What scripts/system-test runs: one line for each check, and their number at the end."""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from checks import CHECKS
from guest import booted, own_cgroup, remove
from image import GuestError, tarball, unpack
from package import Builder, as_previous, build_needs, runtime_needs
from system import ROOT, System

CACHE = ROOT / ".cache" / "system-test"
BOOTS = ["systemd", "systemd-sysv", "libpam-systemd", "dbus", "udev", "libbpf1", "ca-certificates", "curl", "python3"]
BUILDS = ["build-essential", "lintian"]


@contextmanager
def stage(what: str) -> Iterator[None]:
    begun = time.monotonic()
    print(f"     {what} ...", end="", flush=True)
    yield
    print(f" {time.monotonic() - begun:.0f} s", flush=True)


class Tally:
    """A line for each check, and their number."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def check(self, name: str, run: Callable[[], str | None]) -> None:
        begun = time.monotonic()
        try:
            figure = run()
        except (AssertionError, LookupError, OSError, TypeError, ValueError, subprocess.SubprocessError) as error:
            self.failed += 1
            reason = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
            print(f"FAIL {name}\n     {reason}".replace("\n", "\n     "), flush=True)
            return
        self.passed += 1
        print(f"ok   {name}{f': {figure}' if figure else ''} ({time.monotonic() - begun:.1f} s)", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/system-test", description="Prove the package on a booted Debian 13.")
    parser.add_argument("--keep", action="store_true", help="leave the containers' files, and say where")
    parser.add_argument("--only", metavar="WORD", default="", help="only the checks with this in their names")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leave by the same way as at Ctrl-C
    begun, tally = time.monotonic(), Tally()
    work = Path(tempfile.mkdtemp(prefix="hailo-vision-system-test-"))
    try:
        with ExitStack() as stack:
            run(tally, work, arguments.only, stack.enter_context(own_cgroup()), stack)
    except (GuestError, AssertionError, subprocess.SubprocessError, OSError) as error:
        tally.failed += 1
        print(f"FAIL the test itself\n     {error}", flush=True)
    except KeyboardInterrupt:
        tally.failed += 1
        print("FAIL the test itself\n     it was interrupted", flush=True)
    finally:
        if arguments.keep:
            print(f"     the files are in {work}")
        else:
            remove(work)
    print(f"     it took {time.monotonic() - begun:.0f} s")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


def run(tally: Tally, work: Path, only: str, enter_cgroup: Callable[[], None], stack: ExitStack) -> None:
    builder, root = Builder(work / "build", enter_cgroup), work / "root"
    with stage("unpacking two Debian 13, one with build tools; they are made if they are not in the cache"):
        needs = {builder.root: ("build", [*BUILDS, *build_needs()]), root: ("base", [*BOOTS, *runtime_needs()])}
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda folder: unpack(tarball(CACHE, *needs[folder]), folder), needs))
    with stage("building the package, and one of an earlier version"):
        package = builder.build("one")
        previous = builder.build("previous", edit=as_previous)
    if not only:
        tally.check("lintian has nothing to say", lambda: builder.lint(package))
        tally.check(
            "two builds give the same bytes", lambda: same(package, builder.build("another/place", otherwise=True))
        )
    for one in (package, previous):
        (root / "var/tmp" / one.name).write_bytes(one.read_bytes())
    guest = stack.enter_context(booted(root, enter_cgroup))
    system = System(guest, package, previous)
    tally.check("Debian 13 boots", lambda: boot_state(system))
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        if check is CHECKS[0] or only in name:
            tally.check(name, lambda check=check: check(system))  # type: ignore[misc]
        if only and check is CHECKS[0]:
            system.reset()


def same(one: Path, other: Path) -> str:
    assert one.read_bytes() == other.read_bytes(), "they differ"
    (ROOT / "dist").mkdir(exist_ok=True)
    (ROOT / "dist" / one.name).write_bytes(one.read_bytes())
    return f"dist/{one.name}"


def boot_state(system: System) -> str:
    state = system.guest.run("systemctl", "is-system-running").stdout.strip()
    assert state == "running", f"{state}: {system.guest.run('systemctl', '--failed', '--no-legend').stdout}"
    return system.run("sh", "-c", ". /etc/os-release; echo $PRETTY_NAME, $(systemctl --version | head -1)").strip()


if __name__ == "__main__":
    sys.exit(main())
