"""What real clients send to the surfaces beside chats, recorded by hand in tests/golden, and what they need back."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from harness import PATIENCE_S, Daemon

GOLDEN = {path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "golden").glob("*.json"))}
HERE = ("/v1/responses", "/v1/completions", "/v1/vision/")
FILES = [name for name, golden in GOLDEN.items() if golden["request"]["path"].startswith(HERE)]


def assert_within(expected: Any, found: Any, path: str = "body") -> None:
    """Objects may have more than is expected; lists may not."""
    match expected:
        case dict():
            assert isinstance(found, dict), path
            for key, value in expected.items():
                assert key in found, f"{path}.{key}"
                assert_within(value, found[key], f"{path}.{key}")
        case list():
            assert isinstance(found, list), path
            assert len(found) == len(expected), path
            for index, (value, one) in enumerate(zip(expected, found, strict=True)):
                assert_within(value, one, f"{path}[{index}]")
        case _:
            assert found == expected, path


@pytest.mark.parametrize("name", FILES)
def test_a_recorded_request_gets_what_its_client_needs(daemon: Daemon, name: str) -> None:
    sent, expect = GOLDEN[name]["request"], GOLDEN[name]["expect"]
    body = json.dumps(sent["body"]).encode()
    request = urllib.request.Request(daemon.url + sent["path"], body, sent["headers"], method=sent["method"])
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
        assert response.status == expect["status"]
        for header, value in expect["headers"].items():
            assert response.headers[header] == value
        text = response.read().decode()
    if "first_event" in expect:
        names = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]
        assert (names[0], names[-1]) == (expect["first_event"], expect["last_event"])
        return
    answer = json.loads(text)
    assert_within(expect["body"], answer)
    assert not [key for key in expect.get("has", ()) if key not in answer]


def test_there_are_such_files() -> None:
    assert len(FILES) >= 6
