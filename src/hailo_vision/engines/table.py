"""The engines that there are, by the names that settings and clients know them by."""

from collections.abc import Callable, Mapping
from typing import Final

from hailo_vision.config.served import EngineSettings
from hailo_vision.engines.chip import build as chip
from hailo_vision.engines.contract import DrivenEngine, Engine, OnChange, OnRestart
from hailo_vision.engines.llama import build as llama
from hailo_vision.engines.remote import build as remote

Factory = Callable[[EngineSettings, OnChange, OnRestart], DrivenEngine]

ENGINES: Final[Mapping[str, Factory]] = {
    "hailo": chip.build,
    "simulated": chip.build,
    "llama": llama.build,
    "remote": remote.build,
}


def build_engine(
    settings: EngineSettings,
    on_change: Callable[[Engine], None],
    on_restart: OnRestart,
    table: Mapping[str, Factory] = ENGINES,
) -> DrivenEngine:
    """The engine of a runtime, which is never `auto`: choose_engine() comes before.

    Raises StartError where it has no device, and no other engine answers meanwhile.
    """
    engine = table[settings.runtime](settings, lambda: on_change(engine), on_restart)
    return engine
