#!/usr/bin/env python3
"""Renders the operator's commented YAML into the JSON that the daemon reads.

    python3 render_config.py --input etc/hailo-vision.yaml --output hailo-vision.json

The file is checked, and the JSON holds every setting, with its default where the YAML names none. It is put in place
whole or not at all. Exit codes: 0 done, 1 not written, 2 usage, 78 the config is wrong (the old JSON stays as it is).
"""

import argparse
import grp
import json
import os
import stat
import sys
import tempfile
from pathlib import Path

try:
    from hailo_vision.config.load import describe, load
except ModuleNotFoundError:
    # In a checkout nothing needs to be installed.
    sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))
    from hailo_vision.config.load import describe, load

from hailo_vision.config.settings import Settings
from hailo_vision.config.tree import tree_from
from hailo_vision.errors import ConfigError

STANDARD_OUTPUT = Path("-")


def main(argv: list[str] | None = None) -> int:
    parser = _parser()
    arguments = parser.parse_args(argv)
    if _are_one(arguments.input, arguments.output):
        parser.error("--output would overwrite --input")
    try:
        content = render(load(arguments.input)).encode()
    except ConfigError as error:
        print(describe(error), file=sys.stderr)
        return os.EX_CONFIG
    except ModuleNotFoundError as missing:
        advice = "on Debian: apt install python3-yaml python3-jsonschema"
        print(f"The Python module {missing.name} is missing; {advice}", file=sys.stderr)
        return 1
    try:
        if arguments.output == STANDARD_OUTPUT:
            with open(1, "wb", closefd=False) as output:
                output.write(content)
        else:
            replace(arguments.output, content, arguments.group)
    except OSError as error:
        print(f"{arguments.output} was not written: {error.strerror}.", file=sys.stderr)
        return 1
    return os.EX_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Render the operator's YAML into the JSON that the daemon reads.")
    parser.add_argument("--input", type=Path, required=True, metavar="YAML", help="the config file")
    parser.add_argument("--output", type=Path, required=True, metavar="JSON", help="the file to write; - is stdout")
    parser.add_argument(
        "--group", type=_group_id, metavar="NAME", help="give the JSON to this group, and let nobody else read it"
    )
    return parser


def _group_id(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise argparse.ArgumentTypeError(f"there is no group {name}") from None


def _are_one(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def render(settings: Settings) -> str:
    """All settings that hold as JSON, in the order in which they are declared."""
    return json.dumps(tree_from(settings), indent=2, ensure_ascii=False) + "\n"


def replace(path: Path, content: bytes, group: int | None = None) -> None:
    """Puts a file with this content in the place of `path`, at once and for good, or raises OSError and leaves nothing.

    With a group it is that group's to read, else everyone's.

    Only a regular file is replaced: as root, `--output /dev/null` would take the device from everyone.
    """
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        raise OSError(None, "it is not a regular file")
    descriptor, new = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            # A service's UMask=0077 holds for its ExecStartPre=+ too: the daemon could not read what root wrote.
            if group is not None:
                os.fchown(descriptor, -1, group)
            os.fchmod(descriptor, 0o644 if group is None else 0o640)
            file.flush()
            os.fsync(descriptor)
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
