"""The checks, in the order in which one depends on the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from hailo_vision.doctor import (
    chip,
    config,
    driver,
    engine,
    gguf,
    hailort,
    holders,
    llama,
    llama_memory,
    model,
    node,
    pcie,
    port,
    remote,
    service,
    space,
    system,
)
from hailo_vision.doctor.finding import Finding
from hailo_vision.doctor.installation import Installation


def _always(installation: Installation) -> bool:
    return True


def _has_a_choice(installation: Installation) -> bool:
    return installation.settings.device.runtime == "auto" or installation.settings.routing.fallback != "none"


def _llama(installation: Installation) -> bool:
    return installation.uses("llama")


def _llama_that_sees(installation: Installation) -> bool:
    return _llama(installation) and installation.takes_pictures


def _llama_with_draft(installation: Installation) -> bool:
    return _llama(installation) and installation.settings.llama.speculative == "draft"


def _remote(installation: Installation) -> bool:
    return installation.uses("remote")


def _remote_in_second_place(installation: Installation) -> bool:
    return installation.fallback == "remote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`id` is for programs and never changes; `title` is for people. A check that does not apply is not printed.

    `is_of_model` is whether its finding may differ between the models of a list.
    """

    id: str
    title: str
    look: Callable[[Installation], Finding]
    applies: Callable[[Installation], bool] = _always
    is_of_model: bool = False


CHECKS = (
    Check(id="system", title="System", look=system.look),
    Check(id="npu", title="NPU", look=pcie.npu),
    Check(id="driver", title="Driver", look=driver.look),
    Check(id="node", title="Device node", look=node.look),
    Check(id="versions", title="Versions", look=hailort.versions),
    Check(id="bindings", title="Python package", look=hailort.bindings),
    Check(id="chip", title="Chip", look=chip.identified),
    Check(id="firmware", title="Firmware", look=chip.firmware),
    Check(id="temperature", title="Temperature", look=chip.temperature),
    Check(id="link", title="PCIe link", look=pcie.link),
    Check(id="holders", title="Others on the chip", look=holders.look),
    Check(id="config", title="Configuration", look=config.look),
    Check(id="engine", title="Engine", look=engine.look, applies=_has_a_choice, is_of_model=True),
    Check(id="llama", title="llama.cpp", look=llama.look, applies=_llama, is_of_model=True),
    Check(id="llama_model", title="GGUF model", look=gguf.model, applies=_llama, is_of_model=True),
    Check(id="llama_mmproj", title="GGUF projector", look=gguf.mmproj, applies=_llama_that_sees, is_of_model=True),
    Check(id="llama_draft", title="GGUF draft", look=gguf.draft_model, applies=_llama_with_draft, is_of_model=True),
    Check(id="llama_memory", title="llama.cpp memory", look=llama_memory.look, applies=_llama, is_of_model=True),
    Check(id="llama_threads", title="Threads", look=llama.threads, applies=_llama),
    Check(id="remote", title="Remote server", look=remote.address, applies=_remote, is_of_model=True),
    Check(id="remote_key", title="Remote key", look=remote.key, applies=_remote, is_of_model=True),
    Check(id="remote_server", title="Remote answer", look=remote.server, applies=_remote, is_of_model=True),
    Check(id="remote_model", title="Remote model", look=remote.model, applies=_remote, is_of_model=True),
    Check(
        id="remote_pictures",
        title="Remote pictures",
        look=engine.pictures,
        applies=_remote_in_second_place,
        is_of_model=True,
    ),
    Check(id="model", title="Model file", look=model.look, is_of_model=True),
    Check(id="port", title="Port", look=port.look),
    Check(id="disk", title="Disk", look=space.disk),
    Check(id="memory", title="Memory", look=space.memory),
    Check(id="cma", title="CMA memory", look=space.cma),
    Check(id="service", title="Service", look=service.look),
    Check(id="journal", title="Last error", look=service.journal),
    Check(id="clock", title="Clock", look=system.clock),
)


def examine(installation: Installation) -> Iterator[tuple[Check, Finding]]:
    """Run the checks that apply, and yield each with its finding; those of a model for each model of a list."""
    for check in CHECKS:
        if check.applies(installation):
            yield check, check.look(installation)
    for name, other in installation.others():
        for check in CHECKS:
            if check.is_of_model and check.applies(other):
                finding = check.look(other)
                yield check, replace(finding, saw=f"{name}: {finding.saw}")
