"""The C++ objects behind the Python classes of GenAI: arguments are converted here, and failures become exceptions."""

import json
import signal
from collections.abc import Sequence
from typing import Any

import numpy as np

from hailo_vision.simulator import loading
from hailo_vision.simulator.behaviour import OPTIONS
from hailo_vision.simulator.clock import die
from hailo_vision.simulator.completion import Completion
from hailo_vision.simulator.context import CAPACITY_TOKENS, FRAME_SIDE_PX
from hailo_vision.simulator.frames import raw_bytes
from hailo_vision.simulator.params import LLMGeneratorParams, boolean, string, strings, uint32
from hailo_vision.simulator.pyhailort._pyhailort import SchedulingAlgorithm, VDevice, raising
from hailo_vision.simulator.session import DEFAULTS, Kind
from hailo_vision.simulator.status import Failure, LLMGeneratorCompletionStatus, Status
from hailo_vision.simulator.template import PROMPT_TEMPLATE, ChatTemplate


class LLMGeneratorCompletion:
    """A generation on the host's side. When it goes out of scope it is released, as a C++ object is (trap 12)."""

    def __init__(self, completion: Completion) -> None:
        self._completion = completion

    @raising
    def read(self, timeout_ms: int) -> str:
        return self._completion.read(uint32(timeout_ms))

    @raising
    def read_all(self, timeout_ms: int) -> str:
        return self._completion.read_all(uint32(timeout_ms))

    @property
    def generation_status(self) -> LLMGeneratorCompletionStatus:
        return self._completion.status

    def release(self) -> None:
        self._completion.release()

    def __del__(self) -> None:
        self._completion.release()


class Model:
    """An LLM or a VLM: its session on the device, and the host's state of the conversation."""

    @raising
    def __init__(self, kind: Kind, vdevice: VDevice | None, model_path: object, optimize_memory: object) -> None:
        path, wants_less_memory = string(model_path), boolean(optimize_memory)
        if vdevice is None:
            die(signal.SIGSEGV, f"{kind}() was given a released VDevice (contract 1.3)")
        if vdevice.has_dangling_ids:
            die(signal.SIGSEGV, f"{kind}() on a VDevice with the device_ids argument reads freed memory (trap 18)")
        self._kind = kind
        self._template = ChatTemplate(refuses_late_system=OPTIONS.version != "5.1.1")
        self._loaded = loading.load(
            OPTIONS,
            kind,
            path,
            can_schedule=vdevice.params.scheduling_algorithm != SchedulingAlgorithm.NONE.value,
            optimize_memory=wants_less_memory,
        )
        self._session = self._loaded.session
        vdevice.sessions.add(self._session)

    def create_generator_params(self) -> LLMGeneratorParams:
        return LLMGeneratorParams(DEFAULTS[self._kind])

    @raising
    def generate(
        self,
        params: LLMGeneratorParams,
        prompt: str | list[str],
        frames: Sequence[object] = (),
        videos: Sequence[object] = (),
        tools: str = "",
    ) -> LLMGeneratorCompletion:
        """`prompt` is a text that is sent as it is, or the JSON of each message."""
        text = string(prompt) if isinstance(prompt, str) else None
        pixels = [raw_bytes(_array(frame)) for frame in frames]
        self._session.create_generator(params.checked(allows_no_tokens=OPTIONS.version != "5.1.1"))
        if not prompt:
            raise Failure(Status.INVALID_ARGUMENT, "the prompt is empty")
        if text is None:
            text = self._render([json.loads(message) for message in prompt], tools)
        if videos:
            raise Failure(Status.INVALID_OPERATION, "the model's encoder takes no videos")
        return LLMGeneratorCompletion(self._session.generate(text, pixels))

    def _render(self, messages: list[dict[str, Any]], tools: str) -> str:
        try:
            return self._template.render(messages, tools)
        except Failure:
            if self._kind == "VLM" or OPTIONS.version != "5.1.1":
                raise
            # 5.1.1's LLM goes on without the text, and then finds nothing to send (contract 1.4).
            raise Failure(Status.INVALID_OPERATION, "the prompt is empty") from None

    @raising
    def tokenize(self, text: object) -> list[int]:
        return self._session.tokenize(string(text))

    @raising
    def get_context_usage_size(self) -> int:
        return self._session.usage_tokens()

    @raising
    def max_context_capacity(self) -> int:
        self._session.check()
        return CAPACITY_TOKENS

    @raising
    def clear_context(self) -> None:
        self._session.clear_context()
        self._template.is_first = True  # only once the device has confirmed (contract 2.4)

    @raising
    def save_context(self) -> list[int]:
        return list(self._session.save_context())

    @raising
    def load_context(self, context: list[int]) -> None:
        """Restore a context; the host's flag of the first turn stays as it is (trap 10)."""
        self._session.load_context(bytes(context))

    @raising
    def prompt_template(self) -> str:
        return PROMPT_TEMPLATE

    def input_frame_shape(self) -> list[int]:
        return [FRAME_SIDE_PX, FRAME_SIDE_PX, 3]

    @raising
    def get_stop_tokens(self) -> list[str]:
        return self._session.stop_tokens()

    @raising
    def set_stop_tokens(self, stop_tokens: object) -> None:
        self._session.set_stop_tokens(strings(stop_tokens))

    @raising
    def get_generation_recovery_sequence(self) -> str:
        return self._session.recovery_sequence()

    @raising
    def set_generation_recovery_sequence(self, sequence: object) -> None:
        self._session.set_recovery_sequence(string(sequence))

    def release(self) -> None:
        self._loaded.release()


def _array(frame: object) -> np.ndarray[Any, Any]:
    if not isinstance(frame, np.ndarray):
        raise TypeError(f"incompatible function arguments: {type(frame).__name__} is no numpy array")
    return frame
