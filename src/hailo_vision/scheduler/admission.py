"""Who is let in: the engine's state, the queue's bound, and whether an answer would come in time. Never awaits."""

from hailo_vision.chat import Priority
from hailo_vision.config import settings
from hailo_vision.engines.contract import Engine, EngineState
from hailo_vision.errors import NotReady, TooBusy, Unready
from hailo_vision.scheduler.estimate import Estimate
from hailo_vision.scheduler.job import Job
from hailo_vision.scheduler.queue import Queue


class Admission:
    """Looks at the queue and changes nothing; times are points on the loop's clock."""

    def __init__(self, engine: Engine, queue: Queue[Job], estimate: Estimate, wanted: settings.Queue) -> None:
        self._engine = engine
        self._queue = queue
        self._estimate = estimate
        self._settings = wanted

    @property
    def deadline_s(self) -> float:
        return self._settings.deadline_s

    def configure(self, wanted: settings.Queue) -> None:
        """Other bounds for those who come from now on."""
        self._settings = wanted
        self._queue.depth = wanted.depth

    @property
    def unready(self) -> NotReady | None:
        """Why the engine would not take a request now; None when it would, or will after a load that is waited for."""
        match self._engine.state:
            case EngineState.READY | EngineState.BUSY | EngineState.UNLOADED | EngineState.WAKING:
                return None
            case EngineState.STARTING if self._settings.wait_for_load:
                return None
            case EngineState.STARTING:
                reason, message = Unready.LOADING, "The model is being loaded."
            case EngineState.FAILED | EngineState.STOPPING | EngineState.STOPPED:
                reason, message = Unready.DEVICE_UNAVAILABLE, self._engine.trouble or "The device is not available."
        return NotReady(reason, message, retry_after_s=self._engine.ready_in_s)

    def check(self, client: str, priority: Priority, *, arrived_at: float, now: float, max_tokens: int | None) -> None:
        """Raises QueueFull or TooBusy; `max_tokens` is None where it is not known yet."""
        self._queue.giving_way(client, priority, retry_after_s=self.first_wait_s(now))
        # Whose turn comes at once is always let in: how else would a wrong estimate be mended? And a guess alone
        # refuses nobody who would be next.
        if self._queue.is_free or (self._estimate.is_guess and not self._queue.places):
            return
        wait_s = self._wait_s(now, ahead=self._queue.ahead(client, priority))
        needed_s = wait_s + self._estimate.job_s(max_tokens)
        if now + needed_s > arrived_at + self.deadline_s:
            shrunk_in_s = min(wait_s, needed_s - self.deadline_s)  # enough for one who arrives then
            raise TooBusy(wait_s=wait_s, deadline_s=self.deadline_s, retry_after_s=shrunk_in_s)

    def first_wait_s(self, now: float) -> float:
        """An estimate of when a job ends, and the next one of those who wait has its turn."""
        return self._wait_s(now, ahead=0)

    def _wait_s(self, now: float, *, ahead: int) -> float:
        """An estimate of when the turn of one comes before whom so many have theirs."""
        if self._queue.is_free:
            return 0.0
        rests_s = sorted(self._rest_s(job, now) for job in self._queue.running)
        rounds, place = divmod(ahead, len(rests_s))  # no rest is longer than a job: the places free up in turns
        return self._engine.ready_in_s + rests_s[place] + rounds * self._estimate.job_s()

    def _rest_s(self, job: Job, now: float) -> float:
        ran_s = 0.0 if job.started_at is None else now - job.started_at
        return self._estimate.rest_s(ran_s=ran_s, max_tokens=job.max_tokens)
