"""Opening the chip and leaving it, on both releases of HailoRT. Numbers in brackets are sections of the contract."""

import errno
import os
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hailo_vision.chat import FinishReason
from hailo_vision.errors import DeviceFault, DeviceUnavailable
from hailo_vision.wire import Failed, Finished, Generate, Loaded, Quit, Token
from hailo_vision.worker.hailo import HailoBackend
from worker.devices import IMAGE_TOKENS, LOAD, RED, SIDE_PX, Device, Worker, asking, lock_held

Spawn = Callable[..., Worker]


def failure(device: Device, **fields: Any) -> DeviceUnavailable:
    with pytest.raises(DeviceUnavailable) as caught:
        device.load(**fields)
    return caught.value


def test_a_loaded_model_describes_itself_as_the_device_does(device: Device, version: str) -> None:
    model = device.model
    assert (model.runtime, model.runtime_version, model.device) == ("simulated", version, "simulated")
    assert (model.frame_width_px, model.frame_height_px) == (SIDE_PX, SIDE_PX)
    assert model.context_tokens == device.vlm.max_context_capacity()
    assert model.load_s >= 0


def test_a_picture_costs_what_is_said_of_it(device: Device) -> None:
    """E of [2.5], against the device's own context."""
    device.answer(asking("Describe.", max_tokens=1))
    without = device.prompt_tokens
    device.answer(asking(RED, "Describe.", max_tokens=1))
    marks = 2  # vision start and end
    assert device.prompt_tokens - without == device.model.image_tokens + marks
    assert device.model.image_tokens == IMAGE_TOKENS


def test_only_5_1_1_has_a_limit_of_frames(device: Device, version: str) -> None:
    assert device.model.max_images == {"5.1.1": 5, "5.2.0": None}[version]


def test_the_release_is_told_by_what_it_can_do_and_not_by_its_number(
    unloaded: Device, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[1.4]: 5.2.0 is known by its videos, whatever it calls itself."""
    monkeypatch.setattr(unloaded._modules.root, "__version__", "9.9.9")
    model = unloaded.load().model
    assert model.runtime_version == "9.9.9"
    assert model.max_images == {"5.1.1": 5, "5.2.0": None}[version]


@pytest.mark.parametrize(("given", "seen"), [(None, "NONE"), ("/var/log/here", "/var/log/here")])
def test_the_vendors_log_files_are_off_before_its_library_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, seen: str
) -> None:
    """Trap 22: the library opens them while it is imported, in $HOME and the working directory."""
    package = tmp_path / "runtime_that_looks_around"
    package.mkdir()
    (package / "__init__.py").write_text("import os; raise ImportError('logs to ' + os.environ['HAILORT_LOGGER_PATH'])")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("HAILORT_LOGGER_PATH", given or "")
    if given is None:
        monkeypatch.delenv("HAILORT_LOGGER_PATH")
    with pytest.raises(DeviceUnavailable, match=f"logs to {seen}"):
        HailoBackend().load(replace(LOAD, runtime=package.name))


@pytest.mark.parametrize("where", ["folder", "home"])
def test_log_files_that_cant_be_opened_are_turned_off_as_the_library_would_abort(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], where: str
) -> None:
    """[12.1, N4]: a folder of the file's name is one way to be such; the process would get SIGABRT in the import."""
    package, logs, home = tmp_path / "runtime_that_logs", tmp_path / "logs", tmp_path / "home"
    package.mkdir()
    (package / "__init__.py").write_text("import os; raise ImportError('logs to ' + os.environ['HAILORT_LOGGER_PATH'])")
    blocked = {"folder": logs, "home": home / ".hailo" / "hailort"}[where] / "hailort.log"
    logs.mkdir()
    blocked.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("HAILORT_LOGGER_PATH", str(logs))
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(DeviceUnavailable, match="logs to NONE"):
        HailoBackend().load(replace(LOAD, runtime=package.name))
    assert f"{blocked} can't be opened" in capfd.readouterr().err


def test_a_runtime_that_is_not_installed_is_told_with_the_command_that_installs_it() -> None:
    backend = HailoBackend()
    with pytest.raises(DeviceUnavailable, match="apt install") as caught:
        backend.load(replace(LOAD, runtime="no_such_runtime"))
    assert caught.value.fault is DeviceFault.RUNTIME_MISSING
    assert caught.value.fault.is_permanent


@pytest.mark.parametrize(
    ("played", "fault", "status", "next_step"),
    [
        ("no_device", DeviceFault.NO_DEVICE, None, "check the HAT's seat"),
        ("device_busy", DeviceFault.DEVICE_BUSY, 74, "device.group_id"),
        ("device_booting", DeviceFault.DEVICE_LOST, 97, "power the board off and on"),
        ("device_booting@89", DeviceFault.DEVICE_LOST, 89, "power the board off and on"),
        ("device_booting@96", DeviceFault.DEVICE_LOST, 96, "power the board off and on"),
        ("device_booting@87", DeviceFault.DEVICE_LOST, 87, "power the board off and on"),
        ("device_booting@73", DeviceFault.DEVICE_BUSY, 73, "device.group_id"),
        ("device_booting@36", DeviceFault.DEVICE_LOST, 36, "sudo dmesg | grep -i hailo"),
        ("device_booting@4", DeviceFault.DEVICE_LOST, 4, "did not answer in time"),
        ("device_booting@81", DeviceFault.OUT_OF_MEMORY, 81, "CmaTotal"),
        ("driver_mismatch", DeviceFault.DRIVER_MISMATCH, 76, "upgrade both and reboot"),
        ("hef_missing", DeviceFault.MODEL_MISSING, 13, "put it in place"),
        ("hef_truncated", DeviceFault.MODEL_INVALID, 14, "fetch it again"),
        ("hef_truncated@26", DeviceFault.MODEL_INVALID, 26, "fetch the one for"),
        ("hef_truncated@91", DeviceFault.MODEL_INVALID, 91, "fetch it again"),
        ("hef_truncated@92", DeviceFault.MODEL_INVALID, 92, "fetch the one for"),
        ("hef_other_chip", DeviceFault.MODEL_INVALID, 93, "fetch the one for"),
        ("out_of_memory", DeviceFault.OUT_OF_MEMORY, 81, "CmaTotal in /proc/meminfo"),
        ("out_of_memory@3", DeviceFault.OUT_OF_MEMORY, 3, "stop other programs"),
        ("hef_truncated@62", DeviceFault.DEVICE_BUSY, 62, "stop other programs"),
        ("hef_truncated@8", DeviceFault.FAILED, 8, "hailortcli logs runtime"),
        ("hef_truncated@6", DeviceFault.DEVICE_BUSY, 6, "stop other programs"),
        ("hef_truncated@73", DeviceFault.DEVICE_BUSY, 73, "stop other programs"),
        ("hef_truncated@36", DeviceFault.DEVICE_LOST, 36, "sudo dmesg | grep -i hailo"),
        ("upload_fails", DeviceFault.DEVICE_LOST, 4, "faster storage"),
        ("upload_fails@57", DeviceFault.DEVICE_LOST, 57, "the server on the chip closed"),
    ],
)
def test_a_load_that_fails_says_what_is_wrong_what_to_do_and_the_vendors_number(
    unloaded: Device, played: str, fault: DeviceFault, status: int | None, next_step: str
) -> None:
    """[6]; raw statuses on both releases, which 5.1.1 does not count as HailoRTException (trap 2)."""
    unloaded.play(played)
    error = failure(unloaded)
    assert (error.fault, error.status) == (fault, status)
    assert next_step in str(error)
    if status is not None:
        assert f"HailoRT status {status})" in str(error)


@pytest.mark.parametrize(
    ("number", "fault", "says"),
    [
        (errno.EPERM, DeviceFault.SHUT_OUT, "sandbox"),
        (errno.EACCES, DeviceFault.NO_PERMISSION, "the service user's groups"),
        (None, DeviceFault.DEVICE_LOST, "powering the board off and on"),
    ],
)
def test_a_refusal_of_the_driver_is_a_matter_of_permission_only_where_the_node_cant_be_opened(
    unloaded: Device,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int | None,
    fault: DeviceFault,
    says: str,
) -> None:
    """The kernel's word is played, as only a cgroup's device filter says EPERM; scripts/system-test has a real one."""
    node, really_open = str(tmp_path / "hailo0"), os.open
    Path(node).touch()

    def refuse(path: Any, *arguments: Any, **options: Any) -> int:
        if path == node and number is not None:
            raise OSError(number, os.strerror(number), path)
        return really_open(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    unloaded.play("no_permission")
    with pytest.raises(DeviceUnavailable, match=says) as caught:
        unloaded.load(device=node)
    error = caught.value
    assert (error.fault, error.status) == (fault, 36)
    assert not error.fault.is_permanent


def test_only_what_a_person_must_mend_is_permanent() -> None:
    assert {fault for fault in DeviceFault if fault.is_permanent} == {
        DeviceFault.DRIVER_MISMATCH,
        DeviceFault.RUNTIME_MISSING,
        DeviceFault.MODEL_MISSING,
        DeviceFault.MODEL_INVALID,
    }


@pytest.mark.parametrize("content", [b"", b"\x01HEF", b"no model at all " * 10])
def test_a_file_that_is_no_model_is_permanent(unloaded: Device, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.hef"
    path.write_bytes(content)
    error = failure(unloaded, hef=str(path))
    assert error.fault is DeviceFault.MODEL_INVALID
    assert str(path) in str(error)


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_what_is_no_file_is_refused_before_anything_opens_it(unloaded: Device, tmp_path: Path, kind: str) -> None:
    """The library would wait for a writer of the pipe until it is killed."""
    path = Path("/dev/zero") if kind == "device" else tmp_path / "model.hef"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
    error = failure(unloaded, hef=str(path))
    assert error.fault is DeviceFault.MODEL_INVALID
    assert str(path) in str(error)


def test_a_busy_chip_and_a_missing_one_are_told_apart_though_both_are_74(unloaded: Device) -> None:
    """Trap 17: the scan tells."""
    unloaded.play("device_busy")
    assert failure(unloaded).fault is DeviceFault.DEVICE_BUSY
    unloaded.play("no_device")
    assert failure(unloaded).fault is DeviceFault.NO_DEVICE


def test_the_group_is_the_configured_one_and_another_group_is_a_conflict(chip: dict[str, Any]) -> None:
    """Trap 23: never the default, UNIQUE, which fails beside any other program."""
    with lock_held(chip, group="SHARED"):
        one = Device(chip).load()
        assert one.answer(asking(RED, "Describe.", max_tokens=1)).reason is FinishReason.LENGTH
        one.close()
    with lock_held(chip, group="another"):
        error = failure(Device(chip))
        assert (error.fault, error.status) == (DeviceFault.DEVICE_BUSY, 74)
        other = Device(chip).load(group_id="another")
        other.close()


def test_the_parameters_of_the_device_live_as_long_as_it_does(device: Device) -> None:
    """Trap 18: the VDevice keeps a pointer into them; ids given by keyword would dangle."""
    assert device.backend._params is device.backend._vdevice.params
    assert not device.backend._vdevice._vdevice.has_dangling_ids


@pytest.mark.parametrize(
    "played",
    [
        "device_booting@97",
        "device_booting@89",
        "device_busy",
        "device_booting@4",
        "hef_truncated@62",
        "hef_truncated@6",
        "hef_truncated@73",
    ],
)
def test_a_device_that_is_not_there_yet_is_tried_again_within_the_patience(
    spawn: Spawn, chip: dict[str, Any], played: str
) -> None:
    fault = Path(chip["fault_file"])
    fault.write_text(played)
    worker = spawn().start(patience_s=60)
    worker.wait_for_log("Waiting for the chip")
    fault.write_text("none")
    assert isinstance(worker.receive(), Loaded)
    assert worker.ask(asking(RED, "What colour is it?"))[0]


def test_a_place_that_a_dying_process_still_holds_is_waited_for(spawn: Spawn, chip: dict[str, Any]) -> None:
    """Trap 28: 62 from the constructor of 5.2.0. 5.1.1 has no guard, so there is nothing to wait for [7]."""
    with lock_held(chip) as leave:
        worker = spawn().start(patience_s=60)
        if chip["version"] == "5.2.0":
            worker.wait_for_log("(status 62")
            leave()
        assert isinstance(worker.receive(), Loaded)


def test_another_group_that_leaves_in_time_is_waited_for(spawn: Spawn, chip: dict[str, Any]) -> None:
    with lock_held(chip, group="another") as leave:
        worker = spawn().start(patience_s=60)
        worker.wait_for_log("(status 74")
        leave()
        assert isinstance(worker.receive(), Loaded)


def test_an_answer_that_the_library_misses_while_it_opens_the_device_is_asked_for_again(
    spawn: Spawn, chip: dict[str, Any]
) -> None:
    """[12.1, N1]: measured on 5.2.0, and gone at the next try."""
    fault = Path(chip["fault_file"])
    fault.write_text("answer_lost@1")
    worker = spawn().start(patience_s=60)
    worker.wait_for_log("did not answer in time")
    fault.write_text("none")
    assert isinstance(worker.receive(), Loaded)


@pytest.mark.parametrize("played", ["hef_missing", "hef_truncated", "hef_other_chip", "driver_mismatch"])
def test_what_time_does_not_mend_is_not_tried_again(
    unloaded: Device, capfd: pytest.CaptureFixture[str], played: str
) -> None:
    unloaded.play(played)
    failure(unloaded, patience_s=60)
    assert capfd.readouterr().err.count("(status ") == 1


def test_a_worker_that_cannot_load_says_so_with_its_last_word_and_leaves(spawn: Spawn, chip: dict[str, Any]) -> None:
    Path(chip["fault_file"]).write_text("hef_other_chip")
    worker = spawn().start()
    failed = worker.receive()
    assert isinstance(failed, Failed)
    assert (failed.job, failed.fatal) == (None, True)
    assert isinstance(failed.error, DeviceUnavailable)
    assert failed.error.status == 93
    assert (worker.receive(), worker.end()) == (None, 1)


# Leaving


def test_the_model_is_released_before_the_device(device: Device, capfd: pytest.CaptureFixture[str]) -> None:
    """Trap 13: the other order can crash the server on the chip."""
    device.answer(asking(RED, "Describe."))
    device.backend.close()
    assert "trap 13" not in capfd.readouterr().err
    assert device.vlm._model is None
    assert device.backend._vdevice._vdevice is None


def test_whoever_comes_next_finds_the_chip_free(chip: dict[str, Any]) -> None:
    for _ in range(2):
        one = Device(chip).load(group_id="UNIQUE")
        one.answer(asking("Hello.", max_tokens=3))
        one.close()


def test_close_before_anything_was_loaded_is_nothing(unloaded: Device) -> None:
    unloaded.backend.close()


def test_quit_in_the_middle_of_an_answer_ends_it_and_releases_in_order(spawn: Spawn) -> None:
    worker = spawn(tokens_per_s=50).load()
    worker.send(Generate(job=1, generation=asking(RED, "Describe.")))
    assert isinstance(worker.receive(), Token)
    worker.send(Quit())
    _, last = worker.rest()
    assert isinstance(last, Finished)
    assert last.reason is None
    assert (worker.receive(), worker.end()) == (None, 0)
    assert "trap" not in worker.log


def test_no_handler_of_a_signal_is_ever_installed_in_a_worker(spawn: Spawn) -> None:
    """[12.1, N3]: a signal with a handler ends the library's read with status 8, and the answer with it.

    The kernel knows of every handler in the process, Python's and those of C.
    """
    worker = spawn(tokens_per_s=50).load()
    worker.send(Generate(job=1, generation=asking(RED, "What colour is it?")))
    assert isinstance(worker.receive(), Token)
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    caught = int(re.search(r"^SigCgt:\s*(\w+)$", status, re.M)[1], 16)  # type: ignore[index]
    handled = {number for number in range(1, 32) if caught >> (number - 1) & 1}
    # faulthandler, which PYTHONFAULTHANDLER=1 turns on, has those that end the process in any case.
    assert handled <= {signal.SIGSEGV, signal.SIGFPE, signal.SIGABRT, signal.SIGBUS, signal.SIGILL}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGWINCH):
        worker.process.send_signal(number)
    _, last = worker.rest()
    assert isinstance(last, Finished)
    assert last.reason is FinishReason.STOP


def test_a_worker_ignores_the_signals_that_are_meant_for_the_daemon(spawn: Spawn) -> None:
    """Trap 26: a handler would run between two calls of C at best; when the worker ends is the daemon's decision."""
    worker = spawn(tokens_per_s=50).load()
    worker.send(Generate(job=1, generation=asking(RED, "What colour is it?")))
    assert isinstance(worker.receive(), Token)
    worker.process.terminate()
    _, last = worker.rest()
    assert isinstance(last, Finished)
    assert last.reason is FinishReason.STOP


@pytest.mark.parametrize("way", ["eof", "quit"])
def test_a_worker_whose_daemon_has_gone_releases_and_leaves(spawn: Spawn, chip: dict[str, Any], way: str) -> None:
    worker = spawn().load()
    if way == "eof":
        worker._end.shutdown(1)
    else:
        worker.send(Quit())
    assert worker.end() == 0
    one = Device(chip).load(group_id="UNIQUE")
    one.close()
