"""The scheduler of one engine: it runs as many generations at once as the engine has slots, and a chip has one.

Admission decides without awaiting. An admitted job waits for its turn, then drives the engine and buffers its events.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from hailo_vision.chat import Capabilities, Finish, FinishReason, Generation, LoadedModel, Priority, Timings
from hailo_vision.config import settings
from hailo_vision.engines.contract import Engine, EngineState
from hailo_vision.errors import HailoVisionError, NotReady, QueueFull, SlowReader, TooBusy, Unready
from hailo_vision.scheduler.admission import Admission
from hailo_vision.scheduler.estimate import Estimate, Speed
from hailo_vision.scheduler.idle import KeepAlive
from hailo_vision.scheduler.job import PIECES_IN_A_ROW, Events, Job
from hailo_vision.scheduler.queue import FairQueue
from hailo_vision.scheduler.record import JobRecord, Outcome, Refusal, Totals, outcome_of, refusal_of
from hailo_vision.scheduler.turns import Waiter
from hailo_vision.tasks import task_group

log = logging.getLogger(__name__)

DRAIN_RETRY_S = 10.0
GRACE_S = 5.0  # how long after its deadline a job is aborted, should the engine not have ended it by itself


def stopping() -> NotReady:
    """What is told to a request that a stop leaves no time for."""
    return NotReady(Unready.DRAINING, "The server is stopping.", retry_after_s=DRAIN_RETRY_S)


class Scheduler:
    """Gives the engine's slots to jobs. An idle model is unloaded only while `run` runs.

    `speed` is what an earlier run of the daemon measured of this engine. `on_job_end` gets the record of each job that
    had a place in the queue, `on_refused` the reason of each refusal.
    """

    def __init__(
        self,
        engine: Engine,
        queue: settings.Queue,
        *,
        keep_alive: float | None = None,
        is_pinned: bool = False,
        grace_s: float = GRACE_S,
        speed: Speed | None = None,
        on_job_end: Callable[[JobRecord], None] = lambda record: None,
        on_refused: Callable[[Refusal], None] = lambda refusal: None,
    ) -> None:
        self._engine = engine
        self._queue: FairQueue[Job] = FairQueue(queue.depth, engine.slots)
        self._estimate = Estimate(speed)
        self._admission = Admission(engine, self._queue, self._estimate, queue)
        self._keep_alive = KeepAlive(engine, seconds=keep_alive, is_pinned=is_pinned)
        self._grace_s = grace_s
        self._on_job_end = on_job_end
        self._on_refused = on_refused
        self._is_draining = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.totals = Totals()

    @property
    def depth(self) -> int:
        return self._queue.depth

    @property
    def deadline_s(self) -> float:
        """The time limit of a request that arrives now; a reload can change it."""
        return self._admission.deadline_s

    @property
    def engine_model(self) -> LoadedModel | None:
        """The model that is loaded, or that was loaded last."""
        return self._engine.model

    @property
    def capabilities(self) -> Capabilities:
        """The features that the engine has natively."""
        return self._engine.capabilities

    @property
    def speed(self) -> Speed | None:
        """What was measured of jobs; None until one was."""
        return self._estimate.speed

    @property
    def waiting(self) -> int:
        """The number of jobs that wait for their turn."""
        return self._queue.length

    @property
    def running(self) -> int:
        """The number of jobs whose turn it is; at most the engine's slots."""
        return len(self._queue.running)

    @property
    def slots(self) -> int:
        """The number of jobs that can run at once."""
        return self._queue.slots

    @property
    def free(self) -> int:
        """The number of free slots: so many new jobs would run at once."""
        return self.slots - self.running

    @property
    def unready(self) -> NotReady | None:
        """Why no request would be admitted now; None when one would be, unless the queue is full."""
        return self._unready(waits_for_load=False)

    async def admit(
        self,
        *,
        client: str,
        arrived_at: float,
        priority: Priority = Priority.INTERACTIVE,
        waits_for_load: bool = False,
    ) -> LoadedModel:
        """Check that a request would be admitted now, before any work is done for it. Returns the loaded model.

        It awaits only the model's first load, where `queue.wait_for_load` is true, or is auto and `waits_for_load` is
        true, and queues for it as a job does.

        Raises NotReady, QueueFull or TooBusy; after a wait for the load also Expired or EngineError.
        """
        self._check(client, priority, arrived_at, None, waits_for_load)
        if self._engine.model is None:
            await self._wait_for_engine(client, priority, arrived_at, waits_for_load)
        assert self._engine.model is not None
        return self._engine.model

    def waiter(self, *, client: str, arrived_at: float, priority: Priority = Priority.INTERACTIVE) -> Waiter:
        """The same request at all else that it waits for: its client and its deadline are those of its jobs."""
        deadline_s = self._admission.deadline_s
        return Waiter(client=client, deadline=arrived_at + deadline_s, deadline_s=deadline_s, priority=priority)

    async def load(self, *, client: str, arrived_at: float, waits_for_load: bool = False) -> None:
        """Load the model if it is not loaded, in the request's turn. Raises the errors of `admit`."""
        self._check(client, Priority.INTERACTIVE, arrived_at, None, waits_for_load)
        if self._engine.state not in (EngineState.READY, EngineState.BUSY):
            await self._wait_for_engine(client, Priority.INTERACTIVE, arrived_at, waits_for_load)
        self._keep_alive.touch()

    @asynccontextmanager
    async def job(
        self,
        generation: Generation,
        *,
        client: str,
        arrived_at: float,
        priority: Priority = Priority.INTERACTIVE,
        waits_for_load: bool = False,
    ) -> AsyncIterator[Events]:
        """Take a place in the queue, give the events of the answer, and leave the queue however the block ends.

        Turns are taken between clients; `client` is their name, which the log shows, so it must not be a secret. The
        place is taken or refused before anything is awaited: NotReady, QueueFull, TooBusy. The deadline counts from
        `arrived_at`, on the loop's clock. The events raise Expired, QueueFull or NotReady (if the job was evicted),
        SlowReader and the engine's errors. The engine gets its next job as soon as this one has ended, even if the
        events are read later.
        """
        job = self._enter(client, priority, arrived_at, generation.max_tokens, waits_for_load)
        try:
            async with task_group() as tasks:
                driving = tasks.create_task(self._drive(job, generation))
                del generation  # its pixels are not kept while a slow reader reads
                try:
                    yield job.events
                finally:
                    driving.cancel()
        finally:
            self._end(job, Outcome.CANCELLED)

    async def run(self) -> None:
        """Unload the model each time its idle timeout has passed; runs until it is cancelled."""
        await self._keep_alive.run()

    def unload(self) -> None:
        """Take the model off the chip as soon as no job runs or waits. Raises ModelPinned."""
        self._keep_alive.request_unload()

    def keep_alive(self, seconds: float | None) -> None:
        """Set the idle timeout after which the model is unloaded; None means never. A pinned model stays."""
        self._keep_alive.set_timeout(seconds)

    @property
    def unloads_in_s(self) -> float | None:
        """Seconds until the model is unloaded if no work comes; None means never."""
        return self._keep_alive.left_s

    def reconfigure(self, queue: settings.Queue, *, keep_alive: float | None, is_pinned: bool) -> None:
        """Set other bounds for the requests that arrive from now on; no waiting job is refused for it."""
        self._admission.configure(queue)
        self._keep_alive.configure(keep_alive, is_pinned=is_pinned)

    async def drain(self, timeout_s: float) -> None:
        """Refuse new and waiting jobs, and stop those that still run at the timeout or when this is cancelled."""
        self._is_draining = True
        self._turn_away(job for job in self._jobs() if job.started_at is None)
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            pass
        finally:
            self._turn_away(self._jobs())
        await self._idle.wait()

    def _unready(self, *, waits_for_load: bool) -> NotReady | None:
        if self._is_draining:
            return stopping()
        return self._admission.unready(waits_for_load=waits_for_load)

    def _enter(
        self, client: str, priority: Priority, arrived_at: float, max_tokens: int | None, waits_for_load: bool
    ) -> Job:
        self._check(client, priority, arrived_at, max_tokens, waits_for_load)
        deadline_s = self._admission.deadline_s
        job = Job(
            client=client,
            priority=priority,
            max_tokens=max_tokens,
            submitted_at=self._now,
            deadline=arrived_at + deadline_s,
            deadline_s=deadline_s,
        )
        retry_after_s = self._admission.first_wait_s(self._now)
        evicted = self._queue.enter(job, retry_after_s=retry_after_s)
        if evicted is not None:
            refusal = QueueFull(depth=self.depth, retry_after_s=retry_after_s)
            evicted.stop(refusal)
            self._end(
                evicted, outcome_of(refusal)
            )  # at once: between its place and its task's end it would be in no sum
        if job in self._queue.running:
            job.call()
        self.totals.admitted += 1
        self._idle.clear()
        self._keep_alive.work_began()
        return job

    def _check(
        self, client: str, priority: Priority, arrived_at: float, max_tokens: int | None, waits_for_load: bool
    ) -> None:
        """Raise the refusal that `_enter` would raise now, and count it."""
        try:
            if unready := self._unready(waits_for_load=waits_for_load):
                raise unready
            self._admission.check(client, priority, arrived_at=arrived_at, now=self._now, max_tokens=max_tokens)
        except (NotReady, QueueFull, TooBusy) as error:
            reason = refusal_of(error)
            self.totals.refused[reason] += 1
            self._on_refused(reason)
            raise

    # The life of a job

    async def _wait_for_engine(self, client: str, priority: Priority, arrived_at: float, waits_for_load: bool) -> None:
        """Queue for a slot, wait until the engine is ready, and leave; if that succeeds, it is not counted as a job."""
        job = self._enter(client, priority, arrived_at, None, waits_for_load)
        try:
            async with job.within_deadline():
                await job.turn
                await self._engine.ready()
            job.outcome = Outcome.FINISHED
            self.totals.admitted -= 1
            self._leave(job)
        except HailoVisionError as error:
            self._end(job, outcome_of(error))
            raise
        finally:
            self._end(job, Outcome.CANCELLED)

    async def _drive(self, job: Job, generation: Generation) -> None:
        try:
            async with job.within_deadline():
                await job.turn
                job.load_s = await self._wake()
                job.start(self._now, grace_s=self._grace_s)
                await self._generate(job, replace(generation, deadline=job.deadline, client=job.client))
        except HailoVisionError as error:
            self._end(job, outcome_of(error))
            job.events.fail(error)
            if isinstance(error, SlowReader):
                facts = {"client": job.client, "pieces_behind": error.pieces_behind}
                log.warning("a slow reader's answer was given up", extra={"facts": facts})
        except asyncio.CancelledError:
            self._end(job, Outcome.CANCELLED)
            raise
        finally:
            self._end(job, Outcome.FAILED)  # has an effect only after a bug: everything else has ended it by now

    async def _wake(self) -> float:
        """Wait until the engine is ready. Returns how many seconds of that a load of the model took."""
        is_loaded, began = self._engine.state in (EngineState.READY, EngineState.BUSY), self._now
        await self._engine.ready()
        return 0.0 if is_loaded else self._now - began

    async def _generate(self, job: Job, generation: Generation) -> None:
        async with aclosing(self._engine.generate(generation)) as events:
            async for event in events:
                if isinstance(event, Finish):
                    job.events.put(self._finish(job, event))
                    return
                if job.ttft_s is None:
                    job.begin(self._now)
                job.events.put(event)
                if job.events.behind % PIECES_IN_A_ROW == PIECES_IN_A_ROW - 1:
                    await asyncio.sleep(0)

    def _finish(self, job: Job, finish: Finish) -> Finish:
        """Free the slot, so that the next job's turn comes before anything else. Raises Expired if no token came."""
        usage, timings = finish.usage, finish.timings
        if finish.reason is FinishReason.DEADLINE and not usage.completion_tokens:
            raise job.expired
        assert job.started_at is not None
        assert job.max_tokens is not None
        queue_s = job.started_at - job.submitted_at
        job.finish = replace(finish, timings=replace(timings, queue_s=queue_s, load_s=job.load_s))
        tokens = min(usage.completion_tokens, job.max_tokens)  # a count of another server's can be any number
        self._estimate.measure(prefill_s=timings.prefill_s, decode_s=timings.decode_s, tokens=tokens)
        self._end(job, Outcome.FINISHED)
        return job.finish

    def _end(self, job: Job, outcome: Outcome) -> None:
        """Record the job's outcome and leave the queue; only the first call has an effect."""
        if job.outcome is not None:
            return
        job.outcome = outcome
        self._leave(job)
        finish = job.finish
        waited_until = self._now if job.started_at is None else job.started_at
        record = JobRecord(
            client=job.client,
            priority=job.priority,
            outcome=outcome,
            timings=finish.timings if finish else Timings(queue_s=waited_until - job.submitted_at),
            ttft_s=job.ttft_s,
            usage=finish.usage if finish else None,
            reason=finish.reason if finish else None,
        )
        self.totals.add(record)
        self._on_job_end(record)

    def _leave(self, job: Job) -> None:
        following = self._queue.leave(job)
        if following is not None:
            following.call()
        if not self._queue.running:
            self._idle.set()
            self._keep_alive.work_ended()

    def _turn_away(self, jobs: Iterable[Job]) -> None:
        for job in tuple(jobs):
            job.stop(stopping())

    def _jobs(self) -> tuple[Job, ...]:
        return (*self._queue.running, *self._queue.waiting)

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()
