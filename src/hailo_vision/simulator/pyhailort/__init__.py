"""Stands in for `hailo_platform.pyhailort`."""
