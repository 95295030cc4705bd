"""The engine `remote` of the settings, and the key that it sends."""

from pathlib import Path

from hailo_vision.config.served import EngineSettings
from hailo_vision.engines.contract import OnChange, OnRestart
from hailo_vision.engines.remote.remote import RemoteEngine
from hailo_vision.errors import StartError
from hailo_vision.files import open_regular

MAX_KEY_BYTES = 8000  # a server refuses longer lines in a head


def build(settings: EngineSettings, on_change: OnChange, on_restart: OnRestart) -> RemoteEngine:
    """Raises StartError where the key can't be read."""
    file = settings.remote.key_file
    key = None if file is None else key_in(file)
    return RemoteEngine(settings.remote, key=key, on_change=on_change, on_restart=on_restart)


def key_in(file: str | Path) -> str:
    """The key that a file holds. Raises StartError; what the file holds is never quoted."""
    try:
        with open_regular(file) as content:
            key = content.read(MAX_KEY_BYTES + 1).decode().strip()
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise StartError(f"{file}, the file of the remote server's key, can't be read: {why}.") from None
    if not key.isascii() or not key.isprintable() or not key or " " in key or len(key) > MAX_KEY_BYTES:
        raise StartError(f"{file}, the file of the remote server's key, must hold one key and nothing else.")
    return key
