"""Who may import whom: the table of ARCHITECTURE.md, and each breach of it by file and line."""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent / "src" / "hailo_vision"

# For each room, or a folder or module of it that keeps to rules of its own: what it may import from the house | from
# others. A name covers what is inside it; a `-` takes away, from the standard library too. The longest name counts.
WORDS = "chat errors files config.settings"
ENGINE = (
    f"{WORDS} config.served models.facts models.memory models.projector engines.contract engines.condition "
    "engines.backoff engines.child engines.stderr engines.start_failure special_tokens"
)
HTTP = f"{WORDS} access serving generate scheduler engines.contract tasks http_api.web http_api.openapi.operation"
OPENAI = (
    f"{HTTP} http_api.openai.messages http_api.openai.sampling http_api.openai.spec http_api.openai.tools "
    "http_api.openai.usage"
)
TABLE = {
    "__init__": "",
    "__main__": "cli",
    "chat": "",
    "errors": "",
    "files": "",
    "lookup": "| aiohttp.abc",
    "special_tokens": "",
    "wire": "chat errors wire_types",
    "wire_types": "errors",
    "tasks": "",
    "config": "chat errors files | yaml jsonschema",
    "images": f"{WORDS} lookup tasks scheduler.turns __version__ | PIL aiohttp yarl -aiohttp.web",
    "engines": ENGINE,
    "engines.choose": f"{ENGINE} engines.chip.node",  # `auto` looks for the chip
    "engines.table": f"{ENGINE} engines.chip engines.llama engines.remote",
    "engines.chip": f"{ENGINE} wire wire_types",
    "engines.openai": f"{ENGINE} lookup | aiohttp -aiohttp.web",
    "engines.llama": f"{ENGINE} engines.openai config.data_folder | aiohttp -aiohttp.web xllamacpp "
    "hailo_vision.worker.parent",
    "engines.remote": f"{ENGINE} engines.openai | aiohttp -aiohttp.web",
    "scheduler": f"{WORDS} tasks engines.contract",
    "worker": "chat errors files wire special_tokens | numpy -asyncio",
    "simulator": "| numpy",
    "access": WORDS,
    "generate": f"{WORDS} images engines.contract scheduler tasks | jsonschema referencing",
    "serving": f"{WORDS} config.served generate engines.contract scheduler",
    "console": "",
    "http_api": f"{HTTP} http_api | aiohttp.web aiohttp.typedefs",
    "http_api.web": f"{HTTP} | aiohttp.web aiohttp.typedefs",
    "http_api.openapi": HTTP,
    "http_api.openai": f"{OPENAI}",
    "http_api.openai.chat": f"{OPENAI} | aiohttp.web",
    "http_api.openai.completions": f"{OPENAI} | aiohttp.web",
    "http_api.openai.responses": f"{OPENAI} | aiohttp.web",
    "http_api.ollama": f"{OPENAI} models | aiohttp.web",
    "http_api.anthropic": f"{OPENAI} | aiohttp.web",
    "http_api.vision": f"{OPENAI} | aiohttp.web",
    "http_api.service": f"{OPENAI} bench console http_api.openapi | aiohttp.web aiohttp.typedefs",
    "ingress": "errors access.addresses access.tls http_api.web.faults http_api.web.http_errors",
    "daemon": "chat errors files config images models scheduler engines wire access generate serving http_api ingress "
    "__version__",
    "models": "chat errors files lookup config.settings __version__ | aiohttp -aiohttp.web",
    "client": "errors lookup | aiohttp -aiohttp.web",
    "doctor": "errors files config models client engines access",
    "bench": "chat errors client __version__ | PIL aiohttp -aiohttp.web",
    "cli": "chat errors config daemon models client doctor bench engines.llama __version__",
}
# A library that is one module's matter: the rest of its room gets on without it.
LIBRARIES = {
    "daemon.http": "aiohttp.web",
    "daemon.metrics": "prometheus_client",
    "daemon.notify": "sdnotify",
    "ingress.registry": "aiohttp.abc aiohttp.web",
}
VENDOR = "hailo_platform"
# The one that imports it by name, and the one that sends the name.
NAME_THE_VENDOR = {"worker.runtime", "engines.chip.build"}
CATCH_ALL = {"http_api.app", "worker.loop"}


def breaches(module: str, source: str) -> Iterator[str]:
    """What a module, by its name inside the house, does that it may not."""
    room = room_of(module)
    if room is None:
        yield f"{module} is in no room of the table"
        return
    ours, _, theirs = TABLE[room].partition("|")
    others = {*theirs.split(), *LIBRARIES.get(module, "").split()}
    open_doors = {*(f"hailo_vision.{name}" for name in ours.split()), *others, *sys.stdlib_module_names}
    closed_doors = {name[1:] for name in others if name.startswith("-")}
    for node in ast.walk(ast.parse(source)):
        for name in imports(node):
            is_neighbour = name.startswith("hailo_vision.") and room_of(name.removeprefix("hailo_vision.")) == room
            if not (is_neighbour or covers(open_doors, name)) or covers(closed_doors, name):
                yield f"{module}:{node.lineno} imports {name}"
        if module not in CATCH_ALL and catches_all(node):
            yield f"{module}:{node.lineno} catches everything"
        if module not in NAME_THE_VENDOR and isinstance(node, ast.Constant) and str(node.value).startswith(VENDOR):
            yield f"{module}:{node.lineno} names {VENDOR}"


def room_of(module: str) -> str | None:
    """The room that a module, or a name in one, belongs to: the longest one of the table."""
    return max((name for name in TABLE if covers([name], module)), key=len, default=None)


def imports(node: ast.AST) -> Iterator[str]:
    """Full names; a relative import shows with its dots, and no door is open to those."""
    match node:
        case ast.Import(names=names):
            yield from ("hailo_vision.__version__" if name.name == "hailo_vision" else name.name for name in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            yield from (f"{'.' * level}{module or ''}.{name.name}" for name in names)


def covers(doors: Iterable[str], name: str) -> bool:
    return any(name == door or name.startswith(f"{door}.") for door in doors)


def catches_all(node: ast.AST) -> bool:
    """`except Exception` in any form; the same of BaseException, or without a name, where it does not raise again."""
    match node:
        case ast.Call(func=ast.Attribute(attr="suppress") | ast.Name(id="suppress"), args=args):
            return any(isinstance(arg, ast.Name) and arg.id in ("Exception", "BaseException") for arg in args)
        case ast.ExceptHandler(type=caught, body=[*_, last]):
            names = (
                {name.id for name in ast.walk(caught) if isinstance(name, ast.Name)} if caught else {"BaseException"}
            )
            return "Exception" in names or ("BaseException" in names and ast.dump(last) != ast.dump(ast.Raise()))
    return False


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(HOUSE.rglob("*.py")):
        name = ".".join(path.relative_to(HOUSE).with_suffix("").parts)
        yield name.removesuffix(".__init__"), path


def test_every_module_keeps_to_its_room() -> None:
    found = [breach for module, path in modules() for breach in breaches(module, path.read_text())]
    assert not found, "\n".join(found)


def test_every_room_is_looked_at() -> None:
    assert {room_of(name) for name, _ in modules()} == set(TABLE)


@pytest.mark.parametrize(
    ("module", "source", "breach"),
    [
        ("chat", "from hailo_vision.errors import WireError", "imports hailo_vision.errors.WireError"),
        ("chat", "import numpy as np", "imports numpy"),
        ("wire", "from hailo_vision import engines", "imports hailo_vision.engines"),
        ("config.load", "from hailo_vision.wire import Load", "imports hailo_vision.wire.Load"),
        ("images.fetch", "from aiohttp import web", "imports aiohttp.web"),
        ("images.fetch", "from hailo_vision.config.load import load", "imports hailo_vision.config.load.load"),
        ("scheduler.queue", "from hailo_vision.wire import Load", "imports hailo_vision.wire.Load"),
        ("scheduler.queue", "if 1:\n def late():\n  import aiohttp", "imports aiohttp"),
        ("engines.chip.process", "import hailo_vision.scheduler.scheduler", "imports hailo_vision.scheduler.scheduler"),
        ("engines.chip.process", "from ..wire import Load", "imports ..wire.Load"),
        ("worker.loop", "import asyncio.subprocess", "imports asyncio.subprocess"),
        ("worker.hailo", "from hailo_vision.simulator import hef", "imports hailo_vision.simulator.hef"),
        ("worker.hailo", "import hailo_platform", "imports hailo_platform"),
        ("worker.hailo", "find('hailo_platform.genai')", "names hailo_platform"),
        ("simulator.clock", "from hailo_vision.chat import Text", "imports hailo_vision.chat.Text"),
        ("http_api.app", "from hailo_vision.engines.chip import budgets", "imports hailo_vision.engines.chip.budgets"),
        ("daemon.run", "from hailo_vision.worker.loop import serve", "imports hailo_vision.worker.loop.serve"),
        ("daemon.run", "import hailo_vision.simulator", "imports hailo_vision.simulator"),
        ("daemon.health", "import prometheus_client", "imports prometheus_client"),
        ("daemon.health", "module = 'hailo_platform'", "names hailo_platform"),
        ("cli.ask", "from hailo_vision.http_api import app", "imports hailo_vision.http_api.app"),
        (
            "http_api.web.stream",
            "from hailo_vision.http_api.openai.usage import usage_json",
            "imports hailo_vision.http_api.openai.usage.usage_json",
        ),
        (
            "http_api.vision.reply",
            "from hailo_vision.http_api.openai.chat.reply import Reply",
            "imports hailo_vision.http_api.openai.chat.reply.Reply",
        ),
        (
            "engines.llama.llama",
            "from hailo_vision.engines.remote.remote import RemoteEngine",
            "imports hailo_vision.engines.remote.remote.RemoteEngine",
        ),
        ("utils.misc", "", "is in no room of the table"),
        ("chat", "try: pass\nexcept Exception: raise", "catches everything"),
        ("chat", "try: pass\nexcept (OSError, Exception) as error: pass", "catches everything"),
        ("chat", "try: pass\nexcept: pass", "catches everything"),
        ("chat", "try: pass\nexcept BaseException: pass", "catches everything"),
        ("chat", "with contextlib.suppress(Exception): pass", "catches everything"),
    ],
)
def test_a_breach_is_named(module: str, source: str, breach: str) -> None:
    (found,) = breaches(module, source)
    assert found.startswith(module)
    assert found.endswith(breach)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("wire", "from hailo_vision.chat import Text\nimport json"),
        (
            "engines.chip.chip",
            "from hailo_vision.engines.contract import Engine\nfrom hailo_vision.config import settings",
        ),
        ("worker.loop", "from hailo_vision.worker.backend import Backend\ntry: pass\nexcept Exception: pass"),
        ("worker.runtime", "VENDOR = 'hailo_platform'"),
        ("daemon.notify", "import sdnotify"),
        ("daemon.run", "from hailo_vision import __version__"),
        ("daemon.http", "from aiohttp import web"),
        ("chat", "try: pass\nexcept BaseException:\n close()\n raise\nexcept ValueError: pass"),
    ],
)
def test_what_is_allowed_is_no_breach(module: str, source: str) -> None:
    assert list(breaches(module, source)) == []
