"""Klass: Statistics Norway's classifications over HTTP, as frames, and their codes in time."""
