"""Which engine answers: the one that is named, or with `auto` the best that this machine has."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from hailo_vision.config import settings
from hailo_vision.config.served import EngineSettings
from hailo_vision.config.settings import Runtime
from hailo_vision.engines.chip.budgets import Budgets
from hailo_vision.engines.chip.chip import Supervisor
from hailo_vision.engines.chip.node import find_node
from hailo_vision.engines.chip.probe import ChipProbe
from hailo_vision.engines.contract import DrivenEngine, Engine
from hailo_vision.engines.llama.llama import Llama
from hailo_vision.engines.remote.remote import Remote
from hailo_vision.errors import DeviceFault, DeviceUnavailable, StartError
from hailo_vision.wire import Load

VENDOR_RUNTIME, SIMULATOR = "hailo_platform", "hailo_vision.simulator"
RUNTIME_MODULES = {"hailo": VENDOR_RUNTIME, "simulated": SIMULATOR}  # of the engines that are a chip, or play one
PATIENCE_S = 12.0  # a worker that was killed can hold the chip for seconds
MAX_KEY = 8000  # a server refuses longer lines in a head
QUIT_S = 2.0  # for a worker to leave; then it is killed

Changed = Callable[[Engine], None]
Restarted = Callable[[str], None]
Factory = Callable[[EngineSettings, Changed, Restarted], DrivenEngine]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A runtime, never `auto`, and in a few words why it is this one."""

    runtime: Runtime
    reason: str


def choose(wanted: EngineSettings, root: Path = Path("/")) -> Choice:
    """The chip if there is one, else llama.cpp if its model is there, else the simulator."""
    if wanted.runtime != "auto":
        return Choice(runtime=wanted.runtime, reason="device.runtime says so")
    path, model = wanted.device.path, root / wanted.llama.model.lstrip("/")
    try:
        node = find_node(path if path == "auto" else str(root / path.lstrip("/")), root / "dev")
    except StartError:
        if os.path.isfile(model):  # a folder that is closed to us is no error here
            return Choice(runtime="llama", reason=f"there is no chip, but {model}")
        return Choice(runtime="simulated", reason=f"there is neither a chip nor {model}")
    return Choice(runtime="hailo", reason=f"there is {node}")


def build(
    wanted: EngineSettings, on_change: Changed, on_restart: Restarted, table: Mapping[str, Factory] | None = None
) -> DrivenEngine:
    """The engine of a runtime that was chosen. Raises StartError where it has no device, and no other one answers."""
    return (table or ENGINES)[wanted.runtime](wanted, on_change, on_restart)


def _llama(wanted: EngineSettings, on_change: Changed, on_restart: Restarted) -> Llama:
    llama = Llama(
        wanted.llama,
        load_timeout_s=wanted.load_timeout_s,
        on_change=lambda: on_change(llama),
        on_restart=on_restart,
    )
    return llama


def _remote(wanted: EngineSettings, on_change: Changed, on_restart: Restarted) -> Remote:
    key = _key(wanted.remote)
    remote = Remote(wanted.remote, key=key, on_change=lambda: on_change(remote), on_restart=on_restart)
    return remote


def _key(remote: settings.Remote) -> str | None:
    return None if remote.key_file is None else key_in(remote.key_file)


def key_in(file: str | Path) -> str:
    """The key that a file holds. Raises StartError; what the file holds is never quoted."""
    try:
        with Path(file).open("rb") as content:
            key = content.read(MAX_KEY + 1).decode().strip()
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise StartError(f"remote.key_file: {file} can't be read: {why}.") from None
    if not key.isascii() or not key.isprintable() or not key or " " in key or len(key) > MAX_KEY:
        raise StartError(f"remote.key_file: {file} must hold one key and nothing else.")
    return key


def probe(wanted: EngineSettings) -> ChipProbe | None:
    """What reads the chip's temperature; None where the engine is no chip."""
    module = RUNTIME_MODULES.get(wanted.runtime)
    return None if module is None else ChipProbe(module, environment=_environment(wanted))


def _supervisor(wanted: EngineSettings, on_change: Changed, on_restart: Restarted) -> Supervisor:
    is_simulated, path = wanted.runtime == "simulated", wanted.device.path
    if wanted.is_alone and not is_simulated:
        find_node(path)  # before anything is served
    supervisor = Supervisor(
        Load(
            runtime=SIMULATOR if is_simulated else VENDOR_RUNTIME,
            hef=wanted.hef,
            device="simulated" if is_simulated else path,
            group_id=wanted.device.group_id,
            patience_s=PATIENCE_S,
            reuses_context=wanted.reuse_context,
        ),
        Budgets(load_s=wanted.load_timeout_s, quit_s=QUIT_S),
        environment=_environment(wanted),
        find_device=None if is_simulated else partial(_found, path),
        waits_for_device=not wanted.is_alone,
        on_change=lambda: on_change(supervisor),
        on_restart=on_restart,
    )
    return supervisor


def _found(path: str) -> str:
    """The device node that is there now. Raises DeviceUnavailable: for a running daemon its lack is no end."""
    try:
        return find_node(path)
    except StartError as error:
        raise DeviceUnavailable(DeviceFault.NO_DEVICE, str(error)) from None


def _environment(wanted: EngineSettings) -> dict[str, str]:
    """What a child needs to know before it imports the runtime."""
    if wanted.runtime != "simulated":
        return {}
    return {"HAILO_VISION_SIMULATOR": json.dumps(asdict(wanted.simulator))}


# A line each: the name of an engine, which settings and clients know it by, and what makes it.
ENGINES: Mapping[str, Factory] = {"hailo": _supervisor, "simulated": _supervisor, "llama": _llama, "remote": _remote}
