"""The one chip of this machine: the groups of its clients and its KV cache, for which lock files stand.

Locks of `flock` belong to an open file: two objects of one process exclude each other as two processes do, and the
kernel drops a dead process's locks, as the chip drops its sessions (contract 7).
"""

import fcntl
import os
from typing import Final

from hailo_vision.simulator.behaviour import Behaviour
from hailo_vision.simulator.clock import block_until, log, now
from hailo_vision.simulator.status import Failure, Status

DEVICE_ID: Final = "0001:01:00.0"
UNIQUE: Final = "UNIQUE"
_RETRY_S: Final = 0.1
_REQUEST_TIMEOUT_S: Final = 10.0  # of the requests that open a device


def scan(behaviour: Behaviour) -> list[str]:
    """The devices of this machine; it needs no permission on them (contract 1.3)."""
    return [] if behaviour.current_fault().name == "no_device" else [DEVICE_ID]


def check_driver(behaviour: Behaviour) -> None:
    """Raise the failures that come first when a device is opened (contract 6)."""
    fault = behaviour.current_fault()
    match fault.name:
        case "device_booting":
            raise Failure(Status(fault.argument or Status.DEVICE_TEMPORARILY_UNAVAILABLE), "the device is booting")
        case "answer_lost":
            # The device answers, but the library's wait begins after the answer has come (contract 12.1, N1).
            block_until(now() + (_REQUEST_TIMEOUT_S if fault.argument is None else fault.argument))
            raise Failure(Status.TIMEOUT, "the device's answer did not come")
        case "no_device":
            raise Failure(Status.OUT_OF_PHYSICAL_DEVICES, "there is no device")
        case "no_permission":
            raise Failure(Status.DRIVER_OPERATION_FAILED, "no permission on /dev/hailo0")
        case "driver_mismatch":
            raise Failure(Status.INVALID_DRIVER_VERSION, "the driver's version is not the library's")


class Lock:
    """A lock file that is held until `release`, or until the process ends."""

    def __init__(self, path: str) -> None:
        self._file: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def try_take(self, *, shared: bool) -> bool:
        assert self._file is not None
        try:
            fcntl.flock(self._file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait(self) -> None:
        assert self._file is not None
        fcntl.flock(self._file, fcntl.LOCK_EX)

    @property
    def note(self) -> str:
        assert self._file is not None
        return os.pread(self._file, 4096, 0).decode()

    @note.setter
    def note(self, text: str) -> None:
        assert self._file is not None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text.encode(), 0)

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def join_group(behaviour: Behaviour, group: str) -> Lock:
    """Take a place in a group of clients. UNIQUE excludes all others; a name shares the chip within its group (contract
    7).
    """
    if behaviour.current_fault().name == "device_busy":
        raise Failure(Status.OUT_OF_PHYSICAL_DEVICES, "the device is held by another group")
    deadline = now() + behaviour.busy_wait_s
    while True:
        if (lock := _try_join(behaviour, group)) is not None:
            return lock
        if now() >= deadline:
            raise Failure(Status.OUT_OF_PHYSICAL_DEVICES, "the device is held by another group")
        block_until(min(deadline, now() + _RETRY_S))


def _try_join(behaviour: Behaviour, group: str) -> Lock | None:
    entry, clients = Lock(behaviour.kv_slot + ".door"), Lock(behaviour.kv_slot + ".clients")
    try:
        entry.wait()
        if clients.try_take(shared=False):
            clients.note = group
        elif group == UNIQUE or clients.note != group:
            clients.release()
            return None
        if not clients.try_take(shared=True):
            clients.release()
            return None
        return clients
    finally:
        entry.release()


def take_kv_slot(behaviour: Behaviour) -> Lock:
    """Take the chip's one KV cache: 5.2.0 closes a second session, 5.1.1 does not check (contract 7)."""
    slot = Lock(behaviour.kv_slot)
    if not slot.try_take(shared=False):
        if behaviour.version != "5.1.1":
            slot.release()
            raise Failure(Status.COMMUNICATION_CLOSED, "another LLM or VLM has the KV cache of the chip")
        log(
            "another simulator on this machine holds the simulated chip too. On a real chip never load two models: "
            "HailoRT 5.1.1 does not refuse the second, and its behaviour with two is undefined"
        )
    return slot
