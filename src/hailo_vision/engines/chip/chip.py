"""The engine that keeps a child: it spawns the worker, watches its phases, and starts it again when it dies.

`run` is the only task. A message from the worker moves the state; the time allowed for the next one is the budget of
the phase. Callers of `generate` never await the device's cleaning up: leaving the generator sends an Abort, and the
worker's Finished, or its death when the abort takes too long, makes the engine READY again.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hailo_vision.chat import Capabilities, Event, Finish, Generation, LoadedModel, ModelFacts, Piece, Timings
from hailo_vision.engines.backoff import Backoff
from hailo_vision.engines.chip.budgets import Budgets
from hailo_vision.engines.chip.process import WORKER_COMMAND, WorkerProcess
from hailo_vision.engines.contract import EngineState
from hailo_vision.engines.reason import reason
from hailo_vision.errors import (
    DeviceFault,
    DeviceUnavailable,
    EngineError,
    HailoVisionError,
    WireError,
    WorkerDied,
    WorkerStalled,
)
from hailo_vision.models.facts import hef_facts
from hailo_vision.wire import Abort, Failed, Finished, Generate, Hello, Load, Loaded, Message, Quit, Token

log = logging.getLogger(__name__)

UNKNOWN_LOAD_S = 10.0  # a guess for Retry-After until a load was measured; the vendor's table says 9.7 s
LOOK_S = 5.0  # between two looks for a device that is not there; a look costs next to nothing


@dataclass(slots=True, kw_only=True)
class _Job:
    """The generation that the worker has in hand, and what came of it so far."""

    number: int
    events: asyncio.Queue[Piece | Finish | HailoVisionError] = field(default_factory=asyncio.Queue)
    is_aborted: bool = False


class Supervisor:
    """An Engine whose model lives in a child process.

    `find_device` says which device each new worker is to take, and raises DeviceUnavailable while there is none;
    without it that is the one that `load` names. `waits_for_device` has the engine wait for one that is missing from
    the start.
    """

    def __init__(
        self,
        load: Load,
        budgets: Budgets,
        *,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = WORKER_COMMAND,
        find_device: Callable[[], str] | None = None,
        waits_for_device: bool = False,
        look_s: float = LOOK_S,
        on_change: Callable[[], None] = lambda: None,
        on_restart: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._load = load
        self._budgets = budgets
        self._environment = environment or {}
        self._command = command
        self._find_device = find_device or (lambda: load.device)
        self._waits_for_device = waits_for_device
        self._look_s = look_s
        self._on_change = on_change
        self._on_restart = on_restart
        self._state = EngineState.STOPPED
        self._model: LoadedModel | None = None
        self._trouble: str | None = None
        self._worker: WorkerProcess | None = None
        self._backoff = Backoff()
        self._job: _Job | None = None
        self._jobs = 0
        self._restarts = 0
        self._busy_s = 0.0
        self._settled = asyncio.Event()  # READY, FAILED, UNLOADED: there is an answer to "can I generate?"
        self._is_unloading = False  # from the Quit of an unload until the next worker has loaded
        self._freed = asyncio.Event()  # the unloaded worker has left the chip
        self._wanted = asyncio.Event()  # somebody waits for an unloaded model
        self._patience: asyncio.Timeout | None = None
        self._silent_until: float | None = None  # the worker may be silent; None is for ever
        self._watch: asyncio.TimerHandle | None = None
        self._phase = ("start", budgets.hello_s)
        self._started_at = 0.0
        self._retry_at = 0.0

    @property
    def slots(self) -> int:
        return 1

    @property
    def state(self) -> EngineState:
        return self._state

    @property
    def model(self) -> LoadedModel | None:
        return self._model

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()  # HailoRT gives words

    @property
    def facts(self) -> ModelFacts:
        return hef_facts(self._load.hef)

    @property
    def trouble(self) -> str | None:
        return self._trouble

    @property
    def ready_in_s(self) -> float:
        if self._state in (EngineState.READY, EngineState.BUSY):
            return 0.0
        load_s = self._model.load_s if self._model else UNKNOWN_LOAD_S
        if self._state is EngineState.UNLOADED:
            return max(1.0, load_s)
        started_at = max(self._started_at, self._retry_at)
        return max(1.0, started_at + load_s - asyncio.get_running_loop().time())

    @property
    def busy_s(self) -> float:
        return self._busy_s

    @property
    def worker_pid(self) -> int | None:
        return self._worker.pid if self._worker else None

    @property
    def restarts(self) -> int:
        """How often a worker had to be replaced."""
        return self._restarts

    async def run(self) -> None:
        """Keep a worker alive until cancelled. After an error that only a person can mend, wait for that.

        Raises DeviceUnavailable when there is no device from the start, unless that is to be waited for, as one that is
        lost later always is. Raises it too where a sandbox shuts the device out, which no other worker of this process
        would change.
        """
        try:
            while True:
                await self._until_there_is_a_device()
                error = await self._live()
                if error is None:
                    self._freed.set()
                    await self._wanted.wait()
                    continue
                self._end_job(error)
                self._trouble = str(error)
                if isinstance(error, DeviceUnavailable):
                    if self._is_the_end(error):
                        raise error
                    if error.fault.is_permanent:
                        await self._give_up(error)
                await self._pause(error)
        finally:
            self._become(EngineState.STOPPED)
            self._freed.set()
            self._end_job(DeviceUnavailable(DeviceFault.FAILED, "The daemon is stopping."))

    async def ready(self) -> None:
        while self._state is not EngineState.READY:
            match self._state:
                case EngineState.FAILED | EngineState.STOPPING | EngineState.STOPPED:
                    raise DeviceUnavailable(DeviceFault.FAILED, self._trouble or "The engine is stopped.")
                case EngineState.UNLOADED:
                    self._wanted.set()
            await self._news()

    async def unload(self) -> None:
        while self._state in (EngineState.STARTING, EngineState.WAKING, EngineState.BUSY):
            await self._news()
        if self._state is EngineState.READY and self._worker is not None:
            log.info("unloading the model")
            self._is_unloading = True
            self._freed.clear()
            self._wanted.clear()
            self._worker.send(Quit())
            self._allow("quit", self._budgets.quit_s)
            self._become(EngineState.UNLOADED)
        if self._state is EngineState.UNLOADED:
            await self._freed.wait()

    async def generate(self, generation: Generation) -> AsyncGenerator[Event]:
        job = await self._begin(generation)
        try:
            while True:
                event = await job.events.get()
                if isinstance(event, HailoVisionError):
                    raise event
                yield event
                if isinstance(event, Finish):
                    return
        finally:
            self._abandon(job)

    # A worker's life

    async def _until_there_is_a_device(self) -> None:
        """No worker is started in vain: each costs a second of a processor."""
        while True:
            try:
                self._load = replace(self._load, device=self._find_device())
                return
            except DeviceUnavailable as error:
                if self._is_the_end(error):
                    raise
                if str(error) != self._trouble:
                    log.warning("%s Looking for it every %g s.", error, self._look_s)
                self._trouble = str(error)
            self._retry_at = asyncio.get_running_loop().time() + self._look_s
            self._become(EngineState.FAILED)
            await asyncio.sleep(self._look_s)

    def _is_the_end(self, error: DeviceUnavailable) -> bool:
        """Whether nothing that this process could wait for would help."""
        if error.fault is DeviceFault.NO_DEVICE:
            return self._model is None and not self._waits_for_device
        return error.fault is DeviceFault.SHUT_OUT

    async def _live(self) -> EngineError | None:
        """One worker from its start to its end; returns why it ended, None when it was to be unloaded."""
        self._started_at = asyncio.get_running_loop().time()
        self._phase = ("start", self._budgets.hello_s)
        self._become(EngineState.WAKING if self._is_unloading else EngineState.STARTING)
        try:
            worker = self._worker = await WorkerProcess.spawn(self._command, self._environment)
        except OSError as error:
            return DeviceUnavailable(DeviceFault.FAILED, f"No worker process could be started: {error.strerror}.")
        why: EngineError | None = None
        polite_s = 0.0
        try:
            await self._converse(worker)
            polite_s = self._budgets.quit_s
        except TimeoutError:
            why = WorkerStalled(*self._phase)
        except WireError as error:
            why = DeviceUnavailable(DeviceFault.FAILED, f"The worker sent something that is no message: {error}")
        except EngineError as error:
            why = error
            polite_s = self._budgets.quit_s  # its last word: it is on its way out by itself
        except asyncio.CancelledError:
            if self._state in (EngineState.READY, EngineState.BUSY, EngineState.UNLOADED):
                polite_s = self._budgets.quit_s
                worker.send(Quit())
            self._become(EngineState.STOPPING)
            raise
        finally:
            self._worker = None
            if self._state in (EngineState.READY, EngineState.BUSY):
                self._become(EngineState.STARTING)  # nothing is asked of this worker any more
            returncode = await worker.leave(polite_s)
        if self._state is EngineState.UNLOADED:  # however it left
            return None
        return why or WorkerDied(returncode)

    async def _converse(self, worker: WorkerProcess) -> None:
        """Take the worker's messages until it closes its end; TimeoutError when a phase outlives its budget."""
        async with asyncio.timeout(self._phase[1]) as self._patience:
            try:
                async for message in worker.receive():
                    self._take(worker, message)
            finally:
                self._stop_watch()
                self._patience = None

    def _take(self, worker: WorkerProcess, message: Message) -> None:
        match message:
            case Token():
                self._take_token(message)
            case Finished():
                self._take_finished(message)
            case Hello():
                worker.send(self._load)
                self._allow("load", self._budgets.load_s)
            case Loaded():
                self._model, self._trouble, self._is_unloading = message.model, None, False
                self._rest()
            case Failed(fatal=False):
                self._hand_over(message.job, message.error)
                self._rest()
            case Failed(error=error):
                raise error
            case _:
                raise WireError(f"a {type(message).__name__} from a worker")

    def _take_token(self, message: Token) -> None:
        if self._job is not None and not self._job.is_aborted:  # after an Abort more tokens win no more time
            self._allow("token", self._budgets.token_s)
            self._hand_over(message.job, Piece(text=message.text))

    def _take_finished(self, message: Finished) -> None:
        self._backoff.reset()
        self._busy_s += message.prefill_s + message.decode_s
        if message.reason is not None:
            timings = Timings(prefill_s=message.prefill_s, decode_s=message.decode_s)
            self._hand_over(message.job, Finish(reason=message.reason, usage=message.usage, timings=timings))
        self._rest()

    async def _give_up(self, error: DeviceUnavailable) -> None:
        log.error("%s Not tried again until the service is restarted.", error)
        self._become(EngineState.FAILED)
        await asyncio.Event().wait()

    async def _pause(self, error: EngineError) -> None:
        """Wait before the next try, as long as the backoff says."""
        self._restarts += 1
        self._on_restart(reason(error))
        delay_s = self._backoff.next_s()
        log.warning("%s Starting another worker in %.1f s.", error, delay_s)
        if delay_s:
            self._retry_at = asyncio.get_running_loop().time() + delay_s
            self._become(EngineState.FAILED)
            await asyncio.sleep(delay_s)

    # The job in hand

    async def _begin(self, generation: Generation) -> _Job:
        await self.ready()
        assert self._worker is not None
        self._jobs += 1
        self._worker.send(Generate(job=self._jobs, generation=generation))
        job = self._job = _Job(number=self._jobs)
        self._allow("prefill", self._budgets.prefill_s)
        self._become(EngineState.BUSY)
        return job

    def _hand_over(self, number: int | None, event: Piece | Finish | HailoVisionError) -> None:
        if self._job is not None and self._job.number == number and not self._job.is_aborted:
            self._job.events.put_nowait(event)

    def _abandon(self, job: _Job) -> None:
        """The caller has left; if the worker is still at it, have it stop."""
        if self._job is job and not job.is_aborted and self._worker is not None:
            job.is_aborted = True
            self._worker.send(Abort(job=job.number))
            self._allow("abort", self._budgets.abort_s)

    def _end_job(self, error: HailoVisionError) -> None:
        if self._job is not None:
            self._hand_over(self._job.number, error)
            self._job = None

    # State

    def _rest(self) -> None:
        """The worker is ready for more."""
        self._job = None
        if self._patience is not None:
            self._patience.reschedule(None)
        self._silent_until = None
        self._become(EngineState.READY)

    def _allow(self, phase: str, budget_s: float) -> None:
        """The worker may now be silent for this long."""
        self._phase = (phase, budget_s)
        if self._patience is None or self._patience.expired():
            return
        loop = asyncio.get_running_loop()
        self._silent_until = loop.time() + budget_s
        if self._watch is None:
            self._patience.reschedule(None)
        if self._watch is None or self._watch.when() > self._silent_until:
            self._stop_watch()
            self._watch = loop.call_at(self._silent_until, self._look_for_silence)

    def _look_for_silence(self) -> None:
        """The earliest end of a budget has come. Each token moved it, which costs no timer until now."""
        self._watch = None
        if self._silent_until is None or self._patience is None:
            return
        loop = asyncio.get_running_loop()
        if self._silent_until > loop.time():
            self._watch = loop.call_at(self._silent_until, self._look_for_silence)
        else:
            self._patience.reschedule(loop.time())

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _become(self, state: EngineState) -> None:
        self._state = state
        if state not in (EngineState.STARTING, EngineState.WAKING, EngineState.BUSY):
            self._settled.set()
        self._on_change()

    async def _news(self) -> None:
        """Wait until the state is another one that somebody waits for."""
        self._settled.clear()
        await self._settled.wait()
