"""`hailo-vision engines install|remove llama`: put llama.cpp where the engine finds it."""

import argparse
import os
import pwd
import sys
from pathlib import Path

from hailo_vision.cli import FAILED
from hailo_vision.cli.models import SERVICE
from hailo_vision.config.data_folder import SYSTEM_FOLDER
from hailo_vision.engines.llama import package
from hailo_vision.engines.llama.install import VERSION, InstallError, install, remove


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="engines_verb", metavar="VERB", required=True)
    installs = verbs.add_parser("install", help="install an engine's program: llama is llama.cpp, a wheel from PyPI")
    removes = verbs.add_parser("remove", help="delete what was installed")
    for verb, do in ((installs, _install), (removes, _remove)):
        verb.add_argument("engine", metavar="ENGINE", choices=["llama"], help="llama")
        verb.set_defaults(do=do)


def run(arguments: argparse.Namespace) -> int:
    folder = package.folder()
    if folder is None:
        print("hailo-vision engines: this user has no home, so there is no place to install to.", file=sys.stderr)
        return FAILED
    _become_the_service(folder)
    try:
        code: int = arguments.do(folder)
    except InstallError as error:
        print(f"hailo-vision engines: {error}", file=sys.stderr)
        if folder.is_relative_to(SYSTEM_FOLDER) and not os.access(SYSTEM_FOLDER, os.W_OK):
            print(f"Run it as root:  sudo hailo-vision engines {arguments.engines_verb} llama", file=sys.stderr)
        return FAILED
    return code


def _install(folder: Path) -> int:
    if (folder / package.PACKAGE).is_dir() and package.version(str(folder)) == VERSION:
        print(f"{package.PACKAGE} {VERSION} is in {folder} already")
        return 0
    print(f"Installing {package.PACKAGE} {VERSION} (llama.cpp) into {folder} ...", flush=True)
    install(folder)
    print(
        "It is there, its hash is right, and it can be imported. Next: hailo-vision models list shows the models for\n"
        f"llama.cpp; device.runtime: llama makes it the engine; then  sudo systemctl restart {SERVICE}"
    )
    return 0


def _remove(folder: Path) -> int:
    remove(folder)
    print(f"{folder} is removed")
    return 0


def _become_the_service(folder: Path) -> None:
    """Write as the service's user, whose folder it is: root would follow links that a broken service has put there."""
    if os.geteuid() != 0 or not folder.is_relative_to(SYSTEM_FOLDER):
        return
    try:
        user = pwd.getpwnam(SERVICE)
    except KeyError:
        return
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ["HOME"] = user.pw_dir
    os.umask(0o022)
    os.chdir("/")
