"""What C++ reads of a numpy array: `nbytes` bytes from its pointer on, whatever its shape and strides say."""

import ctypes
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hailo_vision.simulator.clock import say

_OUTSIDE: Final = b"\xcd"


def raw_bytes(frame: npt.NDArray[Any]) -> bytes:
    """The memory behind a frame, as the bindings take it (contract 2.2, trap 4). ValueError if it is read-only.

    Where the vendor's library would read beyond the array's memory, this gives a filling and stays alive.
    """
    if not frame.flags.writeable:
        raise ValueError("array is not writeable")
    if frame.flags.c_contiguous:
        return frame.tobytes()
    say("a frame that is not C-contiguous: what the model gets is not the picture (contract 2.2, trap 4)")
    owner = frame
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    end = owner.ctypes.data + owner.itemsize
    end += sum(max(0, stride * (count - 1)) for stride, count in zip(owner.strides, owner.shape, strict=True))
    start = frame.ctypes.data
    return ctypes.string_at(start, min(frame.nbytes, end - start)).ljust(frame.nbytes, _OUTSIDE)
