"""Which engine `auto` is on this machine."""

import os
from dataclasses import dataclass
from pathlib import Path

from hailo_vision.config.served import EngineSettings
from hailo_vision.config.settings import Runtime
from hailo_vision.engines.chip.node import find_node
from hailo_vision.errors import StartError


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A runtime, never `auto`, and in a few words why it is this one."""

    runtime: Runtime
    reason: str


def choose_engine(settings: EngineSettings, root: Path = Path("/")) -> Choice:
    """The one that is named. `auto` is the chip if there is one, else llama.cpp if its model is there, else the
    simulator.
    """
    if settings.runtime != "auto":
        return Choice(runtime=settings.runtime, reason="the configuration names it")
    path, model = settings.device.path, root / settings.llama.model.lstrip("/")
    try:
        node = find_node(path if path == "auto" else str(root / path.lstrip("/")), root / "dev")
    except StartError:
        if os.path.isfile(model):  # a folder that is closed to us is no error here
            return Choice(runtime="llama", reason=f"there is no chip, but {model}")
        return Choice(runtime="simulated", reason=f"there is neither a chip nor {model}")
    return Choice(runtime="hailo", reason=f"there is {node}")
