"""POST /v1/vision/... by the front door: many pictures at once, and forms as curl and others send them."""

import base64
import json
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from shapes import fits

from harness import MODEL, PATIENCE_S, PHOTOS, Daemon, ask, photo, posting
from needs import needs

Start = Callable[..., Daemon]
ANALYZE = "/v1/vision/analyze"
DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def batch(*images: Any, **options: Any) -> dict[str, Any]:
    return {"images": list(images), "prompt": "What colours are in this photo?", **options}


def analyze(daemon: Daemon, *images: Any, **options: Any) -> dict[str, Any]:
    status, answer = daemon.post(batch(*images, **options), ANALYZE)
    assert status == 200, answer
    assert fits("vision_analysis", answer)
    return dict(answer)


def curl(daemon: Daemon, path: str, *fields: str, options: tuple[str, ...] = ()) -> tuple[int, Any]:
    words = ["curl", "-sS", "-w", "\n%{http_code}", *options]
    for field in fields:
        words += ["-F", field]
    result = subprocess.run([*words, daemon.url + path], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    body, _, status = result.stdout.rpartition("\n")
    return int(status), body


def stream_of(daemon: Daemon, body: dict[str, Any]) -> Iterator[str]:
    with urllib.request.urlopen(daemon.url + ANALYZE, json.dumps({**body, "stream": True}).encode()) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        block = ""
        for line in response:
            block += line.decode()
            if block.endswith("\n\n"):
                yield block.removeprefix("data: ").strip()
                block = ""


def queue_of(daemon: Daemon) -> dict[str, int]:
    return dict(daemon.get("/health")[1]["queue"])


# Many pictures


def test_each_picture_is_looked_at_in_its_place(daemon: Daemon) -> None:
    answer = analyze(daemon, photo("launch-pad.jpg"), photo("coffee-cup.jpg"), photo("launch-pad.jpg"))
    results = answer["results"]
    assert [result["index"] for result in results] == [0, 1, 2]
    assert ["blue" in result["analysis"].lower() for result in results] == [True, False, True]
    assert (answer["images"], answer["failed"]) == (3, 0)
    tokens = sum(result["usage"]["total_tokens"] for result in results)
    assert answer["usage"]["total_tokens"] == tokens
    spent = sum(result["performance"]["inference_time_ms"] for result in results)
    assert answer["total_inference_time_ms"] == spent


def test_each_picture_can_have_its_own_prompt(daemon: Daemon) -> None:
    answer = analyze(daemon, photo("launch-pad.jpg"), DOT, prompt=["Is there a zebra?", "Is there a lion?"])
    assert ["zebra" in result["analysis"] for result in answer["results"]] == [True, False]


def test_one_bad_picture_does_not_fail_the_others(daemon: Daemon) -> None:
    answer = analyze(
        daemon, photo("launch-pad.jpg"), "/etc/passwd", "http://127.0.0.1:1/a.jpg", photo("launch-pad.jpg")
    )
    first, path, address, last = answer["results"]
    assert first["analysis"] == last["analysis"]
    assert path["error"]["param"] == "images[1]"
    assert path["error"]["message"].startswith("Image 2 of 4 ")
    assert (path["image_url"], address["image_url"]) == (None, "http://127.0.0.1:1/a.jpg")
    assert address["error"]["type"] == "invalid_request_error"
    assert answer["failed"] == 2


def test_sixty_four_pictures_are_taken_and_one_more_is_refused(daemon: Daemon) -> None:
    answer = analyze(daemon, *[DOT] * 64, max_tokens=3)
    assert answer["failed"] == 0
    status, refused = daemon.post(batch(*[DOT] * 65), ANALYZE)
    assert (status, refused["error"]["param"]) == (400, "images")


def test_a_stream_tells_each_picture_and_then_the_sum(daemon: Daemon) -> None:
    *blocks, done = stream_of(daemon, batch(photo("launch-pad.jpg"), "nothing", photo("coffee-cup.jpg")))
    *results, summary = [json.loads(block) for block in blocks]
    assert done == "[DONE]"
    assert sorted(result["index"] for result in results) == [0, 1, 2]
    assert {result["object"] for result in results} == {"vision.analysis.result"}
    assert (summary["object"], summary["images"], summary["failed"]) == ("vision.analysis.summary", 3, 1)
    assert len({value["id"] for value in [*results, summary]}) == 1
    whole = [{key: value for key, value in result.items() if key != "object"} for result in results]
    assert fits("vision_analysis", {**summary, "object": "vision.analysis", "results": whole})


def test_the_first_picture_is_told_while_the_others_are_looked_at(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 20}).wait_until_ready()
    told = stream_of(daemon, batch(*[DOT] * 6, max_tokens=10))
    assert json.loads(next(told))["index"] in (0, 1)  # the one that was ready first
    assert queue_of(daemon)["running"] == 1
    assert len(list(told)) == 7


def test_a_request_takes_two_places_and_no_more(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 20}).wait_until_ready()
    seen = []
    with posting(daemon, batch(*[DOT] * 5, max_tokens=10), ANALYZE) as answer:
        while not answer.done():
            seen.append(queue_of(daemon))
            time.sleep(0.01)
    assert answer.result()[0] == 200
    assert all(queue["running"] + queue["waiting"] <= 2 for queue in seen)
    assert any(queue["running"] + queue["waiting"] == 2 for queue in seen)


def test_a_queue_without_room_is_waited_for(start: Start) -> None:
    daemon = start(queue={"depth": 0}, simulator={"tokens_per_s": 50}).wait_until_ready()
    assert analyze(daemon, *[DOT] * 4, max_tokens=5)["failed"] == 0


def test_the_time_limit_is_each_pictures_own(start: Start) -> None:
    daemon = start(queue={"deadline_s": 2}, simulator={"tokens_per_s": 10}).wait_until_ready()
    answer = analyze(daemon, *[DOT] * 5, max_tokens=7)
    assert answer["failed"] == 0
    spent = [result["performance"]["inference_time_ms"] for result in answer["results"]]
    assert sum(spent) > 2000


def test_when_the_client_leaves_nothing_more_is_looked_at(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 20}).wait_until_ready()
    body = json.dumps(batch(*[DOT] * 20)).encode()
    where = urlsplit(daemon.url)
    with socket.create_connection((where.hostname, where.port), PATIENCE_S) as client:
        head = f"POST {ANALYZE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode())
        client.sendall(body)
        daemon.wait_for(lambda: queue_of(daemon)["running"] + queue_of(daemon)["waiting"] == 2)
    daemon.wait_for(lambda: queue_of(daemon)["running"] + queue_of(daemon)["waiting"] == 0)
    daemon.wait_for(lambda: "status=499" in daemon.log)


def test_a_lost_device_costs_one_picture(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 20}).wait_until_ready()
    told = stream_of(daemon, batch(*[DOT] * 4, max_tokens=20))
    assert json.loads(next(told))["error"] is None
    daemon.kill_worker()
    *blocks, summary, done = told
    assert done == "[DONE]"
    assert json.loads(summary)["failed"] == 1
    (failed,) = [result for result in map(json.loads, blocks) if result["error"]]
    assert failed["error"]["code"] == "device_unavailable"


def test_a_stop_ends_a_batch_with_what_it_has(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 20}).wait_until_ready()
    told = stream_of(daemon, batch(*[DOT] * 10, max_tokens=10))
    assert json.loads(next(told))["error"] is None
    daemon.process.send_signal(signal.SIGTERM)
    *blocks, summary, done = told
    assert done == "[DONE]"
    codes = {result["error"]["code"] for result in map(json.loads, blocks) if result["error"]}
    assert codes == {"draining"}
    assert json.loads(summary)["images"] == 10
    assert daemon.stop() == 0


def test_a_daemon_that_is_not_ready_refuses_the_whole_request(start: Start) -> None:
    daemon = start(simulator={"load_s": 30})
    status, headers, answer = daemon.request("POST", ANALYZE, batch(DOT))
    assert (status, answer["error"]["code"]) == (503, "model_loading")
    assert int(headers["Retry-After"]) >= 1


def test_a_batch_gives_the_memory_of_its_pictures_back_before_it_ends(start: Start) -> None:
    """Of bodies there is room for four of the largest, and five batches of pictures of that size run at once."""
    daemon = start(
        server={"max_body_mb": 1}, simulator={"tokens_per_s": 20}, images={"max_megapixels": 1}
    ).wait_until_ready()
    large = "data:image/bmp;base64," + base64.b64encode(_bitmap(480, 480)).decode()
    body = batch(large, DOT, max_tokens=12)
    assert 900_000 < len(json.dumps(body)) < 1_000_000
    with ThreadPoolExecutor(6) as pool:
        first = [pool.submit(daemon.post, body, ANALYZE) for _ in range(3)]
        daemon.wait_for(lambda: queue_of(daemon)["waiting"] >= 3)
        more = [pool.submit(daemon.post, body, ANALYZE) for _ in range(3)]
        assert [future.result()[0] for future in [*first, *more]] == [200] * 6


def _bitmap(width: int, height: int) -> bytes:
    size = 54 + width * height * 3
    head = b"BM" + size.to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
    info = (40).to_bytes(4, "little") + width.to_bytes(4, "little") + height.to_bytes(4, "little")
    return head + info + (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24) + bytes(size - 54)


# One picture, and forms


def test_a_caption_and_an_answer_are_told_by_their_names(daemon: Daemon) -> None:
    status, told = daemon.post({"image": photo("launch-pad.jpg")}, "/v1/vision/caption")
    assert status == 200
    assert (told["object"], told["finish_reason"]) == ("vision.caption", "stop")
    assert "blue" in told["caption"]
    body = {"image": photo("launch-pad.jpg"), "question": "Is there a zebra?", "model": MODEL, "max_tokens": 9}
    status, told = daemon.post(body, "/v1/vision/vqa")
    assert (status, told["question"], told["usage"]["completion_tokens"]) == (200, "Is there a zebra?", 9)
    assert told["answer"]


def test_a_short_form_fails_as_any_request_does(daemon: Daemon) -> None:
    status, answer = daemon.post({"image": "data:image/png;base64,AAAA", "question": "Who?"}, "/v1/vision/vqa")
    assert (status, answer["error"]["param"]) == (400, "image")
    status, answer = daemon.post({"image": DOT, "question": "word " * 3000}, "/v1/vision/vqa")
    assert (status, answer["error"]["param"], answer["error"]["code"]) == (400, "question", "context_length_exceeded")


@needs("curl")
def test_curl_sends_a_form_and_gets_what_json_gets(daemon: Daemon) -> None:
    file = f"image=@{PHOTOS / 'launch-pad.jpg'}"
    status, body = curl(daemon, "/v1/vision/vqa", file, "question=What colours are in this photo?", "max_tokens=50")
    assert status == 200
    answer = json.loads(body)["answer"]
    as_json = {"image": photo("launch-pad.jpg"), "question": "What colours are in this photo?", "max_tokens": 50}
    assert answer == daemon.post(as_json, "/v1/vision/vqa")[1]["answer"]
    assert "blue" in answer


@needs("curl")
def test_curl_sends_many_files_and_reads_a_stream(daemon: Daemon) -> None:
    files = [f"images=@{PHOTOS / name}" for name in ("launch-pad.jpg", "coffee-cup.jpg")]
    status, body = curl(daemon, ANALYZE, *files, "prompt=One?", "prompt=Two?", "stream=true", options=("-N",))
    assert status == 200
    assert body.count('"object":"vision.analysis.result"') == 2
    assert body.endswith("data: [DONE]\n\n")


@needs("curl")
def test_a_form_can_name_a_picture_in_words(daemon: Daemon) -> None:
    status, body = curl(daemon, "/v1/vision/caption", options=("--form-string", f"image={DOT}"))
    assert (status, json.loads(body)["object"]) == (200, "vision.caption")


@needs("curl")
@pytest.mark.parametrize(
    ("fields", "param", "word"),
    [
        (["image=@/dev/null"], "images[0]", "empty"),
        (["question=Who?"], "images", "must be an image"),
        (["image=/9j/AAAA", "temperature=hot"], "temperature", "number"),
        (["image=/9j/AAAA", "image=/9j/AAAA"], "images", "one image"),
    ],
)
def test_a_form_that_is_wrong_is_refused_as_json_is(daemon: Daemon, fields: list[str], param: str, word: str) -> None:
    status, body = curl(daemon, "/v1/vision/caption", *fields)
    error = json.loads(body)["error"]
    assert (status, error["param"]) == (400, param)
    assert word in error["message"]


def test_a_form_is_as_large_as_a_body_may_be(start: Start) -> None:
    daemon = start(server={"max_body_mb": 0.1}).wait_until_ready()
    form = b'--B\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n%s\r\n--B--\r\n' % bytes(200_000)
    request = urllib.request.Request(
        daemon.url + "/v1/vision/caption", form, {"Content-Type": "multipart/form-data; boundary=B"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert answer.code == 413
        assert json.loads(answer.read())["error"]["code"] == "request_too_large"


def test_a_picture_that_is_the_whole_body_is_told_how_to_send_it(daemon: Daemon) -> None:
    data = (PHOTOS / "coffee-cup.jpg").read_bytes()
    for kind in ("image/jpeg", "application/octet-stream"):
        request = urllib.request.Request(daemon.url + "/v1/vision/caption", data, {"Content-Type": kind})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        with refused.value as answer:
            assert answer.code == 415
            assert f"-F image=@photo.jpg), not {kind}." in json.loads(answer.read())["error"]["message"]


@needs("curl")
def test_the_chats_do_not_read_forms(daemon: Daemon) -> None:
    status, body = curl(daemon, "/v1/chat/completions", "model=a")
    assert (status, json.loads(body)["error"]["code"]) == (415, "unsupported_media_type")
    assert daemon.post(ask("Hello!"))[0] == 200
