"""Ends before the end: abort by release(), two generations at once, wrong orders (contract 2.8)."""

import gc
import time
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from simulator.platforms import RED, Platform, plain, user

LONG = [user("Describe the picture.", 1)]
SLOW = 200.0  # tokens a second: slow enough that a generation is unfinished when the next call comes


def test_a_release_before_the_end_costs_one_more_token_and_the_recovery_token(platform: Platform) -> None:
    vlm = platform.vlm()
    completion = vlm.generate(prompt=LONG, frames=[plain(RED)])
    before_tokens = 0
    for _ in range(3):
        completion.read()
        before_tokens = vlm.get_context_usage_size()
    completion.release()
    # P+k-1 while it runs with k=3; P+G+R with G=4, R=1 after it (contract 2.5).
    assert vlm.get_context_usage_size() == before_tokens - 2 + 4 + 1
    vlm.clear_context()
    assert platform.ask(vlm, "Is it red?", plain(RED)).startswith("Yes")


def test_a_release_right_after_generate_waits_for_the_prefill(fresh: Callable[..., Platform]) -> None:
    platform = fresh(prefill_s=0.1, tokens_per_s=SLOW)
    vlm = platform.vlm()
    vlm.generate(prompt=LONG, frames=[plain(RED)]).release()
    assert vlm.get_context_usage_size() > 144


def test_a_release_at_the_end_sends_no_abort(platform: Platform) -> None:
    vlm = platform.vlm()
    completion = vlm.generate(prompt=LONG, frames=[plain(RED)])
    completion.read_all()
    usage = vlm.get_context_usage_size()
    completion.release()
    assert vlm.get_context_usage_size() == usage


def test_each_call_waits_for_the_step_in_flight(fresh: Callable[..., Platform]) -> None:
    # Contract 2.8: simple calls hold the session's lock in turn with the reader thread.
    platform = fresh(prefill_s=0.05, tokens_per_s=SLOW)
    vlm = platform.vlm()
    with vlm.generate(prompt=LONG, frames=[plain(RED)]) as completion:
        assert vlm.get_context_usage_size() > 144
        assert completion.read(timeout_ms=0) == "The"


def test_two_generations_at_once_corrupt_each_other_loudly(
    fresh: Callable[..., Platform], capsys: pytest.CaptureFixture[str]
) -> None:
    # Trap 12: no guard; both readers get tokens of one corrupted context.
    platform = fresh(tokens_per_s=SLOW)
    vlm = platform.vlm()
    alone = platform.ask(vlm, "Describe the picture.", plain(RED))
    first = vlm.generate(prompt=LONG, frames=[plain(RED)])
    first.read()
    second = vlm.generate(prompt=LONG, frames=[plain(RED)])
    text = "".join(second.read() for _ in range(8))
    assert "a second generation began" in capsys.readouterr().err
    assert not alone.startswith(text)
    assert first.read() is not None
    second.release()
    first.release()


def test_a_late_release_of_the_old_completion_aborts_the_new(fresh: Callable[..., Platform]) -> None:
    # Trap 12: `gen = vlm.generate(...)` twice. The only way Python ever sees ABORTED.
    platform = fresh(tokens_per_s=SLOW)
    vlm = platform.vlm()
    completion = vlm.generate(prompt=LONG, frames=[plain(RED)])
    completion = vlm.generate(prompt=LONG, frames=[plain(RED)])
    gc.collect()
    assert platform.chunks(completion)[-1][1] == "ABORTED"


def test_clear_context_while_generating_is_not_refused(platform: Platform) -> None:
    vlm = platform.vlm()
    with vlm.generate(prompt=LONG, frames=[plain(RED)]) as completion:
        completion.read()
        vlm.clear_context()
        completion.read()
        assert vlm.get_context_usage_size() == 1


def test_saving_a_context_while_generating_breaks_the_session(platform: Platform) -> None:
    # Contract 2.8: save and load go without the lock.
    vlm = platform.vlm()
    completion = platform.keep(vlm.generate(prompt="hello there", frames=[]))
    completion.read()
    with pytest.raises(platform.root.HailoCommunicationClosedException):
        vlm.save_context()


def test_a_model_released_before_its_completion_takes_the_devices_server_down(
    script: Callable[..., CompletedProcess[str]],
) -> None:
    # Trap 13, and trap 14 for what release() of the completion does then.
    result = script(
        "vlm = platform.vlm(); c = vlm.generate(prompt='hello there', frames=[]); c.read(); vlm.release()\n"
        "try: c.read()\n"
        "except platform.wrapped.HailoRTInvalidOperationException: print('six')\n"
        "c.release()"
    )
    assert result.stdout == "six\n"
    assert "trap 13" in result.stderr
    assert result.returncode == -6


def test_a_vdevice_released_before_its_model_closes_the_session(platform: Platform) -> None:
    # Trap 13: completion, model, VDevice.
    vdevice = platform.vdevice()
    vlm = platform.genai.VLM(vdevice, "x.hef")
    vdevice.release()
    with pytest.raises(platform.root.HailoCommunicationClosedException):
        vlm.get_context_usage_size()
    vlm.release()


def test_release_on_a_dead_session_ends_the_process(script: Callable[..., CompletedProcess[str]]) -> None:
    # Trap 14: std::terminate, so SIGABRT; the same when the completion is only collected.
    for end in ("c.release()", "del c"):
        result = script(
            "vlm = platform.vlm(); c = vlm.generate(prompt='hello there', frames=[])\n"
            "try:\n    while True: c.read()\n"
            "except platform.wrapped.HailoRTInvalidOperationException: print('six')\n"
            f"{end}; print('alive')",
            fault="lost_in_decode",
        )
        assert (result.stdout, result.returncode) == ("six\n", -6), result.stderr
        assert "SIGABRT: release() of an unfinished completion" in result.stderr


def test_what_was_queued_before_the_model_was_released_can_still_be_read(fresh: Callable[..., Platform]) -> None:
    # Contract 12.1, N9.
    platform = fresh(version="5.2.0", tokens_per_s=200.0)
    vlm = platform.vlm()
    completion = vlm.generate(prompt="hello there", frames=[], max_generated_tokens=100)
    completion.read()
    time.sleep(0.2)  # the device runs ahead of the reader
    vlm.release()
    texts = [completion.read(timeout_ms=10) for _ in range(3)]
    assert len(texts) == 3
    completion._completion._completion._is_released = True  # its release would end the process (trap 14)
