"""The vendor's package or its stand-in, imported by name.

Errors come in three kinds (contract 1.2): mapped subclasses of HailoRTException, the plain one, and from constructors a
raw `HailoRTStatusException` that in HailoRT 5.1.1 is not a HailoRTException at all. All carry one status number.
"""

import importlib
import inspect
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from hailo_vision.errors import DeviceFault, DeviceUnavailable

VENDOR = "hailo_platform"
# A named pipe that nobody reads is an error, and no wait for ever.
_LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The modules of one runtime, and the exceptions that it raises."""

    name: str
    version: str
    root: ModuleType
    genai: ModuleType
    errors: tuple[type[Exception], ...]
    timeout: type[Exception]
    generating: Any
    logical_end: Any

    @property
    def takes_videos(self) -> bool:
        """True from 5.2.0 on, where the limit of frames per call is gone too (contract 1.4)."""
        return "videos" in inspect.signature(self.genai.VLM.generate).parameters


def import_runtime(name: str) -> Runtime:
    """Import a runtime by its module's name. Raises DeviceUnavailable."""
    _choose_log_folder()
    try:
        root = importlib.import_module(name)
        genai = importlib.import_module(f"{name}.genai")
        wrapped = importlib.import_module(f"{name}.pyhailort.pyhailort")
        raw = importlib.import_module(f"{name}.pyhailort._pyhailort")
    except ImportError as error:
        raise DeviceUnavailable(
            DeviceFault.RUNTIME_MISSING,
            f"HailoRT's Python package can't be imported ({error}). "
            "Install it with `sudo apt install hailo-h10-all` and restart the service.",
        ) from error
    return Runtime(
        name="hailo" if name == VENDOR else "simulated",
        version=str(root.__version__),
        root=root,
        genai=genai,
        errors=(wrapped.HailoRTException, raw.HailoRTStatusException),
        timeout=wrapped.HailoRTTimeout,
        generating=raw.LLMGeneratorCompletionStatus.GENERATING,
        logical_end=raw.LLMGeneratorCompletionStatus.LOGICAL_END_OF_GENERATION,
    )


def _choose_log_folder() -> None:
    """Keep the library from opening log files where that would fail; to be called before it is imported.

    It opens two while it is imported, in the folder of HAILORT_LOGGER_PATH and in $HOME; NONE turns both off. One that
    can't be opened in a folder that can be written aborts the process (5.2.0, measured: a folder of that name).
    """
    folder = os.environ.setdefault("HAILORT_LOGGER_PATH", "NONE")
    if folder == "NONE":
        return
    for place in (Path(folder), Path(os.path.expanduser("~"), ".hailo", "hailort")):
        file = place / "hailort.log"
        if not os.access(place, os.W_OK):
            continue  # the library looks at that too, and goes on without this file
        try:
            os.close(os.open(file, _LOG_FLAGS, 0o644))
        except OSError as error:
            print(f"HailoRT writes no log files, as {file} can't be opened: {error.strerror}", file=sys.stderr)
            os.environ["HAILORT_LOGGER_PATH"] = "NONE"
