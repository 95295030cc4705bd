"""What differs between two settings, and what of it can be taken up."""

from dataclasses import replace

from hailo_vision.config.changes import changed, reloadable, taken_up
from hailo_vision.config.settings import Logging, Queue, Server, Settings

OLD = Settings()
NEW = replace(OLD, queue=Queue(depth=3), logging=Logging(level="debug"), server=Server(port=1, max_body_mb=1))


def test_what_differs_is_named_by_its_path_in_the_order_of_the_file() -> None:
    assert changed(OLD, OLD) == ()
    assert changed(OLD, NEW) == ("server.port", "server.max_body_mb", "queue.depth", "logging.level")


def test_only_what_is_marked_is_taken_up() -> None:
    assert taken_up(OLD, NEW) == replace(OLD, queue=NEW.queue, logging=NEW.logging)
    assert changed(taken_up(OLD, NEW), NEW) == ("server.port", "server.max_body_mb")


def test_what_is_marked_is_what_the_daemon_can_change() -> None:
    assert {path.partition(".")[0] for path in reloadable()} <= {"queue", "logging", "model", "server"}
    assert {"queue.depth", "logging.level", "logging.format"} <= reloadable()
