"""Loads a model: the checks of the host, the one KV cache, the time that it takes, and the faults."""

import signal
from dataclasses import dataclass
from typing import Final

from hailo_vision.simulator.behaviour import Behaviour
from hailo_vision.simulator.chip import Lock, take_kv_slot
from hailo_vision.simulator.clock import block_forever, block_until, die, now
from hailo_vision.simulator.hef import check_hef
from hailo_vision.simulator.session import Kind, Session
from hailo_vision.simulator.status import Failure, Status

_SLOW_FACTOR: Final = 4
_MIN_SLOW_S: Final = 5.0
_HALF_WAY: Final = ("wedge_in_load", "crash_in_load", "hef_other_chip", "upload_fails", "out_of_memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOnChip:
    """A model on the chip: its session, and the lock that keeps other models out."""

    session: Session
    slot: Lock

    def release(self) -> None:
        self.session.close()
        self.slot.release()


def load(behaviour: Behaviour, kind: Kind, path: str, *, can_schedule: bool, optimize_memory: bool) -> ModelOnChip:
    """Load a model, with the steps in the order of the vendor's library (contract 6)."""
    if not can_schedule:
        raise Failure(Status.NOT_SUPPORTED, "GenAI needs a scheduler, and the VDevice has SchedulingAlgorithm.NONE")
    if optimize_memory:
        raise Failure(Status.NOT_IMPLEMENTED, "the library was built without the host's tokenizer")
    hef_hash = check_hef(behaviour, path)
    slot = take_kv_slot(behaviour)
    try:
        _spend_time(behaviour)
    except Failure:
        slot.release()
        raise
    return ModelOnChip(session=Session(behaviour, kind, hef_hash), slot=slot)


def _spend_time(behaviour: Behaviour) -> None:
    fault, load_s = behaviour.current_fault(), behaviour.load_s
    if fault.name == "slow_load":
        slow_s = max(_SLOW_FACTOR * load_s, _MIN_SLOW_S)
        load_s = slow_s if fault.argument is None else fault.argument
    # The faults come half way: the device reports them after it has been sent a part of the file. Otherwise the load is
    # one wait, as no other thread runs in the vendor's.
    block_until(now() + (load_s / 2 if fault.name in _HALF_WAY else load_s))
    match fault.name:
        case "wedge_in_load":
            block_forever()
        case "crash_in_load":
            die(signal.SIGSEGV, "crash_in_load: the library crashed while it loaded the model")
        case "hef_other_chip":
            raise Failure(Status.HEF_NOT_COMPATIBLE_WITH_DEVICE, "the HEF is for another chip")
        case "upload_fails":
            raise Failure(Status(fault.argument or Status.TIMEOUT), "the model could not be sent")
        case "out_of_memory":
            raise Failure(Status(fault.argument or Status.OUT_OF_HOST_CMA_MEMORY), "the device's memory is exhausted")
