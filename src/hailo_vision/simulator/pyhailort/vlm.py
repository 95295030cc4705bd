"""`VLM` as Python sees it. Its signatures differ by version, and so does the order of arguments (trap 19)."""

from typing import Any

import numpy as np

from hailo_vision.simulator.behaviour import OPTIONS
from hailo_vision.simulator.context import FRAME_BYTES
from hailo_vision.simulator.pyhailort.devices import VDevice
from hailo_vision.simulator.pyhailort.exceptions import ExceptionWrapper, HailoRTException
from hailo_vision.simulator.pyhailort.formats import FormatOrder
from hailo_vision.simulator.pyhailort.models import LLMGeneratorCompletion, Model


class VisionModel(Model):
    """The common part of both versions' VLM."""

    def __init__(self, vdevice: VDevice, model_path: str, optimize_memory_on_device: bool = False) -> None:
        super().__init__("VLM", vdevice, model_path, optimize_memory_on_device)

    @property
    def _vlm(self) -> Any:
        return self._model

    def _see(
        self, prompt: object, frames: object, params: dict[str, Any], videos: object = None
    ) -> LLMGeneratorCompletion:
        _check_frames("frames", frames)
        if videos is not None:
            if not isinstance(videos, list):
                raise HailoRTException("videos must be a list of lists of numpy arrays")
            for video in videos:
                _check_frames("videos", video)
        return self._generate(prompt, params, frames=frames, videos=videos or ())

    # These three do not ask the device (contract 3).

    def input_frame_shape(self) -> list[int]:
        with ExceptionWrapper():
            shape: list[int] = self._model.input_frame_shape()
        return shape

    def input_frame_size(self) -> int:
        return FRAME_BYTES if self.input_frame_shape() else 0

    def input_frame_format_type(self) -> np.dtype[np.uint8]:
        self.input_frame_shape()
        return np.dtype(np.uint8)

    def input_frame_format_order(self) -> FormatOrder:
        self.input_frame_shape()
        return FormatOrder.NHWC


def _check_frames(name: str, frames: object) -> None:
    if not isinstance(frames, list) or not all(hasattr(f, "dtype") and hasattr(f, "nbytes") for f in frames):
        raise HailoRTException(f"{name} must be a list of numpy arrays")


if OPTIONS.version == "5.1.1":

    class VLM(VisionModel):
        def generate(
            self,
            prompt: str | list[dict[str, Any]],
            frames: list[np.ndarray[Any, Any]],
            temperature: float | None = None,
            top_p: float | None = None,
            top_k: int | None = None,
            frequency_penalty: float | None = None,
            max_generated_tokens: int | None = None,
            do_sample: bool | None = None,
            seed: int | None = None,
        ) -> LLMGeneratorCompletion:
            params = {
                "temperature": temperature,
                "top_p": top_p,
                "top_k": top_k,
                "frequency_penalty": frequency_penalty,
                "max_generated_tokens": max_generated_tokens,
                "do_sample": do_sample,
                "seed": seed,
            }
            return self._see(prompt, frames, params)

        def generate_all(
            self,
            prompt: str | list[dict[str, Any]],
            frames: list[np.ndarray[Any, Any]],
            temperature: float | None = None,
            top_p: float | None = None,
            top_k: int | None = None,
            frequency_penalty: float | None = None,
            max_generated_tokens: int | None = None,
            do_sample: bool | None = None,
            seed: int | None = None,
            timeout_ms: int = 600000,
        ) -> str:
            with self.generate(
                prompt, frames, temperature, top_p, top_k, frequency_penalty, max_generated_tokens, do_sample, seed
            ) as completion:
                return completion.read_all(timeout_ms)

else:

    class VLM(VisionModel):  # type: ignore[no-redef]
        def generate(
            self,
            prompt: str | list[dict[str, Any]],
            frames: list[np.ndarray[Any, Any]],
            videos: list[list[np.ndarray[Any, Any]]] | None = None,
            temperature: float | None = None,
            top_p: float | None = None,
            top_k: int | None = None,
            frequency_penalty: float | None = None,
            max_generated_tokens: int | None = None,
            do_sample: bool | None = None,
            seed: int | None = None,
        ) -> LLMGeneratorCompletion:
            params = {
                "temperature": temperature,
                "top_p": top_p,
                "top_k": top_k,
                "frequency_penalty": frequency_penalty,
                "max_generated_tokens": max_generated_tokens,
                "do_sample": do_sample,
                "seed": seed,
            }
            return self._see(prompt, frames, params, videos)

        def generate_all(
            self,
            prompt: str | list[dict[str, Any]],
            frames: list[np.ndarray[Any, Any]],
            videos: list[list[np.ndarray[Any, Any]]] | None = None,
            temperature: float | None = None,
            top_p: float | None = None,
            top_k: int | None = None,
            frequency_penalty: float | None = None,
            max_generated_tokens: int | None = None,
            do_sample: bool | None = None,
            seed: int | None = None,
            timeout_ms: int = 600000,
        ) -> str:
            with self.generate(
                prompt,
                frames,
                videos,
                temperature,
                top_p,
                top_k,
                frequency_penalty,
                max_generated_tokens,
                do_sample,
                seed,
            ) as completion:
                return completion.read_all(timeout_ms)
