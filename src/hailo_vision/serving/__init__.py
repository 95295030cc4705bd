"""Models by name: what is served, by which engines, and who answers a request."""
