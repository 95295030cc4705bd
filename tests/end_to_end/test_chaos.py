"""500 mixed requests with a random fault every ten: each is answered or refused clearly, and no text is wrong."""

import contextlib
import http.client
import io
import itertools
import json
import os
import random
import signal
import socket
import struct
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from hailo_vision.scheduler.record import Outcome
from harness import PATIENCE_S, ROOT, Daemon, ask, data_uri

pytestmark = pytest.mark.slow

REQUESTS = 500
CLIENTS = 4
BLOCK = 10  # requests; one fault in each
HURRIED = (sys.executable, str(ROOT / "tests" / "support" / "children" / "hurried.py"))

# Statuses before the first byte, with their codes; in a stream the same codes come as an event.
KNOWN = {
    (503, "device_unavailable"),
    (503, "model_loading"),
    (500, "generation_failed"),
    (503, "draining"),
    (429, "queue_full"),
    (429, "deadline_unmeetable"),
}
KNOWN_CODES = {code for _, code in KNOWN}

PLAYED = (
    "lost_in_prefill",
    "lost_in_prefill@62",
    "lost_in_decode@0",
    "lost_in_decode@3",
    "failed_in_decode@0",
    "failed_in_decode@2",
    "crash_in_decode@0",
    "crash_in_decode@4",
    "wedge_in_prefill",
    "wedge_in_decode@2",
    "stall_in_decode@1",
    "silent_in_decode@3",
    "kill",
    "kill, then out_of_memory",
    "kill, then device_busy",
)


def picture(colour: str) -> str:
    data = io.BytesIO()
    Image.new("RGB", (32, 24), colour).save(data, "PNG")
    return data_uri(data.getvalue())


RED, BLUE = picture("red"), picture("blue")


def bodies() -> list[dict[str, Any]]:
    """What is asked, over and over: with 0 to 2 pictures, short and long, greedy and sampled, cut and stopped."""
    asked = []
    for images in ((), (RED,), (RED, BLUE)):
        asked += [
            ask("Describe.", *images),
            ask("How many images are there?", *images, temperature=0),
            ask("Describe everything in detail.", *images, temperature=1.4, seed=3),
            ask("What colours do you see?", *images, max_tokens=5),
            ask("Describe.", *images, stop=["image", "zebra"]),
            ask("Say 写真 🙂 é.", *images),
        ]
    return asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a request is answered when nothing goes wrong."""

    text: str
    reason: str
    usage: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of the run: which body, how it is sent, and after how many events its client leaves, if it does."""

    number: int
    body: dict[str, Any]
    reference: Reference
    streams: bool
    leaves_after: int | None
    fault: str | None


class Chaos:
    """A daemon in a hurry, and what may be done to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fault_file = folder / "fault"
        self.play("none")
        config = {"queue": {"depth": CLIENTS}}
        self.daemon = Daemon(folder, config, HURRIED, FAULT_FILE=str(self.fault_file)).wait_until_ready()
        self.address = urlsplit(self.daemon.url).netloc
        self._playing = threading.Lock()

    def play(self, fault: str) -> None:
        """Write the fault in one go: the worker reads the file at any moment."""
        draft = self.fault_file.with_suffix(f".{threading.get_ident()}")
        draft.write_text(fault)
        draft.replace(self.fault_file)

    def workers(self) -> list[int]:
        """Processes that own a device, of this daemon or left over by it, whoever their parent is now."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and (pid := self._worker(entry)) is not None:
                found.append(pid)
        return found

    def _worker(self, entry: Path) -> int | None:
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            is_ours = str(self.folder).encode() in (entry / "environ").read_bytes()
        except OSError:
            return None
        return int(entry.name) if is_ours and b"hailo_vision.worker" in command else None

    def outcome(self, asked: Asked) -> str:
        """Send a request with its fault and check all that came back; gives one word for it."""
        if asked.fault is None:
            return self._send(asked)
        with self._playing:
            return self._send_into_trouble(asked, asked.fault)

    def _send_into_trouble(self, asked: Asked, fault: str) -> str:
        kill, _, then = fault.partition(", then ")
        try:
            if kill == "kill":
                self.play(then or "none")
                for pid in self.workers():
                    os.kill(pid, signal.SIGKILL)
            else:
                self.play(fault)
            word = self._send(asked)
            if then:
                self.daemon.wait_for(lambda: self.daemon.get("/health/ready")[1]["reason"] == "device_unavailable")
            return word
        finally:
            self.play("none")

    def _send(self, asked: Asked) -> str:
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE_S)
        try:
            body = json.dumps({**asked.body, "stream": asked.streams})
            connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
            if asked.leaves_after == 0:
                return "left"
            response = connection.getresponse()
            if response.status != 200:
                return check_refusal(response)
            return check_stream(response, asked) if asked.streams else check_whole(response, asked)
        finally:
            connection.close()


def check_refusal(response: http.client.HTTPResponse) -> str:
    error = json.loads(response.read())["error"]
    assert (response.status, error["code"]) in KNOWN, error
    assert error["message"]
    if response.status in (429, 503):
        assert int(response.headers["Retry-After"]) >= 1
    return str(error["code"])


def check_whole(response: http.client.HTTPResponse, asked: Asked) -> str:
    answer = json.loads(response.read())
    (choice,) = answer["choices"]
    assert (
        Reference(text=choice["message"]["content"], reason=choice["finish_reason"], usage=counts(answer))
        == asked.reference
    )
    return "answered"


def check_stream(response: http.client.HTTPResponse, asked: Asked) -> str:
    text, reason, number = "", None, 0
    for number, data in enumerate(events(response)):
        if data == "[DONE]":
            assert (text, reason) == (asked.reference.text, asked.reference.reason)
            assert response.read().strip() == b""
            return "answered"
        event = json.loads(data)
        if "error" in event:
            assert event["error"]["code"] in KNOWN_CODES, event
            assert event["error"]["message"]
            assert asked.reference.text.startswith(text)
            assert reason is None
            assert response.read().strip() == b""
            return "broken off"
        text += event["choices"][0]["delta"].get("content") or ""
        reason = event["choices"][0]["finish_reason"]
        assert asked.reference.text.startswith(text)
        if asked.leaves_after is not None and number >= asked.leaves_after:
            return "left"
    raise AssertionError(f"a stream that ended after {number} events with neither [DONE] nor an error")


def events(response: http.client.HTTPResponse) -> Iterator[str]:
    while line := response.readline():
        if line.strip():
            assert line.startswith(b"data: ")
            yield line.removeprefix(b"data: ").decode().strip()


def counts(answer: dict[str, Any]) -> dict[str, int]:
    """What does not depend on what the device held."""
    return {name: answer["usage"][name] for name in ("prompt_tokens", "completion_tokens")}


def referenced(daemon: Daemon) -> list[tuple[dict[str, Any], Reference]]:
    """Each body, and conversations that go on from some of them, with their answers while nothing goes wrong."""
    found = []
    for body in bodies():
        first = answered(daemon, body)
        found.append((body, first))
        if first.reason == "stop" and "stop" not in body:
            said = {"role": "assistant", "content": first.text}
            more = {**body, "messages": [*body["messages"], said, *ask("And how bright is it?")["messages"]]}
            found.append((more, answered(daemon, more)))
    return found


def answered(daemon: Daemon, body: dict[str, Any]) -> Reference:
    status, answer = daemon.post(body)
    assert status == 200, answer
    (choice,) = answer["choices"]
    return Reference(text=choice["message"]["content"], reason=choice["finish_reason"], usage=counts(answer))


def run_of(known: list[tuple[dict[str, Any], Reference]], chance: random.Random) -> list[Asked]:
    faults = [*PLAYED, *chance.choices(PLAYED, k=REQUESTS // BLOCK - len(PLAYED))]
    chance.shuffle(faults)
    places = {block * BLOCK + chance.randrange(BLOCK): fault for block, fault in enumerate(faults)}
    asked = []
    for number in range(REQUESTS):
        body, reference = chance.choice(known)
        leaves = chance.choice([0, 1, 2, 4]) if chance.random() < 0.15 else None
        streams = chance.random() < 0.5 or bool(leaves)
        asked.append(
            Asked(
                number=number,
                body=body,
                reference=reference,
                streams=streams,
                leaves_after=leaves,
                fault=places.get(number),
            )
        )
    return asked


def serve_all(chaos: Chaos, run: list[Asked]) -> Counter[str]:
    """Several clients at once take the requests in order. One that is refused waits until the daemon is ready."""
    waiting, taking = iter(run), threading.Lock()
    stopping = threading.Event()

    def client() -> Counter[str]:
        words: Counter[str] = Counter()
        while not stopping.is_set():
            with taking:
                asked = next(waiting, None)
            if asked is None:
                break
            try:
                word = chaos.outcome(asked)
                chaos.daemon.wait_until_ready()
            except BaseException as error:
                stopping.set()
                error.add_note(
                    f"request {asked.number} of the run, fault {asked.fault}: {asked.body['messages']}"[:300]
                )
                raise
            words[word] += 1
        return words

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum((done.result() for done in [pool.submit(client) for _ in range(CLIENTS)]), Counter())


@pytest.fixture
def seed() -> int:
    """$CHAOS_SEED repeats a run that failed; pytest shows the seed of each failure."""
    return int(os.environ.get("CHAOS_SEED") or time.time_ns() % 1_000_000)


@pytest.fixture
def chaos(tmp_path: Path) -> Iterator[Chaos]:
    made = Chaos(tmp_path)
    yield made
    made.daemon.stop()


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def test_500_requests_with_a_fault_every_ten_are_answered_truly_or_refused_clearly(chaos: Chaos, seed: int) -> None:
    print(f"CHAOS_SEED={seed}")
    known = referenced(chaos.daemon)
    run = run_of(known, random.Random(seed))
    words = serve_all(chaos, run)
    print(dict(words))
    assert sum(words.values()) == REQUESTS
    assert words["answered"] > REQUESTS / 3  # or it shows nothing of the texts
    assert words["broken off"] + words["device_unavailable"] > 0

    # It is well again: ready, one worker, and the same words as before.
    chaos.daemon.wait_until_ready()
    assert eventually(lambda: len(chaos.workers()) == 1)
    for body, reference in itertools.islice(known, 6):
        assert answered(chaos.daemon, body) == reference
    assert chaos.daemon.get("/health")[1]["worker_restarts"] >= REQUESTS / BLOCK / 2
    assert "a bug" not in chaos.daemon.log
    assert chaos.daemon.stop() == 0
    assert chaos.workers() == []


# A storm: the same with clients that are broken or hostile, and what is left of it.

STORM_REQUESTS = 120
NUISANCES = 40


def nuisance(chaos: Chaos, chance: random.Random) -> None:
    """One client that does not behave; none of these gets an answer, nor may one cost the others theirs."""
    host, _, port = chaos.address.partition(":")
    body = json.dumps({**ask("Describe everything in detail.", RED), "stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    sent = chance.choice(
        [
            b"",
            head[: chance.randrange(1, len(head))],
            head + body[: chance.randrange(len(body))],
            head + body,  # and then it reads nothing
            (head + body) * 3,
            chance.randbytes(200),
            b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: again\r\n\r\n",
        ]
    )
    with contextlib.suppress(ConnectionError), socket.create_connection((host, int(port)), PATIENCE_S) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(sent)
        if chance.random() < 0.5:  # a reset, in the place of a polite end
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def flood(chaos: Chaos) -> Counter[str]:
    """More at once than there are places: each is answered, or told when to come again."""
    asked = Asked(number=0, body=ask("Describe."), reference=NOTHING, streams=False, leaves_after=None, fault=None)

    def one() -> str:
        connection = http.client.HTTPConnection(chaos.address, timeout=PATIENCE_S)
        try:
            connection.request("POST", "/v1/chat/completions", json.dumps(asked.body))
            response = connection.getresponse()
            if response.status != 200:
                return check_refusal(response)
            response.read()
            return "answered"
        finally:
            connection.close()

    with ThreadPoolExecutor(30) as pool:
        return Counter(done.result() for done in [pool.submit(one) for _ in range(30)])


NOTHING = Reference(text="", reason="", usage={})


def held(daemon: Daemon) -> tuple[int, int]:
    """Descriptors and threads of the daemon's process."""
    process = Path(f"/proc/{daemon.process.pid}")
    return len(list((process / "fd").iterdir())), len(list((process / "task").iterdir()))


def idle(daemon: Daemon) -> bool:
    queue = daemon.get("/health")[1]["queue"]
    return bool(queue["running"] == queue["waiting"] == 0)


def samples(daemon: Daemon) -> list[Sample]:
    with urllib.request.urlopen(f"{daemon.url}/metrics", timeout=PATIENCE_S) as response:
        page = response.read().decode()
    return [sample for family in text_string_to_metric_families(page) for sample in family.samples]


def total(found: list[Sample], name: str, **labels: str) -> float:
    return sum(one.value for one in found if one.name == name and labels.items() <= one.labels.items())


def test_after_a_storm_the_sums_agree_and_nothing_is_left(chaos: Chaos, seed: int) -> None:
    print(f"CHAOS_SEED={seed}")
    chance, daemon = random.Random(seed), chaos.daemon
    known = referenced(daemon)
    before = held(daemon)
    asked = run_of(known, chance)[:STORM_REQUESTS]
    with ThreadPoolExecutor(3) as pool:
        storm = pool.submit(serve_all, chaos, asked)
        nuisances = pool.submit(lambda: [nuisance(chaos, chance) for _ in range(NUISANCES)])
        flooded = pool.submit(flood, chaos)
        words, refused = storm.result(), flooded.result()
        nuisances.result()
    print(dict(words), dict(refused))
    assert sum(words.values()) == STORM_REQUESTS
    assert sum(refused.values()) == 30

    daemon.wait_until_ready()
    assert eventually(lambda: idle(daemon))
    jobs, found = daemon.get("/health")[1]["jobs"], samples(daemon)
    ended = sum(jobs[outcome] for outcome in Outcome)
    assert jobs["admitted"] == ended == total(found, "hailo_vision_jobs_total")
    assert sum(jobs["refused"].values()) == total(found, "hailo_vision_refusals_total")
    # Every request that came whole to its route has its line in the log and its count, whatever became of it.
    counted = total(found, "hailo_vision_requests_total", endpoint="/v1/chat/completions")
    assert counted >= ended
    assert eventually(lambda: daemon.log.count(" endpoint=/v1/chat/completions ") == counted)
    # No descriptor and no thread more than before the storm; the worker is one process as it was.
    assert eventually(lambda: held(daemon)[0] <= before[0] and held(daemon)[1] <= before[1] + PICTURE_THREADS)
    assert eventually(lambda: len(chaos.workers()) == 1)
    assert "a bug" not in daemon.log


PICTURE_THREADS = 4  # pools grow with their first work, and the loop's own look up names


def test_a_stop_in_the_storm_answers_everybody_or_says_why_not(chaos: Chaos, seed: int) -> None:
    print(f"CHAOS_SEED={seed}")
    known = referenced(chaos.daemon)
    asked = [one for one in run_of(known, random.Random(seed)) if one.leaves_after is None][:CLIENTS]
    with ThreadPoolExecutor(CLIENTS) as pool:
        sent = [pool.submit(chaos._send, one) for one in asked]
        code = chaos.daemon.stop()
        ends = [done.exception() or done.result() for done in sent]
    assert code == 0
    # Who had not connected yet meets a closed port; everybody else has an answer, a refusal or an error event.
    assert all(isinstance(end, str | ConnectionRefusedError) for end in ends), ends
    assert chaos.workers() == []
