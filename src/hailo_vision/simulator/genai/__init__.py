"""Stands in for `hailo_platform.genai`."""

from hailo_vision.simulator.pyhailort.pyhailort import LLM, VLM, Speech2Text, Speech2TextTask, VDevice

__all__ = ["LLM", "VLM", "Speech2Text", "Speech2TextTask", "VDevice"]
