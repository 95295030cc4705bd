"""The package is built and looked at in a Debian 13 that has the tools for it."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from guest import enter
from system import ROOT

PREVIOUS = "0.0.9"  # lower than any version that was ever released


def version(package: Path) -> str:
    return package.name.split("_")[1]


def sources() -> bytes:
    """What git tracks, as it stands in the working tree, as a tar."""
    git = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z"]
    names = subprocess.run(git, stdout=subprocess.PIPE, check=True).stdout
    tar = ["tar", "-C", str(ROOT), "--create", "--null", "--files-from=-"]
    return subprocess.run(tar, input=names, stdout=subprocess.PIPE, check=True).stdout


def build_needs() -> list[str]:
    """The Build-Depends of our control file, as names of packages."""
    control = (ROOT / "packaging/debian/control").read_text()
    (needs,) = re.findall(r"^Build-Depends:\n((?: .*\n)+)", control, re.M)
    names = [need.strip(" ,").split()[0] for need in needs.splitlines()]
    sequences = {
        "debhelper-compat": "debhelper",
        "dh-sequence-installsysusers": "debhelper",
        "dh-sequence-python3": "dh-python",
    }
    return sorted({sequences.get(name, name) for name in names})


def runtime_needs() -> list[str]:
    """The packages that ours depends on, so that apt can install it without a network."""
    return re.findall(r"^ (python3-\S+) \(>= ", (ROOT / "packaging/debian/control").read_text(), re.M)


class Builder:
    """An unpacked Debian 13 with the tools that build packages."""

    def __init__(self, root: Path, enter_cgroup: Callable[[], None]) -> None:
        self.root = root
        self._enter_cgroup = enter_cgroup

    def build(self, name: str, *, edit: Callable[[Path], None] = lambda tree: None, otherwise: bool = False) -> Path:
        """The package that scripts/build-deb makes of our sources, in a folder of this name.

        `otherwise` is with another time zone, language and umask.
        """
        tree = self.root / name / "tree"
        tree.mkdir(parents=True)
        subprocess.run(["tar", "-C", tree, "-x"], input=sources(), check=True)
        edit(tree)
        variables = ("TZ=Pacific/Chatham", "LC_ALL=C", "HOME=/nowhere") if otherwise else ()
        mask = "077" if otherwise else "022"
        command = f"umask {mask}; exec /{name}/tree/scripts/build-deb /{name}/out"
        done = enter(self.root, self._enter_cgroup, "env", *variables, "sh", "-c", command)
        assert done.returncode == 0, done.stdout[-3000:]
        (package,) = (self.root / name / "out").glob("*.deb")
        return package

    def lint(self, package: Path) -> str:
        words = ["lintian", "--allow-root", "-EIL", "+pedantic", "--show-overrides", "--fail-on", "error"]
        done = enter(self.root, self._enter_cgroup, *words, f"/{package.relative_to(self.root)}")
        told = "\n".join(line for line in done.stdout.splitlines() if "Attempted to remove disk" not in line)
        print("     lintian says: " + (told.replace("\n", "\n     ") or "nothing"), flush=True)
        tags = [line for line in told.splitlines() if re.match("[EWIPXC]: ", line)]  # N: and M: are of hints it masks
        assert (done.returncode, tags) == (0, []), tags
        return "pedantic, informational and experimental tags included"


def as_previous(tree: Path) -> None:
    """Make the sources those of an earlier version, whose example file was another."""
    for name in ("src/hailo_vision/__init__.py", "packaging/debian/changelog"):
        file = tree / name
        file.write_text(
            re.sub(r'(?m)^(__version__ = "|hailo-vision \()[^")]+', rf"\g<1>{PREVIOUS}", file.read_text(), count=1)
        )
    example = tree / "etc/hailo-vision.yaml"
    example.write_text(f"# The example of {PREVIOUS}.\n{example.read_text()}")
