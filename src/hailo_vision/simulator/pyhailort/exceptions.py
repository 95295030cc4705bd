"""The exceptions of Python's side, and the wrapper that turns a status number into one (contract 1.2)."""

from types import TracebackType
from typing import Final

from hailo_vision.simulator.behaviour import OPTIONS
from hailo_vision.simulator.pyhailort import _pyhailort

if OPTIONS.version == "5.1.1":

    class HailoRTException(Exception):
        """5.1.1: unrelated to the class of the same name in C++, so that it catches no raw status."""

else:
    HailoRTException = _pyhailort.HailoRTException  # type: ignore[assignment, misc]


class UdpRecvError(HailoRTException):
    pass


class InvalidProtocolVersionException(HailoRTException):
    pass


class HailoRTFirmwareControlFailedException(HailoRTException):
    pass


class HailoRTInvalidFrameException(HailoRTException):
    pass


class HailoRTUnsupportedOpcodeException(HailoRTException):
    pass


class HailoRTTimeout(HailoRTException):
    pass


class HailoRTStreamAborted(HailoRTException):
    pass


class HailoRTStreamAbortedByUser(HailoRTException):
    pass


class HailoRTInvalidOperationException(HailoRTException):
    pass


class HailoRTInvalidArgumentException(HailoRTException):
    pass


class HailoRTNotFoundException(HailoRTException):
    pass


class HailoRTInvalidHEFException(HailoRTException):
    pass


class HailoRTEthException(HailoRTException):
    pass


class HailoRTDriverOperationFailedException(HailoRTException):
    pass


HailoRTPCIeDriverException = HailoRTDriverOperationFailedException


class HailoRTNetworkGroupNotActivatedException(HailoRTException):
    pass


class HailoCommunicationClosedException(HailoRTException):
    pass


class HailoRTHEFNotCompatibleWithDevice(HailoRTException):
    pass


class HailoStatusInvalidValueException(Exception):
    pass


_BY_STATUS: Final[dict[int, type[HailoRTException]]] = {
    2: HailoRTInvalidArgumentException,
    4: HailoRTTimeout,
    6: HailoRTInvalidOperationException,
    15: InvalidProtocolVersionException,
    18: HailoRTFirmwareControlFailedException,
    19: HailoRTEthException,
    25: HailoRTInvalidFrameException,
    26: HailoRTInvalidHEFException,
    36: HailoRTDriverOperationFailedException,
    48: HailoRTUnsupportedOpcodeException,
    61: HailoRTNotFoundException,
    62: HailoCommunicationClosedException,
    63: HailoRTStreamAborted,
    69: HailoRTNetworkGroupNotActivatedException,
    93: HailoRTHEFNotCompatibleWithDevice,
}


# The words of the vendor's own classes, which name no number (measured on 5.2.0); all others name it.
_WORDS: Final[dict[int, str]] = {
    4: "Received a timeout - hailort has failed because a timeout had occurred",
    6: "Invalid operation. See hailort.log for more information",
    62: "Communication closed failure. Check server-client connection",
}


class ExceptionWrapper:
    """Turns a raw status into its mapped exception, with the raw one as its cause."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is _pyhailort.HailoRTStatusException and raised is not None:
            status = int(raised.args[0])
            unmapped = f"libhailort failed with error: {status} ({_pyhailort.get_status_message(status)})"
            message = _WORDS.get(status, unmapped)
            raise _BY_STATUS.get(status, HailoRTException)(message) from raised
