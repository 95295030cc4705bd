"""Strategies: any settings that a file can hold, in the short form and with a list of models."""

from dataclasses import fields, replace
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from hailo_vision.config.model_files import READS
from hailo_vision.config.settings import SECTIONS, Generation, ModelEntry, Runtime, Settings

PATHS = ("hef", "api_keys_file", "tls_cert", "tls_key", "model", "mmproj", "draft_model", "key_file")
BASE_URLS = st.sampled_from(["http://nas.lan:8000/v1", "https://api.example/v1"])
HOSTS = st.sampled_from(["0.0.0.0", "::1", "fe80::1%eth0", "localhost", "pi.lan"])
LISTS: dict[str, st.SearchStrategy[list[str]]] = {
    "cors_origins": st.lists(st.sampled_from(["*", "http://localhost:3000", "app://x"]), unique=True),
    "headers": st.lists(st.sampled_from(["X-Team: kitchen", "X-Room: hall"]), unique=True),
    "allowed_hosts": st.lists(st.sampled_from(["nas.lan", "pi"]), unique=True),
    "fetch_allow": st.lists((st.ip_addresses() | st.sampled_from(["nas.lan", "10.0.0.0/8"])).map(str)),
}


def text() -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


def paths() -> st.SearchStrategy[str]:
    return text().map("/".__add__)


def any_value(key: str, hint: Any, limits: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Every value that the key's type and limits allow."""
    if key in PATHS and hint is str:
        return paths()
    if key in LISTS:
        return LISTS[key].map(tuple)
    if key == "base_url" and hint is str:
        return BASE_URLS
    if key == "host" and hint is str:
        return HOSTS
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        of = get_args(hint)[0]
        return st.lists(text() if of is str else any_value(key, of, {}), unique=True).map(tuple)
    if get_origin(hint) in (Union, UnionType) and type(None) not in get_args(hint):
        return st.one_of(any_value(key, kind, limits) for kind in get_args(hint))
    if type(None) in get_args(hint):
        (inner,) = (kind for kind in get_args(hint) if kind is not type(None))
        return st.none() | any_value(key, inner, limits)
    if hint is float:
        above = "exclusive_minimum" in limits
        low = limits["exclusive_minimum" if above else "minimum"]
        return st.floats(low, limits["maximum"], exclude_min=above)
    if hint is int:
        return st.integers(limits["minimum"], limits["maximum"])
    return {str: text(), bool: st.booleans()}[hint]


def any_section(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    values = {key.name: any_value(key.name, hints[key.name], dict(key.metadata)) for key in fields(kind)}
    return st.builds(kind, **values)


def any_settings() -> st.SearchStrategy[Settings]:
    """One model, as the sections say it. No setting is at odds with another one."""
    sections = {name: any_section(section) for name, section in SECTIONS.items()}
    return st.builds(Settings, **sections).map(fitting).filter(lambda one: one.model.name not in one.model.aliases)


def fitting(any_of: Settings) -> Settings:
    """The same where no setting is at odds with another one: half a pair, an engine twice or without its address."""
    llama, remote, fallback = any_of.llama, any_of.remote, any_of.routing.fallback
    if fallback == any_of.device.runtime:
        fallback = "none"
    if "remote" in (fallback, any_of.device.runtime):
        remote = replace(remote, base_url=remote.base_url or "http://x/v1", model=remote.model or "m")
    names = (any_of.model.name, *any_of.model.aliases)
    is_named = fallback != "none" and any_of.model.fallback_name not in names
    return replace(
        any_of,
        server=replace(any_of.server, tls_key=any_of.server.tls_cert),
        model=any_of.model if is_named else replace(any_of.model, fallback_name=None),
        generation=within_limit(any_of.generation),
        llama=replace(
            llama,
            speculative="none" if llama.draft_model is None else llama.speculative,
            flash_attention="auto" if llama.flash_attention == "never" else llama.flash_attention,
        ),
        remote=remote,
        routing=replace(any_of.routing, fallback=fallback),
    )


def within_limit(generation: Generation) -> Generation:
    return replace(generation, max_tokens=min(generation.max_tokens, generation.max_tokens_limit))


def any_models() -> st.SearchStrategy[tuple[ModelEntry, ...]]:
    """A list of models that fit each other: the first may have the chip, and each may fall back on all others."""
    chips: list[tuple[Runtime, ...]] = [("hailo",), ("auto",), ("simulated", "llama", "remote")]
    others: list[tuple[Runtime, ...]] = [("llama",), ("remote",), ("remote", "llama")]
    engines = st.tuples(st.sampled_from(chips), st.lists(st.sampled_from(others), max_size=3))
    entries = engines.flatmap(
        lambda drawn: st.tuples(*(any_entry(f"m{index}", of) for index, of in enumerate((drawn[0], *drawn[1]))))
    )
    return entries.map(_with_fallbacks)


def any_entry(name: str, engine: tuple[Runtime, ...]) -> st.SearchStrategy[ModelEntry]:
    hints, keys = get_type_hints(ModelEntry), {key.name: key for key in fields(ModelEntry)}
    is_remote, is_llama = "remote" in engine, bool({"llama", "auto"} & set(engine))

    def values(*names: str, where: bool = True) -> dict[str, st.SearchStrategy[Any]]:
        return {name: any_value(name, hints[name], dict(keys[name].metadata)) for name in names if where}

    bounds = {"context": st.none() | st.integers(256, 1_048_576), "slots": st.none() | st.integers(1, 64)}
    suffixes = dict.fromkeys(known for runtime in engine for known in READS[runtime])
    return st.builds(
        ModelEntry,
        name=st.just(name),
        aliases=st.lists(text().map(f"{name}-".__add__), unique=True, max_size=2).map(tuple),
        engine=st.just(engine),
        file=st.tuples(*(paths().map(f"{{}}.{known}".format) for known in suffixes)),
        keep=st.none() | st.just("pinned") | st.floats(0, 31_536_000),
        generation=st.none() | any_section(Generation).map(within_limit),
        **(bounds if is_remote or is_llama else {}),
        **values("mmproj", where=is_llama),
        **values("remote_name", "key_file", "headers", "native", "send_pictures_away", where=is_remote),
        **({"base_url": BASE_URLS} if is_remote else {}),
    )


def _with_fallbacks(models: tuple[ModelEntry, ...]) -> tuple[ModelEntry, ...]:
    names = [entry.name for entry in models]
    return tuple(replace(entry, fallback=tuple(name for name in names if name != entry.name)) for entry in models)


def any_settings_with_a_list() -> st.SearchStrategy[Settings]:
    """What a list of models takes the place of keeps its defaults."""
    sections = {
        name: st.builds(
            section,
            **{
                key.name: any_value(key.name, get_type_hints(section)[key.name], dict(key.metadata))
                for key in fields(section)
                if not key.metadata.get("names_a_model")
            },
        )
        for name, section in SECTIONS.items()
    }
    return st.builds(Settings, models=any_models(), **sections).map(fitting)
