"""The processes that have the device node open, as the chip holds only one language or vision model."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.doctor.installation import Installation
from hailo_vision.doctor.machine import Machine

OLLAMA = "hailo-ollama"  # wants the chip for itself (contract 7)
_OURS = ("hailo_vision", "hailo-vision")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    pid: int
    command: str

    @property
    def name(self) -> str:
        return os.path.basename(self.command.partition("\0")[0]) or "?"

    @property
    def is_ours(self) -> bool:
        return any(name in self.command for name in _OURS)

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """The processes that have the device node open; `unseen` ones belong to other users and can't be looked into."""

    processes: tuple[Process, ...]
    unseen: int


def look(installation: Installation) -> Finding:
    if not installation.drives_the_chip:
        return skipped(f"the runtime {installation.runtime} leaves the chip alone")
    processes = tuple(_processes(installation.machine))
    rivals = [process for process in processes if process.name == OLLAMA]
    if installation.node is None:
        return skipped("there is no device node to hold")
    return judge(find_holders(installation.machine, processes, installation.node), rivals)


def find_holders(machine: Machine, processes: tuple[Process, ...], node: str) -> Holders:
    holding, unseen = [], 0
    for process in processes:
        try:
            if _holds(machine, process.pid, node):
                holding.append(process)
        except PermissionError:
            unseen += 1
    return Holders(processes=tuple(holding), unseen=unseen)


def judge(opened_by: Holders, rivals: list[Process]) -> Finding:
    others = [process for process in opened_by.processes if not process.is_ours]
    names = ", ".join(map(str, opened_by.processes))
    if rivals:
        return failed(
            f"{', '.join(map(str, rivals))} is running, which wants the chip for itself",
            f"`sudo systemctl disable --now {OLLAMA}`, or end it in another way; then restart hailo-vision.",
        )
    if others:
        return warning(
            f"{names} have it open" if len(opened_by.processes) > 1 else f"{names} has it open",
            "Others may use it beside hailo-vision under the same device.group_id, and without a language or vision "
            "model of their own. If hailo-vision does not get the chip, end them.",
        )
    if opened_by.processes:
        return ok(f"{names} has it open, and nobody else" + (", as far as can be seen" if opened_by.unseen else ""))
    if opened_by.unseen:
        return skipped("the open files of other users' processes can't be seen", "Run `sudo hailo-vision doctor`.")
    return ok("nobody has it open")


def _processes(machine: Machine) -> Iterator[Process]:
    for name in machine.names("/proc"):
        if name.isdecimal():
            command = machine.text(f"/proc/{name}/cmdline") or machine.text(f"/proc/{name}/comm")
            if command:
                yield Process(pid=int(name), command=command)


def _holds(machine: Machine, pid: int, node: str) -> bool:
    """Raises PermissionError for a process of somebody else."""
    folder = machine.path(f"/proc/{pid}/fd")
    try:
        return any(os.readlink(folder / name) == node for name in os.listdir(folder))
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return False
