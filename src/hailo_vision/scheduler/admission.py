"""Admission: a request is let in or refused, by the engine's state, the queue and its deadline. Never awaits."""

from hailo_vision.chat import Priority
from hailo_vision.config import settings
from hailo_vision.engines.contract import Engine, EngineState
from hailo_vision.errors import NotReady, TooBusy, Unready
from hailo_vision.scheduler.estimate import Estimate
from hailo_vision.scheduler.job import Job
from hailo_vision.scheduler.queue import FairQueue


class Admission:
    """Looks at the queue and never changes it; times are points on the loop's clock."""

    def __init__(
        self, engine: Engine, queue: FairQueue[Job], estimate: Estimate, queue_settings: settings.Queue
    ) -> None:
        self._engine = engine
        self._queue = queue
        self._estimate = estimate
        self._settings = queue_settings

    @property
    def deadline_s(self) -> float:
        return self._settings.deadline_s

    def configure(self, queue_settings: settings.Queue) -> None:
        """Set other bounds for the requests that arrive from now on."""
        self._settings = queue_settings
        self._queue.depth = queue_settings.depth

    def unready(self, *, waits_for_load: bool = False) -> NotReady | None:
        """Why the engine would not take a request now; None when it would, or will after a load that is waited for.

        `waits_for_load` counts where the operator leaves it to the request.
        """
        setting = self._settings.wait_for_load
        match self._engine.state:
            case EngineState.READY | EngineState.BUSY | EngineState.UNLOADED | EngineState.WAKING:
                return None
            case EngineState.STARTING if waits_for_load if setting == "auto" else setting:
                return None
            case EngineState.STARTING:
                reason, message = Unready.LOADING, loading(self._engine.trouble)
            case EngineState.FAILED | EngineState.STOPPING | EngineState.STOPPED:
                reason, message = Unready.DEVICE_UNAVAILABLE, self._engine.trouble or "The device is not available."
        return NotReady(reason, message, retry_after_s=self._engine.ready_in_s)

    def check(self, client: str, priority: Priority, *, arrived_at: float, now: float, max_tokens: int | None) -> None:
        """Raises QueueFull or TooBusy; `max_tokens` is None where it is not known yet."""
        self._queue.eviction_for(client, priority, retry_after_s=self.first_wait_s(now))
        # A request whose turn comes at once is always let in: its timing is what corrects a wrong estimate. And before
        # a job was measured nobody is refused for a guess.
        if self._queue.is_free or self._estimate.is_guess:
            return
        wait_s = self._wait_s(now, ahead=self._queue.ahead(client, priority))
        needed_s = wait_s + self._estimate.job_s(max_tokens)
        if now + needed_s > arrived_at + self.deadline_s:
            shrunk_in_s = min(wait_s, needed_s - self.deadline_s)  # then a new request would meet its deadline
            raise TooBusy(
                wait_s=wait_s,
                deadline_s=self.deadline_s,
                retry_after_s=shrunk_in_s,
                is_remembered=self._estimate.is_remembered,
            )

    def first_wait_s(self, now: float) -> float:
        """An estimate of how soon a running job ends, which is when the next waiting one has its turn."""
        return self._wait_s(now, ahead=0)

    def _wait_s(self, now: float, *, ahead: int) -> float:
        """An estimate of how long a new job waits for its turn, with so many jobs ahead of it in the queue."""
        if self._queue.is_free:
            return 0.0
        rests_s = sorted(self._rest_s(job, now) for job in self._queue.running)
        rounds, slot = divmod(ahead, len(rests_s))  # no rest is longer than a job, so the slots free up in turns
        return self._engine.ready_in_s + rests_s[slot] + rounds * self._estimate.job_s()

    def _rest_s(self, job: Job, now: float) -> float:
        ran_s = 0.0 if job.started_at is None else now - job.started_at
        return self._estimate.rest_s(ran_s=ran_s, max_tokens=job.max_tokens)


def loading(trouble: str | None) -> str:
    """What is said while a model loads; `trouble` is why the load before did not succeed, if there was one."""
    return "The model is being loaded." if trouble is None else f"The model is being loaded again. Before: {trouble}"
