"""Pulling from a server that misbehaves: in the end there is the right file, or a clear message and nothing else."""

import asyncio
import ctypes
import errno
import fcntl
import hashlib
import os
import random
import resource
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.models.catalogue import ModelFile
from hailo_vision.models.download import Limits
from hailo_vision.models.events import Event, Hashed, Received, Started, StartedOver, Waits
from hailo_vision.models.pull import Pulled, pull
from hailo_vision.models.store import model_path
from models.mirror import (
    Mirror,
    Way,
    chunked,
    drops_after,
    gives,
    gives_a_little_of_the_range,
    gives_another_range,
    gives_ranges_of_a_changed_file,
    hef,
    ignores_ranges,
    says,
    stalls_after,
)

BODY = hef()
HALF = len(BODY) // 2
HASTE = Limits(connect_s=5, silence_s=5, tries=3, first_wait_s=0.01, max_wait_s=0.05, spare_bytes=0)
FILE = ModelFile(
    model="tiny",
    release="5.1.1",
    file="Tiny.hef",
    url="https://vendor.example/v5.1.1/blob/Tiny.hef",
    licence="none",
    listed_bytes=len(BODY),
    size_bytes=len(BODY),
    sha256=hashlib.sha256(BODY).hexdigest(),
)
UNCHARTED = replace(FILE, size_bytes=None, sha256=None)  # as the vendor's tables are


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Pulling:
    """Pulls into one folder, and keeps what was reported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []

    async def __call__(self, mirror: Mirror, file: ModelFile = FILE, *, force: bool = False, **limits: float) -> Pulled:
        self.events.clear()

        def report(event: Event) -> None:
            self.events.append(event)
            if isinstance(event, Received):
                mirror.arrived_bytes = event.done_bytes

        return await pull(
            file,
            self.folder,
            report=report,
            mirror=mirror.url,
            force=force,
            limits=replace(HASTE, **limits),
        )

    async def refusal(self, mirror: Mirror, file: ModelFile = FILE, **options: float) -> ModelError:
        with pytest.raises(ModelError) as caught:
            await self(mirror, file, **options)  # type: ignore[arg-type]
        return caught.value

    def seen(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def names(self) -> list[str]:
        return sorted(os.listdir(self.folder))

    def is_whole(self, body: bytes = BODY) -> bool:
        return self.names == ["Tiny.hef", "Tiny.hef.json"] and (self.folder / "Tiny.hef").read_bytes() == body


@pytest.fixture
def pulling(tmp_path: Path) -> Pulling:
    return Pulling(tmp_path / "models")


async def test_a_file_comes_whole_and_is_readable_for_everybody(pulling: Pulling) -> None:
    before = os.umask(0o077)
    try:
        async with Mirror(BODY) as mirror:
            pulled = await pulling(mirror)
    finally:
        os.umask(before)
    assert pulling.is_whole()
    assert [request.path for request in mirror.asked] == ["/v5.1.1/blob/Tiny.hef"]
    assert stat.S_IMODE(pulling.folder.stat().st_mode) == 0o755
    assert [stat.S_IMODE((pulling.folder / name).stat().st_mode) for name in pulling.names] == [0o644, 0o644]
    assert pulled.fetched
    assert (pulled.origin.release, pulled.origin.sha256) == ("5.1.1", FILE.sha256)
    assert pulled.model.origin == pulled.origin


async def test_a_file_that_is_there_is_not_fetched_again(pulling: Pulling) -> None:
    async with Mirror(BODY) as mirror:
        await pulling(mirror)
        again = await pulling(mirror)
    assert not again.fetched
    assert len(mirror.asked) == 1


async def test_force_fetches_it_again(pulling: Pulling) -> None:
    async with Mirror(BODY) as mirror:
        await pulling(mirror)
        assert (await pulling(mirror, force=True)).fetched
    assert len(mirror.asked) == 2


async def test_a_file_of_another_release_is_replaced(pulling: Pulling) -> None:
    newer = hef(seed=2)
    async with Mirror(BODY) as mirror:
        await pulling(mirror, UNCHARTED)
        mirror.body = newer
        pulled = await pulling(mirror, replace(UNCHARTED, release="5.2.0"))
    assert pulling.is_whole(newer)
    assert pulled.model.origin
    assert pulled.model.origin.release == "5.2.0"


async def test_a_file_that_was_cut_short_on_the_disk_is_fetched_again(pulling: Pulling) -> None:
    async with Mirror(BODY) as mirror:
        await pulling(mirror)
        os.truncate(pulling.folder / "Tiny.hef", HALF)
        await pulling(mirror)
    assert pulling.is_whole()


async def test_a_file_that_somebody_else_put_there_is_not_overwritten_unasked(pulling: Pulling) -> None:
    pulling.folder.mkdir()
    (pulling.folder / "Tiny.hef").write_bytes(b"mine")
    async with Mirror(BODY) as mirror:
        refusal = await pulling.refusal(mirror)
        assert refusal.fault is ModelFault.IN_THE_WAY
        assert "--force" in str(refusal)
        assert (pulling.names, len(mirror.asked)) == (["Tiny.hef"], 0)
        await pulling(mirror, force=True)
    assert pulling.is_whole()


async def test_a_file_that_somebody_else_put_there_is_taken_where_its_hash_is_known(pulling: Pulling) -> None:
    pulling.folder.mkdir()
    (pulling.folder / "Tiny.hef").write_bytes(BODY)
    async with Mirror(BODY) as mirror:
        assert not (await pulling(mirror)).fetched
    assert mirror.asked == []
    assert pulling.is_whole()


# The connection breaks


async def test_a_connection_that_breaks_goes_on_where_it_broke(pulling: Pulling) -> None:
    async with Mirror(BODY, drops_after(HALF), drops_after(1000)) as mirror:
        await pulling(mirror)
    assert pulling.is_whole()
    assert mirror.ranges == [None, f"bytes={HALF}-", f"bytes={HALF + 1000}-"]
    assert [request.headers.get("If-Range") for request in mirror.asked] == [None, '"one"', '"one"']
    assert len(pulling.seen(Waits)) == 2


async def test_without_an_etag_the_date_tells_whether_the_file_is_the_same(pulling: Pulling) -> None:
    async with Mirror(BODY, drops_after(HALF)) as mirror:
        mirror.etag, mirror.last_modified = 'W/"weak"', "Fri, 20 Nov 2026 10:00:00 GMT"
        await pulling(mirror)
    assert pulling.is_whole()
    assert mirror.asked[1].headers["If-Range"] == mirror.last_modified


async def test_without_etag_and_date_it_begins_anew(pulling: Pulling) -> None:
    async with Mirror(BODY, drops_after(HALF)) as mirror:
        mirror.etag = None
        await pulling(mirror)
    assert pulling.is_whole()
    assert mirror.ranges == [None, None]


async def test_a_server_that_hangs_up_always_is_given_up_on_and_what_came_is_kept(pulling: Pulling) -> None:
    async with Mirror(BODY, drops_after(1000), drops_after(1000), drops_after(1000)) as mirror:
        refusal = await pulling.refusal(mirror)
        assert refusal.fault is ModelFault.BROKEN_OFF
        assert "the same command goes on from there" in str(refusal)
        assert pulling.names == ["Tiny.hef.part", "Tiny.hef.part.json"]
        assert (pulling.folder / "Tiny.hef.part").stat().st_size == 3000
        await pulling(mirror)
    assert pulling.is_whole()
    assert mirror.ranges[3] == "bytes=3000-"
    assert pulling.seen(Hashed) == [Hashed(done_bytes=3000, size_bytes=3000)]


async def test_tries_that_bring_much_do_not_count(pulling: Pulling) -> None:
    async with Mirror(BODY, *[drops_after(30_000)] * 6) as mirror:
        await pulling(mirror, worthwhile_bytes=30_000)
    assert pulling.is_whole()


async def test_a_server_without_ranges_that_always_hangs_up_does_not_keep_it_busy_for_ever(pulling: Pulling) -> None:
    async with Mirror(BODY, *[drops_after(HALF)] * 10) as mirror:
        mirror.etag = None
        refusal = await pulling.refusal(mirror, worthwhile_bytes=1000)
    assert refusal.fault is ModelFault.BROKEN_OFF
    assert len(mirror.asked) == 3
    assert pulling.names == []


async def test_silence_is_a_broken_connection(pulling: Pulling) -> None:
    async with Mirror(BODY, stalls_after(HALF)) as mirror:
        await pulling(mirror, silence_s=0.2)
    assert pulling.is_whole()
    assert mirror.ranges == [None, f"bytes={HALF}-"]
    assert "silent" in next(event.why for event in pulling.events if isinstance(event, Waits))


async def test_nobody_at_the_address_is_said_and_leaves_nothing(pulling: Pulling) -> None:
    async with Mirror(BODY) as mirror:
        pass
    refusal = await pulling.refusal(mirror)
    assert refusal.fault is ModelFault.BROKEN_OFF
    assert "nothing answers at 127.0.0.1" in str(refusal)
    assert pulling.names == []


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_that_is_busy_is_asked_again(pulling: Pulling, status: int) -> None:
    async with Mirror(BODY, says(status, Retry_After="0"), says(status)) as mirror:
        await pulling(mirror)
    assert pulling.is_whole()


# The server's file is another one by now


async def test_a_file_that_changed_between_two_tries_begins_anew(pulling: Pulling) -> None:
    newer = hef(150_000, seed=2)
    async with Mirror(BODY, drops_after(HALF), drops_after(1000)) as mirror:
        await pulling.refusal(mirror, UNCHARTED, tries=1)
        mirror.body, mirror.etag = newer, '"two"'
        await pulling(mirror, UNCHARTED)
    assert pulling.is_whole(newer)
    assert mirror.ranges == [None, f"bytes={HALF}-", "bytes=1000-"]
    assert pulling.seen(StartedOver) == [StartedOver(lost_bytes=HALF)]


@pytest.mark.parametrize("way", [ignores_ranges, gives_another_range, gives_ranges_of_a_changed_file, says(416)])
async def test_an_answer_that_is_not_the_rest_of_the_file_begins_anew(pulling: Pulling, way: Way) -> None:
    async with Mirror(BODY, drops_after(HALF), way) as mirror:
        await pulling(mirror)
    assert pulling.is_whole()
    assert pulling.seen(StartedOver) == [StartedOver(lost_bytes=HALF)]


async def test_a_little_of_the_rest_is_a_little_further(pulling: Pulling) -> None:
    async with Mirror(BODY, drops_after(HALF), gives_a_little_of_the_range) as mirror:
        await pulling(mirror)
    assert pulling.is_whole()
    assert mirror.ranges[2] == f"bytes={HALF + 1000}-"


async def test_a_part_of_another_release_is_not_gone_on_with(pulling: Pulling) -> None:
    newer = replace(UNCHARTED, release="5.2.0", url=FILE.url.replace("5.1.1", "5.2.0"))
    async with Mirror(BODY, drops_after(HALF)) as mirror:
        await pulling.refusal(mirror, UNCHARTED, tries=1)
        await pulling(mirror, newer)
    assert pulling.is_whole()
    assert mirror.ranges == [None, None]


async def test_a_part_that_came_whole_is_not_asked_for_again(pulling: Pulling) -> None:
    async with Mirror(BODY, drops_after(HALF)) as mirror:
        await pulling.refusal(mirror, tries=1)
        note = model_path(pulling.folder, "Tiny.hef").part_note
        note.write_text(note.read_text().replace(f'"synced_bytes": {HALF}', f'"synced_bytes": {len(BODY)}'))
        (pulling.folder / "Tiny.hef.part").write_bytes(BODY)
        await pulling(mirror)
    assert pulling.is_whole()
    assert len(mirror.asked) == 1


async def test_what_a_power_cut_may_have_left_as_zeros_is_not_used(pulling: Pulling) -> None:
    async with Mirror(BODY, drops_after(HALF)) as mirror:
        await pulling.refusal(mirror, tries=1)
        with (pulling.folder / "Tiny.hef.part").open("ab") as file:
            file.write(bytes(10_000))
        await pulling(mirror)
    assert pulling.is_whole()
    assert mirror.ranges[1] == f"bytes={HALF}-"


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"url": 1}'])
async def test_a_part_with_a_note_that_says_nothing_begins_anew(pulling: Pulling, note: str) -> None:
    async with Mirror(BODY, drops_after(HALF)) as mirror:
        await pulling.refusal(mirror, tries=1)
        model_path(pulling.folder, "Tiny.hef").part_note.write_text(note)
        await pulling(mirror)
    assert pulling.is_whole()
    assert mirror.ranges == [None, None]


# What came is not the file


@pytest.mark.parametrize(
    ("way", "fault", "said"),
    [
        (says(404), ModelFault.REFUSED, "is not there"),
        (says(403), ModelFault.REFUSED, "does not give the file to everybody"),
        (says(407), ModelFault.REFUSED, "https_proxy="),
        (says(204), ModelFault.REFUSED, "status 204"),
        (says(200, b"<html>Log in!</html>", Content_Type="text/html"), ModelFault.WRONG_FILE, "web page"),
        (says(200, BODY, Content_Encoding="br"), ModelFault.WRONG_FILE, "compressed"),
        (gives(BODY[:-1]), ModelFault.WRONG_FILE, "199,999 bytes instead of 200,000"),
        (gives(BODY + b"x"), ModelFault.WRONG_FILE, "200,001 bytes instead of 200,000"),
        (gives(BODY[:-1] + b"x"), ModelFault.WRONG_FILE, "SHA-256"),
        (gives(hef(version=2)), ModelFault.WRONG_FILE, "for the Hailo-8"),
        (says(302, Location="/elsewhere"), ModelFault.REFUSED, "is not there"),
        (says(302, Location="file:///etc/passwd"), ModelFault.REFUSED, "leads to no file"),
    ],
)
async def test_what_can_not_become_the_file_is_said_and_leaves_nothing(
    pulling: Pulling, way: Way, fault: ModelFault, said: str
) -> None:
    async with Mirror(BODY, way, says(404)) as mirror:
        refusal = await pulling.refusal(mirror)
    assert (refusal.fault, said in str(refusal)) == (fault, True), str(refusal)
    assert pulling.names == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"<!doctype html>" * 20, "page for browsers"),
        (b"PK\3\4" * 100, "is no HEF"),
        (BODY[:40], "ends within its header"),
        (BODY[:-1], "shorter than its header says"),
        (BODY + b"x", "longer than its header says"),
        (hef(version=4), "only version 3 is known"),
    ],
)
async def test_a_file_of_which_no_hash_is_known_must_agree_with_its_header(
    pulling: Pulling, body: bytes, said: str
) -> None:
    async with Mirror(body) as mirror:
        refusal = await pulling.refusal(mirror, UNCHARTED)
    assert (refusal.fault, said in str(refusal)) == (ModelFault.WRONG_FILE, True), str(refusal)
    assert pulling.names == []


async def test_something_else_is_noticed_before_all_of_it_has_come(pulling: Pulling) -> None:
    async with Mirror(b"no" * 2_000_000) as mirror:
        await pulling.refusal(mirror, replace(UNCHARTED, listed_bytes=4_000_000))
    assert max(event.done_bytes for event in pulling.events if isinstance(event, Received)) < 3_000_000


async def test_a_file_of_unknown_size_does_not_fill_the_disk(pulling: Pulling) -> None:
    async with Mirror(BODY * 20, chunked) as mirror:
        refusal = await pulling.refusal(mirror, UNCHARTED)
    assert "more than 400,000 bytes" in str(refusal)
    assert pulling.names == []


@pytest.mark.parametrize("announced", ["-1", "9" * 15, "9" * 400, "9" * 5000, "NaN", "1e999"])
@pytest.mark.parametrize("file", [FILE, UNCHARTED])
async def test_an_absurd_length_is_an_error_in_a_sentence(
    pulling: Pulling, monkeypatch: pytest.MonkeyPatch, file: ModelFile, announced: str
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {announced}\r\n\r\n".encode() + BODY[:1000])
            await writer.drain()
            writer.close()

    async with Mirror(BODY) as mirror, await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        mirror.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        refusal = await pulling.refusal(mirror, file)
    assert refusal.fault in (ModelFault.WRONG_FILE, ModelFault.BROKEN_OFF), str(refusal)
    assert len(str(refusal)) < 300
    assert pulling.names == []


async def test_a_length_within_reason_is_taken_where_only_the_size_is_known(pulling: Pulling) -> None:
    async with Mirror(BODY) as mirror:
        await pulling(mirror, replace(UNCHARTED, size_bytes=len(BODY) + 1000))
    assert pulling.is_whole()


async def test_redirects_without_end_are_refused(pulling: Pulling) -> None:
    async with Mirror(BODY, *[says(302, Location="/again")] * 20) as mirror:
        refusal = await pulling.refusal(mirror)
    assert (refusal.fault, "leads to no file" in str(refusal)) == (ModelFault.REFUSED, True)
    assert len(mirror.asked) == 9


async def test_a_wrong_file_leaves_the_right_one_alone(pulling: Pulling) -> None:
    async with Mirror(BODY) as mirror:
        await pulling(mirror)
        mirror.body = BODY[:-1] + b"x"
        await pulling.refusal(mirror, force=True)  # type: ignore[arg-type]
    assert pulling.is_whole()


async def test_a_server_that_does_not_tell_the_size_is_taken(pulling: Pulling) -> None:
    async with Mirror(BODY, chunked) as mirror:
        await pulling(mirror, UNCHARTED)
    assert pulling.is_whole()
    assert pulling.seen(Started) == [Started(url=f"{mirror.url}/v5.1.1/blob/Tiny.hef", have_bytes=0, size_bytes=None)]


async def test_a_redirect_is_followed(pulling: Pulling) -> None:
    async with Mirror(BODY, says(302, Location="/x"), drops_after(HALF), says(307, Location="/y")) as mirror:
        await pulling(mirror)
    assert pulling.is_whole()
    assert [request.path for request in mirror.asked] == ["/v5.1.1/blob/Tiny.hef", "/x", "/v5.1.1/blob/Tiny.hef", "/y"]
    assert mirror.ranges == [None, None, f"bytes={HALF}-", f"bytes={HALF}-"]


# The disk


async def test_a_disk_without_room_is_said_before_anything_comes(pulling: Pulling) -> None:
    async with Mirror(BODY) as mirror:
        refusal = await pulling.refusal(mirror, spare_bytes=1 << 60)
    assert refusal.fault is ModelFault.DISK_FULL
    assert "MB free" in str(refusal)
    assert pulling.seen(Received) == []
    assert pulling.names == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)  # a small system has no mount program
    if libc.mount(b"none", bytes(folder), b"tmpfs", 0, b"size=160k") != 0:
        pytest.skip("only root may mount a small disk")
    yield folder
    assert libc.umount(bytes(folder)) == 0


async def test_a_disk_that_becomes_full_on_the_way_is_left_as_it_was(small_disk: Path) -> None:
    pulling = Pulling(small_disk)
    async with Mirror(BODY, chunked) as mirror:
        refusal = await pulling.refusal(mirror, replace(UNCHARTED, listed_bytes=HALF))
    assert refusal.fault is ModelFault.DISK_FULL
    assert "became full" in str(refusal)
    assert pulling.names == []


async def test_a_limit_of_the_file_system_is_like_a_full_disk(pulling: Pulling) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with Mirror(BODY) as mirror:
        resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, hard))
        try:
            refusal = await pulling.refusal(mirror)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refusal.fault is ModelFault.DISK_FULL
    assert isinstance(refusal.__cause__, OSError)
    assert refusal.__cause__.errno == errno.EFBIG
    assert pulling.names == []


async def test_a_folder_that_can_not_be_made_is_said(pulling: Pulling) -> None:
    pulling.folder.write_text("a file")
    async with Mirror(BODY) as mirror:
        refusal = await pulling.refusal(mirror)
    assert refusal.fault is ModelFault.DISK_FAILED
    assert str(pulling.folder) in str(refusal)


async def test_a_part_that_is_a_symbolic_link_is_not_written_through(pulling: Pulling, tmp_path: Path) -> None:
    pulling.folder.mkdir()
    (tmp_path / "precious").write_text("precious")
    (pulling.folder / "Tiny.hef.part").symlink_to(tmp_path / "precious")
    async with Mirror(BODY) as mirror:
        await pulling.refusal(mirror)
    assert (tmp_path / "precious").read_text() == "precious"


# Others at the same time, and the end in the middle


async def test_a_second_pull_of_the_same_file_says_that_there_is_a_first(pulling: Pulling, tmp_path: Path) -> None:
    second = Pulling(pulling.folder)
    async with Mirror(BODY, stalls_after(HALF)) as mirror, asyncio.TaskGroup() as group:
        first = group.create_task(pulling(mirror))
        async with asyncio.timeout(10):
            while not pulling.seen(Received):
                await asyncio.sleep(0.01)
        refusal = await second.refusal(mirror)
        mirror.go_on.set()
        await first
    assert refusal.fault is ModelFault.BUSY
    assert "Another process is downloading Tiny.hef" in str(refusal)
    assert pulling.is_whole()


async def test_a_part_that_vanished_between_open_and_lock_is_made_anew(pulling: Pulling) -> None:
    pulling.folder.mkdir()
    part = pulling.folder / "Tiny.hef.part"
    with part.open("wb") as gone:
        fcntl.flock(gone, fcntl.LOCK_EX)
        part.unlink()
        async with Mirror(BODY) as mirror:
            await pulling(mirror)
    assert pulling.is_whole()


async def test_a_cancelled_pull_keeps_what_has_come(pulling: Pulling) -> None:
    async with Mirror(BODY, stalls_after(HALF)) as mirror:
        task = asyncio.create_task(pulling(mirror))
        async with asyncio.timeout(10):
            while not pulling.seen(Received) or pulling.events[-1] != Received(done_bytes=HALF, size_bytes=len(BODY)):
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert model_path(pulling.folder, "Tiny.hef").part_bytes == HALF
        await pulling(mirror)
    assert pulling.is_whole()
    assert mirror.ranges == [None, f"bytes={HALF}-"]


@pytest.mark.parametrize("way", ["cancelled", "broken off", "whole"])
async def test_the_disk_is_never_waited_for_on_the_event_loop(
    pulling: Pulling, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The daemon pulls too, and an SD card takes seconds for what it has not written yet."""
    threads: list[threading.Thread] = []
    for name in ("fsync", "pwrite", "truncate"):
        real = getattr(os, name)

        def noted(*arguments: int, real: Callable[..., int] = real) -> int:
            threads.append(threading.current_thread())
            return real(*arguments)

        monkeypatch.setattr(f"hailo_vision.models.part.os.{name}", noted)
    ways = {"cancelled": [stalls_after(HALF)], "broken off": [drops_after(HALF), *[says(503)] * 3], "whole": []}
    async with Mirror(BODY, *ways[way]) as mirror:
        task = asyncio.create_task(pulling(mirror, tries=2))
        if way == "cancelled":
            await mirror.arrival_of(HALF)
            task.cancel()
        with suppress(ModelError, asyncio.CancelledError):
            await task
    assert threads
    assert threading.current_thread() not in threads


async def test_a_disk_that_fails_while_the_part_is_kept_does_not_hide_the_cancellation(
    pulling: Pulling, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    async with Mirror(BODY, stalls_after(HALF)) as mirror:
        task = asyncio.create_task(pulling(mirror))
        await mirror.arrival_of(HALF)
        monkeypatch.setattr("hailo_vision.models.part.os.fsync", fails)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("host", ["a" * 64, f"{'a' * 64}.example", "a..example"])
async def test_a_redirect_to_a_name_that_dns_can_not_have_is_refused(pulling: Pulling, host: str) -> None:
    async with Mirror(BODY, says(302, Location=f"http://{host}/Tiny.hef")) as mirror:
        refusal = await pulling.refusal(mirror)
    assert refusal.fault is ModelFault.REFUSED
    assert pulling.names == []


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_a_server_does_a_file_in_its_place_is_the_right_one(pulling: Pulling, seed: int) -> None:
    dice = random.Random(seed)
    known: list[Way] = [ignores_ranges, gives_another_range, gives_ranges_of_a_changed_file, chunked]
    known += [gives_a_little_of_the_range, says(503), says(404), says(416), says(200, b"<html>" * 50)]
    known += [drops_after(dice.randrange(len(BODY) // 2)) for _ in range(6)]
    async with Mirror(BODY, *dice.choices(known, k=12)) as mirror:
        while mirror.ways:
            with suppress(ModelError):
                await pulling(mirror, UNCHARTED, force=True)
            if pulling.names and "Tiny.hef" in pulling.names:
                assert (pulling.folder / "Tiny.hef").read_bytes() == BODY
        await pulling(mirror, UNCHARTED, force=True)
    assert pulling.is_whole()


async def test_a_password_in_the_mirrors_address_is_used_and_not_kept(pulling: Pulling) -> None:
    async with Mirror(BODY, drops_after(HALF)) as mirror:
        mirror.url = mirror.url.replace("//", "//me:s3cret@")
        await pulling(mirror)
    assert mirror.asked[0].headers["Authorization"].startswith("Basic ")
    assert "s3cret" not in repr(pulling.events) + (pulling.folder / "Tiny.hef.json").read_text()
