"""What the scheduler drives: the contract that every engine keeps."""

from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import Protocol

from hailo_vision.chat import Finish, Generation, LoadedModel, Piece


class EngineState(StrEnum):
    """STOPPED -> STARTING -> READY <-> BUSY -> STOPPING -> STOPPED; any -> FAILED -> STARTING."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    STOPPING = "stopping"
    FAILED = "failed"


class Engine(Protocol):
    """A model that answers one conversation at a time."""

    @property
    def state(self) -> EngineState: ...

    @property
    def model(self) -> LoadedModel | None:
        """The model that is loaded, or was when the engine last worked; None before the first load."""

    @property
    def trouble(self) -> str | None:
        """One sentence on why the state is FAILED, for a person; None otherwise."""

    @property
    def ready_in_s(self) -> float:
        """An estimate of the seconds until READY; 0 when it is. Never blocks."""

    def generate(self, generation: Generation) -> AsyncGenerator[Piece | Finish]:
        """Answers: pieces as they come, then exactly one Finish.

        Waits for READY when an aborted generation is still on its way out. Closing the generator early aborts the
        generation; it returns at once, and the engine is BUSY until the device is free again.

        Raises ContextLengthExceeded or another RequestError before the first piece when the device would not take
        it, EngineError when the engine fails, then or later. After either the generator has ended.
        """
