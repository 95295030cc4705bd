"""The inspected installation: facts that several checks read. Each is gathered once, when a check first needs it."""

import json
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hailo_vision.config import load
from hailo_vision.config.data_folder import SYSTEM_FOLDER, in_data_folder
from hailo_vision.config.served import as_one_model, served
from hailo_vision.config.settings import Runtime, Settings
from hailo_vision.doctor import account
from hailo_vision.doctor.account import Account, Owner
from hailo_vision.doctor.machine import Machine, Output
from hailo_vision.engines.chip.build import RUNTIME_MODULES
from hailo_vision.engines.chip.node import find_node
from hailo_vision.engines.chip.probe import PROBE_COMMAND
from hailo_vision.engines.choose import Choice, choose_engine
from hailo_vision.engines.openai import listing
from hailo_vision.engines.openai.listing import Answer, Trouble
from hailo_vision.engines.remote.build import key_in
from hailo_vision.engines.remote.remote import endpoint
from hailo_vision.errors import ConfigError, ModelError, StartError
from hailo_vision.models.release import Release, runtime_release

SERVICE = "hailo-vision"  # the unit's name and its user's
UNIT_FACTS = (
    "LoadState,ActiveState,SubState,Result,NRestarts,ExecMainCode,ExecMainStatus,StatusText,MainPID,"
    "User,Group,SupplementaryGroups,MemoryMax,CPUQuotaPerSecUSec,ProtectHome,PrivateTmp"
)
BINDINGS_COMMAND = (sys.executable, "-P", "-m", "hailo_vision.worker.bindings")
CHILD_S = 30.0  # two calls of 10 s at most to the chip, and the start of a Python
REMOTE_S = 5.0
# hailort-drivers, linux/pcie: PCI_VENDOR_ID_HAILO, PCI_DEVICE_ID_HAILO_HAILO10H
VENDOR_ID, HAILO_10H = "0x1e60", "0x45c4"
_RENDERED = "/etc/xdg/hailo-vision/hailo-vision.json"
_PCI = "/sys/bus/pci/devices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The configuration that `serve` would load. Without a file it is the defaults; invalid settings are left out."""

    path: Path | None
    settings: Settings
    error: ConfigError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PciDevice:
    """One of the vendor's devices on the PCIe bus. `device` is its device ID, such as 0x45c4."""

    address: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildReply:
    """The output of a child process: facts, or `trouble`, the reason why there are none."""

    facts: dict[str, Any] | None
    trouble: str


class Installation:
    """One machine with one configuration, as one of its models sees it: by default the first."""

    def __init__(self, machine: Machine, config: Path | None = None, *, model: int = 0) -> None:
        self.machine = machine
        self._config = config
        self._model = model

    def others(self) -> "Iterator[tuple[str, Installation]]":
        """The same for each further model of a list, with its name."""
        for index, model in enumerate(self.configuration.settings.models):
            if index != self._model:
                yield model.name, Installation(self.machine, self._config, model=index)

    @cached_property
    def configuration(self) -> Configuration:
        path = self._config or self._find_config()
        if path is None:
            return Configuration(path=None, settings=self._placed(Settings()), error=None)
        try:
            return Configuration(path=path, settings=self._placed(load.load(path)), error=None)
        except ConfigError as error:
            return Configuration(path=path, settings=self._placed(load.salvage(path)), error=error)

    def _placed(self, settings: Settings) -> Settings:
        if (self.unit or {}).get("LoadState") == "loaded":  # systemd makes the package's folder when it starts the unit
            return settings
        return in_data_folder(settings, self.machine.environment, self.machine.path(SYSTEM_FOLDER))

    @cached_property
    def settings(self) -> Settings:
        """The settings that the checks look at, as if there were this model alone."""
        return as_one_model(self.configuration.settings, self._model)

    @property
    def takes_pictures(self) -> bool:
        """Whether the model is meant to; one of kind text is not."""
        models = self.configuration.settings.models
        return not models or models[self._model].kind != "text"

    @cached_property
    def choice(self) -> Choice:
        """The model's preferred engine, as the daemon would choose it now."""
        return choose_engine(served(self.settings)[0].engines[0], self.machine.root)

    @property
    def runtime(self) -> Runtime:
        """The engine that `auto` stands for here; it is never `auto` itself."""
        return self.choice.runtime

    @property
    def fallback(self) -> Runtime | None:
        """The fallback's engine, where there is one and it is another than the preferred one."""
        other = self.settings.routing.fallback
        return None if other == "none" or other == self.runtime else other

    @property
    def drives_the_chip(self) -> bool:
        """Whether the chip is the engine, or would be, as `auto` takes it once its driver works."""
        has_10h = any(chip.device == HAILO_10H for chip in self.chips)
        return self.runtime == "hailo" or (self.settings.device.runtime == "auto" and has_10h)

    @property
    def module(self) -> str | None:
        """The Python module of HailoRT or of the simulator; None for engines that have none."""
        return RUNTIME_MODULES.get("hailo" if self.drives_the_chip else self.runtime)

    def uses(self, runtime: Runtime) -> bool:
        return runtime in (self.runtime, self.fallback)

    @property
    def rendered(self) -> Path:
        """Where the service's start puts the JSON that it renders from the operator's YAML."""
        return self.machine.path(_RENDERED)

    @cached_property
    def passwd(self) -> str:
        return self.machine.text("/etc/passwd") or ""

    @cached_property
    def group(self) -> str:
        return self.machine.text("/etc/group") or ""

    @cached_property
    def unit(self) -> dict[str, str] | None:
        """The properties of the service's unit in systemd; None where there is no systemd."""
        if not os.path.isdir(self.machine.path("/run/systemd/system")):
            return None
        output = self.machine.run(["systemctl", "show", f"{SERVICE}.service", f"--property={UNIT_FACTS}"])
        if output is None or output.code != 0:
            return None
        return dict(line.partition("=")[::2] for line in output.stdout.splitlines() if "=" in line)

    @cached_property
    def account(self) -> Account:
        """The service's user. If it does not exist, it is the user that runs the doctor, who would run `serve` too."""
        unit = self.unit or {}
        name, extra_groups = (
            unit.get("User") or SERVICE,
            [unit.get("Group", ""), *unit.get("SupplementaryGroups", "").split()],
        )
        if user := account.find(name, self.passwd, self.group, extra_groups):
            return user
        machine = self.machine
        return Account(name=account.name_of(machine.uid, self.passwd), uid=machine.uid, gids=machine.gids)

    @cached_property
    def chips(self) -> tuple[PciDevice, ...]:
        devices = (
            PciDevice(address=address, device=self.machine.text(f"{_PCI}/{address}/device") or "")
            for address in self.machine.names(_PCI)
            if self.machine.text(f"{_PCI}/{address}/vendor") == VENDOR_ID
        )
        return tuple(devices)

    @property
    def has_none_on_the_bus(self) -> bool:
        """Whether the PCIe bus can be read and has no Hailo device."""
        return not self.chips and os.path.isdir(self.machine.path("/sys/bus/pci"))

    @cached_property
    def node(self) -> str | None:
        """The device node that the daemon would open, by the name it has on the machine."""
        setting = self.settings.device.path
        try:
            folder = self.machine.path("/dev")
            node = Path(find_node(setting if setting == "auto" else str(self.machine.path(setting)), folder))
        except StartError:
            return None
        return f"/{node.relative_to(self.machine.root)}"

    @property
    def node_owner(self) -> Owner | None:
        """Owner and mode of the device node; None if it is missing or no character device."""
        try:
            status = os.stat(self.machine.path(self.node or "/"))
        except OSError:
            return None
        if not stat.S_ISCHR(status.st_mode):
            return None
        return Owner(uid=status.st_uid, gid=status.st_gid, mode=stat.S_IMODE(status.st_mode))

    @cached_property
    def release(self) -> Release | None:
        """The release of the installed HailoRT, by its packages."""
        try:
            return runtime_release(self.settings)
        except ModelError:
            return None

    @cached_property
    def bindings(self) -> ChildReply:
        return self._ask(BINDINGS_COMMAND)

    @cached_property
    def chip(self) -> ChildReply:
        """What the chip reports, over a connection of its own that disturbs no answer (contract 5)."""
        return self._ask(PROBE_COMMAND)

    @cached_property
    def key(self) -> str | None:
        """The remote server's API key, which is never printed; None if it is not set or can't be used."""
        file = self.settings.remote.key_file
        try:
            is_there = file is not None and os.path.isfile(self.machine.path(file))
            return key_in(self.machine.path(file)) if file and is_there else None
        except StartError:
            return None

    @cached_property
    def models(self) -> Answer | Trouble:
        """The remote server's list of models, requested once; remote.base_url must be set."""
        return listing.look(endpoint(self.settings.remote, self.key), REMOTE_S)

    def _find_config(self) -> Path | None:
        if self.machine.root == Path("/"):
            return load.find(self.machine.environment)
        return self.rendered if os.path.lexists(self.rendered) else None

    def _ask(self, command: tuple[str, ...]) -> ChildReply:
        if self.module is None:
            return ChildReply(facts=None, trouble=f"the runtime {self.runtime} has no chip to ask")
        environment = (
            {} if self.drives_the_chip else {"HAILO_VISION_SIMULATOR": json.dumps(asdict(self.settings.simulator))}
        )
        return child_reply(self.machine.run([*command, self.module], within_s=CHILD_S, extra_environment=environment))


def child_reply(output: Output | None) -> ChildReply:
    """Read the facts of a child that succeeded; else its last line or its exit status is the trouble."""
    match output:
        case None:
            return ChildReply(facts=None, trouble="it could not be started")
        case Output(code=None):
            return ChildReply(facts=None, trouble=f"it gave no answer within {CHILD_S:g} s and was killed")
        case Output(code=0, stdout=stdout):
            try:
                facts = json.loads(stdout)
            except ValueError:
                facts = None
            if isinstance(facts, dict):
                return ChildReply(facts=facts, trouble="")
            return ChildReply(facts=None, trouble="its output is not the expected JSON")
        case Output(code=int(code)) if code < 0:
            return ChildReply(facts=None, trouble=f"it was ended by signal {-code}")
        case _:
            lines = output.stderr.strip().splitlines() or [f"it ended with exit code {output.code}"]
            return ChildReply(facts=None, trouble=lines[-1].strip())
