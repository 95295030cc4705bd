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
        message = f"{words.show(settings.model.hef)} is not an absolute path; right is one that starts with /"
        yield ConfigProblem(path="model.hef", message=message)


def _lengths(settings: Settings) -> Iterator[ConfigProblem]:
    length, limit = settings.generation.max_tokens, settings.generation.max_tokens_limit
    if length > limit:
        default = ", the default," if length == Generation().max_tokens else ""
        message = f"{length}{default} is more than max_tokens_limit, {limit}; right is a whole number from 1 to {limit}"
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
        return "is no host; right is a host name, an address or a network, such as nas.lan or 192.168.1.0/24"
    address = ipaddress.ip_address(entry.partition("/")[0])
    if address != network.network_address:
        return f'is an address and not a network; did you mean "{network}" or "{address}"?'
    return None


_RULES = (
    Rule(reads=("model.name", "model.aliases"), problems=_aliases),
    Rule(reads=("model.hef",), problems=_hef),
    Rule(reads=("generation.max_tokens", "generation.max_tokens_limit"), problems=_lengths),
    Rule(reads=("images.fetch_allow",), problems=_fetch_allow),
)
