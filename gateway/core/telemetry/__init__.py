"""Counting, logging, and telling it."""
