"""A stand-in for the vendor's `hailo_platform`, for machines without a Hailo-10H.

It keeps the rules of HailoRT 5.1.1 or 5.2.0 as far as the project's contract describes them ("contract N.N" and "trap
N" in comments are its sections), with the chip's timing and its faults. It blocks as the real one does, with the
interpreter lock held. It contains no model: its answers describe pixels.

Its options are one JSON object in the environment variable HAILO_VISION_SIMULATOR; see behaviour.py. They are read when
the package is imported. It needs only the standard library and numpy.
"""

from hailo_vision.simulator.pyhailort._pyhailort import __version__
from hailo_vision.simulator.pyhailort.pyhailort import (
    HEF,
    AsyncInferJob,
    ConfigureParams,
    Device,
    FormatOrder,
    FormatType,
    HailoCommunicationClosedException,
    HailoRTException,
    HailoRTStreamAbortedByUser,
    HailoSchedulingAlgorithm,
    HailoSession,
    InferVStreams,
    VDevice,
)

__all__ = [
    "HEF",
    "AsyncInferJob",
    "ConfigureParams",
    "Device",
    "FormatOrder",
    "FormatType",
    "HailoCommunicationClosedException",
    "HailoRTException",
    "HailoRTStreamAbortedByUser",
    "HailoSchedulingAlgorithm",
    "HailoSession",
    "InferVStreams",
    "VDevice",
    "__version__",
]
