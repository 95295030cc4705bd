"""As many generations at once as the engine has slots: a chip has one. Admission decides without awaiting; a job then
waits for its turn, drives the engine and answers.
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
from hailo_vision.scheduler.estimate import Estimate
from hailo_vision.scheduler.idle import KeepAlive
from hailo_vision.scheduler.job import PIECES_IN_A_ROW, Events, Job
from hailo_vision.scheduler.queue import Queue
from hailo_vision.scheduler.record import JobRecord, Outcome, Refusal, Totals, outcome_of, refusal_of
from hailo_vision.tasks import task_group

log = logging.getLogger(__name__)

DRAIN_RETRY_S = 10.0
GRACE_S = 5.0  # after a deadline, in which the engine ends the answer by itself; then it is told to


class Scheduler:
    """Lets as many jobs have the engine as it has slots. `run` must run for an idle model to be unloaded.

    `on_job_end` gets a record of each job that had a place, `on_refused` the reason of each request that got none.
    """

    def __init__(
        self,
        engine: Engine,
        queue: settings.Queue,
        *,
        keep_alive: float | None = None,
        is_pinned: bool = False,
        grace_s: float = GRACE_S,
        on_job_end: Callable[[JobRecord], None] = lambda record: None,
        on_refused: Callable[[Refusal], None] = lambda refusal: None,
    ) -> None:
        self._engine = engine
        self._queue: Queue[Job] = Queue(queue.depth, engine.slots)
        self._estimate = Estimate()
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
    def engine_model(self) -> LoadedModel | None:
        """The model that the engine has, or had when it last worked."""
        return self._engine.model

    @property
    def capabilities(self) -> Capabilities:
        """What the engine does by its own means."""
        return self._engine.capabilities

    @property
    def waiting(self) -> int:
        """Jobs that wait for their turn."""
        return self._queue.places

    @property
    def running(self) -> int:
        """Jobs whose turn it is, as many as the engine has slots at most."""
        return len(self._queue.running)

    @property
    def slots(self) -> int:
        """Jobs that can run at once."""
        return self._queue.slots

    @property
    def free(self) -> int:
        """How many jobs would have their turn at once."""
        return self.slots - self.running

    @property
    def unready(self) -> NotReady | None:
        """Why no request would be taken now; None when one would be, a full queue aside."""
        if self._is_draining:
            return NotReady(Unready.DRAINING, "The server is stopping.", retry_after_s=DRAIN_RETRY_S)
        return self._admission.unready

    async def admit(self, *, client: str, arrived_at: float, priority: Priority = Priority.INTERACTIVE) -> LoadedModel:
        """Say whether a request would be taken now, before any work is done for it, and for which model.

        Awaits nothing but a model's first load, where requests may wait for that: then like a job, in its turn.

        Raises NotReady, QueueFull or TooBusy; those who wait for a load also Expired or EngineError.
        """
        self._check(client, priority, arrived_at, None)
        if self._engine.model is None:
            await self._visit(client, priority, arrived_at)
        assert self._engine.model is not None
        return self._engine.model

    async def load(self, *, client: str, arrived_at: float) -> None:
        """Have the model on the chip, by a visit in one's turn where it is not there. Raises what `admit` raises."""
        self._check(client, Priority.INTERACTIVE, arrived_at, None)
        if self._engine.state not in (EngineState.READY, EngineState.BUSY):
            await self._visit(client, Priority.INTERACTIVE, arrived_at)
        self._keep_alive.touch()

    @asynccontextmanager
    async def job(
        self,
        generation: Generation,
        *,
        client: str,
        arrived_at: float,
        priority: Priority = Priority.INTERACTIVE,
    ) -> AsyncIterator[Events]:
        """Take a place in the queue, give the events of the answer, and leave the queue however the block ends.

        `client` is whom turns are taken between; it shows in logs, so it is no secret. The place is taken or refused
        before anything is awaited: NotReady, QueueFull, TooBusy. The deadline counts from `arrived_at`, on the loop's
        clock. The events raise Expired, QueueFull or NotReady (the place was lost), SlowReader and what the engine
        raises. The engine has its next job as soon as it has ended this one, whenever the events are read.
        """
        job = self._enter(client, priority, arrived_at, generation.max_tokens)
        try:
            async with task_group() as tasks:
                driving = tasks.create_task(self._drive(job, generation))
                del generation  # its pixels need not wait for a slow reader
                try:
                    yield job.events
                finally:
                    driving.cancel()
        finally:
            self._end(job, Outcome.CANCELLED)

    async def run(self) -> None:
        """Unload the model when it was idle for long enough, for ever."""
        await self._keep_alive.run()

    def unload(self) -> None:
        """Take the model off the chip as soon as nothing runs or waits. Raises ModelPinned."""
        self._keep_alive.let_go()

    def keep_alive(self, seconds: float | None) -> None:
        """From now on unload after so many seconds of idleness, None is never; a pinned model stays."""
        self._keep_alive.keep(seconds)

    @property
    def unloads_in_s(self) -> float | None:
        """Seconds from now to when an idle model is unloaded, were nothing to come; None is never."""
        return self._keep_alive.left_s

    def reconfigure(self, queue: settings.Queue, *, keep_alive: float | None, is_pinned: bool) -> None:
        """Other bounds for those who come from now on; nobody who waits is turned away for it."""
        self._admission.configure(queue)
        self._keep_alive.configure(keep_alive, is_pinned=is_pinned)

    async def drain(self, timeout_s: float) -> None:
        """Refuse new work and what waits; give the running job this long to end, or until this is cancelled."""
        self._is_draining = True
        self._dismiss(job for job in self._jobs() if job.started_at is None)
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            pass
        finally:
            self._dismiss(self._jobs())
        await self._idle.wait()

    def _enter(self, client: str, priority: Priority, arrived_at: float, max_tokens: int | None) -> Job:
        self._check(client, priority, arrived_at, max_tokens)
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
        loser = self._queue.enter(job, retry_after_s=retry_after_s)
        if loser is not None:
            loser.condemn(QueueFull(depth=self.depth, retry_after_s=retry_after_s))
        if job in self._queue.running:
            job.call()
        self.totals.admitted += 1
        self._idle.clear()
        self._keep_alive.work_began()
        return job

    def _check(self, client: str, priority: Priority, arrived_at: float, max_tokens: int | None) -> None:
        """Raise what `_enter` would raise now, and count it."""
        try:
            if unready := self.unready:
                raise unready
            self._admission.check(client, priority, arrived_at=arrived_at, now=self._now, max_tokens=max_tokens)
        except (NotReady, QueueFull, TooBusy) as error:
            reason = refusal_of(error)
            self.totals.refused[reason] += 1
            self._on_refused(reason)
            raise

    # A job's way

    async def _visit(self, client: str, priority: Priority, arrived_at: float) -> None:
        """Wait for the engine in one's turn, and do nothing with it: then it was no job either."""
        job = self._enter(client, priority, arrived_at, None)
        try:
            async with job.patience():
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
            async with job.patience():
                await job.turn
                job.load_s = await self._wake()
                job.start(self._now, grace_s=self._grace_s)
                await self._generate(job, replace(generation, deadline=job.deadline))
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
            self._end(job, Outcome.FAILED)  # a bug: all else has ended it by now

    async def _wake(self) -> float:
        """Wait for the engine; the seconds that a load of the model took of that."""
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
        """The slot is free: the next one's turn comes before anything else. Raises Expired for an empty answer."""
        usage, timings = finish.usage, finish.timings
        if finish.reason is FinishReason.DEADLINE and not usage.completion_tokens:
            raise job.expired
        assert job.started_at is not None
        queue_s = job.started_at - job.submitted_at
        job.finish = replace(finish, timings=replace(timings, queue_s=queue_s, load_s=job.load_s))
        self._estimate.measure(prefill_s=timings.prefill_s, decode_s=timings.decode_s, tokens=usage.completion_tokens)
        self._end(job, Outcome.FINISHED)
        return job.finish

    def _end(self, job: Job, outcome: Outcome) -> None:
        """The job's only end; what comes later says nothing new."""
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

    def _dismiss(self, jobs: Iterable[Job]) -> None:
        for job in tuple(jobs):
            job.condemn(NotReady(Unready.DRAINING, "The server is stopping.", retry_after_s=DRAIN_RETRY_S))

    def _jobs(self) -> tuple[Job, ...]:
        return (*self._queue.running, *self._queue.waiting)

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()
