"""What the worker's loop drives: the contract of device code inside the child."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from hailo_vision.chat import FinishReason, Generation, LoadedModel, Usage
from hailo_vision.wire import Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The end of a generation; `reason` is None when it was cancelled."""

    reason: FinishReason | None
    usage: Usage
    prefill_s: float
    decode_s: float


class Backend(Protocol):
    """Device code. Every call may block for as long as the device likes; the daemon holds the clock."""

    def load(self, load: Load) -> LoadedModel:
        """Open the device and load the model. Raises DeviceUnavailable."""

    def generate(self, generation: Generation, cancelled: Callable[[], bool]) -> Iterator[str | Done]:
        """Yield the text of each token, empty ones too, then one Done.

        `cancelled` is asked between tokens; once it says yes the generation ends with a Done soon. So it does once
        the generation's deadline has passed, with DEADLINE as its reason and exact usage.

        Raises ContextLengthExceeded or GenerationFailed when the next generation can be asked for, and
        DeviceUnavailable when this process is of no use any more.
        """

    def close(self) -> None:
        """Release the model and the device."""
