"""POST /v1/completions, for clients from before chats: `parse` (JSON to types), `reply` (types to JSON), `handler`."""
