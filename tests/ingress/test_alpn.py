"""Clients that speak HTTP/2 alone are refused in the TLS handshake's words, and not answered in HTTP/1.1."""

import asyncio
from pathlib import Path

import pytest
from site_for_tests import GET, PATIENCE_S, pair, serve


@pytest.mark.parametrize("offered", [[], ["http/1.1"], ["h2", "http/1.1"], ["http/1.1", "h2"]])
async def test_a_client_that_offers_http_1_1_or_nothing_is_served(tmp_path: Path, offered: list[str]) -> None:
    tls, trusting = pair(tmp_path)
    if offered:
        trusting.set_alpn_protocols(offered)
    async with serve(tls) as site:
        client = await site.connect(ssl=trusting, server_hostname="localhost")
        agreed = client.writer.get_extra_info("ssl_object").selected_alpn_protocol()
        assert agreed == ("http/1.1" if offered else None)
        assert (await client.send(GET % b"in").answer())[2] == b"/in"


async def test_a_client_that_offers_http_2_alone_is_told_to_use_http_1_1_and_the_connection_ends(
    tmp_path: Path,
) -> None:
    tls, trusting = pair(tmp_path)
    trusting.set_alpn_protocols(["h2"])
    async with serve(tls) as site:
        client = await site.connect(ssl=trusting, server_hostname="localhost")
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + GET % b"in")
        async with asyncio.timeout(PATIENCE_S):
            told = await client.reader.read()
        assert b"HTTP" not in told
        settings, goaway = told[:9], told[9:]
        assert settings[3] == 0x4
        assert goaway[3] == 0x7
        assert goaway[-4:] == (0xD).to_bytes(4, "big")  # HTTP_1_1_REQUIRED
        assert not site.paths
