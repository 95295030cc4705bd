"""The host's checks of a model file (contract 6)."""

import hashlib
import struct
from pathlib import Path
from typing import Final

from hailo_vision.simulator.behaviour import Behaviour
from hailo_vision.simulator.clock import log
from hailo_vision.simulator.status import Failure, Status

_MAGIC: Final = 0x01484546  # \x01HEF
_VERSION: Final = 3
_START: Final = struct.Struct(">III")  # magic, version, size of the part that describes the network
_HEADER_BYTES: Final = 56


def check_hef(behaviour: Behaviour, path: str) -> bytes:
    """Check a HEF, and return the hash that identifies the model.

    A file that does not exist is accepted, since without a chip there is no HEF either. This is a departure from the
    vendor's library; the fault hef_missing does what that does.
    """
    fault = behaviour.current_fault()
    if fault.name == "hef_missing":
        raise Failure(Status(fault.argument or Status.OPEN_FILE_FAILURE), f"can't open {path}")
    if fault.name == "hef_truncated":
        raise Failure(Status(fault.argument or Status.FILE_OPERATION_FAILURE), f"{path} is cut short")
    try:
        with Path(path).open("rb") as file:
            head = file.read(_HEADER_BYTES)
            size = file.seek(0, 2)
    except FileNotFoundError:
        log(f"there is no {path}; simulating the model without its file")
        return hashlib.sha256(path.encode()).digest()
    except OSError as problem:
        raise Failure(Status.OPEN_FILE_FAILURE, f"can't open {path}: {problem}") from None
    _check_head(behaviour, path, head, size)
    return hashlib.sha256(head).digest()


def _check_head(behaviour: Behaviour, path: str, head: bytes, size: int) -> None:
    if len(head) < _HEADER_BYTES:
        raise Failure(Status.FILE_OPERATION_FAILURE, f"{path} is shorter than a HEF's header")
    magic, version, description_bytes = _START.unpack_from(head)
    if version < _VERSION or (behaviour.version == "5.1.1" and version != _VERSION):
        raise Failure(Status.HEF_NOT_SUPPORTED, f"{path} has version {version} of the format")
    if magic != _MAGIC:
        raise Failure(Status.HEF_FILE_CORRUPTED, f"{path} is no HEF")
    if size < _HEADER_BYTES + description_bytes:
        raise Failure(Status.FILE_OPERATION_FAILURE, f"{path} is shorter than its header says")
