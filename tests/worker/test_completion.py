"""One completion, from a device that follows a script: what the simulator can't be brought to say."""

from collections.abc import Sequence
from types import ModuleType

import pytest

from hailo_vision.chat import FinishReason
from hailo_vision.worker.completion import Completion, DevicePrompt
from hailo_vision.worker.runtime import Runtime
from worker.devices import Answered

GENERATING, MAX, END = "generating", "max", "end"
PROMPT_TOKENS = 10


class Waiting(Exception):
    """What stands for HailoRTTimeout here."""


class ScriptedVLM:
    """It speaks these chunks, each with the status after it; None is a read that times out."""

    def __init__(self, script: Sequence[tuple[str, str] | None]) -> None:
        self._script = list(script)
        self._tokens = sum(step is not None for step in script)
        self.generation_status = GENERATING
        self.is_released = False

    def get_stop_tokens(self) -> list[str]:
        return ["<|im_end|>", "", "<|endoftext|>"]  # a HEF can hold an empty one

    def generate(self, **_: object) -> "ScriptedVLM":
        return self

    def read(self, timeout_ms: int) -> str:
        assert timeout_ms > 0
        step = self._script.pop(0)
        if step is None:
            raise Waiting
        text, self.generation_status = step
        return text

    def get_context_usage_size(self) -> int:
        return PROMPT_TOKENS + self._tokens

    def release(self) -> None:
        self.is_released = True


def answered(*script: tuple[str, str] | None, max_tokens: int = 100, stop: tuple[str, ...] = ()) -> Answered:
    nothing = ModuleType("nothing")
    runtime = Runtime(
        name="simulated",
        version="0",
        root=nothing,
        genai=nothing,
        errors=(Waiting,),
        timeout=Waiting,
        generating=GENERATING,
        logical_end=END,
    )
    vlm = ScriptedVLM(script)
    prompt = DevicePrompt(
        content="",
        frames=[],
        text_tokens=PROMPT_TOKENS,
        images=0,
        prompt_tokens=PROMPT_TOKENS,
        cached_tokens=0,
        image_tokens=0,
    )
    completion = Completion(runtime=runtime, vlm=vlm, prompt=prompt, max_tokens=max_tokens, stop=stop)
    found = Answered(list(completion.run({}, lambda: False)))
    assert vlm.is_released
    return found


@pytest.mark.parametrize("end", ["<|im_end|>", "<|endoftext|>"])
def test_a_character_that_was_never_completed_takes_no_end_token_along_into_the_text(end: str) -> None:
    """Contract 2.7: its bytes come joined with a later token, and at the end that is the end token."""
    found = answered(("Hi", GENERATING), ("", GENERATING), (f"\ufffd{end}", END))
    assert (found.text, found.reason) == ("Hi\ufffd", FinishReason.STOP)
    assert found.usage.completion_tokens == 3


def test_the_recovery_token_takes_nothing_along_either() -> None:
    found = answered(("Hi", GENERATING), ("", GENERATING), ("\ufffd<|im_end|>", MAX), max_tokens=2)
    assert (found.text, found.reason) == ("Hi", FinishReason.LENGTH)
    assert (found.usage.completion_tokens, found.usage.prompt_tokens) == (2, PROMPT_TOKENS)


def test_an_end_token_spelled_out_in_words_ends_nothing() -> None:
    found = answered(("<|", GENERATING), ("im_end", GENERATING), ("|>", GENERATING), ("!", MAX), max_tokens=4)
    assert (found.text, found.reason) == ("<|im_end|>!", FinishReason.LENGTH)


def test_reads_that_time_out_are_no_tokens() -> None:
    found = answered(None, ("a", GENERATING), *[None] * 25, ("b", GENERATING), None, ("<|im_end|>", END))
    assert (found.text, found.usage.completion_tokens) == ("ab", 3)


def test_what_was_held_back_for_a_stop_string_comes_out_at_the_end() -> None:
    found = answered(("ab", GENERATING), ("<|im_end|>", END), stop=("abc",))
    assert (found.text, found.reason) == ("ab", FinishReason.STOP)
