"""The child that owns the device is started, watched, killed when it stalls, and started again."""
