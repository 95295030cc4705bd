"""The page to try it with in a browser: what is served at `/`, and `files`, which reads it from the package."""
