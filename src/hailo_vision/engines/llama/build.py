"""The engine `llama` of the settings."""

from hailo_vision.config.served import EngineSettings
from hailo_vision.engines.contract import OnChange, OnRestart
from hailo_vision.engines.llama.llama import LlamaEngine


def build(settings: EngineSettings, on_change: OnChange, on_restart: OnRestart) -> LlamaEngine:
    return LlamaEngine(
        settings.llama, load_timeout_s=settings.load_timeout_s, on_change=on_change, on_restart=on_restart
    )
