"""The way to the system never raises and never waits without a bound."""

import os
import time
from pathlib import Path

from doctor.pi import Pi
from hailo_vision.doctor.installation import child_reply
from hailo_vision.doctor.machine import Machine, Output
from harness import PATIENCE_S


def test_files_that_are_not_there_or_no_text_are_no_error(pi: Pi, tmp_path: Path) -> None:
    machine = pi.installation().machine
    assert machine.text("/no/such/file") is None
    assert machine.text("/etc") is None
    assert machine.names("/no/such/folder") == ()
    (tmp_path / "pi/odd").write_bytes(b"\xff\xfe\0")
    assert machine.text("/odd") == "\ufffd\ufffd"


def test_a_command_gives_its_words_and_its_code(pi: Pi) -> None:
    pi.say("speak", "out", "err", code=3)
    assert pi.installation().machine.run(["speak"]) == Output(code=3, stdout="out", stderr="err")


def test_a_command_that_is_not_there_or_no_program_is_none(pi: Pi) -> None:
    machine = pi.installation().machine
    assert machine.run(["no-such-command"]) is None
    (pi.commands / "broken").write_bytes(b"\x7fELF nothing")
    (pi.commands / "broken").chmod(0o755)
    assert machine.run(["broken"]) is None


def test_a_command_that_hangs_is_killed_with_its_children(pi: Pi, tmp_path: Path) -> None:
    """The child of the child ignores SIGTERM and holds the pipe: waiting for its end would be for ever."""
    pi.script("hang", f"(trap '' TERM HUP; echo $$ > {tmp_path}/pid; exec sleep 600) & echo begun; wait")
    output = pi.installation().machine.run(["hang"], within_s=0.5)
    assert output == Output(code=None, stdout="begun\n", stderr="")
    group = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + PATIENCE_S
    while _members(group) and time.monotonic() < deadline:
        time.sleep(0.01)  # the kernel may end the killed later
    assert _members(group) == []


def _members(group: int) -> list[Path]:
    return [path for path in Path("/proc").glob("[0-9]*/stat") if _group(path) == group]


def _group(stat: Path) -> int | None:
    """The process group of a process that has not ended."""
    try:
        state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return None
    return None if state == "Z" else int(group)


def test_what_a_child_says_becomes_facts_or_a_reason() -> None:
    def of(code: int | None, stdout: str = "", stderr: str = "") -> object:
        answer = child_reply(Output(code=code, stdout=stdout, stderr=stderr))
        return answer.facts or answer.trouble

    assert of(0, '{"version": "5.1.1"}') == {"version": "5.1.1"}
    assert of(0, "[]") == "its output is not the expected JSON"
    assert of(0, "loud library") == "its output is not the expected JSON"
    assert of(1, "", "a warning\nThe reason.\n") == "The reason."
    assert of(1) == "it ended with exit code 1"
    assert of(-11) == "it was ended by signal 11"
    assert of(None) == "it gave no answer within 30 s and was killed"
    assert child_reply(None).trouble == "it could not be started"


def test_the_one_who_looks_is_the_one_who_runs_it() -> None:
    assert Machine().uid == os.geteuid()
