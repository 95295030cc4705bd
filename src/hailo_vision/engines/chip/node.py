"""Which device node there is."""

import os
from pathlib import Path

from hailo_vision.errors import NoDevice

NODES = ("hailo[0-9]*", "h1x-*")  # the second is the driver's name for it from 5.3.0 on


def find_node(path: str, folder: Path = Path("/dev")) -> str:
    """The device node to use. Raises NoDevice when there is none."""
    nodes = [path] if path != "auto" else [str(node) for glob in NODES for node in sorted(folder.glob(glob))]
    for node in nodes:
        if os.path.exists(node):  # a folder that is closed to us has none
            return node
    missing = f"{path} is missing" if path != "auto" else f"{folder}/hailo0 is missing, as is {folder}/h1x-0"
    raise NoDevice(
        f"There is no Hailo device: {missing}. Check that the HAT is seated, that `lspci` lists it and that its "
        "driver is installed (`sudo apt install hailo-h10-all`), then reboot. "
        "Without the chip, set device.runtime to simulated."
    )
