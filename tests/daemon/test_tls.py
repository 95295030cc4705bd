"""https at the real daemon, with certificates of an authority that the test makes."""

import json
import os
import signal
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import openai
import pytest
import trustme

from harness import COMMAND, MODEL, PATIENCE_S, Daemon, ask

pytestmark = pytest.mark.slow

Start = Callable[..., Daemon]


class Authority:
    """Issues certificates for this machine into a folder."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self._folder = folder
        self.file = str(folder / "ca.crt")
        self._ca.cert_pem.write_to_path(self.file)
        self.context = ssl.create_default_context(cafile=self.file)

    def issue(self) -> dict[str, str]:
        """The settings that name a new pair; it replaces the last one in its place."""
        issued = self._ca.issue_cert("localhost", "127.0.0.1")
        cert, key = self._folder / "server.crt", self._folder / "server.key"
        cert.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        key.touch(0o600)
        issued.private_key_pem.write_to_path(key)
        return {"tls_cert": str(cert), "tls_key": str(key)}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def connect(daemon: Daemon, context: ssl.SSLContext) -> ssl.SSLSocket:
    where = urlsplit(daemon.url)
    plain = socket.create_connection((where.hostname, where.port), PATIENCE_S)
    try:
        return context.wrap_socket(plain, server_hostname="127.0.0.1")
    except BaseException:
        plain.close()
        raise


def serial(daemon: Daemon, authority: Authority) -> str:
    """Which certificate a new connection is shown."""
    with connect(daemon, authority.context) as connection:
        shown = connection.getpeercert()
    assert shown is not None
    return str(shown["serialNumber"])


def ready(daemon: Daemon, authority: Authority) -> bool:
    try:
        with urllib.request.urlopen(f"{daemon.url}/health/ready", timeout=PATIENCE_S, context=authority.context):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False


def test_the_sdk_asks_and_streams_over_https(start: Start, authority: Authority) -> None:
    daemon = start(server=authority.issue())
    assert daemon.url.startswith("https://")
    daemon.wait_for(lambda: ready(daemon, authority))
    with openai.OpenAI(
        base_url=f"{daemon.url}/v1",
        api_key="unused",
        max_retries=0,
        http_client=openai.DefaultHttpxClient(verify=authority.context),
    ) as client:
        assert client.chat.completions.create(**ask("Hello", max_tokens=2)).choices
        chunks = list(client.chat.completions.create(**ask("Hello", max_tokens=2), stream=True))
    assert chunks[-1].choices[0].finish_reason


def test_old_protocols_are_refused_and_plain_http_gets_no_answer(start: Start, authority: Authority) -> None:
    daemon = start(server=authority.issue())
    with connect(daemon, authority.context) as connection:
        assert connection.version() in ("TLSv1.2", "TLSv1.3")
        assert connection.selected_alpn_protocol() is None
    old = ssl.create_default_context(cafile=authority.file)
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with connect(daemon, old) as connection:
        assert connection.version() == "TLSv1.2"
    where = urlsplit(daemon.url)
    with socket.create_connection((where.hostname, where.port), PATIENCE_S) as plain:
        plain.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with suppress(ConnectionResetError):
            assert not plain.recv(1000).startswith(b"HTTP/")
    assert "Traceback" not in daemon.log


def test_a_new_certificate_is_shown_after_sighup_and_a_bad_one_never(start: Start, authority: Authority) -> None:
    server = authority.issue()
    daemon = start(server=server)
    first = serial(daemon, authority)
    authority.issue()
    assert serial(daemon, authority) == first
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for(lambda: "reloaded" in daemon.log)
    second = serial(daemon, authority)
    assert second != first
    Path(server["tls_key"]).write_text("no key")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for(lambda: "reload failed" in daemon.log)
    assert serial(daemon, authority) == second


def test_a_bad_pair_ends_the_start_with_78(authority: Authority, tmp_path: Path) -> None:
    server = authority.issue()
    Path(server["tls_key"]).chmod(0o644)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"server": {"port": 0, **server}, "device": {"runtime": "simulated"}}))
    words = [*COMMAND, "serve", "--config", str(config)]
    result = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert result.returncode == 78
    assert "chmod 640" in result.stderr


def ask_command(url: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    words = [*COMMAND, "ask", "Hello", "--model", MODEL, "--url", url]
    environment = {**os.environ, **variables}
    return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment)


def test_ask_speaks_https_and_sends_a_key(start: Start, authority: Authority, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.touch(0o600)
    keys.write_text("kitchen kitchen-key-0123456789")
    daemon = start(server={**authority.issue(), "api_keys_file": str(keys)})
    daemon.wait_for(lambda: ready(daemon, authority))
    trusted = {"SSL_CERT_FILE": authority.file}
    answered = ask_command(daemon.url, HAILO_VISION_API_KEY="kitchen-key-0123456789", **trusted)
    assert (answered.returncode, answered.stderr) == (0, "")
    assert answered.stdout.strip()
    for said, url, variables in (
        ("API key", daemon.url, trusted),
        ("SSL_CERT_FILE", daemon.url, {}),
        ("broke", daemon.url.replace("https", "http"), {}),
        ("is no API key", daemon.url, {"HAILO_VISION_API_KEY": "a\nb"}),
    ):
        refused = ask_command(url, **variables)
        assert refused.returncode == 1
        assert said in refused.stderr
        assert "Traceback" not in refused.stderr


def test_ask_over_https_to_a_server_without_it_says_so(daemon: Daemon) -> None:
    refused = ask_command(daemon.url.replace("http", "https"))
    assert refused.returncode == 1
    assert "try http" in refused.stderr
