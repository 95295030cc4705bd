"""The simulator's behaviour: the options of `HAILO_VISION_SIMULATOR`, and the faults that can be injected."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final, Literal

Version = Literal["5.1.1", "5.2.0"]

VARIABLE: Final = "HAILO_VISION_SIMULATOR"

# The effect of each fault; N is the number that may follow it, as in `lost_in_decode@7`. Statuses: contract 6.
FAULTS: Final = {
    "none": "nothing goes wrong",
    "no_device": "the scan finds nothing, opening gives 74",
    "device_busy": "the scan finds the device, opening gives 74",
    "device_booting": "opening gives 97, or N (89 is refused)",
    "answer_lost": "opening gives 4 after N seconds (10), as when the library misses the device's answer",
    "no_permission": "opening gives 36",
    "driver_mismatch": "opening gives 76",
    "hef_missing": "loading gives a raw 13, or N",
    "hef_truncated": "loading gives a raw 14, or N",
    "hef_other_chip": "loading gives a raw 93, half way",
    "upload_fails": "loading gives a raw 4, or N (57 is a server that closed), half way",
    "out_of_memory": "loading gives a raw 81, or N (3 is another such status), half way",
    "slow_load": "loading takes N seconds, or four times as long, at least 5 s",
    "wedge_in_load": "loading never returns",
    "crash_in_load": "the process gets SIGSEGV half way through loading",
    "lost_in_prefill": "the first read gives 6, all else 62; with N = 62 generate() gives that for its frames",
    "wedge_in_prefill": "generate() never returns if it has frames, else the first read does not",
    "lost_in_decode": "after N chunks (3) the session is dead: read gives 6 (or 4 behind a backlog), all else 62",
    "failed_in_decode": "after N chunks (3) the generation is over: read gives 6, but the session lives",
    "wedge_in_decode": "after N chunks (3) no call returns any more, whatever its timeout",
    "silent_in_decode": "after N chunks (3) reads time out, as the vendor's would, and no other call returns",
    "crash_in_decode": "after N chunks (3) the process gets SIGSEGV",
    "stall_in_decode": "the chunk after N (3) comes stall_s late",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedFault:
    """A fault and its `argument`, the number after the @."""

    name: str = "none"
    argument: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The options. The delays are the model zoo's figures (contract 8) or the user's choice; none is measured here.

    kv_slot          the file whose lock stands for the chip's one KV cache; other endings are further locks
    fault_file       if this file exists, its content is the fault; it is read again at each operation
    stall_s          how long a token of `stall_in_decode` takes; the iterator gives up after 10 s (contract 2.7)
    busy_wait_s      how long a VDevice waits for another group to leave (contract 7)
    """

    load_s: float = 3.0
    prefill_s: float = 0.9
    tokens_per_s: float = 8.4
    version: Version = "5.1.1"
    fault: str = "none"
    fault_file: str | None = None
    stall_s: float = 12.0
    busy_wait_s: float = 5.0
    kv_slot: str = ""

    def current_fault(self) -> InjectedFault:
        """The fault at this moment: the content of the fault file, or the option if there is no such file."""
        if self.fault_file is None:
            return parse_fault(self.fault)
        path = Path(self.fault_file)
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise ValueError(f"{VARIABLE}: the fault_file {path} is no regular file")
        try:
            return parse_fault(path.read_text(encoding="utf-8").strip() or "none")
        except FileNotFoundError:
            return parse_fault(self.fault)


def parse_fault(text: str) -> InjectedFault:
    name, at, argument = text.partition("@")
    if name not in FAULTS or (at and not argument.isdecimal()):
        raise ValueError(
            f"{VARIABLE}: {text!r} is no fault; there are {', '.join(sorted(FAULTS))}, each with @N or not"
        )
    return InjectedFault(name=name, argument=int(argument) if at else None)


def read_behaviour(environment: Mapping[str, str]) -> Behaviour:
    """The options from the environment; without the variable nothing takes time."""
    text = environment.get(VARIABLE)
    options: dict[str, Any] = {"load_s": 0.0, "prefill_s": 0.0, "tokens_per_s": 0.0} if text is None else _parse(text)
    options.setdefault("kv_slot", _default_slot(environment))
    behaviour = Behaviour(**options)
    parse_fault(behaviour.fault)
    return behaviour


def _parse(text: str) -> dict[str, Any]:
    try:
        options = json.loads(text)
    except json.JSONDecodeError as problem:
        raise ValueError(f"{VARIABLE} is no JSON: {problem}") from None
    if not isinstance(options, dict):
        raise ValueError(f"{VARIABLE} must be a JSON object")
    names = {field.name for field in fields(Behaviour)}
    if unknown := sorted(options.keys() - names):
        raise ValueError(f"{VARIABLE} has unknown keys {unknown}; there are {sorted(names)}")
    for key in ("load_s", "prefill_s", "tokens_per_s", "stall_s", "busy_wait_s"):
        if key in options and not (isinstance(options[key], int | float) and options[key] >= 0):
            raise ValueError(f"{VARIABLE}: {key} must be a number of at least 0, not {options[key]!r}")
    if options.get("version", "5.1.1") not in ("5.1.1", "5.2.0"):
        raise ValueError(f"{VARIABLE}: version must be 5.1.1 or 5.2.0, not {options['version']!r}")
    if options.get("kv_slot", "") is None:
        del options["kv_slot"]
    return options


def _default_slot(environment: Mapping[str, str]) -> str:
    folder = environment.get("XDG_RUNTIME_DIR")
    if folder and os.path.isdir(folder):
        return os.path.join(folder, "hailo-vision-simulator.kv")
    return os.path.join(gettempdir(), f"hailo-vision-simulator-{os.getuid()}.kv")


# Read when the package is imported, as the vendor's library reads its own variables (contract 1.1), because the
# classes of the exceptions depend on the version (contract 1.2).
OPTIONS: Final = read_behaviour(os.environ)
