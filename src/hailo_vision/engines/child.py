"""The life of a child process that an engine keeps: it is started, watched to its end, and replaced."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from hailo_vision.chat import LoadedModel
from hailo_vision.engines.backoff import Backoff, restart_reason
from hailo_vision.engines.condition import Condition
from hailo_vision.engines.contract import EngineState, OnRestart
from hailo_vision.engines.start_failure import start_failure
from hailo_vision.errors import DeviceFault, DeviceUnavailable, EngineError, WorkerDied

log = logging.getLogger(__name__)

UNKNOWN_LOAD_S = 10.0  # a guess for Retry-After until a load was measured; the vendor's table says 9.7 s


class Child(Protocol):
    """A process that was started."""

    @property
    def pid(self) -> int: ...

    @property
    def last_line(self) -> str:
        """The last line that it printed to stderr, complete once it has left."""

    def kill(self) -> None: ...

    async def leave(self, within_s: float) -> int:
        """Wait for its end, kill it when the time is up, and clean up. Returns its exit code."""


ChildT = TypeVar("ChildT", bound=Child)


async def _start_at_once() -> None:
    """There is nothing to wait for."""


class Supervisor(Generic[ChildT]):
    """Keeps one child of an engine alive. What differs between engines is given as functions:

    spawn            starts a child; raises EngineError or OSError
    serve            speaks with it, moves the Condition, and returns when it ends; raises EngineError when it is to be
                     replaced, and kills it first where it could not be asked to leave
    ask_to_leave     has it end, within `quit_s`
    before_start     is awaited before each start
    on_failure       is told why a child is replaced; what this or `before_start` raises ends `run`

    `name` is what the log calls a child.
    """

    def __init__(
        self,
        condition: Condition,
        *,
        name: str,
        quit_s: float,
        spawn: Callable[[], Awaitable[ChildT]],
        serve: Callable[[ChildT], Awaitable[None]],
        ask_to_leave: Callable[[ChildT], None],
        before_start: Callable[[], Awaitable[None]] = _start_at_once,
        on_failure: Callable[[EngineError], None] = lambda error: None,
        on_restart: OnRestart = lambda reason: None,
        backoff: Backoff | None = None,
    ) -> None:
        self._condition = condition
        self._name = name
        self._quit_s = quit_s
        self._spawn = spawn
        self._serve = serve
        self._ask_to_leave = ask_to_leave
        self._before_start = before_start
        self._on_failure = on_failure
        self._on_restart = on_restart
        self._backoff = backoff or Backoff()
        self._has_loaded = False  # the child that runs
        self._is_unloaded = False  # from an unload until the next child has loaded
        self._freed = asyncio.Event()  # the unloaded child has ended
        self.child: ChildT | None = None
        self.model: LoadedModel | None = None
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        return self.child.pid if self.child else None

    @property
    def ready_in_s(self) -> float:
        return self._condition.ready_in_s(self.model.load_s if self.model else UNKNOWN_LOAD_S)

    def loaded(self, model: LoadedModel) -> None:
        """The child has loaded its model; it is for `serve` to say so, before it makes the Condition READY."""
        self.model, self._is_unloaded, self._condition.trouble = model, False, None
        self._has_loaded = True

    def worked(self) -> None:
        """The child has proved itself: should it fail, the next one starts at once."""
        self._backoff.reset()

    async def run(self) -> None:
        """Keep a child alive until cancelled. After an error that only a person can mend, wait for that."""
        try:
            while True:
                await self._before_start()
                error = await self._live()
                if error is None:
                    self._freed.set()
                    await self._condition.wake.wait()
                else:
                    await self._recover(error)
        finally:
            self._condition.become(EngineState.STOPPED)
            self._freed.set()

    async def unload(self) -> None:
        """Have the child end once nothing is generated, and wait for that. Nothing happens where no model is loaded."""
        await self._condition.settled()
        if self._condition.state is EngineState.READY and self.child is not None:
            log.info("unloading the model")
            self._is_unloaded = True
            self._freed.clear()
            self._condition.wake.clear()
            self._ask_to_leave(self.child)
            self._condition.become(EngineState.UNLOADED)
        if self._condition.state is EngineState.UNLOADED:
            await self._freed.wait()

    async def _live(self) -> EngineError | None:
        """One child from its start to its end; returns why it ended, None when it was to be unloaded."""
        self._has_loaded = False
        self._condition.become(EngineState.WAKING if self._is_unloaded else EngineState.STARTING)
        try:
            child = self.child = await self._spawn()
        except EngineError as error:
            return error
        except OSError as error:
            return DeviceUnavailable(DeviceFault.FAILED, f"No {self._name} could be started: {error.strerror}.")
        failure: EngineError | None = None
        try:
            await self._serve(child)
        except EngineError as error:
            failure = error
        except asyncio.CancelledError:
            self._dismiss(child)
            raise
        finally:
            self.child = None
            self._condition.lose()
            returncode = await child.leave(self._quit_s)
        if self._condition.state is EngineState.UNLOADED:  # however it left
            return None
        return self._cause(failure or WorkerDied(returncode), child)

    def _cause(self, failure: EngineError, child: ChildT) -> EngineError:
        """A child that died before it had loaded could not say why; what it printed does."""
        if self._has_loaded or not isinstance(failure, WorkerDied):
            return failure
        return start_failure(self._name, failure.returncode, child.last_line)

    def _dismiss(self, child: ChildT) -> None:
        """The engine is to stop. A child that is loading would not listen."""
        if self._condition.is_up or self._condition.state is EngineState.UNLOADED:
            self._ask_to_leave(child)
        else:
            child.kill()
        self._condition.become(EngineState.STOPPING)

    async def _recover(self, error: EngineError) -> None:
        """Wait before the next try, as long as the backoff says, or for ever."""
        self._condition.trouble = str(error)
        self._on_failure(error)
        if isinstance(error, DeviceUnavailable) and error.fault.is_permanent:
            log.error("%s Not tried again until the service is restarted.", error)
            self._condition.become(EngineState.FAILED)
            await asyncio.Event().wait()
        self.restarts += 1
        self._on_restart(restart_reason(error))
        delay_s = self._backoff.next_s()
        log.warning("%s Starting another %s in %.1f s.", error, self._name, delay_s)
        if delay_s:
            await self._condition.fail_for(delay_s)
