"""`hailo-vision serve`: run the server in the foreground."""

import argparse
import asyncio
import faulthandler
import logging
import signal
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

from hailo_vision import __version__
from hailo_vision.cli import BAD_CONFIG, INTERRUPTED, NO_DEVICE, NOT_STARTED
from hailo_vision.cli.named_model import NamedModel, named_model
from hailo_vision.config import formats, load
from hailo_vision.config.data_folder import in_data_folder
from hailo_vision.config.settings import LogLevel, Settings
from hailo_vision.daemon import logs
from hailo_vision.daemon.notify import not_started
from hailo_vision.daemon.run import run as run_daemon
from hailo_vision.errors import ConfigError, ConfigProblem, ModelError, NoDevice, StartError

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="YAML or JSON; without it $XDG_CONFIG_HOME/hailo-vision/hailo-vision.json, then /etc/xdg, then defaults",
    )
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="serve this model alone, and pull it first if it is not on the disk: a name of `models list`, a .gguf "
        "file, or hf:OWNER/REPO[:QUANT]",
    )
    parser.add_argument("--host", metavar="ADDRESS", help="instead of server.host")
    parser.add_argument("--port", type=_port, metavar="N", help="instead of server.port")
    parser.add_argument("--log-level", choices=get_args(LogLevel), help="instead of logging.level")


def run(arguments: argparse.Namespace) -> int:
    try:
        model = _model(arguments)
        reread = partial(_settings, arguments, model)
        settings = reread()
    except ConfigError as error:
        return _wrong(error)
    except ModelError as error:
        print(f"hailo-vision: {error}", file=sys.stderr)
        return NOT_STARTED
    except KeyboardInterrupt:
        print("Stopped. What has come is kept: the same command goes on from there.", file=sys.stderr)
        return INTERRUPTED
    logs.set_up(settings.logging)
    faulthandler.enable()  # systemd's watchdog ends a stalled daemon with SIGABRT: the journal shows where it stood
    config = arguments.config or load.find() or "defaults"
    log.info("starting", extra={"facts": {"version": __version__, "config": config}})
    try:
        asyncio.run(run_daemon(settings, reread))
        for number in (
            signal.SIGTERM,
            signal.SIGINT,
        ):  # to which the interpreter would give their default before it ends
            signal.signal(number, signal.SIG_IGN)
    except ConfigError as error:
        return _wrong(error)
    except StartError as error:
        print(f"hailo-vision: {error}", file=sys.stderr)
        not_started(str(error))
        return NO_DEVICE if isinstance(error, NoDevice) else NOT_STARTED
    return 0


def _port(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 1 << 16:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text[:20]!r} is no port; expected a number from 0 to 65535")


def _wrong(error: ConfigError) -> int:
    """Print all problems of the configuration, and leave the first one to `systemctl status`."""
    print(load.describe(error), file=sys.stderr)
    not_started(f"{error.source}: {error.problems[0]}")
    return BAD_CONFIG


def _model(arguments: argparse.Namespace) -> NamedModel | None:
    """The model that the command line names, on the disk. Raises ConfigError and ModelError."""
    return None if arguments.model is None else named_model(arguments.model, _configured(arguments.config))


def _settings(arguments: argparse.Namespace, model: NamedModel | None) -> Settings:
    """Read the settings from the file, then take what the command line says instead. Raises ConfigError."""
    settings = _configured(arguments.config)
    if model is not None:
        settings = model.served_by(settings)
    server = settings.server
    host, port = arguments.host or server.host, server.port if arguments.port is None else arguments.port
    if arguments.host and (problem := formats.listen_host(host)):
        raise ConfigError("The command line", (ConfigProblem(path="--host", message=problem),))
    level = arguments.log_level or settings.logging.level
    return replace(
        settings, server=replace(server, host=host, port=port), logging=replace(settings.logging, level=level)
    )


def _configured(named: Path | None) -> Settings:
    """Read the settings from the file, which is searched for anew if none is named. Raises ConfigError."""
    path = named or load.find()
    return in_data_folder(load.load(path) if path else Settings())
