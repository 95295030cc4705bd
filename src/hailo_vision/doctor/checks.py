"""The checks, in the order in which one depends on the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hailo_vision.doctor import (
    bindings,
    chip,
    clock,
    config,
    driver,
    holders,
    link,
    model,
    node,
    npu,
    port,
    service,
    space,
    system,
    versions,
)
from hailo_vision.doctor.case import Case
from hailo_vision.doctor.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`id` is for programs and stays; `title` is for people."""

    id: str
    title: str
    look: Callable[[Case], Finding]


CHECKS = (
    Check(id="system", title="System", look=system.look),
    Check(id="npu", title="NPU", look=npu.look),
    Check(id="driver", title="Driver", look=driver.look),
    Check(id="node", title="Device node", look=node.look),
    Check(id="versions", title="Versions", look=versions.look),
    Check(id="bindings", title="Python package", look=bindings.look),
    Check(id="chip", title="Chip", look=chip.identified),
    Check(id="firmware", title="Firmware", look=chip.firmware),
    Check(id="temperature", title="Temperature", look=chip.temperature),
    Check(id="link", title="PCIe link", look=link.look),
    Check(id="holders", title="Others on the chip", look=holders.look),
    Check(id="config", title="Configuration", look=config.look),
    Check(id="model", title="Model file", look=model.look),
    Check(id="port", title="Port", look=port.look),
    Check(id="disk", title="Disk", look=space.disk),
    Check(id="memory", title="Memory", look=space.memory),
    Check(id="service", title="Service", look=service.look),
    Check(id="journal", title="Last error", look=service.journal),
    Check(id="clock", title="Clock", look=clock.look),
)


def examine(case: Case) -> Iterator[tuple[Check, Finding]]:
    """Each check as it is done."""
    for check in CHECKS:
        yield check, check.look(case)
