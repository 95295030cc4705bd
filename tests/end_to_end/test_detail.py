"""Pictures in high detail, and large ones, by the front door."""

import base64
import os
from typing import Any

from harness import Daemon, ask, photo


def in_detail(detail: str, *images: str) -> dict[str, Any]:
    body = ask("Describe this photo.", *images)
    for part in body["messages"][0]["content"]:
        if part["type"] == "image_url":
            part["image_url"]["detail"] = detail
    return body


def image_tokens(daemon: Daemon, body: dict[str, Any]) -> int:
    status, answer = daemon.post(body)
    assert status == 200, answer
    tokens: int = answer["usage"]["prompt_tokens_details"]["image_tokens"]
    return tokens


def test_high_detail_costs_the_tokens_of_its_frames(daemon: Daemon) -> None:
    one = image_tokens(daemon, in_detail("low", photo("launch-pad.jpg")))
    assert image_tokens(daemon, in_detail("auto", photo("launch-pad.jpg"))) == one
    assert image_tokens(daemon, in_detail("high", photo("launch-pad.jpg"))) in (3 * one, 5 * one)


def test_high_detail_never_makes_a_request_too_long(daemon: Daemon) -> None:
    """HailoRT 5.1.1 takes five frames, and the text and the answer want their part of the context."""
    one = image_tokens(daemon, in_detail("low", photo("launch-pad.jpg")))
    four = in_detail("high", *[photo("launch-pad.jpg")] * 4)
    assert image_tokens(daemon, four) == 4 * one
    long = in_detail("high", photo("coffee-cup.jpg"))
    long["messages"].insert(0, {"role": "system", "content": "word " * 300})
    assert image_tokens(daemon, long) == one


def test_a_body_of_many_megabytes_is_answered_and_a_large_one_of_no_pictures_refused(daemon: Daemon) -> None:
    noise = "data:image/png;base64," + base64.b64encode(os.urandom(9_000_000)).decode()
    status, answer = daemon.post(ask("What is this?", photo("coffee-cup.jpg"), noise))
    assert status == 400
    assert answer["error"]["message"].startswith("Image 2 of 2 is no image in a known format.")
    status, answer = daemon.post(b'{"model": "x", "messages": [' + b"[]," * 1_000_000 + b"0]}")
    assert status == 400
    assert answer["error"]["code"] == "context_length_exceeded"
