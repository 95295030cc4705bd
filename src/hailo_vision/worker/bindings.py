"""Whether a runtime's Python package can be imported: `python -m hailo_vision.worker.bindings RUNTIME` says which.

The import runs native code, which can crash or hang, and the device is not touched; so it is a process of its own.
"""

import json
import sys

from hailo_vision.errors import DeviceUnavailable
from hailo_vision.worker.parent import die_with_parent
from hailo_vision.worker.runtime import find


def main() -> int:
    die_with_parent()
    try:
        print(json.dumps({"module": sys.argv[1], "version": find(sys.argv[1]).version}))
    except DeviceUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
