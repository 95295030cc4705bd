"""Ollama's dialect at the door of the real daemon: errors, streams, what stays loaded, and what is fetched."""

import asyncio
import copy
import http.client
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from bodies import anything, spoilt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from end_to_end.test_any_body import tiny
from harness import MODEL, PATIENCE_S, Daemon
from http_api.ollama.test_parse import FULL_CHAT, FULL_GENERATE
from local_models import has_llama, has_smollm2, smollm2
from models.mirror import Mirror, hef, stalls_after
from sockets import send

HELLO = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
ENDS = ("stop", "length")


def posted(daemon: Daemon, path: str, body: Any) -> tuple[int, str, list[Any]]:
    """Status, content type, and the lines of the answer, each as JSON."""
    address = urlsplit(daemon.url)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_S)) as connection:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        lines = response.read().decode().splitlines()
        return response.status, response.headers["Content-Type"], [json.loads(line) for line in lines]


def is_error(answer: Any) -> bool:
    assert list(answer) == ["error"]
    assert isinstance(answer["error"], str)
    return True


# Streams and errors


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
def test_an_answer_is_a_stream_of_lines_where_nothing_else_is_said(daemon: Daemon, path: str) -> None:
    status, kind, lines = posted(daemon, path, {**HELLO, "prompt": "Hello"})
    assert (status, kind) == (200, "application/x-ndjson")
    assert [one["done"] for one in lines] == [False] * (len(lines) - 1) + [True]
    assert lines[-1]["done_reason"] == "stop"
    assert all(one["model"] == MODEL for one in lines)


def test_a_whole_answer_has_one_time_for_all_of_it(daemon: Daemon) -> None:
    status, kind, (answer,) = posted(daemon, "/api/chat", {**HELLO, "stream": False})
    assert (status, kind) == (200, "application/json; charset=utf-8")
    parts = ("load_duration", "prompt_eval_duration", "eval_duration")
    assert answer["total_duration"] >= sum(answer[part] for part in parts)
    assert answer["load_duration"] == 1  # nanosecond


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/chat", b"", 400),
        ("POST", "/api/chat", b"{", 400),
        ("POST", "/api/chat", b"[]", 400),
        ("POST", "/api/chat", b'{"model": "llava"}', 404),
        ("POST", "/v1/api/generate/", b"{}", 400),
        ("GET", "/api/chat", None, 405),
        ("DELETE", "/api/tags", None, 405),
        ("DELETE", "/api/delete", b'{"model": "x"}', 400),
        ("GET", "/api/nothing", None, 404),
        ("GET", "/api", None, 404),
        ("GET", "/api/blobs/sha256:00", None, 404),
        ("POST", "/api/blobs/sha256:00", b"x", 404),
    ],
)
def test_an_error_has_ollamas_shape(daemon: Daemon, method: str, path: str, body: bytes | None, status: int) -> None:
    answer = send(daemon, method, path, "Content-Type: application/json", body=body or b"")
    assert answer.status == status
    assert is_error(json.loads(answer.body))


def test_other_paths_keep_openais_shape(daemon: Daemon) -> None:
    assert daemon.post({}, "/v1/chat/completions")[1]["error"]["message"]
    assert daemon.get("/apis")[1]["error"]["code"] == "unknown_url"


def test_a_body_that_is_too_large_and_a_key_that_is_missing_are_told_so_too(
    start: Callable[..., Daemon], tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text("home 0123456789abcdef0123456789abcdef\n")
    keys.chmod(0o600)
    daemon = start(server={"api_keys_file": str(keys), "max_body_mb": 0.01})
    answer = send(daemon, "POST", "/api/chat", body=b"{}")
    assert (answer.status, is_error(json.loads(answer.body))) == (401, True)
    key = "Authorization: Bearer 0123456789abcdef0123456789abcdef"
    answer = send(daemon, "POST", "/api/chat", key, body=b"x" * 20_000)
    assert (answer.status, is_error(json.loads(answer.body))) == (413, True)


def test_a_full_queue_is_told_with_when_to_come_back(start: Callable[..., Daemon]) -> None:
    daemon = start(simulator={"prefill_s": 60}, queue={"depth": 0}).wait_until_ready()
    with closing(http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=PATIENCE_S)) as first:
        first.request("POST", "/api/chat", json.dumps(HELLO))
        daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["running"] == 1)
        status, headers, answer = daemon.request("POST", "/api/chat", HELLO)
    assert (status, is_error(answer)) == (429, True)
    assert int(headers["Retry-After"]) >= 1


def test_a_device_that_fails_in_mid_stream_ends_it_with_an_error(start: Callable[..., Daemon]) -> None:
    daemon = start(simulator={"fault": "failed_in_decode"}).wait_until_ready()
    _, _, lines = posted(daemon, "/api/chat", HELLO)
    assert is_error(lines[-1])
    assert not any(one.get("done") for one in lines)


def test_a_prompt_over_the_context_is_a_status_and_never_cut(daemon: Daemon) -> None:
    body = {"model": MODEL, "prompt": "word " * 3000, "options": {"num_ctx": 8192}, "truncate": True}
    status, _, (answer,) = posted(daemon, "/api/generate", body)
    assert status == 400
    assert "2048" in answer["error"]


THUMBNAILS = [tiny().partition(",")[2]] * 10


@pytest.mark.parametrize("stream", [True, False])
def test_an_even_choice_of_frigates_ten_thumbnails_is_looked_at_and_said(daemon: Daemon, stream: bool) -> None:
    words = "".join(f"Frame {number}:\n[img]\n" for number in range(1, 11))
    message = {"role": "user", "content": f"{words}What happens?", "images": THUMBNAILS}
    status, headers, _ = daemon.request("POST", "/api/chat", {**HELLO, "messages": [message], "stream": stream})
    assert (status, headers.get("x-hailo-vision-images")) == (200, "4/10")


def test_nothing_is_said_of_pictures_where_all_are_looked_at(daemon: Daemon) -> None:
    body = {"model": MODEL, "prompt": "What is it?", "images": THUMBNAILS[:4], "stream": False}
    status, headers, answer = daemon.request("POST", "/api/generate", body)
    assert (status, headers.get("x-hailo-vision-images")) == (200, None)
    assert answer["prompt_eval_count"] > 4 * 144


def test_too_many_pictures_are_refused_where_the_operator_or_the_dialect_has_it_so(
    daemon: Daemon, start: Callable[..., Daemon]
) -> None:
    strict = start(images={"too_many": "error"}).wait_until_ready()
    status, _, (answer,) = posted(strict, "/api/generate", {"model": MODEL, "prompt": "What?", "images": THUMBNAILS})
    assert (status, is_error(answer), "takes up to 4" in answer["error"]) == (400, True, True)
    seen = [{"type": "image_url", "image_url": {"url": tiny()}}] * 10
    said = {"model": MODEL, "messages": [{"role": "user", "content": seen}], "max_tokens": 2}
    assert daemon.post(said)[0] == 400
    lenient = start(images={"too_many": "spread"}).wait_until_ready()
    status, headers, _ = lenient.request("POST", "/v1/chat/completions", said)
    assert (status, headers.get("x-hailo-vision-images")) == (200, "4/10")
    lenient.wait_for(lambda: "images_shown=4/10" in lenient.log)


LONG = [
    {"role": "system", "content": "Be brief."},
    *({"role": role, "content": "word " * 300} for role in ("user", "assistant") * 5),
    {"role": "user", "content": "Hello"},
]


@pytest.mark.parametrize("stream", [True, False])
def test_the_oldest_turns_of_a_conversation_over_the_context_are_left_out_and_that_is_said(
    daemon: Daemon, stream: bool
) -> None:
    status, headers, _ = daemon.request("POST", "/api/chat", {"model": MODEL, "messages": LONG, "stream": stream})
    assert status == 200
    shown, sent = headers["x-hailo-vision-turns"].split("/")
    assert sent == "11"
    assert 1 < int(shown) < 11
    daemon.wait_for(lambda: f"turns_shown={shown}/11" in daemon.log)


def test_a_long_conversation_with_tools_is_shortened_too(daemon: Daemon) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    body = {"model": MODEL, "messages": LONG, "stream": False, "tools": [tool]}
    status, headers, _ = daemon.request("POST", "/api/chat", body)
    assert (status, headers["x-hailo-vision-turns"].endswith("/11")) == (200, True)
    assert headers["x-hailo-vision-tools"] == "1/1"


def test_a_conversation_that_no_context_holds_in_any_way_is_shortened_too(daemon: Daemon) -> None:
    said = [{"role": role, "content": "word " * 9_000} for role in ("user", "assistant") * 3]
    body = {"model": MODEL, "messages": [*said, {"role": "user", "content": "Hello"}], "stream": False}
    status, headers, _ = daemon.request("POST", "/api/chat", body)
    assert (status, headers["x-hailo-vision-turns"]) == (200, "1/7")


def test_a_conversation_that_fits_is_shown_whole(daemon: Daemon) -> None:
    status, headers, _ = daemon.request("POST", "/api/chat", {**HELLO, "messages": LONG[-3:], "stream": False})
    assert (status, headers.get("x-hailo-vision-turns")) == (200, None)


def test_a_conversation_over_the_context_is_refused_where_the_client_the_operator_or_the_dialect_has_it_so(
    daemon: Daemon, start: Callable[..., Daemon]
) -> None:
    body = {"model": MODEL, "messages": LONG, "max_tokens": 2}
    status, _, (answer,) = posted(daemon, "/api/chat", {**body, "truncate": False})
    assert (status, is_error(answer), "2048" in answer["error"]) == (400, True, True)
    assert daemon.post(body)[0] == 400
    strict = start(generation={"too_long": "error"}).wait_until_ready()
    assert posted(strict, "/api/chat", body)[0] == 400
    lenient = start(generation={"too_long": "drop"}).wait_until_ready()
    status, headers, _ = lenient.request("POST", "/v1/chat/completions", body)
    assert (status, headers["x-hailo-vision-turns"].endswith("/11")) == (200, True)


@has_llama
@has_smollm2
def test_llama_cpps_count_shortens_a_conversation_too_and_its_template_takes_what_ollama_takes(
    start: Callable[..., Daemon],
) -> None:
    daemon = start(device={"runtime": "llama"}, llama=smollm2(context=1024)).wait_until_ready()
    options = {"num_predict": 4, "temperature": 0}
    body = {"model": MODEL, "stream": False, "options": options}
    status, headers, _ = daemon.request("POST", "/api/chat", {**body, "messages": LONG})
    assert (status, headers["x-hailo-vision-turns"].endswith("/11")) == (200, True)
    for path, question in (("chat", {"messages": HELLO["messages"]}), ("generate", {"prompt": "Hello"})):
        assert posted(daemon, f"/api/{path}", {**body, **question, "logprobs": True})[2][0]["logprobs"]
    ends_twice = [{"role": role, "content": "Hello."} for role in ("user", "assistant", "assistant")]
    assert posted(daemon, "/api/chat", {**body, "messages": ends_twice})[0] == 200


def test_a_name_with_ollamas_tag_is_taken_on_openais_routes(daemon: Daemon) -> None:
    body = {"model": f"{MODEL}:latest", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}
    assert daemon.post(body)[0] == 200
    assert daemon.get(f"/v1/models/{MODEL}:latest")[0] == 200
    assert daemon.post({**body, "model": f"{MODEL}:2b"})[0] == 404


def test_what_home_assistant_asks_all_day_long_does_not_fill_the_log(start: Callable[..., Daemon]) -> None:
    daemon = start().wait_until_ready()
    for path in ("/api/tags", "/api/ps", "/api/version"):
        assert daemon.get(path)[0] == 200
    assert daemon.post({"model": MODEL}, "/api/show")[0] == 200
    daemon.wait_for(lambda: "endpoint=/api/show" in daemon.log)
    assert not [path for path in ("/api/tags", "/api/ps", "/api/version") if path in daemon.log]


# What stays on the chip


def test_a_model_that_is_loaded_is_listed_under_each_of_its_names(start: Callable[..., Daemon]) -> None:
    daemon = start(model={"aliases": ["llama3.2:1b"]}).wait_until_ready()
    names = [model["name"] for model in daemon.get("/api/ps")[1]["models"]]
    assert names == [model["name"] for model in daemon.get("/api/tags")[1]["models"]] == [f"{MODEL}:latest", names[1]]
    assert names[1] == "llama3.2:1b"


def is_loaded(daemon: Daemon) -> bool:
    return bool(daemon.get("/api/ps")[1]["models"])


def test_no_client_makes_a_model_colder_that_is_kept_for_ever(start: Callable[..., Daemon]) -> None:
    daemon = start().wait_until_ready()
    for stay in (0, "1ms", 0.001):
        assert posted(daemon, "/api/chat", {**HELLO, "keep_alive": stay})[0] == 200
    (model,) = daemon.get("/api/ps")[1]["models"]
    assert int(model["expires_at"][:4]) > 2100
    assert "unloading" not in daemon.log


def test_a_client_may_choose_where_the_operator_has_set_a_time(start: Callable[..., Daemon]) -> None:
    daemon = start(model={"keep_alive": 3600}).wait_until_ready()
    assert posted(daemon, "/api/chat", {**HELLO, "keep_alive": -1})[0] == 200
    (model,) = daemon.get("/api/ps")[1]["models"]
    assert int(model["expires_at"][:4]) > 2100
    assert posted(daemon, "/api/chat", HELLO)[0] == 200  # says nothing: the operator's time again
    (model,) = daemon.get("/api/ps")[1]["models"]
    assert int(model["expires_at"][:4]) < 2100
    assert posted(daemon, "/api/chat", {**HELLO, "keep_alive": 0})[0] == 200
    daemon.wait_for(lambda: not is_loaded(daemon))


def test_a_pinned_model_stays_and_says_so(start: Callable[..., Daemon]) -> None:
    daemon = start(model={"pinned": True}).wait_until_ready()
    status, _, (answer,) = posted(daemon, "/api/generate", {"model": MODEL, "keep_alive": 0})
    assert (status, is_error(answer)) == (400, True)
    assert "model.pinned" in answer["error"]
    assert is_loaded(daemon)


def test_clients_of_ollama_wait_for_the_load_at_the_start_and_others_are_told_to_come_back(
    start: Callable[..., Daemon],
) -> None:
    daemon = start(simulator={"load_s": 1.5})
    assert daemon.post({**HELLO, "max_tokens": 1})[0] == 503
    status, _, (answer,) = posted(daemon, "/api/chat", {**HELLO, "stream": False})
    assert status == 200
    assert answer["total_duration"] > answer["load_duration"] > 1  # the load that it waited for is told
    assert daemon.post({**HELLO, "max_tokens": 1})[0] == 200


def test_an_operator_who_has_nobody_wait_is_heeded_by_clients_of_ollama_too(start: Callable[..., Daemon]) -> None:
    daemon = start(simulator={"load_s": 3}, queue={"wait_for_load": False})
    assert posted(daemon, "/api/chat", HELLO)[0] == 503


def test_an_empty_request_waits_for_the_load(start: Callable[..., Daemon]) -> None:
    daemon = start(simulator={"load_s": 0.5}).wait_until_ready()
    assert posted(daemon, "/api/chat", {"model": MODEL, "keep_alive": 0})[2][0]["done_reason"] == "unload"
    daemon.wait_for(lambda: not is_loaded(daemon))
    assert posted(daemon, "/api/chat", {"model": MODEL, "messages": []})[2][0]["done_reason"] == "load"
    assert is_loaded(daemon)
    assert daemon.get("/health")[1]["jobs"]["finished"] == 0


# What is fetched

BODY = hef()
FILE = "Qwen2-VL-2B-Instruct.hef"


def without_model(folder: Path, mirror: str, **model: Any) -> Daemon:
    """A daemon whose model's file is not there."""
    config = {"model": {"hef": str(folder / "models" / FILE), **model}, "simulator": {"fault": "hef_missing"}}
    daemon = Daemon(folder, config, HAILO_VISION_MIRROR=mirror)
    daemon.wait_for(lambda: daemon.get("/health")[1]["reason"] == "device_unavailable")
    return daemon


@pytest.mark.slow
async def test_a_file_that_is_not_there_is_pulled_where_the_operator_allows_it(tmp_path: Path) -> None:
    async with Mirror(BODY) as mirror:
        daemon = await asyncio.to_thread(without_model, tmp_path, mirror.url, allow_pull=True)
        try:
            status, _, lines = await asyncio.to_thread(posted, daemon, "/api/pull", {"model": f"{MODEL}:latest"})
            again = await asyncio.to_thread(posted, daemon, "/api/pull", {"model": MODEL, "stream": False})
        finally:
            assert daemon.stop() == 0
    assert (status, lines[0], lines[-1]) == (200, {"status": "pulling manifest"}, {"status": "success"})
    assert (tmp_path / "models" / FILE).read_bytes() == BODY
    assert again[2] == [{"status": "success"}]
    assert len(mirror.asked) == 1
    bars = [one for one in lines if "completed" in one]
    assert all(0 <= bar["completed"] <= bar["total"] for bar in bars)


def arrival_of(connection: http.client.HTTPConnection, size_bytes: int) -> None:
    """Reads the lines of a pull until so much of the file is there."""
    with connection.getresponse() as response:
        while json.loads(response.readline()).get("completed", 0) < size_bytes:
            pass


@pytest.mark.slow
async def test_a_pull_that_is_broken_off_goes_on_and_only_one_runs(tmp_path: Path) -> None:
    async with Mirror(BODY, stalls_after(len(BODY) // 2)) as mirror:
        daemon = await asyncio.to_thread(without_model, tmp_path, mirror.url, allow_pull=True)
        try:
            with closing(http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=PATIENCE_S)) as first:
                first.request("POST", "/api/pull", json.dumps({"model": MODEL}))
                await asyncio.to_thread(arrival_of, first, len(BODY) // 2)
                busy = await asyncio.to_thread(posted, daemon, "/api/pull", {"model": MODEL, "stream": False})
            part = tmp_path / "models" / f"{FILE}.part"
            await asyncio.to_thread(daemon.wait_for, lambda: "status=499" in daemon.log and part.stat().st_size)
            again = await asyncio.to_thread(posted, daemon, "/api/pull", {"model": MODEL, "stream": False})
        finally:
            assert daemon.stop() == 0
    assert (busy[0], is_error(busy[2][0])) == (409, True)
    assert again[2] == [{"status": "success"}]
    assert (tmp_path / "models" / FILE).read_bytes() == BODY
    assert "Range" in mirror.asked[-1].headers


@pytest.mark.slow
async def test_a_pull_that_fails_says_why(tmp_path: Path) -> None:
    async with Mirror(b"<html>no model</html>" * 100) as mirror:
        daemon = await asyncio.to_thread(without_model, tmp_path, mirror.url, allow_pull=True)
        try:
            lines = (await asyncio.to_thread(posted, daemon, "/api/pull", {"model": MODEL}))[2]
            whole = await asyncio.to_thread(posted, daemon, "/api/pull", {"model": MODEL, "stream": False})
        finally:
            assert daemon.stop() == 0
    assert is_error(lines[-1])
    assert (whole[0], is_error(whole[2][0])) == (500, True)
    assert not (tmp_path / "models" / FILE).exists()


@pytest.mark.slow
async def test_no_client_fills_the_disk_unasked(tmp_path: Path) -> None:
    async with Mirror(BODY) as mirror:
        daemon = await asyncio.to_thread(without_model, tmp_path, mirror.url)
        try:
            status, _, (answer,) = await asyncio.to_thread(posted, daemon, "/api/pull", {"model": MODEL})
        finally:
            daemon.stop()
    assert (status, is_error(answer), mirror.asked) == (403, True, [])
    assert f"hailo-vision models pull {MODEL}" in answer["error"]


# Nonsense

PICTURE = tiny().partition(",")[2]
SMALL: dict[str, dict[str, Any]] = {
    "/api/chat": {**copy.deepcopy(FULL_CHAT), "model": MODEL},
    "/api/generate": {**FULL_GENERATE, "model": MODEL, "images": [PICTURE]},
}
SMALL["/api/chat"]["messages"][1]["images"] = [PICTURE]
for body in SMALL.values():
    body["options"] = {**body["options"], "num_predict": 60}
ALL = ["/api/chat", "/api/generate", "/api/show", "/api/pull", "/api/embed", "/api/create", "/api/copy"]
searching = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


def is_answered_or_refused(daemon: Daemon, path: str, body: Any) -> None:
    status, _, lines = posted(daemon, path, body)
    assert status < 500 or "The model did not give" in lines[0]["error"], lines
    if status >= 400:
        assert is_error(lines[0])
    elif path in SMALL:
        assert lines[-1].get("done") or "The model did not give" in lines[-1]["error"]


@pytest.mark.parametrize("path", SMALL)
def test_the_full_request_itself_is_answered(daemon: Daemon, path: str) -> None:
    status, _, (answer,) = posted(daemon, path, SMALL[path])
    assert (status, answer["done_reason"] in ENDS) == (200, True)


@pytest.mark.slow
@searching
@given(path=st.sampled_from(ALL), body=anything)
def test_any_json_is_answered_or_refused(daemon: Daemon, path: str, body: Any) -> None:
    is_answered_or_refused(daemon, path, body)


@pytest.mark.slow
@searching
@given(path=st.sampled_from(sorted(SMALL)), data=st.data())
def test_any_mutation_of_a_full_request_is_answered_or_refused(daemon: Daemon, path: str, data: st.DataObject) -> None:
    is_answered_or_refused(daemon, path, spoilt(SMALL[path], data))
