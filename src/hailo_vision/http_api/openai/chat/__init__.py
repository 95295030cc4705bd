"""POST /v1/chat/completions: `parse` (JSON to types), `reply` (types to JSON), `handler`, `spec`."""
