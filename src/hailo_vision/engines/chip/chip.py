"""The engine that keeps a worker with a model on the chip, and watches the phases of its work.

A message from the worker moves the state; the time allowed for the next one is the budget of the phase. Callers of
`generate` never await the device's cleaning up: leaving the generator sends an Abort, and the worker's Finished, or its
death when the abort takes too long, makes the engine READY again.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hailo_vision.chat import Capabilities, Event, Finish, Generation, LoadedModel, ModelFacts, Piece, Timings
from hailo_vision.engines.backoff import Backoff
from hailo_vision.engines.child import Supervisor
from hailo_vision.engines.chip.budgets import Budgets
from hailo_vision.engines.chip.process import WORKER_COMMAND, WorkerProcess
from hailo_vision.engines.chip.silence import Silence
from hailo_vision.engines.condition import Condition
from hailo_vision.engines.contract import EngineState, OnChange, OnRestart
from hailo_vision.errors import (
    DeviceFault,
    DeviceUnavailable,
    EngineError,
    HailoVisionError,
    WireError,
    WorkerStalled,
)
from hailo_vision.models.facts import hef_facts
from hailo_vision.wire import Abort, Failed, Finished, Generate, Hello, Load, Loaded, Message, Quit, Token

log = logging.getLogger(__name__)

# A load that failed so has sent up to 3 GB to the chip, and can have killed the server there for all its clients: no
# memory on the chip or for transfers, the server closed, the place taken.
COSTLY_LOAD_STATUSES = frozenset({3, 57, 62, 81})
LOOK_S = 5.0  # between two looks for a device that is not there; a look costs next to nothing


@dataclass(slots=True, kw_only=True)
class _Job:
    """The generation that the worker has in hand, and what came of it so far."""

    number: int
    max_tokens: int
    tokens_left: int  # more of them would be no answer to this job
    events: asyncio.Queue[Piece | Finish | HailoVisionError] = field(default_factory=asyncio.Queue)
    is_aborted: bool = False


class ChipEngine:
    """An Engine whose model is on the chip, or on what plays one.

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
        backoff: Backoff | None = None,
        on_change: OnChange = lambda: None,
        on_restart: OnRestart = lambda reason: None,
    ) -> None:
        self._load = load
        self._budgets = budgets
        self._environment = environment or {}
        self._command = command
        self._find_device = find_device or (lambda: load.device)
        self._waits_for_device = waits_for_device
        self._look_s = look_s
        self._condition = Condition(on_change, slots=1)
        self._backoff = backoff or Backoff()
        self._supervisor = Supervisor(
            self._condition,
            name="worker",
            quit_s=budgets.quit_s,
            spawn=self._spawn,
            serve=self._serve,
            ask_to_leave=self._ask_to_leave,
            before_start=self._until_there_is_a_device,
            on_failure=self._on_failure,
            on_restart=on_restart,
            backoff=self._backoff,
        )
        self._job: _Job | None = None
        self._jobs = 0
        self._busy_s = 0.0
        self._silence = Silence()

    @property
    def slots(self) -> int:
        return 1

    @property
    def state(self) -> EngineState:
        return self._condition.state

    @property
    def model(self) -> LoadedModel | None:
        return self._supervisor.model

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()  # HailoRT gives words

    @property
    def facts(self) -> ModelFacts:
        return hef_facts(self._load.hef)

    @property
    def trouble(self) -> str | None:
        return self._condition.trouble

    @property
    def ready_in_s(self) -> float:
        return self._supervisor.ready_in_s

    @property
    def busy_s(self) -> float:
        return self._busy_s

    @property
    def worker_pid(self) -> int | None:
        return self._supervisor.pid

    @property
    def restarts(self) -> int:
        """How often a worker had to be replaced."""
        return self._supervisor.restarts

    async def run(self) -> None:
        """Keep a worker alive until cancelled. After an error that only a person can mend, wait for that.

        Raises DeviceUnavailable when there is no device from the start, unless that is to be waited for, as one that is
        lost later always is. Raises it too where a sandbox shuts the device out, which no other worker of this process
        would change.
        """
        try:
            await self._supervisor.run()
        finally:
            self._end_job(DeviceUnavailable(DeviceFault.FAILED, "The daemon is stopping."))

    async def ready(self) -> None:
        await self._condition.ready()

    async def unload(self) -> None:
        await self._supervisor.unload()

    async def generate(self, generation: Generation) -> AsyncGenerator[Event]:
        job = await self._begin(generation)
        is_first_try = True
        try:
            while True:
                event = await job.events.get()
                if is_first_try and isinstance(event, DeviceUnavailable) and event.is_untouched:
                    is_first_try = False
                    job = await self._begin_again(generation, event)
                    continue
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
                if str(error) != self.trouble:
                    log.warning("%s Looking for it every %g s.", error, self._look_s)
                self._condition.trouble = str(error)
            await self._condition.fail_for(self._look_s)

    def _is_the_end(self, error: DeviceUnavailable) -> bool:
        """Whether nothing that this process could wait for would help."""
        if error.fault is DeviceFault.NO_DEVICE:
            return self.model is None and not self._waits_for_device
        return error.fault is DeviceFault.SHUT_OUT

    def _on_failure(self, error: EngineError) -> None:
        self._end_job(error)
        if isinstance(error, DeviceUnavailable) and self._is_the_end(error):
            raise error

    async def _spawn(self) -> WorkerProcess:
        return await WorkerProcess.spawn(self._command, self._environment)

    def _ask_to_leave(self, worker: WorkerProcess) -> None:
        worker.send(Quit())
        self._silence.allow("quit", self._budgets.quit_s)

    async def _serve(self, worker: WorkerProcess) -> None:
        """Take the worker's messages until it closes its end. One that breaks the rules has no time to leave."""
        try:
            async with self._silence.watched("start", self._budgets.hello_s):
                async for message in worker.receive():
                    self._take(worker, message)
            self._note_end_in_load()
        except TimeoutError:
            worker.kill()
            self._note_end_in_load()
            raise WorkerStalled(*self._silence.phase) from None
        except WireError as error:
            worker.kill()
            self._note_end_in_load()
            reason = f"The worker sent something that is no message: {error}"
            raise DeviceUnavailable(DeviceFault.FAILED, reason) from None

    def _note_end_in_load(self) -> None:
        """A worker that stalls, crashes or breaks the rules while it loads has sent up to 3 GB too."""
        if self._silence.phase[0] == "load":
            self._backoff.wait_long()

    def _take(self, worker: WorkerProcess, message: Message) -> None:
        """Raises WireError where the message has no place in this phase: such a worker is not to be trusted further."""
        match message:
            case Token(job=job) if self._has(job):
                self._take_token(message)
            case Finished(job=job) if self._has(job):
                self._take_finished(message)
            case Failed(job=job) if self._has(job):
                self._take_failed(message)
            case Failed(job=None) if self._silence.phase[0] == "load":
                self._take_failed(message)
            case Hello() if self._silence.phase[0] == "start":
                worker.send(self._load)
                self._silence.allow("load", self._budgets.load_s)
            case Loaded() if self._silence.phase[0] == "load":
                self._supervisor.loaded(message.model)
                self._rest()
            case _:
                raise WireError(f"a {type(message).__name__} that nobody waits for ({self._silence.phase[0]})")

    def _has(self, job: int | None) -> bool:
        return self._job is not None and self._job.number == job

    def _take_token(self, message: Token) -> None:
        assert self._job is not None
        if self._job.tokens_left == 0:
            raise WireError("a Token beyond the answer's limit")
        self._job.tokens_left -= 1
        if not self._job.is_aborted:  # after an Abort more tokens win no more time
            self._silence.allow("token", self._budgets.token_s)
            self._hand_over(message.job, Piece(text=message.text))

    def _take_failed(self, message: Failed) -> None:
        if not message.fatal and message.job is not None:
            self._hand_over(message.job, message.error)
            self._rest()
            return
        if not message.fatal or not isinstance(message.error, EngineError):
            raise WireError(f"a {type(message.error).__name__} that can't end a worker")
        if (
            message.job is None
            and isinstance(message.error, DeviceUnavailable)
            and message.error.status in COSTLY_LOAD_STATUSES
        ):
            self._backoff.wait_long()
        raise message.error

    def _take_finished(self, message: Finished) -> None:
        assert self._job is not None
        usage = message.usage
        if usage.completion_tokens > self._job.max_tokens or usage.cached_tokens > usage.prompt_tokens:
            raise WireError("a Finished with more tokens than there can be")
        self._supervisor.worked()
        self._busy_s += message.prefill_s + message.decode_s
        if message.reason is not None:
            timings = Timings(prefill_s=message.prefill_s, decode_s=message.decode_s)
            finish = Finish(reason=message.reason, usage=message.usage, timings=timings, stop=message.stop)
            self._hand_over(message.job, finish)
        self._rest()

    # The job in hand

    async def _begin(self, generation: Generation) -> _Job:
        await self.ready()
        worker = self._supervisor.child
        assert worker is not None
        self._jobs += 1
        worker.send(Generate(job=self._jobs, generation=generation))
        # One Token for each token of the answer, and one for the text that was held back for a stop string.
        job = self._job = _Job(
            number=self._jobs, max_tokens=generation.max_tokens, tokens_left=generation.max_tokens + 1
        )
        self._silence.allow("prefill", self._budgets.prefill_s)
        self._condition.become(EngineState.BUSY)
        return job

    async def _begin_again(self, generation: Generation, loss: DeviceUnavailable) -> _Job:
        """Send a generation of which nothing had reached the device to the next worker, within its deadline."""
        log.info("waiting for another worker: nothing was sent yet", extra={"facts": {"status": loss.status}})
        try:
            async with asyncio.timeout_at(generation.deadline):
                return await self._begin(generation)
        except TimeoutError:
            raise loss from None

    def _hand_over(self, number: int | None, event: Piece | Finish | HailoVisionError) -> None:
        if self._job is not None and self._job.number == number and not self._job.is_aborted:
            self._job.events.put_nowait(event)

    def _abandon(self, job: _Job) -> None:
        """The caller has left; if the worker is still at it, have it stop."""
        worker = self._supervisor.child
        if self._job is job and not job.is_aborted and worker is not None:
            job.is_aborted = True
            worker.send(Abort(job=job.number))
            self._silence.allow("abort", self._budgets.abort_s)

    def _end_job(self, error: HailoVisionError) -> None:
        if self._job is not None:
            self._hand_over(self._job.number, error)
            self._job = None

    def _rest(self) -> None:
        """The worker is ready for more."""
        self._job = None
        self._silence.rest()
        self._condition.become(EngineState.READY)
