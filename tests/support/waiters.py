"""Requests that wait, for tests that are not about waiting."""

import math

from hailo_vision.scheduler.turns import Waiter

ANYONE = Waiter(client="anyone", deadline=math.inf, deadline_s=math.inf)
