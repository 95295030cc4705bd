"""The device code on HailoRT: it opens the chip, loads the model, and answers one conversation at a time.

Every call here can block for seconds with the interpreter lock held. Numbers in brackets are sections of the contract,
the notes on HailoRT's source that ARCHITECTURE.md names; "trap" is an entry of its section 9.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from hailo_vision.chat import Frame, Generation, LoadedModel
from hailo_vision.errors import ContextLengthExceeded, DeviceFault, DeviceUnavailable, GenerationFailed
from hailo_vision.files import open_regular
from hailo_vision.wire import Load
from hailo_vision.worker import prompt
from hailo_vision.worker.backend import Done
from hailo_vision.worker.completion import Completion, DevicePrompt
from hailo_vision.worker.context_reuse import HeldContext, hold
from hailo_vision.worker.parameters import device_parameters
from hailo_vision.worker.retries import Retries
from hailo_vision.worker.runtime import Runtime, import_runtime
from hailo_vision.worker.statuses import (
    ASKING,
    LOADING,
    OPENING,
    TRANSIENT_WHILE_LOADING,
    TRANSIENT_WHILE_OPENING,
    refusal_of_the_node,
    status_of,
)
from hailo_vision.worker.token_count import TokenCount

MAX_FRAMES_BEFORE_5_2 = 5  # [1.4]; more break the session (trap 5)


class HailoBackend:
    """Device code for HailoRT 5.1.1 and 5.2.0, and for the simulator of either."""

    def __init__(self) -> None:
        self._runtime: Runtime
        self._vdevice: Any = None
        self._vlm: Any = None
        self._params: Any = None  # kept, as the VDevice has a pointer into it (trap 18)
        self._model: LoadedModel
        self._count: TokenCount
        self._reuses_context = False
        self._held: HeldContext | None = None
        self._completion: Completion | None = None  # kept: collecting one of a dead session aborts (trap 14)

    def load(self, load: Load) -> LoadedModel:
        started = time.monotonic()
        self._runtime = runtime = import_runtime(load.runtime)
        retries = partial(Retries, errors=runtime.errors, deadline=started + load.patience_s)
        opening = retries(meanings=OPENING, transient=TRANSIENT_WHILE_OPENING)
        loading = retries(meanings=LOADING, transient=TRANSIENT_WHILE_LOADING)
        asking = retries(meanings=ASKING, transient=frozenset())
        _require_regular_file(load.hef)
        if not asking.call(runtime.root.Device.scan, "Looking for a device"):
            raise DeviceUnavailable(
                DeviceFault.NO_DEVICE, "No Hailo device answers: check the HAT's seat and that its driver is loaded."
            )
        try:
            self._vdevice = opening.call(lambda: self._open(load.group_id), "Opening the device")
        except DeviceUnavailable as error:
            raise refusal_of_the_node(load.device, error) or error from error.__cause__
        self._vlm = loading.call(lambda: runtime.genai.VLM(self._vdevice, load.hef), f"Loading {load.hef}")
        self._reuses_context = load.reuses_context and self._knows_template()
        self._model = asking.call(lambda: self._describe(load, time.monotonic() - started), f"Asking {load.hef}")
        return self._model

    def generate(self, generation: Generation, cancelled: Callable[[], bool]) -> Iterator[str | Done]:
        device_prompt = self._device_prompt(generation)
        self._check(device_prompt.frames)
        # One token stays free for the recovery token that follows max tokens [2.5, 2.7].
        room = self._model.context_tokens - device_prompt.prompt_tokens - 1
        if room < 1:
            raise ContextLengthExceeded(
                prompt_tokens=device_prompt.prompt_tokens, context_tokens=self._model.context_tokens
            )
        max_tokens = min(generation.max_tokens, room)
        completion = self._completion = Completion(
            runtime=self._runtime,
            vlm=self._vlm,
            prompt=device_prompt,
            max_tokens=max_tokens,
            stop=generation.stop,
            deadline=generation.deadline,
        )
        self._held = None  # from here on the device's context belongs to this generation
        if not device_prompt.cached_tokens:
            self._before_sending(self._vlm.clear_context)
        try:
            yield from completion.run(device_parameters(generation.sampling, max_tokens), cancelled)
        except self._runtime.errors as error:
            raise self._failure(completion, error, frames_sent=bool(device_prompt.frames)) from error
        self._remember(generation, completion)

    def close(self) -> None:
        """Release the model, then the device: the other order can crash the server on the chip for every program (trap
        13).
        """
        if self._vlm is not None:
            self._vlm.release()
        if self._vdevice is not None:
            self._vdevice.release()

    def _open(self, group_id: str) -> Any:
        params = self._runtime.genai.VDevice.create_params()
        params.group_id = group_id
        self._params = params
        return self._runtime.genai.VDevice(params)

    def _describe(self, load: Load, load_s: float) -> LoadedModel:
        height_px, width_px, _ = self._vlm.input_frame_shape()
        self._count = TokenCount(frame_width_px=width_px, frame_height_px=height_px)
        return LoadedModel(
            runtime=self._runtime.name,
            runtime_version=self._runtime.version,
            device=load.device,
            frame_width_px=width_px,
            frame_height_px=height_px,
            context_tokens=self._vlm.max_context_capacity(),
            image_tokens=self._count.image_tokens,
            max_images=None if self._runtime.takes_videos else MAX_FRAMES_BEFORE_5_2,
            load_s=load_s,
        )

    def _check(self, frames: list[Any]) -> None:
        """Refuse frames that would poison the model or break the session (traps 3 to 5)."""
        size = self._vlm.input_frame_size()
        if any(frame.nbytes != size for frame in frames):
            raise GenerationFailed(f"a frame is not the {size} bytes that the model takes")
        if self._model.max_images is not None and len(frames) > self._model.max_images:
            raise GenerationFailed(f"one call takes {self._model.max_images} frames, not {len(frames)}")

    def _device_prompt(self, generation: Generation) -> DevicePrompt:
        """The prompt to send: the whole conversation, or only its new turn where the device holds the rest."""
        turns = generation.turns
        images = sum(isinstance(part, Frame) for turn in turns for part in turn.parts)
        text_tokens = self._text_tokens(prompt.rendered(turns))
        prompt_tokens = self._count.total(text_tokens, images)
        cached_tokens = self._cached_tokens(generation, prompt_tokens)
        return DevicePrompt(
            content=prompt.continued(turns[-1]) if cached_tokens else prompt.messages(turns),
            frames=prompt.frames(turns[-1:] if cached_tokens else turns),
            text_tokens=text_tokens,
            images=images,
            prompt_tokens=prompt_tokens + self._count.margin,
            cached_tokens=cached_tokens,
            image_tokens=images * self._count.image_tokens,
        )

    def _cached_tokens(self, generation: Generation, prompt_tokens: int) -> int:
        """The number of prompt tokens that the device holds and may keep; 0 when in doubt.

        The repetition penalty looks at all tokens generated since the context was cleared [2.3], so with a penalty a
        kept context would change the answer. And if the answer's text splits into other tokens than the generated ones,
        the sum of tokens does not match.
        """
        held, new = self._held, generation.turns[-1]
        if held is None or not self._count.is_confirmed or generation.sampling.repetition_penalty not in (None, 1.0):
            return 0
        if not held.is_continued_by(generation.turns, generation.client):
            return 0
        images = sum(isinstance(part, Frame) for part in new.parts)
        new_tokens = self._count.total(self._text_tokens(prompt.continued(new)), images)
        is_whole = held.tokens + new_tokens == prompt_tokens
        return held.tokens if is_whole else 0

    def _text_tokens(self, text: str) -> int:
        tokens: list[int] = self._before_sending(lambda: self._vlm.tokenize(text))
        return len(tokens)

    def _before_sending(self, call: Callable[[], Any]) -> Any:
        """A call of the device before anything of the generation is sent. Where the device is lost the next worker can
        answer; where it goes on, this request is what it refuses, and another worker would load 3 GB for nothing.
        """
        try:
            return call()
        except self._runtime.errors as error:
            status = status_of(error)
            if self._is_alive():
                raise GenerationFailed(f"The device does not take this request (HailoRT status {status}).") from error
            raise DeviceUnavailable(
                DeviceFault.DEVICE_LOST, "The device was lost between two requests.", status=status, is_untouched=True
            ) from error

    def _is_alive(self) -> bool:
        """Whether the session with the device can still be used."""
        try:
            self._vlm.get_context_usage_size()
        except self._runtime.errors:
            return False
        return True

    def _remember(self, generation: Generation, completion: Completion) -> None:
        """Learn from the device's count, and remember the conversation for context reuse, if its answer came to the
        model's own end.
        """
        sent = completion.prompt
        if completion.measured_prompt_tokens is not None:
            self._count.learn(sent.text_tokens, sent.images, completion.measured_prompt_tokens)
        if completion.tokens_held is not None and self._reuses_context and self._count.is_confirmed:
            self._held = hold(generation.turns, completion.text, completion.tokens_held, generation.client)

    def _knows_template(self) -> bool:
        try:
            return prompt.is_known_template(self._vlm.prompt_template())
        except self._runtime.errors:  # 65: the HEF has none
            return False

    def _failure(
        self, completion: Completion, error: Exception, *, frames_sent: bool
    ) -> GenerationFailed | DeviceUnavailable:
        """The error to report, by whether this process can go on. A dead session must never be released (trap 14)."""
        status = status_of(error)
        lost = DeviceUnavailable(DeviceFault.DEVICE_LOST, "The device was lost during the answer.", status=status)
        if not self._is_alive():
            return lost
        if frames_sent and not completion.has_begun:
            # Frames that no prefill consumed stay on the device and spoil every later request (2.8). Only loading the
            # model anew helps, and a new process is the only way to do that which cannot hang.
            return DeviceUnavailable(DeviceFault.FAILED, "The device refused the pictures.", status=status)
        try:
            completion.release()
            self._vlm.clear_context()
        except self._runtime.errors:
            return lost
        return GenerationFailed(f"The device failed during the answer (HailoRT status {status}).")


def _require_regular_file(hef: str) -> None:
    """Refuse what the library's open would block on for ever, or what is no file at all. Raises DeviceUnavailable.

    A file that is missing or closed to us is for the runtime to tell: the simulator needs none.
    """
    try:
        open_regular(hef).close()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass
    except OSError as error:
        raise DeviceUnavailable(
            DeviceFault.MODEL_INVALID,
            f"Loading {hef}: it can't be read as a model file: {error.strerror}. Correct the path of the HEF in the "
            "configuration and restart the service.",
        ) from error
