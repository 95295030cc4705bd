"""One generation on the device: its next chunk, the time of that chunk, and the faults in it."""

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import Final

from hailo_vision.simulator.clock import block_forever, block_until, die, log, now
from hailo_vision.simulator.context import CAPACITY_TOKENS, Context
from hailo_vision.simulator.pace import ChunkFault, Pace
from hailo_vision.simulator.status import Failure, LLMGeneratorCompletionStatus, Status
from hailo_vision.simulator.tokenizer import END_OF_TEXT, decode_bytes

GENERATING: Final = LLMGeneratorCompletionStatus.GENERATING
_MAX: Final = LLMGeneratorCompletionStatus.MAX_TOKENS_REACHED
_END: Final = LLMGeneratorCompletionStatus.LOGICAL_END_OF_GENERATION
_ABORTED: Final = LLMGeneratorCompletionStatus.ABORTED

MAX_BACKLOG_CHUNKS: Final = 1024


class Run:
    """The device's side of a generation. `chunks` are in the host's queue or were read from it.

    `prefill` processes the prompt and returns the answer's tokens; it is called when the first one is due, and may fail
    (contract 2.2.7). `lose` is called when the device is lost.
    """

    def __init__(
        self,
        *,
        prefill: Callable[[], Iterator[int]],
        lose: Callable[[], None],
        context: Context,
        max_tokens: int,
        stops: Sequence[Sequence[int]],
        recovery: Sequence[int],
        pace: Pace,
        fault: ChunkFault | None,
    ) -> None:
        self.chunks: list[tuple[str, LLMGeneratorCompletionStatus]] = []
        self.is_over = False
        self.failure: Failure | None = None
        self.was_queue_empty = False
        self.is_aborting = False
        self.pace = pace
        self.fault = fault
        self._prefill = prefill
        self._lose = lose
        self._context = context
        self._max_tokens = max_tokens
        self._stops = stops
        self._recovery = recovery
        self._tail: deque[int] = deque()
        self._ending = GENERATING
        self._source: Iterator[int] | None = None
        self._tokens: list[int] = []
        self._held = b""
        self._has_warned = False
        self._cursors: dict[int, int] = {}  # the next chunk of each host queue; several queues are trap 12

    def attach(self, queue: int) -> None:
        self._cursors[queue] = len(self.chunks)
        self._skip(queue)

    def detach(self, queue: int) -> None:
        self._cursors.pop(queue, None)
        for other in self._cursors:
            self._skip(other)

    @property
    def unread(self) -> int:
        return len(self.chunks) - min(self._cursors.values(), default=0)

    def has_chunk(self, queue: int) -> bool:
        return self._cursors[queue] < len(self.chunks)

    def take(self, queue: int) -> tuple[str, LLMGeneratorCompletionStatus]:
        """Take the next chunk of a host queue. If the device waited for room in the queue, it goes on now."""
        was_full = self.unread >= MAX_BACKLOG_CHUNKS
        chunk = self.chunks[self._cursors[queue]]
        self._cursors[queue] += 1
        if len(self._cursors) > 1:
            self._skip(queue)
        if was_full and self.is_paced:
            self.pace.resume(len(self.chunks), now())
        return chunk

    def _skip(self, queue: int) -> None:
        """Give each queue two chunks in turn, so that two readers' texts are visibly mixed up."""
        queues = list(self._cursors)
        while queues[self._cursors[queue] // 2 % len(queues)] != queue:
            self._cursors[queue] += 1

    @property
    def is_paced(self) -> bool:
        return self.pace.interval_s > 0

    def mix_in(self, old: "Run") -> None:
        """Continue with the tokens of both generations in turn: the device keeps one context for both (trap 12)."""
        prefill = self._prefill

        def both() -> Iterator[int]:
            rest = old._source or repeat(END_OF_TEXT)
            return chain.from_iterable(zip(prefill(), rest, strict=False))

        self._prefill = both

    @property
    def next_fault(self) -> str | None:
        """The fault that comes instead of the next chunk, if any."""
        if self.fault is None or len(self.chunks) < self.fault.index:
            return None
        return self.fault.kind

    @property
    def is_silent(self) -> bool:
        """True if the next chunk never comes."""
        return self.next_fault == "silent"

    def catch_up(self, at: float) -> None:
        """Make the chunks that are due by `at`; the device stops when the host's queue is full."""
        while not (self.is_over or self.is_silent) and self.unread < MAX_BACKLOG_CHUNKS:
            if self.pace.due(len(self.chunks)) > at:
                return
            self.step()

    def finish_step(self) -> None:
        """Wait for the step in flight, as each call of the session does (contract 2.8)."""
        if self.is_paced:
            self.catch_up(now())
        if not self.is_over and (self.is_paced or not self.chunks or self.next_fault):
            block_until(self.pace.due(len(self.chunks)))
            self.step()

    def step(self) -> None:
        """Make the next chunk, or fail."""
        if (fault := self.next_fault) is not None:
            self._fail(fault)
            return
        if self._source is None:
            try:
                self._source = self._prefill()
            except Failure as failure:
                self.failure = failure
                self._end_with_error()
                return
            if self._max_tokens == 0:
                self._emit("", _MAX)
                return
        if self._tail:
            self._step_recovery()
        else:
            self._step_token(next(self._source))

    def lose(self) -> None:
        """Lose the session, and with it the rest of this run."""
        if not self.is_over:
            self.failure = Failure(Status.COMMUNICATION_CLOSED, "the device was lost")
            self._end_with_error()

    def _end_with_error(self) -> None:
        """End the reader thread. It wakes the reader with an error only if its queue is empty (contract 2.7)."""
        self.is_over = True
        self.was_queue_empty = self.unread == 0

    def _fail(self, kind: str) -> None:
        match kind:
            case "crash":
                die(signal.SIGSEGV, f"crash_in_decode: the library crashed after {len(self.chunks)} chunks")
            case "lost":
                self._lose()
            case "failed":
                self.failure = Failure(Status.INTERNAL_FAILURE, "the device could not make the next token")
                self._end_with_error()
            case _:
                block_forever()

    def _step_token(self, token: int) -> None:
        """Make one token. Its KV entry is made when the next one is computed, so that usage is P+k-1 (contract 2.5)."""
        if self._tokens:
            self._context.append((self._tokens[-1],))
        if not self._has_warned and self._context.usage_tokens >= CAPACITY_TOKENS:
            self._has_warned = True
            log("the context is full: its oldest content is falling out (contract 2.6)")
        self._tokens.append(token)
        self._context.generated.add(token)
        # The order is the device's: the limit first, then the stop sequences, then an abort (contract 2.7).
        if len(self._tokens) >= self._max_tokens:
            self._ending = _MAX
        elif any(self._tokens[-len(stop) :] == stop for stop in self._stops):
            self._ending = _END
        elif self.is_aborting:
            self._ending = _ABORTED
        if self._ending in (_MAX, _ABORTED):
            self._tail.extend(self._recovery)
        self._end_token(token)

    def _step_recovery(self) -> None:
        token = self._tail.popleft()
        self._tokens.append(token)
        self._context.generated.add(token)
        self._end_token(token)

    def _end_token(self, token: int) -> None:
        """Emit a token. At the end the tokens that have no KV entry yet become the pending prefix: the last one and the
        recovery's.
        """
        status = GENERATING if self._tail else self._ending
        if status is not GENERATING:
            count = 1 if status is _END else 1 + len(self._recovery)
            self._context.pending = self._tokens[-count:]
        self._emit(self._text(token), status)

    def _text(self, token: int) -> str:
        """The text of a token. Bytes of an incomplete character wait for the next token (contract 2.7)."""
        self._held += decode_bytes(token)
        text = self._held.decode("utf-8", errors="replace")
        if text.endswith("\ufffd"):
            return ""
        self._held = b""
        return text

    def _emit(self, text: str, status: LLMGeneratorCompletionStatus) -> None:
        self.chunks.append((text, status))
        self.is_over = status is not GENERATING
