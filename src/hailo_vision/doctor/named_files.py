"""The files of API keys and certificates that a configuration names, read as the daemon reads them at its start."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hailo_vision.access.keys import Keys
from hailo_vision.access.tls import Tls
from hailo_vision.config.served import served
from hailo_vision.config.settings import Settings
from hailo_vision.doctor.account import Account
from hailo_vision.doctor.files import closed_to
from hailo_vision.engines.remote.build import key_in
from hailo_vision.errors import ConfigError, ConfigProblem, StartError
from hailo_vision.files import open_regular

ROOT = Path("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file by the setting that names it. `read` raises ConfigError or StartError if the daemon can't use it."""

    setting: str
    path: Path
    read: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFiles:
    """The problems of the files that were read, and the paths of those that this user may not read."""

    problems: tuple[ConfigProblem, ...]
    unread: tuple[Path, ...]


def look(settings: Settings, service: Account | None, root: Path = ROOT) -> NamedFiles:
    """Read each named file. `service` is the user of the daemon, None for the user who asks."""
    problems: list[ConfigProblem] = []
    unread: list[Path] = []
    for file in _files(settings, root):
        if service is not None and (closed := _closed_to(service, file.path, root)) is not None:
            message = f"{file.path} can't be read by the user {service.name}: {closed} is closed to it; {_open(closed)}"
            problems.append(ConfigProblem(path=file.setting, message=message))
        elif service is not None and service.uid != os.geteuid() and _is_closed(file.path):
            unread.append(file.path)
        else:
            problems += _problems(file)
    return NamedFiles(problems=tuple(problems), unread=tuple(dict.fromkeys(unread)))


def _files(settings: Settings, root: Path) -> Iterator[NamedFile]:
    server = settings.server

    def place(path: str) -> Path:
        return root / path.lstrip("/") if os.path.isabs(path) else Path(path)

    if server.api_keys_file is not None:
        keys = place(server.api_keys_file)
        yield NamedFile(setting="server.api_keys_file", path=keys, read=lambda: Keys(str(keys)))
    if server.tls_cert is not None and server.tls_key is not None:
        cert, key = place(server.tls_cert), place(server.tls_key)
        yield NamedFile(setting="server.tls_cert", path=cert, read=lambda: open_regular(cert).close())
        yield NamedFile(setting="server.tls_key", path=key, read=lambda: Tls(str(cert), str(key)))
    for index, model in enumerate(served(settings)):
        files = (engine.remote.key_file for engine in model.engines if engine.runtime == "remote")
        setting = f"models[{index}].key_file" if settings.models else "remote.key_file"
        for remote in dict.fromkeys(place(file) for file in files if file is not None):
            yield NamedFile(setting=setting, path=remote, read=partial(key_in, remote))


def _problems(file: NamedFile) -> Iterator[ConfigProblem]:
    try:
        file.read()
    except ConfigError as error:
        for problem in error.problems:
            yield ConfigProblem(path=file.setting, message=f"{error.source}: {problem}")
    except StartError as error:
        message = str(error).removeprefix(f"{file.setting}: ").rstrip(".")
        yield ConfigProblem(path=file.setting, message=message)
    except OSError as error:
        yield ConfigProblem(path=file.setting, message=f"{file.path}: it can't be read: {error.strerror}")


def _closed_to(user: Account, path: Path, root: Path) -> Path | None:
    try:
        return closed_to(user, path, root)
    except OSError:
        return None  # it is missing, or hidden from the user who asks: reading it says which


def _is_closed(path: Path) -> bool:
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(path, os.R_OK)


def _open(closed: Path) -> str:
    if closed.is_dir():
        return f"run: sudo chmod a+x {closed}"
    return f"run: sudo chown root:hailo-vision {closed} && sudo chmod 640 {closed}"
