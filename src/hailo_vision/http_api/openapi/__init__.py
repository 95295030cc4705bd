"""What is served, described: an OpenAPI document from the table of routes, and a page that shows it."""
