"""What is sent for an answer and what is made of it, on both releases. Numbers in brackets are the contract's."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hailo_vision.chat import FinishReason
from hailo_vision.errors import ContextLengthExceeded
from hailo_vision.wire import Abort, Finished, Generate, Token
from worker.devices import BLUE, CAPACITY_TOKENS, GREEN, IMAGE_TOKENS, RED, Device, Worker, asking

SPEAKING_OF = "写真 🙂 é"


def counting(limit: int) -> Callable[[], bool]:
    """Something that says yes when it is asked for the time after `limit`."""
    asked = iter(range(limit))
    return lambda: next(asked, None) is None


# Tokens, and the end of an answer [2.5, 2.7]


def test_an_answer_is_the_models_words_and_nothing_of_its_structure(device: Device) -> None:
    """Trap 7: the end token comes as text, and a piece can be empty."""
    answer = device.answer(asking(RED, "What colour is it?"))
    assert "red" in answer.text.lower()
    assert "<|" not in answer.text
    assert answer.reason is FinishReason.STOP


def test_usage_is_the_devices_own_count_when_the_model_ends_by_itself(device: Device) -> None:
    answer = device.answer(asking(RED, "Describe.", BLUE, GREEN))
    assert answer.reason is FinishReason.STOP
    assert answer.usage.prompt_tokens == device.prompt_tokens
    assert answer.usage.completion_tokens == device.run_tokens
    assert answer.usage.image_tokens == 3 * IMAGE_TOKENS
    assert answer.usage.prompt_tokens + answer.usage.completion_tokens == device.usage_tokens


@pytest.mark.parametrize("max_tokens", [1, 2, 7])
def test_usage_at_the_limit_leaves_out_what_the_device_adds_to_close_the_turn(device: Device, max_tokens: int) -> None:
    """[2.5]: the recovery token is in the context, but it is nobody's answer."""
    whole = device.answer(asking(RED, "Describe."))
    answer = device.answer(asking(RED, "Describe.", max_tokens=max_tokens))
    recovery = 1
    assert answer.reason is FinishReason.LENGTH
    assert answer.text == "".join(whole.texts[:max_tokens])
    assert answer.usage.completion_tokens == max_tokens == device.run_tokens - recovery
    assert answer.usage.prompt_tokens == device.prompt_tokens == whole.usage.prompt_tokens


@pytest.mark.parametrize(("recovery", "tokens"), [("", 0), ("<|im_end|><|endoftext|>", 2)])
def test_usage_is_exact_with_another_recovery_sequence_too(device: Device, recovery: str, tokens: int) -> None:
    device.vlm.set_generation_recovery_sequence(recovery)
    try:
        answer = device.answer(asking(RED, "Describe.", max_tokens=4))
        assert (answer.usage.completion_tokens, answer.usage.prompt_tokens) == (4, device.prompt_tokens)
        assert device.run_tokens == 4 + tokens
        assert "<|" not in answer.text
    finally:
        device.vlm.set_generation_recovery_sequence("<|im_end|>")


def test_the_end_token_in_the_last_allowed_place_is_an_end_and_not_a_cut(device: Device) -> None:
    """[2.7]: the device looks at the limit first, and adds a recovery token all the same."""
    whole = device.answer(asking(RED, "Describe."))
    length = whole.usage.completion_tokens
    exact = device.answer(asking(RED, "Describe.", max_tokens=length))
    assert (exact.reason, exact.text) == (FinishReason.STOP, whole.text)
    assert (exact.usage, device.run_tokens) == (whole.usage, length + 1)
    cut = device.answer(asking(RED, "Describe.", max_tokens=length - 1))
    assert (cut.reason, cut.text) == (FinishReason.LENGTH, whole.text)
    assert cut.usage.completion_tokens == length - 1


def test_usage_after_a_stop_string_is_what_was_read_up_to_it(device: Device) -> None:
    whole = device.answer(asking(RED, "Describe."))
    stop = whole.text[20:26]
    answer = device.answer(asking(RED, "Describe.", stop=(stop,)))
    assert answer.reason is FinishReason.STOP
    assert answer.text == whole.text[: whole.text.index(stop)]
    read = answer.usage.completion_tokens
    assert stop in "".join(whole.texts[:read])
    assert stop not in "".join(whole.texts[: read - 1])
    # What the device made after that is one token and the recovery [2.8].
    assert device.run_tokens == read + 2
    assert answer.usage.prompt_tokens == device.prompt_tokens


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_stop_string_is_found_over_the_border_of_tokens(device: Device, cut: int) -> None:
    whole = device.answer(asking(RED, "Describe."))
    border = len("".join(whole.texts[:5]))
    stop = whole.text[border - cut : border + 2]
    answer = device.answer(asking(RED, "Describe.", stop=("never said", stop)))
    assert answer.text == whole.text[: whole.text.index(stop)]


def test_characters_of_several_tokens_come_whole_and_each_token_counts(device: Device) -> None:
    """[2.7]: a chunk is empty while a character is incomplete."""
    answer = device.answer(asking(f"Say {SPEAKING_OF}"))
    assert SPEAKING_OF in answer.text
    assert "\ufffd" not in answer.text
    assert "" in answer.texts[:-2]
    assert answer.usage.completion_tokens == device.run_tokens


def test_an_answer_that_is_cut_inside_a_character_ends_before_it(device: Device) -> None:
    """[2.7]: the rest of the character is glued to the recovery token."""
    whole = device.answer(asking(f"Say {SPEAKING_OF}"))
    cuts = [index + 1 for index, text in enumerate(whole.texts[:-2]) if not text]
    assert cuts
    for cut in cuts:
        answer = device.answer(asking(f"Say {SPEAKING_OF}", max_tokens=cut))
        assert answer.text == "".join(whole.texts[:cut])
        assert whole.text.startswith(answer.text)
        assert (answer.reason, answer.usage.completion_tokens) == (FinishReason.LENGTH, cut)


def test_the_models_own_stop_tokens_stay_as_they_are(device: Device) -> None:
    """Trap 8: setting some would take away the model's own, for all requests to come."""
    before = device.vlm.get_stop_tokens()
    device.answer(asking(RED, "Describe.", stop=("red", "is")))
    device.answer(asking(RED, "Describe.", max_tokens=3))
    device.answer(asking(RED, "Describe."), counting(3))
    assert device.vlm.get_stop_tokens() == before != []


# Parameters as the device sees them [2.2, 2.3]


@pytest.mark.parametrize("sampling", [{}, {"temperature": 0}, {"temperature": 0.0, "seed": 5, "top_p": 0.3}])
def test_without_heat_the_device_is_told_to_be_greedy(device: Device, sampling: dict[str, Any]) -> None:
    """Trap 9: a temperature of 0 is an error to it."""
    answer = device.answer(asking(RED, "Describe.", max_tokens=9, **sampling))
    assert answer.usage.completion_tokens == 9
    assert device.params.do_sample is False
    assert device.params.max_tokens == 9
    assert device.params.penalty == 1.0


def test_with_heat_the_device_is_told_to_sample_and_from_how_many(device: Device) -> None:
    sampling = {"temperature": 1.25, "top_p": 0.5, "top_k": 7, "repetition_penalty": 1.5, "seed": 42}
    device.answer(asking(RED, "Describe.", max_tokens=1, **sampling))
    params = device.params
    assert (params.do_sample, params.temperature, params.top_p, params.top_k) == (True, 1.25, 0.5, 7)
    assert (params.penalty, params.seed) == (1.5, 42)


def test_a_top_k_beyond_all_sense_is_clamped_below_the_vocabulary(device: Device) -> None:
    """Trap 9: the device reads past its scores."""
    device.answer(asking(RED, "Describe.", max_tokens=1, temperature=1.0, top_k=10**12))
    assert 1 < device.params.top_k < 151_643


def test_a_seed_repeats_an_answer_and_another_one_changes_it(device: Device) -> None:
    def said(seed: int) -> str:
        return device.answer(asking(RED, "Describe.", BLUE, temperature=1.8, seed=seed)).text

    first = [said(seed) for seed in range(6)]
    assert len(set(first)) > 1
    assert first == [said(seed) for seed in range(6)]


def test_one_requests_parameters_are_not_the_next_ones(device: Device) -> None:
    device.answer(asking(RED, "Describe.", max_tokens=1, temperature=1.25, repetition_penalty=1.5, seed=42))
    device.answer(asking(RED, "Describe.", max_tokens=2))
    params = device.params
    assert (params.do_sample, params.penalty, params.max_tokens) == (False, 1.0, 2)
    assert params.seed != 42


# The context [2.6]


def words_for(device: Device, prompt_tokens: int) -> str:
    """A question whose prompt has exactly this many tokens on the device."""
    device.answer(asking(RED, "", max_tokens=1))
    fixed = device.prompt_tokens
    text = "0" * (prompt_tokens - fixed)
    assert len(device.vlm.tokenize(text)) == len(text)
    return text


def test_a_prompt_that_leaves_room_for_one_token_fits_and_one_more_is_refused_unasked(device: Device) -> None:
    """Trap 6: the ring would overflow without a word. One place is for the recovery token."""
    longest = CAPACITY_TOKENS - 2
    text = words_for(device, longest)
    answer = device.answer(asking(RED, text, max_tokens=100))
    assert answer.usage.prompt_tokens == device.prompt_tokens == longest
    assert (answer.reason, answer.usage.completion_tokens) == (FinishReason.LENGTH, 1)
    assert device.usage_tokens == CAPACITY_TOKENS
    last_run = device.session._run
    with pytest.raises(ContextLengthExceeded) as caught:
        device.answer(asking(RED, text + "0", max_tokens=1))
    assert (caught.value.prompt_tokens, caught.value.context_tokens) == (longest + 1, CAPACITY_TOKENS)
    assert device.session._run is last_run


@pytest.mark.parametrize("left", [3, 10, 60])
def test_an_answer_gets_what_is_left_of_the_context_and_nothing_falls_out(device: Device, left: int) -> None:
    text = words_for(device, CAPACITY_TOKENS - left)
    answer = device.answer(asking(RED, text, max_tokens=1000))
    assert answer.usage.completion_tokens <= left - 1
    assert device.usage_tokens <= CAPACITY_TOKENS
    assert device.session.context._fallen == 0
    if answer.reason is FinishReason.LENGTH:
        assert answer.usage.completion_tokens == left - 1


def test_a_cancelled_answer_at_the_edge_of_the_context_does_not_overflow_it_either(device: Device) -> None:
    text = words_for(device, CAPACITY_TOKENS - 5)
    for after in range(5):
        device.answer(asking(RED, text, max_tokens=1000), counting(after))
        assert device.usage_tokens <= CAPACITY_TOKENS
        assert device.session.context._fallen == 0


def test_too_many_pictures_for_the_context_are_refused_by_their_tokens(device: Device) -> None:
    pictures = device.model.max_images or 13
    words = "0" * (CAPACITY_TOKENS - pictures * IMAGE_TOKENS - 30)
    with pytest.raises(ContextLengthExceeded) as caught:
        device.answer(asking(*[RED] * pictures, words))
    assert caught.value.prompt_tokens > CAPACITY_TOKENS - 30
    assert device.answer(asking(RED, words)).reason is FinishReason.STOP
    assert "2" in device.answer(asking(RED, BLUE, "How many images are there?")).text


def test_no_request_is_told_of_another_ones_turns(device: Device) -> None:
    """[2.4]: the stateless recipe: every request starts from a cleared context."""
    alone = device.answer(asking("How many images are there?"))
    device.answer(asking(RED, BLUE, "Describe."))
    assert device.answer(asking("How many images are there?")).text == alone.text


# Cancelling [2.8]


@pytest.mark.parametrize("after", [0, 1, 5])
def test_a_cancelled_answer_ends_with_what_it_had_and_leaves_a_clean_device(device: Device, after: int) -> None:
    whole = device.answer(asking(RED, "Describe."))
    answer = device.answer(asking(RED, "Describe."), counting(after))
    assert answer.reason is None
    assert answer.text == "".join(whole.texts[:after])
    assert answer.usage.completion_tokens == after
    assert answer.usage.prompt_tokens == device.prompt_tokens
    assert device.session._completions == []
    again = device.answer(asking(RED, "Describe."))
    assert (again.text, again.usage) == (whole.text, whole.usage)


def test_a_cancel_that_comes_after_the_end_changes_nothing(device: Device) -> None:
    whole = device.answer(asking(RED, "Describe."))
    late = device.answer(asking(RED, "Describe."), counting(whole.usage.completion_tokens))
    assert (late.reason, late.text, late.usage) == (FinishReason.STOP, whole.text, whole.usage)


def test_two_answers_are_never_alive_at_once(device: Device, capfd: pytest.CaptureFixture[str]) -> None:
    """Trap 12: they would corrupt each other; each is released before the next begins."""
    for after in (0, 2, 1000):
        device.answer(asking(RED, "Describe."), counting(after))
        assert device.session._completions == []
    assert "trap 12" not in capfd.readouterr().err


def test_an_abort_between_two_tokens_ends_the_job_and_the_worker_takes_the_next(spawn: Callable[..., Worker]) -> None:
    worker = spawn(tokens_per_s=50).load()
    whole, _ = worker.ask(asking(RED, "What colour is it?"), job=1)
    worker.send(Generate(job=2, generation=asking(RED, "What colour is it?")))
    token = worker.receive()
    assert isinstance(token, Token)
    worker.send(Abort(job=2))
    text, last = worker.rest()
    assert isinstance(last, Finished)
    assert (last.job, last.reason) == (2, None)
    assert whole.startswith(token.text + text)
    assert token.text + text != whole
    worker.send(Abort(job=2))  # crossed the end on its way
    again, last = worker.ask(asking(RED, "What colour is it?"), job=3)
    assert isinstance(last, Finished)
    assert (again, last.reason) == (whole, FinishReason.STOP)


# Slow tokens


@pytest.mark.parametrize(
    ("stall_s", "played"), [(0.25, "stall_in_decode@0"), (0.25, "stall_in_decode@4"), (1.2, "stall_in_decode@1")]
)
def test_a_token_slower_than_many_reads_is_waited_for(
    paced: Callable[..., Device], stall_s: float, played: str
) -> None:
    """Trap 15: a timeout of read() loses nothing. A second is long enough for the engine to look closer."""
    slow = paced(stall_s=stall_s)
    whole = slow.answer(asking(RED, "What colour is it?"))
    slow.play(played)
    late = slow.answer(asking(RED, "What colour is it?"))
    assert (late.text, late.reason, late.usage) == (whole.text, FinishReason.STOP, whole.usage)


# Deadlines


def test_an_answer_whose_deadline_has_passed_ends_before_its_first_token_and_leaves_a_clean_device(
    device: Device,
) -> None:
    whole = device.answer(asking(RED, "Describe."))
    late = device.answer(replace(asking(RED, "Describe."), deadline=time.monotonic()))
    assert (late.text, late.reason, late.usage.completion_tokens) == ("", FinishReason.DEADLINE, 0)
    assert late.usage.prompt_tokens == whole.usage.prompt_tokens
    assert device.session._completions == []
    again = device.answer(asking(RED, "Describe."))
    assert (again.text, again.usage) == (whole.text, whole.usage)


def test_a_deadline_ends_an_answer_between_two_tokens_with_exact_usage(paced: Callable[..., Device]) -> None:
    device = paced(tokens_per_s=40)
    whole = device.answer(asking(RED, "What colour is it?"))
    long = asking(RED, "Describe everything in detail.", "word " * 100)
    late = device.answer(replace(long, deadline=time.monotonic() + 0.3))
    tokens = late.usage.completion_tokens
    assert late.reason is FinishReason.DEADLINE
    assert 0 < tokens < 200
    assert late.usage.prompt_tokens == device.prompt_tokens
    assert device.answer(replace(long, max_tokens=tokens)).text == late.text
    again = device.answer(asking(RED, "What colour is it?"))
    assert (again.text, again.usage) == (whole.text, whole.usage)


def test_what_was_held_back_for_a_stop_string_comes_out_at_the_deadline(paced: Callable[..., Device]) -> None:
    device = paced(tokens_per_s=40)
    whole = device.answer(asking(RED, "Describe."))
    held_back = asking(RED, "Describe.", stop=(whole.text + "and more",))
    late = device.answer(replace(held_back, deadline=time.monotonic() + 0.2))
    assert late.reason is FinishReason.DEADLINE
    assert late.text == "".join(whole.texts[: late.usage.completion_tokens]) != ""


def test_a_deadline_in_the_far_future_changes_nothing(device: Device) -> None:
    whole = device.answer(asking(RED, "Describe."))
    in_time = device.answer(replace(asking(RED, "Describe."), deadline=time.monotonic() + 1000))
    assert (in_time.text, in_time.reason, in_time.usage) == (whole.text, FinishReason.STOP, whole.usage)


def test_daemon_and_worker_mean_the_same_point_in_time(spawn: Callable[..., Worker]) -> None:
    worker = spawn(tokens_per_s=40).load()
    question = asking(RED, "Describe everything in detail.", "word " * 100)
    text, last = worker.ask(replace(question, deadline=time.monotonic() + 0.3))
    assert isinstance(last, Finished)
    assert last.reason is FinishReason.DEADLINE
    assert text
    assert last.usage.completion_tokens > 0
    assert last.prefill_s + last.decode_s > 0
