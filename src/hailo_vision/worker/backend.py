"""The contract of the device code inside the worker, which the worker's loop drives."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from hailo_vision.chat import FinishReason, Generation, LoadedModel, Usage
from hailo_vision.wire import Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The end of a generation; `reason` is None when it was cancelled, `stop` the stop string that ended it, if any."""

    reason: FinishReason | None
    usage: Usage
    prefill_s: float
    decode_s: float
    stop: str | None = None


class Backend(Protocol):
    """Device code. Every call may block for as long as the device likes; the daemon watches the time."""

    def load(self, load: Load) -> LoadedModel:
        """Open the device and load the model. Raises DeviceUnavailable."""

    def generate(self, generation: Generation, cancelled: Callable[[], bool]) -> Iterator[str | Done]:
        """Yield the text of each token, which may be empty, then one Done.

        `cancelled` is asked between tokens; once it returns True the generation ends with a Done soon. It also ends
        once its deadline has passed, with DEADLINE as the reason and exact usage.

        Raises ContextLengthExceeded or GenerationFailed if this process can still take the next generation, and
        DeviceUnavailable if it can't.
        """

    def close(self) -> None:
        """Release the model and the device."""
