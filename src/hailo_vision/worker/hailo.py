"""The only user of HailoRT: opens the chip, loads the model, and answers one conversation at a time.

Every call here can block for seconds with the interpreter lock held. Numbers in brackets are sections of the
contract, the notes on HailoRT's source that ARCHITECTURE.md names; "trap" is an entry of its section 9.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

from hailo_vision.chat import Generation, LoadedModel
from hailo_vision.errors import ContextLengthExceeded, DeviceFault, DeviceUnavailable, GenerationFailed
from hailo_vision.wire import Load
from hailo_vision.worker import prompt
from hailo_vision.worker.answer import Answer
from hailo_vision.worker.backend import Done
from hailo_vision.worker.parameters import device_parameters
from hailo_vision.worker.runtime import Runtime, find, status_of, unavailable

PATCH_PX = 14 * 2  # the encoder makes one token of 2 x 2 patches of 14 x 14 pixels [2.5]
FRAMES_BEFORE_5_2 = 5  # [1.4]; more break the session (trap 5)
RETRY_S = 0.5

# A process that ended a moment ago, or one that is about to, still holds its place; the device may be booting.
_VDEVICE_PASSING = frozenset({74, 89, 97})
_MODEL_PASSING = frozenset({62})


class HailoBackend:
    """Device code on HailoRT 5.1.1 and 5.2.0, and on the simulator of either."""

    def __init__(self) -> None:
        self._runtime: Runtime
        self._vdevice: Any = None
        self._vlm: Any = None
        self._params: Any = None  # the VDevice keeps a pointer into it (trap 18)
        self._model: LoadedModel

    def load(self, load: Load) -> LoadedModel:
        started = time.monotonic()
        self._runtime = runtime = find(load.runtime)
        if not runtime.root.Device.scan():
            raise DeviceUnavailable(
                DeviceFault.NO_DEVICE, "No Hailo device answers: check the HAT's seat and that its driver is loaded."
            )
        deadline = started + load.patience_s
        self._vdevice = self._patiently(
            lambda: self._open(load.group_id), "Opening the device", _VDEVICE_PASSING, deadline
        )
        self._vlm = self._patiently(
            lambda: runtime.genai.VLM(self._vdevice, load.hef), f"Loading {load.hef}", _MODEL_PASSING, deadline
        )
        self._model = self._describe(load, time.monotonic() - started)
        return self._model

    def generate(self, generation: Generation, cancelled: Callable[[], bool]) -> Iterator[str | Done]:
        frames = prompt.frames(generation.turns)
        self._check(frames)
        prompt_tokens = self._count(generation, len(frames))
        # One token stays free for the recovery token that follows max tokens [2.5, 2.7].
        room = self._model.context_tokens - prompt_tokens - 1
        if room < 1:
            raise ContextLengthExceeded(prompt_tokens=prompt_tokens, context_tokens=self._model.context_tokens)
        max_tokens = min(generation.max_tokens, room)
        answer = Answer(
            runtime=self._runtime,
            vlm=self._vlm,
            image_tokens=len(frames) * self._model.image_tokens,
            prompt_tokens=prompt_tokens,
            max_tokens=max_tokens,
            stop=generation.stop,
        )
        try:
            self._vlm.clear_context()
            yield from answer.run(
                prompt.messages(generation.turns), frames, device_parameters(generation.sampling, max_tokens), cancelled
            )
        except self._runtime.errors as error:
            raise self._verdict(answer, error, frames_sent=bool(frames)) from error

    def close(self) -> None:
        """Model, then device: the other order can crash the server on the chip for everybody (trap 13)."""
        if self._vlm is not None:
            self._vlm.release()
        if self._vdevice is not None:
            self._vdevice.release()

    def _open(self, group_id: str) -> Any:
        params = self._runtime.genai.VDevice.create_params()
        params.group_id = group_id
        self._params = params
        return self._runtime.genai.VDevice(params)

    def _patiently(self, make: Callable[[], Any], doing: str, passing: frozenset[int], deadline: float) -> Any:
        """Make something of the vendor's, again while the reason is one that passes by itself (trap 28)."""
        while True:
            try:
                return make()
            except self._runtime.errors as error:
                if status_of(error) not in passing or time.monotonic() >= deadline:
                    raise unavailable(error, doing) from error
            time.sleep(RETRY_S)

    def _describe(self, load: Load, load_s: float) -> LoadedModel:
        height_px, width_px, _ = self._vlm.input_frame_shape()
        return LoadedModel(
            runtime=self._runtime.name,
            runtime_version=self._runtime.version,
            device=load.device,
            frame_width_px=width_px,
            frame_height_px=height_px,
            context_tokens=self._vlm.max_context_capacity(),
            image_tokens=(width_px // PATCH_PX) * (height_px // PATCH_PX),
            max_images=None if self._runtime.takes_videos else FRAMES_BEFORE_5_2,
            load_s=load_s,
        )

    def _check(self, frames: list[Any]) -> None:
        """What would poison the model or break the session must never be sent (traps 3 to 5)."""
        size = self._vlm.input_frame_size()
        if any(frame.nbytes != size for frame in frames):
            raise GenerationFailed(f"a frame is not the {size} bytes that the model takes")
        if self._model.max_images is not None and len(frames) > self._model.max_images:
            raise GenerationFailed(f"{len(frames)} frames are more than the {self._model.max_images} of one call")

    def _count(self, generation: Generation, images: int) -> int:
        """Prompt tokens as the device will count them: the placeholder of a frame is one token in text [3]."""
        try:
            text_tokens = len(self._vlm.tokenize(prompt.rendered(generation.turns)))
        except self._runtime.errors as error:
            raise DeviceUnavailable(
                DeviceFault.DEVICE_LOST, "The device was lost between two requests.", status=status_of(error)
            ) from error
        return text_tokens + images * (self._model.image_tokens - 1)

    def _verdict(self, answer: Answer, error: Exception, *, frames_sent: bool) -> GenerationFailed | DeviceUnavailable:
        """After an error: can this process go on? A dead session must not even be released (trap 14)."""
        status = status_of(error)
        lost = DeviceUnavailable(DeviceFault.DEVICE_LOST, "The device was lost during the answer.", status=status)
        try:
            self._vlm.get_context_usage_size()
        except self._runtime.errors:
            return lost
        if frames_sent and not answer.has_begun:
            # Frames that no prefill consumed stay on the device and spoil every later request (2.8): only a new
            # model helps, and a new process is the one way to get it that cannot hang.
            return DeviceUnavailable(DeviceFault.FAILED, "The device refused the pictures.", status=status)
        try:
            answer.release()
            self._vlm.clear_context()
        except self._runtime.errors:
            return lost
        return GenerationFailed(f"The device failed during the answer (HailoRT status {status}).")
