"""The worker: a child process that owns the device, synchronous, alone with it, and free to block or to crash.

The daemon starts it as `python -m hailo_vision.worker FD`, where FD is its end of a socket pair with the daemon.
"""
