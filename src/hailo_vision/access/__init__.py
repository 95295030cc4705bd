"""Who may come in, from where, and how often. http_api/guard.py asks here, and tells a client what came of it."""
