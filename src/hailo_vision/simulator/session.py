"""The device's side of one model: the effect of each of the host's calls on a GenAI session."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import numpy as np

from hailo_vision.simulator.behaviour import Behaviour, InjectedFault
from hailo_vision.simulator.clock import block_forever, block_until, log, now
from hailo_vision.simulator.completion import Completion
from hailo_vision.simulator.compose import compose
from hailo_vision.simulator.context import FRAME_SIDE_PX, PATCH_PX, Context, prompt_entries
from hailo_vision.simulator.frames import BrokenStream, take_frames
from hailo_vision.simulator.image_stats import ImageAnalyser, ImageStats
from hailo_vision.simulator.pace import Pace, chunk_fault
from hailo_vision.simulator.run import Run
from hailo_vision.simulator.sampler import Params, Sampler
from hailo_vision.simulator.status import Failure, Status
from hailo_vision.simulator.tokenizer import END_OF_TEXT, IM_END, IMAGE_PAD, decode, encode, encode_plain
from hailo_vision.simulator.turns import Picture, read_turns

Kind = Literal["VLM", "LLM"]

DEFAULTS: Final[dict[Kind, Params]] = {
    # The device's defaults, which hold where the HEF has no configuration of its own (contract 2.3).
    "VLM": Params(temperature=0.01, top_p=0.1, top_k=1, penalty=1.0, max_tokens=1024, do_sample=False),
    "LLM": Params(temperature=0.7, top_p=0.8, top_k=20, penalty=1.1, max_tokens=1024, do_sample=True),
}

_ENCODING_SHARE: Final = 0.5  # this part of prefill_s goes into frames, before generate() returns; invented
_DEFAULT_FAULT_CHUNKS: Final = 3  # chunks before a fault in decoding that has no number


class Session:
    """One loaded model. Each call fails with 62 once the session is dead (contract 6)."""

    def __init__(self, behaviour: Behaviour, kind: Kind, hef_hash: bytes) -> None:
        self.is_alive = True
        self.context = Context()
        self._behaviour = behaviour
        self._kind = kind
        self._hef_hash = hef_hash
        self._params = DEFAULTS[kind]
        self._sampler = Sampler(self._params)
        self._stops = [[IM_END], [END_OF_TEXT]]
        self._recovery = [IM_END]
        self._frames: list[bytes] = []  # only a successful prefill clears them: the poison (contract 2.8)
        self._run: Run | None = None
        self._fault = InjectedFault()
        self._completions: list[Completion] = []
        self._analyser = ImageAnalyser()

    # Generating

    def create_generator(self, params: Params) -> None:
        """Set the parameters and reseed, even while a generation runs (contract 2.2.4)."""
        self._settle()
        self._params = params
        self._sampler = Sampler(params)

    def generate(self, prompt: str, frames: Sequence[bytes]) -> Completion:
        """Send the frames, which blocks, and begin to answer, which does not."""
        self._settle()
        self._fault = self._behaviour.current_fault()
        if self._kind == "VLM":
            self.context.pending = []  # the last end token never gets into the context (contract 2.5, trap 11)
            self._take_frames(frames)
        run = self._new_run(prompt, has_frames=bool(frames))
        old, self._run = self._run, run
        if old is not None and not old.is_over:
            self._collide(old, run)
        completion = Completion(run, notice_fault=self.notice_fault, abort=self.abort, forget=self.forget)
        self._completions.append(completion)
        if self._params.max_tokens == 0:
            completion.read_end_without_tokens()
        return completion

    def abort(self) -> None:
        """End the running generation, with one more token and the recovery sequence (contract 2.8).

        It ends any generation: a late release of an old completion ends the new one (trap 12).
        """
        self._settle()
        run = self._run
        if run is not None and not run.is_over:
            run.is_aborting = True
            ended_at = now()
            while not run.is_over:
                ended_at = run.pace.due(len(run.chunks))
                run.step()
            block_until(ended_at)  # one wait: no other thread runs between its tokens
        self._check()

    def forget(self, completion: Completion) -> None:
        if completion in self._completions:
            self._completions.remove(completion)

    def notice_fault(self) -> None:
        """Take up a fault that was chosen while a generation runs, which only a fault file can do."""
        run = self._run
        if self._behaviour.fault_file is None or run is None or run.is_over:
            return
        fault = self._behaviour.current_fault()
        if fault != self._fault:
            self._fault = fault
            run.fault = chunk_fault(fault, len(run.chunks), default_chunks=0)
            run.pace.stalled_index = None
            if fault.name == "stall_in_decode":
                run.pace.stall(len(run.chunks), self._behaviour.stall_s, at=now())

    # The rest of the calls

    def tokenize(self, text: str) -> list[int]:
        self._settle()
        return encode(text)

    def usage_tokens(self) -> int:
        self._settle()
        return self.context.usage_tokens

    def check(self) -> None:
        """Check the session, as a call for a constant value does."""
        self._settle()

    def clear_context(self) -> None:
        """Reset what contract 3 lists; the stop tokens, the recovery sequence and the poison stay."""
        self._settle()
        self.context.clear()
        self._sampler = Sampler(self._params)

    def stop_tokens(self) -> list[str]:
        self._settle()
        return [decode(stop) for stop in self._stops]

    def set_stop_tokens(self, texts: Sequence[str]) -> None:
        """Replace the whole list, the model's own end tokens included (contract 2.9, trap 8)."""
        self._settle()
        self._stops = [encode(text) for text in texts if text]

    def recovery_sequence(self) -> str:
        self._settle()
        return decode(self._recovery)

    def set_recovery_sequence(self, text: str) -> None:
        self._settle()
        self._recovery = encode(text)

    def save_context(self) -> bytes:
        self._check()
        self._refuse_unlocked_call("save_context")
        return self.context.dump(self._hef_hash, self._behaviour.version)

    def load_context(self, blob: bytes) -> None:
        self._check()
        self._refuse_unlocked_call("load_context")
        self.context.load(blob, self._hef_hash)

    def close(self, why: str = "") -> None:
        """Delete the model. A running generation then sends its next request to a deleted model (contract 2.8, trap
        13).
        """
        if self._run is not None and not self._run.is_over:
            self._run.finish_step()
        if self._run is not None and not self._run.is_over:
            log("the model was released before its completion: the device's server crashes (trap 13)")
        elif why:
            log(why)
        self._lose()

    # What happens inside

    def _check(self) -> None:
        if not self.is_alive:
            raise Failure(Status.COMMUNICATION_CLOSED, "the session with the device is closed")

    def _settle(self) -> None:
        """Wait for the step in flight, since each call holds the session's lock (contract 2.8)."""
        self._check()
        if self._run is not None and not self._run.is_over:
            self.notice_fault()
            self._run.finish_step()
        self._check()

    def _lose(self) -> None:
        self.is_alive = False
        if self._run is not None:
            self._run.lose()

    def _refuse_unlocked_call(self, name: str) -> None:
        """Break the session: contexts are saved and loaded without the lock, which mixes up a generation's replies."""
        if self._run is not None and not self._run.is_over:
            log(f"{name}() during a generation: the session's replies are mixed up (contract 2.8)")
            self._lose()
            self._check()

    def _take_frames(self, frames: Sequence[bytes]) -> None:
        try:
            take_frames(frames, self._behaviour.version, self._frames)
        except BrokenStream:
            self._lose()
            raise
        if frames:
            self._encode_frames()

    def _encode_frames(self) -> None:
        """Encode the frames before generate() returns; the wait for that has no timeout (contract 2.2.6)."""
        if self._fault.name == "wedge_in_prefill":
            block_forever()
        block_until(now() + self._behaviour.prefill_s * _ENCODING_SHARE)
        if self._fault.name == "lost_in_prefill" and self._fault.argument == Status.COMMUNICATION_CLOSED:
            self._lose()
            self._check()

    def _new_run(self, prompt: str, *, has_frames: bool) -> Run:
        behaviour = self._behaviour
        rest = 1 - _ENCODING_SHARE if has_frames else 1.0
        pace = Pace(
            first_at=now() + behaviour.prefill_s * rest,
            interval_s=1 / behaviour.tokens_per_s if behaviour.tokens_per_s else 0.0,
        )
        if self._fault.name == "stall_in_decode":
            index = _DEFAULT_FAULT_CHUNKS if self._fault.argument is None else self._fault.argument
            pace.stall(index, behaviour.stall_s, at=pace.first_at)
        return Run(
            prefill=lambda: self._prefill(prompt),
            lose=self._lose,
            context=self.context,
            max_tokens=self._params.max_tokens,
            stops=self._stops,
            recovery=self._recovery,
            pace=pace,
            fault=chunk_fault(self._fault, 0, default_chunks=_DEFAULT_FAULT_CHUNKS),
        )

    def _prefill(self, prompt: str) -> Iterator[int]:
        tokens = encode(prompt)
        if self._kind == "LLM":
            prefix, self.context.pending = self.context.pending, []
            self.context.append(prefix + tokens)
        elif len(tokens) == 1:
            self.context.append(tokens)  # skips the prefill path: frames are not consumed (trap 29)
        else:
            places = tokens.count(IMAGE_PAD)
            if places != len(self._frames):
                raise Failure(
                    Status.INVALID_OPERATION,
                    f"{places} places for pictures in the prompt, but {len(self._frames)} frames on the device",
                )
            prompt_entries(self.context, tokens, IMAGE_PAD, self._frames)
            self._frames.clear()
        return self._speak()

    def _speak(self) -> Iterator[int]:
        """The answer's tokens, its end token, and then the same again: without stop tokens it never ends."""
        script = compose(read_turns(self.context.view()), self._analyse)
        while True:
            for wordings in script:
                yield from encode_plain(self._sampler.choose(wordings, self.context.generated))
            yield IM_END
            yield from encode("\n<|im_start|>assistant\n")

    def _analyse(self, picture: Picture) -> ImageStats:
        pixels = np.frombuffer(self.context.frame(picture.image), np.uint8)
        shape = (FRAME_SIDE_PX, FRAME_SIDE_PX, 3)
        return self._analyser.analyse(pixels.reshape(shape), picture.first_patch_row * PATCH_PX)

    def _collide(self, old: Run, new: Run) -> None:
        log("a second generation began while one was running: both are corrupted now (contract 2.8, trap 12)")
        new.mix_in(old)
        for completion in self._completions:
            if completion.belongs_to(old):
                completion.move(new)
