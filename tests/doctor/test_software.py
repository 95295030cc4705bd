"""Configuration, model, port, disk, memory, service, clock."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from doctor.pi import JSON, MODEL, YAML, Pi, as_line
from hailo_vision.doctor import config, files, model, port, service, space, system
from hailo_vision.doctor.account import Account
from harness import Daemon
from models.mirror import hef

PULL = "sudo -u hailo-vision hailo-vision models pull qwen2-vl-2b-instruct"

# Configuration


def test_a_json_in_step_with_its_yaml_is_fine(pi: Pi) -> None:
    line = as_line(config.look(pi.installation()))
    assert line == f"ok: {pi.root / YAML} has no problems, and {pi.root / JSON} is in step with it -> None"


def test_a_yaml_that_was_edited_since_wants_a_restart(pi: Pi) -> None:
    pi.write(YAML, "queue: {depth: 3}\n")
    line = as_line(config.look(pi.installation()))
    assert line.startswith(f"warning: {pi.root / YAML} has changed since")
    assert "sudo systemctl restart hailo-vision" in line


def test_a_yaml_that_is_wrong_is_told_before_the_restart_that_it_would_break(pi: Pi) -> None:
    pi.write(YAML, "queue: {depht: 3}\n")
    line = as_line(config.look(pi.installation()))
    assert line.startswith("failed: ")
    assert 'queue.depht: unknown key; did you mean "depth"?' in line
    assert f"hailo-vision check-config {pi.root / YAML}" in line


def test_a_named_file_is_checked_alone_and_all_its_problems_are_told(pi: Pi, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("server: {port: 99999, prot: 1}\n")
    installation = pi.installation(wrong)
    line = as_line(config.look(installation))
    assert "has 2 problems: server.port: 99999 is too large" in line
    assert installation.settings.server.port == 11435  # the other checks go on with the defaults


def test_without_a_file_the_defaults_hold(pi: Pi) -> None:
    pi.remove(JSON)
    assert as_line(config.look(pi.installation())) == "ok: no config file, so the defaults hold -> None"


# Model


def test_a_whole_model_of_the_right_release_is_fine(pi: Pi) -> None:
    line = as_line(model.look(pi.installation()))
    assert line.startswith(f"ok: {pi.root / MODEL}, 0.2 MB, for HailoRT 5.1.1")


def test_a_missing_model_is_pulled(pi: Pi) -> None:
    pi.remove(MODEL)
    line = as_line(model.look(pi.installation()))
    assert line == f"failed: {pi.root / MODEL} is not there -> `{PULL}`"


def cut(pi: Pi) -> None:
    pi.write(MODEL, hef()[:-5000])


def page(pi: Pi) -> None:
    pi.write(MODEL, "<html>Not found</html>")


def for_the_hailo_8(pi: Pi) -> None:
    pi.write(MODEL, hef(version=2))


def another_size(pi: Pi) -> None:
    pi.origin("5.1.1", size_bytes=123)


def another_release(pi: Pi) -> None:
    pi.origin("5.2.0")


@pytest.mark.parametrize(
    ("spoil", "saw"),
    [
        (cut, "is shorter than its header says"),
        (page, "is a page for browsers and no model"),
        (for_the_hailo_8, "is for the Hailo-8"),
        (another_size, "has 200,000 bytes instead of 123"),
        (another_release, "is for HailoRT 5.2.0, and 5.1.1 is installed"),
    ],
)
def test_a_spoilt_model_is_pulled_again(pi: Pi, spoil: Callable[[Pi], None], saw: str) -> None:
    spoil(pi)
    line = as_line(model.look(pi.installation()))
    assert line.startswith("failed: ")
    assert saw in line
    assert line.endswith(f"`{PULL} --force`")


def test_a_model_of_unknown_origin_is_taken_as_it_is(pi: Pi) -> None:
    pi.remove(f"{MODEL}.json")
    line = as_line(model.look(pi.installation()))
    assert line.startswith("ok: ")
    assert "for which release it was made is not known" in line


def test_the_service_s_user_must_reach_the_model(pi: Pi) -> None:
    stranger = Account(name="stranger", uid=4321, gids=frozenset({4321}))
    path = pi.root / MODEL
    assert files.closed_to(stranger, path, pi.root) is None
    path.chmod(0o600)
    assert files.closed_to(stranger, path, pi.root) == path
    path.parent.chmod(0o700)
    assert files.closed_to(stranger, path, pi.root) == path.parent
    line = as_line(model.look(pi.installation(uid=0)))
    assert "hailo-vision may not read" in line
    assert f"sudo chmod a+rX {path.parent}" in line


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_folder_or_a_pipe_in_the_model_s_place_is_no_model(pi: Pi, make: Callable[[Path], None]) -> None:
    pi.remove(MODEL)
    make(pi.root / MODEL)
    assert as_line(model.look(pi.installation())) == f"failed: {pi.root / MODEL} is no file -> Remove it, then `{PULL}`"


def test_without_a_service_root_pulls_the_model(pi: Pi) -> None:
    pi.write("etc/passwd", "pi:x:1000:1000::/home/pi:/bin/sh\n")
    pi.remove(MODEL)
    assert model.look(pi.installation()).advice == "`sudo hailo-vision models pull qwen2-vl-2b-instruct`"


# Port


def test_a_free_port_says_that_the_server_is_not_running(pi: Pi) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
    pi.configure(server={"port": number})
    assert (
        as_line(port.look(pi.installation()))
        == f"ok: 127.0.0.1 port {number} is free: the server is not running -> None"
    )


def test_a_port_held_by_our_server_is_fine(pi: Pi, daemon: Daemon) -> None:
    number = int(daemon.url.rpartition(":")[2])
    pi.configure(server={"port": number})
    line = as_line(port.look(pi.installation()))
    assert line.startswith(f"ok: 127.0.0.1 port {number} is held by hailo-vision 0.1.0, which is ready")


def test_a_port_held_by_another_program_is_a_failure_that_helps_to_find_it(pi: Pi) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
        listener.settimeout(30)
        pi.configure(server={"port": number})

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_10.0\r\n")

        other = Thread(target=answer)
        other.start()
        line = as_line(port.look(pi.installation()))
        other.join()
    assert line.startswith(f"failed: 127.0.0.1 port {number} is taken, and it is not hailo-vision that answers")
    assert f"ss -ltnp 'sport = :{number}'" in line


def test_an_address_of_another_machine_is_a_failure(pi: Pi) -> None:
    pi.configure(server={"host": "192.0.2.1"})
    line = as_line(port.look(pi.installation()))
    assert line.startswith("failed: 192.0.2.1 port 11435 can't be listened on")
    assert "an address of this machine" in line


# Disk and memory


def test_the_disk_is_asked_where_the_model_will_be(pi: Pi) -> None:
    pi.remove("var/lib/hailo-vision")
    finding = space.disk(pi.installation())
    free_mb = shutil.disk_usage(pi.root).free / 1e6
    assert finding.verdict == ("ok" if free_mb > 1000 else finding.verdict)
    assert finding.saw.endswith(f"MB are free on the disk of {pi.root / 'var/lib'}")


def test_little_memory_is_a_warning(pi: Pi) -> None:
    pi.write("proc/meminfo", "MemTotal: 2048000 kB\nMemAvailable: 102400 kB\n")
    assert as_line(space.memory(pi.installation())).startswith("warning: 105 MB are available -> End other programs")


def test_a_missing_memory_cgroup_names_the_switch(pi: Pi) -> None:
    pi.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n")
    line = as_line(space.memory(pi.installation()))
    assert line.startswith("warning: ")
    assert "cgroup_enable=memory" in line
    assert "/boot/firmware/cmdline.txt" in line


@pytest.mark.parametrize(
    ("total", "line"),
    [
        ("CmaTotal: 65536 kB\n", "ok: 64 MB of contiguous memory are reserved"),
        ("CmaTotal: 524288 kB\n", "ok: 512 MB of contiguous memory are reserved"),
        (
            "CmaTotal: 32768 kB\n",
            "warning: 32 MB of contiguous memory are reserved; 64 to 512 MB are normal -> Remove `cma=`",
        ),
        ("CmaTotal: 0 kB\n", "warning: the kernel has reserved no contiguous memory: a `cma=` that is too large"),
        ("", "skipped: this kernel reports no contiguous memory"),
    ],
)
def test_contiguous_memory_that_the_driver_needs(pi: Pi, total: str, line: str) -> None:
    pi.write("proc/meminfo", f"MemTotal: 8257536 kB\n{total}")
    assert as_line(space.cma(pi.installation())).startswith(line)


# Service and journal


@pytest.mark.parametrize(
    ("unit", "line"),
    [
        ({}, "ok: active (running); it says: ready, qwen2-vl-2b-instruct is loaded"),
        (
            {"NRestarts": "4"},
            "warning: active (running); it says: ready, qwen2-vl-2b-instruct is loaded; systemd has rest",
        ),
        (
            {"ActiveState": "failed", "SubState": "failed", "Result": "exit-code", "ExecMainStatus": "78"},
            "failed: failed (failed); it says: ready, qwen2-vl-2b-instruct is loaded; exit-code, exit code 78, its con",
        ),
        (
            {"ActiveState": "inactive", "SubState": "dead", "StatusText": ""},
            "warning: inactive (dead) -> `sudo systemctl",
        ),
        (
            {"ActiveState": "activating", "SubState": "start", "StatusText": "loading"},
            "warning: activating (start); it",
        ),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "StatusText": "port 11435 is taken"},
            "failed: activating (auto-restart); it says: port 11435 is taken -> Its start failed",
        ),
        (
            {"ActiveState": "failed", "SubState": "failed", "Result": "exit-code", "ExecMainStatus": "69"},
            "failed: failed (failed); it says: ready, qwen2-vl-2b-instruct is loaded; exit-code, exit code 69, the",
        ),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "NRestarts": "9"},
            "failed: activating (auto-restart",
        ),
        ({"LoadState": "not-found"}, "skipped: not installed as a service"),
    ],
)
def test_the_state_of_the_service(pi: Pi, unit: dict[str, str], line: str) -> None:
    pi.set_unit(**unit)
    assert as_line(service.look(pi.installation())).startswith(line)


def test_without_systemd_there_is_no_service(pi: Pi) -> None:
    pi.remove("run/systemd/system")
    assert as_line(service.look(pi.installation())) == "skipped: no systemd here -> None"
    assert as_line(service.journal(pi.installation())) == "skipped: no systemd here -> None"


def test_the_last_error_is_quoted_with_its_time(pi: Pi) -> None:
    pi.say("journalctl", json.dumps({"MESSAGE": "it broke", "__REALTIME_TIMESTAMP": "1780000000000000"}) + "\n")
    assert as_line(service.journal(pi.installation())).startswith(
        "warning: 2026-05-28 20:26:40 UTC: it broke -> `journalctl -u"
    )
    pi.say("journalctl", json.dumps({"MESSAGE": list(b"\xff\xfebad"), "__REALTIME_TIMESTAMP": "x"}) + "\n")
    assert "at an unknown time: \ufffd\ufffdbad" in service.journal(pi.installation()).saw


def test_a_journal_without_errors_is_fine_and_one_that_is_closed_is_skipped(pi: Pi) -> None:
    assert as_line(service.journal(pi.installation())) == "ok: no error since the start of the machine -> None"
    pi.say("journalctl", "", "Hint: You are currently not seeing messages from other users and the system.\n")
    assert as_line(service.journal(pi.installation())).startswith(
        "skipped: the journal of the service can't be read by you"
    )
    pi.say("journalctl", "", "No journal files were opened.\n", code=1)
    assert as_line(service.journal(pi.installation())).startswith(
        "skipped: the journal can't be read: No journal files were"
    )


# Clock


@pytest.mark.parametrize(
    ("year", "synchronised", "line"),
    [
        (2026, True, "ok: 2026-07-01 12:00 UTC, synchronised"),
        (2026, None, "ok: 2026-07-01 12:00 UTC; whether it is synchronised is not known"),
        (2026, False, "warning: 2026-07-01 12:00 UTC, not synchronised -> `sudo timedatectl set-ntp true`"),
        (1970, True, "failed: 1970-07-01 12:00 UTC, which can't be"),
        (2500, False, "failed: 2500-07-01 12:00 UTC, which can't be"),
    ],
)
def test_the_clock(year: int, synchronised: bool | None, line: str) -> None:
    assert as_line(system.judge_clock(datetime(year, 7, 1, 12, tzinfo=UTC), synchronised)).startswith(line)


def test_timedatectl_is_asked_where_timesyncd_left_no_mark(pi: Pi) -> None:
    assert system.clock(pi.installation()).saw.endswith(", synchronised")
    pi.remove("run/systemd/timesync")
    pi.say("timedatectl", "no\n")
    assert system.clock(pi.installation()).saw.endswith(", not synchronised")


def test_a_model_for_the_newest_known_release_below_is_a_warning(pi: Pi) -> None:
    pi.say("dpkg-query", "python3-h10-hailort installed 5.9.0\n")
    pi.origin("5.4.0")
    line = as_line(model.look(pi.installation()))
    assert line.startswith("warning: ")
    assert "no qwen2-vl-2b-instruct for HailoRT 5.9.0; this is the file for 5.4.0" in line
