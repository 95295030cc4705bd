"""The meaning of HailoRT's status numbers, by what was being done, and what a person can do about each.

One number has several meanings: 62 from the model's constructor is a taken place, from a temperature it is a lost
connection. Where a meaning is a deduction from the vendor's source, docs/hailort-traps.md says so.
"""

import errno
import os
from collections.abc import Mapping
from typing import Final

from hailo_vision.errors import DeviceFault, DeviceUnavailable

Meanings = Mapping[int, tuple[DeviceFault, str]]

DRIVER_REFUSED: Final = 36

_FREE_THE_DEVICE = "stop other programs that use it"
_FETCH_AGAIN = "fetch it again and restart the service"
_FETCH_ANOTHER = "fetch the one for this chip and this HailoRT and restart the service"
_DEVICE_LOG = "`hailortcli logs runtime` shows the device's own log"
_WAIT_OR_REBOOT = "if it stays so, power the board off and on"
_OTHER_GROUP = f"the chip is held under another device.group_id: use that, or {_FREE_THE_DEVICE}"
_PLACE_TAKEN = f"the chip's one place for a language or vision model is taken: {_FREE_THE_DEVICE}"

# 36 is every refusal of the driver that has no number of its own: too new a driver for the chip's firmware, a chip that
# hangs, and a node that can't be opened, which `refusal_of_the_node` tells apart.
_REFUSED_BY_DRIVER = (
    DeviceFault.DEVICE_LOST,
    "the driver refuses the device, though its node can be opened: `sudo dmesg | grep -i hailo` says why; after an "
    "upgrade, or where the chip hangs, only powering the board off and on helps",
)

# Of any call of a model or device that is there.
ASKING: Final[Meanings] = {
    3: (DeviceFault.OUT_OF_MEMORY, f"the device is out of memory: {_FREE_THE_DEVICE}"),
    4: (DeviceFault.DEVICE_LOST, f"the device did not answer in time: {_WAIT_OR_REBOOT}"),
    DRIVER_REFUSED: _REFUSED_BY_DRIVER,
    57: (DeviceFault.DEVICE_LOST, f"the server on the chip closed the connection: {_WAIT_OR_REBOOT}"),
    62: (DeviceFault.DEVICE_LOST, f"the connection with the chip was closed: {_WAIT_OR_REBOOT}"),
    76: (DeviceFault.DRIVER_MISMATCH, "driver and HailoRT have different versions: upgrade both and reboot"),
    81: (
        DeviceFault.OUT_OF_MEMORY,
        "the host's memory for transfers (CMA) or the chip's own is used up: see CmaTotal in /proc/meminfo (0 means "
        f"that cmdline.txt asks for more than there is), or {_FREE_THE_DEVICE}",
    ),
    87: (DeviceFault.DEVICE_LOST, f"the device did not answer its driver in time: {_WAIT_OR_REBOOT}"),
    89: (DeviceFault.DEVICE_LOST, f"the device's own system may still be booting: {_WAIT_OR_REBOOT}"),
    96: (DeviceFault.DEVICE_LOST, f"the device is not connected: {_WAIT_OR_REBOOT}"),
    97: (DeviceFault.DEVICE_LOST, f"the device is still booting: {_WAIT_OR_REBOOT}"),
}

OPENING: Final[Meanings] = {
    **ASKING,
    73: (DeviceFault.DEVICE_BUSY, _OTHER_GROUP),
    74: (DeviceFault.DEVICE_BUSY, _OTHER_GROUP),
}

LOADING: Final[Meanings] = {
    **ASKING,
    4: (
        DeviceFault.DEVICE_LOST,
        "the model could not be sent to the chip within the 2 minutes that HailoRT allows: move the file to faster "
        "storage (27 MB/s is too slow for 3 GB)",
    ),
    # 6 and 73 from 5.3.0 on, where the place is asked for by a request of its own; 62 is a closed session.
    6: (DeviceFault.DEVICE_BUSY, _PLACE_TAKEN),
    13: (DeviceFault.MODEL_MISSING, "the model file is missing or unreadable: put it in place and restart the service"),
    14: (DeviceFault.MODEL_INVALID, f"the model file is cut short: {_FETCH_AGAIN}"),
    26: (DeviceFault.MODEL_INVALID, f"the model file was built for another HailoRT release: {_FETCH_ANOTHER}"),
    57: (
        DeviceFault.DEVICE_LOST,
        "the server on the chip closed while it was sent the model, as it does for want of memory or right after "
        f"another model was released: {_FREE_THE_DEVICE}; {_WAIT_OR_REBOOT}",
    ),
    62: (DeviceFault.DEVICE_BUSY, _PLACE_TAKEN),
    73: (DeviceFault.DEVICE_BUSY, _PLACE_TAKEN),
    74: (DeviceFault.DEVICE_BUSY, _OTHER_GROUP),
    91: (DeviceFault.MODEL_INVALID, f"the model file is damaged: {_FETCH_AGAIN}"),
    92: (DeviceFault.MODEL_INVALID, f"the model file is of a kind that this chip does not take: {_FETCH_ANOTHER}"),
    93: (DeviceFault.MODEL_INVALID, f"the model file was built for another chip: {_FETCH_ANOTHER}"),
}

# For its temperature and firmware; no model and no place is asked for.
PROBING: Final[Meanings] = {
    **ASKING,
    13: (DeviceFault.FAILED, f"the chip can't read its own sensor: {_DEVICE_LOG}"),
    16: (DeviceFault.FAILED, "the chip's firmware does not answer this question"),
    74: (DeviceFault.NO_DEVICE, "no device answers: check the HAT's seat and that its driver is loaded"),
}

# Statuses that pass by themselves: a process that is ending still holds its place, the device is booting, or an answer
# of the device was lost between two threads of the library (4 after 10 s, measured on 5.2.0).
TRANSIENT_WHILE_OPENING: Final = frozenset({4, 74, 89, 97})
TRANSIENT_WHILE_LOADING: Final = frozenset({6, 62, 73})


def status_of(error: BaseException) -> int | None:
    """HailoRT's status number: the raw exception holds it in decimal, a mapped one has the raw one as its cause."""
    for candidate in (error.__cause__, error):
        if candidate is not None and candidate.args and str(candidate.args[0]).isdecimal():
            return int(candidate.args[0])
    return None


def unavailable(error: BaseException, action: str, meanings: Meanings) -> DeviceUnavailable:
    """The error for a failed call of the vendor's: its meaning in our words, with the vendor's number."""
    status = status_of(error)
    unknown = (DeviceFault.FAILED, f"HailoRT failed ({type(error).__name__}): {_DEVICE_LOG}")
    fault, meaning = meanings.get(status or 0, unknown)
    number = "" if status is None else f" (HailoRT status {status})"
    return DeviceUnavailable(fault, f"{action}: {meaning}{number}.", status=status)


def refusal_of_the_node(node: str, error: DeviceUnavailable) -> DeviceUnavailable | None:
    """The error for a device node that can't be opened; None where that is not the reason.

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
        if refusal.errno == errno.EACCES and error.status == DRIVER_REFUSED:
            return DeviceUnavailable(
                DeviceFault.NO_PERMISSION,
                f"Opening the device: the device node can't be opened: check the mode of {node} and the service "
                f"user's groups (HailoRT status {DRIVER_REFUSED}).",
                status=error.status,
            )
    return None
