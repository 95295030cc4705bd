"""What the model remembers: how it is counted, what falls out, and saving it (contract 2.4 to 2.6, 3)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.simulator.context import CAPACITY_TOKENS, FRAME_BYTES, IMAGE_TOKENS, Context, Patch, prompt_entries
from hailo_vision.simulator.status import Failure
from hailo_vision.simulator.tokenizer import IMAGE_PAD
from simulator.platforms import BLUE, RED, Platform, halves, plain, user

FILLER = "word " * 200


@given(st.lists(st.one_of(st.integers(0, 150_000), st.just(-1)), max_size=60), st.integers(0, 2100))
def test_usage_counts_all_that_came_and_the_view_is_its_last_part(prompt: list[int], before: int) -> None:
    # Contract 2.5, 2.6: a picture costs 144 entries in its placeholder's place; usage may exceed the capacity.
    context = Context()
    context.append(range(before))
    tokens = [IMAGE_PAD if token < 0 else token for token in prompt]
    prompt_entries(context, tokens, IMAGE_PAD, [bytes(FRAME_BYTES)] * tokens.count(IMAGE_PAD))
    everything: list[int] = list(range(before))
    for token in tokens:
        everything += [-1] * IMAGE_TOKENS if token == IMAGE_PAD else [token]
    view = [-1 if isinstance(entry, Patch) else entry for entry in context.view()]
    assert context.usage_tokens == len(everything)
    assert view == everything[-CAPACITY_TOKENS:]


def test_usage_follows_the_contracts_table(platform: Platform) -> None:
    # Contract 2.5: P+k-1 while generating, P+G after a stop token, P+G+R after the limit.
    vlm = platform.vlm()
    prompt = "<|vision_start|><|image_pad|><|vision_end|>Is it red?"
    prompt_tokens = len(vlm.tokenize(prompt)) - 1 + IMAGE_TOKENS
    completion = vlm.generate(prompt=prompt, frames=[plain(RED)])
    for generated in range(1, 5):
        completion.read()
        assert vlm.get_context_usage_size() == prompt_tokens + generated - 1
    generated += len(platform.chunks(completion))
    assert vlm.get_context_usage_size() == prompt_tokens + generated
    vlm.clear_context()
    assert vlm.get_context_usage_size() == 0
    vlm.generate_all(prompt=prompt, frames=[plain(RED)], max_generated_tokens=5)
    assert vlm.get_context_usage_size() == prompt_tokens + 5 + 1


@pytest.mark.parametrize(("limit", "dropped"), [(1024, 1), (5, 2)])
def test_a_vlm_drops_the_end_of_its_last_turn_when_it_goes_on(platform: Platform, limit: int, dropped: int) -> None:
    # Contract 2.5, trap 11: usage drops by 1, or by 1+R after the limit.
    vlm = platform.vlm()
    vlm.generate_all(prompt="hello there", frames=[], max_generated_tokens=limit)
    before = vlm.get_context_usage_size()
    new = vlm.tokenize("and now?")
    with vlm.generate(prompt="and now?", frames=[]) as completion:
        completion.read()
        assert vlm.get_context_usage_size() == before - dropped + len(new)


def test_an_llm_keeps_the_end_of_its_last_turn(platform: Platform) -> None:
    llm = platform.llm()
    llm.generate_all(prompt="hello there", max_generated_tokens=5)
    before = llm.get_context_usage_size()
    with llm.generate(prompt="and now?") as completion:
        completion.read()
        assert llm.get_context_usage_size() == before + len(llm.tokenize("and now?"))


def test_only_the_first_structured_prompt_has_the_preamble(either: Platform) -> None:
    # Contract 2.4: later calls render the new turn alone.
    vlm = either.vlm()
    turn = len(vlm.tokenize("<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"))
    preamble = len(vlm.tokenize("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"))
    with vlm.generate(prompt=[user("hello")], frames=[], max_generated_tokens=1) as completion:
        completion.read()
        assert vlm.get_context_usage_size() == preamble + turn
    kept = vlm.get_context_usage_size() - 1 - 2  # without the last token and the recovery token of an abort
    with vlm.generate(prompt=[user("hello")], frames=[], max_generated_tokens=1) as completion:
        completion.read()
        assert abs(vlm.get_context_usage_size() - kept - turn) <= 1


def test_a_first_call_that_fails_costs_the_preamble_until_the_context_is_cleared(platform: Platform) -> None:
    # Trap 10.
    vlm = platform.vlm()
    short = vlm.tokenize("<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n")
    for clears in (False, True):
        vlm.clear_context()
        with pytest.raises(platform.root.HailoRTException):
            vlm.generate(prompt=[{"role": "user"}], frames=[])
        if clears:
            vlm.clear_context()
        with vlm.generate(prompt=[user("hello")], frames=[]) as completion:
            completion.read()
            assert (vlm.get_context_usage_size() > len(short)) == clears


def test_a_late_system_turn_is_rendered_by_5_1_1_and_refused_by_5_2_0(either: Platform) -> None:
    # Contract 1.4, 2.4.
    vlm = either.vlm()
    vlm.generate_all(prompt=[user("hello")], frames=[])
    late = [{"role": "system", "content": "Be brief."}, user("hello")]
    if either.root.__version__ == "5.1.1":
        assert vlm.generate_all(prompt=late, frames=[])
    else:
        with pytest.raises(either.wrapped.HailoRTInvalidOperationException):
            vlm.generate(prompt=late, frames=[])
        vlm.clear_context()
        assert vlm.generate_all(prompt=late, frames=[])


def test_the_template_is_chatml(platform: Platform) -> None:
    template = platform.vlm().prompt_template()
    assert "<|im_start|>" in template
    assert "You are a helpful assistant." in template


def test_what_overflows_is_gone_without_a_sign(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    # Contract 2.6, trap 6: no error; the picture at the beginning is the first thing to go.
    vlm = platform.vlm()
    prompt = [user("Look.", 1), user(FILLER * 11), user("How many images?")]
    assert "There is no image here." in vlm.generate_all(prompt=prompt, frames=[plain(RED)])
    assert vlm.get_context_usage_size() > vlm.max_context_capacity()
    assert "context is full" in capsys.readouterr().err


def test_a_picture_can_lose_its_upper_part_to_the_overflow(platform: Platform) -> None:
    vlm = platform.vlm()
    frame = plain(RED)
    frame[168:] = BLUE
    word = " most"  # one token
    prompt = [user("Look.", 1), user("-"), user("Describe the picture.")]
    with vlm.generate(prompt=prompt, frames=[frame], max_generated_tokens=1) as completion:
        completion.read()
        used = vlm.get_context_usage_size()
    vlm.clear_context()
    # Leave the picture's last four rows of patches: 48 of its 144 tokens.
    before_picture = len(
        vlm.tokenize("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>")
    )
    prompt[1] = user("-" + word * (CAPACITY_TOKENS - used + before_picture + 96))
    answer = vlm.generate_all(prompt=prompt, frames=[frame])
    assert "only the lower part is in view" in answer
    assert "100% blue" in answer


def test_clear_context_leaves_stop_tokens_and_recovery_as_they_are(platform: Platform) -> None:
    # Contract 3.
    vlm = platform.vlm()
    vlm.set_stop_tokens(["x"])
    vlm.set_generation_recovery_sequence("y")
    vlm.clear_context()
    assert (vlm.get_stop_tokens(), vlm.get_generation_recovery_sequence()) == (["x"], "y")


def test_a_saved_context_brings_the_pictures_back(platform: Platform) -> None:
    vlm = platform.vlm()
    vlm.generate_all(prompt=[user("Look.", 1)], frames=[halves(RED, BLUE)], max_generated_tokens=4)
    blob, usage = vlm.save_context(), vlm.get_context_usage_size()
    vlm.clear_context()
    vlm.load_context(blob)
    assert vlm.get_context_usage_size() == usage
    raw = "<|im_start|>user\nWhere is the red part?<|im_end|>\n<|im_start|>assistant\n"
    assert "on the left" in vlm.generate_all(prompt=raw, frames=[])


def test_loading_a_context_does_not_touch_the_flag_of_the_first_turn(platform: Platform) -> None:
    # Contract 2.4, trap 10: a second full preamble.
    vlm = platform.vlm()
    vlm.generate_all(prompt=[user("hello")], frames=[])
    blob = vlm.save_context()
    vlm.clear_context()
    vlm.load_context(blob)
    assert vlm._vlm._template.is_first


def test_a_context_that_is_not_this_models_is_refused_and_costs_the_pending_prefix(platform: Platform) -> None:
    # Contract 3: wrong magic, hash or length give 2; the KV stays, the pending prefix is gone.
    vlm = platform.vlm()
    vlm.generate_all(prompt="hello there", frames=[])
    blob, usage = vlm.save_context(), vlm.get_context_usage_size()
    for bad in (b"", b"x" + blob[1:], blob[:-1], blob[:40] + b"x" + blob[41:], blob[:60] + b"????" + blob[64:]):
        with pytest.raises(platform.wrapped.HailoRTInvalidArgumentException):
            vlm.load_context(bad)
        assert vlm.get_context_usage_size() == usage - 1


def test_a_full_context_can_be_saved_but_not_loaded() -> None:
    # Contract 3: usage that reached the cache's length.
    context = Context()
    context.append(range(CAPACITY_TOKENS))
    blob = context.dump(bytes(32), "5.1.1")
    with pytest.raises(Failure, match="status 2"):
        Context().load(blob, bytes(32))


def test_a_dead_session_answers_every_call_with_62(fresh: Callable[..., Platform]) -> None:
    # Contract 2.7, 6.
    platform = fresh(fault="lost_in_decode@0")
    vlm = platform.vlm()
    completion = platform.keep(vlm.generate(prompt="hello there", frames=[]))
    with pytest.raises(platform.wrapped.HailoRTInvalidOperationException):
        completion.read()
    for call in (
        vlm.get_context_usage_size,
        vlm.max_context_capacity,
        vlm.clear_context,
        vlm.save_context,
        vlm.get_stop_tokens,
        vlm.get_generation_recovery_sequence,
        lambda: vlm.load_context(b""),
        lambda: vlm.set_stop_tokens([]),
        lambda: vlm.set_generation_recovery_sequence(""),
        lambda: vlm.tokenize("x"),
        lambda: vlm.generate(prompt="x", frames=[]),
    ):
        with pytest.raises(platform.root.HailoCommunicationClosedException):
            call()
    assert vlm.input_frame_shape() == [336, 336, 3]  # the host knows these (contract 3)
    assert vlm.input_frame_size() == FRAME_BYTES
    assert vlm.prompt_template()
