"""The engines `hailo` and `simulated` of the settings: the same one, over the vendor's runtime or what plays it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Final

from hailo_vision.config.served import EngineSettings
from hailo_vision.engines.chip.budgets import Budgets
from hailo_vision.engines.chip.chip import ChipEngine
from hailo_vision.engines.chip.node import find_node
from hailo_vision.engines.chip.probe import ChipProbe
from hailo_vision.engines.contract import OnChange, OnRestart
from hailo_vision.errors import DeviceFault, DeviceUnavailable, NoDevice
from hailo_vision.wire import Load

VENDOR_RUNTIME, SIMULATOR = "hailo_platform", "hailo_vision.simulator"
RUNTIME_MODULES: Final[Mapping[str, str]] = {"hailo": VENDOR_RUNTIME, "simulated": SIMULATOR}
PATIENCE_S = 12.0  # a worker that was killed can hold the chip for seconds
QUIT_S = 2.0  # for a worker to leave; then it is killed


def build(settings: EngineSettings, on_change: OnChange, on_restart: OnRestart) -> ChipEngine:
    """Raises NoDevice where there is no device, and no other engine answers meanwhile."""
    is_simulated, path = settings.runtime == "simulated", settings.device.path
    if settings.is_alone and not is_simulated:
        find_node(path)  # before anything is served
    return ChipEngine(
        Load(
            runtime=RUNTIME_MODULES[settings.runtime],
            hef=settings.hef,
            device="simulated" if is_simulated else path,
            group_id=settings.device.group_id,
            patience_s=PATIENCE_S,
            reuses_context=settings.reuse_context,
        ),
        Budgets(load_s=settings.load_timeout_s, quit_s=QUIT_S),
        environment=_environment(settings),
        find_device=None if is_simulated else partial(_device, path),
        waits_for_device=not settings.is_alone,
        on_change=on_change,
        on_restart=on_restart,
    )


def build_probe(settings: EngineSettings) -> ChipProbe | None:
    """What reads the chip's temperature; None where the engine is no chip."""
    module = RUNTIME_MODULES.get(settings.runtime)
    return None if module is None else ChipProbe(module, environment=_environment(settings))


def _device(path: str) -> str:
    """The device node that is there now. Raises DeviceUnavailable: for a running daemon its lack is no end."""
    try:
        return find_node(path)
    except NoDevice as error:
        raise DeviceUnavailable(DeviceFault.NO_DEVICE, str(error)) from None


def _environment(settings: EngineSettings) -> dict[str, str]:
    """What a child needs to know before it imports the runtime."""
    if settings.runtime != "simulated":
        return {}
    return {"HAILO_VISION_SIMULATOR": json.dumps(asdict(settings.simulator))}
