"""One completion on the device: its tokens are read, counted and cleaned until it ends, is cancelled or is too late."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hailo_vision.chat import FinishReason, Usage
from hailo_vision.worker.backend import Done
from hailo_vision.worker.holdback import HoldBack
from hailo_vision.worker.runtime import Runtime

READ_TIMEOUT_MS = 100  # an Abort is seen after this time at the latest; about one token of the chip
TIMEOUTS_UNTIL_PROBE = 10  # so many in a row are a second, in which the chip makes eight tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePrompt:
    """The prompt of one completion: the vendor's messages, or raw text that continues a held context.

    `text_tokens` of the whole conversation, with one for each of its images; `prompt_tokens` with all of theirs.
    """

    content: str | list[dict[str, Any]]
    frames: list[Any]
    text_tokens: int
    images: int
    prompt_tokens: int
    cached_tokens: int
    image_tokens: int


class Completion:
    """One completion, from `VLM.generate` to its release.

    The vendor's chunks hold the model's end token as text, one more chunk follows the last token of an answer that was
    cut at max tokens, and the status belongs to the chunk that was read last (contract 2.7).
    """

    def __init__(
        self,
        *,
        runtime: Runtime,
        vlm: Any,
        prompt: DevicePrompt,
        max_tokens: int,
        stop: tuple[str, ...],
        deadline: float | None = None,
    ) -> None:
        self.prompt = prompt
        self.text = ""
        self.tokens_held: int | None = None  # in the device's cache; set if the model ended the answer itself
        self.measured_prompt_tokens: int | None = None  # by the device's own count, once it was asked
        self._runtime = runtime
        self._vlm = vlm
        self._max_tokens = max_tokens
        self._hold_back = HoldBack(stop)
        self._end_tokens: tuple[str, ...] = ()
        self._handle: Any = None
        self._reads = 0
        self._timeouts_in_a_row = 0
        self._deadline = math.inf if deadline is None else deadline
        self._ended_itself = False
        self._is_late = False

    @property
    def has_begun(self) -> bool:
        """True once a token has come, which means that the frames have been consumed."""
        return self._reads > 0

    def run(self, parameters: dict[str, Any], cancelled: Callable[[], bool]) -> Iterator[str | Done]:
        started = time.monotonic()
        first = started
        # An empty one would be the end of every chunk.
        self._end_tokens = tuple(token for token in self._vlm.get_stop_tokens() if token)
        self._handle = self._vlm.generate(prompt=self.prompt.content, frames=self.prompt.frames, **parameters)
        while not (is_cancelled := cancelled()):
            if time.monotonic() >= self._deadline:
                self._is_late = True
                break
            chunk = self._read()
            if chunk is None:
                continue
            if self._reads == 1:
                first = time.monotonic()
            if self._reads <= self._max_tokens:
                yield self._text(chunk)
            if self._hold_back.stopped or self._handle.generation_status != self._runtime.generating:
                break
        yield from self._end(is_cancelled, started, first)

    def release(self) -> None:
        """Release the vendor's completion; while it still runs this aborts it (contract 2.8)."""
        if self._handle is not None:
            self._handle.release()
            self._handle = None

    def _read(self) -> str | None:
        try:
            chunk: str = self._handle.read(timeout_ms=READ_TIMEOUT_MS)
        except self._runtime.timeout:
            # Nothing is lost: the next read goes on (trap 15). But when the device fails behind chunks that were not
            # read yet, every read after them times out (trap 16).
            self._timeouts_in_a_row += 1
            if self._timeouts_in_a_row % TIMEOUTS_UNTIL_PROBE == 0:
                self._probe()
            return None
        self._reads += 1
        self._timeouts_in_a_row = 0
        return chunk

    def _probe(self) -> None:
        """Raise if the session is dead; on a live one this waits for the step in flight at most (contract 2.8)."""
        self._vlm.get_context_usage_size()

    def _text(self, chunk: str) -> str:
        for end in self._end_tokens:
            if chunk.endswith(end):  # an incomplete character can stand before it in the chunk (contract 2.7)
                self._ended_itself = True
                chunk = chunk.removesuffix(end)
                break
        self.text += chunk
        return self._hold_back.feed(chunk)

    def _end(self, is_cancelled: bool, started: float, first: float) -> Iterator[str | Done]:
        if is_cancelled or self._is_late or self._hold_back.stopped:
            self._probe()  # releasing an unfinished completion of a dead session aborts the process (trap 14)
        else:
            self._measure()
        if not is_cancelled and not self._hold_back.stopped:
            yield self._hold_back.flush()
        self.release()
        now = time.monotonic()
        measured = self.measured_prompt_tokens
        yield Done(
            reason=None if is_cancelled else self._reason(),
            usage=Usage(
                prompt_tokens=self.prompt.prompt_tokens if measured is None else measured,
                completion_tokens=min(self._reads, self._max_tokens),
                image_tokens=self.prompt.image_tokens,
                cached_tokens=self.prompt.cached_tokens,
            ),
            prefill_s=(first if self.has_begun else now) - started,
            decode_s=now - first if self.has_begun else 0.0,
            stop=self._hold_back.matched,
        )

    def _reason(self) -> FinishReason:
        if self._is_late:
            return FinishReason.DEADLINE
        return FinishReason.STOP if self._hold_back.stopped or self._ended_itself else FinishReason.LENGTH

    def _measure(self) -> None:
        """Take the device's own count: at a natural end it is prompt, answer and recovery tokens (contract 2.5).

        After a logical end the last token, the end token, is counted but not in the cache, and never gets there.
        """
        usage: int = self._vlm.get_context_usage_size()
        self.measured_prompt_tokens = usage - self._reads
        if self._handle.generation_status == self._runtime.logical_end:
            self.tokens_held = usage - 1
