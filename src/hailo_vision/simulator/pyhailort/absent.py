"""Names of the vendor's package that this stand-in does not implement."""

from enum import Enum
from typing import Any

from hailo_vision.simulator.pyhailort import _pyhailort
from hailo_vision.simulator.status import Status


class Absent:
    """A class that raises a raw status 7 when it is created."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _pyhailort.fail(Status.NOT_IMPLEMENTED, f"{type(self).__name__} is not simulated")


class HEF(Absent):
    pass


class ConfigureParams(Absent):
    pass


class InferVStreams(Absent):
    pass


class AsyncInferJob(Absent):
    pass


class HailoSession(Absent):
    pass


class Speech2Text(Absent):
    pass


class Speech2TextTask(Enum):
    TRANSCRIBE = 0
    TRANSLATE = 1
