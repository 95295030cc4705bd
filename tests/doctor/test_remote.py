"""The remote server: its settings, its key, what it answers. Whatever it says and does, none of it is shown."""

import os
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from doctor import server as ways
from doctor.pi import Pi, as_line
from doctor.server import SECRET, THEIRS, Way, listening
from hailo_vision.doctor import engine, installation, remote
from hailo_vision.doctor.checks import CHECKS, examine
from needs import needs

KEY = "etc/hailo-vision/remote.key"


@pytest.fixture
def keyed(pi: Pi) -> Pi:
    """A key of the service's that nobody else may read."""
    pi.write(KEY, f"{SECRET}\n")
    (pi.root / KEY).chmod(0o600)
    user = os.geteuid()
    passwd = f"hailo-vision:x:{user}:{user}::/:/bin/false\n" if user else "hailo-vision:x:0:0::/:/bin/false\n"
    pi.write("etc/passwd", passwd)
    return pi


def configure(pi: Pi, base_url: str | None, **wanted: Any) -> None:
    given = {"base_url": base_url, "model": "big", **wanted}
    pi.configure(server={"port": 0}, device={"runtime": "remote"}, remote=given)


def asked(pi: Pi, way: Way, **wanted: Any) -> str:
    """The doctor's lines about a server that answers so."""
    with listening(way) as server:
        configure(pi, server.base_url, **wanted)
        installation = pi.installation()
        line = "\n".join(as_line(look(installation)) for look in (remote.server, remote.model))
        assert len(server.asked) == 1, "one question is enough for both"
        assert THEIRS not in line
        assert SECRET not in line
        return line.replace(server.base_url, "URL")


# Settings


def test_the_server_and_the_model_are_named(pi: Pi) -> None:
    configure(pi, "http://nas.lan:8000/v1")
    assert as_line(remote.address(pi.installation())) == "ok: big at http://nas.lan:8000/v1 -> None"


@pytest.mark.parametrize("base_url", [None, "nas.lan:8000", "http://user:word@nas.lan/v1", "ftp://nas.lan"])
def test_an_address_that_is_none_is_a_failure_here_and_of_the_configuration(pi: Pi, base_url: str | None) -> None:
    configure(pi, base_url)
    found = {check.id: finding.verdict for check, finding in examine(pi.installation())}
    assert (found["config"], found["remote"]) == ("failed", "failed")
    assert (found["remote_server"], found["remote_model"]) == ("skipped", "skipped")
    assert found["npu"] != "failed"  # what is right in the file still counts: nobody is sent to look for a chip


def test_a_model_that_is_not_named_is_a_failure(pi: Pi) -> None:
    configure(pi, "http://nas.lan:8000/v1", model=None)
    assert as_line(remote.address(pi.installation())).startswith("failed: remote.model is not set -> ")


# Key


def test_without_a_key_none_is_sent(pi: Pi) -> None:
    assert asked(pi, ways.listed("big")).startswith("ok: ")
    assert as_line(remote.key(pi.installation())) == "ok: remote.key_file is not set, so no key is sent -> None"


def test_key_and_headers_go_along_and_are_not_shown(keyed: Pi) -> None:
    with listening(ways.listed("big")) as server:
        configure(keyed, server.base_url, key_file=f"/{KEY}", headers=["X-Team: kitchen"])
        installation = keyed.installation()
        assert as_line(remote.key(installation)) == f"ok: {keyed.root / KEY} holds one -> None"
        assert remote.server(installation).verdict == "ok"
        ((path, headers),) = server.asked
    assert path == "/v1/models"
    assert (headers["Authorization"], headers["X-Team"]) == (f"Bearer {SECRET}", "kitchen")


@pytest.mark.parametrize(
    "content", ["", "\n", f"{SECRET} {SECRET}", f"{SECRET}\n{SECRET}", "schl\u00fcssel", SECRET * 999]
)
def test_a_file_that_holds_no_single_key_is_a_failure_that_quotes_nothing(keyed: Pi, content: str) -> None:
    keyed.write(KEY, content)
    configure(keyed, "http://127.0.0.1:1/v1", key_file=f"/{KEY}")
    line = as_line(remote.key(keyed.installation()))
    assert line.startswith(
        f"failed: {keyed.root / KEY}, the file of the remote server's key, must hold one key and nothing else -> "
    )
    assert SECRET not in line


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_holds_no_key_and_is_not_waited_for(keyed: Pi, make: Any) -> None:
    keyed.remove(KEY)
    make(keyed.root / KEY)
    configure(keyed, "http://127.0.0.1:1/v1", key_file=f"/{KEY}")
    installation = keyed.installation()
    assert as_line(remote.key(installation)).startswith(f"failed: {keyed.root / KEY} is no file -> ")
    assert installation.key is None


def test_a_key_that_is_not_there_is_a_failure(pi: Pi) -> None:
    configure(pi, "http://127.0.0.1:1/v1", key_file=f"/{KEY}")
    assert as_line(remote.key(pi.installation())).startswith(
        f"failed: {pi.root / KEY} is not there -> Write the key into it"
    )


def test_the_service_s_user_must_be_able_to_read_the_key(pi: Pi) -> None:
    pi.write(KEY, SECRET)
    (pi.root / KEY).chmod(0o600)
    pi.write("etc/passwd", "hailo-vision:x:4321:4321::/:/bin/false\n")
    configure(pi, "http://127.0.0.1:1/v1", key_file=f"/{KEY}")
    line = as_line(remote.key(pi.installation()))
    assert line.startswith(f"failed: hailo-vision may not read {pi.root / KEY}")
    assert line.endswith(f"`sudo chown :hailo-vision {pi.root / KEY} && sudo chmod 640 {pi.root / KEY}`")


def test_a_key_that_everybody_may_read_is_a_warning(keyed: Pi) -> None:
    (keyed.root / KEY).chmod(0o644)
    configure(keyed, "http://127.0.0.1:1/v1", key_file=f"/{KEY}")
    line = as_line(remote.key(keyed.installation()))
    assert line.startswith("warning: ")
    assert "every user of this machine may read" in line
    assert "chmod o-rwx" in line


@pytest.mark.parametrize(
    ("base_url", "is_told"),
    [
        ("http://nas.lan/v1", True),
        ("https://nas.lan/v1", False),
        ("http://localhost:1/v1", False),
        ("http://[::1]:1/v1", False),
        ("http://[::1/v1", True),
    ],
)
def test_a_key_that_crosses_the_network_in_the_clear_is_told(keyed: Pi, base_url: str, is_told: bool) -> None:
    configure(keyed, base_url, key_file=f"/{KEY}")
    assert ("unencrypted" in as_line(remote.key(keyed.installation()))) is is_told


# Answers


@pytest.mark.parametrize(
    ("way", "server_said", "model_said"),
    [
        (ways.listed("small", "big"), "ok: URL is there; models in its list: 2", "ok: big is in its list"),
        (ways.listed("small"), "ok: URL is there; models in its list: 1", "warning: big is not in its list"),
        (ways.listed(), "ok: URL is there; models in its list: 0", "warning: big is not in its list"),
        (ways.status(404), "warning: URL is there, but gives no list of models (status 404)", "skipped: "),
        (ways.status(429), "warning: URL is there, and busy (status 429)", "skipped: "),
        (ways.status(500), "failed: URL fails (status 500)", "skipped: "),
        (ways.status(401), "failed: URL wants a key (status 401)", "skipped: "),
        (ways.saying(b""), "warning: URL is there, but gives no list of models (status 200)", "skipped: "),
        (ways.saying(THEIRS.encode()), "warning: URL is there, but gives no list", "skipped: "),
        (ways.saying(b"\xff\xfe" + bytes(999)), "warning: URL is there, but gives no list", "skipped: "),
        (ways.saying(b"[" * 99_999), "warning: URL is there, but gives no list", "skipped: "),
        (ways.saying(b'{"data": "' + THEIRS.encode() + b'"}'), "warning: URL is there, but gives no", "skipped: "),
        (ways.saying(b'{"data": [3, null, {"id": ["big"]}]}'), "ok: URL is there; ", "warning: big is not in"),
        (ways.endless, "warning: URL is there, but gives no list of models (status 200)", "skipped: "),
        (
            ways.raw(b"SSH-2.0-" + THEIRS.encode() + b"\r\n"),
            "failed: URL: what answers there does not spe",
            "skipped: ",
        ),
        (ways.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), "failed: URL: what answers", "skipped: "),
        (ways.raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 99_999), "failed: URL: what answers", "skipped: "),
    ],
)
def test_what_a_server_answers_is_judged_and_not_shown(pi: Pi, way: Way, server_said: str, model_said: str) -> None:
    server, model = asked(pi, way).split("\n")
    assert server.startswith(server_said)
    assert model.startswith(model_said)


@pytest.mark.parametrize("way", [ways.silent, ways.silent_in_its_body])
def test_a_server_that_is_slow_is_not_waited_for(pi: Pi, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "REMOTE_S", 0.2)
    assert asked(pi, way).startswith("failed: URL did not answer within ")


def test_a_redirect_is_not_followed_and_its_target_not_shown(keyed: Pi) -> None:
    with listening(ways.listed("big")) as other:
        line = asked(keyed, ways.status(307, Location=f"{other.base_url}/{THEIRS}"), key_file=f"/{KEY}")
        assert other.asked == []
    assert line.startswith("failed: URL sends one elsewhere (status 307), which is not followed")


@pytest.mark.parametrize("number", [401, 403])
def test_a_key_that_is_not_taken_is_a_failure(keyed: Pi, number: int) -> None:
    line = asked(keyed, ways.status(number), key_file=f"/{KEY}")
    assert line.startswith(f"failed: URL does not take the key (status {number}) -> Correct it in /{KEY}.")


def test_without_the_key_a_server_that_wants_it_is_not_judged(keyed: Pi) -> None:
    keyed.write(KEY, "")
    assert asked(keyed, ways.status(401), key_file=f"/{KEY}").startswith("skipped: URL is there, and wants the key")


def test_a_server_that_is_not_there_is_a_failure(pi: Pi) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        number = closed.getsockname()[1]
    configure(pi, f"http://127.0.0.1:{number}/v1")
    line = as_line(remote.server(pi.installation()))
    assert line.startswith(f"failed: nothing takes a connection at http://127.0.0.1:{number}/v1 -> Start that server")


@pytest.mark.parametrize(
    ("host", "line"),
    [
        ("no-such-host.invalid", "this machine does not know the name of the host"),
        ("127.0.0.1:99999", "can't be an address"),
        ("a" * 70, "can't be an address"),
        ("a..b", "can't be an address"),
        ("[::1", "can't be an address"),
    ],
)
def test_a_host_that_can_t_be_found_is_a_failure(pi: Pi, host: str, line: str) -> None:
    configure(pi, f"http://{host}/v1")
    finding = remote.server(pi.installation())
    assert finding.verdict == "failed"
    assert line in finding.saw


def test_http_behind_an_https_address_is_told(pi: Pi) -> None:
    with listening(ways.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        configure(pi, server.base_url.replace("http:", "https:"))
        assert "does not speak https" in as_line(remote.server(pi.installation()))


@needs("openssl")
def test_a_certificate_that_nobody_vouches_for_is_told(pi: Pi, tmp_path: Path) -> None:
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=here"
    files = [str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")]
    command = ["openssl", *words.split(), "-keyout", files[0], "-out", files[1]]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files[1], files[0])
    with listening(ways.listed("big")) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        configure(pi, server.base_url.replace("http:", "https:"))
        assert "has a certificate that this machine does not trust" in as_line(remote.server(pi.installation()))
        assert server.asked == []


# Pictures


@pytest.mark.parametrize(
    ("away", "line"),
    [(False, "ok: requests with pictures stay here"), (True, "ok: requests with pictures may go to the remote server")],
)
def test_what_becomes_of_pictures_is_told_where_the_fallback_is_remote(pi: Pi, away: bool, line: str) -> None:
    pi.configure(
        routing={"fallback": "remote", "send_pictures_away": away}, remote={"base_url": "http://a/v1", "model": "m"}
    )
    assert as_line(engine.pictures(pi.installation())).startswith(line)
    (check,) = [check for check in CHECKS if check.id == "remote_pictures"]
    assert check.applies(pi.installation())
