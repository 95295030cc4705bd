"""HailoRT's status numbers, as far as the contract names them (contract 1.2), and a failure that carries one."""

from enum import Enum, IntEnum


class Status(IntEnum):
    SUCCESS = 0
    INVALID_ARGUMENT = 2
    OUT_OF_HOST_MEMORY = 3
    TIMEOUT = 4
    INVALID_OPERATION = 6
    NOT_IMPLEMENTED = 7
    INTERNAL_FAILURE = 8
    OPEN_FILE_FAILURE = 13
    FILE_OPERATION_FAILURE = 14
    UNSUPPORTED_CONTROL_PROTOCOL_VERSION = 15
    UNSUPPORTED_FW_VERSION = 16
    FW_CONTROL_FAILURE = 18
    ETH_FAILURE = 19
    INVALID_FRAME = 25
    INVALID_HEF = 26
    DRIVER_OPERATION_FAILED = 36
    UNSUPPORTED_OPCODE = 48
    SHUTDOWN_EVENT_SIGNALED = 57
    NOT_FOUND = 61
    COMMUNICATION_CLOSED = 62
    STREAM_ABORT = 63
    NOT_AVAILABLE = 65
    NETWORK_GROUP_NOT_ACTIVATED = 69
    DEVICE_IN_USE = 73
    OUT_OF_PHYSICAL_DEVICES = 74
    INVALID_DRIVER_VERSION = 76
    NOT_SUPPORTED = 79
    OUT_OF_HOST_CMA_MEMORY = 81
    DRIVER_TIMEOUT = 87
    CONNECTION_REFUSED = 89
    HEF_FILE_CORRUPTED = 91
    HEF_NOT_SUPPORTED = 92
    HEF_NOT_COMPATIBLE_WITH_DEVICE = 93
    DEVICE_NOT_CONNECTED = 96
    DEVICE_TEMPORARILY_UNAVAILABLE = 97


class Failure(Exception):
    """A call of the vendor's C++ library that did not succeed; the bindings turn it into their own exception."""

    def __init__(self, status: Status, why: str) -> None:
        super().__init__(f"{why} (status {int(status)}, HAILO_{status.name})")
        self.status = status


class LLMGeneratorCompletionStatus(Enum):
    """The state of a generation. Like the vendor's it converts to an int on request, but equals none."""

    GENERATING = 0
    MAX_TOKENS_REACHED = 1
    LOGICAL_END_OF_GENERATION = 2
    ABORTED = 3

    def __int__(self) -> int:
        return self.value
