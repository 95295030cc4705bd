"""POST /v1/responses without a store: `items`, `tools`, `parse` (JSON to types), `reply`, `events` (types to JSON)."""
