"""`hailo-vision` as it is, but for three things: short budgets, a short backoff, and a fault that stands in a file.

All else is the product's: its command line, its composition, its worker process. The file's path is in $FAULT_FILE.
"""

import json
import os
import sys
from dataclasses import replace
from typing import Any

from hailo_vision.cli import main
from hailo_vision.engines.backoff import Backoff
from hailo_vision.engines.chip import build
from hailo_vision.engines.chip.budgets import Budgets
from hailo_vision.engines.chip.chip import ChipEngine
from hailo_vision.wire import Load

BUDGETS = Budgets(hello_s=20, load_s=3, prefill_s=0.8, token_s=0.8, abort_s=0.8, quit_s=5)
STALL_S = 0.3


def hurried(load: Load, budgets: Budgets, *, environment: dict[str, str], **options: Any) -> ChipEngine:
    (variable, simulator), *_ = environment.items()
    faults = {"fault_file": os.environ["FAULT_FILE"], "stall_s": STALL_S, "busy_wait_s": 0}
    return ChipEngine(
        replace(load, patience_s=0.2),
        BUDGETS,
        environment={variable: json.dumps({**json.loads(simulator), **faults})},
        backoff=Backoff(first_s=0.1, max_s=0.4, long_s=0.4, max_long_s=0.4),
        **options,
    )


if __name__ == "__main__":
    build.ChipEngine = hurried  # type: ignore[assignment,misc]
    sys.exit(main())
