"""Checks that a runtime's Python package can be imported: `python -m hailo_vision.worker.bindings RUNTIME`.

It prints the module and its version as JSON. The import runs native code, which can crash or hang, so it has a process
of its own. The device is not touched.
"""

import json
import sys

from hailo_vision.errors import DeviceUnavailable
from hailo_vision.worker.parent import die_with_parent
from hailo_vision.worker.runtime import import_runtime


def main() -> int:
    die_with_parent()
    try:
        print(json.dumps({"module": sys.argv[1], "version": import_runtime(sys.argv[1]).version}))
    except DeviceUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
