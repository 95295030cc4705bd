"""Checks of the remote server: its settings, its API key, its answer, and its list of models.

Neither its answers, which may contain anything, nor the key are ever printed.
"""

import ipaddress
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from hailo_vision.doctor.account import Account
from hailo_vision.doctor.files import closed_to, head_of, hidden
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.doctor.installation import REMOTE_S, Installation
from hailo_vision.engines.openai import listing
from hailo_vision.engines.openai.listing import Answer, Trouble
from hailo_vision.engines.remote.build import key_in
from hailo_vision.errors import StartError

_ANYBODY = Account(name="anybody", uid=-1, gids=frozenset())  # neither the owner nor in the group
_ENDS = "See whether remote.base_url is what /chat/completions comes after over there: most often it ends in /v1."


def address(installation: Installation) -> Finding:
    """An invalid address counts as missing here, as the check of the configuration reports it."""
    settings = installation.settings.remote
    if settings.base_url is None:
        advice = "Set it to what /chat/completions comes after, such as http://nas.lan:8000/v1."
        return failed("remote.base_url is not set, or not to an address", advice)
    if settings.model is None:
        return failed("remote.model is not set", "Set it to the name that the server has for the model.")
    return ok(f"{settings.model} at {settings.base_url}")


def key(installation: Installation) -> Finding:
    settings = installation.settings.remote
    if settings.key_file is None:
        return ok("remote.key_file is not set, so no key is sent")
    path = installation.machine.path(settings.key_file)
    head = head_of(path, 0, get="write the key into it, or correct remote.key_file.", broken="Check the disk.")
    if isinstance(head, Finding):
        return head
    try:
        key_in(path)
    except StartError as error:
        return failed(str(error).rstrip("."), "Write the key into it, on one line and alone.")
    return (
        hidden(installation, path)
        or _closed_or_open(installation, path)
        or ok(f"{path} holds one{_in_the_clear(settings.base_url)}")
    )


def server(installation: Installation) -> Finding:
    settings = installation.settings.remote
    if settings.base_url is None:
        return skipped("without an address there is nothing to ask")
    match installation.models:
        case Trouble() as trouble:
            return _no_answer(trouble, settings.base_url)
        case Answer(status=401 | 403 as status):
            return _not_let_in(installation, status)
        case Answer(status=status) if 300 <= status < 400:
            return failed(
                f"{settings.base_url} sends one elsewhere (status {status}), which is not followed",
                "Set remote.base_url to where it sends one: "
                f"`curl -sI {shlex.quote(f'{settings.base_url}/models')}` shows it.",
            )
        case Answer(status=429):
            return warning(f"{settings.base_url} is there, and busy (status 429)", "Wait, or ask less of it.")
        case Answer(status=status) if status >= 500:
            return failed(f"{settings.base_url} fails (status {status})", "Look into the log of that server.")
        case Answer(status=200, body=body) if (entries := listing.entries(body)) is not None:
            return ok(f"{settings.base_url} is there; models in its list: {len(entries)}")
        case Answer(status=status):
            return warning(f"{settings.base_url} is there, but gives no list of models (status {status})", _ENDS)


def model(installation: Installation) -> Finding:
    settings = installation.settings.remote
    entries = None
    if settings.base_url is not None and isinstance(installation.models, Answer) and installation.models.status == 200:
        entries = listing.entries(installation.models.body)
    if entries is None or settings.base_url is None or settings.model is None:
        return skipped("without a list of its models there is nothing to look for")
    if any(entry.get("id") == settings.model for entry in entries):
        return ok(f"{settings.model} is in its list")
    return warning(
        f"{settings.model} is not in its list",
        f"Correct remote.model: `curl -s {shlex.quote(f'{settings.base_url}/models')}`, with the key if it wants one, "
        "shows its names. Some servers take names that they do not list.",
    )


def _closed_or_open(installation: Installation, path: Path) -> Finding | None:
    user = installation.account
    if closed_path := closed_to(user, path, installation.machine.root):
        advice = f"`sudo chown :{user.name} {path} && sudo chmod 640 {path}`"
        if closed_path != path:
            advice = f"`sudo chmod a+x {closed_path}`"
        return failed(f"{user.name} may not read {path}: {closed_path} is closed to it", advice)
    if closed_to(_ANYBODY, path, installation.machine.root) is None:
        return warning(f"{path} holds one, which every user of this machine may read", f"`sudo chmod o-rwx {path}`")
    return None


def _in_the_clear(base_url: str | None) -> str:
    if base_url is None or not base_url.startswith("http:") or _is_here(_host(base_url)):
        return ""
    return "; as remote.base_url is http, it crosses the network unencrypted"


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _not_let_in(installation: Installation, status: int) -> Finding:
    settings = installation.settings.remote
    if settings.key_file is None:
        saw = f"{settings.base_url} wants a key (status {status})"
        return failed(
            saw, "Write it into a file that only the service's user can read, and name that in remote.key_file."
        )
    if installation.key is None:
        return skipped(f"{settings.base_url} is there, and wants the key, which could not be read (status {status})")
    return failed(f"{settings.base_url} does not take the key (status {status})", f"Correct it in {settings.key_file}.")


def _no_answer(trouble: Trouble, base_url: str) -> Finding:
    host = shlex.quote(_host(base_url))
    match trouble:
        case Trouble.NO_NAME:
            advice = f"Correct remote.base_url, or see why `getent hosts {host}` finds nothing."
            return failed(f"{base_url}: this machine does not know the name of the host", advice)
        case Trouble.NOT_REACHED:
            advice = "Start that server, correct remote.base_url, or look for a firewall in between."
            return failed(f"nothing takes a connection at {base_url}", advice)
        case Trouble.UNTRUSTED:
            advice = "If it is yours, name its certificate's file in SSL_CERT_FILE, for the service in its unit."
            return failed(f"{base_url} has a certificate that this machine does not trust", advice)
        case Trouble.NO_TLS:
            return failed(f"{base_url}: what answers there does not speak https", "If it has no TLS, write http://.")
        case Trouble.NO_HTTP:
            return failed(f"{base_url}: what answers there does not speak HTTP", "Correct remote.base_url.")
        case Trouble.NO_ADDRESS:
            return failed(f"{base_url} can't be an address", "Correct the host and the port in remote.base_url.")
        case Trouble.SILENT:
            advice = "Look whether that server is well, or a firewall in between drops what is sent."
            return failed(f"{base_url} did not answer within {REMOTE_S:g} s", advice)


def _host(base_url: str) -> str:
    try:
        return urlsplit(base_url).hostname or ""
    except ValueError:
        return ""
