"""What a schema can't say: settings that must fit each other, and text with a meaning."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hailo_vision.config import formats, model_rules, words
from hailo_vision.config.settings import Generation, Settings
from hailo_vision.errors import ConfigProblem

_FORMATS: dict[str, Callable[[str], str | None]] = {
    "server.host": formats.listen_host,
    "server.api_keys_file": formats.absolute_path,
    "server.tls_cert": formats.absolute_path,
    "server.tls_key": formats.absolute_path,
    "server.cors_origins": formats.origin,
    "server.allowed_hosts": formats.host_name,
    "model.hef": formats.absolute_path,
    "images.fetch_allow": formats.host,
    "llama.model": formats.absolute_path,
    "llama.mmproj": formats.absolute_path_or_auto,
    "llama.draft_model": formats.absolute_path,
    "remote.base_url": formats.base_url,
    "remote.key_file": formats.absolute_path,
    "remote.headers": formats.header,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A check, and the paths that it reads: where one of them is wrong already, the rule has nothing to add."""

    reads: tuple[str, ...]
    problems: Callable[[Settings], Iterator[ConfigProblem]]


def broken(settings: Settings, suspect: frozenset[str]) -> Iterator[ConfigProblem]:
    """What the rules find, but for those that read a suspect path."""
    for path, check in _FORMATS.items():
        if path not in suspect:
            yield from _malformed(settings, path, check)
    for rule in _RULES:
        if suspect.isdisjoint(rule.reads):
            yield from rule.problems(settings)


def _malformed(settings: Settings, path: str, check: Callable[[str], str | None]) -> Iterator[ConfigProblem]:
    section, _, key = path.partition(".")
    value: str | tuple[str, ...] | None = getattr(getattr(settings, section), key)
    if isinstance(value, tuple):
        texts = {f"{path}[{index}]": item for index, item in enumerate(value)}
    else:
        texts = {} if value is None else {path: value}
    for where, text in texts.items():
        if (message := check(text)) is not None:
            yield ConfigProblem(path=where, message=message)


def _aliases(settings: Settings) -> Iterator[ConfigProblem]:
    seen = {settings.model.name: "is the model's name already"}
    for index, alias in enumerate(settings.model.aliases):
        if alias in seen:
            message = f"{words.show(alias)} {seen[alias]}; leave it out"
            yield ConfigProblem(path=f"model.aliases[{index}]", message=message)
        seen.setdefault(alias, "stands twice")


def _tls(settings: Settings) -> Iterator[ConfigProblem]:
    server = settings.server
    if (server.tls_cert is None) != (server.tls_key is None):
        missing, present = ("tls_cert", "tls_key") if server.tls_cert is None else ("tls_key", "tls_cert")
        message = f"is missing; {present} is given, and https needs both"
        yield ConfigProblem(path=f"server.{missing}", message=message)


def _llama(settings: Settings) -> Iterator[ConfigProblem]:
    llama = settings.llama
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
        message = f"{length}{default} is more than max_tokens_limit, {limit}"
        expected = f"expected a whole number from 1 to {limit}"
        yield ConfigProblem(path="generation.max_tokens", message=f"{message}; {expected}")


_RULES = (
    Rule(reads=("model.name", "model.aliases"), problems=_aliases),
    Rule(reads=("server.tls_cert", "server.tls_key"), problems=_tls),
    Rule(
        reads=("llama.draft_model", "llama.speculative", "llama.kv_type", "llama.flash_attention"),
        problems=_llama,
    ),
    Rule(reads=("device.runtime", "routing.fallback", "remote.base_url", "remote.model"), problems=_remote),
    Rule(
        reads=("device.runtime", "routing.fallback", "model.fallback_name", "model.name", "model.aliases"),
        problems=_routing,
    ),
    Rule(reads=("generation.max_tokens", "generation.max_tokens_limit"), problems=_lengths),
    Rule(reads=("models",), problems=model_rules.broken),
    Rule(reads=("models", "generation.max_tokens", "generation.max_tokens_limit"), problems=model_rules.lengths),
)
