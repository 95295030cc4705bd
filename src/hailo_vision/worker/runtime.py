"""The vendor's package or its stand-in, imported by name, and the meaning of its errors.

Errors come in three kinds (contract 1.2): mapped subclasses of HailoRTException, the plain one, and from constructors a
raw `HailoRTStatusException` that in HailoRT 5.1.1 is not a HailoRTException at all. All carry one status number.
"""

import errno
import importlib
import inspect
import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from hailo_vision.errors import DeviceFault, DeviceUnavailable

VENDOR = "hailo_platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The modules of one runtime, and the exceptions that it raises."""

    name: str
    version: str
    root: ModuleType
    genai: ModuleType
    errors: tuple[type[Exception], ...]
    timeout: type[Exception]
    generating: Any
    logical_end: Any

    @property
    def takes_videos(self) -> bool:
        """True from 5.2.0 on, where the limit of frames per call is gone too (contract 1.4)."""
        return "videos" in inspect.signature(self.genai.VLM.generate).parameters


def import_runtime(name: str) -> Runtime:
    """Import a runtime by its module's name. Raises DeviceUnavailable."""
    # Before the import: the library opens its log files while it loads, in $HOME and the working directory.
    os.environ.setdefault("HAILORT_LOGGER_PATH", "NONE")
    try:
        root = importlib.import_module(name)
        genai = importlib.import_module(f"{name}.genai")
        wrapped = importlib.import_module(f"{name}.pyhailort.pyhailort")
        raw = importlib.import_module(f"{name}.pyhailort._pyhailort")
    except ImportError as error:
        raise DeviceUnavailable(
            DeviceFault.RUNTIME_MISSING,
            f"HailoRT's Python package can't be imported ({error}). "
            "Install it with `sudo apt install hailo-h10-all` and restart the service.",
        ) from error
    return Runtime(
        name="hailo" if name == VENDOR else "simulated",
        version=str(root.__version__),
        root=root,
        genai=genai,
        errors=(wrapped.HailoRTException, raw.HailoRTStatusException),
        timeout=wrapped.HailoRTTimeout,
        generating=raw.LLMGeneratorCompletionStatus.GENERATING,
        logical_end=raw.LLMGeneratorCompletionStatus.LOGICAL_END_OF_GENERATION,
    )


def status_of(error: BaseException) -> int | None:
    """HailoRT's status number: the raw exception holds it in decimal, a mapped one has the raw one as its cause."""
    for candidate in (error.__cause__, error):
        if candidate is not None and candidate.args and str(candidate.args[0]).isdecimal():
            return int(candidate.args[0])
    return None


_FREE_THE_DEVICE = "stop other programs that use it"
_FETCH_AGAIN = "fetch it again and restart the service"
_FETCH_ANOTHER = "fetch the one for this chip and this HailoRT and restart the service"
_DEVICE_LOG = "`hailortcli logs runtime` shows the device's own log"
_WAIT_OR_REBOOT = "if it stays so, power the board off and on"

# What a status means while opening or loading, and what a person can do about it.
_MEANINGS: dict[int, tuple[DeviceFault, str]] = {
    3: (DeviceFault.OUT_OF_MEMORY, f"the device is out of memory: {_FREE_THE_DEVICE}"),
    13: (DeviceFault.MODEL_MISSING, "the model file is missing or unreadable: put it in place and restart the service"),
    14: (DeviceFault.MODEL_INVALID, f"the model file is cut short: {_FETCH_AGAIN}"),
    26: (DeviceFault.MODEL_INVALID, f"the model file was built for another HailoRT release: {_FETCH_ANOTHER}"),
    36: (DeviceFault.NO_PERMISSION, "the device node can't be opened: check its mode and the service user's groups"),
    62: (DeviceFault.DEVICE_BUSY, f"the chip's one place for a language or vision model is taken: {_FREE_THE_DEVICE}"),
    73: (DeviceFault.DEVICE_BUSY, f"the chip is held under another device.group_id: use that, or {_FREE_THE_DEVICE}"),
    74: (DeviceFault.DEVICE_BUSY, f"the chip is held under another device.group_id: use that, or {_FREE_THE_DEVICE}"),
    76: (DeviceFault.DRIVER_MISMATCH, "driver and HailoRT have different versions: upgrade both and reboot"),
    81: (DeviceFault.OUT_OF_MEMORY, f"the device is out of memory: {_FREE_THE_DEVICE}"),
    87: (DeviceFault.DEVICE_LOST, f"the device did not answer its driver in time: {_WAIT_OR_REBOOT}"),
    89: (DeviceFault.DEVICE_LOST, f"the device's own system may still be booting: {_WAIT_OR_REBOOT}"),
    91: (DeviceFault.MODEL_INVALID, f"the model file is damaged: {_FETCH_AGAIN}"),
    92: (DeviceFault.MODEL_INVALID, f"the model file is of a kind that this chip does not take: {_FETCH_ANOTHER}"),
    93: (DeviceFault.MODEL_INVALID, f"the model file was built for another chip: {_FETCH_ANOTHER}"),
    96: (DeviceFault.DEVICE_LOST, f"the device is not connected: {_WAIT_OR_REBOOT}"),
    97: (DeviceFault.DEVICE_LOST, f"the device is still booting: {_WAIT_OR_REBOOT}"),
}


def unavailable(error: BaseException, action: str) -> DeviceUnavailable:
    """The error for a failure while opening or loading: its meaning in our words, with the vendor's number."""
    status = status_of(error)
    unknown = (DeviceFault.FAILED, f"HailoRT failed ({type(error).__name__}): {_DEVICE_LOG}")
    fault, meaning = _MEANINGS.get(status or 0, unknown)
    number = "" if status is None else f" (HailoRT status {status})"
    return DeviceUnavailable(fault, f"{action}: {meaning}{number}.", status=status)


def sandbox_error(node: str, error: DeviceUnavailable) -> DeviceUnavailable | None:
    """The error for a device node that the service's sandbox does not let in (EPERM); None where that is not the
    reason.

    EACCES comes from the node's mode, which an admin can change. EPERM comes from systemd's sandbox, which lets in the
    devices that it knew when the service started, so only a new start of the service helps. HailoRT has one number for
    both.
    """
    try:
        os.close(os.open(node, os.O_RDWR | os.O_CLOEXEC))
    except OSError as refusal:
        if refusal.errno == errno.EPERM:
            return DeviceUnavailable(
                DeviceFault.SHUT_OUT,
                f"The service's sandbox does not let {node} in (EPERM): it was built before the driver was loaded, "
                "or DeviceAllow= in the unit does not name it. Only a new start of the service helps.",
                status=error.status,
            )
    return None
