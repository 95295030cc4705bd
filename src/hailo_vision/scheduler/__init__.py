"""The scheduler: admission, a fair queue, and as many generations at once as the engine has slots."""
