"""Why a child ended before it had loaded its model: the last line that it printed to stderr tells. Pure."""

import re

from hailo_vision.errors import DeviceFault, DeviceUnavailable

MAX_REASON_CHARS = 300

# The loader's words, by Python's ImportError and by a program that can't start
_MISSING = re.compile(r"(?P<library>lib[\w.+-]+\.so[\d.]*): cannot open shared object file")
# llama.cpp's words for a file that no second try will load
_BROKEN = re.compile(
    r"error loading model: .*(corrupted|incomplete|invalid|unknown|missing|not found|wrong|unsupported|failed to read)"
)
_FOLDERS = re.compile(r"(?<![\w.])/(?:[^\s/:'\"]+/)+")  # clients read the reason too, and no path of this machine
_PACKAGES = {"libgomp.so.1": "libgomp1", "libatomic.so.1": "libatomic1", "libstdc++.so.6": "libstdc++6"}


def start_failure(name: str, returncode: int, last_line: str) -> DeviceUnavailable:
    """The error for a child, called `name`, that ended by itself while it started."""
    how = f"signal {-returncode}" if returncode < 0 else f"exit code {returncode}"
    reason = "".join(filter(str.isprintable, _FOLDERS.sub("", last_line)))[:MAX_REASON_CHARS].strip()
    if missing := _MISSING.search(reason):
        library = missing["library"]
        package = _PACKAGES.get(library)
        remedy = f"Install it: sudo apt install {package}" if package else f"Install the package that has {library}"
        message = f"The {name} process can't start, as the library {library} is missing. {remedy} (it said: {reason})."
        return DeviceUnavailable(DeviceFault.RUNTIME_MISSING, message)
    if _BROKEN.search(reason):
        message = (
            f"The model's file can't be loaded ({reason}). Get it again: hailo-vision models verify names the command."
        )
        return DeviceUnavailable(DeviceFault.MODEL_INVALID, message)
    last_words = f" It said last: {reason}" if reason else ""
    return DeviceUnavailable(
        DeviceFault.FAILED, f"The {name} process ended before it had loaded the model ({how}).{last_words}"
    )
