"""What the scheduler drives: the contract that every engine keeps."""

from collections.abc import AsyncGenerator, Callable
from enum import StrEnum
from typing import Protocol

from hailo_vision.chat import Capabilities, Event, Generation, LoadedModel, ModelFacts

# An engine calls the one at each change of its state, the other with the reason when a child or server is replaced.
OnChange = Callable[[], None]
OnRestart = Callable[[str], None]


class EngineState(StrEnum):
    """STOPPED -> STARTING -> READY <-> BUSY -> STOPPING -> STOPPED; any -> FAILED -> STARTING.

    READY -> UNLOADED -> WAKING -> READY: the model was taken off the chip, and comes back for whoever waits for it.
    """

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    STOPPING = "stopping"
    FAILED = "failed"
    UNLOADED = "unloaded"
    WAKING = "waking"


class Engine(Protocol):
    """A model that answers a conversation, or as many at once as it has slots."""

    @property
    def slots(self) -> int:
        """Generations at once; always the same."""

    @property
    def state(self) -> EngineState: ...

    @property
    def model(self) -> LoadedModel | None:
        """The model that is loaded, or was when the engine last worked; None before the first load."""

    @property
    def facts(self) -> ModelFacts:
        """What is known of the model, before it is loaded too. May look at the disk; never asks the device."""

    @property
    def capabilities(self) -> Capabilities:
        """What it does by its own means; what only a loaded model can tell is not there before."""

    @property
    def trouble(self) -> str | None:
        """One sentence on why the state is FAILED, for a person; None otherwise."""

    @property
    def ready_in_s(self) -> float:
        """An estimate of the seconds until READY, from a load that begins now where it is UNLOADED; 0 when it is READY.

        Never blocks.
        """

    @property
    def busy_s(self) -> float:
        """Seconds of prefill and decode of all generations that ended, aborted ones too, by the engine's own clock.

        Of several at once each counts.
        """

    async def ready(self) -> None:
        """Wait until READY, or BUSY with a slot free; what is UNLOADED is loaded again for it.

        Raises EngineError when that can't be now.

        Once this returns, and before anything else is awaited, `generate` begins at once.
        """

    async def unload(self) -> None:
        """Take the model off the chip, once nothing is generated; nothing happens where no model is loaded.

        Returns when the chip is free. Cancelled before the engine is READY, it changes nothing.
        """

    def generate(self, generation: Generation) -> AsyncGenerator[Event]:
        """Answers: pieces as they come, then the calls of tools where it has tools, then exactly one Finish.

        Waits for `ready`, as an aborted generation may still be on its way out. Closing the generator early aborts the
        generation; it returns at once, and the engine is BUSY until its device is free again.

        Raises ContextLengthExceeded or another RequestError before the first piece when the device would not take
        it, EngineError when the engine fails, then or later. After either the generator has ended.
        """


class DrivenEngine(Engine, Protocol):
    """An engine that a task must run, and that may keep a child."""

    @property
    def worker_pid(self) -> int | None: ...

    @property
    def restarts(self) -> int:
        """How often a child had to be replaced, or a server was lost."""

    async def run(self) -> None:
        """Keep the engine alive until it is cancelled. Raises DeviceUnavailable where no wait would help."""
