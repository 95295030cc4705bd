"""VDevice and Device: who gets the chip, and who does not (contract 1.3, 5, 7)."""

import gc
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest

from simulator.platforms import HEF, Platform


def status(raised: pytest.ExceptionInfo[BaseException]) -> int:
    return int((raised.value.__cause__ or raised.value).args[0])


def test_the_defaults_are_the_vendors(platform: Platform) -> None:
    # Contract 1.3: UNIQUE, one device, round robin as an int, no service.
    params = platform.root.VDevice.create_params()
    assert (params.group_id, params.device_count, params.multi_process_service, params.device_ids) == (
        "UNIQUE",
        1,
        False,
        [],
    )
    assert params.scheduling_algorithm == int(platform.root.HailoSchedulingAlgorithm.ROUND_ROBIN)


def test_a_scan_finds_the_device(platform: Platform) -> None:
    assert platform.root.Device.scan() == ["0001:01:00.0"]


def test_the_same_name_shares_the_chip(platform: Platform) -> None:
    platform.vdevice("SHARED")
    platform.vdevice("SHARED")


@pytest.mark.parametrize(("first", "second"), [("SHARED", "OTHER"), ("SHARED", "UNIQUE"), ("UNIQUE", "UNIQUE")])
def test_another_name_or_unique_finds_the_chip_busy(platform: Platform, first: str, second: str) -> None:
    # Contract 7, trap 23: 74, the same number as no device at all.
    held = platform.vdevice(first)
    with pytest.raises(platform.root.HailoRTException) as raised:
        platform.vdevice(second)
    assert status(raised) == 74
    held.release()
    platform.vdevice(second)


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"multi_process_service": True}, 6),
        ({"device_count": 2}, 74),
        ({"device_ids": ["0001:02:00.0"]}, 74),
    ],
)
def test_parameters_that_a_hailo_10h_does_not_take(platform: Platform, fields: dict[str, Any], number: int) -> None:
    with pytest.raises(platform.root.HailoRTException) as raised:
        platform.vdevice(**fields)
    assert status(raised) == number


def test_device_ids_can_be_given_once(platform: Platform) -> None:
    params = platform.root.VDevice.create_params()
    params.device_ids = platform.root.Device.scan()
    with pytest.raises(platform.wrapped.HailoRTInvalidOperationException):
        platform.root.VDevice(params, device_ids=platform.root.Device.scan())


def test_genai_needs_a_scheduler(platform: Platform) -> None:
    # Contract 1.3: 79, raw because it comes from a constructor.
    vdevice = platform.vdevice(scheduling_algorithm=platform.root.HailoSchedulingAlgorithm.NONE)
    with pytest.raises(platform.raw.HailoRTStatusException, match="79"):
        platform.genai.VLM(vdevice, HEF)


def test_release_can_be_called_twice_and_leaves_room(platform: Platform) -> None:
    with platform.vdevice("UNIQUE") as vdevice:
        vdevice.release()
    platform.vdevice("OTHER")


def test_a_hailo_10h_configures_nothing(platform: Platform) -> None:
    vdevice = platform.vdevice()
    assert vdevice.loaded_network_groups == []
    with pytest.raises(platform.root.HailoRTException) as raised:
        vdevice.configure(None)
    assert status(raised) == 7


def test_a_released_vdevice_given_to_a_model_ends_the_process(script: Callable[..., CompletedProcess[str]]) -> None:
    # Contract 1.3: a null pointer is dereferenced.
    result = script("v = platform.vdevice(); v.release(); platform.genai.VLM(v, HEF)")
    assert result.returncode == -11
    assert "SIGSEGV: VLM() was given a released VDevice" in result.stderr


def test_device_ids_as_an_argument_end_the_process_when_a_model_uses_them(
    script: Callable[..., CompletedProcess[str]],
) -> None:
    # Trap 18: the VDevice keeps a pointer to a temporary.
    result = script("platform.genai.VLM(platform.root.VDevice(device_ids=['0001:01:00.0']), HEF)")
    assert result.returncode == -11
    assert "trap 18" in result.stderr


def test_a_dead_process_leaves_the_chip_free(
    script: Callable[..., CompletedProcess[str]], fresh: Callable[..., Platform]
) -> None:
    # Contract 7: the place of a client whose session closes is free again.
    assert script("v = platform.vdevice('OTHER'); os._exit(3)").returncode == 3
    fresh().vdevice("SHARED")


def test_a_device_tells_who_it_is_while_a_model_runs(platform: Platform) -> None:
    # Contract 5: its own connection, no lock.
    platform.vlm()
    device = platform.root.Device()
    assert device.control.identify().device_architecture == "HAILO10H"
    assert device.control.get_chip_temperature().sample_count == 1


def test_a_board_without_a_sensor_measures_no_power(platform: Platform) -> None:
    device = platform.root.Device()
    with pytest.raises(platform.root.HailoRTException) as raised:
        device.control.power_measurement()
    assert status(raised) == 13


def test_a_device_that_nobody_keeps_is_gone_before_its_control_is_used(platform: Platform) -> None:
    # Contract 1.3: `Device().control.x()` fails.
    control = platform.root.Device().control
    gc.collect()
    with pytest.raises(platform.wrapped.HailoRTInvalidOperationException):
        control.identify()
