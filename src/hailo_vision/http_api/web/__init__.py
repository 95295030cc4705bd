"""The plumbing of HTTP: requests, streams, errors, the guard. It knows no dialect."""
