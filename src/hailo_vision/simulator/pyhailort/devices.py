"""`VDevice` and `Device` as Python sees them (contract 1.3, 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from hailo_vision.simulator.pyhailort import _pyhailort
from hailo_vision.simulator.pyhailort.exceptions import (
    ExceptionWrapper,
    HailoRTException,
    HailoRTInvalidOperationException,
)
from hailo_vision.simulator.status import Status


class VDevice:
    """A share of the chip. The default group is UNIQUE, which excludes all other clients (trap 23)."""

    def __init__(
        self, params: _pyhailort.VDeviceParams | None = None, *, device_ids: Sequence[str] | None = None
    ) -> None:
        self._vdevice: _pyhailort.VDevice | None = None
        self._params = self.create_params() if params is None else params
        self._device_ids = device_ids
        with ExceptionWrapper():
            self._vdevice = _pyhailort.VDevice(self._params, device_ids)

    @staticmethod
    def create_params() -> _pyhailort.VDeviceParams:
        with ExceptionWrapper():
            return _pyhailort.VDeviceParams()

    @property
    def params(self) -> _pyhailort.VDeviceParams:
        return self._params

    @property
    def loaded_network_groups(self) -> list[object]:
        return []  # on a Hailo-10H always (contract 1.3)

    def get_physical_devices_ids(self) -> list[str]:
        if self._vdevice is None:
            raise HailoRTInvalidOperationException("the VDevice was released")
        return _pyhailort.scan()

    def configure(self, hef: object, configure_params_by_name: object = None) -> None:
        with ExceptionWrapper():
            _pyhailort.fail(Status.NOT_IMPLEMENTED, "a Hailo-10H has no configure() (contract 1.3)")

    def create_infer_model(self, hef_source: object, name: str = "") -> None:
        with ExceptionWrapper():
            _pyhailort.fail(Status.NOT_IMPLEMENTED, "InferModel is not simulated")

    def release(self) -> None:
        if self._vdevice is not None:
            self._vdevice.release()
            self._vdevice = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureInfo:
    """Degrees Celsius. The simulator's are invented and constant."""

    ts0_temperature: float = 47.0
    ts1_temperature: float = 46.5
    sample_count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardInformation:
    """The result of identify(); an AI HAT+ 2 has no numbers of its own (contract 8)."""

    protocol_version: int = 2
    firmware_version: str
    logger_version: int = 0
    board_name: str = "Hailo-10"
    device_architecture: str = "HAILO10H"
    serial_number: str = "N/A"
    part_number: str = "N/A"
    product_name: str = "N/A"


@dataclass(slots=True, kw_only=True)
class Link:
    """The connection of a Device; it ends with the Device, even if a Control outlives that."""

    device_id: str
    is_open: bool = True

    def check(self) -> None:
        if not self.is_open:
            raise HailoRTInvalidOperationException("the Device was released")


class Control:
    """Calls of the device itself; each opens its own connection (contract 5)."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def device_id(self) -> str:
        return self._link.device_id

    def identify(self) -> BoardInformation:
        self._link.check()
        return BoardInformation(firmware_version=f"{_pyhailort.__version__} (simulated)")

    def get_chip_temperature(self) -> TemperatureInfo:
        self._link.check()
        return TemperatureInfo()

    def get_extended_device_information(self) -> BoardInformation:
        return self.identify()

    def power_measurement(self, *args: Any, **kwargs: Any) -> None:
        """A board without the sensor (contract 5)."""
        self._link.check()
        with ExceptionWrapper():
            _pyhailort.fail(Status.OPEN_FILE_FAILURE, "the board has no sensor of its power")


class Device:
    """The chip itself. Keep the object: its controls fail once it is collected (contract 1.3)."""

    def __init__(self, device_id: str | None = None) -> None:
        self._link: Link | None = None
        ids = self.scan()
        if not ids:
            raise HailoRTException("there is no Hailo device")
        _pyhailort.open_device(device_id)
        self._link = Link(device_id=ids[0] if device_id is None else device_id)
        self._control = Control(self._link)

    @classmethod
    def scan(cls) -> list[str]:
        return _pyhailort.scan()

    @property
    def device_id(self) -> str:
        return self._control.device_id

    @property
    def control(self) -> Control:
        return self._control

    def release(self) -> None:
        if self._link is not None:
            self._link.is_open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()
