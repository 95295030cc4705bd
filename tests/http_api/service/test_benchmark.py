"""POST /v1/benchmark."""

from collections.abc import Callable

from harness import Daemon, ask, posting

Start = Callable[..., Daemon]


def test_it_is_off_unless_the_operator_wants_it(daemon: Daemon) -> None:
    status, body = daemon.post({}, "/v1/benchmark")
    assert (status, body["error"]["code"]) == (403, "benchmark_not_allowed")
    assert "server.allow_benchmark" in body["error"]["message"]


def test_it_answers_as_the_command_does_and_its_work_is_in_the_sums(start: Start) -> None:
    daemon = start(server={"allow_benchmark": True}).wait_until_ready()
    status, result = daemon.post({"n": 3, "c": 2, "max_tokens": 8}, "/v1/benchmark")
    assert status == 200, result
    assert result["kind"] == "hailo-vision bench"
    assert [(phase["name"], phase["questions"], phase["answered"]) for phase in result["phases"]] == [
        ("sequential", 3, 3),
        ("concurrent", 3, 3),
    ]
    tokens = sum(phase["completion_tokens"] for phase in result["phases"])
    assert tokens == daemon.get("/health")[1]["tokens"]["completion"]
    assert all(sample["ttft_s"] is not None for phase in result["phases"] for sample in phase["samples"])


def test_too_much_is_refused_by_name(start: Start) -> None:
    daemon = start(server={"allow_benchmark": True}).wait_until_ready()
    for body, param in (({"n": 51}, "n"), ({"c": 17}, "c"), ({"max_tokens": 0}, "max_tokens"), ({"n": True}, "n")):
        status, answer = daemon.post(body, "/v1/benchmark")
        assert (status, answer["error"]["param"]) == (400, param)


def test_there_is_one_at_a_time_and_people_go_first(start: Start) -> None:
    daemon = start(server={"allow_benchmark": True}, simulator={"tokens_per_s": 50}).wait_until_ready()
    with posting(daemon, ask("Hello")), posting(daemon, {"n": 2}, "/v1/benchmark"):
        daemon.wait_for(lambda: daemon.get("/health")[1]["jobs"]["admitted"] >= 2)
        status, answer = daemon.post({}, "/v1/benchmark")
        assert (status, answer["error"]["message"]) == (503, "A benchmark is running.")
        assert daemon.post(ask("Hello", max_tokens=2))[0] == 200
