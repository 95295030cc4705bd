"""The console: a page for a browser, served at `/`. `files` reads it from the package."""
