"""The engine that keeps a worker with a model on the chip."""
