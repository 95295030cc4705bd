"""Stands in the guest's dist-packages as `hailo_platform`: the simulator, but opening it opens the device's node.

So the way of a device into the sandbox is tested: the class filter, the mode, the daemon's and the worker's reaction.
"""

import importlib
import os
import sys
from typing import Any

from hailo_vision import simulator
from hailo_vision.simulator import *  # noqa: F403
from hailo_vision.simulator import __version__ as __version__

for _name in ("pyhailort", "pyhailort.pyhailort", "pyhailort._pyhailort", "genai"):
    sys.modules[f"{__name__}.{_name}"] = importlib.import_module(f"hailo_vision.simulator.{_name}")

_raw: Any = sys.modules[f"{__name__}.pyhailort._pyhailort"]
_genai: Any = sys.modules[f"{__name__}.genai"]


class VDevice(simulator.VDevice):
    """Opens /dev/hailo0 as the library does, which says 36 to every errno that it does not know."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        try:
            self._node = os.open("/dev/hailo0", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            print(f"[fake library] open failed: {error.strerror}", file=sys.stderr)
            raise _raw.HailoRTStatusException("36") from None
        super().__init__(*arguments, **options)


_genai.VDevice = VDevice
