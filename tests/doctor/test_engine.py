"""Which engine is taken and why, and what of it is looked at."""

import pytest

from doctor.pi import BUS, Pi, as_line
from hailo_vision.doctor import engine, pcie
from hailo_vision.doctor.checks import examine
from hailo_vision.doctor.installation import Installation

GGUF = "var/lib/hailo-vision/models/Qwen2-VL-2B-Instruct-Q4_K_M.gguf"
# What there is to see of the chip without a word of other engines; programs count on these, in this order.
OF_THE_CHIP = [
    "system",
    "npu",
    "driver",
    "node",
    "versions",
    "bindings",
    "chip",
    "firmware",
    "temperature",
    "link",
    "holders",
    "config",
    "model",
    "port",
    "disk",
    "memory",
    "cma",
    "service",
    "journal",
    "clock",
]
HARDWARE = {"npu", "driver", "node", "versions", "link", "holders", "model", "cma"}


def verdicts(installation: Installation) -> dict[str, str]:
    return {check.id: str(finding.verdict) for check, finding in examine(installation)}


def without_chip(pi: Pi) -> None:
    for name in (BUS, "dev/hailo0", "sys/module", "proc/modules"):
        pi.remove(name)


def test_of_the_chip_alone_all_is_as_it_was(pi: Pi) -> None:
    assert list(verdicts(pi.installation())) == OF_THE_CHIP


@pytest.mark.parametrize(
    ("runtime", "also"),
    [
        ("llama", ["llama", "llama_model", "llama_mmproj", "llama_memory", "llama_threads"]),
        ("remote", ["remote", "remote_key", "remote_server", "remote_model"]),
        ("simulated", []),
    ],
)
def test_of_another_engine_its_own_is_looked_at_and_the_chip_s_skipped(pi: Pi, runtime: str, also: list[str]) -> None:
    without_chip(pi)
    pi.configure(
        server={"port": 0}, device={"runtime": runtime}, remote={"base_url": "http://127.0.0.1:1/v1", "model": "m"}
    )
    installation = pi.installation()
    found = {check.id: finding for check, finding in examine(installation)}
    place = OF_THE_CHIP.index("model")
    assert list(found) == [*OF_THE_CHIP[:place], *also, *OF_THE_CHIP[place:]]
    assert {str(found[name].verdict) for name in HARDWARE} == {"skipped"}
    assert all(runtime in found[name].saw for name in HARDWARE)


def test_the_fallback_is_looked_at_as_the_first_engine_is(pi: Pi) -> None:
    pi.configure(server={"port": 0}, routing={"fallback": "llama"}, llama={"speculative": "draft", "draft_model": "/d"})
    found = verdicts(pi.installation())
    assert {found[name] for name in HARDWARE - {"holders"}} == {"ok"}
    assert found["llama_model"] == found["llama_mmproj"] == found["llama_draft"] == "failed"
    assert as_line(engine.look(pi.installation())) == (
        "ok: hailo, as the configuration names it; llama steps in where it can't answer (routing.fallback) -> None"
    )


def test_auto_takes_the_chip_where_there_is_one(pi: Pi) -> None:
    pi.configure(server={"port": 0}, device={"runtime": "auto"})
    installation = pi.installation()
    assert as_line(engine.look(installation)) == f"ok: auto takes hailo: there is {pi.root}/dev/hailo0 -> None"
    found = verdicts(installation)
    assert found["model"] == found["driver"] == found["chip"] == "ok"


def test_auto_takes_llama_where_its_model_is(pi: Pi) -> None:
    without_chip(pi)
    pi.write(GGUF, "GGUF")
    pi.configure(server={"port": 0}, device={"runtime": "auto"}, routing={"fallback": "llama"})
    installation = pi.installation()
    assert as_line(engine.look(installation)) == (
        f"ok: auto takes llama: there is no chip, but {pi.root / GGUF}; routing.fallback is llama too, so nothing "
        "steps in for it -> None"
    )
    found = verdicts(installation)
    assert found["llama_model"] == "failed"  # it is cut short
    assert found["npu"] == found["model"] == "skipped"
    assert as_line(pcie.npu(installation)).startswith("skipped: device.runtime is auto, here llama, which needs no NPU")


def test_auto_with_nothing_is_a_simulator_and_a_warning(pi: Pi) -> None:
    without_chip(pi)
    pi.configure(device={"runtime": "auto"})
    line = as_line(engine.look(pi.installation()))
    assert line.startswith(f"warning: auto takes simulated: there is neither a chip nor {pi.root / GGUF}. ")


def test_where_auto_passes_by_a_chip_its_driver_is_looked_at(pi: Pi) -> None:
    """The chip is on the bus, and auto takes the simulator: what is wrong is what keeps the node away."""
    for name in ("dev/hailo0", "sys/module", "proc/modules"):
        pi.remove(name)
    pi.configure(server={"port": 0}, device={"runtime": "auto"})
    found = verdicts(pi.installation())
    assert (found["npu"], found["driver"], found["node"], found["engine"]) == ("ok", "failed", "failed", "warning")
