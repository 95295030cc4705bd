"""A Debian as a tarball: made once from this machine's own apt sources, cached, and unpacked into a folder."""

import hashlib
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

SUITE = "trixie"
LEAN = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("man", "doc", "locale")]


class GuestError(Exception):
    """The container could not be made or booted."""


def tarball(cache: Path, name: str, packages: Sequence[str], *, suite: str = SUITE, whole: bool = False) -> Path:
    """A Debian with these packages, from the cache or made; a `whole` one has all that Debian says is required."""
    key = hashlib.sha256(" ".join(sorted(packages)).encode()).hexdigest()[:12]
    path = cache / f"{name}-{suite}-{key}.tar.zst"
    if path.exists():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.glob(f"{name}-{suite}-*.tar.zst"):
        old.unlink(missing_ok=True)
    new = cache / f".{os.getpid()}-{path.name}"
    kind = ["--variant=minbase"] if whole else ["--variant=apt", *LEAN]
    # A mirror may lag behind the days for which testing's index is valid; it is signed all the same.
    lagging = ['--aptopt=Acquire::Check-Valid-Until "false"'] if suite == "forky" else []
    options = [
        *lagging,
        "--aptopt=Acquire::Languages none",
        "--skip=cleanup/apt/lists",
        f"--include={','.join(packages)}",
    ]
    command = ["mmdebstrap", "--mode=root", *kind, *options, suite, new, mirror()]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        new.unlink(missing_ok=True)
        raise GuestError(f"mmdebstrap failed:\n{made.stderr[-2000:]}")
    new.replace(path)
    return path


def mirror() -> str:
    """The archive that this machine itself installs from."""
    folder = Path("/etc/apt")
    for file in [*sorted(folder.glob("sources.list.d/*.sources")), *sorted(folder.glob("sources.list.d/*.list"))]:
        if found := re.search(r"^(?:URIs:\s*|deb\s+(?:\[.*\]\s+)?)(\S+/debian/?)(?:\s|$)", file.read_text(), re.M):
            return found[1]
    text = (folder / "sources.list").read_text() if (folder / "sources.list").exists() else ""
    if found := re.search(r"^deb\s+(?:\[.*\]\s+)?(\S+/debian/?)\s", text, re.M):
        return found[1]
    raise GuestError("no Debian archive stands in /etc/apt/sources.list and /etc/apt/sources.list.d")


def unpack(archive: Path, root: Path) -> None:
    root.mkdir()
    subprocess.run(["tar", "-C", root, "--zstd", "-xpf", archive, "--numeric-owner"], check=True)
    # What keeps man pages out of the image would keep ours out of the test.
    for rule in (root / "etc/dpkg/dpkg.cfg.d").glob("*mmdebstrap*"):
        rule.unlink()
