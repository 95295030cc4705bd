"""Deadlines, refusals, idleness and the sums of all that came, by the front door."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import openai
import pytest

from harness import Daemon, ask, posting

Start = Callable[..., Daemon]


def health(daemon: Daemon) -> Any:
    return daemon.get("/health")[1]


# Deadlines


def test_a_deadline_ends_a_running_answer_with_what_there_is_of_it_and_the_word_for_incomplete(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 5}, queue={"deadline_s": 1}).wait_until_ready()
    status, answer = daemon.post(ask("Describe everything in detail."))
    assert (status, answer["choices"][0]["finish_reason"]) == (200, "length")
    assert answer["choices"][0]["message"]["content"]
    assert 0 < answer["usage"]["completion_tokens"] < 200
    *_, last = daemon.client.chat.completions.create(**ask("Describe everything in detail."), stream=True)
    assert last.choices[0].finish_reason == "length"
    daemon.wait_for(lambda: daemon.log.count("finish_reason=deadline") == 2)
    assert health(daemon)["worker_restarts"] == 0


def test_a_deadline_before_the_first_token_is_a_504_that_asks_for_no_second_try(start: Start) -> None:
    daemon = start(simulator={"prefill_s": 600}, queue={"deadline_s": 1}).wait_until_ready()
    status, headers, body = daemon.request("POST", "/v1/chat/completions", ask("Describe."))
    assert (status, body["error"]["code"]) == (504, "generation_timeout")
    assert headers["x-should-retry"] == "false"
    with pytest.raises(openai.APIStatusError, match="time limit") as caught:
        daemon.client.chat.completions.create(**ask("Describe."), stream=True)
    assert caught.value.status_code == 504


def test_an_answer_that_would_come_too_late_is_refused_before_any_work_is_done(start: Start) -> None:
    daemon = start(simulator={"prefill_s": 4}, queue={"deadline_s": 9, "drain_timeout_s": 0}).wait_until_ready()
    assert daemon.post(ask("Describe."))[0] == 200, "nobody is refused before a job was measured"
    with ExitStack() as stack:
        waiting = [stack.enter_context(posting(daemon, ask("Describe."))) for _ in range(2)]
        daemon.wait_for(lambda: health(daemon)["queue"]["waiting"] == 1)
        status, headers, body = daemon.request("POST", "/v1/chat/completions", ask("Describe.", "http://[::1]:9/x.png"))
        assert (status, body["error"]["code"]) == (429, "deadline_unmeetable")
        assert int(headers["Retry-After"]) >= 1
        assert health(daemon)["jobs"]["refused"]["deadline"] == 1
        daemon.stop()
        assert {one.result()[0] for one in waiting} == {503}


# Idleness


def test_an_idle_model_is_unloaded_and_loaded_again_for_the_next_request(start: Start) -> None:
    daemon = start(model={"keep_alive": 0.2})
    daemon.wait_for(lambda: health(daemon)["state"] == "unloaded" and daemon.worker_pid() is None)
    seen = health(daemon)
    assert (seen["ready"], seen["model_loaded"], seen["memory"]["worker_bytes"]) == (True, False, None)
    assert daemon.get("/health/ready")[0] == 200
    with ThreadPoolExecutor(4) as pool:
        statuses = [status for status, _ in pool.map(daemon.post, [ask("Hello.")] * 4)]
    assert statuses == [200] * 4
    daemon.wait_for(lambda: health(daemon)["state"] == "unloaded" and daemon.worker_pid() is None)
    assert health(daemon)["worker_restarts"] == 0
    assert daemon.stop() == 0


def test_a_pinned_model_stays(start: Start) -> None:
    daemon = start(model={"keep_alive": 0, "pinned": True}).wait_until_ready()
    pid = daemon.worker_pid()
    assert daemon.post(ask("Hello."))[0] == 200
    assert (health(daemon)["state"], daemon.worker_pid()) == ("ready", pid)


def test_a_request_that_comes_while_the_model_loads_waits_where_that_is_wanted(start: Start) -> None:
    daemon = start(simulator={"load_s": 1}, queue={"wait_for_load": True})
    assert daemon.post(ask("Hello."))[0] == 200
    jobs = health(daemon)["jobs"]
    assert (jobs["admitted"], jobs["finished"], jobs["refused"]["loading"]) == (1, 1, 0)


# Sums


def test_all_that_came_is_accounted_for(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 20}, queue={"depth": 1}).wait_until_ready()
    assert daemon.post(ask("Hello.", max_tokens=3))[0] == 200
    assert daemon.post(ask("Hello.", temperature="hot"))[0] == 400  # it never asked for a place
    stream = daemon.client.chat.completions.create(**ask("Describe."), stream=True)
    next(stream)
    with posting(daemon, ask("Hello.", max_tokens=3)) as waiting:
        daemon.wait_for(lambda: health(daemon)["queue"]["waiting"] == 1)
        assert daemon.post(ask("Hello."))[0] == 429
        stream.close()
        assert waiting.result()[0] == 200
    jobs = daemon.wait_for(lambda: (seen := health(daemon))["state"] == "ready" and seen["jobs"])
    ended = ("finished", "failed", "cancelled", "expired", "slow_reader", "turned_away")
    assert [jobs[name] for name in ("admitted", *ended)] == [3, 2, 0, 1, 0, 0, 0]
    assert {reason: count for reason, count in jobs["refused"].items() if count} == {"queue_full": 1}
    assert jobs["busy_seconds"] > 0
    assert jobs["waited_seconds"] > 0
