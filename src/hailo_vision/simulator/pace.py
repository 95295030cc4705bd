"""When the device makes each chunk of an answer, and what happens instead of one."""

from dataclasses import dataclass

from hailo_vision.simulator.behaviour import Fault


@dataclass(slots=True, kw_only=True)
class Pace:
    """When chunks are ready: the device keeps its own time, whether or not the host reads.

    With `interval_s` 0 the device keeps step with the reader instead: a chunk is there as soon as it is asked for.
    """

    first_at: float
    interval_s: float
    stalled_index: int | None = None
    stall_s: float = 0.0

    def due(self, index: int) -> float:
        stalled = self.stalled_index is not None and index >= self.stalled_index
        return self.first_at + index * self.interval_s + (self.stall_s if stalled else 0.0)

    def stall(self, index: int, seconds: float, *, at: float) -> None:
        """The chunk with this index, and so all after it, comes later."""
        self.stalled_index = index
        self.stall_s = seconds + (max(0.0, at - self.first_at) if self.interval_s == 0 else 0.0)

    def resume(self, index: int, at: float) -> None:
        """Moves the rest, because the device had to wait for room in the queue."""
        self.first_at += max(0.0, at - self.due(index))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happens instead of the chunk with this index: lost, failed, wedge, silent or crash."""

    kind: str
    index: int


def trouble_of(fault: Fault, start: int, *, patience: int) -> Trouble | None:
    """What a fault does to a run that has `start` chunks; `patience` is how many more it lets through by itself."""
    kind, _, phase = fault.name.partition("_in_")
    if phase == "prefill":
        return Trouble(kind=kind, index=0) if start == 0 else None
    if phase == "decode" and kind != "stall":
        return Trouble(kind=kind, index=start + (patience if fault.argument is None else fault.argument))
    return None
