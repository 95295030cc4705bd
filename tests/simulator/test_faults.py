"""The faults that can be played, each with what the vendor's library does then (contract 2.7, 2.8, 6)."""

import signal
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from hailo_vision.simulator import loading
from hailo_vision.simulator.behaviour import Behaviour
from hailo_vision.simulator.clock import block_until, now
from simulator.platforms import RED, Platform, longest_pause, plain, run_until_frozen, ticking, user

ASK = [user("Describe the picture.", 1)]


def is_dead(platform: Platform, vlm: Any) -> bool:
    with pytest.raises(platform.root.HailoCommunicationClosedException):
        vlm.get_context_usage_size()
    return True


def test_a_device_lost_while_a_reader_waits_fails_the_read_with_6_and_the_rest_with_62(
    fresh: Callable[..., Platform],
) -> None:
    platform = fresh(fault="lost_in_decode@5")
    vlm = platform.vlm()
    completion = platform.keep(vlm.generate(prompt=ASK, frames=[plain(RED)]))
    for _ in range(5):
        completion.read()
    for _ in range(2):
        with pytest.raises(platform.wrapped.HailoRTInvalidOperationException):
            completion.read()
    assert completion.generation_status.name == "GENERATING"  # trap 16
    assert is_dead(platform, vlm)


def test_a_device_lost_behind_a_reader_gives_the_rest_and_then_timeouts(fresh: Callable[..., Platform]) -> None:
    # Contract 2.7: 4 instead of 6 if the queue was not empty.
    platform = fresh(fault="lost_in_decode@5", tokens_per_s=1000)
    completion = platform.keep(platform.vlm().generate(prompt=ASK, frames=[plain(RED)]))
    block_until(now() + 0.05)
    for _ in range(5):
        completion.read(timeout_ms=0)
    for _ in range(2):
        with pytest.raises(platform.wrapped.HailoRTTimeout):
            completion.read(timeout_ms=1)


def test_a_device_lost_in_prefill_shows_at_the_first_read(fresh: Callable[..., Platform]) -> None:
    platform = fresh(fault="lost_in_prefill")
    vlm = platform.vlm()
    completion = platform.keep(vlm.generate(prompt=ASK, frames=[plain(RED)]))
    with pytest.raises(platform.wrapped.HailoRTInvalidOperationException):
        completion.read()
    assert is_dead(platform, vlm)


def test_a_device_lost_while_it_encodes_frames_fails_generate(fresh: Callable[..., Platform]) -> None:
    platform = fresh(fault="lost_in_prefill@62")
    vlm = platform.vlm()
    with pytest.raises(platform.root.HailoCommunicationClosedException):
        vlm.generate(prompt=ASK, frames=[plain(RED)])
    assert is_dead(platform, vlm)


def test_a_generation_can_fail_while_the_session_lives(fresh: Callable[..., Platform], tmp_path: Path) -> None:
    # Contract 2.7: the reader thread ends on any device error; 10.1.7: a probe tells the two apart.
    file = tmp_path / "fault"
    file.write_text("failed_in_decode@1")
    platform = fresh(fault_file=str(file))
    vlm = platform.vlm()
    with vlm.generate(prompt=ASK, frames=[plain(RED)]) as completion:
        completion.read()
        with pytest.raises(platform.wrapped.HailoRTInvalidOperationException):
            completion.read()
        assert vlm.get_context_usage_size() > 0
    file.write_text("none")
    assert platform.ask(vlm, "Is it red?", plain(RED)).startswith("Yes")


def test_a_new_model_works_after_a_lost_one(fresh: Callable[..., Platform], tmp_path: Path) -> None:
    file = tmp_path / "fault"
    platform = fresh(version="5.2.0", fault_file=str(file))
    vlm = platform.vlm()
    completion = platform.keep(vlm.generate(prompt=ASK, frames=[plain(RED)]))
    completion.read()
    file.write_text("lost_in_decode")
    with pytest.raises(platform.wrapped.HailoRTInvalidOperationException):
        completion.read()
    vlm.release()
    file.unlink()
    assert platform.ask(platform.vlm(), "Is it red?", plain(RED)).startswith("Yes")


def test_a_stalled_token_outlives_the_timeout_and_comes_all_the_same(fresh: Callable[..., Platform]) -> None:
    # Trap 15: resumable.
    platform = fresh(fault="stall_in_decode@2", stall_s=0.1)
    with platform.vlm().generate(prompt=ASK, frames=[plain(RED)]) as completion:
        text = completion.read() + completion.read()
        with pytest.raises(platform.wrapped.HailoRTTimeout):
            completion.read(timeout_ms=1)
        text += completion.read_all()
    assert text.startswith("The image is 100% red")
    assert "336 x 336 pixels." in text


@pytest.mark.parametrize(
    ("fault", "steps"),
    [
        ("wedge_in_load", ""),
        ("wedge_in_prefill", "loaded\n"),
        ("wedge_in_decode", "loaded\ngenerating\nread\nread\nread\n"),
    ],
)
def test_a_wedged_device_freezes_the_interpreter_for_ever(
    chip: dict[str, Any], tmp_path: Path, fault: str, steps: str
) -> None:
    # Contract 2.10: no handler, no thread and no timeout helps; only a signal's default action ends the process.
    script = (
        "vlm = platform.vlm(); print('loaded', flush=True)\n"
        "c = vlm.generate(prompt=[user('x', 1)], frames=[plain(RED)]); print('generating', flush=True)\n"
        "while True: c.read(timeout_ms=10); print('read', flush=True)\n"
    )
    assert run_until_frozen(script, steps, {**chip, "fault": fault}, tmp_path) == (steps, -signal.SIGALRM)


def test_a_silent_device_lets_reads_time_out_and_freezes_every_other_call(chip: dict[str, Any], tmp_path: Path) -> None:
    # Contract 2.7: reads come from a queue on the host; 2.10: calls of the session have no limit.
    script = (
        "vlm = platform.vlm(); c = vlm.generate(prompt='hello there', frames=[])\n"
        "for _ in range(5):\n"
        "    try: c.read(timeout_ms=10)\n"
        "    except platform.wrapped.HailoRTTimeout: print('timeout', flush=True)\n"
        "vlm.get_context_usage_size(); print('answered')\n"
    )
    options = {**chip, "fault": "silent_in_decode@2"}
    assert run_until_frozen(script, "timeout\n" * 3, options, tmp_path) == ("timeout\n" * 3, -signal.SIGALRM)


def test_a_crash_in_decode_ends_the_process_by_a_signal(script: Callable[..., CompletedProcess[str]]) -> None:
    result = script(
        "c = platform.vlm().generate(prompt='hello there', frames=[])\n"
        "while True: c.read(); print('read', flush=True)\n",
        fault="crash_in_decode@4",
    )
    assert (result.stdout, result.returncode) == ("read\n" * 4, -11)
    assert "SIGSEGV: crash_in_decode" in result.stderr


def test_a_slow_load_takes_some_seconds_even_where_a_load_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(loading, "block_until", waits.append)
    monkeypatch.setattr(loading, "now", lambda: 0.0)
    for load_s, fault in ((0.0, "slow_load"), (3.0, "slow_load"), (3.0, "slow_load@60"), (3.0, "none")):
        loading._spend_time(Behaviour(load_s=load_s, fault=fault))
    assert waits == [5.0, 12.0, 60.0, 3.0]


def test_no_thread_runs_while_a_model_loads(fresh: Callable[..., Platform]) -> None:
    # Contract 2.10, trap 1: VLM() holds the interpreter lock from its first byte to its last.
    platform = fresh(load_s=0.6)
    with ticking() as ticks:
        platform.vlm()
    assert longest_pause(ticks) > 0.4
