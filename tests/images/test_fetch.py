"""Fetching from servers that behave and from servers that do not."""

import asyncio
import gzip
import math
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver
from waiters import ANYONE

from hailo_vision.config.settings import Images
from hailo_vision.errors import ImageFault
from hailo_vision.images.bad_image import BadImage
from hailo_vision.images.fetch import Fetcher
from hailo_vision.lookup import MAX_LOOKUPS
from hailo_vision.scheduler.turns import Waiter
from harness import PATIENCE_S
from images.sites import Answer, Directory, Site, drip, flood, ok, redirect, response, silence

HERE = ("127.0.0.1",)
SECRET = "internal-token-4711"
GENERIC = "could not be downloaded from its address. Send the picture itself as a data: URI."


class Fetching:
    """A fetcher for each picture."""

    async def __call__(
        self,
        url: str,
        *,
        allow: tuple[str, ...] = HERE,
        resolver: AbstractResolver | None = None,
        timeout_s: float = 10,
        max_mb: float = 1,
        enabled: bool = True,
    ) -> bytes:
        settings = Images(fetch=enabled, fetch_allow=allow, fetch_timeout_s=timeout_s, fetch_max_mb=max_mb)
        async with AsyncExitStack() as held:
            return await Fetcher(settings, resolver=resolver).fetch(url, ANYONE, held)

    async def refusal(self, url: str, **options: object) -> BadImage:
        with pytest.raises(BadImage) as caught:
            await self(url, **options)  # type: ignore[arg-type]
        assert SECRET not in caught.value.reason
        assert "127.0.0" not in caught.value.reason
        return caught.value


@pytest.fixture
async def fetch() -> AsyncIterator[Fetching]:
    yield Fetching()
    # Transports are closed by callbacks; the next test begins without them.
    await asyncio.sleep(0)


async def test_a_picture_is_fetched_as_it_is(fetch: Fetching) -> None:
    body = bytes(range(256)) * 1000
    async with Site({"/a.jpg?x=1": ok(body)}) as site:
        assert await fetch(site.url("/a.jpg?x=1#part")) == body
        head = site.requests[0].lower()
    assert "accept-encoding: identity\r\n" in head
    assert "user-agent: hailo-vision/" in head
    assert f"host: {site.host}:{site.port}\r\n" in head


async def test_a_body_without_a_length_is_read_to_its_end(fetch: Fetching) -> None:
    async def until_close(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nabc")
        writer.write_eof()

    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    async with Site({"/close": until_close, "/chunked": chunked}) as site:
        assert await fetch(site.url("/close")) == b"abc"
        assert await fetch(site.url("/chunked")) == b"abc"


@pytest.mark.parametrize(
    "answer",
    [
        response("404 Not Found", SECRET.encode()),
        response("500 Internal Server Error", SECRET.encode()),
        response("401 Unauthorized", SECRET.encode(), WWW_Authenticate=f"Basic realm={SECRET}"),
        response(f"418 {SECRET}"),
        response("204 No Content"),
        response("206 Partial Content", SECRET.encode()),
        response("304 Not Modified"),
        response("302 Found"),
        redirect("http://[broken"),
        SECRET.encode() + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Length: 5\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        ok(gzip.compress(bytes(1000), mtime=0), Content_Encoding="gzip"),
        ok(b"x", Content_Encoding="br"),
    ],
)
async def test_whatever_a_server_does_wrong_gets_one_answer_that_repeats_nothing(
    fetch: Fetching, answer: bytes
) -> None:
    async def answer_and_leave(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.write_eof()

    async with Site({"/": answer_and_leave}) as site:
        refused = await fetch.refusal(site.url())
    assert (refused.fault, refused.reason) == (ImageFault.NOT_FETCHED, GENERIC)


async def test_a_body_that_ends_too_soon_is_no_picture(fetch: Fetching) -> None:
    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
        writer.close()

    async with Site({"/": half}) as site:
        assert (await fetch.refusal(site.url())).reason == GENERIC


async def test_a_port_without_a_server_gets_the_same_answer(fetch: Fetching) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        refused = await fetch.refusal(f"http://127.0.0.1:{closed.getsockname()[1]}/")
    assert (refused.fault, refused.reason) == (ImageFault.NOT_FETCHED, GENERIC)


async def test_https_with_a_server_that_has_no_certificate_gets_the_same_answer(fetch: Fetching) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response("400 Bad Request", b"this is plain HTTP"))
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        refused = await fetch.refusal(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert (refused.fault, refused.reason) == (ImageFault.NOT_FETCHED, GENERIC)


@pytest.mark.parametrize("name", ["no-such-name.invalid", f"{'a' * 64}.com", f"{'a.' * 130}com"])
async def test_names_that_do_not_resolve_get_the_same_answer(fetch: Fetching, name: str) -> None:
    refused = await fetch.refusal(f"http://{name}/")
    assert refused.fault in (ImageFault.NOT_FETCHED, ImageFault.BAD_ADDRESS)
    assert name not in refused.reason


async def test_fetching_can_be_switched_off(fetch: Fetching) -> None:
    async with Site({"/": ok(b"abc")}) as site:
        refused = await fetch.refusal(site.url(), enabled=False)
        assert site.connections == 0
    assert refused.fault == ImageFault.BAD_ADDRESS
    assert refused.reason.endswith("Send the picture itself as a data: URI.")


# Redirects


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
)
async def test_redirects_are_followed(fetch: Fetching, status: str) -> None:
    async with Site({"/1": redirect("/dir/2", status), "/dir/2": redirect("3?x"), "/dir/3?x": ok(b"abc")}) as site:
        assert await fetch(site.url("/1")) == b"abc"


async def test_redirects_are_counted(fetch: Fetching) -> None:
    answers: dict[str, Answer] = {f"/{hop}": redirect(f"/{hop + 1}") for hop in range(4)}
    async with Site({**answers, "/4": ok(b"abc")}) as site:
        assert await fetch(site.url("/1")) == b"abc"
        refused = await fetch.refusal(site.url("/0"))
        assert len(site.requests) == 4 + 4
    assert refused.fault == ImageFault.NOT_FETCHED
    assert "more than 3 redirects" in refused.reason


async def test_a_redirect_to_an_address_that_is_not_open_is_refused_before_it_is_connected_to(fetch: Fetching) -> None:
    async with Site({"/": ok(SECRET.encode())}, host="127.0.0.2") as inner, Site({}) as outer:
        outer.answers["/"] = redirect(inner.url())
        refused = await fetch.refusal(outer.url())
        assert (outer.connections, inner.connections) == (1, 0)
    assert refused.fault == ImageFault.BAD_ADDRESS
    assert "not on the public internet" in refused.reason


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2/",
        "//127.0.0.2/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:169.254.169.254]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "https://user:pass@example.com/",
        "http://localhost/",
        "file:///etc/passwd",
        "ftp://example.com/a.jpg",
        "data:image/png;base64,AAAA",
        "http://1.1.1.1:22/",
    ],
)
async def test_redirects_are_checked_like_addresses(fetch: Fetching, location: str) -> None:
    async with Site({"/": redirect(location)}) as site:
        refused = await fetch.refusal(site.url(), resolver=Directory([("127.0.0.2", 80)]))
    assert refused.fault == ImageFault.BAD_ADDRESS


async def test_cookies_are_neither_kept_nor_sent(fetch: Fetching) -> None:
    async with Site({"/1": redirect("/2", Set_Cookie="a=b; Path=/"), "/2": ok(b"abc")}) as site:
        names = Directory([("127.0.0.1", site.port)])
        await fetch(f"http://camera.lan:{site.port}/1", allow=("camera.lan",), resolver=names)
        assert "cookie" not in site.requests[1].lower()


# Bounds


async def test_an_announced_size_over_the_limit_is_refused_unread(fetch: Fetching) -> None:
    async def announce(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n")

    async with Site({"/": announce}) as site:
        refused = await fetch.refusal(site.url())
        await asyncio.wait_for(site.left.wait(), 10)
    assert refused.fault == ImageFault.FILE_TOO_LARGE
    assert "more than 1 MB" in refused.reason


async def test_an_endless_body_is_cut_at_the_limit(fetch: Fetching) -> None:
    async with Site({"/": flood}) as site:
        assert (await fetch.refusal(site.url())).fault == ImageFault.FILE_TOO_LARGE
        await asyncio.wait_for(site.left.wait(), 10)


async def test_a_body_of_just_the_limit_is_taken(fetch: Fetching) -> None:
    async with Site({"/": ok(bytes(1_000_000)), "/more": ok(bytes(1_000_001))}) as site:
        assert len(await fetch(site.url())) == 1_000_000
        assert (await fetch.refusal(site.url("/more"))).fault == ImageFault.FILE_TOO_LARGE


@pytest.mark.parametrize("misbehave", [silence, drip])
async def test_a_slow_server_gets_no_more_than_its_time(fetch: Fetching, misbehave: Answer) -> None:
    async with Site({"/": misbehave}) as site:
        refused = await fetch.refusal(site.url(), timeout_s=0.2)
        await asyncio.wait_for(site.left.wait(), 10)
    assert refused.fault == ImageFault.NOT_FETCHED
    assert "within 0.2 s" in refused.reason


async def test_redirects_share_one_clock(fetch: Fetching) -> None:
    async def think(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.25)
        writer.write(redirect("/"))

    async with Site({"/": think}) as site:
        refused = await fetch.refusal(site.url(), timeout_s=0.6)
    assert "within 0.6 s" in refused.reason


async def test_a_cancelled_fetch_leaves_at_once(fetch: Fetching) -> None:
    async with Site({"/": silence}) as site:
        task = asyncio.ensure_future(fetch(site.url(), timeout_s=600))
        async with asyncio.timeout(10):
            while not site.requests:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await site.left.wait()


# Names and what they stand for


async def test_a_name_that_stands_for_loopback_is_refused_before_it_is_connected_to(fetch: Fetching) -> None:
    async with Site({"/": ok(SECRET.encode())}) as site:
        lies = Directory([("127.0.0.1", site.port)])
        refused = await fetch.refusal("http://pictures.example/", allow=(), resolver=lies)
        assert site.connections == 0
    assert refused.fault == ImageFault.BAD_ADDRESS
    assert "not on the public internet" in refused.reason


async def test_the_systems_own_name_for_loopback_is_refused(fetch: Fetching) -> None:
    async with Site({"/": ok(SECRET.encode())}) as site:
        await fetch.refusal(site.url(host="localhost"), allow=("10.0.0.0/8",))
        assert site.connections == 0


@pytest.mark.parametrize("hidden", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fe80::1%lo"])
@pytest.mark.parametrize("first", [True, False])
async def test_one_bad_address_among_good_ones_spoils_the_name(fetch: Fetching, hidden: str, first: bool) -> None:
    async with Site({"/": ok(SECRET.encode())}) as site:
        answer = [("1.1.1.1", 80), (hidden, site.port)]
        lies = Directory(answer[::-1] if first else answer)
        refused = await fetch.refusal("http://pictures.example/", allow=(), resolver=lies)
        assert site.connections == 0
    assert refused.fault == ImageFault.BAD_ADDRESS


async def test_a_name_that_changes_its_mind_between_two_requests_is_refused(fetch: Fetching) -> None:
    async with Site({"/": ok(SECRET.encode())}, host="127.0.0.2") as inner, Site({"/": redirect("/")}) as outer:
        rebinding = Directory([("127.0.0.1", outer.port)], [("127.0.0.2", inner.port)])
        refused = await fetch.refusal("http://pictures.example/", resolver=rebinding)
        assert (outer.connections, inner.connections) == (1, 0)
    assert refused.fault == ImageFault.BAD_ADDRESS


async def test_a_name_without_an_address_is_a_failed_download(fetch: Fetching) -> None:
    assert (await fetch.refusal("http://pictures.example/", resolver=Directory([]))).reason == GENERIC


async def test_a_listed_name_is_fetched_from_wherever_it_is(fetch: Fetching) -> None:
    async with Site({"/snap.jpg": ok(b"abc")}) as site:
        names = Directory([("127.0.0.1", site.port)])
        url = f"http://camera.lan:{site.port}/snap.jpg"
        assert await fetch(url, allow=("camera.lan",), resolver=names) == b"abc"
        assert f"host: camera.lan:{site.port}\r\n" in site.requests[0].lower()


async def test_proxies_of_the_environment_are_not_asked(fetch: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Site({"/": ok(b"abc")}) as site, Site({}) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
        assert await fetch(site.url()) == b"abc"
        assert proxy.connections == 0


SPELLINGS = [
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "00000127.0.0.1",
    "127.0.0.1.",
    "0.0.0.0",
    "0",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[::1%25lo]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ip6-localhost",
    "127.0.0.1.nip.io",
    "rebinding.example.com",
    "user@127.0.0.1",
    "example.com@127.0.0.1",
    "example.com\\@127.0.0.1",
    "１２７.０.０.１",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_loopback_reaches_it(fetch: Fetching, scheme: str) -> None:
    """A listed network leaves the decision about the port to the address, so that every name is resolved."""
    async with Site({"/": ok(b"secret")}, host="0.0.0.0") as site:
        for host in SPELLINGS:
            liar = Directory([("127.0.0.1", site.port)])
            for resolver in (liar, aiohttp.ThreadedResolver()) if "." not in host.rstrip(".") else (liar,):
                refused = await fetch.refusal(
                    f"{scheme}://{host}:{site.port}/", allow=("192.0.2.0/24",), resolver=resolver
                )
                assert refused.fault in (ImageFault.BAD_ADDRESS, ImageFault.NOT_FETCHED), host
        assert site.connections == 0
        assert await fetch(f"http://127.0.0.1:{site.port}/") == b"secret"  # it listens


async def test_files_in_memory_are_bounded_and_wait_for_each_other(fetch: Fetching) -> None:
    """Of the largest size there are eight; the ninth is read when one of them is let go."""
    body = bytes(100_000)
    async with Site({"/": ok(body)}) as site, asyncio.timeout(20):
        fetcher = Fetcher(Images(fetch_allow=HERE, fetch_max_mb=0.1, fetch_timeout_s=600))
        holders = [AsyncExitStack() for _ in range(8)]
        for held in holders:
            assert await fetcher.fetch(site.url(), ANYONE, held) == body
        async with AsyncExitStack() as held:
            ninth = asyncio.ensure_future(fetcher.fetch(site.url(), ANYONE, held))
            while len(site.requests) < 9:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            assert not ninth.done()
            await holders[0].aclose()
            assert await ninth == body
        for held in holders:
            await held.aclose()


async def test_one_server_gets_four_connections_and_the_others_theirs(fetch: Fetching) -> None:
    async with Site({"/": silence}) as slow, Site({"/": ok(b"x")}) as quick, asyncio.timeout(20):
        fetcher = Fetcher(Images(fetch_allow=HERE, fetch_timeout_s=600))
        async with AsyncExitStack() as held:
            waiting = [asyncio.ensure_future(fetcher.fetch(slow.url(), ANYONE, held)) for _ in range(40)]
            while slow.connections < 4:
                await asyncio.sleep(0.01)
            assert await fetcher.fetch(quick.url(), ANYONE, held) == b"x"
            assert slow.connections == 4
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


@pytest.fixture
def dead_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Semaphore]:
    """A name server that knows all names but those that begin with "dead": one of these fails at each release."""
    answers = threading.Semaphore(0)

    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        if host.startswith("dead"):
            answers.acquire()
            raise socket.gaierror(socket.EAI_AGAIN, "the name server does not answer")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("hailo_vision.lookup.socket.getaddrinfo", getaddrinfo)
    yield answers
    answers.release(1000)


async def test_names_that_nobody_answers_for_hold_up_another_client_for_one_of_them(
    dead_names: threading.Semaphore,
) -> None:
    """A look-up can't be stopped: it keeps the slot of the client that began it, and its next ones wait in the ring."""
    greedy, other = (Waiter(client=name, deadline=math.inf, deadline_s=math.inf) for name in ("greedy", "other"))
    async with Site({"/": ok(b"x")}) as site, asyncio.timeout(PATIENCE_S), AsyncExitStack() as held:
        fetcher = Fetcher(Images(fetch_allow=HERE, fetch_timeout_s=600))

        def ask(client: Waiter, url: str) -> "asyncio.Task[bytes]":
            return asyncio.create_task(fetcher.fetch(url, client, held))

        given_up = [ask(greedy, f"http://dead{number}.example/") for number in range(MAX_LOOKUPS)]
        while lookups() < MAX_LOOKUPS:
            await asyncio.sleep(0.01)
        for download in given_up:
            download.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        waiting = [ask(greedy, f"http://dead{number}.example/") for number in range(100, 200)]
        await asyncio.sleep(0)
        mine = ask(other, site.url(host="alive.example"))
        await asyncio.sleep(0.05)
        assert not mine.done()
        dead_names.release()
        assert await mine == b"x"
        assert lookups() <= MAX_LOOKUPS
        for download in waiting:
            download.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def lookups() -> int:
    return sum(thread.name == "lookup" for thread in threading.enumerate())


SIGNED = "/a.jpg?type=image%2Fjpeg&Signature=x%2By%2Fz%3D"


async def test_a_signed_address_is_requested_as_it_was_signed(fetch: Fetching) -> None:
    async with Site({SIGNED: ok(b"abc")}) as site:
        assert await fetch(site.url(SIGNED)) == b"abc"


@pytest.mark.parametrize("is_relative", [False, True])
async def test_a_redirect_to_a_signed_address_is_followed_as_it_was_signed(fetch: Fetching, is_relative: bool) -> None:
    async with Site({SIGNED: ok(b"abc")}) as site:
        site.answers["/old"] = redirect(SIGNED if is_relative else site.url(SIGNED))
        assert await fetch(site.url("/old")) == b"abc"
