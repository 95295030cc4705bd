"""The host's side of a generation: the queue that a reader thread fills, and what reading from it gives."""

import signal
from collections import deque
from typing import TYPE_CHECKING

from hailo_vision.simulator.clock import block_until, die, now, say
from hailo_vision.simulator.run import BACKLOG_CHUNKS, GENERATING, Run
from hailo_vision.simulator.status import Failure, LLMGeneratorCompletionStatus, Status

if TYPE_CHECKING:
    from hailo_vision.simulator.session import Session

_FULL_QUEUE_WAIT_S = 120.0  # how long the reader thread waits for room before it drops a chunk (contract 2.7)


class Completion:
    """Chunks in the order in which the device makes them. Its status is that of the last chunk read (contract 2.7)."""

    def __init__(self, session: "Session", run: Run) -> None:
        self.status: LLMGeneratorCompletionStatus = GENERATING
        self._session = session
        self._run = run
        self._backlog: deque[tuple[str, LLMGeneratorCompletionStatus]] = deque()
        self._is_released = False
        run.attach(id(self))

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
        """Blocks until there is a chunk, or fails: with 4 when the time is over, with 6 when the device failed."""
        self._session.notice_fault()
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
        """All that is left. If the time runs out, what was read so far is lost (contract 2.7, trap 15)."""
        deadline = now() + timeout_ms / 1000
        text = ""
        while self.status is GENERATING:
            text += self.read(max(0, int((deadline - now()) * 1000)))
        return text

    def belongs_to(self, run: Run) -> bool:
        return self._run is run

    def move(self, run: Run) -> None:
        """Another generation broke into this one: what comes next is read from it (trap 12)."""
        while self._run.has_chunk(id(self)):
            self._backlog.append(self._run.take(id(self)))
        self._run = run
        run.attach(id(self))

    def release(self) -> None:
        """Ends the generation if it goes on; blocks while the device comes to its end (contract 2.8)."""
        if self._is_released:
            return
        self._is_released = True
        if self.status is GENERATING:
            self._abort()
        self._run.detach(id(self))
        self._session.forget(self)

    def _abort(self) -> None:
        if self._run.is_paced:
            self._run.catch_up(now())
            if not self._run.is_over and self._run.unread >= BACKLOG_CHUNKS:
                say(f"release() with {BACKLOG_CHUNKS} unread chunks: the reader thread waits for room (contract 2.7)")
                block_until(now() + _FULL_QUEUE_WAIT_S)
        try:
            self._session.abort()
        except Failure as failure:
            # The reader thread is not joined; its destructor calls std::terminate (contract 2.8, trap 14).
            die(signal.SIGABRT, f"release() of an unfinished completion: {failure}")
