"""`hailo-vision doctor`, as a person runs it: on a Pi made of files, on the simulator, and here."""

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from doctor.pi import BUS, JSON, MODEL, Pi
from doctor.server import SECRET, THEIRS, listening, status
from doctor.test_engine import OF_THE_CHIP
from harness import COMMAND, PATIENCE_S
from needs import POWERLESS, needs_powerless

pytestmark = pytest.mark.slow


@pytest.fixture
def pi(tmp_path: Path) -> Pi:
    pi = Pi(tmp_path)
    pi.origin("5.1.1")
    pi.configure(server={"port": 0}, model={"hef": f"/{MODEL}"})
    return pi


def doctor(*words: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "COLUMNS": "100", **variables}
    command = [*COMMAND, "doctor", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment)


def on(pi: Pi, *words: str) -> "subprocess.CompletedProcess[str]":
    return doctor("--root", pi.root, *words, TMPDIR=str(pi.root), **pi.environment)


def verdicts(output: str) -> dict[str, str]:
    return {check["id"]: check["verdict"] for check in json.loads(output)["checks"]}


def test_a_healthy_pi_has_nothing_wrong(pi: Pi) -> None:
    done = on(pi, "--json")
    told: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert told["verdict"] == "ok"
    assert [check["id"] for check in told["checks"]] == OF_THE_CHIP
    # The port is 0, and whether others' processes can be looked into depends on who runs the tests.
    unusual = {name: verdict for name, verdict in verdicts(done.stdout).items() if verdict != "ok"}
    assert unusual.keys() <= {"port", "holders"}
    saw = {check["id"]: check["saw"] for check in told["checks"]}
    assert saw["chip"] == "HAILO10H"
    assert saw["temperature"] == "47.0 °C"


def test_the_shape_for_programs_stays(pi: Pi) -> None:
    told = json.loads(on(pi, "--json").stdout)
    assert list(told) == ["schema", "version", "runtime", "verdict", "counts", "checks"]
    assert told["schema"] == 1
    assert list(told["counts"]) == ["ok", "warning", "failed", "skipped"]
    assert sum(told["counts"].values()) == len(told["checks"])
    assert all(list(check) == ["id", "title", "verdict", "saw", "advice"] for check in told["checks"])


def test_without_the_chip_it_says_so_first_and_the_rest_follows_from_it(pi: Pi) -> None:
    pi.remove(BUS)
    pi.remove("dev/hailo0")
    pi.remove("sys/module")
    pi.remove("proc/modules")
    done = on(pi, "--json")
    found = verdicts(done.stdout)
    assert done.returncode == 1
    assert found["npu"] == "failed"
    names = ("driver", "node", "chip", "firmware", "temperature", "link", "holders")
    assert {found[name] for name in names} == {"skipped"}
    assert "There is no NPU here. 1 failed." in on(pi).stdout


def test_what_is_broken_is_shown_with_the_next_step(pi: Pi) -> None:
    pi.write("sys/module/hailo1x_pci/version", "5.2.0")
    pi.remove(MODEL)
    done = on(pi)
    assert done.returncode == 1
    assert "FAILED   Versions" in done.stdout
    assert "-> `sudo apt update && sudo apt full-upgrade`, then reboot" in done.stdout
    assert (
        "`sudo -u hailo-vision hailo-vision models pull qwen2-vl-2b-instruct`" in done.stdout
    )  # in one piece, to be copied
    assert done.stdout.endswith("\n2 failed and 1 to look at. The first one is often the cause of others.\n")
    assert "\x1b" not in done.stdout  # no colours in a file


def test_warnings_are_failures_only_when_that_is_asked_for(pi: Pi) -> None:
    pi.write("sys/fs/cgroup/cgroup.controllers", "cpu io pids")
    assert on(pi).returncode == 0
    strict = on(pi, "--strict")
    assert strict.returncode == 1
    assert "1 to look at" in strict.stdout


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("raise ImportError('libhailort.so.5.1.1: cannot open shared object file')", "cannot open shared object file"),
        ("import os; os.kill(os.getpid(), 11)", "it was ended by signal 11"),
    ],
)
def test_bindings_that_break_break_only_their_child(pi: Pi, package: str, said: str) -> None:
    (pi.root.parent / "python/hailo_platform/__init__.py").write_text(package)
    done = on(pi, "--json")
    checks = {check["id"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["bindings"]["verdict"] == "failed"
    assert said in checks["bindings"]["saw"]
    assert checks["chip"]["verdict"] == "skipped"
    assert done.stderr == ""


@pytest.mark.parametrize("fault", ["no_permission", "driver_mismatch", "device_booting"])
def test_a_chip_that_does_not_answer_is_a_failure_in_words(pi: Pi, fault: str) -> None:
    pi.environment["HAILO_VISION_SIMULATOR"] = json.dumps({"fault": fault})
    checks = {check["id"]: check for check in json.loads(on(pi, "--json").stdout)["checks"]}
    assert checks["chip"]["verdict"] == "failed"
    assert checks["chip"]["saw"].startswith("the chip gave no answer: Asking the chip: ")
    assert checks["temperature"]["verdict"] == "skipped"


@needs_powerless
def test_what_is_closed_to_the_one_who_looks_is_skipped_with_a_word(pi: Pi) -> None:
    """Run by somebody who may not read the service's files, nor look into other processes."""
    pi.process(77, "/usr/bin/other", "/dev/null")
    closed = [pi.root / name for name in (JSON, "var/lib/hailo-vision", "proc/77/fd")]
    for path in closed:
        path.chmod(0)
    words = [*POWERLESS, *COMMAND, "doctor", "--json", "--root", str(pi.root)]
    environment = {**os.environ, **pi.environment}
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=environment)
    for path in closed:
        path.chmod(0o755)
    assert done.stderr == ""
    checks = {check["id"]: check for check in json.loads(done.stdout)["checks"]}
    for name, said in (
        ("config", "can't be read by you"),
        ("model", "can't be read by you"),
        ("holders", "can't be seen"),
    ):
        assert checks[name]["verdict"] == "skipped"
        assert said in checks[name]["saw"]
        assert checks[name]["advice"] == "Run `sudo hailo-vision doctor`."
    assert checks["disk"]["saw"].endswith("pi/var/lib/hailo-vision")


@needs_powerless
def test_what_auto_takes_can_t_be_told_from_outside_a_closed_folder(pi: Pi) -> None:
    for name in (BUS, "dev/hailo0"):
        pi.remove(name)
    folder = pi.root / "var/lib/hailo-vision/models"
    (folder / "Qwen2-VL-2B-Instruct-Q4_K_M.gguf").write_bytes(b"GGUF")
    pi.configure(server={"port": 0}, device={"runtime": "auto"})
    folder.chmod(0)
    words = [*POWERLESS, *COMMAND, "doctor", "--json", "--root", str(pi.root)]
    environment = {**os.environ, **pi.environment}
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment)
    folder.chmod(0o755)
    (engine,) = [check for check in json.loads(done.stdout)["checks"] if check["id"] == "engine"]
    assert engine["verdict"] == "skipped"
    assert engine["saw"].startswith("you have no permission to see whether auto takes llama")
    assert engine["advice"] == "Run `sudo hailo-vision doctor`."


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_of_a_remote_server_nothing_secret_is_printed(pi: Pi, words: list[str]) -> None:
    pi.write("etc/hailo-vision/remote.key", SECRET)
    with listening(status(403)) as server:
        remote = {"base_url": server.base_url, "model": "m", "key_file": "/etc/hailo-vision/remote.key"}
        remote |= {"headers": [f"X-Also: {SECRET}"]}
        pi.configure(server={"port": 0}, routing={"fallback": "remote"}, remote=remote)
        done = on(pi, *words)
        assert [headers["Authorization"] for _, headers in server.asked] == [f"Bearer {SECRET}"]
    assert done.returncode == 1
    assert "does not take the key (status 403)" in " ".join(done.stdout.split())
    assert SECRET not in done.stdout + done.stderr
    assert THEIRS not in done.stdout + done.stderr


def test_what_auto_takes_is_what_the_last_line_and_the_json_name(pi: Pi) -> None:
    for name in (BUS, "dev/hailo0"):
        pi.remove(name)
    pi.configure(server={"port": 0}, device={"runtime": "auto"})
    assert "The runtime is simulated: no NPU is used." in on(pi).stdout
    assert json.loads(on(pi, "--json").stdout)["runtime"] == "simulated"


def test_on_the_simulator_nothing_of_the_hardware_is_missed(tmp_path: Path) -> None:
    config = tmp_path / "simulated.yaml"
    config.write_text("device: {runtime: simulated}\nserver: {port: 0}\n")
    done = doctor("--config", config, "--json")
    assert "failed" not in verdicts(done.stdout).values(), done.stdout
    assert done.returncode == 0
    assert "The runtime is simulated: no NPU is used." in doctor("--config", config).stdout


def test_on_this_machine_it_comes_to_an_end_without_a_trace(tmp_path: Path) -> None:
    done = doctor("--json", XDG_CONFIG_HOME=str(tmp_path))
    assert len(json.loads(done.stdout)["checks"]) == len(OF_THE_CHIP)
    assert "Traceback" not in done.stderr


def test_a_config_that_is_wrong_does_not_end_it(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("nonsense: 1\n")
    done = doctor("--config", tmp_path / "wrong.yaml", "--json")
    assert done.returncode == 1
    assert verdicts(done.stdout)["config"] == "failed"
    assert len(verdicts(done.stdout)) == len(OF_THE_CHIP)


def test_a_reader_that_leaves_early_gets_no_trace(pi: Pi) -> None:
    words = shlex.join([*COMMAND, "doctor", "--root", str(pi.root)])
    environment = {**os.environ, **pi.environment}
    done = subprocess.run(
        ["sh", "-c", f"{words} | true"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env=environment,
    )
    assert done.stderr == ""


def test_the_udev_rule_is_printed_for_both_names_of_the_driver() -> None:
    done = doctor("--udev")
    assert done.returncode == 0
    (rule,) = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert rule == 'SUBSYSTEM=="hailo_chardev|hailo1x", GROUP="hailo", MODE="0660"'
