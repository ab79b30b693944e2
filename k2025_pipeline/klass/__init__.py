"""Klass: Statistics Norway's classifications over HTTP, and as frames."""
