"""One generation at a time. Admission decides without awaiting; a job then waits, drives the engine and answers."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from hailo_vision.chat import Finish, Generation, LoadedModel, Piece, Usage
from hailo_vision.config import settings
from hailo_vision.errors import Expired, HailoVisionError, NotReady, Unready
from hailo_vision.scheduler.engine import Engine, EngineState
from hailo_vision.scheduler.queue import Queue

FIRST_GUESS_S = 10.0  # how long a job takes, until one was measured
SMOOTHING = 0.3  # weight of the newest job in the running average
DRAIN_RETRY_S = 10.0

T = TypeVar("T")


class JobState(StrEnum):
    """WAITING -> RUNNING -> FINISHED | FAILED | CANCELLED | EXPIRED."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Job:
    """An admitted request: its place in the queue, its turn, and the point in time by which it must have ended."""

    def __init__(self, generation: Generation, *, submitted_at: float, deadline: float) -> None:
        self.generation = generation
        self.submitted_at = submitted_at
        self.deadline = deadline
        self.state = JobState.WAITING
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()


@dataclass(slots=True, kw_only=True)
class Totals:
    """Tokens of all answers that came to their end; `cached` are those of `prompt` that needed no prefill."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0

    def add(self, usage: Usage) -> None:
        self.prompt += usage.prompt_tokens
        self.cached += usage.cached_tokens
        self.completion += usage.completion_tokens


class Scheduler:
    """Lets one job at a time have the engine."""

    def __init__(self, engine: Engine, queue: settings.Queue) -> None:
        self._engine = engine
        self._queue: Queue[Job] = Queue(queue.depth)
        self._deadline_s = queue.deadline_s
        self.totals = Totals()
        self._is_draining = False
        self._job_s: float | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def depth(self) -> int:
        return self._queue.depth

    @property
    def waiting(self) -> int:
        """Jobs that wait for their turn."""
        return len(self._queue.waiting)

    @property
    def running(self) -> int:
        """Jobs that have the engine: 0 or 1."""
        return 0 if self._queue.running is None else 1

    @property
    def unready(self) -> NotReady | None:
        """Why no request would be taken now; None when one would be, a full queue aside."""
        if self._is_draining:
            return NotReady(Unready.DRAINING, "The server is stopping.", retry_after_s=DRAIN_RETRY_S)
        match self._engine.state:
            case EngineState.READY | EngineState.BUSY:
                return None
            case EngineState.STARTING:
                reason, message = Unready.LOADING, "The model is being loaded."
            case _:
                reason, message = Unready.DEVICE_UNAVAILABLE, self._engine.trouble or "The device is not available."
        return NotReady(reason, message, retry_after_s=self._engine.ready_in_s)

    def admit(self) -> LoadedModel:
        """Say whether a request would be taken now, before any work is done for it, and for which model.

        Raises NotReady or QueueFull.
        """
        if unready := self.unready:
            raise unready
        self._queue.check(retry_after_s=self._wait_s)
        assert self._engine.model is not None
        return self._engine.model

    @asynccontextmanager
    async def job(self, generation: Generation, *, arrived_at: float) -> AsyncIterator[AsyncGenerator[Piece | Finish]]:
        """Take a place in the queue, give the events of the answer, and leave the queue however the block ends.

        The place is taken or refused before anything is awaited: NotReady, QueueFull. The events raise Expired when
        the deadline passes, which counts from `arrived_at` (on the loop's clock), and what the engine raises.
        """
        job = self._enter(generation, arrived_at)
        try:
            async with aclosing(self._events(job)) as events:
                yield events
        except Expired:
            job.state = JobState.EXPIRED
            raise
        except HailoVisionError:
            job.state = JobState.FAILED
            raise
        finally:
            if job.state in (JobState.WAITING, JobState.RUNNING):
                job.state = JobState.CANCELLED
            self._leave(job)

    def reconfigure(self, queue: settings.Queue, model: settings.Model) -> None:
        """Other bounds for those who come from now on; nobody who waits is turned away for it."""
        self._queue.depth = queue.depth
        self._deadline_s = queue.deadline_s

    async def drain(self, timeout_s: float) -> None:
        """Refuse new work and what waits; give the running job this long to end."""
        self._is_draining = True
        unready = self.unready
        assert unready is not None
        for job in self._queue.waiting:
            if not job.turn.done():
                job.turn.set_exception(unready)
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return

    def _enter(self, generation: Generation, arrived_at: float) -> Job:
        if unready := self.unready:
            raise unready
        now = asyncio.get_running_loop().time()
        job = Job(generation, submitted_at=now, deadline=arrived_at + self._deadline_s)
        if self._queue.enter(job, retry_after_s=self._wait_s):
            job.turn.set_result(None)
        self._idle.clear()
        return job

    async def _events(self, job: Job) -> AsyncGenerator[Piece | Finish]:
        await self._in_time(job, job.turn)
        started_at = asyncio.get_running_loop().time()
        if started_at >= job.deadline:  # its turn has come too late: the device is not asked
            raise Expired(deadline_s=self._deadline_s, running=False)
        job.state = JobState.RUNNING
        async with aclosing(self._engine.generate(job.generation)) as events:
            while not isinstance(event := await self._in_time(job, anext(events)), Finish):
                yield event
        job.state = JobState.FINISHED
        self.totals.add(event.usage)
        self._measure(asyncio.get_running_loop().time() - started_at)
        yield replace(event, timings=replace(event.timings, queue_s=started_at - job.submitted_at))

    async def _in_time(self, job: Job, something: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout_at(job.deadline):
                return await something
        except TimeoutError:
            raise Expired(deadline_s=self._deadline_s, running=job.state is JobState.RUNNING) from None

    def _leave(self, job: Job) -> None:
        following = self._queue.leave(job)
        if following is not None and not following.turn.done():
            following.turn.set_result(None)
        if not self.running:
            self._idle.set()

    def _measure(self, job_s: float) -> None:
        self._job_s = job_s if self._job_s is None else self._job_s + SMOOTHING * (job_s - self._job_s)

    @property
    def _wait_s(self) -> float:
        """An estimate of when a place in the queue will be free: about one job from now."""
        return FIRST_GUESS_S if self._job_s is None else self._job_s
