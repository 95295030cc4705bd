"""`LLM` as Python sees it. Its signatures differ by version, and so does the order of arguments (trap 19)."""

import json
from typing import Any

from hailo_vision.simulator.behaviour import OPTIONS
from hailo_vision.simulator.pyhailort.devices import VDevice
from hailo_vision.simulator.pyhailort.exceptions import HailoRTException
from hailo_vision.simulator.pyhailort.models import LLMGeneratorCompletion, Model


class LanguageModel(Model):
    """The common part of both versions' LLM. Unlike a VLM it keeps the pending prefix (contract 2.5)."""

    def __init__(
        self, vdevice: VDevice, model_path: str, lora_name: str = "", optimize_memory_on_device: bool = False
    ) -> None:
        super().__init__("LLM", vdevice, model_path, optimize_memory_on_device)

    @property
    def _llm(self) -> Any:
        return self._model

    def _read(self, prompt: object, params: dict[str, Any], tools: object = None) -> LLMGeneratorCompletion:
        if tools is None:
            return self._generate(prompt, params)
        if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
            raise HailoRTException("tools must be a list of dicts")
        if isinstance(prompt, str):
            raise TypeError("generate(): incompatible function arguments: a str prompt with tools (contract 4)")
        return self._generate(prompt, params, tools="\n".join(json.dumps(tool) for tool in tools))


if OPTIONS.version == "5.1.1":

    class LLM(LanguageModel):
        def generate(
            self,
            prompt: str | list[dict[str, Any]],
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
            return self._read(prompt, params)

        def generate_all(
            self,
            prompt: str | list[dict[str, Any]],
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
                prompt, temperature, top_p, top_k, frequency_penalty, max_generated_tokens, do_sample, seed
            ) as completion:
                return completion.read_all(timeout_ms)

else:

    class LLM(LanguageModel):  # type: ignore[no-redef]
        def generate(
            self,
            prompt: str | list[dict[str, Any]],
            tools: list[dict[str, Any]] | None = None,
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
            return self._read(prompt, params, tools)

        def generate_all(
            self,
            prompt: str | list[dict[str, Any]],
            tools: list[dict[str, Any]] | None = None,
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
                prompt, tools, temperature, top_p, top_k, frequency_penalty, max_generated_tokens, do_sample, seed
            ) as completion:
                return completion.read_all(timeout_ms)
