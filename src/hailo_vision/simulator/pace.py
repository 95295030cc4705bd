"""The timing of an answer's chunks, and the fault that comes in the place of one."""

from dataclasses import dataclass

from hailo_vision.simulator.behaviour import InjectedFault


@dataclass(slots=True, kw_only=True)
class Pace:
    """The times at which chunks are ready: the device keeps its own time, whether or not the host reads.

    With `interval_s` 0 the device keeps step with the reader instead: a chunk is ready as soon as it is asked for.
    """

    first_at: float
    interval_s: float
    stalled_index: int | None = None
    stall_s: float = 0.0

    def due(self, index: int) -> float:
        stalled = self.stalled_index is not None and index >= self.stalled_index
        return self.first_at + index * self.interval_s + (self.stall_s if stalled else 0.0)

    def stall(self, index: int, seconds: float, *, at: float) -> None:
        """Delay the chunk with this index, and so all after it."""
        self.stalled_index = index
        self.stall_s = seconds + (max(0.0, at - self.first_at) if self.interval_s == 0 else 0.0)

    def resume(self, index: int, at: float) -> None:
        """Delay the remaining chunks, because the device had to wait for room in the queue."""
        self.first_at += max(0.0, at - self.due(index))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkFault:
    """The fault in the place of the chunk with this index: lost, failed, wedge, silent or crash."""

    kind: str
    index: int


def chunk_fault(fault: InjectedFault, start: int, *, default_chunks: int) -> ChunkFault | None:
    """The fault in a run that has `start` chunks; without a number it comes `default_chunks` later."""
    kind, _, phase = fault.name.partition("_in_")
    if phase == "prefill":
        return ChunkFault(kind=kind, index=0) if start == 0 else None
    if phase == "decode" and kind != "stall":
        return ChunkFault(kind=kind, index=start + (default_chunks if fault.argument is None else fault.argument))
    return None
