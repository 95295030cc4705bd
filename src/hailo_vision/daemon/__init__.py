"""The house is put together here, started, watched over and taken down."""
