"""Loading a model: the file, the one KV cache, and the raw statuses of constructors (contract 1.2, 6, 7)."""

import struct
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from simulator.platforms import HEF, Platform, user

GOOD_HEAD = struct.pack(">III", 0x01484546, 3, 100).ljust(56, b"\0")


def load_status(platform: Platform, path: str = HEF) -> int:
    with pytest.raises(platform.raw.HailoRTStatusException) as raised:
        platform.vlm(path)
    assert raised.value.__cause__ is None
    return int(raised.value.args[0])


def test_a_path_without_a_file_is_taken_for_the_model(platform: Platform) -> None:
    # A departure: nobody without the chip has the file.
    assert platform.vlm().max_context_capacity() == 2048


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b"", 14),
        (GOOD_HEAD[:40], 14),
        (GOOD_HEAD + b"x" * 99, 14),
        (b"x" * 1000, 92),
        (struct.pack(">III", 0x01484546, 2, 0).ljust(56, b"\0"), 92),
        (struct.pack(">III", 0x7F454C46, 3, 0).ljust(56, b"\0"), 91),
    ],
)
def test_a_file_that_is_no_model_fails_by_its_head(
    platform: Platform, tmp_path: Path, content: bytes, number: int
) -> None:
    # Contract 6: truncated 14, Hailo-8 92, corrupt 91; 5.1.1 takes version 3 alone.
    file = tmp_path / "model.hef"
    file.write_bytes(content)
    assert load_status(platform, str(file)) == number


def test_a_file_with_a_plausible_head_is_taken(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "model.hef"
    file.write_bytes(GOOD_HEAD + b"x" * 100)
    assert platform.vlm(str(file)).tokenize("a")


def test_a_folder_can_not_be_opened(platform: Platform, tmp_path: Path) -> None:
    assert load_status(platform, str(tmp_path)) == 13


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        ("hef_missing", 13),
        ("hef_truncated", 14),
        ("hef_truncated@91", 91),
        ("hef_other_chip", 93),
        ("out_of_memory", 81),
        ("out_of_memory@3", 3),
    ],
)
@pytest.mark.parametrize("version", ["5.1.1", "5.2.0"])
def test_faults_of_loading_leave_the_constructor_raw(
    fresh: Callable[..., Platform], version: str, fault: str, number: int
) -> None:
    # Contract 1.2, trap 2: not wrapped; the number is the only argument.
    assert load_status(fresh(version=version, fault=fault)) == number


def test_a_load_that_failed_leaves_the_chip_free(fresh: Callable[..., Platform], tmp_path: Path) -> None:
    file = tmp_path / "fault"
    file.write_text("out_of_memory")
    platform = fresh(version="5.2.0", fault_file=str(file))
    assert load_status(platform) == 81
    file.unlink()
    platform.vlm()


def test_5_2_0_refuses_a_second_model_until_the_first_is_released(fresh: Callable[..., Platform]) -> None:
    # Contract 7: one LLM or VLM per chip, 62 from the constructor.
    platform = fresh(version="5.2.0")
    vlm = platform.vlm()
    assert load_status(platform) == 62
    vlm.release()
    platform.llm()


def test_5_1_1_lets_a_second_model_in_and_says_so(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    # Contract 1.4: no guard, behaviour unverified.
    platform.vlm()
    platform.vlm()
    assert "another simulator on this machine holds the simulated chip too" in capsys.readouterr().err


def test_a_crashed_process_leaves_the_kv_cache_free(
    script: Callable[..., CompletedProcess[str]], fresh: Callable[..., Platform]
) -> None:
    # Contract 7, trap 28: the slot is free once the owner's session is closed.
    assert script("v = platform.vlm(); os._exit(3)", version="5.2.0").returncode == 3
    fresh(version="5.2.0").vlm()


def test_the_host_tokenizer_was_not_built(platform: Platform) -> None:
    # Contract 2.1: optimize_memory_on_device needs it.
    with pytest.raises(platform.raw.HailoRTStatusException, match="7"):
        platform.genai.VLM(platform.vdevice(), HEF, optimize_memory_on_device=True)


def test_a_path_must_be_a_str(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        platform.genai.VLM(platform.vdevice(), tmp_path)


def test_after_release_every_method_fails_as_on_none(platform: Platform) -> None:
    # Contract 1.2: AttributeError escapes after release().
    vlm = platform.vlm()
    vlm.release()
    vlm.release()
    for call in (vlm.clear_context, vlm.get_context_usage_size, vlm.input_frame_shape, vlm.prompt_template):
        with pytest.raises(AttributeError):
            call()
    with pytest.raises(AttributeError):
        vlm.generate(prompt=[user("x")], frames=[])


@pytest.mark.parametrize(("fault", "signal"), [("crash_in_load", -11)])
def test_a_crash_while_loading_ends_the_process(
    script: Callable[..., CompletedProcess[str]], fault: str, signal: int
) -> None:
    assert script("platform.vlm()", fault=fault).returncode == signal


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        ("device_busy", 74),
        ("device_booting", 97),
        ("device_booting@89", 89),
        ("no_permission", 36),
        ("driver_mismatch", 76),
        ("no_device", 74),
    ],
)
def test_faults_of_opening(fresh: Callable[..., Platform], fault: str, number: int) -> None:
    # Contract 6. 74 stands for both busy and absent: only the scan tells them apart (trap 17).
    platform = fresh(fault=fault)
    with pytest.raises(platform.root.HailoRTException) as raised:
        platform.vdevice()
    assert raised.value.__cause__.args == (str(number),)  # type: ignore[union-attr]
    assert (platform.root.Device.scan() == []) == (fault == "no_device")
    named: dict[str, Any] = {"no_permission": platform.wrapped.HailoRTPCIeDriverException}
    assert type(raised.value) is named.get(fault, platform.root.HailoRTException)


def test_an_answer_of_the_device_that_the_library_misses_is_a_timeout_of_opening(
    fresh: Callable[..., Platform],
) -> None:
    # Contract 12.1, N1: after 10 s on the real one.
    platform = fresh(fault="answer_lost@0")
    with pytest.raises(platform.wrapped.HailoRTTimeout, match="a timeout had occurred") as raised:
        platform.vdevice()
    assert raised.value.__cause__.args == ("4",)  # type: ignore[union-attr]
    assert platform.root.Device.scan() != []


@pytest.mark.parametrize(("fault", "number"), [("upload_fails", 4), ("upload_fails@57", 57)])
def test_an_upload_that_fails_gives_its_raw_status(fresh: Callable[..., Platform], fault: str, number: int) -> None:
    # Contract 11.4, S2-2, and 12.1, N2.
    platform = fresh(fault=fault)
    with pytest.raises(platform.raw.HailoRTStatusException) as raised:
        platform.vlm()
    assert raised.value.args == (str(number),)
