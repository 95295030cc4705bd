"""The engine that keeps a child with llama.cpp's server in it."""
