"""What the device holds between two requests, on both releases. Numbers in brackets are the contract's."""

import itertools
import time
from dataclasses import replace

import pytest

from hailo_vision.errors import GenerationFailed
from worker.devices import BLUE, RED, Device, asking, plain, turn

QUESTION = asking(RED, "What colour is it?")


def test_a_conversation_that_goes_on_sends_its_new_turn_alone_and_is_answered_as_from_the_start(
    device: Device,
) -> None:
    """Trap 11: the device drops the answer's end token, so the new turn brings it."""
    first = device.answer(QUESTION)
    before = (*QUESTION.turns, turn("assistant", first.text))
    go_on = asking("How bright is it?", BLUE, before=before)
    kept_answer = device.answer(go_on)
    assert kept_answer.usage.cached_tokens == first.usage.prompt_tokens + first.usage.completion_tokens - 1
    kept_turns = device.turns
    device.answer(asking("Somebody else."))
    anew = device.answer(go_on)
    assert anew.usage.cached_tokens == 0
    assert (anew.text, anew.reason) == (kept_answer.text, kept_answer.reason)
    assert anew.usage.prompt_tokens == kept_answer.usage.prompt_tokens == device.prompt_tokens
    assert kept_turns == device.turns


def test_reuse_can_be_switched_off(unloaded: Device) -> None:
    device = unloaded.load(reuses_context=False)
    first = device.answer(QUESTION)
    before = (*QUESTION.turns, turn("assistant", first.text))
    assert device.answer(asking("How bright is it?", before=before)).usage.cached_tokens == 0


@pytest.mark.parametrize("spoil", ["cancel", "failure", "cut", "stop", "deadline", "refused"])
def test_nothing_is_held_after_an_answer_that_did_not_end_by_itself(device: Device, spoil: str) -> None:
    """Whatever came between, the conversation that was held before is not gone on from a context that is another's."""
    first = device.answer(QUESTION)
    go_on = asking("How bright is it?", before=(*QUESTION.turns, turn("assistant", first.text)))
    match spoil:
        case "cancel":
            soon = itertools.count()
            device.answer(go_on, lambda: next(soon) > 2)
        case "failure":
            device.play("failed_in_decode@2")
            with pytest.raises(GenerationFailed):
                device.answer(go_on)
            device.play("none")
        case "cut":
            device.answer(asking(RED, "Describe.", max_tokens=3))
        case "stop":
            device.answer(asking(RED, "Describe.", stop=("e",)))
        case "deadline":
            device.answer(replace(go_on, deadline=time.monotonic()))
        case "refused":
            with pytest.raises(GenerationFailed):
                device.answer(asking(plain(0, 0, 0, 8), "Describe."))
            assert device.answer(go_on).usage.cached_tokens > 0  # nothing was sent, so the device still holds it
            return
    again = device.answer(go_on)
    assert again.usage.cached_tokens == 0
    assert again.usage.prompt_tokens == device.prompt_tokens


def test_a_repetition_penalty_never_meets_the_tokens_of_an_earlier_answer(device: Device) -> None:
    """[2.3]: it counts all tokens since the context was cleared."""
    first = device.answer(QUESTION)
    go_on = asking("Describe.", before=(*QUESTION.turns, turn("assistant", first.text)), repetition_penalty=1.4)
    reused = device.answer(go_on)
    assert reused.usage.cached_tokens == 0
    device.answer(asking("Somebody else."))
    assert device.answer(go_on).text == reused.text
