"""What the server says of itself: health, models, metrics, documentation, the console, its own benchmark."""
