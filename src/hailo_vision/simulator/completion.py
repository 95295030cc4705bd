"""The host's side of a generation: the queue that a reader thread fills, and the calls that read from it."""

import signal
from collections import deque
from collections.abc import Callable

from hailo_vision.simulator.clock import block_until, die, log, now
from hailo_vision.simulator.run import GENERATING, MAX_BACKLOG_CHUNKS, Run
from hailo_vision.simulator.status import Failure, LLMGeneratorCompletionStatus, Status

_FULL_QUEUE_WAIT_S = 120.0  # the reader thread waits so long for room, then drops a chunk (contract 2.7)


class Completion:
    """Chunks in the order in which the device makes them. Its status is that of the chunk read last (contract 2.7).

    The session's part is passed in: `notice_fault` before a wait, `abort` when a running generation is released, and
    `forget` at the release.
    """

    def __init__(
        self,
        run: Run,
        *,
        notice_fault: Callable[[], None],
        abort: Callable[[], None],
        forget: Callable[["Completion"], None],
    ) -> None:
        self.status: LLMGeneratorCompletionStatus = GENERATING
        self._notice_fault = notice_fault
        self._abort_session = abort
        self._forget = forget
        self._run = run
        self._backlog: deque[tuple[str, LLMGeneratorCompletionStatus]] = deque()
        self._is_released = False
        run.attach(id(self))

    def read_end_without_tokens(self) -> None:
        """Wait for the prefill inside generate(), as the library does where no token is wanted (5.2.0, measured)."""
        block_until(self._run.pace.due(0))
        if not self._run.has_chunk(id(self)):
            self._run.step()
        if self._run.has_chunk(id(self)):
            _, self.status = self._run.take(id(self))

    def read(self, timeout_ms: int) -> str:
        if self.status is not GENERATING:
            raise Failure(Status.INVALID_OPERATION, "read() after the generation was complete")
        if self._backlog:
            text, self.status = self._backlog.popleft()
            return text
        if not self._run.has_chunk(id(self)):
            self._wait(timeout_ms)
        text, self.status = self._run.take(id(self))
        return text

    def _wait(self, timeout_ms: int) -> None:
        """Block until there is a chunk. Fails with 4 at the timeout, with 6 when the device has failed."""
        self._notice_fault()
        run, start = self._run, now()
        deadline = start + timeout_ms / 1000
        if run.is_paced:
            run.catch_up(start)
        while not run.has_chunk(id(self)):
            if run.is_over and run.was_queue_empty:
                raise Failure(Status.INVALID_OPERATION, f"there is nothing to read: {run.failure}")
            due = run.pace.due(len(run.chunks))
            if run.is_over or run.is_silent or due > deadline:
                block_until(deadline)
                raise Failure(Status.TIMEOUT, "no token in time")
            block_until(due)
            run.step()

    def read_all(self, timeout_ms: int) -> str:
        """Read all that is left. At the timeout the text read so far is lost (contract 2.7, trap 15)."""
        deadline = now() + timeout_ms / 1000
        text = ""
        while self.status is GENERATING:
            text += self.read(max(0, int((deadline - now()) * 1000)))
        return text

    def belongs_to(self, run: Run) -> bool:
        return self._run is run

    def move(self, run: Run) -> None:
        """Read from another generation from now on, which has broken into this one (trap 12)."""
        while self._run.has_chunk(id(self)):
            self._backlog.append(self._run.take(id(self)))
        self._run = run
        run.attach(id(self))

    def release(self) -> None:
        """End the generation if it still runs; this blocks until the device has ended it (contract 2.8)."""
        if self._is_released:
            return
        self._is_released = True
        if self.status is GENERATING:
            self._abort()
        self._run.detach(id(self))
        self._forget(self)

    def _abort(self) -> None:
        if self._run.is_paced:
            self._run.catch_up(now())
            if not self._run.is_over and self._run.unread >= MAX_BACKLOG_CHUNKS:
                log(f"release() with {MAX_BACKLOG_CHUNKS} unread chunks: their reader thread blocks (contract 2.7)")
                block_until(now() + _FULL_QUEUE_WAIT_S)
        try:
            self._abort_session()
        except Failure as failure:
            # The reader thread is not joined; its destructor calls std::terminate (contract 2.8, trap 14).
            die(signal.SIGABRT, f"release() of an unfinished completion: {failure}")
