"""What a schema can't say: settings that must fit each other, and text with a meaning."""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from hailo_vision.config import words
from hailo_vision.config.settings import Generation, Settings
from hailo_vision.errors import ConfigProblem

_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ORIGIN = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._-]+(?::[0-9]{1,5})?|https?://\[[0-9A-Fa-f:]+\](?::[0-9]{1,5})?"
)


_BASE_URL = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}: [\x21-\x7e](?:[\x20-\x7e]{0,1000}[\x21-\x7e])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A check, and the paths that it reads: where one of them is wrong already, the rule has nothing to add."""

    reads: tuple[str, ...]
    problems: Callable[[Settings], Iterator[ConfigProblem]]


def broken(settings: Settings, suspect: frozenset[str]) -> Iterator[ConfigProblem]:
    """What the rules find, but for those that read a suspect path."""
    for rule in _RULES:
        if suspect.isdisjoint(rule.reads):
            yield from rule.problems(settings)


def _aliases(settings: Settings) -> Iterator[ConfigProblem]:
    seen = {settings.model.name: "is the model's name already"}
    for index, alias in enumerate(settings.model.aliases):
        if alias in seen:
            message = f"{words.show(alias)} {seen[alias]}; leave it out"
            yield ConfigProblem(path=f"model.aliases[{index}]", message=message)
        seen.setdefault(alias, "stands twice")


def _hef(settings: Settings) -> Iterator[ConfigProblem]:
    if not PurePosixPath(settings.model.hef).is_absolute():
        message = f"{words.show(settings.model.hef)} is not an absolute path; expected a path that starts with /"
        yield ConfigProblem(path="model.hef", message=message)


def _server_files(settings: Settings) -> Iterator[ConfigProblem]:
    server = settings.server
    files = {"api_keys_file": server.api_keys_file, "tls_cert": server.tls_cert, "tls_key": server.tls_key}
    for name, path in files.items():
        if path is not None and not PurePosixPath(path).is_absolute():
            message = f"{words.show(path)} is not an absolute path; expected a path that starts with /"
            yield ConfigProblem(path=f"server.{name}", message=message)


def _tls(settings: Settings) -> Iterator[ConfigProblem]:
    server = settings.server
    if (server.tls_cert is None) != (server.tls_key is None):
        missing, given = ("tls_cert", "tls_key") if server.tls_cert is None else ("tls_key", "tls_cert")
        message = f"is missing; {given} is given, and https needs both"
        yield ConfigProblem(path=f"server.{missing}", message=message)


def _cors_origins(settings: Settings) -> Iterator[ConfigProblem]:
    for index, origin in enumerate(settings.server.cors_origins):
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            message = (
                f"{words.show(origin)} is no origin; expected a scheme and a host, such as https://app.example:8443"
            )
            yield ConfigProblem(path=f"server.cors_origins[{index}]", message=f"{message}, without a path, or *")


def _allowed_hosts(settings: Settings) -> Iterator[ConfigProblem]:
    for index, name in enumerate(settings.server.allowed_hosts):
        if len(name) > 253 or not _HOST_NAME.fullmatch(name):
            message = f"{words.show(name)} is no host name; expected a name without a port, such as vision.example.com"
            yield ConfigProblem(path=f"server.allowed_hosts[{index}]", message=message)


def _llama(settings: Settings) -> Iterator[ConfigProblem]:
    llama = settings.llama
    for name, path in {"model": llama.model, "mmproj": llama.mmproj, "draft_model": llama.draft_model}.items():
        if path is not None and not PurePosixPath(path).is_absolute():
            message = f"{words.show(path)} is not an absolute path; expected a path that starts with /"
            yield ConfigProblem(path=f"llama.{name}", message=message)
    if llama.speculative == "draft" and llama.draft_model is None:
        yield ConfigProblem(path="llama.draft_model", message="is missing; speculative draft needs the file of a model")
    if llama.kv_type != "f16" and llama.flash_attention == "never":
        message = f"never does not go with kv_type {llama.kv_type}; expected auto or always"
        yield ConfigProblem(path="llama.flash_attention", message=message)


def _remote(settings: Settings) -> Iterator[ConfigProblem]:
    remote = settings.remote
    if "remote" in (settings.device.runtime, settings.routing.fallback):
        for name, value in {"base_url": remote.base_url, "model": remote.model}.items():
            if value is None:
                yield ConfigProblem(path=f"remote.{name}", message="is missing; the engine remote needs it")
    if remote.base_url is not None and not _BASE_URL.fullmatch(remote.base_url):
        message = f"{words.show(remote.base_url)} is no address; expected an address such as http://nas.lan:8000/v1"
        yield ConfigProblem(path="remote.base_url", message=f"{message}, without a user, ? or #")
    if remote.key_file is not None and not PurePosixPath(remote.key_file).is_absolute():
        message = f"{words.show(remote.key_file)} is not an absolute path; expected a path that starts with /"
        yield ConfigProblem(path="remote.key_file", message=message)
    for index, header in enumerate(remote.headers):
        if not _HEADER.fullmatch(header):
            message = "is no header; expected a name, a colon, a space and a value, such as X-Team: kitchen"
            yield ConfigProblem(path=f"remote.headers[{index}]", message=message)


def _routing(settings: Settings) -> Iterator[ConfigProblem]:
    routing, model = settings.routing, settings.model
    if routing.fallback == settings.device.runtime:
        message = f"{routing.fallback} is device.runtime already; expected another engine, or none"
        yield ConfigProblem(path="routing.fallback", message=message)
    if model.fallback_name is not None and routing.fallback == "none":
        message = "names a model that no engine has; expected null, or an engine in routing.fallback"
        yield ConfigProblem(path="model.fallback_name", message=message)
    if model.fallback_name is not None and model.fallback_name in (model.name, *model.aliases):
        message = f"{words.show(model.fallback_name)} is a name of the default engine's model"
        yield ConfigProblem(path="model.fallback_name", message=message)


def _lengths(settings: Settings) -> Iterator[ConfigProblem]:
    length, limit = settings.generation.max_tokens, settings.generation.max_tokens_limit
    if length > limit:
        default = ", the default," if length == Generation().max_tokens else ""
        message = f"{length}{default} is more than max_tokens_limit, {limit}; expected a whole number from 1 to {limit}"
        yield ConfigProblem(path="generation.max_tokens", message=message)


def _fetch_allow(settings: Settings) -> Iterator[ConfigProblem]:
    for index, entry in enumerate(settings.images.fetch_allow):
        if wrong := _not_a_host(entry):
            yield ConfigProblem(path=f"images.fetch_allow[{index}]", message=f"{words.show(entry)} {wrong}")


def _not_a_host(entry: str) -> str | None:
    """What is wrong with an entry that is no address, no network and no host name."""
    try:
        # A zone (fe80::1%eth0) means something on one machine only, and no network has one.
        network = ipaddress.ip_network("" if "%" in entry else entry, strict=False)
    except ValueError:
        # The last label of a host name is never a number: 192.168.1 and 300.1.1.1 are addresses gone wrong.
        if len(entry) <= 253 and _HOST_NAME.fullmatch(entry) and not entry.rpartition(".")[2].isdigit():
            return None
        return "is no host; expected a host name, an address or a network, such as nas.lan or 192.168.1.0/24"
    address = ipaddress.ip_address(entry.partition("/")[0])
    if address != network.network_address:
        return f'is an address and not a network; did you mean "{network}" or "{address}"?'
    return None


_RULES = (
    Rule(reads=("model.name", "model.aliases"), problems=_aliases),
    Rule(reads=("model.hef",), problems=_hef),
    Rule(reads=("server.api_keys_file", "server.tls_cert", "server.tls_key"), problems=_server_files),
    Rule(reads=("server.tls_cert", "server.tls_key"), problems=_tls),
    Rule(reads=("server.cors_origins",), problems=_cors_origins),
    Rule(reads=("server.allowed_hosts",), problems=_allowed_hosts),
    Rule(
        reads=(
            "llama.model",
            "llama.mmproj",
            "llama.draft_model",
            "llama.speculative",
            "llama.kv_type",
            "llama.flash_attention",
        ),
        problems=_llama,
    ),
    Rule(
        reads=(
            "device.runtime",
            "routing.fallback",
            "remote.base_url",
            "remote.model",
            "remote.key_file",
            "remote.headers",
        ),
        problems=_remote,
    ),
    Rule(
        reads=("device.runtime", "routing.fallback", "model.fallback_name", "model.name", "model.aliases"),
        problems=_routing,
    ),
    Rule(reads=("generation.max_tokens", "generation.max_tokens_limit"), problems=_lengths),
    Rule(reads=("images.fetch_allow",), problems=_fetch_allow),
)
