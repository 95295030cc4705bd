"""`VLM`, `LLM` and their completions as Python sees them (contract 2)."""

import json
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from hailo_vision.simulator.pyhailort import _genai
from hailo_vision.simulator.pyhailort.devices import VDevice
from hailo_vision.simulator.pyhailort.exceptions import ExceptionWrapper, HailoRTException
from hailo_vision.simulator.session import Kind
from hailo_vision.simulator.status import LLMGeneratorCompletionStatus


class LLMGeneratorCompletion:
    """A stream of chunks (contract 2.7). Release it before the next generate(), even if it was read to its end (trap
    12).
    """

    def __init__(self, completion: _genai.LLMGeneratorCompletion) -> None:
        self._completion: Any = completion  # None after release(), as in the vendor's class

    def read(self, timeout_ms: int = 10000) -> str:
        with ExceptionWrapper():
            text: str = self._completion.read(timeout_ms)
        return text

    def read_all(self, timeout_ms: int = 10000) -> str:
        with ExceptionWrapper():
            text: str = self._completion.read_all(timeout_ms)
        return text

    @property
    def generation_status(self) -> LLMGeneratorCompletionStatus:
        status: LLMGeneratorCompletionStatus = self._completion.generation_status
        return status

    def release(self) -> None:
        if self._completion is not None:
            completion, self._completion = self._completion, None
            completion.release()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.generation_status is not LLMGeneratorCompletionStatus.GENERATING:
            raise StopIteration
        return self.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class Model:
    """The common part of LLM and VLM. Failures of the constructor leave as raw statuses (contract 1.2, trap 2)."""

    def __init__(self, kind: Kind, vdevice: VDevice, model_path: str, optimize_memory_on_device: bool) -> None:
        self._model: Any = None  # None after release(), as in the vendor's classes
        self._model = _genai.Model(kind, vdevice._vdevice, model_path, optimize_memory_on_device)

    def _generate(self, prompt: object, params: dict[str, Any], **inputs: Any) -> LLMGeneratorCompletion:
        if not isinstance(prompt, str):
            if not isinstance(prompt, list) or not all(isinstance(message, dict) for message in prompt):
                raise HailoRTException("the prompt must be a str or a list of dicts")
            prompt = [json.dumps(message) for message in prompt]
        with ExceptionWrapper():
            native = self._model.create_generator_params()
            for name, value in params.items():
                if value is not None:
                    setattr(native, name, value)
            return LLMGeneratorCompletion(self._model.generate(native, prompt, **inputs))

    def tokenize(self, prompt: str) -> list[int]:
        with ExceptionWrapper():
            tokens: list[int] = self._model.tokenize(prompt)
        return tokens

    def get_context_usage_size(self) -> int:
        with ExceptionWrapper():
            usage: int = self._model.get_context_usage_size()
        return usage

    def max_context_capacity(self) -> int:
        with ExceptionWrapper():
            capacity: int = self._model.max_context_capacity()
        return capacity

    def clear_context(self) -> None:
        with ExceptionWrapper():
            self._model.clear_context()

    def save_context(self) -> bytes:
        with ExceptionWrapper():
            return bytes(self._model.save_context())

    def load_context(self, context_data: bytes) -> None:
        with ExceptionWrapper():
            self._model.load_context(list(context_data))

    def prompt_template(self) -> str:
        with ExceptionWrapper():
            template: str = self._model.prompt_template()
        return template

    def get_stop_tokens(self) -> list[str]:
        with ExceptionWrapper():
            stops: list[str] = self._model.get_stop_tokens()
        return stops

    def set_stop_tokens(self, stop_tokens: list[str]) -> None:
        with ExceptionWrapper():
            self._model.set_stop_tokens(stop_tokens)

    def get_generation_recovery_sequence(self) -> str:
        with ExceptionWrapper():
            sequence: str = self._model.get_generation_recovery_sequence()
        return sequence

    def set_generation_recovery_sequence(self, sequence: str) -> None:
        with ExceptionWrapper():
            self._model.set_generation_recovery_sequence(sequence)

    def release(self) -> None:
        if self._model is not None:
            model, self._model = self._model, None
            model.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()
