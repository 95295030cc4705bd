"""Stands in for `hailo_platform.pyhailort.pyhailort`: everything that Python sees, in one place."""

from hailo_vision.simulator.pyhailort._pyhailort import LLMGeneratorCompletionStatus
from hailo_vision.simulator.pyhailort._pyhailort import SchedulingAlgorithm as HailoSchedulingAlgorithm
from hailo_vision.simulator.pyhailort.absent import (
    HEF,
    AsyncInferJob,
    ConfigureParams,
    HailoSession,
    InferVStreams,
    Speech2Text,
    Speech2TextTask,
)
from hailo_vision.simulator.pyhailort.devices import BoardInformation, Control, Device, TemperatureInfo, VDevice
from hailo_vision.simulator.pyhailort.exceptions import (
    ExceptionWrapper,
    HailoCommunicationClosedException,
    HailoRTDriverOperationFailedException,
    HailoRTEthException,
    HailoRTException,
    HailoRTFirmwareControlFailedException,
    HailoRTHEFNotCompatibleWithDevice,
    HailoRTInvalidArgumentException,
    HailoRTInvalidFrameException,
    HailoRTInvalidHEFException,
    HailoRTInvalidOperationException,
    HailoRTNetworkGroupNotActivatedException,
    HailoRTNotFoundException,
    HailoRTPCIeDriverException,
    HailoRTStreamAborted,
    HailoRTStreamAbortedByUser,
    HailoRTTimeout,
    HailoRTUnsupportedOpcodeException,
    HailoStatusInvalidValueException,
    InvalidProtocolVersionException,
)
from hailo_vision.simulator.pyhailort.formats import FormatOrder, FormatType
from hailo_vision.simulator.pyhailort.llm import LLM
from hailo_vision.simulator.pyhailort.models import LLMGeneratorCompletion
from hailo_vision.simulator.pyhailort.vlm import VLM

__all__ = [
    "HEF",
    "LLM",
    "VLM",
    "AsyncInferJob",
    "BoardInformation",
    "ConfigureParams",
    "Control",
    "Device",
    "ExceptionWrapper",
    "FormatOrder",
    "FormatType",
    "HailoCommunicationClosedException",
    "HailoRTDriverOperationFailedException",
    "HailoRTEthException",
    "HailoRTException",
    "HailoRTFirmwareControlFailedException",
    "HailoRTHEFNotCompatibleWithDevice",
    "HailoRTInvalidArgumentException",
    "HailoRTInvalidFrameException",
    "HailoRTInvalidHEFException",
    "HailoRTInvalidOperationException",
    "HailoRTNetworkGroupNotActivatedException",
    "HailoRTNotFoundException",
    "HailoRTPCIeDriverException",
    "HailoRTStreamAborted",
    "HailoRTStreamAbortedByUser",
    "HailoRTTimeout",
    "HailoRTUnsupportedOpcodeException",
    "HailoSchedulingAlgorithm",
    "HailoSession",
    "HailoStatusInvalidValueException",
    "InferVStreams",
    "InvalidProtocolVersionException",
    "LLMGeneratorCompletion",
    "LLMGeneratorCompletionStatus",
    "Speech2Text",
    "Speech2TextTask",
    "TemperatureInfo",
    "VDevice",
]
