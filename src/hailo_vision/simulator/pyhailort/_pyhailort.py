"""Stands in for the bindings' C++ module: its exceptions, its parameters and the objects behind the Python classes."""

import weakref
from collections.abc import Callable, Sequence
from enum import Enum
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from hailo_vision.simulator import chip
from hailo_vision.simulator.behaviour import OPTIONS
from hailo_vision.simulator.clock import log
from hailo_vision.simulator.params import ConvertedProperty, boolean, string, strings, uint32
from hailo_vision.simulator.session import Session
from hailo_vision.simulator.status import Failure, LLMGeneratorCompletionStatus, Status

__all__ = [
    "HailoRTCustomException",
    "HailoRTException",
    "HailoRTStatusException",
    "LLMGeneratorCompletionStatus",
    "SchedulingAlgorithm",
    "VDevice",
    "VDeviceParams",
    "__version__",
    "get_status_message",
]

__version__: Final = OPTIONS.version

P = ParamSpec("P")
R = TypeVar("R")


class HailoRTException(Exception):
    """The class that C++ registers. pyhailort.HailoRTException is another one on 5.1.1 (contract 1.2)."""


class HailoRTCustomException(HailoRTException):
    pass


if OPTIONS.version == "5.1.1":

    class HailoRTStatusException(Exception):
        """One argument: the decimal status number (contract 1.2)."""

else:

    class HailoRTStatusException(HailoRTException):  # type: ignore[no-redef]
        """One argument: the decimal status number (contract 1.2)."""


def get_status_message(status: int) -> str:
    try:
        return f"HAILO_{Status(status).name}"
    except ValueError:
        return "HAILO_INVALID_STATUS"


def raising(function: Callable[P, R]) -> Callable[P, R]:
    """Turn a failure into the exception that leaves C++, and log the reason on stderr, as the vendor's library does."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Failure as failure:
            if failure.status is not Status.TIMEOUT:
                log(str(failure))
            raise HailoRTStatusException(str(int(failure.status))) from None

    return call


class SchedulingAlgorithm(Enum):
    NONE = 0
    ROUND_ROBIN = 1

    def __int__(self) -> int:
        return self.value


def _scheduling_algorithm(value: object) -> int:
    """Its getter gives an int (contract 1.3)."""
    if not isinstance(value, SchedulingAlgorithm):
        raise TypeError(f"incompatible function arguments: {value!r} is no SchedulingAlgorithm")
    return value.value


class VDeviceParams:
    """The parameters of opening a VDevice; the defaults are the vendor's (contract 1.3)."""

    device_ids: ConvertedProperty[list[str]] = ConvertedProperty(strings)
    device_count: ConvertedProperty[int] = ConvertedProperty(uint32)
    scheduling_algorithm: ConvertedProperty[int] = ConvertedProperty(_scheduling_algorithm)
    group_id: ConvertedProperty[str] = ConvertedProperty(string)
    multi_process_service: ConvertedProperty[bool] = ConvertedProperty(boolean)

    def __init__(self) -> None:
        self.device_ids = []
        self.device_count = 1
        self.scheduling_algorithm = SchedulingAlgorithm.ROUND_ROBIN
        self.group_id = chip.UNIQUE
        self.multi_process_service = False


@raising
def fail(status: Status, why: str) -> None:
    """Fail a call that the device or this stand-in does not implement."""
    raise Failure(status, why)


@raising
def scan() -> list[str]:
    return chip.scan(OPTIONS)


@raising
def open_device(device_id: str | None) -> None:
    """Raise the failures of creating a Device, which shares the chip with any client (contract 5)."""
    chip.check_driver(OPTIONS)
    if device_id is not None and device_id not in chip.scan(OPTIONS):
        raise Failure(Status.OUT_OF_PHYSICAL_DEVICES, f"there is no device {device_id}")


class VDevice:
    """A place in a group of clients that share the chip."""

    @raising
    def __init__(self, params: VDeviceParams, device_ids: Sequence[str] | None) -> None:
        ids = params.device_ids if device_ids is None else strings(device_ids)
        if device_ids is not None and params.device_ids:
            raise Failure(Status.INVALID_OPERATION, "device ids were given twice")
        if params.multi_process_service:
            raise Failure(Status.INVALID_OPERATION, "a Hailo-10H has no multi-process service")
        if params.device_count != 1:
            raise Failure(Status.OUT_OF_PHYSICAL_DEVICES, f"{params.device_count} devices are not there")
        chip.check_driver(OPTIONS)
        if any(device_id != chip.DEVICE_ID for device_id in ids):
            raise Failure(Status.OUT_OF_PHYSICAL_DEVICES, f"not all of {ids} are there")
        self.params = params
        self.has_dangling_ids = device_ids is not None
        self.sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        self._place = chip.join_group(OPTIONS, params.group_id)

    def release(self) -> None:
        for session in self.sessions:
            if session.is_alive:
                session.close("the VDevice was released before its model: the session is closed (trap 13)")
        self._place.release()
