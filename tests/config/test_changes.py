"""What differs between two settings, and what of it can be taken up."""

from dataclasses import replace

from hailo_vision.config.changes import changed, is_reloadable, reloadable, taken_up
from hailo_vision.config.settings import Logging, ModelEntry, Queue, Server, Settings

OLD = Settings()
NEW = replace(OLD, queue=Queue(depth=3), logging=Logging(level="debug"), server=Server(port=1, max_body_mb=1))


def test_what_differs_is_named_by_its_path_in_the_order_of_the_file() -> None:
    assert changed(OLD, OLD) == ()
    assert changed(OLD, NEW) == ("server.port", "server.max_body_mb", "queue.depth", "logging.level")


def test_only_what_is_marked_is_taken_up() -> None:
    assert taken_up(OLD, NEW) == replace(OLD, queue=NEW.queue, logging=NEW.logging)
    assert changed(taken_up(OLD, NEW), NEW) == ("server.port", "server.max_body_mb")


def test_what_is_marked_is_what_the_daemon_can_change() -> None:
    assert {path.partition(".")[0] for path in reloadable()} <= {*("queue", "logging", "model", "server", "models[]")}
    assert {"queue.depth", "logging.level", "logging.format"} <= reloadable()


ONE, OTHER = ModelEntry(name="one", engine=("llama",)), ModelEntry(name="other", engine=("remote",))


def test_what_differs_in_a_model_is_named_with_its_place_in_the_list() -> None:
    old = Settings(models=(ONE, OTHER))
    new = Settings(models=(ONE, replace(OTHER, keep=60.0, slots=2)))
    assert changed(old, new) == ("models[1].keep", "models[1].slots")
    assert [is_reloadable(path) for path in changed(old, new)] == [True, False]
    assert taken_up(old, new).models == (ONE, replace(OTHER, keep=60.0))


def test_models_that_come_go_or_move_need_a_restart_and_the_rest_is_taken_up() -> None:
    old = Settings(models=(ONE, OTHER))
    new = Settings(models=(replace(OTHER, keep="pinned"), ModelEntry(name="third", engine=("remote",))))
    assert changed(old, new) == ("models", "models[0].keep")
    assert not is_reloadable("models")
    assert taken_up(old, new).models == (ONE, replace(OTHER, keep="pinned"))
    assert changed(Settings(), old) == ("models",)
