"""The child process that owns the device: synchronous, alone with it, and free to block or die.

Started as `python -m hailo_vision.worker FD`, where FD is its end of a socket pair with the daemon.
"""
