"""The screen of `status`, from servers of any age."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hailo_vision.cli.screen import duration, screen

HEALTH: dict[str, Any] = {
    "status": "ok",
    "state": "busy",
    "ready": True,
    "reason": None,
    "message": None,
    "model": "qwen2-vl-2b-instruct",
    "model_loaded": True,
    "runtime": "hailo",
    "runtime_version": "5.1.1",
    "device": "0001:01:00.0",
    "load_seconds": 9.71,
    "version": "0.1.0",
    "uptime_seconds": 7384.2,
    "queue": {"running": 1, "waiting": 2, "depth": 16},
    "memory": {"daemon_bytes": 51_000_000, "worker_bytes": 46_000_000},
    "worker_restarts": 0,
    "chip": {"temperature_c": 52.5, "firmware": "5.1.1", "architecture": "HAILO10H"},
    "tokens": {"prompt": 12345, "cached": 1200, "completion": 4321},
}


def test_all_of_it_is_on_one_screen() -> None:
    assert screen("http://pi:11435", [HEALTH]).splitlines() == [
        "hailo-vision 0.1.0 at http://pi:11435",
        "",
        "State    busy, takes requests",
        "Model    qwen2-vl-2b-instruct, hailo 5.1.1 on 0001:01:00.0, loaded in 9.7 s",
        "Queue    1 running, 2 of 16 waiting",
        "Tokens   12,345 in prompts (1,200 of them cached), 4,321 generated",
        "Rate     0.59 tokens/s since the start, pauses included",
        "Memory   daemon 51 MB, worker 46 MB",
        "Chip     52.5 °C, HAILO10H, firmware 5.1.1",
        "Uptime   2 h 3 min, worker never restarted",
    ]


def test_the_jobs_are_a_line_of_words_and_nothing_of_a_server_of_today_is_left_over() -> None:
    jobs = {"admitted": 1006, "finished": 4, "cancelled": 2, "expired": 0, "waited_seconds": 0.5, "busy_seconds": 31.2}
    shown = screen("u", [{**HEALTH, "jobs": jobs, "runtime_reason": "the configuration names it", "models": []}])
    assert "Jobs     1,006 admitted, 4 finished, 2 cancelled, 31 s of work\n" in shown
    assert "More" not in shown


def test_what_keeps_it_from_working_is_told() -> None:
    trouble = {"ready": False, "state": "failed", "reason": "device_unavailable", "message": "The chip is gone."}
    shown = screen("u", [{**HEALTH, **trouble, "chip": None, "worker_restarts": 3}])
    assert "State    failed, takes no requests now\n" in shown
    assert "Trouble  device_unavailable: The chip is gone." in shown
    assert "Chip     temperature unknown" in shown
    assert "worker restarted 3 times" in shown


def engine(name: str, message: str | None = None) -> dict[str, Any]:
    reason = None if message is None else "device_unavailable"
    return {"engine": name, "sees_pictures": True, "ready": message is None, "reason": reason, "message": message}


def test_of_two_engines_it_tells_which_one_takes_requests_and_what_ails_the_other() -> None:
    two = {**HEALTH, "state": "failed", "engines": [engine("hailo", "The chip is gone."), engine("llama")]}
    shown = screen("u", [two])
    assert "State    failed, takes requests by llama\n" in shown
    assert "Trouble  hailo device_unavailable: The chip is gone." in shown
    both = {**HEALTH, "engines": [engine("hailo"), engine("llama")]}
    assert "State    busy, takes requests by hailo, llama\n" in screen("u", [both])
    none = [engine("hailo", "The chip is gone."), engine("llama", "No model.")]
    told = {"ready": False, "state": "failed", "reason": "device_unavailable", "message": "The chip is gone."}
    shown = screen("u", [{**HEALTH, **told, "engines": none}])
    assert "takes no requests now" in shown
    assert shown.count("Trouble") == 2
    one = screen("u", [{**HEALTH, **told, "engines": none[:1]}])
    assert one.count("Trouble  device_unavailable: The chip is gone.") == 1


def test_what_it_does_not_know_stands_at_the_end() -> None:
    new = {
        "turns": {"finished": 12, "failed": {"expired": 1}},
        "throttled": False,
        "never": 0,
        "nothing": None,
        "list": [1],
    }
    last = screen("u", [{**HEALTH, **new}]).splitlines()[-1]
    assert last == "More     turns.finished 12, turns.failed.expired 1, throttled False"


def test_the_rate_is_that_of_the_looks() -> None:
    looks = [
        {**HEALTH, "uptime_seconds": 100.0 + passed, "tokens": {"completion": 50 + 8 * passed}}
        for passed in range(0, 11, 2)
    ]
    assert "Rate     8.00 tokens/s in the last 10 s" in screen("u", looks)


def test_looks_at_an_earlier_run_do_not_count() -> None:
    before = {**HEALTH, "uptime_seconds": 5000.0, "tokens": {"completion": 9999}}
    after = {**HEALTH, "uptime_seconds": 10.0, "tokens": {"completion": 20}}
    assert "Rate     2.00 tokens/s since the start" in screen("u", [before, after])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@example({"uptime_seconds": float("nan"), "load_seconds": float("inf")})
@given(st.dictionaries(st.sampled_from([*HEALTH, "engines", "other"]), json_values))
def test_no_answer_of_a_server_breaks_it_or_steers_the_terminal(health: dict[str, Any]) -> None:
    shown = screen("u", [health])
    assert all(character.isprintable() for line in shown.split("\n") for character in line)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.4, "0 s"), (59.9, "59 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (90000, "1 d 1 h")]
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
