"""What scripts/fresh-machine runs: a bare Debian, the checkout cloned in it, and the two commands of the README."""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from guest import nspawn, own_cgroup, remove
from image import GuestError, tarball, unpack

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "fresh-machine"
BARE = ("python3", "python3-venv", "git")
SUITES = {"12": "bookworm", "13": "trixie"}
USER = "visitor"
COMMAND_S = 75 * 60
SKIPPED = 77
# What leads pip and apt to their registries where these are not reached directly, and the certificates for it.
PASSED_ON = re.compile(r"(PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|DEFAULT_TIMEOUT|CERT)|(https?|no)_proxy)", re.I)
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# Every installation of Debian has this file, and a bare root lacks it; without it Debian 12 knows no `localhost`.
HOSTS = "127.0.0.1\tlocalhost\n127.0.1.1\tdebian\n::1\tlocalhost ip6-localhost ip6-loopback\n"
DESCRIPTION = f"""\
Proves that the two commands of the README end well on a machine that has nothing: a Debian made of its required
packages and {", ".join(BARE)} (no compiler, no curl, no sudo). HEAD is cloned there, then scripts/run --once and
scripts/test run in the clone. All that they print is kept in .cache/fresh-machine; the summary at the end has what
failed, and what was skipped for which reason."""


def main() -> int:
    arguments = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leave by the same way as at Ctrl-C
    name = f"debian-{arguments.release}-{arguments.who}{'-quick' if arguments.quick else ''}"
    work = Path(tempfile.mkdtemp(prefix="hailo-vision-fresh-machine-"))
    try:
        try:
            machine = make(work / name, SUITES[arguments.release], arguments.who, anew=arguments.anew)
        except (GuestError, OSError, subprocess.SubprocessError) as error:
            print(f"scripts/fresh-machine: skipped: no Debian {arguments.release} can be made here: {error}")
            return SKIPPED
        with own_cgroup() as enter_cgroup, (CACHE / f"{name}.log").open("w") as log:
            return use(Machine(machine, arguments.who, enter_cgroup, log.fileno()), quick=arguments.quick, log=log.name)
    except KeyboardInterrupt:
        print("interrupted")
        return 1
    finally:
        remove(work)


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/fresh-machine",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="ends with 0 when all went well, 1 when not, and 77 where no such Debian can be made, with the reason",
    )
    parser.add_argument("--release", choices=SUITES, default="13", help="which Debian (default: 13)")
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--user", dest="who", action="store_const", const="user", help="as an ordinary user without sudo (the default)"
    )
    who.add_argument("--root", dest="who", action="store_const", const="root", help="as root, who may install packages")
    parser.set_defaults(who="user")
    parser.add_argument("--quick", action="store_true", help="scripts/test --quick instead of the whole suite")
    parser.add_argument(
        "--anew", action="store_true", help="make the Debian from nothing, though one is in .cache/fresh-machine"
    )
    return parser.parse_args(words)


def make(root: Path, suite: str, who: str, *, anew: bool) -> Path:
    """Unpack a bare Debian with an ordinary user, and put a repository with our HEAD in it."""
    with stage(f"a bare Debian, {suite}"):
        for old in (CACHE / "roots").glob(f"bare-{suite}-*") if anew else ():
            old.unlink()
        unpack(tarball(CACHE / "roots", "bare", BARE, suite=suite, whole=True), root)
        subprocess.run(["chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", USER], check=True)
        (root / "etc/hosts").write_text(HOSTS)
        if CERTIFICATES.exists():  # those of an archive or registry within a company
            shutil.copyfile(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        git = ["git", "-c", "safe.directory=*", "-c", "advice.detachedHead=false"]
        subprocess.run([*git, "clone", "--quiet", "--bare", ROOT, root / "srv/hailo-vision.git"], check=True)
        owner = "root" if who == "root" else USER
        subprocess.run(["chroot", root, "chown", "-R", f"{owner}:", "/srv/hailo-vision.git"], check=True)
        edited = subprocess.run([*git, "-C", ROOT, "status", "--porcelain"], stdout=subprocess.PIPE, check=True).stdout
    if edited:
        print("     what is not committed here is not in it")
    return root


class Machine:
    """The fresh machine as one user has it; what its commands print goes to the log."""

    def __init__(self, root: Path, who: str, enter_cgroup: Callable[[], None], log: int) -> None:
        user = "root" if who == "root" else USER
        variables = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
        if "PIP_CERT" in variables:
            variables["PIP_CERT"] = str(CERTIFICATES)
        variables |= {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
        settings = [f"--setenv={name}={value}" for name, value in variables.items()]
        # With as-pid2 somebody buries the orphans, as on any machine.
        options = ["--pipe", "--as-pid2", "--resolv-conf=copy-host", "--user", user, *settings]
        self._words = nspawn(root, *options)
        self._enter_cgroup = enter_cgroup
        self._log = log

    def run(self, command: str) -> int:
        """Run a command of the shell in the clone, or in the home folder before there is one; give its exit code."""
        os.write(self._log, f"\n$ {command}\n".encode())
        process = subprocess.Popen(
            [*self._words, "bash", "-c", f"cd; cd hailo-vision 2>/dev/null; {command}"],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            preexec_fn=self._enter_cgroup,
        )
        try:
            return process.wait(COMMAND_S)
        except subprocess.TimeoutExpired:
            os.write(self._log, f"\nstopped after {COMMAND_S} s\n".encode())
            return 124
        finally:
            process.terminate()
            process.wait()


def use(machine: Machine, *, quick: bool, log: str) -> int:
    """Do what a newcomer does, and sum it up."""
    commands = ("git clone --quiet /srv/hailo-vision.git", "scripts/run --once", f"scripts/test{' --quick' * quick}")
    failed = []
    print(f"     what is printed there goes to {os.path.relpath(log)}")
    for command in commands:
        with stage(command):
            code = machine.run(command)
        if code:
            failed.append(f"{command}: exit code {code}")
        if code and command is commands[0]:
            break
    text = Path(log).read_text(errors="replace")
    print(summary(text.rpartition("\n$ ")[2]), end="")
    for line in failed:
        print(f"FAIL {line}")
    if failed:
        print("     the end of the log:\n" + "\n".join(text.splitlines()[-15:]))
    return 1 if failed else 0


def summary(text: str) -> str:
    """What the suite said of itself: its first lines, what failed, and what was skipped for which reason."""
    said = re.findall(r"^scripts/\w+: .*$", text, re.M)
    failed = re.findall(r"^(?:FAILED|ERROR) .*$", text, re.M)
    reasons: Counter[str] = Counter()
    for number, reason in re.findall(r"^SKIPPED \[(\d+)\] (?:\S+: )?(.*)$", text, re.M):
        reasons[reason.removeprefix("Skipped: ")] += int(number)
    closing = re.findall(r"(\d+) (passed|failed|error|skipped)", last(text))
    counts = Counter({kind: int(number) for number, kind in closing})
    lines = [*said, *failed, *(f"skipped {number:5}  {reason}" for reason, number in reasons.most_common())]
    lines.append(f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed, {counts['skipped']} skipped")
    return "\n".join(lines) + "\n"


def last(text: str) -> str:
    """The closing line of pytest."""
    return next((line for line in reversed(text.splitlines()) if re.search(r"\d+ \w+.* in [\d.]+s", line)), "")


@contextmanager
def stage(what: str) -> Iterator[None]:
    begun = time.monotonic()
    print(f"     {what} ...", end="", flush=True)
    yield
    print(f" {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
