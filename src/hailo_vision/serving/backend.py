"""An engine with the queue before it and the pipeline that makes answers with it."""

from dataclasses import dataclass

from hailo_vision.engines.contract import Engine
from hailo_vision.generate.pipeline import Pipeline
from hailo_vision.scheduler.scheduler import Scheduler


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One way to an answer. `name` is the engine's, as clients and the log are told it.

    `takes_pictures` is whether the operator lets pictures be shown to it.
    """

    name: str
    engine: Engine
    scheduler: Scheduler
    pipeline: Pipeline
    takes_pictures: bool = True

    @property
    def sees(self) -> bool:
        """Whether a picture may be shown to it and its model takes one; a model not loaded yet is taken to."""
        model = self.scheduler.engine_model
        return self.takes_pictures and (model is None or model.max_images != 0)
