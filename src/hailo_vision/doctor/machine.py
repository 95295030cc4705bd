"""The inspected system: its files below a root, its commands, and the user that runs the doctor."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hailo_vision.files import open_regular

COMMAND_S = 10.0
LAST_WORDS_S = 2.0  # a process that hangs in the driver does not even die
MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The output of a command. `code` is negative for a signal, None after a timeout."""

    code: int | None
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """No method raises for a missing file or command, and every wait has a timeout."""

    root: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    uid: int = field(default_factory=os.geteuid)
    gids: frozenset[int] = field(default_factory=lambda: frozenset((os.getegid(), *os.getgroups())))

    def path(self, absolute: str | Path) -> Path:
        return self.root / str(absolute).lstrip("/")

    def text(self, absolute: str | Path) -> str | None:
        """A small file's text without the white space around it; None where it can't be read."""
        try:
            with open_regular(self.path(absolute)) as file:
                return file.read(MAX_BYTES).decode(errors="replace").strip(" \t\r\n\0")
        except OSError:
            return None

    def names(self, absolute: str | Path) -> tuple[str, ...]:
        """The sorted names in a folder; none if it does not exist."""
        try:
            return tuple(sorted(os.listdir(self.path(absolute))))
        except OSError:
            return ()

    def run(
        self, words: Sequence[str], *, within_s: float = COMMAND_S, extra_environment: Mapping[str, str] | None = None
    ) -> Output | None:
        """Run a command until it ends or its timeout expires; None if there is no such program.

        After the timeout the process is killed but not awaited: one that hangs in a driver can't be killed, and its own
        children may hold the pipes.
        """
        program = shutil.which(words[0], path=self.environment.get("PATH"))
        if program is None:
            return None
        environment = {**self.environment, "LC_ALL": "C.UTF-8", **(extra_environment or {})}
        try:
            child = subprocess.Popen(
                [program, *words[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError:
            return None
        try:
            stdout, stderr = child.communicate(timeout=within_s)
            code: int | None = child.returncode
        except subprocess.TimeoutExpired:
            code, (stdout, stderr) = None, _end(child)
        return Output(code=code, stdout=stdout.decode(errors="replace"), stderr=stderr.decode(errors="replace"))


def _end(child: "subprocess.Popen[bytes]") -> tuple[bytes, bytes]:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    try:
        return child.communicate(timeout=LAST_WORDS_S)
    except subprocess.TimeoutExpired:
        return b"", b""
