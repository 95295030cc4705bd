"""`hailo-vision` as it is, but for three things: short budgets, a short backoff, and a fault that stands in a file.

All else is the product's: its command line, its composition, its worker process. The file's path is in $FAULT_FILE.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hailo_vision.cli import main
from hailo_vision.daemon import engines
from hailo_vision.engines.backoff import Backoff
from hailo_vision.engines.chip.budgets import Budgets
from hailo_vision.engines.chip.chip import Supervisor

BUDGETS = Budgets(hello_s=20, load_s=3, prefill_s=0.8, token_s=0.8, abort_s=0.8, quit_s=5)
STALL_S = 0.3


def in_a_hurry(make: Callable[..., Supervisor]) -> Callable[..., Supervisor]:
    def made(*given: Any) -> Supervisor:
        supervisor = make(*given)
        (variable, options), *_ = supervisor._environment.items()
        faults = {"fault_file": os.environ["FAULT_FILE"], "stall_s": STALL_S, "busy_wait_s": 0}
        supervisor._environment = {variable: json.dumps({**json.loads(options), **faults})}
        supervisor._load = replace(supervisor._load, patience_s=0.2)
        supervisor._budgets = BUDGETS
        supervisor._backoff = Backoff(first_s=0.1, longest_s=0.4)
        return supervisor

    return made


if __name__ == "__main__":
    engines.ENGINES = {**engines.ENGINES, "simulated": in_a_hurry(engines._supervisor)}
    sys.exit(main())
