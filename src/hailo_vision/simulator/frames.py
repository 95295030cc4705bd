"""Frames on their way to the device: how C++ reads a numpy array, and which frames the device takes."""

import ctypes
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hailo_vision.simulator.behaviour import Version
from hailo_vision.simulator.clock import log
from hailo_vision.simulator.context import FRAME_BYTES
from hailo_vision.simulator.status import Failure, Status

_OUTSIDE: Final = b"\xcd"
_MAX_FRAMES_511: Final = 5


class BrokenStream(Failure):
    """The device answered before it had read everything, and lost its place in the stream of bytes (traps 4 and 5)."""


def raw_bytes(frame: npt.NDArray[Any]) -> bytes:
    """The memory behind a frame, as the bindings take it (contract 2.2, trap 4). ValueError if it is read-only.

    Where the vendor's library would read beyond the array's memory, this returns filler bytes instead.
    """
    if not frame.flags.writeable:
        raise ValueError("array is not writeable")
    if frame.flags.c_contiguous:
        return frame.tobytes()
    log("a frame that is not C-contiguous: what the model gets is not the picture (contract 2.2, trap 4)")
    owner = frame
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    end = owner.ctypes.data + owner.itemsize
    end += sum(max(0, stride * (count - 1)) for stride, count in zip(owner.strides, owner.shape, strict=True))
    start = frame.ctypes.data
    return ctypes.string_at(start, min(frame.nbytes, end - start)).ljust(frame.nbytes, _OUTSIDE)


def take_frames(frames: Sequence[bytes], version: Version, kept: list[bytes]) -> None:
    """Add frames to those that the device keeps until a prefill consumes them, even if a later one fails."""
    if version == "5.1.1":
        _take_frames_511(frames, kept)
        return
    for frame in frames:
        kept.append(frame)
        if len(frame) != FRAME_BYTES:
            raise Failure(Status.INVALID_OPERATION, f"a frame of {len(frame)} bytes instead of {FRAME_BYTES}")


def _take_frames_511(frames: Sequence[bytes], kept: list[bytes]) -> None:
    if len(frames) > _MAX_FRAMES_511:
        raise BrokenStream(Status.INVALID_ARGUMENT, f"{len(frames)} frames are more than {_MAX_FRAMES_511}")
    for index, frame in enumerate(frames):
        if (size := len(frame)) != FRAME_BYTES:
            is_broken = size > FRAME_BYTES or index + 1 < len(frames)
            status = Status.INVALID_OPERATION if size > FRAME_BYTES else Status.INVALID_ARGUMENT
            kind = BrokenStream if is_broken else Failure
            raise kind(status, f"a frame of {size} bytes instead of {FRAME_BYTES}")
        kept.append(frame)
