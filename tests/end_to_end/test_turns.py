"""One key's slow pictures and schemas hold another key up for one turn, and nobody beyond the deadline."""

import http.client
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from harness import MODEL, Daemon, ask, data_uri

pytestmark = pytest.mark.slow

KEYS = {"greedy": "e" * 30, "other": "g" * 30}
# References that double at each step: a validator process works on them until its bound of 2 s of CPU.
DOUBLING: dict[str, Any] = {
    "$defs": {
        **{f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}, {"$ref": f"#/$defs/a{n + 1}"}]} for n in range(30)},
        "a30": {"type": "object"},
    },
    "$ref": "#/$defs/a0",
}
PLAIN = {
    "type": "object",
    "properties": {"description": {"$ref": "#/$defs/x"}},
    "$defs": {"x": {"type": "string"}},
}


@contextmanager
def opened(folder: Path, **sections: Any) -> Iterator[Daemon]:
    keys = folder / "keys"
    keys.write_text("".join(f"{name} {key}\n" for name, key in KEYS.items()))
    keys.chmod(0o600)
    daemon = Daemon(folder, {"server": {"api_keys_file": str(keys)}, **sections})
    try:
        yield daemon.wait_until_ready()
    finally:
        daemon.stop()


class Clients:
    """Requests at the same time; `ends` has the client and the status of each in the order in which they ended."""

    def __init__(self, daemon: Daemon) -> None:
        self.ends: list[tuple[str, int]] = []
        self.errors: list[dict[str, Any]] = []
        self._address = urlsplit(daemon.url).netloc
        self._threads: list[threading.Thread] = []

    def ask(self, client: str, body: dict[str, Any]) -> None:
        """Send a request; its end is waited for by a thread."""
        connection = http.client.HTTPConnection(self._address, timeout=120)
        headers = {"Authorization": f"Bearer {KEYS[client]}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        self._threads.append(threading.Thread(target=self._end, args=(client, connection)))
        self._threads[-1].start()

    def _end(self, client: str, connection: http.client.HTTPConnection) -> None:
        response = connection.getresponse()
        answer = json.loads(response.read())
        self.ends.append((client, response.status))
        if "error" in answer:
            self.errors.append(answer["error"])
        connection.close()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join(120)


@cache
def progressive() -> bytes:
    """A progressive JPEG with 97 scans, which costs most for its size."""
    file = io.BytesIO()
    Image.new("RGB", (1800, 1800)).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    scans = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    return data[:-2] + data[scans[-1] : -2] * (97 - len(scans)) + b"\xff\xd9"


def slow_picture(number: int) -> str:
    """Each is another file, so that none comes from the cache."""
    return data_uri(progressive() + str(number).encode())


def small_picture() -> str:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (9, 99, 9)).save(file, "PNG")
    return data_uri(file.getvalue())


def structured(schema: dict[str, Any]) -> dict[str, Any]:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    return {"model": MODEL, "max_tokens": 300, "messages": [{"role": "user", "content": "hi"}], "response_format": form}


def test_one_clients_slow_pictures_hold_another_one_up_for_one_turn(tmp_path: Path) -> None:
    with opened(tmp_path, queue={"deadline_s": 600}, images={"decode_timeout_s": 600}) as daemon:
        clients = Clients(daemon)
        for number in range(6):
            pictures = [slow_picture(10 * number + each) for each in range(2)]
            clients.ask("greedy", ask("What is this?", *pictures, max_tokens=3))
        clients.ask("other", ask("What is this?", small_picture(), max_tokens=3))
        clients.wait()
    assert [status for _, status in clients.ends] == [200] * 7
    assert clients.ends.index(("other", 200)) <= 2


def test_pictures_that_wait_for_a_decoder_end_at_the_deadline(tmp_path: Path) -> None:
    with opened(tmp_path, queue={"deadline_s": 1}, images={"decode_timeout_s": 600}) as daemon:
        clients = Clients(daemon)
        for number in range(8):
            pictures = [slow_picture(10 * number + each) for each in range(4)]
            clients.ask("greedy", ask("What is this?", *pictures, max_tokens=3))
        clients.wait()
        assert {status for _, status in clients.ends} <= {200, 504}
        assert ("greedy", 504) in clients.ends
        assert all(error["message"].startswith("The time limit of 1 s passed") for error in clients.errors)


def test_one_clients_costly_schemas_hold_another_one_up_for_one_turn(tmp_path: Path) -> None:
    with opened(tmp_path, queue={"deadline_s": 600}) as daemon:
        clients = Clients(daemon)
        for _ in range(6):
            clients.ask("greedy", structured(DOUBLING))
        daemon.wait_for(lambda: daemon.get("/health")[1]["jobs"]["finished"] >= 6)
        clients.ask("other", structured(PLAIN))
        clients.wait()
    assert ("other", 200) in clients.ends
    assert clients.ends.index(("other", 200)) <= 3  # two may have ended before it came
